//! Keys of people whose end their owners are to be told of.

use super::{PersonKey, Row, opened};
use crate::Store;
use crate::database::all;
use crate::dialect;
use crate::rows::Micros;
use policy::Fault;

/// At most so many are had at once.
const REMINDED_AT_ONCE_MAX: i64 = 100;

impl Store {
    /// Keys in use of a site that end before this time and have not, of whose end nobody was told, and beside which their owners have none of
    /// the same scheme that lasts longer; those that end first come first, at most 100.
    ///
    /// # Errors
    /// Those of the database, and `StoreCorrupt` for a key that cannot be read.
    pub async fn keys_to_remind_of(&self, site: &str, ends_before: Micros) -> Result<Vec<PersonKey>, Fault> {
        const SQL: &str =
            "SELECT id, site, scheme, origin, standing, sealed_key, ends_at, kept_at, changed_at FROM person_keys
            WHERE site = $1 AND standing = 'used' AND ends_at > $2 AND ends_at < $3
                AND (reminded_for IS NULL OR reminded_for <> ends_at)
                AND NOT EXISTS (SELECT 1 FROM person_keys k WHERE k.site = person_keys.site
                    AND k.address = person_keys.address AND k.scheme = person_keys.scheme AND k.standing = 'used'
                    AND (k.ends_at IS NULL OR k.ends_at >= $3
                        OR (k.fingerprint = person_keys.fingerprint AND k.reminded_for = person_keys.ends_at)))
            ORDER BY ends_at, id LIMIT $4";
        let of = site.to_owned();
        let rows = self.inner.db.read(move |conn| {
            Box::pin(async move {
                let now = dialect::now(conn).await?;
                all!(conn, Row, SQL, &of, now, ends_before, REMINDED_AT_ONCE_MAX)
            })
        });
        let rows = rows.await?;
        if rows.is_empty() {
            return Ok(Vec::new());
        }
        let sealing = self.inner.vault.standing_key(site).await?;
        rows.into_iter().map(|row| opened(&sealing, row)).collect()
    }
}
