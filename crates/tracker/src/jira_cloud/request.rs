//! From an operation to the request that carries it out.

use super::path::segment;
use super::{COMMENTS_PER_PAGE, ISSUES_PER_PAGE, MARKER_PROPERTY, SUMMARY_CHARS_MAX, jql};
use crate::adf;
use crate::http::{Content, Method, Request};
use crate::operation::Operation;
use policy::{Body, StepKey};
use serde_json::{Map, Value, json};

/// What an issue is called whose mail had no subject; Jira refuses an empty summary.
const NO_SUBJECT: &str = "(no subject)";

/// The request for an operation.
pub fn request(operation: &Operation) -> Request {
    match operation {
        Operation::Myself => get("/rest/api/3/myself".to_owned()),
        Operation::CreateIssue { project, issue_type, summary, body, fields, marker } => {
            let fields = issue_fields(fields, project, issue_type, summary, body);
            let issue = json!({"fields": fields, "properties": [marker_property(marker)]});
            post("/rest/api/3/issue".to_owned(), issue)
        }
        Operation::AddComment { issue_id, body, marker } => {
            let comment = json!({"body": adf::document(body).to_value(), "properties": [marker_property(marker)]});
            post(format!("/rest/api/3/issue/{}/comment", segment(issue_id)), comment)
        }
        Operation::Attach { issue_id, name, content_type } => attach(issue_id, name, content_type),
        Operation::ReadIssue { issue } => get(format!(
            "/rest/api/3/issue/{}?fields=project,summary,status,description,reporter,assignee,attachment",
            segment(issue)
        )),
        Operation::ReadComments { issue_id, start_at } => get(format!(
            "/rest/api/3/issue/{}/comment?startAt={start_at}&maxResults={COMMENTS_PER_PAGE}&orderBy=created",
            segment(issue_id)
        )),
        Operation::ReadCommentMarkers { comment_ids } => {
            let ids: Vec<Value> = comment_ids.iter().map(|id| comment_id(id)).collect();
            post("/rest/api/3/comment/list?expand=properties".to_owned(), json!({ "ids": ids }))
        }
        Operation::FindCreated { project, account_id, since_minutes, page_token } => {
            search(&jql::created_since(project, account_id, *since_minutes), ISSUES_PER_PAGE, page_token.as_deref())
        }
        Operation::HighestKey { project } => search(&jql::newest_key(project), 1, None),
        Operation::FetchKeys { keys } => post(
            "/rest/api/3/issue/bulkfetch".to_owned(),
            json!({"issueIdsOrKeys": keys, "fields": ["key"], "properties": [MARKER_PROPERTY]}),
        ),
    }
}

fn get(path: String) -> Request {
    Request { method: Method::Get, path, headers: Vec::new(), content: Content::Nothing }
}

fn post(path: String, body: Value) -> Request {
    Request { method: Method::Post, path, headers: Vec::new(), content: Content::Json(body) }
}

/// Without the header Jira takes the upload for a forged form and answers 403.
fn attach(issue_id: &str, name: &str, content_type: &str) -> Request {
    Request {
        method: Method::Post,
        path: format!("/rest/api/3/issue/{}/attachments", segment(issue_id)),
        headers: vec![("X-Atlassian-Token", "no-check".to_owned())],
        content: Content::File { name: name.to_owned(), content_type: content_type.to_owned() },
    }
}

/// One page of a search, with the markers in the answer; without `fields` Jira would send bare ids.
fn search(jql: &str, issues_max: u32, page_token: Option<&str>) -> Request {
    let mut body = json!({"jql": jql, "maxResults": issues_max, "fields": ["key"], "properties": [MARKER_PROPERTY]});
    if let Some(token) = page_token {
        body["nextPageToken"] = json!(token);
    }
    post("/rest/api/3/search/jql".to_owned(), body)
}

fn marker_property(marker: &StepKey) -> Value {
    json!({"key": MARKER_PROPERTY, "value": {"step": marker}})
}

/// Jira wants numbers. What is no number goes as it is: to be refused is right, to be left out would look like a
/// comment without a marker.
fn comment_id(id: &str) -> Value {
    id.parse::<i64>().map_or_else(|_| json!(id), |number| json!(number))
}

fn issue_fields(extra: &Map<String, Value>, project: &str, issue_type: &str, summary: &str, body: &Body) -> Value {
    let mut fields = extra.clone();
    fields.insert("project".to_owned(), json!({"key": project}));
    fields.insert("issuetype".to_owned(), json!({"name": issue_type}));
    fields.insert("summary".to_owned(), json!(one_line(summary)));
    fields.insert("description".to_owned(), adf::document(body).to_value());
    Value::Object(fields)
}

/// The text as Jira takes a summary: one line, neither empty nor too long.
fn one_line(text: &str) -> String {
    let printable: String = text.chars().map(|c| if c.is_control() { ' ' } else { c }).collect();
    let line = printable.split_whitespace().collect::<Vec<_>>().join(" ");
    if line.is_empty() { NO_SUBJECT.to_owned() } else { adf::shortened(&line, SUMMARY_CHARS_MAX) }
}
