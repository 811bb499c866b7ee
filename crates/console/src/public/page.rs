//! Pages for strangers: they say what happened, and nothing of what is here.

use crate::page::render;
use askama::Template;
use axum::http::StatusCode;
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

pub fn another_name() -> Response {
    let text = "This service goes by another name: the one that stands in its links.";
    notice(StatusCode::MISDIRECTED_REQUEST, "Another name", text)
}

pub fn too_often() -> Response {
    let text = "Too many requests came from here. Wait a little, then try again.";
    notice(StatusCode::TOO_MANY_REQUESTS, "Too often", text)
}
