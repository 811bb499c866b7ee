//! Who watches which issue.

use sqlx::{Row, SqliteConnection};

/// Adds a watcher; adding one twice changes nothing.
pub(crate) async fn add(connection: &mut SqliteConnection, issue_id: i64, account: &str) -> Result<(), sqlx::Error> {
    sqlx::query("INSERT INTO watcher (issue_id, account_id) VALUES (?, ?) ON CONFLICT DO NOTHING")
        .bind(issue_id)
        .bind(account.to_owned())
        .execute(connection)
        .await?;
    Ok(())
}

/// Removes a watcher; says whether there was one.
pub(crate) async fn remove(
    connection: &mut SqliteConnection,
    issue_id: i64,
    account: &str,
) -> Result<bool, sqlx::Error> {
    let done = sqlx::query("DELETE FROM watcher WHERE issue_id = ? AND account_id = ?")
        .bind(issue_id)
        .bind(account.to_owned())
        .execute(connection)
        .await?;
    Ok(done.rows_affected() > 0)
}

/// The account ids of an issue's watchers.
pub(crate) async fn of_issue(connection: &mut SqliteConnection, issue_id: i64) -> Result<Vec<String>, sqlx::Error> {
    let rows = sqlx::query("SELECT account_id FROM watcher WHERE issue_id = ? ORDER BY account_id")
        .bind(issue_id)
        .fetch_all(connection)
        .await?;
    rows.iter().map(|row| row.try_get(0)).collect()
}
