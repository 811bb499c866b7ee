//! What becomes of mail that a machine wrote (SEC-26): no kind of it is ever answered, reports never become work.

use super::evidence::Evidence;
use super::verdict::{Trace, Verdict, in_words};
use crate::profile::{Rule, Treatment, Word};
use mail::AutomaticKind;

/// How mail may go on once it is known whether a machine sent it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Course {
    /// Like any other.
    Free,
    /// As a comment or not at all; the text says why.
    CommentOnly(String),
    /// Not at all.
    Stopped(Verdict),
}

/// The kind of machine, and the sign of it. A null reverse-path tells a notification (RFC 5321, section 4.5.5), once
/// there was an envelope at all: mail read from a mailbox has lost its own.
fn kind(evidence: &Evidence) -> Option<(AutomaticKind, String)> {
    if let Some(automatic) = &evidence.message.automatic {
        return Some((automatic.kind, automatic.why.clone()));
    }
    if evidence.message.bounce.is_some() {
        return Some((AutomaticKind::Bounce, "it is a delivery report".to_owned()));
    }
    let envelope = &evidence.facts.envelope;
    let null_path = envelope.mail_from.is_none() && !envelope.rcpt_to.is_empty();
    null_path.then(|| (AutomaticKind::AutoReply, "null reverse-path".to_owned()))
}

fn is_report(kind: AutomaticKind) -> bool {
    match kind {
        AutomaticKind::Bounce | AutomaticKind::FeedbackReport | AutomaticKind::ReadReceipt => true,
        AutomaticKind::AutoReply | AutomaticKind::Bulk | AutomaticKind::List => false,
    }
}

/// The verdict on delivery reports, feedback reports and read receipts, which no rule can let through.
pub(super) fn report(evidence: &Evidence, trace: &mut Trace) -> Option<Verdict> {
    let (kind, why) = kind(evidence).filter(|(kind, _)| is_report(*kind))?;
    let (setting, treatment) = evidence.profile.automatic(kind);
    let reason = format!("{} ({why}), {setting} = {:?}", name(kind), treatment.word());
    let verdict = Verdict::stopped(treatment, reason)?;
    trace.note("Is it a report of a machine?", format!("yes, {} ({why})", name(kind)), in_words(verdict.outcome()));
    Some(verdict)
}

/// How other automatic mail goes on.
pub(super) fn treat(evidence: &Evidence, rule: Option<&Rule>, trace: &mut Trace) -> Course {
    const QUESTION: &str = "Did a machine send it?";
    let Some((kind, why)) = kind(evidence) else {
        trace.note(QUESTION, "no sign of it", "it goes on");
        return Course::Free;
    };
    let answer = format!("yes, {} ({why})", name(kind));
    if let Some(rule) = rule.filter(|rule| rule.outcome == Some(Treatment::Accept)) {
        trace.note(QUESTION, answer, &format!("it goes on, because rule {:?} accepts it", rule.name));
        return Course::Free;
    }
    let (setting, treatment) = evidence.profile.automatic(kind);
    let setting = format!("{setting} = {:?}", treatment.word());
    if let Some(verdict) = Verdict::stopped(treatment, format!("{} ({why}), {setting}", name(kind))) {
        trace.note(QUESTION, answer, &format!("{} ({setting})", in_words(verdict.outcome())));
        return Course::Stopped(verdict);
    }
    if treatment == Treatment::Comment {
        trace.note(QUESTION, answer, &format!("it becomes a comment or nothing ({setting})"));
        return Course::CommentOnly(format!("{} ({why}) that belongs to no issue, {setting}", name(kind)));
    }
    trace.note(QUESTION, answer, &format!("it goes on ({setting})"));
    Course::Free
}

fn name(kind: AutomaticKind) -> &'static str {
    match kind {
        AutomaticKind::AutoReply => "an automatic reply",
        AutomaticKind::Bulk => "mail in bulk",
        AutomaticKind::List => "mail from a list",
        AutomaticKind::Bounce => "a delivery report",
        AutomaticKind::FeedbackReport => "a spam report",
        AutomaticKind::ReadReceipt => "a read receipt",
    }
}
