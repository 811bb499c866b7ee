//! Service management: desks, request types, organisations, customers, participants and approvals, as far as a mail gateway needs them.

use super::reading::{Body, Params, id};
use super::sign_in::Caller;
use super::{attachment, project, view};
use crate::custom_fields::{self, APPROVERS, PARTICIPANTS};
use crate::directory::SERVICE_DESK;
use crate::refusal::{Refusal, bad_request, not_found};
use crate::{Desk, Settings, catalogue, issues};
use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use axum::{Extension, Json, Router};
use serde_json::{Map, Value, json};
use sqlx::Row;

pub(crate) fn routes(settings: &Settings) -> Router<Desk> {
    let limit = super::file_limit(settings);
    Router::new()
        .route("/servicedesk/{desk}/attachTemporaryFile", post(attachment::hand_in).layer(limit))
        .route("/request/{issue}/attachment", post(attachment::share))
        .route("/servicedesk", get(desks))
        .route("/servicedesk/{desk}/requesttype", get(request_types))
        .route("/servicedesk/{desk}/organization", get(organisations))
        .route("/servicedesk/{desk}/customer", post(add_customers))
        .route("/organization/{organisation}/user", get(members).post(add_members))
        .route("/customer", post(create_customer))
        .route("/request/{issue}/participant", get(participants).post(add_participants))
        .route("/request/{issue}/approval", get(approvals))
}

/// The page form of this interface.
fn page(all: Vec<Value>, params: &Params) -> Result<Json<Value>, Refusal> {
    let (start, limit) = (params.number("start", 0)?, params.number("limit", 50)?.min(100));
    let (skip, take) = (usize::try_from(start).unwrap_or(0), usize::try_from(limit).unwrap_or(0));
    let total = all.len();
    let values: Vec<Value> = all.into_iter().skip(skip).take(take).collect();
    let is_last = skip.saturating_add(values.len()) >= total;
    Ok(Json(json!({ "start": start, "limit": limit, "size": values.len(), "isLastPage": is_last, "values": values })))
}

/// Every project has a desk of its own number.
async fn desks(State(desk): State<Desk>, params: Params) -> Result<Json<Value>, Refusal> {
    let projects = desk.inner.directory.projects();
    let one = |project: &crate::directory::Project| {
        json!({
            "id": project.id.to_string(), "projectId": project.id.to_string(), "projectName": project.name,
            "projectKey": project.key,
        })
    };
    let has_desk = |key: &str| !desk.inner.directory.is_denied(key, SERVICE_DESK);
    page(projects.iter().filter(|project| has_desk(&project.key)).map(|project| one(project)).collect(), &params)
}

async fn request_types(
    State(desk): State<Desk>,
    Path(number): Path<String>,
    params: Params,
) -> Result<Json<Value>, Refusal> {
    project::find(&desk, &number)?;
    let one = |kind: &catalogue::RequestType| json!({ "id": kind.id.to_string(), "name": kind.name, "issueTypeId": kind.issue_type_id.to_string(), "serviceDeskId": number });
    page(catalogue::REQUEST_TYPES.iter().map(one).collect(), &params)
}

async fn organisations(
    State(desk): State<Desk>,
    Path(number): Path<String>,
    params: Params,
) -> Result<Json<Value>, Refusal> {
    project::find(&desk, &number)?;
    let all = catalogue::ORGANISATIONS.iter().map(|(id, name)| json!({ "id": id.to_string(), "name": name }));
    page(all.collect(), &params)
}

/// The account ids of a body, each of somebody who is known.
fn accounts(desk: &Desk, body: &Body) -> Result<Vec<String>, Refusal> {
    let ids = body.strings("accountIds").ok_or_else(|| bad_request("'accountIds' must be an array."))?;
    match ids.iter().find(|id| desk.inner.directory.person(id).is_none()) {
        Some(id) => Err(not_found(format!("The user with account id '{id}' does not exist."))),
        None => Ok(ids),
    }
}

async fn note(desk: &Desk, statement: &'static str, owner: i64, accounts: Vec<String>) -> Result<StatusCode, Refusal> {
    let write = desk.inner.writer.write(move |connection| {
        Box::pin(async move {
            for account in accounts {
                sqlx::query(statement).bind(owner).bind(account).execute(&mut *connection).await?;
            }
            Ok(())
        })
    });
    write.await?;
    Ok(StatusCode::NO_CONTENT)
}

async fn add_customers(
    State(desk): State<Desk>,
    Path(number): Path<String>,
    body: Body,
) -> Result<StatusCode, Refusal> {
    let project = project::find(&desk, &number)?;
    let accounts = accounts(&desk, &body)?;
    let statement = "INSERT INTO customer (project_id, account_id) VALUES (?, ?) ON CONFLICT DO NOTHING";
    note(&desk, statement, project.id, accounts).await
}

async fn add_members(State(desk): State<Desk>, Path(number): Path<String>, body: Body) -> Result<StatusCode, Refusal> {
    let number = id(&number, "organization")?;
    if !catalogue::ORGANISATIONS.iter().any(|(known, _)| *known == number) {
        return Err(not_found("The organization does not exist."));
    }
    let accounts = accounts(&desk, &body)?;
    let statement =
        "INSERT INTO organisation_member (organisation_id, account_id) VALUES (?, ?) ON CONFLICT DO NOTHING";
    note(&desk, statement, number, accounts).await
}

async fn members(State(desk): State<Desk>, Path(number): Path<String>, params: Params) -> Result<Json<Value>, Refusal> {
    let number = id(&number, "organization")?;
    let statement = "SELECT account_id FROM organisation_member WHERE organisation_id = ? ORDER BY account_id";
    let rows = sqlx::query(statement).bind(number).fetch_all(&desk.inner.readers).await?;
    let ids = rows.iter().map(|row| row.try_get::<String, _>(0)).collect::<Result<Vec<_>, _>>()?;
    page(ids.iter().map(|id| view(&desk).person_by_id(id)).collect(), &params)
}

async fn create_customer(State(desk): State<Desk>, body: Body) -> Result<Response, Refusal> {
    let address = body.text("email").filter(|address| address.contains('@'));
    let address = address.ok_or_else(|| bad_request("The email address is not valid."))?;
    let name = body.text("displayName").or_else(|| body.text("fullName")).unwrap_or(address);
    let made = desk.inner.directory.add_customer(&desk.inner.writer, address, name).await?;
    let made = made.ok_or_else(|| bad_request("An account already exists for this email"))?;
    Ok((StatusCode::CREATED, Json(view(&desk).person_by_id(&made))).into_response())
}

async fn participants(
    State(desk): State<Desk>,
    Path(issue): Path<String>,
    params: Params,
) -> Result<Json<Value>, Refusal> {
    let issue = crate::records::issue::find(&mut *desk.inner.readers.acquire().await?, &issue).await?;
    let there = issue.other.get(PARTICIPANTS).and_then(Value::as_array).cloned().unwrap_or_default();
    let shown = there.iter().map(|one| view(&desk).person_by_id(one["accountId"].as_str().unwrap_or_default()));
    page(shown.collect(), &params)
}

async fn add_participants(
    State(desk): State<Desk>,
    Extension(caller): Extension<Caller>,
    Path(issue): Path<String>,
    params: Params,
    body: Body,
) -> Result<Json<Value>, Refusal> {
    debug_assert!(custom_fields::find(&desk, PARTICIPANTS).is_some());
    let added = accounts(&desk, &body)?.into_iter().map(|id| json!({ "add": { "accountId": id } }));
    let update: Map<String, Value> = [(PARTICIPANTS.to_owned(), added.collect())].into_iter().collect();
    issues::edit(&desk, &caller.0, &issue, issues::Request { update, ..issues::Request::default() }).await?;
    participants(State(desk), Path(issue), params).await
}

/// The people in the field of approvers make one approval, which is open as long as its issue has no resolution.
async fn approvals(
    State(desk): State<Desk>,
    Path(issue): Path<String>,
    params: Params,
) -> Result<Json<Value>, Refusal> {
    let issue = crate::records::issue::find(&mut *desk.inner.readers.acquire().await?, &issue).await?;
    let there = issue.other.get(APPROVERS).and_then(Value::as_array).cloned().unwrap_or_default();
    let decision = if issue.resolved_ms.is_some() { "approved" } else { "pending" };
    let approver = |one: &Value| {
        let person = view(&desk).person_by_id(one["accountId"].as_str().unwrap_or_default());
        json!({ "approver": person, "approverDecision": decision })
    };
    let approvers: Vec<Value> = there.iter().map(approver).collect();
    let approval = json!({
        "id": "1", "name": "Approval", "finalDecision": decision, "canAnswerApproval": false, "approvers": approvers,
    });
    page(if approvers.is_empty() { Vec::new() } else { vec![approval] }, &params)
}
