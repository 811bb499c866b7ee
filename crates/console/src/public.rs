//! What strangers reach: a listener of its own with no session, no cookie and nothing to find but what a link or token names.

mod api;
mod door;
mod explainer;
pub mod file;
pub mod hook;
mod links;
pub mod own_keys;
mod page;
pub mod portal;
mod rate;
pub mod unsubscribe;
pub mod upload;

pub use api::{Api, Limits};
pub use door::{Door, Envelope, Handed, Incoming, Offer};
pub use explainer::{Explained, Explainer};
pub use links::Links;

use crate::guard::{Policy, host, set_policy, set_safe_headers, set_strict_transport};
use crate::origin::Origin;
use crate::page as own_page;
use crate::serve::Client;
use api::Problem;
use axum::Router;
use axum::extract::{DefaultBodyLimit, Request, State};
use axum::http::{HeaderName, HeaderValue, Method, StatusCode, header};
use axum::middleware::{self, Next};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use policy::FaultCode;
use rate::Rates;
use std::net::{IpAddr, Ipv4Addr};
use std::sync::Arc;
use std::time::{Duration, Instant};
use tower_http::timeout::TimeoutLayer;

/// The largest form that a page of ours takes.
const FORM_BYTES_MAX: usize = 16 * 1024;
/// A request to a page, its body included, is answered within this time or with 408 (SEC-45).
const PAGE_TIMEOUT: Duration = Duration::from_secs(30);

/// What all public answers say beside the safe headers of the console: addresses here are secrets, so no page tells where it
/// was come from, and none is to be found by a search engine.
const SECLUDED: [(&str, &str); 2] =
    [("referrer-policy", "no-referrer"), ("x-robots-tag", "noindex, nofollow, noarchive")];

/// What stands behind the wall: routes that bring their own state, and their own bounds on bodies and time. [`pages`] sets
/// those of a page with a form.
pub type Room = Router;

/// The names of the sites at this moment; settings that are read again may bring others.
pub type Sites = Arc<dyn Fn() -> Vec<String> + Send + Sync>;

/// The public listener's wall.
#[derive(Clone)]
pub struct Public {
    origin: Arc<Origin>,
    rates: Arc<Rates>,
}

impl Public {
    /// `origin` is `https://host[:port]`, or `http://` on loopback: the only name that is answered, and the beginning of all
    /// links. Beyond `requests_per_minute_max` a client (of IPv6 a network of 64 bits) gets 429.
    pub fn new(origin: &str, requests_per_minute_max: u32) -> Public {
        Public { origin: Arc::new(Origin::read(origin)), rates: Arc::new(Rates::new(requests_per_minute_max)) }
    }

    /// The rooms behind the wall: each answer has the safe headers, each request names our host and is counted by client.
    pub fn router(self, rooms: Vec<Room>) -> Router {
        let own = Router::new()
            .route("/style.css", get(own_page::style))
            .route("/icon.svg", get(own_page::icon))
            .route("/robots.txt", get(|| async { "User-agent: *\nDisallow: /\n" }));
        rooms
            .into_iter()
            .fold(pages(own), Router::merge)
            .fallback(page::not_found)
            .layer(middleware::from_fn_with_state(self, guard))
    }
}

/// The bounds of pages that people see: forms of 16 KiB, 30 seconds for a request.
pub fn pages(room: Room) -> Room {
    room.layer(DefaultBodyLimit::max(FORM_BYTES_MAX))
        .layer(TimeoutLayer::with_status_code(StatusCode::REQUEST_TIMEOUT, PAGE_TIMEOUT))
}

/// Refuses other names (SEC-42) and clients that ask too often (SEC-45).
///
/// Where a form came from is not asked: there is no session that another page could borrow, every right comes with the link
/// or the token itself.
async fn guard(State(public): State<Public>, request: Request, next: Next) -> Response {
    let mut response = match public.refusal(&request) {
        Some(refusal) => refusal,
        None => next.run(request).await,
    };
    let policy = response.extensions().get::<Policy>().copied();
    let headers = response.headers_mut();
    set_safe_headers(headers);
    if let Some(policy) = policy {
        set_policy(headers, policy);
    }
    for (name, value) in SECLUDED {
        headers.insert(HeaderName::from_static(name), HeaderValue::from_static(value));
    }
    set_strict_transport(&public.origin, headers);
    response
}

impl Public {
    fn refusal(&self, request: &Request) -> Option<Response> {
        // Programs read problems, people read pages.
        let path = request.uri().path();
        let is_for_programs = path.starts_with("/api/") || path.starts_with(hook::HOOKS_PATH);
        let is_for_everybody = path.starts_with(own_keys::WKD_PATH) && host(request).is_some();
        if !is_for_everybody && !host(request).is_some_and(|host| self.origin.is(host)) {
            return Some(if is_for_programs { Problem::another_name().into_response() } else { page::another_name() });
        }
        if path.starts_with(hook::HOOKS_PATH) && request.method() == Method::POST {
            // They count for themselves what nothing proves.
            return None;
        }
        let client = request.extensions().get::<Client>().map_or(IpAddr::V4(Ipv4Addr::UNSPECIFIED), |client| client.0);
        let wait = self.rates.count(client, Instant::now()).err()?;
        let mut response =
            if is_for_programs { Problem::of(FaultCode::AskedTooOften).into_response() } else { page::too_often() };
        response.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from(wait.as_secs().max(1)));
        Some(response)
    }
}
