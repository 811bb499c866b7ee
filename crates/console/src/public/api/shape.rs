//! What is wrong with the JSON of a letter: which key, what it has to hold, and where that is written.

use serde_json::Value;

/// What a field holds.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    Text,
    Texts,
    Truth,
    Files,
}

const LETTER: &[(&str, Kind)] = &[
    ("issue", Kind::Text),
    ("to", Kind::Texts),
    ("subject", Kind::Text),
    ("text", Kind::Text),
    ("template", Kind::Text),
    ("files", Kind::Texts),
    ("writer", Kind::Text),
    ("anyway", Kind::Truth),
    ("given", Kind::Files),
];
const FILE: &[(&str, Kind)] = &[("name", Kind::Text), ("content_type", Kind::Text), ("content", Kind::Text)];

/// Where the fields are listed.
const PAGE: &str = "docs/written.md, \"By a program\", lists the fields";
/// Of a name that nobody knows so much is told.
const NAME_CHARS_SHOWN: usize = 40;

impl Kind {
    fn in_words(self) -> &'static str {
        match self {
            Kind::Text => "a text",
            Kind::Texts => "a list of texts",
            Kind::Truth => "true or false",
            Kind::Files => "a list of objects with name, content_type and content",
        }
    }

    /// What is wrong with this value of the field at this place.
    fn wrong(self, place: &str, value: &Value) -> Option<String> {
        let entries = |one: &dyn Fn(&str, &Value) -> Option<String>| match value {
            Value::Array(all) => all.iter().enumerate().find_map(|(at, entry)| one(&format!("{place}[{at}]"), entry)),
            _ => Some(is_to_be(place, self.in_words(), value)),
        };
        match self {
            Kind::Text => (!value.is_string()).then(|| is_to_be(place, self.in_words(), value)),
            Kind::Truth => (!value.is_boolean()).then(|| is_to_be(place, self.in_words(), value)),
            Kind::Texts => entries(&|place, entry| Kind::Text.wrong(place, entry)),
            Kind::Files => entries(&|place, entry| of_object(place, FILE, entry)),
        }
    }
}

/// A sentence about a body that is no letter; it repeats nothing of what stands in it but the name of a key.
pub(super) fn wrong(body: &[u8], error: &serde_json::Error) -> String {
    let where_to = |what: String| format!("{what}; {PAGE}.");
    match serde_json::from_slice::<Value>(body) {
        Ok(value) => {
            where_to(of_object("", LETTER, &value).unwrap_or_else(|| "The letter holds a key twice".to_owned()))
        }
        Err(_) => where_to(format!("The letter is no JSON: line {}, column {}", error.line(), error.column())),
    }
}

fn of_object(place: &str, fields: &[(&str, Kind)], value: &Value) -> Option<String> {
    let Value::Object(members) = value else {
        return Some(is_to_be(place, "an object", value));
    };
    members.iter().find_map(|(key, value)| {
        let shown: String = key.chars().take(NAME_CHARS_SHOWN).collect();
        let place = if place.is_empty() { shown } else { format!("{place}.{shown}") };
        match fields.iter().find(|(known, _)| known == key) {
            Some((_, kind)) => kind.wrong(&place, value),
            None => {
                let near = policy::profile::meant(key, fields.iter().map(|(known, _)| *known));
                Some(format!("{place:?} is no field of a letter{}", near.trim_end_matches('?')))
            }
        }
    })
}

fn is_to_be(place: &str, wanted: &str, value: &Value) -> String {
    let is = match value {
        Value::Null => "null",
        Value::Bool(_) => "true or false",
        Value::Number(_) => "a number",
        Value::String(_) => "a text",
        Value::Array(_) => "a list",
        Value::Object(_) => "an object",
    };
    let place = if place.is_empty() { "The letter".to_owned() } else { format!("{place:?}") };
    format!("{place} has to be {wanted} and is {is}")
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::super::letters::{Asked, Given};
    use super::*;

    /// The names that serde knows are those of its message about one that it does not.
    fn known_to<T: serde::de::DeserializeOwned>() -> String {
        let told = serde_json::from_str::<T>(r#"{"": 0}"#).err().unwrap().to_string();
        told.split_once("expected one of ").unwrap().1.split(" at line").next().unwrap().to_owned()
    }

    #[test]
    fn the_fields_are_those_that_a_letter_is_read_with() {
        let names =
            |fields: &[(&str, Kind)]| fields.iter().map(|(name, _)| format!("`{name}`")).collect::<Vec<_>>().join(", ");
        assert_eq!((names(LETTER), names(FILE)), (known_to::<Asked>(), known_to::<Given>()));
    }

    #[test]
    fn the_key_and_what_it_has_to_hold_are_named_and_nothing_of_what_it_holds() {
        let told = |body: &str| wrong(body.as_bytes(), &serde_json::from_str::<u8>(body).unwrap_err());
        for (body, said) in [
            (r#"{"issue": 5}"#, "\"issue\" has to be a text and is a number; docs/written.md"),
            (r#"{"to": "planted@x.example"}"#, "\"to\" has to be a list of texts and is a text;"),
            (r#"{"to": ["planted@x.example", {}]}"#, "\"to[1]\" has to be a text and is an object;"),
            (r#"{"anyway": "planted"}"#, "\"anyway\" has to be true or false and is a text;"),
            (r#"{"given": [{"name": "planted", "bytes": ""}]}"#, "\"given[0].bytes\" is no field of a letter"),
            (r#"{"subjet": "planted"}"#, "\"subjet\" is no field of a letter; did you mean \"subject\"; docs/"),
            (r#"["planted"]"#, "The letter has to be an object and is a list;"),
            (r#"{"issue": "planted""#, "The letter is no JSON: line 1, column"),
        ] {
            let told = told(body);
            assert!(told.contains(said) && !told.contains("planted"), "{body}: {told}");
        }
    }
}
