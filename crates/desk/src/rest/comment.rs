//! Comments.

use super::reading::{Body, Params, id, properties};
use super::sign_in::Caller;
use super::view;
use crate::records::comment::Comment;
use crate::records::property::{self, Owner};
use crate::records::{comment, issue};
use crate::refusal::{Refusal, bad_field, bad_request, not_found};
use crate::webhooks::Happening;
use crate::{Desk, adf, clock, issues};
use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use axum::{Extension, Json};
use serde_json::{Value, json};
use sqlx::SqliteConnection;

/// Jira's limit of ids in `comment/list`.
const IDS_MAX: usize = 1000;

/// A body's `body` and `visibility`, checked.
fn read_body(body: &Value) -> Result<(Value, Option<Value>), Refusal> {
    let text = body.get("body").cloned().unwrap_or_default();
    if text.is_null() {
        return Err(bad_field("comment", "Comment body can not be empty!"));
    }
    adf::check(&text).map_err(|why| bad_field("comment", why))?;
    if text.get("content").and_then(Value::as_array).is_none_or(Vec::is_empty) {
        return Err(bad_field("comment", "Comment body can not be empty!"));
    }
    Ok((text, body.get("visibility").filter(|value| value.is_object()).cloned()))
}

/// Comments as JSON, with their properties where asked for.
async fn show(
    desk: &Desk,
    connection: &mut SqliteConnection,
    comments: &[Comment],
    (with_properties, with_html): (bool, bool),
) -> Result<Vec<Value>, Refusal> {
    let mut shown = Vec::new();
    for one in comments {
        let properties = property::all(&mut *connection, Owner::Comment(one.id)).await?;
        let mut comment = view(desk).comment(one, Some(&properties), with_html);
        if let Some(comment) = comment.as_object_mut().filter(|_| !with_properties) {
            comment.remove("properties");
        }
        shown.push(comment);
    }
    Ok(shown)
}

/// What `expand` asks for: properties, HTML.
fn extras(params: &Params) -> (bool, bool) {
    (params.has("expand", "properties"), params.has("expand", "renderedBody"))
}

pub(crate) async fn list(
    State(desk): State<Desk>,
    Path(id_or_key): Path<String>,
    params: Params,
) -> Result<Json<Value>, Refusal> {
    let (start_at, length) = params.page(100, 5000)?;
    let newest_first = matches!(params.get("orderBy"), Some("-created"));
    let mut connection = desk.inner.readers.acquire().await?;
    let issue = issue::find(&mut connection, &id_or_key).await?;
    let (comments, total) = comment::page(&mut connection, issue.id, newest_first, (start_at, length)).await?;
    let shown = show(&desk, &mut connection, &comments, extras(&params)).await?;
    Ok(Json(json!({ "startAt": start_at, "maxResults": length, "total": total, "comments": shown })))
}

pub(crate) async fn add(
    State(desk): State<Desk>,
    Extension(caller): Extension<Caller>,
    Path(id_or_key): Path<String>,
    params: Params,
    Body(body): Body,
) -> Result<Response, Refusal> {
    let (text, properties) = (read_body(&body)?, properties(&body)?);
    let comment = issues::add_comment(&desk, &caller.0, &id_or_key, text, properties.clone()).await?;
    let (_, with_html) = extras(&params);
    let shown =
        view(&desk).comment(&comment, Some(&properties).filter(|all| !all.is_empty()).map(Vec::as_slice), with_html);
    Ok((StatusCode::CREATED, Json(shown)).into_response())
}

/// The comment with this id on this issue.
async fn find(
    connection: &mut SqliteConnection,
    id_or_key: &str,
    id_text: &str,
) -> Result<(issue::Issue, Comment), Refusal> {
    let issue = issue::find(&mut *connection, id_or_key).await?;
    let found = comment::find(connection, id(id_text, "comment")?).await?.filter(|one| one.issue_id == issue.id);
    let found = found.ok_or_else(|| not_found(format!("Can not find a comment for the id: {id_text}.")))?;
    Ok((issue, found))
}

pub(crate) async fn read(
    State(desk): State<Desk>,
    Path((id_or_key, id)): Path<(String, String)>,
    params: Params,
) -> Result<Json<Value>, Refusal> {
    let mut connection = desk.inner.readers.acquire().await?;
    let (_, found) = find(&mut connection, &id_or_key, &id).await?;
    Ok(Json(show(&desk, &mut connection, &[found], extras(&params)).await?.remove(0)))
}

pub(crate) async fn edit(
    State(desk): State<Desk>,
    Extension(caller): Extension<Caller>,
    Path((id_or_key, id)): Path<(String, String)>,
    Body(body): Body,
) -> Result<Json<Value>, Refusal> {
    let ((text, visibility), properties) = (read_body(&body)?, properties(&body)?);
    let author = caller.0.clone();
    let (issue, comment) = desk
        .inner
        .writer
        .write(move |connection| {
            Box::pin(async move {
                let (issue, mut found) = find(&mut *connection, &id_or_key, &id).await?;
                found.body = text;
                found.visibility = visibility.or(found.visibility);
                found.update_author = author;
                found.updated_ms = clock::now_ms();
                comment::save(&mut *connection, &found).await?;
                property::set_all(&mut *connection, Owner::Comment(found.id), &properties).await?;
                issue::touch(connection, issue.id, found.updated_ms).await?;
                Ok((issue, found))
            })
        })
        .await?;
    desk.announce(&caller.0, &issue, Happening::CommentUpdated { comment: comment.clone() });
    Ok(Json(view(&desk).comment(&comment, None, false)))
}

pub(crate) async fn delete(
    State(desk): State<Desk>,
    Extension(caller): Extension<Caller>,
    Path((id_or_key, id)): Path<(String, String)>,
) -> Result<StatusCode, Refusal> {
    let (issue, comment) = desk
        .inner
        .writer
        .write(move |connection| {
            Box::pin(async move {
                let (issue, found) = find(&mut *connection, &id_or_key, &id).await?;
                comment::delete(&mut *connection, found.id).await?;
                issue::touch(connection, issue.id, clock::now_ms()).await?;
                Ok((issue, found))
            })
        })
        .await?;
    desk.announce(&caller.0, &issue, Happening::CommentDeleted { comment });
    Ok(StatusCode::NO_CONTENT)
}

/// Comments of any issues by id; missing ones are left out.
pub(crate) async fn by_ids(State(desk): State<Desk>, params: Params, body: Body) -> Result<Json<Value>, Refusal> {
    let ids = body.strings("ids").ok_or_else(|| bad_request("'ids' must be an array of comment ids."))?;
    if ids.len() > IDS_MAX {
        return Err(bad_request(format!("At most {IDS_MAX} comments can be asked for in one request.")));
    }
    let mut connection = desk.inner.readers.acquire().await?;
    let mut found = Vec::new();
    for text in &ids {
        found.extend(comment::find(&mut connection, id(text, "comment")?).await?);
    }
    let total = found.len();
    let shown = show(&desk, &mut connection, &found, extras(&params)).await?;
    Ok(Json(json!({ "startAt": 0, "maxResults": IDS_MAX, "total": total, "isLast": true, "values": shown })))
}
