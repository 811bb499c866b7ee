//! Events that fit a filter: what stands in clear is compared first, and few enough of the others are opened.

use super::{EventLine, PAGE_MAX, Row, notice_place};
use crate::Store;
use crate::database::{all, one};
use crate::rows::filter::{LOOKED_AT_ONCE, Looking, is_numeric};
use crate::rows::{EventFilter, EventState, FilteredPage, JobState};
use crate::sealed;
use policy::Fault;
use serde::Deserialize;

pub(crate) const LOOK: &str = "SELECT id, site, issue_id, received_at FROM events
    WHERE (received_at, id) < ($1, $2) ORDER BY received_at DESC, id DESC LIMIT $3";

/// Which mappings a decision names.
#[derive(Default, Deserialize)]
#[serde(default)]
struct Decision {
    notifications: Vec<Named>,
    left_out: Vec<Named>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Named {
    mapping: String,
}

impl Store {
    /// One page of the events that fit, newest first. It reads a bounded part of all events, and says how far.
    pub async fn events_that_fit(&self, filter: &EventFilter) -> Result<FilteredPage<EventLine>, Fault> {
        type Look = (String, String, String, i64);
        let mut looking = Looking::below(filter.before.clone(), filter.limit.clamp(1, PAGE_MAX));
        let other = |asked: &Option<String>, is: &str| asked.as_ref().is_some_and(|asked| asked != is);
        let numeric = filter.issue.clone().filter(|issue| is_numeric(issue));
        loop {
            let (before, id) = looking.at();
            let work = self
                .inner
                .db
                .read(move |conn| Box::pin(async move { all!(conn, Look, LOOK, before, &id, LOOKED_AT_ONCE) }));
            let rows = work.await?;
            let is_last = (rows.len() as i64) < LOOKED_AT_ONCE;
            for (id, site, issue_id, received_at) in rows {
                let opened = match other(&filter.site, &site) || other(&numeric, &issue_id) {
                    true => None,
                    false => Some(self.line_that_fits(&id, filter).await?),
                };
                if looking.saw((received_at, id), opened) {
                    return Ok(looking.page(false));
                }
            }
            if is_last {
                return Ok(looking.page(true));
            }
        }
    }

    async fn line_that_fits(&self, id: &str, filter: &EventFilter) -> Result<Option<EventLine>, Fault> {
        const SQL: &str = "SELECT e.id, e.site, e.kind, e.issue_id, e.via, e.happened_at, e.received_at, e.wrapped_key,
                e.sealed_event, e.notice, n.outcome
            FROM events e LEFT JOIN notices n ON n.id = e.notice WHERE e.id = $1";
        let asked = id.to_owned();
        let row = self.inner.db.read(move |conn| Box::pin(async move { one!(conn, Row, SQL, &asked) })).await?;
        let Some(row) = row else { return Ok(None) };
        let notice = row.9.clone();
        let line = self.inner.event_line(row).await?;
        let key = filter.issue.as_ref().filter(|issue| !is_numeric(issue));
        let known = line.event.as_ref().and_then(|event| event.issue_key.as_deref());
        if key.is_some_and(|key| known.is_none_or(|known| !known.eq_ignore_ascii_case(key))) {
            return Ok(None);
        }
        if let Some(state) = filter.state
            && !self.is_in(&line, state).await?
        {
            return Ok(None);
        }
        let fits = match (&filter.mapping, notice) {
            (None, _) => true,
            (Some(mapping), Some(notice)) => self.names(&line.site, notice, mapping).await?,
            (Some(_), None) => false,
        };
        Ok(fits.then_some(line))
    }

    async fn is_in(&self, line: &EventLine, state: EventState) -> Result<bool, Fault> {
        match state {
            EventState::Undecided => Ok(line.outcome.is_none()),
            EventState::Stopped => {
                let work = self.work_on(std::slice::from_ref(line)).await?.pop().flatten();
                Ok(line.event.is_some() && matches!(work, Some(JobState::Held | JobState::Dead)))
            }
            outcome => Ok(line.outcome.as_deref() == Some(outcome.word())),
        }
    }

    /// Whether this decision names the mapping.
    async fn names(&self, site: &str, notice: String, mapping: &str) -> Result<bool, Fault> {
        const SQL: &str = "SELECT wrapped_key, sealed_notice FROM notices WHERE id = $1";
        type Sealed = (Option<Vec<u8>>, Option<Vec<u8>>);
        let asked = notice.clone();
        let found = self.inner.db.read(move |conn| Box::pin(async move { one!(conn, Sealed, SQL, &asked) })).await?;
        let Some((wrapped, Some(sealed))) = found else { return Ok(false) };
        let Some(key) = self.inner.row_key(site, &notice, wrapped.as_deref()).await? else { return Ok(false) };
        let Decision { notifications, left_out } = sealed::open(&key, notice_place(site, &notice), &sealed)?;
        Ok(notifications.iter().chain(&left_out).any(|one| one.mapping == mapping))
    }
}
