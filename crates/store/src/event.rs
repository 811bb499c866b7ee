//! Events of trackers: each deed taken in once, and the job that decides about those of an issue when their window is over.

pub(crate) mod again;
mod erase;
pub(crate) mod filtered;
pub(crate) mod forget;
mod notice;
pub(crate) mod shown;

pub use again::{EventAgain, NotDecidedAgain};
pub use erase::{ErasedByHand, LettersErased, NotErased};
pub use notice::Decided;

use crate::Store;
use crate::audit::{self, Entry};
use crate::database::{Conn, all, execute, one};
use crate::dialect;
use crate::job::end;
use crate::meter;
use crate::rows::{JobState, Lease, Micros};
use crate::sealed;
use crate::store::Inner;
use crate::vault::hash::Hasher;
use crate::vault::seal::{Place, SealingKey};
use crate::writer::end_unit;
use policy::event::{Event, EventKind};
use policy::{Fault, FaultCode};
use serde_json::Value;
use std::sync::Arc;
use uuid::Uuid;

/// What an event says, and what was decided about it, stays so long.
pub const EVENTS_KEPT_DAYS: i64 = 7;
/// That a deed was told stays so long: until then it is known again (SEC-39).
pub const DEEDS_KEPT_DAYS: i64 = 90;
/// The largest body of a webhook that is kept for its story.
pub const BODY_KEPT_BYTES_MAX: usize = 64 * 1024;
/// Events of one issue that are decided about at once; the others follow.
pub const EVENTS_AT_ONCE: i64 = 200;
/// The longest page of events.
const PAGE_MAX: u32 = 200;

/// How we were told of an event.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Via {
    /// The tracker told us by itself.
    Webhook,
    /// It was read in the issue's history.
    History,
}

impl Via {
    /// The word that stands in the database.
    pub fn word(self) -> &'static str {
        match self {
            Via::Webhook => "webhook",
            Via::History => "history",
        }
    }

    fn from_word(word: &str) -> Result<Via, Fault> {
        let known = [Via::Webhook, Via::History].into_iter().find(|via| via.word() == word);
        known.ok_or_else(|| Fault::permanent(FaultCode::StoreCorrupt, "an event came by an unknown way"))
    }
}

/// An event that nothing was decided about yet.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoredEvent {
    pub id: String,
    pub received_at: Micros,
    pub event: Event,
}

/// A row of the list of events.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EventLine {
    pub id: String,
    pub site: String,
    pub kind: EventKind,
    pub issue_id: String,
    pub via: Via,
    pub happened_at: Micros,
    pub received_at: Micros,
    /// What happened; `None` after it was erased.
    pub event: Option<Event>,
    /// What was decided about it; `None` until then.
    pub outcome: Option<String>,
}

/// Everything that is known of one event.
#[derive(Debug, Clone, PartialEq)]
pub struct EventStory {
    pub line: EventLine,
    /// The id of the decision, by which its letters are known; `None` until then.
    pub notice_id: Option<String>,
    /// What was decided, as JSON; `None` until then, and after it was erased.
    pub notice: Option<Value>,
    /// What told of it, word by word.
    pub body: Option<Vec<u8>>,
    /// Who had it decided about anew, each with what had been decided before.
    pub again: Vec<EventAgain>,
    /// Who erased it; `None` while it is kept, and where the sweep did.
    pub erased: Option<ErasedByHand>,
    /// The work on its issue; `None` when it was done long ago.
    pub job: Option<JobState>,
    /// Why that work waited or stopped last; `None` when it ended since.
    pub fault: Option<Fault>,
    /// While that work waits for room in a capacity plan: when the oldest and the newest of the events came in that wait.
    pub held: Option<(Micros, Micros)>,
}

macro_rules! new_event_sql {
    () => {
        "INSERT INTO events (id, site, deed, kind, issue_id, via, happened_at, received_at, key_id, wrapped_key,
            sealed_event, sealed_body, due_at)
        VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $16)
        ON CONFLICT (site, deed) DO NOTHING"
    };
}

/// The job of an event's issue. Where it is there it is only taken, so that whoever is about to end it waits and then finds the event;
/// one that ended begins a new window. An event that waits for less than the others brings their window forward; one that nobody is told of
/// does not. A job that waits after a try is left alone: the pause is there for the tracker, and a storm must not use up the tries.
macro_rules! job_sql {
    ($new:literal) => {
        concat!(
            "INSERT INTO jobs (id, kind, site, subject, position, state, due, created_at)
            SELECT $13, 'notice', $2, $5, $14, 'ready', $15, $14 FROM ",
            $new,
            " ON CONFLICT (id) DO UPDATE SET
                state = CASE WHEN jobs.state IN ('done', 'held', 'dead') THEN 'ready' ELSE jobs.state END,
                due = CASE WHEN jobs.state IN ('done', 'held', 'dead')
                    OR (jobs.state = 'ready' AND $16 IS NOT NULL AND excluded.due < jobs.due)
                    THEN excluded.due ELSE jobs.due END,
                tries = CASE WHEN jobs.state IN ('done', 'held', 'dead') THEN 0 ELSE jobs.tries END,
                created_at = CASE WHEN jobs.state IN ('done', 'held', 'dead') THEN excluded.created_at
                    ELSE jobs.created_at END,
                ended_at = CASE WHEN jobs.state IN ('done', 'held', 'dead') THEN NULL ELSE jobs.ended_at END"
        )
    };
}

/// The rows of an event in one go, and the end of the unit with them.
const NEW_AND_END_ON_SQLITE: &str =
    concat!(new_event_sql!(), "; ", job_sql!("events WHERE id = $1"), "; ", end_unit!());
const NEW_ON_POSTGRES: &str = concat!("WITH new AS (", new_event_sql!(), " RETURNING id) ", job_sql!("new"));

/// A row of an event, sealed and hashed, ready to be inserted.
struct NewEvent {
    id: String,
    site: String,
    deed: Vec<u8>,
    kind: &'static str,
    issue_id: String,
    via: Via,
    happened_at: Micros,
    key_id: String,
    wrapped_key: Vec<u8>,
    sealed_event: Vec<u8>,
    sealed_body: Option<Vec<u8>>,
    window: Option<Micros>,
}

/// id, site, kind, issue_id, via, happened_at, received_at, wrapped_key, sealed_event, notice, outcome.
type Row = (
    String,
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
);

fn event_place<'a>(site: &'a str, id: &'a str, field: &'static str) -> Place<'a> {
    Place { site, table: "events", row: id, field }
}

pub(crate) fn notice_place<'a>(site: &'a str, id: &'a str) -> Place<'a> {
    Place { site, table: "notices", row: id, field: "sealed_notice" }
}

/// The job of an issue's events.
fn job_id(site: &str, issue_id: &str) -> String {
    format!("notice:{site}/{issue_id}")
}

impl Store {
    /// Takes in each of these deeds that is not known yet, with the job of its issue, which is due when the first of the windows, each beside its event, of
    /// its open events is over; durable when it returns. How many were new. Events that nobody is told of have no window: they wait for
    /// nothing, and change nothing of how long others do. `body` is what told of them, kept for their story unless it is above
    /// [`BODY_KEPT_BYTES_MAX`].
    pub async fn take_in_events(
        &self,
        site: &str,
        events: &[(&Event, Option<Micros>)],
        body: &[u8],
        via: Via,
    ) -> Result<u32, Fault> {
        self.inner.room.check()?;
        let hasher = self.inner.vault.hasher(site).await?;
        let mut new = 0;
        for (event, window) in events {
            let row = self.new_event(site, event, body, via, *window, &hasher).await?;
            let id = row.id.clone();
            // The row of the job is locked, too, in the order in which leases are renewed.
            let order = [job_id(&row.site, &row.issue_id).as_bytes(), b"/", &row.deed].concat();
            let work = self.inner.db.grouped_unit(order, move |conn| Box::pin(async move { insert(conn, &row).await }));
            match work.await? {
                true => new += 1,
                false => self.inner.vault.forget_message_key(&id),
            }
        }
        if new > 0 {
            self.inner.bell.ring();
        }
        Ok(new)
    }

    async fn new_event(
        &self,
        site: &str,
        event: &Event,
        body: &[u8],
        via: Via,
        window: Option<Micros>,
        hasher: &Hasher,
    ) -> Result<NewEvent, Fault> {
        let id = Uuid::now_v7().simple().to_string();
        let key = self.inner.vault.new_event_key(site, &id, dialect::this_clock()).await?;
        let is_kept = !body.is_empty() && body.len() <= BODY_KEPT_BYTES_MAX;
        let body = is_kept.then(|| key.key.seal(event_place(site, &id, "sealed_body"), body)).transpose()?;
        Ok(NewEvent {
            deed: hasher.deed(&event.deed()),
            kind: event.kind.word(),
            issue_id: event.issue_id.clone(),
            via,
            happened_at: event.at_ms.saturating_mul(1000),
            key_id: key.wrapped_by,
            wrapped_key: key.wrapped,
            sealed_event: sealed::seal(&key.key, event_place(site, &id, "sealed_event"), event)?,
            sealed_body: body,
            window,
            site: site.to_owned(),
            id,
        })
    }

    /// The events of the job's issue that nothing was decided about yet, in the order in which they happened; at most
    /// [`EVENTS_AT_ONCE`]. What was erased is left out, and so is what still waits for more where the job came for events that nobody
    /// is told of.
    pub async fn open_events(&self, lease: &Lease) -> Result<Vec<StoredEvent>, Fault> {
        let (site, issue) = (lease.site.clone(), lease.subject.clone());
        let work = self.inner.db.read(move |conn| {
            Box::pin(async move {
                let now = dialect::now(conn).await?;
                all!(conn, Row, OPEN, &site, &issue, EVENTS_AT_ONCE, now)
            })
        });
        let mut events = Vec::new();
        for row in work.await? {
            let (id, received_at) = (row.0.clone(), row.6);
            if let Some(event) = self.inner.event_of(&row).await? {
                events.push(StoredEvent { id, received_at, event });
            }
        }
        events.sort_by_key(|stored| stored.event.at_ms);
        Ok(events)
    }

    /// Events, newest first, at most 200: those before `before` (time of receipt and id).
    pub async fn events(&self, before: Option<(Micros, String)>, limit: u32) -> Result<Vec<EventLine>, Fault> {
        const SQL: &str = "SELECT e.id, e.site, e.kind, e.issue_id, e.via, e.happened_at, e.received_at, e.wrapped_key,
                e.sealed_event, e.notice, n.outcome
            FROM events e LEFT JOIN notices n ON n.id = e.notice
            WHERE (e.received_at, e.id) < ($1, $2) ORDER BY e.received_at DESC, e.id DESC LIMIT $3";
        self.event_page(SQL, before, limit).await
    }

    async fn event_page(
        &self,
        sql: &'static str,
        before: Option<(Micros, String)>,
        limit: u32,
    ) -> Result<Vec<EventLine>, Fault> {
        let limit = i64::from(limit.clamp(1, PAGE_MAX));
        let (at, id) = before.unwrap_or((Micros::MAX, String::new()));
        let work = self.inner.db.read(move |conn| Box::pin(async move { all!(conn, Row, sql, at, &id, limit) }));
        let mut lines = Vec::new();
        for row in work.await? {
            lines.push(self.inner.event_line(row).await?);
        }
        Ok(lines)
    }

    /// One event with what was decided about it and what told of it; `None` when there is none of this id.
    pub async fn event(&self, id: &str) -> Result<Option<EventStory>, Fault> {
        const SQL: &str = "SELECT e.id, e.site, e.kind, e.issue_id, e.via, e.happened_at, e.received_at, e.wrapped_key,
                e.sealed_event, e.notice, n.outcome
            FROM events e LEFT JOIN notices n ON n.id = e.notice WHERE e.id = $1";
        const BODY: &str = "SELECT sealed_body FROM events WHERE id = $1";
        const JOB: &str = "SELECT state, sealed_fault, aside FROM jobs WHERE id = $1";
        const NOTICE: &str = "SELECT id, wrapped_key, sealed_notice FROM notices WHERE id = $1";
        type NoticeRow = (String, Option<Vec<u8>>, Option<Vec<u8>>);
        let asked = id.to_owned();
        let work = self.inner.db.read(move |conn| {
            Box::pin(async move {
                let Some(row) = one!(conn, Row, SQL, &asked)? else { return Ok(None) };
                let body = one!(conn, (Option<Vec<u8>>,), BODY, &asked)?.and_then(|(body,)| body);
                let notice = match &row.9 {
                    Some(notice) => one!(conn, NoticeRow, NOTICE, notice)?,
                    None => None,
                };
                let job = one!(conn, (String, Option<Vec<u8>>, i64), JOB, &job_id(&row.1, &row.3))?;
                let is_held =
                    row.9.is_none() && job.as_ref().is_some_and(|(state, _, aside)| state == "waiting" && *aside == 1);
                let held = match is_held {
                    true => meter::open_since(conn, &row.1, &row.3).await?,
                    false => None,
                };
                Ok(Some((row, body, notice, job, held)))
            })
        });
        let Some((row, body, notice, job, held)) = work.await? else { return Ok(None) };
        let notice_id = row.9.clone();
        let (site, key) = (row.1.clone(), self.inner.row_key(&row.1, &row.0, row.7.as_deref()).await?);
        let body = match key.zip(body) {
            Some((key, body)) => Some(key.open(event_place(&site, id, "sealed_body"), &body)?),
            None => None,
        };
        let notice = match notice {
            Some((of, wrapped, Some(sealed))) => match self.inner.row_key(&site, &of, wrapped.as_deref()).await? {
                Some(key) => Some(sealed::open(&key, notice_place(&site, &of), &sealed)?),
                None => None,
            },
            _ => None,
        };
        let line = self.inner.event_line(row).await?;
        let again = self.event_again(&site, id).await?;
        let erased = match line.event {
            None => self.erased_by_hand(&site, id).await?,
            Some(_) => None,
        };
        let (job, fault) = match job {
            Some((state, fault, _)) => (Some(JobState::from_word(&state)?), self.inner.why(&line, fault).await?),
            None => (None, None),
        };
        Ok(Some(EventStory { line, notice_id, notice, body, again, erased, job, fault, held }))
    }

    /// A person's word: the work on the event's issue that was given up is begun anew. `false` when it was not.
    pub async fn wake_notice(&self, event: &str, who: &str) -> Result<bool, Fault> {
        const OF: &str = "SELECT site, issue_id FROM events WHERE id = $1";
        const WAKE: &str = "UPDATE jobs SET state = 'ready', due = $1, created_at = $1, tries = 0, ended_at = NULL
            WHERE id = $2 AND state IN ('held', 'dead')";
        let asked = event.to_owned();
        let found = self.inner.db.read(move |conn| Box::pin(async move { one!(conn, (String, String), OF, &asked) }));
        let Some((site, issue)) = found.await? else { return Ok(false) };
        let entry = Entry::by_person(&self.inner.vault, &site, "wake", event, who).await?;
        let job = job_id(&site, &issue);
        let work = self.inner.db.unit(move |conn| {
            Box::pin(async move {
                let now = dialect::now(conn).await?;
                let woken = execute!(conn, WAKE, now, &job)? > 0;
                if woken {
                    audit::write(conn, &entry, now).await?;
                }
                Ok(woken)
            })
        });
        let woken = work.await?;
        self.inner.bell.ring();
        Ok(woken)
    }
}

/// The events of an issue that nothing was decided about yet, as a [`Row`]; those without a window alone, where there are some and no
/// window is over.
pub(crate) const OPEN: &str =
    "SELECT id, site, kind, issue_id, via, happened_at, received_at, wrapped_key, sealed_event, notice, CAST(NULL AS TEXT)
    FROM events WHERE site = $1 AND issue_id = $2 AND notice IS NULL AND wrapped_key IS NOT NULL AND (due_at IS NULL OR COALESCE((
        SELECT MIN(due_at) <= $4 OR COUNT(due_at) = COUNT(*) FROM events
        WHERE site = $1 AND issue_id = $2 AND notice IS NULL AND wrapped_key IS NOT NULL), TRUE))
    ORDER BY arrival LIMIT $3";
/// When the first of their windows is over; `$3` where none has one. No row where there are none.
pub(crate) const MORE: &str =
    "SELECT COALESCE(MIN(due_at), $3) FROM events WHERE site = $1 AND issue_id = $2 AND notice IS NULL
    AND wrapped_key IS NOT NULL HAVING COUNT(*) > 0";
impl Inner {
    async fn row_key(&self, site: &str, id: &str, wrapped: Option<&[u8]>) -> Result<Option<Arc<SealingKey>>, Fault> {
        match wrapped {
            Some(wrapped) => self.vault.message_key(site, id, wrapped).await.map(Some),
            None => Ok(None),
        }
    }

    async fn event_of(&self, row: &Row) -> Result<Option<Event>, Fault> {
        let (id, site) = (row.0.as_str(), row.1.as_str());
        match (self.row_key(site, id, row.7.as_deref()).await?, &row.8) {
            (Some(key), Some(sealed)) => Ok(Some(sealed::open(&key, event_place(site, id, "sealed_event"), sealed)?)),
            _ => Ok(None),
        }
    }

    async fn event_line(&self, row: Row) -> Result<EventLine, Fault> {
        let event = self.event_of(&row).await?;
        let (id, site, kind, issue_id, via, happened_at, received_at, _, _, _, outcome) = row;
        let no_kind = || Fault::permanent(FaultCode::StoreCorrupt, "an event has an unknown kind");
        Ok(EventLine {
            kind: EventKind::from_word(&kind).ok_or_else(no_kind)?,
            via: Via::from_word(&via)?,
            id,
            site,
            issue_id,
            happened_at,
            received_at,
            event,
            outcome,
        })
    }
}

/// Whether the deed is new. On PostgreSQL one statement counts the job's row, which is written only for what is new.
async fn insert(conn: &mut Conn, new: &NewEvent) -> Result<bool, Fault> {
    let now = dialect::now(conn).await?;
    let sql = if conn.is_postgres() { NEW_ON_POSTGRES } else { NEW_AND_END_ON_SQLITE };
    let changed = execute!(
        conn,
        sql,
        &new.id,
        &new.site,
        &new.deed,
        new.kind,
        &new.issue_id,
        new.via.word(),
        new.happened_at,
        now,
        &new.key_id,
        &new.wrapped_key,
        &new.sealed_event,
        new.sealed_body.as_deref(),
        job_id(&new.site, &new.issue_id),
        now,
        now.saturating_add(new.window.unwrap_or(0)),
        new.window.map(|window| now.saturating_add(window)),
    )?;
    if !conn.is_postgres() {
        conn.unit_has_ended();
    }
    Ok(changed > 0)
}

async fn end_or_go_on(conn: &mut Conn, lease: &Lease, now: Micros) -> Result<(), Fault> {
    const AGAIN: &str =
        "UPDATE jobs SET state = 'ready', due = $1, created_at = $2, tries = 0, ended_at = NULL WHERE id = $3";
    end(conn, lease, now).await?;
    if let Some((due,)) = one!(conn, (i64,), MORE, &lease.site, &lease.subject, now)? {
        execute!(conn, AGAIN, due.max(now), now, &lease.job)?;
    }
    Ok(())
}
