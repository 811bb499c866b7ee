//! Letters because of a mail. Every automatic letter passes the gates here, and is made nowhere else (SEC-06, SEC-25, SEC-26).

use super::evidence::Evidence;
use super::verdict::{Place, Trace, Verdict};
use super::{lookups, loop_guard, safeguards, sealing_note, summary};
use crate::profile::{Addressees, Alert, CUSTOMER, Duplicates, Mapping, NOT_CREATED, Word, named_in, with_links};
use crate::{IssueFacts, Letter, LetterBound, LetterKind, LetterLink, LetterWhen, Outcome};
use crate::{Question, Rejection, UPLOAD_LINK};

/// Alerts within 24 hours to one of those who look after mail; what waits beyond them stands on the console's first page.
pub const ALERTS_DAY_MAX: u32 = 50;
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
    let forwarded: Vec<&String> = rejection.iter().flat_map(|rejection| &rejection.forward_to).collect();
    let mut letters = Vec::new();
    if !forwarded.is_empty() {
        match may_be_handed_on(evidence)? {
            Ok(()) => letters.extend(forwarded.into_iter().map(|to| handed_on(evidence, verdict, to))),
            Err(why) => trace.note("May it be handed on?", format!("no, {why}"), "it stays here"),
        }
    }
    let cause = match (rejection, &verdict.place) {
        (Some(rejection), _) if rejection.notify_sender => Some((rejection.told_as.word(), LetterWhen::Decided)),
        (None, Place::NewIssue { .. }) if mapping.notices.iter().any(|cause| cause == NOT_CREATED) => {
            Some((NOT_CREATED, LetterWhen::Failed))
        }
        _ => None,
    };
    if let Some((cause, _)) = cause
        && let Some(earlier) = told_before(evidence, verdict)?
    {
        let answer = format!("no, {earlier}");
        trace.note("May its sender be told?", answer, &format!("of {cause} he hears once"));
    } else if let Some((cause, when)) = cause {
        letters.extend(notice(evidence, verdict, mapping, cause, when, trace)?);
    }
    if verdict.effects.welcomes && mapping.notices.iter().any(|cause| cause == CUSTOMER) {
        letters.extend(notice(evidence, verdict, mapping, CUSTOMER, LetterWhen::Decided, trace)?);
    }
    letters.extend(alerts(evidence, verdict, trace)?);
    Ok(numbered(letters))
}

/// The letters with their ordinals.
pub(super) fn numbered(mut letters: Vec<Letter>) -> Vec<Letter> {
    for (letter, ordinal) in letters.iter_mut().zip(1..) {
        letter.ordinal = ordinal;
    }
    letters
}

/// What those who look after mail are told beside: that this one waits for them, now that it is held or quarantined or once the work on
/// it has stopped, and that its sender becomes a customer.
pub(super) fn alerts(evidence: &Evidence, verdict: &Verdict, trace: &mut Trace) -> Result<Vec<Letter>, Vec<Question>> {
    let profile = evidence.profile;
    let waits = match &verdict.place {
        Place::Nowhere(Outcome::Hold | Outcome::Quarantine) => Some(Alert::Held),
        Place::NewIssue { .. } | Place::Comment(_) => Some(Alert::Stopped),
        Place::Nowhere(_) => None,
    };
    let welcomed = verdict.effects.welcomes.then_some(Alert::Customer);
    let told: Vec<Alert> = waits.into_iter().chain(welcomed).filter(|alert| profile.alerts.contains(alert)).collect();
    if profile.forward_to.is_empty() || told.is_empty() {
        return Ok(Vec::new());
    }
    let why_not = match about_a_letter_of_ours(evidence)? {
        None if loop_guard::is_handed_on_too_often(evidence) => Some("it was handed on too often"),
        why_not => why_not,
    };
    if let Some(why) = why_not {
        trace.note("May those who look after mail be told?", format!("no, {why}"), "nobody is written to");
        return Ok(Vec::new());
    }
    let to_each = |alert| profile.forward_to.iter().map(move |to| told_of(alert, evidence, verdict, to));
    Ok(told.into_iter().flat_map(to_each).collect())
}

/// Whether people named in the profile may get the mail: not what they were sent already, or it would go round for ever.
fn may_be_handed_on(evidence: &Evidence) -> Result<Result<(), String>, Vec<Question>> {
    if let Some(why) = about_a_letter_of_ours(evidence)? {
        return Ok(Err(why.to_owned()));
    }
    Ok(match handed_on_before(evidence)? {
        Some(earlier) => Err(earlier),
        None => Ok(()),
    })
}

/// Why a letter about this mail could come back for ever: its own Message-ID bears our signature, or the one that it reports on does,
/// and what is written about a dead address to that address makes the next report.
fn about_a_letter_of_ours(evidence: &Evidence) -> Result<Option<&'static str>, Vec<Question>> {
    let addresses = lookups::own_candidates(evidence);
    if !addresses.is_empty() && evidence.facts.reply_tokens.is_none() {
        return Err(vec![Question::ReplyTokens { addresses }]);
    }
    let is_ours = |id: Option<&str>| id.is_some_and(|id| lookups::grant_for(evidence, id).is_some());
    Ok(if is_ours(lookups::own_message_id(evidence)) {
        Some("it is a letter of ours that came back")
    } else if is_ours(lookups::returned_message_id(evidence)) {
        Some("it reports on a letter of ours, and one about that could come back, too")
    } else {
        None
    })
}

/// Whether the same mail, come in by another way, had its sender told.
fn told_before(evidence: &Evidence, verdict: &Verdict) -> Result<Option<String>, Vec<Question>> {
    match verdict.place {
        // What becomes of copies of a mail that makes issues was decided before.
        Place::NewIssue { .. } | Place::Comment(_) => Ok(None),
        Place::Nowhere(_) => handed_on_before(evidence),
    }
}

/// A copy of this mail that came in by another way and was refused or handed on, too.
fn handed_on_before(evidence: &Evidence) -> Result<Option<String>, Vec<Question>> {
    if evidence.profile.duplicates == Duplicates::Keep {
        return Ok(None);
    }
    let Some(seen) = &evidence.facts.seen_before else { return Err(vec![Question::SeenBefore]) };
    let same = seen.iter().find(|seen| {
        safeguards::is_same(seen, evidence) && matches!(seen.outcome, Some(Outcome::Reject | Outcome::Forward))
    });
    Ok(same.map(|same| {
        format!("the same mail came in through mailbox {:?}, and letters were written about it", same.mailbox)
    }))
}

/// The mail itself for one of those who look after it.
fn handed_on(evidence: &Evidence, verdict: &Verdict, to: &str) -> Letter {
    let reason = format!("the profile hands such mail on: {}", verdict.reason);
    let (subject, why) = outside(evidence, verdict);
    Letter {
        ordinal: 0,
        kind: LetterKind::Forward,
        when: LetterWhen::Decided,
        to: to.to_owned(),
        subject: format!("Fwd: {subject}"),
        text: format!("This mail was not taken in{why}.\n\nIt is attached as it came."),
        answers: None,
        reason,
        links: Vec::new(),
        upload_issue: None,
        bound: None,
    }
}

/// What a letter that goes out readable may say of the mail: its subject, and why it was decided so. Of a mail that came encrypted both
/// may be what nobody on the way was to read (SEC-15); it goes along as it came.
fn outside(evidence: &Evidence, verdict: &Verdict) -> (String, String) {
    match evidence.came_sealed() {
        true => (sealing_note::SUBJECT.to_owned(), String::new()),
        false => (summary::of(&evidence.message.headers.subject, &[], ""), format!(": {}", verdict.reason)),
    }
}

/// What one of those who look after mail reads about this one.
fn told_of(alert: Alert, evidence: &Evidence, verdict: &Verdict, to: &str) -> Letter {
    const STORY: &str = "Its story in the console says why, and what can be done.";
    let (summary, why) = outside(evidence, verdict);
    let why = if why.is_empty() { why } else { format!(" ({})", verdict.reason) };
    let (when, subject, what) = match alert {
        Alert::Held => {
            let (word, how) = match verdict.outcome() {
                Outcome::Quarantine => ("Quarantined", "was put into quarantine"),
                _ => ("Held", "is held for a person"),
            };
            let what = format!("This mail {how}{why}. {STORY}");
            (LetterWhen::Decided, format!("{word}: {summary}"), what)
        }
        Alert::Stopped => {
            let what = "What this mail asks for could not be done, or not all of it, and the work on it has stopped.";
            (LetterWhen::Stopped, format!("Stopped: {summary}"), format!("{what} {STORY}"))
        }
        Alert::Customer => {
            let what = "With this mail its sender becomes a customer of the service desk.".to_owned();
            (LetterWhen::Decided, format!("New customer: {summary}"), what)
        }
    };
    Letter {
        ordinal: 0,
        kind: LetterKind::Alert,
        when,
        to: to.to_owned(),
        subject,
        text: format!("{what}\n\nThe mail is attached as it came."),
        answers: None,
        reason: format!("the profile tells those in forward_to of it (alerts = {:?})", alert.word()),
        links: Vec::new(),
        upload_issue: None,
        bound: Some(LetterBound { address_day: ALERTS_DAY_MAX, returned: evidence.profile.notices.returned_max }),
    }
}

/// A notice to the sender, when he may be written to.
fn notice(
    evidence: &Evidence,
    verdict: &Verdict,
    mapping: &Mapping,
    cause: &str,
    when: LetterWhen,
    trace: &mut Trace,
) -> Result<Option<Letter>, Vec<Question>> {
    let question = match when {
        LetterWhen::Decided => "May its sender be told?",
        LetterWhen::Failed | LetterWhen::Stopped => "May its sender be told when no issue can be made?",
    };
    let (to, bound) = match gate(evidence)? {
        Ok(passed) => passed,
        Err(why) => {
            trace.note(question, format!("no, {why}"), "nobody is written to");
            return Ok(None);
        }
    };
    trace.note(question, format!("yes, {to}"), &format!("a notice ({cause})"));
    let (subject, text) = evidence.profile.notices.words(cause, &mapping.name);
    let links = offered(evidence, verdict, text);
    let is_offered = |name: &str| links.iter().any(|link| link.set == name);
    let text = with_links(text, |name| is_offered(name).then(|| format!("{{{{set:{name}}}}}")));
    let (text, upload_issue) = with_place_for_link(evidence, text, verdict);
    Ok(Some(Letter {
        ordinal: 0,
        kind: LetterKind::Notice,
        when,
        to: to.to_owned(),
        subject: subject.to_owned(),
        text,
        answers: evidence.message.headers.message_id.clone(),
        reason: format!("the profile tells senders of {cause:?}"),
        links,
        upload_issue,
        bound: Some(bound),
    }))
}

/// The words of a notice, and the issue whose upload page they link to: the one that took no comment. Where no link can be made, or the
/// issue takes no files, the lines that have its place are left out.
fn with_place_for_link(evidence: &Evidence, text: String, verdict: &Verdict) -> (String, Option<String>) {
    if !text.contains(UPLOAD_LINK) {
        return (text, None);
    }
    let facts = evidence.facts;
    let has_page = |issue: &IssueFacts| facts.makes_links && evidence.profile.takes_files(issue, &facts.now);
    match verdict.refused_on.as_ref().filter(|issue| has_page(issue)) {
        Some(issue) => (text, Some(issue.id.clone())),
        None => {
            let lines: Vec<&str> = text.lines().filter(|line| !line.contains(UPLOAD_LINK)).collect();
            (lines.join("\n"), None)
        }
    }
}

/// The directive sets that the text offers on the issue that took no comment; those that are switched off are not.
fn offered(evidence: &Evidence, verdict: &Verdict, text: &str) -> Vec<LetterLink> {
    let Some(issue) = &verdict.refused_on else { return Vec::new() };
    let mut links: Vec<LetterLink> = Vec::new();
    for set in named_in(text).filter_map(|name| evidence.profile.directive_set(name)) {
        if !links.iter().any(|link| link.set == set.name) {
            links.push(LetterLink { set: set.name.clone(), issue_id: issue.id.clone(), days: set.days });
        }
    }
    links
}

/// The gate of letters to senders: the address that may be written to and within which bound, or why none may.
fn gate<'a>(evidence: &'a Evidence) -> Result<Result<(&'a str, LetterBound), String>, Vec<Question>> {
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
    if evidence.message.headers.from.first().is_none_or(|form| form.normalised() != to) {
        return refuse("a form names him, and nobody vouches for that");
    }
    if notices.never.iter().any(|pattern| pattern.matches(to)) {
        return refuse("the profile never writes to this address (notices.never)");
    }
    let authentic = evidence.is_authentic();
    if !authentic && notices.to == Addressees::Authentic {
        return refuse("nobody vouches for its author (notices.to = \"authentic\")");
    }
    let known = evidence.facts.letters.iter().find(|(address, _)| address == to).map(|(_, traffic)| *traffic);
    let Some(traffic) = known else { return Err(vec![Question::Letters { address: to.to_owned() }]) };
    let per_day = if authentic { notices.per_day } else { notices.per_day.min(UNVERIFIED_DAY_MAX) };
    let bound = LetterBound { address_day: per_day, returned: notices.returned_max };
    Ok(match bound.overstepped_by(traffic) {
        Some(why) => Err(why),
        None => Ok((to, bound)),
    })
}
