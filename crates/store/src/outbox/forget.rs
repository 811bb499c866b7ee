//! What the sweep erases of letters about events, and what is left of drafts.

use super::file;
use crate::Store;
use crate::audit::{self, Entry};
use crate::database::{all, execute, one};
use crate::dialect;
use crate::event::DEEDS_KEPT_DAYS;
use crate::replay::NotNow;
use crate::sweep::{Erasure, Swept};
use policy::Fault;

/// A draft whose decision was never written down goes after so long; one that waits for a word goes when that is given up.
const DRAFTS_KEPT_DAYS: i64 = 1;

/// Letters of a site ($3) whose content is older than $1 allows; one that was not sent goes at $4, when a person had the time to look.
const OLD: &str = "SELECT o.id, o.blob FROM outbox o LEFT JOIN jobs j ON j.id = 'letter:' || o.id
    WHERE o.site = $3 AND o.wrapped_key IS NOT NULL AND o.posted_at < $1
        AND (j.state IS NULL OR j.state = 'done' OR (j.state IN ('dead', 'held') AND o.posted_at < $4))
    ORDER BY o.posted_at LIMIT $2";

pub(crate) const ERASE: [&str; 3] = [
    "UPDATE outbox SET wrapped_key = NULL, sealed_letter = NULL, sealed_inline = NULL, blob = NULL WHERE id = $1",
    "UPDATE jobs SET sealed_fault = NULL, state = 'done' WHERE subject = $1 AND kind = 'letter'",
    "UPDATE ledger SET sealed_before = NULL, sealed_fault = NULL WHERE message = $1",
];

/// What is left of drafts and of letters, each with how many days old it has to be.
const FORGETS: [(&str, i64); 2] = [
    (
        "DELETE FROM outbox WHERE posted_at IS NULL AND id IN (
            SELECT o.id FROM outbox o WHERE o.posted_at IS NULL AND o.drafted_at < $1
                AND NOT EXISTS (SELECT 1 FROM written w WHERE w.id = o.notice AND w.wrapped_key IS NOT NULL
                    AND (w.state = 'drafted' OR (w.state = 'asked' AND w.preview = 2)))
            LIMIT $2) RETURNING id",
        DRAFTS_KEPT_DAYS,
    ),
    (
        "DELETE FROM outbox WHERE id IN (
            SELECT id FROM outbox WHERE wrapped_key IS NULL AND posted_at < $1 LIMIT $2) RETURNING id",
        DEEDS_KEPT_DAYS,
    ),
];

impl Store {
    /// A person's word: what a letter says is erased now, as the sweep would at its time; so are its files that no other letter takes along.
    /// `None` when that was done, otherwise why not.
    pub async fn erase_letter(&self, id: &str, who: &str) -> Result<Option<NotNow>, Fault> {
        const FOUND: &str = "SELECT site, notice, blob FROM outbox WHERE id = $1 AND posted_at IS NOT NULL";
        const OPEN: &str = "SELECT id FROM jobs WHERE subject = $1 AND kind = 'letter'
            AND state IN ('ready', 'running', 'waiting')";
        type Row = (String, String, Option<String>);
        let asked = id.to_owned();
        let found = self.inner.db.read(move |conn| Box::pin(async move { one!(conn, Row, FOUND, &asked) }));
        let Some((site, notice, blob)) = found.await? else { return Ok(Some(NotNow::Unknown)) };
        let entry = Entry::by_person(&self.inner.vault, &site, "erase_letter", id, who).await?;
        let asked = id.to_owned();
        let work = self.inner.db.unit(move |conn| {
            Box::pin(async move {
                if one!(conn, (String,), OPEN, &asked)?.is_some() {
                    return Ok(None);
                }
                let files = file::erase_with(conn, &asked).await?;
                for sql in ERASE {
                    execute!(conn, sql, &asked)?;
                }
                let now = dialect::now(conn).await?;
                audit::write(conn, &entry, now).await?;
                Ok(Some(files))
            })
        });
        let Some(files) = work.await? else { return Ok(Some(NotNow::InWork)) };
        self.forget_files(&files).await;
        self.inner.vault.forget_message_key(id);
        if let Some(name) = blob {
            self.inner.blobs.remove(&name).await?;
        }
        self.erase_files_of(&notice).await?;
        Ok(None)
    }

    /// Erases what letters about events say when the site's days for content are over; their rows, which name nobody, go when the deeds
    /// that they told of are forgotten.
    pub(crate) async fn erase_old_letters(&self, swept: &mut Swept) -> Result<(), Fault> {
        const SITES: &str = "SELECT DISTINCT site FROM outbox WHERE wrapped_key IS NOT NULL AND posted_at IS NOT NULL";
        let sites = self.inner.db.read(|conn| Box::pin(async move { all!(conn, (String,), SITES) })).await?;
        for (site,) in sites {
            swept.letters += self.erase_letters_of(&site).await?;
        }
        swept.letter_files += self.erase_old_letter_files().await?;
        swept.rows += self.forget_rows(&FORGETS).await?;
        Ok(())
    }

    pub(crate) async fn erase_letters_of(&self, site: &str) -> Result<u64, Fault> {
        self.erase_old(site, &Erasure { subject: "outbox", old: OLD, erase: &ERASE }).await
    }
}
