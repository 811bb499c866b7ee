//! Letters that people write on purpose about an issue: to whom they go, what goes along, and why not.
//!
//! Who gets one is found, bounded and addressed by the code that does it for mappings. What is otherwise: whoever may not see the issue is
//! written to all the same, because somebody wants that, and is shown nothing of the issue.

mod again;
mod cut;
mod directive;
#[cfg(test)]
mod tests;

pub use again::LookedAt;
pub use directive::{directive, without_directives};

use super::audience::{self, Because};
use super::facts::{Facts, IssueNow};
use super::inquiry::Inquiry;
use super::recipient::{self, Reachable};
use super::{FILES_ALONG_MAX, FileSaid, LeftOut, Notification, Notified, Question, Style, recipient_of, style};
use crate::decide::{Trace, is_plain_address};
use crate::event::{Actor, Change, Event, EventKind};
use crate::outbound::{AUDIENCES, FilesWay, Held, Mappings, Note, Tell, To};
use crate::template::view::Reason;
use crate::{Body, StepKey, Visibility, letter_number};
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, HashSet};
use std::sync::Arc;

/// The most bytes of subject, text and names together.
pub const WRITING_BYTES_MAX: usize = 100_000;
/// The most recipients that can be named, whatever the settings say.
const NAMED_MAX: usize = 1000;
/// The most of them that are no addresses: the tracker is asked about each.
const WORDS_MAX: usize = 50;
/// Characters of a name, an address or a subject.
const LINE_CHARS_MAX: usize = 500;
/// What the event of a letter is about: no comment of a tracker has this id.
const PART: &str = "letter";
/// Of more people a note says how many more they are.
const NOTED_MAX: usize = 50;

/// By which way somebody writes one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum WrittenBy {
    Command,
    Api,
    Console,
    Comment,
}

impl WrittenBy {
    /// The word that stands in the settings and the database.
    pub fn word(self) -> &'static str {
        match self {
            WrittenBy::Command => "command",
            WrittenBy::Api => "api",
            WrittenBy::Console => "console",
            WrittenBy::Comment => "comments",
        }
    }

    /// The way of this word.
    pub fn from_word(word: &str) -> Option<WrittenBy> {
        let all = [WrittenBy::Command, WrittenBy::Api, WrittenBy::Console, WrittenBy::Comment];
        all.into_iter().find(|by| by.word() == word)
    }
}

/// A letter as somebody asks for it.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Writing {
    /// The issue's key or numeric id.
    pub issue: String,
    /// Addresses, and words such as `reporter`, `role:Developers`, `group:staff`, `field:Approver`, `account:ID`.
    pub to: Vec<String>,
    /// Empty for the issue's summary.
    pub subject: String,
    /// Markdown.
    pub text: String,
    /// The site's template that makes it, by name; empty for the one of letters on purpose.
    pub template: String,
    /// Files of the issue that go along, by id or name.
    pub files: Vec<String>,
    /// In whose name, as the letter says it; empty for the name that letters of the site are from.
    pub writer: String,
    /// Whoever wants no more letters about the issue gets this one.
    pub anyway: bool,
}

/// A file that the writer gives himself.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct OwnFile {
    /// By which the letter knows it: no file of a tracker has this id.
    pub id: String,
    pub name: String,
    pub content_type: String,
    pub size_bytes: u64,
}

/// Why no letter is written at all, in words for whoever asked for it.
pub type Refused = String;

impl Writing {
    /// What is wrong with it, whatever the issue is.
    ///
    /// # Errors
    /// The first thing that is.
    pub fn check(&self) -> Result<(), Refused> {
        let lines = [&self.issue, &self.subject, &self.writer, &self.template];
        let lines = lines.into_iter().chain(&self.to).chain(&self.files);
        let bytes = lines.clone().map(|line| line.len()).sum::<usize>() + self.text.len();
        let is_line = |line: &str| line.chars().count() <= LINE_CHARS_MAX && !line.chars().any(char::is_control);
        if let Some(word) = self.to.iter().find(|word| person(word).is_none()) {
            let near = crate::profile::nearest(word, AUDIENCES);
            let near = near.map_or_else(String::new, |near| format!("; did you mean {near}?"));
            return Err(format!(
                "{word:?} is neither an address nor one of {}, role:NAME, group:NAME, field:NAME, account:ID{near}",
                AUDIENCES.join(", ")
            ));
        }
        match () {
            () if self.issue.is_empty() || self.issue.contains(['/', '?', '#', '%', ' ']) => {
                Err("it names no issue; give its key, such as HELP-12".to_owned())
            }
            () if self.to.is_empty() => Err("it goes to nobody; name somebody in `to`".to_owned()),
            () if self.to.len() > NAMED_MAX => Err(format!("it names more than {NAMED_MAX} recipients")),
            () if self.words() > WORDS_MAX => {
                Err(format!("it names more than {WORDS_MAX} recipients in `to` by other words than their addresses"))
            }
            () if self.text.trim().is_empty() => Err("it says nothing; its text is empty".to_owned()),
            () if !lines.clone().all(|line| is_line(line)) => {
                Err(format!("names, addresses and the subject have at most {LINE_CHARS_MAX} characters on one line"))
            }
            () if bytes > WRITING_BYTES_MAX => Err(format!("it has more than {WRITING_BYTES_MAX} bytes")),
            () => Ok(()),
        }
    }

    /// Whom it names, each once.
    fn named(&self) -> Vec<(Named, String)> {
        let mut known = HashSet::new();
        let all = self.to.iter().filter_map(|word| person(word));
        all.filter(|one| known.insert(one.clone())).collect()
    }

    /// How many of them are named by other words than addresses.
    fn words(&self) -> usize {
        self.named().iter().filter(|(kind, _)| *kind != Named::Address).count()
    }
}

/// What a letter that is decided about is made with.
#[derive(Debug, Clone)]
pub struct Written {
    /// By which its recipients' letters are known; the same at each try.
    pub id: String,
    pub by: WrittenBy,
    pub writing: Writing,
    pub issue_id: String,
    /// When it was asked for, in milliseconds since 1970.
    pub at_ms: i64,
    /// What is attached to the issue now.
    pub attached: Vec<FileSaid>,
    pub own: Vec<OwnFile>,
    /// Of a letter that is written by a comment: who may see that.
    pub comment_seen_by: Option<Vec<Visibility>>,
}

impl Written {
    /// The questions that are still open before it can be decided who gets it.
    pub fn ask(&self, mappings: &Mappings, facts: &Facts) -> Vec<Question> {
        let mut inquiry = Inquiry::of(facts);
        let _ = self.walk(mappings, &mut inquiry);
        inquiry.open()
    }

    /// Who gets it, and who does not.
    ///
    /// # Errors
    /// Why nobody does.
    pub fn decide(&self, mappings: &Mappings, facts: &Facts) -> Result<Notified, Refused> {
        let mut notified = self.walk(mappings, &mut Inquiry::of(facts))?;
        notified.withhold(facts);
        Ok(notified)
    }

    /// Who may see an answer to it, of those who see the issue.
    pub fn limits(&self, mappings: &Mappings) -> Vec<Visibility> {
        self.comment_seen_by.clone().unwrap_or_else(|| mappings.written.note.limits())
    }

    /// The id of the words among the entries of the issue.
    pub fn part() -> &'static str {
        PART
    }

    fn walk(&self, mappings: &Mappings, inquiry: &mut Inquiry) -> Result<Notified, Refused> {
        let rules = &mappings.written;
        if !rules.allows(self.by) {
            return Err(format!("letters may not be written by this way: written.by does not name {}", self.by.word()));
        }
        self.writing.check()?;
        let issue = inquiry.issue(&self.issue_id).map_err(|why| format!("what the issue is: {why}"))?;
        if issue.gone {
            return Err("the issue is gone".to_owned());
        }
        if !rules.is_about(&issue.project) {
            return Err(format!("letters about {} are not written (written.projects)", issue.project));
        }
        let held = self.held(mappings.held_by_project(&issue.project), rules.people_max);
        let event = Arc::new(self.event(issue, &held)?);
        let mut trace = Trace::default();
        let meant = audience::meant(&self.issue_id, issue, &held, inquiry, &mut trace);
        // Before anything is asked about each of them.
        let (number, most) = (meant.candidates.len() + meant.too_many.len(), rules.people_max);
        if meant.candidates.len() > most as usize || !meant.too_many.is_empty() {
            return Err(format!("it would go to at least {number} people, {most} may get one (written.people_max)"));
        }
        let (people, unreachable) = recipient::reachable(&meant.candidates, inquiry);
        let mut done = Notified { trace: trace.0, ..Notified::default() };
        for (whom, why) in unreachable {
            done.left_out.push(self.left_out(whom.to_string(), why));
        }
        let mut written = HashSet::new();
        for one in people {
            let unwanted = recipient::unwanted(&one, &self.issue_id, &held, inquiry);
            let unwanted = unwanted.or_else(|| self.beyond_domains(&one, &rules.domains));
            let sees = recipient::may_see(&one, &self.issue_id, issue, inquiry).is_ok() && one.insider().is_some();
            match unwanted {
                Some(why) => done.left_out.push(self.left_out(one.shown(), why)),
                None if !written.insert(one.normalised.clone()) => {
                    let why = "somebody else at this address gets it".to_owned();
                    done.left_out.push(self.left_out(one.shown(), why));
                }
                None => done.notifications.push(self.notification(&one, &event, issue, &held, sees)),
            }
        }
        Ok(done)
    }

    /// What holds for it: as the project says, with the audience that its writer names.
    fn held(&self, held: Held, people_max: u32) -> Held {
        let mut held = Held {
            audience: Vec::new(),
            roles: Vec::new(),
            groups: Vec::new(),
            user_fields: Vec::new(),
            group_fields: Vec::new(),
            address_fields: Vec::new(),
            accounts: Vec::new(),
            addresses: Vec::new(),
            also: None,
            tell: Tell::Both,
            // One more than may be shows that there are too many.
            audience_max: people_max.saturating_add(1),
            files: FilesWay::Along,
            to: To::Each,
            history: 0,
            ..held
        };
        for (kind, name) in self.writing.named() {
            match kind {
                Named::Audience => held.audience.push(name),
                Named::Role => held.roles.push(name),
                Named::Group => held.groups.push(name),
                Named::Field => held.user_fields.push(name),
                Named::Account => held.accounts.push(name),
                Named::Address => held.addresses.push(name),
            }
        }
        held
    }

    /// The letter as a deed of its writer.
    fn event(&self, issue: &IssueNow, held: &Held) -> Result<Event, Refused> {
        let files = self.chosen(u64::from(held.files_max_bytes))?;
        let change = |file: &str| Change {
            field: "attachment".to_owned(),
            name: "attachment".to_owned(),
            from: None,
            to: Some(file.to_owned()),
        };
        Ok(Event {
            kind: EventKind::Written,
            issue_id: self.issue_id.clone(),
            issue_key: Some(issue.key.clone()),
            at_ms: self.at_ms,
            actor: Some(Actor { id: String::new(), name: self.writing.writer.clone() }),
            part: Some(PART.to_owned()),
            changes: files.iter().map(|file| change(file)).collect(),
            last: None,
        })
    }

    /// The ids of the files that go along. Of several of one name the last.
    fn chosen(&self, bytes_max: u64) -> Result<Vec<String>, Refused> {
        let mut chosen: Vec<(String, u64)> = self.own.iter().map(|file| (file.id.clone(), file.size_bytes)).collect();
        for wanted in &self.writing.files {
            let mut attached = self.attached.iter().rev();
            let by_id = attached.clone().find(|file| file.id == *wanted);
            let file = by_id.or_else(|| attached.find(|file| file.name == *wanted));
            let file = file.ok_or_else(|| format!("the issue has no file {wanted:?}"))?;
            if !chosen.iter().any(|(id, _)| *id == file.id) {
                chosen.push((file.id.clone(), file.size_bytes));
            }
        }
        let bytes: u64 = chosen.iter().map(|(_, size)| size).sum();
        if bytes > bytes_max {
            return Err(format!("its files have {bytes} bytes in all, {bytes_max} may go along (files_max_bytes)"));
        }
        if chosen.len() > FILES_ALONG_MAX {
            return Err(format!("more than {FILES_ALONG_MAX} files are to go along"));
        }
        Ok(chosen.into_iter().map(|(id, _)| id).collect())
    }

    /// Whoever writes by a comment is bounded further, because anybody with the role can.
    fn beyond_domains(&self, one: &Reachable, domains: &[String]) -> Option<String> {
        if self.by != WrittenBy::Comment || domains.is_empty() {
            return None;
        }
        let domain = one.normalised.rsplit_once('@').map_or("", |(_, domain)| domain);
        let is_below = |allowed: &String| {
            let allowed = mail::normalised(&format!("@{allowed}"));
            let allowed = allowed.trim_start_matches('@');
            domain.strip_suffix(allowed).is_some_and(|rest| rest.is_empty() || rest.ends_with('.'))
        };
        (!domains.iter().any(is_below)).then(|| format!("a comment may not write to {domain} (written.domains)"))
    }

    fn notification(
        &self,
        one: &Reachable,
        event: &Arc<Event>,
        issue: &IssueNow,
        held: &Held,
        sees: bool,
    ) -> Notification {
        let writer = &self.writing.writer;
        let named = |because: &Because| match because.reason {
            Reason::Named => "is named".to_owned(),
            _ => because.said.clone(),
        };
        let said: Vec<String> = one.because.iter().map(named).collect();
        let blind = if sees { "" } else { "; may not see the issue by it, so nothing of that is shown" };
        let anyway = if self.writing.anyway { "; whether letters are wanted was not asked (anyway)" } else { "" };
        let reason = format!("{writer:?} wrote it ({}): {}{blind}{anyway}", self.by.word(), said.join(" and "));
        // What names the recipient stands in it as a digest: a key is shown where people are not.
        let digest = letter_number(&StepKey(one.whom().to_string()));
        let recipient = recipient_of(one, held);
        Notification {
            key: StepKey(format!("written:{}/{digest:016x}", self.id)),
            mapping: String::new(),
            issue_id: self.issue_id.clone(),
            issue_key: issue.key.clone(),
            subject: self.writing.subject.trim().to_owned(),
            template: self.writing.template.clone(),
            recipient: super::Recipient {
                is_stranger: !sees,
                outsider: recipient.outsider || !sees,
                is_at_home: recipient.is_at_home && sees,
                ..recipient
            },
            events: vec![event.clone()],
            event_keys: Vec::new(),
            // Whoever writes it says what it says.
            style: Style { withheld: false, ..style(held) },
            because: Reason::Written(writer.clone()),
            reason,
            untold: Vec::new(),
        }
    }

    /// Of somebody who gets none.
    pub fn left_out(&self, whom: String, why: String) -> LeftOut {
        LeftOut { mapping: String::new(), issue_id: self.issue_id.clone(), whom, why }
    }

    /// The comment on the issue that says what was written to whom, and who may see it; `None` where there is to be none. A letter that is
    /// written by a comment stands on the issue already.
    /// `stayed` are files that stay behind, each with its reason.
    pub fn note(
        &self,
        mappings: &Mappings,
        notified: &Notified,
        stayed: &BTreeMap<String, String>,
    ) -> Option<(Body, Option<Visibility>)> {
        let visibility = match mappings.written.note {
            _ if self.by == WrittenBy::Comment || notified.notifications.is_empty() => return None,
            Note::None => return None,
            Note::Internal => Some(Visibility::Internal),
            Note::Everybody => None,
        };
        let addresses = notified.notifications.iter().map(|one| one.recipient.address.as_str());
        let mut to = addresses.take(NOTED_MAX).collect::<Vec<_>>().join(", ");
        if let Some(more) = notified.notifications.len().checked_sub(NOTED_MAX).filter(|more| *more > 0) {
            to.push_str(&format!(" and {more} more"));
        }
        let mut lines = vec![format!("{} wrote a letter.", self.writing.writer), format!("To: {to}")];
        if !self.writing.subject.trim().is_empty() {
            lines.push(format!("Subject: {}", self.writing.subject.trim()));
        }
        let attached = self
            .attached
            .iter()
            .filter(|file| self.writing.files.iter().any(|wanted| *wanted == file.id || *wanted == file.name));
        let names: Vec<&str> =
            self.own.iter().map(|file| file.name.as_str()).chain(attached.map(|file| file.name.as_str())).collect();
        if !names.is_empty() {
            lines.push(format!("Files: {}", names.join(", ")));
        }
        lines.extend(stayed.iter().map(|(name, why)| format!("Not sent: {name}, because {why}")));
        let visible = format!("{}\n\n{}", lines.join("\n"), self.writing.text.trim());
        Some((Body { visible, ..Body::default() }, visibility))
    }
}

/// What a word of `to` names.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
enum Named {
    Audience,
    Role,
    Group,
    Field,
    Account,
    Address,
}

fn person(word: &str) -> Option<(Named, String)> {
    let word = word.trim();
    if AUDIENCES.contains(&word) {
        return Some((Named::Audience, word.to_owned()));
    }
    if word == "participants" {
        return Some((Named::Audience, "request_participants".to_owned()));
    }
    let prefixes =
        [("role:", Named::Role), ("group:", Named::Group), ("field:", Named::Field), ("account:", Named::Account)];
    for (prefix, named) in prefixes {
        if let Some(name) = word.strip_prefix(prefix).map(str::trim).filter(|name| !name.is_empty()) {
            return Some((named, name.to_owned()));
        }
    }
    (word.contains('@') && is_plain_address(word)).then(|| (Named::Address, word.to_owned()))
}
