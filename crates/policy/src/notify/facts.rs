//! What a decision about letters needs to know (questions) and what was found out (facts).

use super::summary::Listing;
use crate::{Told, Visibility};
use serde::{Deserialize, Serialize};

/// One thing that [`crate::notify()`] needs to know and cannot know by itself.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(tag = "question", rename_all = "snake_case")]
pub enum Question {
    /// What is the issue with this numeric id now?
    Issue { issue_id: String },
    /// Who may see this comment, or this entry of work, and is it still there?
    Entry { issue_id: String, entry: Entry, id: String },
    /// Who, by mail, did what the gateway's account is said to have done? `deed` is [`crate::event::Event::deed`].
    Writer { deed: String },
    /// Does the administrator's search find the issue with this numeric id?
    Matches { issue_id: String, search: String },
    /// Who belongs to this part of the audience? At most [`PEOPLE_MAX`] of them.
    Who { issue_id: String, audience: Audience },
    /// Who has the account with this id, and at what address is he written to?
    Person { account: String },
    /// Which account has this normalised address?
    Owner { address: String },
    /// May this account see the issue with this numeric id?
    SeesIssue { issue_id: String, account: String },
    /// May this account see this comment, or this entry of work, which not everybody sees who sees the issue?
    SeesEntry { issue_id: String, entry: Entry, id: String, account: String },
    /// What does the search of a summary find?
    Listing { search: String },
    /// Does whoever reads mail at this normalised address want no letters about the issue, or none at all?
    Silence { issue_id: String, address: String },
}

/// More people of one part of an audience are not looked at.
pub const PEOPLE_MAX: usize = 10_000;

/// What stands on an issue and may be for few.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Entry {
    Comment,
    Work,
}

impl Entry {
    /// As it stands in sentences.
    pub(super) fn words(self) -> &'static str {
        match self {
            Entry::Comment => "comment",
            Entry::Work => "entry of work",
        }
    }
}

/// A part of an audience that has to be asked for.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Audience {
    Watchers,
    RequestParticipants,
    /// The people of the organisations with which a request is shared.
    Organisations,
    Approvers,
    ProjectLead,
    ComponentLeads,
    /// Those who take part in the issue by mail and have no account.
    MailPeople,
    /// Of the issue's project, by name.
    Role(String),
    /// By name.
    Group(String),
    /// By name or id; so are the next two.
    UserField(String),
    GroupField(String),
    AddressField(String),
}

/// Somebody who may be told.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Whom {
    /// An account id on Jira Cloud, a user name on Jira Data Center.
    Account(String),
    /// An address as it is written somewhere.
    Address(String),
}

impl std::fmt::Display for Whom {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Whom::Account(id) => write!(f, "account {id}"),
            Whom::Address(address) => f.write_str(address),
        }
    }
}

/// Who has an account.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Person {
    pub name: String,
    pub active: bool,
    /// A customer's account, which exists for service management alone.
    pub is_customer: bool,
    /// The account's own, as the tracker shows it or as it was stored here for it; `None` where nobody knows.
    pub address: Option<String>,
    /// As the tracker has them for the account.
    pub language: Option<String>,
    pub time_zone: Option<String>,
}

/// An issue as it is now, or as it was last known when it is gone.
///
/// What guards it has to be said: `gone` and `security` have no value that holds when they are left out.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct IssueNow {
    pub key: String,
    pub project: String,
    /// Whether it was deleted.
    pub gone: bool,
    /// The name of its security level; `None` inside for none.
    pub security: Told<Option<String>>,
    /// Accounts.
    pub reporter: Option<String>,
    pub assignee: Option<String>,
    #[serde(default)]
    pub summary: String,
    #[serde(default)]
    pub issue_type: String,
    #[serde(default)]
    pub status: String,
    /// `new`, `indeterminate`, `done` or `undefined`.
    #[serde(default)]
    pub status_category: String,
    #[serde(default)]
    pub priority: String,
    #[serde(default)]
    pub labels: Vec<String>,
    #[serde(default)]
    pub components: Vec<String>,
}

/// A comment or an entry of work as it is now, or as it was last known when it is gone.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct EntryNow {
    pub gone: bool,
    pub seen_by: SeenBy,
}

/// Who may see a comment or an entry of work.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SeenBy {
    /// Whoever may see the issue.
    Everybody,
    /// Of them only these.
    Few(Visibility),
}

/// What is known so far. Missing entries are still open; [`super::ask()`] asks for what it needs.
///
/// `sealpost notify try --facts FILE` reads this as JSON. Lists hold what was asked for and its answer side by side.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Facts {
    /// The account of the gateway itself; empty for none.
    pub gateway: String,
    /// By the numeric id, as in all that follow.
    pub issues: Vec<(String, Told<IssueNow>)>,
    /// By issue, kind and id; `None` where nothing is known of it.
    pub entries: Vec<(String, Entry, String, Option<EntryNow>)>,
    /// By the deed; `None` inside where the gateway did it by itself.
    pub writers: Vec<(String, Told<Option<Whom>>)>,
    /// By the deed: the addresses to which the letter itself goes that it notes, or asks for.
    pub had: Vec<(String, Vec<String>)>,
    pub matches: Vec<(String, String, Told<bool>)>,
    pub who: Vec<(String, Audience, Told<Vec<Whom>>)>,
    /// By the account; `None` where the tracker has no such account.
    pub people: Vec<(String, Option<Person>)>,
    /// By the normalised address; `None` inside where no account has it.
    pub owners: Vec<(String, Told<Option<String>>)>,
    pub sees_issue: Vec<(String, String, Told<bool>)>,
    pub sees_entry: Vec<(String, Entry, String, String, Told<bool>)>,
    /// By issue and normalised address; why nothing goes there, `None` inside where nothing is against it.
    pub silences: Vec<(String, String, Told<Option<String>>)>,
    /// By the search.
    pub listings: Vec<(String, Told<Listing>)>,
    /// Issues that have got something of a mail that came encrypted: letters about them say nothing of it readably (SEC-15).
    pub came_sealed: Vec<String>,
    /// Rules for sealing stand before every server to which letters of the site go.
    #[serde(default)]
    pub letters_are_sealed: bool,
    /// Who was told of one of the events by an earlier decision.
    pub told: Vec<ToldBefore>,
}

/// That somebody was told of an event by an earlier decision about it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ToldBefore {
    /// [`crate::event::Event::deed`].
    pub deed: String,
    /// What stands for him at the end of a [`super::Notification::event_keys`].
    pub number: String,
    /// Where he was written to, normalised; empty for a channel.
    pub address: String,
}

impl Facts {
    /// Answers a question as one who can ask nobody: nothing is known, so nothing may be told.
    pub fn answer_with_nothing(&mut self, question: &Question) {
        fn untold<T>() -> Told<T> {
            Told::Untold("no tracker was asked".to_owned())
        }
        match question.clone() {
            Question::Issue { issue_id } => self.issues.push((issue_id, untold())),
            Question::Entry { issue_id, entry, id } => self.entries.push((issue_id, entry, id, None)),
            Question::Writer { deed } => self.writers.push((deed, untold())),
            Question::Matches { issue_id, search } => self.matches.push((issue_id, search, untold())),
            Question::Who { issue_id, audience } => self.who.push((issue_id, audience, untold())),
            Question::Person { account } => self.people.push((account, None)),
            Question::Owner { address } => self.owners.push((address, untold())),
            Question::SeesIssue { issue_id, account } => self.sees_issue.push((issue_id, account, untold())),
            Question::SeesEntry { issue_id, entry, id, account } => {
                self.sees_entry.push((issue_id, entry, id, account, untold()));
            }
            Question::Silence { issue_id, address } => self.silences.push((issue_id, address, untold())),
            Question::Listing { search } => self.listings.push((search, untold())),
        }
    }
}
