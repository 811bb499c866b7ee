//! The wall around every page: only our own host is answered, forms come only from our own pages, headers are safe.

use crate::Console;
use axum::extract::{Request, State};
use axum::http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};

/// No script, no inline style, nothing from elsewhere, no framing (SEC-44).
const POLICY: &str =
    "default-src 'none'; style-src 'self'; img-src 'self'; form-action 'self'; frame-ancestors 'none'; base-uri 'none'";

const SAFE: [(&str, &str); 7] = [
    ("content-security-policy", POLICY),
    ("x-content-type-options", "nosniff"),
    ("x-frame-options", "DENY"),
    ("referrer-policy", "no-referrer"),
    ("cache-control", "no-store"),
    ("cross-origin-opener-policy", "same-origin"),
    ("cross-origin-resource-policy", "same-origin"),
];

/// HSTS of one year (PRIV-21); only said over TLS, where browsers heed it.
const HSTS: HeaderValue = HeaderValue::from_static("max-age=31536000; includeSubDomains");

/// Refuses foreign hosts (SEC-42) and foreign forms (SEC-40), and sets the safe headers on every answer.
pub async fn guard(State(console): State<Console>, request: Request, next: Next) -> Response {
    let mut response = match refusal(&console, &request) {
        Some(refusal) => refusal,
        None => next.run(request).await,
    };
    for (name, value) in SAFE {
        response.headers_mut().insert(HeaderName::from_static(name), HeaderValue::from_static(value));
    }
    if console.secure() {
        response.headers_mut().insert(header::STRICT_TRANSPORT_SECURITY, HSTS);
    }
    response
}

fn refusal(console: &Console, request: &Request) -> Option<Response> {
    if !host_is_ours(console, request) {
        return Some(
            (StatusCode::MISDIRECTED_REQUEST, "This console has another name; see console.url in the settings.\n")
                .into_response(),
        );
    }
    let reads = matches!(*request.method(), Method::GET | Method::HEAD);
    if !reads && !came_from_us(console, request.headers()) {
        return Some((StatusCode::FORBIDDEN, "This form did not come from the console's own pages.\n").into_response());
    }
    None
}

fn host_is_ours(console: &Console, request: &Request) -> bool {
    let named: Vec<&HeaderValue> = request.headers().get_all(header::HOST).iter().collect();
    let ours = console.origin.split_once("://").map_or("", |(_, host)| host);
    let in_line = request.uri().authority().is_none_or(|authority| authority.as_str().eq_ignore_ascii_case(ours));
    in_line && matches!(named.as_slice(), [host] if host.to_str().is_ok_and(|host| host.eq_ignore_ascii_case(ours)))
}

/// Browsers say where a form came from in `Origin`, and newer ones in `Sec-Fetch-Site`; one of them must say: from us.
fn came_from_us(console: &Console, headers: &HeaderMap) -> bool {
    if let Some(origin) = headers.get(header::ORIGIN) {
        return origin.to_str().is_ok_and(|origin| origin.eq_ignore_ascii_case(&console.origin));
    }
    headers.get("sec-fetch-site").is_some_and(|site| site == "same-origin")
}
