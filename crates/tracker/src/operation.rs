//! What can be asked of any tracker, and what comes back; each dialect turns one into the other.

use policy::{Body, StepKey};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

/// One thing that is asked of a tracker.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "operation", rename_all = "snake_case")]
pub enum Operation {
    /// Who are we? Needed to recognise what our own account made.
    Myself,
    /// `fields` are the tracker's own names and values; the named ones of this operation win over them.
    CreateIssue {
        project: String,
        issue_type: String,
        summary: String,
        body: Body,
        #[serde(default)]
        fields: Map<String, Value>,
        marker: StepKey,
    },
    AddComment {
        issue_id: String,
        body: Body,
        marker: StepKey,
    },
    /// The bytes are streamed in by whoever sends the request.
    Attach {
        issue_id: String,
        name: String,
        content_type: String,
    },
    /// `issue` is a numeric id or a key.
    ReadIssue {
        issue: String,
    },
    /// One page of comments with their markers' ids, oldest first; `start_at` counts from 0.
    ReadComments {
        issue_id: String,
        start_at: u64,
    },
    /// The markers of these comments, at most [`crate::jira_cloud::COMMENT_MARKERS_MAX`] at once.
    ReadCommentMarkers {
        comment_ids: Vec<String>,
    },
    /// One page of the issues that this account created in the project since then, with their markers.
    ///
    /// Trackers search an index that lags behind what was written, so an empty answer proves nothing by itself.
    FindCreated {
        project: String,
        account_id: String,
        since_minutes: u64,
        page_token: Option<String>,
    },
    /// The newest key of the project, from which later keys are counted.
    ///
    /// Asked before an attempt. It is a search too and may lag: the true highest key is this one or a later one, so
    /// counting on from it covers too much and never too little.
    HighestKey {
        project: String,
    },
    /// The issues with these keys, with their markers, at most [`crate::jira_cloud::KEYS_PER_FETCH_MAX`] at once;
    /// missing ones are simply absent.
    ///
    /// This reads the issues themselves and not the index, so it does not lag.
    FetchKeys {
        keys: Vec<String>,
    },
}

impl Operation {
    /// The word that stands in logs and faults.
    pub fn word(&self) -> &'static str {
        match self {
            Operation::Myself => "myself",
            Operation::CreateIssue { .. } => "create_issue",
            Operation::AddComment { .. } => "add_comment",
            Operation::Attach { .. } => "attach",
            Operation::ReadIssue { .. } => "read_issue",
            Operation::ReadComments { .. } => "read_comments",
            Operation::ReadCommentMarkers { .. } => "read_comment_markers",
            Operation::FindCreated { .. } => "find_created",
            Operation::HighestKey { .. } => "highest_key",
            Operation::FetchKeys { .. } => "fetch_keys",
        }
    }

    /// Whether carrying it out twice would show in the tracker.
    pub fn writes(&self) -> bool {
        matches!(self, Operation::CreateIssue { .. } | Operation::AddComment { .. } | Operation::Attach { .. })
    }
}

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
    pub account_id: String,
    pub name: String,
    pub address: Option<String>,
}

/// A file that hangs on an issue.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct StoredFile {
    pub id: String,
    pub name: String,
    pub size_bytes: u64,
    pub author_id: String,
}

/// An issue as read.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct IssueView {
    pub id: String,
    pub key: String,
    pub project: String,
    pub summary: String,
    pub status_category: String,
    /// Without markup.
    pub description: String,
    pub reporter: Option<Person>,
    pub assignee: Option<Person>,
    pub files: Vec<StoredFile>,
}

/// A comment as read, its text without markup.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Comment {
    pub id: String,
    pub author_id: String,
    pub text: String,
}

/// What came back; each operation has one form of answer.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Answer {
    Myself(Person),
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
}
