//! Replaying a mail: what today's rules make of it is shown first, and happens only after a person's yes.

use super::letters::described as described_letter;
use super::story::{asked_about, described, proof};
use super::{Moment, moment, notice, trouble};
use crate::Console;
use crate::sign_in::{Session, Signed};
use axum::extract::rejection::{FormRejection, PathRejection};
use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Redirect, Response};
use axum::{Extension, Form};
use policy::Fault;
use policy::replay::{Comparison, compare};
use store::{JobState, NotNow, Store};

/// What would happen, or what the work on it is waiting for.
pub(super) struct Proposal {
    /// Why it is not worked out, when it is not.
    pub(super) trouble: Option<String>,
    pub(super) working: bool,
    pub(super) plan: Option<Proposed>,
}

/// The plan that today's rules make.
pub(super) struct Proposed {
    pub(super) revision: u32,
    pub(super) outcome: &'static str,
    pub(super) reason: String,
    pub(super) at: Moment,
    /// Each step or letter, and whether it is done already.
    pub(super) steps: Vec<(String, String, &'static str)>,
    pub(super) stays: Vec<String>,
    pub(super) trace: Vec<String>,
    /// Something would happen.
    pub(super) changes: bool,
}

/// The proposal for a message, beside what was done before.
pub(super) async fn proposal(store: &Store, message: &str) -> Result<Option<Proposal>, Fault> {
    let Some(found) = store.proposal(message).await? else { return Ok(None) };
    let plan = match found.plan {
        Some((plan, at)) => {
            let comparison = compare(&store.past(message).await?, &plan);
            Some(proposed(plan, at, &comparison))
        }
        None => None,
    };
    let working = matches!(found.job, Some(JobState::Ready | JobState::Running | JobState::Waiting));
    Ok(Some(Proposal { trouble: found.fault.map(|fault| fault.to_string()), working, plan }))
}

fn proposed(plan: policy::Plan, at: store::Micros, comparison: &Comparison) -> Proposed {
    let of_step = |step: &policy::Step| {
        let adopted = comparison.adopted.iter().find(|adoption| adoption.ordinal == step.ordinal);
        let what = format!("{}. {}", step.ordinal, described(&step.kind));
        match adopted {
            Some(adoption) => (what, format!("done already: {}", proof(&adoption.receipt)), "done"),
            None => (what, "would happen".to_owned(), "waiting"),
        }
    };
    let letters = plan.letters.iter().map(|letter| match comparison.letters.contains(&letter.ordinal) {
        true => (described_letter(letter), "would be sent".to_owned(), "waiting"),
        false => (described_letter(letter), "was written already".to_owned(), "done"),
    });
    let steps = plan.steps.iter().map(of_step).chain(letters).collect();
    Proposed {
        revision: plan.revision,
        outcome: plan.outcome.word(),
        reason: plan.reason,
        at: moment(at),
        steps,
        stays: comparison.stays.iter().map(proof).collect(),
        trace: plan.trace,
        changes: !comparison.fresh.is_empty() || !comparison.letters.is_empty(),
    }
}

/// Has the proposal worked out.
pub async fn rehearse(
    State(console): State<Console>,
    session: Extension<Session>,
    id: Result<Path<String>, PathRejection>,
    form: Result<Form<Signed>, FormRejection>,
) -> Response {
    match asked_about(&session, id, form).await {
        Ok(id) => answer(&id, console.store.rehearse(&id, session.who()).await),
        Err(answer) => answer,
    }
}

/// A person's yes to the proposal.
pub async fn replay(
    State(console): State<Console>,
    session: Extension<Session>,
    path: Result<Path<(String, u32)>, PathRejection>,
    form: Result<Form<Signed>, FormRejection>,
) -> Response {
    let (id, revision) = match path {
        Ok(Path((id, revision))) => (Ok(Path(id)), revision),
        Err(rejection) => (Err(rejection), 0),
    };
    match asked_about(&session, id, form).await {
        Ok(id) => answer(&id, console.store.replay(&id, revision, session.who()).await),
        Err(answer) => answer,
    }
}

/// A person has the content of a mail erased at once.
pub async fn erase(
    State(console): State<Console>,
    session: Extension<Session>,
    id: Result<Path<String>, PathRejection>,
    form: Result<Form<Signed>, FormRejection>,
) -> Response {
    match asked_about(&session, id, form).await {
        Ok(id) => answer(&id, console.store.erase(&id, session.who()).await.map(|not_now| not_now.map_or(Ok(()), Err))),
        Err(answer) => answer,
    }
}

fn answer(id: &str, asked: Result<Result<(), NotNow>, Fault>) -> Response {
    match asked {
        Ok(Ok(())) => Redirect::to(&format!("/messages/{id}")).into_response(),
        Ok(Err(not_now)) => notice(StatusCode::CONFLICT, "Nothing was done", not_now.in_words()),
        Err(fault) => trouble(&fault),
    }
}
