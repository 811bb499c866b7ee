//! What stands in a field, as text: lists have one value per line.

use super::{Kind, answer::id};
use serde_json::Value;

/// The longest text that is read out of one field, in bytes.
const TEXT_BYTES_MAX: usize = 256 * 1024;

/// The text of a field's value; empty for an empty field.
pub(super) fn text(kind: Kind, value: &Value) -> String {
    let mut text = match value {
        Value::Array(values) => {
            values.iter().map(|one| single(kind, one)).filter(|one| !one.is_empty()).collect::<Vec<_>>().join("\n")
        }
        one => single(kind, one),
    };
    text.truncate(text.floor_char_boundary(TEXT_BYTES_MAX));
    text
}

fn single(kind: Kind, value: &Value) -> String {
    match value {
        Value::Null => String::new(),
        Value::String(text) => text.clone(),
        Value::Bool(_) | Value::Number(_) => value.to_string(),
        Value::Object(object) if object.get("type").is_some_and(|it| it == "doc") => kind.plain(value),
        Value::Object(_) => {
            let keys = ["value", "emailAddress", "name", "displayName", "key", "id"];
            let name = keys.iter().find_map(|key| id(&value[*key])).unwrap_or_default();
            match &value["child"] {
                Value::Object(_) => format!("{name} > {}", single(kind, &value["child"])),
                _ => name,
            }
        }
        // No field of Jira holds lists in lists.
        Value::Array(_) => String::new(),
    }
}
