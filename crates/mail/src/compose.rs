//! Writes the letters that a gateway sends by itself: MIME bytes with the fields that keep other machines from answering.

mod gap;
mod in_place;
mod notification;

pub use gap::{Base64Lines, Gap};
pub use in_place::{in_place_of, with_general_list, without_fields};
pub use notification::{Content, File, List, Notification, Picture, notification};

use crate::Address;
use mail_builder::MessageBuilder;
use mail_builder::headers::HeaderType;
use mail_builder::headers::address::Address as Named;
use mail_builder::headers::content_type::ContentType;
use mail_builder::headers::raw::Raw;
use mail_builder::headers::text::Text;
use mail_builder::mime::MimePart;

/// Stands for the original while the rest is written; a text that holds a NUL is never composed.
const ORIGINAL: &str = "\0original\0";
/// Octets of a Message-ID that is written; a line of a header may have 998 (RFC 5322, section 2.1.1).
const ID_BYTES_MAX: usize = 900;

/// What a letter says and to whom.
#[derive(Debug, Clone)]
pub struct Letter<'a> {
    pub from: &'a Address,
    /// A plain address.
    pub to: &'a str,
    pub subject: &'a str,
    pub text: &'a str,
    /// Without angle brackets. The boundary is made from it, so it must be one that no stranger could foretell.
    pub message_id: &'a str,
    /// Seconds since the Unix epoch.
    pub date_s: i64,
    /// The mail that is answered, without angle brackets.
    pub answers: Option<&'a str>,
    /// Whether the mail that it is about goes along whole.
    pub with_original: bool,
}

/// The bytes of a letter: when the original goes along, it stands between the two, as it is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Composed {
    pub before: Vec<u8>,
    pub after: Vec<u8>,
}

/// The letter as MIME (RFC 5322, RFC 2045), the same bytes for the same letter.
///
/// `Auto-Submitted` (RFC 3834, section 5), `X-Auto-Response-Suppress` and `Precedence` tell other machines not to answer.
/// Control characters in subject and text become spaces but for line ends, so that nothing can end a field (SEC-09).
pub fn letter(letter: &Letter<'_>) -> Composed {
    let (subject, text) = (one_line(letter.subject), lines(letter.text));
    let name = letter.from.name.as_deref().map(one_line);
    let mut message = MessageBuilder::new()
        .from(Named::new_address(name, letter.from.address.as_str()))
        .to(letter.to)
        .subject(subject.as_str())
        .message_id(letter.message_id)
        .date(letter.date_s)
        .header("Auto-Submitted", Text::new(if letter.with_original { "auto-generated" } else { "auto-replied" }))
        .header("X-Auto-Response-Suppress", Text::new("All"))
        .header("Precedence", Text::new("bulk"));
    if let Some(id) = letter.answers.and_then(bracketed) {
        message = message.header("In-Reply-To", raw(id.clone())).header("References", raw(id));
    }
    let text = MimePart::new(ContentType::new("text/plain").attribute("charset", "utf-8"), text);
    let body = if letter.with_original {
        let original = MimePart::new(ContentType::new("message/rfc822"), ORIGINAL.as_bytes())
            .transfer_encoding("8bit")
            .header("Content-Disposition", Text::new("attachment; filename=\"original.eml\""));
        let boundary = boundary(letter.message_id);
        MimePart::new(ContentType::new("multipart/mixed").attribute("boundary", boundary), vec![text, original])
    } else {
        text
    };
    let mut bytes = Vec::new();
    message.body(body).serialize(&mut bytes);
    match memchr::memmem::find(&bytes, ORIGINAL.as_bytes()) {
        Some(at) => {
            let after = bytes.split_off(at).split_off(ORIGINAL.len());
            Composed { before: bytes, after }
        }
        None => Composed { before: bytes, after: Vec::new() },
    }
}

fn raw(text: String) -> HeaderType<'static> {
    HeaderType::Raw(Raw::new(text))
}

/// A boundary that only this letter has: mail-builder would draw one by chance.
fn boundary(message_id: &str) -> String {
    message_id.chars().filter(char::is_ascii_alphanumeric).take(60).collect()
}

/// A Message-ID as a field holds it, which is as it is: an encoded or folded id would be another one.
fn bracketed(id: &str) -> Option<String> {
    let id = id.trim();
    let is_plain = !id.is_empty() && id.len() <= ID_BYTES_MAX && id.bytes().all(|b| b.is_ascii_graphic());
    (is_plain && !id.contains(['<', '>'])).then(|| format!("<{id}>"))
}

/// On one line, without characters that only steer the display, and without what a reader would decode into other words.
fn one_line(text: &str) -> String {
    let printable: String = text.chars().map(|c| if c.is_control() || is_line_end(c) { ' ' } else { c }).collect();
    printable.split_whitespace().collect::<Vec<_>>().join(" ").replace("=?", "= ?")
}

/// Lines that end with CRLF, without any other control character.
fn lines(text: &str) -> String {
    let clean = |line: &str| line.chars().filter(|c| !c.is_control() || *c == '\t').collect::<String>();
    text.lines().map(clean).collect::<Vec<_>>().join("\r\n") + "\r\n"
}

fn is_line_end(c: char) -> bool {
    matches!(c, '\u{85}' | '\u{2028}' | '\u{2029}')
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use crate::{AutomaticKind, Limits};
    use proptest::prelude::*;

    fn whole(subject: &str, text: &str, answers: Option<&str>, original: Option<&[u8]>) -> Vec<u8> {
        let from = Address { name: Some("Hilfe, Müller & Co.".into()), address: "support@example.org".into() };
        let composed = letter(&Letter {
            from: &from,
            to: "jo@example.net",
            subject,
            text,
            message_id: "aebagbaf2345@example.org",
            date_s: 1_795_000_000,
            answers,
            with_original: original.is_some(),
        });
        [composed.before.as_slice(), original.unwrap_or_default(), composed.after.as_slice()].concat()
    }

    #[test]
    fn a_notice_is_read_as_what_it_is() {
        let reading = crate::read(&whole("Grüße", "Zeile 1\nZeile ä", Some("a@b"), None), &Limits::default());
        let message = reading.message;
        assert_eq!(message.headers.subject, "Grüße");
        assert_eq!(message.headers.from[0].name.as_deref(), Some("Hilfe, Müller & Co."));
        assert_eq!(message.headers.from[0].address, "support@example.org");
        assert_eq!(message.headers.to[0].address, "jo@example.net");
        assert_eq!(message.headers.in_reply_to, ["a@b"]);
        assert_eq!(message.headers.message_id.as_deref(), Some("aebagbaf2345@example.org"));
        assert_eq!(message.headers.date.as_deref(), Some("2026-11-18T11:06:40Z"));
        assert_eq!(message.text.trim_end(), "Zeile 1\nZeile ä");
        assert_eq!(message.automatic.unwrap().kind, AutomaticKind::AutoReply);
        assert_eq!(message.faults, Vec::<String>::new());
    }

    #[test]
    fn words_that_look_encoded_are_not_decoded_and_odd_ids_are_left_out() {
        let secret = "=?utf-8?B?U2VjcmV0?=";
        let headers = crate::read(&whole(secret, "why", Some("grüße@b"), None), &Limits::default()).message.headers;
        assert_eq!(headers.subject, "= ?utf-8?B?U2VjcmV0?=");
        assert_eq!(headers.in_reply_to, Vec::<String>::new());
    }

    #[test]
    fn the_original_goes_along_as_it_is() {
        let original = b"From: a@example.net\r\nSubject: printer\r\n\r\nsmoke\r\n--aebagbaf\r\n";
        let bytes = whole("Fwd", "why", None, Some(original));
        let message = crate::read(&bytes, &Limits::default()).message;
        let types: Vec<&str> = message.parts.iter().map(|part| part.content_type.as_str()).collect();
        assert_eq!(types, ["multipart/mixed", "text/plain", "message/rfc822", "text/plain"]);
        assert!(memchr::memmem::find(&bytes, original).is_some());
        assert!(message.text.starts_with("why"));
    }

    proptest! {
        #[test]
        fn sec_09_no_text_makes_a_field_or_a_second_letter(
            subject in "[\\PC\r\n\u{0}\u{85}\u{2028}:]{0,200}", text in "[\\PC\r\n\u{0}]{0,200}", id in "[\\PC\r\n<> ]{0,60}",
        ) {
            let bytes = whole(&subject, &text, Some(&id), None);
            prop_assert_eq!(&bytes, &whole(&subject, &text, Some(&id), None));
            let head = memchr::memmem::find(&bytes, b"\r\n\r\n").unwrap();
            let names = ["From", "To", "Subject", "Message-ID", "Date", "Auto-Submitted", "X-Auto-Response-Suppress",
                "Precedence", "In-Reply-To", "References", "MIME-Version", "Content-Type", "Content-Transfer-Encoding"];
            for line in String::from_utf8_lossy(&bytes[..head]).split("\r\n") {
                prop_assert!(!line.contains(['\r', '\n', '\0']), "{line:?}");
                let known = line.starts_with([' ', '\t']) || names.iter().any(|name| line.starts_with(&format!("{name}: ")));
                prop_assert!(known, "{line:?}");
            }
        }
    }
}
