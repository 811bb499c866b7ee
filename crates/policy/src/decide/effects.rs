//! What is done beside making the issue or comment: fields, links, and where the workflow leads.

use super::association::{name, project};
use super::directives::{self, Given};
use super::evidence::Evidence;
use super::fields::{self, Granted, Wish};
use super::filling::filled;
use super::verdict::{Place, Trace, Verdict};
use super::{Route, moving, people, visibility};
use crate::field::REPORTER;
use crate::profile::{Apply, Assignee, Mapping, Word, due};
use crate::{FieldSetting, IssueFacts, IssueTarget, Outcome, Question, StepKind, Visibility};
use jiff::Timestamp;
use jiff::tz::TimeZone;
use people::company::Brought;

/// How many people are looked up for one who may work on an issue.
const CANDIDATES_MAX: usize = 5;

/// What a plan does beside making its issue or comment, and its files.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Effects {
    /// Of a new issue: they go with it.
    pub(super) set: Vec<FieldSetting>,
    /// Steps before the first, each with its reason; they are about no issue.
    pub(super) lead: Vec<(StepKind, String)>,
    /// Steps that follow; they are about the issue of the plan.
    pub(super) follow: Vec<(StepKind, String)>,
    /// Whether the sender becomes a customer who was none.
    pub(super) welcomes: bool,
    /// The directives that count for what is made.
    pub(super) spoken: Given,
    /// Who may see the comment; `None` for whoever sees the issue.
    pub(super) visibility: Option<Visibility>,
}

/// The verdict with its effects; it fails with the questions that are open. A security level that cannot be set makes it a
/// hold, because everybody would see the issue.
pub(super) fn added(
    evidence: &Evidence,
    route: &Route,
    verdict: Verdict,
    trace: &mut Trace,
) -> Result<Verdict, Vec<Question>> {
    let made = match &verdict.place {
        Place::Nowhere(_) => return Ok(verdict),
        Place::NewIssue { project, issue_type, linked } => {
            with_issue(evidence, route, &verdict.place, (project, issue_type), linked.as_deref(), trace)?
        }
        Place::Comment(issue) => with_comment(evidence, route, &verdict.place, issue, trace)?,
    };
    Ok(match made {
        Ok(effects) => Verdict { effects: Box::new(effects), ..verdict },
        Err(why) => Verdict::nowhere(Outcome::Hold, why),
    })
}

/// What goes with a new issue, or why it must not be made.
fn with_issue(
    evidence: &Evidence,
    route: &Route,
    place: &Place,
    (project, issue_type): (&str, &str),
    linked: Option<&IssueFacts>,
    trace: &mut Trace,
) -> Result<Result<Effects, String>, Vec<Question>> {
    let mapping = &route.mapping;
    if let Some(why) = visibility::against_an_issue(evidence, trace) {
        return Ok(Err(why));
    }
    let brought = people::company::brought(evidence, mapping, place, trace)?;
    let issue = IssueTarget::created_after(brought.lead.len());
    let mut wishes = of_new_issue(evidence, mapping, &brought, trace)?;
    wishes.extend(people::kept::of_new_issue(evidence, mapping, &brought)?);
    wishes.extend(brought.wishes.iter().cloned());
    let spoken = spoken(route, Apply::Create, trace);
    let (more, steps) = directives::of_new_issue(evidence, &spoken, mapping, &issue, trace)?;
    wishes.extend(more);
    let granted = granted_on_create(evidence, mapping, (project, issue_type), &wishes, trace)?;
    let by_name = granted.refused.iter().find(|(field, _)| is_security(field)).map(|(_, why)| why);
    if let Some(why) = granted.level_refused.as_ref().or(by_name) {
        return Ok(Err(format!("its security level cannot be set: {why}")));
    }
    let mut set = granted.set;
    people::kept::with_whole_addresses(mapping, &mut set);
    people::reporter::customer(evidence, (project, issue_type), &brought, &mut set, trace)?;
    let mut follow = Vec::new();
    follow.extend(linked.map(|old| link(mapping, &issue, old)));
    follow.extend(steps);
    follow.extend(brought.follow);
    if let Some(workflow) = moving::followed(evidence, route, issue_type, None, trace) {
        let seen_by = match &workflow.comment {
            Some(_) => visibility::of_remark(evidence, mapping, project, trace)?,
            None => None,
        };
        follow.extend(moving::steps(evidence, workflow, &issue, seen_by));
    }
    let welcomes = brought.welcomes;
    Ok(Ok(Effects { set, lead: brought.lead, follow, welcomes, spoken, visibility: None }))
}

/// What goes with a comment, or why it must not be made.
fn with_comment(
    evidence: &Evidence,
    route: &Route,
    place: &Place,
    issue: &IssueFacts,
    trace: &mut Trace,
) -> Result<Result<Effects, String>, Vec<Question>> {
    let mapping = &route.mapping;
    let spoken = spoken(route, Apply::Comment, trace);
    let visibility = match visibility::of(evidence, mapping, &spoken, issue, trace)? {
        Ok(visibility) => visibility,
        Err(why) => return Ok(Err(why)),
    };
    let brought = people::company::brought(evidence, mapping, place, trace)?;
    let mut wishes = texts(evidence, &mapping.comment_fields.0);
    wishes.extend(people::kept::of_comment(evidence, mapping, issue, trace)?);
    wishes.extend(brought.wishes.iter().cloned());
    let (more, steps) = directives::of_comment(evidence, &spoken, mapping, &issue.id, trace)?;
    wishes.extend(more);
    let mut set = granted_on_edit(evidence, mapping, issue, &wishes, trace)?.set;
    people::kept::with_whole_addresses(mapping, &mut set);
    let target = IssueTarget::Id(issue.id.clone());
    let mut follow = Vec::new();
    if !set.is_empty() {
        let edit = StepKind::EditIssue { issue: target.clone(), set };
        follow.push((edit, "the profile or a directive sets fields with a comment".to_owned()));
    }
    follow.extend(steps);
    follow.extend(brought.follow);
    if let Some(workflow) = moving::followed(evidence, route, &issue.standing.issue_type, Some(issue), trace) {
        follow.extend(moving::steps(evidence, workflow, &target, Some(visibility.clone())));
    }
    let welcomes = brought.welcomes;
    Ok(Ok(Effects { set: Vec::new(), lead: brought.lead, follow, welcomes, spoken, visibility }))
}

/// The verdict on a click with the effects of its set. The profile says what they are, so they count whatever it lets senders
/// do, and nothing else that it does with comments is done.
pub(super) fn of_set(
    evidence: &Evidence,
    route: &mut Route,
    given: Given,
    verdict: Verdict,
    trace: &mut Trace,
) -> Result<Verdict, Vec<Question>> {
    let Place::Comment(issue) = &verdict.place else { return Ok(verdict) };
    route.mapping.comment_header = None;
    let mapping = &route.mapping;
    let visibility = match visibility::of(evidence, mapping, &given, issue, trace)? {
        Ok(visibility) => visibility,
        Err(why) => return Ok(Verdict::nowhere(Outcome::Hold, why)),
    };
    let (wishes, steps) = directives::of_comment(evidence, &given, mapping, &issue.id, trace)?;
    let wishes: Vec<Wish> = wishes.into_iter().map(|wish| Wish { by_sender: false, ..wish }).collect();
    let granted = granted_on_edit(evidence, mapping, issue, &wishes, trace)?;
    let edit = StepKind::EditIssue { issue: IssueTarget::Id(issue.id.clone()), set: granted.set.clone() };
    let edit = (!granted.set.is_empty()).then_some(edit);
    let steps = steps.into_iter().map(|(step, _)| step);
    let follow = edit.into_iter().chain(steps).map(|step| (step, "the directive set says so".to_owned())).collect();
    let effects = Effects { follow, spoken: given, visibility, ..Effects::default() };
    Ok(Verdict { effects: Box::new(effects), ..verdict })
}

/// The directives that count on this occasion.
fn spoken(route: &Route, on: Apply, trace: &mut Trace) -> Given {
    let given = &route.directives;
    if given.all.is_empty() || [on, Apply::Both].contains(&route.mapping.directives) {
        return given.clone();
    }
    trace.note("Do the directives count here?", "no", &format!("directives = {:?}", route.mapping.directives.word()));
    Given::default()
}

fn granted_on_create(
    evidence: &Evidence,
    mapping: &Mapping,
    (project, issue_type): (&str, &str),
    wishes: &[Wish],
    trace: &mut Trace,
) -> Result<Granted, Vec<Question>> {
    if wishes.is_empty() {
        return Ok(Granted::default());
    }
    let mut known = evidence.facts.fields.iter();
    match known.find(|(one, kind, _)| one == project && kind == issue_type) {
        Some((.., told)) => fields::grant(evidence, mapping, project, told, wishes, trace),
        None => Err(vec![Question::Fields { project: project.to_owned(), issue_type: issue_type.to_owned() }]),
    }
}

fn granted_on_edit(
    evidence: &Evidence,
    mapping: &Mapping,
    issue: &IssueFacts,
    wishes: &[Wish],
    trace: &mut Trace,
) -> Result<Granted, Vec<Question>> {
    if wishes.is_empty() {
        return Ok(Granted::default());
    }
    match evidence.facts.edit_fields.iter().find(|(asked, _)| *asked == issue.id) {
        Some((_, told)) => fields::grant(evidence, mapping, project(issue), told, wishes, trace),
        None => Err(vec![Question::EditFields { issue_id: issue.id.clone() }]),
    }
}

/// What the profile wants in the fields of a new issue.
fn of_new_issue(
    evidence: &Evidence,
    mapping: &Mapping,
    brought: &Brought,
    trace: &mut Trace,
) -> Result<Vec<Wish>, Vec<Question>> {
    let today = evidence.facts.now.parse::<Timestamp>().unwrap_or_default().to_zoned(TimeZone::UTC).date();
    let due = due(&mapping.due, today).map(|day| day.to_string()).unwrap_or_default();
    let plain = [
        ("priority", mapping.priority.clone()),
        ("labels", mapping.labels.join(", ")),
        ("components", mapping.components.join(", ")),
        ("security", mapping.security_level.clone()),
        ("duedate", due),
        ("assignee", assignee(evidence, mapping)?),
        (REPORTER, people::reporter::wanted(evidence, mapping, brought, trace)?),
        (fields::REQUEST_TYPE, mapping.request_type.clone()),
    ];
    let plain = plain.into_iter().filter(|(_, words)| !words.is_empty()).map(|(field, words)| Wish::set(field, words));
    Ok(plain.chain(texts(evidence, &mapping.fields.0)).collect())
}

fn texts(evidence: &Evidence, fields: &[(String, crate::placeholder::Template)]) -> Vec<Wish> {
    fields
        .iter()
        .map(|(field, text)| Wish { from_mail: text.believes_the_mail(), ..Wish::set(field, filled(evidence, text)) })
        .filter(|w| !w.words.is_empty())
        .collect()
}

/// The address or account of whoever works on a new issue; empty for whom the tracker chooses.
fn assignee(evidence: &Evidence, mapping: &Mapping) -> Result<String, Vec<Question>> {
    if !mapping.assignee_name.is_empty() {
        return Ok(mapping.assignee_name.trim().to_lowercase());
    }
    let headers = &evidence.message.headers;
    let candidates: Vec<String> = match mapping.assignee {
        Assignee::Tracker => return Ok(String::new()),
        Assignee::FirstRecipient => evidence.recipients.clone(),
        Assignee::FirstTo => headers.to.iter().map(mail::Address::normalised).collect(),
        Assignee::FirstCc => headers.cc.iter().map(mail::Address::normalised).collect(),
        Assignee::Sender => evidence.proved_person().map(str::to_owned).into_iter().collect(),
    };
    let people = candidates.into_iter().filter(|address| evidence.may_take_part(address)).take(CANDIDATES_MAX);
    let (mut found, mut open) = (String::new(), Vec::new());
    for address in people {
        match people::account(evidence, &address) {
            Ok(Some(account)) if account.active && !account.is_customer && found.is_empty() => found = address,
            Ok(_) => {}
            Err(questions) => open.extend(questions),
        }
    }
    if open.is_empty() { Ok(found) } else { Err(open) }
}

/// The link of a new issue to the one that took no comment.
fn link(mapping: &Mapping, issue: &IssueTarget, old: &IssueFacts) -> (StepKind, String) {
    let (issue, to) = (issue.clone(), IssueTarget::Id(old.id.clone()));
    let step = StepKind::Link { issue, to, link_type: mapping.link_type.clone() };
    (step, format!("it belongs to {}, which takes no comments", name(old)))
}

pub(super) fn same(one: &str, other: &str) -> bool {
    one.trim().to_lowercase() == other.trim().to_lowercase()
}

fn is_security(field: &str) -> bool {
    same(field, "security") || same(field, "security level")
}
