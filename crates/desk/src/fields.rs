//! Reads the `fields` and `update` of a request into an issue, with Jira's words for what is wrong.

use crate::custom_fields::{self, CustomField};
use crate::records::issue::Issue;
use crate::refusal::{Refusal, bad_field, bad_fields};
use crate::{Desk, adf, catalogue, clock};
use serde_json::{Map, Value};
use std::collections::BTreeMap;

/// Jira's limit, in characters.
const SUMMARY_LENGTH_MAX: usize = 255;
/// Jira's limit, in characters.
const LABEL_LENGTH_MAX: usize = 255;

/// What a request wants beside the values that go straight into the issue.
#[derive(Debug, Default)]
pub(crate) struct Asked {
    /// Id or key of the parent; `Some(None)` removes it.
    pub(crate) parent: Option<Option<String>>,
    /// Bodies of comments to add.
    pub(crate) comments: Vec<Value>,
}

/// Reads both halves of a request into the issue. A field may be in one of them only.
pub(crate) fn apply(
    desk: &Desk,
    issue: &mut Issue,
    fields: &Map<String, Value>,
    update: &Map<String, Value>,
) -> Result<Asked, Refusal> {
    let mut asked = Asked::default();
    let mut errors = BTreeMap::new();
    for (field, value) in fields {
        if update.contains_key(field) {
            errors.insert(field.clone(), format!("Field '{field}' cannot be set in both 'fields' and 'update'."));
        } else if let Err(why) = set(desk, issue, &mut asked, field, value) {
            errors.insert(field.clone(), why);
        }
    }
    for (field, operations) in update {
        for operation in operations.as_array().map(Vec::as_slice).unwrap_or_default() {
            if let Err(why) = operate(desk, issue, &mut asked, field, operation) {
                errors.insert(field.clone(), why);
            }
        }
    }
    if errors.is_empty() { Ok(asked) } else { Err(bad_fields(errors)) }
}

/// The project and issue type that a create names.
pub(crate) fn place(desk: &Desk, fields: &Map<String, Value>) -> Result<(i64, i64), Refusal> {
    let project = fields.get("project").and_then(|value| named(value, &["id", "key"]));
    let project = project.and_then(|name| desk.inner.directory.project(&name));
    let Some(project) = project else {
        return Err(bad_field("project", "Specify a valid project ID or key"));
    };
    let issue_type = fields.get("issuetype").and_then(|value| named(value, &["id", "name"]));
    let issue_type = issue_type.and_then(|name| issue_type_named(&name));
    let Some(issue_type) = issue_type else {
        return Err(bad_field("issuetype", "Specify a valid issue type"));
    };
    Ok((project.id, issue_type))
}

fn issue_type_named(name: &str) -> Option<i64> {
    catalogue::ISSUE_TYPES.iter().find(|one| catalogue::means(name, one.id, one.name)).map(|one| one.id)
}

/// The first of these keys that an object has, as text; numbers will do.
pub(crate) fn named(value: &Value, keys: &[&str]) -> Option<String> {
    keys.iter().find_map(|key| match value.get(key)? {
        Value::String(text) => Some(text.clone()),
        Value::Number(number) => Some(number.to_string()),
        _ => None,
    })
}

fn operate(desk: &Desk, issue: &mut Issue, asked: &mut Asked, field: &str, operation: &Value) -> Result<(), String> {
    let Some((verb, value)) = operation.as_object().and_then(|object| object.iter().next()) else {
        return Err("Operation must be an object with one verb.".to_owned());
    };
    match (field, verb.as_str()) {
        ("parent", "set") if value.get("none") == Some(&Value::Bool(true)) => asked.parent = Some(None),
        (_, "set") => return set(desk, issue, asked, field, value),
        ("comment", "add") => {
            let body = value.get("body").cloned().unwrap_or_default();
            adf::check(&body)?;
            asked.comments.push(body);
        }
        ("labels", "add") => {
            let label = check_label(value)?;
            if !issue.labels.contains(&label) {
                issue.labels.push(label);
            }
        }
        ("labels", "remove") => {
            let label = check_label(value)?;
            issue.labels.retain(|one| *one != label);
        }
        (_, "add" | "remove") if custom_fields::find(desk, field).as_ref().is_some_and(CustomField::is_list) => {
            let Some(custom) = custom_fields::find(desk, field) else { return Ok(()) };
            let one = custom.check_one(desk, value)?;
            let list = issue.other.entry(field.to_owned()).or_insert_with(|| Value::Array(Vec::new()));
            if let Some(list) = list.as_array_mut() {
                list.retain(|there| *there != one);
                if verb == "add" {
                    list.push(one);
                }
            }
        }
        _ => {
            return Err(format!("The operation '{verb}' is not supported for field '{field}'."));
        }
    }
    Ok(())
}

fn set(desk: &Desk, issue: &mut Issue, asked: &mut Asked, field: &str, value: &Value) -> Result<(), String> {
    match field {
        "project" => {
            let name = named(value, &["id", "key"]).unwrap_or_default();
            let same = desk.inner.directory.project(&name).is_some_and(|project| project.id == issue.project_id);
            if !same {
                return Err("Field 'project' cannot be changed here; an issue is moved instead.".to_owned());
            }
        }
        "issuetype" => {
            let name = named(value, &["id", "name"]).unwrap_or_default();
            issue.type_id = issue_type_named(&name).ok_or("The issue type selected is invalid.")?;
        }
        "summary" => issue.summary = check_summary(value)?,
        "description" => issue.description = check_document(value)?,
        "environment" => issue.environment = check_document(value)?,
        "labels" => issue.labels = check_labels(value)?,
        "priority" if value.is_null() => issue.priority_id = catalogue::DEFAULT_PRIORITY.id,
        "priority" => {
            let name = named(value, &["id", "name"]).unwrap_or_default();
            let known = catalogue::PRIORITIES.iter().find(|one| catalogue::means(&name, one.id, one.name));
            issue.priority_id = known.ok_or("The priority selected is invalid.")?.id;
        }
        "reporter" if !may_name_reporter(desk, issue.project_id) => {
            return Err("Field 'reporter' cannot be set. It is not on the appropriate screen, or unknown.".to_owned());
        }
        "reporter" => issue.reporter = check_person(desk, value)?,
        "assignee" => issue.assignee = check_person(desk, value)?,
        "duedate" => issue.due = check_day(value)?,
        "parent" if value.is_null() => asked.parent = Some(None),
        "parent" => {
            let parent = named(value, &["id", "key"]).ok_or("Could not find issue by id or key.")?;
            asked.parent = Some(Some(parent));
        }
        field if custom_fields::find(desk, field).is_some() => {
            let Some(custom) = custom_fields::find(desk, field) else { return Ok(()) };
            match custom.check(desk, value)? {
                Value::Null => drop(issue.other.remove(field)),
                checked => drop(issue.other.insert(field.to_owned(), checked)),
            }
        }
        _ => {
            return Err(format!("Field '{field}' cannot be set. It is not on the appropriate screen, or unknown."));
        }
    }
    Ok(())
}

/// Without the permission Jira takes the field for one that is not there.
fn may_name_reporter(desk: &Desk, project_id: i64) -> bool {
    let project = desk.inner.directory.project_by_id(project_id);
    project.is_none_or(|project| !desk.inner.directory.is_denied(&project.key, "MODIFY_REPORTER"))
}

fn check_summary(value: &Value) -> Result<String, String> {
    let summary = value.as_str().unwrap_or_default().trim();
    if summary.is_empty() {
        return Err("You must specify a summary of the issue.".to_owned());
    }
    if summary.chars().count() > SUMMARY_LENGTH_MAX {
        return Err("Summary must be less than 255 characters.".to_owned());
    }
    if summary.contains(['\r', '\n']) {
        return Err("The summary is invalid because it contains newline characters.".to_owned());
    }
    Ok(summary.to_owned())
}

fn check_document(value: &Value) -> Result<Option<Value>, String> {
    if value.is_null() {
        return Ok(None);
    }
    adf::check(value)?;
    Ok(Some(value.clone()))
}

fn check_labels(value: &Value) -> Result<Vec<String>, String> {
    let mut labels = Vec::new();
    for one in value.as_array().ok_or("Labels must be an array of strings.")? {
        let label = check_label(one)?;
        if !labels.contains(&label) {
            labels.push(label);
        }
    }
    Ok(labels)
}

fn check_label(value: &Value) -> Result<String, String> {
    let label = value.as_str().unwrap_or_default();
    if label.is_empty() {
        return Err("Labels must be strings that are not empty.".to_owned());
    }
    if label.contains(char::is_whitespace) {
        return Err(format!("The label '{label}' contains spaces which is invalid."));
    }
    if label.chars().count() > LABEL_LENGTH_MAX {
        return Err(format!("The label '{label}' exceeds the maximum length for a single label of 255 characters."));
    }
    Ok(label.to_owned())
}

/// Users are named by account id alone on Jira Cloud.
fn check_person(desk: &Desk, value: &Value) -> Result<Option<String>, String> {
    let account_id = match value {
        Value::Null => return Ok(None),
        Value::Object(fields) => fields.get("accountId").or_else(|| fields.get("id")),
        _ => None,
    };
    match account_id {
        Some(Value::Null) => Ok(None),
        Some(Value::String(id)) => {
            desk.inner.directory.person(id).ok_or_else(|| format!("Account ID '{id}' does not exist."))?;
            Ok(Some(id.clone()))
        }
        _ => Err("expected an object with an 'accountId' property".to_owned()),
    }
}

fn check_day(value: &Value) -> Result<Option<String>, String> {
    match value {
        Value::Null => Ok(None),
        Value::String(day) if clock::parse_day(day).is_some() => Ok(Some(day.clone())),
        _ => Err("Error parsing date string. The date must be of the format \"yyyy-MM-dd\".".to_owned()),
    }
}
