//! What a decision needs to know (questions) and what was found out (facts).

mod nothing_known;

use crate::LetterTraffic;
use crate::field::FieldMeta;
use mail::authenticity::Authenticity;
use mail::{Address, Envelope};
use serde::{Deserialize, Serialize};

/// One thing that `decide` needs to know and cannot know by itself.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "question", rename_all = "snake_case")]
pub enum Question {
    /// Does the author's domain vouch for the mail?
    Authenticity,
    /// Which of these addresses are reply addresses that we signed, and for which issues?
    ReplyTokens { addresses: Vec<String> },
    /// To which issue does the first of these Message-IDs belong that we know? In order of trust.
    Thread { message_ids: Vec<String> },
    /// Did a message with the same Message-ID or the same bytes come in before, by another way?
    SeenBefore,
    /// Does the issue exist, and what is its state? `issue` is a numeric id or a key.
    Issue { issue: String },
    /// Has this address taken part in the issue with this numeric id?
    Involved { issue_id: String, address: String },
    /// How much mail of this address (empty when nobody knows the sender) was acted on within the hour, of it about this issue?
    Traffic { address: String, issue_id: Option<String> },
    /// How many letters went out lately, to this address and at all?
    Letters { address: String },
    /// What has the issue with this numeric id said so far? Its words go to the reply reader and not into the facts.
    History { issue_id: String },
    /// Which fields can be given when an issue of this kind is created in this project?
    Fields { project: String, issue_type: String },
    /// Which fields of the issue with this numeric id can be written?
    EditFields { issue_id: String },
    /// What stands in these fields, by the tracker's own ids, of the issue with this numeric id?
    FieldTexts { issue_id: String, fields: Vec<String> },
    /// How many comments has the issue with this numeric id?
    CommentCount { issue_id: String },
    /// Whose account has this address or, without an `@`, this id?
    Account { address: String },
    /// In which groups is the account with this id?
    Groups { account: String },
    /// May the account with this id do this in the project?
    May { account: String, project: String, act: Act },
    /// Which issue is found by this value of a field?
    FindIssue { search: IssueSearch },
    /// Does the administrator's own search, in the tracker's language, find the issue with this numeric id?
    Matches { issue_id: String, search: String },
    /// What does the service desk of this project offer?
    ServiceDesk { project: String },
    /// How large a file does the tracker take?
    UploadMax,
}

/// What somebody may be allowed to do in a project.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Act {
    Browse,
    Create,
    Comment,
    Attach,
}

impl Act {
    /// The verb that stands in sentences.
    pub fn word(self) -> &'static str {
        match self {
            Act::Browse => "browse",
            Act::Create => "create issues",
            Act::Comment => "comment",
            Act::Attach => "attach files",
        }
    }
}

/// An account of the tracker.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Account {
    /// An account id on Jira Cloud, a user name on Jira Data Center.
    pub id: String,
    pub name: String,
    pub active: bool,
    /// Whether the tracker itself shows the address that was asked for. Where people hide their addresses it finds the account
    /// by it all the same, and then this is false: the account is very probably the right one, and nobody has said so.
    pub address_shown: bool,
    /// Whether it is a customer's account, which exists for service management alone.
    pub is_customer: bool,
}

/// A search for one issue by a value of a field.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct IssueSearch {
    /// The keys of projects it may be in; empty for all that the account sees.
    #[serde(default)]
    pub projects: Vec<String>,
    /// The field's name or the tracker's own id of it.
    pub field: String,
    pub value: String,
    #[serde(default)]
    pub how: Compare,
}

/// How a field is compared with a value.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Compare {
    /// It is the value: first asked as an equality and, where the tracker says that the field is a text, as a phrase that is
    /// then compared whole.
    #[default]
    Is,
    /// It contains the words.
    Contains,
}

/// What became of a question to the tracker whose answer can be had or not.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Told<T> {
    Known(T),
    /// The tracker refuses to say, for this reason; the decision goes on without.
    Untold(String),
}

impl<T> Told<T> {
    /// The answer, when there is one.
    pub fn known(&self) -> Option<&T> {
        match self {
            Told::Known(known) => Some(known),
            Told::Untold(_) => None,
        }
    }
}

/// What the service desk of a project offers.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct ServiceDesk {
    pub id: String,
    pub request_types: Vec<RequestType>,
    /// By id and name.
    pub organisations: Vec<(String, String)>,
}

/// A kind of request that customers make.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct RequestType {
    pub id: String,
    pub name: String,
    pub issue_type_id: String,
}

/// What became of the question what an issue has said so far.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "history", rename_all = "snake_case")]
pub enum IssueHistory {
    /// So many texts: the description and comments. `all` is false when only the newest were taken.
    Known { texts: usize, all: bool },
    /// It could not be had, for this reason; the reply is read without it.
    Unavailable { why: String },
}

/// A reply address that we signed: what it grants is a comment, as an outsider, on one issue.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct TokenGrant {
    pub address: String,
    pub issue_id: String,
    pub letter_id: String,
    /// It is the return path of what went to one recipient, which grants nothing.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub is_path: bool,
}

/// What a known Message-ID leads to.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "thread", rename_all = "snake_case")]
pub enum Thread {
    /// None of the Message-IDs is known.
    Unknown,
    /// The message with this Message-ID became, or belongs to, this issue.
    Issue { message_id: String, issue_id: String },
}

/// How many mails became issues or comments within the hour before a mail came in.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Traffic {
    /// Mails of its sender.
    pub sender_hour: u32,
    /// Of them those that became issues.
    pub sender_issues_hour: u32,
    /// Comments of its sender on the issue that was asked about.
    pub pair_hour: u32,
    /// Comments of anybody on it, by mail.
    pub issue_hour: u32,
}

/// An earlier message with the same Message-ID or the same bytes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SeenBefore {
    pub mailbox: String,
    /// What became of it; `None` while it is not decided.
    #[serde(default)]
    pub outcome: Option<crate::Outcome>,
    /// The project its plan touched, when it touched one.
    pub project: Option<String>,
    /// The issue its plan touched, when it touched one.
    pub issue_id: Option<String>,
    pub same_message_id: bool,
    /// The bytes after the first header field of ours are equal.
    pub same_digest: bool,
}

/// What decisions know of an issue.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct IssueFacts {
    pub id: String,
    pub key: String,
    pub project: String,
    /// `new`, `indeterminate`, `done` or `undefined`, as Jira names the categories of statuses.
    pub status_category: String,
    /// Addresses of reporter and assignee where the tracker shows them.
    pub people: Vec<String>,
    #[serde(flatten)]
    pub standing: Box<Standing>,
}

impl IssueFacts {
    /// Whether the tracker shows this normalised address as that of reporter or assignee.
    pub fn shows(&self, address: &str) -> bool {
        let normalised = |person: &String| Address { name: None, address: person.clone() }.normalised();
        self.people.iter().any(|person| normalised(person) == address)
    }
}

/// Where an issue stands: what rules about comments, resolved issues and workflows look at.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Standing {
    /// As the project calls it.
    pub status: String,
    pub issue_type: String,
    /// RFC 3339 in UTC; `None` while it is not resolved.
    pub resolved_at: Option<String>,
    /// RFC 3339 in UTC; empty where the tracker did not say.
    pub created_at: String,
    pub labels: Vec<String>,
    /// The accounts of reporter and assignee.
    pub accounts: Vec<String>,
}

/// What is known so far. `None` and missing entries are still open; [`crate::ask()`] asks for what it needs.
///
/// `sealpost try --facts FILE` reads this as JSON; a fact with a name that is not one is refused, because a plan that
/// silently ignores it explains nothing.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Facts {
    /// When the message came in, RFC 3339 in UTC.
    pub now: String,
    pub site: String,
    pub mailbox: String,
    pub envelope: Envelope,
    /// Whether authors are verified in this mailbox; otherwise nothing is asked, and nobody is proved.
    pub verifies_authors: bool,
    /// It is no mail that somebody wrote but his click on a link in a letter of ours.
    pub click: Option<crate::set_link::Click>,
    pub authenticity: Option<Authenticity>,
    pub reply_tokens: Option<Vec<TokenGrant>>,
    pub thread: Option<Thread>,
    pub seen_before: Option<Vec<SeenBefore>>,
    /// By the id or key asked for; `None` inside when the tracker has no such issue.
    pub issues: Vec<(String, Option<IssueFacts>)>,
    /// (numeric issue id, normalised address, took part).
    pub involved: Vec<(String, String, bool)>,
    /// By the normalised address and the numeric issue id.
    pub traffic: Vec<(String, Option<String>, Traffic)>,
    /// By the normalised address.
    pub letters: Vec<(String, LetterTraffic)>,
    /// By the numeric issue id.
    pub histories: Vec<(String, IssueHistory)>,
    /// By project and issue type.
    pub fields: Vec<(String, String, Told<Vec<FieldMeta>>)>,
    /// By the numeric issue id.
    pub edit_fields: Vec<(String, Told<Vec<FieldMeta>>)>,
    /// By the numeric issue id and the field's own id; empty for an empty field, and lists have one value per line.
    pub field_texts: Vec<(String, String, Told<String>)>,
    /// By the numeric issue id.
    pub comment_counts: Vec<(String, u64)>,
    /// By the address or id asked for; `None` when the tracker knows nobody by it.
    pub accounts: Vec<(String, Option<Account>)>,
    /// By the account's id.
    pub groups: Vec<(String, Told<Vec<String>>)>,
    /// By account, project and act.
    pub may: Vec<(String, String, Act, Told<bool>)>,
    /// The first unresolved issue, oldest first, or else the newest resolved one; `None` when there is none.
    pub found_issues: Vec<(IssueSearch, Told<Option<IssueFacts>>)>,
    /// By the numeric issue id and the search.
    pub matches: Vec<(String, String, Told<bool>)>,
    /// By project; `None` inside when the project has none.
    pub service_desks: Vec<(String, Told<Option<ServiceDesk>>)>,
    /// Whether the gateway has an address to which it can link.
    pub makes_links: bool,
    /// In bytes; 0 where the tracker takes no files at all.
    pub upload_max: Option<Told<u64>>,
    /// Files that were handed in beside the message, by a page of ours; their paths are `kept/` and the id under which each is kept.
    pub uploaded: Vec<mail::Part>,
}

/// How often [`ask`] may be answered before nothing is open any more.
pub const ROUNDS_MAX: usize = 24;

/// The questions that are still open before a decision about this message can be made; empty when there are none.
///
/// It walks the very path that [`crate::decide()`] walks and stops where an answer is missing, so it never asks what the
/// decision does not need. When every question is answered in turn, nothing is open after at most [`ROUNDS_MAX`] rounds:
/// the author, his account, its groups; what the store knows; the first issue that was named, who took part in it, and who stands
/// in its fields; what is searched for; all others that were named and their people; whether the issue takes comments; the sender's
/// rights; what the issue has said; whom the mail brings along; the fields and accounts of what is written; and whom letters went to.
pub fn ask(message: &mail::Message, profile: &crate::Profile, facts: &Facts) -> Vec<Question> {
    crate::decide::open_questions(message, profile, facts)
}
