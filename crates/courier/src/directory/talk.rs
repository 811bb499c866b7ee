//! One conversation with a directory: connected, encrypted, questions one after the other, and their whole answers.

use super::ber::{self, Entry, Search};
use super::{Security, Settings, Trouble};
use crate::dial;
use crate::wire::Wire;
use policy::fault::{Fault, FaultCode};
use std::net::IpAddr;
use tokio::io::{AsyncReadExt, AsyncWriteExt};

/// All answers of one conversation together.
const BYTES_MAX: usize = 2 * 1024 * 1024;
/// Messages of one answer: entries, and references to elsewhere.
const MESSAGES_MAX: usize = 64;

pub(super) struct Talk {
    wire: Box<dyn Wire>,
    last_id: u32,
    left_bytes: usize,
}

impl Talk {
    /// Connects, and encrypts as the settings say.
    pub(super) async fn open(settings: &Settings, is_public: fn(IpAddr) -> bool) -> Result<Talk, Trouble> {
        let (host, port) = (settings.host.as_str(), settings.port);
        let may_reach =
            |addresses: &[IpAddr]| settings.allow_private || addresses.iter().all(|address| is_public(*address));
        // What stands around it has a time for all.
        let wait = settings.timeout;
        let line = dial::connect_within(host, port, wait, FaultCode::MailboxUnreachable, &may_reach).await;
        let line = line.map_err(|fault| lost(&fault))?.ok_or(Trouble::OutOfReach)?;
        let mut talk = Talk { wire: line.wire, last_id: 0, left_bytes: BYTES_MAX };
        if settings.security == Security::None {
            let may_be_clear = line.is_local || settings.allow_clear;
            return if may_be_clear { Ok(talk) } else { Err(Trouble::OutOfReach) };
        }
        if settings.security == Security::StartTls {
            talk.last_id += 1;
            let asked = ber::start_tls(talk.last_id);
            talk.say(&asked).await?;
            talk.done(ber::EXTENDED_DONE).await?;
        }
        // Messages are read to their last octet and no further, so nothing that was said in clear is left behind.
        let Talk { wire, last_id, left_bytes } = talk;
        let authorities = settings.authorities.as_deref();
        let encrypted = dial::encrypt(wire, host, authorities, wait, FaultCode::MailboxUnreachable).await;
        let wire = encrypted.map_err(|fault| lost(&fault))?.wire;
        Ok(Talk { wire, last_id, left_bytes })
    }

    pub(super) async fn bind(&mut self, name: &str, password: &str) -> Result<(), Trouble> {
        self.last_id += 1;
        let asked = ber::bind(self.last_id, name, password);
        self.say(&asked).await?;
        self.done(ber::BIND_DONE).await
    }

    /// All entries that are found. References to other servers are passed over.
    pub(super) async fn search(&mut self, search: &Search<'_>) -> Result<Vec<Entry>, Trouble> {
        self.last_id += 1;
        self.say(&search.bytes(self.last_id)).await?;
        let mut entries = Vec::new();
        for _ in 0..MESSAGES_MAX {
            let content = self.hear().await?;
            let (id, kind, operation) = ber::read(&content)?;
            match kind {
                _ if id != self.last_id => return Err(Trouble::Lost),
                ber::ENTRY => entries.push(Entry::read(operation)?),
                ber::REFERENCE => {}
                ber::SEARCH_DONE => return succeeded(operation).map(|()| entries),
                _ => return Err(Trouble::Lost),
            }
        }
        Err(Trouble::TooLarge)
    }

    /// Says goodbye; nobody waits for an answer.
    pub(super) async fn end(mut self) {
        let _ = self.wire.write_all(&ber::unbind(self.last_id + 1)).await;
        let _ = self.wire.shutdown().await;
    }

    /// Hears that what was asked last is done.
    async fn done(&mut self, expected: u8) -> Result<(), Trouble> {
        let content = self.hear().await?;
        match ber::read(&content)? {
            (id, kind, operation) if id == self.last_id && kind == expected => succeeded(operation),
            _ => Err(Trouble::Lost),
        }
    }

    async fn say(&mut self, bytes: &[u8]) -> Result<(), Trouble> {
        self.wire.write_all(bytes).await.map_err(|_| Trouble::Lost)?;
        self.wire.flush().await.map_err(|_| Trouble::Lost)
    }

    /// The content of the next message.
    async fn hear(&mut self) -> Result<Vec<u8>, Trouble> {
        let mut head = Vec::with_capacity(ber::HEADER_BYTES_MAX);
        let length = loop {
            if let Some((length, _)) = ber::header(&head)? {
                break length;
            }
            head.push(self.wire.read_u8().await.map_err(|_| Trouble::Lost)?);
        };
        self.left_bytes = self.left_bytes.checked_sub(length).ok_or(Trouble::TooLarge)?;
        let mut content = vec![0; length];
        self.wire.read_exact(&mut content).await.map_err(|_| Trouble::Lost)?;
        Ok(content)
    }
}

fn succeeded(operation: &[u8]) -> Result<(), Trouble> {
    match ber::result(operation)? {
        ber::SUCCESS => Ok(()),
        code => Err(Trouble::Refused(code)),
    }
}

/// The detail holds the host, and is not told.
fn lost(fault: &Fault) -> Trouble {
    match fault.detail.contains("too long") {
        true => Trouble::Late,
        false => Trouble::Lost,
    }
}
