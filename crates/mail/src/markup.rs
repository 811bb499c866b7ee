//! HTML cut into tokens: linear on every input, total, with entities decoded (WHATWG HTML, section 13.2.5, simplified).
//!
//! html5ever's own tokenizer and tree are quadratic in the attributes of one tag and in nesting. What is read here is
//! only ever shown as text or handed to the sanitizer, which parses it again by the book.

use crate::tag::Tag;
use html5ever::data::{C1_REPLACEMENTS, NAMED_ENTITIES};
use std::borrow::Cow;

/// Name and value; names are lower case.
pub(crate) type Attribute<'a> = (Cow<'a, str>, Cow<'a, str>);

/// One token; `name` is as it was written.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Token<'a> {
    Text(Cow<'a, str>),
    Open { tag: Tag, name: &'a str, attributes: Vec<Attribute<'a>> },
    Close { tag: Tag, name: &'a str },
}

/// Attributes of one tag that are kept.
const ATTRIBUTES_MAX: usize = 32;
/// Bytes of a tag or attribute name that are kept.
const NAME_BYTES_MAX: usize = 64;
/// Bytes of one attribute value as it is written; a longer one is left out whole, because half an address leads elsewhere.
/// They are pictures in the page, which are never shown.
pub(crate) const VALUE_BYTES_MAX: usize = 4096;
/// The longest name in the table of entities, its semicolon included.
const ENTITY_NAME_BYTES_MAX: usize = 33;

/// Hands every token of `html` to `take`, in order.
pub(crate) fn tokens<'a>(html: &'a str, mut take: impl FnMut(Token<'a>)) {
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
                take(Token::Close { tag: Tag::of(name), name });
                through(rest, ">")
            }
            Some(b'/') => through(rest, ">"),
            Some(b) if b.is_ascii_alphabetic() => {
                let name = name_at(rest, 1);
                let (attributes, length) = attributes(rest, 1 + name.len());
                let tag = Tag::of(name);
                take(Token::Open { tag, name, attributes });
                if rest[..length].ends_with("/>") && (tag.is_foreign() || is_html_in_foreign(name)) {
                    take(Token::Close { tag, name });
                }
                length + if tag.is_raw_text() { raw_text(&rest[length..], tag, &mut take) } else { 0 }
            }
            _ => {
                take(Token::Text(Cow::Borrowed("<")));
                1
            }
        };
    }
}

/// An element of a drawing or a formula that holds HTML (section 13.2.6).
pub(crate) fn is_html_in_foreign(name: &str) -> bool {
    const NAMES: &[&str] = &["foreignobject", "desc", "mi", "mo", "mn", "ms", "mtext", "annotation-xml"];
    NAMES.iter().any(|known| known.eq_ignore_ascii_case(name))
}

/// Bytes up to and including the first `end`, or all.
fn through(rest: &str, end: &str) -> usize {
    rest.find(end).map_or(rest.len(), |n| n + end.len())
}

/// A comment, also an unclosed one, or another declaration. `<!-->` and `<!--->` are whole comments, and `--!>` ends one.
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
    let inner = &rest.as_bytes()[4..];
    let ends =
        |at: usize| [&b"-->"[..], b"--!>"].into_iter().find(|end| inner[at..].starts_with(end)).map(|e| at + e.len());
    4 + memchr::memchr_iter(b'-', inner).find_map(ends).unwrap_or(inner.len())
}

fn name_at(rest: &str, at: usize) -> &str {
    let name = &rest.as_bytes()[at..];
    let length = name.iter().position(|b| is_name_end(*b)).unwrap_or(name.len());
    &rest[at..at + length]
}

fn bounded(text: &str, bytes_max: usize) -> &str {
    &text[..text.floor_char_boundary(bytes_max)]
}

fn lower(name: &str) -> Cow<'_, str> {
    match name.bytes().any(|b| b.is_ascii_uppercase()) {
        true => Cow::Owned(name.to_ascii_lowercase()),
        false => Cow::Borrowed(name),
    }
}

/// The attributes of the tag that `rest` begins with, from `at` on, and the tag's length in bytes.
fn attributes(rest: &str, mut at: usize) -> (Vec<Attribute<'_>>, usize) {
    let bytes = rest.as_bytes();
    let mut attributes: Vec<Attribute> = Vec::new();
    loop {
        while at < bytes.len() && (bytes[at].is_ascii_whitespace() || bytes[at] == b'/') {
            at += 1;
        }
        if at >= bytes.len() {
            return (attributes, at);
        }
        if bytes[at] == b'>' {
            return (attributes, at + 1);
        }
        let (key, value, end) = attribute(rest, at);
        at = end;
        if value.len() <= VALUE_BYTES_MAX
            && attributes.len() < ATTRIBUTES_MAX
            && !attributes.iter().any(|(k, _)| *k == key)
        {
            attributes.push((key, decode_entities(value, true)));
        }
    }
}

fn is_name_end(byte: u8) -> bool {
    byte.is_ascii_whitespace() || byte == b'/' || byte == b'>'
}

/// The attribute at `at`, its value as it is written, and the offset after it; always moves on.
fn attribute(rest: &str, at: usize) -> (Cow<'_, str>, &str, usize) {
    let bytes = rest.as_bytes();
    // A name may begin with an equals sign (WHATWG HTML, "unexpected-equals-sign-before-attribute-name").
    let mut end = at + 1;
    while end < bytes.len() && !is_name_end(bytes[end]) && bytes[end] != b'=' {
        end += 1;
    }
    while !rest.is_char_boundary(end) {
        end += 1;
    }
    let key = lower(bounded(&rest[at..end], NAME_BYTES_MAX));
    let mut after = end;
    while after < bytes.len() && bytes[after].is_ascii_whitespace() {
        after += 1;
    }
    if bytes.get(after) != Some(&b'=') {
        return (key, "", end);
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
    (key, value, next)
}

/// Skips everything up to the closing tag of a raw text element, or takes it as text where a reader sees it; its length
/// in bytes.
fn raw_text<'a>(rest: &'a str, tag: Tag, take: &mut impl FnMut(Token<'a>)) -> usize {
    let bytes = rest.as_bytes();
    let name = tag.word();
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
    if matches!(tag, Tag::Xmp | Tag::Textarea) && end > 0 {
        take(Token::Text(decode_entities(&rest[..end], false)));
    }
    end
}

/// Character references decoded (WHATWG HTML, section 13.2.5.72); one without a semicolon inside an attribute stays
/// when a letter, digit or `=` follows, because it is part of an address there.
fn decode_entities(text: &str, in_attribute: bool) -> Cow<'_, str> {
    let Some(first) = text.find('&') else { return Cow::Borrowed(text) };
    let mut out = String::with_capacity(text.len());
    out.push_str(&text[..first]);
    let mut rest = &text[first..];
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
    Cow::Owned(out)
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
