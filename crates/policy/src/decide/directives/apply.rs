//! What directives come to: wishes for fields, and steps of their own.

use super::super::evidence::Evidence;
use super::super::fields::{REQUEST_TYPE, Wish};
use super::super::people;
use super::super::signs::is_key;
use super::super::verdict::Trace;
use super::{Directive, FOR_NEW_ISSUES, Given};
use crate::profile::{Mapping, due};
use crate::{AccountTarget, Goal, How, IssueTarget, Question, StepKind};
use jiff::Timestamp;
use jiff::tz::TimeZone;

/// The most people whom one mail can let watch an issue.
const WATCHERS_MAX: usize = 20;
const REASON: &str = "a directive of its sender";

/// Wishes for the fields of an issue, and the steps that follow.
type Applied = (Vec<Wish>, Vec<(StepKind, String)>);

/// What the directives of a new issue come to; project, type, summary and text are looked at where those are made.
pub(in super::super) fn of_new_issue(
    evidence: &Evidence,
    given: &Given,
    mapping: &Mapping,
    issue: &IssueTarget,
    trace: &mut Trace,
) -> Result<Applied, Vec<Question>> {
    let own = ["project", "issuetype", "summary", "description", "issuekey", "viewable"];
    applied(evidence, given, mapping, issue, &own, trace)
}

/// What those of a comment come to. Some make sense for new issues alone.
pub(in super::super) fn of_comment(
    evidence: &Evidence,
    given: &Given,
    mapping: &Mapping,
    issue_id: &str,
    trace: &mut Trace,
) -> Result<Applied, Vec<Question>> {
    for directive in &given.all {
        if FOR_NEW_ISSUES.contains(&directive.meaning().as_str()) {
            trace.note(
                "Does the directive count?",
                format!("{:?} does not", directive.key),
                "it is for new issues alone",
            );
        }
    }
    let own = [FOR_NEW_ISSUES, &["issuekey", "viewable"]].concat();
    applied(evidence, given, mapping, &IssueTarget::Id(issue_id.to_owned()), &own, trace)
}

/// All but those that are applied elsewhere.
fn applied(
    evidence: &Evidence,
    given: &Given,
    mapping: &Mapping,
    issue: &IssueTarget,
    elsewhere: &[&str],
    trace: &mut Trace,
) -> Result<Applied, Vec<Question>> {
    let (mut wishes, mut steps, mut open) = (Vec::new(), Vec::new(), Vec::new());
    for directive in &given.all {
        let meaning = directive.meaning();
        if elsewhere.contains(&meaning.as_str()) {
            continue;
        }
        match meaning.as_str() {
            "watchers" => watch(evidence, directive, issue, &mut steps, &mut open, trace),
            "linkto" => link(evidence, directive, issue, mapping, &mut steps, &mut open, trace),
            "status" => steps.push(transition(issue, Goal::Status(directive.value.clone()))),
            "transition" => steps.push(transition(issue, Goal::Transition(directive.value.clone()))),
            _ => wishes.push(wish(evidence, directive, &meaning)),
        }
    }
    if open.is_empty() { Ok((wishes, steps)) } else { Err(open) }
}

/// The field that a key means, and how its words are written there.
fn wish(evidence: &Evidence, directive: &Directive, meaning: &str) -> Wish {
    let words = directive.value.clone();
    let (field, words, how) = match meaning {
        "labels" | "components" => (meaning, words, How::Add),
        "duedate" => {
            let today = evidence.facts.now.parse::<Timestamp>().unwrap_or_default().to_zoned(TimeZone::UTC).date();
            let words = due(&words, today).map_or(words, |day| day.to_string());
            ("duedate", words, How::Set)
        }
        "workestimate" => ("timetracking", words, How::Set),
        "requesttype" => (REQUEST_TYPE, words, How::Set),
        "parentissuekey" => ("parent", words, How::Set),
        "reporter" | "assignee" => (meaning, words.trim().to_lowercase(), How::Set),
        "priority" | "environment" | "summary" | "security" => (meaning, words, How::Set),
        _ => (directive.key.as_str(), words, How::Set),
    };
    // `customfields_7` is how some write it.
    let field = match field.to_lowercase().strip_prefix("customfields_") {
        Some(number) => format!("customfield_{number}"),
        None => field.to_owned(),
    };
    Wish { field, words, how, from_mail: false, by_sender: true }
}

fn transition(issue: &IssueTarget, goal: Goal) -> (StepKind, String) {
    (StepKind::Transition { issue: issue.clone(), goal, set: Vec::new() }, REASON.to_owned())
}

fn watch(
    evidence: &Evidence,
    directive: &Directive,
    issue: &IssueTarget,
    steps: &mut Vec<(StepKind, String)>,
    open: &mut Vec<Question>,
    trace: &mut Trace,
) {
    let named = directive.value.split([',', ';', '\n']).map(|name| name.trim().to_lowercase());
    for name in named.filter(|name| !name.is_empty()).take(WATCHERS_MAX) {
        match people::account(evidence, &name) {
            Ok(Some(account)) if account.active && !evidence.is_ours(&name) => {
                let account = AccountTarget::Id(account.id.clone());
                steps.push((StepKind::Watch { issue: issue.clone(), account }, REASON.to_owned()));
            }
            Ok(_) => trace.note("Can they watch the issue?", format!("{name} cannot, without an account"), "left out"),
            Err(questions) => open.extend(questions),
        }
    }
}

/// `KEY`, or the type of the link and then the key.
fn link(
    evidence: &Evidence,
    directive: &Directive,
    issue: &IssueTarget,
    mapping: &Mapping,
    steps: &mut Vec<(StepKind, String)>,
    open: &mut Vec<Question>,
    trace: &mut Trace,
) {
    const QUESTION: &str = "Can it be linked?";
    let words = directive.value.trim();
    let (link_type, key) = words.rsplit_once(char::is_whitespace).unwrap_or((mapping.link_type.as_str(), words));
    let key = key.to_uppercase();
    if !is_key(&key) {
        trace.note(QUESTION, format!("{words:?} names no issue"), "left out");
        return;
    }
    match evidence.facts.issues.iter().find(|(asked, _)| *asked == key) {
        None => open.push(Question::Issue { issue: key }),
        Some((_, None)) => trace.note(QUESTION, format!("the tracker has no issue {key}"), "left out"),
        Some((_, Some(other))) => {
            let to = IssueTarget::Id(other.id.clone());
            let step = StepKind::Link { issue: issue.clone(), to, link_type: link_type.trim().to_owned() };
            steps.push((step, REASON.to_owned()));
        }
    }
}
