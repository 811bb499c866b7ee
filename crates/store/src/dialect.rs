//! What must differ between SQLite and PostgreSQL: connecting, the clock, locks, claiming, and the meaning of errors.

use crate::Micros;
use crate::database::{Conn, Wire, execute, one};
use crate::here::{self, Here};
use crate::migrate::{self, Migration};
use data_encoding::HEXLOWER;
use policy::{Fault, FaultCode};
use sqlx::postgres::{PgConnectOptions, PgPoolOptions};
use sqlx::sqlite::{SqliteConnectOptions, SqliteJournalMode, SqlitePoolOptions, SqliteSynchronous};
use sqlx::{ConnectOptions, Connection, PgPool, SqlitePool};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use std::str::FromStr;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

/// How long SQLite waits for the lock of another process before the work is refused as temporary.
pub(crate) const BUSY_TIMEOUT: Duration = Duration::from_secs(10);
/// Readers of one SQLite file.
const SQLITE_READERS_MAX: u32 = 8;
/// Connections to one PostgreSQL database; the writer and the listener for notices are among them.
const POSTGRES_CONNECTIONS_MAX: u32 = 16;
/// How long a caller waits for a free connection.
const ACQUIRE_TIMEOUT: Duration = Duration::from_secs(10);
/// No statement of ours takes longer, migrations excepted; a server that hangs becomes a temporary fault (FAULT-26).
const POSTGRES_STATEMENT_TIMEOUT_MS: u32 = 30_000;
/// A process that stops in the middle of a unit of work (SIGSTOP, a frozen machine, a cut network) holds its locks no longer
/// than this, or it would stop every other process with it (FAULT-30). Units never pause between their statements.
const POSTGRES_IDLE_IN_UNIT_TIMEOUT_MS: u32 = 10_000;
/// After a checkpoint the write-ahead log's file is cut to this.
const WAL_KEPT_BYTES: &str = "16777216";
/// Pages in the write-ahead log after which a checkpoint follows: each costs three flushes, and a page that changed often
/// in between is written back once.
const WAL_CHECKPOINT_PAGES: &str = "4000";
/// What the writer keeps of the database, in KiB: the leaves of the indexes that new rows go to at random.
const WRITER_CACHE_KIB: &str = "-8192";

/// The file behind one of the forms `sqlite:PATH` and `sqlite://PATH`, of which `sqlite:` is off already.
pub(crate) fn sqlite_path(path: &str) -> &Path {
    Path::new(path.strip_prefix("//").unwrap_or(path))
}

/// The files that SQLite keeps beside the database's own while a connection is open: the write-ahead log and the index of
/// what is in it. Of a database behind a link they stand where the link leads.
pub(crate) fn files_beside(path: &Path) -> [PathBuf; 2] {
    ["-wal", "-shm"].map(|ending| {
        let mut file = path.as_os_str().to_owned();
        file.push(ending);
        PathBuf::from(file)
    })
}

/// Whether there is nothing yet at `sqlite:PATH`. Servers are asked by their schema.
pub(crate) fn is_missing(url: &str) -> bool {
    url.strip_prefix("sqlite:").is_some_and(|path| size_bytes(sqlite_path(path)) == 0)
}

fn size_bytes(path: &Path) -> u64 {
    std::fs::metadata(path).map(|file| file.len()).unwrap_or(0)
}

/// SQLite throws a log away whose database is gone, and with it what was acknowledged last.
fn refuse_lone_log(path: &Path) -> Result<(), Fault> {
    let path = path.canonicalize().unwrap_or_else(|_| path.to_owned());
    let [log, _] = files_beside(&path);
    if size_bytes(&path) > 0 || size_bytes(&log) == 0 {
        return Ok(());
    }
    let why = "A database file is missing, but its write-ahead log is there and holds what came last. Put the file back \
               beside it, or restore a backup of both; nothing was changed.";
    Err(Fault::permanent(FaultCode::StoreUnavailable, log.display().to_string()).with_public(why))
}

/// Creates folder and file when missing, both for our eyes only: SQLite would follow the umask.
pub(crate) fn sqlite_options(path: &str) -> Result<SqliteConnectOptions, Fault> {
    let path = sqlite_path(path);
    create_folder(path.parent().unwrap_or(Path::new(".")))?;
    refuse_lone_log(path)?;
    std::fs::OpenOptions::new().create(true).append(true).mode(0o600).open(path).map_err(|error| {
        Fault::temporary(FaultCode::StoreUnavailable, format!("opening the database file: {error}"))
    })?;
    Ok(SqliteConnectOptions::new()
        .filename(path)
        .journal_mode(SqliteJournalMode::Wal)
        .synchronous(SqliteSynchronous::Full)
        .busy_timeout(BUSY_TIMEOUT)
        .pragma("journal_size_limit", WAL_KEPT_BYTES)
        .pragma("secure_delete", "ON")
        .disable_statement_logging())
}

/// A folder that only its owner may enter.
pub(crate) fn create_folder(path: &Path) -> Result<(), Fault> {
    if path.as_os_str().is_empty() || path.is_dir() {
        return Ok(());
    }
    std::fs::DirBuilder::new()
        .recursive(true)
        .mode(0o700)
        .create(path)
        .map_err(|error| Fault::temporary(FaultCode::StoreUnavailable, format!("creating a folder: {error}")))
}

/// Creates the file with its write-ahead log, and brings its schema up to date.
pub(crate) async fn migrate_sqlite(options: &SqliteConnectOptions, schema: &Migration) -> Result<(), Fault> {
    let mut conn = options.connect().await.map_err(fault)?;
    migrate::sqlite(&mut conn, schema).await?;
    conn.close().await.map_err(fault)
}

/// The one connection that writes, to a file that is there. What a unit of work would have to undo it keeps in memory: by default SQLite writes it to
/// a file, page by page, for every unit, and reads it back for almost none.
pub(crate) fn writer(path: &Path) -> Result<Here, Fault> {
    let pragmas = [
        ("journal_mode", "WAL"),
        ("synchronous", "FULL"),
        ("foreign_keys", "ON"),
        ("secure_delete", "ON"),
        ("journal_size_limit", WAL_KEPT_BYTES),
        ("temp_store", "MEMORY"),
        ("wal_autocheckpoint", WAL_CHECKPOINT_PAGES),
        ("cache_size", WRITER_CACHE_KIB),
    ];
    Here::open(path, &pragmas)
}

pub(crate) fn sqlite_readers(options: &SqliteConnectOptions) -> SqlitePool {
    SqlitePoolOptions::new()
        .max_connections(SQLITE_READERS_MAX)
        .acquire_timeout(ACQUIRE_TIMEOUT)
        // A file does not go away as a server does; the question would cost as much as the read.
        .test_before_acquire(false)
        .connect_lazy_with(options.clone().pragma("query_only", "ON"))
}

pub(crate) async fn postgres_pool(url: &str) -> Result<PgPool, Fault> {
    let options = PgConnectOptions::from_str(url).map_err(|_| {
        // The error's text could repeat the password that stands in the URL.
        let why = "the database's URL cannot be read";
        Fault::permanent(FaultCode::SettingsWrong, why).with_public(why)
    })?;
    let options = options
        .application_name("sealpost")
        // A server that answers before its log is on the disk would break the first promise.
        .options([("synchronous_commit", "on".to_owned())])
        .options([("statement_timeout", POSTGRES_STATEMENT_TIMEOUT_MS.to_string())])
        .options([("idle_in_transaction_session_timeout", POSTGRES_IDLE_IN_UNIT_TIMEOUT_MS.to_string())])
        .disable_statement_logging();
    PgPoolOptions::new()
        .max_connections(POSTGRES_CONNECTIONS_MAX)
        .acquire_timeout(ACQUIRE_TIMEOUT)
        .connect_with(options)
        .await
        .map_err(fault)
}

/// Runs one command that has no arguments and is not worth preparing.
pub(crate) async fn command(conn: &mut Conn, sql: &'static str) -> Result<(), Fault> {
    match conn.wire() {
        Wire::Here(wire) => wire.execute(sql, &[]).map(|_| ()).map_err(here::fault),
        Wire::Sqlite(wire) => sqlx::query(sql).execute(wire).await.map(|_| ()).map_err(fault),
        Wire::Postgres(wire) => sqlx::raw_sql(sql).execute(wire).await.map(|_| ()).map_err(fault),
    }
}

/// COMMIT on SQLite; with the fault whether the disk itself failed, after which nothing may be written any more (FAULT-07).
pub(crate) fn commit_sqlite(conn: &mut Conn) -> Result<(), (Fault, bool)> {
    let Wire::Here(wire) = conn.wire() else { return Ok(()) };
    wire.execute("COMMIT", &[]).map(|_| ()).map_err(|error| {
        let disk_failed = here::code(&error).is_some_and(|code| matches!(code, SQLITE_IOERR | SQLITE_CORRUPT));
        (here::fault(error), disk_failed)
    })
}

/// The database's clock. SQLite runs inside this process and on this machine's clock; PostgreSQL's server has its own, the
/// only one that all nodes share.
pub(crate) async fn now(conn: &mut Conn) -> Result<Micros, Fault> {
    if !conn.is_postgres() {
        return Ok(this_clock());
    }
    let sql = "SELECT CAST(EXTRACT(EPOCH FROM clock_timestamp()) * 1000000 AS BIGINT)";
    let row = one!(conn, (i64,), sql)?;
    row.map(|(now,)| now).ok_or_else(|| Fault::temporary(FaultCode::StoreUnavailable, "the database told no time"))
}

/// This machine's clock, for what no other node compares.
pub(crate) fn this_clock() -> Micros {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    i64::try_from(since.as_micros()).unwrap_or(Micros::MAX)
}

/// When the lease with this fence ends, with the row locked until the unit ends; `None` when it was lost.
/// SQLite needs no lock: its units run one after the other.
pub(crate) async fn lock_lease(conn: &mut Conn, job: &str, fence: i64) -> Result<Option<Micros>, Fault> {
    const SQLITE: &str = "SELECT due FROM jobs WHERE id = $1 AND fence = $2 AND state = 'running'";
    const POSTGRES: &str = "SELECT due FROM jobs WHERE id = $1 AND fence = $2 AND state = 'running' FOR UPDATE";
    let sql = if conn.is_postgres() { POSTGRES } else { SQLITE };
    Ok(one!(conn, (i64,), sql, job, fence)?.map(|(due,)| due))
}

/// Locks the row of a job until the unit ends, whatever its state, so that whoever works on it waits or was first. SQLite needs none.
pub(crate) async fn lock_job(conn: &mut Conn, job: &str) -> Result<(), Fault> {
    if conn.is_postgres() {
        execute!(conn, "SELECT id FROM jobs WHERE id = $1 FOR UPDATE", job)?;
    }
    Ok(())
}

/// Claiming, $1 now, $2 ended before this frees a lane, $3 to $6 kinds, $7 how many, $8 leased until, $9 worker.
macro_rules! claim_sql {
    ($lock:literal) => {
        concat!(
            "WITH picked AS MATERIALIZED (
                SELECT j.id AS chosen FROM jobs j
                WHERE j.state IN ('ready', 'running', 'waiting') AND j.due <= $1 AND j.kind IN ($3, $4, $5, $6)
                  AND NOT EXISTS (
                    SELECT 1 FROM jobs e WHERE e.lane = j.lane AND e.state <> 'done' AND e.id <> j.id
                      AND ((e.position < j.position AND (e.state IN ('ready', 'running', 'waiting') OR e.ended_at > $2))
                           OR (e.state = 'running' AND e.due > $1)))
                  AND NOT EXISTS (
                    SELECT 1 FROM jobs e WHERE e.issue_lane = j.issue_lane AND e.state <> 'done' AND e.id <> j.id
                      AND ((e.position < j.position AND (e.state IN ('ready', 'running', 'waiting') OR e.ended_at > $2))
                           OR (e.state = 'running' AND e.due > $1)))
                ORDER BY j.due, j.position LIMIT $7",
            $lock,
            ")
            UPDATE jobs SET state = 'running', tries = tries + 1, fence = fence + 1, due = $8, worker = $9, ended_at = NULL
            FROM picked WHERE jobs.id = picked.chosen
            RETURNING id, kind, site, subject, tries, fence, due, created_at, position"
        )
    };
}

/// On PostgreSQL rows that somebody works on are stepped over instead of waited for.
pub(crate) fn claim_sql(conn: &Conn) -> &'static str {
    if conn.is_postgres() { claim_sql!(" FOR UPDATE OF j SKIP LOCKED") } else { claim_sql!("") }
}

/// One claim at a time in the whole database: two at once could each see the other's job of a lane as still unclaimed.
/// Claims are short and take several jobs, so this costs little; nothing else waits for it.
pub(crate) async fn lock_claims(conn: &mut Conn) -> Result<(), Fault> {
    lock(conn, "SELECT pg_advisory_xact_lock(736665730001)").await
}

/// One linker of the audit chain at a time.
pub(crate) async fn lock_audit(conn: &mut Conn) -> Result<(), Fault> {
    lock(conn, "SELECT pg_advisory_xact_lock(736665730002)").await
}

/// One that asks for a rehearsal or a replay of a message at a time: two at once would not see each other's.
pub(crate) async fn lock_asking(conn: &mut Conn, message: &str) -> Result<(), Fault> {
    if conn.is_postgres() {
        execute!(conn, "SELECT pg_advisory_xact_lock(736666, hashtext($1))", message)?;
    }
    Ok(())
}

/// One that counts and keeps keys of a person (the hash of an address) at a time: two at once would each be the first.
pub(crate) async fn lock_person_keys(conn: &mut Conn, site: &str, address: &[u8]) -> Result<(), Fault> {
    if conn.is_postgres() {
        let person = format!("{site} {}", HEXLOWER.encode(address));
        execute!(conn, "SELECT pg_advisory_xact_lock(736667, hashtext($1))", &person)?;
    }
    Ok(())
}

/// One that counts and posts a site's letters at a time, until the unit ends: two at once would not see each other's. It is the last
/// lock that a unit waits for.
pub(crate) async fn lock_letters(conn: &mut Conn, site: &str) -> Result<(), Fault> {
    if conn.is_postgres() {
        execute!(conn, "SELECT pg_advisory_xact_lock(736665, hashtext($1))", site)?;
    }
    Ok(())
}

async fn lock(conn: &mut Conn, sql: &'static str) -> Result<(), Fault> {
    if conn.is_postgres() { command(conn, sql).await } else { Ok(()) }
}

/// Remembers handles as left behind, $1 site, $2 mailbox, $3 the hashes in hex as a JSON list: thousands in one statement.
pub(crate) fn leave_behind_sql(conn: &Conn) -> &'static str {
    if conn.is_postgres() {
        "INSERT INTO left_behind (site, mailbox, handle)
            SELECT $1, $2, decode(value, 'hex') FROM json_array_elements_text(CAST($3 AS JSON))
            ON CONFLICT (site, mailbox, handle) DO NOTHING"
    } else {
        // Without WHERE the parser takes ON for the beginning of a join.
        "INSERT INTO left_behind (site, mailbox, handle)
            SELECT $1, $2, unhex(value) FROM json_each($3) WHERE TRUE
            ON CONFLICT (site, mailbox, handle) DO NOTHING"
    }
}

/// A query about handles, $1 site, $2 mailbox, $3 the hashes in hex as a JSON list, which it knows as `listed`. The order of CROSS
/// JOIN is the order in which SQLite reads; else it goes through all messages of the mailbox.
macro_rules! about_handles {
    ($conn:expr, $query:literal) => {
        if $conn.is_postgres() {
            concat!(
                "WITH listed AS MATERIALIZED (SELECT decode(value, 'hex') AS handle
                    FROM json_array_elements_text(CAST($3 AS JSON))) ",
                $query
            )
        } else {
            concat!("WITH listed AS MATERIALIZED (SELECT unhex(value) AS handle FROM json_each($3)) ", $query)
        }
    };
}

/// A statement about handles and sizes, $3 their pairs as a JSON list, which it knows as `listed`; what is inserted stands before it.
macro_rules! about_sizes {
    ($conn:expr, $insert:literal, $query:literal) => {
        if $conn.is_postgres() {
            concat!(
                $insert,
                "WITH listed AS MATERIALIZED (
                    SELECT decode(value ->> 0, 'hex') AS handle, CAST(value ->> 1 AS BIGINT) AS size_bytes
                    FROM json_array_elements(CAST($3 AS JSON)) AS pairs (value)) ",
                $query
            )
        } else {
            concat!(
                $insert,
                "WITH listed AS MATERIALIZED (
                    SELECT unhex(json_extract(value, '$[0]')) AS handle, json_extract(value, '$[1]') AS size_bytes
                    FROM json_each($3)) ",
                $query
            )
        }
    };
}

/// Those that were neither taken in nor left behind: as a rule few, and the others cost no row of the answer.
pub(crate) fn unknown_handles_sql(conn: &Conn) -> &'static str {
    about_handles!(
        conn,
        "SELECT handle FROM listed WHERE NOT EXISTS (
            SELECT 1 FROM left_behind l WHERE l.site = $1 AND l.mailbox = $2 AND l.handle = listed.handle)
          AND NOT EXISTS (
            SELECT 1 FROM messages m WHERE m.site = $1 AND m.mailbox = $2 AND m.handle = listed.handle)
          AND NOT EXISTS (
            SELECT 1 FROM second_names n WHERE n.site = $1 AND n.mailbox = $2 AND n.handle = listed.handle)"
    )
}

/// The messages that were taken in under them.
pub(crate) fn messages_of_handles_sql(conn: &Conn) -> &'static str {
    about_handles!(
        conn,
        "SELECT m.handle, m.id FROM listed CROSS JOIN messages m
            WHERE m.site = $1 AND m.mailbox = $2 AND m.handle = listed.handle
          UNION ALL SELECT n.handle, n.message FROM listed JOIN second_names n
            ON n.site = $1 AND n.mailbox = $2 AND n.handle = listed.handle"
    )
}

/// Those that were taken in at $4 or before.
pub(crate) fn old_handles_sql(conn: &Conn) -> &'static str {
    about_handles!(
        conn,
        "SELECT m.handle FROM listed CROSS JOIN messages m
            WHERE m.site = $1 AND m.mailbox = $2 AND m.handle = listed.handle AND m.received_at <= $4 AND m.shadow = 0
          UNION ALL SELECT n.handle FROM listed JOIN second_names n
            ON n.site = $1 AND n.mailbox = $2 AND n.handle = listed.handle
          JOIN messages m ON m.id = n.message WHERE m.received_at <= $4 AND m.shadow = 0"
    )
}

/// Mails of which another size was remembered, or none; $3 the pairs of hash in hex and size as a JSON list.
pub(crate) fn resized_sql(conn: &Conn) -> &'static str {
    about_sizes!(
        conn,
        "",
        "SELECT listed.handle, s.size_bytes FROM listed LEFT JOIN listed_sizes s
            ON s.site = $1 AND s.mailbox = $2 AND s.handle = listed.handle
            WHERE s.size_bytes IS NULL OR s.size_bytes <> listed.size_bytes"
    )
}

/// Remembers the sizes; one statement may name no row twice.
pub(crate) fn remember_sizes_sql(conn: &Conn) -> &'static str {
    about_sizes!(
        conn,
        "INSERT INTO listed_sizes (site, mailbox, handle, size_bytes) ",
        "SELECT $1, $2, handle, MAX(size_bytes) FROM listed WHERE TRUE GROUP BY handle
            ON CONFLICT (site, mailbox, handle) DO UPDATE SET size_bytes = excluded.size_bytes"
    )
}

// Primary result codes of SQLite (https://sqlite.org/rescode.html).
const SQLITE_BUSY: i32 = 5;
const SQLITE_LOCKED: i32 = 6;
const SQLITE_READONLY: i32 = 8;
const SQLITE_IOERR: i32 = 10;
const SQLITE_CORRUPT: i32 = 11;
const SQLITE_FULL: i32 = 13;
const SQLITE_CANTOPEN: i32 = 14;
const SQLITE_NOTADB: i32 = 26;

/// The primary part of SQLite's extended result code. PostgreSQL's have five characters.
fn sqlite_code(error: &sqlx::Error) -> Option<i32> {
    let error = error.as_database_error()?.try_downcast_ref::<sqlx::sqlite::SqliteError>()?;
    let code: i32 = sqlx::error::DatabaseError::code(error)?.parse().ok()?;
    Some(code & 0xff)
}

/// What the primary part of SQLite's result code means for the work.
pub(crate) fn fault_of_sqlite(code: i32, detail: String) -> Fault {
    match code {
        SQLITE_FULL => Fault::temporary(FaultCode::DiskFull, detail),
        SQLITE_CORRUPT | SQLITE_NOTADB => Fault::permanent(FaultCode::StoreCorrupt, detail),
        SQLITE_BUSY | SQLITE_LOCKED | SQLITE_READONLY | SQLITE_IOERR | SQLITE_CANTOPEN => {
            Fault::temporary(FaultCode::StoreUnavailable, detail)
        }
        _ => Fault::permanent(FaultCode::Internal, detail),
    }
}

/// What an error of the database means for the work. The detail names no value: messages of both databases name columns and
/// constraints, and what stands in the columns is sealed or hashed anyway.
pub(crate) fn fault(error: sqlx::Error) -> Fault {
    let detail = error.to_string();
    if let Some(code) = sqlite_code(&error) {
        return fault_of_sqlite(code, detail);
    }
    if let sqlx::Error::Database(database) = &error {
        let code = database.code().unwrap_or_default().into_owned();
        return match (code.as_str(), code.get(..2).unwrap_or_default()) {
            ("53100", _) => Fault::temporary(FaultCode::DiskFull, detail),
            ("XX001" | "XX002", _) => Fault::permanent(FaultCode::StoreCorrupt, detail),
            // Data exceptions, constraints, unknown tables: mistakes of ours that repeating does not mend.
            (_, "21" | "22" | "23" | "42") => Fault::permanent(FaultCode::Internal, detail),
            _ => Fault::temporary(FaultCode::StoreUnavailable, detail),
        };
    }
    match error {
        sqlx::Error::ColumnDecode { .. } | sqlx::Error::Decode(_) | sqlx::Error::ColumnNotFound(_) => {
            Fault::permanent(FaultCode::StoreCorrupt, detail)
        }
        _ => Fault::temporary(FaultCode::StoreUnavailable, detail),
    }
}
