//! On which lines the keys of a document are written.

use std::borrow::Cow;
use toml::Spanned;
use toml::de::{DeTable, DeValue};

/// A document, to be asked for the lines of its keys.
pub(crate) struct Lines<'t> {
    text: &'t str,
    document: Option<Spanned<DeTable<'t>>>,
}

impl<'t> Lines<'t> {
    pub(crate) fn of(text: &'t str) -> Lines<'t> {
        Lines { text, document: DeTable::parse(text).ok() }
    }

    /// The line, from 1, of a key such as `rule[2].from`. Where it is not written, the line of the innermost table that is; `None`
    /// where none is, as for what is missing at the top.
    pub(super) fn of_key(&self, key: &str) -> Option<usize> {
        let offset = within(self.document.as_ref()?.get_ref(), key)?;
        Some(line_at(self.text, offset))
    }

    /// The line, from 1, on which the text of a key such as `commented.html` begins, and whether it runs on over the lines of the document;
    /// `None` where it is not written, or is no text.
    pub(crate) fn of_text(&self, key: &str) -> Option<(usize, bool)> {
        let value = value(self.document.as_ref()?.get_ref(), key)?;
        let (start, written) = (value.span().start, self.text.get(value.span())?);
        let quoted = written.strip_prefix("'''").or_else(|| written.strip_prefix("\"\"\""));
        // A line end right behind the quotes belongs to them.
        let is_below = quoted.is_some_and(|rest| rest.starts_with('\n') || rest.starts_with("\r\n"));
        value.get_ref().as_str().map(|_| (line_at(self.text, start) + usize::from(is_below), quoted.is_some()))
    }
}

/// The value of a key in tables.
fn value<'a, 't>(table: &'a DeTable<'t>, key: &str) -> Option<&'a Spanned<DeValue<'t>>> {
    match key.split_once('.') {
        None => written(table, key).map(|(_, value)| value),
        Some((name, rest)) => value(written(table, name)?.1.get_ref().as_table()?, rest),
    }
}

/// The line, from 1, on which this octet stands.
pub(super) fn line_at(text: &str, offset: usize) -> usize {
    text.bytes().take(offset).filter(|byte| *byte == b'\n').count() + 1
}

/// Where a key begins in a table.
fn within(table: &DeTable<'_>, key: &str) -> Option<usize> {
    if let Some((name, _)) = written(table, key) {
        return Some(name.span().start);
    }
    let (first, rest) = key.split_once('.')?;
    let (name, number) = match first.strip_suffix(']').and_then(|first| first.split_once('[')) {
        Some((name, number)) => (name, number.parse::<usize>().ok()),
        None => (first, None),
    };
    let (name, value) = written(table, name)?;
    let inner = match (value.get_ref(), number) {
        (DeValue::Table(inner), None) => Some((inner, name.span().start)),
        (DeValue::Array(entries), Some(number)) => {
            let entry = entries.get(number.checked_sub(1)?)?;
            entry.get_ref().as_table().map(|inner| (inner, entry.span().start))
        }
        _ => None,
    };
    inner.map_or(Some(name.span().start), |(inner, start)| within(inner, rest).or(Some(start)))
}

fn written<'a, 't>(table: &'a DeTable<'t>, key: &str) -> Option<(&'a Spanned<Cow<'t, str>>, &'a Spanned<DeValue<'t>>)> {
    table.get_key_value(key)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_are_found_where_they_are_written_and_missing_ones_in_their_table() {
        let text = "catch = \"a@b.example\"\n\n[default]\nproject = \"A\"\n# about it\nfields = { \"x.y\" = 1 }\n\n[[rule]]\nname = \"r\"\n\
            [[rule]]\nname = \"s\"\nfrom = [\n  \"*\",\n]\n[rule.fields]\nTeam = \"Ours\"\n[reply]\n\"odd.key\" = 1\n";
        let lines = Lines::of(text);
        let of = |key: &str| lines.of_key(key);
        assert_eq!([of("catch"), of("default.project"), of("default.fields")], [Some(1), Some(4), Some(6)]);
        assert_eq!([of("rule[1].name"), of("rule[2].from"), of("rule[2].fields")], [Some(9), Some(12), Some(15)]);
        assert_eq!(of("reply.odd.key"), Some(18));
        assert_eq!([of("default.watchers"), of("rule[2].to"), of("rule[1].to")], [Some(3), Some(10), Some(8)]);
        assert_eq!([of("forward_to"), of("directives.senders"), of("rule[3].to")], [None, None, None]);
        assert_eq!(Lines::of("a = ").of_key("a"), None);
        assert_eq!(Lines::of("rule = 1\nmapping = [{ name = \"x\" }]").of_key("mapping[1].to"), Some(2));
    }
}
