//! Comments as rows.

use super::{fold, stored_json};
use crate::adf;
use serde_json::Value;
use sqlx::sqlite::SqliteRow;
use sqlx::{Row, SqliteConnection};

/// One comment.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Comment {
    /// 0 until it is inserted.
    pub(crate) id: i64,
    pub(crate) issue_id: i64,
    pub(crate) author: String,
    pub(crate) update_author: String,
    /// An Atlassian document.
    pub(crate) body: Value,
    /// Jira's `visibility` as it was given.
    pub(crate) visibility: Option<Value>,
    pub(crate) created_ms: i64,
    pub(crate) updated_ms: i64,
}

macro_rules! select_comments {
    ($tail:expr) => {
        concat!(
            "SELECT id, issue_id, author, update_author, body, visibility, created_ms, updated_ms FROM comment ",
            $tail
        )
    };
}

fn from_row(row: &SqliteRow) -> Result<Comment, sqlx::Error> {
    Ok(Comment {
        id: row.try_get(0)?,
        issue_id: row.try_get(1)?,
        author: row.try_get(2)?,
        update_author: row.try_get(3)?,
        body: stored_json(&row.try_get::<String, _>(4)?),
        visibility: row.try_get::<Option<String>, _>(5)?.map(|text| stored_json(&text)),
        created_ms: row.try_get(6)?,
        updated_ms: row.try_get(7)?,
    })
}

/// Inserts a comment and sets its id.
pub(crate) async fn insert(connection: &mut SqliteConnection, comment: &mut Comment) -> Result<(), sqlx::Error> {
    let statement = "INSERT INTO comment (issue_id, author, update_author, body, visibility, created_ms, updated_ms, \
                     folded_text) VALUES (?, ?, ?, ?, ?, ?, ?, ?) RETURNING id";
    let row = sqlx::query(statement)
        .bind(comment.issue_id)
        .bind(comment.author.clone())
        .bind(comment.update_author.clone())
        .bind(comment.body.to_string())
        .bind(comment.visibility.as_ref().map(Value::to_string))
        .bind(comment.created_ms)
        .bind(comment.updated_ms)
        .bind(fold(&adf::to_text(&comment.body)))
        .fetch_one(connection)
        .await?;
    comment.id = row.try_get(0)?;
    Ok(())
}

/// Writes everything that can change.
pub(crate) async fn save(connection: &mut SqliteConnection, comment: &Comment) -> Result<(), sqlx::Error> {
    let statement = "UPDATE comment SET update_author = ?, body = ?, visibility = ?, updated_ms = ?, folded_text = ? \
                     WHERE id = ?";
    sqlx::query(statement)
        .bind(comment.update_author.clone())
        .bind(comment.body.to_string())
        .bind(comment.visibility.as_ref().map(Value::to_string))
        .bind(comment.updated_ms)
        .bind(fold(&adf::to_text(&comment.body)))
        .bind(comment.id)
        .execute(connection)
        .await?;
    Ok(())
}

/// The comment with this id.
pub(crate) async fn find(connection: &mut SqliteConnection, id: i64) -> Result<Option<Comment>, sqlx::Error> {
    let row = sqlx::query(select_comments!("WHERE id = ?")).bind(id).fetch_optional(connection).await?;
    row.as_ref().map(from_row).transpose()
}

/// An issue's comments that are not younger than `until_ms`, oldest first.
pub(crate) async fn of_issue(
    connection: &mut SqliteConnection,
    issue_id: i64,
    until_ms: i64,
) -> Result<Vec<Comment>, sqlx::Error> {
    let rows = sqlx::query(select_comments!("WHERE issue_id = ? AND created_ms <= ? ORDER BY id"))
        .bind(issue_id)
        .bind(until_ms)
        .fetch_all(connection)
        .await?;
    rows.iter().map(from_row).collect()
}

/// One page of an issue's comments, oldest or newest first, and how many there are in all.
pub(crate) async fn page(
    connection: &mut SqliteConnection,
    issue_id: i64,
    newest_first: bool,
    (start_at, length): (i64, i64),
) -> Result<(Vec<Comment>, i64), sqlx::Error> {
    let total = sqlx::query("SELECT COUNT(*) FROM comment WHERE issue_id = ?").bind(issue_id);
    let total = total.fetch_one(&mut *connection).await?.try_get(0)?;
    let statement = if newest_first {
        select_comments!("WHERE issue_id = ? ORDER BY id DESC LIMIT ? OFFSET ?")
    } else {
        select_comments!("WHERE issue_id = ? ORDER BY id LIMIT ? OFFSET ?")
    };
    let rows = sqlx::query(statement).bind(issue_id).bind(length).bind(start_at).fetch_all(connection).await?;
    Ok((rows.iter().map(from_row).collect::<Result<_, _>>()?, total))
}

/// Deletes a comment and its properties.
pub(crate) async fn delete(connection: &mut SqliteConnection, id: i64) -> Result<(), sqlx::Error> {
    super::property::remove_all(&mut *connection, super::property::Owner::Comment(id)).await?;
    sqlx::query("DELETE FROM comment WHERE id = ?").bind(id).execute(connection).await?;
    Ok(())
}
