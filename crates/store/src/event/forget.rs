//! What the sweep erases of events and of what was decided about them, and what it forgets.

use super::{DEEDS_KEPT_DAYS, EVENTS_KEPT_DAYS};
use crate::Store;
use crate::database::all;
use crate::dialect;
use crate::rows::Micros;
use crate::sweep::UNSETTLED_KEPT_DAYS_MIN;
use policy::Fault;

/// Rows that one unit of work erases.
const ERASED_AT_ONCE: i64 = 1000;

const DAY: Micros = 86_400 * 1_000_000;

/// What the sweep erases, each with how many days old it has to be: what was decided about goes after a week. What nothing was decided
/// about, because the work was given up or its site is gone, stays for a person as long as mail does. A decision names people, so it goes
/// with the last of what it was about.
pub(crate) const ERASES: [(&str, i64); 3] = [
    (
        "UPDATE events SET wrapped_key = NULL, sealed_event = NULL, sealed_body = NULL WHERE id IN (
            SELECT id FROM events WHERE wrapped_key IS NOT NULL AND notice IS NOT NULL AND received_at < $1
            ORDER BY received_at LIMIT $2) RETURNING id",
        EVENTS_KEPT_DAYS,
    ),
    (
        "UPDATE events SET wrapped_key = NULL, sealed_event = NULL, sealed_body = NULL WHERE id IN (
            SELECT id FROM events WHERE wrapped_key IS NOT NULL AND notice IS NULL AND received_at < $1
            ORDER BY received_at LIMIT $2) RETURNING id",
        UNSETTLED_KEPT_DAYS_MIN,
    ),
    (
        "UPDATE notices SET wrapped_key = NULL, sealed_notice = NULL WHERE id IN (
            SELECT id FROM notices WHERE wrapped_key IS NOT NULL AND received_at < $1
            ORDER BY received_at LIMIT $2) RETURNING id",
        EVENTS_KEPT_DAYS,
    ),
];

/// What the sweep forgets altogether after [`DEEDS_KEPT_DAYS`]. A decision was made after its events came in, so it goes after them.
pub(crate) const FORGETS: [&str; 2] = [
    "DELETE FROM events WHERE id IN (
        SELECT id FROM events WHERE wrapped_key IS NULL AND received_at < $1 ORDER BY received_at LIMIT $2) RETURNING id",
    "DELETE FROM notices WHERE id IN (
        SELECT id FROM notices WHERE wrapped_key IS NULL AND made_at < $1 ORDER BY made_at LIMIT $2) RETURNING id",
];

impl Store {
    /// Erases what events say when their days are over, and forgets their deeds long after; few rows at a time, so that intake does not
    /// wait long for it.
    pub(crate) async fn erase_old_events(&self) -> Result<(), Fault> {
        let forgets = FORGETS.map(|sql| (sql, DEEDS_KEPT_DAYS));
        self.forget_rows(&ERASES).await?;
        self.forget_rows(&forgets).await
    }

    /// Carries out each of these on what is older than so many days, few rows at a time, and forgets the keys of the rows.
    pub(crate) async fn forget_rows(&self, all: &[(&'static str, i64)]) -> Result<(), Fault> {
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
                if (gone.len() as i64) < ERASED_AT_ONCE {
                    break;
                }
            }
        }
        Ok(())
    }
}
