//! Letters about events that did not arrive: of each somebody is told once, by a job of its own that is made with what says so.

use super::NewLetter;
use crate::Store;
use crate::database::{Conn, execute, one};
use crate::dialect;
use crate::event::notice_place;
use crate::job::{check_lease, end};
use crate::rows::{JobKind, Lease, Micros};
use crate::sealed;
use crate::summary::SummaryStory;
use policy::{Fault, FaultCode};
use serde::Serialize;

/// Letters of this kind to one address within an hour; of more that come back in a storm nobody is told.
const AN_HOUR_MAX: i64 = 20;
const HOUR: Micros = 3600 * 1_000_000;

/// A letter of this kind has a key `SITE/back:LETTER`: of such a letter nobody is told, whatever becomes of it, nor of one a second time.
macro_rules! is_told_of {
    ($letter:literal) => {
        concat!(
            "SUBSTR(",
            $letter,
            ".key, 1, LENGTH(",
            $letter,
            ".site) + 6) <> ",
            $letter,
            ".site || '/back:'
            AND NOT EXISTS (SELECT 1 FROM outbox b WHERE b.key = ",
            $letter,
            ".site || '/back:' || ",
            $letter,
            ".id)"
        )
    };
}

/// The job that finds out who is told of a letter.
macro_rules! jobs {
    ($which:literal) => {
        jobs!(
            $which,
            " ON CONFLICT (id) DO UPDATE SET state = 'ready', due = excluded.due, created_at = excluded.created_at, tries = 0,
                ended_at = NULL WHERE jobs.state = 'done'"
        )
    };
    ($which:literal, $where_there_is_one:literal) => {
        concat!(
            "INSERT INTO jobs (id, kind, site, subject, position, state, due, created_at)
            SELECT 'returned:' || o.id, 'returned', o.site, o.id, $1, 'ready', $1, $1 FROM outbox o WHERE ",
            $which,
            " AND ",
            is_told_of!("o"),
            $where_there_is_one
        )
    };
}

/// What was decided about a letter that did not arrive.
#[derive(Debug)]
pub struct ReturnDecision<'a, T> {
    /// From [`Store::begin_notice`].
    pub id: &'a str,
    pub outcome: &'static str,
    /// For its story.
    pub told: &'a T,
    /// The same where the letter is one too many.
    pub too_many: &'a T,
    /// What he is told; `None` where nobody is.
    pub letter: Option<NewLetter>,
}

/// What became of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ReturnWritten {
    /// As it was decided.
    Decided,
    /// So many letters of this kind went to him within an hour that this one is not sent.
    TooMany,
}

/// The outcome's word of a letter that is one too many.
const TOO_MANY: &str = "too_many";

/// Has somebody told of the letter of this key, of which a report proves that it came back.
pub(crate) async fn tell_of_report(conn: &mut Conn, key: &str, now: Micros) -> Result<(), Fault> {
    const JOBS: &str = jobs!("o.key = $2");
    execute!(conn, JOBS, now, key).map(|_| ())
}

/// The same of one that was known to have come back: somebody is told unless that was found out before, because a report that proves nothing
/// tells nobody.
pub(crate) async fn tell_of_proof(conn: &mut Conn, key: &str, now: Micros) -> Result<(), Fault> {
    const JOBS: &str = jobs!("o.key = $2", " ON CONFLICT (id) DO NOTHING");
    execute!(conn, JOBS, now, key).map(|_| ())
}

/// Has somebody told of the letter of this job, which was refused for good, or is given up.
pub(crate) async fn tell_of_failure(conn: &mut Conn, lease: &Lease, fault: &Fault, now: Micros) -> Result<(), Fault> {
    const JOBS: &str = jobs!("o.id = $2");
    // Of all others the recipient's side or the way there says nothing: they are for those who look after the gateway.
    let is_of_mail = matches!(
        fault.code,
        FaultCode::PostRefused | FaultCode::PostUnreachable | FaultCode::PostHalted | FaultCode::LetterTooSoon
    );
    if lease.kind != JobKind::Letter || !is_of_mail {
        return Ok(());
    }
    execute!(conn, JOBS, now, &lease.subject).map(|_| ())
}

impl Store {
    /// Writes down who is told that the letter of this job did not arrive, with what he is told, and ends the job.
    pub async fn write_returned<T: Serialize + Sync>(
        &self,
        lease: &Lease,
        decision: ReturnDecision<'_, T>,
    ) -> Result<ReturnWritten, Fault> {
        const NOTICE: &str =
            "INSERT INTO notices (id, site, issue_id, received_at, made_at, outcome, key_id, wrapped_key, sealed_notice)
            VALUES ($1, $2, $3, $4, $4, $5, $6, $7, $8)";
        const SENT: &str = "SELECT COUNT(*) FROM outbox o WHERE o.site = $1 AND o.address = $2 AND o.posted_at > $3
            AND SUBSTR(o.key, 1, LENGTH(o.site) + 6) = o.site || '/back:'";
        let ReturnDecision { id, outcome, told, too_many, letter } = decision;
        let letters = self.drafts(&lease.site, letter.into_iter().collect()).await?;
        let key = self.inner.vault.new_event_key(&lease.site, id, dialect::this_clock()).await?;
        let place = || notice_place(&lease.site, id);
        let as_decided = (outcome, sealed::seal(&key.key, place(), told)?);
        let as_too_many = (TOO_MANY, sealed::seal(&key.key, place(), too_many)?);
        let (id, lease) = (id.to_owned(), lease.clone());
        let (key_id, wrapped) = (key.wrapped_by, key.wrapped);
        let work = self.inner.db.unit(move |conn| {
            Box::pin(async move {
                check_lease(conn, &lease).await?;
                dialect::lock_letters(conn, &lease.site).await?;
                let now = dialect::now(conn).await?;
                let (site, letter) = (&lease.site, &lease.subject);
                let sent = match letters.address() {
                    Some(address) => one!(conn, (i64,), SENT, site, address, now - HOUR)?.map_or(0, |(sent,)| sent),
                    None => 0,
                };
                let (became, (word, sealed)) = match sent < AN_HOUR_MAX {
                    true => (ReturnWritten::Decided, &as_decided),
                    false => (ReturnWritten::TooMany, &as_too_many),
                };
                execute!(conn, NOTICE, &id, site, letter, now, *word, &key_id, &wrapped, sealed)?;
                if became == ReturnWritten::Decided {
                    letters.release(conn, &lease, &id, now).await?;
                }
                end(conn, &lease, now).await?;
                Ok(became)
            })
        });
        let became = work.await?;
        self.inner.bell.ring();
        Ok(became)
    }

    /// What was decided last about who is told that a letter did not arrive, as long as decisions are kept.
    pub async fn return_story(&self, site: &str, letter: &str) -> Result<Option<SummaryStory>, Fault> {
        // Nothing else stands for what a decision is about by a letter's id.
        Ok(self.summary_stories(site, letter, 1).await?.pop())
    }
}
