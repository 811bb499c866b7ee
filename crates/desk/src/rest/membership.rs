//! Who belongs to projects, roles and groups, and who sees an issue.

use super::reading::Params;
use super::{project, site, view};
use crate::directory::Project;
use crate::refusal::{Refusal, bad_request, not_found};
use crate::{Desk, custom_fields};
use axum::Json;
use axum::extract::{Path, State};
use serde_json::{Value, json};
use std::sync::Arc;

/// The role that the project's lead has.
const ADMINISTRATORS: (i64, &str) = (10_002, "Administrators");
/// The role that the group [`AGENTS`] has.
const TEAM: (i64, &str) = (10_003, "Service Desk Team");
/// Whoever works on the requests of every project.
pub(crate) const AGENTS: &str = "agents";

/// The project that a query names itself or by an issue's key.
pub(crate) async fn project_of(desk: &Desk, params: &Params) -> Result<Arc<Project>, Refusal> {
    let Some(key) = params.get("issueKey") else {
        return project::find(desk, params.get("projectKey").unwrap_or_default());
    };
    let issue = crate::records::issue::find(&mut *desk.inner.readers.acquire().await?, key).await?;
    project::find(desk, &issue.project_id.to_string())
}

/// Who, of the one whom the query names, sees an issue: everybody but customers, unless it is denied.
pub(crate) async fn seers(State(desk): State<Desk>, params: Params) -> Result<Json<Value>, Refusal> {
    let project = project_of(&desk, &params).await?;
    let person = desk.inner.directory.person(params.get("accountId").unwrap_or_default());
    let seer =
        person.filter(|person| !person.is_customer && !desk.inner.directory.is_denied(&project.key, "BROWSE_PROJECTS"));
    Ok(Json(seer.iter().map(|person| view(&desk).person(person)).collect()))
}

/// The people in a group.
pub(crate) async fn members(State(desk): State<Desk>, params: Params) -> Result<Json<Value>, Refusal> {
    let (start_at, length) = params.page(50, 50)?;
    let name = params.get("groupname").ok_or_else(|| bad_request("The query parameter 'groupname' is required."))?;
    let members = desk.inner.directory.members_of(name);
    let members = members.ok_or_else(|| not_found(format!("The group named '{name}' does not exist.")))?;
    let shown = members.iter().map(|id| {
        let mut person = view(&desk).person_by_id(id);
        if let Some(avatars) = person.as_object_mut() {
            avatars.remove("avatarUrls");
        }
        person
    });
    Ok(Json(site::page::<Value>(shown.collect(), start_at, length)))
}

/// The roles of a project: their names, and where each is.
pub(crate) async fn roles(State(desk): State<Desk>, Path(key): Path<String>) -> Result<Json<Value>, Refusal> {
    let project = project::find(&desk, &key)?;
    let address = |(id, name): (i64, &str)| (name.to_owned(), json!(role_link(&desk, &project, id)));
    Ok(Json(Value::Object([ADMINISTRATORS, TEAM].map(address).into_iter().collect())))
}

/// Who has a role.
pub(crate) async fn role(
    State(desk): State<Desk>,
    Path((key, role)): Path<(String, String)>,
) -> Result<Json<Value>, Refusal> {
    let project = project::find(&desk, &key)?;
    let wanted = [ADMINISTRATORS, TEAM].into_iter().find(|(id, _)| id.to_string() == role);
    let (id, name) = wanted.ok_or_else(|| not_found("Can not retrieve a role actor for a null project role."))?;
    let actor = match (id, name) == TEAM {
        true => json!({
            "id": 2, "displayName": AGENTS, "type": "atlassian-group-role-actor",
            "actorGroup": { "name": AGENTS, "displayName": AGENTS },
        }),
        false => json!({
            "id": 1, "displayName": view(&desk).person_by_id(&project.lead)["displayName"],
            "type": "atlassian-user-role-actor", "actorUser": { "accountId": project.lead },
        }),
    };
    let address = role_link(&desk, &project, id);
    Ok(Json(json!({ "self": address, "id": id, "name": name, "description": "", "actors": [actor] })))
}

fn role_link(desk: &Desk, project: &Project, id: i64) -> String {
    view(desk).link(&format!("project/{}/role/{id}", project.id))
}

/// The components of a project, all led by its lead.
pub(crate) async fn components(State(desk): State<Desk>, Path(key): Path<String>) -> Result<Json<Value>, Refusal> {
    let project = project::find(&desk, &key)?;
    let field = custom_fields::find(&desk, "components");
    let all = field.and_then(|field| field.allowed()).unwrap_or_default();
    let one = |component: &Value| {
        json!({
            "self": view(&desk).link(&format!("component/{}", component["id"].as_str().unwrap_or_default())),
            "id": component["id"], "name": component["name"], "lead": view(&desk).person_by_id(&project.lead),
            "project": project.key, "projectId": project.id,
        })
    };
    Ok(Json(all.as_array().into_iter().flatten().map(one).collect()))
}
