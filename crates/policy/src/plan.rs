//! Plans: what will be done about one origin, in order, each step with its reason and a key for life.

use crate::field::FieldSetting;
use crate::{KeptFile, Letter, ReturnedLetter};
use mail::{Address, Document, Hidden};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

/// What caused a plan. Its text form is the first part of every step key.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Origin {
    /// A message, by the id of its row.
    Message(String),
}

impl std::fmt::Display for Origin {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Origin::Message(id) => write!(f, "message:{id}"),
        }
    }
}

/// The name of one effect for life: `origin/revision/ordinal`.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct StepKey(pub String);

impl std::fmt::Display for StepKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.0)
    }
}

/// What becomes of a message.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Outcome {
    Create,
    Comment,
    Ignore,
    Reject,
    Forward,
    Quarantine,
    Hold,
}

impl Outcome {
    pub const ALL: [Outcome; 7] = [
        Outcome::Create,
        Outcome::Comment,
        Outcome::Ignore,
        Outcome::Reject,
        Outcome::Forward,
        Outcome::Quarantine,
        Outcome::Hold,
    ];

    /// The word that stands in tables, JSON and the database.
    pub fn word(self) -> &'static str {
        match self {
            Outcome::Create => "create",
            Outcome::Comment => "comment",
            Outcome::Ignore => "ignore",
            Outcome::Reject => "reject",
            Outcome::Forward => "forward",
            Outcome::Quarantine => "quarantine",
            Outcome::Hold => "hold",
        }
    }
}

/// Which issue a step is about.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum IssueTarget {
    /// The numeric id, which survives a move to another project.
    Id(String),
    /// The issue that the step of this ordinal in the same plan creates.
    CreatedBy(u32),
}

impl IssueTarget {
    /// The issue that a plan makes after so many other steps.
    pub(crate) fn created_after(steps: usize) -> IssueTarget {
        IssueTarget::CreatedBy(u32::try_from(steps + 1).unwrap_or(u32::MAX))
    }
}

/// Which account a step is about, by the tracker's own id: an account id on Jira Cloud, a user name on Jira Data Center.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum AccountTarget {
    Id(String),
    /// The account that the step of this ordinal in the same plan creates or finds.
    CreatedBy(u32),
}

/// Who may see a comment beside those who see everything.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Visibility {
    /// In service management: those who work on the request, and not its customers.
    Internal,
    /// A role of the project, by name.
    Role(String),
    /// A group, by name.
    Group(String),
}

/// Where an issue is taken in its workflow.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Goal {
    /// The status with this id or, without regard to case, this name: by the first transition that leads there. An issue that
    /// is there already is left as it is.
    Status(String),
    /// The transition with this id or, without regard to case, this name, whatever it leads to.
    Transition(String),
}

/// Text of an issue or comment: with the signs of plain mail, and the pieces that are folded kept beside it.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Body {
    pub visible: String,
    /// `visible` with its layout, where the mail had one: trackers are sent this. Plans written before it was known have
    /// none.
    #[serde(default)]
    pub document: Option<Document>,
    pub hidden: Vec<Hidden>,
    /// Who wrote it, shown as a first line when the writer has no account in the tracker.
    pub author: Option<Address>,
    /// The reporter whom the same step sets is the author. The line is left out then, unless the tracker refuses the field.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub author_reports: bool,
    /// Files to which the text links.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub kept: Vec<KeptFile>,
}

impl Body {
    /// The body as it goes along with these fields: a reporter who is the author needs no line that says so.
    pub fn beside(&self, set: &[FieldSetting]) -> Body {
        let is_told = self.author_reports && set.iter().any(FieldSetting::names_a_reporter);
        Body { author: self.author.clone().filter(|_| !is_told), ..self.clone() }
    }
}

/// A file that goes along: a part of the origin's message.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct File {
    /// The part's path in `Message::parts`.
    pub part: String,
    /// Safe for any system: at most 255 bytes, no separators, unique within the plan.
    pub name: String,
    pub content_type: String,
    pub size_bytes: u64,
    pub sha256: String,
}

/// What a step does.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum StepKind {
    CreateIssue {
        project: String,
        issue_type: String,
        summary: String,
        body: Body,
        /// Further fields as the tracker's own names and values.
        #[serde(default)]
        fields: Map<String, Value>,
        /// Further fields with typed values; they win over `fields`.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        set: Vec<FieldSetting>,
    },
    AddComment {
        issue: IssueTarget,
        body: Body,
        /// `None`: whoever may see the issue.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        visibility: Option<Visibility>,
    },
    /// Says on an issue what a workflow says once it is there. It goes after the move to which it belongs, and is not made without it.
    Remark {
        issue: IssueTarget,
        body: Body,
        /// `None`: whoever may see the issue.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        visibility: Option<Visibility>,
    },
    Attach {
        issue: IssueTarget,
        file: File,
    },
    /// Attaches a file so that the customers of a request see it too, in service management. Any other file is for those who work
    /// on the request.
    AttachForCustomers {
        issue: IssueTarget,
        file: File,
    },
    /// Keeps a file here, for an issue whose text links to it.
    KeepFile {
        issue: IssueTarget,
        file: File,
        /// See [`crate::kept_id`].
        id: String,
    },
    /// Writes fields of an issue. Writing the same again changes nothing, so a lost answer is simply repeated.
    EditIssue {
        issue: IssueTarget,
        set: Vec<FieldSetting>,
    },
    /// Takes an issue through its workflow, with the fields that the transition asks for.
    Transition {
        issue: IssueTarget,
        goal: Goal,
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        set: Vec<FieldSetting>,
    },
    /// Links `issue` to `to`. A link that is there already is left as it is.
    Link {
        issue: IssueTarget,
        to: IssueTarget,
        /// The name of the type (`Relates`), which reads from `issue` to `to`, or one of its two phrases (`is blocked by`).
        link_type: String,
    },
    /// Lets somebody watch an issue. Whoever watches it already goes on doing so.
    Watch {
        issue: IssueTarget,
        account: AccountTarget,
    },
    /// Makes these people participants of a request, in service management.
    AddParticipants {
        issue: IssueTarget,
        accounts: Vec<AccountTarget>,
    },
    /// Shares a request with these organisations, by id or name, in service management.
    ShareWith {
        issue: IssueTarget,
        organisations: Vec<String>,
    },
    /// Makes somebody a customer of the project's service desk, with a new account where the address has none. Adding
    /// somebody who is one already changes nothing.
    AddCustomer {
        project: String,
        address: String,
        name: Option<String>,
        /// By id or name.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        organisations: Vec<String>,
    },
}

impl StepKind {
    /// The word that stands in tables, JSON and the database.
    pub fn word(&self) -> &'static str {
        match self {
            StepKind::CreateIssue { .. } => "create_issue",
            StepKind::AddComment { .. } => "add_comment",
            StepKind::Remark { .. } => "remark",
            StepKind::Attach { .. } => "attach",
            StepKind::AttachForCustomers { .. } => "attach_for_customers",
            StepKind::KeepFile { .. } => "keep_file",
            StepKind::EditIssue { .. } => "edit_issue",
            StepKind::Transition { .. } => "transition",
            StepKind::Link { .. } => "link",
            StepKind::Watch { .. } => "watch",
            StepKind::AddParticipants { .. } => "add_participants",
            StepKind::ShareWith { .. } => "share_with",
            StepKind::AddCustomer { .. } => "add_customer",
        }
    }

    /// The issue that the step is about; `None` for one that makes an issue or is about none.
    pub fn issue(&self) -> Option<&IssueTarget> {
        match self {
            StepKind::CreateIssue { .. } | StepKind::AddCustomer { .. } => None,
            StepKind::AddComment { issue, .. }
            | StepKind::Remark { issue, .. }
            | StepKind::Attach { issue, .. }
            | StepKind::AttachForCustomers { issue, .. }
            | StepKind::KeepFile { issue, .. }
            | StepKind::EditIssue { issue, .. }
            | StepKind::Transition { issue, .. }
            | StepKind::Link { issue, .. }
            | StepKind::Watch { issue, .. }
            | StepKind::AddParticipants { issue, .. }
            | StepKind::ShareWith { issue, .. } => Some(issue),
        }
    }

    /// The same about another issue; a step that is about none stays as it is.
    pub fn about(mut self, target: IssueTarget) -> StepKind {
        match &mut self {
            StepKind::CreateIssue { .. } | StepKind::AddCustomer { .. } => {}
            StepKind::AddComment { issue, .. }
            | StepKind::Remark { issue, .. }
            | StepKind::Attach { issue, .. }
            | StepKind::AttachForCustomers { issue, .. }
            | StepKind::KeepFile { issue, .. }
            | StepKind::EditIssue { issue, .. }
            | StepKind::Transition { issue, .. }
            | StepKind::Link { issue, .. }
            | StepKind::Watch { issue, .. }
            | StepKind::AddParticipants { issue, .. }
            | StepKind::ShareWith { issue, .. } => *issue = target,
        }
        self
    }

    /// Whether the mail's words or their place hang on it. When the tracker refuses such a step nothing after it is tried; any
    /// other is recorded as failed, and the rest goes on.
    pub fn carries_the_mail(&self) -> bool {
        matches!(self, StepKind::CreateIssue { .. } | StepKind::AddComment { .. })
    }
}

/// One effect of a plan and why it is in it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Step {
    /// From 1, in order of execution.
    pub ordinal: u32,
    #[serde(flatten)]
    pub kind: StepKind,
    pub reason: String,
}

/// Why a mail was not taken in, as a program reads it; the plan's reason says it to people.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RejectionCause {
    /// It names no catch address.
    Uncaught,
    /// A rule says so.
    #[default]
    Rule,
    /// It belongs to no issue, and only comments are made.
    CommentOnly,
    /// It belongs to an issue in which its sender takes no part, and only comments are made.
    NotInvolved,
    /// Its issue has a status in which no comments are taken.
    Status,
    /// Its issue matches the search that takes no comments.
    Search,
    /// Its issue has been resolved for too long.
    ResolvedTooLong,
    /// Its issue has as many comments as it may have.
    CommentLimit,
    /// Its issue got as many comments within the hour as it may get.
    CommentRate,
    /// Its sender sent as many mails within the hour as one may send.
    SenderRate,
    /// Its text is longer than the profile allows.
    TooLong,
    /// The account of its sender may not do it.
    NoPermission,
}

impl RejectionCause {
    /// What a sender is told of it. Whether an issue exists is nothing for those who take no part in it, so they are told the same as
    /// of one that does not.
    pub fn told_as(self) -> RejectionCause {
        match self {
            RejectionCause::NotInvolved => RejectionCause::CommentOnly,
            cause => cause,
        }
    }

    /// The word that stands in profiles and JSON.
    pub fn word(self) -> &'static str {
        match self {
            RejectionCause::Uncaught => "uncaught",
            RejectionCause::Rule => "rule",
            RejectionCause::CommentOnly => "comment_only",
            RejectionCause::NotInvolved => "not_involved",
            RejectionCause::Status => "status",
            RejectionCause::Search => "search",
            RejectionCause::ResolvedTooLong => "resolved_too_long",
            RejectionCause::CommentLimit => "comment_limit",
            RejectionCause::CommentRate => "comment_rate",
            RejectionCause::SenderRate => "sender_rate",
            RejectionCause::TooLong => "too_long",
            RejectionCause::NoPermission => "no_permission",
        }
    }
}

/// What becomes of a mail that is not taken in, and who is told.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Rejection {
    /// For administrators.
    pub cause: RejectionCause,
    /// For the sender; see [`RejectionCause::told_as`]. Plans that were stored before it was kept are not told of again.
    #[serde(default)]
    pub told_as: RejectionCause,
    /// The issue that it would have become a comment on: its numeric id and key.
    pub issue: Option<(String, String)>,
    /// Whether the profile wants the sender to be told of this cause. Whether he may be told is for the gate of automatic mail to
    /// say (SEC-06).
    pub notify_sender: bool,
    /// Who gets the mail; empty unless the outcome is `forward`.
    pub forward_to: Vec<String>,
}

/// How often one exclusion of the profile kept something of a mail back.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Excluded {
    /// The exclusion's name.
    pub exclusion: String,
    pub times: u32,
}

/// What will be done. A plan without steps is still a decision, and says why.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Plan {
    pub origin: Origin,
    /// From 1; a replay under other rules is the next one.
    pub revision: u32,
    pub profile: String,
    /// The version of the profile that the plan was made under; 0 outside a gateway.
    pub profile_version: u32,
    /// The profile's label, where it has one.
    #[serde(default)]
    pub environment: Option<String>,
    pub mapping: String,
    pub rule: Option<String>,
    pub outcome: Outcome,
    /// One sentence for lists: why this outcome.
    pub reason: String,
    /// Of outcome `reject` and `forward`: what letters about it are made from.
    #[serde(default)]
    pub rejection: Option<Rejection>,
    pub steps: Vec<Step>,
    /// Each question, its answer, and what it decided.
    pub trace: Vec<String>,
    /// What is written to people because of the mail.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub letters: Vec<Letter>,
    /// Letters of ours that came back for good, when the mail is a report that says so.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub returned: Vec<ReturnedLetter>,
    /// By the names of exclusions.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub excluded: Vec<Excluded>,
}

impl Plan {
    /// The key of the step with this ordinal; the same for every run of the same plan.
    pub fn step_key(&self, ordinal: u32) -> StepKey {
        StepKey(format!("{}/{}/{}", self.origin, self.revision, ordinal))
    }

    /// The key of the letter with this ordinal.
    pub fn letter_key(&self, ordinal: u32) -> StepKey {
        StepKey(format!("{}/{}/letter-{}", self.origin, self.revision, ordinal))
    }
}

#[cfg(test)]
impl Plan {
    /// A first plan of nothing but these steps, for tests.
    pub(crate) fn of_steps(outcome: Outcome, kinds: Vec<StepKind>) -> Plan {
        let step = |(ordinal, kind)| Step { ordinal, kind, reason: String::new() };
        Plan {
            origin: Origin::Message("m".into()),
            revision: 1,
            profile: "p".into(),
            profile_version: 1,
            mapping: "default".into(),
            rule: None,
            environment: None,
            rejection: None,
            outcome,
            reason: String::new(),
            steps: (1..).zip(kinds).map(step).collect(),
            trace: vec![],
            letters: vec![],
            returned: vec![],
            excluded: vec![],
        }
    }
}
