//! What the sweep erases of events and of what was decided about them, and what it forgets.

use super::DEEDS_KEPT_DAYS;
use crate::Store;
use crate::audit::{self, Entry};
use crate::database::all;
use crate::dialect;
use crate::rows::Micros;
use crate::sweep::{Swept, UNSETTLED_KEPT_DAYS_MIN};
use crate::vault::EVENT_DAY;
use policy::Fault;

/// Rows that one unit of work erases.
const ERASED_AT_ONCE: i64 = 1000;

const DAY: Micros = 86_400 * 1_000_000;

/// What the sweep erases of a site ($3) when it is older than its days: what was decided about. What nothing was decided about, because the
/// work was given up or its site is gone, stays for a person as long as mail does. A decision names people, so it goes with the last of
/// what it was about; while one of its events is to be decided about anew it stays, because it says who was told.
pub(crate) const DECIDED: &str =
    "UPDATE events SET wrapped_key = NULL, sealed_event = NULL, sealed_body = NULL WHERE id IN (
        SELECT id FROM events WHERE wrapped_key IS NOT NULL AND notice IS NOT NULL AND site = $3 AND received_at < $1
        ORDER BY received_at LIMIT $2) RETURNING id";
/// Few are: they are found by their time whatever site they are of.
pub(crate) const UNDECIDED: &str =
    "UPDATE events SET wrapped_key = NULL, sealed_event = NULL, sealed_body = NULL WHERE id IN (
        SELECT id FROM events WHERE wrapped_key IS NOT NULL AND notice IS NULL AND (site || '') = $3 AND received_at < $1
        ORDER BY received_at LIMIT $2) RETURNING id";
pub(crate) const DECISIONS: &str = "UPDATE notices SET wrapped_key = NULL, sealed_notice = NULL WHERE id IN (
        SELECT id FROM notices WHERE wrapped_key IS NOT NULL AND site = $3 AND received_at < $1
            AND NOT EXISTS (SELECT 1 FROM events e WHERE e.site = notices.site AND e.issue_id = notices.issue_id
                AND e.notice IS NULL AND e.wrapped_key IS NOT NULL AND e.received_at <= notices.received_at)
        ORDER BY received_at LIMIT $2) RETURNING id";

/// What the sweep forgets altogether after [`DEEDS_KEPT_DAYS`]. A decision was made after its events came in, so it goes after them.
pub(crate) const FORGETS: [&str; 2] = [
    "DELETE FROM events WHERE id IN (
        SELECT id FROM events WHERE wrapped_key IS NULL AND received_at < $1 ORDER BY received_at LIMIT $2) RETURNING id",
    "DELETE FROM notices WHERE id IN (
        SELECT id FROM notices WHERE wrapped_key IS NULL AND made_at < $1 ORDER BY made_at LIMIT $2) RETURNING id",
];

impl Store {
    /// Erases what events say when the days of their site are over, and forgets their deeds long after; few rows at a time, so that intake
    /// does not wait long for it.
    pub(crate) async fn erase_old_events(&self, swept: &mut Swept) -> Result<(), Fault> {
        for site in self.inner.vault.book().sites(EVENT_DAY).await? {
            self.erase_events_of(&site, swept).await?;
        }
        swept.rows += self.forget_rows(&FORGETS.map(|sql| (sql, DEEDS_KEPT_DAYS))).await?;
        Ok(())
    }

    pub(crate) async fn erase_events_of(&self, site: &str, swept: &mut Swept) -> Result<(), Fault> {
        let days = self.keep_events_days(site);
        swept.events += self.erase_events(site, DECIDED, "events", days).await?;
        swept.events += self.erase_events(site, UNDECIDED, "events", days.max(UNSETTLED_KEPT_DAYS_MIN)).await?;
        swept.decisions += self.erase_events(site, DECISIONS, "notices", days).await?;
        Ok(())
    }

    /// Erases what is older than so many days, few rows at a time, with receipts in the audit trail; how many.
    async fn erase_events(
        &self,
        site: &str,
        sql: &'static str,
        subject: &'static str,
        days: i64,
    ) -> Result<u64, Fault> {
        let mut erased = 0;
        loop {
            let receipt = Entry::by_program(&self.inner.vault, site, "sweep", subject, None).await?;
            let of = site.to_owned();
            let work = self.inner.db.unit(move |conn| {
                Box::pin(async move {
                    let now = dialect::now(conn).await?;
                    let gone = all!(conn, (String,), sql, now - days * DAY, ERASED_AT_ONCE, &of)?;
                    if !gone.is_empty() {
                        let told = format!("{{\"erased\":{},\"keep_events_days\":{days}}}", gone.len());
                        audit::write(conn, &receipt.with_receipt(Some(told)), now).await?;
                    }
                    Ok(gone)
                })
            });
            let gone = work.await?;
            gone.iter().for_each(|(row,)| self.inner.vault.forget_message_key(row));
            erased += gone.len() as u64;
            if (gone.len() as i64) < ERASED_AT_ONCE {
                return Ok(erased);
            }
        }
    }

    /// Carries out each of these on what is older than so many days, few rows at a time, and forgets the keys of the rows; how many they were.
    pub(crate) async fn forget_rows(&self, all: &[(&'static str, i64)]) -> Result<u64, Fault> {
        let mut forgotten = 0;
        for (sql, days) in all.iter().copied() {
            loop {
                let work = self.inner.db.unit(move |conn| {
                    Box::pin(async move {
                        let before = dialect::now(conn).await? - days * DAY;
                        all!(conn, (String,), sql, before, ERASED_AT_ONCE)
                    })
                });
                let gone = work.await?;
                gone.iter().for_each(|(row,)| self.inner.vault.forget_message_key(row));
                forgotten += gone.len() as u64;
                if (gone.len() as i64) < ERASED_AT_ONCE {
                    break;
                }
            }
        }
        Ok(forgotten)
    }
}
