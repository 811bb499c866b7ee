//! What can be filled in when an issue is created, in the paged form that replaced the one-call form.

use super::reading::Params;
use super::{project, view};
use crate::refusal::{Refusal, not_found};
use crate::{Desk, catalogue};
use axum::Json;
use axum::extract::{Path, State};
use serde_json::{Value, json};

pub(crate) async fn issue_types(
    State(desk): State<Desk>,
    Path(project): Path<String>,
    params: Params,
) -> Result<Json<Value>, Refusal> {
    project::find(&desk, &project)?;
    let types = catalogue::ISSUE_TYPES.iter().map(|one| view(&desk).issue_type(*one)).collect();
    Ok(Json(named_page("issueTypes", types, params.page(50, 200)?)))
}

pub(crate) async fn fields(
    State(desk): State<Desk>,
    Path((project, issue_type)): Path<(String, String)>,
    params: Params,
) -> Result<Json<Value>, Refusal> {
    let project = project::find(&desk, &project)?;
    let found = catalogue::ISSUE_TYPES.into_iter().find(|one| one.id.to_string() == issue_type);
    let found = found.ok_or_else(|| not_found("The issue type does not exist in this project."))?;
    let view = view(&desk);
    let priorities: Vec<Value> = catalogue::PRIORITIES.iter().map(|one| view.priority(*one)).collect();
    let user_search = format!("{}user/assignable/search?project={}&query=", view.link(""), project.key);
    let all = vec![
        field("summary", "Summary", "string", true),
        with(field("issuetype", "Issue Type", "issuetype", true), "allowedValues", json!([view.issue_type(found)])),
        with(field("project", "Project", "project", true), "allowedValues", json!([view.project(&project)])),
        field("description", "Description", "string", false),
        field("environment", "Environment", "string", false),
        with(
            field("labels", "Labels", "array", false),
            "schema",
            json!({ "type": "array", "items": "string", "system": "labels" }),
        ),
        with(
            with(field("priority", "Priority", "priority", false), "allowedValues", json!(priorities)),
            "defaultValue",
            view.priority(catalogue::DEFAULT_PRIORITY),
        ),
        with(field("assignee", "Assignee", "user", false), "autoCompleteUrl", json!(user_search)),
        with(field("reporter", "Reporter", "user", false), "autoCompleteUrl", json!(user_search)),
        field("duedate", "Due date", "date", false),
        field("parent", "Parent", "issuelink", false),
    ];
    Ok(Json(named_page("fields", all, params.page(50, 200)?)))
}

fn field(id: &str, name: &str, kind: &str, required: bool) -> Value {
    let operations = if id == "labels" { json!(["add", "set", "remove"]) } else { json!(["set"]) };
    json!({
        "fieldId": id, "key": id, "name": name, "required": required,
        "hasDefaultValue": matches!(id, "priority" | "reporter"), "operations": operations,
        "schema": { "type": kind, "system": id },
    })
}

fn with(mut field: Value, name: &str, value: Value) -> Value {
    field[name] = value;
    field
}

/// The page form of createmeta: an array with a name of its own and no `isLast`.
fn named_page(name: &str, all: Vec<Value>, (start_at, length): (i64, i64)) -> Value {
    let total = all.len();
    let (skip, take) = (usize::try_from(start_at).unwrap_or(0), usize::try_from(length).unwrap_or(0));
    let shown: Vec<Value> = all.into_iter().skip(skip).take(take).collect();
    json!({ "startAt": start_at, "maxResults": length, "total": total, name: shown })
}
