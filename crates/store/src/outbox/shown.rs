//! Letters about events as they are shown: what became of each.

use super::{LetterAbout, about_place, job_id, step_of, time_of};
use crate::Store;
use crate::database::all;
use crate::dialect;
use crate::ledger;
use crate::rows::{CameBack, Dialogue, JobState, LetterFate, Micros};
use crate::sealed::{self, job_place};
use policy::{Fault, Receipt, ReturnedLetter, StepKey};

/// Letters in one page, and letters of one decision that are told.
pub const LETTERS_PAGE_MAX: u32 = 200;

/// A letter about events.
#[derive(Debug, Clone, PartialEq)]
pub struct OutboxLine {
    pub id: String,
    pub key: StepKey,
    pub site: String,
    pub issue_id: String,
    pub posted_at: Micros,
    pub size_bytes: u64,
    /// `None` after it was erased.
    pub about: Option<LetterAbout>,
    pub fate: LetterFate,
    /// The work on it; `None` when that was done long ago.
    pub job: Option<JobState>,
    /// Why that work waited or stopped last; `None` when it ended since.
    pub fault: Option<Fault>,
    /// Nobody knows whether it arrived: it was sent, and there was no answer.
    pub in_doubt: bool,
    /// One of the events that it tells of; `None` when they are forgotten.
    pub event: Option<String>,
    /// The letter that somebody wrote on purpose whose copy for this person it is.
    pub written: Option<String>,
    /// Nobody had that sent yet: it waits for a person's word.
    pub is_draft: bool,
    /// How often somebody had it sent once more after it was sent.
    pub again: u32,
    /// How it left last; `None` until then, and after it was erased.
    pub dialogue: Option<Dialogue>,
}

/// id, key, site, issue_id, posted_at, size_bytes, wrapped_key, sealed_letter, the ledger's state with its key, receipt and sealed_fault, the job's state and
/// sealed_fault, the last event or what somebody wrote, when it came back, and the report of that with the letter's number.
type Row = (
    String,
    String,
    String,
    String,
    i64,
    i64,
    Option<Vec<u8>>,
    Option<Vec<u8>>,
    Option<String>,
    Option<String>,
    Option<Vec<u8>>,
    Option<String>,
    Option<Vec<u8>>,
    Option<String>,
    Option<i64>,
    Option<String>,
);

/// A query for whole rows. The last event of a decision is found by its issue and the time at which it came in, also after it was decided about anew.
macro_rules! rows {
    ($from:expr, $($rest:expr),+) => {
        concat!(
            "SELECT o.id, o.key, o.site, o.issue_id, COALESCE(o.posted_at, o.drafted_at), o.size_bytes, o.wrapped_key, o.sealed_letter,
                d.state || ' ' || d.key, d.receipt, d.sealed_fault, j.state, j.sealed_fault,
                COALESCE((SELECT MAX(e.id) FROM notices n JOIN events e ON e.received_at = n.received_at
                    AND e.site = n.site AND e.issue_id = n.issue_id WHERE n.id = o.notice),
                    (SELECT CASE WHEN o.posted_at IS NULL THEN 'draft/' ELSE 'written/' END || w.id FROM written w
                        WHERE w.id = o.notice)), o.bounced_at, o.report || '/' || o.number
            FROM ",
            $from,
            " LEFT JOIN ledger d ON d.key = ",
            step_of!("o"),
            " WHERE ",
            $($rest),+
        )
    };
    ($rest:literal) => {
        rows!("outbox o LEFT JOIN jobs j ON j.id = 'letter:' || o.id", $rest)
    };
}

pub(crate) const NEWEST: &str =
    rows!("o.posted_at IS NOT NULL AND (o.posted_at, o.id) < ($1, $2) ORDER BY o.posted_at DESC, o.id DESC LIMIT $3");
/// Letters that are held or were given up. What was erased cannot be sent any more.
macro_rules! stopped {
    () => {
        "j.state IN ('held', 'dead') AND j.kind = 'letter' AND o.id = j.subject AND o.wrapped_key IS NOT NULL"
    };
}

/// How many they are, and since when.
pub(crate) const STOPPED_NUMBER: &str =
    concat!("SELECT COUNT(*), COALESCE(MIN(j.ended_at), 0) FROM jobs j CROSS JOIN outbox o WHERE ", stopped!());
pub(crate) const STOPPED: &str = rows!(
    "jobs j CROSS JOIN outbox o",
    stopped!(),
    " AND (o.posted_at, o.id) < ($1, $2) ORDER BY o.posted_at DESC, o.id DESC LIMIT $3"
);

impl Store {
    /// One page of letters about events, newest first, at most 200; those before `before`, a time of posting with its id.
    pub async fn outbox(&self, before: Option<(Micros, String)>, limit: u32) -> Result<Vec<OutboxLine>, Fault> {
        self.letter_page(NEWEST, before, limit).await
    }

    /// Letters that are held or were given up: newest first, at most 200, those before `before` (time of posting and id).
    pub async fn stopped_letters(
        &self,
        before: Option<(Micros, String)>,
        limit: u32,
    ) -> Result<Vec<OutboxLine>, Fault> {
        self.letter_page(STOPPED, before, limit).await
    }

    async fn letter_page(
        &self,
        sql: &'static str,
        before: Option<(Micros, String)>,
        limit: u32,
    ) -> Result<Vec<OutboxLine>, Fault> {
        let limit = i64::from(limit.clamp(1, LETTERS_PAGE_MAX));
        let (at, id) = before.unwrap_or((Micros::MAX, String::new()));
        let work = self.inner.db.read(move |conn| Box::pin(async move { all!(conn, Row, sql, at, &id, limit) }));
        self.lines(work.await?).await
    }

    /// The letters that a decision posted, at most 200 of them.
    pub async fn letters_of_notice(&self, notice: &str) -> Result<Vec<OutboxLine>, Fault> {
        const SQL: &str = rows!("o.notice = $1 AND o.posted_at IS NOT NULL ORDER BY o.id LIMIT $2");
        let notice = notice.to_owned();
        let limit = i64::from(LETTERS_PAGE_MAX);
        let work = self.inner.db.read(move |conn| Box::pin(async move { all!(conn, Row, SQL, &notice, limit) }));
        self.lines(work.await?).await
    }

    /// The letters of one that somebody wrote, also before he has them sent; at most 200 of them.
    pub(crate) async fn letters_of_written(&self, id: &str) -> Result<Vec<OutboxLine>, Fault> {
        const SQL: &str = rows!("o.notice = $1 ORDER BY o.id LIMIT $2");
        let (notice, limit) = (id.to_owned(), i64::from(LETTERS_PAGE_MAX));
        let work = self.inner.db.read(move |conn| Box::pin(async move { all!(conn, Row, SQL, &notice, limit) }));
        self.lines(work.await?).await
    }

    /// One letter about events, also one that somebody wrote and has not sent yet; `None` when there is none of this id.
    pub async fn outbox_letter(&self, id: &str) -> Result<Option<OutboxLine>, Fault> {
        const SQL: &str = rows!("o.id = $1 AND (o.posted_at IS NOT NULL OR o.notice IN (SELECT id FROM written))");
        let id = id.to_owned();
        let work = self.inner.db.read(move |conn| Box::pin(async move { all!(conn, Row, SQL, &id) }));
        Ok(self.lines(work.await?).await?.pop())
    }

    async fn lines(&self, rows: Vec<Row>) -> Result<Vec<OutboxLine>, Fault> {
        let mut lines = Vec::with_capacity(rows.len());
        for row in rows {
            lines.push(self.outbox_line(row).await?);
        }
        Ok(lines)
    }

    async fn outbox_line(&self, row: Row) -> Result<OutboxLine, Fault> {
        let (id, key, site, issue_id, posted_at, size_bytes, wrapped, about, state, receipt, fault, ..) = row;
        let (.., job, why, event, bounced_at, report) = row;
        let (state, step) = match state.as_deref().and_then(|state| state.split_once(' ')) {
            Some((state, step)) => (Some(state), step),
            None => (None, key.as_str()),
        };
        let sealing = match wrapped {
            Some(wrapped) => Some(self.inner.vault.message_key(&site, &id, &wrapped).await?),
            None => None,
        };
        let about = match (&sealing, about) {
            (Some(sealing), Some(sealed)) => Some(sealed::open(sealing, about_place(&site, &id), &sealed)?),
            _ => None,
        };
        let receipt: Option<Receipt> = receipt.as_deref().and_then(|text| serde_json::from_str(text).ok());
        let came_back = match bounced_at.zip(report) {
            Some((at, report)) => Some(self.came_back(&key, at, &report).await?),
            None => None,
        };
        let dialogue = match state {
            Some("done") => ledger::read_dialogue(sealing.as_deref(), &site, step, fault.clone())?,
            _ => None,
        };
        let fate = match (state, receipt) {
            _ if came_back.is_some() => came_back.map_or(LetterFate::Sent, LetterFate::CameBack),
            (_, Some(Receipt::Letter { dead_end: true, .. })) => LetterFate::DeadEnd,
            (Some("done"), _) => LetterFate::Sent,
            (Some("failed"), _) => LetterFate::Failed(ledger::read_fault(sealing.as_deref(), &site, step, fault)?),
            _ => LetterFate::Waits,
        };
        let job = job.as_deref().map(JobState::from_word).transpose()?;
        let why = match sealing.as_deref().zip(why) {
            Some((sealing, why)) => Some(sealed::open(sealing, job_place(&site, &job_id(&id)), &why)?),
            None => None,
        };
        let size_bytes = u64::try_from(size_bytes).unwrap_or_default();
        let (again, in_doubt) = (time_of(step), state == Some("begun"));
        let (event, written, is_draft) = origin(event);
        Ok(OutboxLine {
            key: StepKey(key),
            id,
            site,
            issue_id,
            posted_at,
            size_bytes,
            about,
            fate,
            job,
            fault: why,
            in_doubt,
            event,
            written,
            is_draft,
            again,
            dialogue,
        })
    }

    /// What the report says of the letter with this key, whose number stands behind it.
    async fn came_back(&self, key: &str, at: Micros, report: &str) -> Result<CameBack, Fault> {
        let (report, number) = report.rsplit_once('/').unwrap_or((report, ""));
        let number = number.parse::<i64>().ok().map(i64::cast_unsigned);
        let plan = self.plan(report).await?;
        let returned = plan.into_iter().flat_map(|plan| plan.returned);
        let own = policy::letter_number(&StepKey(key.to_owned()));
        let is_it = |returned: &ReturnedLetter| match &returned.path {
            Some(path) => path.number == own,
            None => Some(returned.number) == number,
        };
        let letter = returned.into_iter().find(is_it);
        Ok(CameBack { at, report: report.to_owned(), letter })
    }

    /// Of each site how many letters about events came back since midnight (UTC).
    pub async fn came_back_today(&self) -> Result<Vec<(String, u64)>, Fault> {
        const SQL: &str = "SELECT site, COUNT(*) FROM (
                SELECT site FROM outbox WHERE bounced_at >= $1
                UNION ALL SELECT site FROM outbox WHERE returned_at >= $1 AND bounced_at IS NULL) AS back
            GROUP BY site ORDER BY site";
        const DAY: Micros = 86_400_000_000;
        let work = self.inner.db.read(|conn| {
            Box::pin(async move {
                let midnight = dialect::now(conn).await?.div_euclid(DAY) * DAY;
                all!(conn, (String, i64), SQL, midnight)
            })
        });
        Ok(work.await?.into_iter().map(|(site, number)| (site, u64::try_from(number).unwrap_or(0))).collect())
    }
}

/// What a letter came from: an event, or what somebody wrote with whether it waits for a word.
fn origin(told: Option<String>) -> (Option<String>, Option<String>, bool) {
    let Some(told) = told else { return (None, None, false) };
    match told.split_once('/') {
        Some((word, id)) => (None, Some(id.to_owned()), word == "draft"),
        None => (Some(told), None, false),
    }
}
