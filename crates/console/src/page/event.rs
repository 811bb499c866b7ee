//! The story of one event: what happened, who is told of it and who is not and why, and what became of the letters.

pub mod preview;
pub mod shelf;

use super::about::About;
use super::events::{issue, outcome, told_by, what_happened, who};
use super::messages::IssueLink;
use super::outbox::{EventLetter, event_letters};
use super::story::known_form;
use super::{Moment, moment, not_found, notice, render, stale_form, state, state_word, trouble, words_of};
use crate::Console;
use crate::sign_in::Session;
use askama::Template;
use axum::extract::rejection::{FormRejection, PathRejection};
use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Redirect, Response};
use axum::{Extension, Form};
use policy::Fault;
use policy::event::{Event, EventKind};
use policy::meter::given_up_at;
use serde::Deserialize;
use store::{EventStory, JobState, LETTERS_PAGE_MAX, NotErased};

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
    /// By whom and when, where it was no sweep.
    erased_by: Option<(String, Moment)>,
    /// It was before anything was decided, so that nobody is told.
    erased_waiting: bool,
    /// Nothing is decided about it, and it is kept.
    waits: bool,
    /// What a letter about it says is kept.
    letters_kept: bool,
    /// What was decided was.
    decision_erased: bool,
    decided: Decided,
    left_out_open: bool,
    /// The state of the work, while nothing is decided.
    state: Option<(&'static str, &'static str)>,
    fault: Option<(String, String, String)>,
    wakeable: bool,
    /// It can be decided about anew.
    again: bool,
    /// Who had that done, and when.
    decided_again: Vec<(String, Moment)>,
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
    /// What a letter about it would say.
    preview: Option<preview::Form>,
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

/// A person's word: it is decided anew who is told of the event.
pub async fn again(State(console): State<Console>, session: Extension<Session>, About(id): About) -> Response {
    match console.store.decide_again(&id, session.who()).await {
        Ok(None) => Redirect::to(&format!("/events/{id}")).into_response(),
        Ok(Some(not)) => notice(StatusCode::CONFLICT, "Nothing to decide anew", not.in_words()),
        Err(fault) => trouble(&fault),
    }
}

/// What a person has erased of an event.
#[derive(Deserialize)]
pub struct Erasing {
    #[serde(default)]
    token: String,
    /// Also where nobody is told of it yet.
    #[serde(default)]
    waiting: String,
    /// Also what its letters say.
    #[serde(default)]
    letters: String,
}

/// A person has what an event says erased at once.
pub async fn erase(
    State(console): State<Console>,
    session: Extension<Session>,
    id: Result<Path<String>, PathRejection>,
    form: Result<Form<Erasing>, FormRejection>,
) -> Response {
    let Ok(Form(erasing)) = form else { return stale_form() };
    if !session.gave(&erasing.token) {
        return stale_form();
    }
    let Some(id) = known_form(id) else { return not_found().await };
    match erased(&console, &session, &id, &erasing).await {
        Ok(Ok(0)) => Redirect::to(&format!("/events/{id}")).into_response(),
        Ok(Ok(left)) => {
            let text = format!(
                "What the event says is erased. Letters about it that are not sent yet and stay: {left}. Each can be erased when it is \
                 sent or was given up."
            );
            notice(StatusCode::OK, "Erased but for letters", &text)
        }
        Ok(Err(why_not)) => notice(StatusCode::CONFLICT, "Nothing was done", why_not),
        Err(fault) => trouble(&fault),
    }
}

/// How many letters are left that are not sent yet, or why nothing was erased.
async fn erased(
    console: &Console,
    session: &Session,
    id: &str,
    erasing: &Erasing,
) -> Result<Result<usize, &'static str>, Fault> {
    let (store, who) = (&console.store, session.who());
    let answer = match erasing.waiting.is_empty() {
        true => store.erase_event(id, who).await?,
        false => store.erase_event_even_waiting(id, who).await?,
    };
    match answer {
        Some(NotErased::Unknown) => Ok(Err("There is no event of this id.")),
        Some(NotErased::Waits) => Ok(Err(
            "It is not decided yet who is told of it. Say in the form that nobody is to be told of it, or wait until it is decided.",
        )),
        None if erasing.letters.is_empty() => Ok(Ok(0)),
        None => Ok(Ok(store.erase_letters_of_event(id, who).await?.not_yet.len())),
    }
}

async fn shown(console: &Console, session: &Session, id: &str) -> Result<Option<Page>, Fault> {
    let Some(story) = console.store.event(id).await? else { return Ok(None) };
    let letters = console.store.letters_of_event(&story).await?;
    let letters = event_letters(console, letters).await?;
    Ok(Some(page(console, session, story, letters)))
}

fn page(console: &Console, session: &Session, story: EventStory, letters: Vec<EventLetter>) -> Page {
    let EventStory { line, notice, job, fault, held, again, erased: by_hand, .. } = story;
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
        // Of one that was to be decided about anew somebody may have been told before.
        erased_waiting: by_hand.as_ref().is_some_and(|by| by.waited) && again.is_empty(),
        erased_by: by_hand.map(|by| (by.who, moment(by.at))),
        waits: is_open,
        preview: (!erased).then(|| preview::Form::beside(console, &line.site, &line.id, &decided.notifications)),
        letters_kept: letters.iter().any(|letter| letter.kept),
        left_out_open: decided.left_out.len() <= LEFT_OUT_OPEN,
        decided,
        state: work.map(|work| (state(work), state_word(work))),
        fault: fault.filter(|_| stands && !erased).map(in_words),
        wakeable: !erased && matches!(work, Some(JobState::Held | JobState::Dead)),
        again: is_decided && !erased,
        decided_again: again.into_iter().map(|again| (who_again(again.who), moment(again.at))).collect(),
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

/// Whose word it was that it is decided anew.
fn who_again(who: String) -> String {
    match who.is_empty() {
        true => {
            "by the gateway, because a letter that it asked for does not go to all for whom it was meant".to_owned()
        }
        false => who,
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
