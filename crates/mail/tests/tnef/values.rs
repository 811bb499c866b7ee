//! What is taken from which property and attribute, and what counts when several say it.

use super::writer::{
    MESSAGE_INTERFACE, Stream, alone, beside_text, block, id, kind, number, stored, tag, utf16, variable,
};
use super::{inside, read};
use mail::{Limits, Part};

/// One attachment with these properties beside its old attributes.
fn attachment(attributes: &[(u32, &[u8])], properties: &[Vec<u8>]) -> Part {
    let stream = Stream::new().attribute(2, id::RENDERING, &[0; 14]).attribute(2, id::DATA, b"data");
    let stream = attributes.iter().fold(stream, |s, (id, data)| s.attribute(2, *id, data));
    let stream = stream.attribute(2, id::ATTACHMENT, &block(properties));
    let reading = read(&beside_text(&stream.0));
    assert_eq!(reading.message.faults, [""; 0]);
    inside(&reading)[0].clone()
}

fn unicode(tag: u16, text: &str) -> Vec<u8> {
    variable(tag, kind::UNICODE, &utf16(text))
}

#[test]
fn the_longest_name_that_was_given_counts() {
    let name = |attributes: &[(u32, &[u8])], properties: &[Vec<u8>]| attachment(attributes, properties).name;
    let title = (id::TITLE, &b"TITLE~1.TXT\0"[..]);
    let untitled = (id::TITLE, &b"Untitled Attachment\0"[..]);
    let transport = (id::TRANSPORT_NAME, &b"transport.txt\0"[..]);
    let short = unicode(tag::SHORT_NAME, "SHORT~1.TXT");
    let display = unicode(tag::DISPLAY_NAME, "Shown");
    let long = unicode(tag::LONG_NAME, "The long\nname.txt");
    let is = |found: Option<String>, wanted: &str| assert_eq!(found.as_deref(), Some(wanted));
    is(name(&[title, transport], &[short.clone(), display.clone(), long]), "The long name.txt");
    is(name(&[title, transport], &[short.clone(), display.clone()]), "TITLE~1.TXT");
    is(name(&[untitled, transport], &[short, display.clone()]), "SHORT~1.TXT");
    is(name(&[untitled, transport], std::slice::from_ref(&display)), "transport.txt");
    is(name(&[untitled], &[display]), "Shown");
    is(name(&[untitled], &[]), "Untitled Attachment");
    assert_eq!(name(&[], &[unicode(tag::LONG_NAME, "")]), None);
}

#[test]
fn names_are_in_the_charset_of_the_stream() {
    let name = |codepage: u32, bytes: &[u8]| {
        let stream = Stream::new().attribute(1, id::CODEPAGE, &[codepage.to_le_bytes(), [0; 4]].concat());
        let stream = stream.attribute(2, id::DATA, b"").attribute(2, id::TITLE, &[bytes, b"\0left over"].concat());
        inside(&read(&beside_text(&stream.0)))[0].name.clone().unwrap()
    };
    assert_eq!(name(1251, b"\xf1\xf7\xb8\xf2.pdf"), "счёт.pdf");
    assert_eq!(name(932, b"\x83\x65\x83\x58\x83\x67.txt"), "テスト.txt");
    assert_eq!(name(936, b"\xb2\xe2\xca\xd4.txt"), "测试.txt");
    assert_eq!(name(1252, b"\xfcber.txt"), "über.txt");
    // Some writers declare the charset of their machine and write another.
    assert_eq!(name(1252, "über.txt".as_bytes()), "über.txt");
}

#[test]
fn types_ids_and_places_are_those_of_mime() {
    let part = attachment(&[], &[unicode(tag::MIME_TAG, "Image/PNG; x=y"), unicode(tag::CONTENT_ID, "<a@b>")]);
    assert_eq!((part.content_type.as_str(), part.content_id.as_deref()), ("image/png", Some("a@b")));
    assert_eq!(part.disposition.as_deref(), Some("attachment"));
    let part = attachment(&[], &[unicode(tag::CONTENT_ID, "a"), number(tag::FLAGS, 4)]);
    assert_eq!((part.disposition.as_deref(), part.content_id.as_deref()), (Some("inline"), Some("a")));
    for bad in ["png", "image/", "image/p ng", "a/b/c", "multi\r\npart/x"] {
        assert_eq!(attachment(&[], &[unicode(tag::MIME_TAG, bad)]).content_type, "application/octet-stream", "{bad}");
    }
    // A type cannot make a container of a file.
    let part = attachment(&[], &[unicode(tag::MIME_TAG, "message/rfc822")]);
    assert!(part.leaf && part.size_bytes == 4);
}

#[test]
fn objects_that_are_no_messages_stay_as_they_are() {
    let content = |kind: u16, bytes: &[u8]| {
        let properties = block(&[variable(tag::ATTACH_DATA, kind, bytes)]);
        let raw = alone(&Stream::new().attribute(2, id::ATTACHMENT, &properties).0);
        (mail::part(&raw, &Limits::default(), "1/tnef/1").unwrap(), read(&raw).message.parts[1].content_type.clone())
    };
    let storage = [&b"\x0b\0\0\0\0\0\0\0\xc0\0\0\0\0\0\0\x46"[..], b"\xd0\xcf\x11\xe0"].concat();
    assert_eq!(content(kind::OBJECT, &storage), (storage, "application/octet-stream".to_owned()));
    let inner = Stream::new().attribute(1, id::BODY, b"x").0;
    let embedded = [MESSAGE_INTERFACE, &inner].concat();
    assert_eq!(content(kind::OBJECT, &embedded), (inner.clone(), "application/ms-tnef".to_owned()));
    assert_eq!(content(kind::BINARY, &inner), (inner, "application/ms-tnef".to_owned()));
}

#[test]
fn a_sender_outside_can_be_written_to() {
    let from = |stream: Stream| {
        let raw = alone(&stream.0);
        // Without the sender that the header of the other tests names.
        let raw = &raw[raw.iter().position(|&b| b == b'\n').unwrap() + 1..];
        read(raw).message.headers.from.into_iter().map(|a| (a.name.unwrap_or_default(), a.address)).next()
    };
    let properties = |kind: &str, address: &str| {
        Stream::new().properties(&[
            unicode(tag::SENDER_KIND, kind),
            unicode(tag::SENDER_ADDRESS, address),
            unicode(tag::SENDER_NAME, "Jo"),
        ])
    };
    let jo = || Some(("Jo".to_owned(), "jo@example.org".to_owned()));
    assert_eq!(from(properties("smtp", "jo@example.org")), jo());
    assert_eq!(from(properties("SMTP", "jo@example.org, eve@example.org")), None);
    assert_eq!(from(properties("EX", "/O=A/CN=jo@example.org")), None);
    let by_smtp = [unicode(tag::SENDER_SMTP, "jo@example.org"), unicode(tag::SENDER_NAME, "Jo")];
    assert_eq!(from(Stream::new().properties(&by_smtp)), jo());
    let old = |address: &[u8]| {
        let lengths = [4u16, 0, 3, u16::try_from(address.len()).unwrap()];
        let head: Vec<u8> = lengths.iter().flat_map(|n| n.to_le_bytes()).collect();
        from(Stream::new().attribute(1, id::FROM, &[&head, &b"Jo\0"[..], address].concat()))
    };
    assert_eq!(old(b"SMTP:jo@example.org\0"), jo());
    assert_eq!(old(b"FAX:+47"), None);
    assert_eq!(old(b""), None);
    let with_header = read(&alone(&properties("SMTP", "jo@example.org").0));
    assert_eq!(with_header.message.headers.from[0].address, "a@example.org");
}

#[test]
fn the_body_is_what_says_most() {
    let rtf = |text: &str| variable(tag::RTF, kind::BINARY, &stored(format!("{{\\rtf1\\ansi {text}}}").as_bytes()));
    let html = || variable(tag::HTML, kind::BINARY, b"<p>from <b>HTML</b></p>");
    let said = |stream: &Stream| {
        let message = read(&alone(&stream.0)).message;
        (message.text, message.html.unwrap_or_default())
    };
    let text = || Stream::new().attribute(1, id::BODY, b"from text\r\n\0");
    let all = text().properties(&[rtf("from RTF"), html()]);
    assert_eq!(said(&all), ("from text".to_owned(), "<p>from <b>HTML</b></p>".to_owned()));
    let without_text = Stream::new().attribute(1, id::BODY, b" \0").properties(&[rtf("from RTF"), html()]);
    assert_eq!(said(&without_text).0, "from RTF");
    let page = Stream::new().properties(&[html()]);
    assert_eq!(said(&page).0, "from **HTML**");
    assert_eq!(said(&Stream::new().properties(&[rtf("from \\b RTF")])), ("from RTF".to_owned(), String::new()));
    // Beside another text, a gateway's perhaps, it is shown as well; where that says the same it is not said twice.
    let beside = read(&beside_text(&all.0)).message;
    assert_eq!(beside.text, "see below\n\nfrom text");
    let same = read(&beside_text(&Stream::new().attribute(1, id::BODY, b"See  below.\0").0)).message;
    assert_eq!((same.text.as_str(), same.html), ("see below", None));
    // A stream without a text does not hide the next one's.
    let parts = [Stream::new(), page].map(|s| String::from_utf8(alone(&s.0)).unwrap().replacen("From", "X", 1));
    let two =
        format!("Content-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\n{}\r\n--b\r\n{}\r\n--b--", parts[0], parts[1]);
    assert_eq!(read(two.as_bytes()).message.text, "from **HTML**");
    let bodies: Vec<bool> = inside(&read(&beside_text(&all.0))).iter().map(|p| p.body).collect();
    assert_eq!(bodies, [true; 3]);
}

#[test]
fn html_is_in_the_charset_that_the_stream_or_the_page_names() {
    const INTERNET_CODEPAGE: u16 = 0x3FDE;
    let text = |codepage: u32, page: &[u8]| {
        let properties = [number(INTERNET_CODEPAGE, codepage), variable(tag::HTML, kind::BINARY, page)];
        read(&alone(&Stream::new().properties(&properties).0)).message.text
    };
    assert_eq!(text(1251, b"<p>\xf1\xf7\xb8\xf2</p>"), "счёт");
    assert_eq!(text(20127, b"<meta charset=windows-1251><p>\xf1\xf7\xb8\xf2</p>"), "счёт");
    assert_eq!(text(65001, "<p>счёт</p>".as_bytes()), "счёт");
    let unicode = variable(tag::HTML, kind::UNICODE, &utf16("<p>счёт</p>"));
    assert_eq!(read(&alone(&Stream::new().properties(&[unicode]).0)).message.text, "счёт");
    let old = variable(tag::HTML, kind::STRING8, b"<p>text</p>\0");
    assert_eq!(read(&alone(&Stream::new().properties(&[old]).0)).message.text, "text");
}

#[test]
fn a_stream_is_known_by_its_first_bytes_and_read_where_it_stands() {
    let stream = Stream::new().attribute(1, id::SUBJECT, b"Inner\0").attribute(1, id::BODY, b"words\0").file("a", b"a");
    let body = data_encoding::BASE64.encode(&stream.0);
    let part =
        format!("Content-Type: application/octet-stream; name=ATT1\r\nContent-Transfer-Encoding: base64\r\n\r\n{body}");
    let message = read(part.as_bytes()).message;
    assert_eq!((message.text.as_str(), message.headers.subject.as_str()), ("words", "Inner"));
    let raw = format!("Subject: Outer\r\nContent-Type: message/rfc822\r\n\r\nFrom: b@example.org\r\n{part}");
    let message = read(raw.as_bytes()).message;
    let paths: Vec<&str> = message.parts.iter().map(|p| p.path.as_str()).collect();
    assert_eq!(paths, ["1", "1.1", "1.1/tnef/1", "1.1/tnef/2"]);
    assert_eq!(message.headers.subject, "Outer");
    assert_eq!((message.text.as_str(), message.forward.unwrap().text.as_str()), ("", "words"));
}

#[test]
fn meetings_are_known_by_their_class() {
    let meeting = |class: &[u8]| {
        let properties = [unicode(tag::SENDER_SMTP, "jo@example.org"), unicode(tag::SENDER_NAME, "Jo")];
        let stream = Stream::new().attribute(1, id::CLASS, class).attribute(1, id::SUBJECT, b"Lunch\0");
        read(&beside_text(&stream.properties(&properties).0)).message.calendar
    };
    let request = meeting(b"IPM.Microsoft Schedule.MtgReq\0").unwrap();
    assert_eq!((request.method.as_str(), request.organizer.as_deref()), ("REQUEST", Some("jo@example.org")));
    assert_eq!((request.summary.as_deref(), request.attendees.len()), (Some("Lunch"), 0));
    for (class, status) in [
        (&b"IPM.Microsoft Schedule.MtgRespP"[..], "ACCEPTED"),
        (b"IPM.Schedule.Meeting.Resp.Neg", "DECLINED"),
        (b"Microsoft Mail v3.0 IPM.Microsoft Schedule.MtgRespA", "TENTATIVE"),
    ] {
        let reply = meeting(class).unwrap();
        assert_eq!((reply.method.as_str(), reply.organizer), ("REPLY", None));
        assert_eq!(reply.attendees[0].address, "jo@example.org");
        assert_eq!(reply.attendees[0].status.as_deref(), Some(status));
    }
    assert_eq!(meeting(b"IPM.Schedule.Meeting.Canceled").unwrap().method, "CANCEL");
    assert_eq!(meeting(b"IPM.Note"), None);
}
