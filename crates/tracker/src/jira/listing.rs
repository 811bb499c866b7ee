//! Issues that a search of the administrator's finds, with what lists show of them.

use super::answer::{Lack, issue, next_page};
use super::request::search;
use super::{ISSUES_PER_PAGE, Kind, jql};
use crate::answer::{Answer, ListedIssue};
use crate::http::{Content, Request};
use crate::webhook::moment_ms;
use serde_json::{Value, json};

const FIELDS: [&str; 15] = [
    "project",
    "summary",
    "status",
    "issuetype",
    "resolutiondate",
    "created",
    "labels",
    "reporter",
    "assignee",
    "priority",
    "components",
    "security",
    "resolution",
    "updated",
    "duedate",
];

/// One page of what the search finds, at most [`ISSUES_PER_PAGE`].
pub(super) fn request(kind: Kind, theirs: &str, order: &str, most: u32) -> Request {
    let mut request = search(kind, &jql::ordered(theirs, order), most.min(ISSUES_PER_PAGE), None);
    if let Content::Json(Value::Object(body)) = &mut request.content {
        body.insert("fields".to_owned(), json!(FIELDS));
        body.remove("properties");
    }
    request
}

pub(super) fn answer(kind: Kind, json: &Value) -> Result<Answer, Lack> {
    let list = json["issues"].as_array().ok_or(Lack("issues"))?;
    let issues = list.iter().map(|one| listed(kind, one)).collect::<Result<Vec<_>, Lack>>()?;
    Ok(Answer::Listed { issues, more: next_page(kind, json)?.is_some() })
}

fn listed(kind: Kind, json: &Value) -> Result<ListedIssue, Lack> {
    let fields = &json["fields"];
    let word = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    Ok(ListedIssue {
        issue: issue(kind, json)?,
        resolution: word(&fields["resolution"]["name"]),
        created_ms: fields["created"].as_str().and_then(moment_ms),
        updated_ms: fields["updated"].as_str().and_then(moment_ms),
        due: word(&fields["duedate"]),
    })
}
