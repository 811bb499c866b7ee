//! Keeps other sites out of the pages: their forms, their frames, and names that they let point at this machine.

use crate::Desk;
use axum::extract::{Request, State};
use axum::http::{HeaderMap, HeaderValue, Method, StatusCode, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use std::net::IpAddr;

const POLICY: &str = "default-src 'none'; style-src 'self'; img-src 'self'; form-action 'self'; frame-ancestors 'none'; \
                      base-uri 'none'";

pub(crate) async fn protect(State(desk): State<Desk>, request: Request, next: Next) -> Response {
    let mut response = match refusal(&desk, &request) {
        Some((status, why)) => (status, why).into_response(),
        None => next.run(request).await,
    };
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_SECURITY_POLICY, HeaderValue::from_static(POLICY));
    headers.insert(header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    headers.insert(header::REFERRER_POLICY, HeaderValue::from_static("same-origin"));
    headers.insert(header::X_FRAME_OPTIONS, HeaderValue::from_static("DENY"));
    headers.entry(header::CACHE_CONTROL).or_insert(HeaderValue::from_static("no-store"));
    response
}

fn refusal(desk: &Desk, request: &Request) -> Option<(StatusCode, &'static str)> {
    let text = |name| text_of(request.headers(), name);
    let host = text("host").unwrap_or_default();
    if !is_ours(desk, host) {
        return Some((StatusCode::MISDIRECTED_REQUEST, "The desk does not go by this name."));
    }
    if matches!(*request.method(), Method::GET | Method::HEAD) {
        return None;
    }
    // Browsers say where a form came from; what says nothing is no browser, and carries nobody's rights.
    let from_here = match (text("sec-fetch-site"), text("origin")) {
        (Some(site), _) => matches!(site, "same-origin" | "none"),
        (None, Some(origin)) => origin.split_once("://").is_some_and(|(_, from)| from == host),
        (None, None) => true,
    };
    (!from_here).then_some((StatusCode::FORBIDDEN, "This form was sent by another site."))
}

fn text_of<'h>(headers: &'h HeaderMap, name: &str) -> Option<&'h str> {
    headers.get(name).and_then(|value| value.to_str().ok())
}

/// Another site can let its own name point at this machine and then read pages as if they were its own (DNS rebinding);
/// an address or the configured name cannot be had that way.
fn is_ours(desk: &Desk, host: &str) -> bool {
    let configured = url::Url::parse(desk.base_url()).ok();
    let configured = configured.as_ref().and_then(url::Url::host_str);
    let name = match host.strip_prefix('[') {
        Some(rest) => rest.split(']').next().unwrap_or_default(),
        None => host.split(':').next().unwrap_or_default(),
    };
    name.parse::<IpAddr>().is_ok() || name.eq_ignore_ascii_case("localhost") || Some(name) == configured
}
