//! What the store has to be asked about a message, and what its answers say.

use super::evidence::Evidence;
use super::flood;
use super::returned::NO_ISSUE;
use crate::outbound::Summary;
use crate::profile::{Duplicates, Mode};
use crate::{AnswerSeenBy, Question, TokenGrant, reply_token};

/// The most Message-IDs that are looked up for one message (SEC-24).
pub const THREAD_IDS_MAX: usize = 20;
/// The most reply addresses and signed Message-IDs that are verified for one message.
pub const TOKENS_MAX: usize = 20;

/// The questions to the store that are open. All of them are cheap and independent, so they are asked at once.
pub(super) fn open(evidence: &Evidence, mode: Mode) -> Vec<Question> {
    let facts = evidence.facts;
    let mut questions = Vec::new();
    let addresses = token_candidates(evidence, mode);
    if facts.reply_tokens.is_none() && !addresses.is_empty() {
        questions.push(Question::ReplyTokens { addresses });
    }
    let message_ids = thread_ids(evidence);
    if facts.thread.is_none() && mode != Mode::Create && !message_ids.is_empty() {
        questions.push(Question::Thread { message_ids });
    }
    if facts.seen_before.is_none() && evidence.profile.duplicates == Duplicates::OnePerProject {
        questions.push(Question::SeenBefore);
    }
    if evidence.profile.limits.sender_per_hour > 0 && evidence.sender.identity.is_some() {
        questions.extend(flood::traffic(evidence, None).err().unwrap_or_default());
    }
    questions
}

/// The recipients that may be signed reply addresses.
pub(super) fn reply_addresses<'a>(evidence: &'a Evidence) -> impl Iterator<Item = &'a str> {
    evidence.recipients.iter().map(String::as_str).filter(|address| evidence.profile.is_reply_address(address))
}

/// In order of trust: what the sender's program answers, then what came before it, newest first.
pub(super) fn thread_ids(evidence: &Evidence) -> Vec<String> {
    let headers = &evidence.message.headers;
    let mut ids: Vec<String> = Vec::new();
    let is_on = |name: &str| evidence.profile.thread_headers.iter().any(|known| known == name);
    let answered = headers.in_reply_to.iter().filter(|_| is_on("in-reply-to"));
    let before = headers.references.iter().rev().filter(|_| is_on("references"));
    for id in answered.chain(before) {
        if ids.len() < THREAD_IDS_MAX && !id.is_empty() && !ids.contains(id) {
            ids.push(id.clone());
        }
    }
    ids
}

/// The message's own id, when it has the form of one that we sign.
pub(super) fn own_message_id<'a>(evidence: &Evidence<'a>) -> Option<&'a str> {
    evidence.message.headers.message_id.as_deref().filter(|id| reply_token::resembles(id))
}

/// The Message-ID that a delivery report says came back, when it has the form of one that we sign.
pub(super) fn returned_message_id<'a>(evidence: &Evidence<'a>) -> Option<&'a str> {
    let bounce = evidence.message.bounce.as_ref()?;
    bounce.returned_message_id.as_deref().filter(|id| reply_token::resembles(id))
}

/// Where a delivery report was sent to, when that is a return path that we sign.
pub(super) fn return_path<'a>(evidence: &'a Evidence) -> Option<&'a str> {
    evidence.message.bounce.as_ref()?;
    reply_addresses(evidence).find(|address| reply_token::resembles(address))
}

/// The ids by which the mail itself shows to be ours, or to be about a letter of ours.
pub(super) fn own_candidates(evidence: &Evidence) -> Vec<String> {
    let ids = own_message_id(evidence).into_iter().chain(returned_message_id(evidence));
    ids.chain(return_path(evidence)).map(str::to_owned).collect()
}

/// What our signature in this address or Message-ID grants.
pub(super) fn grant_for<'a>(evidence: &Evidence<'a>, carrier: &str) -> Option<&'a TokenGrant> {
    signed(evidence, carrier).filter(|grant| !grant.is_path)
}

/// What this address says when it is the return path of one recipient.
pub(super) fn own_path<'a>(evidence: &Evidence<'a>, carrier: &str) -> Option<&'a TokenGrant> {
    signed(evidence, carrier).filter(|grant| grant.is_path)
}

fn signed<'a>(evidence: &Evidence<'a>, carrier: &str) -> Option<&'a TokenGrant> {
    let grants = evidence.facts.reply_tokens.as_deref().unwrap_or_default();
    grants.iter().find(|grant| grant.address.eq_ignore_ascii_case(carrier))
}

/// Whether the mail answers a summary, which is about several issues.
pub(super) fn answers_a_summary(evidence: &Evidence) -> bool {
    let is_of_one = |carrier: &str| grant_for(evidence, carrier).is_some_and(|grant| Summary::is_id(&grant.issue_id));
    reply_addresses(evidence).any(is_of_one) || thread_ids(evidence).iter().any(|id| is_of_one(id))
}

/// Who may see what answers the letters that this mail names or quotes: as few as the one for the fewest says, whichever issue it was
/// about.
///
/// What is named is signed: reply addresses and Message-IDs, and the marks that letters bear. A mark that does not verify with a key of
/// the site is text like any other; one that somebody copied makes fewer people see his words, never more.
pub(super) fn answer_seen_by(evidence: &Evidence) -> AnswerSeenBy {
    let grants = evidence.facts.reply_tokens.as_deref().unwrap_or_default();
    let of_events = grants.iter().filter(|grant| grant.issue_id != NO_ISSUE && !grant.is_path);
    of_events.map(limit).max().unwrap_or(AnswerSeenBy::Everybody)
}

/// Whether this part is, or holds, a letter of ours that is not for everybody.
pub(super) fn holds_a_limited_letter(evidence: &Evidence, part: &str) -> bool {
    let marks = evidence.message.letter_marks.iter();
    let mut inside = marks.filter(|found| {
        found.part.strip_prefix(part).is_some_and(|rest| rest.is_empty() || rest.starts_with(['.', '/']))
    });
    inside.any(|found| grant_for(evidence, &found.mark).is_some_and(|grant| limit(grant) != AnswerSeenBy::Everybody))
}

fn limit(grant: &TokenGrant) -> AnswerSeenBy {
    grant.letter_id.parse().map_or(AnswerSeenBy::Everybody, AnswerSeenBy::of)
}

/// Whatever may carry our signature: the message's own id, so that our own letters are known again, the id that a report names, the ids
/// it refers to, the marks that it quotes and, where mail can become a comment, reply addresses.
fn token_candidates(evidence: &Evidence, mode: Mode) -> Vec<String> {
    let mut candidates = own_candidates(evidence);
    if mode != Mode::Create {
        candidates.extend(reply_addresses(evidence).map(str::to_owned));
    }
    candidates.extend(thread_ids(evidence).into_iter().filter(|id| reply_token::resembles(id)));
    candidates.truncate(TOKENS_MAX);
    for found in &evidence.message.letter_marks {
        if !candidates.contains(&found.mark) {
            candidates.push(found.mark.clone());
        }
    }
    candidates
}
