//! The list of messages: newest first, filtered by outcome, state or sender, page by page.

use super::{render, size, state, state_word, time, trouble};
use crate::Console;
use askama::Template;
use axum::extract::{Query, State};
use axum::http::StatusCode;
use axum::response::Response;
use policy::Outcome;
use serde::Deserialize;
use store::{JobState, MessageFilter, MessageLine};

/// Rows on one page.
const ROWS: u32 = 50;

const OUTCOMES: &[Outcome] = &[
    Outcome::Create,
    Outcome::Comment,
    Outcome::Ignore,
    Outcome::Reject,
    Outcome::Forward,
    Outcome::Quarantine,
    Outcome::Hold,
];

const STATES: &[JobState] =
    &[JobState::Ready, JobState::Running, JobState::Waiting, JobState::Held, JobState::Done, JobState::Dead];

/// The filter as it stands in the address of the page.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub struct Asked {
    outcome: String,
    state: String,
    sender: String,
    /// `MICROSECONDS~ID` of the last row of the page before.
    before: String,
}

struct Row {
    id: String,
    received: String,
    subject: String,
    sender: String,
    outcome: &'static str,
    reason: String,
    state: &'static str,
    state_word: &'static str,
    size: String,
    mailbox: String,
    issue: Option<(String, String)>,
}

struct Choice {
    word: &'static str,
    shown: &'static str,
    chosen: bool,
}

#[derive(Template)]
#[template(path = "messages.html")]
struct List {
    rows: Vec<Row>,
    outcomes: Vec<Choice>,
    states: Vec<Choice>,
    sender: String,
    filtered: bool,
    next: Option<String>,
}

/// The page.
pub async fn list(State(console): State<Console>, Query(asked): Query<Asked>) -> Response {
    match console.store.messages(&filter(&asked)).await {
        Ok(lines) => render(StatusCode::OK, &page(&console, &asked, lines)),
        Err(fault) => trouble(&fault),
    }
}

fn filter(asked: &Asked) -> MessageFilter {
    let before = asked.before.split_once('~').and_then(|(micros, id)| Some((micros.parse().ok()?, id.to_string())));
    MessageFilter {
        site: None,
        outcome: OUTCOMES.iter().copied().find(|outcome| outcome.word() == asked.outcome),
        job: STATES.iter().copied().find(|state| state_word(*state) == asked.state),
        sender: Some(asked.sender.trim().to_lowercase()).filter(|sender| !sender.is_empty()),
        before,
        limit: ROWS,
    }
}

fn page(console: &Console, asked: &Asked, lines: Vec<MessageLine>) -> List {
    let full = lines.len() == ROWS as usize;
    let next = lines.last().filter(|_| full).map(|last| {
        let sender: String = asked.sender.bytes().map(encoded).collect();
        format!(
            "/messages?outcome={}&state={}&sender={sender}&before={}~{}",
            word(&asked.outcome),
            word(&asked.state),
            last.received_at,
            last.id
        )
    });
    List {
        rows: lines.into_iter().map(|line| row(console, line)).collect(),
        outcomes: OUTCOMES
            .iter()
            .map(|o| Choice { word: o.word(), shown: o.word(), chosen: o.word() == asked.outcome })
            .collect(),
        states: STATES
            .iter()
            .map(|s| Choice { word: state_word(*s), shown: state(*s), chosen: state_word(*s) == asked.state })
            .collect(),
        sender: asked.sender.clone(),
        filtered: !(asked.outcome.is_empty() && asked.state.is_empty() && asked.sender.is_empty()),
        next,
    }
}

/// Only letters survive: the filter's words have no others.
fn word(asked: &str) -> String {
    asked.chars().filter(char::is_ascii_lowercase).collect()
}

fn encoded(byte: u8) -> String {
    if byte.is_ascii_alphanumeric() { (byte as char).to_string() } else { format!("%{byte:02X}") }
}

fn row(console: &Console, line: MessageLine) -> Row {
    Row {
        received: time(line.received_at),
        subject: if line.subject.is_empty() { "(no subject)".into() } else { line.subject },
        sender: line.sender,
        outcome: line.outcome.map_or("undecided", Outcome::word),
        reason: line.reason,
        state: state(line.job),
        state_word: state_word(line.job),
        size: size(line.size_bytes),
        mailbox: line.mailbox,
        issue: line.issue_key.map(|key| (console.issue_link(&line.site, &key), key)),
        id: line.id,
    }
}

impl Console {
    /// Where people look at an issue.
    pub(crate) fn issue_link(&self, site: &str, key: &str) -> String {
        let base = self.browse_bases.get(site).map_or("", String::as_str);
        format!("{base}/browse/{key}")
    }
}
