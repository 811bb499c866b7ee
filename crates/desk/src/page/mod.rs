//! The desk's pages: server-rendered, without scripts, for people who look at what a program has made.
//!
//! There is no sign-in: whoever reaches the desk reads and writes as its agent, so it belongs on loopback.

mod guard;
mod issue;
mod issue_list;

pub(crate) use issue::agent;

use crate::Desk;
use crate::refusal::Refusal;
use askama::Template;
use axum::Router;
use axum::http::{HeaderName, StatusCode, header};
use axum::middleware::from_fn_with_state;
use axum::response::{Html, IntoResponse, Redirect, Response};
use axum::routing::{get, post};

/// Who acts when somebody uses the pages.
pub(crate) const AGENT_ADDRESS: &str = "agent@desk.example";
pub(crate) const AGENT_NAME: &str = "Desk agent";

pub(crate) fn router(desk: &Desk) -> Router {
    Router::new()
        .route("/", get(async || Redirect::to("/issues")))
        .route("/issues", get(issue_list::show))
        .route("/browse/{key}", get(issue::show))
        .route("/browse/{key}/comment", post(issue::add_comment))
        .route("/browse/{key}/status", post(issue::change_status))
        .route(
            "/desk/style.css",
            get(async || asset("text/css; charset=utf-8", include_str!("../../assets/style.css"))),
        )
        .route("/desk/avatar.svg", get(async || asset("image/svg+xml", include_str!("../../assets/avatar.svg"))))
        .layer(from_fn_with_state(desk.clone(), guard::protect))
        .with_state(desk.clone())
}

/// Files of ours; they change with the program only.
fn asset(kind: &'static str, text: &'static str) -> ([(HeaderName, &'static str); 2], &'static str) {
    ([(header::CONTENT_TYPE, kind), (header::CACHE_CONTROL, "max-age=3600")], text)
}

/// Draws a page with this status.
fn draw(status: StatusCode, page: &impl Template) -> Response {
    match page.render() {
        Ok(html) => (status, Html(html)).into_response(),
        Err(fault) => {
            tracing::error!(%fault, "a page could not be drawn");
            StatusCode::INTERNAL_SERVER_ERROR.into_response()
        }
    }
}

/// A page that only says something.
#[derive(Template)]
#[template(path = "notice.html")]
struct Notice {
    query: String,
    title: &'static str,
    text: String,
}

/// A refusal as a page.
fn refused(refusal: Refusal) -> Response {
    let (status, title, text) = match refusal {
        Refusal::Denied(denial) if denial.status == StatusCode::NOT_FOUND => {
            (StatusCode::NOT_FOUND, "Not found", denial.messages.join(" "))
        }
        Refusal::Denied(denial) => (denial.status, "That did not work", words(&denial)),
        broken => {
            tracing::error!(fault = %broken, "a page could not be made");
            let text = "The desk could not do this. Its log says why.".to_owned();
            (StatusCode::INTERNAL_SERVER_ERROR, "Something is broken", text)
        }
    };
    draw(status, &Notice { query: String::new(), title, text })
}

/// Everything that a denial says.
fn words(denial: &crate::refusal::Denial) -> String {
    denial.messages.iter().chain(denial.fields.values()).cloned().collect::<Vec<_>>().join(" ")
}

/// The name of somebody, as pages show it.
fn name_of(desk: &Desk, account_id: Option<&str>) -> String {
    match account_id {
        None => "Nobody".to_owned(),
        Some(id) => desk.inner.directory.person(id).map_or_else(|| "Former user".to_owned(), |one| one.name.clone()),
    }
}
