//! Scheduled summaries: up to when each was seen to, the job that sees to it, and what was decided each time.

use crate::Store;
use crate::audit::{self, Entry};
use crate::database::{all, execute, one};
use crate::dialect;
use crate::event::notice_place;
use crate::job::{check_lease, come_again};
use crate::outbox::NewLetter;
use crate::rows::{JobKind, Lease, Micros};
use crate::sealed;
use policy::Fault;
use serde::Serialize;

/// Decisions in one page.
const PAGE_MAX: u32 = 200;

/// How far a summary was seen to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SummaryMark {
    /// What stands for its schedule.
    pub schedule: i64,
    /// What came due up to then is done, or is not done any more.
    pub seen_to: Micros,
    /// Since when somebody waits who wants it sent now.
    pub asked_at: Option<Micros>,
    /// Since when somebody waits who wants to know what would be sent.
    pub tried_at: Option<Micros>,
}

/// What was decided when a summary was due.
#[derive(Debug, Clone, PartialEq)]
pub struct SummaryStory {
    /// Also of its letters: [`Store::letters_of_notice`].
    pub id: String,
    pub made_at: Micros,
    pub outcome: String,
    /// `None` where it cannot be read.
    pub decision: Option<serde_json::Value>,
}

fn job_id(site: &str, summary: &str) -> String {
    format!("summary:{site}/{summary}")
}

const MARK: &str = "INSERT INTO summaries (site, summary, schedule, seen_to) VALUES ($1, $2, $3, $4)
    ON CONFLICT (site, summary) DO UPDATE SET schedule = excluded.schedule, seen_to = excluded.seen_to";
const ANSWERED: &str = "UPDATE summaries SET asked_at = CASE WHEN asked_at = $3 THEN NULL ELSE asked_at END,
        tried_at = CASE WHEN tried_at = $4 THEN NULL ELSE tried_at END
    WHERE site = $1 AND summary = $2";
const ASKED: &str = "SELECT COALESCE(asked_at, tried_at) FROM summaries
    WHERE site = $1 AND summary = $2 AND (asked_at IS NOT NULL OR tried_at IS NOT NULL)";
const NEW_NOTICE: &str =
    "INSERT INTO notices (id, site, issue_id, received_at, made_at, outcome, key_id, wrapped_key, sealed_notice)
    VALUES ($1, $2, $3, $4, $4, $5, $6, $7, $8)";

impl Store {
    /// Makes the job that sees to a summary, or has it run at once when it waits; a running one is left alone.
    pub async fn ensure_summary(&self, site: &str, summary: &str) -> Result<(), Fault> {
        self.ensure_job(JobKind::Summary, job_id(site, summary), site, summary).await
    }

    /// How far the summary of this job was seen to; `None` where it never was.
    pub async fn summary_mark(&self, lease: &Lease) -> Result<Option<SummaryMark>, Fault> {
        const SQL: &str =
            "SELECT schedule, seen_to, asked_at, tried_at FROM summaries WHERE site = $1 AND summary = $2";
        type Row = (i64, i64, Option<i64>, Option<i64>);
        let (site, summary) = (lease.site.clone(), lease.subject.clone());
        let work = self.inner.db.read(move |conn| Box::pin(async move { one!(conn, Row, SQL, &site, &summary) }));
        let mark = work.await?.map(|(schedule, seen_to, asked_at, tried_at)| SummaryMark {
            schedule,
            seen_to,
            asked_at,
            tried_at,
        });
        Ok(mark)
    }

    /// Nothing is due: it is seen to up to this mark, and the job comes again at `again`, or at once when somebody wants it sent.
    pub async fn summary_waits(&self, lease: &Lease, mark: SummaryMark, again: Micros) -> Result<(), Fault> {
        let lease = lease.clone();
        let work = self.inner.db.unit(move |conn| {
            Box::pin(async move {
                check_lease(conn, &lease).await?;
                execute!(conn, MARK, &lease.site, &lease.subject, mark.schedule, mark.seen_to)?;
                let is_asked = one!(conn, (i64,), ASKED, &lease.site, &lease.subject)?.is_some();
                let now = dialect::now(conn).await?;
                come_again(conn, &lease, if is_asked { now } else { again }).await
            })
        });
        work.await
    }

    /// Writes down under the id of [`Store::begin_notice`] what was decided, posts its letters, those that were drafted and these, and moves
    /// the mark, all at once; the job comes again at `again`. What was asked for at
    /// `mark.asked_at` or `mark.tried_at` is done by it.
    pub async fn write_summary<T: Serialize + Sync>(
        &self,
        lease: &Lease,
        (id, outcome): (&str, &'static str),
        decision: &T,
        letters: Vec<NewLetter>,
        (mark, again): (SummaryMark, Micros),
    ) -> Result<(), Fault> {
        let letters = self.drafts(&lease.site, letters).await?;
        let key = self.inner.vault.new_event_key(&lease.site, id, dialect::this_clock()).await?;
        let sealed = sealed::seal(&key.key, notice_place(&lease.site, id), decision)?;
        let (id, lease) = (id.to_owned(), lease.clone());
        let (key_id, wrapped) = (key.wrapped_by, key.wrapped);
        let work = self.inner.db.unit(move |conn| {
            Box::pin(async move {
                check_lease(conn, &lease).await?;
                let now = dialect::now(conn).await?;
                let (site, summary) = (&lease.site, &lease.subject);
                execute!(conn, NEW_NOTICE, &id, site, summary, now, outcome, &key_id, &wrapped, &sealed)?;
                letters.release(conn, &lease, &id, now).await?;
                execute!(conn, MARK, site, summary, mark.schedule, mark.seen_to)?;
                execute!(conn, ANSWERED, site, summary, mark.asked_at, mark.tried_at)?;
                let is_asked = one!(conn, (i64,), ASKED, site, summary)?.is_some();
                come_again(conn, &lease, if is_asked { now } else { again }).await
            })
        });
        work.await?;
        self.inner.bell.ring();
        Ok(())
    }

    /// A person's word: the summary is sent now, once, beside its times; or, with `is_try`, it is found out what would be sent. Said again before
    /// it was begun it changes nothing. When it was said.
    pub async fn ask_for_summary(&self, site: &str, summary: &str, is_try: bool, who: &str) -> Result<Micros, Fault> {
        const SEND: &str =
            "INSERT INTO summaries (site, summary, schedule, seen_to, asked_at) VALUES ($1, $2, 0, $3, $3)
            ON CONFLICT (site, summary) DO UPDATE SET asked_at = COALESCE(summaries.asked_at, excluded.asked_at)";
        const TRY: &str =
            "INSERT INTO summaries (site, summary, schedule, seen_to, tried_at) VALUES ($1, $2, 0, $3, $3)
            ON CONFLICT (site, summary) DO UPDATE SET tried_at = COALESCE(summaries.tried_at, excluded.tried_at)";
        let (sql, kind) = if is_try { (TRY, "try_summary") } else { (SEND, "send_summary") };
        let entry = Entry::by_person(&self.inner.vault, site, kind, summary, who).await?;
        let (of, asked) = (site.to_owned(), summary.to_owned());
        let work = self.inner.db.unit(move |conn| {
            Box::pin(async move {
                let now = dialect::now(conn).await?;
                execute!(conn, sql, &of, &asked, now)?;
                audit::write(conn, &entry, now).await?;
                Ok(now)
            })
        });
        let said_at = work.await?;
        self.ensure_summary(site, summary).await?;
        Ok(said_at)
    }

    /// How far a summary was seen to, for whoever looks at it.
    pub async fn summary_seen_to(&self, site: &str, summary: &str) -> Result<Option<Micros>, Fault> {
        const SQL: &str = "SELECT seen_to FROM summaries WHERE site = $1 AND summary = $2 AND schedule <> 0";
        let (site, summary) = (site.to_owned(), summary.to_owned());
        let work = self.inner.db.read(move |conn| Box::pin(async move { one!(conn, (i64,), SQL, &site, &summary) }));
        Ok(work.await?.map(|(at,)| at))
    }

    /// Why the work on a summary waits or stopped last; `None` when it went well since.
    pub async fn summary_fault(&self, site: &str, summary: &str) -> Result<Option<Fault>, Fault> {
        const SQL: &str = "SELECT sealed_fault FROM jobs WHERE id = $1";
        let job = job_id(site, summary);
        let asked = job.clone();
        let work = self.inner.db.read(move |conn| Box::pin(async move { one!(conn, (Option<Vec<u8>>,), SQL, &asked) }));
        let Some((Some(sealed),)) = work.await? else { return Ok(None) };
        let key = self.inner.vault.standing_key(site).await?;
        sealed::open(&key, sealed::job_place(site, &job), &sealed).map(Some)
    }

    /// What was decided about a summary, the newest first, at most 200 times; as long as decisions are kept.
    pub async fn summary_stories(&self, site: &str, summary: &str, limit: u32) -> Result<Vec<SummaryStory>, Fault> {
        type Row = (String, i64, String, Option<Vec<u8>>, Option<Vec<u8>>);
        let (of, asked) = (site.to_owned(), summary.to_owned());
        let limit = i64::from(limit.clamp(1, PAGE_MAX));
        let work =
            self.inner.db.read(move |conn| Box::pin(async move { all!(conn, Row, STORIES, &of, &asked, limit) }));
        let mut stories = Vec::new();
        for (id, made_at, outcome, wrapped, sealed) in work.await? {
            let decision = match wrapped.zip(sealed) {
                Some((wrapped, sealed)) => {
                    let key = self.inner.vault.message_key(site, &id, &wrapped).await?;
                    Some(sealed::open(&key, notice_place(site, &id), &sealed)?)
                }
                None => None,
            };
            stories.push(SummaryStory { id, made_at, outcome, decision });
        }
        Ok(stories)
    }
}

pub(crate) const STORIES: &str = "SELECT id, made_at, outcome, wrapped_key, sealed_notice FROM notices
    WHERE site = $1 AND issue_id = $2 AND wrapped_key IS NOT NULL ORDER BY made_at DESC LIMIT $3";
