//! Events whose work stopped or waits, as pages show them: which they are, and what became of the work on their issues.

use super::{EventLine, job_id, notice_place};
use crate::Store;
use crate::database::{all, one};
use crate::rows::{JobState, Micros};
use crate::sealed::{self, job_place};
use crate::store::Inner;
use policy::Fault;
use serde_json::Value;

/// Decisions about one issue that are looked at.
const NOTICES_MAX: i64 = 50;

/// What is asked of the events that nothing is decided about, because the work on their issue is held or was given up. What was erased
/// of them needs nobody any more.
macro_rules! stopped {
    ($what:literal, $rest:literal) => {
        concat!(
            "SELECT ",
            $what,
            " FROM jobs j CROSS JOIN events e WHERE j.state IN ('held', 'dead') AND j.kind = 'notice'
                AND e.site = j.site AND e.issue_id = j.subject AND e.notice IS NULL AND e.wrapped_key IS NOT NULL",
            $rest
        )
    };
}

/// How many they are, and since when.
pub(crate) const STOPPED_NUMBER: &str = stopped!("COUNT(*), COALESCE(MIN(j.ended_at), 0)", "");
/// The columns of one line of a page of events.
pub(crate) const STOPPED: &str = stopped!(
    "e.id, e.site, e.kind, e.issue_id, e.via, e.happened_at, e.received_at, e.wrapped_key, e.sealed_event, e.notice,
        CAST(NULL AS TEXT)",
    " AND (e.received_at, e.id) < ($1, $2) ORDER BY e.received_at DESC, e.id DESC LIMIT $3"
);

impl Store {
    /// Events that nothing is decided about, because the work on their issue is held or was given up: newest first, at most 200, those
    /// before `before` (time of receipt and id).
    pub async fn stopped_events(&self, before: Option<(Micros, String)>, limit: u32) -> Result<Vec<EventLine>, Fault> {
        self.event_page(STOPPED, before, limit).await
    }

    /// What was decided about the events of an issue, as far as it is kept, the newest first.
    pub async fn notices_of_issue(&self, site: &str, issue_id: &str) -> Result<Vec<Value>, Fault> {
        const SQL: &str = "SELECT id, wrapped_key, sealed_notice FROM notices
            WHERE site = $1 AND issue_id = $2 AND wrapped_key IS NOT NULL ORDER BY made_at DESC, id DESC LIMIT $3";
        type Row = (String, Option<Vec<u8>>, Option<Vec<u8>>);
        let (of, issue_id) = (site.to_owned(), issue_id.to_owned());
        let work =
            self.inner.db.read(move |conn| Box::pin(async move { all!(conn, Row, SQL, &of, &issue_id, NOTICES_MAX) }));
        let mut notices = Vec::new();
        for (id, wrapped, notice) in work.await? {
            if let (Some(key), Some(notice)) = (self.inner.row_key(site, &id, wrapped.as_deref()).await?, notice) {
                notices.push(sealed::open(&key, notice_place(site, &id), &notice)?);
            }
        }
        Ok(notices)
    }

    /// How the work on the issue of each of these events is doing; `None` for one that is decided about, and where it was done long ago.
    pub async fn work_on(&self, lines: &[EventLine]) -> Result<Vec<Option<JobState>>, Fault> {
        const SQL: &str = "SELECT state FROM jobs WHERE id = $1";
        let open = |line: &EventLine| line.outcome.is_none().then(|| job_id(&line.site, &line.issue_id));
        let jobs: Vec<Option<String>> = lines.iter().map(open).collect();
        let work = self.inner.db.read(move |conn| {
            Box::pin(async move {
                let mut states = Vec::with_capacity(jobs.len());
                for job in &jobs {
                    let state = match job {
                        Some(job) => one!(conn, (String,), SQL, job)?,
                        None => None,
                    };
                    states.push(state.map(|(state,)| JobState::from_word(&state)).transpose()?);
                }
                Ok(states)
            })
        });
        work.await
    }
}

impl Inner {
    /// Why the work on the event's issue waited or stopped last.
    pub(super) async fn why(&self, line: &EventLine, sealed: Option<Vec<u8>>) -> Result<Option<Fault>, Fault> {
        let Some(sealed) = sealed else { return Ok(None) };
        let key = self.vault.key_that_sealed(&sealed).await?;
        sealed::open(&key, job_place(&line.site, &job_id(&line.site, &line.issue_id)), &sealed).map(Some)
    }
}
