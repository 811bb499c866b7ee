//! Fields that travel within what is sealed (RFC 9788): who wrote what to whom about what, as it was said and not as servers hand it on.
//!
//! Written: every field that says something to people is within, beside the content, and a note of what was left outside of each. Where the
//! mail is encrypted, the subject outside may be another. Read: what stands within counts, and what servers made of it outside is told.

mod display;
mod restore;

pub use restore::{Protected, Restored, restored};

use crate::Random;
use crate::entity::{self, Entity, Prepared, is_clean, name_of};
use crate::parameters::without_parameters;

/// Fields that servers and programs add on the way; nobody seals them, and nobody takes them from within.
const OF_THE_WAY: [&[u8]; 16] = [
    b"received",
    b"return-path",
    b"delivered-to",
    b"x-original-to",
    b"envelope-to",
    b"dkim-signature",
    b"domainkey-signature",
    b"authentication-results",
    b"received-spf",
    b"arc-seal",
    b"arc-message-signature",
    b"arc-authentication-results",
    b"autocrypt",
    b"bcc",
    b"resent-bcc",
    b"hp-outer",
];

/// Fields that say what the subject says, or more; where that is hidden, they are too.
const AS_THE_SUBJECT: [&[u8]; 7] =
    [b"keywords", b"comments", b"thread-topic", b"summary", b"x-summary", b"x-subject", b"x-original-subject"];

/// The parameters by which fields within are known: that of RFC 9788 (section 2.1.1), and the word of a draft before.
const MARKS: [&str; 2] = ["hp", "protected-headers"];

/// How fields are protected.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Protection<'a> {
    /// What stands outside for a subject, when the mail is encrypted; `[...]` is what RFC 9788 (section 3.2.1) proposes. `None` leaves it as
    /// it is. Other fields that say what it says ([`AS_THE_SUBJECT`]) are not said outside then, either.
    pub outer_subject: Option<&'a str>,
    /// The subject also leads the text, for programs that do not know of fields within; those that do leave it out (section 2.1.2).
    pub is_displayed: bool,
}

/// An opened mail as it may be handed on: its content no longer says that its fields are protected, because what protected them came off.
/// Every other byte stays.
///
/// Of `hp-legacy-display` nothing is taken here. It says that a text begins with a subject that programs leave out, and [`restored`] takes it
/// away together with that subject; where it still stands, so does the subject, and it is right.
pub fn unmarked(mail: Vec<u8>) -> Vec<u8> {
    let entity = Entity::read(&mail);
    let is_kind = |field: &[u8]| name_of(field) == b"content-type";
    let fields = entity.fields();
    if !fields.iter().any(|field| is_kind(field) && without_parameters(field, &MARKS).len() < field.len()) {
        return mail;
    }
    let mut out = Vec::with_capacity(mail.len());
    for field in fields {
        match is_kind(field) {
            true => out.extend_from_slice(&without_parameters(field, &MARKS)),
            false => out.extend_from_slice(field),
        }
    }
    out.extend_from_slice(&mail[entity.head.len()..]);
    out
}

/// The mail with its fields within. `is_encrypted`: nobody on the way reads what is within.
pub(crate) fn protect(
    prepared: Prepared,
    protection: &Protection<'_>,
    is_encrypted: bool,
    random: &mut dyn Random,
) -> Prepared {
    let Prepared { outer, inner, is_fit } = prepared;
    let outside = Entity { head: &outer, body: &[] };
    let hides = protection.outer_subject.filter(|_| is_encrypted);
    let (mut out, mut within, mut notes) = (Vec::new(), Vec::new(), Vec::new());
    for field in outside.fields() {
        let name = name_of(field);
        if name == b"hp-outer" {
            continue;
        }
        let is_of_the_way = OF_THE_WAY.contains(&&name[..]);
        if !is_of_the_way {
            within.extend_from_slice(field);
        }
        let left = match (hides, &name[..]) {
            (Some(subject), b"subject") => Some(format!("Subject: {}\r\n", one_line(subject)).into_bytes()),
            (Some(_), name) if AS_THE_SUBJECT.contains(&name) => None,
            _ => Some(field.to_vec()),
        };
        if let Some(left) = left {
            if is_encrypted && !is_of_the_way {
                notes.extend_from_slice(b"HP-Outer: ");
                notes.extend_from_slice(&left);
            }
            out.extend_from_slice(&left);
        }
    }
    let shown = hides.filter(|_| protection.is_displayed).and_then(|_| display::subject(&outside));
    let inner = match shown {
        Some(subject) => display::with(&inner, &subject).unwrap_or(inner),
        None => inner,
    };
    let is_fit = is_fit && is_clean(&within);
    Prepared { outer: out, inner: marked(&inner, within, notes, is_encrypted, random), is_fit }
}

/// A subject of the settings cannot begin a field of its own.
pub(crate) fn one_line(text: &str) -> String {
    text.chars().map(|sign| if sign.is_ascii_graphic() || sign == ' ' { sign } else { '?' }).collect()
}

/// The entity with the fields in its head, and the mark by which they are known (section 2.1.1). `protected-headers` is the word of a
/// draft before, which Thunderbird reads in OpenPGP.
fn marked(inner: &[u8], within: Vec<u8>, notes: Vec<u8>, is_encrypted: bool, random: &mut dyn Random) -> Vec<u8> {
    let mark = if is_encrypted { "cipher" } else { "clear" };
    let entity = Entity::read(inner);
    let is_plain = entity.kind().is_some_and(|kind| MARKS.iter().all(|name| kind.parameter(name).is_none()));
    let mut out = within;
    if is_plain {
        for field in entity.fields() {
            match &name_of(field)[..] {
                b"content-type" => {
                    let parameters = [("protected-headers", "v1"), ("hp", mark)];
                    out.extend_from_slice(&entity::with_parameters(field, &parameters));
                }
                _ => out.extend_from_slice(field),
            }
        }
        out.extend_from_slice(&notes);
        out.extend_from_slice(b"\r\n");
        out.extend_from_slice(entity.body);
        return out;
    }
    // It is marked already, or says nothing that can be marked: it becomes the one part of another.
    let boundary = entity::boundary(random);
    let head = format!(
        "Content-Type: multipart/mixed; boundary=\"{boundary}\";\r\n protected-headers=\"v1\"; hp=\"{mark}\"\r\n"
    );
    out.extend_from_slice(head.as_bytes());
    out.extend_from_slice(&notes);
    out.extend_from_slice(format!("\r\n--{boundary}\r\n").as_bytes());
    out.extend_from_slice(inner);
    out.extend_from_slice(format!("\r\n--{boundary}--\r\n").as_bytes());
    out
}
