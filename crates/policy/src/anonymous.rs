//! Profiles with pseudonyms for addresses, hosts, groups and names, so that they can be given away.

mod pseudonyms;

use crate::profile;
use crate::{Fault, FaultCode};
use pseudonyms::Pseudonyms;
use toml::{Table, Value};

/// Environments that say nothing of whose they are.
const ENVIRONMENTS: &[&str] = &["production", "trial", "test", "uat", "development", "staging", "demo"];

/// The profile's text with pseudonyms; comments are left out, since anything may stand in them. Project keys, names of fields,
/// statuses and issue types stay, and so do words in the texts of notices, headers and fields.
pub fn anonymous_profile(text: &str) -> Result<String, Fault> {
    let wrong =
        |error: toml::de::Error| Fault::permanent(FaultCode::ProfileWrong, "no TOML").with_public(error.to_string());
    let document: Table = text.parse().map_err(wrong)?;
    Ok(profile::document(&table(&document, "", &mut Pseudonyms::default())))
}

fn table(of: &Table, within: &str, pseudonyms: &mut Pseudonyms) -> Table {
    of.iter().map(|(key, value)| (key.clone(), self::value(value, within, key, pseudonyms))).collect()
}

fn value(of: &Value, within: &str, key: &str, pseudonyms: &mut Pseudonyms) -> Value {
    match of {
        Value::String(text) => Value::String(written(text, within, key, pseudonyms)),
        Value::Array(values) => Value::Array(values.iter().map(|one| value(one, within, key, pseudonyms)).collect()),
        Value::Table(inner) => Value::Table(table(inner, key, pseudonyms)),
        other => other.clone(),
    }
}

fn written(text: &str, within: &str, key: &str, pseudonyms: &mut Pseudonyms) -> String {
    match (within, key) {
        (
            _,
            "project" | "keys" | "processors" | "priority" | "issue_type" | "subtask_type" | "transitions"
            | "to_status",
        ) => text.to_owned(),
        // A rule and the mapping that it names keep being the same two.
        ("mapping", "name") | (_, "mapping" | "mappings") if text != "default" => pseudonyms.thing("mapping", text),
        ("rule" | "workflow" | "exclude", "name") => pseudonyms.thing(within, text),
        (_, "groups") => pseudonyms.thing("group", text),
        (_, "viewable") => match text.strip_prefix("group:") {
            Some(group) => format!("group:{}", pseudonyms.thing("group", group)),
            None => text.to_owned(),
        },
        (_, "assignee_name") if !text.contains('@') => pseudonyms.thing("account", text),
        ("", "environment") if !ENVIRONMENTS.contains(&text.to_lowercase().as_str()) => "environment".to_owned(),
        ("reply", "domains") | ("incumbent", "domains") => pseudonyms.host(text),
        (_, key) if key.ends_with("_regex") => pseudonyms.expression(text),
        (_, "catch" | "from" | "never" | "senders" | "foreign_key_from" | "to") => pattern(text, pseudonyms),
        (_, "when" | "value") => condition(text, pseudonyms),
        _ => template(text, pseudonyms),
    }
}

/// A condition: only what stands in quotes is somebody's, the rest are names of ours.
fn condition(text: &str, pseudonyms: &mut Pseudonyms) -> String {
    let mut out = String::with_capacity(text.len());
    let mut quote = None;
    let mut piece = String::new();
    for character in text.chars() {
        match quote {
            None => {
                out.push(character);
                quote = Some(character).filter(|c| matches!(c, '"' | '\''));
            }
            Some(end) if character == end => {
                out.push_str(&literal(&std::mem::take(&mut piece), pseudonyms));
                out.push(character);
                quote = None;
            }
            Some(_) => piece.push(character),
        }
    }
    out + &literal(&piece, pseudonyms)
}

fn literal(text: &str, pseudonyms: &mut Pseudonyms) -> String {
    match text {
        // A backslash that is escaped in a condition is one in the expression.
        _ if text.contains("\\\\") => pseudonyms.expression(&text.replace("\\\\", "\\")).replace('\\', "\\\\"),
        _ if text.contains('\\') => pseudonyms.expression(text),
        _ => pseudonyms.text(text),
    }
}

/// A text with places such as `{{sender.address}}`, which stay.
fn template(text: &str, pseudonyms: &mut Pseudonyms) -> String {
    let mut out = String::with_capacity(text.len());
    for (number, piece) in text.split("{{").enumerate() {
        let (place, words) = match (number, piece.split_once("}}")) {
            (1.., Some((place, words))) => (format!("{{{{{place}}}}}"), words),
            (1.., None) => ("{{".to_owned(), piece),
            (0, _) => (String::new(), piece),
        };
        out.push_str(&place);
        out.push_str(&pseudonyms.text(words));
    }
    out
}

/// An address, or a pattern over addresses: `*@host` stays one.
fn pattern(text: &str, pseudonyms: &mut Pseudonyms) -> String {
    match text.rsplit_once('@') {
        Some((local, host)) if local.contains(['*', '?']) && !host.contains(['*', '?']) => {
            format!("{local}@{}", pseudonyms.host(host))
        }
        _ => pseudonyms.text(text),
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::anonymous_profile;
    use crate::Profile;

    #[test]
    fn conditions_and_places_keep_what_is_ours() {
        let text = r#"
            [default]
            project = "DEMO"
            comment_header = "{{sender.address}} to help@corp.com"
            [[rule]]
            name = "r"
            when = "from.endsWith('@corp.com') && subject.matches('^x@corp\\\\.com')"
        "#;
        let given = anonymous_profile(text).unwrap();
        Profile::from_toml("given", &given, "given").unwrap();
        assert!(given.contains("{{sender.address}} to help@h1.h2.example"), "{given}");
        assert!(given.contains("from.endsWith('@h1.h2.example') && subject.matches('^p1@h1"), "{given}");
        assert!(!given.contains("corp"), "{given}");
    }
}
