//! Content lines of a calendar object: unfolded, and cut into name, parameters and value (RFC 5545, section 3.1).

use crate::transfer::Transfer;
use std::borrow::Cow;

/// Bytes of one unfolded line that are read; what is longer is a file or a page in a property that nobody shows.
const LINE_BYTES_MAX: usize = 64 * 1024;
/// Parameters of one line; the longest real ATTENDEE has about ten.
const PARAMETERS_MAX: usize = 32;
/// Bytes of a name of a property or parameter.
const NAME_BYTES_MAX: usize = 64;

/// One property: names in upper case, parameters without quotation marks, the value as it stood.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Line {
    pub name: String,
    pub parameters: Vec<(String, String)>,
    pub value: String,
}

impl Line {
    /// Takes a line apart; `None` for what is no property.
    pub fn parse(line: &str) -> Option<Line> {
        let (name, mut rest) = line.split_at(line.find([':', ';'])?);
        let name = name.trim();
        if name.is_empty() || name.len() > NAME_BYTES_MAX {
            return None;
        }
        let mut parameters = Vec::new();
        while let Some(after) = rest.strip_prefix(';') {
            let end = after.find(['=', ':', ';'])?;
            let key = after[..end].trim().to_ascii_uppercase();
            let (value, left) = match after[end..].strip_prefix('=') {
                Some(given) => parameter_value(given)?,
                // vCalendar 1.0 writes the encoding without its name.
                None => (key.clone(), &after[end..]),
            };
            if parameters.len() < PARAMETERS_MAX && key.len() <= NAME_BYTES_MAX {
                parameters.push((key, value));
            }
            rest = left;
        }
        let value = rest.strip_prefix(':')?;
        let mut line = Line { name: name.to_ascii_uppercase(), parameters, value: value.to_owned() };
        if line.is_quoted_printable() {
            let bytes = Transfer::QuotedPrintable.decode(line.value.as_bytes()).into_owned();
            line.value = String::from_utf8_lossy(&bytes).into_owned();
        }
        Some(line)
    }

    pub fn parameter(&self, name: &str) -> Option<&str> {
        let found = self.parameters.iter().find(|(key, _)| key == name).map(|(_, value)| value.trim());
        found.filter(|value| !value.is_empty())
    }

    fn is_quoted_printable(&self) -> bool {
        self.parameters.iter().any(|(_, value)| value.eq_ignore_ascii_case("QUOTED-PRINTABLE"))
    }

    /// The value of a TEXT property: escapes undone (RFC 5545, section 3.3.11), control characters but line breaks gone.
    pub fn text(&self) -> String {
        let mut out = String::with_capacity(self.value.len());
        let mut chars = self.value.chars();
        while let Some(c) = chars.next() {
            match c {
                '\\' => match chars.next() {
                    Some('n' | 'N') => out.push('\n'),
                    Some(other) if !other.is_control() => out.push(other),
                    _ => {}
                },
                '\n' => out.push('\n'),
                c if c.is_control() => {}
                c => out.push(c),
            }
        }
        out.trim().to_owned()
    }
}

/// The value up to the next `;` or `:` outside quotation marks, RFC 6868 escapes undone, and what follows.
fn parameter_value(given: &str) -> Option<(String, &str)> {
    let mut value = String::new();
    let (mut is_quoted, mut is_escaped) = (false, false);
    for (at, c) in given.char_indices() {
        match c {
            'n' if is_escaped => value.push(' '),
            '\'' if is_escaped => value.push('"'),
            '^' if is_escaped => value.push('^'),
            '"' => is_quoted = !is_quoted,
            ';' | ':' if !is_quoted => return Some((value, &given[at..])),
            '^' => {}
            c if c.is_control() => {}
            c => value.push(c),
        }
        is_escaped = c == '^' && !is_escaped;
    }
    None
}

/// The unfolded lines of a text; its line breaks are `\n` or `\r\n`, or one of each where a gateway doubled them.
pub(super) struct Lines<'a> {
    rest: &'a str,
}

impl<'a> Lines<'a> {
    pub fn of(text: &'a str) -> Lines<'a> {
        Lines { rest: text }
    }

    fn physical(&mut self) -> &'a str {
        let (line, rest) = self.rest.split_once('\n').unwrap_or((self.rest, ""));
        self.rest = rest;
        line.trim_end_matches('\r')
    }

    /// A fold, also after empty lines: gateways that double line breaks put them in the middle of folds, too. Empty lines
    /// are passed over once and for all, or a page of them would be looked at from each of its lines.
    fn fold(&mut self) -> Option<&'a str> {
        self.rest = self.rest.trim_start_matches(['\n', '\r']);
        self.rest = self.rest.strip_prefix([' ', '\t'])?;
        Some(self.physical())
    }
}

impl<'a> Iterator for Lines<'a> {
    type Item = Cow<'a, str>;

    fn next(&mut self) -> Option<Cow<'a, str>> {
        if self.rest.is_empty() {
            return None;
        }
        let mut line = Cow::Borrowed(prefix(self.physical(), LINE_BYTES_MAX));
        while let Some(more) = self.fold() {
            append(&mut line, more);
        }
        // A soft line break of quoted-printable, which vCalendar 1.0 uses in place of folds.
        while line.ends_with('=') && is_soft(&line) && !self.rest.is_empty() {
            line.to_mut().pop();
            let more = self.physical();
            append(&mut line, more);
        }
        Some(line)
    }
}

fn is_soft(line: &str) -> bool {
    let head = prefix(line, 256);
    head.split(':').next().is_some_and(|head| head.to_ascii_uppercase().contains("QUOTED-PRINTABLE"))
}

fn append(line: &mut Cow<'_, str>, more: &str) {
    let room = LINE_BYTES_MAX.saturating_sub(line.len());
    let more = prefix(more, room);
    if !more.is_empty() {
        line.to_mut().push_str(more);
    }
}

/// The longest prefix of at most so many bytes.
fn prefix(text: &str, bytes_max: usize) -> &str {
    let mut end = bytes_max.min(text.len());
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    &text[..end]
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn folds_escapes_and_quoted_parameters() {
        let text = "ATTENDEE;CN=\"Doe; John: Jr\";X=^'a^':mailto:j\n @x.org\n\n y\nSUMMARY:a\\, b\\nc\\\\";
        let lines: Vec<Line> = Lines::of(text).map(|l| Line::parse(&l).unwrap()).collect();
        assert_eq!(lines[0].parameter("CN"), Some("Doe; John: Jr"));
        assert_eq!(lines[0].parameter("X"), Some("\"a\""));
        assert_eq!(lines[0].value, "mailto:j@x.orgy");
        assert_eq!(lines[1].text(), "a, b\nc\\");
    }

    #[test]
    fn doubled_line_breaks() {
        let lines: Vec<String> = Lines::of("A:1\r\r\n 2\r\n\r\n 3\r\nB:4").map(|l| l.into_owned()).collect();
        assert_eq!(lines, ["A:123", "B:4"]);
    }

    #[test]
    fn quoted_printable_of_version_1() {
        let text = "SUMMARY;ENCODING=QUOTED-PRINTABLE:Gr=C3=BC=\n=C3=9Fe\nUID:1";
        let lines: Vec<Line> = Lines::of(text).map(|l| Line::parse(&l).unwrap()).collect();
        assert_eq!(lines[0].value, "Grüße");
        assert_eq!(lines[1].value, "1");
    }

    #[test]
    fn what_is_no_property_is_none() {
        for line in ["", "x", ":y", ";x:y", "A;B=\"c:d", "A;B=c"] {
            assert_eq!(Line::parse(line), None, "{line}");
        }
    }
}
