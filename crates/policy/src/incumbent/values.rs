//! The texts of another mail handler's options as values of ours.

use super::tree::plain;
use crate::profile::{Pattern, due};

/// What an option's text becomes: texts for the key, texts for its `_regex`, and what of it cannot be used, with the remedy.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Read {
    pub(super) plain: Vec<String>,
    pub(super) regex: Vec<String>,
    pub(super) wrong: Vec<(String, String)>,
}

/// Whether a switch is on; `None` when it is no switch.
pub(super) fn truth(text: &str) -> Option<bool> {
    match plain(text).as_str() {
        "true" | "yes" | "on" | "1" | "enabled" => Some(true),
        "false" | "no" | "off" | "0" | "disabled" | "none" => Some(false),
        _ => None,
    }
}

/// Whether a value says that what stands further out holds.
pub(super) fn inherits(text: &str) -> bool {
    text == "-1" || matches!(plain(text).as_str(), "inherit" | "inherited" | "inheritfromdefault")
}

/// Texts with commas or line ends between them.
pub(super) fn separated(text: &str) -> Vec<String> {
    let pieces = text.split([',', ';', '\n']).map(str::trim).filter(|piece| !piece.is_empty());
    pieces.map(str::to_owned).collect()
}

/// Addresses and expressions over addresses. Theirs have to match all of an address, ours anywhere in it.
pub(super) fn addresses(text: &str) -> Read {
    let mut read = Read::default();
    for piece in text.split([',', '\n']).map(str::trim).filter(|piece| !piece.is_empty()) {
        let (local, domain) = piece.split_once('@').unwrap_or(("", piece));
        let literal = domain.replace("\\.", ".");
        let is_host = !literal.is_empty() && literal.chars().all(|c| c.is_alphanumeric() || ".-".contains(c));
        let is_name =
            !local.is_empty() && local.replace("\\.", ".").chars().all(|c| c.is_alphanumeric() || "._-+=".contains(c));
        let has_at = piece.contains('@');
        if is_host && has_at && is_name {
            read.plain.push(format!("{}@{literal}", local.replace("\\.", ".")).to_lowercase());
        } else if is_host && (has_at && matches!(local, "" | "*" | ".*" | "^.*") || !has_at && literal.contains('.')) {
            read.plain.push(format!("*@{literal}").to_lowercase());
        } else {
            let whole = piece.strip_prefix('^').unwrap_or(piece);
            let whole = whole.strip_suffix('$').filter(|rest| !rest.ends_with('\\')).unwrap_or(whole);
            read.take_regex(piece, format!("(?i)^(?:{whole})$"));
        }
    }
    read
}

/// Expressions, each as it is.
pub(super) fn regexes(pieces: &[String]) -> Read {
    let mut read = Read::default();
    for piece in pieces {
        read.take_regex(piece, piece.clone());
    }
    read
}

impl Read {
    fn take_regex(&mut self, theirs: &str, ours: String) {
        match Pattern::regex(&ours) {
            Ok(_) => self.regex.push(ours),
            Err(why) => self.wrong.push((theirs.to_owned(), without_look_around(&why))),
        }
    }
}

/// What to do about an expression that cannot be used.
fn without_look_around(why: &str) -> String {
    let remedy = if why.contains("look-around") {
        "write it without (?=, (?!, (?<= and (?<!; two rules, or a condition with matches() && !matches(), often say the same"
    } else if why.contains("backreference") {
        "write it without \\1; name the repeated text, or leave it out"
    } else {
        "correct the expression"
    };
    format!("this expression cannot be used ({why}); {remedy}")
}

/// Texts that begin a line, as patterns over whole lines; what would not stand for itself in one is an expression.
pub(super) fn lines(text: &str) -> Read {
    let mut read = Read::default();
    for line in text.lines().map(str::trim).filter(|line| !line.is_empty()) {
        if line.contains(['*', '?']) {
            read.take_regex(line, format!("^\\s*{}", regex::escape(line)));
        } else {
            read.plain.push(format!("{line}*"));
        }
    }
    read
}

/// When an issue is due: a number counts days.
pub(super) fn due_date(text: &str) -> Option<String> {
    let days = text.trim_start_matches('+').trim_end_matches(['d', 'D']).parse::<u32>().ok();
    let written = days.map_or_else(|| text.to_owned(), |days| format!("+{days}d"));
    due(&written, jiff::civil::Date::ZERO).map(|_| written)
}

/// A custom field as the tracker names it: a bare number is its id.
pub(super) fn field_name(text: &str) -> String {
    if text.bytes().all(|byte| byte.is_ascii_digit()) { format!("customfield_{text}") } else { text.to_owned() }
}

/// Whether a text holds the other's template language (Velocity), which is not ours.
pub(super) fn has_template(text: &str) -> bool {
    text.contains("${")
        || text.contains("#set")
        || text.contains("#if")
        || text.contains("{{")
        || text.contains("$!")
        || text.split('$').skip(1).any(|rest| rest.starts_with(|c: char| c.is_ascii_alphabetic()))
}

/// Whether the value under this plain name may be a secret.
pub(super) fn is_secret(name: &str) -> bool {
    ["password", "passwd", "secret", "token", "credential", "privatekey", "apikey", "passphrase"]
        .iter()
        .any(|word| name.contains(word))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_are_told_from_expressions() {
        let read = addresses(
            "Support@Example.com, .*@foo\\.example, @bar.example, baz.example, (help|info)@x\\.example, ^a.*@b$",
        );
        assert_eq!(read.plain, ["support@example.com", "*@foo.example", "*@bar.example", "*@baz.example"]);
        assert_eq!(read.regex, ["(?i)^(?:(help|info)@x\\.example)$", "(?i)^(?:a.*@b)$"]);
        assert!(read.wrong.is_empty());
    }

    #[test]
    fn expressions_that_need_another_engine_are_told_with_a_remedy() {
        let read = addresses("(?!x).*@foo.example, (a)\\1@b.example, (@c.example");
        let told: Vec<&str> = read.wrong.iter().map(|(_, why)| why.as_str()).collect();
        assert_eq!(told.len(), 3);
        assert!(told[0].contains("without (?="), "{told:?}");
        assert!(told[1].contains("without \\1"), "{told:?}");
        assert!(told[2].contains("correct the expression"), "{told:?}");
    }

    #[test]
    fn a_due_date_is_days_or_ours() {
        assert_eq!(due_date("3").as_deref(), Some("+3d"));
        assert_eq!(due_date("+2w").as_deref(), Some("+2w"));
        assert_eq!(due_date("soon"), None);
    }
}
