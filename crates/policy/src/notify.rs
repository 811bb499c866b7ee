//! Who gets a letter about what: from the events of a merge window, mappings and facts to notifications, each with its reason.

mod audience;
mod channel;
mod facts;
mod files;
mod inquiry;
mod letter;
mod manner;
mod recipient;
mod returned;
mod scene;
mod seen;
mod settle;
pub mod summary;
mod written;

pub use channel::ChannelTold;
pub use facts::{Audience, Entry, EntryNow, Facts, IssueNow, PEOPLE_MAX, Person, Question, SeenBy, ToldBefore, Whom};
pub use files::{
    FILES_ALONG_MAX, Fate, FileRule, FileSaid, Files, Going, THUMBNAIL_BYTES_MAX, THUMBNAILS_MAX, picture_id,
    thumbnail_id,
};
pub use letter::{About, EarlierSaid, EntrySaid, IssueSaid, Own};
pub use manner::Manner;
pub use returned::{Returned, ReturnedTold};
pub use written::{
    LookedAt, OwnFile, Refused, WRITING_BYTES_MAX, Writing, Written, WrittenBy, directive, without_directives,
};

use crate::decide::Trace;
use crate::event::{Event, EventKind};
use crate::outbound::{Format, Held, LetterSays, Mapping, Mappings, To, words_of};
use crate::template::Theme;
use crate::template::view::Reason;
use crate::{StepKey, letter_number};
use inquiry::Inquiry;
use recipient::Reachable;
use serde::{Deserialize, Serialize};
use settle::Settled;
use std::collections::HashSet;
use std::sync::Arc;

/// How often [`ask`] may be answered before nothing is open any more: the issue; its comments and searches; the audience; its people and the
/// accounts of addresses; the people of those; whose deeds they were; what each may see and wants; each comment that is not for all.
pub const ROUNDS_MAX: usize = 10;

/// What somebody is told by one mapping about one issue. It becomes a letter.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Notification {
    /// The same whenever the same events are told to the same person by the same mapping.
    pub key: StepKey,
    pub mapping: String,
    pub issue_id: String,
    pub issue_key: String,
    /// What whoever wrote the letter gave it as a subject; empty where it tells of events.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub subject: String,
    /// The template that whoever wrote the letter chose, by name.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub template: String,
    pub recipient: Recipient,
    /// What he may be told, as he may see it, in the order in which it happened; never empty.
    pub events: Vec<Arc<Event>>,
    /// The key of each of them for this recipient, whatever else the window held: whoever was told once is known by it.
    pub event_keys: Vec<StepKey>,
    pub style: Style,
    /// What is said to him of why he gets it: the first of all that speaks for it.
    pub because: Reason,
    /// One sentence: why he gets it.
    pub reason: String,
    /// What else happened that the mapping tells of, and why he is not told of it.
    pub untold: Vec<String>,
}

/// Who is written to.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Recipient {
    /// `None` for somebody without an account.
    pub account: Option<String>,
    /// Of a channel its name in words.
    pub address: String,
    /// Empty where nobody knows it.
    pub name: String,
    pub language: String,
    pub time_zone: String,
    /// A customer or somebody without an account: of the issue he sees what is for everybody.
    pub outsider: bool,
    /// The address is his account's own; only then a letter says more of the account, and leads to where it signs in.
    pub is_at_home: bool,
    /// It is no person but this channel.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub channel: Option<ChannelTold>,
    /// He may not see the issue, and is written to on purpose all the same: he is shown nothing of it.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub is_stranger: bool,
}

/// How a letter is made, as the mapping says; empty texts mean what the manual says of their settings.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Style {
    pub outgoing: String,
    pub from_name: String,
    pub from_address: String,
    pub reply_to: String,
    pub subject_prefix: String,
    pub theme: Theme,
    pub format: Format,
    pub to: To,
    pub files: FileRule,
    /// How many earlier comments stand below it.
    pub history: u32,
    /// Nothing that anybody wrote goes with it.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub withheld: bool,
    /// It tells something that came in sealed: it leaves sealed, or says only where to look.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub must_be_sealed: bool,
    /// The directive sets that it offers, as the mapping names them.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub sets: Vec<String>,
}

/// Somebody who was considered and gets nothing of a mapping.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct LeftOut {
    pub mapping: String,
    pub issue_id: String,
    pub whom: String,
    pub why: String,
}

/// A mapping that could not be judged.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Unjudged {
    pub mapping: String,
    pub issue_id: String,
    /// The question that has no answer, and why.
    pub question: String,
    pub why: String,
    /// Nobody is told by it; otherwise only those are not whom the question is about.
    pub wholly: bool,
}

/// The decision about the events of a merge window.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Notified {
    pub notifications: Vec<Notification>,
    pub left_out: Vec<LeftOut>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub unjudged: Vec<Unjudged>,
    /// Each question, its answer, and what it decided.
    pub trace: Vec<String>,
}

impl Notification {
    /// Whether one letter, with both in Bcc, says the same to both, why they get it included. Earlier comments are the same then, and who may see
    /// an answer, because both are chosen by what is told; the mail that only its writer's letter names is not. Links that act in somebody's name
    /// are for him alone.
    pub fn shares_a_letter_with(&self, other: &Notification) -> bool {
        let words = |one: &Notification| {
            let Recipient { language, time_zone, outsider, is_at_home, .. } = one.recipient.clone();
            (language, time_zone, outsider, is_at_home, one.because.clone())
        };
        let is_person = |one: &Notification| one.recipient.channel.is_none();
        self.style.to == To::Bcc
            && self.style.sets.is_empty()
            && is_person(self)
            && is_person(other)
            && (&self.mapping, &self.issue_id, &self.style) == (&other.mapping, &other.issue_id, &other.style)
            && self.events == other.events
            && words(self) == words(other)
    }
}

/// The questions that are still open before it can be decided who is told of these events; empty when there are none.
///
/// It walks the very path that [`notify`] walks, so it never asks what the decision does not need. When every question is answered
/// in turn nothing is open after at most [`ROUNDS_MAX`] rounds.
pub fn ask(events: &[Event], mappings: &Mappings, facts: &Facts) -> Vec<Question> {
    let mut inquiry = Inquiry::of(facts);
    walk(events, mappings, &mut inquiry);
    inquiry.open()
}

/// Who is told what. `events` are those of a merge window, in any order and of any issues.
///
/// Total: what is not known is not told. Nobody is told of an issue, or of a comment that is for few, unless the facts hold the
/// tracker's yes for his account; somebody without an account only of what everybody sees who sees the issue, and of no issue with a
/// security level.
pub fn notify(events: &[Event], mappings: &Mappings, facts: &Facts) -> Notified {
    let mut notified = walk(events, mappings, &mut Inquiry::of(facts));
    notified.withhold(facts);
    notified
}

impl Notified {
    /// Of an issue that came in sealed nothing is told readably (SEC-15).
    pub(super) fn withhold(&mut self, facts: &Facts) {
        for notification in &mut self.notifications {
            notification.withhold(facts);
        }
    }
}

impl Notification {
    pub(super) fn withhold(&mut self, facts: &Facts) {
        if !facts.came_sealed.contains(&self.issue_id) || self.style.withheld {
            return;
        }
        // A channel has no keys.
        match facts.letters_are_sealed && self.recipient.channel.is_none() {
            true => {
                self.style.must_be_sealed = true;
                self.reason.push_str(MUST_BE_SEALED);
            }
            false => {
                self.style.withheld = true;
                self.reason.push_str(CAME_SEALED);
            }
        }
    }
}

/// Behind the reason of a letter that says nothing.
const CAME_SEALED: &str =
    "; the issue has something of a mail that came encrypted, so its letter only says where to look";
/// Behind that of one that says what it says where it can be sealed.
const MUST_BE_SEALED: &str =
    "; the issue has something of a mail that came encrypted, so its letter leaves sealed or only says where to look";

/// What the lists of the file say now against sending a letter to this address once more, that a mapping of this name sent about an issue with this
/// key; `None` where nothing does.
pub fn kept_from(mappings: &Mappings, mapping: &str, issue_key: &str, address: &str) -> Option<String> {
    let project = issue_key.rsplit_once('-').map_or("", |(project, _)| project);
    recipient::against_address(&mail::normalised(address), &mappings.held_by_name(mapping, project))
}

fn walk(events: &[Event], mappings: &Mappings, inquiry: &mut Inquiry) -> Notified {
    let mut done = Notified::default();
    let mut seen = HashSet::new();
    for event in events.iter().filter(|event| seen.insert(&event.issue_id)) {
        let ordered = settle::in_order(events, &event.issue_id);
        for mapping in &mappings.mappings {
            let mut trace = Trace::default();
            let window = Window { issue_id: &event.issue_id, events: &ordered, mappings, mapping };
            window.tell(inquiry, &mut trace, &mut done);
            let named = |line: String| format!("{}, issue {}: {line}", mapping.name, event.issue_id);
            done.trace.extend(trace.0.into_iter().map(named));
        }
    }
    done
}

/// What somebody is told, and why not of the rest.
type Told = (Vec<Arc<Event>>, Vec<String>);

/// The events of one issue, and one mapping that may tell of them.
struct Window<'w> {
    issue_id: &'w str,
    events: &'w [Arc<Event>],
    mappings: &'w Mappings,
    mapping: &'w Mapping,
}

impl Window<'_> {
    fn tell(&self, inquiry: &mut Inquiry, trace: &mut Trace, done: &mut Notified) {
        const TOLD: &str = "Does it tell of these events?";
        let wanted: Vec<&Arc<Event>> = self.events.iter().filter(|event| self.mapping.tells_of(event)).collect();
        if !self.mapping.enabled || wanted.is_empty() {
            let why = if self.mapping.enabled { "no, of none of them" } else { "no, it is switched off" };
            return trace.note(TOLD, why, "nobody is told");
        }
        let issue = match inquiry.issue(self.issue_id) {
            Ok(issue) => issue,
            Err(why) => {
                const QUESTION: &str = "What is the issue now?";
                done.unjudged.push(self.unjudged(QUESTION, &why, true));
                return trace.note(QUESTION, why, "nobody is told");
            }
        };
        if !self.mapping.is_about(&issue.project) {
            return trace.note("Is it about this project?", format!("no, it is {}", issue.project), "nobody is told");
        }
        let settled = settle::standing(&wanted, issue, inquiry, trace);
        let settled = settle::without_superseded(self.meeting_when(settled, issue, trace), self.events, trace);
        if settled.is_empty() {
            return trace.note(TOLD, "no, none is left", "nobody is told");
        }
        if !self.is_found(issue.gone, inquiry, trace, done) {
            return;
        }
        let held = self.mappings.held(self.mapping, &issue.project);
        let meant = audience::meant(self.issue_id, issue, &held, inquiry, trace);
        done.unjudged.extend(meant.unfound.iter().map(|(question, why)| self.unjudged(question, why, false)));
        let (people, unreachable) = recipient::reachable(&meant.candidates, inquiry);
        for (whom, why) in meant.too_many.into_iter().chain(unreachable) {
            done.left_out.push(self.left_out(whom.to_string(), why));
        }
        let mut written = HashSet::new();
        for one in people {
            let refused = seen::nothing_new(&one, &settled, &held, inquiry);
            let refused = refused.or_else(|| recipient::refused(&one, self.issue_id, issue, &held, inquiry));
            let judged = match refused {
                Some(why) => Err(why),
                None => self.told(&one, &settled, &held, inquiry),
            };
            match judged {
                Ok(_) if !written.insert(one.normalised.clone()) => {
                    done.left_out.push(self.left_out(one.shown(), "somebody else at this address is told".to_owned()));
                }
                Ok((events, untold)) => {
                    let notification = self.notification(&one, events, issue, &held);
                    done.notifications.push(Notification { untold, ..notification });
                }
                Err(why) => done.left_out.push(self.left_out(one.shown(), why)),
            }
        }
        self.tell_channels(&settled, issue, &held, inquiry, done);
    }

    /// Those of which the mapping's condition holds; one that has no value does not hold.
    fn meeting_when<'e, 'f>(
        &self,
        settled: Vec<Settled<'e, 'f>>,
        issue: &IssueNow,
        trace: &mut Trace,
    ) -> Vec<Settled<'e, 'f>> {
        let Some(when) = &self.mapping.when else { return settled };
        let mut met = Vec::new();
        for settled in settled {
            match when.holds(&scene::of_event(issue, settled.event, settled.is_for_few())) {
                Ok(true) => met.push(settled),
                Ok(false) => settle::untold(settled.event, "when does not hold", trace),
                Err(why) => settle::untold(settled.event, &format!("when has no value: {why}"), trace),
            }
        }
        met
    }

    /// Whether the mapping's search finds the issue, if it has one.
    fn is_found(&self, gone: bool, inquiry: &mut Inquiry, trace: &mut Trace, done: &mut Notified) -> bool {
        const QUESTION: &str = "Does its search find the issue?";
        if self.mapping.jql.is_empty() {
            return true;
        }
        let found = match gone {
            true => Err("an issue that is gone cannot be searched for".to_owned()),
            false => inquiry.matches(self.issue_id, &self.mapping.jql),
        };
        let (answer, decided) = match &found {
            Ok(true) => ("yes", "it goes on"),
            Ok(false) => ("no", "nobody is told"),
            Err(why) => (why.as_str(), "nobody is told"),
        };
        trace.note(QUESTION, answer, decided);
        if let Err(why) = &found {
            done.unjudged.push(self.unjudged(QUESTION, why, true));
        }
        found == Ok(true)
    }

    /// What he is told, with why not of the rest; or why nothing.
    fn told(&self, one: &Reachable, settled: &[Settled], held: &Held, inquiry: &mut Inquiry) -> Result<Told, String> {
        let (events, untold) = seen::for_recipient(one, settled, self.mapping, held, inquiry);
        let comments = |event: &Arc<Event>| matches!(event.kind, EventKind::Commented | EventKind::CommentEdited);
        match events.is_empty() {
            true => Err(untold.join("; ")),
            false if self.mapping.only_with_comment && !events.iter().any(comments) => {
                let no_comment = "no comment is among what he may be told (only_with_comment)".to_owned();
                Err(std::iter::once(no_comment).chain(untold).collect::<Vec<_>>().join("; "))
            }
            false => Ok((events, untold)),
        }
    }

    fn unjudged(&self, question: &str, why: &str, wholly: bool) -> Unjudged {
        let (mapping, issue_id) = (self.mapping.name.clone(), self.issue_id.to_owned());
        Unjudged { mapping, issue_id, question: question.to_owned(), why: why.to_owned(), wholly }
    }

    fn left_out(&self, whom: String, why: String) -> LeftOut {
        LeftOut { mapping: self.mapping.name.clone(), issue_id: self.issue_id.to_owned(), whom, why }
    }

    fn notification(&self, one: &Reachable, events: Vec<Arc<Event>>, issue: &IssueNow, held: &Held) -> Notification {
        let recipient = recipient_of(one, held);
        let words = events.iter().flat_map(|event| words_of(event));
        let told: Vec<&str> = words.filter(|word| self.mapping.events.iter().any(|e| e == word)).collect();
        let said: Vec<&str> = one.because.iter().map(|because| because.said.as_str()).collect();
        let reason = format!(
            "{}; the mapping {:?} tells of {}",
            said.join(" and "),
            self.mapping.name,
            each_once(&told).join(", ")
        );
        let event_keys: Vec<StepKey> = events.iter().map(|event| self.event_key(event, one)).collect();
        let all: Vec<&str> = event_keys.iter().map(|key| key.0.as_str()).collect();
        let digest = letter_number(&StepKey(all.join("\n")));
        Notification {
            key: StepKey(format!("events:{}/{}/{digest:016x}", self.issue_id, self.mapping.name)),
            mapping: held.name.clone(),
            issue_id: self.issue_id.to_owned(),
            issue_key: issue.key.clone(),
            subject: String::new(),
            template: String::new(),
            events,
            event_keys,
            style: Style { sets: offered(held, &recipient, issue.gone), ..style(held) },
            recipient,
            because: one.because.first().map(|because| because.reason.clone()).unwrap_or_default(),
            reason,
            untold: Vec::new(),
        }
    }

    /// What names the recipient stands in it as the beginning of a digest: a key is shown where people are not.
    fn event_key(&self, event: &Event, one: &Reachable) -> StepKey {
        StepKey(format!("event:{}/{}/{}", event.deed(), self.mapping.name, one.number()))
    }
}

/// Who somebody is to his letter; what is known of his account only where it is written to at its own address.
fn recipient_of(one: &Reachable, held: &Held) -> Recipient {
    let is_at_home = one.insider().is_some();
    let person = one.account.as_ref().map(|(_, person)| *person).filter(|_| is_at_home);
    let or = |known: Option<&String>, else_: &String| known.unwrap_or(else_).clone();
    Recipient {
        account: one.account_id().map(str::to_owned),
        address: one.address.clone(),
        name: person.map(|person| person.name.clone()).unwrap_or_default(),
        language: or(person.and_then(|person| person.language.as_ref()), &held.language),
        time_zone: or(person.and_then(|person| person.time_zone.as_ref()), &held.time_zone),
        outsider: one.is_outsider(),
        is_at_home,
        channel: None,
        is_stranger: false,
    }
}

fn style(held: &Held) -> Style {
    Style {
        outgoing: held.outgoing.clone(),
        from_name: held.from_name.clone(),
        from_address: held.from_address.clone(),
        reply_to: held.reply_to.clone(),
        subject_prefix: held.subject_prefix.clone(),
        theme: held.theme,
        format: held.format,
        to: held.to,
        files: FileRule {
            way: held.files,
            bytes_max: u64::from(held.files_max_bytes),
            thumbnails: held.thumbnails,
            when: held.files_when.clone(),
            recent_s: held.files_recent_s,
        },
        history: held.history,
        withheld: held.letter_says == LetterSays::Link,
        must_be_sealed: false,
        sets: Vec::new(),
    }
}

/// What he may have done by one click: nothing on an issue that is gone.
fn offered(held: &Held, recipient: &Recipient, is_gone: bool) -> Vec<String> {
    if is_gone || !held.sets_to.includes(recipient.outsider) { Vec::new() } else { held.sets.clone() }
}

fn each_once<'w>(words: &[&'w str]) -> Vec<&'w str> {
    let mut seen = HashSet::new();
    words.iter().copied().filter(|word| seen.insert(*word)).collect()
}
