//! Signs that a mail goes round in a loop (SEC-25).

use super::evidence::Evidence;
use super::verdict::{Trace, Verdict, in_words};
use super::{files, lookups};
use crate::Outcome;
use crate::profile::Word;

/// More `Received` fields than this are a loop (RFC 5321, section 6.3, asks for at least 100 only of relays; a mail that
/// ends here has no business with more than half of them).
pub const RECEIVED_MAX: u32 = 50;

/// How often a mail is handed on inside another, at most: enough for people, and the end of a loop that hides its marks.
const FORWARDS_MAX: usize = 3;

/// The verdict on mail that passed too many hosts or comes from one of our own addresses.
pub(super) fn check(evidence: &Evidence, trace: &mut Trace) -> Option<Verdict> {
    const QUESTION: &str = "Does it go round in a loop?";
    let hops = evidence.message.headers.received_count;
    let own = evidence.sender.identity.as_deref().filter(|address| evidence.profile.is_own_address(address));
    let sign = if hops > RECEIVED_MAX {
        format!("it passed {hops} hosts, more than {RECEIVED_MAX}")
    } else if let Some(address) = own {
        format!("it was sent from {address}, which is one of our own addresses")
    } else {
        let hosts = if hops == 1 { "hop" } else { "hops" };
        trace.note(QUESTION, format!("no, {hops} {hosts} and not from us"), "it goes on");
        return None;
    };
    looping(evidence, QUESTION, &sign, trace)
}

/// The verdict on a mail that is to be handed on and was handed on too often before: it would go round among those who do so.
pub(super) fn handed_on(evidence: &Evidence, verdict: &Verdict, trace: &mut Trace) -> Option<Verdict> {
    if verdict.outcome() != Outcome::Forward || !is_handed_on_too_often(evidence) {
        return None;
    }
    let sign = format!("it holds more than {FORWARDS_MAX} messages, each inside the next");
    looping(evidence, "Was it handed on too often?", &sign, trace)
}

/// Whether it holds so many messages, each inside the next, that it goes round among those to whom mail is handed on.
pub(super) fn is_handed_on_too_often(evidence: &Evidence) -> bool {
    files::messages_deep(evidence) > FORWARDS_MAX
}

/// What becomes of a mail with a sign of a loop, as the profile's `loops` says.
pub(super) fn looping(evidence: &Evidence, question: &'static str, sign: &str, trace: &mut Trace) -> Option<Verdict> {
    let loops = evidence.profile.loops;
    let reason = format!("a mail loop: {sign} (loops = {:?})", loops.word());
    let verdict = Verdict::stopped(loops, reason)?;
    trace.note(question, format!("yes, {sign}"), in_words(verdict.outcome()));
    Some(verdict)
}

/// The verdict on a letter of ours that came back as it was: its own Message-ID carries our signature.
pub(super) fn own_letter(evidence: &Evidence, trace: &mut Trace) -> Option<Verdict> {
    let own_id = lookups::own_message_id(evidence)?;
    let grant = lookups::grant_for(evidence, own_id);
    let Some(grant) = grant else {
        trace.note("Is it a letter of ours?", "no, its Message-ID bears no signature of ours", "it goes on");
        return None;
    };
    let reason = format!("letter {} of ours came back", grant.letter_id);
    trace.note("Is it a letter of ours?", format!("yes, letter {}", grant.letter_id), in_words(Outcome::Ignore));
    Some(Verdict::nowhere(Outcome::Ignore, reason))
}
