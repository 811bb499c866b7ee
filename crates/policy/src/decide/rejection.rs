//! Whether the issue that a mail belongs to takes its comment, and what becomes of the mail if not.

use super::association::{name, project};
use super::evidence::Evidence;
use super::flood;
use super::verdict::{Place, Trace, Verdict, in_words};
use crate::profile::{Mapping, Mode, OnReject, RightsOf, Treatment, Word};
use crate::{IssueFacts, Profile, Question, RejectionCause, Standing, Told};
use jiff::Timestamp;

const QUESTION: &str = "Does the issue take comments?";

impl Profile {
    /// Whether files may be added to an issue by its upload page: its project's mapping makes comments at all, and takes them by the
    /// issue's status and by how long it has been resolved. What else a comment may fail on is decided when they come. `now` is RFC 3339.
    pub fn takes_files(&self, issue: &IssueFacts, now: &str) -> bool {
        let mapping = self.mapping_of_project(project(issue));
        mapping.mode != Mode::Create && closed_by(&mapping, issue, now).is_none()
    }

    /// Whether the tracker is asked what the account of somebody may do who takes part in the issue already.
    pub fn asks_for_rights_on(&self, issue: &IssueFacts) -> bool {
        self.mapping_of_project(project(issue)).rights_of == RightsOf::Everybody
    }
}

/// The verdict on mail whose issue takes no comment; `None` when it does. It fails with the questions that are open.
pub(super) fn check(
    evidence: &Evidence,
    mapping: &Mapping,
    issue: &IssueFacts,
    machine_only: Option<&str>,
    trace: &mut Trace,
) -> Result<Option<Verdict>, Vec<Question>> {
    let Some((cause, why)) = refusal(evidence, mapping, issue, trace)? else { return Ok(None) };
    let setting = format!("on_reject = {:?}", mapping.on_reject.word());
    let treatment = match (mapping.on_reject, machine_only, mapping.mode) {
        // No machine's answer becomes a new issue.
        (_, Some(_), _) => Treatment::Ignore,
        (OnReject::Create, None, Mode::Comment) => mapping.unplaced,
        (OnReject::Create, None, _) => Treatment::Accept,
        (OnReject::Reject, None, _) => Treatment::Reject,
        (OnReject::Forward, None, _) => Treatment::Forward,
        (OnReject::Hold, None, _) => Treatment::Hold,
    };
    let verdict = match Verdict::stopped(treatment, format!("{why} ({setting})")) {
        Some(verdict) => verdict.because(cause),
        None => {
            let (project, issue_type) = (mapping.project.clone(), mapping.issue_type.clone());
            let linked = Some(Box::new(issue.clone()));
            Verdict::at(Place::NewIssue { project, issue_type, linked }, format!("{why} ({setting})")).because(cause)
        }
    };
    trace.note(QUESTION, format!("no, {why}"), &format!("{} ({setting})", in_words(verdict.outcome())));
    Ok(Some(Verdict { refused_on: Some(Box::new(issue.clone())), ..verdict }))
}

/// Why it takes no comment, by the first of the limits that it oversteps.
fn refusal(
    evidence: &Evidence,
    mapping: &Mapping,
    issue: &IssueFacts,
    trace: &mut Trace,
) -> Result<Option<(RejectionCause, String)>, Vec<Question>> {
    if let Some(closed) = closed_by(mapping, issue, &evidence.facts.now) {
        return Ok(Some(closed));
    }
    let issue_name = name(issue);
    let mut open = Vec::new();
    let found = is_found(evidence, mapping, issue, &mut open);
    let count = comment_count(evidence, mapping, issue, &mut open);
    let rate = match mapping.comments_per_hour {
        0 => None,
        most => match flood::traffic(evidence, Some(&issue.id)) {
            Ok(traffic) => Some((traffic.issue_hour, most)),
            Err(questions) => {
                open.extend(questions);
                None
            }
        },
    };
    if !open.is_empty() {
        return Err(open);
    }
    match found {
        Some(Told::Known(true)) => {
            return Ok(Some((RejectionCause::Search, format!("{issue_name} is found by reject_search"))));
        }
        Some(Told::Untold(why)) => trace.note(QUESTION, format!("not known, {why}"), "it goes on (reject_search)"),
        Some(Told::Known(false)) | None => {}
    }
    if let Some(count) = count.filter(|count| *count >= u64::from(mapping.comments_max)) {
        let why = format!("{issue_name} has {count} comments, comments_max = {}", mapping.comments_max);
        return Ok(Some((RejectionCause::CommentLimit, why)));
    }
    if let Some((count, most)) = rate.filter(|(count, most)| count >= most) {
        let why = format!("{issue_name} got {count} comments by mail within the hour, comments_per_hour = {most}");
        return Ok(Some((RejectionCause::CommentRate, why)));
    }
    Ok(None)
}

/// The limits that ask for nothing but the issue: its status, and how long ago it was resolved.
fn closed_by(mapping: &Mapping, issue: &IssueFacts, now: &str) -> Option<(RejectionCause, String)> {
    let (issue_name, standing) = (name(issue), &issue.standing);
    let status = standing.status.trim().to_lowercase();
    if mapping.reject_status.iter().any(|named| !status.is_empty() && named.trim().to_lowercase() == status) {
        let why = format!("{issue_name} is in status {:?}, in which no comments are taken", standing.status);
        return Some((RejectionCause::Status, why));
    }
    let most = mapping.reject_resolved_days;
    let days = days_resolved(standing, now).filter(|days| most > 0 && *days >= i64::from(most))?;
    let why = format!("{issue_name} was resolved {days} days ago, reject_resolved_days = {most}");
    Some((RejectionCause::ResolvedTooLong, why))
}

/// Whole days since it was resolved; `None` for an issue that is not, or whose time cannot be read.
fn days_resolved(standing: &Standing, now: &str) -> Option<i64> {
    let resolved: Timestamp = standing.resolved_at.as_deref()?.parse().ok()?;
    let now: Timestamp = now.parse().ok()?;
    Some((now.as_second() - resolved.as_second()).div_euclid(86_400))
}

fn is_found<'e>(
    evidence: &'e Evidence,
    mapping: &Mapping,
    issue: &IssueFacts,
    open: &mut Vec<Question>,
) -> Option<&'e Told<bool>> {
    if mapping.reject_search.is_empty() {
        return None;
    }
    let mut known = evidence.facts.matches.iter();
    let answer = known.find(|(id, search, _)| *id == issue.id && *search == mapping.reject_search);
    if answer.is_none() {
        open.push(Question::Matches { issue_id: issue.id.clone(), search: mapping.reject_search.clone() });
    }
    answer.map(|(.., told)| told)
}

fn comment_count(evidence: &Evidence, mapping: &Mapping, issue: &IssueFacts, open: &mut Vec<Question>) -> Option<u64> {
    if mapping.comments_max == 0 {
        return None;
    }
    let answer = evidence.facts.comment_counts.iter().find(|(id, _)| *id == issue.id);
    if answer.is_none() {
        open.push(Question::CommentCount { issue_id: issue.id.clone() });
    }
    answer.map(|(_, count)| *count)
}
