//! Safe HTML: an allow-list, written out anew in the one form that a parser reads back unchanged (SEC-11, SEC-12).
//!
//! Nothing of the stranger's markup is copied: tags are constants, text and values are escaped, and elements whose
//! parsing attacks live on (svg, math, style, script, form, template …) do not exist here. The nesting follows the
//! tree construction of WHATWG HTML, section 13.2.6, so that no browser moves a node to another place.

use crate::page::{self, Content, Page, PageNode};
use crate::tag::Tag;
use crate::{escape, link, markup};
use std::borrow::Cow;
use url::Url;

/// Elements inside one another; with the parts of tables that are filled in they stay below the page's own bound.
const LEVELS_MAX: usize = 100;

/// HTML from a stranger as HTML that can be shown: nothing in it runs, loads or submits anything.
///
/// Links lead to http, https and mailto only; pictures are those that the mail itself carries (`cid:`). The result is
/// a fixed point: `sanitize(&sanitize(x)) == sanitize(x)`. One pass, linear in the length of `html`.
///
/// ```
/// assert_eq!(mail::sanitize("<p onclick=x()>Hi<script>y()</script></p>"), "<p>Hi</p>");
/// ```
pub fn sanitize(html: &str) -> String {
    safe(&page::parse(html), html.len())
}

/// As [`sanitize`], for a page that people read at `base`: a relative link leads from there, a place in the page itself nowhere. A
/// base that is no address on the web makes no difference.
///
/// ```
/// let html = mail::sanitize_at("<a href=/browse/HELP-1>HELP-1</a>", "https://jira.example.org/");
/// assert!(html.starts_with("<a href=\"https://jira.example.org/browse/HELP-1\""));
/// ```
pub fn sanitize_at(html: &str, base: &str) -> String {
    sanitize_with(html, base, &|_| None)
}

/// As [`sanitize_at`], for a page some of whose pictures go along with it: `picture` gives the content id, without `cid:`, of the one
/// at this path of the page's own host (RFC 2392).
///
/// ```
/// let shown = |path: &str| (path == "/files/7").then(|| "file-7@x".to_owned());
/// let html = mail::sanitize_with("<img src=/files/7><img src=//elsewhere.example/files/7>", "https://x.example/", &shown);
/// assert_eq!(html, "<img src=\"cid:file-7@x\">");
/// ```
pub fn sanitize_with(html: &str, base: &str, picture: &dyn Fn(&str) -> Option<String>) -> String {
    match Url::parse(base).ok().filter(|base| matches!(base.scheme(), "http" | "https")) {
        Some(base) => safe(&page::parse_at(html, &base, picture), html.len()),
        None => sanitize(html),
    }
}

/// The page as safe HTML; `length` is about how long it will be.
pub(crate) fn safe(page: &Page, length: usize) -> String {
    let out = String::with_capacity(length);
    let mut writer = Writer { page, out, open: Vec::new(), begins_pre: false, pieces: 0, after_tag: true };
    let mut inside: Vec<usize> = Vec::new();
    let mut at = 0;
    while at < page.nodes.len() {
        while let Some(index) = inside.pop_if(|index| page.nodes[*index].end <= at) {
            writer.leave(index);
        }
        let node = &page.nodes[at];
        if node.unseen {
            at = node.end;
            continue;
        }
        match &node.content {
            Content::Text(text) => writer.text(text),
            Content::Element { tag, .. } if is_allowed(*tag) && says_something(node, *tag) => {
                if writer.enter(*tag, at) {
                    inside.push(at);
                }
            }
            Content::Element { .. } => {}
        }
        at += 1;
    }
    writer.close_from(0);
    writer.out
}

/// Elements that may stay.
fn is_allowed(tag: Tag) -> bool {
    use Tag::*;
    tag.is_heading()
        || tag.is_table_part()
        || matches!(tag, A | Abbr | B | Blockquote | Br | Cite | Code | Dd | Del | Div | Dl | Dt | Em | Hr | I | Img)
        || matches!(tag, Ins | Kbd | Li | Mark | Ol | P | Pre | Q | S | Samp | Small | Span | Strong | Sub | Sup)
        || matches!(tag, Table | U | Ul | Var)
}

/// Attributes that may stay, beside `dir` and `lang`.
fn attributes(tag: Tag) -> &'static [&'static str] {
    match tag {
        Tag::A => &["href"],
        Tag::Img => &["src", "alt", "width", "height"],
        Tag::Ol => &["start"],
        Tag::Td | Tag::Th => &["colspan", "rowspan"],
        _ => &[],
    }
}

/// A link that leads nowhere is its text; a picture without source and description is nothing.
fn says_something(node: &PageNode, tag: Tag) -> bool {
    let has = |key: &str| allowed_value(node, key).is_some_and(|v| !v.is_empty());
    match tag {
        Tag::A => has("href"),
        Tag::Img => has("src") || has("alt"),
        _ => true,
    }
}

/// The value to write: addresses by their scheme; no other value may look like a script address to whatever reads it
/// next.
fn allowed_value<'p>(node: &'p PageNode, key: &str) -> Option<Cow<'p, str>> {
    let value = node.attribute(key)?;
    let value = match key {
        "href" => link::target(value),
        "src" => link::picture(value),
        "alt" => (!looks_like_script(value)).then_some(Cow::Borrowed(value)),
        _ => {
            let is_plain = value.len() <= 16 && value.bytes().all(|b| b.is_ascii_alphanumeric() || b"-%".contains(&b));
            is_plain.then_some(Cow::Borrowed(value))
        }
    };
    // A value that could not be read back whole is left out.
    value.filter(|value| escape::value_length_max(value) <= markup::VALUE_BYTES_MAX)
}

fn looks_like_script(value: &str) -> bool {
    let letters = value.chars().filter(|c| !c.is_whitespace() && !c.is_control());
    let scheme = letters.take("javascript:".len()).collect::<String>().to_lowercase();
    ["javascript:", "vbscript:", "data:"].iter().any(|s| scheme.starts_with(s))
}

/// An element that is written and not closed; `node` is `usize::MAX` for a part of a table that was filled in.
#[derive(Clone, Copy)]
struct Open {
    tag: Tag,
    node: usize,
}

struct Writer<'p, 'a> {
    page: &'p Page<'a>,
    out: String,
    open: Vec<Open>,
    /// The start of a `pre` was written last.
    begins_pre: bool,
    /// Elements, attributes and texts so far, as a parser of this page will count them.
    pieces: usize,
    /// A tag was written last.
    after_tag: bool,
}

/// What may be written as elements and attributes. More, and the page could not be read back whole.
const PIECES_MAX: usize = page::PIECES_MAX - 1000;

impl Writer<'_, '_> {
    fn text(&mut self, text: &str) {
        if self.is_between_cells() {
            if text.trim_ascii().is_empty() {
                return;
            }
            self.fill_in_cell();
        }
        // Parsers take one line break from the start of preformatted text.
        let text = if self.begins_pre { text.trim_start_matches(['\n', '\r', '\0']) } else { text };
        // And a mark of byte order from the start of a page.
        let text = if self.out.is_empty() { text.trim_start_matches(['\u{feff}', '\0']) } else { text };
        if !text.is_empty() {
            self.begins_pre = false;
            self.pieces += usize::from(std::mem::take(&mut self.after_tag));
            escape::text(text, &mut self.out);
        }
    }

    /// Writes the start of an element; whether it has an end to come.
    fn enter(&mut self, tag: Tag, node: usize) -> bool {
        if self.pieces >= PIECES_MAX {
            // What is left is text, and stands in nothing.
            self.close_from(0);
            if tag.block().is_some() || tag == Tag::Br {
                self.text("\n");
            }
            return false;
        }
        if tag.is_table_part() {
            if !self.make_place_in_table(tag) {
                return false;
            }
        } else {
            if self.is_between_cells() {
                self.fill_in_cell();
            }
            if !tag.is_void() && self.open.len() >= LEVELS_MAX {
                return false;
            }
            self.close_implied(tag);
        }
        self.write_start(tag, node);
        if !tag.is_void() {
            self.open.push(Open { tag, node });
        }
        !tag.is_void()
    }

    fn leave(&mut self, node: usize) {
        if let Some(at) = self.open.iter().rposition(|open| open.node == node) {
            self.close_from(at);
        }
    }

    /// Ends what the start of this element ends (sections 13.2.6.4.7 and 13.2.4.2).
    fn close_implied(&mut self, tag: Tag) {
        let is_cell = |t: Tag| t.is_cell() || t == Tag::Caption;
        match tag {
            Tag::Li => self.close_nearest(|t| t == Tag::Li, Tag::is_item_wall),
            Tag::Dd | Tag::Dt => self.close_nearest(|t| matches!(t, Tag::Dd | Tag::Dt), Tag::is_item_wall),
            Tag::A => self.close_link(),
            _ => {}
        }
        if tag.ends_paragraph() {
            self.close_nearest(|t| t == Tag::P, |t| is_cell(t) || t == Tag::Table);
        }
        if tag.is_heading() && self.top().is_some_and(Tag::is_heading) {
            self.close_from(self.open.len() - 1);
        }
    }

    fn close_nearest(&mut self, is_sought: impl Fn(Tag) -> bool, is_wall: impl Fn(Tag) -> bool) {
        let found = self.open.iter().rposition(|open| is_sought(open.tag) || is_wall(open.tag));
        if let Some(at) = found.filter(|&at| is_sought(self.open[at].tag)) {
            self.close_from(at);
        }
    }

    /// Ends an open link: none may stand in another. What is open inside it goes on after its end.
    fn close_link(&mut self) {
        let is_wall = |t: Tag| t.is_cell() || t == Tag::Caption;
        let found = self.open.iter().rposition(|open| open.tag == Tag::A || is_wall(open.tag));
        let Some(at) = found.filter(|&at| self.open[at].tag == Tag::A) else { return };
        let inner = self.open[at + 1..].to_vec();
        self.close_from(at);
        for Open { tag, node } in inner {
            self.enter(tag, node);
        }
    }

    fn top(&self) -> Option<Tag> {
        self.open.last().map(|open| open.tag)
    }

    /// Whether the next text would stand in a table but in no cell, from where parsers move it.
    fn is_between_cells(&self) -> bool {
        use Tag::*;
        matches!(self.top(), Some(Table | Thead | Tbody | Tfoot | Tr))
    }

    fn fill_in_cell(&mut self) {
        self.make_place_in_table(Tag::Td);
        self.fill_in(Tag::Td);
    }

    /// Closes and fills in what has to be for this part of a table; whether there is a table at all.
    fn make_place_in_table(&mut self, tag: Tag) -> bool {
        use Tag::*;
        let Some(table) = self.open.iter().rposition(|open| open.tag == Table) else { return false };
        let keeps = |open: &&Open| match tag {
            Td | Th => matches!(open.tag, Tr | Tbody | Thead | Tfoot),
            Tr => matches!(open.tag, Tbody | Thead | Tfoot),
            _ => false,
        };
        let kept = self.open[table + 1..].iter().take_while(keeps).count();
        self.close_from(table + 1 + kept);
        if matches!(tag, Td | Th | Tr) && self.top() == Some(Table) {
            self.fill_in(Tbody);
        }
        if matches!(tag, Td | Th) && self.top() != Some(Tr) {
            self.fill_in(Tr);
        }
        true
    }

    fn fill_in(&mut self, tag: Tag) {
        self.write_start(tag, usize::MAX);
        self.open.push(Open { tag, node: usize::MAX });
    }

    fn write_start(&mut self, tag: Tag, node: usize) {
        self.pieces += 1;
        self.after_tag = true;
        self.out.push('<');
        self.out.push_str(tag.word());
        if let Some(node) = self.page.nodes.get(node) {
            for key in attributes(tag).iter().chain(&["dir", "lang"]) {
                self.write_attribute(node, key);
            }
            if tag == Tag::A {
                self.pieces += 1;
                self.out.push_str(" rel=\"noopener noreferrer nofollow\"");
            }
        }
        self.out.push('>');
        self.begins_pre = tag == Tag::Pre;
    }

    fn write_attribute(&mut self, node: &PageNode, key: &str) {
        let Some(value) = allowed_value(node, key) else { return };
        self.pieces += 1;
        self.out.push(' ');
        self.out.push_str(key);
        self.out.push_str("=\"");
        escape::value(&value, &mut self.out);
        self.out.push('"');
    }

    fn close_from(&mut self, at: usize) {
        while self.open.len() > at {
            let Some(open) = self.open.pop() else { return };
            self.out.push_str("</");
            self.out.push_str(open.tag.word());
            self.out.push('>');
            self.begins_pre = false;
            self.after_tag = true;
        }
    }
}
