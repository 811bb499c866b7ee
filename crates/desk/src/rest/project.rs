//! Projects and the statuses of their workflow.

use super::reading::Params;
use super::{site, view};
use crate::directory::Project;
use crate::refusal::{Refusal, not_found};
use crate::{Desk, catalogue};
use axum::Json;
use axum::extract::{Path, State};
use serde_json::{Value, json};
use std::sync::Arc;

pub(crate) async fn list(State(desk): State<Desk>) -> Json<Value> {
    Json(desk.inner.directory.projects().iter().map(|project| view(&desk).project(project)).collect())
}

pub(crate) async fn search(State(desk): State<Desk>, params: Params) -> Result<Json<Value>, Refusal> {
    let (start_at, length) = params.page(50, 100)?;
    let words = params.get("query").unwrap_or_default().to_lowercase();
    let keys = params.list("keys");
    let fits = |project: &Project| {
        let by_words = project.name.to_lowercase().contains(&words) || project.key.to_lowercase().contains(&words);
        by_words && (keys.is_empty() || keys.contains(&project.key.as_str()))
    };
    let found = desk.inner.directory.projects();
    let shown = found.iter().filter(|project| fits(project)).map(|project| view(&desk).project(project)).collect();
    Ok(Json(site::page::<Value>(shown, start_at, length)))
}

/// The project with this id or key, or Jira's words for a missing one.
pub(crate) fn find(desk: &Desk, id_or_key: &str) -> Result<Arc<Project>, Refusal> {
    let found = desk.inner.directory.project(id_or_key);
    found.ok_or_else(|| not_found(format!("No project could be found with key '{id_or_key}'.")))
}

pub(crate) async fn read(State(desk): State<Desk>, Path(project): Path<String>) -> Result<Json<Value>, Refusal> {
    let project = find(&desk, &project)?;
    let view = view(&desk);
    let mut shown = view.project(&project);
    shown["lead"] = view.person_by_id(&project.lead);
    shown["issueTypes"] = catalogue::ISSUE_TYPES.iter().map(|one| view.issue_type(*one)).collect();
    shown["assigneeType"] = json!("UNASSIGNED");
    shown["style"] = json!("classic");
    shown["isPrivate"] = json!(false);
    Ok(Json(shown))
}

/// Everybody with an account may see issues, and those to whom [`Desk::show_issues_to`] shows some. For administrators of the project alone.
pub(crate) async fn permission_scheme(
    State(desk): State<Desk>,
    Path(project): Path<String>,
) -> Result<Json<Value>, Refusal> {
    let project = find(&desk, &project)?;
    if desk.inner.directory.is_denied(&project.key, "ADMINISTER_PROJECTS") {
        return Err(not_found("You cannot edit the configuration of this project."));
    }
    let mut holders = vec!["applicationRole".to_owned()];
    holders.extend(desk.inner.directory.shown_to(&project.key));
    let grant = |(id, holder): (usize, &String)| json!({ "id": 10_000 + id, "holder": { "type": holder }, "permission": "BROWSE_PROJECTS" });
    let grants: Vec<Value> = holders.iter().enumerate().map(grant).collect();
    let id = 10_000;
    Ok(Json(json!({
        "id": id, "self": view(&desk).link(&format!("permissionscheme/{id}")), "name": "Default scheme",
        "permissions": grants,
    })))
}

pub(crate) async fn statuses(State(desk): State<Desk>, Path(project): Path<String>) -> Result<Json<Value>, Refusal> {
    find(&desk, &project)?;
    let view = view(&desk);
    let statuses: Vec<Value> = catalogue::STATUSES.iter().map(|one| view.status(*one)).collect();
    let of_type = |one: &catalogue::IssueType| {
        json!({
            "self": view.link(&format!("issuetype/{}", one.id)), "id": one.id.to_string(), "name": one.name,
            "subtask": false, "statuses": statuses,
        })
    };
    Ok(Json(catalogue::ISSUE_TYPES.iter().map(of_type).collect()))
}
