//! One database, SQLite or PostgreSQL: reads, units of work, and the macros that run one SQL text on either.

use crate::dialect;
use crate::footing::Footing;
use crate::here::Here;
use crate::migrate::{self, Migration};
use crate::writer::Writer;
use futures_util::future::BoxFuture;
use policy::{Fault, FaultCode};
use sqlx::pool::PoolConnection;
use sqlx::{PgConnection, PgPool, Postgres, Sqlite, SqliteConnection, SqlitePool, Transaction};

/// What a unit of work, or a read, does with its connection. It must not outlive it, hence the box.
pub(crate) type Work<T> = Box<dyn for<'c> FnOnce(&'c mut Conn) -> BoxFuture<'c, Result<T, Fault>> + Send>;

/// A connection that SQL can be run on with `execute!`, `all!` and `one!`.
pub(crate) enum Conn {
    /// The writer's own, inside `BEGIN IMMEDIATE`; and whether the unit of work has ended its savepoint itself.
    SqliteWriter(Here, bool),
    SqliteReader(PoolConnection<Sqlite>),
    PostgresUnit(Transaction<'static, Postgres>),
    PostgresReader(PoolConnection<Postgres>),
}

/// The things that SQL is really sent to.
pub(crate) enum Wire<'c> {
    Here(&'c mut Here),
    Sqlite(&'c mut SqliteConnection),
    Postgres(&'c mut PgConnection),
}

impl Conn {
    pub(crate) fn wire(&mut self) -> Wire<'_> {
        match self {
            Conn::SqliteWriter(conn, _) => Wire::Here(conn),
            Conn::SqliteReader(conn) => Wire::Sqlite(conn),
            Conn::PostgresUnit(conn) => Wire::Postgres(conn),
            Conn::PostgresReader(conn) => Wire::Postgres(conn),
        }
    }

    /// A unit of work tells that its last statement was followed by [`END_UNIT`](crate::writer::END_UNIT) in the same go: nothing
    /// comes after it that could fail.
    pub(crate) fn unit_has_ended(&mut self) {
        if let Conn::SqliteWriter(_, ended) = self {
            *ended = true;
        }
    }

    /// Whether it did, since this was asked last.
    pub(crate) fn take_ended(&mut self) -> bool {
        match self {
            Conn::SqliteWriter(_, ended) => std::mem::take(ended),
            _ => false,
        }
    }

    pub(crate) fn is_postgres(&self) -> bool {
        matches!(self, Conn::PostgresUnit(_) | Conn::PostgresReader(_))
    }
}

/// Runs a statement; the number of rows that it changed.
macro_rules! execute {
    ($conn:expr, $sql:expr $(, $arg:expr)* $(,)?) => {
        match $conn.wire() {
            $crate::database::Wire::Here(wire) => {
                let sql = sqlx::SqlSafeStr::into_sql_str($sql);
                wire.execute(sql.as_str(), rusqlite::params![$($arg),*]).map_err($crate::here::fault)
            }
            $crate::database::Wire::Sqlite(wire) =>
                sqlx::query::<sqlx::Sqlite>($sql)$(.bind($arg))*.execute(wire).await.map(|done| done.rows_affected()).map_err($crate::dialect::fault),
            $crate::database::Wire::Postgres(wire) =>
                sqlx::query::<sqlx::Postgres>($sql)$(.bind($arg))*.execute(wire).await.map(|done| done.rows_affected()).map_err($crate::dialect::fault),
        }
    };
}

/// All rows as tuples of the named type.
macro_rules! all {
    ($conn:expr, $row:ty, $sql:expr $(, $arg:expr)* $(,)?) => {
        match $conn.wire() {
            $crate::database::Wire::Here(wire) => {
                let sql = sqlx::SqlSafeStr::into_sql_str($sql);
                wire.all::<$row>(sql.as_str(), rusqlite::params![$($arg),*]).map_err($crate::here::fault)
            }
            $crate::database::Wire::Sqlite(wire) =>
                sqlx::query_as::<sqlx::Sqlite, $row>($sql)$(.bind($arg))*.fetch_all(wire).await.map_err($crate::dialect::fault),
            $crate::database::Wire::Postgres(wire) =>
                sqlx::query_as::<sqlx::Postgres, $row>($sql)$(.bind($arg))*.fetch_all(wire).await.map_err($crate::dialect::fault),
        }
    };
}

/// The first row as a tuple of the named type, or `None`.
macro_rules! one {
    ($conn:expr, $row:ty, $sql:expr $(, $arg:expr)* $(,)?) => {
        match $conn.wire() {
            $crate::database::Wire::Here(wire) => {
                let sql = sqlx::SqlSafeStr::into_sql_str($sql);
                wire.one::<$row>(sql.as_str(), rusqlite::params![$($arg),*]).map_err($crate::here::fault)
            }
            $crate::database::Wire::Sqlite(wire) =>
                sqlx::query_as::<sqlx::Sqlite, $row>($sql)$(.bind($arg))*.fetch_optional(wire).await.map_err($crate::dialect::fault),
            $crate::database::Wire::Postgres(wire) =>
                sqlx::query_as::<sqlx::Postgres, $row>($sql)$(.bind($arg))*.fetch_optional(wire).await.map_err($crate::dialect::fault),
        }
    };
}

pub(crate) use {all, execute, one};

/// Where a database lives.
enum Place {
    Sqlite { readers: SqlitePool },
    Postgres { pool: PgPool },
}

/// One open database with its writer.
pub(crate) struct Db {
    place: Place,
    writer: Writer,
    footing: Footing,
}

impl Db {
    /// Opens the database at `sqlite:PATH` or `postgres://…` and brings its schema up to date. What it commits is worth
    /// nothing without the files of `others`, so it stops when one of them is gone, as it does for its own.
    pub(crate) async fn open(url: &str, schema: &Migration, others: Footing) -> Result<Db, Fault> {
        if let Some(path) = url.strip_prefix("sqlite:") {
            let options = dialect::sqlite_options(path)?;
            dialect::migrate_sqlite(&options, schema).await?;
            let readers = dialect::sqlite_readers(&options);
            let path = dialect::sqlite_path(path);
            let path = path.canonicalize().unwrap_or_else(|_| path.to_owned());
            let [wal, index] = dialect::files_beside(&path);
            // Opened before its files are looked at: whoever opens a database makes its log and its index.
            let conn = dialect::writer(&path)?;
            let footing = Footing::of([path.as_path(), &wal, &index]).with(others);
            let writer = Writer::sqlite(conn, Some(wal), footing.clone())?;
            return Ok(Db { place: Place::Sqlite { readers }, writer, footing });
        }
        if url.starts_with("postgres:") || url.starts_with("postgresql:") {
            let pool = dialect::postgres_pool(url).await?;
            migrate::postgres(&pool, schema).await?;
            let writer = Writer::postgres(pool.clone(), others.clone());
            return Ok(Db { place: Place::Postgres { pool }, writer, footing: others });
        }
        let why = "a database is named `sqlite:PATH` or `postgres://…`";
        Err(Fault::permanent(FaultCode::SettingsWrong, why).with_public(why))
    }

    /// Only reads; sees what was committed when each statement began.
    pub(crate) async fn read<T, W>(&self, work: W) -> Result<T, Fault>
    where
        W: for<'c> FnOnce(&'c mut Conn) -> BoxFuture<'c, Result<T, Fault>> + Send,
    {
        let mut conn = match &self.place {
            Place::Sqlite { readers } => Conn::SqliteReader(readers.acquire().await.map_err(dialect::fault)?),
            Place::Postgres { pool } => Conn::PostgresReader(pool.acquire().await.map_err(dialect::fault)?),
        };
        work(&mut conn).await
    }

    /// One unit of work: all of it is durable when this returns `Ok`, none of it when `work` returned `Err`. A fault at the
    /// commit itself leaves it open which of the two happened, so every unit can be repeated without harm.
    pub(crate) async fn unit<T, W>(&self, work: W) -> Result<T, Fault>
    where
        T: Send + 'static,
        W: for<'c> FnOnce(&'c mut Conn) -> BoxFuture<'c, Result<T, Fault>> + Send + 'static,
    {
        match &self.place {
            Place::Sqlite { .. } => self.writer.queue(Vec::new(), Box::new(work)).await,
            Place::Postgres { pool } => {
                let mut conn = Conn::PostgresUnit(pool.begin().await.map_err(dialect::fault)?);
                let outcome = work(&mut conn).await;
                let Conn::PostgresUnit(transaction) = conn else {
                    return Err(Fault::permanent(FaultCode::Internal, "a unit of work changed its connection"));
                };
                match outcome {
                    Ok(value) => transaction.commit().await.map_err(dialect::fault).map(|()| value),
                    Err(fault) => {
                        // The server rolls back by itself when this cannot reach it; the first fault tells more.
                        let _ = transaction.rollback().await;
                        Err(fault)
                    }
                }
            }
        }
    }

    /// Like [`Db::unit`], but committed together with the other units that wait at this moment: one flush of the disk
    /// for many. Only for work that merely inserts, because on PostgreSQL its row locks last as long as the group; `order`
    /// is the value of the unique column that it may have to wait for.
    pub(crate) async fn grouped_unit<T, W>(&self, order: Vec<u8>, work: W) -> Result<T, Fault>
    where
        T: Send + 'static,
        W: for<'c> FnOnce(&'c mut Conn) -> BoxFuture<'c, Result<T, Fault>> + Send + 'static,
    {
        self.writer.queue(order, Box::new(work)).await
    }

    /// For what needs PostgreSQL's own means, such as LISTEN.
    pub(crate) fn postgres(&self) -> Option<&PgPool> {
        match &self.place {
            Place::Postgres { pool } => Some(pool),
            Place::Sqlite { .. } => None,
        }
    }

    /// The files that this database stands on.
    pub(crate) fn footing(&self) -> Footing {
        self.footing.clone()
    }

    /// Returns when nothing more can be written until the process starts anew, with the reason; otherwise never.
    pub(crate) async fn stopped(&self) -> Fault {
        self.writer.stopped().await
    }

    /// Finishes the queued units and closes every connection.
    pub(crate) async fn close(&self) {
        self.writer.close().await;
        match &self.place {
            Place::Sqlite { readers } => readers.close().await,
            Place::Postgres { pool } => pool.close().await,
        }
    }
}
