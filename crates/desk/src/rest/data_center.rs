//! The Data Center mode: REST API v2 in front of the same handlers, with user names, wiki markup, counted pages and bearer tokens.

use super::reading::{Body, Params};
use super::sign_in::Caller;
use crate::custom_fields::{self, Kind};
use crate::jql::{self, Scope};
use crate::refusal::{Refusal, bad_request};
use crate::view::issue::Wanted;
use crate::{Desk, adf};
use axum::body::{Bytes, to_bytes};
use axum::extract::{Request, State};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use axum::{Extension, Json};
use serde_json::{Map, Value, json};

/// Longer bodies pass untranslated; the handlers refuse them.
const BODY_SIZE_MAX: usize = 8 << 20;
/// How deep JSON is translated.
const DEPTH_MAX: usize = 32;
/// The longest page of a search.
const PAGE_LENGTH_MAX: i64 = 1000;

/// Translates a request of v2 for the handlers of v3, and their answer back.
pub(crate) async fn translate(State(desk): State<Desk>, request: Request, next: Next) -> Response {
    let (mut parts, body) = request.into_parts();
    let path = parts.uri.path().to_owned();
    let query = parts.uri.query().map(|query| query_of_v3(&desk, query)).unwrap_or_default();
    if let Ok(uri) = format!("{path}?{query}").parse() {
        parts.uri = uri;
    }
    let is_json =
        parts.headers.get("content-type").is_some_and(|kind| kind.as_bytes().starts_with(b"application/json"));
    let body = match is_json {
        true => {
            axum::body::Body::from(json_of_v3(&desk, &path, to_bytes(body, BODY_SIZE_MAX).await.unwrap_or_default()))
        }
        false => body,
    };
    parts.headers.remove("content-length");
    let expand_groups = query.contains("expand=groups");
    answer_of_v2(&desk, &path, expand_groups, next.run(Request::from_parts(parts, body)).await).await
}

/// A person by user name: the part of the address before the sign, or the whole of it.
pub(crate) fn account_named(desk: &Desk, name: &str) -> Option<String> {
    let found = desk.inner.directory.find_persons("");
    found
        .iter()
        .find(|person| user_name(&person.address) == name || person.address == name)
        .map(|it| it.account_id.clone())
}

fn user_name(address: &str) -> &str {
    address.split('@').next().unwrap_or(address)
}

fn query_of_v3(desk: &Desk, query: &str) -> String {
    let mut out = url::form_urlencoded::Serializer::new(String::new());
    for (name, value) in url::form_urlencoded::parse(query.as_bytes()) {
        match (&*name, account_named(desk, &value)) {
            ("username", Some(id)) => out.append_pair("accountId", &id),
            // A search by words, or somebody who is not there.
            ("username", None) => out.append_pair("query", &value),
            _ => out.append_pair(&name, &value),
        };
    }
    out.finish()
}

fn json_of_v3(desk: &Desk, path: &str, bytes: Bytes) -> Vec<u8> {
    let Ok(mut json) = serde_json::from_slice::<Value>(&bytes) else { return bytes.to_vec() };
    if path.ends_with("/watchers")
        && let Some(name) = json.as_str()
    {
        json = json!(account_named(desk, name).unwrap_or_default());
    }
    if let Some(names) = json.get("usernames").and_then(Value::as_array) {
        let ids = names.iter().map(|name| account_named(desk, name.as_str().unwrap_or_default()).unwrap_or_default());
        json = json!({ "accountIds": ids.collect::<Vec<_>>() });
    }
    if path.contains("/comment")
        && let Some(words) = json.get("body").and_then(Value::as_str)
    {
        json["body"] = document(words);
    }
    for half in ["fields", "update"] {
        if let Some(fields) = json.get_mut(half).and_then(Value::as_object_mut) {
            fields.iter_mut().for_each(|(id, value)| field_of_v3(desk, id, value));
        }
    }
    json.to_string().into_bytes()
}

/// Words become a document and user names account ids, also within the verbs of an update.
fn field_of_v3(desk: &Desk, id: &str, value: &mut Value) {
    let kind = custom_fields::find(desk, id).map(|field| field.kind);
    let is_text = matches!(id, "description" | "environment") || kind == Some(Kind::Text);
    let is_person = matches!(id, "reporter" | "assignee") || matches!(kind, Some(Kind::Person | Kind::Persons));
    match value {
        Value::String(words) if is_text => *value = document(words),
        Value::Array(items) => items.iter_mut().for_each(|item| field_of_v3(desk, id, item)),
        Value::Object(object) if is_person => match object.get("name").and_then(Value::as_str) {
            Some(name) => *value = json!({ "accountId": account_named(desk, name).unwrap_or_else(|| name.to_owned()) }),
            None => object.values_mut().for_each(|inner| field_of_v3(desk, id, inner)),
        },
        Value::Object(object) if is_text => object.values_mut().for_each(|inner| field_of_v3(desk, id, inner)),
        _ => {}
    }
}

/// The markup is kept as it is: each line a line, each empty line a new paragraph.
fn document(words: &str) -> Value {
    let line = |line: &str| json!({ "type": "text", "text": line });
    let paragraphs = words.split("\n\n").map(|block| {
        let mut content = Vec::new();
        for one in block.split('\n') {
            if !content.is_empty() {
                content.push(json!({ "type": "hardBreak" }));
            }
            if !one.is_empty() {
                content.push(line(one));
            }
        }
        json!({ "type": "paragraph", "content": content })
    });
    json!({ "type": "doc", "version": 1, "content": paragraphs.collect::<Vec<_>>() })
}

async fn answer_of_v2(desk: &Desk, path: &str, expand_groups: bool, response: Response) -> Response {
    let (mut parts, body) = response.into_parts();
    let is_json =
        parts.headers.get("content-type").is_some_and(|kind| kind.as_bytes().starts_with(b"application/json"));
    if !is_json {
        return Response::from_parts(parts, body);
    }
    let Ok(bytes) = to_bytes(body, BODY_SIZE_MAX).await else {
        return axum::http::StatusCode::INTERNAL_SERVER_ERROR.into_response();
    };
    let Ok(mut json) = serde_json::from_slice::<Value>(&bytes) else {
        return Response::from_parts(parts, bytes.into());
    };
    if expand_groups && let Some(id) = json["accountId"].as_str() {
        let groups: Vec<Value> =
            desk.inner.directory.groups_of(id).into_iter().map(|name| json!({ "name": name })).collect();
        json["groups"] = json!({ "size": groups.len(), "items": groups });
    }
    if path.ends_with("/user")
        && let Some(person) = json["accountId"].as_str().and_then(|id| desk.inner.directory.person(id))
    {
        json["applicationRoles"] = json!({ "size": usize::from(!person.is_customer), "items": [] });
    }
    if path.contains("/createmeta/") {
        rename(&mut json, &["fields", "issueTypes"], "values");
    }
    if path.ends_with("/serverInfo") {
        (json["deploymentType"], json["version"]) = (json!("Server"), json!("9.12.4"));
    }
    of_v2(desk, &mut json, 0);
    parts.headers.remove("content-length");
    Response::from_parts(parts, json.to_string().into())
}

fn rename(json: &mut Value, from: &[&str], to: &str) {
    let Some(object) = json.as_object_mut() else { return };
    let (start, length) = (object["startAt"].as_u64().unwrap_or(0), object["maxResults"].as_u64().unwrap_or(0));
    object.insert("isLast".to_owned(), json!(start + length >= object["total"].as_u64().unwrap_or(0)));
    if let Some(list) = from.iter().find_map(|name| object.remove(*name)) {
        object.insert(to.to_owned(), list);
    }
}

/// What a webhook says, as Data Center says it.
pub(crate) fn told_by_webhook(desk: &Desk, json: &mut Value) {
    of_v2(desk, json, 0);
}

/// Documents become markup, people have user names and no account ids, and links lead to v2.
fn of_v2(desk: &Desk, json: &mut Value, depth: usize) {
    if depth > DEPTH_MAX {
        return;
    }
    match json {
        Value::Object(object) if object.get("type").is_some_and(|it| it == "doc") => *json = json!(adf::to_wiki(json)),
        Value::Object(object) => {
            person_of_v2(desk, object);
            if object.get("fieldId").is_some_and(|id| id == "assignee" || id == "reporter") {
                change_of_v2(desk, object);
            }
            object.values_mut().for_each(|inner| of_v2(desk, inner, depth + 1));
        }
        Value::Array(items) => items.iter_mut().for_each(|item| of_v2(desk, item, depth + 1)),
        Value::String(text) => {
            let base = desk.base_url();
            if let Some(path) = text.strip_prefix(base).and_then(|rest| rest.strip_prefix("/rest/api/3/")) {
                *text = format!("{base}/rest/api/2/{path}");
            }
        }
        _ => {}
    }
}

/// Somebody by the user name. Data Center shows addresses in webhooks, too.
fn person_of_v2(desk: &Desk, object: &mut Map<String, Value>) {
    let Some(id) = object.remove("accountId") else { return };
    let person = desk.inner.directory.person(id.as_str().unwrap_or_default());
    let name = person.as_ref().map(|person| user_name(&person.address).to_owned()).unwrap_or_default();
    if object.contains_key("self") {
        object.insert("self".to_owned(), json!(format!("{}/rest/api/2/user?username={name}", desk.base_url())));
    }
    if let Some(person) = person.filter(|_| object.contains_key("displayName")) {
        object.insert("emailAddress".to_owned(), json!(person.address));
    }
    object.insert("key".to_owned(), json!(name));
    object.insert("name".to_owned(), json!(name));
    object.remove("accountType");
}

/// Histories name people by their keys.
fn change_of_v2(desk: &Desk, change: &mut Map<String, Value>) {
    for side in ["from", "to"] {
        let known = change.get(side).and_then(Value::as_str).and_then(|id| desk.inner.directory.person(id));
        if let Some(person) = known {
            change.insert(side.to_owned(), json!(user_name(&person.address)));
        }
    }
}

/// The old search, which counts: markers and other properties are not told.
pub(crate) async fn search(
    State(desk): State<Desk>,
    Extension(caller): Extension<Caller>,
    _: Params,
    body: Body,
) -> Result<Json<Value>, Refusal> {
    let jql = body.text("jql").unwrap_or_default();
    let query = jql::parse(jql).map_err(bad_request)?;
    let number = |name: &str, default: i64| body.0.get(name).and_then(Value::as_i64).unwrap_or(default).max(0);
    let (start_at, length) = (number("startAt", 0), number("maxResults", 50).min(PAGE_LENGTH_MAX));
    let scope = Scope { until_ms: super::search::seen_until_ms(&desk), ..Scope::everything() };
    let total = jql::count_in(&desk, &query, &caller.0, &scope).await?;
    let found = jql::search(&desk, &query, &caller.0, &scope, (start_at, length)).await?;
    let fields = body.strings("fields").unwrap_or_default();
    let wanted = Wanted::read(fields.iter().map(String::as_str), "*navigable");
    let extras = super::issue::Extras { properties: Vec::new(), expand: Vec::new(), until_ms: scope.until_ms };
    let mut connection = desk.inner.readers.acquire().await?;
    let mut issues = Vec::new();
    for issue in &found {
        issues.push(super::issue::show(&desk, &mut connection, issue, &wanted, &extras).await?);
    }
    let page: Map<String, Value> = [
        ("startAt".to_owned(), json!(start_at)),
        ("maxResults".to_owned(), json!(length)),
        ("total".to_owned(), json!(total)),
        ("issues".to_owned(), Value::Array(issues)),
    ]
    .into_iter()
    .collect();
    Ok(Json(Value::Object(page)))
}
