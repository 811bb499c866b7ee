//! The workflow: what can be done with an issue now, and doing it.

use super::reading::{Body, Params, issue_request};
use super::sign_in::Caller;
use super::view;
use crate::fields::named;
use crate::records::issue;
use crate::refusal::{Refusal, bad_request};
use crate::{Desk, catalogue, issues};
use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::{Extension, Json};
use serde_json::{Value, json};

pub(crate) async fn list(
    State(desk): State<Desk>,
    Path(id_or_key): Path<String>,
    params: Params,
) -> Result<Json<Value>, Refusal> {
    let issue = issue::find(&mut *desk.inner.readers.acquire().await?, &id_or_key).await?;
    let only = params.get("transitionId");
    let with_fields = params.has("expand", "transitions.fields");
    let possible = catalogue::transitions_from(issue.status_id);
    let shown: Vec<Value> = possible
        .filter(|one| only.is_none_or(|id| one.id.to_string() == id))
        .map(|one| {
            let mut shown = view(&desk).transition(one);
            if with_fields {
                shown["fields"] = json!({});
            }
            shown
        })
        .collect();
    Ok(Json(json!({ "expand": "transitions", "transitions": shown })))
}

pub(crate) async fn make(
    State(desk): State<Desk>,
    Extension(caller): Extension<Caller>,
    Path(id_or_key): Path<String>,
    Body(body): Body,
) -> Result<StatusCode, Refusal> {
    let id = body.get("transition").and_then(|value| named(value, &["id"]));
    let id = id.ok_or_else(|| bad_request("Missing 'transition' identifier"))?;
    issues::transition(&desk, &caller.0, &id_or_key, &id, issue_request(&body)?).await?;
    Ok(StatusCode::NO_CONTENT)
}
