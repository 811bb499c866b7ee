//! Links in letters: a page that asks, whatever opens it, and a button on it that does what the link is for, once.

use super::{Door, Offer, Room, page, pages};
use crate::page::render;
use askama::Template;
use axum::Router;
use axum::extract::rejection::PathRejection;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::response::Response;
use axum::routing::get;
use policy::{Fault, FaultCode};
use std::sync::Arc;

/// The pages behind links; the gateway knows what a link is good for.
#[derive(Clone)]
pub struct Links {
    door: Arc<dyn Door>,
    path: &'static str,
}

#[derive(Template)]
#[template(path = "public/offer.html")]
struct Asking<'a> {
    offer: &'a Offer,
    path: &'a str,
    token: &'a str,
}

#[derive(Template)]
#[template(path = "public/done.html")]
struct Done<'a> {
    offer: &'a Offer,
}

impl Links {
    /// `path` is what stands before a link's token in its address, such as `/links/`.
    pub fn new(door: Arc<dyn Door>, path: &'static str) -> Links {
        Links { door, path }
    }

    /// `GET` (and `HEAD`) asks and changes nothing, so that scanners, previews and prefetching do no harm; `POST` spends the link.
    pub fn room(self) -> Room {
        let path = format!("{}{{token}}", self.path);
        pages(Router::new().route(&path, get(ask).post(spend)).with_state(self))
    }
}

async fn ask(State(links): State<Links>, token: Result<Path<String>, PathRejection>) -> Response {
    let Ok(Path(token)) = token else { return unusable() };
    match links.door.offer(&token).await {
        Ok(Some(offer)) => render(StatusCode::OK, &Asking { offer: &offer, path: links.path, token: &token }),
        Ok(None) => unusable(),
        Err(fault) => later(&fault),
    }
}

async fn spend(State(links): State<Links>, token: Result<Path<String>, PathRejection>) -> Response {
    let Ok(Path(token)) = token else { return unusable() };
    match links.door.accept(&token).await {
        Ok(Some(offer)) => render(StatusCode::OK, &Done { offer: &offer }),
        Ok(None) => unusable(),
        Err(fault) => later(&fault),
    }
}

/// The same for a link that is wrong, was used, is too old or is switched off, so that trying them out tells nothing.
fn unusable() -> Response {
    let text = "This link cannot be used: it was used already, is too old, or is not complete. If you still need something, \
                answer the mail that it came with, or write a new one.";
    page::notice(StatusCode::NOT_FOUND, "Nothing to do here", text)
}

/// Our own trouble; the link is not used.
fn later(fault: &Fault) -> Response {
    if fault.code != FaultCode::QueueFull {
        tracing::warn!(code = %fault.code, detail = fault.logged(), "a link could not be looked at");
    }
    page::not_now("This does not work at the moment. Please try again in a few minutes; the link is still good.")
}
