//! The demo's mailbox: a mail server on loopback that lays each mail into a folder, so that no letter leaves this machine.

use crate::command::Failure;
use courier::smtp_in::{Endpoint, Gate, Intake, Listener, Opening, Refusal, Settings};
use mail::Envelope;
use std::net::SocketAddr;
use std::os::unix::fs::DirBuilderExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use tokio::fs;
use tokio::io::AsyncWriteExt;

/// A letter with its files stays below this.
const MAIL_BYTES_MAX: u64 = 25 * 1024 * 1024;
/// Letters that lie in the folder at most.
const MAILS_MAX: u32 = 10_000;

/// The folder.
#[derive(Clone)]
pub struct Mailbox {
    folder: PathBuf,
}

/// A mail that comes in.
pub struct Coming {
    folder: PathBuf,
    mail: Vec<u8>,
}

impl Mailbox {
    /// Opens it and serves at this address for as long as the process lives.
    pub async fn open(folder: PathBuf, address: SocketAddr) -> Result<Mailbox, Failure> {
        let made = std::fs::DirBuilder::new().recursive(true).mode(0o700).create(&folder);
        made.map_err(|error| Failure::new(format!("cannot make {}: {error}", folder.display())))?;
        let mailbox = Mailbox { folder };
        let settings =
            Settings { listen: Endpoint::Tcp(address), size_bytes_max: MAIL_BYTES_MAX, ..Settings::default() };
        let listener = Listener::bind(settings, Arc::new(mailbox.clone())).await?;
        tokio::spawn(async move { listener.serve(std::future::pending()).await });
        Ok(mailbox)
    }

    pub fn folder(&self) -> &Path {
        &self.folder
    }

    /// The mail with this Message-ID, and its file.
    pub async fn find(&self, message_id: &str) -> Option<(PathBuf, String)> {
        let mut entries = fs::read_dir(&self.folder).await.ok()?;
        let mark = format!("<{message_id}>");
        while let Ok(Some(entry)) = entries.next_entry().await {
            let mail = fs::read(entry.path()).await.unwrap_or_default();
            let mail = String::from_utf8_lossy(&mail).into_owned();
            let head = mail.split("\r\n\r\n").next().unwrap_or_default();
            if head.contains(&mark) {
                return Some((entry.path(), mail));
            }
        }
        None
    }
}

impl Gate for Mailbox {
    type Intake = Coming;
    type Begun = ();

    async fn begin(&self, _opening: Opening) -> Result<(), Refusal> {
        Ok(())
    }

    async fn recipient(&self, _begun: &mut (), _address: &str) -> Result<(), Refusal> {
        Ok(())
    }

    async fn open(&self, _begun: (), _envelope: Envelope) -> Result<Coming, Refusal> {
        Ok(Coming { folder: self.folder.clone(), mail: Vec::new() })
    }
}

impl Intake for Coming {
    fn received(&mut self, _line: &str) {}

    async fn write(&mut self, bytes: &[u8]) -> Result<(), Refusal> {
        self.mail.extend_from_slice(bytes);
        Ok(())
    }

    async fn finish(self) -> Result<String, Refusal> {
        let mut options = fs::OpenOptions::new();
        options.write(true).create_new(true).mode(0o600);
        for number in 1..=MAILS_MAX {
            let name = format!("{number}.eml");
            match options.open(self.folder.join(&name)).await {
                Err(error) if error.kind() == std::io::ErrorKind::AlreadyExists => {}
                Err(error) => return Err(refused(&error.to_string())),
                Ok(mut file) => {
                    let kept = async { file.write_all(&self.mail).await.and(file.sync_all().await) };
                    return kept.await.map(|()| name).map_err(|error| refused(&error.to_string()));
                }
            }
        }
        Err(refused("it is full; start the demo with --fresh"))
    }
}

fn refused(why: &str) -> Refusal {
    Refusal { code: 452, status: "4.3.1", text: format!("the demo's mailbox takes nothing now: {why}") }
}
