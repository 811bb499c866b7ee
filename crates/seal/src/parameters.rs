//! Parameters of a field (RFC 2045, section 5.1), taken out of its bytes without touching the others.

/// What stands between the parts of a field.
const BLANKS: &[u8] = b" \t\r\n";

/// A parameter as it stands in a field.
struct Parameter<'a> {
    /// Without the number and the mark of RFC 2231.
    name: &'a [u8],
    /// Where the semicolon before it stands.
    start: usize,
    /// Behind its value.
    end: usize,
}

/// The field without the parameters of these names, whatever their value; every other byte stays as it came, folds and comments among them. A
/// comment within such a parameter goes with it, one behind it stays. No line of blanks alone comes about, which some take for the end of the
/// header. It is the same field where it has none of them.
pub(crate) fn without_parameters(field: &[u8], names: &[&str]) -> Vec<u8> {
    let (mut out, mut at) = (Vec::with_capacity(field.len()), 0);
    for one in parameters(field) {
        if !names.iter().any(|name| one.name.eq_ignore_ascii_case(name.as_bytes())) {
            continue;
        }
        out.extend_from_slice(&field[at..one.start]);
        at = one.end;
        let blanks = field[at..].iter().take_while(|byte| is_blank(byte)).count();
        let is_last_of_line = matches!(field.get(at + blanks), None | Some(b'\n'));
        // Where nothing else is left of its line, that goes too.
        if let Some(length) = is_last_of_line.then(|| blank_line(&out)).flatten() {
            out.truncate(length);
            at += field[at..].iter().take_while(|byte| matches!(byte, b' ' | b'\t')).count();
        }
    }
    out.extend_from_slice(&field[at..]);
    out
}

/// Where the line break before a last line stands that has nothing but blanks.
fn blank_line(bytes: &[u8]) -> Option<usize> {
    let blanks = bytes.iter().rev().take_while(|byte| is_blank(byte)).count();
    let before = bytes[..bytes.len() - blanks].strip_suffix(b"\n")?;
    Some(before.strip_suffix(b"\r").unwrap_or(before).len())
}

/// Whether it leaves a line as good as empty.
fn is_blank(byte: &u8) -> bool {
    byte.is_ascii_whitespace() && *byte != b'\n'
}

/// All parameters, in their order. What has no name and value is passed over.
fn parameters(field: &[u8]) -> Vec<Parameter<'_>> {
    // The end of the line is none of a parameter's.
    let field = field.trim_ascii_end();
    let colon = field.iter().position(|byte| *byte == b':').unwrap_or(field.len());
    let mut found = Vec::new();
    let mut start = next_semicolon(field, colon);
    while start < field.len() {
        let name_at = behind_blanks(field, start + 1);
        let name = token(field, name_at);
        let equals = behind_blanks(field, name_at + name.len());
        let next = next_semicolon(field, start + 1);
        if field.get(equals) == Some(&b'=') {
            let value_end = value_end(field, behind_blanks(field, equals + 1));
            // Words behind a value belong to it: they are no part of another.
            let end = if behind_blanks(field, value_end) == next { value_end } else { next };
            let name = name.split(|byte| *byte == b'*').next().unwrap_or_default();
            found.push(Parameter { name, start, end });
        }
        start = next;
    }
    found
}

/// The next semicolon that stands in no comment and in no quotes, or the end.
fn next_semicolon(field: &[u8], mut at: usize) -> usize {
    while let Some(byte) = field.get(at) {
        at = match byte {
            b';' => return at,
            b'"' => behind_quotes(field, at),
            b'(' => behind_comment(field, at),
            _ => at + 1,
        };
    }
    field.len()
}

/// Behind blanks and comments.
fn behind_blanks(field: &[u8], mut at: usize) -> usize {
    while let Some(byte) = field.get(at) {
        at = match byte {
            b'(' => behind_comment(field, at),
            byte if BLANKS.contains(byte) => at + 1,
            _ => return at,
        };
    }
    field.len()
}

fn token(field: &[u8], at: usize) -> &[u8] {
    let rest = field.get(at..).unwrap_or_default();
    let is_of_it = |byte: &u8| !BLANKS.contains(byte) && !b"=;\"(".contains(byte);
    &rest[..rest.iter().take_while(|byte| is_of_it(byte)).count()]
}

fn value_end(field: &[u8], at: usize) -> usize {
    match field.get(at) {
        Some(b'"') => behind_quotes(field, at),
        _ => at + token(field, at).len(),
    }
}

/// Behind the quotes that open here; those that nothing closes end with the field.
fn behind_quotes(field: &[u8], open: usize) -> usize {
    let mut at = open + 1;
    while let Some(byte) = field.get(at) {
        match byte {
            b'\\' => at += 2,
            b'"' => return at + 1,
            _ => at += 1,
        }
    }
    field.len()
}

/// The same of a comment, with those within it.
fn behind_comment(field: &[u8], open: usize) -> usize {
    let (mut at, mut depth) = (open, 0usize);
    while let Some(byte) = field.get(at) {
        match byte {
            b'\\' => at += 1,
            b'(' => depth += 1,
            b')' => depth -= 1,
            _ => {}
        }
        at += 1;
        if depth == 0 {
            return at;
        }
    }
    field.len()
}

#[cfg(test)]
mod tests {
    use super::*;

    const NAMES: &[&str] = &["hp", "protected-headers"];

    fn without(field: &str) -> String {
        String::from_utf8(without_parameters(field.as_bytes(), NAMES)).expect("text")
    }

    #[test]
    fn what_is_named_goes_and_every_other_byte_stays() {
        for (field, left) in [
            ("Content-Type: text/plain; hp=\"cipher\"\r\n", "Content-Type: text/plain\r\n"),
            ("Content-Type: text/plain;hp=clear\r\n", "Content-Type: text/plain\r\n"),
            // As we and Thunderbird write it.
            (
                "Content-Type: text/plain; charset=utf-8;\r\n protected-headers=\"v1\";\r\n hp=\"cipher\"\r\n",
                "Content-Type: text/plain; charset=utf-8\r\n",
            ),
            (
                "Content-Type: multipart/mixed; boundary=\"b\";\r\n protected-headers=\"v1\"; hp=\"clear\"\r\n",
                "Content-Type: multipart/mixed; boundary=\"b\"\r\n",
            ),
            // In another order, between others, with folds of others.
            (
                "content-TYPE:\r\n\ttext/plain;\r\n\tHP=\"cipher\";\r\n\tformat=flowed ;\r\n  Protected-Headers=v1 ; charset=utf-8\r\n",
                "content-TYPE:\r\n\ttext/plain;\r\n\tformat=flowed  ; charset=utf-8\r\n",
            ),
            // A semicolon at the end, and one that leads its line.
            ("Content-Type: text/plain; hp=\"cipher\";\r\n", "Content-Type: text/plain;\r\n"),
            ("Content-Type: text/plain\r\n ; hp=\"cipher\"\r\n", "Content-Type: text/plain\r\n"),
            (
                "Content-Type: text/plain\r\n ; hp=\"cipher\" ; protected-headers=v1 \r\n ; charset=utf-8\r\n",
                "Content-Type: text/plain\r\n ; charset=utf-8\r\n",
            ),
            // Comments: within it they go, elsewhere they stay.
            (
                "Content-Type: text/plain (a; hp=x); (b) hp (c) = (d) \"cipher\" (e (;) \\( f); charset=utf-8\r\n",
                "Content-Type: text/plain (a; hp=x) (e (;) \\( f); charset=utf-8\r\n",
            ),
            // RFC 2231, and words that belong nowhere.
            ("Content-Type: text/plain; hp*=us-ascii'en'cipher; a=b\n", "Content-Type: text/plain; a=b\n"),
            ("Content-Type: text/plain; hp*0=cip; hp*1=her; a=b\n", "Content-Type: text/plain; a=b\n"),
            ("Content-Type: text/plain; hp=cipher and more; a=b", "Content-Type: text/plain; a=b"),
            ("Content-Type: text/plain; hp=\"cipher\\\"; a=b", "Content-Type: text/plain"),
        ] {
            assert_eq!(without(field), left, "{field:?}");
            assert_eq!(without(left), left);
        }
    }

    #[test]
    fn what_only_looks_like_it_stays() {
        for field in [
            "Content-Type: text/plain; name=\"a; hp=\\\"cipher\\\"; b\"; charset=utf-8\r\n",
            "Content-Type: text/plain; name=\"; hp=cipher\";\r\n x=\"protected-headers=v1\"\r\n",
            "Content-Type: text/plain; xhp=\"cipher\"; hp-legacy-display=\"1\"; hp\r\n",
            "Content-Type: text/plain (; hp=cipher)\r\n",
            "Content-Type: text/plain; hp-outer=x; (hp=cipher)\r\n",
            "Content-Type: hp=cipher\r\n",
            "Content-Type",
            "",
        ] {
            assert_eq!(without(field), field);
        }
    }

    proptest::proptest! {
        #[test]
        fn whatever_stands_there_is_survived_and_no_line_becomes_blank(field in "Content-Type: t/p[;=\"(\\\\ \r\n\thp*a)]{0,60}") {
            let left = without_parameters(field.as_bytes(), NAMES);
            proptest::prop_assert!(left.len() <= field.len());
            let blank = |bytes: &[u8]| bytes.split(|byte| *byte == b'\n').filter(|line| line.trim_ascii().is_empty()).count();
            proptest::prop_assert!(blank(&left) <= blank(field.as_bytes()));
        }
    }
}
