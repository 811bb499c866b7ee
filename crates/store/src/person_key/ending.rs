//! Keys of people whose end their owners are to be told of.

use super::{PersonKey, Row, opened};
use crate::Store;
use crate::database::all;
use crate::dialect;
use crate::rows::Micros;
use policy::Fault;

/// Rows of one page.
const PAGE_ROWS_MAX: i64 = 100;

/// One page of keys that end.
#[derive(Debug, Default)]
pub struct EndingKeys {
    pub keys: Vec<PersonKey>,
    /// Keys of the page that cannot be read, by their ids, and why.
    pub unread: Vec<(String, Fault)>,
    /// Behind which end and id the next page begins; `None` for the last one.
    pub next: Option<(Micros, String)>,
}

impl Store {
    /// A page of at most 100 keys in use of a site that end before this time and have not, of whose end nobody was told, and beside which
    /// their owners have none of the same scheme that lasts longer; those that end first come first. It begins behind this end and id, those
    /// of the [`EndingKeys::next`] of the page before.
    ///
    /// # Errors
    /// Those of the database and of the site's key; a key that cannot be read stands in the page as such.
    pub async fn keys_to_remind_of(
        &self,
        site: &str,
        ends_before: Micros,
        after: Option<(Micros, String)>,
    ) -> Result<EndingKeys, Fault> {
        const SQL: &str =
            "SELECT id, site, scheme, origin, standing, sealed_key, ends_at, kept_at, changed_at FROM person_keys
            WHERE site = $1 AND standing = 'used' AND ends_at > $2 AND ends_at < $3
                AND (ends_at > $4 OR (ends_at = $4 AND id > $5))
                AND (reminded_for IS NULL OR reminded_for <> ends_at)
                AND NOT EXISTS (SELECT 1 FROM person_keys k WHERE k.site = person_keys.site
                    AND k.address = person_keys.address AND k.scheme = person_keys.scheme AND k.standing = 'used'
                    AND (k.ends_at IS NULL OR k.ends_at >= $3
                        OR (k.fingerprint = person_keys.fingerprint AND k.reminded_for = person_keys.ends_at)))
            ORDER BY ends_at, id LIMIT $6";
        let of = site.to_owned();
        // Every end that is looked for lies behind 1970.
        let (after_end, after_id) = after.unwrap_or_default();
        let rows = self.inner.db.read(move |conn| {
            Box::pin(async move {
                let now = dialect::now(conn).await?;
                all!(conn, Row, SQL, &of, now, ends_before, after_end, &after_id, PAGE_ROWS_MAX)
            })
        });
        let rows = rows.await?;
        let mut page = EndingKeys::default();
        let Some((last, .., ends_at, _, _)) = rows.last() else { return Ok(page) };
        if rows.len() == usize::try_from(PAGE_ROWS_MAX).unwrap_or(usize::MAX) {
            page.next = ends_at.map(|ends_at| (ends_at, last.clone()));
        }
        let sealing = self.inner.vault.standing_key(site).await?;
        for row in rows {
            let id = row.0.clone();
            match opened(&sealing, row) {
                Ok(kept) => page.keys.push(kept),
                Err(fault) => page.unread.push((id, fault)),
            }
        }
        Ok(page)
    }
}
