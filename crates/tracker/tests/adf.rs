//! What holds for every document that is made from a mail's text, and for every document that Jira sends.
#![allow(clippy::unwrap_used)]

#[path = "adf/shape.rs"]
mod shape;

use mail::{Address, Hidden, HiddenKind};
use policy::Body;
use proptest::prelude::*;
use serde_json::{Value, json};
use shape::{assert_valid, content, descendants};
use tracker::adf::{self, DOCUMENT_CHARS_MAX, Document};

fn visible(text: &str) -> Body {
    Body { visible: text.to_owned(), ..Body::default() }
}

fn made(text: &str) -> Value {
    adf::document(&visible(text)).to_value()
}

/// What a reader sees: texts, and the numbers of ordered lists.
fn shown(node: &Value) -> String {
    if let Some(text) = node["text"].as_str() {
        return text.to_owned();
    }
    let language = node["attrs"]["language"].as_str().unwrap_or_default();
    let mut number = node["attrs"]["order"].as_u64().unwrap_or(1);
    let mut text = language.to_owned();
    for child in content(node) {
        if node["type"] == "orderedList" {
            text.push_str(&number.to_string());
            number += 1;
        }
        text.push_str(&shown(child));
    }
    text
}

fn letters(text: &str) -> String {
    text.chars().filter(|c| c.is_alphanumeric()).collect()
}

/// Text that is full of markup, right and wrong.
fn marked_text() -> impl Strategy<Value = String> {
    let piece = prop_oneof![
        4 => "[a-zäß0-9]{1,6}",
        2 => proptest::sample::select(vec![
            " ", "\n", "\n\n", "*", "**", "_", "~~", "`", "```\n", "- ", "> ", ">", "1. ", "2) ", "  ", "    - ", "# ", "[", "](",
            ")", "<", ">", "https://example.com/a(b)", "javascript:alert(1)", "[x](javascript:y)", "mailto:a@example.com",
            "---\n", "\r\n", "@admin", "[~admin]", "{code}", "!", "\\", "\u{0}", "\u{202e}", "😀", "```rust\n", "(",
        ]).prop_map(str::to_owned),
        1 => any::<String>(),
    ];
    proptest::collection::vec(piece, 0..40).prop_map(|pieces| pieces.concat())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2000))]

    #[test]
    fn sec_33_only_texts_and_plain_structure_come_out(text in marked_text()) {
        assert_valid(&made(&text));
    }

    #[test]
    fn sec_33_text_nodes_equal_the_text(text in marked_text()) {
        // Without parentheses there are no named links, whose targets are not shown.
        let text = text.replace('(', "");
        let expected = if letters(&text).is_empty() && made(&text) == made("") { letters("(no text)") } else { letters(&text) };
        prop_assert_eq!(letters(&shown(&made(&text))), expected);
    }

    #[test]
    fn sec_33_nothing_is_shown_that_was_not_written(text in marked_text()) {
        prop_assume!(made(&text) != made(""));
        let written = letters(&text);
        let mut rest = written.chars();
        for letter in letters(&shown(&made(&text))).chars() {
            prop_assert!(rest.any(|other| other == letter), "{:?} of {:?}", letter, text);
        }
    }

    #[test]
    fn plain_words_come_back_as_they_were(lines in proptest::collection::vec("[A-Za-zäß,.!]{1,8}( [a-z]{1,8}){0,5}", 1..8)) {
        for between in ["\n", "\n\n"] {
            let text = lines.join(between);
            prop_assert_eq!(adf::plain_text(&made(&text)), text);
        }
    }

    #[test]
    fn the_rest_of_a_body_is_as_safe_as_its_text(name in any::<String>(), address in any::<String>(), hidden in marked_text()) {
        let author = Some(Address { name: Some(name), address });
        let kinds = [HiddenKind::Quote, HiddenKind::Signature, HiddenKind::Forward, HiddenKind::Disclaimer];
        let hidden = kinds.map(|kind| Hidden { kind, text: hidden.clone(), ..Hidden::default() }).to_vec();
        assert_valid(&adf::document(&Body { visible: "Hello".to_owned(), hidden, author, ..Body::default() }).to_value());
    }
}

/// Pages full of layout, right and wrong, whose texts look like markup of every kind.
fn page() -> impl Strategy<Value = String> {
    let names = "p b i u s code table tr td th thead div pre ul ol li dl dd blockquote h1 h4 br hr span";
    let names: Vec<&str> = names.split_whitespace().collect();
    let ends = names.clone();
    let piece = prop_oneof![
        6 => proptest::sample::select(names).prop_map(|name| format!("<{name}>")),
        2 => Just("<table border=1><tr><th>h<th>".to_owned()),
        1 => Just("<a href=https://example.com/>".to_owned()),
        1 => Just("<a href=\"javascript:x()\">".to_owned()),
        1 => Just("<img src=cid:a alt='@admin'>".to_owned()),
        4 => proptest::sample::select(ends).prop_map(|name| format!("</{name}>")),
        3 => marked_text(),
    ];
    proptest::collection::vec(piece, 0..30).prop_map(|pieces| pieces.concat())
}

fn laid_out(html: &str) -> Body {
    let document = mail::Document::from_html(html);
    Body { visible: document.text(), document: Some(document), ..Body::default() }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1000))]

    #[test]
    fn sec_33_a_layout_is_plain_structure_too(html in page(), hidden in page()) {
        let mut body = laid_out(&html);
        let document = mail::Document::from_html(&hidden);
        body.hidden.push(Hidden { text: document.text(), document: Some(document), ..Hidden::default() });
        assert_valid(&adf::document(&body).to_value());
    }

    #[test]
    fn no_word_of_a_layout_is_lost_or_invented(html in page()) {
        // Targets of links are not shown, pictures are.
        let html = html.replace("href", "name");
        let body = laid_out(&html);
        prop_assume!(adf::fits(&body) && !body.visible.is_empty());
        let written = body.document.as_ref().map(|document| letters(&document.text().replace("(cid:a)", ""))).unwrap();
        prop_assert_eq!(letters(&shown(&adf::document(&body).to_value())), written);
    }
}

/// A cell that was taken over could send anything; what only Jira knows is text when a mail brings it.
#[test]
fn sec_33_a_mail_brings_no_node_of_jiras_own() {
    use mail::document::{Block, Foreign, Inline};
    let mention = json!({"type": "mention", "attrs": {"id": "5b10", "text": "@Admin"}});
    let foreign = Foreign { text: "@Admin".to_owned(), json: mention.to_string() };
    let blocks = vec![Block::Paragraph(vec![Inline::Foreign(foreign.clone())]), Block::Foreign(foreign)];
    let link = Inline::Text { text: "x".to_owned(), style: Default::default(), link: Some("javascript:x()".into()) };
    let document = mail::Document { blocks: [blocks, vec![Block::Paragraph(vec![link])]].concat() };
    let body = Body { visible: "x".to_owned(), document: Some(document), ..Body::default() };
    let made = adf::document(&body);
    assert_valid(&made.to_value());
    assert_eq!(made.plain_text(), "@Admin\n\n@Admin\n\nx");
}

#[test]
fn a_layout_that_is_too_long_is_cut_after_a_block_or_in_its_text() {
    for html in [
        "<p>Some words of a paragraph.</p>".repeat(2000),
        format!("<blockquote>{}</blockquote>", "word<br>".repeat(20_000)),
    ] {
        let body = laid_out(&html);
        assert!(!adf::fits(&body));
        let document = adf::document(&body).to_value();
        assert_valid(&document);
        let length = document.to_string().encode_utf16().count();
        assert!((DOCUMENT_CHARS_MAX * 7 / 10..=DOCUMENT_CHARS_MAX).contains(&length), "{length}");
        assert!(document.to_string().contains("longer than Jira allows"));
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(30))]

    #[test]
    fn no_document_is_longer_than_jira_allows(unit in marked_text(), times in 1..4000_usize, pieces in 0..6_usize) {
        let long = unit.repeat(times);
        let piece = Hidden { kind: HiddenKind::Quote, text: unit.repeat(times / 3), ..Hidden::default() };
        let body = Body { visible: long, hidden: vec![piece; pieces], ..Body::default() };
        let document = adf::document(&body).to_value();
        prop_assert!(document.to_string().encode_utf16().count() <= DOCUMENT_CHARS_MAX);
        assert_valid(&document);
        let cut = document.to_string().contains("longer than Jira allows");
        prop_assert_eq!(cut, !adf::fits(&body));
    }
}

/// Nodes as Jira might send them: known, unknown, and with parts that we do not know.
fn foreign_node() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        "[a-z]{1,5}".prop_map(|text| json!({"type": "text", "text": text})),
        "[a-z]{1,5}".prop_map(|text| json!({"type": "text", "text": text, "marks": [{"type": "strong"}, {"type": "textColor", "attrs": {"color": "#ff0000"}}]})),
        Just(json!({"type": "text", "text": "a", "marks": [{"type": "link", "attrs": {"href": "x", "title": "t"}}]})),
        Just(json!({"type": "text", "text": ""})),
        Just(json!({"type": "mention", "attrs": {"id": "5b10", "text": "@Anna", "accessLevel": ""}})),
        Just(json!({"type": "extension", "attrs": {"extensionKey": "toc"}, "text": "x"})),
        Just(json!({"type": "hardBreak", "localId": "7"})),
        any::<i32>().prop_map(|number| json!(number)),
        Just(Value::Null),
    ];
    leaf.prop_recursive(6, 40, 4, |inner| {
        let kinds = vec!["paragraph", "panel", "layoutSection", "expand", "table", "bulletList", "listItem"];
        (proptest::sample::select(kinds), proptest::collection::vec(inner, 1..4), any::<bool>()).prop_map(
            |(kind, content, attrs)| {
                let mut node = json!({"type": kind, "content": content});
                if attrs {
                    node["attrs"] = json!({"localId": "a", "title": "b"});
                }
                node
            },
        )
    })
}

proptest! {
    #[test]
    fn what_jira_sends_survives(content in proptest::collection::vec(foreign_node(), 0..5)) {
        let value = json!({"version": 1, "type": "doc", "content": content});
        prop_assert_eq!(Document::from_value(&value).unwrap().to_value(), value);
    }

    #[test]
    fn what_jira_sends_survives_the_common_model(content in proptest::collection::vec(foreign_node(), 0..5), html in page()) {
        let ours = adf::document(&laid_out(&html)).to_value();
        for value in [json!({"version": 1, "type": "doc", "content": content}), ours] {
            let common = Document::from_value(&value).unwrap().to_common();
            prop_assert_eq!(Document::of_common(&common).to_value(), value);
            let html = common.html();
            prop_assert_eq!(&mail::sanitize(&html), &html);
        }
    }

    #[test]
    fn any_json_has_a_plain_text(content in proptest::collection::vec(foreign_node(), 0..5)) {
        let value = json!({"version": 1, "type": "doc", "content": content});
        let all: String = descendants(&value).iter().filter_map(|node| node["text"].as_str()).map(letters).collect();
        prop_assume!(!value.to_string().contains("\"title\""));
        prop_assert_eq!(letters(&adf::plain_text(&value)).replace("Anna", ""), all);
    }
}

/// Openers without closers must not cost the square of their number (SEC-32).
#[test]
fn sec_32_lines_of_openers_are_read_in_bounded_time() {
    for unit in [
        "*a ", "**a", "[", "[a](", "`", "``a`", "<", "_a", "> ", "- ", "  - ", "```\n", "````a\n", "1. a\n",
        "https://", "(((",
    ] {
        let started = std::time::Instant::now();
        assert_valid(&made(&unit.repeat(12_000)));
        assert!(started.elapsed().as_secs() < 20, "{unit:?} took {:?}", started.elapsed());
    }
}

#[test]
fn the_longest_folded_piece_goes_first_and_is_named() {
    let quote = Hidden { kind: HiddenKind::Quote, text: "> line\n".repeat(8000), ..Hidden::default() };
    let signature = Hidden { kind: HiddenKind::Signature, text: "Anna".to_owned(), ..Hidden::default() };
    let body = Body { visible: "Short.".to_owned(), hidden: vec![quote, signature], ..Body::default() };
    assert!(!adf::fits(&body));
    assert_eq!(
        adf::document(&body).plain_text(),
        "Short.\n\nSignature\n\nAnna\n\nLeft out here, because it is longer than Jira allows: 8000 quoted lines. \
         The mail gateway keeps the whole mail."
    );
}

#[test]
fn a_long_text_ends_with_a_whole_line_and_says_that_it_goes_on() {
    let line = "A line of some forty letters, all the same.";
    let text = adf::plain_text(&made(&format!("{line}\n").repeat(2000)));
    let (kept, note) = text.rsplit_once("\n\n").unwrap();
    assert_eq!(note, "The text goes on, but is longer than Jira allows. The mail gateway keeps the whole mail.");
    assert!(kept.lines().all(|kept| kept == line), "a line was cut");
    let json_per_line = line.len() + r#"{"text":"","type":"text"},{"type":"hardBreak"},"#.len();
    assert!(kept.lines().count() * json_per_line > DOCUMENT_CHARS_MAX * 9 / 10, "more was cut than had to be");
}

#[test]
fn a_name_that_turns_the_text_around_does_not() {
    let author = Some(Address { name: Some("\u{202e}moc.knab@sso".to_owned()), address: "a@example.com".to_owned() });
    let body = Body { visible: String::new(), hidden: Vec::new(), author, ..Body::default() };
    assert_eq!(adf::document(&body).plain_text(), "moc.knab@sso <a@example.com> wrote:");
}

/// What a reader of the history must still find when Jira's people used all that its editor offers.
#[test]
fn every_kind_of_node_is_read() {
    let text = |text: &str| json!({"type": "text", "text": text});
    let paragraph = |content: Value| json!({"type": "paragraph", "content": content});
    let cell = |kind: &str, words: &str| json!({"type": kind, "content": [paragraph(json!([text(words)]))]});
    let document = json!({"version": 1, "type": "doc", "content": [
        {"type": "heading", "attrs": {"level": 2}, "content": [text("Title")]},
        paragraph(json!([
            {"type": "mention", "attrs": {"id": "5b10", "text": "@Bob"}}, text(" "),
            {"type": "emoji", "attrs": {"shortName": ":fire:"}}, text(" "),
            {"type": "date", "attrs": {"timestamp": "1795305600000"}}, text(" "),
            {"type": "status", "attrs": {"text": "DONE", "color": "green"}}, text(" "),
            {"type": "inlineCard", "attrs": {"url": "https://example.com/"}},
        ])),
        {"type": "orderedList", "attrs": {"order": 9}, "content": [
            {"type": "listItem", "content": [paragraph(json!([text("nine")]))]},
            {"type": "listItem", "content": [paragraph(json!([text("ten"), {"type": "hardBreak"}, text("more")]))]},
        ]},
        {"type": "taskList", "attrs": {"localId": ""}, "content": [
            {"type": "taskItem", "attrs": {"localId": "", "state": "TODO"}, "content": [text("do it")]},
        ]},
        {"type": "table", "content": [
            {"type": "tableRow", "content": [cell("tableHeader", "a"), cell("tableHeader", "b")]},
            {"type": "tableRow", "content": [cell("tableCell", "1"), cell("tableCell", "2")]},
        ]},
        {"type": "panel", "attrs": {"panelType": "info"}, "content": [paragraph(json!([text("note")]))]},
        {"type": "blockquote", "content": [paragraph(json!([text("said")])), paragraph(json!([text("twice")]))]},
        {"type": "mediaSingle", "content": [{"type": "media", "attrs": {"id": "1", "type": "file", "alt": "chart"}}]},
        {"type": "rule"},
        {"type": "codeBlock", "content": [text("fn main() {\n}")]},
        {"type": "layoutSection", "content": [{"type": "layoutColumn", "content": [paragraph(json!([text("left")]))]}]},
    ]});
    let expected = "Title\n\n@Bob :fire: 2026-11-22 DONE https://example.com/\n\n9. nine\n10. ten\n    more\n\n- do it\n\n\
                    a | b\n1 | 2\n\nnote\n\n> said\n> \n> twice\n\nchart\n\n---\n\nfn main() {\n}\n\nleft";
    assert_eq!(adf::plain_text(&document), expected);
}
