//! The list of messages: newest first, filtered, page by page.

use super::filter::{Asked, Fields, ROWS, encoded};
use super::{Moment, moment, not_found, render, state, state_word, subject, trouble};
use crate::Console;
use crate::sign_in::Session;
use askama::Template;
use axum::Extension;
use axum::extract::rejection::QueryRejection;
use axum::extract::{Query, State};
use axum::http::StatusCode;
use axum::response::Response;
use policy::Outcome;
use policy::kept::size_in_words;
use std::sync::PoisonError;
use store::{JobState, MessageLine};

/// A line of the list.
struct Row {
    id: String,
    received: Moment,
    subject: String,
    sender: String,
    outcome: &'static str,
    reason: String,
    rule: Option<String>,
    /// Why the work waits or stopped.
    trouble: Option<String>,
    state: &'static str,
    state_word: &'static str,
    /// There is nothing more to say of a mail that is done.
    done: bool,
    size: String,
    mailbox: String,
    issue: Option<IssueLink>,
}

#[derive(Template)]
#[template(path = "messages.html")]
struct List {
    token: String,
    /// For somebody of the support.
    support: bool,
    rows: Vec<Row>,
    fields: Fields,
    filtered: bool,
    first: bool,
    /// The filter as part of an address, for the links to other pages of the list; it ends in `&` unless it is empty.
    query: String,
    next: Option<String>,
    /// The page is not full, and yet there may be more to find.
    goes_on: bool,
}

/// The page.
pub async fn list(
    State(console): State<Console>,
    session: Extension<Session>,
    asked: Result<Query<Asked>, QueryRejection>,
) -> Response {
    let Ok(Query(asked)) = asked else { return not_found().await };
    let filter = asked.filter(ROWS);
    let places = match console.store.places().await {
        Ok(places) => places,
        Err(fault) => return trouble(&fault),
    };
    let page = match console.store.message_page(&filter).await {
        Ok(page) => page,
        Err(fault) => return trouble(&fault),
    };
    let fields = asked.fields(&filter, places);
    let query = fields.query();
    let page = List {
        token: session.token(),
        support: session.support_of().is_some(),
        goes_on: page.next.is_some() && page.lines.len() < ROWS as usize,
        next: page.next.map(|(at, id)| format!("{at}~{id}")),
        rows: page.lines.into_iter().map(|line| row(&console, line)).collect(),
        filtered: !query.is_empty(),
        query: if query.is_empty() { query } else { query + "&" },
        fields,
        first: filter.before.is_none(),
    };
    render(StatusCode::OK, &page)
}

fn row(console: &Console, line: MessageLine) -> Row {
    Row {
        received: moment(line.received_at),
        subject: subject(&line),
        sender: line.sender,
        outcome: line.outcome.map_or("undecided", Outcome::word),
        reason: line.reason,
        rule: line.rule,
        trouble: line.fault.filter(|_| line.job != JobState::Done).map(|fault| fault.to_string()),
        state: state(line.job),
        state_word: state_word(line.job),
        done: line.job == JobState::Done,
        size: size_in_words(line.size_bytes),
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
        let bases = self.browse_bases.read().unwrap_or_else(PoisonError::into_inner);
        // No other scheme: a base that begins with `javascript:` would be a script.
        let base = bases.get(site).filter(|base| base.starts_with("https://") || base.starts_with("http://"));
        let link = base.map(|base| {
            let key: String = key.bytes().map(encoded).collect();
            format!("{}/browse/{key}", base.trim_end_matches('/'))
        });
        IssueLink { key, link }
    }
}
