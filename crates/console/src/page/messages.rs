//! The list of messages: newest first, filtered by outcome, state or sender, page by page.

use super::{Moment, is_id, moment, not_found, render, size, state, state_word, subject, trouble};
use crate::Console;
use crate::sign_in::Session;
use askama::Template;
use axum::Extension;
use axum::extract::rejection::QueryRejection;
use axum::extract::{Query, State};
use axum::http::StatusCode;
use axum::response::Response;
use policy::Outcome;
use serde::Deserialize;
use store::{JobState, MessageFilter, MessageLine, Micros};

/// Rows on one page.
const ROWS: u32 = 50;
/// No address is longer (RFC 5321, section 4.5.3.1: local part, @ and domain).
const SENDER_BYTES_MAX: usize = 64 + 1 + 255;

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

/// A line of the list.
struct Row {
    id: String,
    received: Moment,
    subject: String,
    sender: String,
    outcome: &'static str,
    reason: String,
    state: &'static str,
    state_word: &'static str,
    /// There is nothing more to say of a mail that is done.
    done: bool,
    size: String,
    mailbox: String,
    issue: Option<IssueLink>,
}

struct Choice {
    word: &'static str,
    shown: &'static str,
    chosen: bool,
}

#[derive(Template)]
#[template(path = "messages.html")]
struct List {
    token: String,
    rows: Vec<Row>,
    outcomes: Vec<Choice>,
    states: Vec<Choice>,
    sender: String,
    filtered: bool,
    first: bool,
    /// The filter as part of an address, for the links to other pages of the list.
    query: String,
    next: Option<String>,
}

/// The page.
pub async fn list(
    State(console): State<Console>,
    session: Extension<Session>,
    asked: Result<Query<Asked>, QueryRejection>,
) -> Response {
    let Ok(Query(asked)) = asked else { return not_found().await };
    let filter = filter(&asked);
    match console.store.messages(&filter).await {
        Ok(lines) => render(StatusCode::OK, &page(&console, &session, &filter, lines)),
        Err(fault) => trouble(&fault),
    }
}

/// What makes no sense does not filter, and is not shown as if it did.
fn filter(asked: &Asked) -> MessageFilter {
    let sender = asked.sender.trim().to_lowercase();
    MessageFilter {
        site: None,
        outcome: OUTCOMES.iter().copied().find(|outcome| outcome.word() == asked.outcome),
        job: STATES.iter().copied().find(|state| state_word(*state) == asked.state),
        sender: Some(sender).filter(|sender| !sender.is_empty() && sender.len() <= SENDER_BYTES_MAX),
        before: before(&asked.before),
        // One more than is shown tells whether there is an older page.
        limit: ROWS + 1,
    }
}

fn before(asked: &str) -> Option<(Micros, String)> {
    let (micros, id) = asked.split_once('~')?;
    is_id(id).then_some((micros.parse().ok()?, id.to_owned()))
}

fn page(console: &Console, session: &Session, filter: &MessageFilter, mut lines: Vec<MessageLine>) -> List {
    let more = lines.len() > ROWS as usize;
    lines.truncate(ROWS as usize);
    List {
        token: session.token(),
        next: lines.last().filter(|_| more).map(|last| format!("{}~{}", last.received_at, last.id)),
        rows: lines.into_iter().map(|line| row(console, line)).collect(),
        outcomes: OUTCOMES
            .iter()
            .map(|o| Choice { word: o.word(), shown: o.word(), chosen: Some(*o) == filter.outcome })
            .collect(),
        states: STATES
            .iter()
            .map(|s| Choice { word: state_word(*s), shown: state(*s), chosen: Some(*s) == filter.job })
            .collect(),
        sender: filter.sender.clone().unwrap_or_default(),
        filtered: filter.outcome.is_some() || filter.job.is_some() || filter.sender.is_some(),
        first: filter.before.is_none(),
        query: query(filter),
    }
}

fn query(filter: &MessageFilter) -> String {
    let sender: String = filter.sender.iter().flat_map(|sender| sender.bytes()).map(encoded).collect();
    let outcome = filter.outcome.map_or("", Outcome::word);
    format!("outcome={outcome}&state={}&sender={sender}", filter.job.map_or("", state_word))
}

/// One byte of a value in an address (RFC 3986, section 2.1).
fn encoded(byte: u8) -> String {
    if byte.is_ascii_alphanumeric() { char::from(byte).to_string() } else { format!("%{byte:02X}") }
}

fn row(console: &Console, line: MessageLine) -> Row {
    Row {
        received: moment(line.received_at),
        subject: subject(&line),
        sender: line.sender,
        outcome: line.outcome.map_or("undecided", Outcome::word),
        reason: line.reason,
        state: state(line.job),
        state_word: state_word(line.job),
        done: line.job == JobState::Done,
        size: size(line.size_bytes),
        mailbox: line.mailbox,
        issue: line.issue_key.map(|key| console.issue_link(&line.site, key)),
        id: line.id,
    }
}

/// An issue's key, and where people look at it when the site says where.
pub struct IssueLink {
    pub key: String,
    pub link: Option<String>,
}

impl Console {
    pub(crate) fn issue_link(&self, site: &str, key: String) -> IssueLink {
        // No other scheme: a base that begins with `javascript:` would be a script.
        let base =
            self.browse_bases.get(site).filter(|base| base.starts_with("https://") || base.starts_with("http://"));
        let encode = |byte: u8| if byte == b'-' { "-".to_owned() } else { encoded(byte) };
        let link = base.map(|base| {
            let key: String = key.bytes().map(encode).collect();
            format!("{}/browse/{key}", base.trim_end_matches('/'))
        });
        IssueLink { key, link }
    }
}
