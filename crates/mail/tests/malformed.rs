//! Mail as broken programs write it: what is made of it, and that the mending is told.
#![allow(clippy::unwrap_used)]

use mail::{Address, Limits, Message};

fn read(raw: &[u8]) -> Message {
    mail::read(raw, &Limits::default()).message
}

fn recipients(to: &str) -> (Vec<(Option<String>, String)>, Vec<String>) {
    let message = read(format!("From: ann@example.org\nTo: {to}\nSubject: x\n\nx\n").as_bytes());
    let found = message.headers.to.into_iter().map(|a| (a.name, a.address)).collect();
    (found, message.faults)
}

/// A `To` field, the name and address that it means, and the fault that is told.
const ADDRESSES: &[(&str, Option<&str>, &str, Option<&str>)] = &[
    ("\"jo@x.org\"", None, "jo@x.org", None),
    ("\"Jo Doe <jo@x.org>\"", Some("Jo Doe"), "jo@x.org", Some("an address is quoted as a whole")),
    ("\"Jo Doe <jo@x.org>", Some("Jo Doe"), "jo@x.org", Some("an address is quoted as a whole")),
    ("=?utf-8?q?Jo_=3Cjo=40x.org=3E?=", Some("Jo"), "jo@x.org", Some("an address is quoted as a whole")),
    ("'jo@x.org'", None, "jo@x.org", Some("an address was mended")),
    ("<'jo@x.org'>", None, "jo@x.org", Some("an address was mended")),
    ("'Jo Doe' <jo@x.org>", Some("Jo Doe"), "jo@x.org", None),
    ("<jo@x.org>@gateway.example", None, "jo@x.org", Some("an address is routed twice")),
    ("<@relay.example,@b.example:jo@x.org>", None, "jo@x.org", Some("an address was mended")),
    ("jo@x.org.", None, "jo@x.org", Some("an address was mended")),
    ("<jo@x.org.>", None, "jo@x.org", Some("an address was mended")),
    ("Jo Doe jo@x.org", Some("Jo Doe"), "jo@x.org", Some("an address stands without brackets or separators")),
    ("mailto:jo@x.org", None, "jo@x.org", None),
    ("<mailto:jo@x.org>", None, "jo@x.org", Some("an address was mended")),
    ("<SMTP:jo@x.org>", None, "jo@x.org", Some("an address was mended")),
    ("jo@x.org (Jo Doe)", Some("Jo Doe"), "jo@x.org", None),
    ("jo(comment)@x.org", Some("comment"), "jo@x.org", Some("the local part of an address is broken")),
    ("jo @ x.org", None, "jo@x.org", Some("an address holds spaces")),
    ("jo@x  . org", None, "jo@x.org", Some("an address holds spaces")),
    ("<mailto:jo@x.org?subject=hello>", None, "jo@x.org", Some("an address was mended")),
    ("<<jo@x.org>>", None, "jo@x.org", Some("an address stands in two pairs of brackets")),
    ("<jo@x.org", None, "jo@x.org", None),
    ("jo@x.org>", None, "jo@x.org", Some("an address was mended")),
    ("Doe, Jo <jo@x.org>", Some("Doe, Jo"), "jo@x.org", Some("a name with a comma is not quoted")),
    ("\"Team\".Post.Domain@x.org", None, "Team.Post.Domain@x.org", Some("the local part of an address is broken")),
    ("jo@x@y.org", None, "jo@x@y.org", Some("an address holds two @ signs")),
    ("=?utf-8?q?J=C3?= =?utf-8?q?=B6?= <jo@x.org>", Some("Jö"), "jo@x.org", None),
    ("jö@bücher.example", None, "jö@bücher.example", None),
    ("jo@[192.0.2.1]", None, "jo@[192.0.2.1]", None),
];

#[test]
fn addresses_are_mended() {
    for (to, name, address, fault) in ADDRESSES {
        let (found, faults) = recipients(to);
        assert_eq!(found, [(name.map(str::to_owned), (*address).to_owned())], "{to}");
        assert_eq!(faults, fault.map(str::to_owned).into_iter().collect::<Vec<_>>(), "{to}");
    }
}

#[test]
fn several_and_none() {
    let addresses = |to: &str| recipients(to).0.into_iter().map(|(_, a)| a).collect::<Vec<_>>();
    assert_eq!(addresses("jo@x.org; ann@x.org"), ["jo@x.org", "ann@x.org"]);
    assert_eq!(addresses("jo@x.org ann@x.org"), ["jo@x.org", "ann@x.org"]);
    assert_eq!(addresses("Jo jo@x.org, Ann ann@x.org"), ["jo@x.org", "ann@x.org"]);
    assert_eq!(
        addresses("\"Sales Group\": jo@x.org, \"Ann Lee\" <ann@x.org>;, bob@x.org"),
        ["jo@x.org", "ann@x.org", "bob@x.org"]
    );
    for nobody in [
        "undisclosed-recipients:;",
        "\"Undisclosed-Recipient:;\"",
        "<Undisclosed-Recipient:;>",
        "Unlisted-Recipients:;",
        "",
        "Jo Doe",
    ] {
        assert_eq!(addresses(nobody), [""; 0], "{nobody}");
    }
}

#[test]
fn two_spellings_of_one_address_are_equal() {
    let normalised = |address: &str| Address { name: None, address: address.to_owned() }.normalised();
    assert_eq!(normalised("Jo@BÜCHER.example"), normalised("jo@xn--bcher-kva.example"));
    assert_eq!(normalised("jo@x.org."), normalised(" JO@X.ORG "));
    assert_ne!(normalised("jo@xn--abc-.example"), normalised("jo@abc.example"));
}

/// A subject as bytes, what it says, and the fault that is told.
const SUBJECTS: &[(&[u8], &str, Option<&str>)] = &[
    (b"=?utf-8?q?=C3?=\n =?utf-8?q?=B6?=", "ö", None),
    (b"\"=?utf-8?Q?J=C3=B6?=\"", "\"Jö\"", None),
    (b"=?utf-8?q?a b?=", "a b", Some("an encoded word holds white space")),
    (b"=?utf-8?q?abc", "abc", Some("an encoded word is not closed")),
    (b"=?utf-8?q?J=F6rg?=", "Jörg", Some("an encoded word is not in the charset it declares")),
    (b"=?utf-7?q?+ADw-b?=", "+ADw-b", Some("an encoded word is not in the charset it declares")),
    (b"=?gb2312?B?6UY=?=", "\u{9555}", None),
    (b"=?cp850?q?J=94rg?=", "Jörg", None),
    (b"J\xf6rg und M\xfcller", "Jörg und Müller", Some("a header field is 8-bit text of no declared charset")),
    (b"J\xc3\xb6rg", "Jörg", None),
    (b"\x1b$BF|K\\\x1b(B", "日本", Some("a header field is Japanese of no declared charset")),
    (b"a\n \n\tb", "a b", None),
];

#[test]
fn subjects_are_decoded() {
    for (subject, text, fault) in SUBJECTS {
        let raw = [b"From: ann@example.org\nSubject: ", *subject, b"\n\nx\n"].concat();
        let message = read(&raw);
        let name = String::from_utf8_lossy(subject);
        assert_eq!(message.headers.subject, *text, "{name}");
        assert_eq!(message.faults, fault.map(str::to_owned).into_iter().collect::<Vec<_>>(), "{name}");
    }
}

fn attachment_name(disposition: &[u8]) -> Option<String> {
    let raw = [
        b"From: ann@example.org\nContent-Type: multipart/mixed; boundary=b\n\n--b\nContent-Disposition: attachment; "
            as &[u8],
        disposition,
        b"\n\nx\n--b--\n",
    ]
    .concat();
    read(&raw).parts[1].name.clone()
}

#[test]
fn names_of_attachments() {
    for (disposition, name) in [
        (b"filename*0*=utf-8''J%C3; filename*1*=%B6.pdf" as &[u8], "Jö.pdf"),
        (b"filename*1=\"b.pdf\"; filename*0=\"a\"", "ab.pdf"),
        (b"filename=\"plain.pdf\"; filename*=utf-8''J%C3%B6.pdf", "Jö.pdf"),
        (b"filename=\"=?utf-8?Q?J=C3?= =?utf-8?Q?=B6?=.pdf\"", "Jö.pdf"),
        (b"filename==?utf-8?Q?J=C3=B6.pdf?=", "Jö.pdf"),
        (b"filename=\"J\xf6rg.pdf\"", "Jörg.pdf"),
        (b"filename=\"\x1b$BF|K\\\x1b(B.pdf\"", "日本.pdf"),
        (b"filename=\n\t\"=?iso-8859-1?Q?N=B0_1.?=\n =?iso-8859-1?Q?pdf?=\"; size=1", "N° 1.pdf"),
        (b"filename=\r\n \"a.pdf\"", "a.pdf"),
        (b"filename = a.pdf", "a.pdf"),
        (b"filename=my file name.pdf", "my file name.pdf"),
        (b"filename=\"my file.pdf", "my file.pdf"),
    ] {
        assert_eq!(attachment_name(disposition).as_deref(), Some(name), "{}", String::from_utf8_lossy(disposition));
    }
}

/// A body under a Content-Type, the text that is read of it, the names of its files, and the faults.
type Shape = (&'static str, &'static str, &'static str, &'static [&'static str], &'static [&'static str]);

const OTHER: &str = "the parts are separated by another boundary than the declared one";

const SHAPES: &[Shape] = &[
    ("multipart/mixed; boundary=b", "--b\n\none\n--b\n\ntwo\n", "one\n\ntwo", &[], &["a multipart is not closed"]),
    ("multipart/mixed; boundary=b", "--b\n\none --b two\n--bb\n--b--\n", "one --b two\n--bb", &[], &[]),
    ("multipart/mixed; boundary=\"b \"", "--b  \n\none\n--b--  \n", "one", &[], &[]),
    ("multipart/mixed; boundary=b", "--b\n\none\n--b-- and more\n", "one", &[], &[]),
    ("multipart/mixed; boundary=wrong", "--b\nContent-Type: text/plain\n\none\n--b--\n", "one", &[], &[OTHER]),
    ("multipart/mixed", "--b\nContent-Type: text/plain\n\none\n--b--\n", "one", &[], &[OTHER]),
    ("multipart/mixed; boundary=AB", "--ab\nContent-Type: text/plain\n\none\n--ab--\n", "one", &[], &[OTHER]),
    ("multipart/mixed; boundary=\"--b\"", "--b\ncontent-type: text/plain\n\none\n--b--\n", "one", &[], &[OTHER]),
    ("multipart/mixed; boundary==_a=b", "--=_a=b\n\none\n--=_a=b--\n", "one", &[], &[]),
    (
        "multipart/mixed; boundary=b",
        "--b\nContent-Type: multipart/alternative; boundary=b\n\n--b\nContent-Type: text/plain\n\none\n--b--\n--b\n\
         Content-Type: image/png; name=x.png\n\nx\n--b--\n",
        "one",
        &["x.png"],
        &["a multipart goes on after its end", "a multipart has no parts"],
    ),
    ("multipart/mixed; boundary=b", "only words\n", "only words", &[], &["a multipart has no parts"]),
    ("plain/text; charset=utf-8", "one\n", "one", &[], &[]),
    ("text", "one\n", "one", &[], &[]),
];

#[test]
fn parts_are_found() {
    for (kind, body, text, names, faults) in SHAPES {
        let raw = format!("From: ann@example.org\nSubject: x\nContent-Type: {kind}\n\n{body}");
        let message = read(raw.as_bytes());
        assert_eq!(message.text, *text, "{kind} {body}");
        assert_eq!(message.parts.iter().filter_map(|p| p.name.as_deref()).collect::<Vec<_>>(), *names, "{kind} {body}");
        assert_eq!(message.faults, *faults, "{kind} {body}");
    }
}

#[test]
fn lines_end_in_many_ways() {
    for raw in [
        b"From: ann@example.org\rSubject: x\r\rone\rtwo\r" as &[u8],
        b"From: ann@example.org\nSubject: x\n\none\ntwo\n",
        b"From: ann@example.org\r\r\nSubject: x\r\r\n\r\r\none\r\r\ntwo\r\r\n",
        b"From: ann@example.org\r\nSubject: x\r\n\r\none\rtwo\r\n",
        b"From ann Mon Jan  5 10:00:00 2026\nFrom: ann@example.org\nSubject: x\n\none\ntwo\n",
        b">From ann Mon Jan  5 10:00:00 2026\nFrom: ann@example.org\nSubject: x\n\none\ntwo\n",
        b"\xef\xbb\xbfFrom: ann@example.org\nSubject: x\n\none\ntwo\n",
        b"\n\nFrom : ann@example.org\nSubject\t: x\n\none\ntwo\n",
    ] {
        let message = read(raw);
        assert_eq!(message.text, "one\ntwo", "{}", String::from_utf8_lossy(raw));
        assert_eq!(message.headers.subject, "x", "{}", String::from_utf8_lossy(raw));
        assert_eq!(message.faults, [""; 0], "{}", String::from_utf8_lossy(raw));
    }
}

#[test]
fn headers_that_are_none() {
    let text = |raw: &str| (read(raw.as_bytes()).text, read(raw.as_bytes()).faults);
    let (found, faults) = text("From: ann@example.org\nno field\nSubject: x\n\none\n");
    assert_eq!((found.as_str(), faults.as_slice()), ("one", ["a header line is not a field".to_owned()].as_slice()));
    let (found, faults) = text("From: ann@example.org\nSubject: x\none two\nthree\n");
    assert_eq!(found, "one two\nthree");
    assert_eq!(faults, ["no empty line between header and body"]);
    assert_eq!(text("\none\n").0, "one");
    assert_eq!(text("one\ntwo\n").0, "one\ntwo");
    assert_eq!(text("").0, "");
    let part =
        "From: ann@example.org\nContent-Type: multipart/mixed; boundary=b\n\n--b\n\nnot: a field\n\nbut text\n--b--\n";
    assert_eq!(text(part).0, "not: a field\n\nbut text");
    assert_eq!(attachment_name(b"filename=\"C:\\Users\\jo\\a.pdf\"").as_deref(), Some("C:\\Users\\jo\\a.pdf"));
}

#[test]
fn dates_are_mended() {
    for (date, moment, fault) in [
        ("Mon, 5 Jan 2026 10:00:00 +0100", Some("2026-01-05T09:00:00Z"), None),
        ("Mon, 5 Jan 26 10:00 MEZ", Some("2026-01-05T09:00:00Z"), Some("the date is not written as the standard asks")),
        ("5. Dezember 2025 10:00", Some("2025-12-05T10:00:00Z"), Some("the date is not written as the standard asks")),
        ("next week", None, Some("the date cannot be read")),
    ] {
        let message = read(format!("From: ann@example.org\nDate: {date}\n\nx\n").as_bytes());
        assert_eq!(message.headers.date.as_deref(), moment, "{date}");
        assert_eq!(message.faults, fault.map(str::to_owned).into_iter().collect::<Vec<_>>(), "{date}");
    }
}
