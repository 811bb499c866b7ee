//! Search by JQL with page tokens, as Jira Cloud has it since the old search was removed.

use super::issue::{Extras, owned, show};
use super::reading::{Body, Params};
use super::sign_in::Caller;
use crate::fault_switches::{Fault, RouteKind};
use crate::jql::{self, Scope, UNBOUNDED};
use crate::refusal::{Refusal, bad_request, denied};
use crate::view::issue::Wanted;
use crate::{Desk, clock};
use axum::extract::State;
use axum::http::StatusCode;
use axum::{Extension, Json};
use data_encoding::BASE64URL_NOPAD;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use sqlx::Row;

const PAGE_LENGTH_DEFAULT: i64 = 50;
/// The longest page with fields, and with nothing but ids and keys (Jira's limit).
const PAGE_LENGTH_MAX: i64 = 100;
const ID_PAGE_LENGTH_MAX: i64 = 5000;
/// Jira's limits.
const RECONCILE_MAX: usize = 50;
const PROPERTIES_MAX: usize = 5;
const PAGE_TOKEN_LIFE_MS: i64 = 7 * 24 * 3_600_000;

/// Whether found issues may be read whole, and how.
struct Request {
    jql: String,
    page_token: Option<String>,
    length: i64,
    fields: Vec<String>,
    extras: Extras,
    reconcile: Vec<i64>,
}

/// Where the next page begins; given to clients as an opaque token.
#[derive(Serialize, Deserialize)]
struct Place {
    jql: String,
    offset: i64,
    top_id: i64,
    until_ms: i64,
    expires_ms: i64,
}

/// The old search is gone from Jira Cloud.
pub(crate) async fn removed() -> Refusal {
    let message = "The requested API has been removed. Please migrate to the /rest/api/3/search/jql API.";
    denied(StatusCode::GONE, message)
}

pub(crate) async fn by_query(
    State(desk): State<Desk>,
    Extension(caller): Extension<Caller>,
    params: Params,
) -> Result<Json<Value>, Refusal> {
    let request = Request {
        jql: params.get("jql").unwrap_or_default().to_owned(),
        page_token: params.get("nextPageToken").map(str::to_owned),
        length: params.number("maxResults", PAGE_LENGTH_DEFAULT)?,
        fields: owned(&params.list("fields")),
        extras: Extras {
            properties: owned(&params.list("properties")),
            expand: owned(&params.list("expand")),
            until_ms: i64::MAX,
        },
        reconcile: read_ids(&owned(&params.list("reconcileIssues")))?,
    };
    run(&desk, &caller.0, request).await
}

pub(crate) async fn by_body(
    State(desk): State<Desk>,
    Extension(caller): Extension<Caller>,
    body: Body,
) -> Result<Json<Value>, Refusal> {
    let length = body.0.get("maxResults").and_then(Value::as_i64).unwrap_or(PAGE_LENGTH_DEFAULT);
    let request = Request {
        jql: body.text("jql").unwrap_or_default().to_owned(),
        page_token: body.text("nextPageToken").map(str::to_owned),
        length: length.max(0),
        fields: body.strings("fields").unwrap_or_default(),
        extras: Extras {
            properties: body.strings("properties").unwrap_or_default(),
            // A comma list here too, unlike in bulkfetch.
            expand: owned(&body.text("expand").unwrap_or_default().split(',').collect::<Vec<_>>()),
            until_ms: i64::MAX,
        },
        reconcile: read_ids(&body.strings("reconcileIssues").unwrap_or_default())?,
    };
    run(&desk, &caller.0, request).await
}

fn read_ids(texts: &[String]) -> Result<Vec<i64>, Refusal> {
    if texts.len() > RECONCILE_MAX {
        return Err(bad_request(format!("'reconcileIssues' takes at most {RECONCILE_MAX} ids.")));
    }
    let number = |text: &String| text.parse().map_err(|_| bad_request("'reconcileIssues' takes numeric ids."));
    texts.iter().map(number).collect()
}

fn bounded(text: &str) -> Result<jql::Query, Refusal> {
    let query = jql::parse(text).map_err(bad_request)?;
    if query.condition.is_none() {
        return Err(bad_request(UNBOUNDED));
    }
    Ok(query)
}

/// How far search lags behind, as the fault switches have it: what is younger than this is not found.
pub(super) fn seen_until_ms(desk: &Desk) -> i64 {
    match desk.inner.faults.draw(RouteKind::Search, |fault| matches!(fault, Fault::SearchLag { .. })) {
        Some(Fault::SearchLag { lag_ms }) => clock::now_ms().saturating_sub_unsigned(lag_ms),
        _ => i64::MAX,
    }
}

async fn first_place(desk: &Desk, jql: String) -> Result<Place, Refusal> {
    let top = sqlx::query("SELECT COALESCE(MAX(id), 0) FROM issue").fetch_one(&desk.inner.readers).await?;
    let expires_ms = clock::now_ms() + PAGE_TOKEN_LIFE_MS;
    Ok(Place { jql, offset: 0, top_id: top.try_get(0)?, until_ms: seen_until_ms(desk), expires_ms })
}

fn read_place(token: &str, jql: &str) -> Result<Place, Refusal> {
    let bytes = BASE64URL_NOPAD.decode(token.as_bytes()).ok();
    let place = bytes.and_then(|bytes| serde_json::from_slice::<Place>(&bytes).ok());
    let place = place.filter(|place| place.jql == jql && place.offset >= 0 && place.expires_ms > clock::now_ms());
    place.ok_or_else(|| bad_request("The provided next page token is invalid or expired."))
}

async fn run(desk: &Desk, actor: &str, mut request: Request) -> Result<Json<Value>, Refusal> {
    let query = bounded(&request.jql)?;
    if request.extras.properties.len() > PROPERTIES_MAX {
        return Err(bad_request(format!("At most {PROPERTIES_MAX} properties can be asked for.")));
    }
    let wanted = Wanted::read(request.fields.iter().map(String::as_str), "id");
    let whole = wanted.has_fields() || !request.extras.properties.is_empty();
    let mut length = request.length.min(if whole { PAGE_LENGTH_MAX } else { ID_PAGE_LENGTH_MAX });
    let short = desk.inner.faults.draw(RouteKind::Search, |fault| matches!(fault, Fault::ShortPages { .. }));
    if let Some(Fault::ShortPages { length: most }) = short {
        length = length.min(i64::from(most));
    }
    let mut place = match &request.page_token {
        Some(token) => read_place(token, &request.jql)?,
        None => first_place(desk, request.jql).await?,
    };
    let scope = Scope { until_ms: place.until_ms, top_id: place.top_id, reconcile: request.reconcile };
    let mut found = jql::search(desk, &query, actor, &scope, (place.offset, length + 1)).await?;
    // One more than asked for was read, to know whether there is a next page.
    let more = found.len() as i64 > length;
    found.truncate(usize::try_from(length).unwrap_or(0));
    request.extras.until_ms = scope.until_ms;
    let names_key = request.fields.iter().any(|field| field == "key") || wanted.has_fields();
    let mut connection = desk.inner.readers.acquire().await?;
    let mut issues = Vec::new();
    for issue in &found {
        if !whole && !names_key {
            issues.push(json!({ "id": issue.id.to_string() }));
        } else {
            issues.push(show(desk, &mut connection, issue, &wanted, &request.extras).await?);
        }
    }
    place.offset += found.len() as i64;
    let mut answer = json!({ "issues": issues, "isLast": !more });
    if more {
        let token = serde_json::to_vec(&place).unwrap_or_default();
        answer["nextPageToken"] = json!(BASE64URL_NOPAD.encode(&token));
    }
    Ok(Json(answer))
}

pub(crate) async fn count(
    State(desk): State<Desk>,
    Extension(caller): Extension<Caller>,
    body: Body,
) -> Result<Json<Value>, Refusal> {
    let query = bounded(body.text("jql").unwrap_or_default())?;
    let scope = Scope { until_ms: seen_until_ms(&desk), ..Scope::everything() };
    Ok(Json(json!({ "count": jql::count_in(&desk, &query, &caller.0, &scope).await? })))
}

/// Says which queries can be read; the parsed form is not given.
pub(crate) async fn parse(body: Body) -> Result<Json<Value>, Refusal> {
    let queries = body.strings("queries").filter(|queries| !queries.is_empty());
    let queries = queries.ok_or_else(|| bad_request("'queries' must be an array with at least one query."))?;
    let shown: Vec<Value> = queries
        .iter()
        .map(|text| match jql::parse(text) {
            Ok(_) => json!({ "query": text }),
            Err(why) => json!({ "query": text, "errors": [why] }),
        })
        .collect();
    Ok(Json(json!({ "queries": shown })))
}
