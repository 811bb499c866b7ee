//! What a letter about an issue says when it is read again, and what it can never be made to say.
#![allow(clippy::unwrap_used)]

use super::*;
use crate::{Limits, Message};
use proptest::prelude::*;

const PIXEL: &[u8] = b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR\0\0\0\x01\0\0\0\x01\x08\x06\0\0\0\x1f\x15\xc4\x89";
const ID: &str = "aebagbaf2345@example.org";
const PDF: &[u8] = b"%PDF-1.7";
const EML: &[u8] = b"Subject: x\r\n\r\n\x80";
const FILES: [File<'_>; 2] = [
    File {
        name: "Übersicht \"März\"/..\r\n.pdf",
        content_type: "application/pdf; name=x",
        content: Content::Bytes(PDF),
    },
    File { name: "mail.eml", content_type: "message/rfc822", content: Content::Bytes(EML) },
];

fn address(name: &str, address: &str) -> Address {
    Address { name: Some(name.to_owned()).filter(|name| !name.is_empty()), address: address.to_owned() }
}

fn plain<'a>(from: &'a Address, to: &'a [Address]) -> Notification<'a> {
    Notification {
        from,
        to,
        reply_to: None,
        subject: "Grüße",
        text: "Zeile 1\nZeile ä",
        html: None,
        message_id: ID,
        thread: None,
        answers: &[],
        date_s: 1_795_000_000,
        list: None,
        unsubscribe: None,
        language: None,
        pictures: &[],
        files: &[],
    }
}

/// The bytes of a letter without gaps.
fn whole(letter: &Notification<'_>) -> Vec<u8> {
    let (bytes, gaps) = notification(letter);
    assert_eq!(gaps, []);
    bytes
}

fn read(bytes: &[u8]) -> Message {
    crate::read(bytes, &Limits::default()).message
}

/// The lines of the header, folded ones joined.
fn fields(bytes: &[u8]) -> Vec<String> {
    let head = memchr::memmem::find(bytes, b"\r\n\r\n").unwrap();
    let head = String::from_utf8(bytes[..head].to_vec()).unwrap();
    head.replace("\r\n ", " ").split("\r\n").map(str::to_owned).collect()
}

fn field(bytes: &[u8], name: &str) -> Option<String> {
    let start = format!("{name}: ");
    fields(bytes).iter().find_map(|line| line.strip_prefix(&start).map(str::to_owned))
}

/// A letter with everything that one can have.
fn full() -> Vec<u8> {
    let from = address("Hilfe, Müller & Co.", "support@example.org");
    let to = [address("Jörg \"J\" Öl", "jo@example.net"), address("", "ann@bücher.example")];
    let answers = ["first@example.net".to_owned(), "no id".to_owned(), "ä@example.net".to_owned()];
    let pictures = [Picture { content_id: "seal-1@x", content_type: "image/png", content: Content::Bytes(PIXEL) }];
    whole(&Notification {
        reply_to: Some("support+12@example.org"),
        html: Some("<p>Zeile <b>ä</b> <img src=\"cid:seal-1@x\"></p>"),
        thread: Some("issue-12@example.org"),
        answers: &answers,
        list: Some(List { name: "HELP-12, Grüße", id: "HELP-12.desk.example.org" }),
        unsubscribe: Some("https://desk.example.org/u/abc?x=1,2"),
        language: Some("de-AT"),
        pictures: &pictures,
        files: &FILES,
        ..plain(&from, &to)
    })
}

#[test]
fn a_letter_about_an_issue_is_read_as_what_it_is() {
    let bytes = full();
    let message = read(&bytes);
    let headers = &message.headers;
    assert_eq!(headers.subject, "Grüße");
    assert_eq!(headers.from, [address("Hilfe, Müller & Co.", "support@example.org")]);
    assert_eq!(headers.to, [address("Jörg \"J\" Öl", "jo@example.net"), address("", "ann@xn--bcher-kva.example")]);
    assert_eq!(headers.reply_to, [address("", "support+12@example.org")]);
    assert_eq!(headers.message_id.as_deref(), Some(ID));
    assert_eq!(headers.in_reply_to, ["issue-12@example.org"]);
    assert_eq!(headers.references, ["first@example.net", "issue-12@example.org"]);
    assert_eq!(headers.date.as_deref(), Some("2026-11-18T11:06:40Z"));
    for (name, value) in [
        ("List-Id", "=?utf-8?B?SEVMUC0xMiwgR3LDvMOfZQ==?= <HELP-12.desk.example.org>"),
        ("List-Unsubscribe", "<https://desk.example.org/u/abc?x=1,2>"),
        ("List-Unsubscribe-Post", "List-Unsubscribe=One-Click"),
        ("Content-Language", "de-AT"),
        ("Auto-Submitted", "auto-generated"),
        ("X-Auto-Response-Suppress", "All"),
        ("Precedence", "bulk"),
    ] {
        assert_eq!(field(&bytes, name).as_deref(), Some(value), "{name}");
    }
    assert_eq!(message.text.trim_end(), "Zeile 1\nZeile ä");
    assert!(message.html.unwrap().contains("<b>ä</b>"));
    assert_eq!(message.faults, Vec::<String>::new());
}

#[test]
fn page_pictures_and_files_stand_where_readers_look_for_them() {
    let bytes = full();
    let message = read(&bytes);
    let tree: Vec<(&str, &str)> =
        message.parts.iter().map(|part| (part.path.as_str(), part.content_type.as_str())).collect();
    assert_eq!(
        tree,
        [
            ("1", "multipart/mixed"),
            ("1.1", "multipart/alternative"),
            ("1.1.1", "text/plain"),
            ("1.1.2", "multipart/related"),
            ("1.1.2.1", "text/html"),
            ("1.1.2.2", "image/png"),
            ("1.2", "application/pdf"),
            ("1.3", "application/octet-stream"),
        ]
    );
    let part = |path: &str| message.parts.iter().find(|part| part.path == path).unwrap();
    assert_eq!(part("1.1.2.2").content_id.as_deref(), Some("seal-1@x"));
    assert_eq!(part("1.1.2.2").disposition.as_deref(), Some("inline"));
    assert_eq!(part("1.2").disposition.as_deref(), Some("attachment"));
    assert_eq!(part("1.2").name.as_deref(), Some(safe_name(FILES[0].name, 1).as_str()));
    assert_eq!(part("1.3").name.as_deref(), Some("mail.eml"));
    let text = "Zeile 1\r\nZeile ä\r\n".as_bytes();
    for (path, content) in [("1.1.1", text), ("1.1.2.2", PIXEL), ("1.2", PDF), ("1.3", EML)] {
        assert_eq!(crate::part(&bytes, &Limits::default(), path).as_deref(), Some(content), "{path}");
    }
}

#[test]
fn a_letter_of_text_to_people_who_do_not_see_each_other() {
    let from = address("", "support@example.org");
    let bytes = whole(&plain(&from, &[]));
    assert_eq!(field(&bytes, "To").unwrap().replace('"', ""), "undisclosed-recipients:;");
    assert_eq!(field(&bytes, "Content-Type").unwrap(), "text/plain; charset=\"utf-8\"");
    for name in
        ["Bcc", "Cc", "Reply-To", "In-Reply-To", "References", "List-Id", "List-Unsubscribe", "Content-Language"]
    {
        assert_eq!(field(&bytes, name), None, "{name}");
    }
    let message = read(&bytes);
    assert_eq!(message.headers.to, []);
    assert_eq!(message.text.trim_end(), "Zeile 1\nZeile ä");
    assert_eq!(message.automatic.unwrap().why, "Auto-Submitted: auto-generated");
}

#[test]
fn what_cannot_stand_in_a_header_is_left_out() {
    let from = address("", "support@example.org");
    let to =
        [address("Ä", "ä@example.net"), address("", "\"a b\"@example.net"), address("", "a@b@c"), address("", "jo")];
    let pictures = [Picture { content_id: "a b", content_type: "image/png", content: Content::Bytes(PIXEL) }];
    let bytes = whole(&Notification {
        reply_to: Some("support"),
        thread: Some(ID),
        html: Some("<p>x</p>"),
        list: Some(List { name: "x", id: "no host" }),
        unsubscribe: Some("http://desk.example.org/"),
        language: Some("de_AT"),
        pictures: &pictures,
        ..plain(&from, &to)
    });
    assert_eq!(field(&bytes, "To").unwrap().replace('"', ""), "undisclosed-recipients:;");
    for name in ["Reply-To", "In-Reply-To", "References", "List-Id", "List-Unsubscribe", "Content-Language"] {
        assert_eq!(field(&bytes, name), None, "{name}");
    }
    let types: Vec<String> = read(&bytes).parts.into_iter().map(|part| part.content_type).collect();
    assert_eq!(types, ["multipart/alternative", "text/plain", "text/html"]);
}

#[test]
fn only_the_latest_ids_are_named_and_each_once() {
    let from = address("", "support@example.org");
    let answers: Vec<String> = (0..30).map(|n| format!("{n}@x")).chain(["t@x".to_owned(), "3@x".to_owned()]).collect();
    let bytes = whole(&Notification { thread: Some("t@x"), answers: &answers, ..plain(&from, &[]) });
    let mut expected: Vec<String> = (12..30).map(|n| format!("{n}@x")).collect();
    expected.extend(["3@x".to_owned(), "t@x".to_owned()]);
    let headers = read(&bytes).headers;
    assert_eq!((headers.references, headers.in_reply_to), (expected, vec!["t@x".to_owned()]));
}

#[test]
fn nothing_on_the_way_has_a_reason_to_change_a_line() {
    let from = address("", "support@example.org");
    let text = format!("From me\n.\nFrom you \n--=_aaebagbaf2345exampleorg--\n{}\tend ", "x".repeat(3000));
    let letter = Notification { text: &text, html: Some(&text), ..plain(&from, &[]) };
    let bytes = whole(&letter);
    assert!(bytes.is_ascii());
    for line in String::from_utf8(bytes.clone()).unwrap().split("\r\n") {
        assert!(line.len() <= 78 && !line.starts_with("From ") && !line.ends_with([' ', '\t']), "{line:?}");
    }
    let written = text.replace('\n', "\r\n") + "\r\n";
    for path in ["1.1", "1.2"] {
        assert_eq!(crate::part(&bytes, &Limits::default(), path).as_deref(), Some(written.as_bytes()), "{path}");
    }
    // Scripts that need three octets for a letter are shorter in base64.
    let bytes = whole(&Notification { text: &"印刷".repeat(90), ..plain(&from, &[]) });
    assert_eq!(field(&bytes, "Content-Transfer-Encoding").unwrap(), "base64");
}

const NAMES: [&str; 19] = [
    "From",
    "To",
    "Reply-To",
    "Subject",
    "Message-ID",
    "Date",
    "Auto-Submitted",
    "X-Auto-Response-Suppress",
    "Precedence",
    "In-Reply-To",
    "References",
    "List-Id",
    "List-Unsubscribe",
    "List-Unsubscribe-Post",
    "MIME-Version",
    "Content-Type",
    "Content-Language",
    "Content-Transfer-Encoding",
    "Content-Disposition",
];

fn has_known_fields_and_short_lines(bytes: &[u8]) -> Result<(), TestCaseError> {
    prop_assert!(bytes.is_ascii());
    let whole = String::from_utf8_lossy(bytes);
    prop_assert!(whole.split("\r\n").all(|line| line.len() <= 998 && !line.contains(['\r', '\n', '\0'])));
    for line in fields(bytes) {
        prop_assert!(NAMES.iter().any(|name| line.starts_with(&format!("{name}: "))), "{line:?}");
    }
    Ok(())
}

proptest! {
    #[test]
    fn sec_09_no_words_make_a_field_a_recipient_or_a_part(
        subject in "[\\PC\r\n\u{0}\u{85}\u{2028}:]{0,200}",
        text in "([\\PC\r\n\u{0}]{0,60}|From x\n|--=_a|\r\n\\.\r\n|x{900}){0,4}",
        name in "([\\PC\r\n<>,;\"]{0,60}|x{1000})",
        word in "([\\PC\r\n<> @,]{0,60}|x{1000})",
        file_name in "([\\PC\r\n\"/;=]{0,60}|x{1000})",
    ) {
        let from = address(&name, "support@example.org");
        let to = [address(&name, "jo@example.net"), address(&name, &word), address("", "ann@example.net")];
        let answers = [word.clone(), "known@example.net".to_owned()];
        let pictures = [
            Picture { content_id: "pixel@x", content_type: &word, content: Content::Bytes(PIXEL) },
            Picture { content_id: &word, content_type: "image/png", content: Content::Bytes(PIXEL) },
        ];
        let files = [File { name: &file_name, content_type: &word, content: Content::Bytes(text.as_bytes()) }];
        let letter = Notification {
            reply_to: Some(&word), subject: &subject, text: &text, html: Some(&text), thread: Some("thread@example.org"),
            answers: &answers, list: Some(List { name: &name, id: "HELP-1.desk.example" }), unsubscribe: Some(&word),
            language: Some(&word), pictures: &pictures, files: &files, ..plain(&from, &to)
        };
        let bytes = whole(&letter);
        prop_assert_eq!(&bytes, &whole(&letter));
        has_known_fields_and_short_lines(&bytes)?;
        let message = read(&bytes);
        prop_assert_eq!(&message.headers.subject, &one_line(&subject));
        let addresses: Vec<&str> = message.headers.to.iter().map(|one| one.address.as_str()).collect();
        let also = plain_address(&word);
        let expected: Vec<&str> =
            ["jo@example.net"].into_iter().chain(also.as_deref()).chain(["ann@example.net"]).collect();
        prop_assert_eq!(addresses, expected);
        prop_assert_eq!(message.headers.in_reply_to, ["thread@example.org"]);
        let shown = 1 + usize::from(bracketed(&word).is_some());
        prop_assert_eq!(message.parts.len(), 5 + shown + 1);
        prop_assert_eq!(crate::part(&bytes, &Limits::default(), "1.1.1").unwrap(), lines(&text).into_bytes());
        prop_assert_eq!(crate::part(&bytes, &Limits::default(), "1.1.2.1").unwrap(), lines(&text).into_bytes());
        prop_assert_eq!(crate::part(&bytes, &Limits::default(), "1.2").unwrap(), text.as_bytes());
        let file = message.parts.last().unwrap();
        prop_assert_eq!(file.name.clone().unwrap(), safe_name(&file_name, 1));
    }
}

#[test]
fn what_comes_later_fits_into_its_gap() {
    let from = address("", "support@example.org");
    let to = [address("", "jo@example.net")];
    let (content, shown) = (b"A file of some words.".repeat(40), PIXEL);
    let letter = |pictures: Content<'_>, files: Content<'_>| {
        let pictures = [Picture { content_id: "seal-1@x", content_type: "image/png", content: pictures }];
        let files = [File { name: "a.txt", content_type: "application/octet-stream", content: files }];
        notification(&Notification { html: Some("<p>Hi</p>"), pictures: &pictures, files: &files, ..plain(&from, &to) })
    };
    let (bytes, gaps) = letter(Content::Later(7), Content::Later(3));
    assert_eq!(gaps.iter().map(|gap| gap.number).collect::<Vec<_>>(), [7, 3]);
    let mut filled = Vec::new();
    let mut before = 0;
    for (gap, content) in gaps.iter().zip([shown, content.as_slice()]) {
        filled.extend_from_slice(&bytes[before..gap.at]);
        let mut lines = crate::compose::Base64Lines::default();
        filled.extend(lines.push(content));
        filled.extend(lines.finish());
        before = gap.at;
    }
    filled.extend_from_slice(&bytes[before..]);
    let at_once = letter(Content::Bytes(shown), Content::Bytes(&content)).0;
    assert_eq!(read(&filled).parts, read(&at_once).parts);
    assert_eq!(read(&filled).parts.len(), 7);
}
