//! Properties of issues and of comments.

use super::reading::{Body, check_property, id};
use super::view;
use crate::Desk;
use crate::records::property::{self, Owner};
use crate::records::{comment, issue};
use crate::refusal::{Refusal, not_found};
use axum::Json;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use serde_json::{Value, json};

async fn issue_owner(desk: &Desk, id_or_key: &str) -> Result<Owner, Refusal> {
    Ok(Owner::Issue(issue::find(&mut *desk.inner.readers.acquire().await?, id_or_key).await?.id))
}

async fn comment_owner(desk: &Desk, text: &str) -> Result<Owner, Refusal> {
    let found = comment::find(&mut *desk.inner.readers.acquire().await?, id(text, "comment")?).await?;
    let found = found.ok_or_else(|| not_found(format!("Can not find a comment for the id: {text}.")))?;
    Ok(Owner::Comment(found.id))
}

async fn keys(desk: &Desk, owner: Owner) -> Result<Json<Value>, Refusal> {
    let path = match owner {
        Owner::Issue(id) => format!("issue/{id}/properties"),
        Owner::Comment(id) => format!("comment/{id}/properties"),
    };
    let all = property::all(&mut *desk.inner.readers.acquire().await?, owner).await?;
    let one = |key: &String| json!({ "self": view(desk).link(&format!("{path}/{key}")), "key": key });
    Ok(Json(json!({ "keys": all.iter().map(|(key, _)| one(key)).collect::<Vec<_>>() })))
}

async fn read(desk: &Desk, owner: Owner, key: &str) -> Result<Json<Value>, Refusal> {
    let value = property::get(&mut *desk.inner.readers.acquire().await?, owner, key).await?;
    let value = value.ok_or_else(|| not_found(format!("The property with key '{key}' does not exist.")))?;
    Ok(Json(json!({ "key": key, "value": value })))
}

/// 201 for a new property and 200 for a changed one.
async fn set(desk: &Desk, owner: Owner, key: String, value: Value) -> Result<StatusCode, Refusal> {
    check_property(&key, &value)?;
    let write = desk
        .inner
        .writer
        .write(move |connection| Box::pin(async move { Ok(property::set(connection, owner, &(key, value)).await?) }));
    Ok(if write.await? { StatusCode::CREATED } else { StatusCode::OK })
}

async fn remove(desk: &Desk, owner: Owner, key: String) -> Result<StatusCode, Refusal> {
    let missing = not_found(format!("The property with key '{key}' does not exist."));
    let write = desk
        .inner
        .writer
        .write(move |connection| Box::pin(async move { Ok(property::remove(connection, owner, &key).await?) }));
    if write.await? { Ok(StatusCode::NO_CONTENT) } else { Err(missing) }
}

pub(crate) async fn of_issue(State(desk): State<Desk>, Path(issue): Path<String>) -> Result<Json<Value>, Refusal> {
    keys(&desk, issue_owner(&desk, &issue).await?).await
}

pub(crate) async fn read_of_issue(
    State(desk): State<Desk>,
    Path((issue, key)): Path<(String, String)>,
) -> Result<Json<Value>, Refusal> {
    read(&desk, issue_owner(&desk, &issue).await?, &key).await
}

pub(crate) async fn set_of_issue(
    State(desk): State<Desk>,
    Path((issue, key)): Path<(String, String)>,
    Body(value): Body,
) -> Result<StatusCode, Refusal> {
    set(&desk, issue_owner(&desk, &issue).await?, key, value).await
}

pub(crate) async fn remove_of_issue(
    State(desk): State<Desk>,
    Path((issue, key)): Path<(String, String)>,
) -> Result<StatusCode, Refusal> {
    remove(&desk, issue_owner(&desk, &issue).await?, key).await
}

pub(crate) async fn of_comment(State(desk): State<Desk>, Path(comment): Path<String>) -> Result<Json<Value>, Refusal> {
    keys(&desk, comment_owner(&desk, &comment).await?).await
}

pub(crate) async fn read_of_comment(
    State(desk): State<Desk>,
    Path((comment, key)): Path<(String, String)>,
) -> Result<Json<Value>, Refusal> {
    read(&desk, comment_owner(&desk, &comment).await?, &key).await
}

pub(crate) async fn set_of_comment(
    State(desk): State<Desk>,
    Path((comment, key)): Path<(String, String)>,
    Body(value): Body,
) -> Result<StatusCode, Refusal> {
    set(&desk, comment_owner(&desk, &comment).await?, key, value).await
}

pub(crate) async fn remove_of_comment(
    State(desk): State<Desk>,
    Path((comment, key)): Path<(String, String)>,
) -> Result<StatusCode, Refusal> {
    remove(&desk, comment_owner(&desk, &comment).await?, key).await
}
