//! The letter that tells the owner of a key of its end: posted once for each key and end, within the bounds of letters that prove an address.

use super::{KeyEnding, New, SealedChallenge, has_room, place, write};
use crate::Store;
use crate::database::{Conn, execute};
use crate::dialect;
use crate::letter::domain_of;
use crate::person_key::PersonKey;
use crate::rows::Micros;
use crate::sealed;
use mail::normalised;
use policy::Fault;
use uuid::Uuid;

impl Store {
    /// Posts the letter with its job, in the one unit of work that notes of which end the owner was told. Whether it was posted now: it was
    /// not when that was told before, when the key is gone or ends at another time, or beyond the bounds; then it may be tried again.
    ///
    /// # Errors
    /// Those of the database and the vault.
    pub async fn post_reminder(&self, kept: &PersonKey) -> Result<bool, Fault> {
        let Some(ends_at) = kept.key.ends_at else { return Ok(false) };
        let (site, address) = (&kept.key.site, normalised(&kept.key.address));
        let id = Uuid::now_v7().simple().to_string();
        let hasher = self.inner.vault.hasher(site).await?;
        let sealing = self.inner.vault.standing_key(site).await?;
        let challenge = SealedChallenge {
            address: address.clone(),
            language: String::new(),
            key: None,
            ending: Some(KeyEnding { fingerprint: kept.key.fingerprint.clone(), ends_at }),
        };
        let row = New {
            sealed: sealed::seal(&sealing, place(site, &id), &challenge)?,
            id,
            site: site.clone(),
            domain: hasher.address(&domain_of(&address)),
            address: hasher.address(&address),
            proves: "nothing",
            // Until the key's end, which is known when the row is written.
            valid: 0,
        };
        let key = kept.id.clone();
        let work = self.inner.db.unit(move |conn| Box::pin(async move { insert(conn, row, &key, ends_at).await }));
        let is_posted = work.await?;
        self.inner.bell.ring();
        Ok(is_posted)
    }
}

async fn insert(conn: &mut Conn, new: New, key: &str, ends_at: Micros) -> Result<bool, Fault> {
    // The same key may have come by several ways; its owner is told once.
    const TOLD: &str = "UPDATE person_keys SET reminded_for = $3
        WHERE site = $1 AND standing = 'used' AND ends_at = $3 AND (reminded_for IS NULL OR reminded_for <> $3)
            AND EXISTS (SELECT 1 FROM person_keys k WHERE k.id = $2 AND k.site = $1 AND k.address = person_keys.address
                AND k.scheme = person_keys.scheme AND k.fingerprint = person_keys.fingerprint)";
    dialect::lock_letters(conn, &new.site).await?;
    let now = dialect::now(conn).await?;
    if now >= ends_at || !has_room(conn, &new, now).await? || execute!(conn, TOLD, &new.site, key, ends_at)? == 0 {
        return Ok(false);
    }
    write(conn, New { valid: ends_at.saturating_sub(now), ..new }, now).await?;
    Ok(true)
}
