//! The list of letters: what the gateway wrote to people by itself, or kept here because their site is a dead end.

use super::filter::{ROWS, cut};
use super::views::TabLink;
use super::{Moment, moment, not_found, render, trouble};
use crate::Console;
use crate::sign_in::Session;
use askama::Template;
use axum::Extension;
use axum::extract::rejection::QueryRejection;
use axum::extract::{Query, State};
use axum::http::StatusCode;
use axum::response::Response;
use policy::{Letter, LetterKind, LetterWhen};
use serde::Deserialize;
use store::{LetterFate, LetterLine, Micros};

/// `message:ID/REVISION/letter-ORDINAL`.
const KEY_BYTES_MAX: usize = 128;

/// Where the page begins, as it stands in its address.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub struct Asked {
    /// `MICROSECONDS~KEY` of the last row of the page before.
    before: String,
}

/// A letter as people see it.
struct Row {
    message: String,
    subject: String,
    to: String,
    posted: Moment,
    kind: &'static str,
    reason: String,
    text: String,
    /// What became of it, and the class that colours it.
    fate: String,
    class: &'static str,
    /// When its server took it, and what is known of that.
    taken: Option<(Moment, String)>,
    site: String,
}

#[derive(Template)]
#[template(path = "letters.html")]
struct List {
    token: String,
    /// For somebody of the support.
    support: bool,
    tabs: Vec<TabLink>,
    rows: Vec<Row>,
    first: bool,
    next: Option<String>,
}

/// The lists of letters.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Tab {
    Mail,
    Events,
    Written,
}

pub(super) fn tabs(open: Tab) -> Vec<TabLink> {
    let tabs = [
        (Tab::Mail, "About mail", "/letters"),
        (Tab::Events, "About events", "/letters/events"),
        (Tab::Written, "Written on purpose", "/letters/written"),
    ];
    tabs.map(|(tab, name, address)| (name, address.to_owned(), tab == open)).into()
}

/// The page.
pub async fn list(
    State(console): State<Console>,
    session: Extension<Session>,
    asked: Result<Query<Asked>, QueryRejection>,
) -> Response {
    let Ok(Query(asked)) = asked else { return not_found().await };
    let before = before(&asked.before);
    let first = before.is_none();
    // One more than is shown tells whether there is an older page.
    match console.store.letters(before, ROWS + 1).await {
        Ok(mut lines) => {
            let next = cut(&mut lines, |line| (line.posted_at, &line.key.0));
            let rows = lines.into_iter().map(row).collect();
            let tabs = tabs(Tab::Mail);
            render(StatusCode::OK, &List { token: session.token(), support: false, tabs, rows, first, next })
        }
        Err(fault) => trouble(&fault),
    }
}

/// What a letter is for, in a list of steps.
pub(super) fn described(letter: &Letter) -> String {
    match (letter.kind, letter.when) {
        (LetterKind::Forward, _) => format!("Hand the mail on to {}", letter.to),
        (LetterKind::Notice, LetterWhen::Decided) => format!("Tell {}", letter.to),
        (LetterKind::Alert, LetterWhen::Stopped) => format!("Tell {} if the work on it stops", letter.to),
        (LetterKind::Alert, _) => format!("Tell {}, who looks after mail", letter.to),
        (LetterKind::Notice, LetterWhen::Stopped) => format!("Tell {} if the work on it stops", letter.to),
        (LetterKind::Notice, LetterWhen::Failed) => format!("Tell {} if no issue can be made", letter.to),
    }
}

fn before(asked: &str) -> Option<(Micros, String)> {
    let (micros, key) = asked.split_once('~')?;
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-:/".contains(&byte);
    (key.len() <= KEY_BYTES_MAX && key.bytes().all(plain)).then_some((micros.parse().ok()?, key.to_owned()))
}

/// What became of a letter, and the class that colours it.
pub(super) fn fate_in_words(fate: &LetterFate) -> (String, &'static str) {
    match fate {
        LetterFate::Waits => ("waits to be sent".to_owned(), "waiting"),
        LetterFate::Sent => ("sent".to_owned(), "done"),
        LetterFate::DeadEnd => ("kept here, its site is a dead end".to_owned(), "held"),
        LetterFate::Failed(fault) => (fault.to_string(), "dead"),
        LetterFate::CameBack(back) => (back.in_words(), "dead"),
    }
}

fn row(line: LetterLine) -> Row {
    let (fate, class) = fate_in_words(&line.fate);
    let erased = || "(erased)".to_owned();
    let letter = line.letter.as_ref();
    Row {
        message: line.message,
        subject: letter.map_or_else(erased, |letter| letter.subject.clone()),
        to: letter.map_or_else(String::new, |letter| letter.to.clone()),
        posted: moment(line.posted_at),
        kind: match letter.map(|letter| letter.kind) {
            Some(LetterKind::Forward) => "handed on, with the whole mail",
            Some(LetterKind::Notice) => "a notice to the sender",
            Some(LetterKind::Alert) => "tells those who look after mail, with the whole mail",
            None => "a letter",
        },
        reason: letter.map_or_else(String::new, |letter| letter.reason.clone()),
        text: letter.map_or_else(String::new, |letter| letter.text.clone()),
        fate,
        class,
        taken: line.dialogue.as_ref().map(|dialogue| (moment(dialogue.at), dialogue.in_words())),
        site: line.site,
    }
}
