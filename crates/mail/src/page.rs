//! An HTML page as a flat tree of bounded depth: nodes in document order, each knowing where its content ends.

use crate::markup::{self, Token};

/// Deeper elements lose their tags and keep their content; browsers stop at 512.
const DEPTH_MAX: usize = 128;

/// Elements without content.
const VOID: &[&str] =
    &["area", "base", "br", "col", "embed", "hr", "img", "input", "link", "meta", "param", "source", "track", "wbr"];

/// Elements whose start ends an open paragraph.
const ENDS_PARAGRAPH: &[&str] = &[
    "address",
    "article",
    "aside",
    "blockquote",
    "center",
    "dd",
    "details",
    "div",
    "dl",
    "dt",
    "fieldset",
    "footer",
    "form",
    "h1",
    "h2",
    "h3",
    "h4",
    "h5",
    "h6",
    "header",
    "hr",
    "li",
    "main",
    "nav",
    "ol",
    "p",
    "pre",
    "section",
    "table",
    "tbody",
    "td",
    "tfoot",
    "th",
    "thead",
    "tr",
    "ul",
];

/// Elements that no reader sees, content included.
const UNSEEN: &[&str] = &[
    "head", "script", "style", "title", "template", "svg", "math", "object", "applet", "embed", "audio", "video",
    "iframe", "noembed", "noframes", "canvas", "datalist",
];

#[derive(Debug)]
pub(crate) enum Content {
    Text(String),
    Element { name: String, attributes: Vec<(String, String)> },
}

#[derive(Debug)]
pub(crate) struct PageNode {
    /// `usize::MAX` for the outermost nodes.
    pub parent: usize,
    /// The index after the last node inside this one.
    pub end: usize,
    pub content: Content,
}

impl PageNode {
    /// The element's name; empty for text.
    pub fn name(&self) -> &str {
        match &self.content {
            Content::Element { name, .. } => name,
            Content::Text(_) => "",
        }
    }

    pub fn attribute(&self, key: &str) -> Option<&str> {
        match &self.content {
            Content::Element { attributes, .. } => attributes.iter().find(|(k, _)| k == key).map(|(_, v)| v.as_str()),
            Content::Text(_) => None,
        }
    }

    pub fn has_class(&self, class: &str) -> bool {
        self.attribute("class").is_some_and(|v| v.split_ascii_whitespace().any(|c| c == class))
    }

    /// Whether a reader sees neither the element nor what is in it.
    pub fn is_unseen(&self) -> bool {
        UNSEEN.contains(&self.name()) || self.is_displayed_none() || self.attribute("hidden").is_some()
    }

    fn is_displayed_none(&self) -> bool {
        self.attribute("style").is_some_and(|style| {
            style.to_ascii_lowercase().split(';').any(|rule| {
                rule.split_once(':').is_some_and(|(k, v)| k.trim() == "display" && v.trim().starts_with("none"))
            })
        })
    }
}

#[derive(Debug, Default)]
pub(crate) struct Page {
    pub nodes: Vec<PageNode>,
}

impl Page {
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
pub(crate) fn parse(html: &str) -> Page {
    let mut builder = Builder::default();
    markup::tokens(html, |token| builder.take(token));
    while builder.open.pop().map(|index| builder.close(index)).is_some() {}
    builder.page
}

#[derive(Default)]
struct Builder {
    page: Page,
    open: Vec<usize>,
    /// Open tags that were dropped because of their depth.
    dropped: usize,
}

impl Builder {
    fn take(&mut self, token: Token) {
        match token {
            Token::Text(text) => self.text(text),
            Token::Open { name, attributes } => self.start(name, attributes),
            Token::Close(name) => self.end(&name),
        }
    }

    fn push(&mut self, content: Content) -> usize {
        let index = self.page.nodes.len();
        let parent = self.open.last().copied().unwrap_or(usize::MAX);
        self.page.nodes.push(PageNode { parent, end: index + 1, content });
        index
    }

    fn text(&mut self, text: String) {
        // A line break that begins preformatted text is not part of it; taking one per reading would make the
        // sanitizer shorten the text with every pass.
        let begins_pre =
            self.open.last().is_some_and(|&i| self.page.nodes[i].name() == "pre" && i + 1 == self.page.nodes.len());
        let text = if begins_pre { text.trim_start_matches(['\n', '\r']).to_owned() } else { text };
        if !text.is_empty() {
            self.push(Content::Text(text));
        }
    }

    fn start(&mut self, name: String, attributes: Vec<(String, String)>) {
        self.close_implied(&name);
        if VOID.contains(&name.as_str()) {
            self.push(Content::Element { name, attributes });
        } else if self.open.len() >= DEPTH_MAX {
            self.dropped += 1;
        } else {
            let index = self.push(Content::Element { name, attributes });
            self.open.push(index);
        }
    }

    /// Ends what the start of this element ends without saying so (WHATWG HTML, section 13.1.2.4).
    fn close_implied(&mut self, name: &str) {
        if ENDS_PARAGRAPH.contains(&name) {
            self.close_up_to(&["p"], &["div", "td", "th", "li", "blockquote", "table", "body"]);
        }
        match name {
            "li" => self.close_up_to(&["li"], &["ul", "ol", "table", "td"]),
            "dt" | "dd" => self.close_up_to(&["dt", "dd"], &["dl", "table", "td"]),
            "td" | "th" => self.close_up_to(&["td", "th"], &["tr", "table"]),
            "tr" => self.close_up_to(&["tr"], &["table", "tbody", "thead", "tfoot"]),
            "option" => self.close_up_to(&["option"], &["select"]),
            "body" => self.close_up_to(&["head"], &[]),
            _ => {}
        }
    }

    /// Closes the nearest open element of `names` unless one of `walls` stands before it.
    fn close_up_to(&mut self, names: &[&str], walls: &[&str]) {
        for depth in (0..self.open.len()).rev() {
            let name = self.page.nodes[self.open[depth]].name();
            if names.contains(&name) {
                self.close_from(depth);
                return;
            }
            if walls.contains(&name) {
                return;
            }
        }
    }

    fn end(&mut self, name: &str) {
        if self.dropped > 0 {
            self.dropped -= 1;
            return;
        }
        if name == "br" {
            self.push(Content::Element { name: "br".to_owned(), attributes: Vec::new() });
            return;
        }
        // The end of a block inside a cell never ends a block around the table.
        let walls: &[&str] = match name {
            "table" | "html" | "body" => &[],
            "td" | "th" | "tr" | "tbody" | "thead" | "tfoot" => &["table"],
            _ => &["td", "th", "table"],
        };
        self.close_up_to(&[name], walls);
    }

    fn close_from(&mut self, depth: usize) {
        for index in self.open.split_off(depth).into_iter().rev() {
            self.close(index);
        }
    }

    fn close(&mut self, index: usize) {
        self.page.nodes[index].end = self.page.nodes.len();
    }
}

/// Text for the content of an element or the value of a quoted attribute.
pub(crate) fn escape(text: &str, out: &mut String) {
    for c in text.chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            c => out.push(c),
        }
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
            escape(line, &mut out);
        }
        out.push_str("</p>");
    }
    out
}
