//! From a response to the answer it gives, reading leniently: unknown keys pass, ids may be text or numbers.

use super::{
    Kind, MARKER_PROPERTY, audience, field_in, history, hooks, listing, meta, people, refusal, service, workflow,
};
use crate::answer::{Answer, Comment, Created, IssueView, StoredFile};
use crate::http::Response;
use crate::operation::Operation;
use crate::webhook;
use policy::{Fault, FaultCode, StepKey};
use serde_json::Value;

/// What the response to the operation's request means; see [`crate::Dialect::answer`].
pub fn answer(kind: Kind, operation: &Operation, response: &Response) -> Result<Answer, Fault> {
    let json = match refusal::check(operation, response) {
        Ok(json) => json,
        Err(fault) if fault.code == FaultCode::TrackerGone && kind == Kind::DataCenter => {
            return absent(operation).ok_or(fault);
        }
        Err(fault) => return Err(fault),
    };
    read(kind, operation, &json)
        .map_err(|lack| refusal::unclear(operation, &format!("HTTP {} without a usable {}", response.status, lack.0)))
}

/// What it means that there is no such thing, where things are asked for one by one.
fn absent(operation: &Operation) -> Option<Answer> {
    let items = match operation {
        Operation::FetchKeys { .. } | Operation::ReadIssueMarker { .. } => Vec::new(),
        Operation::ReadCommentMarkers { comment_ids } => {
            let unmarked = |id: &String| Created { id: id.clone(), key: String::new(), marker: None };
            comment_ids.iter().take(1).map(unmarked).collect()
        }
        _ => return None,
    };
    Some(Answer::Found { items, next_page: None })
}

/// The key that an answer lacks, or whose value cannot be right.
pub(super) struct Lack(pub(super) &'static str);

fn read(kind: Kind, operation: &Operation, json: &Value) -> Result<Answer, Lack> {
    Ok(match operation {
        Operation::Myself => Answer::Myself(people::person(kind, json).ok_or(Lack("accountId"))?),
        Operation::CreateIssue { marker, .. } => Answer::Made(Created {
            id: id(&json["id"]).ok_or(Lack("id"))?,
            key: id(&json["key"]).ok_or(Lack("key"))?,
            marker: Some(marker.clone()),
        }),
        Operation::AddComment { marker, .. } => Answer::Made(Created {
            id: id(&json["id"]).ok_or(Lack("id"))?,
            key: String::new(),
            marker: Some(marker.clone()),
        }),
        Operation::Attach { .. } => {
            Answer::Attached(json.get(0).and_then(|one| file(kind, one)).ok_or(Lack("attachment"))?)
        }
        Operation::ReadIssue { .. } => Answer::Issue(Box::new(issue(kind, json)?)),
        Operation::ReadComments { .. } => Answer::Comments {
            comments: each(&json["comments"], |one| comment(kind, one)).ok_or(Lack("comments"))?,
            total: number(&json["total"]).ok_or(Lack("total"))?,
        },
        Operation::ReadCommentMarkers { comment_ids } => comment_markers(kind, comment_ids, json)?,
        Operation::FindCreated { .. } => Answer::Found { items: found(json)?, next_page: next_page(kind, json)? },
        Operation::HighestKey { .. } => Answer::HighestKey(highest_key(kind, json)?),
        Operation::FetchKeys { .. } if kind == Kind::DataCenter => one_marker(json)?,
        Operation::FetchKeys { .. } => Answer::Found { items: found(json)?, next_page: None },
        Operation::ReadIssueMarker { .. } => one_marker(json)?,
        Operation::FindIssues { search, .. } => Answer::Issues(issues(kind, json, &search.field)?),
        Operation::TrySearch { .. } | Operation::Match { .. } => Answer::Found { items: found(json)?, next_page: None },
        Operation::ListIssues { .. } => listing::answer(kind, json)?,
        other => read_more(kind, other, json)?,
    })
}

/// Answers about fields, people, workflow and service management.
fn read_more(kind: Kind, operation: &Operation, json: &Value) -> Result<Answer, Lack> {
    match operation {
        Operation::ReadTransitions { .. } => workflow::transitions(json),
        Operation::ReadLinkTypes => workflow::link_types(json),
        Operation::ReadLinks { .. } => workflow::links(json),
        Operation::FindAccounts { .. } | Operation::FindPermitted { .. } => people::people(kind, json),
        Operation::ReadAccount { .. } | Operation::CreateCustomer { .. } => {
            Ok(Answer::Account(people::person(kind, json).ok_or(Lack("accountId"))?))
        }
        Operation::ReadGroups { .. } => people::group_names(kind, json),
        Operation::ReadPermissions { .. } => people::permissions(json),
        Operation::ReadIssueTypes { start_at, .. } => meta::page_of_issue_types(json, *start_at),
        Operation::ReadCreateFields { start_at, .. } => meta::page_of_fields(json, *start_at),
        Operation::ReadEditFields { .. } => {
            Ok(Answer::Fields { fields: meta::fields_by_id(&json["fields"])?, all: true })
        }
        Operation::ReadAllFields => meta::all_fields(json),
        Operation::CreateField { .. } => meta::one_field(json),
        Operation::ReadFieldTexts { fields, .. } => {
            let there = json["fields"].as_object().ok_or(Lack("fields"))?;
            let text = |field: &String| (field.clone(), field_in::text(kind, there.get(field).unwrap_or(&Value::Null)));
            Ok(Answer::FieldTexts(fields.iter().map(text).collect()))
        }
        Operation::ReadServiceDesks { .. } => service::page(json, "projectName", "projectKey"),
        Operation::ReadRequestTypes { .. } => service::page(json, "name", "issueTypeId"),
        Operation::ReadOrganisations { .. } => service::page(json, "name", "-"),
        Operation::AttachTemporary { .. } => service::temporary(json),
        Operation::ReadWebhooks => hooks::registered(json),
        Operation::ReadStatuses { .. } => workflow::statuses(json),
        Operation::ServerInfo => Ok(Answer::Server {
            deployment: json["deploymentType"].as_str().ok_or(Lack("deploymentType"))?.to_owned(),
            version: text(&json["version"]),
        }),
        Operation::ReadUploadMax => Ok(Answer::UploadMax(match json["enabled"].as_bool() {
            Some(false) => 0,
            _ => number(&json["uploadLimit"]).ok_or(Lack("uploadLimit"))?,
        })),
        other => {
            let told = audience::answer(kind, other, json).or_else(|| history::answer(kind, other, json));
            let told = told.or_else(|| hooks::answer(other, json));
            // What is left are writes whose answer says no more than that they were done, and files, which are handed on.
            told.unwrap_or(Ok(Answer::Done))
        }
    }
}

/// Every item of an array, or nothing when it is no array or one item cannot be read: a list with holes would look
/// complete.
pub(super) fn each<T>(array: &Value, read: impl Fn(&Value) -> Option<T>) -> Option<Vec<T>> {
    array.as_array()?.iter().map(read).collect()
}

/// An id or key, which Jira writes as text and sometimes as a number; never empty.
pub(super) fn id(value: &Value) -> Option<String> {
    match value {
        Value::String(text) if !text.is_empty() => Some(text.clone()),
        Value::Number(number) => Some(number.to_string()),
        _ => None,
    }
}

pub(super) fn number(value: &Value) -> Option<u64> {
    value.as_u64().or_else(|| value.as_str()?.parse().ok())
}

pub(super) fn text(value: &Value) -> String {
    value.as_str().unwrap_or_default().to_owned()
}

/// The author of a deleted account may be missing, so an empty id is let through.
fn author_id(kind: Kind, json: &Value) -> String {
    people::account_id(kind, &json["author"]).unwrap_or_default()
}

/// RFC 3339 in UTC.
fn moment(json: &Value) -> Option<String> {
    webhook::moment(json.as_str()?).map(|moment| moment.to_string())
}

fn file(kind: Kind, json: &Value) -> Option<StoredFile> {
    Some(StoredFile {
        id: id(&json["id"])?,
        name: text(&json["filename"]),
        size_bytes: number(&json["size"]).unwrap_or_default(),
        author_id: author_id(kind, json),
        content_type: text(&json["mimeType"]),
        has_thumbnail: !json["thumbnail"].is_null(),
        added_ms: json["created"].as_str().and_then(webhook::moment_ms),
    })
}

fn comment(kind: Kind, json: &Value) -> Option<Comment> {
    let text = kind.plain(&json["body"]);
    Some(Comment { id: id(&json["id"])?, author_id: author_id(kind, json), created_at: moment(&json["created"]), text })
}

pub(super) fn issue(kind: Kind, json: &Value) -> Result<IssueView, Lack> {
    let fields = &json["fields"];
    let files = &fields["attachment"];
    Ok(IssueView {
        id: id(&json["id"]).ok_or(Lack("id"))?,
        key: id(&json["key"]).ok_or(Lack("key"))?,
        project: id(&fields["project"]["key"]).ok_or(Lack("project"))?,
        summary: text(&fields["summary"]),
        status: text(&fields["status"]["name"]),
        status_id: id(&fields["status"]["id"]).unwrap_or_default(),
        status_category: id(&fields["status"]["statusCategory"]["key"]).ok_or(Lack("status"))?,
        issue_type: text(&fields["issuetype"]["name"]),
        resolved_at: moment(&fields["resolutiondate"]),
        created_at: moment(&fields["created"]),
        labels: each(&fields["labels"], |label| label.as_str().map(str::to_owned)).unwrap_or_default(),
        description: kind.plain(&fields["description"]),
        reporter: people::person(kind, &fields["reporter"]),
        assignee: people::person(kind, &fields["assignee"]),
        priority: text(&fields["priority"]["name"]),
        components: each(&fields["components"], |one| id(&one["name"])).unwrap_or_default(),
        security: audience::security(fields),
        // The field is absent where attachments are switched off.
        files: if files.is_null() {
            Vec::new()
        } else {
            each(files, |one| file(kind, one)).ok_or(Lack("attachment"))?
        },
        texts: Vec::new(),
    })
}

fn issues(kind: Kind, json: &Value, field: &str) -> Result<Vec<IssueView>, Lack> {
    let list = json["issues"].as_array().ok_or(Lack("issues"))?;
    let with_text = |one: &Value| {
        let words = field_in::text(kind, &one["fields"][field]);
        Ok(IssueView { texts: vec![(field.to_owned(), words)], ..issue(kind, one)? })
    };
    list.iter().map(with_text).collect()
}

/// The key of the step that a marker property's value names.
fn step(value: &Value) -> Option<StepKey> {
    value["step"].as_str().map(|key| StepKey(key.to_owned()))
}

/// Issues carry their properties as an object.
fn found(json: &Value) -> Result<Vec<Created>, Lack> {
    let made = |issue: &Value| {
        let marker = step(&issue["properties"][MARKER_PROPERTY]);
        Some(Created { id: id(&issue["id"])?, key: id(&issue["key"])?, marker })
    };
    each(&json["issues"], made).ok_or(Lack("issues"))
}

/// One issue with its marker.
fn one_marker(json: &Value) -> Result<Answer, Lack> {
    let marker = step(&json["properties"][MARKER_PROPERTY]);
    let made = Created { id: id(&json["id"]).ok_or(Lack("id"))?, key: id(&json["key"]).ok_or(Lack("key"))?, marker };
    Ok(Answer::Found { items: vec![made], next_page: None })
}

/// Comments carry their properties as an array. There is no way to ask for a second page of this list, so one that
/// is not the last is an answer we cannot use.
fn comment_markers(kind: Kind, comment_ids: &[String], json: &Value) -> Result<Answer, Lack> {
    if kind == Kind::DataCenter {
        // The property itself was asked for, of the first and only one.
        let id = comment_ids.first().cloned().ok_or(Lack("comment"))?;
        let items = vec![Created { id, key: String::new(), marker: step(&json["value"]) }];
        return Ok(Answer::Found { items, next_page: None });
    }
    if json["isLast"] == Value::Bool(false) {
        return Err(Lack("last page"));
    }
    let made = |comment: &Value| {
        let properties = comment["properties"].as_array().into_iter().flatten();
        let marker = properties.filter(|property| property["key"] == MARKER_PROPERTY).find_map(|p| step(&p["value"]));
        Some(Created { id: id(&comment["id"])?, key: String::new(), marker })
    };
    Ok(Answer::Found { items: each(&json["values"], made).ok_or(Lack("values"))?, next_page: None })
}

/// Pages can be short or even empty, so only `isLast` and the token tell the end. Data Center counts instead.
pub(super) fn next_page(kind: Kind, json: &Value) -> Result<Option<String>, Lack> {
    if kind == Kind::DataCenter {
        let total = number(&json["total"]).ok_or(Lack("total"))?;
        let shown = json["issues"].as_array().ok_or(Lack("issues"))?.len() as u64;
        let next = number(&json["startAt"]).ok_or(Lack("startAt"))?.saturating_add(shown);
        return match (next < total, shown) {
            (false, _) => Ok(None),
            // The next page would be the same one again.
            (true, 0) => Err(Lack("issues")),
            (true, _) => Ok(Some(next.to_string())),
        };
    }
    let token = json["nextPageToken"].as_str().filter(|token| !token.is_empty()).map(str::to_owned);
    match json["isLast"].as_bool() {
        Some(true) => Ok(None),
        Some(false) => token.map(Some).ok_or(Lack("nextPageToken")),
        None => Ok(token),
    }
}

/// An empty page that is not the last one would make a project look empty, and keys be counted from the start.
fn highest_key(kind: Kind, json: &Value) -> Result<Option<String>, Lack> {
    let newest = found(json)?.into_iter().next().map(|issue| issue.key);
    match newest {
        None if next_page(kind, json)?.is_some() => Err(Lack("issues")),
        key => Ok(key),
    }
}
