//! Which letters of ours a delivery report says came back, so that nobody goes on writing to a dead address (SEC-26), and the note on
//! the issue that such a letter was about.

use super::evidence::{Evidence, is_plain_address};
use super::lookups;
use super::verdict::Trace;
use super::{association, visibility};
use crate::outbound::Summary;
use crate::{Body, IssueTarget, Question, ReturnPath, ReturnedLetter, StepKind, Visibility};
use mail::BouncedRecipient;

/// Recipients of one letter that are taken at the report's word: a letter of ours has one, whom the report may name twice.
const RECIPIENTS_MAX: usize = 2;
/// The issue of letters that are about none.
pub(super) const NO_ISSUE: &str = "0";

/// The letter that a report is about.
struct Known<'a> {
    issue_id: &'a str,
    number: u64,
    by_path: bool,
    /// The return path of one recipient to which it came.
    path: Option<ReturnPath>,
}

impl Known<'_> {
    /// Whether it counts against an address that a letter is lost there. Of letters about events their own return path alone proves it;
    /// the others have none.
    fn counts(&self) -> bool {
        self.path.is_some() || self.issue_id == NO_ISSUE
    }
}

/// What came back, and the note about it.
#[derive(Default)]
pub(super) struct Returned {
    pub(super) letters: Vec<ReturnedLetter>,
    pub(super) note: Option<StepKind>,
}

/// What came back. Anybody can write a report, so one counts only when it is about a letter that bears our signature; that it went
/// to the address which the report names is for the store to know.
pub(super) fn of(evidence: &Evidence, trace: &mut Trace) -> Result<Returned, Vec<Question>> {
    const QUESTION: &str = "Did a letter of ours come back?";
    if lookups::returned_message_id(evidence).is_none() && lookups::return_path(evidence).is_none() {
        return Ok(Returned::default());
    }
    if evidence.facts.reply_tokens.is_none() {
        return Err(vec![Question::ReplyTokens { addresses: lookups::own_candidates(evidence) }]);
    }
    let Some(known) = letter(evidence) else {
        trace.note(
            QUESTION,
            "not told, no signature of ours is in the Message-ID that the report names, nor where it was sent to",
            "it counts against nobody",
        );
        return Ok(Returned::default());
    };
    let recipients = evidence.message.bounce.iter().flat_map(|bounce| &bounce.recipients);
    let failed = recipients.filter(|recipient| is_failure(recipient)).take(RECIPIENTS_MAX);
    let letters: Vec<ReturnedLetter> = failed.map(|recipient| returned(recipient, &known)).collect();
    let number = known.number;
    match letters.first() {
        Some(first) => {
            let counts = match (first.permanent, known.counts()) {
                (true, true) => "it counts against that address",
                (true, false) => {
                    "it counts against nobody, because it did not come to the return path that is his alone: anybody who knows the letter can say so"
                }
                (false, _) => "it counts against nobody",
            };
            trace.note(QUESTION, format!("yes, letter {number} to {}{}", first.address, first.why()), counts);
        }
        None => trace.note(
            QUESTION,
            format!("letter {number} did, and may arrive yet another time"),
            "it counts against nobody",
        ),
    }
    let note = note(evidence, known.issue_id, &letters, trace)?;
    Ok(Returned { letters, note })
}

/// The letter that the report is about: by the recipient's own return path to which it was sent, by the Message-ID that came back, or else
/// by a return path as letters had it before, which was the address for answers.
fn letter<'a>(evidence: &Evidence<'a>) -> Option<Known<'a>> {
    let known = |carrier: Option<&str>| {
        let grant = lookups::grant_for(evidence, carrier?)?;
        Some((grant, grant.letter_id.parse().ok()?))
    };
    let by_id = known(lookups::returned_message_id(evidence));
    let own = lookups::return_path(evidence).and_then(|path| lookups::own_path(evidence, path));
    if let Some(own) = own {
        let number = own.letter_id.parse().ok()?;
        let path = Some(ReturnPath { issue_id: own.issue_id.clone(), number });
        let number = by_id.map_or(number, |(_, number)| number);
        return Some(Known { issue_id: &own.issue_id, number, by_path: true, path });
    }
    let by_path = known(lookups::return_path(evidence));
    let is_same = by_path.is_some_and(|(_, number): (_, u64)| by_id.is_none_or(|(_, other)| other == number));
    let (grant, number) = by_id.or(by_path)?;
    Some(Known { issue_id: &grant.issue_id, number, by_path: is_same, path: None })
}

/// Whether the letter did not arrive; one that is late may still.
fn is_failure(recipient: &BouncedRecipient) -> bool {
    recipient.permanent || recipient.action.as_deref() == Some("failed")
}

fn returned(recipient: &BouncedRecipient, known: &Known<'_>) -> ReturnedLetter {
    let BouncedRecipient { address, permanent, status, said, .. } = recipient.clone();
    let Known { number, by_path, path, .. } = known;
    ReturnedLetter { number: *number, address, permanent, status, said, by_path: *by_path, path: path.clone() }
}

/// Whether a letter with this id is about an issue: one may be about none, and a summary is about many.
fn is_issue(issue_id: &str) -> bool {
    issue_id != NO_ISSUE && !Summary::is_id(issue_id)
}

/// Whether the letter is known to have gone to the address that the report names. By its path it is known whatever address stands there, so
/// anybody could have one named.
fn is_known_address(letter: &ReturnedLetter) -> bool {
    !letter.by_path && is_plain_address(&letter.address)
}

/// What is said on the issue, where the profile wants it. Where nothing can be internal it names nobody.
fn note(
    evidence: &Evidence,
    issue_id: &str,
    letters: &[ReturnedLetter],
    trace: &mut Trace,
) -> Result<Option<StepKind>, Vec<Question>> {
    const QUESTION: &str = "Is it noted on the issue?";
    let Some(first) = letters.first().filter(|_| evidence.profile.notes_bounces() && is_issue(issue_id)) else {
        return Ok(None);
    };
    let issue = match evidence.facts.issues.iter().find(|(asked, _)| asked == issue_id) {
        None => return Err(vec![Question::Issue { issue: issue_id.to_owned() }]),
        Some((_, None)) => {
            trace.note(QUESTION, "no, the issue is gone", "nothing is said");
            return Ok(None);
        }
        Some((_, Some(issue))) => issue,
    };
    let internal = visibility::limited(evidence, "internal", association::project(issue))?;
    let status = first.status.as_deref().map_or_else(String::new, |status| format!(" ({status})"));
    let (visible, visibility) = match internal {
        Ok(visibility) if is_known_address(first) => {
            (format!("A letter about this issue to {} came back{status}.", first.address), Some(visibility))
        }
        Ok(visibility) => (
            format!("A letter about this issue came back{status}. The gateway's console tells whose."),
            Some(visibility),
        ),
        Err(_) => (format!("A letter about this issue came back{status}. The gateway's console tells whose."), None),
    };
    let who = if visibility == Some(Visibility::Internal) { "internally" } else { "without the address" };
    trace.note(QUESTION, format!("yes, {who} (automatic.bounce_note)"), "unless it was before, or too often today");
    let body = Body { visible, ..Body::default() };
    Ok(Some(StepKind::AddComment { issue: IssueTarget::Id(issue_id.to_owned()), body, visibility }))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_letter_of_a_summary_is_about_no_issue() {
        assert!(is_issue("10001"));
        assert!(!is_issue(NO_ISSUE) && !is_issue(&Summary::id_of("open")));
    }

    #[test]
    fn an_address_that_nobody_looked_at_is_not_named() {
        let by_id = ReturnedLetter { address: "ann@example.org".into(), ..ReturnedLetter::default() };
        assert!(is_known_address(&by_id));
        assert!(!is_known_address(&ReturnedLetter { by_path: true, ..by_id.clone() }));
        assert!(!is_known_address(&ReturnedLetter { address: "see http://evil.example".into(), ..by_id }));
    }
}
