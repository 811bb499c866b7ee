//! Letters to the sender of a mail. Every automatic letter passes the one gate here (SEC-06, SEC-25, SEC-26).

use super::evidence::Evidence;
use super::safeguards;
use super::verdict::{Place, Trace, Verdict};
use crate::profile::{Addressees, Notice, NoticeCause};
use crate::{Letter, LetterKind, LetterTraffic, LetterWhen, Outcome, Question};

/// Notices to addresses of one domain within an hour.
pub const DOMAIN_HOUR_MAX: u32 = 20;
/// Notices of a whole site within an hour: beyond it something is wrong, and silence does least harm.
pub const SITE_HOUR_MAX: u32 = 200;
/// Notices within 24 hours to an address of which nobody vouches that it wrote.
pub const UNVERIFIED_DAY_MAX: u32 = 1;

/// What the sender is told of, and when.
fn cause(verdict: &Verdict) -> Option<(NoticeCause, LetterWhen)> {
    match &verdict.place {
        Place::NewIssue { .. } => Some((NoticeCause::NotCreated, LetterWhen::Failed)),
        Place::Nowhere(Outcome::Reject) => Some((NoticeCause::CommentOnly, LetterWhen::Decided)),
        Place::Comment(_) | Place::Nowhere(_) => None,
    }
}

/// The letters of a decision; it fails with the question whose answer it lacks.
pub(super) fn of(evidence: &Evidence, verdict: &Verdict, trace: &mut Trace) -> Result<Vec<Letter>, Vec<Question>> {
    let Some((cause, when)) = cause(verdict) else { return Ok(Vec::new()) };
    let Some(notice) = evidence.profile.notices.about(cause) else { return Ok(Vec::new()) };
    let question = match when {
        LetterWhen::Decided => "May its sender be told?",
        LetterWhen::Failed => "May its sender be told when no issue can be made?",
    };
    match gate(evidence)? {
        Ok(to) => {
            trace.note(question, format!("yes, {to}"), cause.in_words());
            Ok(vec![letter(evidence, notice, when, to)])
        }
        Err(why) => {
            trace.note(question, format!("no, {why}"), "nobody is written to");
            Ok(Vec::new())
        }
    }
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

fn letter(evidence: &Evidence, notice: &Notice, when: LetterWhen, to: &str) -> Letter {
    let (subject, text) = notice.cause.words();
    Letter {
        ordinal: 1,
        kind: LetterKind::Notice,
        when,
        to: to.to_owned(),
        subject: notice.subject.clone().unwrap_or_else(|| subject.to_owned()),
        text: notice.text.clone().unwrap_or_else(|| text.to_owned()),
        answers: evidence.message.headers.message_id.clone(),
        reason: format!("the profile tells senders of {:?}", notice.cause.in_words()),
    }
}
