//! The signs that a message belongs to an issue, and where each is looked for.

use super::evidence::Evidence;
use super::{Route, lookups};
use crate::outbound::Summary;
use crate::profile::{Apply, Mapping, Pattern};
use crate::{Compare, IssueFacts, IssueSearch, Question, Thread, Told};
use regex::Regex;
use std::sync::LazyLock;

/// The most issue keys of one subject that are looked up.
pub const SUBJECT_KEYS_MAX: usize = 3;
/// The most numbers of other systems that are searched for.
pub const FOREIGN_KEYS_MAX: usize = 3;

/// How much of a text is searched for numbers of other systems.
const TEXT_CHARS_MAX: usize = 16 * 1024;
/// The longest such number, in characters.
const FOREIGN_KEY_CHARS_MAX: usize = 100;

/// A sign that the message belongs to an issue.
pub(super) struct Sign {
    pub(super) way: Way,
    /// The numeric id, or the key when it comes from a name.
    pub(super) issue: String,
    /// The issue, where a search has found it.
    pub(super) found: Option<IssueFacts>,
    /// What carried the sign, in words.
    pub(super) carrier: String,
}

/// Where a sign stood, in order of trust.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Way {
    Directive,
    ReplyAddress,
    StoredMessageId,
    SignedMessageId,
    SummaryLine,
    IncumbentMessageId,
    IssueAddress,
    ForeignKey,
    SubjectKey,
}

impl Way {
    pub(super) const ALL: [Way; 9] = [
        Way::Directive,
        Way::ReplyAddress,
        Way::StoredMessageId,
        Way::SignedMessageId,
        Way::SummaryLine,
        Way::IncumbentMessageId,
        Way::IssueAddress,
        Way::ForeignKey,
        Way::SubjectKey,
    ];

    pub(super) fn question(self) -> &'static str {
        match self {
            Way::Directive => "Does a directive name an issue?",
            Way::ReplyAddress => "Was it sent to a signed reply address?",
            Way::StoredMessageId => "Does it refer to a known message?",
            Way::SignedMessageId => "Does it refer to a letter of ours?",
            Way::SummaryLine => "It answers a summary: does it begin with the key of an issue?",
            Way::IncumbentMessageId => "Does it refer to a letter of the former mail handler?",
            Way::IssueAddress => "Was it sent to an issue's address?",
            Way::ForeignKey => "Does it name the number of another system?",
            Way::SubjectKey => "Does its subject name an issue?",
        }
    }

    /// How the sign reads in reasons, before the issue's name.
    pub(super) fn named(self) -> &'static str {
        match self {
            Way::Directive => "a directive names",
            Way::ReplyAddress | Way::SignedMessageId => "a signed token names",
            Way::StoredMessageId => "it refers to a known message of",
            Way::SummaryLine => "it answers a summary, and begins with",
            Way::IncumbentMessageId => "it refers to a letter of the former mail handler about",
            Way::IssueAddress => "it was sent to the address of",
            Way::ForeignKey => "it names the number of another system that stands in",
            Way::SubjectKey => "its subject names",
        }
    }

    /// Whether the profile has mail looked at for it. A way that is off leaves no line in the trace.
    pub(super) fn is_on(self, evidence: &Evidence, route: &Route) -> bool {
        let mapping = &route.mapping;
        match self {
            Way::Directive => {
                matches!(mapping.directives, Apply::Comment | Apply::Both)
                    && route.directives.value("issuekey").is_some()
            }
            Way::ReplyAddress | Way::StoredMessageId | Way::SignedMessageId => true,
            Way::SummaryLine => lookups::answers_a_summary(evidence),
            Way::IncumbentMessageId => evidence.profile.incumbent.message_ids,
            Way::IssueAddress => mapping.issue_addresses,
            Way::ForeignKey => !mapping.foreign_key_regex.is_empty() && !mapping.foreign_key_field.is_empty(),
            Way::SubjectKey => mapping.subject_keys,
        }
    }

    /// The signs of this way; it fails with the questions that have to be answered before they can be told.
    pub(super) fn signs(self, evidence: &Evidence, route: &Route) -> Result<Vec<Sign>, Vec<Question>> {
        let mapping = &route.mapping;
        let sign = |issue: &str, carrier: String| Sign { way: self, issue: issue.to_owned(), found: None, carrier };
        let by_key = |key: &String| sign(key, format!("yes, {key}"));
        Ok(match self {
            Way::Directive => return directive_signs(evidence, route.directives.value("issuekey").unwrap_or_default()),
            Way::ReplyAddress => {
                lookups::reply_addresses(evidence).filter_map(|address| self.granted(evidence, address)).collect()
            }
            Way::StoredMessageId => match &evidence.facts.thread {
                Some(Thread::Issue { message_id, issue_id }) => vec![sign(issue_id, format!("yes, {message_id}"))],
                Some(Thread::Unknown) | None => Vec::new(),
            },
            Way::SignedMessageId => {
                lookups::thread_ids(evidence).iter().filter_map(|id| self.granted(evidence, id)).collect()
            }
            Way::SummaryLine => first_word_key(evidence.written()).iter().map(by_key).collect(),
            Way::IncumbentMessageId => incumbent_keys(evidence).iter().map(by_key).collect(),
            Way::IssueAddress => address_keys(evidence).iter().map(by_key).collect(),
            Way::ForeignKey => return foreign_signs(evidence, mapping),
            Way::SubjectKey => subject_keys(&evidence.subject, &mapping.subject_key_regex).iter().map(by_key).collect(),
        })
    }

    fn granted(self, evidence: &Evidence, carrier: &str) -> Option<Sign> {
        // What stands for a summary is no issue.
        let grant = lookups::grant_for(evidence, carrier).filter(|grant| !Summary::is_id(&grant.issue_id))?;
        Some(Sign {
            way: self,
            issue: grant.issue_id.clone(),
            found: None,
            carrier: format!("yes, {carrier} of letter {}", grant.letter_id),
        })
    }
}

/// Bounded, ASCII only: what it finds goes into a request to the tracker.
fn key_pattern() -> &'static Regex {
    static KEY: LazyLock<Regex> = LazyLock::new(|| {
        Regex::new(r"\b[A-Z][A-Z0-9_]{1,31}-[1-9][0-9]{0,11}\b").expect("the pattern is constant and a test uses it")
    });
    &KEY
}

/// The issue key with which a text begins, as in `HELP-12: it prints again`.
fn first_word_key(text: &str) -> Option<String> {
    let word = text.split_whitespace().next()?.trim_end_matches([':', ',']).to_uppercase();
    Some(word).filter(|word| is_key(word))
}

/// Whether all of a text is an issue key.
pub(super) fn is_key(text: &str) -> bool {
    key_pattern().find(text).is_some_and(|found| found.as_str() == text)
}

/// The first few, each once.
fn first_few<'t>(all: impl Iterator<Item = &'t str>, most: usize) -> Vec<String> {
    let mut few: Vec<String> = Vec::new();
    for one in all {
        if few.len() == most {
            break;
        }
        if !few.iter().any(|known| known == one) {
            few.push(one.to_owned());
        }
    }
    few
}

fn subject_keys(subject: &str, patterns: &[Pattern]) -> Vec<String> {
    if patterns.is_empty() {
        return first_few(key_pattern().find_iter(subject).map(|found| found.as_str()), SUBJECT_KEYS_MAX);
    }
    let found = patterns.iter().flat_map(|pattern| pattern.found(subject));
    let keys: Vec<String> = found.map(|key| key.trim().to_uppercase()).filter(|key| is_key(key)).collect();
    first_few(keys.iter().map(String::as_str), SUBJECT_KEYS_MAX)
}

/// The keys in `abc-123@example.com`, where that address is awaited.
fn address_keys(evidence: &Evidence) -> Vec<String> {
    let awaited = evidence.recipients.iter().filter(|address| evidence.profile.catches(address));
    let keys: Vec<String> = awaited.filter_map(|address| Some(address.split_once('@')?.0.to_uppercase())).collect();
    first_few(keys.iter().map(String::as_str).filter(|key| is_key(key)), SUBJECT_KEYS_MAX)
}

/// The keys in `JEMHCloud.ENVIRONMENT.KEY@HOST`, what the sender's program answers first.
fn incumbent_keys(evidence: &Evidence) -> Vec<String> {
    let domains = &evidence.profile.incumbent.domains;
    let ids = lookups::thread_ids(evidence);
    let keys = ids.iter().filter_map(|id| {
        let (local, host) = id.split_once('@')?;
        let (mark, rest) = local.split_once('.')?;
        let (_, key) = rest.rsplit_once('.')?;
        let is_known = domains.is_empty() || domains.contains(&host.to_lowercase());
        (mark.eq_ignore_ascii_case("JEMHCloud") && is_known && is_key(key)).then_some(key)
    });
    first_few(keys, SUBJECT_KEYS_MAX)
}

/// Whether the profile names the sender as one whose numbers count.
pub(super) fn is_foreign_sender(evidence: &Evidence, mapping: &Mapping) -> bool {
    let sender = evidence.sender.identity.as_deref();
    sender.is_some_and(|sender| mapping.foreign_key_from.iter().any(|pattern| pattern.matches(sender)))
}

/// `KEY`, or `Field=Value`, which is searched for in the projects in which the profile makes issues.
fn directive_signs(evidence: &Evidence, words: &str) -> Result<Vec<Sign>, Vec<Question>> {
    let key = words.trim().to_uppercase();
    if is_key(&key) {
        let carrier = format!("yes, {key}");
        return Ok(vec![Sign { way: Way::Directive, issue: key, found: None, carrier }]);
    }
    let Some((field, value)) = words.split_once('=') else { return Ok(Vec::new()) };
    let mut projects: Vec<String> = evidence.profile.projects().into_iter().map(|(key, _)| key).collect();
    projects.sort();
    projects.dedup();
    let plain =
        |text: &str| text.trim().trim_matches(['"', '\'']).chars().take(FOREIGN_KEY_CHARS_MAX).collect::<String>();
    let search = IssueSearch { projects, field: plain(field), value: plain(value), how: Compare::Is };
    Ok(searched(evidence, search, Way::Directive)?.into_iter().collect())
}

/// The issue that a search finds, as a sign.
fn searched(evidence: &Evidence, search: IssueSearch, way: Way) -> Result<Option<Sign>, Vec<Question>> {
    let carrier = format!("yes, {}", search.value);
    match evidence.facts.found_issues.iter().find(|(asked, _)| *asked == search) {
        None => Err(vec![Question::FindIssue { search }]),
        Some((_, Told::Known(Some(issue)))) => {
            Ok(Some(Sign { way, issue: issue.id.clone(), found: Some(issue.clone()), carrier }))
        }
        Some((_, Told::Known(None) | Told::Untold(_))) => Ok(None),
    }
}

fn foreign_signs(evidence: &Evidence, mapping: &Mapping) -> Result<Vec<Sign>, Vec<Question>> {
    if !mapping.foreign_key_from.is_empty() && !is_foreign_sender(evidence, mapping) {
        return Ok(Vec::new());
    }
    let text: String = evidence.message.text.chars().take(TEXT_CHARS_MAX).collect();
    let places = [evidence.subject.as_str(), &text];
    let found = places.iter().flat_map(|place| mapping.foreign_key_regex.iter().flat_map(|p| p.found(place)));
    let good = found.map(str::trim).filter(|number| {
        !number.is_empty() && number.chars().count() <= FOREIGN_KEY_CHARS_MAX && !number.chars().any(char::is_control)
    });
    let mut signs = Vec::new();
    let mut open = Vec::new();
    for value in first_few(good, FOREIGN_KEYS_MAX) {
        let search = IssueSearch {
            projects: vec![mapping.project.clone()],
            field: mapping.foreign_key_field.clone(),
            value,
            how: Compare::Is,
        };
        match searched(evidence, search, Way::ForeignKey) {
            Ok(sign) => signs.extend(sign),
            Err(questions) => open.extend(questions),
        }
    }
    if open.is_empty() { Ok(signs) } else { Err(open) }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::{is_key, subject_keys};
    use crate::profile::Pattern;

    #[test]
    fn an_expression_finds_keys_in_any_case_and_nothing_else() {
        let pattern = [Pattern::regex(r"(?i)#(\S+)").unwrap()];
        assert_eq!(subject_keys("#demo-7 #x #DEMO-7 #a-01", &pattern), ["DEMO-7"]);
        assert_eq!(subject_keys("DEMO-7 and UTF-8", &[]), ["DEMO-7", "UTF-8"]);
        assert!(is_key("DEMO-7") && !is_key("DEMO-7 x") && !is_key("demo-7"));
    }
}
