//! Time that was spent on an issue.

use super::reading::{Body, Params, id};
use super::sign_in::Caller;
use super::view;
use crate::records::issue::Issue;
use crate::records::worklog::Worklog;
use crate::records::{issue, worklog};
use crate::refusal::{Refusal, bad_field, not_found};
use crate::webhooks::Happening;
use crate::{Desk, adf, clock};
use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use axum::{Extension, Json};
use serde_json::{Value, json};
use sqlx::SqliteConnection;

/// Reads a request into a worklog.
fn apply(one: &mut Worklog, body: &Value) -> Result<(), Refusal> {
    if let Some(comment) = body.get("comment").filter(|value| !value.is_null()) {
        adf::check(comment).map_err(|why| bad_field("comment", why))?;
        one.comment = Some(comment.clone());
    }
    if let Some(started) = body.get("started") {
        let started_ms = started.as_str().and_then(clock::parse_time);
        one.started_ms =
            started_ms.ok_or_else(|| bad_field("started", "The time must look like 2026-01-02T03:04:05.000+0000."))?;
    }
    let by_number = body.get("timeSpentSeconds").and_then(Value::as_i64);
    let by_words = body.get("timeSpent").and_then(Value::as_str).and_then(parse_duration);
    if let Some(spent_s) = by_number.or(by_words) {
        one.spent_s = spent_s;
    }
    // Jira counts in minutes.
    if one.spent_s < 60 {
        return Err(bad_field("timeLogged", "You must indicate the time spent working."));
    }
    Ok(())
}

/// `1d 2h 5m`, in working days of 8 hours and weeks of 5 days; seconds.
fn parse_duration(text: &str) -> Option<i64> {
    let mut total_s: i64 = 0;
    for word in text.split_whitespace() {
        let (digits, unit) = word.split_at(word.find(|c: char| !c.is_ascii_digit())?);
        let unit_s = match unit {
            "m" => 60,
            "h" => 3600,
            "d" => 8 * 3600,
            "w" => 40 * 3600,
            _ => return None,
        };
        total_s = total_s.checked_add(digits.parse::<i64>().ok()?.checked_mul(unit_s)?)?;
    }
    Some(total_s)
}

pub(crate) async fn list(
    State(desk): State<Desk>,
    Path(id_or_key): Path<String>,
    params: Params,
) -> Result<Json<Value>, Refusal> {
    let (start_at, length) = params.page(5000, 5000)?;
    let mut connection = desk.inner.readers.acquire().await?;
    let issue = issue::find(&mut connection, &id_or_key).await?;
    let all = worklog::of_issue(&mut connection, issue.id).await?;
    let (skip, take) = (usize::try_from(start_at).unwrap_or(0), usize::try_from(length).unwrap_or(0));
    let shown: Vec<Value> = all.iter().skip(skip).take(take).map(|one| view(&desk).worklog(one)).collect();
    Ok(Json(json!({ "startAt": start_at, "maxResults": length, "total": all.len(), "worklogs": shown })))
}

pub(crate) async fn add(
    State(desk): State<Desk>,
    Extension(caller): Extension<Caller>,
    Path(id_or_key): Path<String>,
    Body(body): Body,
) -> Result<Response, Refusal> {
    let now_ms = clock::now_ms();
    let mut one = Worklog {
        id: 0,
        issue_id: 0,
        author: caller.0.clone(),
        update_author: caller.0.clone(),
        comment: None,
        started_ms: now_ms,
        spent_s: 0,
        created_ms: now_ms,
        updated_ms: now_ms,
    };
    apply(&mut one, &body)?;
    let (issue, worklog) = desk
        .inner
        .writer
        .write(move |connection| {
            Box::pin(async move {
                let issue = issue::find(&mut *connection, &id_or_key).await?;
                one.issue_id = issue.id;
                worklog::insert(&mut *connection, &mut one).await?;
                issue::touch(connection, issue.id, one.created_ms).await?;
                Ok((issue, one))
            })
        })
        .await?;
    desk.announce(&caller.0, &issue, Happening::WorklogCreated { worklog: worklog.clone() });
    Ok((StatusCode::CREATED, Json(view(&desk).worklog(&worklog))).into_response())
}

async fn find(connection: &mut SqliteConnection, id_or_key: &str, text: &str) -> Result<(Issue, Worklog), Refusal> {
    let issue = issue::find(&mut *connection, id_or_key).await?;
    let found = worklog::find(connection, id(text, "worklog")?).await?.filter(|one| one.issue_id == issue.id);
    Ok((issue, found.ok_or_else(|| not_found(format!("Cannot find worklog with id: '{text}'.")))?))
}

pub(crate) async fn read(
    State(desk): State<Desk>,
    Path((id_or_key, id)): Path<(String, String)>,
) -> Result<Json<Value>, Refusal> {
    let (_, found) = find(&mut *desk.inner.readers.acquire().await?, &id_or_key, &id).await?;
    Ok(Json(view(&desk).worklog(&found)))
}

pub(crate) async fn edit(
    State(desk): State<Desk>,
    Extension(caller): Extension<Caller>,
    Path((id_or_key, id)): Path<(String, String)>,
    Body(body): Body,
) -> Result<Json<Value>, Refusal> {
    let who = caller.0.clone();
    let write = desk.inner.writer.write(move |connection| {
        Box::pin(async move {
            let (issue, mut found) = find(&mut *connection, &id_or_key, &id).await?;
            apply(&mut found, &body)?;
            found.update_author = who;
            found.updated_ms = clock::now_ms();
            worklog::save(&mut *connection, &found).await?;
            issue::touch(connection, issue.id, found.updated_ms).await?;
            Ok((issue, found))
        })
    });
    let (issue, worklog) = write.await?;
    desk.announce(&caller.0, &issue, Happening::WorklogUpdated { worklog: worklog.clone() });
    Ok(Json(view(&desk).worklog(&worklog)))
}

pub(crate) async fn delete(
    State(desk): State<Desk>,
    Extension(caller): Extension<Caller>,
    Path((id_or_key, id)): Path<(String, String)>,
) -> Result<StatusCode, Refusal> {
    let write = desk.inner.writer.write(move |connection| {
        Box::pin(async move {
            let (issue, found) = find(&mut *connection, &id_or_key, &id).await?;
            worklog::remove(connection, found.id).await?;
            Ok((issue, found))
        })
    });
    let (issue, worklog) = write.await?;
    desk.announce(&caller.0, &issue, Happening::WorklogDeleted { worklog });
    Ok(StatusCode::NO_CONTENT)
}
