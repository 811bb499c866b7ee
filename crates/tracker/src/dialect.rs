//! What can be asked of any tracker, and what comes back; each dialect turns one into the other.

use crate::http::{Request, Response};
use policy::{Body, Fault, StepKey};
use serde_json::{Map, Value};

/// One thing that is asked of a tracker.
#[derive(Debug, Clone, PartialEq)]
pub enum Operation {
    /// Who are we? Needed to recognise what our own account made.
    Myself,
    CreateIssue { project: String, issue_type: String, summary: String, body: Body, fields: Map<String, Value>, marker: StepKey },
    AddComment { issue_id: String, body: Body, marker: StepKey },
    Attach { issue_id: String, name: String, content_type: String },
    /// `issue` is a numeric id or a key.
    ReadIssue { issue: String },
    /// One page of comments with their markers' ids, oldest first; `start_at` counts from 0.
    ReadComments { issue_id: String, start_at: u64 },
    /// The markers of these comments.
    ReadCommentMarkers { comment_ids: Vec<String> },
    /// One page of the issues that this account created in the project since then, with their markers.
    FindCreated { project: String, account_id: String, since_minutes: u64, page_token: Option<String> },
    /// The newest key of the project, from which later keys are counted.
    HighestKey { project: String },
    /// The issues with these keys, with their markers; missing ones are simply absent.
    FetchKeys { keys: Vec<String> },
}

/// An issue or comment that an account made, with the marker it carries.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Created {
    pub id: String,
    /// Empty for comments.
    pub key: String,
    pub marker: Option<StepKey>,
}

/// A person as the tracker shows one.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Person {
    pub account_id: String,
    pub name: String,
    pub address: Option<String>,
}

/// A file that hangs on an issue.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct StoredFile {
    pub id: String,
    pub name: String,
    pub size_bytes: u64,
    pub author_id: String,
}

/// An issue as read.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct IssueView {
    pub id: String,
    pub key: String,
    pub project: String,
    pub summary: String,
    pub status_category: String,
    pub description: String,
    pub reporter: Option<Person>,
    pub assignee: Option<Person>,
    pub files: Vec<StoredFile>,
}

/// A comment as read, its text without markup.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Comment {
    pub id: String,
    pub author_id: String,
    pub text: String,
}

/// What came back; each operation has one form of answer.
#[derive(Debug, Clone, PartialEq)]
pub enum Answer {
    Myself(Person),
    Issue(Box<IssueView>),
    /// To `CreateIssue` and `AddComment`.
    Made(Created),
    Attached(StoredFile),
    Comments { comments: Vec<Comment>, total: u64 },
    /// To `ReadCommentMarkers`, `FindCreated` and `FetchKeys`; `next_page` only for `FindCreated`.
    Found { items: Vec<Created>, next_page: Option<String> },
    /// `None` for a project without issues.
    HighestKey(Option<String>),
}

/// How one kind of tracker speaks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Dialect {
    /// Jira Cloud, REST API v3.
    JiraCloud,
}

impl Dialect {
    /// The request for an operation.
    pub fn request(self, operation: &Operation) -> Request {
        let _ = operation;
        unimplemented!("the dialect is being written")
    }

    /// What the response to that request means. A lost or senseless answer to a write is [`policy::FaultKind::Unknown`].
    pub fn answer(self, operation: &Operation, response: &Response) -> Result<Answer, Fault> {
        let _ = (operation, response);
        unimplemented!("the dialect is being written")
    }
}
