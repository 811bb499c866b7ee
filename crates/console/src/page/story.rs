//! The story of one message: outcome, reasons, steps with receipts, questions with answers, faults.

use super::about::About;
use super::known_ids::{Piece, linked};
use super::letters::described as described_letter;
use super::messages::IssueLink;
use super::replay::{Choice, Proposal, choices, proposal};
use super::values::{Pair, values};
use super::views::{Tab, TabLink, tabs};
use super::{Moment, erased, is_id, moment, not_found, notice, render, state, state_word, subject, trouble, words_of};
use crate::Console;
use crate::sign_in::Session;
use askama::Template;
use axum::Extension;
use axum::extract::rejection::PathRejection;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Redirect, Response};
use policy::kept::size_in_words;
use policy::{Fault, FieldSetting, Goal, Letter, Outcome, Receipt, Step, StepKind, Visibility};
use store::{JobState, LedgerLine, Look, LookLine, Story};

/// Looks that the page tells of.
const LOOKS: usize = 10;
/// The length of a flag that the form offers.
const FLAG_DAYS: u32 = 7;

/// A step and what the ledger says of it.
#[derive(Default)]
struct Deed {
    what: String,
    reason: String,
    begun: Option<Moment>,
    ended: Option<Moment>,
    result: String,
    class: &'static str,
    /// What the step says in the tracker.
    text: String,
    /// What was cut off the text and is kept beside it.
    cut: Vec<String>,
    /// Fields and what is written into them.
    values: Vec<Pair>,
    /// What the tracker or mail server answered when it refused the step.
    words: String,
}

/// Why a message is not done.
struct Trouble {
    code: String,
    text: String,
    /// What the tracker or mail server answered, where it refused something.
    words: String,
}

#[derive(Template)]
#[template(path = "story.html")]
struct Page {
    token: String,
    /// For somebody of the support.
    support: bool,
    id: String,
    subject: String,
    sender: String,
    mailbox: String,
    received: Moment,
    size: String,
    from: String,
    to: Vec<String>,
    outcome: &'static str,
    reason: String,
    profile: String,
    issue: Option<IssueLink>,
    /// Where a letter about its issue is written.
    write: Option<String>,
    state: &'static str,
    state_word: &'static str,
    tries: u32,
    trouble: Option<Trouble>,
    wakeable: bool,
    decided: bool,
    erased: bool,
    deeds: Vec<Deed>,
    trace: Vec<Vec<Piece>>,
    faults: Vec<String>,
    content_kept: bool,
    /// The id of the token that it was handed in with.
    handed_in_by: Option<String>,
    tabs: Vec<TabLink>,
    /// Who looked into the mail, and when.
    looks: Vec<(Moment, String)>,
    /// It has come to an end, so it can be replayed or erased.
    ended: bool,
    proposal: Option<Proposal>,
    /// Rules that it can be rehearsed by, beside those in force.
    rules: Vec<Choice>,
    /// Why it is flagged for support, and until when.
    flag: Option<(String, Moment)>,
    /// That it lasts at most, and what the form offers.
    days_max: u32,
    days: u32,
}

/// The page.
pub async fn show(
    State(console): State<Console>,
    session: Extension<Session>,
    id: Result<Path<String>, PathRejection>,
) -> Response {
    let Some(id) = known_form(id) else { return not_found().await };
    match shown(&console, &session, &id).await {
        Ok(Some(page)) => render(StatusCode::OK, &page),
        Ok(None) => not_found().await,
        Err(fault) => trouble(&fault),
    }
}

/// The whole page; a look by somebody of the support is noted first.
async fn shown(console: &Console, session: &Session, id: &str) -> Result<Option<Page>, Fault> {
    let Some(story) = console.store.story(id).await? else { return Ok(None) };
    if session.support_of().is_some() {
        console.store.note_look(&story.line.site, id, Look::Story, None, session.who()).await?;
    }
    let proposal = if story.content_kept { proposal(&console.store, id).await? } else { None };
    let rules = if story.content_kept { choices(&console.store, &story.line.site).await? } else { Vec::new() };
    let looks = console.store.looks(id).await?.into_iter().take(LOOKS).map(look_in_words).collect();
    let flag = console.store.flag_of(id).await?.map(|flag| (flag.reason, moment(flag.until)));
    let trace = story.plan.as_ref().map(|plan| plan.trace.clone()).unwrap_or_default();
    let mut trace = linked(&console.store, &story.line.site, trace).await?;
    if session.support_of().is_some() {
        // Other mails are none of his business.
        trace.iter_mut().flatten().for_each(|piece| piece.link = None);
    }
    Ok(Some(Page { proposal, rules, looks, flag, trace, ..page(console, session, story) }))
}

/// A person's word: a held or dead message is tried again.
pub async fn wake(State(console): State<Console>, session: Extension<Session>, About(id): About) -> Response {
    match console.store.wake(&id, session.who()).await {
        Ok(true) => Redirect::to(&format!("/messages/{id}")).into_response(),
        Ok(false) => {
            let text = "This message is neither held nor given up, or there is none of this id, so nothing was done.";
            notice(StatusCode::CONFLICT, "Nothing to try again", text)
        }
        Err(fault) => trouble(&fault),
    }
}

pub(super) fn known_form(id: Result<Path<String>, PathRejection>) -> Option<String> {
    id.ok().map(|Path(id)| id).filter(|id| is_id(id))
}

fn page(console: &Console, session: &Session, story: Story) -> Page {
    let Story { line, envelope, plan, faults, ledger, tries, content_kept, token: handed_in_by } = story;
    let envelope = envelope.unwrap_or_default();
    let plan = plan.as_ref();
    let erased = erased(&line);
    let days_max = console.store.flag_days_max(&line.site);
    Page {
        token: session.token(),
        support: session.support_of().is_some(),
        subject: subject(&line),
        sender: line.sender,
        received: moment(line.received_at),
        size: size_in_words(line.size_bytes),
        from: envelope.mail_from.unwrap_or_else(|| "<>".into()),
        to: envelope.rcpt_to,
        outcome: line.outcome.map_or("undecided", Outcome::word),
        reason: line.reason,
        profile: plan.map_or_else(|| "nothing yet".into(), described_profile),
        write: line.issue_key.as_deref().and_then(|key| console.write_about(&line.site, key)),
        issue: line.issue_key.map(|key| console.issue_link(&line.site, key)),
        state: state(line.job),
        state_word: state_word(line.job),
        tries,
        trouble: line.fault.map(|fault| Trouble {
            code: fault.code.to_string(),
            words: words_of(&fault).to_owned(),
            text: fault.public,
        }),
        wakeable: matches!(line.job, JobState::Held | JobState::Dead),
        decided: line.outcome.is_some(),
        erased,
        deeds: match plan {
            Some(p) => {
                let steps = p.steps.iter().map(|step| deed(step, &p.step_key(step.ordinal).0, &ledger));
                steps.chain(p.letters.iter().map(|one| letter(one, &p.letter_key(one.ordinal).0, &ledger))).collect()
            }
            None => ledger.iter().map(remaining).collect(),
        },
        trace: Vec::new(),
        faults,
        content_kept,
        handed_in_by,
        tabs: tabs(&line.id, Tab::Story),
        looks: Vec::new(),
        ended: matches!(line.job, JobState::Done | JobState::Held | JobState::Dead),
        proposal: None,
        rules: Vec::new(),
        flag: None,
        days_max,
        days: days_max.min(FLAG_DAYS),
        mailbox: line.mailbox,
        id: line.id,
    }
}

/// When somebody looked, who it was, and at what.
fn look_in_words(look: LookLine) -> (Moment, String) {
    let what = match (look.look, look.place) {
        (Look::Story, _) => "the story".to_owned(),
        (Look::Text, _) => "the text".to_owned(),
        (Look::Html, _) => "the HTML".to_owned(),
        (Look::Source, Some(page)) => format!("the source, page {page}"),
        (Look::Source, None) => "the source".to_owned(),
        (Look::Whole, _) => "the whole mail, as a file".to_owned(),
        (Look::Files, _) => "the names of the files".to_owned(),
        (Look::Part, Some(path)) => format!("part {path}"),
        (Look::Part, None) => "a part".to_owned(),
        (Look::Keys, _) => "keys".to_owned(),
    };
    (moment(look.at), format!("{}: {what}", look.who))
}

fn described_profile(plan: &policy::Plan) -> String {
    let rule = plan.rule.as_deref().map(|rule| format!(", rule {rule}")).unwrap_or_default();
    format!("{} version {}, mapping {}{rule}", plan.profile, plan.profile_version, plan.mapping)
}

fn deed(step: &Step, key: &str, ledger: &[LedgerLine]) -> Deed {
    let (text, cut) = body(&step.kind);
    let what = format!("{}. {}", step.ordinal, described(&step.kind));
    let values = values(&step.kind);
    recorded(Deed { what, reason: step.reason.clone(), text, cut, values, ..Deed::default() }, ledger, key)
}

fn letter(letter: &Letter, key: &str, ledger: &[LedgerLine]) -> Deed {
    let text = format!("{}\n\n{}", letter.subject, letter.text);
    recorded(
        Deed { what: described_letter(letter), reason: letter.reason.clone(), text, ..Deed::default() },
        ledger,
        key,
    )
}

/// What the ledger still knows of a step after its plan was erased.
fn remaining(line: &LedgerLine) -> Deed {
    let ordinal = line.key.0.rsplit('/').next().unwrap_or_default();
    let what = format!("{ordinal}. A step whose words have been erased");
    recorded(Deed { what, ..Deed::default() }, std::slice::from_ref(line), &line.key.0)
}

/// The deed with what the ledger says of this key.
fn recorded(deed: Deed, ledger: &[LedgerLine], key: &str) -> Deed {
    let line = ledger.iter().find(|line| line.key.0 == key);
    let (result, class) = match line {
        None => ("not begun".to_string(), "ready"),
        Some(LedgerLine { receipt: Some(receipt), dialogue: Some(dialogue), .. }) => {
            (format!("{}; {}", proof(receipt), dialogue.in_words()), "done")
        }
        Some(LedgerLine { receipt: Some(receipt), .. }) => (proof(receipt), "done"),
        Some(LedgerLine { fault: Some(fault), .. }) => (fault.to_string(), "dead"),
        Some(_) => ("begun; its trace is looked for before it is repeated".to_string(), "held"),
    };
    Deed {
        begun: line.map(|line| moment(line.begun_at)),
        ended: line.and_then(|line| line.ended_at).map(moment),
        words: line.and_then(|line| line.fault.as_ref()).map_or_else(String::new, |fault| words_of(fault).to_owned()),
        result,
        class,
        ..deed
    }
}

pub(super) fn described(kind: &StepKind) -> String {
    match kind {
        StepKind::CreateIssue { project, issue_type, .. } => {
            format!("Create an issue of type {issue_type} in {project}")
        }
        StepKind::AddComment { visibility, .. } => format!("Add {}", comment(visibility.as_ref())),
        StepKind::Remark { visibility, .. } => {
            format!("Say what the workflow says: add {}", comment(visibility.as_ref()))
        }
        StepKind::EditIssue { set, .. } => format!("Write {}", names(set)),
        StepKind::Transition { goal, set, .. } => {
            let goal = match goal {
                Goal::Status(name) => format!("Take the issue to the status {name}"),
                Goal::Transition(name) => format!("Take the issue through the transition {name}"),
            };
            if set.is_empty() { goal } else { format!("{goal}, with {}", names(set)) }
        }
        StepKind::Link { link_type, .. } => format!("Link the issue ({link_type})"),
        StepKind::Watch { .. } => "Let somebody watch the issue".into(),
        StepKind::AddParticipants { accounts, .. } => format!("Add {} participants to the request", accounts.len()),
        StepKind::ShareWith { organisations, .. } => format!("Share the request with {}", organisations.join(", ")),
        StepKind::AddCustomer { project, .. } => format!("Make somebody a customer of {project}"),
        StepKind::Attach { file, .. } => format!("Attach {} ({})", file.name, size_in_words(file.size_bytes)),
        StepKind::AttachForCustomers { file, .. } => {
            format!("Attach {} ({}) for customers too", file.name, size_in_words(file.size_bytes))
        }
        StepKind::KeepFile { file, .. } => format!("Keep {} ({}) here", file.name, size_in_words(file.size_bytes)),
    }
}

fn comment(visibility: Option<&Visibility>) -> String {
    match visibility {
        None => "a comment".into(),
        Some(Visibility::Internal) => "an internal comment".into(),
        Some(Visibility::Role(name)) => format!("a comment for the role {name}"),
        Some(Visibility::Group(name)) => format!("a comment for the group {name}"),
    }
}

fn body(kind: &StepKind) -> (String, Vec<String>) {
    match kind {
        StepKind::CreateIssue { body, .. } | StepKind::AddComment { body, .. } | StepKind::Remark { body, .. } => {
            (body.visible.clone(), body.hidden.iter().map(|hidden| hidden.text.clone()).collect())
        }
        _ => (String::new(), Vec::new()),
    }
}

fn names(set: &[FieldSetting]) -> String {
    set.iter().map(|one| one.name.as_str()).collect::<Vec<_>>().join(", ")
}

pub(super) fn proof(receipt: &Receipt) -> String {
    let proof = match receipt {
        Receipt::Issue { id, key, .. } => format!("issue {key}, id {id}"),
        Receipt::Comment { id, .. } => format!("comment {id}"),
        Receipt::Attachment { id, .. } => format!("attachment {id}"),
        Receipt::Kept { id, .. } => format!("kept here as file {id}"),
        Receipt::Changed { already: true, .. } => "it was so already".into(),
        Receipt::Changed { .. } => "done".into(),
        Receipt::Account { id } => format!("account {id}"),
        Receipt::Letter { dead_end: false, .. } => "sent".into(),
        Receipt::Letter { dead_end: true, .. } => "kept here, its site is a dead end".into(),
    };
    let left_out: Vec<&str> = receipt.left_out().iter().map(|one| one.name.as_str()).collect();
    match left_out.is_empty() {
        true => proof,
        false => format!("{proof}; without {}, whose value the tracker refused", left_out.join(", ")),
    }
}
