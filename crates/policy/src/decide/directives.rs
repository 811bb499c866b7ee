//! Directives: what a sender sets by words in a mail, whose count, and which reader of them is believed.

mod apply;
mod nagios;
mod read;

pub(super) use apply::{of_comment, of_new_issue};
pub(super) use read::{without_block, without_subject};

use super::evidence::Evidence;
use super::people;
use super::trim;
use super::verdict::Trace;
use crate::Question;
use crate::field::FieldMeta;
use crate::profile::{Apply, Mapping, Processor, Word};

/// The most directives of one mail.
pub const DIRECTIVES_MAX: usize = 50;
/// The `Received` fields that our own listener puts before a mail.
const OWN_HOPS: u32 = 1;
/// The longest value, in characters; what is longer is cut.
const VALUE_CHARS_MAX: usize = 4000;

/// The directives of a mail that count.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Given {
    /// Which reader found them; `None` when there are none.
    pub(super) by: Option<Processor>,
    pub(super) all: Vec<Directive>,
}

/// A key and the words that it shall have.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Directive {
    /// As it was written.
    pub(super) key: String,
    pub(super) value: String,
}

impl Directive {
    /// The key without regard to case, spaces and dashes, under the one of its names that is used here.
    pub(super) fn meaning(&self) -> String {
        meaning(&self.key)
    }
}

/// Keys that mean something of their own; every other is the name or id of a field.
const OWN: &[&str] = &[
    "project",
    "issuetype",
    "priority",
    "summary",
    "description",
    "environment",
    "reporter",
    "assignee",
    "components",
    "labels",
    "watchers",
    "duedate",
    "workestimate",
    "linkto",
    "parentissuekey",
    "viewable",
    "issuekey",
    "status",
    "transition",
    "requesttype",
];

/// Whether a directive makes sense for an issue that is there.
pub(crate) fn is_for_comments(key: &str) -> bool {
    !FOR_NEW_ISSUES.contains(&meaning(key).as_str()) && meaning(key) != "issuekey"
}

/// Keys that only a new issue can have.
const FOR_NEW_ISSUES: &[&str] = &["project", "issuetype", "description", "environment", "parentissuekey"];

fn meaning(key: &str) -> String {
    let plain: String =
        key.chars().filter(|c| !c.is_whitespace() && !"-_".contains(*c)).collect::<String>().to_lowercase();
    match plain.as_str() {
        "component" => "components".to_owned(),
        "label" => "labels".to_owned(),
        "watcher" => "watchers".to_owned(),
        "parent" => "parentissuekey".to_owned(),
        "type" => "issuetype".to_owned(),
        "timetracking" => "workestimate".to_owned(),
        "securitylevel" => "security".to_owned(),
        "customerrequesttype" => "requesttype".to_owned(),
        _ => plain.strip_prefix("customfields").map_or(plain.clone(), |number| format!("customfield{number}")),
    }
}

/// The entry of `directives.block` that means this field, by its id or its name.
pub(super) fn block_of<'e>(evidence: &'e Evidence, meta: &FieldMeta) -> Option<&'e str> {
    let names = [meaning(&meta.id), meaning(&meta.name)];
    let block = evidence.profile.directives.block.iter();
    block.map(String::as_str).find(|key| names.contains(&meaning(key)))
}

impl Given {
    /// The value of a key.
    pub(super) fn value(&self, meaning: &str) -> Option<&str> {
        self.all.iter().find(|directive| directive.meaning() == meaning).map(|directive| directive.value.as_str())
    }
}

/// The directives that count; it fails with the question for the author's account or groups.
pub(super) fn find(evidence: &Evidence, mapping: &Mapping, trace: &mut Trace) -> Result<Given, Vec<Question>> {
    const QUESTION: &str = "Which directives does it carry?";
    if mapping.directives == Apply::Off {
        return Ok(Given::default());
    }
    let settings = &evidence.profile.directives;
    let text = trim::words_before_directives(evidence.written(), mapping, trace);
    let mut found = Vec::new();
    for processor in &settings.processors {
        let mut all = read::by(*processor, evidence, &text);
        all.retain(|directive| is_key_allowed(evidence, *processor, directive, trace));
        if !all.is_empty() {
            found.push((*processor, all));
        }
    }
    let mut counting = Vec::new();
    for (processor, all) in found {
        match refusal(evidence, processor)? {
            None => counting.push((processor, all)),
            Some(why) => {
                trace.note(QUESTION, format!("{} by {}", all.len(), processor.word()), &format!("ignored, {why}"));
            }
        }
    }
    let numbers: Vec<String> = counting.iter().map(|(by, all)| format!("{} by {}", all.len(), by.word())).collect();
    // Of equals the first in the profile's order.
    let Some((by, all)) = counting.into_iter().rev().max_by_key(|(_, all)| all.len()) else {
        return Ok(Given::default());
    };
    trace.note(QUESTION, numbers.join(", "), &format!("those by {} count", by.word()));
    Ok(Given { by: Some(by), all })
}

/// Why the directives of this reader do not count. Header fields count from clients that the profile trusts (SEC-04), all others from
/// proved authors whom it names (SEC-01).
fn refusal(evidence: &Evidence, processor: Processor) -> Result<Option<String>, Vec<Question>> {
    match processor {
        Processor::Headers => Ok(distrust(evidence)),
        Processor::Subject if evidence.is_answer() => {
            Ok(Some("it answers or hands on a mail, so that its subject may be another's words".to_owned()))
        }
        _ => author_refusal(evidence),
    }
}

/// Why the author of the mail may give no directives; `None` when he may.
pub(super) fn author_refusal(evidence: &Evidence) -> Result<Option<String>, Vec<Question>> {
    let settings = &evidence.profile.directives;
    let Some(author) = evidence.proved_person() else {
        return Ok(Some("nobody vouches for its author".to_owned()));
    };
    if settings.senders.iter().any(|pattern| pattern.matches(author)) {
        return Ok(None);
    }
    if !settings.groups.is_empty() && people::groups(evidence)?.iter().any(|group| settings.groups.contains(group)) {
        return Ok(None);
    }
    Ok(Some("its author is not one of those whom the profile lets use them".to_owned()))
}

/// Why header fields do not count: nothing in a mail proves who wrote them, so they have to come from a client that the profile names,
/// and by no more hosts than it says. What a client hands on of others has a `Received` field of its own (RFC 5321, section 4.4).
fn distrust(evidence: &Evidence) -> Option<String> {
    let settings = &evidence.profile.directives;
    let client = evidence.facts.envelope.client.as_ref();
    let address = client.and_then(|client| client.ip.as_deref()?.parse::<core::net::IpAddr>().ok());
    if !address.is_some_and(|address| settings.submitters.iter().any(|network| network.holds(address))) {
        return Some("it did not come from a client that directives.submitters names".to_owned());
    }
    let most = settings.submitter_hops;
    let before = evidence.message.headers.received_count.saturating_sub(OWN_HOPS);
    (before > most).then(|| format!("it came by {before} hosts before ours, directives.submitter_hops = {most}"))
}

fn is_key_allowed(evidence: &Evidence, processor: Processor, directive: &Directive, trace: &mut Trace) -> bool {
    let settings = &evidence.profile.directives;
    let is_named = |keys: &[String]| keys.iter().any(|key| meaning(key) == directive.meaning());
    // A line of a letter may have a colon: only keys that mean something are taken for directives there.
    let is_meant = OWN.contains(&directive.meaning().as_str()) || is_named(&settings.allow);
    if processor == Processor::Colon && !is_meant {
        return false;
    }
    let why = if directive.value.trim().is_empty() {
        "it has no value"
    } else if is_named(&settings.block) {
        "directives.block names it"
    } else if !settings.allow.is_empty() && !is_named(&settings.allow) {
        "directives.allow does not name it"
    } else {
        return true;
    };
    trace.note("Does the directive count?", format!("{:?} does not, {why}", directive.key), "it is ignored");
    false
}
