//! An event that is decided about anew on a person's word: with the mappings as they are now, and for those who were not told of it.

use super::{EventStory, job_id, notice_place};
use crate::Store;
use crate::audit::{self, Entry};
use crate::database::{Conn, all, execute, one};
use crate::dialect;
use crate::outbox::OutboxLine;
use crate::rows::{JobState, Micros};
use crate::sealed;
use policy::event::Event;
use policy::{Fault, FaultCode};
use serde::{Deserialize, Serialize};
use serde_json::Value;

/// What stands in the audit trail, with the decision that was there before.
pub(super) const KIND: &str = "event_again";
/// Words about one event that are told.
const WORDS_MAX: i64 = 100;
/// Earlier decisions that are read at once.
const EARLIER_AT_ONCE: i64 = 200;

/// Decisions about an issue ($3) of a site ($2) whose events came in at $1 or later, below the row of $4 and $5. Each decision asks for them.
pub(crate) const EARLIER: &str = "SELECT id, received_at, wrapped_key, sealed_notice FROM notices
    WHERE received_at >= $1 AND site = $2 AND issue_id = $3 AND wrapped_key IS NOT NULL
        AND (received_at < $4 OR (received_at = $4 AND id < $5))
    ORDER BY received_at DESC, id DESC LIMIT $6";

/// Why an event is not decided about anew.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NotDecidedAgain {
    /// There is no such event.
    Unknown,
    /// What it says was erased.
    Erased,
    /// Nothing is decided about it yet; how the work on its issue is doing, if it is there.
    Waits(Option<JobState>),
}

impl NotDecidedAgain {
    /// In words, with what to do.
    pub fn in_words(self) -> &'static str {
        match self {
            NotDecidedAgain::Unknown => "There is no event of this id; `sealpost event list` shows them.",
            NotDecidedAgain::Erased => {
                "What it says was erased, by hand or because its days were over, so nothing can be decided about it any more; \
                 `sealpost letter write` writes to people about its issue."
            }
            NotDecidedAgain::Waits(Some(JobState::Held | JobState::Dead)) => {
                "Nothing is decided about it yet: the work on its issue is held or was given up; `sealpost event wake` begins that anew."
            }
            NotDecidedAgain::Waits(_) => {
                "Nothing is decided about it yet; it is decided with the mappings as they are then, so there is nothing to do."
            }
        }
    }
}

/// A person's word that an event is decided about anew.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EventAgain {
    pub at: Micros,
    /// Empty where the gateway had it decided anew: a letter that the comment asked for does not go to whom it was counted on.
    pub who: String,
    /// The decision that was there before, by whose id its letters are known.
    pub notice_id: String,
}

/// The gateway's own word that an event is decided anew, ready to be said in a unit of work.
pub(crate) struct Anew {
    event: String,
    site: String,
    issue: String,
    entry: Entry,
}

impl Anew {
    /// Whoever was told of the event is not told again. Nothing is done where it is not decided yet, or erased.
    pub(crate) async fn begin(self, conn: &mut Conn) -> Result<(), Fault> {
        let Anew { event, site, issue, entry } = self;
        again(conn, &event, (&site, &issue), entry).await.map(|_| ())
    }
}

#[derive(Serialize, Deserialize)]
struct Before {
    notice: String,
}

impl Store {
    /// A person's word: it is decided anew who is told of an event, at once and with the mappings in force. What was decided together with it stays
    /// as it is. `None` when that was begun, otherwise why not.
    pub async fn decide_again(&self, event: &str, who: &str) -> Result<Option<NotDecidedAgain>, Fault> {
        const OF: &str = "SELECT site, issue_id FROM events WHERE id = $1";
        let asked = event.to_owned();
        let found = self.inner.db.read(move |conn| Box::pin(async move { one!(conn, (String, String), OF, &asked) }));
        let Some((site, issue)) = found.await? else { return Ok(Some(NotDecidedAgain::Unknown)) };
        let entry = Entry::by_person(&self.inner.vault, &site, KIND, event, who).await?;
        let event = event.to_owned();
        let work =
            self.inner.db.unit(move |conn| Box::pin(async move { again(conn, &event, (&site, &issue), entry).await }));
        let not = work.await?;
        self.inner.bell.ring();
        Ok(not)
    }

    /// The word that this deed is decided about anew; `None` where there is none, or it is not known any more.
    pub(crate) async fn anew(&self, site: &str, deed: Option<&Event>) -> Result<Option<Anew>, Fault> {
        const OF: &str = "SELECT id FROM events WHERE site = $1 AND deed = $2";
        let Some(about) = deed else { return Ok(None) };
        let (of, deed) = (site.to_owned(), self.inner.vault.hasher(site).await?.deed(&about.deed()));
        let found = self.inner.db.read(move |conn| Box::pin(async move { one!(conn, (String,), OF, &of, &deed) }));
        let Some((event,)) = found.await? else { return Ok(None) };
        let entry = Entry::by_program(&self.inner.vault, site, KIND, &event, None).await?;
        Ok(Some(Anew { event, site: site.to_owned(), issue: about.issue_id.clone(), entry }))
    }

    /// Who had an event decided about anew, and what had been decided before; the latest last.
    pub async fn event_again(&self, site: &str, event: &str) -> Result<Vec<EventAgain>, Fault> {
        const SQL: &str =
            "SELECT at, receipt, sealed_who FROM audit WHERE subject = $1 AND kind = $2 ORDER BY id LIMIT $3";
        type Row = (i64, Option<String>, Option<Vec<u8>>);
        let asked = event.to_owned();
        let work =
            self.inner.db.read(move |conn| Box::pin(async move { all!(conn, Row, SQL, &asked, KIND, WORDS_MAX) }));
        let mut words = Vec::new();
        for (at, receipt, sealed) in work.await? {
            let who = self.opened_who(site, event, sealed).await?;
            let before = receipt.and_then(|text| serde_json::from_str::<Before>(&text).ok());
            words.extend(before.map(|Before { notice }| EventAgain { at, who, notice_id: notice }));
        }
        Ok(words)
    }

    /// The letters that tell of an event, also those of what was decided about it before it was decided anew; at most
    /// [`crate::LETTERS_PAGE_MAX`] of each decision, the first decision's first.
    pub async fn letters_of_event(&self, story: &EventStory) -> Result<Vec<OutboxLine>, Fault> {
        let mut letters = Vec::new();
        for notice in story.again.iter().map(|again| &again.notice_id).chain(&story.notice_id) {
            letters.extend(self.letters_of_notice(notice).await?);
        }
        Ok(letters)
    }

    /// All that was decided about events of an issue of which one came in at this time or later, as far as it is kept, the newest first: whoever
    /// was told of such an event before stands in it.
    pub async fn notices_since(&self, site: &str, issue_id: &str, since: Micros) -> Result<Vec<Value>, Fault> {
        type Row = (String, i64, Option<Vec<u8>>, Option<Vec<u8>>);
        let (mut notices, mut before) = (Vec::new(), (i64::MAX, String::new()));
        loop {
            let (of, about, (at, after)) = (site.to_owned(), issue_id.to_owned(), before.clone());
            let work = self.inner.db.read(move |conn| {
                Box::pin(async move { all!(conn, Row, EARLIER, since, &of, &about, at, &after, EARLIER_AT_ONCE) })
            });
            let rows = work.await?;
            let is_last = (rows.len() as i64) < EARLIER_AT_ONCE;
            for (id, received_at, wrapped, notice) in rows {
                if let (Some(key), Some(notice)) = (self.inner.row_key(site, &id, wrapped.as_deref()).await?, notice) {
                    notices.push(sealed::open(&key, notice_place(site, &id), &notice)?);
                }
                before = (received_at, id);
            }
            if is_last {
                return Ok(notices);
            }
        }
    }
}

/// What the audit trail says of the decision that was there before.
pub(super) fn receipt(notice: &str) -> Result<String, Fault> {
    let cannot = |error: serde_json::Error| Fault::permanent(FaultCode::StoreCorrupt, error.to_string());
    serde_json::to_string(&Before { notice: notice.to_owned() }).map_err(cannot)
}

async fn again(
    conn: &mut Conn,
    event: &str,
    (site, issue): (&str, &str),
    entry: Entry,
) -> Result<Option<NotDecidedAgain>, Fault> {
    const FOUND: &str =
        "SELECT notice, CAST(CASE WHEN wrapped_key IS NULL THEN 0 ELSE 1 END AS BIGINT) FROM events WHERE id = $1";
    const STATE: &str = "SELECT state FROM jobs WHERE id = $1";
    const OPEN: &str = "UPDATE events SET notice = NULL, due_at = $1 WHERE id = $2 AND notice = $3";
    // A job that waits after a try is left alone, as by an event that comes in; one that runs goes on with what is open then.
    const JOB: &str = "INSERT INTO jobs (id, kind, site, subject, position, state, due, created_at)
        VALUES ($1, 'notice', $2, $3, $4, 'ready', $4, $4) ON CONFLICT (id) DO UPDATE SET
            due = CASE WHEN jobs.state IN ('done', 'held', 'dead', 'ready') THEN excluded.due ELSE jobs.due END,
            tries = CASE WHEN jobs.state IN ('done', 'held', 'dead') THEN 0 ELSE jobs.tries END,
            created_at = CASE WHEN jobs.state IN ('done', 'held', 'dead') THEN excluded.created_at ELSE jobs.created_at END,
            ended_at = CASE WHEN jobs.state IN ('done', 'held', 'dead') THEN NULL ELSE jobs.ended_at END,
            state = CASE WHEN jobs.state IN ('done', 'held', 'dead') THEN 'ready' ELSE jobs.state END";
    let job = job_id(site, issue);
    dialect::lock_job(conn, &job).await?;
    let Some((notice, kept)) = one!(conn, (Option<String>, i64), FOUND, event)? else {
        return Ok(Some(NotDecidedAgain::Unknown));
    };
    if kept == 0 {
        return Ok(Some(NotDecidedAgain::Erased));
    }
    let Some(notice) = notice else {
        let state = one!(conn, (String,), STATE, &job)?.map(|(state,)| JobState::from_word(&state)).transpose()?;
        return Ok(Some(NotDecidedAgain::Waits(state)));
    };
    let now = dialect::now(conn).await?;
    if execute!(conn, OPEN, now, event, &notice)? == 0 {
        return Ok(Some(NotDecidedAgain::Waits(None)));
    }
    execute!(conn, JOB, &job, site, issue, now)?;
    audit::write(conn, &entry.with_receipt(Some(receipt(&notice)?)), now).await?;
    Ok(None)
}
