//! The rows of the desk's tables, and the statements that read and write them.

pub(crate) mod attachment;
pub(crate) mod comment;
pub(crate) mod history;
pub(crate) mod issue;
pub(crate) mod link;
pub(crate) mod property;
pub(crate) mod watcher;
pub(crate) mod worklog;

use serde_json::Value;

/// What search compares with: lower case, so that case never matters.
pub(crate) fn fold(text: &str) -> String {
    text.to_lowercase()
}

/// JSON that this crate wrote itself.
pub(crate) fn stored_json(text: &str) -> Value {
    serde_json::from_str(text).unwrap_or(Value::Null)
}
