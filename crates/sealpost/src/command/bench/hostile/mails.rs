//! Mails that were made to hurt: each repeats, up to a size, what costs a careless reader the most.

use std::iter::repeat_n;

/// A mail of about so many bytes.
type Make = fn(usize) -> Vec<u8>;

/// Every mail, by the name under which it is told.
pub const ALL: &[(&str, Make)] = &[
    ("text: short lines", |size| text("", "a\r\n", size)),
    ("text: empty lines", |size| text("", "\r\n", size)),
    ("text: one line", |size| text("", "word ", size)),
    ("text: quoted lines", |size| text("yes\r\n", "> a\r\n", size)),
    ("text: answers between quotes", |size| text("", "> a\r\nb\r\n", size)),
    ("text: attributions", |size| text("yes\r\n", "On 1 May 2024 a@b.c wrote:\r\n> x\r\n", size)),
    ("text: half attributions", |size| text("yes\r\n", "On a 1 ", size)),
    ("text: forwards", |size| text("", "---------- Forwarded message ----------\r\nFrom: a\r\n", size)),
    ("text: header lines", |size| text("", "From: a@example.org\r\n", size)),
    ("text: links", |size| text("", "https://x.example/a ", size)),
    ("text: openers", |size| text("", "[a](", size)),
    ("text: emphasis", |size| text("", "*a ", size)),
    ("text: fences", |size| text("", "```a\r\n", size)),
    ("text: lists", |size| text("", "- a\r\n  - b\r\n", size)),
    ("text: UTF-16", |size| with_head("text/plain; charset=utf-16le", "8bit", &repeated(b"", b"a\0b\0 \0", size))),
    ("text: no charset", |size| with_head("text/plain", "8bit", &repeated(b"", b"gr\xfc\xdfe an alle ", size))),
    ("text: wrong UTF-8", |size| with_head("text/plain; charset=utf-8", "8bit", &repeated(b"", b"\xff", size))),
    ("text: ISO-2022-JP", |size| {
        with_head("text/plain; charset=iso-2022-jp", "7bit", &repeated(b"", b"\x1b$B%F\x1b(B", size))
    }),
    ("text: flowed", |size| with_head("text/plain; format=flowed", "7bit", &repeated(b"", b"a \r\n", size))),
    ("text: quoted-printable", |size| {
        with_head("text/plain", "quoted-printable", &repeated(b"", b"=C3=B6=\r\n", size))
    }),
    ("text: base64", |size| with_head("text/plain", "base64", &repeated(b"", b"YSBiIGMgZAo=\r\n", size))),
    ("text: PGP armour", |size| text("", "-----BEGIN PGP SIGNED MESSAGE-----\r\n", size)),
    ("text: uuencoded files", |size| text("", "begin 644 a\r\n#86)C\r\n`\r\nend\r\n", size)),
    ("text: beginnings of files", |size| text("", "begin 644 a\r\n", size)),
    ("page: table cells", |size| page("<table border=1>", "<td>", size)),
    ("page: table cells with words", |size| page("<table border=1><tr><th>", "<td>a", size)),
    ("page: tables", |size| page("", "<table><td>a", size)),
    ("page: empty elements", |size| page("", "<b></b>", size)),
    ("page: breaks", |size| page("", "a<br>", size)),
    ("page: paragraphs", |size| page("", "<p>a", size)),
    ("page: nested blocks", |size| page("", "<div>a", size)),
    ("page: nested quotes", |size| page("", "<blockquote>a", size)),
    ("page: nested lists", |size| page("<ol start=4000000000>", "<ol start=4000000000><li>a", size)),
    ("page: list items", |size| page(&"<ol start=4000000000><li>".repeat(6), "<li>a", size)),
    ("page: emphasis", |size| page("", "<b>a</b>b", size)),
    ("page: links", |size| page("", "<a href=https://x.example/a>b</a> ", size)),
    ("page: pieces of one link", |size| page(&long_link(), "<b>a</b>b", size)),
    ("page: lines of one link", |size| page(&long_link(), "a<br>", size)),
    ("page: attributes", |size| page("", "<p a=1 b=2 c=3 d=4 e=5 f=6 g=7 h=8>", size)),
    ("page: one tag", |size| page("<p ", "a=1 ", size)),
    ("page: entities", |size| page("", "&#x3c;", size)),
    ("page: comments", |size| page("", "a<!-->", size)),
    ("page: unclosed comments", |size| page("", "<!--", size)),
    ("page: signs", |size| page("", "<", size)),
    ("page: pictures", |size| page("", "<img src=cid:a alt=b>", size)),
    ("page: hidden", |size| page("", "<p style='display:none'>a</p>", size)),
    ("page: scripts", |size| page("", "<script>a</script>", size)),
    ("page: quotes of programs", |size| page("", "<div class=gmail_quote>a</div>b", size)),
    ("page: code", |size| page("", "<pre>a\n</pre>", size)),
    ("structure: parts", |size| {
        with_head("multipart/mixed; boundary=b", "7bit", &repeated(b"", b"--b\r\n\r\nx\r\n", size))
    }),
    ("structure: large parts", large_parts),
    ("structure: nested mails", |size| repeated(b"", b"Content-Type: message/rfc822\r\n\r\n", size)),
    ("structure: nested base64", nested_base64),
    ("structure: one attachment", |size| {
        with_head("application/octet-stream", "base64", &repeated(b"", &[&[b'A'; 76][..], b"\r\n"].concat(), size))
    }),
    ("structure: dashes", |size| with_head("multipart/mixed; boundary=-", "7bit", &repeated(b"--", b"-", size))),
    ("header: fields", |size| repeated(b"", b"X: y\r\n", size)),
    ("header: addresses", |size| header("To: ", "Jo <jo@x.example>,\r\n ", size)),
    ("header: words", |size| header("Subject: ", "=?utf-8?q?=C3=B6?=\r\n ", size)),
    ("header: comments", |size| header("From: ", "(", size)),
    ("report: recipients", |size| report("Final-Recipient: rfc822; a@b.example\r\nStatus: 5.1.1\r\n\r\n", size)),
    ("report: words", |size| server_text("<a@b.example>: 550 5.1.1 user unknown\r\n", size)),
    ("calendar: entries", |size| calendar("BEGIN:VEVENT\r\nSUMMARY:a\r\nDTSTART:20260101\r\nEND:VEVENT\r\n", size)),
    ("calendar: attendees", |size| calendar("ATTENDEE;CN=a:mailto:a@b.example\r\n", size)),
    ("calendar: one list", |size| calendar("a,", size)),
    ("winmail.dat: compressed text", |size| tnef(&compressed(size))),
    ("winmail.dat: compressed groups", |size| tnef(&stored(&repeated(b"{\\rtf1 ", b"{a}", size)))),
    ("winmail.dat: compressed tables", |size| {
        tnef(&stored(&repeated(b"{\\rtf1\\fromhtml1 ", b"{\\*\\htmltag84 <td>}", size)))
    }),
    ("winmail.dat: attributes", |size| binary(&repeated(TNEF_SIGN, &attribute(2, 0x0006_9002, &[0; 14]), size))),
];

fn repeated(begin: &[u8], piece: &[u8], size: usize) -> Vec<u8> {
    begin.iter().copied().chain(repeat_n(piece, size / piece.len()).flatten().copied()).collect()
}

fn with_head(kind: &str, encoding: &str, body: &[u8]) -> Vec<u8> {
    let head = format!(
        "From: Eve <eve@x.example>\r\nSubject: hostile\r\nMIME-Version: 1.0\r\nContent-Type: {kind}\r\n\
         Content-Transfer-Encoding: {encoding}\r\n\r\n"
    );
    [head.as_bytes(), body].concat()
}

fn text(begin: &str, piece: &str, size: usize) -> Vec<u8> {
    with_head("text/plain; charset=utf-8", "8bit", &repeated(begin.as_bytes(), piece.as_bytes(), size))
}

fn page(begin: &str, piece: &str, size: usize) -> Vec<u8> {
    with_head("text/html; charset=utf-8", "8bit", &repeated(begin.as_bytes(), piece.as_bytes(), size))
}

/// The longest link that is kept.
fn long_link() -> String {
    format!("<a href=\"https://x.example/{}\">", "a".repeat(1900))
}

/// As much as one header block may have.
fn header(begin: &str, piece: &str, size: usize) -> Vec<u8> {
    const HEADER_BYTES_MAX: usize = 250_000;
    [repeated(begin.as_bytes(), piece.as_bytes(), size.min(HEADER_BYTES_MAX)), b"\r\n\r\nx".to_vec()].concat()
}

/// Fewer parts than the limit, all of them text, half of them pages.
fn large_parts(size: usize) -> Vec<u8> {
    const PARTS: usize = 900;
    let words = "<p>word <b>word</b>\r\n".repeat(size / PARTS / 21);
    let part = |at: usize| {
        let kind = if at.is_multiple_of(2) { "html" } else { "plain" };
        format!("--b\r\nContent-Type: text/{kind}\r\n\r\n{words}\r\n")
    };
    let parts: String = (0..PARTS).map(part).collect();
    with_head("multipart/mixed; boundary=b", "8bit", parts.as_bytes())
}

/// A mail in a mail in a mail, each encoded anew.
fn nested_base64(size: usize) -> Vec<u8> {
    const DEPTH: usize = 12;
    let mut raw = text("", "word ", size / 32);
    for _ in 0..DEPTH {
        raw = with_head("message/rfc822", "base64", &base64(&raw));
    }
    raw
}

fn base64(bytes: &[u8]) -> Vec<u8> {
    const LETTERS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut out = Vec::with_capacity(bytes.len() * 4 / 3 + 4);
    for three in bytes.chunks(3) {
        let bits = three.iter().fold(0u32, |bits, byte| bits << 8 | u32::from(*byte)) << (8 * (3 - three.len()));
        let letters = [18, 12, 6, 0].map(|shift| LETTERS[(bits >> shift & 63) as usize]);
        out.extend(&letters[..=three.len()]);
        out.extend(repeat_n(b'=', 3 - three.len()));
    }
    out
}

fn report(groups: &str, size: usize) -> Vec<u8> {
    let begin =
        "--b\r\n\r\nNo such user\r\n--b\r\nContent-Type: message/delivery-status\r\n\r\nReporting-MTA: dns; x\r\n\r\n";
    let body = repeated(begin.as_bytes(), groups.as_bytes(), size);
    with_head("multipart/report; report-type=delivery-status; boundary=b", "7bit", &body)
}

/// What a mail server says that sends no report.
fn server_text(line: &str, size: usize) -> Vec<u8> {
    let head =
        "Return-Path: <>\r\nFrom: MAILER-DAEMON@x.example\r\nSubject: Undelivered Mail Returned to Sender\r\n\r\n";
    repeated(head.as_bytes(), line.as_bytes(), size)
}

fn calendar(lines: &str, size: usize) -> Vec<u8> {
    let begin = "BEGIN:VCALENDAR\r\nMETHOD:REQUEST\r\nBEGIN:VEVENT\r\nSUMMARY:a\r\nDTSTART:20260101\r\nCATEGORIES:";
    with_head("text/calendar; method=REQUEST", "8bit", &repeated(begin.as_bytes(), lines.as_bytes(), size))
}

/// What a TNEF stream begins with, its key included ([MS-OXTNEF], section 2.1.3.1).
const TNEF_SIGN: &[u8] = b"\x78\x9f\x3e\x22\x01\0";

fn attribute(level: u8, id: u32, data: &[u8]) -> Vec<u8> {
    let sum = data.iter().fold(0u16, |sum, byte| sum.wrapping_add(u16::from(*byte)));
    [&[level][..], &id.to_le_bytes(), &(data.len() as u32).to_le_bytes(), data, &sum.to_le_bytes()].concat()
}

fn binary(stream: &[u8]) -> Vec<u8> {
    with_head("application/ms-tnef; name=winmail.dat", "binary", stream)
}

/// A stream whose only property is its compressed RTF.
fn tnef(rtf: &[u8]) -> Vec<u8> {
    const PROPERTIES: u32 = 0x0006_9003;
    let filling = vec![0; rtf.len().next_multiple_of(4) - rtf.len()];
    let numbers = [1, 0x1009_0102, 1, rtf.len() as u32].map(u32::to_le_bytes).concat();
    binary(&[TNEF_SIGN, &attribute(1, PROPERTIES, &[&numbers, rtf, &filling].concat())].concat())
}

fn wrapped(kind: &[u8; 4], body: &[u8], bytes: usize) -> Vec<u8> {
    [&(body.len() as u32 + 12).to_le_bytes()[..], &(bytes as u32).to_le_bytes(), kind, &[0; 4], body].concat()
}

fn stored(rtf: &[u8]) -> Vec<u8> {
    wrapped(b"MELA", rtf, rtf.len())
}

/// Text that its compression makes as long as can be: two bytes say the last letter seventeen times more.
fn compressed(size: usize) -> Vec<u8> {
    const DICTIONARY_BYTES: usize = 4096;
    const PREFILL_BYTES: usize = 207;
    let begin = b"{\\rtf1 a";
    let mut body = vec![0];
    body.extend(begin);
    let mut at = PREFILL_BYTES + begin.len();
    for _ in 0..size.min(2_000_000) / 17 {
        body.extend([0xff]);
        for _ in 0..8 {
            let from = (at + DICTIONARY_BYTES - 1) % DICTIONARY_BYTES;
            body.extend([(from >> 4) as u8, (from << 4) as u8 | 15]);
            at = (at + 17) % DICTIONARY_BYTES;
        }
    }
    wrapped(b"LZFu", &body, size)
}
