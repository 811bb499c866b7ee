//! The one model between formats: no word lost or invented on the way through it, and nothing smuggled.
#![allow(clippy::unwrap_used)]

#[path = "fuzz/shown.rs"]
mod shown;

use mail::document::{Block, Inline};
use mail::{Document, Format};
use proptest::prelude::*;
use shown::shown;
use std::path::Path;

fn letters(text: &str) -> String {
    text.chars().filter(|c| c.is_alphanumeric()).collect()
}

/// Pages without numbered lists, pictures and links, whose signs in text are words too.
fn page() -> impl Strategy<Value = String> {
    let names = "p b i em code s u span table tbody thead tr td th caption div pre ul li dl dt dd blockquote h1 h2 h6 br hr center font \
                 section form select option title textarea xmp address button sub o:p";
    let names: Vec<&str> = names.split_whitespace().collect();
    let ends = names.clone();
    let piece = prop_oneof![
        6 => proptest::sample::select(names).prop_map(|name| format!("<{name}>")),
        2 => Just("<table border=1><tr><th>".to_owned()),
        1 => Just("<pre wrap>".to_owned()),
        1 => Just("<div style='display:none'>".to_owned()),
        5 => proptest::sample::select(ends).prop_map(|name| format!("</{name}>")),
        1 => Just("&lt;&amp;&nbsp;&#0;&notin;&not;&#13;&#10;\r".to_owned()),
        4 => "[a-z0-9*_`\\[\\]()#>.~ \n-]{0,8}",
        2 => "\\PC{0,4}",
    ];
    proptest::collection::vec(piece, 0..50).prop_map(|pieces| pieces.concat())
}

fn every(blocks: &[Block], see: &mut impl FnMut(&Inline)) {
    for block in blocks {
        match block {
            Block::Paragraph(content) | Block::Heading { content, .. } => content.iter().for_each(&mut *see),
            Block::List { items, .. } => items.iter().for_each(|item| every(item, see)),
            Block::Quote(inner) => every(inner, see),
            Block::Table(rows) => rows.iter().flatten().for_each(|cell| every(&cell.blocks, see)),
            Block::Code { .. } | Block::Rule | Block::Foreign(_) => {}
        }
    }
}

fn label() -> impl Strategy<Value = String> {
    let known =
        ["https://bank.example/x", "see https://bank.example", "www.bank.example", "<p>https://bank.example/<p>x"];
    prop_oneof![proptest::sample::select(known.to_vec()).prop_map(str::to_owned), "[a-z ./:@]{0,20}"]
}

fn target() -> impl Strategy<Value = String> {
    let known = ["https://evil.example/", "java\nscript:x", "mailto:a@b.example", "https://bank.example@evil.example/"];
    prop_oneof![proptest::sample::select(known.to_vec()).prop_map(str::to_owned), "\\PC{0,20}"]
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 2000, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn no_word_of_a_page_is_lost_or_invented(page in page()) {
        let document = Document::from_html(&page);
        let written = letters(&shown(&mail::sanitize(&page)));
        prop_assert_eq!(letters(&document.text()), written.clone(), "as text");
        prop_assert_eq!(letters(&shown(&document.html())), written, "as HTML");
    }

    #[test]
    fn html_of_a_document_is_safe_and_reads_as_it_was(page in page(), more in "\\PC{0,30}") {
        for document in [Document::from_html(&page), Document::from_text(&page), Document::from_text(&more)] {
            let html = document.html();
            prop_assert_eq!(&mail::sanitize(&html), &html);
        }
    }

    #[test]
    fn a_reply_by_layout_keeps_every_word(page in page()) {
        let raw = format!("Content-Type: text/html; charset=utf-8\r\n\r\n<div>new</div><div class=gmail_quote>{page}</div>");
        let reading = mail::read(raw.as_bytes(), &mail::Limits::default());
        let mut pieces = vec![reading.reply.document.unwrap()];
        pieces.extend(reading.reply.hidden.iter().map(|hidden| hidden.document.clone().unwrap()));
        let mut kept: Vec<char> = pieces.iter().flat_map(|piece| letters(&piece.text()).chars().collect::<Vec<_>>()).collect();
        let mut whole: Vec<char> = letters(&reading.message.text).chars().collect();
        kept.sort_unstable();
        whole.sort_unstable();
        prop_assert_eq!(kept, whole);
    }

    #[test]
    fn sec_33_links_lead_to_the_web_and_say_where(label in label(), target in target()) {
        let quoted = target.replace('&', "&amp;").replace('"', "&quot;");
        let document = Document::from_html(&format!("<a href=\"{quoted}\">{label}</a>"));
        every(&document.blocks, &mut |inline| {
            if let Inline::Text { text, link: Some(link), .. } = inline {
                let lower = link.to_lowercase();
                assert!(["http:", "https:", "mailto:"].iter().any(|scheme| lower.starts_with(scheme)), "{link}");
                assert!(!text.contains("bank.example") || *text == **link, "{text} leads to {link}");
            }
        });
    }
}

#[test]
fn what_a_page_lays_out_is_kept() {
    let html = "<h2>Report</h2><p>It <b>is <i>really</i></b> <u>on</u> <a href='https://x.example/?a=1&amp;b'>fire</a>:<br>\
                see <img src='cid:a@b' alt='the photo'></p><ol start=3><li>three<ul><li>deep</li></ul></li><li>four</li></ol>\
                <table border=1><tr><th>Part<th>State</tr><tr><td>Fan</td><td>hot<br>loud</td></tr></table>\
                <table><tr><td>laid</td><td>out</td></tr></table><pre>let x;\n  y</pre><blockquote>said<blockquote>before</blockquote></blockquote><hr>";
    let document = Document::from_html(html);
    assert_eq!(
        document.text(),
        "## Report\n\nIt **is _really_** on [fire](https://x.example/?a=1&b):\nsee ![the photo](cid:a@b)\n\n3. three\n   - deep\n\
         4. four\n\nPart | State\nFan | hot loud\n\nlaid\nout\n\n    let x;\n      y\n\n> said\n>\n> > before\n\n---"
    );
    assert_eq!(
        document.html(),
        "<h2>Report</h2><p>It <strong>is </strong><strong><em>really</em></strong> <u>on</u> \
         <a href=\"https://x.example/?a=1&amp;b\" rel=\"noopener noreferrer nofollow\">fire</a>:<br>see \
         <img src=\"cid:a@b\" alt=\"the photo\"></p><ol start=\"3\"><li>three<ul><li>deep</li></ul></li><li>four</li></ol>\
         <table><tbody><tr><th>Part</th><th>State</th></tr><tr><td>Fan</td><td>hot<br>loud</td></tr></tbody></table>\
         <p>laid<br>out</p><pre>let x;\n  y</pre><blockquote><p>said</p><blockquote><p>before</p></blockquote></blockquote><hr>"
    );
}

#[test]
fn nesting_without_end_is_bounded() {
    for piece in [
        "<blockquote>ö",
        "<ul><li>ö",
        "<li>ö",
        "<table border=1><tr><th>ö<td>",
        "<pre>ö",
        "<a href=https://x.example>ö",
        "<b>ö",
    ] {
        let html = piece.repeat(20_000);
        let document = Document::from_html(&html);
        assert_eq!(document.text().matches('ö').count(), 20_000, "{piece}");
        serde_json::from_str::<Document>(&serde_json::to_string(&document).unwrap()).unwrap();
        document.html();
        mail::new_text(Format::Html, html.as_bytes());
    }
}

/// Pages of mails that people wrote: what is shown of the page stands in the document.
#[test]
fn no_word_of_a_real_page_is_lost() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let Some(folder) = rig::shared::folder(&root, &rig::shared::this_test()) else { return };
    let mut folders = vec![folder.join("corpora")];
    let mut seen = 0;
    while let Some(folder) = folders.pop() {
        for path in std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()) {
            if path.is_dir() {
                folders.push(path);
                continue;
            }
            let raw = std::fs::read(&path).unwrap();
            let Some(html) = mail::read(&raw, &mail::Limits::default()).message.html else { continue };
            let document = Document::from_html(&html);
            let laid_out = letters(&document.text());
            let mut rest = laid_out.as_str();
            for word in
                shown(&html.replace('<', " <")).split(|c: char| !c.is_alphanumeric()).filter(|word| !word.is_empty())
            {
                let at = rest.find(word).unwrap_or_else(|| panic!("{}: lost {word:?}", path.display()));
                rest = &rest[at + word.len()..];
            }
            assert_eq!(mail::sanitize(&document.html()), document.html(), "{}", path.display());
            seen += 1;
        }
    }
    assert!(seen > 100, "only {seen} pages found");
}

/// The document as its HTML says it, without what Markdown has no sign for.
fn comparable(document: &Document) -> String {
    let html = document.html();
    let html = ["u", "strong", "em", "s", "code"]
        .iter()
        .fold(html, |html, name| html.replace(&format!("<{name}>"), "").replace(&format!("</{name}>"), ""));
    html.split_whitespace().collect::<Vec<_>>().join(" ")
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 2000, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn sec_33_markdown_says_what_the_document_says(page in page(), text in "[ -~\n]{0,40}|\\PC{0,20}") {
        for document in [Document::from_html(&page), Document::from_text(&text), Document { blocks: vec![Block::literal(text.clone())] }] {
            let markdown = document.markdown();
            let back = Document::from_markdown(&markdown);
            prop_assert_eq!(letters(&shown(&back.html())), letters(&shown(&document.html())), "{}", markdown);
        }
    }

    #[test]
    fn sec_33_literal_lines_read_back_as_they_were(line in "[!-~]{1,3}([ -~]{0,30}[!-~])?") {
        let document = Document { blocks: vec![Block::literal(line.clone())] };
        let back = Document::from_markdown(&document.markdown());
        prop_assert_eq!(comparable(&back), comparable(&document));
    }
}

#[test]
fn markdown_keeps_the_layout() {
    let html = "<h2>Report</h2><p>It <b>is</b> <a href='https://x.example/?a=(1)&amp;b'>fire [now]</a>:<br># see <img src='cid:a@b' alt='photo'></p>\
                <ol start=3><li>three<ul><li>deep</li></ul></li><li>four</li></ol><ul><li>x</ul>\
                <table border=1><tr><th>Part<th>State</tr><tr><td>a|b<td>hot</table><pre>let `x`;\n  ```</pre>\
                <blockquote>said<blockquote>before</blockquote></blockquote><hr>";
    let document = Document::from_html(html);
    let back = Document::from_markdown(&document.markdown());
    assert_eq!(back.html(), document.html(), "{}", document.markdown());
    let deep = Document::from_markdown(&format!("{}x", "> ".repeat(5_000)));
    assert_eq!(letters(&deep.text()), "x");
    assert_eq!(letters(&Document::from_markdown(&format!("{}x", "*".repeat(20_000))).text()), "x");
}

/// What browsers or mail programs show is in the text, however it is dressed up.
#[test]
fn words_that_others_show_are_shown() {
    for (html, words) in [
        ("<svg><p>One</p><p>Two</p>", "One Two"),
        ("<svg><g><path/><b>One</b> two", "One two"),
        ("<math><mi>x<mo>y</math>One", "One"),
        ("<svg/>One", "One"),
        ("<svg><foreignObject><p>no</p></foreignObject></svg>One", "One"),
        (&format!("<svg>{}</svg><p>One</p>", "<path d=''/>".repeat(300)), "One"),
        ("<!-- x --!>One<!-- y -->", "One"),
        ("<!--x--y--!-->One <!---->two <!-->three <!--->four", "One two three four"),
        ("<object data=x.pdf>One <p>two</p></object><p>Three</p>", "One two Three"),
        ("<video src=x>One</video>", "One"),
        ("<p style='display:none'>One</p>", "One"),
        ("<head><title>no</title></head>&nbsp;<div hidden>One <img src=x alt=two></div>", "One two"),
        ("<p style='display:none'>no</p>One", "One"),
        ("<script>no</script>", ""),
    ] {
        let reply = mail::new_text(mail::Format::Html, html.as_bytes());
        let hidden = reply.hidden.iter().map(|piece| piece.text.as_str());
        let all: Vec<&str> = std::iter::once(reply.visible.as_str()).chain(hidden).collect();
        let said: Vec<&str> = all.iter().flat_map(|text| text.split_whitespace()).collect();
        assert_eq!(said.join(" "), words, "{html}");
    }
}
