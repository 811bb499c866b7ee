//! The list of events: what happened to issues, newest first, and what was decided about each.

use super::filter::{ROWS, before, cut};
use super::list_filter::{Asked, Form};
use super::messages::IssueLink;
use super::{Moment, moment, not_found, render, state, state_word, trouble};
use crate::Console;
use crate::sign_in::Session;
use askama::Template;
use axum::Extension;
use axum::extract::rejection::QueryRejection;
use axum::extract::{Query, State};
use axum::http::StatusCode;
use axum::response::Response;
use policy::event::{Event, EventKind};
use store::{EventLine, JobState, Via};

/// An event as people see it.
struct Row {
    id: String,
    what: String,
    issue: IssueLink,
    outcome: String,
    class: &'static str,
    /// The state of the work, while it is not decided.
    state: Option<(&'static str, &'static str)>,
    /// The fields that changed.
    changed: String,
    who: String,
    happened: Moment,
    told: &'static str,
    site: String,
}

#[derive(Template)]
#[template(path = "events.html")]
struct List {
    token: String,
    /// For somebody of the support.
    support: bool,
    rows: Vec<Row>,
    /// Only those whose work stopped.
    stopped: bool,
    form: Form,
    /// The page is not full, and yet there may be more to find.
    goes_on: bool,
    first: bool,
    next: Option<String>,
}

/// The page.
pub async fn list(
    State(console): State<Console>,
    session: Extension<Session>,
    asked: Result<Query<Asked>, QueryRejection>,
) -> Response {
    let Ok(Query(asked)) = asked else { return not_found().await };
    match page(&console, &session, &asked).await {
        Ok(page) => render(StatusCode::OK, &page),
        Err(fault) => trouble(&fault),
    }
}

async fn page(console: &Console, session: &Session, asked: &Asked) -> Result<List, policy::Fault> {
    let (stopped, first) = (asked.is_for_stopped(), before(&asked.before).is_none());
    let (lines, next) = match asked.of_events().filter(|_| !stopped) {
        Some(filter) => {
            let page = console.store.events_that_fit(&filter).await?;
            (page.lines, page.next.map(|(at, id)| format!("{at}~{id}")))
        }
        None => whole(console, asked).await?,
    };
    let work = console.store.work_on(&lines).await?;
    let rows: Vec<Row> = lines.into_iter().zip(work).map(|(line, work)| row(console, line, work)).collect();
    let goes_on = next.is_some() && rows.len() < ROWS as usize;
    let form = asked.form_of_events(console);
    Ok(List { token: session.token(), support: false, rows, stopped, form, goes_on, first, next })
}

/// A page of all events, or of those whose work stopped, and where the next one begins.
async fn whole(console: &Console, asked: &Asked) -> Result<(Vec<EventLine>, Option<String>), policy::Fault> {
    let before = before(&asked.before);
    // One more than is shown tells whether there is an older page.
    let mut lines = match asked.is_for_stopped() {
        true => console.store.stopped_events(before, ROWS + 1).await?,
        false => console.store.events(before, ROWS + 1).await?,
    };
    let next = cut(&mut lines, |line| (line.received_at, &line.id));
    Ok((lines, next))
}

fn row(console: &Console, line: EventLine, work: Option<JobState>) -> Row {
    let (outcome, class) = outcome(&line);
    let event = line.event.as_ref();
    let changed: Vec<&str> = event.iter().flat_map(|event| &event.changes).map(|change| change.name.as_str()).collect();
    Row {
        what: what_happened(line.kind).to_owned(),
        issue: issue(console, &line),
        outcome,
        class,
        state: work.map(|work| (state(work), state_word(work))),
        changed: changed.join(", "),
        who: event.map_or_else(|| "(erased)".to_owned(), who),
        happened: moment(line.happened_at),
        told: told_by(line.via),
        site: line.site,
        id: line.id,
    }
}

/// The issue by its key at that time, or by its id where that was not told or is erased; then it has no link.
pub(super) fn issue(console: &Console, line: &EventLine) -> IssueLink {
    match line.event.as_ref().and_then(|event| event.issue_key.clone()) {
        Some(key) => console.issue_link(&line.site, key),
        None => IssueLink { key: format!("Issue {}", line.issue_id), link: None },
    }
}

/// What was decided, and the class that colours it.
pub(super) fn outcome(line: &EventLine) -> (String, &'static str) {
    match line.outcome.as_deref() {
        Some("letters") => ("letters".to_owned(), "letters"),
        Some(other) => (other.to_owned(), "ignored"),
        None => ("undecided".to_owned(), "undecided"),
    }
}

pub(super) fn who(event: &Event) -> String {
    match &event.actor {
        Some(actor) if actor.name.trim().is_empty() => actor.id.clone(),
        Some(actor) => actor.name.clone(),
        None => "nobody is named".to_owned(),
    }
}

pub(super) fn told_by(via: Via) -> &'static str {
    match via {
        Via::Webhook => "told by a webhook",
        Via::History => "read in the history",
    }
}

pub(super) fn what_happened(kind: EventKind) -> &'static str {
    match kind {
        EventKind::Created => "the issue was created",
        EventKind::Updated => "the issue was changed",
        EventKind::Deleted => "the issue was deleted",
        EventKind::Commented => "a comment was added",
        EventKind::CommentEdited => "a comment was edited",
        EventKind::CommentDeleted => "a comment was deleted",
        EventKind::Worked => "work was logged",
        EventKind::WorkEdited => "logged work was edited",
        EventKind::WorkDeleted => "logged work was deleted",
        EventKind::Written => "a letter was written",
        EventKind::Returned => "a letter did not arrive",
    }
}
