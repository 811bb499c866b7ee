//! The API for programs: mail handed in over HTTP, letters written on purpose, what became of either, and how a mail would be sealed. Every answer is JSON; a refusal is a problem (RFC 9457).

mod decide;
mod hand_in;
mod letters;
mod line_ends;
mod pieces;
mod problem;
mod request;
mod shape;

use super::explainer::{Explainer, NoExplainer};
use super::{Door, Room};
use crate::page::{is_id, moment, state_word};
use crate::pen::{NoPen, Pen};
use axum::extract::{Path, Request, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::middleware::{self, Next};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use axum::{Json, Router};
use policy::{Fault, FaultCode, Outcome, Plan, StepKey};
pub(super) use problem::Problem;
use serde_json::{Value, json};
use std::sync::Arc;
use std::time::Duration;
use store::{LedgerLine, Store, Story, Token};
use tower_http::timeout::TimeoutLayer;

/// A request without a mail in it is answered within this time.
const QUESTION_TIMEOUT: Duration = Duration::from_secs(30);

/// What the API answers from.
#[derive(Clone)]
pub struct Api {
    store: Store,
    door: Arc<dyn Door>,
    pen: Arc<dyn Pen>,
    explainer: Arc<dyn Explainer>,
    limits: Arc<Limits>,
}

/// What the API takes in.
#[derive(Debug, Clone)]
pub struct Limits {
    /// The mailboxes that mail may be handed in to.
    pub mailboxes: Vec<String>,
    /// The largest mail.
    pub size_bytes_max: u64,
    /// The longest silence within a mail.
    pub silence_max: Duration,
    /// A whole mail arrives within this time.
    pub mail_timeout: Duration,
    /// Our name in `Received`.
    pub hostname: String,
}

impl Api {
    /// Tokens are looked up in the store; mail goes in through the door.
    pub fn new(store: Store, door: Arc<dyn Door>, limits: Limits) -> Api {
        Api { store, door, pen: Arc::new(NoPen), explainer: Arc::new(NoExplainer), limits: Arc::new(limits) }
    }

    /// With what takes letters in that programs write on purpose.
    pub fn writing_by(self, pen: Arc<dyn Pen>) -> Api {
        Api { pen, ..self }
    }

    /// With what says how a mail would be sealed.
    pub fn explaining_by(self, explainer: Arc<dyn Explainer>) -> Api {
        Api { explainer, ..self }
    }

    /// Every route below `/api`. All but the explanations of faults want a token.
    pub fn room(self) -> Room {
        let questions = Router::new()
            .route("/mailboxes", get(mailboxes))
            .route("/messages/{id}", get(message))
            .route("/letters/{id}", get(letters::told))
            .route("/letters/{id}/letters/{letter}/again", post(letters::again))
            .layer(TimeoutLayer::with_status_code(StatusCode::REQUEST_TIMEOUT, QUESTION_TIMEOUT));
        let written = Router::new()
            .route("/letters", post(letters::write))
            .route("/sealing/decide", post(decide::decide))
            .layer(TimeoutLayer::with_status_code(StatusCode::REQUEST_TIMEOUT, self.limits.mail_timeout));
        let inside = Router::new()
            .route("/messages", post(hand_in::hand_in))
            .merge(written)
            .merge(questions)
            .layer(middleware::from_fn_with_state(self.clone(), require_token));
        let room = Router::new()
            .route("/faults/{code}", get(problem::explain))
            .merge(inside)
            .fallback(|| async { Problem::of(FaultCode::NothingThere) })
            .method_not_allowed_fallback(|| async { Problem::wrong_method() })
            .with_state(self);
        Router::new().nest("/api", room)
    }
}

/// Lets only requests with a good token pass (RFC 6750).
async fn require_token(State(api): State<Api>, mut request: Request, next: Next) -> Response {
    let found = match bearer(request.headers()) {
        Some(token) => api.store.token(token).await,
        None => Ok(None),
    };
    match found {
        Ok(Some(token)) => {
            request.extensions_mut().insert(token);
            next.run(request).await
        }
        Ok(None) => {
            let mut response = Problem::of(FaultCode::TokenRefused).into_response();
            let challenge = header::HeaderValue::from_static("Bearer realm=\"sealpost\"");
            response.headers_mut().insert(header::WWW_AUTHENTICATE, challenge);
            response
        }
        Err(fault) => Problem::from(fault).into_response(),
    }
}

fn bearer(headers: &HeaderMap) -> Option<&str> {
    let mut given = headers.get_all(header::AUTHORIZATION).iter();
    let (Some(value), None) = (given.next(), given.next()) else { return None };
    let (scheme, token) = value.to_str().ok()?.split_once(' ')?;
    scheme.eq_ignore_ascii_case("bearer").then(|| token.trim())
}

impl Api {
    /// May this token hand mail in to that mailbox? A mailbox that is not there is refused in the same words.
    fn may_use(&self, token: &Token, mailbox: &str) -> bool {
        let known = |names: &[String]| names.iter().any(|name| name == mailbox);
        // Settings may move a mailbox; what was allowed for one site is not allowed for another.
        let is_of_site = || self.door.site_of(mailbox).is_some_and(|site| site == token.site);
        known(&token.mailboxes) && known(&self.limits.mailboxes) && is_of_site()
    }
}

/// The mailboxes that the token is good for.
async fn mailboxes(State(api): State<Api>, token: axum::Extension<Token>) -> Json<Value> {
    let usable = token.mailboxes.iter().filter(|name| api.may_use(&token, name));
    let size_bytes_max = api.limits.size_bytes_max;
    let listed: Vec<Value> = usable.map(|name| json!({"name": name, "size_bytes_max": size_bytes_max})).collect();
    Json(json!({ "mailboxes": listed }))
}

/// What became of a mail: state, outcome, issue and fault, and nothing that was written in it.
async fn message(
    State(api): State<Api>,
    token: axum::Extension<Token>,
    id: Result<Path<String>, axum::extract::rejection::PathRejection>,
) -> Result<Json<Value>, Problem> {
    let nothing = || Problem::of(FaultCode::NothingThere);
    let Ok(Path(id)) = id else { return Err(nothing()) };
    if !is_id(&id) {
        return Err(nothing());
    }
    let story = api.store.story(&id).await?.ok_or_else(nothing)?;
    if story.line.site != token.site || !token.mailboxes.contains(&story.line.mailbox) {
        return Err(nothing());
    }
    Ok(Json(told(&story)))
}

fn told(story: &Story) -> Value {
    let line = &story.line;
    json!({
        "id": line.id,
        "mailbox": line.mailbox,
        "received_at": moment(line.received_at).machine,
        "size_bytes": line.size_bytes,
        "state": state_word(line.job),
        "outcome": line.outcome.map(Outcome::word),
        "issue": line.issue_key,
        "fault": story.line.fault.as_ref().or_else(|| failed(story)).map(brief),
    })
}

/// Why a step or letter of the plan failed. The ledger has those of plans that a replay replaced, too.
fn failed(story: &Story) -> Option<&Fault> {
    let of_plan = |plan: &Plan, key: &StepKey| {
        plan.steps.iter().any(|step| plan.step_key(step.ordinal) == *key)
            || plan.letters.iter().any(|letter| plan.letter_key(letter.ordinal) == *key)
    };
    let stands = |line: &&LedgerLine| story.plan.as_ref().is_none_or(|plan| of_plan(plan, &line.key));
    story.ledger.iter().filter(stands).find_map(|line| line.fault.as_ref())
}

/// Code and meaning; a fault's own texts may repeat what a tracker said of the mail.
fn brief(fault: &Fault) -> Value {
    json!({"code": fault.code.to_string(), "title": fault.code.meaning()})
}
