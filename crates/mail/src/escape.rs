//! Text as HTML, written as browsers write it (WHATWG HTML, section 13.3), so that reading it again yields the same.

/// The content of an element. No NUL and no CR, which parsers drop or change.
pub(crate) fn text(text: &str, out: &mut String) {
    written(text, false, out);
}

/// The value of an attribute between double quotes; characters as in [`text`].
pub(crate) fn value(text: &str, out: &mut String) {
    written(text, true, out);
}

/// A text as it may stand in an element and in an attribute between double quotes; NUL is left out, and CR is LF.
pub fn escaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len() + text.len() / 8);
    value(text, &mut out);
    out
}

/// What [`value`] writes is at most this long, in bytes.
pub(crate) fn value_length_max(text: &str) -> usize {
    let longer = text.bytes().map(|byte| match byte {
        b'&' | 0xc2 => 4,
        b'<' | b'>' => 3,
        b'"' => 5,
        _ => 0,
    });
    text.len() + longer.sum::<usize>()
}

/// Whether each byte may begin something that is not written as it stands: one table look-up per byte.
const SPECIAL: [bool; 256] = {
    let mut table = [false; 256];
    let bytes = b"&<>\"\r\0\xc2";
    let mut at = 0;
    while at < bytes.len() {
        table[bytes[at] as usize] = true;
        at += 1;
    }
    table
};

fn written(text: &str, quoted: bool, out: &mut String) {
    let bytes = text.as_bytes();
    let mut from = 0;
    let mut at = 0;
    while at < bytes.len() {
        if !SPECIAL[bytes[at] as usize] {
            at += 1;
            continue;
        }
        let (replacement, length) = match bytes[at] {
            b'&' => ("&amp;", 1),
            b'<' => ("&lt;", 1),
            b'>' => ("&gt;", 1),
            b'"' if quoted => ("&quot;", 1),
            b'\0' => ("", 1),
            b'\r' if bytes.get(at + 1) == Some(&b'\n') => ("", 1),
            b'\r' => ("\n", 1),
            0xc2 if bytes.get(at + 1) == Some(&0xa0) => ("&nbsp;", 2),
            _ => {
                at += 1;
                continue;
            }
        };
        out.push_str(&text[from..at]);
        out.push_str(replacement);
        at += length;
        from = at;
    }
    out.push_str(&text[from..]);
}

#[cfg(test)]
mod tests {
    #[test]
    fn what_parsers_would_change_is_not_written() {
        let mut out = String::new();
        super::text("a\0\r\nb\rc\u{a0}\u{a1}<&>\"", &mut out);
        super::value("\"é\"", &mut out);
        assert_eq!(out, "a\nb\nc&nbsp;\u{a1}&lt;&amp;&gt;\"&quot;é&quot;");
    }
}
