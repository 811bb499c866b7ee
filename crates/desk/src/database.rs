//! Opens the desk's SQLite file and brings its tables up to date.

use crate::Error;
use crate::writer::Writer;
use sqlx::sqlite::{SqliteConnectOptions, SqliteJournalMode, SqlitePoolOptions, SqliteSynchronous};
use sqlx::{ConnectOptions, Row, SqliteConnection, SqlitePool};
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;
use std::time::Duration;

/// Connections that only read.
const READERS: u32 = 4;
/// How long a connection waits for another's lock.
const LOCK_WAIT_MAX: Duration = Duration::from_secs(10);
/// Prepared statements that each connection keeps.
const STATEMENTS_KEPT: usize = 200;

/// Each migration's number is its place in this list, from 1.
const MIGRATIONS: &[&str] = &[
    include_str!("../migrations/0001_first.sql"),
    include_str!("../migrations/0002_fields.sql"),
    include_str!("../migrations/0003_made_fields.sql"),
];

/// Opens the file, creating it where needed.
pub(crate) async fn open(file: &Path) -> Result<(SqlitePool, Writer), Error> {
    // Before SQLite does it, which would follow the umask: what people wrote stands in it in clear.
    std::fs::OpenOptions::new().create(true).append(true).mode(0o600).open(file)?;
    // FULL: an answer that was given is on disk, or the tests of lost answers would prove nothing.
    let options = SqliteConnectOptions::new()
        .filename(file)
        .create_if_missing(true)
        .journal_mode(SqliteJournalMode::Wal)
        .synchronous(SqliteSynchronous::Full)
        .busy_timeout(LOCK_WAIT_MAX)
        .statement_cache_capacity(STATEMENTS_KEPT);
    let mut connection = options.connect().await?;
    migrate(&mut connection).await?;
    let readers = SqlitePoolOptions::new()
        .max_connections(READERS)
        .test_before_acquire(false)
        .connect_with(options.create_if_missing(false).read_only(true))
        .await?;
    Ok((readers, Writer::start(connection)))
}

async fn migrate(connection: &mut SqliteConnection) -> Result<(), Error> {
    let done: i64 = sqlx::query("PRAGMA user_version").fetch_one(&mut *connection).await?.try_get(0)?;
    let done = usize::try_from(done).unwrap_or(usize::MAX);
    if done > MIGRATIONS.len() {
        return Err(Error::NewerDatabase { found: done, known: MIGRATIONS.len() });
    }
    for (position, migration) in MIGRATIONS.iter().enumerate().skip(done) {
        let number = position + 1;
        // One transaction with its own mark, so that a crash leaves either none of it or all.
        let text = format!("BEGIN IMMEDIATE; {migration} PRAGMA user_version = {number}; COMMIT;");
        sqlx::raw_sql(sqlx::AssertSqlSafe(text)).execute(&mut *connection).await?;
    }
    Ok(())
}
