//! The filters and tests that templates have; there are no others.

use super::words;
use minijinja::value::{Kwargs, ValueKind};
use minijinja::{Environment, Error, ErrorKind, Value, filters};

/// Every filter, with its meaning for the manual.
pub const FILTERS: &[(&str, &str)] = &[
    ("default(value)", "the value where there is none"),
    ("e", "the text with `<`, `>`, `&` and quotes written out; HTML does it by itself"),
    ("filled(name=value)", "a text of `words` with its `{name}` filled in"),
    ("first", "the first of several"),
    ("indented(spaces)", "each line behind so many spaces, at most 16"),
    ("join(text)", "several values as one text"),
    ("last", "the last of several"),
    ("length", "how many there are"),
    ("lower", "in lower case"),
    ("shortened(characters)", "the beginning of a text, with an ellipsis where it is longer"),
    ("trim", "without spaces and line ends at both ends"),
    ("underlined", "the text and a line of `=` below it, as long as it is"),
    ("upper", "in upper case"),
];

/// The most spaces of `indented`.
const SPACES_MAX: usize = 16;

pub(super) fn add(environment: &mut Environment<'static>) {
    environment.add_filter("default", default);
    environment.add_filter("e", filters::escape);
    environment.add_filter("filled", filled);
    environment.add_filter("first", filters::first);
    environment.add_filter("indented", indented);
    environment.add_filter("join", filters::join);
    environment.add_filter("last", filters::last);
    environment.add_filter("length", filters::length);
    environment.add_filter("lower", filters::lower);
    environment.add_filter("shortened", shortened);
    environment.add_filter("trim", filters::trim);
    environment.add_filter("underlined", underlined);
    environment.add_filter("upper", filters::upper);
    environment.add_test("defined", minijinja::tests::is_defined);
    environment.add_test("none", |value: Value| value.kind() == ValueKind::None);
}

/// As [`filters::default`], and of none, too: what a view has not is none.
fn default(value: Value, instead: Option<Value>, is_empty_nothing: Option<bool>) -> Value {
    match value.is_undefined() || value.is_none() || is_empty_nothing == Some(true) && !value.is_true() {
        true => instead.unwrap_or_else(|| Value::from("")),
        false => value,
    }
}

fn filled(pattern: String, values: Kwargs) -> Result<String, Error> {
    let mut named = Vec::new();
    for name in values.args().map(str::to_owned).collect::<Vec<_>>() {
        let value: Value = values.get(&name)?;
        named.push((name, if value.is_none() { String::new() } else { value.to_string() }));
    }
    let named: Vec<(&str, &str)> = named.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
    Ok(words::filled(&pattern, &named))
}

fn indented(text: String, spaces: usize) -> Result<String, Error> {
    if spaces > SPACES_MAX {
        return Err(Error::new(ErrorKind::InvalidOperation, "too many spaces"));
    }
    let space = " ".repeat(spaces);
    let line = |line: &str| if line.trim().is_empty() { String::new() } else { format!("{space}{line}") };
    Ok(text.lines().map(line).collect::<Vec<_>>().join("\n"))
}

fn shortened(text: String, characters: usize) -> String {
    crate::shortened::shortened(&text, characters).into_owned()
}

fn underlined(text: String) -> String {
    let line = "=".repeat(text.chars().count().min(72));
    format!("{text}\n{line}")
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn each_filter_does_what_the_manual_says() {
        let mut environment = Environment::empty();
        add(&mut environment);
        for (source, written) in [
            ("{{ 'a {who} {gone}'|filled(who='{x}') }}", "a {x} "),
            ("{{ 'a\n\nb'|indented(2) }}", "  a\n\n  b"),
            ("{{ 'äöü'|shortened(2) }}{{ 'ab'|shortened(2) }}", "äö…ab"),
            ("{{ 'äö'|underlined }}", "äö\n=="),
            ("{{ ['a', 'b']|join(', ') }}{{ ['a', 'b']|length }}{{ ['a', 'b']|last }}", "a, b2b"),
            ("{{ ' a '|trim|upper }}{{ gone|default('-') }}", "A-"),
            ("{{ none|default('-') }}{{ ''|default('-') }}{{ ''|default('=', true) }}{{ 0|default(1) }}", "-=0"),
            ("{% if gone is defined %}x{% endif %}{{ none is none }}", "True"),
        ] {
            assert_eq!(environment.render_str(source, Value::UNDEFINED).unwrap(), written, "{source}");
        }
        assert!(environment.render_str("{{ 'a'|indented(1000000) }}", Value::UNDEFINED).is_err());
        for gone in ["'a'|safe", "'a'|replace('a', 'b')", "'%9999999999d'|format(1)", "range(9)", "[1]|list"] {
            assert!(environment.render_str(&format!("{{{{ {gone} }}}}"), Value::UNDEFINED).is_err(), "{gone}");
        }
        let told = FILTERS.iter().map(|(name, _)| name.split('(').next().unwrap());
        for name in told {
            let known = environment.render_str(&format!("{{{{ 'a'|{name} }}}}"), Value::UNDEFINED);
            assert!(!known.is_err_and(|error| error.kind() == ErrorKind::UnknownFilter), "{name}");
        }
    }
}
