//! Reading fields that stand within (RFC 9788, section 4).

use super::{OF_THE_WAY, display};
use crate::entity::{Entity, name_of};
use mail_parser::MessageParser;
use serde::{Deserialize, Serialize};

/// Fields by which people and programs know who says what to whom, and to which of the mails before. Where a mail has any of its fields
/// within, none of these is taken from outside: whoever left it out did not say it.
const SAID: [&[u8]; 15] = [
    b"from",
    b"sender",
    b"reply-to",
    b"to",
    b"cc",
    b"date",
    b"subject",
    b"keywords",
    b"comments",
    b"message-id",
    b"in-reply-to",
    b"references",
    b"auto-submitted",
    b"disposition-notification-to",
    b"list-unsubscribe",
];

/// How the fields of a mail were protected.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Protected {
    /// Whoever carried the mail could not read what is hidden.
    pub is_encrypted: bool,
    /// Names, in small letters, of fields that said something else outside, or nothing, as their author wanted it.
    pub hidden: Vec<String>,
    /// Names of fields that stand outside other than their author left them: somebody on the way changed them.
    pub changed: Vec<String>,
    /// The mail says within that it is from somebody else than it says outside, where servers check it; what stands outside was taken
    /// (section 4.4).
    pub other_author: bool,
}

/// A mail put together again from what travelled within and outside.
#[derive(Debug, PartialEq, Eq)]
pub struct Restored {
    pub mail: Vec<u8>,
    /// How its fields were protected; `None` where they were not.
    pub protected: Option<Protected>,
}

/// The mail whose content was opened: `payload`, with the fields that count.
///
/// `is_encrypted`, `is_signed`: what held of the payload. Fields within a payload of which neither holds are no better than those outside.
pub fn restored(mail: &[u8], payload: &[u8], is_encrypted: bool, is_signed: bool) -> Restored {
    let (outer, wrapped) = (Entity::read(mail), Entity::read(payload));
    let kind = wrapped.kind();
    let parameter = |name: &str| kind.as_ref().and_then(|kind| kind.parameter(name));
    // What S/MIME had before: a whole mail within (RFC 8551, section 3.1).
    let is_whole = kind.as_ref().is_some_and(|kind| kind.essence == "message/rfc822")
        && parameter("forwarded").is_some_and(|word| word.eq_ignore_ascii_case("no"));
    let is_marked = parameter("hp").is_some_and(|word| ["clear", "cipher"].contains(&word))
        || parameter("protected-headers").is_some_and(|word| word.starts_with("v1"));
    if !(is_whole || is_marked) || !(is_encrypted || is_signed) {
        return Restored { mail: joined(&outer_fields(&outer, |_| true), &wrapped), protected: None };
    }
    let inner = if is_whole { Entity::read(wrapped.body) } else { wrapped };
    // Whether it says so itself decides: a mail that was only signed, and encrypted by somebody else around it, hides nothing.
    let says_cipher = parameter("hp") != Some("clear");
    let protected = compared(&outer, &inner, is_encrypted && says_cipher);
    let is_within =
        |name: &[u8]| !name.starts_with(b"content-") && name != b"mime-version" && !OF_THE_WAY.contains(&name);
    // What stands outside otherwise than it was left there may be of a server that checked the mail, and is not taken away by who wrote it.
    let is_changed = |name: &[u8]| protected.changed.iter().any(|one| one.as_bytes() == name);
    let mut head: Vec<&[u8]> = outer_fields(&outer, |name| {
        let is_said_within = inner.fields().iter().any(|field| name_of(field) == name && is_fit(field));
        OF_THE_WAY.contains(&name)
            || name == b"from" && protected.other_author
            || !SAID.contains(&name) && (!is_said_within || is_changed(name))
    });
    head.extend(inner.fields().into_iter().filter(|field| {
        let name = name_of(field);
        is_within(&name) && is_fit(field) && !(name == b"from" && protected.other_author)
    }));
    let shown = display::without(&[inner.head, b"\r\n", inner.body].concat());
    let body = shown.as_deref().map_or(inner, Entity::read);
    Restored { mail: joined(&head, &body), protected: Some(protected) }
}

fn outer_fields<'a>(outer: &Entity<'a>, is_taken: impl Fn(&[u8]) -> bool) -> Vec<&'a [u8]> {
    let mut fields = outer.fields();
    fields.retain(|field| {
        let name = name_of(field);
        !name.starts_with(b"content-")
            && name != b"mime-version"
            && name != b"hp-outer"
            && is_fit(field)
            && is_taken(&name)
    });
    fields
}

/// Whether every program reads the same field there: a name of plain letters at the beginning of its line, and no CR or NUL but in the ends
/// of lines, which some take for the end of the field. Any other would be judged here by one name and read elsewhere by another.
fn is_fit(field: &[u8]) -> bool {
    let mut parts = field.splitn(2, |byte| *byte == b':');
    let name = parts.next().unwrap_or_default();
    let is_named = parts.next().is_some() && !name.is_empty() && name.iter().all(u8::is_ascii_graphic);
    let is_whole = |line: &[u8]| !line.iter().any(|byte| matches!(byte, b'\r' | 0));
    let ends = |line: &[u8]| {
        line.strip_suffix(b"\n").map_or(line.len(), |line| line.strip_suffix(b"\r").unwrap_or(line).len())
    };
    is_named && field.split_inclusive(|byte| *byte == b'\n').all(|line| is_whole(&line[..ends(line)]))
}

/// What differs between outside and within, and who meant it to.
fn compared(outer: &Entity<'_>, inner: &Entity<'_>, is_encrypted: bool) -> Protected {
    // One note for each field that was left outside.
    let left: Vec<&[u8]> = inner.fields().into_iter().filter(|field| name_of(field) == b"hp-outer").collect();
    let left: Vec<&[u8]> =
        left.iter().map(|field| field.get(b"hp-outer:".len()..).unwrap_or_default().trim_ascii_start()).collect();
    let mut protected = Protected { is_encrypted, ..Protected::default() };
    let mut names: Vec<Vec<u8>> = inner.fields().into_iter().map(name_of).collect();
    names.extend(SAID.iter().map(|name| name.to_vec()));
    names.extend(left.iter().map(|field| name_of(field)));
    names.retain(|name| !OF_THE_WAY.contains(&&name[..]) && !name.starts_with(b"content-") && name != b"mime-version");
    names.sort();
    names.dedup();
    for name in names {
        let (within, outside) = (values(&inner.fields(), &name), values(&outer.fields(), &name));
        let meant = if left.is_empty() { within.clone() } else { values(&left, &name) };
        let word = || String::from_utf8_lossy(&name).into_owned();
        if is_encrypted && !left.is_empty() && meant != within {
            protected.hidden.push(word());
        }
        // A draft before RFC 9788 has no notes; what it hides is the subject.
        let is_hidden_subject = left.is_empty() && is_encrypted && name == b"subject";
        if outside != meant && !is_hidden_subject {
            protected.changed.push(word());
        }
        if is_hidden_subject && outside != within {
            protected.hidden.push(word());
        }
    }
    let authors = |entity: &Entity<'_>| -> Vec<Vec<String>> {
        let from = entity.fields().into_iter().filter(|field| name_of(field) == b"from");
        from.map(addresses).collect()
    };
    // Of several such fields each program takes another.
    protected.other_author = authors(outer) != authors(inner) || authors(inner).len() > 1;
    protected
}

/// The values of a field, each without its folds.
fn values(fields: &[&[u8]], name: &[u8]) -> Vec<Vec<u8>> {
    let of_name = fields.iter().filter(|field| name_of(field) == name);
    of_name
        .map(|field| {
            let value = field.get(name.len() + 1..).unwrap_or_default();
            value.split(u8::is_ascii_whitespace).filter(|word| !word.is_empty()).collect::<Vec<_>>().join(&b' ')
        })
        .collect()
}

/// The addresses of whoever wrote it, in small letters.
fn addresses(head: &[u8]) -> Vec<String> {
    let parsed = MessageParser::new().with_address_headers().parse_headers(head);
    let from = parsed.as_ref().and_then(|mail| mail.from());
    let addresses = from.into_iter().flat_map(|from| from.iter());
    addresses.filter_map(|one| one.address()).map(str::to_ascii_lowercase).collect()
}

fn joined(head: &[&[u8]], content: &Entity<'_>) -> Vec<u8> {
    let mut out = Vec::new();
    let mut put = |field: &[u8]| {
        out.extend_from_slice(field);
        if !field.ends_with(b"\n") {
            out.extend_from_slice(b"\r\n");
        }
    };
    head.iter().for_each(|field| put(field));
    put(b"MIME-Version: 1.0\r\n");
    let of_content = content.fields().into_iter().filter(|field| name_of(field).starts_with(b"content-"));
    of_content.filter(|field| is_fit(field)).for_each(put);
    out.extend_from_slice(b"\r\n");
    out.extend_from_slice(content.body);
    out
}
