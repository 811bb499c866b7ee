//! What the sweep erases of letters that people wrote.

use crate::Store;
use crate::database::all;
use crate::event::DEEDS_KEPT_DAYS;
use crate::sweep::Erasure;
use policy::Fault;

/// What was asked for at a site ($3) longer ago than $1 allows; where the work on it stopped, at $4.
const OLD: &str = "SELECT w.id, CAST(NULL AS TEXT) FROM written w LEFT JOIN jobs j ON j.id = 'written:' || w.id
    WHERE w.site = $3 AND w.wrapped_key IS NOT NULL AND w.asked_at < $1
        AND (j.state IS NULL OR j.state = 'done' OR (j.state IN ('dead', 'held') AND w.asked_at < $4))
    ORDER BY w.asked_at LIMIT $2";
const ERASE: [&str; 3] = [
    "UPDATE written SET wrapped_key = NULL, sealed_asked = NULL, sealed_decision = NULL WHERE id = $1",
    "UPDATE jobs SET sealed_fault = NULL, state = 'done' WHERE subject = $1 AND kind = 'written'",
    "UPDATE ledger SET sealed_before = NULL, sealed_fault = NULL WHERE message = $1",
];
/// By its row the same request is known again, as long as deeds are.
const FORGETS: [(&str, i64); 1] = [(
    "DELETE FROM written WHERE id IN (
        SELECT id FROM written WHERE wrapped_key IS NULL AND asked_at < $1 LIMIT $2) RETURNING id",
    DEEDS_KEPT_DAYS,
)];

impl Store {
    /// Erases what people wrote when the site's days for content are over; that they did stays as long as deeds are known.
    pub(crate) async fn erase_old_written(&self) -> Result<(), Fault> {
        const SITES: &str = "SELECT DISTINCT site FROM written WHERE wrapped_key IS NOT NULL";
        let sites = self.inner.db.read(|conn| Box::pin(async move { all!(conn, (String,), SITES) })).await?;
        for (site,) in sites {
            self.erase_old(&site, &Erasure { subject: "written", old: OLD, erase: &ERASE }).await?;
        }
        self.forget_rows(&FORGETS).await.map(|_| ())
    }
}
