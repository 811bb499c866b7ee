//! Who has a relayed mail already: keyed hashes for five days, and nothing of mail or recipient.

use crate::Store;
use crate::database::{Conn, execute, one};
use crate::dialect;
use crate::rows::Micros;
use crate::vault::hash::Hasher;
use data_encoding::HEXLOWER;
use policy::Fault;

/// A client that was told to try again later does so for about as long (RFC 5321, section 4.5.4.1).
pub const RELAYED_KNOWN_S: i64 = 5 * 86_400;

/// The site of a relay that is of none. No site of the settings has an empty name, so its keyed hashes are those of no site.
pub const NO_SITE: &str = "";

/// A mail as a relay knows it again.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RelayedMail<'a> {
    /// [`NO_SITE`] for a relay that is of none.
    pub site: &'a str,
    /// The name of the relay.
    pub relay: &'a str,
    /// Of what the client sent, envelope sender included.
    pub digest: &'a [u8; 32],
}

/// A recipient ($2, hashed) of a site ($1) has the mail since $3.
pub(crate) const NOTE: &str = "INSERT INTO relay_done (site, hash, done_at) VALUES ($1, $2, $3)
    ON CONFLICT (site, hash) DO UPDATE SET done_at = excluded.done_at";

impl RelayedMail<'_> {
    /// In one order, so that two units of work never wait for each other's rows.
    pub(crate) async fn hashes(&self, store: &Store, recipients: &[String]) -> Result<Vec<Vec<u8>>, Fault> {
        let hasher = store.inner.vault.hasher(self.site).await?;
        let mut hashes: Vec<Vec<u8>> = recipients.iter().map(|recipient| self.hash(&hasher, recipient)).collect();
        hashes.sort_unstable();
        Ok(hashes)
    }

    fn hash(&self, hasher: &Hasher, recipient: &str) -> Vec<u8> {
        let (relay, digest) = (self.relay, HEXLOWER.encode(self.digest));
        // The digest is as long always, and names in the settings hold no line end: no two of these run into each other.
        hasher.handle(&format!("relayed:{digest}:{relay}\n{recipient}"))
    }
}

impl Store {
    /// By what a relay knows its own mail again: the same for ever and on every node, and nothing to anybody else.
    pub async fn relay_mark(&self, site: &str, relay: &str) -> Result<String, Fault> {
        let hasher = self.inner.vault.hasher(site).await?;
        Ok(HEXLOWER.encode(&hasher.handle(&format!("relay:{relay}"))[1..]))
    }

    /// Which of these recipients has the mail already, in their order.
    pub async fn relayed(&self, mail: RelayedMail<'_>, recipients: &[String]) -> Result<Vec<bool>, Fault> {
        const SQL: &str = "SELECT done_at FROM relay_done WHERE site = $1 AND hash = $2 AND done_at >= $3";
        let hasher = self.inner.vault.hasher(mail.site).await?;
        let hashes: Vec<Vec<u8>> = recipients.iter().map(|recipient| mail.hash(&hasher, recipient)).collect();
        let site = mail.site.to_owned();
        let work = self.inner.db.read(move |conn| {
            Box::pin(async move {
                let since = begin(conn).await?;
                let mut known = Vec::with_capacity(hashes.len());
                for hash in &hashes {
                    known.push(one!(conn, (i64,), SQL, &site, hash, since)?.is_some());
                }
                Ok(known)
            })
        });
        work.await
    }

    /// These recipients have the mail: durable when it returns, and to be said again without harm.
    pub async fn note_relayed(&self, mail: RelayedMail<'_>, recipients: &[String]) -> Result<(), Fault> {
        let hashes = mail.hashes(self, recipients).await?;
        let site = mail.site.to_owned();
        let order = hashes.first().cloned().unwrap_or_default();
        let work = self.inner.db.grouped_unit(order, move |conn| {
            Box::pin(async move {
                let now = dialect::now(conn).await?;
                for hash in &hashes {
                    execute!(conn, NOTE, &site, hash, now)?;
                }
                Ok(())
            })
        });
        work.await
    }
}

/// What was noted before this moment is forgotten.
async fn begin(conn: &mut Conn) -> Result<Micros, Fault> {
    Ok(dialect::now(conn).await? - RELAYED_KNOWN_S * 1_000_000)
}

/// Removes what is forgotten.
pub(crate) async fn forget(conn: &mut Conn) -> Result<(), Fault> {
    let since = begin(conn).await?;
    execute!(conn, "DELETE FROM relay_done WHERE done_at < $1", since)?;
    Ok(())
}
