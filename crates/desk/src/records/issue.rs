//! Issues as rows.

use super::fold;
use crate::adf;
use crate::refusal::{Refusal, no_issue};
use serde_json::{Map, Value};
use sqlx::sqlite::SqliteRow;
use sqlx::{Row, SqliteConnection};

/// One issue.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Issue {
    /// 0 until it is inserted.
    pub(crate) id: i64,
    pub(crate) project_id: i64,
    pub(crate) number: i64,
    pub(crate) key: String,
    pub(crate) type_id: i64,
    pub(crate) status_id: i64,
    pub(crate) priority_id: i64,
    pub(crate) summary: String,
    /// An Atlassian document.
    pub(crate) description: Option<Value>,
    pub(crate) environment: Option<Value>,
    pub(crate) labels: Vec<String>,
    /// Account ids.
    pub(crate) creator: String,
    pub(crate) reporter: Option<String>,
    pub(crate) assignee: Option<String>,
    /// A day, as `2026-01-02`.
    pub(crate) due: Option<String>,
    pub(crate) parent_id: Option<i64>,
    pub(crate) created_ms: i64,
    pub(crate) updated_ms: i64,
    /// When the status last changed.
    pub(crate) status_ms: i64,
    pub(crate) resolved_ms: Option<i64>,
    /// Further fields as they are shown, by id.
    pub(crate) other: Map<String, Value>,
}

/// `SELECT` of whole issues (table alias `i`) with this tail.
macro_rules! select_issues {
    ($tail:expr) => {
        concat!(
            "SELECT i.id, i.project_id, i.number, i.key, i.type_id, i.status_id, i.priority_id, i.summary, ",
            "i.description, i.environment, i.labels, i.creator, i.reporter, i.assignee, i.due, i.parent_id, ",
            "i.created_ms, i.updated_ms, i.status_ms, i.resolved_ms, i.other FROM issue i ",
            $tail
        )
    };
}
pub(crate) use select_issues;

fn document(text: Option<String>) -> Option<Value> {
    text.map(|text| super::stored_json(&text))
}

/// Reads a row of [`select_issues`].
pub(crate) fn from_row(row: &SqliteRow) -> Result<Issue, sqlx::Error> {
    Ok(Issue {
        id: row.try_get(0)?,
        project_id: row.try_get(1)?,
        number: row.try_get(2)?,
        key: row.try_get(3)?,
        type_id: row.try_get(4)?,
        status_id: row.try_get(5)?,
        priority_id: row.try_get(6)?,
        summary: row.try_get(7)?,
        description: document(row.try_get(8)?),
        environment: document(row.try_get(9)?),
        labels: serde_json::from_str(&row.try_get::<String, _>(10)?).unwrap_or_default(),
        creator: row.try_get(11)?,
        reporter: row.try_get(12)?,
        assignee: row.try_get(13)?,
        due: row.try_get(14)?,
        parent_id: row.try_get(15)?,
        created_ms: row.try_get(16)?,
        updated_ms: row.try_get(17)?,
        status_ms: row.try_get(18)?,
        resolved_ms: row.try_get(19)?,
        other: serde_json::from_str(&row.try_get::<String, _>(20)?).unwrap_or_default(),
    })
}

/// The issue with this numeric id or key; a key that it had before it was moved will do.
pub(crate) async fn find(connection: &mut SqliteConnection, id_or_key: &str) -> Result<Issue, Refusal> {
    let row = if let Ok(id) = id_or_key.parse::<i64>() {
        sqlx::query(select_issues!("WHERE i.id = ?")).bind(id).fetch_optional(connection).await?
    } else {
        let key = id_or_key.to_ascii_uppercase();
        let row = sqlx::query(select_issues!("WHERE i.key = ?")).bind(&key).fetch_optional(&mut *connection).await?;
        match row {
            Some(row) => Some(row),
            None => {
                let moved = select_issues!("WHERE i.id = (SELECT issue_id FROM old_key WHERE key = ?)");
                sqlx::query(moved).bind(&key).fetch_optional(connection).await?
            }
        }
    };
    row.as_ref().map(from_row).transpose()?.ok_or_else(no_issue)
}

/// The issues that have this one as their parent, oldest first.
pub(crate) async fn children(connection: &mut SqliteConnection, id: i64) -> Result<Vec<Issue>, sqlx::Error> {
    let rows =
        sqlx::query(select_issues!("WHERE i.parent_id = ? ORDER BY i.id")).bind(id).fetch_all(connection).await?;
    rows.iter().map(from_row).collect()
}

/// The next free number of a project; a number is never given twice, also when its issue is deleted.
pub(crate) async fn take_number(connection: &mut SqliteConnection, project_id: i64) -> Result<i64, sqlx::Error> {
    let row = sqlx::query("UPDATE project SET last_number = last_number + 1 WHERE id = ? RETURNING last_number")
        .bind(project_id)
        .fetch_one(connection)
        .await?;
    row.try_get(0)
}

/// Inserts an issue, whose number and key are set, and sets its id.
pub(crate) async fn insert(connection: &mut SqliteConnection, issue: &mut Issue) -> Result<(), sqlx::Error> {
    let statement = "INSERT INTO issue (project_id, number, key, type_id, status_id, priority_id, summary, description, \
                     environment, labels, reporter, assignee, due, parent_id, updated_ms, status_ms, resolved_ms, \
                     folded_summary, folded_text, other, creator, created_ms) \
                     VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?) RETURNING id";
    let row = bind_all(sqlx::query(statement), issue)
        .bind(&issue.creator)
        .bind(issue.created_ms)
        .fetch_one(connection)
        .await?;
    issue.id = row.try_get(0)?;
    Ok(())
}

/// Writes everything that can change.
pub(crate) async fn save(connection: &mut SqliteConnection, issue: &Issue) -> Result<(), sqlx::Error> {
    let statement = "UPDATE issue SET project_id = ?, number = ?, key = ?, type_id = ?, status_id = ?, priority_id = ?, \
                     summary = ?, description = ?, environment = ?, labels = ?, reporter = ?, assignee = ?, due = ?, \
                     parent_id = ?, updated_ms = ?, status_ms = ?, resolved_ms = ?, folded_summary = ?, \
                     folded_text = ?, other = ? WHERE id = ?";
    bind_all(sqlx::query(statement), issue).bind(issue.id).execute(connection).await?;
    Ok(())
}

type Statement<'q> = sqlx::query::Query<'q, sqlx::Sqlite, sqlx::sqlite::SqliteArguments>;

/// Binds what both an insert and an update write, in the order of their columns.
fn bind_all<'q>(statement: Statement<'q>, issue: &Issue) -> Statement<'q> {
    let folded_summary = fold(&issue.summary);
    let description = issue.description.as_ref().map(adf::to_text).unwrap_or_default();
    let folded_text = format!("{folded_summary}\n{}", fold(&description));
    let labels = serde_json::Value::from(issue.labels.clone()).to_string();
    statement
        .bind(issue.project_id)
        .bind(issue.number)
        .bind(issue.key.clone())
        .bind(issue.type_id)
        .bind(issue.status_id)
        .bind(issue.priority_id)
        .bind(issue.summary.clone())
        .bind(issue.description.as_ref().map(Value::to_string))
        .bind(issue.environment.as_ref().map(Value::to_string))
        .bind(labels)
        .bind(issue.reporter.clone())
        .bind(issue.assignee.clone())
        .bind(issue.due.clone())
        .bind(issue.parent_id)
        .bind(issue.updated_ms)
        .bind(issue.status_ms)
        .bind(issue.resolved_ms)
        .bind(folded_summary)
        .bind(folded_text)
        .bind(Value::Object(issue.other.clone()).to_string())
}

/// Marks an issue as changed now.
pub(crate) async fn touch(connection: &mut SqliteConnection, id: i64, now_ms: i64) -> Result<(), sqlx::Error> {
    sqlx::query("UPDATE issue SET updated_ms = ? WHERE id = ?").bind(now_ms).bind(id).execute(connection).await?;
    Ok(())
}

/// Remembers a key that an issue no longer has.
pub(crate) async fn remember_key(connection: &mut SqliteConnection, key: &str, id: i64) -> Result<(), sqlx::Error> {
    sqlx::query("INSERT INTO old_key (key, issue_id) VALUES (?, ?) ON CONFLICT (key) DO UPDATE SET issue_id = excluded.issue_id")
        .bind(key.to_owned())
        .bind(id)
        .execute(connection)
        .await?;
    Ok(())
}

/// What hangs on an issue and goes with it.
const DELETIONS: &[&str] = &[
    "DELETE FROM property WHERE owner = 'comment' AND owner_id IN (SELECT id FROM comment WHERE issue_id = ?)",
    "DELETE FROM property WHERE owner = 'issue' AND owner_id = ?",
    "DELETE FROM comment WHERE issue_id = ?",
    "DELETE FROM attachment WHERE issue_id = ?",
    "DELETE FROM history WHERE issue_id = ?",
    "DELETE FROM watcher WHERE issue_id = ?",
    "DELETE FROM issue_link WHERE inward_id = ?",
    "DELETE FROM issue_link WHERE outward_id = ?",
    "DELETE FROM worklog WHERE issue_id = ?",
    "DELETE FROM old_key WHERE issue_id = ?",
    "DELETE FROM issue WHERE id = ?",
];

/// Deletes an issue and what hangs on it; the files of its attachments are the caller's to remove.
pub(crate) async fn delete(connection: &mut SqliteConnection, id: i64) -> Result<(), sqlx::Error> {
    for statement in DELETIONS {
        sqlx::query(*statement).bind(id).execute(&mut *connection).await?;
    }
    Ok(())
}
