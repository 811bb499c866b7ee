//! Mails that were made to hurt (SEC-16, SEC-20 to SEC-24): no crash, bounded answers, work that grows with size only.
#![allow(clippy::unwrap_used)]

use mail::letter_mark::LetterKey;
use mail::{Format, History, Limits, Reading};
use rig::clock::Stopwatch;
use std::time::Duration;

/// A page of mail is read in microseconds; a quadratic step shows as minutes. Builds for tests are slow, and only the
/// difference between those two has to be seen. Processor time counts, because machines are shared.
const LONGEST: Duration = Duration::from_secs(20);

fn read(raw: &[u8]) -> Reading {
    let begun = Stopwatch::start();
    let reading = mail::read(raw, &Limits::default());
    assert!(begun.elapsed() < LONGEST, "reading {} bytes took {:?}", raw.len(), begun.elapsed());
    reading
}

/// Sixteen times the input may cost sixteen times the time and not its square, 256 times. The machine may be busy, so
/// the best of several rounds counts, and rounds end as soon as one shows it.
fn assert_linear(what: &str, make: impl Fn(usize) -> Vec<u8>, n: usize, work: impl Fn(&[u8])) {
    let (small, large) = (make(n), make(16 * n));
    let time = |input: &[u8]| {
        let begun = Stopwatch::start();
        work(input);
        begun.elapsed()
    };
    let (mut once, mut sixteenfold) = (Duration::MAX, Duration::MAX);
    for _ in 0..6 {
        once = once.min(time(&small));
        sixteenfold = sixteenfold.min(time(&large));
        if sixteenfold < once.max(Duration::from_millis(1)) * 80 {
            return;
        }
    }
    panic!("{what}: {once:?} for {n}, {sixteenfold:?} for {}", 16 * n);
}

fn read_work(raw: &[u8]) {
    mail::read(raw, &Limits::default());
}

#[test]
fn sec_20_nested_mail_bomb() {
    let raw = "Content-Type: message/rfc822\r\n\r\n".repeat(100_000);
    let reading = read(raw.as_bytes());
    assert_eq!(reading.too_complex.as_deref(), Some("parts are nested too deeply"));
    assert!(reading.message.faults.contains(&"parts are nested too deeply".to_owned()));
}

#[test]
fn sec_20_encoded_nested_mail_bomb() {
    let mut raw = b"Subject: inner\r\n\r\nx".to_vec();
    for _ in 0..30 {
        let body = data_encoding::BASE64.encode(&raw);
        raw = format!("Content-Type: message/rfc822\r\nContent-Transfer-Encoding: base64\r\n\r\n{body}").into_bytes();
    }
    assert!(read(&raw).too_complex.is_some());
}

#[test]
fn sec_20_nested_multiparts() {
    let mut raw = String::from("Subject: nest\r\n");
    for n in 0..10_000 {
        raw.push_str(&format!("Content-Type: multipart/mixed; boundary=b{n}\r\n\r\n--b{n}\r\n"));
    }
    let reading = read(raw.as_bytes());
    assert_eq!(reading.too_complex.as_deref(), Some("parts are nested too deeply"));
    assert_eq!(reading.message.headers.subject, "nest");
}

#[test]
fn sec_20_tiny_siblings() {
    let mut raw = String::from("Subject: many\r\nContent-Type: multipart/mixed; boundary=b\r\n\r\n");
    raw.push_str(&"--b\r\n\r\nx\r\n".repeat(1_000_000));
    let reading = read(raw.as_bytes());
    assert_eq!(reading.too_complex.as_deref(), Some("too many parts"));
    assert!(reading.message.parts.is_empty());
}

#[test]
fn sec_20_parts_up_to_the_limit_are_read() {
    let mail = |parts: usize| {
        let siblings = "--b\r\n\r\nx\r\n".repeat(parts);
        format!("Content-Type: multipart/mixed; boundary=b\r\n\r\n{siblings}--b--\r\n")
    };
    let limits = Limits::default();
    assert_eq!(read(mail(limits.parts_max - 1).as_bytes()).message.parts.len(), limits.parts_max);
    assert!(read(mail(limits.parts_max).as_bytes()).too_complex.is_some());
}

#[test]
fn sec_20_boundaries_that_begin_each_other() {
    let raw = "Content-Type: multipart/mixed; boundary=a\r\n\r\n--a\r\nContent-Type: multipart/mixed; boundary=aa\r\n\r\n\
               --aa\r\n\r\none\r\n--aa\r\n\r\ntwo\r\n--aa--\r\n--a\r\n\r\nthree\r\n--a--\r\n";
    let reading = read(raw.as_bytes());
    let paths: Vec<&str> = reading.message.parts.iter().map(|p| p.path.as_str()).collect();
    assert_eq!(paths, ["1", "1.1", "1.1.1", "1.1.2", "1.2"]);
    assert_eq!(reading.message.text, "one\n\ntwo\n\nthree");
}

#[test]
fn sec_20_no_end_boundary_and_no_part_at_all() {
    let open = read(b"Content-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\n\r\nkept");
    assert_eq!(open.message.text, "kept");
    assert!(open.message.faults.contains(&"a multipart is not closed".to_owned()));
    let empty = read(b"Content-Type: multipart/mixed; boundary=b\r\n\r\nkept too");
    assert_eq!(empty.message.text, "kept too");
}

#[test]
fn sec_20_fifty_mebibytes_of_line_breaks() {
    let raw = b"\r\n".repeat(25 * 1024 * 1024);
    assert_eq!(read(&raw).message.text, "");
}

#[test]
fn sec_20_nested_comments() {
    for field in ["From", "Content-Type", "Date", "Message-ID", "Subject", "Content-Disposition", "References"] {
        read(format!("{field}: {}\r\n\r\nx", "(".repeat(100_000)).as_bytes());
    }
}

#[test]
fn sec_21_huge_and_many_header_fields() {
    let line = read(&[b"Subject: ".to_vec(), vec![b'a'; 50 * 1024 * 1024]].concat());
    assert_eq!(line.too_complex.as_deref(), Some("header block is too large"));
    let many = read("X: y\r\n".repeat(1_000_000).as_bytes());
    assert_eq!(many.too_complex.as_deref(), Some("header block has too many fields"));
    let folded = read(format!("Subject: a{}\r\n\r\nbody", "\r\n b".repeat(60_000)).as_bytes());
    assert_eq!(folded.too_complex, None);
    assert_eq!(folded.message.text, "body");
    let part =
        format!("Content-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\n{}\r\nx\r\n--b--", "X: y\r\n".repeat(5_000));
    assert!(read(part.as_bytes()).too_complex.is_some());
}

#[test]
fn sec_21_nul_and_eight_bit_header() {
    let reading = read(b"Subject: Gr\xfc\xdfe\0 an Sie\r\n\xff\xfe: x\r\nFrom: J\xf6rg <j@example.org>\r\n\r\n\0\xff");
    assert!(reading.message.headers.subject.starts_with("Grüße"), "{}", reading.message.headers.subject);
    assert_eq!(reading.message.headers.from[0].name.as_deref(), Some("Jörg"));
    assert!(!reading.message.text.contains('\0'));
}

#[test]
fn sec_22_half_a_million_addresses() {
    let list = |n: usize| (0..n).map(|i| format!("u{i}@example.org,\r\n ")).collect::<String>();
    let over = read(format!("To: {}\r\n\r\nx", list(500_000)).as_bytes());
    assert!(over.too_complex.is_some());
    let company = read(format!("To: {}\r\n\r\nx", list(5_000)).as_bytes());
    assert_eq!(company.too_complex, None);
    assert_eq!(company.message.headers.to.len(), Limits::default().addresses_max);
    assert!(company.message.faults.iter().any(|f| f.contains("more addresses")));
}

#[test]
fn sec_23_charsets() {
    let body = |charset: &str, bytes: &[u8]| {
        let head = format!("Content-Type: text/plain; charset={charset}\r\nContent-Transfer-Encoding: 8bit\r\n\r\n");
        read(&[head.as_bytes(), bytes].concat()).message.text
    };
    assert_eq!(body("utf-7", b"+ADw-script+AD4-"), "+ADw-script+AD4-");
    assert_eq!(body("iso-2022-jp", b"\x1b$B%F%9%H\x1b(B"), "テスト");
    assert_eq!(body("iso-8859-1", "Grüße".as_bytes()), "Grüße");
    assert_eq!(body("us-ascii", b"Gr\xfc\xdfe an alle, sch\xf6ne Gr\xfc\xdfe"), "Grüße an alle, schöne Grüße");
    assert_eq!(body("utf-8", b"\xef\xbb\xbfmarked"), "marked");
    assert!(body("utf-8", b"\xc0\xbcscript\xc0\xbe").contains("script"));
    for label in ["hz-gb-2312", "x-none", "iso-2022-kr", "", "utf-16", "\"", "cp0"] {
        body(label, b"\x1b$)C~{<:Ky2;S{#,NpJ)l6HK!#~}\xed\xa0\x80");
    }
}

#[test]
fn sec_24_encoded_word_bomb_and_clamps() {
    let words = "=?utf-8?q?=3D=3Futf-8=3Fb=3FQQ=3D=3D=3F=3D?= ".repeat(5_000);
    let reading = read(
        format!(
            "Subject: {words}\r\nDate: Mon, 99999999999 Feb 99999999999 99:99:99 -9999\r\nMessage-ID: <{}@x>\r\n\
             References: {}\r\n\r\nx",
            "a".repeat(5_000),
            (0..1_000).map(|n| format!("<{n}@x>\r\n ")).collect::<String>()
        )
        .as_bytes(),
    );
    assert!(!reading.message.headers.subject.contains(['\r', '\n']));
    assert!(reading.message.headers.message_id.unwrap().starts_with("sha256-"));
    assert_eq!(reading.message.headers.references.len(), 20);
    assert_eq!(reading.message.headers.references[19], "999@x");
    assert!(reading.message.faults.contains(&"the date cannot be read".to_owned()));
}

#[test]
fn sec_24_line_breaks_hidden_in_encoded_words() {
    let reading =
        read(b"Subject: =?utf-8?q?a=0D=0ABcc:_eve@example.org?=\r\nFrom: =?utf-8?q?x=0D=0A?= <a@b.c>\r\n\r\n");
    let said = format!("{:?}", reading.message.headers);
    assert!(!said.contains("\\r") && !said.contains("\\n"), "{said}");
}

#[test]
fn sec_09_header_values_cannot_end_their_line() {
    for bad in ["a\rb", "a\nb", "a\0b", "a\tb", "a\u{2028}b", "a\u{85}b", "a\u{7f}b"] {
        assert!(mail::HeaderValue::new(bad).is_err(), "{bad:?}");
    }
    assert_eq!(mail::HeaderValue::new("Grüße – 你好").unwrap().as_str(), "Grüße – 你好");
}

#[test]
fn sec_16_names() {
    for (name, safe) in [
        ("../../etc/x", "x"),
        ("..\\..\\x.exe", "x.exe"),
        ("/abs/file.txt", "file.txt"),
        ("C:\\x.txt", "x.txt"),
        ("..%2f..%2fx", ".._2f.._2fx"),
        ("CON", "_CON"),
        ("lpt1.txt", "_lpt1.txt"),
        (".htaccess", "_.htaccess"),
        ("a\0b\r\n.txt", "ab.txt"),
        ("invoice\u{202e}fdp.exe", "invoicefdp.exe"),
        ("", "attachment-7"),
        ("..", "attachment-7"),
        ("\u{200b}", "attachment-7"),
        ("report.", "report"),
        ("report. . .", "report"),
        ("offer.pdf                              \u{a0}\u{3000}\t.exe", "offer.pdf .exe"),
        ("offer.pdf.exe", "offer.pdf.exe"),
        ("offer\u{fe0f}\u{3164}.pdf", "offer.pdf"),
        ("..\u{2215}..\u{ff0f}x", ".._.._x"),
        ("invoice\u{2024}pdf", "invoice_pdf"),
        ("COM\u{b9}.log", "_COM\u{b9}.log"),
        ("con .txt", "_con .txt"),
        ("Übersicht 你好.pdf", "Übersicht 你好.pdf"),
    ] {
        let found = mail::safe_name(name, 7);
        assert!(found == safe || found == format!("_{safe}"), "{name:?} became {found:?}");
    }
    let long = mail::safe_name(&format!("{}.pdf", "é".repeat(5_000)), 1);
    assert!(long.len() <= 255 && long.ends_with(".pdf"), "{}", long.len());
}

#[test]
fn sec_19_pieces_and_references_are_told_and_left_alone() {
    for (head, body, fault) in [
        (
            "message/partial; id=\"a@b\"; number=1; total=1",
            "From: eve@example.org\r\n\r\nput together",
            "the part is a piece of a mail that was cut up; it is not put together",
        ),
        (
            "message/external-body; access-type=local-file; name=\"/etc/passwd\"",
            "Content-Type: text/plain\r\n\r\nphantom",
            "the part only says where its content is; that is not fetched",
        ),
    ] {
        let raw = format!("From: ann@example.org\r\nContent-Type: {head}\r\n\r\n{body}");
        let message = read(raw.as_bytes()).message;
        assert_eq!(message.faults, [fault]);
        assert_eq!((message.parts.len(), message.parts[0].leaf, message.text.as_str()), (1, true, ""));
        assert_eq!(message.headers.from[0].address, "ann@example.org");
        assert_eq!(mail::part(raw.as_bytes(), &Limits::default(), "1").unwrap(), body.as_bytes());
    }
}

#[test]
fn sec_20_work_grows_with_size_only() {
    let siblings =
        |n: usize| format!("Content-Type: multipart/mixed; boundary=b\r\n\r\n{}", "--b\r\n\r\nx\r\n".repeat(n));
    assert_linear("siblings", |n| siblings(n).into_bytes(), 100, read_work);
    assert_linear(
        "dashes",
        |n| b"Content-Type: multipart/mixed; boundary=-\r\n\r\n--".iter().copied().chain(vec![b'-'; n]).collect(),
        50_000,
        read_work,
    );
    assert_linear("lines", |n| format!("Subject: x\r\n\r\n{}", "a\r\n".repeat(n)).into_bytes(), 10_000, read_work);
}

#[test]
fn sec_20_html_work_grows_with_size_only() {
    let page = |open: &'static str| move |n: usize| open.repeat(n).into_bytes();
    for open in [
        "<div>",
        "<b>",
        "<a>",
        "<p><b>",
        "<table><td>",
        "<",
        "<!--",
        "</p>",
        "&amp",
        "&#x3c",
        "<a b=c ",
        "<pre>\n",
        "<ul><li>",
        "<script>",
        "x <i>",
    ] {
        assert_linear(open, page(open), 2_000, |raw| {
            let html = std::str::from_utf8(raw).unwrap();
            assert!(mail::sanitize(html).len() <= 64 * html.len() + 64);
            mail::new_text(Format::Html, raw);
        });
    }
    assert_linear(
        "attributes",
        |n| format!("<p {}>", (0..n).map(|i| format!("a{i}=1 ")).collect::<String>()).into_bytes(),
        2_000,
        |raw| {
            mail::sanitize(std::str::from_utf8(raw).unwrap());
        },
    );
}

/// The inputs on which every other reply parser that was measured takes seconds or never ends, and fragments of what
/// introduces a quote in other languages.
const FRAGMENTS: &[&str] = &[
    "On ",
    "On x\n",
    "short\n",
    "Le a,",
    "On a 1 ",
    "On a a a 2024 ",
    "> \n",
    "From: a\n",
    "-",
    "-- \n",
    "On 1 May <a\n",
    "| a\n",
    "Sent: 1\n",
    "\n",
    "On 1 May 2024 a@b.c wrote:\n> x\n",
    "> x\n\ny\n",
    "---------- Forwarded message ----------\nFrom: a\n",
    "-----Original Message-----\n",
    "Am 1. Mai 2024 schrieb <a@b.c>\n",
    "wrote:\n",
    "2024-05-03 10:00 GMT+02:00 <",
    "(https://",
    "[sealpost-letter ",
    "请先关闭打印机",
    "one two three four five\n",
];

#[test]
fn sec_20_reply_work_grows_with_size_only() {
    let mut history = History::new([1; 16]);
    history.add_text("one two three four five six seven 请先关闭打印机请先关闭打印机");
    history.add_letter_key(LetterKey::derive(b"secret", "site"));
    for piece in FRAGMENTS {
        assert_linear(
            piece,
            |n| piece.repeat(n).into_bytes(),
            800,
            |raw| {
                mail::new_text(Format::Text, raw);
            },
        );
        assert_linear(
            piece,
            |n| format!("yes\n{}\nno", piece.repeat(n)).into_bytes(),
            400,
            |raw| {
                mail::new_text_after(Format::Text, raw, &history);
            },
        );
    }
}

#[test]
fn sec_20_reply_of_empty_lines_between_quotes() {
    assert_linear(
        "empty lines",
        |n| format!("> a\n{}> b\n", "\n".repeat(n)).into_bytes(),
        4_000,
        |raw| {
            mail::new_text(Format::Text, raw);
        },
    );
}

#[test]
fn sec_20_a_history_grows_with_size_only() {
    for piece in ["a ", "one two three ", "(https://", "请", "a\u{200b}", "word"] {
        assert_linear(
            piece,
            |n| piece.repeat(n).into_bytes(),
            2_000,
            |raw| {
                let mut history = History::new([1; 16]);
                history.add_text(std::str::from_utf8(raw).unwrap());
            },
        );
    }
}

#[test]
fn sec_16_cut_names_keep_their_last_ending() {
    let long = mail::safe_name(&format!("{}.pdf.exe", "a".repeat(5_000)), 1);
    assert!(long.len() == 255 && long.ends_with("a.exe"), "{long}");
    let spaced = mail::safe_name(&format!("offer.pdf{}.exe", " ".repeat(5_000)), 1);
    assert_eq!(spaced, "offer.pdf .exe");
}

/// Many pictures and a long text that names them: each is looked up, none searched for.
#[test]
fn sec_20_picture_work_grows_with_size_only() {
    let mail = |n: usize| {
        let head = "Content-Type: multipart/related; boundary=b\r\n\r\n--b\r\nContent-Type: text/html\r\n\r\n";
        let shown = "<img src=\"cid:a@x\"> word ".repeat(n);
        let picture =
            "--b\r\nContent-Type: image/gif\r\nContent-ID: <a@x>\r\n\r\nGIF89a\x01\x00\x01\x00\r\n".repeat(n.min(900));
        format!("{head}{shown}\r\n{picture}--b--\r\n").into_bytes()
    };
    assert_linear("pictures", mail, 500, read_work);
    let reading = read(&mail(900));
    assert!(reading.message.parts.iter().skip(2).all(|p| p.class == mail::PartClass::TrackingPixel));
}

#[test]
fn sec_20_armour_work_grows_with_size_only() {
    for piece in [
        "-----BEGIN PGP SIGNED MESSAGE-----\n",
        "-----BEGIN PGP SIGNED MESSAGE-----\n\n-----BEGIN PGP SIGNATURE-----\n-----END PGP SIGNATURE-----\n",
        "-----BEGIN PGP MESSAGE-----\n",
        "- -----\n",
        "-----BEGIN PGP SIGNED MESSAGE-----\nHash: a\n",
    ] {
        assert_linear(piece, |n| format!("Subject: x\n\n{}", piece.repeat(n)).into_bytes(), 300, read_work);
    }
}

#[test]
fn sec_26_reports_made_to_cost() {
    let report = |n: usize| {
        let told = "ann@example.net: 550 user unknown mailbox full rejected \n".repeat(n);
        let groups = "Final-Recipient: rfc822; ann@example.net\nAction: failed\n\n".repeat(n);
        format!(
            "From: MAILER-DAEMON@x\nX-Failed-Recipients: {}\nContent-Type: multipart/report; boundary=r\n\n--r\n\n{told}\n\
             --r\nContent-Type: message/delivery-status\n\n{groups}\n--r--\n",
            "a@b.example, ".repeat(n.min(1000))
        )
        .into_bytes()
    };
    assert_linear("reports", report, 200, read_work);
    let notice = |n: usize| {
        let lines: String = (0..n).map(|k| format!("<a{k}@example.net>: 550 user unknown\n")).collect();
        format!("From: MAILER-DAEMON@x\nSubject: Undelivered Mail\n\n{lines}").into_bytes()
    };
    assert_linear("notices", notice, 500, read_work);
}

#[test]
fn sec_24_values_made_to_cost() {
    for (field, piece) in [
        ("Subject", "=?utf-8?q?a"),
        ("Subject", "=?utf-8?q?=C3?= "),
        ("Subject", "=?"),
        ("Subject", "?="),
        ("To", "<<a@b>>@c,"),
        ("To", "a@b "),
        ("To", "\"a <"),
        ("To", "a@"),
        ("Date", "5 ("),
        ("Date", "+-:."),
        ("Content-Disposition", "; filename*1*=%C3"),
        ("Content-Disposition", "; filename*0=\\\""),
    ] {
        let make = |n: usize| format!("From: a@b\n{field}: {}\n\nx\n", piece.repeat(n)).into_bytes();
        assert_linear(piece, make, 500, read_work);
    }
    let boundaries =
        |n: usize| format!("Content-Type: multipart/mixed; boundary=b\n\n{}", "--x\n--b-- \n".repeat(n)).into_bytes();
    assert_linear("boundaries", boundaries, 2_000, read_work);
}
