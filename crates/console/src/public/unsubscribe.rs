//! Links that end letters about an issue: a page that asks, whatever opens it, and the one click of mail programs (RFC 8058).

use super::{Room, page, pages};
use crate::page::render;
use crate::reader::Answer;
use askama::Template;
use axum::Router;
use axum::extract::rejection::PathRejection;
use axum::extract::{Form, FromRequest, Multipart, Path, Request, State};
use axum::http::{StatusCode, header};
use axum::response::Response;
use axum::routing::get;
use policy::Fault;
use std::sync::Arc;

/// What a mail program sends when its user wants no more (RFC 8058, section 3.2).
const ONE_CLICK: (&str, &str) = ("List-Unsubscribe", "One-Click");
/// The buttons of the page.
const NO_MORE: (&str, &str) = ("letters", "no more");
const AGAIN: (&str, &str) = ("letters", "again");
/// The field in which somebody names the address that his letter went to.
const ADDRESS: &str = "address";
/// Octets of an address (RFC 5321, section 4.5.3.1).
const ADDRESS_BYTES_MAX: usize = 254;
/// Fields of a form that are looked at; a form with more is none of ours.
const FIELDS_MAX: usize = 8;

/// Whether letters about an issue go to the address that one of them went to.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Subscription {
    /// The issue's key; `None` where it is not kept any more.
    pub issue: Option<String>,
    pub silent: bool,
    /// Several have the letter, so whoever uses its link names the address that his went to.
    pub shared: bool,
}

/// Who knows what a link is good for; `sealpost` implements it over the engine. `None` for every link that cannot be used, whatever the
/// cause.
pub trait Subscriptions: Send + Sync + 'static {
    /// How it stands; nothing is changed.
    fn look<'a>(&'a self, link: &'a str) -> Answer<'a, Option<Subscription>>;

    /// No more letters; durable when it returns, and the same however often it is said. Of a letter that several have nothing is changed
    /// without the `address` that it went to.
    fn end<'a>(&'a self, link: &'a str, address: Option<&'a str>) -> Answer<'a, Option<Subscription>>;

    /// Letters again; likewise.
    fn begin_again<'a>(&'a self, link: &'a str, address: Option<&'a str>) -> Answer<'a, Option<Subscription>>;
}

#[derive(Clone)]
struct Letters {
    subscriptions: Arc<dyn Subscriptions>,
    path: &'static str,
}

/// What a form asks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Wish {
    NoMore,
    Again,
}

/// What came with a form.
struct Wished {
    wish: Wish,
    address: Option<String>,
}

#[derive(Template)]
#[template(path = "public/letters.html")]
struct Shown<'a> {
    issue: &'a str,
    silent: bool,
    shared: bool,
    /// Somebody has just said so.
    changed: bool,
    path: &'a str,
    token: &'a str,
}

/// The room. `path` is what stands before a link's token in its address, such as `/letters/`. `GET` (and `HEAD`) changes nothing, so that
/// scanners, previews and prefetching do no harm; of `POST` nothing but the two forms has an effect. Neither session nor cookie is
/// wanted: a mail program has none.
pub fn room(subscriptions: Arc<dyn Subscriptions>, path: &'static str) -> Room {
    let address = format!("{path}{{token}}");
    pages(Router::new().route(&address, get(ask).post(change)).with_state(Letters { subscriptions, path }))
}

async fn ask(State(letters): State<Letters>, token: Result<Path<String>, PathRejection>) -> Response {
    let Ok(Path(token)) = token else { return unusable() };
    let found = letters.subscriptions.look(&token).await;
    letters.answer(found, &token, None)
}

async fn change(
    State(letters): State<Letters>,
    token: Result<Path<String>, PathRejection>,
    request: Request,
) -> Response {
    let Ok(Path(token)) = token else { return unusable() };
    // Before the link is looked at, so that the answer to any other form tells nothing of it.
    let Some(Wished { wish, address }) = wished(request).await else { return not_the_form() };
    let found = match wish {
        Wish::NoMore => letters.subscriptions.end(&token, address.as_deref()).await,
        Wish::Again => letters.subscriptions.begin_again(&token, address.as_deref()).await,
    };
    letters.answer(found, &token, Some(address.is_some()))
}

impl Letters {
    /// `said` is whether an address was named with what somebody has just said; `None` where nobody said anything.
    fn answer(&self, found: Result<Option<Subscription>, Fault>, token: &str, said: Option<bool>) -> Response {
        match found {
            Ok(Some(Subscription { shared: true, .. })) if said == Some(false) => not_the_form(),
            Ok(Some(Subscription { issue, silent, shared })) => {
                let issue = issue.as_deref().unwrap_or("this issue");
                let changed = said.is_some();
                render(StatusCode::OK, &Shown { issue, silent, shared, changed, path: self.path, token })
            }
            Ok(None) => unusable(),
            Err(fault) => later(&fault),
        }
    }
}

/// What the body asks for, as a form in either way of writing it: mail programs use both. `None` for any other body, and for one that
/// asks for both.
async fn wished(request: Request) -> Option<Wished> {
    let content_type = request.headers().get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok());
    let is_multipart = content_type.is_some_and(|value| value.to_ascii_lowercase().starts_with("multipart/form-data"));
    let fields = if is_multipart { multipart(request).await? } else { urlencoded(request).await? };
    let mut wishes = fields.iter().filter_map(|(name, value)| wish_of(name, value));
    let wish = wishes.next()?;
    if !wishes.all(|other| other == wish) {
        return None;
    }
    let address = fields.iter().find(|(name, _)| name == ADDRESS).map(|(_, value)| value.trim());
    let address = address.filter(|address| !address.is_empty() && address.len() <= ADDRESS_BYTES_MAX);
    Some(Wished { wish, address: address.map(str::to_owned) })
}

fn wish_of(name: &str, value: &str) -> Option<Wish> {
    match (name, value) {
        ONE_CLICK | NO_MORE => Some(Wish::NoMore),
        AGAIN => Some(Wish::Again),
        _ => None,
    }
}

async fn urlencoded(request: Request) -> Option<Vec<(String, String)>> {
    let Form(fields) = Form::from_request(request, &()).await.ok()?;
    Some(fields).filter(|fields: &Vec<_>| fields.len() <= FIELDS_MAX)
}

async fn multipart(request: Request) -> Option<Vec<(String, String)>> {
    let mut form = Multipart::from_request(request, &()).await.ok()?;
    let mut fields = Vec::new();
    while let Some(field) = form.next_field().await.ok()? {
        let name = field.name().unwrap_or_default().to_owned();
        fields.push((name, field.text().await.ok()?));
        if fields.len() > FIELDS_MAX {
            return None;
        }
    }
    Some(fields)
}

/// The same for a link that is wrong, was changed, or whose letter is not kept any more, so that trying them out tells nothing.
fn unusable() -> Response {
    let text =
        "This link cannot be used: it is not complete, or its letter is too old. A newer letter has another link.";
    page::notice(StatusCode::NOT_FOUND, "Nothing to do here", text)
}

fn not_the_form() -> Response {
    let text =
        "What came is not the form of this page, so nothing was changed. Open the link again and use its button.";
    page::notice(StatusCode::BAD_REQUEST, "Not understood", text)
}

/// Our own trouble; nothing was changed, as far as anybody knows.
fn later(fault: &Fault) -> Response {
    tracing::warn!(code = %fault.code, detail = fault.logged(), "a link that ends letters could not be looked at");
    page::not_now("This does not work at the moment. Please try again in a few minutes; the link is still good.")
}
