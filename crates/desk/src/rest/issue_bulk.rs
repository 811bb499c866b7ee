//! Several issues at once: create up to 50, fetch up to 100.

use super::issue::{Extras, created, show};
use super::reading::{Body, issue_request};
use super::sign_in::Caller;
use crate::records::issue;
use crate::refusal::{Refusal, bad_request};
use crate::view::issue::Wanted;
use crate::{Desk, issues};
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use axum::{Extension, Json};
use serde_json::{Value, json};

/// Jira's limits.
const CREATE_MAX: usize = 50;
const FETCH_MAX: usize = 100;

pub(crate) async fn create(
    State(desk): State<Desk>,
    Extension(caller): Extension<Caller>,
    Body(body): Body,
) -> Result<Response, Refusal> {
    let updates = body.get("issueUpdates").and_then(Value::as_array).filter(|updates| !updates.is_empty());
    let updates = updates.ok_or_else(|| bad_request("'issueUpdates' must be an array with at least one issue."))?;
    if updates.len() > CREATE_MAX {
        return Err(bad_request(format!("At most {CREATE_MAX} issues can be created in one request.")));
    }
    let (mut made, mut errors) = (Vec::new(), Vec::new());
    for (position, update) in updates.iter().enumerate() {
        let draft = issue_request(update).and_then(|request| issues::draft(&desk, &caller.0, request));
        let outcome = match draft {
            Ok(draft) => issues::create(&desk, &caller.0, draft).await,
            Err(refusal) => Err(refusal),
        };
        match outcome {
            Ok(issue) => made.push(created(&desk, &issue)),
            Err(Refusal::Denied(denial)) => errors.push(json!({
                "status": denial.status.as_u16(), "elementErrors": denial.to_json(), "failedElementNumber": position,
            })),
            Err(broken) => return Err(broken),
        }
    }
    let status = if made.is_empty() { StatusCode::BAD_REQUEST } else { StatusCode::CREATED };
    Ok((status, Json(json!({ "issues": made, "errors": errors }))).into_response())
}

pub(crate) async fn fetch(State(desk): State<Desk>, body: Body) -> Result<Json<Value>, Refusal> {
    let asked = body.strings("issueIdsOrKeys").filter(|asked| !asked.is_empty());
    let asked = asked.ok_or_else(|| bad_request("'issueIdsOrKeys' must be an array of ids and keys."))?;
    if asked.len() > FETCH_MAX {
        return Err(bad_request(format!("At most {FETCH_MAX} issues can be fetched in one request.")));
    }
    let fields = body.strings("fields").unwrap_or_default();
    let wanted = Wanted::read(fields.iter().map(String::as_str), "*navigable");
    let extras = Extras {
        properties: body.strings("properties").unwrap_or_default(),
        expand: body.strings("expand").unwrap_or_default(),
        until_ms: i64::MAX,
    };
    let mut connection = desk.inner.readers.acquire().await?;
    let (mut found, mut errors) = (Vec::new(), Vec::new());
    for id_or_key in asked {
        match issue::find(&mut connection, &id_or_key).await {
            Ok(issue) => found.push(issue),
            Err(Refusal::Denied(denial)) => {
                errors.push(json!({ "id": id_or_key, "errorMessage": denial.messages.join(" ") }));
            }
            Err(broken) => return Err(broken),
        }
    }
    // Jira answers in ascending order of id, each issue once.
    found.sort_by_key(|issue| issue.id);
    found.dedup_by_key(|issue| issue.id);
    let mut shown = Vec::new();
    for issue in &found {
        shown.push(show(&desk, &mut connection, issue, &wanted, &extras).await?);
    }
    Ok(Json(json!({ "issues": shown, "issueErrors": errors })))
}
