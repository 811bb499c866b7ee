//! An HTML page as a flat tree of bounded depth: nodes in document order, each knowing where its content ends.

use crate::escape;
use crate::link;
use crate::markup::{self, Attribute, Token};
use crate::style;
use crate::tag::Tag;
use std::borrow::Cow;
use url::Url;

/// Deeper elements lose their tags and keep their content; browsers stop at 512.
const DEPTH_MAX: usize = 128;

/// Nodes and attributes of a page together; what comes after them is one text. Each takes some 60 bytes here, and several
/// times that in all that is made of it. A page of 1 MB that a mail program wrote has less.
pub(crate) const PIECES_MAX: usize = 80_000;

#[derive(Debug)]
pub(crate) enum Content<'a> {
    Text(Cow<'a, str>),
    Element {
        tag: Tag,
        /// As it was written.
        name: &'a str,
        attributes: Vec<Attribute<'a>>,
    },
}

#[derive(Debug)]
pub(crate) struct PageNode<'a> {
    /// The index after the last node inside this one.
    pub end: usize,
    /// A reader sees neither the element nor what is in it.
    pub unseen: bool,
    pub content: Content<'a>,
}

impl PageNode<'_> {
    /// The element's tag; `None` for text.
    pub fn tag(&self) -> Option<Tag> {
        match &self.content {
            Content::Element { tag, .. } => Some(*tag),
            Content::Text(_) => None,
        }
    }

    /// The element's name in lower case; empty for text and for names that mean nothing.
    pub fn name(&self) -> &'static str {
        self.tag().map_or("", Tag::word)
    }

    pub fn attribute(&self, key: &str) -> Option<&str> {
        match &self.content {
            Content::Element { attributes, .. } => attribute(attributes, key),
            Content::Text(_) => None,
        }
    }

    /// A blockquote that only moves its text to the right.
    pub fn is_indentation(&self) -> bool {
        self.tag() == Some(Tag::Blockquote) && self.attribute("style").is_some_and(style::indents)
    }

    pub fn has_class(&self, class: &str) -> bool {
        self.attribute("class").is_some_and(|v| v.split_ascii_whitespace().any(|c| c == class))
    }

    fn has_name(&self, sought: &str) -> bool {
        matches!(&self.content, Content::Element { name, .. } if name.eq_ignore_ascii_case(sought))
    }
}

fn attribute<'s>(attributes: &'s [Attribute], key: &str) -> Option<&'s str> {
    attributes.iter().find(|(k, _)| k == key).map(|(_, v)| v.as_ref())
}

fn is_unseen(tag: Tag, attributes: &[Attribute]) -> bool {
    // The attribute is a style of the browser, which the sender's own outweighs.
    let is_displayed = || attribute(attributes, "style").and_then(style::displays);
    tag.is_unseen() || !is_displayed().unwrap_or_else(|| attribute(attributes, "hidden").is_none())
}

#[derive(Debug, Default)]
pub(crate) struct Page<'a> {
    pub nodes: Vec<PageNode<'a>>,
    /// It has more than [`PIECES_MAX`], so that its end has lost its layout.
    pub is_cut: bool,
}

impl Page<'_> {
    /// A mail says something: where all of it is hidden by style, nothing is.
    fn show_hidden_where_nothing_else_is(&mut self) {
        let (mut at, mut hides) = (0, false);
        while let Some(node) = self.nodes.get(at) {
            if node.unseen {
                hides |= node.tag().is_some_and(|tag| !tag.is_unseen());
                at = node.end;
                continue;
            }
            let text = match &node.content {
                Content::Text(text) => text,
                Content::Element { .. } => node.attribute("alt").unwrap_or_default(),
            };
            if is_seen(text) {
                return;
            }
            at += 1;
        }
        let tags = self.nodes.iter_mut().filter(|_| hides).filter(|node| node.unseen);
        tags.for_each(|node| node.unseen = node.tag().is_some_and(Tag::is_unseen));
    }

    /// All text between two nodes, for looking at; at most `bytes_max` bytes of it.
    pub fn text_of(&self, range: std::ops::Range<usize>, bytes_max: usize) -> String {
        let mut out = String::new();
        for node in &self.nodes[range] {
            if let Content::Text(text) = &node.content {
                out.push_str(text);
            }
            if out.len() > bytes_max {
                break;
            }
        }
        out
    }
}

/// Parses a page; total and linear.
pub(crate) fn parse(html: &str) -> Page<'_> {
    built(html, |_| {})
}

/// As [`parse`], with the relative links of a page that is read at this address made whole. `picture` says of the path of a
/// picture of the same host under which content id it goes along, if it does.
pub(crate) fn parse_at<'h>(html: &'h str, address: &Url, picture: &dyn Fn(&str) -> Option<String>) -> Page<'h> {
    built(html, |token| {
        let Token::Open { tag, attributes, .. } = token else { return };
        let written = match tag {
            Tag::A => "href",
            Tag::Img => "src",
            _ => return,
        };
        for (_, value) in attributes.iter_mut().filter(|(key, _)| *key == written) {
            let instead = match tag {
                Tag::A => link::target_at(address, value),
                _ => link::path_at(address, value).and_then(|path| picture(&path)).map(|id| format!("cid:{id}")),
            };
            if let Some(instead) = instead {
                *value = Cow::Owned(instead);
            }
        }
    })
}

fn built<'h>(html: &'h str, change: impl Fn(&mut Token<'h>)) -> Page<'h> {
    let mut builder = Builder::default();
    markup::tokens(html, |mut token| {
        change(&mut token);
        builder.take(token);
    });
    builder.end_with_rest();
    while builder.open.pop().map(|index| builder.close(index)).is_some() {}
    builder.page.show_hidden_where_nothing_else_is();
    builder.page
}

/// Whether a reader sees anything of a text.
fn is_seen(text: &str) -> bool {
    let is_ink = |c: char| !matches!(c, '\u{ad}' | '\u{34f}' | '\u{200b}'..='\u{200f}' | '\u{2060}' | '\u{feff}');
    text.chars().any(|c| !c.is_whitespace() && !c.is_control() && is_ink(c))
}

#[derive(Default)]
struct Builder<'a> {
    page: Page<'a>,
    open: Vec<usize>,
    /// Open tags that were dropped because of their depth.
    dropped: usize,
    /// Drawings and formulas that are open.
    foreign: usize,
    /// Nodes and attributes so far.
    pieces: usize,
    /// The last token was a text, and the next one goes on with it.
    after_text: bool,
    rest: Rest,
}

/// The words of a page after its last node.
#[derive(Default)]
struct Rest {
    text: String,
    /// The element that is open and that nobody sees, and how many of its name are open in it.
    unseen: Option<(Tag, usize)>,
}

impl Rest {
    fn take(&mut self, token: Token) {
        match (token, &mut self.unseen) {
            (Token::Text(text), None) => self.text.push_str(&text),
            (Token::Text(_), Some(_)) => {}
            (Token::Open { tag, name, .. }, Some((unseen, _))) if unseen.is_foreign() && tag.ends_foreign(name) => {
                self.unseen = None;
                self.text.push('\n');
            }
            (Token::Open { tag, .. }, Some((unseen, open))) => *open += usize::from(tag == *unseen),
            (Token::Open { tag, .. }, None) if tag.is_unseen() && !tag.is_void() => self.unseen = Some((tag, 1)),
            (Token::Close { tag, .. }, Some((unseen, open))) => {
                *open -= usize::from(tag == *unseen);
                // The end of a block around it ends it too.
                if *open == 0 || tag.ends_paragraph() {
                    self.unseen = None;
                }
            }
            (Token::Open { tag, .. } | Token::Close { tag, .. }, None) => {
                if (tag.block().is_some() || tag == Tag::Br) && !self.text.ends_with('\n') {
                    self.text.push('\n');
                }
            }
        }
    }
}

impl<'a> Builder<'a> {
    fn take(&mut self, token: Token<'a>) {
        if self.pieces >= PIECES_MAX {
            self.page.is_cut = true;
            self.rest.take(token);
            return;
        }
        match token {
            Token::Text(text) => self.text(text),
            Token::Open { tag, name, attributes } => self.start(tag, name, attributes),
            Token::Close { tag, name } => self.end(tag, name),
        }
    }

    fn push(&mut self, unseen: bool, content: Content<'a>) -> usize {
        self.pieces += 1;
        let index = self.page.nodes.len();
        self.page.nodes.push(PageNode { end: index + 1, unseen, content });
        index
    }

    /// What comes after the last node is text of whatever is open there.
    fn end_with_rest(&mut self) {
        let rest = std::mem::take(&mut self.rest.text);
        self.text(Cow::Owned(rest));
    }

    fn text(&mut self, text: Cow<'a, str>) {
        if text.is_empty() {
            return;
        }
        if self.after_text
            && let Some(PageNode { content: Content::Text(last), .. }) = self.page.nodes.last_mut()
        {
            last.to_mut().push_str(&text);
            return;
        }
        self.push(false, Content::Text(text));
        self.after_text = true;
    }

    fn start(&mut self, tag: Tag, name: &'a str, attributes: Vec<Attribute<'a>>) {
        self.after_text = false;
        if self.foreign > 0 && self.is_passed_over(tag, name) {
            return;
        }
        self.close_implied(tag);
        if !tag.is_void() && self.open.len() >= DEPTH_MAX {
            self.dropped += 1;
            return;
        }
        self.pieces += attributes.len();
        let index = self.push(is_unseen(tag, &attributes), Content::Element { tag, name, attributes });
        if !tag.is_void() {
            self.open.push(index);
            self.foreign += usize::from(tag.is_foreign());
        }
    }

    /// Whether an element is a part of the open drawing or formula, which few know apart; ends that if it is HTML.
    fn is_passed_over(&mut self, tag: Tag, name: &str) -> bool {
        let is_edge = |node: &PageNode| match &node.content {
            Content::Element { tag, name, .. } => tag.is_foreign() || markup::is_html_in_foreign(name),
            Content::Text(_) => false,
        };
        let innermost = self.open.iter().rposition(|&index| is_edge(&self.page.nodes[index]));
        let is_foreign = |depth: &usize| self.page.nodes[self.open[*depth]].tag().is_some_and(Tag::is_foreign);
        // In what holds HTML, elements are those of HTML.
        let Some(mut depth) = innermost.filter(is_foreign) else { return false };
        if !tag.ends_foreign(name) {
            return !(tag.is_foreign() || markup::is_html_in_foreign(name));
        }
        while depth > 0 && is_foreign(&(depth - 1)) {
            depth -= 1;
        }
        self.close_from(depth);
        false
    }

    /// Ends what the start of this element ends without saying so (WHATWG HTML, section 13.1.2.4).
    fn close_implied(&mut self, tag: Tag) {
        use Tag::*;
        if tag.ends_paragraph() {
            self.close_up_to(|t| t == P, |t| matches!(t, Div | Td | Th | Li | Blockquote | Table | Caption));
        }
        match tag {
            Li => self.close_up_to(|t| t == Li, Tag::is_item_wall),
            Dt | Dd => self.close_up_to(|t| matches!(t, Dt | Dd), Tag::is_item_wall),
            Td | Th => self.close_up_to(Tag::is_cell, |t| matches!(t, Tr | Table)),
            Tr => self.close_up_to(|t| t == Tr, |t| matches!(t, Table | Tbody | Thead | Tfoot)),
            Option => self.close_up_to(|t| t == Option, |t| t == Select),
            Body => self.close_up_to(|t| t == Head, |_| false),
            _ => {}
        }
    }

    /// Closes the nearest open element that is sought unless a wall stands before it.
    fn close_up_to(&mut self, is_sought: impl Fn(Tag) -> bool, is_wall: impl Fn(Tag) -> bool) {
        for depth in (0..self.open.len()).rev() {
            let Some(tag) = self.page.nodes[self.open[depth]].tag() else { continue };
            if is_sought(tag) {
                self.close_from(depth);
                return;
            }
            if is_wall(tag) {
                return;
            }
        }
    }

    fn end(&mut self, tag: Tag, name: &'a str) {
        use Tag::*;
        self.after_text = false;
        if self.dropped > 0 {
            self.dropped -= 1;
            return;
        }
        if tag == Br {
            self.push(false, Content::Element { tag, name, attributes: Vec::new() });
            return;
        }
        if tag == Other {
            let walls = |t: std::option::Option<Tag>| t.is_some_and(|t| t.is_cell() || t == Table);
            let inner = self.open.iter().rev().take_while(|&&i| !walls(self.page.nodes[i].tag()));
            let above = inner.take_while(|&&i| !self.page.nodes[i].has_name(name)).count();
            let depth = self.open.len().checked_sub(above + 1);
            if let Some(depth) = depth.filter(|&depth| self.page.nodes[self.open[depth]].has_name(name)) {
                self.close_from(depth);
            }
            return;
        }
        // The end of a block inside a cell never ends a block around the table.
        let is_wall = |t: Tag| match tag {
            Table | Html | Body => false,
            Td | Th | Tr | Tbody | Thead | Tfoot => t == Table,
            _ => t.is_cell() || t == Table,
        };
        self.close_up_to(|t| t == tag, is_wall);
    }

    fn close_from(&mut self, depth: usize) {
        for index in self.open.split_off(depth).into_iter().rev() {
            self.close(index);
        }
    }

    fn close(&mut self, index: usize) {
        let is_foreign = self.page.nodes[index].tag().is_some_and(Tag::is_foreign);
        self.foreign -= usize::from(is_foreign);
        if let Some(told) = self.told_target(index) {
            self.after_text = false;
            self.text(Cow::Owned(format!(" ({told})")));
            self.after_text = false;
        }
        self.page.nodes[index].end = self.page.nodes.len();
    }
}

impl Builder<'_> {
    /// Where a link leads, if that can only be told.
    fn told_target(&self, index: usize) -> Option<String> {
        const WORDS_BYTES_MAX: usize = 2000;
        let node = &self.page.nodes[index];
        let href = node.attribute("href").filter(|_| node.tag() == Some(Tag::A))?;
        // Most lead to the web.
        if link::target(href).is_some() {
            return None;
        }
        link::told(href, &self.page.text_of(index + 1..self.page.nodes.len(), WORDS_BYTES_MAX))
    }
}

/// Plain text as HTML: paragraphs at empty lines, breaks at the others.
pub(crate) fn escape_lines(text: &str) -> String {
    let mut out = String::with_capacity(text.len() + 16);
    for paragraph in text.split("\n\n").filter(|p| !p.trim().is_empty()) {
        out.push_str("<p>");
        for (n, line) in paragraph.trim_matches('\n').split('\n').enumerate() {
            if n > 0 {
                out.push_str("<br>");
            }
            escape::text(line, &mut out);
        }
        out.push_str("</p>");
    }
    out
}
