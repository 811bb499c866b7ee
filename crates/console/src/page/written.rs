//! Letters that people wrote on purpose: the list, the page of each, and a person's word that one is sent or not.

mod shown;

use super::about::About;
use super::filter::{ROWS, before, cut};
use super::letters::{Tab, tabs};
use super::list_filter::Asked;
use super::story::known_form;
use super::views::TabLink;
use super::{Moment, moment, not_found, notice, render, trouble};
use crate::Console;
use crate::guard::Policy;
use crate::sign_in::Session;
use askama::Template;
use axum::Extension;
use axum::extract::rejection::{PathRejection, QueryRejection};
use axum::extract::{Path, Query, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Redirect, Response};
use policy::notify::WrittenBy;
use policy::{Fault, Visibility};
use serde::Deserialize;
use store::{WrittenLine, WrittenState};

/// What was decided about one, as it is kept; what is not decided yet is empty.
#[derive(Default, Deserialize)]
#[serde(default)]
struct Decided {
    issue_key: String,
    refused: Option<String>,
    recipients: Vec<Recipient>,
    left_out: Vec<LeftOut>,
    trace: Vec<String>,
    note: Option<Note>,
}

/// Who gets it.
#[derive(Default, Deserialize)]
#[serde(default)]
struct Recipient {
    to: String,
    why: String,
    /// He is shown nothing of the issue.
    stranger: bool,
}

/// Who does not.
#[derive(Default, Deserialize)]
#[serde(default)]
struct LeftOut {
    whom: String,
    why: String,
}

/// The comment on the issue that says what was written.
#[derive(Deserialize)]
struct Note {
    visibility: Option<Visibility>,
}

impl Decided {
    fn of(line: &WrittenLine) -> Decided {
        line.decision.clone().and_then(|decision| serde_json::from_value(decision).ok()).unwrap_or_default()
    }
}

/// A line of the list.
struct Row {
    id: String,
    subject: String,
    state: &'static str,
    class: &'static str,
    issue: String,
    writer: String,
    way: &'static str,
    /// How many get it, and how many do not.
    counts: String,
    asked: Moment,
    site: String,
}

#[derive(Template)]
#[template(path = "written_list.html")]
struct List {
    token: String,
    /// For somebody of the support.
    support: bool,
    tabs: Vec<TabLink>,
    rows: Vec<Row>,
    /// Somebody may write one here.
    writable: bool,
    first: bool,
    next: Option<String>,
}

/// The list.
pub async fn list(
    State(console): State<Console>,
    session: Extension<Session>,
    asked: Result<Query<Asked>, QueryRejection>,
) -> Response {
    let Ok(Query(asked)) = asked else { return not_found().await };
    let before = before(&asked.before);
    let first = before.is_none();
    // One more than is shown tells whether there is an older page.
    match console.store.all_written(before, ROWS + 1).await {
        Ok(mut lines) => {
            let next = cut(&mut lines, |line| (line.asked_at, &line.id));
            let rows = lines.iter().map(row).collect();
            let writable = !console.pen.sites(WrittenBy::Console).is_empty();
            let (token, tabs) = (session.token(), tabs(Tab::Written));
            render(StatusCode::OK, &List { token, support: false, tabs, rows, writable, first, next })
        }
        Err(fault) => trouble(&fault),
    }
}

fn row(line: &WrittenLine) -> Row {
    let decided = Decided::of(line);
    let (state, class) = state(line.state);
    let writing = line.asked.as_ref().map(|asked| &asked.writing);
    let issue = match writing.map(|writing| writing.issue.clone()) {
        _ if !decided.issue_key.is_empty() => decided.issue_key.clone(),
        Some(issue) => issue,
        None => line.issue_id.as_ref().map_or_else(String::new, |id| format!("Issue {id}")),
    };
    Row {
        id: line.id.clone(),
        subject: subject(line, &issue),
        state,
        class,
        writer: writing.map(|writing| writing.writer.clone()).unwrap_or_default(),
        way: way(line.by),
        counts: counts(&decided),
        asked: moment(line.asked_at),
        site: line.site.clone(),
        issue,
    }
}

/// A heading, which must not be empty.
fn subject(line: &WrittenLine, issue: &str) -> String {
    match line.asked.as_ref().map(|asked| asked.writing.subject.trim()) {
        None => "(erased)".to_owned(),
        Some("") => format!("A letter about {issue}"),
        Some(subject) => subject.to_owned(),
    }
}

fn people(number: usize) -> String {
    match number {
        0 => String::new(),
        1 => "to 1 person".to_owned(),
        number => format!("to {number} people"),
    }
}

fn counts(decided: &Decided) -> String {
    let people = people(decided.recipients.len());
    match decided.left_out.len() {
        0 => people,
        _ if people.is_empty() => people,
        number => format!("{people}, {number} left out"),
    }
}

/// What its state means for whoever looks, and the class that colours it.
fn state(state: WrittenState) -> (&'static str, &'static str) {
    match state {
        WrittenState::Asked => ("being decided", "asked"),
        WrittenState::Drafted => ("waits for a word", "held"),
        WrittenState::Posted => ("sent off", "letters"),
        WrittenState::Refused => ("goes to nobody", "dead"),
        WrittenState::Dropped => ("not sent", "dropped"),
    }
}

/// By which way it was written.
fn way(by: WrittenBy) -> &'static str {
    match by {
        WrittenBy::Command => "on the command line",
        WrittenBy::Api => "by a program",
        WrittenBy::Console => "on this console",
        WrittenBy::Comment => "by a comment",
    }
}

/// The page of one.
pub async fn show(
    State(console): State<Console>,
    session: Extension<Session>,
    id: Result<Path<String>, PathRejection>,
) -> Response {
    let Some(id) = known_form(id) else { return not_found().await };
    match shown::page(&console, &session, &id).await {
        Ok(Some(page)) => {
            let mut response = render(StatusCode::OK, &page);
            response.extensions_mut().insert(Policy::Framing);
            response
        }
        Ok(None) => not_found().await,
        Err(fault) => trouble(&fault),
    }
}

/// A person's word: what he looked at is sent.
pub async fn send(State(console): State<Console>, session: Extension<Session>, About(id): About) -> Response {
    match sent(&console, &session, &id).await {
        Ok(answer) => answer,
        Err(fault) => trouble(&fault),
    }
}

async fn sent(console: &Console, session: &Session, id: &str) -> Result<Response, Fault> {
    if let Some(line) = console.store.written(id).await?
        && !console.may_write(&line.site)
    {
        let text = "The settings of its site let nobody send letters here any more (written.by), so nothing was done.";
        return Ok(notice(StatusCode::FORBIDDEN, "Not from here", text));
    }
    let done = console.store.send_written(id, session.who()).await?;
    answer(console, id, done, WrittenState::Posted).await
}

/// A person's word: what he looked at is not sent.
pub async fn not_send(State(console): State<Console>, session: Extension<Session>, About(id): About) -> Response {
    let answered = match console.store.drop_written(&id, session.who()).await {
        Ok(done) => answer(&console, &id, done, WrittenState::Dropped).await,
        Err(fault) => Err(fault),
    };
    answered.unwrap_or_else(|fault| trouble(&fault))
}

/// A person's word: the work on one is begun anew.
pub async fn wake(State(console): State<Console>, session: Extension<Session>, About(id): About) -> Response {
    match console.store.wake_written(&id, session.who()).await {
        Ok(true) => Redirect::to(&format!("/written/{id}")).into_response(),
        Ok(false) => {
            let text = "The work on this letter is neither held nor given up, or there is none of this id, so nothing was done.";
            notice(StatusCode::CONFLICT, "Nothing to try again", text)
        }
        Err(fault) => trouble(&fault),
    }
}

/// The page of a letter that is as somebody wanted it, also when he pressed twice; otherwise why nothing was done.
async fn answer(console: &Console, id: &str, done: bool, wanted: WrittenState) -> Result<Response, Fault> {
    let line = console.store.written(id).await?;
    let is_under_way = wanted == WrittenState::Posted && line.as_ref().is_some_and(|line| line.approved);
    let state = line.map(|line| line.state);
    if done || state == Some(wanted) || (is_under_way && state == Some(WrittenState::Asked)) {
        return Ok(Redirect::to(&format!("/written/{id}")).into_response());
    }
    let text = match state {
        None => "There is no letter of this id.",
        Some(WrittenState::Asked) => "It is not decided yet who gets this letter. Open its page again.",
        Some(WrittenState::Drafted) => "This letter is not kept any more, so it cannot be sent. Write it again.",
        Some(WrittenState::Posted) => "This letter was sent already.",
        Some(WrittenState::Refused) => "This letter goes to nobody; its page says why.",
        Some(WrittenState::Dropped) => "This letter was dropped before, so it is not sent. Write it again.",
    };
    Ok(notice(StatusCode::CONFLICT, "Nothing was done", text))
}
