//! The connection that writes SQLite's file, driven in the thread that calls it.
//!
//! sqlx gives each connection a thread of its own. Each statement of a unit of work then wakes that thread and is woken by it, which costs
//! several times what the statement does, and units run one after the other. The writer has a thread anyway, so its statements run there.

use crate::dialect;
use policy::Fault;
use rusqlite::types::ToSql;
use rusqlite::{Connection, OpenFlags, Row, Statement};
use std::path::Path;

/// Statements that stay prepared.
const PREPARED_MAX: usize = 256;

/// The connection.
pub(crate) struct Here(Connection);

impl Here {
    /// Opens a file that is there, with these settings (<https://sqlite.org/pragma.html>).
    ///
    /// # Errors
    /// Those of [`fault`].
    pub(crate) fn open(path: &Path, pragmas: &[(&str, &str)]) -> Result<Here, Fault> {
        let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
        let conn = Connection::open_with_flags(path, flags).map_err(fault)?;
        conn.busy_timeout(dialect::BUSY_TIMEOUT).map_err(fault)?;
        conn.set_prepared_statement_cache_capacity(PREPARED_MAX);
        for (name, value) in pragmas {
            conn.pragma_update(None, name, value).map_err(fault)?;
        }
        Ok(Here(conn))
    }

    /// Runs a statement, or several with `;` between them, of which each takes those of the values that it names: `$2` is the second.
    /// How many rows they changed.
    pub(crate) fn execute(&mut self, sql: &str, values: &[&dyn ToSql]) -> rusqlite::Result<u64> {
        let mut changed = 0;
        each(&self.0, sql, values, |statement| {
            let mut rows = statement.raw_query();
            while rows.next()?.is_some() {}
            drop(rows);
            // What only begins or ends a transaction leaves the number of the statement before it.
            changed += if statement.readonly() { 0 } else { self.0.changes() };
            Ok(())
        })?;
        Ok(changed)
    }

    /// As [`Here::execute`], for the rows that they return.
    pub(crate) fn all<T>(&mut self, sql: &str, values: &[&dyn ToSql]) -> rusqlite::Result<Vec<T>>
    where
        T: for<'r> TryFrom<&'r Row<'r>, Error = rusqlite::Error>,
    {
        let mut found = Vec::new();
        each(&self.0, sql, values, |statement| {
            let mut rows = statement.raw_query();
            while let Some(row) = rows.next()? {
                found.push(T::try_from(row)?);
            }
            Ok(())
        })?;
        Ok(found)
    }

    /// The first row that they return.
    pub(crate) fn one<T>(&mut self, sql: &str, values: &[&dyn ToSql]) -> rusqlite::Result<Option<T>>
    where
        T: for<'r> TryFrom<&'r Row<'r>, Error = rusqlite::Error>,
    {
        Ok(self.all(sql, values)?.into_iter().next())
    }
}

/// No text of ours has a `;` within a statement.
fn each(
    conn: &Connection,
    sql: &str,
    values: &[&dyn ToSql],
    mut run: impl FnMut(&mut Statement<'_>) -> rusqlite::Result<()>,
) -> rusqlite::Result<()> {
    for text in sql.split(';').map(str::trim).filter(|text| !text.is_empty()) {
        let mut statement = conn.prepare_cached(text)?;
        bind(&mut statement, values)?;
        run(&mut statement)?;
    }
    Ok(())
}

/// SQLite counts named parameters in the order in which they stand there; `$2` is the second value wherever it stands.
fn bind(statement: &mut Statement<'_>, values: &[&dyn ToSql]) -> rusqlite::Result<()> {
    for place in 1..=statement.parameter_count() {
        let number = statement.parameter_name(place).and_then(|name| name.strip_prefix('$')?.parse::<usize>().ok());
        let value = number.and_then(|number| values.get(number.checked_sub(1)?));
        let value = value.ok_or(rusqlite::Error::InvalidParameterCount(place, values.len()))?;
        statement.raw_bind_parameter(place, value)?;
    }
    Ok(())
}

/// What an error means for the work: as [`dialect::fault`].
pub(crate) fn fault(error: rusqlite::Error) -> Fault {
    let detail = error.to_string();
    match code(&error) {
        Some(code) => dialect::fault_of_sqlite(code, detail),
        None => match error {
            rusqlite::Error::FromSqlConversionFailure(..)
            | rusqlite::Error::InvalidColumnType(..)
            | rusqlite::Error::IntegralValueOutOfRange(..)
            | rusqlite::Error::Utf8Error(..) => Fault::permanent(policy::FaultCode::StoreCorrupt, detail),
            _ => Fault::permanent(policy::FaultCode::Internal, detail),
        },
    }
}

/// The primary part of SQLite's extended result code.
pub(crate) fn code(error: &rusqlite::Error) -> Option<i32> {
    error.sqlite_error().map(|error| error.extended_code & 0xff)
}
