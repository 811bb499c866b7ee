//! From a response to the answer it gives, reading leniently: unknown keys pass, ids may be text or numbers.

use super::{MARKER_PROPERTY, refusal};
use crate::adf;
use crate::http::Response;
use crate::operation::{Answer, Comment, Created, IssueView, Operation, Person, StoredFile};
use policy::{Fault, StepKey};
use serde_json::Value;

/// What the response to the operation's request means; see [`crate::Dialect::answer`].
pub fn answer(operation: &Operation, response: &Response) -> Result<Answer, Fault> {
    let json = refusal::check(operation, response)?;
    read(operation, &json)
        .map_err(|lack| refusal::unclear(operation, &format!("HTTP {} without a usable {}", response.status, lack.0)))
}

/// The key that an answer lacks, or whose value cannot be right.
struct Lack(&'static str);

fn read(operation: &Operation, json: &Value) -> Result<Answer, Lack> {
    Ok(match operation {
        Operation::Myself => Answer::Myself(person(json).ok_or(Lack("accountId"))?),
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
        Operation::Attach { .. } => Answer::Attached(json.get(0).and_then(file).ok_or(Lack("attachment"))?),
        Operation::ReadIssue { .. } => Answer::Issue(Box::new(issue(json)?)),
        Operation::ReadComments { .. } => Answer::Comments {
            comments: each(&json["comments"], comment).ok_or(Lack("comments"))?,
            total: number(&json["total"]).ok_or(Lack("total"))?,
        },
        Operation::ReadCommentMarkers { .. } => comment_markers(json)?,
        Operation::FindCreated { .. } => Answer::Found { items: found(json)?, next_page: next_page(json)? },
        Operation::HighestKey { .. } => Answer::HighestKey(highest_key(json)?),
        Operation::FetchKeys { .. } => Answer::Found { items: found(json)?, next_page: None },
    })
}

/// Every item of an array, or nothing when it is no array or one item cannot be read: a list with holes would look
/// complete.
fn each<T>(array: &Value, read: impl Fn(&Value) -> Option<T>) -> Option<Vec<T>> {
    array.as_array()?.iter().map(read).collect()
}

/// An id or key, which Jira writes as text and sometimes as a number; never empty.
fn id(value: &Value) -> Option<String> {
    match value {
        Value::String(text) if !text.is_empty() => Some(text.clone()),
        Value::Number(number) => Some(number.to_string()),
        _ => None,
    }
}

fn number(value: &Value) -> Option<u64> {
    value.as_u64().or_else(|| value.as_str()?.parse().ok())
}

fn text(value: &Value) -> String {
    value.as_str().unwrap_or_default().to_owned()
}

/// Addresses are often hidden: absent, null and empty all mean that we are not told.
fn person(json: &Value) -> Option<Person> {
    let address = json["emailAddress"].as_str().filter(|address| !address.is_empty());
    let account_id = id(&json["accountId"])?;
    Some(Person { account_id, name: text(&json["displayName"]), address: address.map(str::to_owned) })
}

/// The author of a deleted account may be missing, so an empty id is let through.
fn author_id(json: &Value) -> String {
    id(&json["author"]["accountId"]).unwrap_or_default()
}

fn file(json: &Value) -> Option<StoredFile> {
    Some(StoredFile {
        id: id(&json["id"])?,
        name: text(&json["filename"]),
        size_bytes: number(&json["size"]).unwrap_or_default(),
        author_id: author_id(json),
    })
}

fn comment(json: &Value) -> Option<Comment> {
    Some(Comment { id: id(&json["id"])?, author_id: author_id(json), text: adf::plain_text(&json["body"]) })
}

fn issue(json: &Value) -> Result<IssueView, Lack> {
    let fields = &json["fields"];
    let files = &fields["attachment"];
    Ok(IssueView {
        id: id(&json["id"]).ok_or(Lack("id"))?,
        key: id(&json["key"]).ok_or(Lack("key"))?,
        project: id(&fields["project"]["key"]).ok_or(Lack("project"))?,
        summary: text(&fields["summary"]),
        status_category: id(&fields["status"]["statusCategory"]["key"]).ok_or(Lack("status"))?,
        description: adf::plain_text(&fields["description"]),
        reporter: person(&fields["reporter"]),
        assignee: person(&fields["assignee"]),
        // The field is absent where attachments are switched off.
        files: if files.is_null() { Vec::new() } else { each(files, file).ok_or(Lack("attachment"))? },
    })
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

/// Comments carry their properties as an array. There is no way to ask for a second page of this list, so one that
/// is not the last is an answer we cannot use.
fn comment_markers(json: &Value) -> Result<Answer, Lack> {
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

/// Pages can be short or even empty, so only `isLast` and the token tell the end.
fn next_page(json: &Value) -> Result<Option<String>, Lack> {
    let token = json["nextPageToken"].as_str().filter(|token| !token.is_empty()).map(str::to_owned);
    match json["isLast"].as_bool() {
        Some(true) => Ok(None),
        Some(false) => token.map(Some).ok_or(Lack("nextPageToken")),
        None => Ok(token),
    }
}

/// An empty page that is not the last one would make a project look empty, and keys be counted from the start.
fn highest_key(json: &Value) -> Result<Option<String>, Lack> {
    let newest = found(json)?.into_iter().next().map(|issue| issue.key);
    match newest {
        None if next_page(json)?.is_some() => Err(Lack("issues")),
        key => Ok(key),
    }
}
