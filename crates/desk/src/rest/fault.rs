//! Shows the faults that the switches ask for, around the work of the REST interface.

use crate::fault_switches::{Fault, RouteKind};
use crate::serve::Cut;
use crate::{Desk, clock};
use axum::Json;
use axum::body::{Body, Bytes, to_bytes};
use axum::extract::{Request, State};
use axum::http::{HeaderMap, Method, StatusCode};
use axum::middleware::Next;
use axum::response::{Html, IntoResponse, Response};
use serde_json::json;
use std::time::Duration;

/// Answers longer than this are not truncated but passed on whole.
const TRUNCATED_SIZE_MAX: usize = 16 << 20;

pub(crate) async fn show(State(desk): State<Desk>, request: Request, next: Next) -> Response {
    let route = kind_of(request.method(), request.uri().path());
    let faults = &desk.inner.faults;
    let instead = |fault: &Fault| {
        matches!(
            fault,
            Fault::RateLimit { .. } | Fault::Limited { .. } | Fault::ServerError { .. } | Fault::Maintenance { .. }
        )
    };
    if let Some(response) = faults.draw(route, instead).and_then(refusal) {
        return response;
    }
    let mut response = next.run(request).await;
    if let Some(Fault::Slow { delay_ms }) = faults.draw(route, |fault| matches!(fault, Fault::Slow { .. })) {
        tokio::time::sleep(Duration::from_millis(delay_ms)).await;
    }
    if response.status().is_success() {
        if faults.draw(route, |fault| *fault == Fault::LostAnswer).is_some() {
            let mut lost = StatusCode::INTERNAL_SERVER_ERROR.into_response();
            lost.extensions_mut().insert(Cut);
            return lost;
        }
        if faults.draw(route, |fault| *fault == Fault::TruncatedJson).is_some() {
            response = truncate(response).await;
        }
    }
    response
}

/// What kind of request this is, by method and path.
fn kind_of(method: &Method, path: &str) -> RouteKind {
    // A context path may stand before it.
    let path = ["/rest/api/3/", "/rest/api/2/"].iter().find_map(|api| path.split_once(api)).map_or(path, |(_, it)| it);
    let parts: Vec<&str> = path.split('/').collect();
    match (method.as_str(), parts.as_slice()) {
        (_, ["search", ..]) => RouteKind::Search,
        ("POST", ["issue"] | ["issue", "bulk"]) => RouteKind::Create,
        ("POST", ["issue", _, "comment"]) => RouteKind::Comment,
        ("POST", ["issue", _, "attachments"]) => RouteKind::Attach,
        ("POST", ["issue", _, "transitions"]) => RouteKind::Transition,
        ("GET" | "HEAD", ["attachment", "content" | "thumbnail", ..] | [.., "secure", "attachment", _, _]) => {
            RouteKind::Download
        }
        ("GET" | "HEAD", _) | ("POST", ["issue", "bulkfetch"] | ["comment", "list"] | ["jql", "parse"]) => {
            RouteKind::Read
        }
        _ => RouteKind::Write,
    }
}

/// The answer of a fault that keeps the work from being done.
fn refusal(fault: Fault) -> Option<Response> {
    match fault {
        Fault::RateLimit { retry_after_s } => Some(rate_limited(retry_after_s, "jira-burst-based".to_owned())),
        Fault::Limited { retry_after_s, reason } => Some(rate_limited(retry_after_s, reason)),
        Fault::ServerError { status } => {
            let status = StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
            let body = json!({ "errorMessages": ["Internal server error"], "errors": {} });
            Some((status, Json(body)).into_response())
        }
        Fault::Maintenance { status } => {
            let status = StatusCode::from_u16(status).unwrap_or(StatusCode::SERVICE_UNAVAILABLE);
            let page = "<!DOCTYPE html><html><head><title>Maintenance</title></head><body><h1>We'll be back soon</h1>\
                        <p>Your site is down for maintenance.</p></body></html>";
            Some((status, Html(page)).into_response())
        }
        _ => None,
    }
}

fn rate_limited(retry_after_s: u64, reason: String) -> Response {
    let reset_ms = clock::now_ms().saturating_add_unsigned(retry_after_s.saturating_mul(1000));
    let mut headers = HeaderMap::new();
    let mut put = |name: &'static str, value: String| {
        if let Ok(value) = value.parse() {
            headers.insert(name, value);
        }
    };
    put("retry-after", retry_after_s.to_string());
    put("x-ratelimit-limit", "100".to_owned());
    put("x-ratelimit-remaining", "0".to_owned());
    put("x-ratelimit-reset", clock::rfc3339_time(reset_ms));
    put("x-ratelimit-nearlimit", "true".to_owned());
    put("ratelimit-reason", reason);
    let body = json!({ "errorMessages": ["Rate limit exceeded."], "errors": {} });
    (StatusCode::TOO_MANY_REQUESTS, headers, Json(body)).into_response()
}

/// The first half of a response, with a length that fits it: to the client it looks complete.
async fn truncate(response: Response) -> Response {
    let (mut parts, body) = response.into_parts();
    let Ok(bytes) = to_bytes(body, TRUNCATED_SIZE_MAX).await else {
        return StatusCode::INTERNAL_SERVER_ERROR.into_response();
    };
    parts.headers.remove("content-length");
    let half: Bytes = bytes.slice(..bytes.len() / 2);
    Response::from_parts(parts, Body::from(half))
}
