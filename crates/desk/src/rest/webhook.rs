//! Subscriptions to webhooks, in the form of Jira's `/rest/webhooks/1.0`.

use super::reading::Body;
use crate::Desk;
use crate::refusal::{Refusal, bad_request, not_found};
use crate::webhooks::Hook;
use axum::Json;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use serde_json::{Value, json};

/// The name under which Jira keeps the query of a webhook.
const FILTER: &str = "issue-related-events-section";

/// Secrets are never shown again.
fn show(desk: &Desk, hook: &Hook) -> Value {
    json!({
        "self": format!("{}/rest/webhooks/1.0/webhook/{}", desk.base_url(), hook.id), "name": hook.name,
        "url": hook.url, "events": hook.events, "filters": { FILTER: hook.jql }, "excludeBody": false,
        "enabled": hook.enabled, "isSigned": !hook.secret.is_empty(),
    })
}

pub(crate) async fn list(State(desk): State<Desk>) -> Json<Value> {
    Json(desk.inner.hooks.all().iter().map(|hook| show(&desk, hook)).collect())
}

pub(crate) async fn create(State(desk): State<Desk>, body: Body) -> Result<Response, Refusal> {
    let secret = match body.0.get("secret") {
        None | Some(Value::Null) => "",
        Some(Value::String(secret)) if !secret.is_empty() => secret,
        Some(_) => {
            return Err(bad_request("The secret must be a string that is not empty."));
        }
    };
    let text = |name: &str| body.text(name).unwrap_or_default().to_owned();
    let jql = body.0.get("filters").and_then(|filters| filters.get(FILTER)).and_then(Value::as_str);
    let hook = Hook {
        id: 0,
        name: text("name"),
        url: text("url"),
        events: body.strings("events").unwrap_or_default(),
        jql: jql.unwrap_or_default().to_owned(),
        secret: secret.to_owned(),
        enabled: body.0.get("enabled").and_then(Value::as_bool).unwrap_or(true),
    };
    let hook = desk.add_hook(hook).await?;
    Ok((StatusCode::CREATED, Json(show(&desk, &hook))).into_response())
}

pub(crate) async fn read(State(desk): State<Desk>, Path(id): Path<String>) -> Result<Json<Value>, Refusal> {
    let all = desk.inner.hooks.all();
    let found = all.iter().find(|hook| hook.id.to_string() == id);
    Ok(Json(show(&desk, found.ok_or_else(|| not_found("There is no such webhook."))?)))
}

pub(crate) async fn delete(State(desk): State<Desk>, Path(id): Path<String>) -> Result<StatusCode, Refusal> {
    let gone = || not_found("There is no such webhook.");
    let removed = desk.remove_hook(id.parse().map_err(|_| gone())?).await?;
    if removed { Ok(StatusCode::NO_CONTENT) } else { Err(gone()) }
}
