//! Pages for strangers: they say what happened, and nothing of what is here.

use crate::page::render;
use askama::Template;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::Response;

#[derive(Template)]
#[template(path = "public/notice.html")]
struct Notice<'a> {
    title: &'a str,
    text: &'a str,
}

/// A page that says one thing.
pub fn notice(status: StatusCode, title: &str, text: &str) -> Response {
    render(status, &Notice { title, text })
}

pub async fn not_found() -> Response {
    notice(StatusCode::NOT_FOUND, "Nothing here", "There is no page with this address.")
}

/// What went wrong here is for the log of operators; a stranger learns when to come again.
pub fn not_now(text: &str) -> Response {
    notice(StatusCode::SERVICE_UNAVAILABLE, "Not now", text)
}

/// So many do the same at this moment that one more has to wait.
pub fn busy(text: &str) -> Response {
    let mut response = notice(StatusCode::SERVICE_UNAVAILABLE, "Busy", text);
    response.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from_static("60"));
    response
}

pub fn another_name() -> Response {
    let text = "This service goes by another name: the one that stands in its links.";
    notice(StatusCode::MISDIRECTED_REQUEST, "Another name", text)
}

pub fn too_often() -> Response {
    let text = "Too many requests came from here. Wait a little, then try again.";
    notice(StatusCode::TOO_MANY_REQUESTS, "Too often", text)
}
