//! Which issue a message belongs to: the signs are weighed in order of trust, and each leaves its line.

use super::evidence::Evidence;
use super::signs::{self, Sign, Way};
use super::verdict::Trace;
use super::{Route, directives, people};
use crate::profile::{Strangers, Word};
use crate::{IssueFacts, Question};

/// The result of looking for the message's issue.
pub(super) enum Association {
    /// It belongs to this issue; the text says why.
    Issue(IssueFacts, String),
    /// It belongs to none; each text says why one that was named does not count.
    None(Vec<Refused>),
    /// Answers are missing.
    Open(Vec<Question>),
}

/// Why an issue that was named does not count.
pub(super) struct Refused {
    pub(super) why: String,
    /// Because the sender takes no part in it.
    pub(super) stranger: bool,
}

/// What one sign comes to.
enum Weight {
    Counts(IssueFacts, String),
    Not(String),
    Stranger(String),
    Open(Vec<Question>),
}

/// Weighs the signs in order of trust. The first sign's questions are asked alone, as it nearly always settles the matter;
/// once it has failed, those of all others are asked together, so that the rounds stay few.
pub(super) fn find(evidence: &Evidence, route: &Route, trace: &mut Trace) -> Association {
    let mut refused = Vec::new();
    let mut open = Vec::new();
    for way in Way::ALL.into_iter().filter(|way| way.is_on(evidence, route)) {
        let signs = match way.signs(evidence, route) {
            Ok(signs) => signs,
            Err(questions) => {
                open.extend(questions);
                return Association::Open(open);
            }
        };
        if signs.is_empty() {
            trace.note(way.question(), "no", "the next sign is looked for");
        }
        for sign in &signs {
            match weigh(evidence, route, sign) {
                Weight::Counts(issue, because) if open.is_empty() => {
                    trace.note(way.question(), &sign.carrier, &format!("a comment on {}", name(&issue)));
                    return Association::Issue(issue, because);
                }
                Weight::Counts(..) => return Association::Open(open),
                Weight::Not(why) => {
                    trace.note(way.question(), &sign.carrier, &format!("it does not count, {why}"));
                    refused.push(Refused { why, stranger: false });
                }
                Weight::Stranger(why) => {
                    trace.note(way.question(), &sign.carrier, &format!("it does not count, {why}"));
                    refused.push(Refused { why, stranger: true });
                }
                Weight::Open(questions) => {
                    open.extend(questions);
                    if refused.is_empty() {
                        return Association::Open(open);
                    }
                }
            }
        }
    }
    if open.is_empty() { Association::None(refused) } else { Association::Open(open) }
}

fn weigh(evidence: &Evidence, route: &Route, sign: &Sign) -> Weight {
    let mapping = &route.mapping;
    let asked = || evidence.facts.issues.iter().find(|(asked, _)| *asked == sign.issue).map(|(_, issue)| issue);
    let found = sign.found.as_ref();
    let issue = match found.map(Some).or_else(|| asked().map(Option::as_ref)) {
        None => return Weight::Open(vec![Question::Issue { issue: sign.issue.clone() }]),
        Some(None) => return Weight::Not(format!("the tracker has no issue {}", sign.issue)),
        Some(Some(issue)) => with_id(issue, sign),
    };
    if !issue.id.bytes().all(|b| b.is_ascii_digit()) || issue.id.is_empty() {
        return Weight::Not(format!("the tracker told no numeric id for {}", sign.issue));
    }
    let issue_name = name(&issue);
    let may_direct = match may_direct(evidence, sign, &issue) {
        Ok(may) => may,
        Err(questions) => return Weight::Open(questions),
    };
    match sign.way {
        Way::ReplyAddress | Way::SignedMessageId => {
            let because = format!("a signed token grants a comment on {issue_name} as an outsider");
            Weight::Counts(issue, because)
        }
        // Its sender is proved, and the profile lets him set things in its own projects. A trusted client proves no sender: for what
        // it says in header fields the author has to take part like any other.
        Way::Directive if may_direct => {
            let because = format!("a directive names {issue_name}, and the profile lets its sender use them");
            Weight::Counts(issue, because)
        }
        way if evidence.profile.require_authentic && !evidence.is_authentic() => Weight::Not(format!(
            "{} {issue_name}, but its author is not proved (threads.require_authentic = true)",
            way.named()
        )),
        Way::StoredMessageId if evidence.profile.strangers == Strangers::Comment => {
            let because = format!(
                "it refers to a known message of {issue_name}; whoever does may comment as an outsider (threads.strangers = \"comment\")"
            );
            Weight::Counts(issue, because)
        }
        Way::ForeignKey if evidence.is_authentic() && signs::is_foreign_sender(evidence, mapping) => {
            let because = format!("{} {issue_name}, and the profile names its proved sender", sign.way.named());
            Weight::Counts(issue, because)
        }
        way => match takes_part(evidence, &issue) {
            Ok(true) => {
                let because = format!("{} {issue_name}, in which its sender takes part", way.named());
                Weight::Counts(issue, because)
            }
            Ok(false) if way == Way::StoredMessageId => {
                let setting = evidence.profile.strangers.word();
                Weight::Stranger(format!(
                    "it refers to a message of {issue_name}, but its sender takes no part in it (threads.strangers = {setting:?})"
                ))
            }
            Ok(false) => Weight::Stranger(format!("{} {issue_name}, but its sender takes no part in it", way.named())),
            Err(questions) => Weight::Open(questions),
        },
    }
}

/// Whether a directive opens an issue to its sender, whether or not he takes part: in the profile's own projects, and for authors who
/// may give directives.
fn may_direct(evidence: &Evidence, sign: &Sign, issue: &IssueFacts) -> Result<bool, Vec<Question>> {
    let is_own = evidence.profile.projects().iter().any(|(key, _)| key == project(issue));
    Ok(sign.way == Way::Directive && is_own && directives::author_refusal(evidence)?.is_none())
}

/// Whether the sender takes part in the issue, as far as an address that nobody has proved can tell. The account of a proved one counts,
/// too, since trackers may hide the addresses of reporter and assignee; so does that of whoever clicks on a link that was sent to his address.
pub(super) fn takes_part(evidence: &Evidence, issue: &IssueFacts) -> Result<bool, Vec<Question>> {
    let Some(person) = evidence.person() else { return Ok(false) };
    if has_part(evidence, issue, person)? {
        return Ok(true);
    }
    let accounts = &issue.standing.accounts;
    let proved = if evidence.facts.click.is_some() { Some(person) } else { evidence.proved_person() };
    let Some(author) = proved.filter(|_| !accounts.is_empty()) else { return Ok(false) };
    let account = people::account(evidence, author)?;
    Ok(account.is_some_and(|account| account.active && accounts.contains(&account.id)))
}

/// Whether somebody with this normalised address takes part in the issue.
pub(super) fn has_part(evidence: &Evidence, issue: &IssueFacts, person: &str) -> Result<bool, Vec<Question>> {
    if issue.shows(person) {
        return Ok(true);
    }
    let mut known = evidence.facts.involved.iter();
    match known.find(|(issue_id, address, _)| *issue_id == issue.id && address == person) {
        Some((_, _, true)) => Ok(true),
        Some((_, _, false)) => Ok(people::kept_in_fields(evidence, &issue.id)?.iter().any(|kept| kept == person)),
        None => Err(vec![Question::Involved { issue_id: issue.id.clone(), address: person.to_owned() }]),
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
    if issue.id.is_empty() && !signs::is_key(&sign.issue) {
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
