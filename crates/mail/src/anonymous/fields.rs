//! What becomes of each header field of an anonymous mail: only what is known to name nobody is copied.

use super::stand_ins::Manner;
use crate::{automatic, other_fields};

/// Fields of addresses, ids and words that mean something to mail programs.
const KNOWN: &[&str] = &[
    "return-path",
    "delivered-to",
    "x-original-to",
    "envelope-to",
    "x-envelope-to",
    "x-failed-recipients",
    "errors-to",
    "message-id",
    "resent-message-id",
    "original-message-id",
    "in-reply-to",
    "references",
    "content-id",
    "date",
    "resent-date",
    "mime-version",
    "precedence",
    "x-precedence",
    "auto-submitted",
    "x-auto-response-suppress",
    "importance",
    "priority",
    "x-priority",
    "x-msmail-priority",
    "sensitivity",
    "x-spam-flag",
    "x-mailman-version",
    "list-unsubscribe-post",
];
/// More of them, in which people may be named who stand in no other.
pub(super) const PEOPLE: &[&str] = &[
    "from",
    "sender",
    "reply-to",
    "to",
    "cc",
    "bcc",
    "resent-from",
    "resent-sender",
    "resent-to",
    "resent-cc",
    "return-receipt-to",
    "disposition-notification-to",
];
/// Fields of lists: what stands in angle brackets says which list it is, the rest is its name in words.
const LISTS: &[&str] = &[
    "list-id",
    "list-post",
    "list-unsubscribe",
    "list-subscribe",
    "list-help",
    "list-owner",
    "list-archive",
    "mailing-list",
    "x-mailing-list",
];
/// What people wrote.
const TEXTS: &[&str] = &["subject", "thread-topic", "comments", "keywords"];
/// How the fields begin in which a program gives directives.
const DIRECTIVES: &str = "x-sealpost-";
/// Nothing decides by it, and it names a machine.
const CLIENT: &str = "x-originating-ip";

/// What becomes of a header field.
pub(super) enum Treatment {
    /// It does not come along: nothing decides by it, or it is written anew.
    Left,
    /// As many as there were, which says how far the mail came.
    Received,
    Written(Manner),
    /// A word of our own tables, by which machines tell that they answer.
    Sign(&'static str),
    /// Only what stands in angle brackets is written.
    List,
    /// Nobody knows what it means: its name stays, of its value the shape.
    Unknown,
}

impl Treatment {
    /// By the field's name in lower case, and its value where that may say that a machine sent the mail: such a word is no name, even of
    /// somebody who is called so, and such a field stays, whoever writes it.
    pub(super) fn of(name: &str, value: &[u8]) -> Treatment {
        if let Some(word) = automatic::sign_in(name, value) {
            return Treatment::Sign(word);
        }
        match name {
            "received" => Treatment::Received,
            _ if KNOWN.contains(&name) || PEOPLE.contains(&name) => Treatment::Written(Manner::Field),
            _ if LISTS.contains(&name) => Treatment::List,
            _ if TEXTS.contains(&name) || name.starts_with(DIRECTIVES) => Treatment::Written(Manner::Text),
            _ if automatic::is_sign(name) => Treatment::Unknown,
            _ if name == CLIENT || other_fields::is_told_elsewhere(name) => Treatment::Left,
            _ => Treatment::Unknown,
        }
    }
}

/// What stands in angle brackets, or all of a value without any.
pub(super) fn bracketed(value: &str) -> String {
    if !value.contains('<') {
        return value.to_owned();
    }
    let pieces = value.split('<').skip(1).map(|piece| format!("<{}>", piece.split('>').next().unwrap_or_default()));
    pieces.collect::<Vec<_>>().join(", ")
}
