//! Replaying a mail: what today's rules, or others, make of it is shown first, and happens only after a person's yes.

use super::about::About;
use super::letters::described as described_letter;
use super::story::{described, known_form, proof};
use super::{Moment, moment, not_found, notice, stale_form, trouble};
use crate::Console;
use crate::sign_in::Session;
use axum::extract::rejection::{FormRejection, PathRejection};
use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Redirect, Response};
use axum::{Extension, Form};
use policy::difference::{decided, differences};
use policy::replay::{Comparison, Past, compare};
use policy::{Fault, Plan};
use serde::Deserialize;
use serde_json::Value;
use store::{JobState, NotNow, Rules, Store};

/// Versions of profiles that a page offers, the newest first.
const RULES_MAX: usize = 50;
/// Characters of a value that are shown where two plans differ.
const VALUE_CHARS_MAX: usize = 400;

/// By which rules a mail is to be rehearsed.
#[derive(Deserialize)]
pub struct Under {
    #[serde(default)]
    token: String,
    /// As [`Choice::value`]; empty for the rules in force.
    #[serde(default)]
    rules: String,
}

/// Rules to choose: what the form sends, and what people read.
pub(super) struct Choice {
    pub(super) value: String,
    pub(super) shown: String,
}

/// What would happen, or what the work on it is waiting for.
pub(super) struct Proposal {
    /// Why it is not worked out, when it is not.
    pub(super) trouble: Option<String>,
    pub(super) working: bool,
    /// The rules that somebody chose; `None` for those in force.
    pub(super) rules: Option<String>,
    pub(super) plan: Option<Proposed>,
}

/// The plan that the rules make.
pub(super) struct Proposed {
    /// When it was worked out, which tells it from every other proposal.
    pub(super) version: store::Micros,
    pub(super) outcome: &'static str,
    pub(super) reason: String,
    pub(super) at: Moment,
    /// Each step or letter, and whether it is done already.
    pub(super) steps: Vec<(String, String, &'static str)>,
    pub(super) stays: Vec<String>,
    pub(super) trace: Vec<String>,
    /// What is otherwise than in the plan before: the place, and both sides.
    pub(super) differs: Vec<(String, String, String)>,
    /// There is a plan before.
    pub(super) is_another: bool,
    /// Something would happen.
    pub(super) changes: bool,
}

/// The proposal for a message, beside what was done before.
pub(super) async fn proposal(store: &Store, message: &str) -> Result<Option<Proposal>, Fault> {
    let Some(found) = store.proposal(message).await? else { return Ok(None) };
    let plan = match found.plan {
        Some((plan, at)) => {
            let past = store.past(message).await?;
            let comparison = compare(&past, &plan);
            Some(Proposed {
                differs: differs(&past, &plan)?,
                is_another: !past.is_empty(),
                ..proposed(plan, at, &comparison)
            })
        }
        None => None,
    };
    let working = matches!(found.job, Some(JobState::Ready | JobState::Running | JobState::Waiting));
    let rules = found.rules.map(|rules| in_words(&rules.profile, rules.version));
    Ok(Some(Proposal { trouble: found.fault.map(|fault| fault.to_string()), working, rules, plan }))
}

/// The versions of profiles that the site keeps, to rehearse its mails by.
pub(super) async fn choices(store: &Store, site: &str) -> Result<Vec<Choice>, Fault> {
    let kept = store.profile_versions(site, None).await?.into_iter().take(RULES_MAX);
    let choices = kept.map(|kept| Choice {
        value: format!("{} {}", kept.version, kept.name),
        shown: in_words(&kept.name, kept.version),
    });
    Ok(choices.collect())
}

fn in_words(profile: &str, version: u32) -> String {
    format!("{profile}, version {version}")
}

/// The rules that a form names; `None` when it names none that could be.
fn chosen(value: &str) -> Option<Rules> {
    let (version, profile) = value.split_once(' ')?;
    // A NUL would be a fault in PostgreSQL.
    let is_name = !profile.is_empty() && !profile.contains('\0');
    Some(Rules { profile: profile.to_owned(), version: version.parse().ok()? }).filter(|_| is_name)
}

/// Where the plan differs from the newest one before it.
fn differs(past: &[Past], plan: &Plan) -> Result<Vec<(String, String, String)>, Fault> {
    let Some(before) = past.first() else { return Ok(Vec::new()) };
    let found = differences(&decided(&before.plan)?, &decided(plan)?).into_iter();
    Ok(found.map(|one| (one.at, shown(&one.before), shown(&one.now))).collect())
}

fn shown(value: &Value) -> String {
    let text = match value {
        Value::Null => "nothing".to_owned(),
        Value::String(text) => text.clone(),
        other => other.to_string(),
    };
    policy::shortened(&text, VALUE_CHARS_MAX).into_owned()
}

fn proposed(plan: Plan, at: store::Micros, comparison: &Comparison) -> Proposed {
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
        version: at,
        outcome: plan.outcome.word(),
        reason: plan.reason,
        at: moment(at),
        steps,
        stays: comparison.stays.iter().map(proof).collect(),
        trace: plan.trace,
        differs: Vec::new(),
        is_another: false,
        changes: !comparison.fresh.is_empty() || !comparison.letters.is_empty(),
    }
}

/// Has the proposal worked out.
pub async fn rehearse(
    State(console): State<Console>,
    session: Extension<Session>,
    id: Result<Path<String>, PathRejection>,
    form: Result<Form<Under>, FormRejection>,
) -> Response {
    let Ok(Form(under)) = form else { return stale_form() };
    if !session.gave(&under.token) {
        return stale_form();
    }
    let Some(id) = known_form(id) else { return not_found().await };
    let begun = match (under.rules.as_str(), chosen(&under.rules)) {
        ("", _) => console.store.rehearse(&id, session.who()).await,
        (_, Some(rules)) => console.store.rehearse_under(&id, &rules, session.who()).await,
        (_, None) => Ok(Err(NotNow::NoRules)),
    };
    answer(&id, begun)
}

/// A person's yes to the proposal.
pub async fn replay(
    State(console): State<Console>,
    session: Extension<Session>,
    path: Result<Path<(String, store::Micros)>, PathRejection>,
    About(id): About,
) -> Response {
    let Ok(Path((_, version))) = path else { return not_found().await };
    answer(&id, console.store.replay(&id, version, session.who()).await)
}

/// A person has the content of a mail erased at once.
pub async fn erase(State(console): State<Console>, session: Extension<Session>, About(id): About) -> Response {
    answer(&id, console.store.erase(&id, session.who()).await.map(|not_now| not_now.map_or(Ok(()), Err)))
}

fn answer(id: &str, asked: Result<Result<(), NotNow>, Fault>) -> Response {
    match asked {
        Ok(Ok(())) => Redirect::to(&format!("/messages/{id}")).into_response(),
        Ok(Err(not_now)) => notice(StatusCode::CONFLICT, "Nothing was done", not_now.in_words()),
        Err(fault) => trouble(&fault),
    }
}
