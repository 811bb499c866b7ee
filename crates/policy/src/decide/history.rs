//! Whether the reader of a reply should know what the issue has said already.

use super::evidence::Evidence;
use super::verdict::{Place, Trace};
use crate::{IssueHistory, Question};

/// A text shorter than this, in bytes, has no room for a quote and an answer.
const QUOTING_BYTES_MIN: usize = 40;

/// Fails with the question for the issue's history, when the mail becomes a comment and may quote it.
pub(super) fn open(evidence: &Evidence, place: &Place, trace: &mut Trace) -> Result<(), Vec<Question>> {
    const QUESTION: &str = "What has the issue said already?";
    let Place::Comment(issue) = place else { return Ok(()) };
    if !may_quote(&evidence.message.text) {
        return Ok(());
    }
    let known = evidence.facts.histories.iter().find(|(issue_id, _)| *issue_id == issue.id);
    match known {
        None => return Err(vec![Question::History { issue_id: issue.id.clone() }]),
        Some((_, IssueHistory::Known { texts, all })) => {
            let part = if *all { "" } else { ", the newest of more" };
            trace.note(QUESTION, format!("{texts} texts{part}"), "what quotes them is left out of the comment");
        }
        Some((_, IssueHistory::Unavailable { why })) => {
            trace.note(QUESTION, format!("not known, {why}"), "quotes are told by their marks alone and folded");
        }
    }
    Ok(())
}

/// A quote and what is new take more than one line.
fn may_quote(text: &str) -> bool {
    text.len() >= QUOTING_BYTES_MIN && text.lines().filter(|line| !line.trim().is_empty()).take(2).count() > 1
}
