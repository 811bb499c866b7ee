//! What a letter about an event would say to one of its readers now: made as those that go out, shown, and not sent.

use super::super::events::{issue, what_happened};
use super::super::messages::IssueLink;
use super::super::story::known_form;
use super::super::{is_id, not_found, notice, render, trouble};
use super::{Decided, LeftOut, Told};
use crate::Console;
use crate::guard::{FRAME_STYLE, Policy};
use crate::hands::{Preview, PreviewLetter, Wanted};
use crate::sign_in::Session;
use askama::Template;
use axum::Extension;
use axum::extract::rejection::{PathRejection, QueryRejection};
use axum::extract::{Path, Query, State};
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use policy::Fault;
use serde::Deserialize;
use std::collections::BTreeSet;
use store::EventStory;

/// Bytes of an address (RFC 5321, section 4.5.3.1).
const ADDRESS_BYTES_MAX: usize = 320;
/// Addresses that the form offers, and people who would be left out that the page tells of.
const PEOPLE_MAX: usize = 200;

/// Whose letter, as it stands in the address of the page.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub struct Asked {
    to: String,
    /// By this mapping alone; empty for any.
    mapping: String,
}

/// The form that asks for one.
#[derive(Default)]
pub(super) struct Form {
    pub(super) id: String,
    pub(super) to: String,
    /// Those who are told, to choose from; any other may be typed.
    pub(super) people: Vec<String>,
    /// Names of mappings, each with whether it is the one that is asked for.
    pub(super) mappings: Vec<(String, bool)>,
}

/// A letter as the page shows it.
struct Letter {
    subject: String,
    from: String,
    mapping: String,
    reason: String,
    made_by: String,
    trouble: Option<String>,
    sealing: Option<String>,
    text: String,
    /// Where its HTML stands by itself.
    frame: String,
}

#[derive(Template)]
#[template(path = "event_preview.html")]
struct Page {
    token: String,
    /// For somebody of the support.
    support: bool,
    issue: IssueLink,
    what: &'static str,
    site: String,
    preview: Form,
    /// Why nobody can say.
    trouble: Option<String>,
    /// Somebody was asked about.
    is_asked: bool,
    letters: Vec<Letter>,
    told: Vec<String>,
    left_out: Vec<LeftOut>,
    trace: Vec<String>,
}

impl Form {
    /// One mapping alone is asked about.
    fn is_by_one(&self) -> bool {
        self.mappings.iter().any(|(_, chosen)| *chosen)
    }

    /// The form beside the story of an event that is kept.
    pub(super) fn beside(console: &Console, site: &str, id: &str, told: &[Told]) -> Form {
        Form::of(console, site, id, told, &Asked::default())
    }

    fn of(console: &Console, site: &str, id: &str, told: &[Told], asked: &Asked) -> Form {
        let names = console.hands.mappings(site).into_iter();
        // A channel has no address.
        let people = told.iter().map(|told| told.recipient.address.clone()).filter(|address| address.contains('@'));
        Form {
            id: id.to_owned(),
            to: asked.to.trim().to_owned(),
            people: first_of(people),
            mappings: names.map(|name| (name.clone(), name == asked.mapping)).collect(),
        }
    }
}

fn first_of(people: impl Iterator<Item = String>) -> Vec<String> {
    people.collect::<BTreeSet<String>>().into_iter().take(PEOPLE_MAX).collect()
}

/// The page.
pub async fn show(
    State(console): State<Console>,
    session: Extension<Session>,
    id: Result<Path<String>, PathRejection>,
    asked: Result<Query<Asked>, QueryRejection>,
) -> Response {
    let (Some(id), Ok(Query(asked))) = (known_form(id), asked) else { return not_found().await };
    match shown(&console, &session, &id, &asked).await {
        Ok(Some(page)) => page,
        Ok(None) => not_found().await,
        Err(fault) => trouble(&fault),
    }
}

async fn shown(console: &Console, session: &Session, id: &str, asked: &Asked) -> Result<Option<Response>, Fault> {
    let Some(story) = console.store.event(id).await? else { return Ok(None) };
    if story.line.event.is_none() {
        let text = "What the event said has been erased, so nobody can say what a letter would tell of it.";
        return Ok(Some(notice(StatusCode::GONE, "Erased", text)));
    }
    let to = asked.to.trim();
    let answer = match (to, is_address(to)) {
        ("", _) => Ok(Preview::default()),
        (_, false) => Err("This is no address of a person; write one such as ann@example.org.".to_owned()),
        (to, true) => {
            let mapping = Some(asked.mapping.as_str()).filter(|name| !name.is_empty());
            console.hands.preview(Wanted { event: id, to, mapping, who: session.who() }).await?
        }
    };
    let page = page(console, session, story, asked, answer)?;
    let has_frames = !page.letters.is_empty();
    let mut page = render(StatusCode::OK, &page);
    if has_frames {
        page.extensions_mut().insert(Policy::Framing);
    }
    Ok(Some(page))
}

/// Whether it can be somebody's address; whoever has it is looked for, and nothing is written to it.
fn is_address(text: &str) -> bool {
    let is_plain = !text.contains(|c: char| c.is_control() || c.is_whitespace());
    is_plain
        && text.len() <= ADDRESS_BYTES_MAX
        && text.split_once('@').is_some_and(|(name, domain)| !name.is_empty() && !domain.is_empty())
}

fn page(
    console: &Console,
    session: &Session,
    story: EventStory,
    asked: &Asked,
    answer: Result<Preview, String>,
) -> Result<Page, Fault> {
    let EventStory { line, notice, .. } = story;
    let decided: Decided = notice.and_then(|notice| serde_json::from_value(notice).ok()).unwrap_or_default();
    let (is_asked, trouble, made) = match answer {
        Ok(made) => (!asked.to.trim().is_empty(), None, made),
        Err(why) => (false, Some(why), Preview::default()),
    };
    let letters = made.letters.into_iter().map(|one| letter(console, &line.id, one)).collect::<Result<Vec<_>, _>>()?;
    let mut preview = Form::of(console, &line.site, &line.id, &decided.notifications, asked);
    preview.people = first_of(preview.people.into_iter().chain(made.told.iter().cloned()));
    let left_out = made.left_out.into_iter().take(PEOPLE_MAX);
    Ok(Page {
        token: session.token(),
        support: session.support_of().is_some(),
        issue: issue(console, &line),
        what: what_happened(line.kind),
        site: line.site,
        preview,
        trouble,
        is_asked,
        letters,
        told: made.told,
        left_out: left_out.map(|one| LeftOut { mapping: one.mapping, whom: one.whom, why: one.why }).collect(),
        trace: made.trace,
    })
}

fn letter(console: &Console, event: &str, made: PreviewLetter) -> Result<Letter, Fault> {
    let name = console.shelf.put(event, made.html)?;
    Ok(Letter {
        subject: made.subject,
        from: made.from,
        mapping: made.mapping,
        reason: made.reason,
        made_by: made.made_by,
        trouble: made.trouble,
        sealing: made.sealing,
        text: made.text,
        frame: format!("/events/{event}/preview/{name}"),
    })
}

/// The HTML of a letter that a page was just made with.
pub async fn alone(State(console): State<Console>, path: Result<Path<(String, String)>, PathRejection>) -> Response {
    let Ok(Path((event, name))) = path else { return not_found().await };
    if !is_id(&event) || !is_id(&name) {
        return not_found().await;
    }
    let (status, page, policy) = match console.shelf.get(&event, &name) {
        Some(html) => (StatusCode::OK, html, Policy::Letter),
        None => {
            let page = format!(
                "<!doctype html>\n<html lang=\"en\"><head><meta charset=\"utf-8\"><meta name=\"color-scheme\" content=\"light \
                 dark\"><title>Not kept</title><style>{FRAME_STYLE}</style></head>\n<body><p>This letter is not kept any more. \
                 Have it made again.</p></body></html>\n"
            );
            (StatusCode::GONE, page, Policy::Framed)
        }
    };
    let mut page = (status, [(header::CONTENT_TYPE, "text/html; charset=utf-8")], page).into_response();
    page.extensions_mut().insert(policy);
    page
}
