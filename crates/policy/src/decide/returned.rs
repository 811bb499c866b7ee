//! Which letters of ours a delivery report says came back for good, so that nobody goes on writing to a dead address (SEC-26).

use super::evidence::Evidence;
use super::lookups;
use super::verdict::Trace;
use crate::{Question, ReturnedLetter};

/// Recipients of one letter that are taken at the report's word: a letter of ours has one, whom the report may name twice.
const RECIPIENTS_MAX: usize = 2;

/// What came back. Anybody can write a report, so one counts only when it is about a letter that bears our signature; that it went
/// to the address which the report names is for the store to know.
pub(super) fn of(evidence: &Evidence, trace: &mut Trace) -> Result<Vec<ReturnedLetter>, Vec<Question>> {
    const QUESTION: &str = "Did a letter of ours come back for good?";
    let Some(id) = lookups::returned_message_id(evidence) else { return Ok(Vec::new()) };
    if evidence.facts.reply_tokens.is_none() {
        return Err(vec![Question::ReplyTokens { addresses: lookups::own_candidates(evidence) }]);
    }
    let Some(number) = lookups::grant_for(evidence, id).and_then(|grant| grant.letter_id.parse().ok()) else {
        trace.note(
            QUESTION,
            "not told, no signature of ours is in the Message-ID that the report names",
            "it counts against nobody",
        );
        return Ok(Vec::new());
    };
    let recipients = evidence.message.bounce.iter().flat_map(|bounce| &bounce.recipients);
    let dead = recipients.filter(|recipient| recipient.permanent).take(RECIPIENTS_MAX);
    let returned: Vec<ReturnedLetter> =
        dead.map(|recipient| ReturnedLetter { number, address: recipient.address.clone() }).collect();
    match returned.first() {
        Some(first) => {
            trace.note(
                QUESTION,
                format!("yes, letter {number} to {}", first.address),
                "it counts against that address",
            );
        }
        None => trace.note(
            QUESTION,
            format!("letter {number} did, and may arrive yet another time"),
            "it counts against nobody",
        ),
    }
    Ok(returned)
}
