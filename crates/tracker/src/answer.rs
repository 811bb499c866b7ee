//! What comes back from a tracker, in words of no tracker.

use crate::operation::HistoryList;
use policy::event::Event;
use policy::{FieldMeta, StepKey, Visibility};
use serde::Serialize;

/// An issue or comment that an account made, with the marker it carries.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Created {
    pub id: String,
    /// Empty for comments.
    pub key: String,
    pub marker: Option<StepKey>,
}

/// A person as the tracker shows one.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Person {
    /// An account id on Jira Cloud, a user name on Jira Data Center.
    pub account_id: String,
    pub name: String,
    pub address: Option<String>,
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub inactive: bool,
    /// A customer of service management, who has no other rights.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub is_customer: bool,
    /// A program's account.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub is_program: bool,
    /// By its IANA name.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub time_zone: Option<String>,
    /// Such as `en-US`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub language: Option<String>,
}

/// A file that hangs on an issue.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct StoredFile {
    pub id: String,
    pub name: String,
    pub size_bytes: u64,
    pub author_id: String,
    /// Such as `image/png`; empty where it is not told.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub content_type: String,
    /// The tracker has a small picture of it.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub has_thumbnail: bool,
    /// When it was added, by the tracker's clock, in milliseconds since 1970.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub added_ms: Option<i64>,
}

/// An issue as read.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct IssueView {
    pub id: String,
    pub key: String,
    pub project: String,
    pub summary: String,
    pub status: String,
    pub status_id: String,
    pub status_category: String,
    pub issue_type: String,
    /// RFC 3339 in UTC.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub resolved_at: Option<String>,
    /// RFC 3339 in UTC.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub created_at: Option<String>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub labels: Vec<String>,
    /// Without markup.
    pub description: String,
    pub reporter: Option<Person>,
    pub assignee: Option<Person>,
    #[serde(skip_serializing_if = "String::is_empty")]
    pub priority: String,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub components: Vec<String>,
    /// The name of its security level, `None` inside for none; `None` where the tracker does not show the field, which proves nothing.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub security: Option<Option<String>>,
    pub files: Vec<StoredFile>,
    /// What stands in the field that was searched, by its id.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub texts: Vec<(String, String)>,
}

/// A comment as read, its text without markup.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Comment {
    pub id: String,
    pub author_id: String,
    /// RFC 3339 in UTC.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub created_at: Option<String>,
    pub text: String,
}

/// A comment or an entry of work as one answer tells it: what it says, and who may see just that.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct EntryView {
    /// Of those who may see its issue: everybody, or whoever is within each of these.
    pub seen_by: Vec<Visibility>,
    /// `None` where it has no words.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub said: Option<Written>,
    /// How long somebody worked, in the tracker's words (`1d 2h`); empty for comments.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub spent: String,
    /// The account that changed a comment last, where it is not as it was written; empty where that is not told.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub changed_by: Option<String>,
}

/// A comment of an issue with whoever wrote it.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct CommentView {
    pub id: String,
    /// The name that people see; empty where the tracker does not tell.
    pub by: String,
    /// In milliseconds since 1970.
    pub created_ms: i64,
    pub entry: EntryView,
}

/// What somebody wrote in the tracker.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Written {
    /// As the tracker renders it, and so not to be shown before it is made safe; its links may be relative to the site. `None`
    /// where the tracker renders nothing, or more than [`crate::jira::WRITTEN_CHARS_MAX`].
    #[serde(skip_serializing_if = "Option::is_none")]
    pub html: Option<String>,
    /// Without markup, on Data Center wiki markup without its escapes and frames; cut at [`crate::jira::WRITTEN_CHARS_MAX`].
    pub text: String,
}

/// Something with an id and a name: an issue type, a service desk, an organisation.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Named {
    pub id: String,
    pub name: String,
    /// What it belongs to: the project of a service desk, the issue type of a request type.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub of: String,
}

/// A webhook of an app.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct AppWebhook {
    pub id: u64,
    /// Some Jiras do not tell it: of one app all webhooks go to one address.
    pub url: Option<String>,
    pub events: Vec<String>,
    pub search: String,
    /// When it ends, in milliseconds since 1970.
    pub ends_ms: Option<i64>,
}

/// An admin webhook as it is registered.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Registered {
    pub url: String,
    pub events: Vec<String>,
    /// It is not switched off.
    pub is_on: bool,
    /// It tells what happened, and not only that something did.
    pub has_body: bool,
}

/// An issue that a search found, with what lists show of it beside.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ListedIssue {
    pub issue: IssueView,
    /// Empty for none.
    pub resolution: String,
    /// In milliseconds since 1970.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub created_ms: Option<i64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub updated_ms: Option<i64>,
    /// A day, as `2026-12-24`; empty for none.
    pub due: String,
}

/// An issue to which something happened.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Touched {
    pub id: String,
    pub key: String,
    /// By the tracker's clock, in milliseconds since 1970.
    pub updated_ms: i64,
    /// How it was made.
    pub created: Event,
}

/// A step of the workflow that can be taken now.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct TransitionView {
    pub id: String,
    pub name: String,
    pub to_id: String,
    pub to: String,
    pub fields: Vec<FieldMeta>,
}

/// How two issues can hang together.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct LinkType {
    pub id: String,
    pub name: String,
    pub inward: String,
    pub outward: String,
}

/// A link as it is seen from one issue.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct IssueLink {
    pub type_id: String,
    pub other_id: String,
    /// Whether the issue does to the other what the type says outward.
    pub outward: bool,
}

/// What came back; each operation has one form of answer.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Answer {
    Myself(Person),
    Webhooks(Vec<Registered>),
    Issue(Box<IssueView>),
    /// To `CreateIssue` and `AddComment`.
    Made(Created),
    Attached(StoredFile),
    Comments {
        comments: Vec<Comment>,
        total: u64,
    },
    /// To `ReadCommentMarkers`, `FindCreated` and `FetchKeys`; `next_page` only for `FindCreated`.
    Found {
        items: Vec<Created>,
        next_page: Option<String>,
    },
    /// `None` for a project without issues.
    HighestKey(Option<String>),
    /// One page; `all` says whether nothing comes after it.
    AppWebhooks {
        webhooks: Vec<AppWebhook>,
        all: bool,
    },
    /// What became of an app's webhook: its id, or why there is none.
    AppWebhook(Result<u64, Vec<String>>),
    /// When what was renewed ends, in milliseconds since 1970.
    Ends(i64),
    /// To a write that tells nothing beside that it was done.
    Done,
    Account(Person),
    Accounts(Vec<Person>),
    Names(Vec<String>),
    Entry(EntryView),
    /// To `ReadNewestComments`, the newest first.
    Newest(Vec<CommentView>),
    /// To `ReadDescription`; `None` where nothing is described.
    Written(Option<Written>),
    Internal(bool),
    /// One page; `all` says whether nothing comes after it and nobody was kept from us.
    People {
        people: Vec<Person>,
        all: bool,
    },
    /// One page of approvals: who has still to decide about one of them, and how many there are on it.
    Approvers {
        approvers: Vec<Person>,
        approvals: u64,
        all: bool,
    },
    /// Who has a role: accounts, and the people of groups, by name.
    Actors {
        accounts: Vec<String>,
        groups: Vec<String>,
    },
    /// One page; `all` says whether nothing comes after it.
    Page {
        items: Vec<Named>,
        all: bool,
    },
    /// One page; `all` says whether nothing comes after it.
    Fields {
        fields: Vec<FieldMeta>,
        all: bool,
    },
    /// By the tracker's own ids; lists have one value per line.
    FieldTexts(Vec<(String, String)>),
    Issues(Vec<IssueView>),
    Transitions(Vec<TransitionView>),
    LinkTypes(Vec<LinkType>),
    Links(Vec<IssueLink>),
    /// The permissions that the account has and those that it lacks, by Jira's keys.
    Permissions {
        has: Vec<String>,
        lacks: Vec<String>,
    },
    Server {
        deployment: String,
        version: String,
    },
    /// In bytes; 0 where no files are taken.
    UploadMax(u64),
    /// In milliseconds since 1970.
    Clock(i64),
    /// The first page; `more` when there are others.
    Listed {
        issues: Vec<ListedIssue>,
        more: bool,
    },
    /// One page.
    Touched {
        issues: Vec<Touched>,
        next_page: Option<String>,
    },
    /// What happened, in no order; `owed` are the lists of which more has to be read, and from where on.
    History {
        events: Vec<Event>,
        owed: Vec<(HistoryList, u64)>,
    },
}

impl Answer {
    /// The word that stands in faults.
    pub fn word(&self) -> &'static str {
        match self {
            Answer::Myself(_) => "myself",
            Answer::Webhooks(_) => "webhooks",
            Answer::AppWebhooks { .. } => "app webhooks",
            Answer::AppWebhook(_) => "app webhook",
            Answer::Ends(_) => "ends",
            Answer::Issue(_) => "issue",
            Answer::Made(_) => "made",
            Answer::Attached(_) => "attached",
            Answer::Comments { .. } => "comments",
            Answer::Found { .. } => "found",
            Answer::HighestKey(_) => "highest key",
            Answer::Done => "done",
            Answer::Account(_) => "account",
            Answer::Accounts(_) => "accounts",
            Answer::Names(_) => "names",
            Answer::Entry(_) => "entry",
            Answer::Newest(_) => "newest",
            Answer::Written(_) => "written",
            Answer::Internal(_) => "internal",
            Answer::People { .. } => "people",
            Answer::Approvers { .. } => "approvers",
            Answer::Actors { .. } => "actors",
            Answer::Page { .. } => "page",
            Answer::Fields { .. } => "fields",
            Answer::FieldTexts(_) => "field texts",
            Answer::Issues(_) => "issues",
            Answer::Transitions(_) => "transitions",
            Answer::LinkTypes(_) => "link types",
            Answer::Links(_) => "links",
            Answer::Permissions { .. } => "permissions",
            Answer::Server { .. } => "server",
            Answer::UploadMax(_) => "upload max",
            Answer::Clock(_) => "clock",
            Answer::Listed { .. } => "listed",
            Answer::Touched { .. } => "touched",
            Answer::History { .. } => "history",
        }
    }
}
