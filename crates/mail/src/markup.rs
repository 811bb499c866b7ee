//! HTML cut into tokens: linear on every input, total, with entities decoded (WHATWG HTML, section 13.2.5, simplified).
//!
//! html5ever's own tokenizer and tree are quadratic in the attributes of one tag and in nesting. What is read here is
//! only ever shown as text or handed to the sanitizer, which parses it again by the book.

use html5ever::data::{C1_REPLACEMENTS, NAMED_ENTITIES};

/// One token; names are lower case.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Token {
    Text(String),
    Open { name: String, attributes: Vec<(String, String)> },
    Close(String),
}

/// Attributes of one tag that are kept.
const ATTRIBUTES_MAX: usize = 32;
/// Bytes of a tag or attribute name that are kept.
const NAME_BYTES_MAX: usize = 64;
/// Bytes of one attribute value that are kept: longer ones are pictures in the page, which are never shown.
const VALUE_BYTES_MAX: usize = 4096;
/// The longest name in the table of entities, its semicolon included.
const ENTITY_NAME_BYTES_MAX: usize = 33;

/// Elements whose content is not markup, and whether that content is text that a reader sees.
const RAW_TEXT: &[(&str, bool)] = &[
    ("script", false),
    ("style", false),
    ("title", false),
    ("iframe", false),
    ("noembed", false),
    ("noframes", false),
    ("xmp", true),
    ("textarea", true),
];

/// Hands every token of `html` to `take`, in order.
pub(crate) fn tokens(html: &str, mut take: impl FnMut(Token)) {
    let mut at = 0;
    while at < html.len() {
        let rest = &html[at..];
        let next = rest.find('<').unwrap_or(rest.len());
        if next > 0 {
            take(Token::Text(decode_entities(&rest[..next], false)));
            at += next;
            continue;
        }
        at += match rest.as_bytes().get(1) {
            Some(b'!') => declaration(rest),
            Some(b'?') => through(rest, ">"),
            Some(b'/') if rest.as_bytes().get(2).is_some_and(u8::is_ascii_alphabetic) => {
                let name = name_at(rest, 2);
                let length = through(rest, ">");
                take(Token::Close(name));
                length
            }
            Some(b'/') => through(rest, ">"),
            Some(b) if b.is_ascii_alphabetic() => {
                let (name, attributes, length) = open_tag(rest);
                let raw = RAW_TEXT.iter().find(|(raw, _)| *raw == name);
                take(Token::Open { name, attributes });
                length + raw.map_or(0, |(name, seen)| raw_text(&rest[length..], name, *seen, &mut take))
            }
            _ => {
                take(Token::Text("<".to_owned()));
                1
            }
        };
    }
}

/// Bytes up to and including the first `end`, or all.
fn through(rest: &str, end: &str) -> usize {
    rest.find(end).map_or(rest.len(), |n| n + end.len())
}

/// A comment, also an unclosed one, or another declaration. `<!-->` and `<!--->` are whole comments.
fn declaration(rest: &str) -> usize {
    if !rest.starts_with("<!--") {
        return through(rest, ">");
    }
    if rest.starts_with("<!-->") {
        return 5;
    }
    if rest.starts_with("<!--->") {
        return 6;
    }
    4 + through(&rest[4..], "-->")
}

fn name_at(rest: &str, at: usize) -> String {
    let name = rest[at..].split(|c: char| c.is_ascii_whitespace() || c == '>' || c == '/').next().unwrap_or("");
    bounded(name, NAME_BYTES_MAX).to_ascii_lowercase()
}

fn bounded(text: &str, bytes_max: usize) -> &str {
    let mut end = text.len().min(bytes_max);
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    &text[..end]
}

/// The name and attributes of the tag that `rest` begins with, and its length in bytes.
fn open_tag(rest: &str) -> (String, Vec<(String, String)>, usize) {
    let bytes = rest.as_bytes();
    let mut at = 1;
    while at < bytes.len() && !is_name_end(bytes[at]) {
        at += 1;
    }
    let name = bounded(&rest[1..at], NAME_BYTES_MAX).to_ascii_lowercase();
    let mut attributes: Vec<(String, String)> = Vec::new();
    loop {
        while at < bytes.len() && (bytes[at].is_ascii_whitespace() || bytes[at] == b'/') {
            at += 1;
        }
        if at >= bytes.len() {
            return (name, attributes, at);
        }
        if bytes[at] == b'>' {
            return (name, attributes, at + 1);
        }
        let (key, value, end) = attribute(rest, at);
        at = end;
        if attributes.len() < ATTRIBUTES_MAX && !attributes.iter().any(|(k, _)| *k == key) {
            attributes.push((key, value));
        }
    }
}

fn is_name_end(byte: u8) -> bool {
    byte.is_ascii_whitespace() || byte == b'/' || byte == b'>'
}

/// The attribute at `at` and the offset after it; always moves on.
fn attribute(rest: &str, at: usize) -> (String, String, usize) {
    let bytes = rest.as_bytes();
    // A name may begin with an equals sign (WHATWG HTML, "unexpected-equals-sign-before-attribute-name").
    let mut end = at + 1;
    while end < bytes.len() && !is_name_end(bytes[end]) && bytes[end] != b'=' {
        end += 1;
    }
    while !rest.is_char_boundary(end) {
        end += 1;
    }
    let key = bounded(&rest[at..end], NAME_BYTES_MAX).to_ascii_lowercase();
    let mut after = end;
    while after < bytes.len() && bytes[after].is_ascii_whitespace() {
        after += 1;
    }
    if bytes.get(after) != Some(&b'=') {
        return (key, String::new(), end);
    }
    after += 1;
    while after < bytes.len() && bytes[after].is_ascii_whitespace() {
        after += 1;
    }
    let (value, next) = match bytes.get(after) {
        Some(&quote @ (b'"' | b'\'')) => {
            let start = after + 1;
            let length = rest[start..].find(quote as char).unwrap_or(rest.len() - start);
            (&rest[start..start + length], (start + length + 1).min(rest.len()))
        }
        _ => {
            let length =
                rest[after..].find(|c: char| c.is_ascii_whitespace() || c == '>').unwrap_or(rest.len() - after);
            (&rest[after..after + length], after + length)
        }
    };
    (key, decode_entities(bounded(value, VALUE_BYTES_MAX), true), next)
}

/// Skips (or takes as text) everything up to the closing tag of a raw text element; its length in bytes.
fn raw_text(rest: &str, name: &str, seen: bool, take: &mut impl FnMut(Token)) -> usize {
    let bytes = rest.as_bytes();
    let mut at = 0;
    let end = loop {
        let Some(found) = rest[at..].find("</") else { break rest.len() };
        at += found;
        let after = at + 2 + name.len();
        let is_name = bytes.get(at + 2..after).is_some_and(|n| n.eq_ignore_ascii_case(name.as_bytes()));
        if is_name && bytes.get(after).is_none_or(|b| is_name_end(*b)) {
            break at;
        }
        at += 2;
    };
    if seen && end > 0 {
        take(Token::Text(decode_entities(&rest[..end], false)));
    }
    end
}

/// Character references decoded (WHATWG HTML, section 13.2.5.72); one without a semicolon inside an attribute stays
/// when a letter, digit or `=` follows, because it is part of an address there.
pub(crate) fn decode_entities(text: &str, in_attribute: bool) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find('&') {
        out.push_str(&rest[..at]);
        rest = &rest[at..];
        let length = match rest.as_bytes().get(1) {
            Some(b'#') => numeric(rest, &mut out),
            _ => named(rest, in_attribute, &mut out),
        };
        if length == 0 {
            out.push('&');
        }
        rest = &rest[length.max(1)..];
    }
    out.push_str(rest);
    out
}

/// Appends what `&#…;` stands for; the bytes it takes, 0 when it is none.
fn numeric(rest: &str, out: &mut String) -> usize {
    let bytes = rest.as_bytes();
    let (radix, start) = if matches!(bytes.get(2), Some(b'x' | b'X')) { (16, 3) } else { (10, 2) };
    let mut code = 0u32;
    let mut at = start;
    while let Some(digit) = bytes.get(at).and_then(|b| (*b as char).to_digit(radix)) {
        code = code.saturating_mul(radix).saturating_add(digit);
        at += 1;
    }
    if at == start {
        return 0;
    }
    let replaced = code.checked_sub(0x80).and_then(|n| C1_REPLACEMENTS.get(n as usize).copied().flatten());
    out.push(replaced.or_else(|| char::from_u32(code).filter(|c| *c != '\0')).unwrap_or('\u{fffd}'));
    if bytes.get(at) == Some(&b';') { at + 1 } else { at }
}

fn named(rest: &str, in_attribute: bool, out: &mut String) -> usize {
    let name = &rest[1..];
    let mut length = name.bytes().take(ENTITY_NAME_BYTES_MAX).take_while(u8::is_ascii_alphanumeric).count();
    if name.as_bytes().get(length) == Some(&b';') {
        length += 1;
    }
    while length > 1 {
        let found = NAMED_ENTITIES.get(&name[..length]).filter(|(first, _)| *first != 0);
        let next = name.as_bytes().get(length);
        let is_part_of_address = in_attribute
            && !name[..length].ends_with(';')
            && next.is_some_and(|b| b.is_ascii_alphanumeric() || *b == b'=');
        if let Some((first, second)) = found.filter(|_| !is_part_of_address) {
            out.extend([*first, *second].into_iter().filter(|c| *c != 0).filter_map(char::from_u32));
            return 1 + length;
        }
        length -= 1;
    }
    0
}
