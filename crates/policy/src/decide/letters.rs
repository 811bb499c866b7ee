//! Letters to the sender of a mail. Every automatic letter passes the one gate here (SEC-06, SEC-25, SEC-26).

use super::evidence::Evidence;
use super::verdict::{Place, Trace, Verdict};
use super::{safeguards, summary};
use crate::profile::{Addressees, Mapping, NOT_CREATED};
use crate::{Letter, LetterKind, LetterTraffic, LetterWhen, Question, Rejection};

/// Notices to addresses of one domain within an hour.
pub const DOMAIN_HOUR_MAX: u32 = 20;
/// Notices of a whole site within an hour: beyond it something is wrong, and silence does least harm.
pub const SITE_HOUR_MAX: u32 = 200;
/// Notices within 24 hours to an address of which nobody vouches that it wrote.
pub const UNVERIFIED_DAY_MAX: u32 = 1;

/// The letters of a decision; it fails with the question whose answer it lacks.
pub(super) fn of(
    evidence: &Evidence,
    verdict: &Verdict,
    mapping: &Mapping,
    rejection: Option<&Rejection>,
    trace: &mut Trace,
) -> Result<Vec<Letter>, Vec<Question>> {
    let forwarded = rejection.iter().flat_map(|rejection| &rejection.forward_to);
    let mut letters: Vec<Letter> = forwarded.map(|to| handed_on(evidence, verdict, to)).collect();
    let cause = match (rejection, &verdict.place) {
        (Some(rejection), _) if rejection.notify_sender => Some((rejection.told_as.word(), LetterWhen::Decided)),
        (None, Place::NewIssue { .. }) if mapping.notices.iter().any(|cause| cause == NOT_CREATED) => {
            Some((NOT_CREATED, LetterWhen::Failed))
        }
        _ => None,
    };
    if let Some((cause, when)) = cause {
        letters.extend(notice(evidence, cause, when, trace)?);
    }
    for (letter, ordinal) in letters.iter_mut().zip(1..) {
        letter.ordinal = ordinal;
    }
    Ok(letters)
}

/// The mail itself for one of those who look after it. It goes out whatever the mail is: they are named in the profile, and no
/// answer of theirs comes back to us as long as they are nobody that the profile awaits mail for.
fn handed_on(evidence: &Evidence, verdict: &Verdict, to: &str) -> Letter {
    let reason = format!("the profile hands such mail on: {}", verdict.reason);
    Letter {
        ordinal: 0,
        kind: LetterKind::Forward,
        when: LetterWhen::Decided,
        to: to.to_owned(),
        subject: format!("Fwd: {}", summary::of(&evidence.message.headers.subject, &[], "")),
        text: format!("This mail was not taken in: {}.\n\nIt is attached as it came.", verdict.reason),
        answers: None,
        reason,
    }
}

/// A notice to the sender, when he may be written to.
fn notice(
    evidence: &Evidence,
    cause: &str,
    when: LetterWhen,
    trace: &mut Trace,
) -> Result<Option<Letter>, Vec<Question>> {
    let question = match when {
        LetterWhen::Decided => "May its sender be told?",
        LetterWhen::Failed => "May its sender be told when no issue can be made?",
    };
    let to = match gate(evidence)? {
        Ok(to) => to,
        Err(why) => {
            trace.note(question, format!("no, {why}"), "nobody is written to");
            return Ok(None);
        }
    };
    trace.note(question, format!("yes, {to}"), &format!("a notice ({cause})"));
    let (subject, text) = evidence.profile.notices.words(cause);
    Ok(Some(Letter {
        ordinal: 0,
        kind: LetterKind::Notice,
        when,
        to: to.to_owned(),
        subject: subject.to_owned(),
        text: text.to_owned(),
        answers: evidence.message.headers.message_id.clone(),
        reason: format!("the profile tells senders of {cause:?}"),
    }))
}

/// The one gate of automatic mail: the address that may be written to, or why none may.
fn gate<'a>(evidence: &'a Evidence) -> Result<Result<&'a str, String>, Vec<Question>> {
    let refuse = |why: &str| Ok(Err(why.to_owned()));
    let notices = &evidence.profile.notices;
    if let Some(automatic) = &evidence.message.automatic {
        return Ok(Err(format!("a machine sent it ({})", automatic.why)));
    }
    let envelope = &evidence.facts.envelope;
    if envelope.mail_from.is_none() && !envelope.rcpt_to.is_empty() {
        return refuse("it came with an empty return path, which no letter may answer (RFC 3834)");
    }
    let Some(to) = evidence.person() else { return refuse("its author is not known, or is one of our own addresses") };
    if safeguards::is_no_reply(evidence) {
        return refuse("its author reads no answers");
    }
    let authentic = evidence.is_authentic();
    if !authentic && notices.to == Addressees::Authentic {
        return refuse("nobody vouches for its author (notices.to = \"authentic\")");
    }
    let known = evidence.facts.letters.iter().find(|(address, _)| address == to).map(|(_, traffic)| *traffic);
    let Some(traffic) = known else { return Err(vec![Question::Letters { address: to.to_owned() }]) };
    let per_day = if authentic { notices.per_day } else { notices.per_day.min(UNVERIFIED_DAY_MAX) };
    Ok(match too_many(traffic, per_day) {
        Some(why) => Err(why),
        None => Ok(to),
    })
}

fn too_many(traffic: LetterTraffic, per_day: u32) -> Option<String> {
    let LetterTraffic { address_day, domain_hour, site_hour } = traffic;
    if address_day >= per_day {
        return Some(format!("{address_day} notices went to this address in 24 hours, {per_day} may"));
    }
    if domain_hour >= DOMAIN_HOUR_MAX {
        return Some(format!("{domain_hour} notices went to its domain within an hour, {DOMAIN_HOUR_MAX} may"));
    }
    (site_hour >= SITE_HOUR_MAX)
        .then(|| format!("{site_hour} notices left this site within an hour, {SITE_HOUR_MAX} may: look for a loop"))
}
