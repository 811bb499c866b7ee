//! Jira Cloud, REST API v3: the requests that carry operations out, and what the answers to them mean.

mod answer;
mod jql;
mod path;
mod refusal;
mod request;
mod retry_after;

pub use answer::answer;
pub use request::request;

/// The entity property under which every issue and comment of ours carries the key of its step.
///
/// Its value is `{"step": "message:…/1/1"}`: a row's id and two numbers, nothing of the mail.
pub const MARKER_PROPERTY: &str = "sealpost.marker";

/// How many keys one `FetchKeys` may name; Jira refuses more, and so nothing is cut off silently here.
pub const KEYS_PER_FETCH_MAX: usize = 100;

/// How many comments one `ReadCommentMarkers` may name; Jira refuses more.
pub const COMMENT_MARKERS_MAX: usize = 1000;

/// How many comments are asked for at once; Jira may send fewer.
pub const COMMENTS_PER_PAGE: u32 = 100;

/// How many issues one page of a search is asked to hold; Jira may send fewer.
pub const ISSUES_PER_PAGE: u32 = 100;

/// Longest summary in UTF-16 units: Jira says "must be less than 255 characters".
pub const SUMMARY_CHARS_MAX: usize = 254;
