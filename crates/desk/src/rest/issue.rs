//! One issue: create, read, edit, assign, delete, and what was changed on it.

use super::reading::{Body, Params, issue_request};
use super::sign_in::Caller;
use super::{site, view};
use crate::records::issue::Issue;
use crate::records::property::{self, Owner};
use crate::records::{history, issue};
use crate::refusal::{Refusal, bad_request};
use crate::view::issue::{Wanted, load_parts};
use crate::view::property_map;
use crate::{Desk, catalogue, issues};
use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use axum::{Extension, Json};
use serde_json::{Value, json};
use sqlx::SqliteConnection;

/// What is shown beside the fields.
#[derive(Debug, Clone, Default)]
pub(crate) struct Extras {
    /// Keys of properties; `*all` for all.
    pub(crate) properties: Vec<String>,
    /// Jira's `expand` words.
    pub(crate) expand: Vec<String>,
    /// Comments younger than this are left out.
    pub(crate) until_ms: i64,
}

impl Extras {
    fn expands(&self, word: &str) -> bool {
        self.expand.iter().any(|one| one.trim() == word)
    }
}

pub(crate) async fn create(
    State(desk): State<Desk>,
    Extension(caller): Extension<Caller>,
    Body(body): Body,
) -> Result<Response, Refusal> {
    let draft = issues::draft(&desk, &caller.0, issue_request(&body)?)?;
    let issue = issues::create(&desk, &caller.0, draft).await?;
    Ok((StatusCode::CREATED, Json(created(&desk, &issue))).into_response())
}

/// The answer to a create.
pub(crate) fn created(desk: &Desk, issue: &Issue) -> Value {
    json!({ "id": issue.id.to_string(), "key": issue.key, "self": view(desk).link(&format!("issue/{}", issue.id)) })
}

pub(crate) async fn read(
    State(desk): State<Desk>,
    Path(id_or_key): Path<String>,
    params: Params,
) -> Result<Json<Value>, Refusal> {
    let mut connection = desk.inner.readers.acquire().await?;
    let issue = issue::find(&mut connection, &id_or_key).await?;
    let wanted = Wanted::read(params.list("fields"), "*all");
    let extras = Extras {
        properties: owned(&params.list("properties")),
        expand: owned(&params.list("expand")),
        until_ms: i64::MAX,
    };
    Ok(Json(show(&desk, &mut connection, &issue, &wanted, &extras).await?))
}

pub(crate) fn owned(words: &[&str]) -> Vec<String> {
    words.iter().map(|word| (*word).to_owned()).collect()
}

/// An issue with everything that was asked for.
pub(crate) async fn show(
    desk: &Desk,
    connection: &mut SqliteConnection,
    issue: &Issue,
    wanted: &Wanted,
    extras: &Extras,
) -> Result<Value, Refusal> {
    let view = view(desk);
    let parts = load_parts(&mut *connection, issue, wanted, extras.until_ms).await?;
    let mut shown = view.issue(issue, &parts, wanted);
    if !extras.properties.is_empty() {
        let mut properties = property::all(&mut *connection, Owner::Issue(issue.id)).await?;
        let all = extras.properties.iter().any(|key| key == "*all");
        properties.retain(|(key, _)| all || extras.properties.contains(key));
        shown["properties"] = property_map(&properties);
    }
    if extras.expands("renderedFields") {
        shown["renderedFields"] = view.rendered_fields(issue, &parts, wanted);
    }
    if extras.expands("transitions") {
        shown["transitions"] = catalogue::transitions_from(issue.status_id).map(|one| view.transition(one)).collect();
    }
    if extras.expands("changelog") {
        let entries = history::of_issue(connection, issue.id).await?;
        // Jira shows the newest first here, and the oldest first on the page of its own.
        let histories: Vec<Value> = entries.iter().rev().map(|entry| view.history(entry)).collect();
        shown["changelog"] = json!({
            "startAt": 0, "maxResults": histories.len(), "total": histories.len(), "histories": histories,
        });
    }
    Ok(shown)
}

pub(crate) async fn edit(
    State(desk): State<Desk>,
    Extension(caller): Extension<Caller>,
    Path(id_or_key): Path<String>,
    params: Params,
    Body(body): Body,
) -> Result<Response, Refusal> {
    let request = issue_request(&body)?;
    if request.fields.is_empty() && request.update.is_empty() && request.properties.is_empty() {
        return Err(bad_request("one of 'fields' or 'update' required"));
    }
    let issue = issues::edit(&desk, &caller.0, &id_or_key, request).await?;
    if params.get("returnIssue") != Some("true") {
        return Ok(StatusCode::NO_CONTENT.into_response());
    }
    let mut connection = desk.inner.readers.acquire().await?;
    let (wanted, extras) = (Wanted::read([], "*all"), Extras { until_ms: i64::MAX, ..Extras::default() });
    Ok(Json(show(&desk, &mut connection, &issue, &wanted, &extras).await?).into_response())
}

pub(crate) async fn assign(
    State(desk): State<Desk>,
    Extension(caller): Extension<Caller>,
    Path(id_or_key): Path<String>,
    Body(body): Body,
) -> Result<StatusCode, Refusal> {
    let mut request = issues::Request::default();
    request.fields.insert("assignee".to_owned(), body);
    issues::edit(&desk, &caller.0, &id_or_key, request).await?;
    Ok(StatusCode::NO_CONTENT)
}

pub(crate) async fn delete(
    State(desk): State<Desk>,
    Extension(caller): Extension<Caller>,
    Path(id_or_key): Path<String>,
    params: Params,
) -> Result<StatusCode, Refusal> {
    let with_subtasks = params.get("deleteSubtasks") == Some("true");
    issues::delete(&desk, &caller.0, &id_or_key, with_subtasks).await?;
    Ok(StatusCode::NO_CONTENT)
}

pub(crate) async fn changelog(
    State(desk): State<Desk>,
    Path(id_or_key): Path<String>,
    params: Params,
) -> Result<Json<Value>, Refusal> {
    let (start_at, length) = params.page(100, 100)?;
    let mut connection = desk.inner.readers.acquire().await?;
    let issue = issue::find(&mut connection, &id_or_key).await?;
    let entries = history::of_issue(&mut connection, issue.id).await?;
    let shown: Vec<Value> = entries.iter().map(|entry| view(&desk).history(entry)).collect();
    Ok(Json(site::page(shown, start_at, length)))
}
