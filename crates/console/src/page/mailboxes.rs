//! Mailboxes: how each is doing, and a person's word that its connection is tested or that it is looked into at once.

use super::filter::encoded;
use super::{Moment, moment, not_found, render, stale_form, trouble};
use crate::Console;
use crate::hands::{MailboxLine, Round};
use crate::now::MailboxNow;
use crate::sign_in::Session;
use askama::Template;
use axum::extract::State;
use axum::extract::rejection::FormRejection;
use axum::http::StatusCode;
use axum::response::Response;
use axum::{Extension, Form};
use policy::Fault;
use policy::kept::size_in_words;
use serde::Deserialize;

/// Mails of one round that a page lists.
const MAILS_MAX: usize = 200;

/// Which mailbox a form is about.
#[derive(Deserialize)]
pub struct Word {
    #[serde(default)]
    token: String,
    #[serde(default)]
    mailbox: String,
}

struct Row {
    name: String,
    /// The name as it stands in an address.
    query: String,
    site: String,
    profile: String,
    server: Option<String>,
    is_shadow: bool,
    /// How it is doing, where something is to be said.
    trouble: Option<&'static str>,
    /// When all that lay there was last looked at.
    looked: Option<Moment>,
}

/// A mail of a round.
struct Mail {
    outcome: &'static str,
    class: &'static str,
    message: Option<String>,
    size: String,
    on_server: &'static str,
    error: Option<String>,
}

/// What came of a person's word.
enum Answer {
    /// Good or not, and in words.
    Said(bool, String),
    Round {
        mails: Vec<Mail>,
        not_listed: u64,
        goes_on: bool,
        error: Option<String>,
    },
}

#[derive(Template)]
#[template(path = "mailboxes.html")]
struct Page {
    token: String,
    /// For somebody of the support.
    support: bool,
    rows: Vec<Row>,
    /// Of which mailbox, and what.
    answer: Option<(String, Answer)>,
}

/// The page.
pub async fn list(State(console): State<Console>, session: Extension<Session>) -> Response {
    shown(&console, &session, None).await
}

/// Logs into a mailbox and says what was found there.
pub async fn test(
    State(console): State<Console>,
    session: Extension<Session>,
    form: Result<Form<Word>, FormRejection>,
) -> Response {
    let name = match fetched(&console, &session, form).await {
        Ok(name) => name,
        Err(answer) => return answer,
    };
    let answer = match console.hands.test(&name).await {
        Ok(Ok(found)) => Answer::Said(true, found),
        Ok(Err(why)) => Answer::Said(false, why),
        Err(fault) => return trouble(&fault),
    };
    shown(&console, &session, Some((name, answer))).await
}

/// Has a mailbox looked into at once and says what became of each mail.
pub async fn poll(
    State(console): State<Console>,
    session: Extension<Session>,
    form: Result<Form<Word>, FormRejection>,
) -> Response {
    let name = match fetched(&console, &session, form).await {
        Ok(name) => name,
        Err(answer) => return answer,
    };
    let answer = match console.hands.poll(&name).await {
        Ok(Ok(round)) => told(round),
        Ok(Err(why)) => Answer::Said(false, why),
        Err(fault) => return trouble(&fault),
    };
    shown(&console, &session, Some((name, answer))).await
}

/// The fetched mailbox that a form of this session names; for any other request its answer.
async fn fetched(
    console: &Console,
    session: &Session,
    form: Result<Form<Word>, FormRejection>,
) -> Result<String, Response> {
    let Ok(Form(word)) = form else { return Err(stale_form()) };
    if !session.gave(&word.token) {
        return Err(stale_form());
    }
    let known = console.hands.mailboxes().into_iter().find(|line| line.name == word.mailbox);
    match known.filter(|line| line.server.is_some()) {
        Some(line) => Ok(line.name),
        None => Err(not_found().await),
    }
}

fn told(round: Round) -> Answer {
    let not_listed = round.more + round.mails.len().saturating_sub(MAILS_MAX) as u64;
    let mail = |line: crate::hands::RoundLine| Mail {
        outcome: line.outcome,
        class: if line.failed { "dead" } else { "done" },
        message: line.message,
        size: line.size_bytes.map(size_in_words).unwrap_or_default(),
        on_server: line.on_server,
        error: line.error,
    };
    let mails = round.mails.into_iter().take(MAILS_MAX).map(mail).collect();
    Answer::Round { mails, not_listed, goes_on: round.goes_on, error: round.error }
}

async fn shown(console: &Console, session: &Session, answer: Option<(String, Answer)>) -> Response {
    let rows = match rows(console).await {
        Ok(rows) => rows,
        Err(fault) => return trouble(&fault),
    };
    render(StatusCode::OK, &Page { token: session.token(), support: session.support_of().is_some(), rows, answer })
}

async fn rows(console: &Console) -> Result<Vec<Row>, Fault> {
    let fetched = console.store.attention().await?.fetched;
    let now = console.now.mailboxes();
    let row = |line: MailboxLine| {
        let doing = now.iter().find(|one| one.name == line.name);
        let looked = fetched.iter().find(|(name, _)| *name == line.name);
        Row {
            trouble: doing.and_then(in_words),
            looked: looked.map(|(_, at)| moment(*at)),
            query: line.name.bytes().map(encoded).collect(),
            name: line.name,
            site: line.site,
            profile: line.profile,
            server: line.server,
            is_shadow: line.is_shadow,
        }
    };
    Ok(console.hands.mailboxes().into_iter().map(row).collect())
}

fn in_words(mailbox: &MailboxNow) -> Option<&'static str> {
    match mailbox {
        MailboxNow { is_refused: true, .. } => Some("a token server gives no tokens for it"),
        MailboxNow { fails: true, .. } => Some("it cannot be fetched"),
        MailboxNow { is_silent: true, .. } => Some("no mail comes"),
        MailboxNow { is_stalled: true, .. } => Some("it is not looked through any more"),
        _ => None,
    }
}
