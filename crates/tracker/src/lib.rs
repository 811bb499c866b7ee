//! How trackers speak: operations to requests and responses to results, all of it pure.

pub mod adf;
pub mod answer;
pub mod dialect;
pub mod http;
pub mod issue_key;
pub mod jira;
pub mod operation;
pub mod webhook;
pub mod wiki;

pub use answer::{
    Answer, AppWebhook, Comment, CommentView, Created, EntryView, IssueLink, IssueView, LinkType, ListedIssue, Named,
    Person, Registered, StoredFile, Touched, TransitionView, Written,
};
pub use dialect::Dialect;
pub use http::{Content, Method, Request, Response};
pub use issue_key::keys_after;
pub use operation::{HistoryList, NewField, Operation};
