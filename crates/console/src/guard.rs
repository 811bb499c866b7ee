//! The wall around every page: only our own host is answered, forms come only from our own pages, headers are safe.

use crate::origin::Origin;
use crate::{Console, page};
use aws_lc_rs::digest;
use axum::extract::{Request, State};
use axum::http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Redirect, Response};
use data_encoding::BASE64;
use std::sync::LazyLock;

/// No script, no inline style, nothing from elsewhere, no framing (SEC-44).
const POLICY: &str = "default-src 'none'; style-src 'self'; img-src 'self'; form-action 'self'; \
                      frame-ancestors 'none'; base-uri 'none'";

/// What else the page says that shows a mail's HTML in a frame.
const FRAMING: &str = "; frame-src 'self'";

/// The only style in the frame.
pub const FRAME_STYLE: &str = "body{margin:1rem;font:1rem/1.55 system-ui,sans-serif;overflow-wrap:anywhere}\
                               img{max-width:100%;height:auto}table{border-collapse:collapse}td,th{padding:.2rem .5rem}\
                               pre{white-space:pre-wrap}";

/// For a stranger's HTML: it runs nothing, submits nothing and loads nothing, belongs to no origin, and stands only in our own
/// frame. Pictures stand in the page itself (SEC-11, SEC-12).
static FRAMED: LazyLock<String> = LazyLock::new(|| {
    let style = BASE64.encode(digest::digest(&digest::SHA256, FRAME_STYLE.as_bytes()).as_ref());
    format!(
        "sandbox; default-src 'none'; img-src data:; style-src 'sha256-{style}'; form-action 'none'; \
         frame-ancestors 'self'; base-uri 'none'"
    )
});

/// For a letter of ours, before it is sent or after: as the frame of a stranger's HTML, but with the styles that the letter brings,
/// because whoever writes its template looks at those. They can load nothing, so they tell nobody anything.
const LETTER: &str = "sandbox; default-src 'none'; img-src data:; style-src 'unsafe-inline'; form-action 'none'; \
                      frame-ancestors 'self'; base-uri 'none'";

/// For a stranger's file, which is kept and not shown.
const FILE: &str = "sandbox; default-src 'none'; form-action 'none'; frame-ancestors 'none'; base-uri 'none'";

/// What an answer is, when it is no page of ours; it stands among the extensions of the answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Policy {
    /// A page of ours with a frame in it.
    Framing,
    /// What stands in the frame.
    Framed,
    /// What stands in the frame, when it is a letter of ours.
    Letter,
    /// A file.
    File,
}

/// `Referrer-Policy` is not `no-referrer`, because browsers then send `Origin: null` with our own forms too.
const SAFE: [(&str, &str); 8] = [
    ("content-security-policy", POLICY),
    ("x-content-type-options", "nosniff"),
    ("x-frame-options", "DENY"),
    ("referrer-policy", "same-origin"),
    ("cache-control", "no-store"),
    ("cross-origin-opener-policy", "same-origin"),
    ("cross-origin-resource-policy", "same-origin"),
    ("permissions-policy", "camera=(), geolocation=(), microphone=()"),
];

/// HSTS of one year (PRIV-21), for the console's own name only: what else lives below that name is not ours to decide.
const HSTS: HeaderValue = HeaderValue::from_static("max-age=31536000");

/// Refuses foreign hosts (SEC-42) and foreign forms (SEC-40), and sets the safe headers on every answer.
pub async fn guard(State(console): State<Console>, request: Request, next: Next) -> Response {
    let mut response = match refusal(&console, &request) {
        Some(refusal) => refusal,
        None => next.run(request).await,
    };
    let policy = response.extensions().get::<Policy>().copied();
    set_safe_headers(response.headers_mut());
    if let Some(policy) = policy {
        set_policy(response.headers_mut(), policy);
    }
    set_strict_transport(&console.origin, response.headers_mut());
    response
}

/// Sets what every answer of ours says about how it may be used.
pub fn set_safe_headers(headers: &mut HeaderMap) {
    for (name, value) in SAFE {
        headers.insert(HeaderName::from_static(name), HeaderValue::from_static(value));
    }
}

/// Binds browsers to TLS where they speak it with us.
pub fn set_strict_transport(origin: &Origin, headers: &mut HeaderMap) {
    // On loopback it would lock every other program of this machine out of plain HTTP.
    if origin.secure() && !origin.on_loopback() {
        headers.insert(header::STRICT_TRANSPORT_SECURITY, HSTS);
    }
}

/// What a stranger's bytes say beside the safe headers. An answer in a sandbox cannot keep other windows away by its own
/// origin, because it has none: browsers refuse the two together.
pub fn set_policy(headers: &mut HeaderMap, policy: Policy) {
    let (text, frames) = match policy {
        Policy::Framing => (format!("{POLICY}{FRAMING}"), "DENY"),
        Policy::Framed => (FRAMED.clone(), "SAMEORIGIN"),
        Policy::Letter => (LETTER.to_owned(), "SAMEORIGIN"),
        Policy::File => (FILE.to_owned(), "DENY"),
    };
    if let Ok(text) = HeaderValue::from_str(&text) {
        headers.insert(header::CONTENT_SECURITY_POLICY, text);
    }
    headers.insert(header::X_FRAME_OPTIONS, HeaderValue::from_static(frames));
    if policy != Policy::Framing {
        headers.insert("cross-origin-opener-policy", HeaderValue::from_static("unsafe-none"));
        headers.insert(header::REFERRER_POLICY, HeaderValue::from_static("no-referrer"));
    }
}

fn refusal(console: &Console, request: &Request) -> Option<Response> {
    let reads = matches!(*request.method(), Method::GET | Method::HEAD);
    match host(request) {
        Some(host) if console.origin.is(host) => {}
        Some(host) if reads && console.origin.is_loopback_neighbour(host) => {
            let path = request.uri().path_and_query().map_or("/", |path| path.as_str());
            return Some(Redirect::temporary(&format!("{}{path}", console.origin.text())).into_response());
        }
        _ => {
            let text = "This console goes by another name: the one that `console.url` in the settings says.";
            return Some(page::notice(StatusCode::MISDIRECTED_REQUEST, "Another name", text));
        }
    }
    if !reads && !came_from_us(console, request.headers()) {
        return Some(page::notice(
            StatusCode::FORBIDDEN,
            "Not sent from here",
            "This form did not come from the console's own pages, so nothing was done.",
        ));
    }
    None
}

/// The one host that the request names; `None` when it names none, several, or two that differ (RFC 9112, section 3.2).
pub fn host(request: &Request) -> Option<&str> {
    let mut named = request.headers().get_all(header::HOST).iter();
    let (Some(host), None) = (named.next(), named.next()) else { return None };
    let host = host.to_str().ok()?;
    let in_line = request.uri().authority().is_none_or(|authority| authority.as_str().eq_ignore_ascii_case(host));
    in_line.then_some(host)
}

/// Browsers say where a form came from in `Origin` and, newer ones, in `Sec-Fetch-Site`. What is said must be: from us;
/// and one of them must be said.
fn came_from_us(console: &Console, headers: &HeaderMap) -> bool {
    let origin = headers
        .get(header::ORIGIN)
        .map(|origin| origin.to_str().is_ok_and(|origin| origin.eq_ignore_ascii_case(&console.origin.text())));
    let site = headers.get("sec-fetch-site").map(|site| site == "same-origin");
    match (origin, site) {
        (None, None) => false,
        (origin, site) => origin.unwrap_or(true) && site.unwrap_or(true),
    }
}
