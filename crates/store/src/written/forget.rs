//! What the sweep erases of letters that people wrote.

use crate::Store;
use crate::database::{all, execute};
use crate::dialect;
use crate::event::DEEDS_KEPT_DAYS;
use crate::rows::Micros;
use crate::sweep::{Erasure, Swept};
use crate::written::WrittenLine;
use policy::Fault;

/// One that waits for a word does so for as long as content is kept, and for so many days at least.
const WAITS_DAYS_MIN: i64 = 1;
/// Those that one unit of work gives up.
const GIVEN_UP_AT_ONCE: i64 = 100;
const DAY: Micros = 86_400 * 1_000_000;

/// What was asked for at a site ($3) longer ago than $1 allows; where the work on it stopped, at $4. What waits for a word stays.
const OLD: &str = "SELECT w.id, CAST(NULL AS TEXT) FROM written w LEFT JOIN jobs j ON j.id = 'written:' || w.id
    WHERE w.site = $3 AND w.wrapped_key IS NOT NULL AND w.asked_at < $1
        AND (j.state IS NULL OR j.state = 'done' OR (j.state IN ('dead', 'held') AND w.asked_at < $4))
        AND NOT (w.state = 'drafted'
            AND EXISTS (SELECT 1 FROM outbox o WHERE o.notice = w.id AND o.posted_at IS NULL))
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
    /// Until when one that is decided waits for somebody's word; the next sweep drops it then.
    pub fn written_waits_until(&self, line: &WrittenLine) -> Micros {
        let days = self.keep_days(&line.site).max(WAITS_DAYS_MIN);
        line.decided_at.unwrap_or(line.asked_at).saturating_add(days * DAY)
    }

    /// Erases what people wrote when the site's days for content are over; that they did stays as long as deeds are known.
    pub(crate) async fn erase_old_written(&self, swept: &mut Swept) -> Result<(), Fault> {
        const SITES: &str = "SELECT DISTINCT site FROM written WHERE wrapped_key IS NOT NULL OR state = 'drafted'";
        let sites = self.inner.db.read(|conn| Box::pin(async move { all!(conn, (String,), SITES) })).await?;
        for (site,) in sites {
            swept.written += self.erase_written_of(&site).await?;
        }
        swept.rows += self.forget_rows(&FORGETS).await?;
        Ok(())
    }

    /// The same of one site; how many.
    pub(crate) async fn erase_written_of(&self, site: &str) -> Result<u64, Fault> {
        self.give_up_drafted(site).await?;
        self.erase_old(site, &Erasure { subject: "written", old: OLD, erase: &ERASE }).await
    }

    /// What waited for a word for as long as it may is dropped, so that its story says that nobody gave one.
    async fn give_up_drafted(&self, site: &str) -> Result<(), Fault> {
        const OLD: &str = "UPDATE written SET state = 'dropped' WHERE state = 'drafted' AND id IN (
                SELECT id FROM written WHERE site = $1 AND state = 'drafted' AND COALESCE(decided_at, asked_at) < $2
                ORDER BY asked_at LIMIT $3) RETURNING id";
        const DRAFTS: &str = "DELETE FROM outbox WHERE notice = $1 AND posted_at IS NULL";
        let days = self.keep_days(site).max(WAITS_DAYS_MIN);
        loop {
            let asked = site.to_owned();
            let work = self.inner.db.unit(move |conn| {
                Box::pin(async move {
                    let before = dialect::now(conn).await? - days * DAY;
                    let given_up = all!(conn, (String,), OLD, &asked, before, GIVEN_UP_AT_ONCE)?;
                    for (id,) in &given_up {
                        execute!(conn, DRAFTS, id)?;
                    }
                    Ok(given_up)
                })
            });
            let given_up = work.await?;
            for (id,) in &given_up {
                self.erase_files_of(id).await?;
            }
            if (given_up.len() as i64) < GIVEN_UP_AT_ONCE {
                return Ok(());
            }
        }
    }
}
