//! Mails that are flagged for support: the list, and a person's word that one is, or is not any more.

use super::about::About;
use super::story::known_form;
use super::{Moment, moment, not_found, notice, render, stale_form, subject, trouble};
use crate::Console;
use crate::sign_in::Session;
use askama::Template;
use axum::extract::rejection::{FormRejection, PathRejection};
use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Redirect, Response};
use axum::{Extension, Form};
use policy::Outcome;
use serde::Deserialize;

/// What is said of a flag.
#[derive(Deserialize)]
pub struct Word {
    #[serde(default)]
    token: String,
    #[serde(default)]
    reason: String,
    #[serde(default)]
    days: String,
}

/// A flagged mail.
struct Row {
    id: String,
    subject: String,
    outcome: &'static str,
    reason: String,
    until: Moment,
    site: String,
    mailbox: String,
}

#[derive(Template)]
#[template(path = "flagged.html")]
struct List {
    token: String,
    /// For somebody of the support.
    support: bool,
    rows: Vec<Row>,
}

/// The page. Whoever signed in for support sees the mails of their site.
pub async fn list(State(console): State<Console>, session: Extension<Session>) -> Response {
    let flagged = match console.store.flagged(session.support_of()).await {
        Ok(flagged) => flagged,
        Err(fault) => return trouble(&fault),
    };
    let rows = flagged.into_iter().map(|(line, flag)| Row {
        subject: subject(&line),
        outcome: line.outcome.map_or("undecided", Outcome::word),
        id: line.id,
        reason: flag.reason,
        until: moment(flag.until),
        site: line.site,
        mailbox: line.mailbox,
    });
    let page = List { token: session.token(), support: session.support_of().is_some(), rows: rows.collect() };
    render(StatusCode::OK, &page)
}

/// Flags a mail, or changes its flag.
pub async fn flag(
    State(console): State<Console>,
    session: Extension<Session>,
    id: Result<Path<String>, PathRejection>,
    form: Result<Form<Word>, FormRejection>,
) -> Response {
    let Ok(Form(word)) = form else { return stale_form() };
    if !session.gave(&word.token) {
        return stale_form();
    }
    let Some(id) = known_form(id) else { return not_found().await };
    let (reason, days) = (word.reason.trim(), word.days.trim().parse().unwrap_or(0));
    if reason.is_empty() || days == 0 {
        let text = "Say why support is to look at the mail, and for how many days.";
        return notice(StatusCode::UNPROCESSABLE_ENTITY, "Nothing was done", text);
    }
    match console.store.flag(&id, reason, days, session.who()).await {
        Ok(None) => Redirect::to(&format!("/messages/{id}")).into_response(),
        Ok(Some(not_now)) => notice(StatusCode::CONFLICT, "Nothing was done", not_now.in_words()),
        Err(fault) => trouble(&fault),
    }
}

/// Takes a flag back.
pub async fn unflag(State(console): State<Console>, session: Extension<Session>, About(id): About) -> Response {
    match console.store.unflag(&id, session.who()).await {
        Ok(true) => Redirect::to(&format!("/messages/{id}")).into_response(),
        Ok(false) => notice(StatusCode::CONFLICT, "Nothing was done", "This mail is not flagged, or not any more."),
        Err(fault) => trouble(&fault),
    }
}
