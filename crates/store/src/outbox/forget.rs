//! What the sweep erases of letters about events, and what is left of drafts.

use crate::Store;
use crate::audit::{self, Entry};
use crate::database::{Conn, all, execute};
use crate::dialect;
use crate::event::DEEDS_KEPT_DAYS;
use crate::rows::Micros;
use crate::sweep::UNSETTLED_KEPT_DAYS_MIN;
use policy::Fault;

/// Letters that one unit of work erases.
const ERASED_AT_ONCE: i64 = 100;
/// A draft whose decision was never written down goes after so long.
const DRAFTS_KEPT_DAYS: i64 = 1;

const DAY: Micros = 86_400 * 1_000_000;

/// Letters of a site ($3) whose content is older than $1 allows; one that was not sent goes at $4, when a person had the time to look.
pub(crate) const OLD: &str = "SELECT o.id, o.blob FROM outbox o LEFT JOIN jobs j ON j.id = 'letter:' || o.id
    WHERE o.site = $3 AND o.wrapped_key IS NOT NULL AND o.posted_at < $1
        AND (j.state IS NULL OR j.state = 'done' OR (j.state IN ('dead', 'held') AND o.posted_at < $4))
    ORDER BY o.posted_at LIMIT $2";

const ERASE: [&str; 3] = [
    "UPDATE outbox SET wrapped_key = NULL, sealed_letter = NULL, sealed_inline = NULL, blob = NULL WHERE id = $1",
    "UPDATE jobs SET sealed_fault = NULL, state = 'done' WHERE subject = $1 AND kind = 'letter'",
    "UPDATE ledger SET sealed_before = NULL, sealed_fault = NULL WHERE message = $1",
];

impl Store {
    /// Erases what letters about events say when the site's days for content are over; their rows, which name nobody, go when the deeds
    /// that they told of are forgotten.
    pub(crate) async fn erase_old_letters(&self) -> Result<(), Fault> {
        const SITES: &str = "SELECT DISTINCT site FROM outbox WHERE wrapped_key IS NOT NULL AND posted_at IS NOT NULL";
        let sites = self.inner.db.read(|conn| Box::pin(async move { all!(conn, (String,), SITES) })).await?;
        for (site,) in sites {
            self.erase_old_letters_of(&site).await?;
        }
        self.inner.db.unit(|conn| Box::pin(forget_rows(conn))).await
    }

    async fn erase_old_letters_of(&self, site: &str) -> Result<(), Fault> {
        let days = self.keep_days(site);
        loop {
            let receipt = Entry::by_program(&self.inner.vault, site, "sweep", "outbox", None).await?;
            let asked = site.to_owned();
            let work = self.inner.db.unit(move |conn| Box::pin(erase_some(conn, asked, days, receipt)));
            let gone = work.await?;
            for (letter, blob) in &gone {
                self.inner.vault.forget_message_key(letter);
                if let Some(name) = blob
                    && let Err(fault) = self.inner.blobs.remove(name).await
                {
                    // Its key is gone already; the file is an orphan for a later sweep.
                    tracing::warn!(code = %fault.code, "an erased blob could not be removed yet");
                }
            }
            if (gone.len() as i64) < ERASED_AT_ONCE {
                return Ok(());
            }
        }
    }
}

async fn erase_some(
    conn: &mut Conn,
    site: String,
    keep_days: i64,
    receipt: Entry,
) -> Result<Vec<(String, Option<String>)>, Fault> {
    let now = dialect::now(conn).await?;
    let before = now - keep_days * DAY;
    let unsettled = now - keep_days.max(UNSETTLED_KEPT_DAYS_MIN) * DAY;
    let old = all!(conn, (String, Option<String>), OLD, before, ERASED_AT_ONCE, &site, unsettled)?;
    for (letter, _) in &old {
        for sql in ERASE {
            execute!(conn, sql, letter)?;
        }
    }
    if !old.is_empty() {
        let told = format!("{{\"erased\":{},\"keep_content_days\":{keep_days}}}", old.len());
        audit::write(conn, &receipt.with_receipt(Some(told)), now).await?;
    }
    Ok(old)
}

async fn forget_rows(conn: &mut Conn) -> Result<(), Fault> {
    const DRAFTS: &str = "DELETE FROM outbox WHERE posted_at IS NULL AND drafted_at < $1";
    const OLD_ROWS: &str = "DELETE FROM outbox WHERE wrapped_key IS NULL AND posted_at < $1";
    let now = dialect::now(conn).await?;
    execute!(conn, DRAFTS, now - DRAFTS_KEPT_DAYS * DAY)?;
    execute!(conn, OLD_ROWS, now - DEEDS_KEPT_DAYS * DAY).map(|_| ())
}
