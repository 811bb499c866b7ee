//! Profiles with pseudonyms for addresses, hosts, groups and names, so that they can be given away.

mod pseudonyms;
mod treatment;

use crate::profile;
use crate::{Fault, FaultCode, Profile};
use pseudonyms::Pseudonyms;
use toml::{Table, Value};
use treatment::{Treatment, treatment};

/// Environments that say nothing of whose they are.
const ENVIRONMENTS: &[&str] = &["production", "trial", "test", "uat", "development", "staging", "demo"];

/// Fields and keys of directives whose values are people.
const PEOPLE: &[&str] = &["reporter", "assignee", "watchers"];

/// The profile's text with pseudonyms; comments are left out, since anything may stand in them. Project keys, names of fields,
/// statuses, issue types and files stay, and so do words in the texts of notices, headers, patterns, conditions and fields.
pub fn anonymous_profile(text: &str) -> Result<String, Fault> {
    let wrong =
        |error: toml::de::Error| Fault::permanent(FaultCode::ProfileWrong, "no TOML").with_public(error.to_string());
    let document: Table = text.parse().map_err(wrong)?;
    let pseudonyms = &mut Pseudonyms::default();
    let given = document.iter().map(|(key, of)| (key.clone(), top(of, key, pseudonyms)));
    Ok(profile::document(&given.collect()))
}

impl Profile {
    /// Whether it matters to the profile from which client a mail came.
    pub fn tells_clients_apart(&self) -> bool {
        !self.directives.submitters.is_empty()
    }
}

/// A setting at the top, a table of settings, or several.
fn top(of: &Value, key: &str, pseudonyms: &mut Pseudonyms) -> Value {
    match of {
        Value::Table(inner) => Value::Table(table(inner, key, pseudonyms)),
        Value::Array(several) if several.iter().any(Value::is_table) => {
            Value::Array(several.iter().map(|one| top(one, key, pseudonyms)).collect())
        }
        setting => value(setting, treatment("", key), pseudonyms),
    }
}

fn table(of: &Table, within: &str, pseudonyms: &mut Pseudonyms) -> Table {
    of.iter().map(|(key, of)| (key.clone(), value(of, treatment(within, key), pseudonyms))).collect()
}

/// A setting's value; of one that is not known the texts are those of a stranger.
fn value(of: &Value, how: Option<Treatment>, pseudonyms: &mut Pseudonyms) -> Value {
    match of {
        Value::String(text) => Value::String(written(text, how.unwrap_or(Treatment::Name("text")), pseudonyms)),
        Value::Array(values) => Value::Array(values.iter().map(|one| value(one, how, pseudonyms)).collect()),
        // Fields by name, or keys of directives: some of those name people.
        Value::Table(inner) => {
            let of_person = |key: &str| PEOPLE.contains(&key.to_lowercase().as_str()).then_some(Treatment::Account);
            Value::Table(
                inner.iter().map(|(key, one)| (key.clone(), value(one, of_person(key).or(how), pseudonyms))).collect(),
            )
        }
        other => other.clone(),
    }
}

fn written(text: &str, how: Treatment, pseudonyms: &mut Pseudonyms) -> String {
    match how {
        // It takes away what would be inherited.
        _ if text.is_empty() => String::new(),
        Treatment::Same => text.to_owned(),
        Treatment::Name("mapping") if text == "default" => text.to_owned(),
        Treatment::Name(kind) => pseudonyms.thing(kind, text),
        Treatment::Set => set(text, pseudonyms),
        Treatment::Viewable => match text.strip_prefix("group:") {
            Some(group) => format!("group:{}", pseudonyms.thing("group", group)),
            None => text.to_owned(),
        },
        Treatment::Account if !text.contains(['@', '{']) => pseudonyms.thing("account", text),
        Treatment::Environment if ENVIRONMENTS.contains(&text.to_lowercase().as_str()) => text.to_owned(),
        Treatment::Environment => "environment".to_owned(),
        Treatment::Host => pseudonyms.host(text),
        Treatment::Network => match text.split_once('/') {
            Some((address, bits)) => format!("{}/{bits}", pseudonyms.client(address)),
            None => pseudonyms.client(text),
        },
        Treatment::Pattern => pattern(text, pseudonyms),
        Treatment::Words => pseudonyms.text_pattern(text),
        Treatment::Condition => condition(text, pseudonyms),
        Treatment::Template | Treatment::Account => template(text, pseudonyms),
        Treatment::AddressExpression => pseudonyms.address_expression(text),
        Treatment::Expression => pseudonyms.expression(text),
    }
}

/// Another name for a directive set: such names have no spaces.
fn set(name: &str, pseudonyms: &mut Pseudonyms) -> String {
    pseudonyms.thing("set", name).replace(' ', "-")
}

/// A condition: only what stands in quotes is somebody's, the rest are names of ours.
fn condition(text: &str, pseudonyms: &mut Pseudonyms) -> String {
    let mut out = String::with_capacity(text.len());
    let mut quote = None;
    let (mut is_raw, mut before) = (false, ' ');
    let mut piece = String::new();
    let mut characters = text.chars();
    while let Some(character) = characters.next() {
        match quote {
            None => {
                out.push(character);
                quote = Some(character).filter(|c| matches!(c, '"' | '\''));
                is_raw = matches!(before, 'r' | 'R');
                before = character;
            }
            // What is escaped ends no text.
            Some(_) if character == '\\' && !is_raw => {
                piece.push(character);
                piece.extend(characters.next());
            }
            Some(end) if character == end => {
                out.push_str(&literal(&std::mem::take(&mut piece), pseudonyms));
                out.push(character);
                (quote, before) = (None, character);
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
            (1.., Some((place, words))) => (format!("{{{{{}}}}}", self::place(place, pseudonyms)), words),
            (1.., None) => ("{{".to_owned(), piece),
            (0, _) => (String::new(), piece),
        };
        out.push_str(&place);
        out.push_str(&pseudonyms.text(words));
    }
    out
}

fn place(place: &str, pseudonyms: &mut Pseudonyms) -> String {
    match place.strip_prefix("set:") {
        Some(name) => format!("set:{}", set(name, pseudonyms)),
        None => place.to_owned(),
    }
}

/// An address, or a pattern over addresses, of which only the signs stay.
fn pattern(text: &str, pseudonyms: &mut Pseudonyms) -> String {
    if !text.contains(['*', '?']) {
        return pseudonyms.address(text);
    }
    match text.rsplit_once('@') {
        Some((local, host)) => format!("{}@{}", pseudonyms.local_pattern(local), pseudonyms.host_pattern(host)),
        None if text.contains('.') => pseudonyms.host_pattern(text),
        None => pseudonyms.local_pattern(text),
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

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

    #[test]
    fn priv_13_a_quote_that_is_escaped_ends_no_text_of_a_condition() {
        let pseudonyms = &mut Pseudonyms::default();
        let given = condition(r"subject.contains('Ann\'s order') && from == 'ann@qzcorp.com'", pseudonyms);
        assert!(!given.contains("qzcorp") && given.contains("from == "), "{given}");
        let given = condition(r"subject == r'C:\' && from == 'ann@qzcorp.com'", pseudonyms);
        assert!(!given.contains("qzcorp") && given.contains("&& from == "), "{given}");
    }

    #[test]
    fn priv_13_of_patterns_over_addresses_only_the_signs_stay() {
        let pseudonyms = &mut Pseudonyms::default();
        let mut of = |text: &str| pattern(text, pseudonyms);
        assert_eq!(of("*@corp.com"), "*@h1.h2.example");
        assert_eq!(of("ann.miller*@corp.com"), "p1*@h1.h2.example");
        assert_eq!(of("ann.miller@*.corp.com"), "p1@*.h1.h2.example");
        assert_eq!(of("support+*@corp.*"), "support+*@h1.*");
        assert_eq!(of("*-corp.com"), "*h3.h2.example");
        assert_eq!(of("miller*"), "p2*");
        assert_eq!((of("*"), of("support@corp.com")), ("*".to_owned(), "support@h1.h2.example".to_owned()));
    }

    #[test]
    fn priv_13_people_customers_and_sets_have_other_names_and_files_keep_theirs() {
        let text = r#"
            reply_to_from = ["form*@qzcorp.com"]
            catch_regex = '^(qzann|qzbob)@qzcorp\.com$'
            [default]
            project = "DEMO"
            organisations = ["qzcompany"]
            customer_organisations = ["qzcompany"]
            customers_allow = "*@qzcorp.com"
            customers_block = ["qzann.miller*@qzcorp.com", ""]
            assignee_name = ""
            fields = { Reporter = "qzann", Channel = "mail" }
            [[exclude]]
            name = "qzrule"
            types = "application/vnd.oasis.opendocument.text"
            types_regex = '^application/vnd\.oasis'
            files = "winmail.dat"
            [[directive_set]]
            name = "qzset"
            directives = { assignee = "qzann", labels = "asked" }
            [[notice]]
            cause = "status"
            text = "Again: {{set:qzset}}"
            [directives]
            submitters = ["10.9.0.0/16"]
        "#;
        let given = anonymous_profile(text).unwrap();
        assert!(!given.contains("qz") && !given.contains("10.9"), "{given}");
        for kept in [
            "vnd.oasis.opendocument.text",
            "winmail.dat",
            "vnd\\.oasis",
            "\"*@h",
            "/16",
            "assignee_name = \"\"",
            "Channel",
        ] {
            assert!(given.contains(kept), "{kept}:\n{given}");
        }
        assert_eq!(given.matches("organisation 1").count(), 2, "{given}");
        assert_eq!(given.matches("set-").count(), 2, "{given}");
    }
}
