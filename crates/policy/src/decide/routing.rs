//! Catch addresses and rules: whether the mail is awaited, and what the profile says of such mail.

use super::evidence::Evidence;
use super::verdict::{Trace, Verdict, in_words};
use crate::profile::{Rule, Word};

/// The verdict on mail that names no catch address.
pub(super) fn catch(evidence: &Evidence, trace: &mut Trace) -> Option<Verdict> {
    const QUESTION: &str = "Was it sent to a catch address?";
    let profile = evidence.profile;
    if profile.catch.is_empty() {
        trace.note(QUESTION, "the profile names none", "every mail is awaited");
        return None;
    }
    if let Some(address) = evidence.recipients.iter().find(|address| profile.catches(address)) {
        trace.note(QUESTION, format!("yes, {address}"), "it is awaited");
        return None;
    }
    let setting = format!("uncaught = {:?}", profile.uncaught.word());
    match Verdict::stopped(profile.uncaught, format!("it names no catch address, {setting}")) {
        Some(verdict) => {
            trace.note(QUESTION, "no", &format!("{} ({setting})", in_words(verdict.outcome())));
            Some(verdict)
        }
        None => {
            trace.note(QUESTION, "no", &format!("it is treated as if it had been ({setting})"));
            None
        }
    }
}

/// The first rule that holds.
pub(super) fn rule<'a>(evidence: &Evidence<'a>, trace: &mut Trace) -> Option<&'a Rule> {
    const QUESTION: &str = "Which rule holds?";
    let rules = &evidence.profile.rules;
    let found = rules.iter().find_map(|rule| Some((rule, holds(rule, evidence)?)));
    match found {
        Some((rule, because)) => {
            let decided = rule.outcome.map_or("it overrides the mapping".to_owned(), |outcome| {
                format!("its outcome is {:?}", outcome.word())
            });
            trace.note(QUESTION, format!("{:?}, {because}", rule.name), &decided);
            Some(rule)
        }
        None => {
            trace.note(QUESTION, format!("none of {}", rules.len()), "the default mapping stays as it is");
            None
        }
    }
}

/// The verdict of a rule that stops mail.
pub(super) fn stopped_by(rule: &Rule) -> Option<Verdict> {
    let outcome = rule.outcome?;
    Verdict::stopped(outcome, format!("rule {:?} says {:?}", rule.name, outcome.word()))
}

/// What matched, when every condition of the rule holds.
fn holds(rule: &Rule, evidence: &Evidence) -> Option<String> {
    // A rule that stops mail looks at every author, so that a second From does not slip by; one that lets mail through
    // trusts only an author about whom there is no doubt.
    let identity = evidence.sender.identity.iter().cloned();
    let claimed = evidence.sender.claimed.iter().map(|address| address.trim().to_lowercase());
    let authors: Vec<String> = if rule.stops() { identity.chain(claimed).collect() } else { identity.collect() };
    let conditions = [
        ("from", &rule.from, authors.as_slice()),
        ("to", &rule.to, &evidence.recipients),
        ("subject", &rule.subject, std::slice::from_ref(&evidence.subject)),
    ];
    let mut because = Vec::new();
    if let Some(wanted) = rule.authentic {
        if evidence.is_authentic() != wanted {
            return None;
        }
        because.push(format!("its author is {}proved", if wanted { "" } else { "not " }));
    }
    for (condition, patterns, values) in conditions {
        if patterns.is_empty() {
            continue;
        }
        let value = values.iter().find(|value| patterns.iter().any(|pattern| pattern.matches(value)))?;
        because.push(format!("{condition} is {value:?}"));
    }
    Some(because.join(", "))
}
