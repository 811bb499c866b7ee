//! What relays have stored because it waits for a key: since when, for how many, why, and a person's word that it is tried again or erased.
//! Nothing of what it says is shown, and nobody's address.

use super::about::About;
use super::filter::{ROWS, before, cut};
use super::{Moment, moment, not_found, notice, render, stale_form, state, state_word, trouble};
use crate::Console;
use crate::sign_in::{Session, Signed};
use askama::Template;
use axum::Extension;
use axum::extract::rejection::{FormRejection, QueryRejection};
use axum::extract::{Form, Query, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Redirect, Response};
use policy::kept::size_in_words;
use policy::{Fault, FaultCode};
use serde::Deserialize;
use store::{JobState, KeptFilter, NotByHand, RelayedLine};

/// Which page, as it stands in its address.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub struct Asked {
    /// `MICROSECONDS~ID` of the last row of the page before.
    after: String,
    /// What was done just now: `again`, `erased`, or to how many something was done.
    done: String,
}

struct Row {
    id: String,
    relay: String,
    /// Empty for a relay of none.
    site: String,
    /// Its relay is not in the settings any more.
    without_relay: bool,
    recipients: u64,
    size: String,
    stored: Moment,
    given_up: Moment,
    next_try: Moment,
    /// What it does now, and the class that colours it.
    state: &'static str,
    class: &'static str,
    /// Why it waits; nothing before it was tried again.
    why: Option<String>,
    code: String,
    /// It is being handed on, so that nothing can be done by hand.
    in_work: bool,
}

#[derive(Template)]
#[template(path = "relayed.html")]
struct Page {
    token: String,
    /// For somebody of the support.
    support: bool,
    rows: Vec<Row>,
    /// What was done just now, in words.
    done: Option<String>,
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
    let after = before(&asked.after);
    let first = after.is_none();
    // One more than is shown tells whether there is a further page.
    let mut lines = match console.store.kept_mails(&KeptFilter { relay: None, after, limit: ROWS + 1 }).await {
        Ok(lines) => lines,
        Err(fault) => return trouble(&fault),
    };
    let next = cut(&mut lines, |line| (line.kept_at, &line.id));
    let relays = console.hands.relays();
    let rows = lines.into_iter().map(|line| row(line, &relays)).collect();
    let (token, support) = (session.token(), session.support_of().is_some());
    render(StatusCode::OK, &Page { token, support, rows, done: done(&asked.done), first, next })
}

fn done(word: &str) -> Option<String> {
    match word {
        "again" => Some("It is tried again now. It leaves by its rules, or waits on.".to_owned()),
        "erased" => Some("The mail is erased. Whoever waited for it does not get it.".to_owned()),
        number => {
            let number: u64 = number.parse().ok()?;
            Some(format!("Tried again now: {number}. Each leaves by its rules, or waits on."))
        }
    }
}

fn row(line: RelayedLine, relays: &[(String, String)]) -> Row {
    let without_relay = !relays.iter().any(|(site, name)| *site == line.site && *name == line.relay);
    Row {
        without_relay,
        recipients: line.recipients,
        size: size_in_words(line.size_bytes),
        stored: moment(line.kept_at),
        given_up: moment(line.ends_at),
        next_try: moment(line.due),
        state: if without_relay { "its relay is gone" } else { state(line.state) },
        class: if without_relay { "dead" } else { state_word(line.state) },
        why: line.fault.as_ref().map(why),
        code: line.fault.map_or_else(String::new, |fault| fault.code.to_string()),
        in_work: line.state == JobState::Running,
        id: line.id,
        relay: line.relay,
        site: line.site,
    }
}

/// What a rule or the next server has said, where that is known, as `sealpost relay list` does; otherwise what is wrong and what to do.
fn why(fault: &Fault) -> String {
    match fault.code {
        FaultCode::SealingHeld | FaultCode::PostRefused => fault.logged(),
        _ => fault.public.clone(),
    }
}

/// A person's word: a stored mail is tried again now.
pub async fn again(State(console): State<Console>, session: Extension<Session>, About(id): About) -> Response {
    answer(console.store.try_kept_again(&id, session.who()).await, "again")
}

/// The same for all of them.
pub async fn all_again(
    State(console): State<Console>,
    session: Extension<Session>,
    form: Result<Form<Signed>, FormRejection>,
) -> Response {
    if !session.made(form) {
        return stale_form();
    }
    match console.store.try_all_kept_again(None, session.who()).await {
        Ok(number) => Redirect::to(&format!("/relayed?done={number}")).into_response(),
        Err(fault) => trouble(&fault),
    }
}

/// A person has a stored mail erased at once.
pub async fn erase(State(console): State<Console>, session: Extension<Session>, About(id): About) -> Response {
    answer(console.store.erase_kept(&id, session.who()).await, "erased")
}

fn answer(done: Result<Option<NotByHand>, Fault>, word: &str) -> Response {
    match done {
        Ok(None) => Redirect::to(&format!("/relayed?done={word}")).into_response(),
        Ok(Some(NotByHand::Unknown)) => {
            let text = "No relay has stored a mail with this id, or it has left by now.";
            notice(StatusCode::CONFLICT, "Nothing was done", text)
        }
        Ok(Some(NotByHand::InWork)) => {
            let text = "It is being handed on at this moment. Open the list again in a minute.";
            notice(StatusCode::CONFLICT, "Nothing was done", text)
        }
        Err(fault) => trouble(&fault),
    }
}
