//! Pages: templates filled with values, and nothing else.

mod about;
pub mod case;
pub mod contacts;
pub mod coverage;
pub mod event;
pub mod events;
pub mod exclusions;
pub mod filter;
pub mod flagged;
pub mod front;
pub mod keys;
mod known_ids;
pub mod letters;
pub mod list_filter;
pub mod mailboxes;
pub mod messages;
pub mod outbox;
mod pictures;
pub mod relayed;
pub mod replay;
pub mod story;
pub mod usage;
mod values;
pub mod views;
pub mod write;
pub mod written;

use askama::Template;
use axum::http::{StatusCode, header};
use axum::response::{Html, IntoResponse, Response};
use policy::{Fault, FaultCode};
use store::{JobState, MessageLine, Micros};

#[derive(Template)]
#[template(path = "sign_in.html")]
struct SignIn<'a> {
    secret: &'a str,
    /// A code is asked for, too.
    coded: bool,
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
pub fn sign_in(status: StatusCode, secret: &str, coded: bool, note: &str) -> Response {
    render(status, &SignIn { secret, coded, note })
}

/// A page that says one thing.
pub fn notice(status: StatusCode, title: &str, text: &str) -> Response {
    render(status, &Notice { title, text })
}

/// A fault, with its code and what to do; never its private detail.
pub fn trouble(fault: &Fault) -> Response {
    let title = format!("This did not work ({})", fault.code);
    notice(StatusCode::SERVICE_UNAVAILABLE, &title, &fault.public)
}

/// What another program answered when it refused something, word by word; empty for faults of our own, whose detail is for
/// logs.
pub fn words_of(fault: &Fault) -> &str {
    match fault.code {
        FaultCode::TrackerRefused
        | FaultCode::TrackerGone
        | FaultCode::TrackerUnauthorised
        | FaultCode::PostRefused
        | FaultCode::MailboxRefused => &fault.detail,
        _ => "",
    }
}

/// A form without the token of this session.
pub fn stale_form() -> Response {
    let text = "This form is from an earlier session, so nothing was done. Open the page again and repeat it.";
    notice(StatusCode::FORBIDDEN, "An old form", text)
}

pub async fn not_found() -> Response {
    notice(StatusCode::NOT_FOUND, "Nothing here", "There is no page with this address.")
}

pub async fn style() -> Response {
    ([(header::CONTENT_TYPE, "text/css; charset=utf-8")], include_str!("../assets/style.css")).into_response()
}

pub async fn icon() -> Response {
    ([(header::CONTENT_TYPE, "image/svg+xml")], include_str!("../assets/icon.svg")).into_response()
}

/// Can this be the id of a row? What cannot be one is not asked for; a NUL would even be a fault in PostgreSQL.
pub fn is_id(text: &str) -> bool {
    const ID_BYTES_MAX: usize = 64;
    text.len() <= ID_BYTES_MAX && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-')
}

/// A time for people, `22 Nov 2026, 03:14:22 UTC`, and for machines (RFC 3339).
pub struct Moment {
    pub shown: String,
    pub machine: String,
}

/// In UTC. A time that no calendar has is left empty.
pub fn moment(micros: Micros) -> Moment {
    match jiff::Timestamp::from_microsecond(micros) {
        Ok(time) => Moment {
            shown: time.strftime("%-d %b %Y, %H:%M:%S UTC").to_string(),
            machine: time.strftime("%Y-%m-%dT%H:%M:%SZ").to_string(),
        },
        Err(_) => Moment { shown: String::new(), machine: String::new() },
    }
}

/// Has everything that was written been erased? Every decision has a reason, until then.
pub fn erased(line: &MessageLine) -> bool {
    line.outcome.is_some() && line.reason.is_empty()
}

/// A subject as a heading, which must not be empty; before a mail is decided on, nobody has read it.
pub fn subject(line: &MessageLine) -> String {
    match (line.subject.trim(), line.outcome) {
        ("", None) => "(not read yet)".into(),
        ("", Some(_)) if erased(line) => "(erased)".into(),
        ("", Some(_)) => "(no subject)".into(),
        (subject, _) => subject.into(),
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
