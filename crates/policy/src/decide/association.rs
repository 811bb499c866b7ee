//! Which issue a message belongs to: by a signed reply address, a stored Message-ID, a Message-ID that we signed, or an
//! issue key in the subject of a sender who takes part already; in this order, and each step leaves its line.

use super::evidence::Evidence;
use super::lookups;
use super::verdict::Trace;
use crate::profile::{Strangers, Word};
use crate::{IssueFacts, Question, Thread};
use regex::Regex;
use std::sync::LazyLock;

/// The most issue keys of one subject that are looked up.
pub const SUBJECT_KEYS_MAX: usize = 3;

/// The result of looking for the message's issue.
pub(super) enum Association {
    /// It belongs to this issue; the text says why.
    Issue(IssueFacts, String),
    /// It belongs to none; each text says why one that was named does not count.
    None(Vec<String>),
    /// Answers are missing.
    Open(Vec<Question>),
}

/// A sign that the message belongs to an issue.
struct Sign {
    way: Way,
    /// The numeric id, or the key when it comes from a subject.
    issue: String,
    /// What carried the sign, in words.
    carrier: String,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Way {
    ReplyAddress,
    StoredMessageId,
    SignedMessageId,
    SubjectKey,
}

/// What one sign comes to.
enum Weight {
    Counts(IssueFacts, String),
    Not(String),
    Open(Question),
}

/// Weighs the signs in order of trust. The first sign's questions are asked alone, as it nearly always settles the matter;
/// once it has failed, those of all others are asked together, so that the rounds stay few.
pub(super) fn find(evidence: &Evidence, trace: &mut Trace) -> Association {
    let mut refused = Vec::new();
    let mut open = Vec::new();
    for way in [Way::ReplyAddress, Way::StoredMessageId, Way::SignedMessageId, Way::SubjectKey] {
        let signs = way.signs(evidence);
        if signs.is_empty() {
            trace.note(way.question(), "no", "the next sign is looked for");
        }
        for sign in &signs {
            match weigh(evidence, sign) {
                Weight::Counts(issue, because) if open.is_empty() => {
                    trace.note(way.question(), &sign.carrier, &format!("a comment on {}", name(&issue)));
                    return Association::Issue(issue, because);
                }
                Weight::Counts(..) => return Association::Open(open),
                Weight::Not(why) => {
                    trace.note(way.question(), &sign.carrier, &format!("it does not count, {why}"));
                    refused.push(why);
                }
                Weight::Open(question) => {
                    open.push(question);
                    if refused.is_empty() {
                        return Association::Open(open);
                    }
                }
            }
        }
    }
    if open.is_empty() { Association::None(refused) } else { Association::Open(open) }
}

impl Way {
    fn question(self) -> &'static str {
        match self {
            Way::ReplyAddress => "Was it sent to a signed reply address?",
            Way::StoredMessageId => "Does it refer to a known message?",
            Way::SignedMessageId => "Does it refer to a letter of ours?",
            Way::SubjectKey => "Does its subject name an issue?",
        }
    }

    fn signs(self, evidence: &Evidence) -> Vec<Sign> {
        match self {
            Way::ReplyAddress => {
                lookups::reply_addresses(evidence).filter_map(|address| self.granted(evidence, address)).collect()
            }
            Way::StoredMessageId => match &evidence.facts.thread {
                Some(Thread::Issue { message_id, issue_id }) => {
                    vec![Sign { way: self, issue: issue_id.clone(), carrier: format!("yes, {message_id}") }]
                }
                Some(Thread::Unknown) | None => Vec::new(),
            },
            Way::SignedMessageId => {
                lookups::thread_ids(evidence).iter().filter_map(|id| self.granted(evidence, id)).collect()
            }
            Way::SubjectKey => subject_signs(&evidence.subject),
        }
    }

    fn granted(self, evidence: &Evidence, carrier: &str) -> Option<Sign> {
        let grant = lookups::grant_for(evidence, carrier)?;
        Some(Sign {
            way: self,
            issue: grant.issue_id.clone(),
            carrier: format!("yes, {carrier} of letter {}", grant.letter_id),
        })
    }
}

fn subject_signs(subject: &str) -> Vec<Sign> {
    // Bounded, ASCII only: what it finds goes into a request to the tracker.
    static KEY: LazyLock<Regex> = LazyLock::new(|| {
        Regex::new(r"\b[A-Z][A-Z0-9_]{1,31}-[1-9][0-9]{0,11}\b").expect("the pattern is constant and a test uses it")
    });
    let mut keys: Vec<&str> = Vec::new();
    for key in KEY.find_iter(subject).map(|found| found.as_str()) {
        if keys.len() < SUBJECT_KEYS_MAX && !keys.contains(&key) {
            keys.push(key);
        }
    }
    let sign = |key: &str| Sign { way: Way::SubjectKey, issue: key.to_owned(), carrier: format!("yes, {key}") };
    keys.into_iter().map(sign).collect()
}

fn weigh(evidence: &Evidence, sign: &Sign) -> Weight {
    let known = evidence.facts.issues.iter().find(|(asked, _)| *asked == sign.issue);
    let issue = match known {
        None => return Weight::Open(Question::Issue { issue: sign.issue.clone() }),
        Some((_, None)) => return Weight::Not(format!("the tracker has no issue {}", sign.issue)),
        Some((_, Some(issue))) => with_id(issue, sign),
    };
    if !issue.id.bytes().all(|b| b.is_ascii_digit()) || issue.id.is_empty() {
        return Weight::Not(format!("the tracker told no numeric id for {}", sign.issue));
    }
    let issue_name = name(&issue);
    match sign.way {
        Way::ReplyAddress | Way::SignedMessageId => {
            let because = format!("a signed token grants a comment on {issue_name} as an outsider");
            Weight::Counts(issue, because)
        }
        Way::StoredMessageId | Way::SubjectKey if evidence.profile.require_authentic && !evidence.is_authentic() => {
            let named = way_named(sign.way);
            Weight::Not(format!(
                "{named} {issue_name}, but its author is not proved (threads.require_authentic = true)"
            ))
        }
        Way::StoredMessageId if evidence.profile.strangers == Strangers::Comment => {
            let because = format!(
                "it refers to a known message of {issue_name}; whoever does may comment as an outsider (threads.strangers = \"comment\")"
            );
            Weight::Counts(issue, because)
        }
        Way::StoredMessageId | Way::SubjectKey => match takes_part(evidence, &issue) {
            Ok(true) => {
                let because = format!("{} {issue_name}, in which its sender takes part", way_named(sign.way));
                Weight::Counts(issue, because)
            }
            Ok(false) if sign.way == Way::StoredMessageId => {
                let setting = evidence.profile.strangers.word();
                Weight::Not(format!(
                    "it refers to a message of {issue_name}, but its sender takes no part in it (threads.strangers = {setting:?})"
                ))
            }
            Ok(false) => Weight::Not(format!("its subject names {issue_name}, but its sender takes no part in it")),
            Err(question) => Weight::Open(question),
        },
    }
}

fn way_named(way: Way) -> &'static str {
    if way == Way::SubjectKey { "its subject names" } else { "it refers to a known message of" }
}

/// Whether the sender takes part in the issue, as far as an address that nobody has proved can tell.
fn takes_part(evidence: &Evidence, issue: &IssueFacts) -> Result<bool, Question> {
    let Some(person) = evidence.person() else { return Ok(false) };
    if issue.people.iter().any(|address| address.trim().to_lowercase() == person) {
        return Ok(true);
    }
    let mut known = evidence.facts.involved.iter();
    match known.find(|(issue_id, address, _)| *issue_id == issue.id && address == person) {
        Some((_, _, took_part)) => Ok(*took_part),
        None => Err(Question::Involved { issue_id: issue.id.clone(), address: person.to_owned() }),
    }
}

/// Whether the facts say already that the sender takes part in the issue with this id.
pub(super) fn is_known_to_take_part(evidence: &Evidence, issue_id: &str) -> bool {
    let named = evidence.facts.issues.iter().filter_map(|(asked, issue)| Some((asked, issue.as_ref()?)));
    let mut same = named.filter(|(asked, issue)| issue.id == issue_id || *asked == issue_id);
    same.any(|(_, issue)| {
        let issue = IssueFacts { id: issue_id.to_owned(), ..issue.clone() };
        takes_part(evidence, &issue) == Ok(true)
    })
}

/// A sign by number names the issue even where the answer left its id out.
fn with_id(issue: &IssueFacts, sign: &Sign) -> IssueFacts {
    let mut issue = issue.clone();
    if issue.id.is_empty() && sign.way != Way::SubjectKey {
        issue.id.clone_from(&sign.issue);
    }
    issue
}

/// The key, or the id where the key is not known.
pub(super) fn name(issue: &IssueFacts) -> &str {
    if issue.key.is_empty() { &issue.id } else { &issue.key }
}

/// The project of an issue, by its key where the tracker told no more.
pub(super) fn project(issue: &IssueFacts) -> &str {
    if !issue.project.is_empty() {
        return &issue.project;
    }
    issue.key.rsplit_once('-').map_or("", |(project, _)| project)
}
