//! The desk's subset of JQL: parsed by `parse.rs`, turned into SQL by `sql.rs`, and run here.

mod parse;
mod sql;

pub(crate) use parse::{Clause, Field, Operand, Operator, Query, parse};

use crate::records::issue::{self, Issue, select_issues};
use crate::refusal::{Refusal, bad_request};
use crate::{Desk, clock};
use sql::{Bind, Condition};
use sqlx::sqlite::SqliteArguments;
use sqlx::{AssertSqlSafe, Row};

/// What Jira says to a query without any condition.
pub(crate) const UNBOUNDED: &str =
    "Unbounded JQL queries are not allowed here. Please add a search restriction to your query.";

/// What a search looks at, beside its query.
#[derive(Debug, Clone)]
pub(crate) struct Scope {
    /// Issues and comments younger than this are not found.
    pub(crate) until_ms: i64,
    /// Issues with a greater id are not found: pages after the first stay on what the first one saw.
    pub(crate) top_id: i64,
    /// Issues that are found however young they are.
    pub(crate) reconcile: Vec<i64>,
}

impl Scope {
    /// Everything there is.
    pub(crate) fn everything() -> Scope {
        Scope { until_ms: i64::MAX, top_id: i64::MAX, reconcile: Vec::new() }
    }
}

/// The issues that a query finds, in its order; `actor` is who `currentUser()` is.
pub(crate) async fn search(
    desk: &Desk,
    query: &Query,
    actor: &str,
    scope: &Scope,
    (offset, length): (i64, i64),
) -> Result<Vec<Issue>, Refusal> {
    let condition = condition(desk, query, actor, scope)?;
    let text = format!(
        "{} WHERE {} ORDER BY {} LIMIT ? OFFSET ?",
        select_issues!(""),
        condition.text,
        sql::order(&query.order)
    );
    let statement = condition.binds.into_iter().fold(sqlx::query(AssertSqlSafe(text)), bind);
    let rows = statement.bind(length).bind(offset).fetch_all(&desk.inner.readers).await?;
    Ok(rows.iter().map(issue::from_row).collect::<Result<_, _>>()?)
}

/// How many issues a query finds.
pub(crate) async fn count(desk: &Desk, jql: &str, actor: &str) -> Result<i64, Refusal> {
    count_in(desk, &parse(jql).map_err(bad_request)?, actor, &Scope::everything()).await
}

/// How many issues a query finds in this scope.
pub(crate) async fn count_in(desk: &Desk, query: &Query, actor: &str, scope: &Scope) -> Result<i64, Refusal> {
    let condition = condition(desk, query, actor, scope)?;
    let text = format!("SELECT COUNT(*) FROM issue i WHERE {}", condition.text);
    let statement = condition.binds.into_iter().fold(sqlx::query(AssertSqlSafe(text)), bind);
    Ok(statement.fetch_one(&desk.inner.readers).await?.try_get(0)?)
}

fn condition(desk: &Desk, query: &Query, actor: &str, scope: &Scope) -> Result<Condition, Refusal> {
    let surroundings = sql::Surroundings { desk, actor, now_ms: clock::now_ms(), until_ms: scope.until_ms };
    let mut condition = match &query.condition {
        Some(clause) => sql::condition(&surroundings, clause).map_err(bad_request)?,
        None => Condition { text: "1".to_owned(), binds: Vec::new() },
    };
    let young = vec!["?"; scope.reconcile.len()].join(", ");
    condition.text = format!("({}) AND i.id <= ? AND (i.created_ms <= ? OR i.id IN ({young}))", condition.text);
    condition.binds.extend([Bind::Number(scope.top_id), Bind::Number(scope.until_ms)]);
    condition.binds.extend(scope.reconcile.iter().map(|id| Bind::Number(*id)));
    Ok(condition)
}

type Statement<'q> = sqlx::query::Query<'q, sqlx::Sqlite, SqliteArguments>;

fn bind(statement: Statement<'_>, value: Bind) -> Statement<'_> {
    match value {
        Bind::Text(text) => statement.bind(text),
        Bind::Number(number) => statement.bind(number),
    }
}
