//! What can be filled in when an issue is created, in the paged form that replaced the one-call form.

use super::reading::{Body, Params};
use super::{project, view};
use crate::custom_fields::{self, CustomField, Kind};
use crate::directory::Project;
use crate::records::issue;
use crate::refusal::{Refusal, bad_request, denied, not_found};
use crate::{Desk, catalogue};
use axum::Json;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use serde_json::{Map, Value, json};

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
    let all = all_fields(&desk, &project, found);
    Ok(Json(named_page("fields", all, params.page(50, 200)?)))
}

/// The fields that can be written in an issue that is there.
pub(crate) async fn edit(State(desk): State<Desk>, Path(id_or_key): Path<String>) -> Result<Json<Value>, Refusal> {
    let issue = issue::find(&mut *desk.inner.readers.acquire().await?, &id_or_key).await?;
    let project = desk.inner.directory.project_by_id(issue.project_id);
    let project = project.ok_or_else(|| not_found("The project does not exist."))?;
    let all = all_fields(&desk, &project, catalogue::issue_type(issue.type_id));
    let editable = all.into_iter().filter(|field| field["key"] != "project");
    let by_id = editable.map(|mut field| {
        let id = field["fieldId"].as_str().unwrap_or_default().to_owned();
        if let Some(field) = field.as_object_mut() {
            field.remove("fieldId");
        }
        (id, field)
    });
    Ok(Json(json!({ "fields": by_id.collect::<Map<_, _>>() })))
}

/// Every field of the site, whether it is on a screen or not.
pub(crate) async fn site_fields(State(desk): State<Desk>) -> Json<Value> {
    let system = SYSTEM.map(|(id, name, kind)| {
        json!({
            "id": id, "key": id, "name": name, "custom": false, "orderable": true, "navigable": true, "searchable": true,
            "clauseNames": [id], "schema": { "type": kind, "system": id },
        })
    });
    let made = desk.inner.made_fields.all();
    let other = custom_fields::ALL.iter().chain(&made).map(details);
    Json(system.into_iter().chain(other).collect())
}

/// A field as the list of all of them tells it.
fn details(field: &CustomField) -> Value {
    let is_custom = field.id.starts_with("customfield_");
    let number = field.id.trim_start_matches("customfield_");
    let names = if is_custom { json!([format!("cf[{number}]"), field.name]) } else { json!([field.id]) };
    json!({
        "id": field.id, "key": field.id, "name": field.name, "custom": is_custom, "orderable": true,
        "navigable": true, "searchable": true, "clauseNames": names, "schema": field.schema(),
    })
}

/// Makes a field of text, for administrators of the site.
pub(crate) async fn make(State(desk): State<Desk>, body: Body) -> Result<Response, Refusal> {
    must_administer(&desk)?;
    let name = body.text("name").map(str::trim).filter(|name| !name.is_empty());
    let name = name.ok_or_else(|| bad_request("A custom field name is required."))?;
    let kind = match body.text("type").and_then(|kind| kind.rsplit(':').next()) {
        Some("textfield") => Kind::Line,
        Some("textarea") => Kind::Text,
        _ => return Err(bad_request("The desk makes fields of the types textfield and textarea alone.")),
    };
    let made = desk.inner.made_fields.make(&desk.inner.writer, name, kind).await?;
    Ok((StatusCode::CREATED, Json(details(&made))).into_response())
}

/// Puts a field on the one screen that there is.
pub(crate) async fn show(State(desk): State<Desk>, Path(id): Path<String>) -> Result<Json<Value>, Refusal> {
    must_administer(&desk)?;
    match desk.inner.made_fields.show(&desk.inner.writer, &id).await? {
        true => Ok(Json(json!({}))),
        false => Err(not_found("The field does not exist.")),
    }
}

/// The global permission, which is taken away like that of a project without a key.
fn must_administer(desk: &Desk) -> Result<(), Refusal> {
    match desk.inner.directory.is_denied("", "ADMINISTER") {
        true => Err(denied(StatusCode::FORBIDDEN, "Only Jira administrators can create custom fields.")),
        false => Ok(()),
    }
}

/// Fields that are columns of an issue: id, name, type.
const SYSTEM: [(&str, &str, &str); 7] = [
    ("summary", "Summary", "string"),
    ("description", "Description", "string"),
    ("environment", "Environment", "string"),
    ("priority", "Priority", "priority"),
    ("assignee", "Assignee", "user"),
    ("reporter", "Reporter", "user"),
    ("duedate", "Due date", "date"),
];

fn all_fields(desk: &Desk, project: &Project, found: catalogue::IssueType) -> Vec<Value> {
    let view = view(desk);
    let priorities: Vec<Value> = catalogue::PRIORITIES.iter().map(|one| view.priority(*one)).collect();
    let user_search = format!("{}user/assignable/search?project={}&query=", view.link(""), project.key);
    let mut all = vec![
        field("summary", "Summary", "string", true),
        with(field("issuetype", "Issue Type", "issuetype", true), "allowedValues", json!([view.issue_type(found)])),
        with(field("project", "Project", "project", true), "allowedValues", json!([view.project(project)])),
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
    all.retain(|one| one["key"] != "reporter" || !desk.inner.directory.is_denied(&project.key, "MODIFY_REPORTER"));
    all.extend(custom_fields::on_screen(desk).iter().map(|one| {
        let mut shown = with(field(one.id, one.name, "any", false), "schema", one.schema());
        if one.is_list() {
            shown["operations"] = json!(["add", "set", "remove"]);
        }
        match one.allowed() {
            Some(allowed) => with(shown, "allowedValues", allowed),
            None => shown,
        }
    }));
    all
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
