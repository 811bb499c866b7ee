//! What can be done with issues, for the REST interface and the pages alike: check, write, count, announce.

use crate::counters::count;
use crate::records::history::{self, Change, Side};
use crate::records::issue::{self, Issue};
use crate::records::property::{self, Owner, Property};
use crate::records::{attachment, comment};
use crate::refusal::{Refusal, bad_field, bad_request, denied, not_found};
use crate::webhooks::Happening;
use crate::{Desk, catalogue, clock, fields};
use axum::http::StatusCode;
use serde_json::{Map, Value};
use sqlx::SqliteConnection;

/// Jira's limit (as its community says).
const COMMENTS_PER_ISSUE_MAX: i64 = 5000;

/// The parts of a request that creates or edits an issue.
#[derive(Debug, Clone, Default)]
pub(crate) struct Request {
    pub(crate) fields: Map<String, Value>,
    pub(crate) update: Map<String, Value>,
    pub(crate) properties: Vec<Property>,
}

/// A checked request to create an issue.
pub(crate) struct Draft {
    issue: Issue,
    asked: fields::Asked,
    properties: Vec<Property>,
}

/// Checks a request to create an issue; nothing is written.
pub(crate) fn draft(desk: &Desk, actor: &str, request: Request) -> Result<Draft, Refusal> {
    let (project_id, type_id) = fields::place(desk, &request.fields)?;
    let now_ms = clock::now_ms();
    let mut issue = Issue {
        id: 0,
        project_id,
        number: 0,
        key: String::new(),
        type_id,
        status_id: catalogue::TO_DO.id,
        priority_id: catalogue::DEFAULT_PRIORITY.id,
        summary: String::new(),
        description: None,
        environment: None,
        labels: Vec::new(),
        creator: actor.to_owned(),
        reporter: Some(actor.to_owned()),
        assignee: None,
        due: None,
        parent_id: None,
        created_ms: now_ms,
        updated_ms: now_ms,
        status_ms: now_ms,
        resolved_ms: None,
        other: Map::new(),
    };
    let asked = fields::apply(desk, &mut issue, &request.fields, &request.update)?;
    if issue.summary.is_empty() {
        return Err(bad_field("summary", "You must specify a summary of the issue."));
    }
    Ok(Draft { issue, asked, properties: request.properties })
}

/// Creates an issue with its properties in one unit of work.
pub(crate) async fn create(desk: &Desk, actor: &str, draft: Draft) -> Result<Issue, Refusal> {
    let project = desk.inner.directory.project_by_id(draft.issue.project_id);
    let project_key = project.map(|project| project.key.clone()).unwrap_or_default();
    let author = actor.to_owned();
    let issue = desk
        .inner
        .writer
        .write(move |connection| {
            Box::pin(async move {
                let Draft { mut issue, asked, properties } = draft;
                if let Some(Some(parent)) = asked.parent {
                    issue.parent_id = Some(find_parent(&mut *connection, &parent).await?);
                }
                issue.number = issue::take_number(&mut *connection, issue.project_id).await?;
                issue.key = format!("{project_key}-{}", issue.number);
                issue::insert(&mut *connection, &mut issue).await?;
                property::set_all(&mut *connection, Owner::Issue(issue.id), &properties).await?;
                for body in asked.comments {
                    comment::insert(&mut *connection, &mut new_comment(issue.id, &author, body, issue.created_ms))
                        .await?;
                }
                Ok(issue)
            })
        })
        .await?;
    count(&desk.inner.counters.issues_created);
    desk.announce(actor, &issue, Happening::IssueCreated);
    Ok(issue)
}

async fn find_parent(connection: &mut SqliteConnection, id_or_key: &str) -> Result<i64, Refusal> {
    match issue::find(connection, id_or_key).await {
        Ok(parent) => Ok(parent.id),
        Err(Refusal::Denied(_)) => Err(bad_field("parent", "Could not find issue by id or key.")),
        Err(broken) => Err(broken),
    }
}

/// Changes fields and properties of an issue.
pub(crate) async fn edit(desk: &Desk, actor: &str, id_or_key: &str, request: Request) -> Result<Issue, Refusal> {
    let (own, author, id_or_key) = (desk.clone(), actor.to_owned(), id_or_key.to_owned());
    let (issue, entry) = desk
        .inner
        .writer
        .write(move |connection| {
            Box::pin(async move {
                let before = issue::find(&mut *connection, &id_or_key).await?;
                let mut after = before.clone();
                let asked = fields::apply(&own, &mut after, &request.fields, &request.update)?;
                if let Some(parent) = asked.parent {
                    after.parent_id = match parent {
                        Some(parent) => Some(find_parent(&mut *connection, &parent).await?),
                        None => None,
                    };
                }
                if after.parent_id == Some(after.id) {
                    return Err(bad_field("parent", "An issue cannot be its own parent."));
                }
                after.updated_ms = clock::now_ms();
                for body in asked.comments {
                    let mut one = new_comment(after.id, &author, body, after.updated_ms);
                    comment::insert(&mut *connection, &mut one).await?;
                }
                property::set_all(&mut *connection, Owner::Issue(after.id), &request.properties).await?;
                let entry = record(&own, &mut *connection, &author, &before, &after).await?;
                Ok((after, entry))
            })
        })
        .await?;
    desk.announce(actor, &issue, Happening::IssueUpdated { entry });
    Ok(issue)
}

/// Saves an issue with the history of what differs; no entry when nothing does.
async fn record(
    desk: &Desk,
    connection: &mut SqliteConnection,
    author: &str,
    before: &Issue,
    after: &Issue,
) -> Result<Option<history::Entry>, sqlx::Error> {
    issue::save(&mut *connection, after).await?;
    let items = differences(desk, before, after);
    if items.is_empty() {
        return Ok(None);
    }
    history::insert(connection, after.id, author, after.updated_ms, items).await.map(Some)
}

/// What differs between two states of an issue, in the words of Jira's changelog.
fn differences(desk: &Desk, before: &Issue, after: &Issue) -> Vec<Change> {
    let name = |account: &Option<String>| {
        let person = account.as_deref().and_then(|id| desk.inner.directory.person(id));
        (account.clone(), person.map(|person| person.name.clone()))
    };
    let text = |document: &Option<Value>| (None, document.as_ref().map(crate::adf::to_wiki));
    let words = |text: &str| (None, Some(text.to_owned()));
    let numbered = |id: i64, name: &str| (Some(id.to_string()), Some(name.to_owned()));
    let state = |issue: &Issue| -> [(&'static str, Side); 11] {
        [
            ("summary", words(&issue.summary)),
            ("description", text(&issue.description)),
            ("environment", text(&issue.environment)),
            ("labels", words(&issue.labels.join(" "))),
            ("issuetype", numbered(issue.type_id, catalogue::issue_type(issue.type_id).name)),
            ("status", numbered(issue.status_id, catalogue::status(issue.status_id).name)),
            ("priority", numbered(issue.priority_id, catalogue::priority(issue.priority_id).name)),
            ("reporter", name(&issue.reporter)),
            ("assignee", name(&issue.assignee)),
            ("duedate", (issue.due.clone(), issue.due.clone())),
            ("parent", (issue.parent_id.map(|id| id.to_string()), issue.parent_id.map(|id| id.to_string()))),
        ]
    };
    let pairs = state(before).into_iter().zip(state(after));
    let mut items: Vec<Change> = pairs
        .filter(|((_, old), (_, new))| old != new)
        .map(|((field, old), (_, new))| Change::of(field, old, new))
        .collect();
    for field in crate::custom_fields::ALL {
        let side = |issue: &Issue| words(&issue.other.get(field.id).map(Value::to_string).unwrap_or_default());
        if before.other.get(field.id) != after.other.get(field.id) {
            items.push(Change::of(field.id, side(before), side(after)));
        }
    }
    if before.resolved_ms.is_some() != after.resolved_ms.is_some() {
        let side = |issue: &Issue| match issue.resolved_ms {
            Some(_) => numbered(crate::view::RESOLUTION_ID, crate::view::RESOLUTION_NAME),
            None => (None, None),
        };
        items.push(Change::of("resolution", side(before), side(after)));
    }
    items
}

/// Takes an issue through a transition of the workflow, with the field changes that come with it.
pub(crate) async fn transition(
    desk: &Desk,
    actor: &str,
    id_or_key: &str,
    transition_id: &str,
    request: Request,
) -> Result<Issue, Refusal> {
    let (own, author, id_or_key) = (desk.clone(), actor.to_owned(), id_or_key.to_owned());
    let transition_id = transition_id.to_owned();
    let (issue, entry) = desk
        .inner
        .writer
        .write(move |connection| {
            Box::pin(async move {
                let before = issue::find(&mut *connection, &id_or_key).await?;
                let mut after = before.clone();
                let step =
                    catalogue::transitions_from(before.status_id).find(|one| one.id.to_string() == transition_id);
                let Some(step) = step else {
                    return Err(bad_request(format!(
                        "It seems that you have tried to perform an illegal workflow operation. Transition id \
                         '{transition_id}' is not valid for this issue."
                    )));
                };
                let asked = fields::apply(&own, &mut after, &request.fields, &request.update)?;
                let now_ms = clock::now_ms();
                (after.status_id, after.status_ms, after.updated_ms) = (step.to.id, now_ms, now_ms);
                after.resolved_ms = (step.to == catalogue::DONE).then_some(now_ms);
                for body in asked.comments {
                    comment::insert(&mut *connection, &mut new_comment(after.id, &author, body, now_ms)).await?;
                }
                let entry = record(&own, &mut *connection, &author, &before, &after).await?;
                Ok((after, entry))
            })
        })
        .await?;
    count(&desk.inner.counters.transitions_made);
    desk.announce(actor, &issue, Happening::IssueUpdated { entry });
    Ok(issue)
}

/// Deletes an issue, its comments and attachments. Subtasks forbid it unless they go too.
pub(crate) async fn delete(desk: &Desk, actor: &str, id_or_key: &str, with_subtasks: bool) -> Result<(), Refusal> {
    let id_or_key = id_or_key.to_owned();
    let (issues, files) = desk
        .inner
        .writer
        .write(move |connection| {
            Box::pin(async move {
                let issue = issue::find(&mut *connection, &id_or_key).await?;
                let mut issues = issue::children(&mut *connection, issue.id).await?;
                if !issues.is_empty() && !with_subtasks {
                    let message = format!(
                        "The issue '{}' has subtasks. You must specify the 'deleteSubtasks' parameter to delete this \
                         issue and all its subtasks.",
                        issue.key
                    );
                    return Err(bad_request(message));
                }
                issues.push(issue);
                let mut files = Vec::new();
                for one in &issues {
                    files.extend(attachment::of_issue(&mut *connection, one.id).await?);
                    issue::delete(&mut *connection, one.id).await?;
                }
                Ok((issues, files))
            })
        })
        .await?;
    for file in files {
        remove_file(desk, &file.file).await;
    }
    for issue in &issues {
        desk.announce(actor, issue, Happening::IssueDeleted);
    }
    Ok(())
}

/// Removes an attachment's file. A file that stays is only waste, so it is logged and nothing more.
pub(crate) async fn remove_file(desk: &Desk, file: &str) {
    if let Err(fault) = tokio::fs::remove_file(desk.inner.settings.files.join(file)).await {
        tracing::warn!(%fault, "the file of a deleted attachment could not be removed");
    }
}

/// Moves an issue to another project under a new key.
pub(crate) async fn move_to(desk: &Desk, id_or_key: &str, project_key: &str) -> Result<String, Refusal> {
    let project = desk.inner.directory.project(project_key).ok_or_else(|| not_found("No such project."))?;
    let id_or_key = id_or_key.to_owned();
    desk.inner
        .writer
        .write(move |connection| {
            Box::pin(async move {
                let mut issue = issue::find(&mut *connection, &id_or_key).await?;
                if issue.project_id == project.id {
                    return Ok(issue.key);
                }
                let old_key = issue.key.clone();
                issue.project_id = project.id;
                issue.number = issue::take_number(&mut *connection, project.id).await?;
                issue.key = format!("{}-{}", project.key, issue.number);
                issue.updated_ms = clock::now_ms();
                issue::save(&mut *connection, &issue).await?;
                issue::remember_key(&mut *connection, &old_key, issue.id).await?;
                Ok(issue.key)
            })
        })
        .await
}

/// A comment that is not stored yet.
pub(crate) fn new_comment(issue_id: i64, author: &str, body: Value, now_ms: i64) -> comment::Comment {
    comment::Comment {
        id: 0,
        issue_id,
        author: author.to_owned(),
        update_author: author.to_owned(),
        body,
        visibility: None,
        created_ms: now_ms,
        updated_ms: now_ms,
    }
}

/// Adds a comment, whose body has been checked, with its properties in one unit of work.
pub(crate) async fn add_comment(
    desk: &Desk,
    actor: &str,
    id_or_key: &str,
    (body, visibility): (Value, Option<Value>),
    properties: Vec<Property>,
) -> Result<comment::Comment, Refusal> {
    let (author, id_or_key) = (actor.to_owned(), id_or_key.to_owned());
    let (issue, comment) = desk
        .inner
        .writer
        .write(move |connection| {
            Box::pin(async move {
                let mut issue = issue::find(&mut *connection, &id_or_key).await?;
                let (_, total) = comment::page(&mut *connection, issue.id, false, (0, 0)).await?;
                if total >= COMMENTS_PER_ISSUE_MAX {
                    let message = "The issue has reached its limit of 5000 comments.";
                    return Err(denied(StatusCode::PAYLOAD_TOO_LARGE, message));
                }
                issue.updated_ms = clock::now_ms();
                let mut one = new_comment(issue.id, &author, body, issue.updated_ms);
                one.visibility = visibility;
                comment::insert(&mut *connection, &mut one).await?;
                property::set_all(&mut *connection, Owner::Comment(one.id), &properties).await?;
                issue::touch(&mut *connection, issue.id, issue.updated_ms).await?;
                Ok((issue, one))
            })
        })
        .await?;
    count(&desk.inner.counters.comments_created);
    desk.announce(actor, &issue, Happening::CommentCreated { comment: comment.clone() });
    Ok(comment)
}
