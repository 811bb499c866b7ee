//! Jira, Cloud (REST API v3) and Data Center (v2): the requests that carry operations out, and what the answers mean.

mod answer;
mod audience;
mod field_in;
mod field_out;
mod files;
mod history;
mod hooks;
mod jql;
mod kind;
mod listing;
mod meta;
mod path;
mod people;
mod refusal;
mod request;
mod retry_after;
mod service;
mod wiki_body;
mod workflow;

pub use answer::answer;
pub(crate) use audience::security;
pub use files::paths as file_paths;
pub use kind::Kind;
pub use request::request;

/// The entity property under which every issue and comment of ours carries the key of its step.
///
/// Its value is `{"step": "message:…/1/1"}`: a row's id and two numbers, nothing of the mail.
pub const MARKER_PROPERTY: &str = "sealpost.marker";

/// The entity property that makes a comment internal in service management.
pub const INTERNAL_PROPERTY: &str = "sd.public.comment";

/// How many keys one `FetchKeys` may name on Jira Cloud; Jira refuses more, and so nothing is cut off silently here.
pub const KEYS_PER_FETCH_MAX: usize = 100;

/// How many comments one `ReadCommentMarkers` may name on Jira Cloud; Jira refuses more.
pub const COMMENT_MARKERS_MAX: usize = 1000;

/// How many comments are asked for at once; Jira may send fewer.
pub const COMMENTS_PER_PAGE: u32 = 100;

/// How many issues one page of a search is asked to hold; Jira may send fewer.
pub const ISSUES_PER_PAGE: u32 = 100;

/// How many fields, issue types, request types or organisations one page is asked to hold; Jira may send fewer.
pub const ITEMS_PER_PAGE: u32 = 50;

/// How many people one look for an account is asked to find.
pub const PEOPLE_MAX: u32 = 20;

/// Longest HTML that is taken for what somebody wrote, in characters, and longest text. Jira takes 32,767 by default, and an
/// administrator of Data Center can allow more.
pub const WRITTEN_CHARS_MAX: usize = 256 * 1024;

/// Longest summary in UTF-16 units: Jira says "must be less than 255 characters".
pub const SUMMARY_CHARS_MAX: usize = 254;
