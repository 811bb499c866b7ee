//! Catch addresses and rules: whether the mail is awaited, and what the profile says of such mail.

use super::evidence::Evidence;
use super::verdict::{Trace, Verdict, in_words};
use super::{Route, people, scene, signs};
use crate::profile::{Apply, Mapping, Rule, RuleOrder, Word, without_tag};
use crate::{Profile, Question, RejectionCause};

const NAMED: &str = "Does an address name the project?";

/// The verdict on mail that names no catch address.
pub(super) fn catch(evidence: &Evidence, trace: &mut Trace) -> Option<Verdict> {
    const QUESTION: &str = "Was it sent to a catch address?";
    let profile = evidence.profile;
    if profile.catch.is_empty() && profile.catch_patterns.is_empty() {
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
            Some(verdict.because(RejectionCause::Uncaught))
        }
        None => {
            trace.note(QUESTION, "no", &format!("it is treated as if it had been ({setting})"));
            None
        }
    }
}

/// The rule that decides; it fails with the questions that its conditions leave open.
pub(super) fn rule<'a>(evidence: &Evidence<'a>, trace: &mut Trace) -> Result<Option<&'a Rule>, Vec<Question>> {
    const QUESTION: &str = "Which rule holds?";
    let mut rules: Vec<&Rule> = evidence.profile.rules.iter().collect();
    if evidence.profile.rule_order == RuleOrder::Rank {
        rules.sort_by_key(|rule| std::cmp::Reverse(rule.rank));
    }
    for rule in &rules {
        let Some(because) = holds(rule, evidence, trace)? else { continue };
        let chosen = rule.mapping.as_ref().map(|name| format!("it chooses mapping {name:?}"));
        let decided = rule.outcome.map(|outcome| format!("its outcome is {:?}", outcome.word()));
        let decided = decided.or(chosen).unwrap_or_else(|| "it overrides the mapping".to_owned());
        trace.note(QUESTION, format!("{:?}, {because}", rule.name), &decided);
        return Ok(Some(rule));
    }
    trace.note(QUESTION, format!("none of {}", rules.len()), "the default mapping stays as it is");
    Ok(None)
}

/// The values that hold: the rule's own, before the project that an address names, before those of the mapping that the rule or, where
/// it names none, the address chooses. A mapping that a rule chooses keeps its own project, if it has one.
pub(super) fn mapping(evidence: &Evidence, rule: Option<&Rule>, trace: &mut Trace) -> Mapping {
    const QUESTION: &str = "Which mapping holds?";
    let profile = evidence.profile;
    let named = named_project(evidence, trace);
    let key = named.as_ref().map(|(_, key)| key.as_str());
    let chosen = rule.and_then(|rule| Some((rule, rule.mapping.as_deref()?)));
    let mapping = match (chosen, &named) {
        (Some((rule, name)), _) => {
            trace.note(QUESTION, format!("{name:?}"), &format!("rule {:?} chooses it", rule.name));
            let mapped = profile.mapped(Some(name));
            let has_own = mapped.is_some_and(|mapped| mapped.values.project.is_some());
            profile.mapping(mapped, key.filter(|_| !has_own), Some(rule))
        }
        (None, Some((address, key))) => {
            let mapped = profile.of_project(key);
            let name = mapped.map_or("default", |mapped| &mapped.name);
            trace.note(QUESTION, format!("{name:?}"), &format!("{address} names project {key}"));
            profile.mapping(mapped, Some(key), rule)
        }
        (None, None) => return profile.mapping(None, None, rule),
    };
    if let Some(key) = key.filter(|key| *key != mapping.project) {
        let stronger = rule.map_or("", |rule| &rule.name);
        let decided = format!("it is passed over, rule {stronger:?} or its mapping says {}", mapping.project);
        trace.note(NAMED, format!("yes, {key}"), &decided);
    }
    mapping
}

/// Lets a directive name the project and the type of a new issue. A project that the profile makes no issues in is ignored, and what
/// the rule says stays.
pub(super) fn redirect(evidence: &Evidence, route: &mut Route, trace: &mut Trace) {
    if !matches!(route.mapping.directives, Apply::Create | Apply::Both) {
        return;
    }
    if let Some(key) = route.directives.value("project").map(str::to_uppercase) {
        let decided = move_to(evidence, route, &key);
        trace.note("Does a directive name the project?", format!("yes, {key:?}"), &decided);
    }
    if route.directives.value("parentissuekey").is_some() && !route.mapping.subtask_type.is_empty() {
        route.mapping.issue_type = route.mapping.subtask_type.clone();
    }
    if let Some(issue_type) = route.directives.value("issuetype").filter(|name| !name.trim().is_empty()) {
        route.mapping.issue_type = issue_type.trim().to_owned();
    }
}

/// Goes over to the values of another project, as far as the rule says nothing else; in words, what came of it. A security level never
/// gets lost on the way: the mail would be seen by more people than the profile lets see it.
fn move_to(evidence: &Evidence, route: &mut Route, key: &str) -> String {
    let profile = evidence.profile;
    if !profile.projects().iter().any(|(known, _)| known == key) {
        return "it is ignored, because the profile makes no issues there".to_owned();
    }
    if route.mapping.project == key {
        return "it is the project already".to_owned();
    }
    if let Some(rule) = route.rule.filter(|rule| rule.values.project.is_some()) {
        return format!("it is ignored, because rule {:?} says {}", rule.name, route.mapping.project);
    }
    let moved = profile.mapping(profile.of_project(key), Some(key), route.rule);
    let left = std::mem::replace(&mut route.mapping, moved);
    let mut decided = format!("mapping {:?} holds in place of {:?}", route.mapping.name, left.name);
    if let Some(rule) = route.rule {
        decided.push_str(&format!(", what rule {:?} says stays", rule.name));
    }
    if route.mapping.security_level.is_empty() && !left.security_level.is_empty() {
        decided.push_str(&format!(", and so does security level {:?}", left.security_level));
        route.mapping.security_level = left.security_level;
    }
    route.mapping.directives = left.directives;
    decided
}

/// The project that the first recipient who names one names, among those that an address may name.
fn named_project<'a>(evidence: &'a Evidence, trace: &mut Trace) -> Option<(&'a str, String)> {
    let profile = evidence.profile;
    let mut recipients = evidence.recipients.iter();
    let named = recipients.find_map(|address| Some((address.as_str(), project_of(profile, address)?)));
    if named.is_none() && profile.projects.plus_address {
        let mut awaited = evidence.recipients.iter().filter(|address| profile.catches(address));
        let tag_of = |address: &&String| without_tag(address).filter(|_| !profile.is_reply_address(address)).is_some();
        if let Some(address) = awaited.find(tag_of) {
            let decided = "it is passed over, for no mapping and no projects.keys has such a project";
            trace.note(NAMED, format!("perhaps, {address}"), decided);
        }
    }
    named
}

fn project_of(profile: &Profile, address: &str) -> Option<String> {
    let projects = &profile.projects;
    let is_open = |key: &String| {
        let mut mapped = profile.mappings.iter().filter_map(|mapped| mapped.values.project.as_ref());
        projects.keys.contains(key) || mapped.any(|project| project == key)
    };
    let tag = without_tag(address).filter(|_| projects.plus_address).map(|(_, tag)| tag.to_uppercase());
    let local = address.split('@').next().filter(|_| projects.local_part).map(str::to_uppercase);
    [tag, local].into_iter().flatten().find(is_open).filter(|_| profile.catches(address))
}

/// Whether a normalised address is the place of a project or an issue rather than a person.
pub(super) fn is_place(evidence: &Evidence, address: &str) -> bool {
    let local = address.split('@').next().unwrap_or_default().to_uppercase();
    project_of(evidence.profile, address).is_some() || signs::is_key(&local) && evidence.profile.catches(address)
}

/// The verdict of a rule that stops mail.
pub(super) fn stopped_by(rule: &Rule) -> Option<Verdict> {
    let outcome = rule.outcome?;
    let verdict = Verdict::stopped(outcome, format!("rule {:?} says {:?}", rule.name, outcome.word()))?;
    Some(verdict.because(RejectionCause::Rule))
}

/// What matched, when every condition of the rule holds. Those that cost a question come last.
fn holds(rule: &Rule, evidence: &Evidence, trace: &mut Trace) -> Result<Option<String>, Vec<Question>> {
    let Some(mut because) = patterns_hold(rule, evidence) else { return Ok(None) };
    if let Some(condition) = &rule.when {
        match condition.holds(scene::of(evidence)) {
            Ok(true) => because.push("its condition holds".to_owned()),
            Ok(false) => return Ok(None),
            Err(why) => {
                trace.note(
                    "Does the condition hold?",
                    format!("{:?} has no value, {why}", rule.name),
                    "it does not hold",
                );
                return Ok(None);
            }
        }
    }
    if !rule.groups.is_empty() {
        match group_of(rule, evidence)? {
            Some(group) => because.push(format!("its author is in group {group:?}")),
            None => return Ok(None),
        }
    }
    Ok(Some(because.join(", ")))
}

/// The first of the rule's groups that the author is in. Only a proved author is in any (SEC-01).
fn group_of<'a>(rule: &'a Rule, evidence: &Evidence) -> Result<Option<&'a str>, Vec<Question>> {
    let groups = people::groups(evidence)?;
    Ok(rule.groups.iter().find(|group| groups.contains(group)).map(String::as_str))
}

fn patterns_hold(rule: &Rule, evidence: &Evidence) -> Option<Vec<String>> {
    // A rule that stops mail looks at every author, so that a second From does not slip by; one that lets mail through
    // trusts only an author about whom there is no doubt.
    let identity = evidence.sender.identity.iter().cloned();
    let claimed = evidence.sender.claimed.iter().map(|address| address.trim().to_lowercase());
    let authors: Vec<String> = if rule.stops() { identity.chain(claimed).collect() } else { identity.collect() };
    let fields = if rule.header.is_empty() { Vec::new() } else { evidence.fields() };
    let conditions = [
        ("from", &rule.from, authors.as_slice()),
        ("to", &rule.to, &evidence.recipients),
        ("subject", &rule.subject, std::slice::from_ref(&evidence.subject)),
        ("header", &rule.header, &fields),
    ];
    let mut because = Vec::new();
    if let Some(wanted) = rule.authentic {
        if evidence.is_authentic() != wanted {
            return None;
        }
        because.push(format!("its author is {}proved", if wanted { "" } else { "not " }));
    }
    if let Some(wanted) = rule.sealed {
        if evidence.came_sealed() != wanted {
            return None;
        }
        because.push(format!("it came {}", if wanted { "sealed" } else { "unsealed" }));
    }
    if let Some(wanted) = rule.signed {
        if evidence.signed().word() != wanted.word() {
            return None;
        }
        because.push(format!("its signature is {:?}", wanted.word()));
    }
    for (condition, patterns, values) in conditions {
        if patterns.is_empty() {
            continue;
        }
        let value = values.iter().find(|value| patterns.iter().any(|pattern| pattern.matches(value)))?;
        because.push(format!("{condition} is {value:?}"));
    }
    Some(because)
}
