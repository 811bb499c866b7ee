//! Texts of a profile with places for what a mail says: `From {{sender.name}} by mail`.
//!
//! Nothing is computed, so a text is as long as what stands in it and costs as much to fill in. Whatever a mail says is put
//! in as it is and looked at no further: a place in a subject stays the words that somebody wrote.

/// The longest source, in bytes.
pub(crate) const SOURCE_BYTES_MAX: usize = 4096;
/// How much of one value is put in, in characters.
const VALUE_CHARS_MAX: usize = 1000;

/// A text with places.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Template {
    pieces: Vec<Piece>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Piece {
    Words(String),
    /// The name of what is put in.
    Place(String),
}

/// What can be put in, with its meaning for the manual. `header.` is followed by the name of a field.
pub const PLACES: &[(&str, &str)] = &[
    ("sender.address", "the author's address; empty when there is none or several"),
    ("sender.name", "the author's name, or his address where he gives none"),
    ("sender.domain", "what stands behind the `@` of his address"),
    ("subject", "the subject"),
    (
        "text",
        "what the author wrote himself: in `description` all of it, cleaned up and with its layout, elsewhere its beginning as it came, with banners and directives",
    ),
    ("date", "when the mail came in, such as `2026-11-22`"),
    ("time", "the same with the time of day, RFC 3339 in UTC"),
    ("message_id", "the Message-ID"),
    ("to", "the addresses in To, parted by commas"),
    ("cc", "the addresses in Cc, parted by commas"),
    ("recipient", "the first recipient at which mail is awaited"),
    ("mailbox", "the mailbox it came in by"),
    ("site", "the site"),
    ("header.NAME", "the first header field of this name that Sealpost does not read otherwise"),
];

impl Template {
    /// Reads a source; a place that is not known is refused with the nearest that is.
    pub(crate) fn read(source: &str) -> Result<Template, String> {
        if source.len() > SOURCE_BYTES_MAX {
            return Err(format!("it is longer than {SOURCE_BYTES_MAX} bytes"));
        }
        let mut pieces = Vec::new();
        let mut rest = source;
        while let Some((words, after)) = rest.split_once("{{") {
            let Some((name, after)) = after.split_once("}}") else { return Err("a {{ has no }}".to_owned()) };
            let name = name.trim();
            let is_known = PLACES.iter().any(|(known, _)| *known == name && *known != "header.NAME");
            let is_field = name.strip_prefix("header.").is_some_and(|field| !field.is_empty());
            if !is_known && !is_field {
                let hint = crate::profile::meant(name, PLACES.iter().map(|(known, _)| *known));
                return Err(format!("{name:?} is nothing that a mail says{hint}"));
            }
            pieces.push(Piece::Words(words.to_owned()));
            pieces.push(Piece::Place(name.to_owned()));
            rest = after;
        }
        pieces.push(Piece::Words(rest.to_owned()));
        pieces.retain(|piece| *piece != Piece::Words(String::new()));
        Ok(Template { pieces })
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.pieces.is_empty()
    }

    /// What stands before and behind the first place of this name; `None` where there is none.
    pub(crate) fn around(&self, place: &str) -> Option<(Template, Template)> {
        let at = self.pieces.iter().position(|piece| matches!(piece, Piece::Place(name) if name == place))?;
        let part = |pieces: &[Piece]| Template { pieces: pieces.to_vec() };
        Some((part(self.pieces.get(..at)?), part(self.pieces.get(at + 1..)?)))
    }

    /// The text with every place filled in; `value` tells what is put in for a name.
    pub(crate) fn filled(&self, value: impl Fn(&str) -> String) -> String {
        let piece = |piece: &Piece| match piece {
            Piece::Words(words) => words.clone(),
            Piece::Place(name) => value(name).chars().take(VALUE_CHARS_MAX).collect(),
        };
        self.pieces.iter().map(piece).collect()
    }
}

impl Template {
    /// Whether something is put in that the mail says of itself, and that its author may have made up.
    pub(crate) fn believes_the_mail(&self) -> bool {
        const OURS: &[&str] = &["date", "time", "mailbox", "site", "recipient"];
        self.pieces.iter().any(|piece| matches!(piece, Piece::Place(name) if !OURS.contains(&name.as_str())))
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::Template;

    #[test]
    fn places_are_filled_in_once() {
        let template = Template::read("By {{ sender.name }}: {{subject}} {{header.X-Team}}.").unwrap();
        let value = |name: &str| match name {
            "subject" => "{{sender.name}}".to_owned(),
            other => other.to_uppercase(),
        };
        assert_eq!(template.filled(value), "By SENDER.NAME: {{sender.name}} HEADER.X-TEAM.");
        assert!(Template::read("").unwrap().is_empty());
    }

    #[test]
    fn a_place_parts_a_text() {
        let template = Template::read("A {{subject}} b {{text}} c {{text}}").unwrap();
        let (before, after) = template.around("text").unwrap();
        let value = |name: &str| name.to_uppercase();
        assert_eq!((before.filled(value), after.filled(value)), ("A SUBJECT b ".to_owned(), " c TEXT".to_owned()));
        assert_eq!(template.around("date"), None);
    }

    #[test]
    fn what_is_no_place_is_refused() {
        assert!(Template::read("{{sender.adress}}").unwrap_err().contains("did you mean \"sender.address\"?"));
        assert!(Template::read("{{header.}}").unwrap_err().contains("nothing that a mail says"));
        assert!(Template::read("{{subject").unwrap_err().contains("has no }}"));
        assert!(Template::read(&"x".repeat(5000)).unwrap_err().contains("4096"));
    }

    #[test]
    fn what_is_put_in_is_bounded() {
        let template = Template::read(&"{{subject}}".repeat(300)).unwrap();
        assert_eq!(template.filled(|_| "y".repeat(5000)).len(), 300 * 1000);
    }
}
