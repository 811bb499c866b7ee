//! Header fields: a block of bytes is cut into names and values, and a value is read as text (RFC 5322, section 2.2).

use crate::{charset, encoded};
use std::borrow::Cow;

/// One header field; `value` is everything after the colon, folds and the last line break included.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Field<'a> {
    pub name: &'a [u8],
    pub value: &'a [u8],
}

/// A header block in the order in which it stood.
#[derive(Debug, Default)]
pub(crate) struct Block<'a> {
    pub fields: Vec<Field<'a>>,
    /// Where the body begins, counted from the start of the bytes that were given.
    pub body_offset: usize,
    /// The block ran over the limit on its bytes or fields.
    pub overrun: Option<&'static str>,
    pub faults: Vec<&'static str>,
}

/// Empty lines that may stand before the header block of a mail; more than these are a body.
const LEADING_EMPTY_LINES_MAX: usize = 100;

impl<'a> Block<'a> {
    /// The first field of this name, whatever its case.
    pub fn get(&self, name: &str) -> Option<&'a [u8]> {
        self.all(name).next()
    }

    /// Every field of this name, topmost first.
    pub fn all<'s>(&'s self, name: &'s str) -> impl Iterator<Item = &'a [u8]> + 's {
        self.fields.iter().filter(move |f| f.name.eq_ignore_ascii_case(name.as_bytes())).map(|f| f.value)
    }

    /// The first field of this name as decoded text.
    pub fn text(&self, name: &str) -> Option<String> {
        self.get(name).map(text)
    }

    /// Reads the header block at the start of `raw`, at most `bytes_max` bytes and `fields_max` fields of it.
    ///
    /// Linear, total. A line that is neither a field nor a fold is skipped when a field follows it, and begins the
    /// body otherwise: a mail without an empty line after its header must not lose its first words.
    pub fn read(raw: &'a [u8], bytes_max: usize, fields_max: usize) -> Block<'a> {
        Block::read_from(raw, 0, bytes_max, fields_max)
    }

    /// [`Block::read`] for a whole mail, before whose header a byte order mark and empty lines may stand; in a part
    /// these end an empty header.
    pub fn read_mail(raw: &'a [u8], bytes_max: usize, fields_max: usize) -> Block<'a> {
        let mark = if raw.starts_with(b"\xef\xbb\xbf") { 3 } else { 0 };
        Block::read_from(raw, mark + skip_leading_empty(&raw[mark..]), bytes_max, fields_max)
    }

    fn read_from(raw: &'a [u8], start: usize, bytes_max: usize, fields_max: usize) -> Block<'a> {
        let mut block = Block::default();
        let mut at = start;
        while at < raw.len() {
            let end = line_end(raw, at);
            if end - start > bytes_max {
                block.overrun = Some("header block is too large");
                break;
            }
            let line = &raw[at..end];
            if is_empty(line) {
                at = end;
                break;
            }
            if is_fold(line) {
                extend_last(&mut block, raw, end);
            } else if let Some(colon) = colon(line) {
                if block.fields.len() == fields_max {
                    block.overrun = Some("header block has too many fields");
                    break;
                }
                block.fields.push(Field { name: line[..colon].trim_ascii(), value: &line[colon + 1..] });
            } else if !is_postmark(line) {
                if !field_follows(raw, end) {
                    block.faults.push("no empty line between header and body");
                    break;
                }
                block.faults.push("a header line is not a field");
            }
            at = end;
        }
        block.body_offset = at;
        block
    }
}

/// Bytes in which a mail shows how it ends its lines; the same that [`crate::identity()`] sees of it.
pub const HEAD_BYTES_MAX: usize = 256 * 1024;

/// Mail from old Macintosh files ends its lines with CR alone; they become LF, as many bytes, so that sizes stay true.
pub(crate) fn with_line_feeds(raw: &[u8]) -> Cow<'_, [u8]> {
    let head = &raw[..raw.len().min(HEAD_BYTES_MAX)];
    if head.contains(&b'\n') || !head.contains(&b'\r') {
        return Cow::Borrowed(raw);
    }
    Cow::Owned(raw.iter().map(|&b| if b == b'\r' { b'\n' } else { b }).collect())
}

fn skip_leading_empty(raw: &[u8]) -> usize {
    let mut at = 0;
    for _ in 0..LEADING_EMPTY_LINES_MAX {
        let end = line_end(raw, at);
        if at >= raw.len() {
            return 0;
        }
        if !is_empty(&raw[at..end]) {
            let head = &raw[at..end];
            return if colon(head).is_some() || is_postmark(head) { at } else { 0 };
        }
        at = end;
    }
    0
}

/// The offset just after the line break that ends the line at `at`.
pub(crate) fn line_end(raw: &[u8], at: usize) -> usize {
    let rest = raw.get(at..).unwrap_or_default();
    memchr::memchr(b'\n', rest).map_or(raw.len(), |n| at + n + 1)
}

/// Line breaks alone; gateways that translate twice write `\r\r\n`.
fn is_empty(line: &[u8]) -> bool {
    line.iter().all(|b| matches!(b, b'\r' | b'\n'))
}

fn is_fold(line: &[u8]) -> bool {
    matches!(line.first(), Some(b' ' | b'\t'))
}

/// The line with which mbox files separate mails; no field, but no fault either.
fn is_postmark(line: &[u8]) -> bool {
    line.starts_with(b"From ") || line.starts_with(b">From ")
}

/// A field name is printable and has no space (RFC 5322, section 2.2); white space before the colon is obsolete syntax.
fn colon(line: &[u8]) -> Option<usize> {
    let colon = line.iter().position(|&b| b == b':')?;
    let name = line[..colon].trim_ascii_end();
    (!name.is_empty() && name.iter().all(|&b| b > 0x20 && b != 0x7f)).then_some(colon)
}

fn field_follows(raw: &[u8], at: usize) -> bool {
    let line = &raw[at..line_end(raw, at)];
    colon(line).is_some() || is_fold(line) && !line.trim_ascii().is_empty()
}

fn extend_last<'a>(block: &mut Block<'a>, raw: &'a [u8], end: usize) {
    let Some(last) = block.fields.last_mut() else {
        block.faults.push("a header begins with a fold");
        return;
    };
    // A skipped line may stand between the value and this fold; then only the fold's neighbourhood is kept.
    let from = last.value.as_ptr() as usize - raw.as_ptr() as usize;
    last.value = &raw[from..end];
}

/// Bytes of a value as UTF-8 with a line break at its end, without which mail-parser sees no value; 8-bit values in
/// another charset are recognised and recoded, encoded words are made whole.
pub(crate) fn utf8(value: &[u8]) -> Cow<'_, [u8]> {
    let mut text = match recognised(value) {
        Cow::Borrowed(_) => Cow::Borrowed(value),
        Cow::Owned(text) => Cow::Owned(text.into_bytes()),
    };
    if text.windows(2).any(|w| w == b"=?") {
        text = Cow::Owned(encoded::rewrite(&String::from_utf8_lossy(&text)).into_bytes());
    }
    if !text.ends_with(b"\n") {
        text.to_mut().push(b'\n');
    }
    text
}

/// The value as text. Old Japanese mail writes its charset's escapes without naming it.
fn recognised(value: &[u8]) -> Cow<'_, str> {
    match std::str::from_utf8(value) {
        Ok(text) if !value.windows(2).any(|w| w == b"\x1b$") => Cow::Borrowed(text),
        _ => Cow::Owned(charset::decode(value, None).text),
    }
}

/// An unstructured value: unfolded, encoded words decoded (RFC 2047), control characters made spaces.
pub(crate) fn text(value: &[u8]) -> String {
    printable(&encoded::decode(&unfolded(&recognised(value))).text)
}

/// What is malformed in a value that is meant for people.
pub(crate) fn fault(value: &[u8]) -> Option<&'static str> {
    if !value.is_ascii() && std::str::from_utf8(value).is_err() {
        return Some("a header field is 8-bit text of no declared charset");
    }
    if value.windows(2).any(|w| w == b"\x1b$") {
        return Some("a header field is Japanese of no declared charset");
    }
    encoded::decode(&unfolded(&recognised(value))).fault
}

/// Each fold and the white space around it becomes one space.
fn unfolded(text: &str) -> Cow<'_, str> {
    if !text.trim_end().contains('\n') {
        return Cow::Borrowed(text);
    }
    Cow::Owned(text.split('\n').map(str::trim).filter(|l| !l.is_empty()).collect::<Vec<_>>().join(" "))
}

/// A value as it stood, unfolded, for fields that know no encoded words.
pub(crate) fn plain(value: &[u8]) -> String {
    printable(&String::from_utf8_lossy(&utf8(value)))
}

/// Control characters become spaces and outer white space goes: an encoded word may decode to a line break (SEC-09).
pub(crate) fn printable(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.trim().chars() {
        match c {
            '\r' => {}
            c if c.is_control() || matches!(c, '\u{2028}' | '\u{2029}') => out.push(' '),
            c => out.push(c),
        }
    }
    out
}
