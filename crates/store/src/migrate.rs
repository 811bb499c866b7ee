//! Brings a schema up to date under a lock, and refuses one that is newer than this program.

use crate::dialect;
use policy::{Fault, FaultCode};
use sqlx::{AssertSqlSafe, Connection, Executor, PgPool, SqliteConnection};

/// The steps of one schema, oldest first; step n leads to version n. SQL texts are compiled in from `migrations/`.
pub(crate) struct Migration {
    sqlite: &'static [&'static str],
    postgres: &'static [&'static str],
}

/// The main database.
pub(crate) const MAIN: Migration = Migration {
    sqlite: &[
        include_str!("../../../migrations/sqlite/0001_walk.sql"),
        include_str!("../../../migrations/sqlite/0002_fetch.sql"),
        include_str!("../../../migrations/sqlite/0003_letters.sql"),
        include_str!("../../../migrations/sqlite/0004_folders.sql"),
        include_str!("../../../migrations/sqlite/0005_grants.sql"),
        include_str!("../../../migrations/sqlite/0006_filters.sql"),
        include_str!("../../../migrations/sqlite/0007_retention.sql"),
        include_str!("../../../migrations/sqlite/0008_tokens.sql"),
        include_str!("../../../migrations/sqlite/0009_kept_files.sql"),
        include_str!("../../../migrations/sqlite/0010_upload_links.sql"),
        include_str!("../../../migrations/sqlite/0011_turns.sql"),
        include_str!("../../../migrations/sqlite/0012_support.sql"),
        include_str!("../../../migrations/sqlite/0013_rounds.sql"),
        include_str!("../../../migrations/sqlite/0014_shadow.sql"),
        include_str!("../../../migrations/sqlite/0015_own.sql"),
        include_str!("../../../migrations/sqlite/0016_listed_sizes.sql"),
        include_str!("../../../migrations/sqlite/0017_rehearsals.sql"),
        include_str!("../../../migrations/sqlite/0018_letter_bounds.sql"),
        include_str!("../../../migrations/sqlite/0019_events.sql"),
        include_str!("../../../migrations/sqlite/0020_outbox.sql"),
        include_str!("../../../migrations/sqlite/0021_meter.sql"),
        include_str!("../../../migrations/sqlite/0022_kept.sql"),
        include_str!("../../../migrations/sqlite/0023_written.sql"),
        include_str!("../../../migrations/sqlite/0024_summaries.sql"),
        include_str!("../../../migrations/sqlite/0025_returned.sql"),
        include_str!("../../../migrations/sqlite/0026_billing.sql"),
        include_str!("../../../migrations/sqlite/0027_periods.sql"),
        include_str!("../../../migrations/sqlite/0028_relay.sql"),
        include_str!("../../../migrations/sqlite/0029_sealed.sql"),
        include_str!("../../../migrations/sqlite/0030_unsealed.sql"),
        include_str!("../../../migrations/sqlite/0031_person_keys.sql"),
        include_str!("../../../migrations/sqlite/0032_relay_kept.sql"),
        include_str!("../../../migrations/sqlite/0033_key_challenges.sql"),
        include_str!("../../../migrations/sqlite/0034_held_by_rules.sql"),
        include_str!("../../../migrations/sqlite/0035_reminders.sql"),
    ],
    postgres: &[
        include_str!("../../../migrations/postgres/0001_walk.sql"),
        include_str!("../../../migrations/postgres/0002_fetch.sql"),
        include_str!("../../../migrations/postgres/0003_letters.sql"),
        include_str!("../../../migrations/postgres/0004_folders.sql"),
        include_str!("../../../migrations/postgres/0005_grants.sql"),
        include_str!("../../../migrations/postgres/0006_filters.sql"),
        include_str!("../../../migrations/postgres/0007_retention.sql"),
        include_str!("../../../migrations/postgres/0008_tokens.sql"),
        include_str!("../../../migrations/postgres/0009_kept_files.sql"),
        include_str!("../../../migrations/postgres/0010_upload_links.sql"),
        include_str!("../../../migrations/postgres/0011_turns.sql"),
        include_str!("../../../migrations/postgres/0012_support.sql"),
        include_str!("../../../migrations/postgres/0013_rounds.sql"),
        include_str!("../../../migrations/postgres/0014_shadow.sql"),
        include_str!("../../../migrations/postgres/0015_own.sql"),
        include_str!("../../../migrations/postgres/0016_listed_sizes.sql"),
        include_str!("../../../migrations/postgres/0017_rehearsals.sql"),
        include_str!("../../../migrations/postgres/0018_letter_bounds.sql"),
        include_str!("../../../migrations/postgres/0019_events.sql"),
        include_str!("../../../migrations/postgres/0020_outbox.sql"),
        include_str!("../../../migrations/postgres/0021_meter.sql"),
        include_str!("../../../migrations/postgres/0022_kept.sql"),
        include_str!("../../../migrations/postgres/0023_written.sql"),
        include_str!("../../../migrations/postgres/0024_summaries.sql"),
        include_str!("../../../migrations/postgres/0025_returned.sql"),
        include_str!("../../../migrations/postgres/0026_billing.sql"),
        include_str!("../../../migrations/postgres/0027_periods.sql"),
        include_str!("../../../migrations/postgres/0028_relay.sql"),
        include_str!("../../../migrations/postgres/0029_sealed.sql"),
        include_str!("../../../migrations/postgres/0030_unsealed.sql"),
        include_str!("../../../migrations/postgres/0031_person_keys.sql"),
        include_str!("../../../migrations/postgres/0032_relay_kept.sql"),
        include_str!("../../../migrations/postgres/0033_key_challenges.sql"),
        include_str!("../../../migrations/postgres/0034_held_by_rules.sql"),
        include_str!("../../../migrations/postgres/0035_reminders.sql"),
    ],
};

/// The key book.
pub(crate) const KEY_BOOK: Migration = Migration {
    sqlite: &[include_str!("../../../migrations/sqlite/key_book/0001_keys.sql")],
    postgres: &[include_str!("../../../migrations/postgres/key_book/0001_keys.sql")],
};

const CREATE: &str = "CREATE TABLE IF NOT EXISTS schema_version (version BIGINT PRIMARY KEY)";
const NEWEST: &str = "SELECT COALESCE(MAX(version), 0) FROM schema_version";
const RECORD: &str = "INSERT INTO schema_version (version) VALUES ($1)";
/// Held until the migration's transaction ends, so that nodes that start together do it once.
const LOCK: &str = "SELECT pg_advisory_xact_lock(736665730000)";
/// A migration may take longer than any other statement.
const NO_TIMEOUT: &str = "SET LOCAL statement_timeout = 0";

/// All missing steps in one transaction: a crash in between leaves the old schema.
pub(crate) async fn sqlite(conn: &mut SqliteConnection, schema: &Migration) -> Result<(), Fault> {
    let mut transaction = conn.begin_with("BEGIN IMMEDIATE").await.map_err(dialect::fault)?;
    transaction.execute(CREATE).await.map_err(dialect::fault)?;
    let (found,): (i64,) = sqlx::query_as(NEWEST).fetch_one(&mut *transaction).await.map_err(dialect::fault)?;
    for (version, sql) in missing(found, schema.sqlite)? {
        sqlx::raw_sql(AssertSqlSafe(sql)).execute(&mut *transaction).await.map_err(failed)?;
        sqlx::query(RECORD).bind(version).execute(&mut *transaction).await.map_err(dialect::fault)?;
    }
    transaction.commit().await.map_err(dialect::fault)
}

/// As [`sqlite`]; PostgreSQL's schema changes are transactional too.
pub(crate) async fn postgres(pool: &PgPool, schema: &Migration) -> Result<(), Fault> {
    let mut transaction = pool.begin().await.map_err(dialect::fault)?;
    transaction.execute(NO_TIMEOUT).await.map_err(dialect::fault)?;
    transaction.execute(LOCK).await.map_err(dialect::fault)?;
    transaction.execute(CREATE).await.map_err(dialect::fault)?;
    let (found,): (i64,) = sqlx::query_as(NEWEST).fetch_one(&mut *transaction).await.map_err(dialect::fault)?;
    for (version, sql) in missing(found, schema.postgres)? {
        sqlx::raw_sql(AssertSqlSafe(sql)).execute(&mut *transaction).await.map_err(failed)?;
        sqlx::query(RECORD).bind(version).execute(&mut *transaction).await.map_err(dialect::fault)?;
    }
    transaction.commit().await.map_err(dialect::fault)
}

/// The steps above the version found, with the version that each leads to.
fn missing(found: i64, steps: &'static [&'static str]) -> Result<Vec<(i64, &'static str)>, Fault> {
    let numbered: Vec<(i64, &'static str)> = (1..).zip(steps.iter().copied()).collect();
    let known = numbered.last().map_or(0, |(version, _)| *version);
    if found > known {
        let why = format!("the database has schema {found}, this program knows up to {known}");
        return Err(Fault::permanent(FaultCode::StoreSchema, why));
    }
    Ok(numbered.into_iter().filter(|(version, _)| *version > found).collect())
}

fn failed(error: sqlx::Error) -> Fault {
    Fault::permanent(FaultCode::StoreSchema, error.to_string())
}
