//! Links between two issues.

use sqlx::sqlite::SqliteRow;
use sqlx::{Row, SqliteConnection};

/// One link; the outward issue "blocks" the inward one, to say it with that link type.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Link {
    pub(crate) id: i64,
    pub(crate) type_id: i64,
    pub(crate) inward_id: i64,
    pub(crate) outward_id: i64,
}

fn from_row(row: &SqliteRow) -> Result<Link, sqlx::Error> {
    Ok(Link { id: row.try_get(0)?, type_id: row.try_get(1)?, inward_id: row.try_get(2)?, outward_id: row.try_get(3)? })
}

/// Inserts a link and gives its id.
pub(crate) async fn insert(connection: &mut SqliteConnection, link: Link) -> Result<i64, sqlx::Error> {
    let row = sqlx::query("INSERT INTO issue_link (type_id, inward_id, outward_id) VALUES (?, ?, ?) RETURNING id")
        .bind(link.type_id)
        .bind(link.inward_id)
        .bind(link.outward_id)
        .fetch_one(connection)
        .await?;
    row.try_get(0)
}

/// The link with this id.
pub(crate) async fn find(connection: &mut SqliteConnection, id: i64) -> Result<Option<Link>, sqlx::Error> {
    let row = sqlx::query("SELECT id, type_id, inward_id, outward_id FROM issue_link WHERE id = ?")
        .bind(id)
        .fetch_optional(connection)
        .await?;
    row.as_ref().map(from_row).transpose()
}

/// An issue's links, oldest first.
pub(crate) async fn of_issue(connection: &mut SqliteConnection, issue_id: i64) -> Result<Vec<Link>, sqlx::Error> {
    let statement = "SELECT id, type_id, inward_id, outward_id FROM issue_link WHERE inward_id = ? \
                     UNION SELECT id, type_id, inward_id, outward_id FROM issue_link WHERE outward_id = ? ORDER BY id";
    let rows = sqlx::query(statement).bind(issue_id).bind(issue_id).fetch_all(connection).await?;
    rows.iter().map(from_row).collect()
}

/// Removes a link; says whether it was there.
pub(crate) async fn remove(connection: &mut SqliteConnection, id: i64) -> Result<bool, sqlx::Error> {
    let done = sqlx::query("DELETE FROM issue_link WHERE id = ?").bind(id).execute(connection).await?;
    Ok(done.rows_affected() > 0)
}
