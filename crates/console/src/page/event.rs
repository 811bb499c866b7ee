//! The story of one event: what happened, who is told of it and who is not and why, and what became of the letters.

use super::about::About;
use super::events::{issue, outcome, told_by, what_happened, who};
use super::messages::IssueLink;
use super::outbox::{EventLetter, event_letters};
use super::story::known_form;
use super::{Moment, moment, not_found, notice, render, state, state_word, trouble, words_of};
use crate::Console;
use crate::sign_in::Session;
use askama::Template;
use axum::Extension;
use axum::extract::rejection::PathRejection;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Redirect, Response};
use policy::Fault;
use policy::event::{Event, EventKind};
use policy::meter::given_up_at;
use serde::Deserialize;
use store::{EventStory, JobState, LETTERS_PAGE_MAX};

/// Of more who are left out the list is folded.
const LEFT_OUT_OPEN: usize = 10;

/// What was decided, as it is kept; what an older gateway did not write is empty.
#[derive(Default, Deserialize)]
#[serde(default)]
struct Decided {
    reason: String,
    mappings_version: u32,
    notifications: Vec<Told>,
    left_out: Vec<LeftOut>,
    left_out_further: usize,
    trace: Vec<String>,
}

/// Somebody who is told.
#[derive(Default, Deserialize)]
#[serde(default)]
struct Told {
    mapping: String,
    recipient: Person,
    reason: String,
    untold: Vec<String>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Person {
    name: String,
    address: String,
    outsider: bool,
}

/// Somebody who is not.
#[derive(Default, Deserialize)]
#[serde(default)]
struct LeftOut {
    mapping: String,
    whom: String,
    why: String,
}

/// A field with its values before and after.
struct Changed {
    name: String,
    from: String,
    to: String,
}

#[derive(Template)]
#[template(path = "event.html")]
struct Page {
    token: String,
    /// For somebody of the support.
    support: bool,
    id: String,
    what: &'static str,
    issue: IssueLink,
    issue_id: String,
    site: String,
    outcome: String,
    class: &'static str,
    is_decided: bool,
    /// What happened was erased.
    erased: bool,
    /// What was decided was.
    decision_erased: bool,
    decided: Decided,
    left_out_open: bool,
    /// The state of the work, while nothing is decided.
    state: Option<(&'static str, &'static str)>,
    fault: Option<(String, String, String)>,
    wakeable: bool,
    /// Where a letter about its issue is written.
    write: Option<String>,
    part: String,
    changes: Vec<Changed>,
    letters: Vec<EventLetter>,
    /// There may be more of them.
    letters_go_on: bool,
    who: String,
    account: String,
    happened: Moment,
    received: Moment,
    told: &'static str,
    /// Until when it waits for room in a capacity plan.
    waits_until: Option<Moment>,
    /// Until when it is kept while nothing is decided.
    kept_until: Option<Moment>,
}

/// The page.
pub async fn show(
    State(console): State<Console>,
    session: Extension<Session>,
    id: Result<Path<String>, PathRejection>,
) -> Response {
    let Some(id) = known_form(id) else { return not_found().await };
    match shown(&console, &session, &id).await {
        Ok(Some(page)) => render(StatusCode::OK, &page),
        Ok(None) => not_found().await,
        Err(fault) => trouble(&fault),
    }
}

/// A person's word: the work on the event's issue is begun anew.
pub async fn wake(State(console): State<Console>, session: Extension<Session>, About(id): About) -> Response {
    match console.store.wake_notice(&id, session.who()).await {
        Ok(true) => Redirect::to(&format!("/events/{id}")).into_response(),
        Ok(false) => {
            let text = "The work on this event is neither held nor given up, or there is none of this id, so nothing was done.";
            notice(StatusCode::CONFLICT, "Nothing to try again", text)
        }
        Err(fault) => trouble(&fault),
    }
}

async fn shown(console: &Console, session: &Session, id: &str) -> Result<Option<Page>, Fault> {
    let Some(story) = console.store.event(id).await? else { return Ok(None) };
    let letters = match &story.notice_id {
        Some(notice) => console.store.letters_of_notice(notice).await?,
        None => Vec::new(),
    };
    let letters = event_letters(console, letters).await?;
    Ok(Some(page(console, session, story, letters)))
}

fn page(console: &Console, session: &Session, story: EventStory, letters: Vec<EventLetter>) -> Page {
    let EventStory { line, notice, job, fault, held, .. } = story;
    let (outcome, class) = outcome(&line);
    let (is_decided, erased) = (line.outcome.is_some(), line.event.is_none());
    let decision_erased = is_decided && notice.is_none();
    let decided: Decided = notice.and_then(|notice| serde_json::from_value(notice).ok()).unwrap_or_default();
    let work = job.filter(|_| !is_decided);
    let stands = matches!(work, Some(JobState::Waiting | JobState::Held | JobState::Dead));
    let in_words = |fault: Fault| (fault.public.clone(), fault.code.to_string(), words_of(&fault).to_owned());
    let event = line.event.as_ref();
    let who = event.map(who).unwrap_or_default();
    let actor = event.and_then(|event| event.actor.as_ref());
    let account = actor.map(|actor| actor.id.clone()).filter(|id| *id != who).unwrap_or_default();
    let is_open = !is_decided && !erased;
    let kept_until = is_open.then(|| moment(console.store.undecided_event_kept_until(&line.site, line.received_at)));
    let plan = console.now.plans().into_iter().find(|plan| plan.sites.contains(&line.site));
    let waits = held.zip(plan).map(|((oldest, newest), plan)| given_up_at(plan.hold_days, oldest, newest));
    Page {
        waits_until: waits.map(moment),
        kept_until,
        token: session.token(),
        support: false,
        what: what_happened(line.kind),
        issue: issue(console, &line),
        outcome,
        class,
        is_decided,
        erased,
        decision_erased,
        left_out_open: decided.left_out.len() <= LEFT_OUT_OPEN,
        decided,
        state: work.map(|work| (state(work), state_word(work))),
        fault: fault.filter(|_| stands && !erased).map(in_words),
        wakeable: !erased && matches!(work, Some(JobState::Held | JobState::Dead)),
        write: event.and_then(|event| event.issue_key.as_deref()).and_then(|key| console.write_about(&line.site, key)),
        part: event.map(part).unwrap_or_default(),
        changes: event.map(changes).unwrap_or_default(),
        letters_go_on: letters.len() >= LETTERS_PAGE_MAX as usize,
        letters: letters.into_iter().map(|letter| EventLetter { event: None, ..letter }).collect(),
        who,
        account,
        happened: moment(line.happened_at),
        received: moment(line.received_at),
        told: told_by(line.via),
        issue_id: line.issue_id,
        site: line.site,
        id: line.id,
    }
}

/// Which comment, entry of work or entry of the history it is.
fn part(event: &Event) -> String {
    let Some(part) = &event.part else { return String::new() };
    let what = match event.kind {
        EventKind::Commented | EventKind::CommentEdited | EventKind::CommentDeleted => "Comment",
        EventKind::Worked | EventKind::WorkEdited | EventKind::WorkDeleted => "Entry of work",
        EventKind::Written | EventKind::Returned => "Letter",
        EventKind::Created | EventKind::Updated | EventKind::Deleted => "Entry of the history",
    };
    format!("{what} {part}")
}

fn changes(event: &Event) -> Vec<Changed> {
    let value = |value: &Option<String>| value.clone().unwrap_or_else(|| "nothing".to_owned());
    let changed = |change: &policy::event::Change| Changed {
        name: if change.name.is_empty() { change.field.clone() } else { change.name.clone() },
        from: value(&change.from),
        to: value(&change.to),
    };
    event.changes.iter().map(changed).collect()
}
