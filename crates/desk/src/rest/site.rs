//! What the whole site offers: its description, labels, priorities and issue types.

use super::reading::Params;
use super::view;
use crate::refusal::{Refusal, not_found};
use crate::{Desk, catalogue, clock};
use axum::Json;
use axum::extract::{Path, State};
use serde_json::{Value, json};
use sqlx::Row;

pub(crate) async fn server_info(State(desk): State<Desk>) -> Json<Value> {
    Json(json!({
        "baseUrl": desk.base_url(), "displayUrl": desk.base_url(), "version": "1001.0.0-SNAPSHOT",
        "versionNumbers": [1001, 0, 0], "deploymentType": "Cloud", "buildNumber": 100_000,
        "buildDate": "2026-01-02T03:04:05.000+0000", "serverTime": clock::jira_time(clock::now_ms()),
        "serverTimeZone": "Etc/UTC", "scmInfo": env!("CARGO_PKG_VERSION"), "serverTitle": "Sealpost desk",
    }))
}

pub(crate) async fn labels(State(desk): State<Desk>, params: Params) -> Result<Json<Value>, Refusal> {
    let (start_at, length) = params.page(1000, 1000)?;
    let statement = "SELECT DISTINCT label.value FROM issue, json_each(issue.labels) AS label ORDER BY label.value";
    let rows = sqlx::query(statement).fetch_all(&desk.inner.readers).await?;
    let all: Vec<String> = rows.iter().map(|row| row.try_get(0)).collect::<Result<_, _>>()?;
    Ok(Json(page(all, start_at, length)))
}

/// Jira's page of values, cut out of all of them.
pub(crate) fn page<T: serde::Serialize>(all: Vec<T>, start_at: i64, length: i64) -> Value {
    let total = all.len();
    // Both were checked to be at least 0 when they were read.
    let (skip, take) = (usize::try_from(start_at).unwrap_or(0), usize::try_from(length).unwrap_or(0));
    let values: Vec<T> = all.into_iter().skip(skip).take(take).collect();
    let is_last = skip.saturating_add(values.len()) >= total;
    json!({ "startAt": start_at, "maxResults": length, "total": total, "isLast": is_last, "values": values })
}

fn all_priorities(desk: &Desk) -> Vec<Value> {
    catalogue::PRIORITIES.iter().map(|one| priority_details(desk, *one)).collect()
}

fn priority_details(desk: &Desk, one: catalogue::Priority) -> Value {
    let mut shown = view(desk).priority(one);
    shown["statusColor"] = json!(one.color);
    shown["description"] = json!("");
    shown["isDefault"] = json!(one == catalogue::DEFAULT_PRIORITY);
    shown
}

pub(crate) async fn priorities(State(desk): State<Desk>) -> Json<Value> {
    Json(Value::Array(all_priorities(&desk)))
}

pub(crate) async fn priority_page(State(desk): State<Desk>, params: Params) -> Result<Json<Value>, Refusal> {
    let (start_at, length) = params.page(50, 50)?;
    Ok(Json(page(all_priorities(&desk), start_at, length)))
}

pub(crate) async fn priority(State(desk): State<Desk>, Path(id): Path<String>) -> Result<Json<Value>, Refusal> {
    let found = catalogue::PRIORITIES.iter().find(|one| one.id.to_string() == id);
    let found = found.ok_or_else(|| not_found(format!("The priority with id '{id}' does not exist")))?;
    Ok(Json(priority_details(&desk, *found)))
}

pub(crate) async fn issue_types(State(desk): State<Desk>) -> Json<Value> {
    Json(catalogue::ISSUE_TYPES.iter().map(|one| view(&desk).issue_type(*one)).collect())
}
