//! What the sweep erases of letters about events, and what is left of drafts.

use crate::Store;
use crate::database::all;
use crate::event::DEEDS_KEPT_DAYS;
use crate::sweep::Erasure;
use policy::Fault;

/// A draft whose decision was never written down goes after so long.
const DRAFTS_KEPT_DAYS: i64 = 1;

/// Letters of a site ($3) whose content is older than $1 allows; one that was not sent goes at $4, when a person had the time to look.
const OLD: &str = "SELECT o.id, o.blob FROM outbox o LEFT JOIN jobs j ON j.id = 'letter:' || o.id
    WHERE o.site = $3 AND o.wrapped_key IS NOT NULL AND o.posted_at < $1
        AND (j.state IS NULL OR j.state = 'done' OR (j.state IN ('dead', 'held') AND o.posted_at < $4))
    ORDER BY o.posted_at LIMIT $2";

const ERASE: [&str; 3] = [
    "UPDATE outbox SET wrapped_key = NULL, sealed_letter = NULL, sealed_inline = NULL, blob = NULL WHERE id = $1",
    "UPDATE jobs SET sealed_fault = NULL, state = 'done' WHERE subject = $1 AND kind = 'letter'",
    "UPDATE ledger SET sealed_before = NULL, sealed_fault = NULL WHERE message = $1",
];

/// What is left of drafts and of letters, each with how many days old it has to be.
const FORGETS: [(&str, i64); 2] = [
    (
        "DELETE FROM outbox WHERE id IN (
            SELECT id FROM outbox WHERE posted_at IS NULL AND drafted_at < $1 LIMIT $2) RETURNING id",
        DRAFTS_KEPT_DAYS,
    ),
    (
        "DELETE FROM outbox WHERE id IN (
            SELECT id FROM outbox WHERE wrapped_key IS NULL AND posted_at < $1 LIMIT $2) RETURNING id",
        DEEDS_KEPT_DAYS,
    ),
];

impl Store {
    /// Erases what letters about events say when the site's days for content are over; their rows, which name nobody, go when the deeds
    /// that they told of are forgotten.
    pub(crate) async fn erase_old_letters(&self) -> Result<(), Fault> {
        const SITES: &str = "SELECT DISTINCT site FROM outbox WHERE wrapped_key IS NOT NULL AND posted_at IS NOT NULL";
        let sites = self.inner.db.read(|conn| Box::pin(async move { all!(conn, (String,), SITES) })).await?;
        for (site,) in sites {
            self.erase_old(&site, &Erasure { subject: "outbox", old: OLD, erase: &ERASE }).await?;
        }
        self.forget_rows(&FORGETS).await
    }
}
