//! The sweep: content older than the rules say, orphans, old sessions and jobs, keys of days gone by, the audit chain.

use crate::Store;
use crate::audit::{self, Entry};
use crate::database::{Conn, all, execute, one};
use crate::dialect;
use crate::job::SWEEP_EVERY_S;
use crate::replay::NotNow;
use crate::rows::Micros;
use crate::session::{SESSION_IDLE_S, SESSION_WHOLE_S};
use crate::vault::{EVENT_DAY, MESSAGE_DAY, day_of};
use policy::Fault;
use std::sync::atomic::Ordering;
use std::time::Duration;

/// A blob that no row names is kept so long: an upload may still be under way, a unit of work still waiting.
pub const ORPHANS_KEPT_S: u64 = 86_400;
/// Jobs that are done stay so long for the story; the ledger keeps what they did.
pub const DONE_JOBS_KEPT_S: i64 = 7 * 86_400;

/// Messages that one unit of work erases: few enough that intake does not wait long for it.
const ERASED_AT_ONCE: i64 = 100;
/// What waits for a person is kept so long at least, however short the period is: a mail that a decision held or put into quarantine, and
/// one whose work was given up.
pub const UNSETTLED_KEPT_DAYS_MIN: i64 = 30;
/// A file that came to no issue is kept so long at least: its message may not be there yet.
const LOST_FILES_KEPT_DAYS_MIN: i64 = 7;
/// Keys of days that one sweep looks at.
const DAY_KEYS_AT_ONCE: i64 = 1000;
/// A day's key is kept this much longer than its content, for content that began just before midnight.
const DAY_KEY_SLACK_DAYS: i64 = 2;

/// Where a site keeps nothing, what is done is erased so soon; all else that a sweep does is done each hour.
pub(crate) const NOTHING_KEPT_EVERY_S: i64 = 60;

/// What a sweep erased: of each kind how many rows or files, with what was sealed in them and the keys of it.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Swept {
    /// Mails.
    pub contents: u64,
    /// Files that came to no issue.
    pub lost_files: u64,
    pub events: u64,
    /// What was decided about events.
    pub decisions: u64,
    pub letters: u64,
    pub letter_files: u64,
    /// What people wrote for letters on purpose.
    pub written: u64,
    pub bulletins: u64,
    /// What was counted of a day, of a kind.
    pub counts: u64,
    pub flags: u64,
    /// Rows that named nobody any more.
    pub rows: u64,
    /// Blobs that no row names.
    pub orphans: u64,
    /// Keys of days of which nothing is left.
    pub keys: u64,
}

impl Swept {
    pub fn total(&self) -> u64 {
        let Swept {
            contents,
            lost_files,
            events,
            decisions,
            letters,
            letter_files,
            written,
            bulletins,
            counts,
            flags,
            rows,
            orphans,
            keys,
        } = self;
        let of_people = contents + lost_files + events + decisions + letters + letter_files + written;
        of_people + bulletins + counts + flags + rows + orphans + keys
    }
}

/// What forgets everything that was written in a message, and its key first of all.
const ERASE: [&str; 7] = [
    "UPDATE messages SET wrapped_key = NULL, sealed_arrival = NULL, sealed_summary = NULL WHERE id = $1",
    "DELETE FROM contents WHERE message = $1",
    "UPDATE plans SET sealed_plan = NULL, sealed_facts = NULL WHERE message = $1",
    "UPDATE jobs SET sealed_fault = NULL WHERE subject = $1",
    "UPDATE ledger SET sealed_before = NULL, sealed_fault = NULL WHERE message = $1",
    "DELETE FROM flags WHERE message = $1",
    "DELETE FROM rehearsals WHERE message = $1",
];

/// Messages of a site ($3) older than $1 allows, whose work is over; what waits for a person goes at $4, also where that is a letter about
/// the message that was given up.
const OLD: &str = "SELECT m.id, c.blob FROM messages m
    LEFT JOIN contents c ON c.message = m.id LEFT JOIN jobs j ON j.id = m.job
    WHERE m.site = $3 AND m.wrapped_key IS NOT NULL AND m.received_at < $1 AND (j.state IS NULL OR j.state IN ('done', 'dead'))
        AND (m.received_at < $4 OR (COALESCE(j.state, 'done') = 'done' AND (m.outcome IS NULL OR m.shadow = 1
            OR m.outcome NOT IN ('hold', 'quarantine'))))
        AND NOT EXISTS (SELECT 1 FROM jobs d WHERE d.subject = m.id AND d.kind = 'deliver'
            AND d.state <> 'done' AND (d.state <> 'dead' OR m.received_at >= $4))
    ORDER BY m.received_at LIMIT $2";

/// What the sweep erases of a kind of content when its days are over.
pub(crate) struct Erasure<'a> {
    /// What the audit trail says that was swept.
    pub(crate) subject: &'a str,
    /// The id and the blob of each row that is to go, of a site ($3): older than $1, or than $4 where it waits for a person; at most $2.
    pub(crate) old: &'static str,
    /// What erases one of them ($1).
    pub(crate) erase: &'static [&'static str],
}

const SECOND: Micros = 1_000_000;
const DAY: Micros = 86_400 * SECOND;

impl Store {
    /// Erases what is older than the rules say and orphans older than a day.
    ///
    /// Erasing forgets a message's own key and everything that was sealed under it: content, envelope, subject, plan,
    /// faults. What stays names nobody: times, outcome, ids of the tracker, keyed hashes. A message whose job is not done or
    /// dead keeps its content however old it is, because nothing may be lost that was not worked on; [`Store::figures`]
    /// shows its age. When all content under a day's key is gone, the key is destroyed too, which erases the content from
    /// every backup of the main database.
    pub async fn sweep(&self) -> Result<Swept, Fault> {
        let mut swept = Swept::default();
        for site in self.sites_with_messages().await? {
            swept.contents += self.erase_old_messages(&site).await?;
        }
        swept.lost_files = self.delete_lost_files().await?;
        self.erase_old_events(&mut swept).await?;
        self.erase_old_letters(&mut swept).await?;
        self.erase_old_written(&mut swept).await?;
        swept.counts = self.tidy_meter().await?;
        self.forget_billing().await?;
        swept.bulletins = self.forget_bulletins().await?;
        swept.orphans = self.remove_orphans().await?;
        swept.flags = self.end_flags().await?;
        self.inner.db.unit(|conn| Box::pin(tidy(conn))).await?;
        swept.keys = self.destroy_old_keys().await?;
        self.destroy_keys_of_gone_files().await?;
        self.link_audit().await?;
        self.inner.swept_at.store(self.now().await?, Ordering::Relaxed);
        Ok(swept)
    }

    /// The sweep that waits for its hour waits no longer.
    pub(crate) async fn sweep_soon(&self) -> Result<(), Fault> {
        self.make_due("UPDATE jobs SET due = $1 WHERE kind = 'sweep' AND state IN ('ready', 'waiting') AND due > $1")
            .await
    }

    /// What is due of a sweep: all of it each hour, and between, of sites that keep nothing, what is done.
    pub async fn sweep_what_is_due(&self) -> Result<Swept, Fault> {
        let since = self.now().await?.saturating_sub(self.inner.swept_at.load(Ordering::Relaxed));
        if since >= SWEEP_EVERY_S * SECOND {
            return self.sweep().await;
        }
        let mut swept = Swept::default();
        for site in self.sites_keeping_nothing() {
            swept.contents += self.erase_old_messages(&site).await?;
            swept.letters += self.erase_letters_of(&site).await?;
            swept.written += self.erase_written_of(&site).await?;
            self.erase_events_of(&site, &mut swept).await?;
        }
        if swept.letters > 0 {
            swept.letter_files = self.erase_old_letter_files().await?;
        }
        Ok(swept)
    }

    async fn erase_old_messages(&self, site: &str) -> Result<u64, Fault> {
        self.erase_old(site, &Erasure { subject: site, old: OLD, erase: &ERASE }).await
    }

    /// Erases what is older than the site keeps content, a little at a time; how many rows.
    pub(crate) async fn erase_old(&self, site: &str, what: &Erasure<'_>) -> Result<u64, Fault> {
        let (days, old, erase) = (self.keep_days(site), what.old, what.erase);
        let mut erased = 0;
        loop {
            let receipt = Entry::by_program(&self.inner.vault, site, "sweep", what.subject, None).await?;
            let asked = site.to_owned();
            let work = self.inner.db.unit(move |conn| Box::pin(erase_some(conn, asked, days, receipt, old, erase)));
            let gone = work.await?;
            for (row, blob) in &gone {
                self.inner.vault.forget_message_key(row);
                if let Some(name) = blob {
                    // Its key is gone already; should this fail, the file is an orphan for a later sweep.
                    if let Err(fault) = self.inner.blobs.remove(name).await {
                        tracing::warn!(code = %fault.code, "an erased blob could not be removed yet");
                    }
                }
            }
            erased += gone.len() as u64;
            if (gone.len() as i64) < ERASED_AT_ONCE {
                return Ok(erased);
            }
        }
    }

    /// A person's word: the content of a message is erased now, as the sweep would at its time, and with it the files that are kept of
    /// it, which the sweep leaves to their own rules. `None` when that was done,
    /// otherwise why not.
    pub async fn erase(&self, message: &str, who: &str) -> Result<Option<NotNow>, Fault> {
        const BLOB: &str = "SELECT blob FROM contents WHERE message = $1";
        const OPEN: &str = "SELECT id FROM jobs WHERE subject = $1 AND state IN ('ready', 'running', 'waiting')
            AND kind <> 'fetch' LIMIT 1";
        let Some(site) = self.site_of(message).await? else { return Ok(Some(NotNow::Unknown)) };
        let entry = Entry::by_person(&self.inner.vault, &site, "erase", message, who).await?;
        let asked = message.to_owned();
        let work = self.inner.db.unit(move |conn| {
            Box::pin(async move {
                if one!(conn, (String,), OPEN, &asked)?.is_some() {
                    return Ok(Err(NotNow::InWork));
                }
                let blob = one!(conn, (Option<String>,), BLOB, &asked)?.and_then(|(blob,)| blob);
                for sql in ERASE {
                    execute!(conn, sql, &asked)?;
                }
                let now = dialect::now(conn).await?;
                audit::write(conn, &entry, now).await?;
                Ok(Ok(blob))
            })
        });
        let blob = match work.await? {
            Ok(blob) => blob,
            Err(not_now) => return Ok(Some(not_now)),
        };
        self.inner.vault.forget_message_key(message);
        if let Some(name) = blob {
            self.inner.blobs.remove(&name).await?;
        }
        let files = self.files_of(message).await?.into_iter().map(|line| line.id).collect();
        self.delete_files(files, "mail_erased", Some(who)).await?;
        Ok(None)
    }

    /// Files that were taken in for an issue and never came to one: as old as content may become, and their mail is erased, so that
    /// nothing leads to them any more.
    async fn delete_lost_files(&self) -> Result<u64, Fault> {
        const LOST: &str =
            "SELECT k.id FROM kept_files k WHERE k.site = $1 AND k.issue_id IS NULL AND k.gone_at IS NULL AND k.kept_at < $2
                AND NOT EXISTS (SELECT 1 FROM messages m WHERE m.id = k.message AND m.wrapped_key IS NOT NULL)
            ORDER BY k.kept_at LIMIT $3";
        let mut deleted = 0;
        for site in self.sites_with_messages().await? {
            let before = self.now().await? - self.keep_days(&site).max(LOST_FILES_KEPT_DAYS_MIN) * DAY;
            let work = self
                .inner
                .db
                .read(move |conn| Box::pin(async move { all!(conn, (String,), LOST, &site, before, ERASED_AT_ONCE) }));
            let lost = work.await?.into_iter().map(|(id,)| id).collect();
            deleted += self.delete_files(lost, "no_issue", None).await?;
        }
        Ok(deleted)
    }

    async fn remove_orphans(&self) -> Result<u64, Fault> {
        const NAMED: &str = "SELECT message FROM contents WHERE blob = $1
            UNION ALL SELECT id FROM kept_files WHERE blob = $1
            UNION ALL SELECT id FROM outbox WHERE blob = $1
            UNION ALL SELECT id FROM outbox_files WHERE blob = $1
            UNION ALL SELECT id FROM relay_kept WHERE blob = $1";
        let mut removed = 0;
        for name in self.inner.blobs.older_than(Duration::from_secs(ORPHANS_KEPT_S)).await? {
            let asked = name.clone();
            let work = self.inner.db.read(move |conn| Box::pin(async move { one!(conn, (String,), NAMED, &asked) }));
            if work.await?.is_none() {
                self.inner.blobs.remove_leftover(&name).await?;
                removed += 1;
            }
        }
        Ok(removed)
    }

    /// Keys of days of which nothing is kept any more.
    async fn destroy_old_keys(&self) -> Result<u64, Fault> {
        const BY_MESSAGES: &str = "SELECT id FROM messages WHERE key_id = $1 AND wrapped_key IS NOT NULL
            UNION ALL SELECT id FROM outbox WHERE key_id = $1 AND wrapped_key IS NOT NULL
            UNION ALL SELECT id FROM written WHERE key_id = $1 AND wrapped_key IS NOT NULL
            UNION ALL SELECT id FROM outbox_files WHERE key_id = $1
            UNION ALL SELECT id FROM relay_kept WHERE key_id = $1 LIMIT 1";
        const BY_EVENTS: &str = "SELECT id FROM events WHERE key_id = $1 AND wrapped_key IS NOT NULL
            UNION ALL SELECT id FROM notices WHERE key_id = $1 AND wrapped_key IS NOT NULL LIMIT 1";
        let (book, mut destroyed) = (self.inner.vault.book(), 0);
        for site in book.sites(MESSAGE_DAY).await? {
            destroyed += self.destroy_keys_of_days(&site, MESSAGE_DAY, self.keep_days(&site), BY_MESSAGES).await?;
        }
        for site in book.sites(EVENT_DAY).await? {
            destroyed += self.destroy_keys_of_days(&site, EVENT_DAY, self.keep_events_days(&site), BY_EVENTS).await?;
        }
        Ok(destroyed)
    }

    async fn destroy_keys_of_days(
        &self,
        site: &str,
        kind: &'static str,
        keep_days: i64,
        used: &'static str,
    ) -> Result<u64, Fault> {
        let (book, mut destroyed) = (self.inner.vault.book(), 0);
        let day = day_of(self.now().await?) - keep_days - DAY_KEY_SLACK_DAYS;
        for id in book.days_before(site, kind, day, DAY_KEYS_AT_ONCE).await? {
            let asked = id.clone();
            let work = self.inner.db.read(move |conn| Box::pin(async move { one!(conn, (String,), used, &asked) }));
            if work.await?.is_none() {
                book.destroy(id.clone()).await?;
                self.inner.vault.forget_book_key(&id);
                destroyed += 1;
            }
        }
        Ok(destroyed)
    }
}

/// Erases some of a site, with a receipt in the audit trail; the ids and the blobs that nobody names any more.
async fn erase_some(
    conn: &mut Conn,
    site: String,
    keep_days: i64,
    receipt: Entry,
    old: &'static str,
    erase: &'static [&'static str],
) -> Result<Vec<(String, Option<String>)>, Fault> {
    let now = dialect::now(conn).await?;
    let before = now - keep_days * DAY;
    let unsettled = now - keep_days.max(UNSETTLED_KEPT_DAYS_MIN) * DAY;
    let gone = all!(conn, (String, Option<String>), old, before, ERASED_AT_ONCE, &site, unsettled)?;
    for (row, _) in &gone {
        for sql in erase {
            execute!(conn, *sql, row)?;
        }
    }
    if !gone.is_empty() {
        let told = format!("{{\"erased\":{},\"keep_content_days\":{keep_days}}}", gone.len());
        audit::write(conn, &receipt.with_receipt(Some(told)), now).await?;
    }
    Ok(gone)
}

async fn tidy(conn: &mut Conn) -> Result<(), Fault> {
    let now = dialect::now(conn).await?;
    execute!(conn, "DELETE FROM sign_in_links WHERE valid_until < $1", now)?;
    let (idle, whole) = (now - SESSION_IDLE_S * SECOND, now - SESSION_WHOLE_S * SECOND);
    execute!(conn, "DELETE FROM sessions WHERE seen_at < $1 OR opened_at < $2", idle, whole)?;
    execute!(conn, "DELETE FROM upload_links WHERE until < $1", now)?;
    execute!(conn, "DELETE FROM fetch_reports WHERE asked_at < $1", now - DAY)?;
    let old = now - DONE_JOBS_KEPT_S * SECOND;
    execute!(conn, "DELETE FROM jobs WHERE state = 'done' AND ended_at < $1", old)?;
    crate::relayed::forget(conn).await?;
    crate::person_key::forget(conn, now).await?;
    crate::key_challenge::forget(conn, now).await?;
    Ok(())
}
