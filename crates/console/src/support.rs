//! What people of the support reach: the list of the flagged mails of their site, and these mails, to look at and to rehearse.

use crate::{Console, page};
use axum::http::{Method, StatusCode};
use axum::response::{IntoResponse, Redirect, Response};

/// Pages of one mail that may be looked at: what it says, and nothing that takes it along as a file.
const LOOKS: [&str; 6] = ["", "text", "html", "html/alone", "source", "files"];
/// What may be asked for: a plan without any effect.
const ACTS: [&str; 1] = ["rehearse"];

/// Why a person of the support does not reach this; `None` when it is theirs to see. What is not flagged does not exist for them.
pub async fn refusal(console: &Console, site: &str, method: &Method, path: &str) -> Option<Response> {
    let reads = matches!(*method, Method::GET | Method::HEAD);
    match (reads, path) {
        (true, "/" | "/messages") => return Some(Redirect::to("/flagged").into_response()),
        (true, "/flagged") | (false, "/sign-out") => return None,
        _ => {}
    }
    let Some(rest) = path.strip_prefix("/messages/") else { return Some(not_theirs()) };
    let (id, view) = rest.split_once('/').unwrap_or((rest, ""));
    if !page::is_id(id) || !(if reads { LOOKS.contains(&view) } else { ACTS.contains(&view) }) {
        return Some(not_theirs());
    }
    match flagged_there(console, site, id).await {
        Ok(true) => None,
        Ok(false) => Some(page::not_found().await),
        Err(fault) => Some(page::trouble(&fault)),
    }
}

async fn flagged_there(console: &Console, site: &str, id: &str) -> Result<bool, policy::Fault> {
    Ok(console.store.flag_of(id).await?.is_some_and(|flag| flag.site == site))
}

fn not_theirs() -> Response {
    let text = "Whoever signs in for support may look at flagged mails and rehearse them, and nothing else.";
    page::notice(StatusCode::FORBIDDEN, "Not for support", text)
}
