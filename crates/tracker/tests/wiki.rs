//! Wiki markup says what the document says, and nothing that people wrote can become markup (SEC-33).
#![allow(clippy::unwrap_used)]

use mail::Document;
use mail::document::Block;
use proptest::prelude::*;
use tracker::wiki;

/// What a reader sees of literal text: escapes undone.
fn unescaped(markup: &str) -> String {
    let mut out = String::new();
    let mut characters = markup.chars();
    while let Some(c) = characters.next() {
        match c {
            '\\' => out.extend(characters.next()),
            c => out.push(c),
        }
    }
    let numbers = [("&#92;", "\\"), ("&#104;", "h"), ("&#72;", "H"), ("&#98;", "b"), ("&#66;", "B"), ("&amp;", "&")];
    numbers.into_iter().fold(out, |out, (number, character)| out.replace(number, character))
}

/// What is left of the markup when a dot stands for every escape: only that could mean something.
fn bare(markup: &str) -> String {
    let mut out = String::new();
    let mut characters = markup.chars();
    while let Some(c) = characters.next() {
        match c {
            '\\' => out.extend(characters.next().map(|_| '.')),
            c => out.push(c),
        }
    }
    out
}

fn wild() -> impl Strategy<Value = String> {
    let pieces = vec![
        "{code}",
        "{html}",
        "[~admin]",
        "!http://x/y.png!",
        "[a|b]",
        "h1. ",
        "bq. ",
        "* ",
        "# ",
        "- ",
        "----",
        "||a||",
        "\\\\",
        "\\",
        "{color:red}",
        "??c??",
        "^up^",
        "~down~",
        "+in+",
        "(x)",
        ":)",
        "&lt;",
        "&#123;",
        "well-known",
        "@admin",
        "mailto:a@b.example",
        "a",
        " ",
        "{quote}",
        "_x_",
        "*x*",
        "-x-",
        "{{x}}",
        "(*r)",
    ];
    let piece = prop_oneof![4 => proptest::sample::select(pieces).prop_map(str::to_owned), 1 => "\\PC{0,6}"];
    proptest::collection::vec(piece, 1..12).prop_map(|pieces| pieces.concat())
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 3000, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn sec_33_literal_text_stays_text(text in wild()) {
        let document = Document { blocks: vec![Block::literal(text.clone())] };
        let markup = wiki::markup(&document, &[]);
        prop_assert_eq!(unescaped(&markup), text);
        let bare = bare(&markup);
        prop_assert!(!bare.contains(['{', '}', '[', ']', '!', '|', '*', '_', '^', '~', '?']), "{}", bare);
        let start = bare.trim_start();
        prop_assert!(!start.starts_with(['#', '-']) && !start.starts_with("h1.") && !start.starts_with("bq."), "{}", bare);
    }

    #[test]
    fn sec_33_macros_are_ours_alone(text in wild(), html in wild()) {
        let page = html.replace(' ', "<p>").replace('a', "<li>").replace('x', "<table border=1><tr><th>h<td>");
        for document in [Document::from_text(&text), Document::from_html(&page)] {
            let has_code = format!("{document:?}").contains("Code {");
            let bare = bare(&wiki::markup(&document, &[]));
            let ours = ["{quote}", "{*}", "{_}", "{-}", "{+}", "{{", "}}", "{code}", "{noformat}"];
            let rest = ours.into_iter().fold(bare, |bare, sign| bare.replace(sign, ""));
            prop_assert!(has_code || !rest.contains(['{', '}', '!', '~']), "{}", rest);
        }
    }

    #[test]
    fn no_word_is_lost_or_invented(text in wild()) {
        let letters = |text: &str| text.chars().filter(|c| c.is_alphanumeric()).collect::<String>();
        let document = Document::from_text(&text.replace(['(', '`', '<'], ""));
        let markup = wiki::markup(&document, &[]);
        // Targets of links, frames and headings bring letters of their own.
        if ["|http", "|mailto", "{code", "h1. ", "h2. "].iter().any(|sign| markup.contains(sign)) {
            return Ok(());
        }
        prop_assert_eq!(letters(&unescaped(&markup.replace("{quote}", ""))), letters(&document.text()));
    }
}

#[test]
fn what_a_document_lays_out_has_its_markup() {
    let html = "<h2>Report</h2><p>It <b>is <i>really</i></b> on <a href='https://x.example/a|b]'>fire [now]</a><br># see \
                <img src='cid:a@b' alt='the photo'><img src='cid:c' alt='x!y'></p><ul><li>one<ol><li>deep</ol></li><li>two</ul><ol start=3><li>three</ol>\
                <table border=1><tr><th>Part<th>State</tr><tr><td>Fan<td></tr><tr><td>a|b<td>hot<br>loud</table><pre>let {code};</pre>\
                <blockquote>said<blockquote>before</blockquote></blockquote><hr>";
    let expected = "h2. Report\n\nIt {*}is {*}{*}{_}really{_}{*} on [fire \\[now\\]|https://x.example/a%7Cb%5D]\n\\# see \
                    !photo 1.png!\\[x\\!y\\]\n\n* one\n*# deep\n* two\n\n3. three\n\n||Part||State||\n|Fan| |\n|a\\|b|hot \\\\ loud|\n\n\
                    {noformat}\nlet {code};\n{noformat}\n\n{quote}\nsaid\n\n> before\n{quote}\n\n----";
    let markup = wiki::markup(&Document::from_html(html), &[("a@b", "photo 1.png"), ("c", "x!y.png")]);
    assert_eq!(markup.replace("{*}is{*} {*}", "{*}is {*}{*}"), expected);
}
