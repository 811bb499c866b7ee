//! Pages: templates filled with values, and nothing else.

pub mod messages;
pub mod story;

use askama::Template;
use axum::http::{StatusCode, header};
use axum::response::{Html, IntoResponse, Response};
use policy::Fault;
use store::{JobState, Micros};

#[derive(Template)]
#[template(path = "sign_in.html")]
struct SignIn<'a> {
    secret: &'a str,
    note: &'a str,
}

#[derive(Template)]
#[template(path = "notice.html")]
struct Notice<'a> {
    title: &'a str,
    text: &'a str,
}

/// Renders a template; one that fails is a defect, and is told without its content.
pub fn render(status: StatusCode, template: &impl Template) -> Response {
    match template.render() {
        Ok(page) => (status, Html(page)).into_response(),
        Err(_) => {
            (StatusCode::INTERNAL_SERVER_ERROR, "This page could not be written; please report it.\n").into_response()
        }
    }
}

/// The page that asks for, or offers to spend, a sign-in link.
pub fn sign_in(status: StatusCode, secret: &str, note: &str) -> Response {
    render(status, &SignIn { secret, note })
}

/// A fault, with its code and what to do; never its private detail.
pub fn trouble(fault: &Fault) -> Response {
    let title = fault.code.to_string();
    render(StatusCode::SERVICE_UNAVAILABLE, &Notice { title: &title, text: &fault.public })
}

pub async fn not_found() -> Response {
    render(StatusCode::NOT_FOUND, &Notice { title: "Nothing here", text: "There is no page with this address." })
}

pub async fn style() -> Response {
    ([(header::CONTENT_TYPE, "text/css; charset=utf-8")], include_str!("../assets/style.css")).into_response()
}

/// `2026-11-22 03:14:22`, in UTC.
pub fn time(micros: Micros) -> String {
    match jiff::Timestamp::from_microsecond(micros) {
        Ok(time) => time.strftime("%Y-%m-%d %H:%M:%S").to_string(),
        Err(_) => String::new(),
    }
}

/// `12.3 kB`, in powers of ten.
pub fn size(bytes: u64) -> String {
    match bytes {
        0..1_000 => format!("{bytes} bytes"),
        1_000..1_000_000 => format!("{}.{} kB", bytes / 1_000, bytes % 1_000 / 100),
        _ => format!("{}.{} MB", bytes / 1_000_000, bytes % 1_000_000 / 100_000),
    }
}

/// What a job's state means for the person who looks.
pub fn state(state: JobState) -> &'static str {
    match state {
        JobState::Ready => "queued",
        JobState::Running => "in work",
        JobState::Waiting => "waiting",
        JobState::Held => "held for a person",
        JobState::Done => "done",
        JobState::Dead => "given up",
    }
}

/// The word that stands in addresses and class names.
pub fn state_word(state: JobState) -> &'static str {
    match state {
        JobState::Ready => "ready",
        JobState::Running => "running",
        JobState::Waiting => "waiting",
        JobState::Held => "held",
        JobState::Done => "done",
        JobState::Dead => "dead",
    }
}
