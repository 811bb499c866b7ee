//! One issue's page: what it says, what hangs on it, what became of it, and the two forms.

use super::{AGENT_ADDRESS, draw, name_of, refused};
use crate::records::history::{Change, Entry};
use crate::records::{attachment, comment, history, issue};
use crate::refusal::Refusal;
use crate::{Desk, adf, catalogue, clock, issues};
use askama::Template;
use axum::Form;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Redirect, Response};
use serde::Deserialize;

/// A value in the history is cut after so many characters.
const CHANGE_LENGTH_MAX: usize = 80;

#[derive(Template)]
#[template(path = "issue.html")]
struct Page {
    query: String,
    key: String,
    project: String,
    summary: String,
    trouble: Option<String>,
    /// Safe HTML.
    description: String,
    files: Vec<File>,
    comments: Vec<Comment>,
    changes: Vec<Line>,
    steps: Vec<catalogue::Transition>,
    category: &'static str,
    status: &'static str,
    kind: &'static str,
    priority: &'static str,
    reporter: String,
    assignee: String,
    labels: Vec<String>,
    created: String,
    updated: String,
}

struct File {
    link: String,
    name: String,
    size: String,
    author: String,
    created: String,
}

struct Comment {
    id: i64,
    author: String,
    created: String,
    created_machine: String,
    /// Safe HTML.
    body: String,
}

/// A line of the history.
struct Line {
    author: String,
    deed: String,
    created: String,
    created_machine: String,
}

/// Who acts on the pages.
pub(crate) fn agent(desk: &Desk) -> String {
    desk.inner.directory.by_address(AGENT_ADDRESS).map(|person| person.account_id.clone()).unwrap_or_default()
}

pub(crate) async fn show(State(desk): State<Desk>, Path(key): Path<String>) -> Response {
    page(&desk, &key, None).await
}

/// The page, with what went wrong with a form that was just sent.
async fn page(desk: &Desk, key: &str, trouble: Option<String>) -> Response {
    let status = if trouble.is_some() { StatusCode::BAD_REQUEST } else { StatusCode::OK };
    match load(desk, key, trouble).await {
        Ok(page) => draw(status, &page),
        Err(refusal) => refused(refusal),
    }
}

async fn load(desk: &Desk, key: &str, trouble: Option<String>) -> Result<Page, Refusal> {
    let mut connection = desk.inner.readers.acquire().await?;
    let issue = issue::find(&mut connection, key).await?;
    let files = attachment::of_issue(&mut connection, issue.id).await?;
    let comments = comment::of_issue(&mut connection, issue.id, i64::MAX).await?;
    let entries = history::of_issue(&mut connection, issue.id).await?;
    let status = catalogue::status(issue.status_id);
    let project = desk.inner.directory.project_by_id(issue.project_id);
    Ok(Page {
        query: String::new(),
        project: project.map(|project| project.name.clone()).unwrap_or_default(),
        trouble,
        description: issue.description.as_ref().map(adf::to_html).unwrap_or_default(),
        files: files.into_iter().map(|one| file(desk, one)).collect(),
        comments: comments.into_iter().map(|one| comment_lines(desk, &one)).collect(),
        changes: entries.iter().rev().flat_map(|entry| lines(desk, entry)).collect(),
        steps: catalogue::transitions_from(issue.status_id).collect(),
        category: status.category.key,
        status: status.name,
        kind: catalogue::issue_type(issue.type_id).name,
        priority: catalogue::priority(issue.priority_id).name,
        reporter: name_of(desk, issue.reporter.as_deref()),
        assignee: name_of(desk, issue.assignee.as_deref()),
        labels: issue.labels,
        created: clock::readable_time(issue.created_ms),
        updated: clock::readable_time(issue.updated_ms),
        key: issue.key,
        summary: issue.summary,
    })
}

fn file(desk: &Desk, one: attachment::Attachment) -> File {
    let size = match one.size_bytes {
        bytes @ 0..1024 => format!("{bytes} B"),
        bytes @ 1024..1_048_576 => format!("{} kB", bytes / 1024),
        bytes => format!("{} MB", bytes / 1_048_576),
    };
    File {
        link: format!("/desk/media/{}/{}", one.file, crate::rest::path_segment(&one.name)),
        size,
        author: name_of(desk, Some(&one.author)),
        created: clock::readable_time(one.created_ms),
        name: one.name,
    }
}

fn comment_lines(desk: &Desk, one: &comment::Comment) -> Comment {
    Comment {
        id: one.id,
        author: name_of(desk, Some(&one.author)),
        created: clock::readable_time(one.created_ms),
        created_machine: clock::rfc3339_time(one.created_ms),
        body: adf::to_html(&one.body),
    }
}

fn lines(desk: &Desk, entry: &Entry) -> Vec<Line> {
    let line = |change: &Change| Line {
        author: name_of(desk, Some(&entry.author)),
        deed: deed(change),
        created: clock::readable_time(entry.created_ms),
        created_machine: clock::rfc3339_time(entry.created_ms),
    };
    entry.items.iter().map(line).collect()
}

fn deed(change: &Change) -> String {
    let short = |text: &Option<String>| {
        let text = text.as_deref().filter(|text| !text.is_empty()).unwrap_or("nothing");
        let cut: String = text.chars().take(CHANGE_LENGTH_MAX).collect();
        if cut.len() < text.len() { format!("{cut}…") } else { cut }
    };
    match change.field_id.as_str() {
        "attachment" => format!("attached {}", short(&change.to_string)),
        field => format!("changed {field} from {} to {}", short(&change.from_string), short(&change.to_string)),
    }
}

#[derive(Deserialize)]
pub(crate) struct CommentForm {
    text: String,
}

pub(crate) async fn add_comment(
    State(desk): State<Desk>,
    Path(key): Path<String>,
    Form(form): Form<CommentForm>,
) -> Response {
    let body = adf::from_text(&form.text);
    if form.text.trim().is_empty() {
        return page(&desk, &key, Some("A comment needs some text.".to_owned())).await;
    }
    if let Err(why) = adf::check(&body) {
        return page(&desk, &key, Some(why)).await;
    }
    match issues::add_comment(&desk, &agent(&desk), &key, (body, None), Vec::new()).await {
        Ok(comment) => Redirect::to(&format!("/browse/{key}#comment-{}", comment.id)).into_response(),
        Err(refusal) => refused(refusal),
    }
}

#[derive(Deserialize)]
pub(crate) struct StatusForm {
    transition: String,
}

pub(crate) async fn change_status(
    State(desk): State<Desk>,
    Path(key): Path<String>,
    Form(form): Form<StatusForm>,
) -> Response {
    match issues::transition(&desk, &agent(&desk), &key, &form.transition, issues::Request::default()).await {
        Ok(issue) => Redirect::to(&format!("/browse/{}", issue.key)).into_response(),
        Err(Refusal::Denied(denial)) if denial.status == StatusCode::BAD_REQUEST => {
            page(&desk, &key, Some(super::words(&denial))).await
        }
        Err(refusal) => refused(refusal),
    }
}
