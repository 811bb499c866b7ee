//! Floods and loops that show no sign of it: budgets of mail within the hour (SEC-25).

use super::association::name;
use super::evidence::Evidence;
use super::loop_guard::looping;
use super::verdict::{Place, Trace, Verdict, in_words};
use crate::profile::Word;
use crate::{Question, RejectionCause, Traffic};

const QUESTION: &str = "Is it one of too many?";

/// What was acted on within the hour; it fails with the question where that is open.
pub(super) fn traffic(evidence: &Evidence, issue_id: Option<&str>) -> Result<Traffic, Vec<Question>> {
    let address = evidence.sender.identity.clone().unwrap_or_default();
    let mut known = evidence.facts.traffic.iter();
    match known.find(|(asked, about, _)| *asked == address && about.as_deref() == issue_id) {
        Some((.., traffic)) => Ok(*traffic),
        None => Err(vec![Question::Traffic { address, issue_id: issue_id.map(str::to_owned) }]),
    }
}

/// The verdict on mail of a sender who sent as many as one may within the hour.
pub(super) fn sender(evidence: &Evidence, trace: &mut Trace) -> Result<Option<Verdict>, Vec<Question>> {
    let limits = &evidence.profile.limits;
    if limits.sender_per_hour == 0 || evidence.sender.identity.is_none() {
        return Ok(None);
    }
    let number = traffic(evidence, None)?.sender_hour;
    let why =
        format!("its sender sent {number} mails within the hour, limits.sender_per_hour = {}", limits.sender_per_hour);
    Ok((number >= limits.sender_per_hour).then(|| flooded(evidence, why, trace)).flatten())
}

/// The verdict on a new issue of a sender who made as many as one may within the hour, and on a comment where its sender and the issue
/// seem to answer each other.
pub(super) fn place(evidence: &Evidence, place: &Place, trace: &mut Trace) -> Result<Option<Verdict>, Vec<Question>> {
    let limits = &evidence.profile.limits;
    if evidence.sender.identity.is_none() {
        return Ok(None);
    }
    match place {
        Place::NewIssue { .. } if limits.issues_per_hour > 0 => {
            let number = traffic(evidence, None)?.sender_issues_hour;
            let setting = format!("limits.issues_per_hour = {}", limits.issues_per_hour);
            let why = format!("its sender made {number} issues within the hour, {setting}");
            Ok((number >= limits.issues_per_hour).then(|| flooded(evidence, why, trace)).flatten())
        }
        Place::Comment(issue) if limits.pair_per_hour > 0 => {
            let number = traffic(evidence, Some(&issue.id))?.pair_hour;
            if number < limits.pair_per_hour {
                return Ok(None);
            }
            let why = format!(
                "its sender commented {number} times on {} within the hour, limits.pair_per_hour = {}",
                name(issue),
                limits.pair_per_hour
            );
            Ok(looping(evidence, QUESTION, &why, trace))
        }
        Place::NewIssue { .. } | Place::Comment(_) | Place::Nowhere(_) => Ok(None),
    }
}

fn flooded(evidence: &Evidence, why: String, trace: &mut Trace) -> Option<Verdict> {
    let treatment = evidence.profile.limits.on_flood;
    let verdict = Verdict::stopped(treatment, format!("{why} (limits.on_flood = {:?})", treatment.word()))?;
    trace.note(QUESTION, format!("yes, {why}"), in_words(verdict.outcome()));
    Some(verdict.because(RejectionCause::SenderRate))
}
