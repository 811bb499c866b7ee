//! Time that was spent on issues.

use super::stored_json;
use serde_json::Value;
use sqlx::sqlite::SqliteRow;
use sqlx::{Row, SqliteConnection};

/// One piece of work.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Worklog {
    /// 0 until it is inserted.
    pub(crate) id: i64,
    pub(crate) issue_id: i64,
    pub(crate) author: String,
    pub(crate) update_author: String,
    /// An Atlassian document.
    pub(crate) comment: Option<Value>,
    pub(crate) started_ms: i64,
    pub(crate) spent_s: i64,
    pub(crate) created_ms: i64,
    pub(crate) updated_ms: i64,
}

macro_rules! select_worklogs {
    ($tail:expr) => {
        concat!(
            "SELECT id, issue_id, author, update_author, comment, started_ms, spent_s, created_ms, updated_ms ",
            "FROM worklog ",
            $tail
        )
    };
}

fn from_row(row: &SqliteRow) -> Result<Worklog, sqlx::Error> {
    Ok(Worklog {
        id: row.try_get(0)?,
        issue_id: row.try_get(1)?,
        author: row.try_get(2)?,
        update_author: row.try_get(3)?,
        comment: row.try_get::<Option<String>, _>(4)?.map(|text| stored_json(&text)),
        started_ms: row.try_get(5)?,
        spent_s: row.try_get(6)?,
        created_ms: row.try_get(7)?,
        updated_ms: row.try_get(8)?,
    })
}

/// Inserts a worklog and sets its id.
pub(crate) async fn insert(connection: &mut SqliteConnection, one: &mut Worklog) -> Result<(), sqlx::Error> {
    let statement = "INSERT INTO worklog (issue_id, author, update_author, comment, started_ms, spent_s, created_ms, \
                     updated_ms) VALUES (?, ?, ?, ?, ?, ?, ?, ?) RETURNING id";
    let row = sqlx::query(statement)
        .bind(one.issue_id)
        .bind(one.author.clone())
        .bind(one.update_author.clone())
        .bind(one.comment.as_ref().map(Value::to_string))
        .bind(one.started_ms)
        .bind(one.spent_s)
        .bind(one.created_ms)
        .bind(one.updated_ms)
        .fetch_one(connection)
        .await?;
    one.id = row.try_get(0)?;
    Ok(())
}

/// Writes everything that can change.
pub(crate) async fn save(connection: &mut SqliteConnection, one: &Worklog) -> Result<(), sqlx::Error> {
    let statement =
        "UPDATE worklog SET update_author = ?, comment = ?, started_ms = ?, spent_s = ?, updated_ms = ? WHERE id = ?";
    sqlx::query(statement)
        .bind(one.update_author.clone())
        .bind(one.comment.as_ref().map(Value::to_string))
        .bind(one.started_ms)
        .bind(one.spent_s)
        .bind(one.updated_ms)
        .bind(one.id)
        .execute(connection)
        .await?;
    Ok(())
}

/// The worklog with this id.
pub(crate) async fn find(connection: &mut SqliteConnection, id: i64) -> Result<Option<Worklog>, sqlx::Error> {
    let row = sqlx::query(select_worklogs!("WHERE id = ?")).bind(id).fetch_optional(connection).await?;
    row.as_ref().map(from_row).transpose()
}

/// An issue's worklogs, oldest first.
pub(crate) async fn of_issue(connection: &mut SqliteConnection, issue_id: i64) -> Result<Vec<Worklog>, sqlx::Error> {
    let rows =
        sqlx::query(select_worklogs!("WHERE issue_id = ? ORDER BY id")).bind(issue_id).fetch_all(connection).await?;
    rows.iter().map(from_row).collect()
}

/// Removes a worklog.
pub(crate) async fn remove(connection: &mut SqliteConnection, id: i64) -> Result<(), sqlx::Error> {
    sqlx::query("DELETE FROM worklog WHERE id = ?").bind(id).execute(connection).await?;
    Ok(())
}
