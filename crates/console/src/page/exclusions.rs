//! Exclusions: how often each kept something back, and when it last did.

use super::{Moment, moment, render, trouble};
use crate::Console;
use crate::sign_in::Session;
use askama::Template;
use axum::Extension;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::Response;

struct Row {
    name: String,
    profile: String,
    site: String,
    times: u64,
    last: Moment,
}

#[derive(Template)]
#[template(path = "exclusions.html")]
struct Page {
    token: String,
    /// For somebody of the support.
    support: bool,
    rows: Vec<Row>,
}

/// The page.
pub async fn list(State(console): State<Console>, session: Extension<Session>) -> Response {
    let lines = match console.store.exclusions().await {
        Ok(lines) => lines,
        Err(fault) => return trouble(&fault),
    };
    let rows = lines.into_iter().map(|line| Row {
        name: line.name,
        profile: line.profile,
        site: line.site,
        times: line.times,
        last: moment(line.last_seen_at),
    });
    let page = Page { token: session.token(), support: session.support_of().is_some(), rows: rows.collect() };
    render(StatusCode::OK, &page)
}
