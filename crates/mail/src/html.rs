//! Safe HTML: an allow-list, applied by ammonia on a page that was first made shallow and well formed (SEC-11, SEC-12).

use crate::page::{self, Content, Page, PageNode};
use crate::text;
use ammonia::{Builder, UrlRelative};
use std::collections::{HashMap, HashSet};
use std::sync::LazyLock;

/// Passes after which a page that still changes is shown as text only.
const PASSES_MAX: usize = 4;

/// Elements that may stay; never svg, math, style, script or form, whose parsing rules are what attacks live on.
const TAGS: &[&str] = &[
    "a",
    "abbr",
    "b",
    "blockquote",
    "br",
    "caption",
    "cite",
    "code",
    "dd",
    "del",
    "div",
    "dl",
    "dt",
    "em",
    "h1",
    "h2",
    "h3",
    "h4",
    "h5",
    "h6",
    "hr",
    "i",
    "img",
    "ins",
    "kbd",
    "li",
    "mark",
    "ol",
    "p",
    "pre",
    "q",
    "s",
    "samp",
    "small",
    "span",
    "strong",
    "sub",
    "sup",
    "table",
    "tbody",
    "td",
    "tfoot",
    "th",
    "thead",
    "tr",
    "u",
    "ul",
    "var",
];

/// Attributes that may stay, by element.
const ATTRIBUTES: &[(&str, &[&str])] = &[
    ("a", &["href"]),
    ("img", &["src", "alt", "width", "height"]),
    ("ol", &["start"]),
    ("td", &["colspan", "rowspan"]),
    ("th", &["colspan", "rowspan"]),
];

static CLEANER: LazyLock<Builder<'static>> = LazyLock::new(|| {
    let mut builder = Builder::empty();
    let attributes: HashMap<&str, HashSet<&str>> =
        ATTRIBUTES.iter().map(|(tag, names)| (*tag, names.iter().copied().collect())).collect();
    builder
        .tags(TAGS.iter().copied().collect())
        .tag_attributes(attributes)
        .generic_attributes(["dir", "lang"].into())
        .url_schemes(["http", "https", "mailto", "cid"].into())
        .url_relative(UrlRelative::Deny)
        .link_rel(Some("noopener noreferrer nofollow"))
        .strip_comments(true);
    builder
});

/// HTML from a stranger as HTML that can be shown: nothing in it runs, loads or submits anything.
///
/// Links lead to http, https and mailto only; pictures are those that the mail itself carries (`cid:`). The result is
/// a fixed point: `sanitize(&sanitize(x)) == sanitize(x)`. A page that does not settle within four passes becomes
/// plain text. Linear in the length of `html`.
///
/// ```
/// assert_eq!(mail::sanitize("<p onclick=x()>Hi<script>y()</script></p>"), "<p>Hi</p>");
/// ```
pub fn sanitize(html: &str) -> String {
    let mut now = pass(html);
    for _ in 0..PASSES_MAX {
        let next = pass(&now);
        if next == now {
            return now;
        }
        now = next;
    }
    pass(&page::escape_lines(&text::words(&page::parse(&now))))
}

fn pass(html: &str) -> String {
    CLEANER.clean(&allowed_markup(&page::parse(html))).to_string()
}

/// The page written out again with allowed elements and attributes only.
fn allowed_markup(page: &Page) -> String {
    let mut out = String::new();
    let mut open: Vec<(usize, &str)> = Vec::new();
    let mut at = 0;
    while at < page.nodes.len() {
        while let Some((_, name)) = open.pop_if(|(end, _)| *end <= at) {
            close(name, &mut out);
        }
        let node = &page.nodes[at];
        if node.is_unseen() {
            at = node.end;
            continue;
        }
        match &node.content {
            Content::Text(text) => page::escape(text, &mut out),
            Content::Element { name, .. } if TAGS.contains(&name.as_str()) && says_something(node) => {
                write_tag(node, name, &mut out);
                if !matches!(name.as_str(), "br" | "hr" | "img") {
                    open.push((node.end, name));
                }
            }
            Content::Element { .. } => {}
        }
        at += 1;
    }
    while let Some((_, name)) = open.pop() {
        close(name, &mut out);
    }
    out
}

/// A link that leads nowhere is its text; a picture without source and description is nothing.
fn says_something(node: &PageNode) -> bool {
    let has = |key: &str| node.attribute(key).is_some_and(|v| !v.is_empty() && is_allowed(key, v));
    match node.name() {
        "a" => has("href"),
        "img" => has("src") || has("alt"),
        _ => true,
    }
}

fn close(name: &str, out: &mut String) {
    out.push_str("</");
    out.push_str(name);
    out.push('>');
}

fn write_tag(node: &PageNode, name: &str, out: &mut String) {
    out.push('<');
    out.push_str(name);
    let own = ATTRIBUTES.iter().find(|(tag, _)| *tag == name).map_or(&[][..], |(_, names)| names);
    for key in own.iter().chain(&["dir", "lang"]) {
        if let Some(value) = node.attribute(key).filter(|v| is_allowed(key, v)) {
            out.push(' ');
            out.push_str(key);
            out.push_str("=\"");
            page::escape(value, out);
            out.push('"');
        }
    }
    out.push('>');
}

/// Addresses by their scheme; no other value may look like a script address to whatever reads it next.
fn is_allowed(key: &str, value: &str) -> bool {
    let scheme: String =
        value.chars().filter(|c| !c.is_whitespace() && !c.is_control()).take(12).collect::<String>().to_lowercase();
    match key {
        "href" => ["http:", "https:", "mailto:"].iter().any(|s| scheme.starts_with(s)),
        "src" => scheme.starts_with("cid:"),
        "alt" => !["javascript:", "vbscript:", "data:"].iter().any(|s| scheme.starts_with(s)),
        _ => value.len() <= 16 && value.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '-' | '%')),
    }
}
