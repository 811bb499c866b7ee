//! The sanitizer beside another one: what it yields is safe to ammonia too, to the last byte, and settles at once.
#![allow(clippy::unwrap_used)]

#[path = "sanitizer/oracle.rs"]
mod oracle;

use proptest::prelude::*;
use std::path::Path;

/// Where people read a page with relative links.
const SITE: &str = "https://jira.example.org/tracker/";

fn check(name: &str, html: &str) {
    oracle::assert_safe(name, html);
}

fn markup() -> impl Strategy<Value = String> {
    let names = "p|b|i|em|code|s|span|a|a href=\"https://x.example/?a=1&amp;b\"|a href=/x?y|a href='mailto:x@y'|table|tbody|thead|tr|td|td colspan=2|th|\
                 caption|div|div dir=rtl|pre|ul|ol start=3|li|dl|dt|dd|blockquote|h1|h2|h6|br|hr|img src=cid:x|img alt=\"a&#10;b\"|center|font|\
                 body|html|head|section|form|select|option|svg|math|mi|mtext|style|script|noscript|template|title|textarea|xmp|\
                 plaintext|iframe|address|article|button|nobr|sub|u|frameset|col|colgroup|input|label|object|o:p";
    let names: Vec<&str> = names.split('|').collect();
    let ends = "p|b|i|em|code|s|span|a|table|tbody|thead|tr|td|th|caption|div|pre|ul|ol|li|dl|dt|dd|blockquote|h1|h2|h6|br|\
                center|font|body|html|head|section|form|select|option|svg|math|style|script|noscript|template|title|\
                textarea|xmp|iframe|address|article|button|nobr|sub|u|label|object|o:p";
    let ends: Vec<&str> = ends.split('|').collect();
    prop_oneof![
        8 => proptest::sample::select(names).prop_map(|name| format!("<{}>", name.trim())),
        5 => proptest::sample::select(ends).prop_map(|name| format!("</{}>", name.trim())),
        1 => Just("<a href=\"java&#x73;cript:x()\">".to_owned()),
        1 => Just("<a href=\" ht\ntp://x.example/ a\">".to_owned()),
        1 => Just("<!--><img src onerror=x>-->".to_owned()),
        1 => Just("<![CDATA[".to_owned()),
        1 => Just("\u{feff}".to_owned()),
        1 => Just("&lt;&amp;&nbsp;&#0;&notin;&not;&#13;&#10;\r".to_owned()),
        3 => "[ -~\n\r\t]{0,12}",
        3 => "[a-z \n]{0,6}",
        2 => "\\PC{0,4}",
        1 => any::<String>(),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 3000, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn another_sanitizer_changes_nothing(pieces in proptest::collection::vec(markup(), 0..40)) {
        check("it", &pieces.concat());
        let at = mail::sanitize_at(&pieces.concat(), SITE);
        prop_assert_eq!(mail::sanitize(&at), at);
    }
}

#[test]
fn relative_links_lead_to_where_their_page_is_read() {
    for (link, leads_to) in [
        ("/browse/HELP-1?a=1&amp;b", Some("https://jira.example.org/browse/HELP-1?a=1&amp;b")),
        ("secure/attachment/1/a b.txt", Some("https://jira.example.org/tracker/secure/attachment/1/a%20b.txt")),
        ("//other.example/x", Some("https://other.example/x")),
        ("https://other.example/x", Some("https://other.example/x")),
        ("mailto:jo@other.example", Some("mailto:jo@other.example")),
        ("#place", None),
        ("", None),
        ("javascript:x()", None),
        (" java\nscript:x()", None),
        ("data:text/html,x", None),
    ] {
        let html = mail::sanitize_at(&format!("<a href=\"{link}\">words</a>"), SITE);
        let expected = leads_to.map_or("words".to_owned(), |leads_to| {
            format!("<a href=\"{leads_to}\" rel=\"noopener noreferrer nofollow\">words</a>")
        });
        assert_eq!(html, expected, "{link}");
    }
    let html = "<a href=/x>x</a> <img src=/secure/attachment/1/a.png alt=smoke>";
    assert_eq!(mail::sanitize_at(html, "javascript:x()"), mail::sanitize(html));
    assert!(mail::sanitize_at(html, SITE).ends_with("</a> <img alt=\"smoke\">"), "nothing is loaded from there");
}

#[test]
fn deep_and_odd_nesting_settles() {
    for piece in [
        "<div>",
        "<table>",
        "<a href=https://x.example><div>",
        "<b><p>",
        "<ul><li>",
        "<li><blockquote>",
        "<td>",
        "<tr>x",
        "<table>x<td>y",
        "<caption><table>",
        "<h1><h2>",
        "<dl><dd><div>",
        "<pre>\n",
        "<pre>\0\n",
        "\u{feff}",
        "<o:p><td>",
        "<table><caption>a<tr>b</caption>c",
        "<a href=https://x.example>x<table><a href=https://y.example>y",
    ] {
        for times in [1, 2, 3, 60, 400] {
            check(piece, &piece.repeat(times));
            check(piece, &format!("{}x", piece.repeat(times)));
        }
    }
    let long = format!("<a href=\"https://x.example/{}\">x</a><img alt='{}'>", "&".repeat(1500), "\"".repeat(3000));
    check("long values", &long);
}

fn each_file(folder: &Path, with: &mut impl FnMut(&Path)) {
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() { each_file(&path, with) } else { with(&path) }
    }
}

/// Larger files are attachments; their HTML, if they have any, is not larger.
const BYTES_LOOKED_AT: u64 = 512 * 1024;

#[test]
fn the_corpora_are_safe_to_both() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let Some(folder) = rig::shared::folder(&root, &rig::shared::this_test()) else { return };
    let folder = folder.join("corpora");
    let mut seen = 0;
    each_file(&folder, &mut |path| {
        if path.metadata().unwrap().len() > BYTES_LOOKED_AT {
            return;
        }
        let raw = std::fs::read(path).unwrap();
        let name = path.display().to_string();
        check(&name, &String::from_utf8_lossy(&raw));
        if let Some(html) = mail::read(&raw, &mail::Limits::default()).message.html {
            check(&name, &html);
        }
        seen += 1;
    });
    assert!(seen > 1000, "only {seen} files found");
    let attacks = std::fs::read(folder.join("dompurify/expect.json")).unwrap();
    let attacks: Vec<serde_json::Value> = serde_json::from_slice(&attacks).unwrap();
    assert!(attacks.len() > 100, "only {} attacks", attacks.len());
    for attack in &attacks {
        check("an attack", attack["payload"].as_str().unwrap());
    }
}
