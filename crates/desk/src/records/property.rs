//! Entity properties: small JSON values under a key, on issues, comments and worklogs.

use super::stored_json;
use serde_json::Value;
use sqlx::{Row, SqliteConnection};

/// What a property hangs on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Owner {
    Issue(i64),
    Comment(i64),
}

impl Owner {
    fn columns(self) -> (&'static str, i64) {
        match self {
            Owner::Issue(id) => ("issue", id),
            Owner::Comment(id) => ("comment", id),
        }
    }
}

/// A key and its value.
pub(crate) type Property = (String, Value);

/// Sets a property; says whether it is new.
pub(crate) async fn set(
    connection: &mut SqliteConnection,
    owner: Owner,
    (key, value): &Property,
) -> Result<bool, sqlx::Error> {
    let known = get(&mut *connection, owner, key).await?.is_some();
    put(connection, owner, key, value).await?;
    Ok(!known)
}

/// Sets these properties, whatever was there.
pub(crate) async fn set_all(
    connection: &mut SqliteConnection,
    owner: Owner,
    properties: &[Property],
) -> Result<(), sqlx::Error> {
    for (key, value) in properties {
        put(&mut *connection, owner, key, value).await?;
    }
    Ok(())
}

async fn put(connection: &mut SqliteConnection, owner: Owner, key: &str, value: &Value) -> Result<(), sqlx::Error> {
    let (kind, id) = owner.columns();
    let statement = "INSERT INTO property (owner, owner_id, key, value) VALUES (?, ?, ?, ?) \
                     ON CONFLICT (owner, owner_id, key) DO UPDATE SET value = excluded.value";
    sqlx::query(statement).bind(kind).bind(id).bind(key.to_owned()).bind(value.to_string()).execute(connection).await?;
    Ok(())
}

/// One property's value.
pub(crate) async fn get(
    connection: &mut SqliteConnection,
    owner: Owner,
    key: &str,
) -> Result<Option<Value>, sqlx::Error> {
    let (kind, id) = owner.columns();
    let row = sqlx::query("SELECT value FROM property WHERE owner = ? AND owner_id = ? AND key = ?")
        .bind(kind)
        .bind(id)
        .bind(key.to_owned())
        .fetch_optional(connection)
        .await?;
    Ok(row.map(|row| row.try_get::<String, _>(0)).transpose()?.map(|text| stored_json(&text)))
}

/// All properties, ordered by key.
pub(crate) async fn all(connection: &mut SqliteConnection, owner: Owner) -> Result<Vec<Property>, sqlx::Error> {
    let (kind, id) = owner.columns();
    let rows = sqlx::query("SELECT key, value FROM property WHERE owner = ? AND owner_id = ? ORDER BY key")
        .bind(kind)
        .bind(id)
        .fetch_all(connection)
        .await?;
    rows.iter().map(|row| Ok((row.try_get(0)?, stored_json(&row.try_get::<String, _>(1)?)))).collect()
}

/// Removes a property; says whether it was there.
pub(crate) async fn remove(connection: &mut SqliteConnection, owner: Owner, key: &str) -> Result<bool, sqlx::Error> {
    let (kind, id) = owner.columns();
    let done = sqlx::query("DELETE FROM property WHERE owner = ? AND owner_id = ? AND key = ?")
        .bind(kind)
        .bind(id)
        .bind(key.to_owned())
        .execute(connection)
        .await?;
    Ok(done.rows_affected() > 0)
}

/// Removes all properties of a comment.
pub(crate) async fn remove_all(connection: &mut SqliteConnection, owner: Owner) -> Result<(), sqlx::Error> {
    let (kind, id) = owner.columns();
    sqlx::query("DELETE FROM property WHERE owner = ? AND owner_id = ?")
        .bind(kind)
        .bind(id)
        .execute(connection)
        .await?;
    Ok(())
}
