//! How trackers speak: operations to requests and responses to results, all of it pure.

pub mod adf;
pub mod dialect;
pub mod http;
pub mod issue_key;
pub mod jira_cloud;
pub mod operation;
pub mod wiki;

pub use dialect::Dialect;
pub use http::{Content, Method, Request, Response};
pub use issue_key::keys_after;
pub use operation::{Answer, Comment, Created, IssueView, Operation, Person, StoredFile};
