//! Attachments as rows; their bytes are files in the desk's folder.

use sqlx::sqlite::SqliteRow;
use sqlx::{Row, SqliteConnection};

/// One attachment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Attachment {
    /// 0 until it is inserted.
    pub(crate) id: i64,
    pub(crate) issue_id: i64,
    pub(crate) name: String,
    pub(crate) mime: String,
    pub(crate) size_bytes: i64,
    /// The file's name in the folder: random, so that no name from outside ever touches the disk.
    pub(crate) file: String,
    pub(crate) author: String,
    pub(crate) created_ms: i64,
}

/// A picture that serves as a small one of itself.
const SMALL_BYTES_MAX: i64 = 65_536;

impl Attachment {
    pub(crate) fn is_small_picture(&self) -> bool {
        self.mime.starts_with("image/") && self.size_bytes <= SMALL_BYTES_MAX
    }
}

macro_rules! select_attachments {
    ($tail:expr) => {
        concat!("SELECT id, issue_id, name, mime, size_bytes, file, author, created_ms FROM attachment ", $tail)
    };
}

fn from_row(row: &SqliteRow) -> Result<Attachment, sqlx::Error> {
    Ok(Attachment {
        id: row.try_get(0)?,
        issue_id: row.try_get(1)?,
        name: row.try_get(2)?,
        mime: row.try_get(3)?,
        size_bytes: row.try_get(4)?,
        file: row.try_get(5)?,
        author: row.try_get(6)?,
        created_ms: row.try_get(7)?,
    })
}

/// Inserts an attachment and sets its id.
pub(crate) async fn insert(connection: &mut SqliteConnection, one: &mut Attachment) -> Result<(), sqlx::Error> {
    let statement = "INSERT INTO attachment (issue_id, name, mime, size_bytes, file, author, created_ms) \
                     VALUES (?, ?, ?, ?, ?, ?, ?) RETURNING id";
    let row = sqlx::query(statement)
        .bind(one.issue_id)
        .bind(one.name.clone())
        .bind(one.mime.clone())
        .bind(one.size_bytes)
        .bind(one.file.clone())
        .bind(one.author.clone())
        .bind(one.created_ms)
        .fetch_one(connection)
        .await?;
    one.id = row.try_get(0)?;
    Ok(())
}

/// The attachment with this id.
pub(crate) async fn find(connection: &mut SqliteConnection, id: i64) -> Result<Option<Attachment>, sqlx::Error> {
    let row = sqlx::query(select_attachments!("WHERE id = ?")).bind(id).fetch_optional(connection).await?;
    row.as_ref().map(from_row).transpose()
}

/// The attachment whose bytes are in this file.
pub(crate) async fn by_file(connection: &mut SqliteConnection, file: &str) -> Result<Option<Attachment>, sqlx::Error> {
    let row = sqlx::query(select_attachments!("WHERE file = ?"));
    row.bind(file.to_owned()).fetch_optional(connection).await?.as_ref().map(from_row).transpose()
}

/// An issue's attachments, oldest first.
pub(crate) async fn of_issue(connection: &mut SqliteConnection, issue_id: i64) -> Result<Vec<Attachment>, sqlx::Error> {
    let rows =
        sqlx::query(select_attachments!("WHERE issue_id = ? ORDER BY id")).bind(issue_id).fetch_all(connection).await?;
    rows.iter().map(from_row).collect()
}

/// Deletes the row.
pub(crate) async fn delete(connection: &mut SqliteConnection, id: i64) -> Result<(), sqlx::Error> {
    sqlx::query("DELETE FROM attachment WHERE id = ?").bind(id).execute(connection).await?;
    Ok(())
}
