//! From an operation to the request that carries it out.

use super::path::{segment, value};
use super::{
    COMMENTS_PER_PAGE, INTERNAL_PROPERTY, ISSUES_PER_PAGE, ITEMS_PER_PAGE, Kind, MARKER_PROPERTY, SUMMARY_CHARS_MAX,
    audience, field_out, files, history, hooks, jql, listing, meta, people, service, workflow,
};
use crate::adf;
use crate::http::{Content, Method, Request};
use crate::operation::Operation;
use policy::{Body, FieldSetting, IssueSearch, StepKey, Visibility};
use serde_json::{Map, Value, json};

/// What an issue is called whose mail had no subject; Jira refuses an empty summary.
const NO_SUBJECT: &str = "(no subject)";

/// What decisions look at in an issue.
const ISSUE_FIELDS: &str = "project,summary,status,issuetype,resolutiondate,created,labels,description,reporter,assignee,attachment,\
     priority,components,security";

/// How many found issues are looked at until one holds the very words.
const FOUND_ISSUES_MAX: u32 = 20;

/// The request for an operation.
pub fn request(kind: Kind, operation: &Operation) -> Request {
    let api = kind.api();
    match operation {
        Operation::Myself => get(format!("{api}/myself")),
        Operation::ServerInfo => get(format!("{api}/serverInfo")),
        Operation::ReadUploadMax => get(format!("{api}/attachment/meta")),
        Operation::ReadIssue { issue } => get(format!("{api}/issue/{}?fields={ISSUE_FIELDS}", segment(issue))),
        Operation::ReadComments { issue_id, start_at } => get(format!(
            "{api}/issue/{}/comment?startAt={start_at}&maxResults={COMMENTS_PER_PAGE}&orderBy=created",
            segment(issue_id)
        )),
        Operation::ReadCommentMarkers { comment_ids } => comment_markers(kind, comment_ids),
        Operation::FindCreated { project, account_id, since_minutes, page_token } => {
            let jql = jql::created_since(project, account_id, *since_minutes);
            search(kind, &jql, ISSUES_PER_PAGE, page_token.as_deref())
        }
        Operation::HighestKey { project } => search(kind, &jql::newest_key(project), 1, None),
        Operation::FetchKeys { keys } => fetch_keys(kind, keys),
        Operation::ReadIssueMarker { issue_id } => one_marker(kind, issue_id),
        Operation::ReadTransitions { issue_id } => workflow::read_transitions(kind, issue_id),
        Operation::ReadLinkTypes => get(format!("{api}/issueLinkType")),
        Operation::ReadLinks { issue_id } => get(format!("{api}/issue/{}?fields=issuelinks", segment(issue_id))),
        Operation::FindAccounts { query } => people::find(kind, query),
        Operation::ReadAccount { account } => people::read(kind, account),
        Operation::ReadGroups { account } => people::groups(kind, account),
        Operation::FindPermitted { account, project, act } => people::permitted(kind, account, project, *act),
        Operation::ReadPermissions { project } => people::own_permissions(kind, project),
        Operation::ReadIssueTypes { project, start_at } => get(format!(
            "{api}/issue/createmeta/{}/issuetypes?startAt={start_at}&maxResults={ITEMS_PER_PAGE}",
            segment(project)
        )),
        Operation::ReadCreateFields { project, issue_type_id, start_at } => get(format!(
            "{api}/issue/createmeta/{}/issuetypes/{}?startAt={start_at}&maxResults={ITEMS_PER_PAGE}",
            segment(project),
            segment(issue_type_id)
        )),
        Operation::ReadEditFields { issue_id } => get(format!("{api}/issue/{}/editmeta", segment(issue_id))),
        Operation::ReadAllFields => get(format!("{api}/field")),
        Operation::ReadFieldTexts { issue_id, fields } => {
            let fields = fields.iter().map(|field| value(field)).collect::<Vec<_>>().join(",");
            get(format!("{api}/issue/{}?fields={fields}", segment(issue_id)))
        }
        Operation::FindIssues { search, as_words, resolved } => find_issues(kind, search, *as_words, *resolved),
        Operation::Match { issue_id, search: theirs } => search(kind, &jql::of_issue(issue_id, theirs), 1, None),
        Operation::ReadServiceDesks { start_at } => service::desks(*start_at),
        Operation::ReadRequestTypes { desk_id, start_at } => service::request_types(desk_id, *start_at),
        Operation::ReadOrganisations { desk_id, start_at } => service::organisations(desk_id, *start_at),
        Operation::ReadStatuses { project } => get(format!("{api}/project/{}/statuses", segment(project))),
        Operation::ListIssues { search, order, most } => listing::request(kind, search, order, *most),
        Operation::TrySearch { project, search: theirs } => search(kind, &jql::of_project(project, theirs), 1, None),
        Operation::ReadWebhooks => hooks::read(),
        other => {
            let reading = audience::request(kind, other).or_else(|| history::request(kind, other));
            let reading = reading.or_else(|| hooks::request(kind, other));
            let reading = reading.or_else(|| files::request(kind, other));
            reading.unwrap_or_else(|| write_request(kind, other))
        }
    }
}

/// The request for an operation that changes something.
fn write_request(kind: Kind, operation: &Operation) -> Request {
    let api = kind.api();
    match operation {
        Operation::CreateIssue { project, issue_type, summary, body, fields, set, marker } => {
            let mut all = fields.clone();
            all.extend(field_out::of_new_issue(kind, set));
            let fields = issue_fields(kind, all, project, issue_type, summary, body);
            let issue = json!({"fields": fields, "properties": [marker_property(marker)]});
            post(format!("{api}/issue"), issue)
        }
        Operation::AddComment { issue_id, body, visibility, marker } => {
            let mut comment = json!({"body": kind.body(body), "properties": [marker_property(marker)]});
            limit_to(&mut comment, visibility.as_ref());
            post(format!("{api}/issue/{}/comment", segment(issue_id)), comment)
        }
        Operation::Attach { issue_id, name, content_type } => attach(kind, issue_id, name, content_type),
        Operation::AttachTemporary { desk_id, name, content_type } => {
            service::attach_temporary(desk_id, name, content_type)
        }
        Operation::ShareTemporary { issue_id, temporary_id } => service::share_temporary(issue_id, temporary_id),
        Operation::EditIssue { issue_id, set } => edit(kind, issue_id, set),
        Operation::MakeTransition { issue_id, transition_id, set } => {
            workflow::make_transition(kind, issue_id, transition_id, set)
        }
        Operation::AddLink { type_id, from_id, to_id } => workflow::add_link(kind, type_id, from_id, to_id),
        Operation::AddWatcher { issue_id, account } => workflow::add_watcher(kind, issue_id, account),
        Operation::AddParticipants { issue_id, accounts } => service::add_participants(kind, issue_id, accounts),
        Operation::CreateCustomer { address, name } => service::create_customer(kind, address, name),
        Operation::AddToDesk { desk_id, account } => service::add_to_desk(kind, desk_id, account),
        Operation::AddToOrganisation { organisation_id, account } => {
            service::add_to_organisation(kind, organisation_id, account)
        }
        Operation::CreateField { name, description, holds } => meta::create_field(kind, name, description, *holds),
        Operation::ShowField { field_id } => meta::show_field(kind, field_id),
        Operation::RegisterWebhook { name, url, secret } => hooks::register(name, url, secret),
        // Every other operation reads and is answered above; to ask who we are does no harm.
        _ => get(format!("{api}/myself")),
    }
}

/// Internal comments of service management are marked by a property, so that they need no interface of their own and keep our
/// marker in the same request.
fn limit_to(comment: &mut Value, visibility: Option<&Visibility>) {
    match visibility {
        None => {}
        Some(Visibility::Internal) => {
            if let Some(properties) = comment["properties"].as_array_mut() {
                properties.push(json!({"key": INTERNAL_PROPERTY, "value": {"internal": true}}));
            }
        }
        Some(Visibility::Role(name)) => comment["visibility"] = json!({"type": "role", "value": name}),
        Some(Visibility::Group(name)) => comment["visibility"] = json!({"type": "group", "value": name}),
    }
}

fn edit(kind: Kind, issue_id: &str, set: &[FieldSetting]) -> Request {
    let halves = field_out::of_edit(kind, set);
    let mut body = Map::new();
    for (name, half) in [("fields", halves.fields), ("update", halves.update)] {
        if !half.is_empty() {
            body.insert(name.to_owned(), Value::Object(half));
        }
    }
    let path = format!("{}/issue/{}", kind.api(), segment(issue_id));
    Request { method: Method::Put, path, headers: Vec::new(), content: Content::Json(Value::Object(body)) }
}

fn comment_markers(kind: Kind, comment_ids: &[String]) -> Request {
    let api = kind.api();
    match (kind, comment_ids) {
        (Kind::DataCenter, [id, ..]) => get(format!("{api}/comment/{}/properties/{MARKER_PROPERTY}", segment(id))),
        (Kind::DataCenter, []) => get(format!("{api}/comment/-/properties/{MARKER_PROPERTY}")),
        (Kind::Cloud, ids) => {
            let ids: Vec<Value> = ids.iter().map(|id| comment_id(id)).collect();
            post(format!("{api}/comment/list?expand=properties"), json!({ "ids": ids }))
        }
    }
}

/// Data Center has no call for several issues that reads past its index.
fn fetch_keys(kind: Kind, keys: &[String]) -> Request {
    match (kind, keys) {
        (Kind::DataCenter, keys) => one_marker(kind, keys.first().map_or("", String::as_str)),
        (Kind::Cloud, keys) => post(
            format!("{}/issue/bulkfetch", kind.api()),
            json!({"issueIdsOrKeys": keys, "fields": ["key"], "properties": [MARKER_PROPERTY]}),
        ),
    }
}

fn one_marker(kind: Kind, issue: &str) -> Request {
    get(format!("{}/issue/{}?fields=project&properties={MARKER_PROPERTY}", kind.api(), segment(issue)))
}

fn find_issues(kind: Kind, wanted: &IssueSearch, as_words: bool, resolved: bool) -> Request {
    let mut request = search(kind, &jql::found_by(wanted, as_words, resolved), FOUND_ISSUES_MAX, None);
    if let Content::Json(body) = &mut request.content {
        let fields = ISSUE_FIELDS.split(',').filter(|field| !matches!(*field, "description" | "attachment"));
        body["fields"] = fields.chain([wanted.field.as_str()]).collect();
    }
    request
}

pub(super) fn get(path: String) -> Request {
    Request { method: Method::Get, path, headers: Vec::new(), content: Content::Nothing }
}

pub(super) fn post(path: String, body: Value) -> Request {
    Request { method: Method::Post, path, headers: Vec::new(), content: Content::Json(body) }
}

/// Without the header Jira takes the upload for a forged form and answers 403.
fn attach(kind: Kind, issue_id: &str, name: &str, content_type: &str) -> Request {
    Request {
        method: Method::Post,
        path: format!("{}/issue/{}/attachments", kind.api(), segment(issue_id)),
        headers: vec![("X-Atlassian-Token", "no-check".to_owned())],
        content: Content::File { name: name.to_owned(), content_type: content_type.to_owned() },
    }
}

/// One page of a search. Cloud tells the markers in the answer and pages by tokens, Data Center by counting; without `fields`
/// Cloud would send bare ids.
pub(super) fn search(kind: Kind, jql: &str, issues_max: u32, page_token: Option<&str>) -> Request {
    let mut body = json!({"jql": jql, "maxResults": issues_max, "fields": ["key"]});
    match kind {
        Kind::Cloud => {
            body["properties"] = json!([MARKER_PROPERTY]);
            if let Some(token) = page_token {
                body["nextPageToken"] = json!(token);
            }
            post("/rest/api/3/search/jql".to_owned(), body)
        }
        Kind::DataCenter => {
            let start_at = page_token.and_then(|token| token.parse::<u64>().ok()).unwrap_or_default();
            body["startAt"] = json!(start_at);
            post("/rest/api/2/search".to_owned(), body)
        }
    }
}

fn marker_property(marker: &StepKey) -> Value {
    json!({"key": MARKER_PROPERTY, "value": {"step": marker}})
}

/// Jira wants numbers. What is no number goes as it is: to be refused is right, to be left out would look like a
/// comment without a marker.
fn comment_id(id: &str) -> Value {
    id.parse::<i64>().map_or_else(|_| json!(id), |number| json!(number))
}

fn issue_fields(
    kind: Kind,
    mut fields: Map<String, Value>,
    project: &str,
    issue_type: &str,
    summary: &str,
    body: &Body,
) -> Value {
    fields.insert("project".to_owned(), json!({"key": project}));
    fields.insert("issuetype".to_owned(), json!({"name": issue_type}));
    fields.insert("summary".to_owned(), json!(one_line(summary)));
    fields.insert("description".to_owned(), kind.body(body));
    Value::Object(fields)
}

/// The text as Jira takes a summary: one line, neither empty nor too long.
fn one_line(text: &str) -> String {
    let printable: String = text.chars().map(|c| if c.is_control() { ' ' } else { c }).collect();
    let line = printable.split_whitespace().collect::<Vec<_>>().join(" ");
    if line.is_empty() { NO_SUBJECT.to_owned() } else { adf::shortened(&line, SUMMARY_CHARS_MAX) }
}
