//! Sealers of tests: what they do is told by the local part of the recipient.

use bytes::Bytes;
use engine::relay::{Fate, Sealer, Sealing, Submitted};
use futures_util::future::BoxFuture;
use policy::{Fault, FaultCode};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

/// Marks each copy with its recipient; `plain…` gets the mail as it came.
#[derive(Default)]
pub struct Marking {
    /// What was asked.
    pub asked: Mutex<Vec<(Submitted, String)>>,
    /// These wait at present.
    pub waiting: Mutex<Vec<&'static str>>,
    /// Copies that were begun.
    pub made: AtomicUsize,
}

impl Marking {
    pub fn new() -> Arc<Marking> {
        Arc::default()
    }
}

pub fn marked(mail: &str, recipient: &str) -> String {
    format!("X-Sealed-For: {recipient}\r\n{mail}")
}

impl Sealer for Marking {
    fn may_release_held(&self) -> bool {
        true
    }

    fn seal<'a>(&'a self, mail: &'a Submitted, recipient: &'a str) -> BoxFuture<'a, Result<Fate, Fault>> {
        self.asked.lock().unwrap().push((mail.clone(), recipient.to_owned()));
        let name = recipient.split('@').next().unwrap_or_default();
        if self.waiting.lock().unwrap().contains(&name) {
            return Box::pin(async { Ok(Fate::Hold { why: "no key is known yet".into() }) });
        }
        Box::pin(async move {
            match name {
                "fails" => Err(Fault::permanent(FaultCode::KeyUnavailable, "planted detail of a key")),
                "panics" => panic!("the test wants a panic"),
                "hangs" => std::future::pending().await,
                "empty" => Ok(Fate::HandOn { copy: Bytes::new(), sealing: Sealing::Encrypted }),
                "forbidden" => Ok(Fate::Refuse { why: "no mail\r\n250 goes there".into() }),
                "replaced" => {
                    let link = "Subject: a link\r\n\r\nonly a link\r\n-- the end\r\n";
                    Ok(Fate::Replace { copy: mail.room_for(link.len())?.keep(link.into())?, why: "replaced".into() })
                }
                name if name.starts_with("plain") => {
                    Ok(Fate::HandOn { copy: mail.bytes.clone(), sealing: Sealing::Plain })
                }
                _ => {
                    let room = mail.room_for(mail.bytes.len())?;
                    self.made.fetch_add(1, Ordering::Relaxed);
                    let text = String::from_utf8_lossy(&mail.bytes);
                    let copy = room.keep(marked(&text, recipient).into())?;
                    Ok(Fate::HandOn { copy, sealing: Sealing::Encrypted })
                }
            }
        })
    }
}
