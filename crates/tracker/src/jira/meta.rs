//! What Jira says about fields, read into the kinds that profiles know.

use super::Kind;
use super::answer::{Lack, id, number, text};
use super::path::segment;
use super::request::post;
use crate::answer::Answer;
use crate::http::{Content, Method, Request};
use crate::operation::NewField;
use policy::field::{ALLOWED_MAX, Allowed, FieldKind, FieldMeta};
use serde_json::{Value, json};

/// How deep allowed values are read: an option and those below it.
const DEPTH_MAX: usize = 2;

/// A page of createmeta. Cloud calls the list `fields`, Data Center `values`.
pub(super) fn page_of_fields(json: &Value, start_at: u64) -> Result<Answer, Lack> {
    let list = [&json["fields"], &json["values"]].into_iter().find_map(Value::as_array).ok_or(Lack("fields"))?;
    let fields: Vec<FieldMeta> = list.iter().filter_map(|field| meta(field, "")).collect();
    Ok(Answer::Fields { all: is_last(json, start_at, list.len()), fields })
}

/// A page of issue types. Cloud calls the list `issueTypes`, Data Center `values`.
pub(super) fn page_of_issue_types(json: &Value, start_at: u64) -> Result<Answer, Lack> {
    let list =
        [&json["issueTypes"], &json["values"]].into_iter().find_map(Value::as_array).ok_or(Lack("issueTypes"))?;
    let named =
        |one: &Value| Some(crate::answer::Named { id: id(&one["id"])?, name: text(&one["name"]), of: String::new() });
    let items = list.iter().map(named).collect::<Option<Vec<_>>>().ok_or(Lack("id"))?;
    Ok(Answer::Page { all: is_last(json, start_at, items.len()), items })
}

/// Pages may be shorter than asked for, so the length alone tells nothing; an empty one is the end all the same, or it would
/// be asked for for ever.
pub(super) fn is_last(json: &Value, start_at: u64, length: usize) -> bool {
    match (json["isLast"].as_bool(), number(&json["total"])) {
        (Some(last), _) => last || length == 0,
        (None, Some(total)) => start_at + length as u64 >= total || length == 0,
        (None, None) => true,
    }
}

/// The fields of editmeta or of a transition: an object by id.
pub(super) fn fields_by_id(json: &Value) -> Result<Vec<FieldMeta>, Lack> {
    let fields = json.as_object().ok_or(Lack("fields"))?;
    Ok(fields.iter().filter_map(|(id, field)| meta(field, id)).collect())
}

/// All fields of the site: a bare array.
pub(super) fn all_fields(json: &Value) -> Result<Answer, Lack> {
    let list = json.as_array().ok_or(Lack("fields"))?;
    Ok(Answer::Fields { fields: list.iter().filter_map(|field| meta(field, "")).collect(), all: true })
}

/// A field that was made.
pub(super) fn one_field(json: &Value) -> Result<Answer, Lack> {
    Ok(Answer::Fields { fields: vec![meta(json, "").ok_or(Lack("id"))?], all: true })
}

/// What made the fields that Jira itself offers, and what searches them.
const MADE_BY: &str = "com.atlassian.jira.plugin.system.customfieldtypes";

/// A new field of text, which can be searched.
pub(super) fn create_field(kind: Kind, name: &str, description: &str, holds: NewField) -> Request {
    let made = match holds {
        NewField::Line => "textfield",
        NewField::Text => "textarea",
    };
    let field = json!({
        "name": name, "description": description, "type": format!("{MADE_BY}:{made}"),
        "searcherKey": format!("{MADE_BY}:textsearcher"),
    });
    post(format!("{}/field", kind.api()), field)
}

/// Puts a field on the first tab of the default screen. The body is empty.
pub(super) fn show_field(kind: Kind, field_id: &str) -> Request {
    let path = format!("{}/screens/addToDefault/{}", kind.api(), segment(field_id));
    Request { method: Method::Post, path, headers: Vec::new(), content: Content::Nothing }
}

/// One field; `None` for what has no id.
fn meta(field: &Value, named: &str) -> Option<FieldMeta> {
    let own = ["fieldId", "key", "id"].iter().find_map(|key| id(&field[*key]));
    let own = if named.is_empty() { own? } else { named.to_owned() };
    let allowed = field["allowedValues"].as_array();
    let read: Vec<Allowed> = allowed.into_iter().flatten().filter_map(|one| value(one, 1)).take(ALLOWED_MAX).collect();
    Some(FieldMeta {
        kind: kind(&field["schema"], &own),
        name: text(&field["name"]),
        required: field["required"].as_bool().unwrap_or_default(),
        has_default: field["hasDefaultValue"].as_bool().unwrap_or_default(),
        allowed_all: allowed.is_some_and(|all| !all.is_empty() && all.len() <= ALLOWED_MAX),
        allowed: read,
        id: own,
    })
}

/// Options are called by `value`, everything else by `name`. Switched off ones cannot be chosen.
fn value(json: &Value, depth: usize) -> Option<Allowed> {
    if json["disabled"] == Value::Bool(true) || json["archived"] == Value::Bool(true) {
        return None;
    }
    let name = ["value", "name", "displayName", "key"].iter().find_map(|key| id(&json[*key]))?;
    let children = json["children"].as_array().filter(|_| depth < DEPTH_MAX);
    let children = children.into_iter().flatten().filter_map(|child| value(child, depth + 1)).take(ALLOWED_MAX);
    Some(Allowed { id: id(&json["id"]).unwrap_or_else(|| name.clone()), name, children: children.collect() })
}

/// A custom field is known by what made it (`schema.custom`) and never by its name; a system field by `schema.system`.
fn kind(schema: &Value, id: &str) -> FieldKind {
    let is_list = schema["type"] == "array";
    match (schema["custom"].as_str(), schema["system"].as_str()) {
        (Some(custom), _) => custom_kind(custom.rsplit(':').next().unwrap_or(custom), custom, is_list),
        (None, Some(system)) => system_kind(system),
        (None, None) => system_kind(id),
    }
}

fn custom_kind(short: &str, whole: &str, is_list: bool) -> FieldKind {
    match short {
        "textfield" | "gh-epic-label" => FieldKind::Text,
        "textarea" => FieldKind::LongText,
        "float" | "jsw-story-points" => FieldKind::Number,
        "datepicker" => FieldKind::Date,
        "datetime" => FieldKind::DateTime,
        "url" => FieldKind::Url,
        "select" | "radiobuttons" => FieldKind::Option,
        "multiselect" | "multicheckboxes" => FieldKind::Options,
        "cascadingselect" => FieldKind::Cascade,
        "userpicker" => FieldKind::User,
        "people" if !is_list => FieldKind::User,
        "multiuserpicker" | "people" | "sd-request-participants" => FieldKind::Users,
        "grouppicker" => FieldKind::Group,
        "multigrouppicker" => FieldKind::Groups,
        "labels" => FieldKind::Labels,
        "version" => FieldKind::Version,
        "multiversion" => FieldKind::Versions,
        "project" => FieldKind::Project,
        "gh-sprint" => FieldKind::Sprint,
        "gh-epic-link" => FieldKind::Parent,
        "vp-origin" => FieldKind::RequestType,
        "sd-customer-organizations" => FieldKind::Organisations,
        "gh-lexo-rank" => FieldKind::ReadOnly("rank".to_owned()),
        "cmdb-object-cftype" => FieldKind::ReadOnly("Assets".to_owned()),
        "readonlyfield" | "importid" | "sd-approvals" | "sd-sla-field" | "sd-request-feedback" | "sd-request-lang" => {
            FieldKind::ReadOnly(short.to_owned())
        }
        _ => FieldKind::Unknown(whole.chars().filter(|c| !c.is_control()).take(100).collect()),
    }
}

fn system_kind(system: &str) -> FieldKind {
    match system {
        "summary" => FieldKind::Text,
        "description" | "environment" => FieldKind::LongText,
        "duedate" => FieldKind::Date,
        "labels" => FieldKind::Labels,
        "components" => FieldKind::Components,
        "versions" | "fixVersions" => FieldKind::Versions,
        "priority" => FieldKind::Priority,
        "security" => FieldKind::SecurityLevel,
        "resolution" => FieldKind::Resolution,
        "issuetype" => FieldKind::IssueType,
        "project" => FieldKind::Project,
        "parent" => FieldKind::Parent,
        "reporter" | "assignee" => FieldKind::User,
        "timetracking" => FieldKind::TimeEstimate,
        other => FieldKind::ReadOnly(other.chars().filter(|c| !c.is_control()).take(100).collect()),
    }
}
