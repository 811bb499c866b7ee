//! How trackers speak: operations to requests and responses to results, all of it pure.

pub mod adf;
pub mod dialect;
pub mod http;

pub use dialect::{Answer, Comment, Created, Dialect, IssueView, Operation, Person, StoredFile};
pub use http::{Content, Method, Request, Response};
