//! People, named by account id as on Jira Cloud.

use super::reading::Params;
use super::sign_in::Caller;
use super::view;
use crate::Desk;
use crate::refusal::{Refusal, bad_request, not_found};
use axum::extract::State;
use axum::{Extension, Json};
use serde_json::{Value, json};

/// Jira looks at this many users and filters them afterwards, so pages can be shorter than asked for.
const PERSONS_LOOKED_AT: usize = 1000;

pub(crate) async fn myself(State(desk): State<Desk>, Extension(caller): Extension<Caller>) -> Json<Value> {
    let mut shown = view(&desk).person_by_id(&caller.0);
    shown["locale"] = json!("en_US");
    Json(shown)
}

pub(crate) async fn read(State(desk): State<Desk>, params: Params) -> Result<Json<Value>, Refusal> {
    let id = params.get("accountId").ok_or_else(|| bad_request("The query parameter 'accountId' is required."))?;
    let person = desk.inner.directory.person(id);
    let person =
        person.ok_or_else(|| not_found("Specified user does not exist or you do not have required permissions"))?;
    Ok(Json(view(&desk).person(&person)))
}

pub(crate) async fn search(State(desk): State<Desk>, params: Params) -> Result<Json<Value>, Refusal> {
    let (start_at, length) = params.page(50, 1000)?;
    let persons = match (params.get("query"), params.get("accountId")) {
        (_, Some(id)) => desk.inner.directory.person(id).into_iter().collect(),
        (Some(words), None) => desk.inner.directory.find_persons(words),
        (None, None) => return Err(bad_request("The query parameter 'query' is required.")),
    };
    let (skip, take) = (usize::try_from(start_at).unwrap_or(0), usize::try_from(length).unwrap_or(0));
    let looked_at = persons.iter().take(PERSONS_LOOKED_AT);
    Ok(Json(looked_at.skip(skip).take(take).map(|person| view(&desk).person(person)).collect()))
}

/// The groups that an account is in.
pub(crate) async fn groups(State(desk): State<Desk>, params: Params) -> Result<Json<Value>, Refusal> {
    let id = params.get("accountId").ok_or_else(|| bad_request("The query parameter 'accountId' is required."))?;
    let person = desk.inner.directory.person(id).ok_or_else(|| not_found("The user does not exist."))?;
    let groups = desk.inner.directory.groups_of(&person.account_id);
    Ok(Json(groups.into_iter().map(|name| json!({ "name": name, "self": view(&desk).link("group") })).collect()))
}

/// Who may do something in a project, or with an issue of it: whoever is named and is no mere customer of another desk.
pub(crate) async fn permitted(State(desk): State<Desk>, params: Params) -> Result<Json<Value>, Refusal> {
    let id = params.get("accountId").unwrap_or_default();
    let project = super::membership::project_of(&desk, &params).await?;
    let permission = params.get("permissions").unwrap_or_default();
    let person = desk.inner.directory.person(id).filter(|person| !person.is_customer);
    let allowed = person.filter(|_| !desk.inner.directory.is_denied(&project.key, permission));
    Ok(Json(allowed.iter().map(|person| view(&desk).person(person)).collect()))
}

/// What whoever asks may do; everything that was not taken away.
pub(crate) async fn own_permissions(State(desk): State<Desk>, params: Params) -> Result<Json<Value>, Refusal> {
    let project = super::project::find(&desk, params.get("projectKey").unwrap_or_default())?;
    let asked = params.list("permissions");
    let shown = asked.into_iter().enumerate().map(|(number, key)| {
        let has = !desk.inner.directory.is_denied(&project.key, key);
        let name = key.replace('_', " ").to_lowercase();
        let permission = json!({
            "id": number.to_string(), "key": key, "name": name, "type": "PROJECT", "description": name,
            "havePermission": has,
        });
        (key.to_owned(), permission)
    });
    Ok(Json(json!({ "permissions": shown.collect::<serde_json::Map<_, _>>() })))
}
