//! The story of one message: outcome, reasons, steps with receipts, questions with answers, faults.

use super::{render, size, state, state_word, time, trouble};
use crate::Console;
use askama::Template;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Redirect, Response};
use policy::{Outcome, Receipt, Step, StepKind};
use store::{JobState, LedgerLine, Story};

/// Who stands in the audit trail for what is done in the console.
const WHO: &str = "console";

struct Deed {
    ordinal: u32,
    what: String,
    reason: String,
    begun: String,
    ended: String,
    result: String,
    class: &'static str,
}

#[derive(Template)]
#[template(path = "story.html")]
struct Page {
    id: String,
    subject: String,
    sender: String,
    mailbox: String,
    received: String,
    size: String,
    from: String,
    to: Vec<String>,
    outcome: &'static str,
    reason: String,
    profile: String,
    issue: Option<(String, String)>,
    state: &'static str,
    state_word: &'static str,
    tries: u32,
    trouble: Option<(String, String)>,
    wakeable: bool,
    deeds: Vec<Deed>,
    trace: Vec<String>,
    faults: Vec<String>,
    content_kept: bool,
}

/// The page.
pub async fn show(State(console): State<Console>, Path(id): Path<String>) -> Response {
    match console.store.story(&id).await {
        Ok(Some(story)) => render(StatusCode::OK, &page(&console, story)),
        Ok(None) => super::not_found().await,
        Err(fault) => trouble(&fault),
    }
}

/// A person's word: a held or dead message is tried again.
pub async fn wake(State(console): State<Console>, Path(id): Path<String>) -> Response {
    match console.store.wake(&id, WHO).await {
        Ok(true) => Redirect::to(&format!("/messages/{id}")).into_response(),
        Ok(false) => super::not_found().await,
        Err(fault) => trouble(&fault),
    }
}

fn page(console: &Console, story: Story) -> Page {
    let Story { line, envelope, plan, faults, ledger, tries, fault, content_kept } = story;
    let envelope = envelope.unwrap_or_default();
    let plan = plan.as_ref();
    Page {
        subject: if line.subject.is_empty() { "(no subject)".into() } else { line.subject },
        sender: line.sender,
        received: time(line.received_at),
        size: size(line.size_bytes),
        from: envelope.mail_from.unwrap_or_else(|| "<>".into()),
        to: envelope.rcpt_to,
        outcome: line.outcome.map_or("undecided", Outcome::word),
        reason: line.reason,
        profile: plan.map(described_profile).unwrap_or_default(),
        issue: line.issue_key.map(|key| (console.issue_link(&line.site, &key), key)),
        state: state(line.job),
        state_word: state_word(line.job),
        tries,
        trouble: fault.map(|fault| (fault.code.to_string(), fault.public)),
        wakeable: matches!(line.job, JobState::Held | JobState::Dead),
        deeds: plan
            .map(|p| p.steps.iter().map(|step| deed(step, &p.step_key(step.ordinal).0, &ledger)).collect())
            .unwrap_or_default(),
        trace: plan.map(|p| p.trace.clone()).unwrap_or_default(),
        faults,
        content_kept,
        mailbox: line.mailbox,
        id: line.id,
    }
}

fn described_profile(plan: &policy::Plan) -> String {
    let rule = plan.rule.as_deref().map(|rule| format!(", rule {rule}")).unwrap_or_default();
    format!("{} version {}, mapping {}{rule}", plan.profile, plan.profile_version, plan.mapping)
}

fn deed(step: &Step, key: &str, ledger: &[LedgerLine]) -> Deed {
    let line = ledger.iter().find(|line| line.key.0 == key);
    let (result, class) = match line {
        None => ("not begun".to_string(), "waiting"),
        Some(LedgerLine { receipt: Some(receipt), .. }) => (proof(receipt), "done"),
        Some(LedgerLine { fault: Some(fault), .. }) => (fault.to_string(), "dead"),
        Some(_) => ("begun; its trace is looked for before it is repeated".to_string(), "held"),
    };
    Deed {
        ordinal: step.ordinal,
        what: described(&step.kind),
        reason: step.reason.clone(),
        begun: line.map(|line| time(line.begun_at)).unwrap_or_default(),
        ended: line.and_then(|line| line.ended_at).map(time).unwrap_or_default(),
        result,
        class,
    }
}

fn described(kind: &StepKind) -> String {
    match kind {
        StepKind::CreateIssue { project, issue_type, .. } => {
            format!("Create an issue of type {issue_type} in {project}")
        }
        StepKind::AddComment { .. } => "Add a comment".into(),
        StepKind::Attach { file, .. } => format!("Attach {} ({})", file.name, size(file.size_bytes)),
    }
}

fn proof(receipt: &Receipt) -> String {
    match receipt {
        Receipt::Issue { id, key } => format!("issue {key}, id {id}"),
        Receipt::Comment { id, .. } => format!("comment {id}"),
        Receipt::Attachment { id, .. } => format!("attachment {id}"),
    }
}
