//! The relay the other way round: in front of a mailbox of others, mail that came sealed is opened, and handed on with what that has shown.

use super::{Fate, Sealer, Sealing, Submitted, verdict};
use crate::cell::{Cells, Shown};
use crate::opening::Keyring;
use aws_lc_rs::digest::{SHA256, digest};
use bytes::Bytes;
use futures_util::future::BoxFuture;
use mail::{Limits, Unopened};
use policy::{Fault, FaultCode};
use seal::entity::Entity;
use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

/// A mail that ended so many cells is handed on as it came.
const TRIES_MAX: u32 = 3;
/// Mails that ended cells and are remembered; whoever comes when there are more begins anew.
const REMEMBERED_MAX: usize = 4096;

/// At most about so many octets come to a mail by its verdict.
const VERDICT_BYTES: usize = 4096;

/// Opens mail by a folder of keys. What does not open is handed on as it came.
pub struct Opens {
    cells: Cells,
    keyring: Arc<Keyring>,
    limits: Limits,
    /// By the digest of a mail: how many cells it has ended.
    ended: Mutex<HashMap<Vec<u8>, u32>>,
}

/// What is handed on of a mail, and what was done to it; the same for all recipients.
pub(super) type OpenedCopy = (Bytes, Sealing);

impl Opens {
    /// `limits`: how much of a mail is read.
    pub fn new(cells: Cells, keyring: Arc<Keyring>, limits: Limits) -> Opens {
        Opens { cells, keyring, limits, ended: Mutex::default() }
    }

    async fn copy(&self, mail: &Submitted) -> Result<OpenedCopy, Fault> {
        let room = mail.room_for(mail.bytes.len() + VERDICT_BYTES)?;
        let (shown, whole) = match self.open(&mail.bytes).await {
            Ok(found) => found,
            Err(fault) if fault.code == FaultCode::TooComplex => closed(Unopened::Unsupported),
            Err(fault) if fault.code == FaultCode::CellDied && self.is_too_often(&mail.bytes) => {
                closed(Unopened::Unsupported)
            }
            Err(fault) => return Err(fault),
        };
        let sealing = match &shown.opened {
            None => Sealing::Plain,
            Some(opened) if opened.is_text_only => Sealing::CutToText,
            Some(opened) if opened.unopened.is_none() => Sealing::Opened,
            Some(opened) => {
                // It stands in no answer and in no mail: a sender would learn something of the key.
                let why = opened.unopened.map(policy::unopened_in_words).unwrap_or_default();
                tracing::info!(
                    relay = mail.relay,
                    relayed = mail.id,
                    why,
                    "a sealed mail stays closed, and is handed on as it came"
                );
                Sealing::Unopened
            }
        };
        let copy = verdict::stamped(&verdict::of(&shown), whole.as_deref().unwrap_or(&mail.bytes));
        drop(whole);
        Ok((room.keep(copy)?, sealing))
    }

    /// # Errors
    /// The cell's own faults; temporary `KeyUnavailable` where not all keys can be looked at, and one of those may be the mail's.
    async fn open(&self, mail: &[u8]) -> Result<(Shown, Option<Vec<u8>>), Fault> {
        let headers = self.cells.read(Entity::read(mail).head, &self.limits).await?.message.headers;
        let people = headers.from.iter().chain(&headers.sender).map(|one| one.address.as_str()).collect::<Vec<_>>();
        let opener = self.keyring.clone().opener(&people).await?;
        let (shown, whole) = self.cells.open_whole(mail, &self.limits, &opener).await?;
        if let Some(opened) = &shown.opened {
            opener.check(opened)?;
        }
        Ok((shown, whole))
    }

    /// One more cell has ended over this mail.
    fn is_too_often(&self, mail: &[u8]) -> bool {
        let digest = digest(&SHA256, mail).as_ref().to_vec();
        let mut ended = self.ended.lock().unwrap_or_else(PoisonError::into_inner);
        if ended.len() >= REMEMBERED_MAX && !ended.contains_key(&digest) {
            ended.clear();
        }
        let tries = ended.entry(digest).or_default();
        *tries += 1;
        *tries >= TRIES_MAX
    }
}

fn closed(why: Unopened) -> (Shown, Option<Vec<u8>>) {
    let opened = mail::Opened { unopened: Some(why), ..mail::Opened::default() };
    (Shown { opened: Some(opened), ..Shown::default() }, None)
}

impl Sealer for Opens {
    fn seal<'a>(&'a self, mail: &'a Submitted, _recipient: &'a str) -> BoxFuture<'a, Result<Fate, Fault>> {
        Box::pin(async move {
            let (copy, sealing) = mail.opened.get_or_try_init(|| self.copy(mail)).await?.clone();
            Ok(Fate::HandOn { copy, sealing })
        })
    }
}
