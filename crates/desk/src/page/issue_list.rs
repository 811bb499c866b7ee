//! The list of issues, newest first, with a search box that takes words, a key, or JQL.

use super::{draw, name_of, refused};
use crate::jql::{self, Clause, Field, Operand, Operator, Query, Scope};
use crate::records::issue::{self, Issue};
use crate::refusal::Refusal;
use crate::rest::Params;
use crate::{Desk, catalogue, clock};
use askama::Template;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Redirect, Response};

const PAGE_LENGTH: i64 = 25;

#[derive(Template)]
#[template(path = "issues.html")]
struct Page {
    query: String,
    total: i64,
    trouble: Option<String>,
    issues: Vec<Row>,
    newer: Option<String>,
    older: Option<String>,
}

struct Row {
    key: String,
    summary: String,
    category: &'static str,
    status: &'static str,
    kind: &'static str,
    reporter: String,
    created: String,
    created_machine: String,
}

fn row(desk: &Desk, issue: Issue) -> Row {
    let status = catalogue::status(issue.status_id);
    Row {
        category: status.category.key,
        status: status.name,
        kind: catalogue::issue_type(issue.type_id).name,
        reporter: name_of(desk, issue.reporter.as_deref()),
        created: clock::readable_time(issue.created_ms),
        created_machine: clock::rfc3339_time(issue.created_ms),
        key: issue.key,
        summary: issue.summary,
    }
}

/// What the search box means: JQL where it looks like it, words otherwise.
fn read_query(text: &str) -> Result<Query, String> {
    if text.is_empty() {
        return Ok(Query { condition: None, order: Vec::new() });
    }
    match jql::parse(text) {
        Ok(query) => Ok(query),
        Err(why) if text.contains(['=', '~', '<', '>']) => Err(why),
        Err(_) => {
            let values = vec![Operand::Text(text.to_owned())];
            let condition = Clause::Test { field: Field::Text, operator: Operator::Contains, values };
            Ok(Query { condition: Some(condition), order: Vec::new() })
        }
    }
}

pub(crate) async fn show(State(desk): State<Desk>, params: Params) -> Response {
    let text = params.get("q").unwrap_or_default().trim().to_owned();
    match answer(&desk, text, &params).await {
        Ok(response) => response,
        Err(refusal) => refused(refusal),
    }
}

async fn answer(desk: &Desk, text: String, params: &Params) -> Result<Response, Refusal> {
    let looks_like_a_key = text.contains('-') && !text.contains(char::is_whitespace);
    if looks_like_a_key && let Ok(found) = issue::find(&mut *desk.inner.readers.acquire().await?, &text).await {
        return Ok(Redirect::to(&format!("/browse/{}", found.key)).into_response());
    }
    let start = params.number("start", 0)?;
    let (found, total, trouble) = match find(desk, &text, start).await {
        Ok((found, total)) => (found, total, None),
        Err(Refusal::Denied(denial)) => (Vec::new(), 0, Some(super::words(&denial))),
        Err(broken) => return Err(broken),
    };
    let link = |start: i64| {
        let encoded: String = url::form_urlencoded::byte_serialize(text.as_bytes()).collect();
        format!("/issues?q={encoded}&start={start}")
    };
    let page = Page {
        newer: (start > 0).then(|| link((start - PAGE_LENGTH).max(0))),
        older: (start + PAGE_LENGTH < total).then(|| link(start + PAGE_LENGTH)),
        issues: found.into_iter().map(|issue| row(desk, issue)).collect(),
        total,
        trouble,
        query: text,
    };
    Ok(draw(StatusCode::OK, &page))
}

/// One page of issues and how many there are in all.
async fn find(desk: &Desk, text: &str, start: i64) -> Result<(Vec<Issue>, i64), Refusal> {
    let query = read_query(text).map_err(crate::refusal::bad_request)?;
    let (actor, scope) = (super::issue::agent(desk), Scope::everything());
    let found = jql::search(desk, &query, &actor, &scope, (start, PAGE_LENGTH)).await?;
    let total = jql::count_in(desk, &query, &actor, &scope).await?;
    Ok((found, total))
}
