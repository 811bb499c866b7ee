//! Small mails whose reading would be large: what is said once in a mail is not said thousands of times of it.
#![allow(clippy::unwrap_used)]

use mail::document::{Block, Inline};
use mail::{Document, Limits, Reading};
use rig::clock::Stopwatch;

fn page(html: &str) -> (Reading, usize) {
    let raw = format!("From: a@example.org\r\nContent-Type: text/html; charset=utf-8\r\n\r\n{html}");
    let reading = mail::read(raw.as_bytes(), &Limits::default());
    let json = serde_json::to_string(&reading).unwrap().len();
    (reading, json)
}

fn long_link() -> String {
    format!("<a href=\"https://x.example/{}\">", "a".repeat(1900))
}

const UNLINKED: &str = "links are said too often: further words are shown without theirs";

#[test]
fn a_link_around_many_pieces_is_not_said_with_each() {
    for piece in ["<b>ö</b>u", "ö<br>", "<p>ö</p>", "<img src=cid:x alt=w>ö"] {
        let html = long_link() + &piece.repeat(50_000);
        let (reading, json) = page(&html);
        assert!(json <= html.len() * 40 + 4_000_000, "{piece}: {} bytes of HTML became {json} of JSON", html.len());
        let told = reading.message.faults.iter().filter(|fault| *fault == UNLINKED).count();
        assert_eq!(told, 1, "{piece}: {:?}", reading.message.faults);
        assert_eq!(reading.message.text.matches('ö').count(), 50_000, "{piece}");
        assert_eq!(reading.reply.document.unwrap().text().matches('ö').count(), 50_000, "{piece}");
    }
}

#[test]
fn links_that_are_said_once_keep_their_targets() {
    let links = 4000;
    let html: String =
        (0..links).map(|n| format!("<p><a href=\"https://x.example/{n}/{}\">ö</a></p>", "a".repeat(500))).collect();
    let (reading, _) = page(&html);
    assert!(!reading.message.faults.iter().any(|fault| fault == UNLINKED), "{:?}", reading.message.faults);
    let blocks = reading.reply.document.unwrap().blocks;
    let is_linked = |block: &Block| matches!(block, Block::Paragraph(content) if matches!(content[..], [Inline::Text { link: Some(_), .. }]));
    assert_eq!(blocks.iter().filter(|block| is_linked(block)).count(), links);
}

#[test]
fn what_comes_after_a_link_that_is_said_too_often_keeps_its_own() {
    let html = format!("{}{}</a><p><a href=https://y.example/>after</a></p>", long_link(), "<b>ö</b>u".repeat(20_000));
    let (reading, _) = page(&html);
    assert!(reading.message.text.ends_with("[after](https://y.example/)"));
}

#[test]
fn emphasis_inside_a_link_of_a_plain_text_does_not_repeat_it() {
    let text = format!("[{}](https://x.example/{})\n", "*a* ".repeat(240), "a".repeat(900)).repeat(100);
    let document = Document::from_text(&text);
    assert!(document.text().matches("https://x.example").count() >= 100);
    let json = serde_json::to_string(&document).unwrap().len();
    assert!(json <= text.len() * 25, "{} bytes became {json} of JSON", text.len());
}

/// Words at the end of what repeats, which no bound may lose.
fn assert_kept(name: &str, html: &str, count: usize) -> Reading {
    let (reading, json) = page(&format!("{html}<p>die letzten Wörter"));
    let kept = |text: &str| (text.matches('ö').count(), text.contains("letzten"));
    assert_eq!(kept(&reading.message.text), (count + 1, true), "{name}: the text");
    assert_eq!(kept(&reading.reply.whole()), (count + 1, true), "{name}: the reply");
    let safe = reading.message.html.as_deref().unwrap();
    assert_eq!(kept(safe), (count + 1, true), "{name}: the safe HTML");
    assert!(mail::sanitize(safe) == safe, "{name}: the safe HTML is not settled");
    assert!(json <= html.len() * 40 + 1_000_000, "{name}: {} bytes of HTML became {json} of JSON", html.len());
    reading
}

#[test]
fn a_page_of_too_many_elements_keeps_its_words() {
    for piece in
        ["<p>ö</p>", "<table><tr><td>ö</table>", "<b>ö</b>u", "ö<br>", "<td>ö", "<ul><li>ö", "<p a=1 b=2 c=3>ö"]
    {
        let reading = assert_kept(piece, &piece.repeat(90_000), 90_000);
        let told = "the page has more elements than are laid out: the rest is shown as plain text";
        assert!(reading.message.faults.iter().any(|fault| fault == told), "{piece}: {:?}", reading.message.faults);
        assert!(!reading.message.parts[0].body, "{piece}: a page that is not laid out whole goes along");
    }
}

#[test]
fn what_nobody_sees_stays_unseen_where_a_page_is_cut() {
    let hidden = "<svg><svg>ö</svg>ö</svg><style>ö</style><script>ö</script>u";
    assert_kept("unseen", &format!("{}{hidden}", "<p>ö</p>".repeat(150_000)), 150_000);
    let unclosed = format!("{}<div><svg>ö</div>ö", "<p>ö</p>".repeat(150_000));
    assert_kept("unclosed", &unclosed, 150_001);
    assert_kept("tables in tables", &"<table>ö".repeat(150_000), 150_000);
}

#[test]
fn a_text_of_too_many_lines_keeps_its_words() {
    let told = "the text has more lines than are looked at: the rest is shown as it is";
    let code = format!("<pre>{}</pre>", "ö\n".repeat(150_000));
    let lines = format!("<pre wrap>{}</pre>", "ö\n".repeat(150_000));
    assert_kept("code", &code, 150_000);
    assert_kept("lines", &lines, 150_000);
    let raw = format!("Content-Type: text/plain; charset=utf-8\r\n\r\n{}> ö\nletzten", "ö\r\n".repeat(150_000));
    let reading = mail::read(raw.as_bytes(), &Limits::default());
    assert!(reading.message.faults.iter().any(|fault| fault == told), "{:?}", reading.message.faults);
    assert_eq!(reading.reply.whole(), reading.message.text);
    assert_eq!(reading.message.text.matches('ö').count(), 150_001);
    assert!(reading.message.text.ends_with("letzten"));
    let document = Document::from_text(&reading.message.text).text();
    assert_eq!((document.matches('ö').count(), document.ends_with("letzten")), (150_001, true));
}

#[test]
fn fences_that_are_never_closed_cost_no_search() {
    let begun = Stopwatch::start();
    let document = Document::from_text(&"```a\n".repeat(90_000));
    assert_eq!(document.text().matches('a').count(), 90_000);
    assert!(begun.elapsed().as_secs() < 20, "{:?}", begun.elapsed());
}

#[test]
fn a_text_that_is_longer_than_is_read_goes_along_whole() {
    let told = "the text is longer than is read: the part that holds all of it goes along";
    let long = "Wörter ".repeat(700_000);
    let lines = long.replace(' ', "\r\n");
    let wide: Vec<u8> = long.encode_utf16().flat_map(u16::to_le_bytes).collect();
    for (kind, body) in [
        ("text/plain; charset=utf-8", long.as_bytes()),
        ("text/plain; charset=utf-8", lines.as_bytes()),
        ("text/html; charset=utf-8", long.as_bytes()),
        ("text/plain; charset=utf-16le", &wide),
    ] {
        let head = format!("Content-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\nContent-Type: {kind}\r\n");
        let rest = "Content-Transfer-Encoding: 8bit\r\n\r\n";
        let after = "\r\n--b\r\n\r\nshort\r\n--b--\r\n";
        let raw = [head.as_bytes(), rest.as_bytes(), body, after.as_bytes()].concat();
        let message = mail::read(&raw, &Limits::default()).message;
        assert!(message.faults.iter().any(|fault| fault == told), "{kind}: {:?}", message.faults);
        let is_body: Vec<bool> = message.parts.iter().map(|part| part.body).collect();
        assert_eq!(is_body, [false, false, false], "{kind}: what is not read whole is a file");
        assert_eq!(mail::part(&raw, &Limits::default(), "1.1").unwrap(), body, "{kind}");
        assert!(message.text.len() > 1_200_000 && !message.text.contains('\u{fffd}'), "{kind}");
        assert!(message.text.split_whitespace().rev().skip(1).all(|word| word == "Wörter"), "{kind}");
    }
}

#[test]
fn a_large_encoded_message_stays_a_file() {
    let inner = format!("Subject: inner\r\n\r\n{}", "words ".repeat(3_500_000));
    let body = data_encoding::BASE64_MIME.encode(inner.as_bytes());
    let raw = format!("Content-Type: message/rfc822\r\nContent-Transfer-Encoding: base64\r\n\r\n{body}");
    let message = mail::read(raw.as_bytes(), &Limits::default()).message;
    let told = "an attached message is transfer-encoded and too large to be opened";
    assert!(message.faults.iter().any(|fault| fault == told), "{:?}", message.faults);
    assert_eq!((message.parts.len(), message.parts[0].leaf, message.parts[0].body), (1, true, false));
    assert_eq!(message.parts[0].size_bytes, inner.len() as u64);
}
