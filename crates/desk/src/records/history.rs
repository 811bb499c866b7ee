//! What was changed on issues, when and by whom.

use serde::{Deserialize, Serialize};
use sqlx::{Row, SqliteConnection};

/// One field's change, with the keys of Jira's changelog.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Change {
    pub(crate) field: String,
    pub(crate) fieldtype: String,
    pub(crate) field_id: String,
    pub(crate) from: Option<String>,
    pub(crate) from_string: Option<String>,
    pub(crate) to: Option<String>,
    pub(crate) to_string: Option<String>,
}

/// An id and the words for it, before or after a change.
pub(crate) type Side = (Option<String>, Option<String>);

impl Change {
    /// A change of one of Jira's own fields.
    pub(crate) fn of(field_id: &str, before: Side, after: Side) -> Change {
        Change {
            field: field_id.to_owned(),
            fieldtype: "jira".to_owned(),
            field_id: field_id.to_owned(),
            from: before.0,
            from_string: before.1,
            to: after.0,
            to_string: after.1,
        }
    }
}

/// Changes that were made together.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Entry {
    pub(crate) id: i64,
    pub(crate) author: String,
    pub(crate) created_ms: i64,
    pub(crate) items: Vec<Change>,
}

/// Writes an entry and gives it back with its id.
pub(crate) async fn insert(
    connection: &mut SqliteConnection,
    issue_id: i64,
    author: &str,
    now_ms: i64,
    items: Vec<Change>,
) -> Result<Entry, sqlx::Error> {
    let text = serde_json::to_string(&items).unwrap_or_else(|_| "[]".to_owned());
    let statement = "INSERT INTO history (issue_id, author, created_ms, items) VALUES (?, ?, ?, ?) RETURNING id";
    let row = sqlx::query(statement)
        .bind(issue_id)
        .bind(author.to_owned())
        .bind(now_ms)
        .bind(text)
        .fetch_one(connection)
        .await?;
    Ok(Entry { id: row.try_get(0)?, author: author.to_owned(), created_ms: now_ms, items })
}

/// An issue's entries, oldest first.
pub(crate) async fn of_issue(connection: &mut SqliteConnection, issue_id: i64) -> Result<Vec<Entry>, sqlx::Error> {
    let rows = sqlx::query("SELECT id, author, created_ms, items FROM history WHERE issue_id = ? ORDER BY id")
        .bind(issue_id)
        .fetch_all(connection)
        .await?;
    let entry = |row: &sqlx::sqlite::SqliteRow| {
        Ok(Entry {
            id: row.try_get(0)?,
            author: row.try_get(1)?,
            created_ms: row.try_get(2)?,
            items: serde_json::from_str(&row.try_get::<String, _>(3)?).unwrap_or_default(),
        })
    };
    rows.iter().map(entry).collect()
}
