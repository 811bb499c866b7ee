//! Who watches an issue.

use super::reading::{Body, Params};
use super::sign_in::Caller;
use super::view;
use crate::Desk;
use crate::records::{issue, watcher};
use crate::refusal::{Refusal, bad_request, not_found};
use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::{Extension, Json};
use serde_json::{Value, json};

pub(crate) async fn list(
    State(desk): State<Desk>,
    Extension(caller): Extension<Caller>,
    Path(id_or_key): Path<String>,
) -> Result<Json<Value>, Refusal> {
    let mut connection = desk.inner.readers.acquire().await?;
    let issue = issue::find(&mut connection, &id_or_key).await?;
    let watchers = watcher::of_issue(&mut connection, issue.id).await?;
    let view = view(&desk);
    Ok(Json(json!({
        "self": view.link(&format!("issue/{}/watchers", issue.key)), "isWatching": watchers.contains(&caller.0),
        "watchCount": watchers.len(), "watchers": watchers.iter().map(|id| view.person_by_id(id)).collect::<Vec<_>>(),
    })))
}

/// The body is an account id as a JSON string; without one the caller watches.
pub(crate) async fn add(
    State(desk): State<Desk>,
    Extension(caller): Extension<Caller>,
    Path(id_or_key): Path<String>,
    Body(body): Body,
) -> Result<StatusCode, Refusal> {
    let account_id = match body {
        Value::Null => caller.0,
        Value::String(id) if desk.inner.directory.person(&id).is_some() => id,
        Value::String(id) => {
            return Err(not_found(format!("The user with account id '{id}' does not exist.")));
        }
        _ => {
            return Err(bad_request("The body must be an account id as a JSON string."));
        }
    };
    let write = desk.inner.writer.write(move |connection| {
        Box::pin(async move {
            let issue = issue::find(&mut *connection, &id_or_key).await?;
            Ok(watcher::add(connection, issue.id, &account_id).await?)
        })
    });
    write.await?;
    Ok(StatusCode::NO_CONTENT)
}

pub(crate) async fn remove(
    State(desk): State<Desk>,
    Path(id_or_key): Path<String>,
    params: Params,
) -> Result<StatusCode, Refusal> {
    let account_id =
        params.get("accountId").ok_or_else(|| bad_request("The query parameter 'accountId' is required."))?;
    let account_id = account_id.to_owned();
    let write = desk.inner.writer.write(move |connection| {
        Box::pin(async move {
            let issue = issue::find(&mut *connection, &id_or_key).await?;
            Ok(watcher::remove(connection, issue.id, &account_id).await?)
        })
    });
    if write.await? { Ok(StatusCode::NO_CONTENT) } else { Err(not_found("This user does not watch the issue.")) }
}
