//! Names that a server may give to another mail later (POP3): what was listed under each, and whose each is.

use crate::Store;
use crate::database::{all, execute, one};
use crate::dialect;
use crate::fetched::HANDLES_AT_ONCE;
use crate::rows::Fetched;
use data_encoding::HEXLOWER;
use policy::{Fault, FaultCode};
use std::collections::HashMap;

/// Places in a list of mails whose sizes are not those that were remembered.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Resized {
    /// Nothing was remembered of them.
    pub unseen: Vec<usize>,
    /// Another size was remembered: the name may be another mail's by now.
    pub other: Vec<usize>,
}

/// Whose a name is, as far as the bytes under it tell.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Bearer {
    /// That of the mail which was taken in under it.
    Same,
    /// A mail lay there under it when the mailbox was opened, and was never read.
    LeftBehind,
    /// Another one's than that of this message; `None` when it was nobody's.
    Another { of: Option<String> },
}

impl Store {
    /// Compares how long mails are said to be with what was said before. Handles are those that
    /// [`Handle::Lasting`](crate::Handle::Lasting) took.
    pub async fn resized(&self, of: &Fetched, mails: &[(String, u64)]) -> Result<Resized, Fault> {
        type Row = (Vec<u8>, Option<i64>);
        let (lists, hashes) = self.sized(of, mails).await?;
        let mut found = HashMap::new();
        for list in lists {
            let (site, mailbox) = (of.site.clone(), of.mailbox.clone());
            let work = self.inner.db.read(move |conn| {
                Box::pin(async move {
                    let sql = dialect::resized_sql(conn);
                    all!(conn, Row, sql, &site, &mailbox, &list)
                })
            });
            found.extend(work.await?);
        }
        let mut resized = Resized::default();
        for (place, hash) in hashes.iter().enumerate() {
            match found.get(hash) {
                Some(None) => resized.unseen.push(place),
                Some(Some(_)) => resized.other.push(place),
                None => {}
            }
        }
        Ok(resized)
    }

    /// Remembers how long these mails are said to be.
    pub async fn remember_sizes(&self, of: &Fetched, mails: &[(String, u64)]) -> Result<(), Fault> {
        let (lists, _) = self.sized(of, mails).await?;
        for list in lists {
            let (site, mailbox) = (of.site.clone(), of.mailbox.clone());
            let work = self.inner.db.unit(move |conn| {
                Box::pin(async move {
                    let sql = dialect::remember_sizes_sql(conn);
                    execute!(conn, sql, &site, &mailbox, &list).map(|_| ())
                })
            });
            work.await?;
        }
        Ok(())
    }

    /// Whether a name is still that of the mail which it was. Servers that write fields of their own into a mail change its bytes but
    /// not its Message-ID.
    pub async fn bearer(
        &self,
        of: &Fetched,
        handle: &str,
        digest: &[u8; 32],
        message_id: Option<&str>,
    ) -> Result<Bearer, Fault> {
        type Row = (String, Vec<u8>, Option<Vec<u8>>);
        const TAKEN_IN: &str =
            "SELECT id, digest, message_id FROM messages WHERE site = $1 AND mailbox = $2 AND handle = $3";
        const LEFT: &str = "SELECT 1 FROM left_behind WHERE site = $1 AND mailbox = $2 AND handle = $3";
        let hasher = self.inner.vault.hasher(&of.site).await?;
        let (handle, digest) = (hasher.lasting(handle), hasher.digest(digest));
        let message_id = message_id.map(|id| hasher.message_id(id));
        let (site, mailbox) = (of.site.clone(), of.mailbox.clone());
        let work = self.inner.db.read(move |conn| {
            Box::pin(async move {
                if let Some((message, known, known_id)) = one!(conn, Row, TAKEN_IN, &site, &mailbox, &handle)? {
                    let same = known == digest || (known_id.is_some() && known_id == message_id);
                    return Ok(if same { Bearer::Same } else { Bearer::Another { of: Some(message) } });
                }
                let left = one!(conn, (i32,), LEFT, &site, &mailbox, &handle)?;
                Ok(if left.is_some() { Bearer::LeftBehind } else { Bearer::Another { of: None } })
            })
        });
        work.await
    }

    /// The name is another mail's by now, so `from`, a message, is not known by it any more, nor is what was left behind. Only that
    /// message: another process may have taken the mail in under its name meanwhile.
    pub async fn release_name(&self, of: &Fetched, handle: &str, from: Option<&str>) -> Result<(), Fault> {
        const TAKEN_IN: &str =
            "UPDATE messages SET handle = NULL WHERE site = $1 AND mailbox = $2 AND handle = $3 AND id = $4";
        const LEFT: &str = "DELETE FROM left_behind WHERE site = $1 AND mailbox = $2 AND handle = $3";
        let handle = self.inner.vault.hasher(&of.site).await?.lasting(handle);
        let (site, mailbox, from) = (of.site.clone(), of.mailbox.clone(), from.map(str::to_owned));
        let work = self.inner.db.unit(move |conn| {
            Box::pin(async move {
                execute!(conn, TAKEN_IN, &site, &mailbox, &handle, from.as_deref())?;
                execute!(conn, LEFT, &site, &mailbox, &handle).map(|_| ())
            })
        });
        work.await
    }

    /// Pairs of a handle's hash in hex and a size, as JSON lists for statements, and the hashes one by one.
    async fn sized(&self, of: &Fetched, mails: &[(String, u64)]) -> Result<(Vec<String>, Vec<Vec<u8>>), Fault> {
        let hasher = self.inner.vault.hasher(&of.site).await?;
        let hashes: Vec<Vec<u8>> = mails.iter().map(|(handle, _)| hasher.lasting(handle)).collect();
        let pair = |(hash, size): (&Vec<u8>, u64)| {
            let size = i64::try_from(size).map_err(|_| Fault::permanent(FaultCode::Internal, "a size is none"))?;
            Ok(format!("[\"{}\",{size}]", HEXLOWER.encode(hash)))
        };
        let pairs = hashes.iter().zip(mails.iter().map(|(_, size)| *size)).map(pair);
        let pairs = pairs.collect::<Result<Vec<String>, Fault>>()?;
        Ok((pairs.chunks(HANDLES_AT_ONCE).map(|chunk| format!("[{}]", chunk.join(","))).collect(), hashes))
    }
}
