//! Values as they are written in TOML, for profiles that the program writes.

use std::fmt::Write;
use toml::{Table, Value};

/// The value on one line, in the form that reads best: expressions in single quotes, so that nothing in them is doubled.
pub(crate) fn written(value: &Value) -> String {
    match value {
        Value::String(text) => text_of(text),
        Value::Array(values) => format!("[{}]", values.iter().map(written).collect::<Vec<_>>().join(", ")),
        Value::Table(table) => {
            let entries: Vec<String> =
                table.iter().map(|(key, value)| format!("{} = {}", key_of(key), written(value))).collect();
            format!("{{ {} }}", entries.join(", "))
        }
        Value::Integer(number) => number.to_string(),
        Value::Float(number) => format!("{number:?}"),
        Value::Boolean(truth) => truth.to_string(),
        Value::Datetime(time) => time.to_string(),
    }
}

/// A whole document: its plain lines, then its tables. Comments are not part of a document.
pub(crate) fn document(table: &Table) -> String {
    let mut text = String::new();
    let is_list =
        |value: &Value| value.as_array().is_some_and(|list| !list.is_empty() && list.iter().all(Value::is_table));
    for (key, value) in table.iter().filter(|(_, value)| !value.is_table() && !is_list(value)) {
        line(&mut text, key, value);
    }
    for (key, value) in table {
        if let Value::Table(inner) = value {
            section(&mut text, &format!("[{}]", key_of(key)), inner);
        }
    }
    for (key, value) in table.iter().filter(|(_, value)| is_list(value)) {
        for inner in value.as_array().into_iter().flatten().filter_map(Value::as_table) {
            section(&mut text, &format!("[[{}]]", key_of(key)), inner);
        }
    }
    text
}

fn section(text: &mut String, head: &str, table: &Table) {
    if !text.is_empty() {
        text.push('\n');
    }
    text.push_str(head);
    text.push('\n');
    for (key, value) in table {
        line(text, key, value);
    }
}

fn line(text: &mut String, key: &str, value: &Value) {
    // Writing to a String cannot fail.
    let _ = writeln!(text, "{} = {}", key_of(key), written(value));
}

fn key_of(key: &str) -> String {
    let is_bare =
        !key.is_empty() && key.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_' || byte == b'-');
    if is_bare { key.to_owned() } else { quoted(key) }
}

fn text_of(text: &str) -> String {
    let is_literal = text.contains('\\') && !text.contains('\'') && !text.chars().any(char::is_control);
    if is_literal { format!("'{text}'") } else { quoted(text) }
}

fn quoted(text: &str) -> String {
    let mut quoted = String::from("\"");
    for character in text.chars() {
        match character {
            '"' => quoted.push_str("\\\""),
            '\\' => quoted.push_str("\\\\"),
            '\n' => quoted.push_str("\\n"),
            '\t' => quoted.push_str("\\t"),
            '\r' => quoted.push_str("\\r"),
            c if c.is_control() => {
                let _ = write!(quoted, "\\u{:04X}", u32::from(c));
            }
            c => quoted.push(c),
        }
    }
    quoted.push('"');
    quoted
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use proptest::prelude::*;

    fn values() -> impl Strategy<Value = Value> {
        let leaf = prop_oneof![
            any::<String>().prop_map(Value::String),
            any::<i64>().prop_map(Value::Integer),
            any::<bool>().prop_map(Value::Boolean),
        ];
        leaf.prop_recursive(3, 20, 5, |inner| {
            prop_oneof![
                prop::collection::vec(inner.clone(), 0..4).prop_map(Value::Array),
                prop::collection::btree_map(any::<String>(), inner, 0..4)
                    .prop_map(|map| Value::Table(map.into_iter().collect())),
            ]
        })
    }

    proptest! {
        #[test]
        fn what_is_written_is_read_again(value in values()) {
            let read: toml::Table = format!("key = {}\n", written(&value)).parse().unwrap();
            prop_assert_eq!(read.get("key"), Some(&value));
        }
    }
}
