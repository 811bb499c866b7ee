//! What a body says and how it is laid out: the one model between HTML, plain text, Markdown and what trackers speak.
//!
//! Everything that people wrote stands in it as text; a renderer escapes it, so nothing in a mail can become a mention,
//! a macro or a markup that it was not (SEC-33). Colours, fonts and tables that only lay out a page are not kept.

mod builder;
mod html;
mod inline;
mod lines;
mod markdown;
mod markdown_reader;
mod page_signs;
mod part;
mod plain;
mod targets;

pub use crate::link::target as link_target;
pub(crate) use builder::{Built, build};
pub(crate) use lines::{Line, joined, signed, words};
pub(crate) use part::Keep;

use serde::{Deserialize, Serialize};
use std::sync::Arc;

/// Quotes, lists and items inside one another; a page may nest more, a reader cannot follow them.
pub const LEVELS_MAX: usize = 12;

/// Lines of a body that are looked at one by one; each takes some 200 bytes in reading. The rest of a longer one is one
/// text, of which every word stays.
pub(crate) const LINES_MAX: usize = 30_000;

/// A whole body.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Document {
    pub blocks: Vec<Block>,
}

/// What stands on lines of its own.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Block {
    Paragraph(Vec<Inline>),
    Heading {
        /// From 1 to 6.
        level: u8,
        content: Vec<Inline>,
    },
    List {
        /// The number of the first item; `None` for bullets.
        first: Option<u32>,
        /// The blocks of each item.
        items: Vec<Vec<Block>>,
    },
    Quote(Vec<Block>),
    Code {
        /// As it was named; empty when it was not.
        language: String,
        text: String,
    },
    /// A table of data. Rows may differ in length.
    Table(Vec<Vec<Cell>>),
    Rule,
    Foreign(Foreign),
}

/// A cell of a table.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Cell {
    /// It names its row or column.
    pub header: bool,
    pub blocks: Vec<Block>,
}

/// What stands in a line.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Inline {
    /// Never empty, without line breaks.
    Text {
        text: String,
        style: Style,
        /// To an `http`, `https` or `mailto` URL; all pieces of one link share it.
        link: Option<Arc<str>>,
    },
    /// The line ends, the paragraph goes on.
    Break,
    /// A picture that the mail itself carries (RFC 2392).
    Picture {
        /// Without `cid:`.
        content_id: String,
        /// What it says of itself; may be empty.
        words: String,
    },
    /// A picture that stands on some server: its words are shown, and nobody is ever asked for it.
    Elsewhere {
        /// An `http` or `https` URL.
        source: Arc<str>,
        /// Never empty.
        words: String,
        style: Style,
        link: Option<Arc<str>>,
    },
    Foreign(Foreign),
}

/// Something that only one tracker knows, kept as it was read so that it survives being written back.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Foreign {
    /// What a reader sees of it.
    pub text: String,
    /// The tracker's own JSON.
    pub json: String,
}

/// How a text looks: any of the five. On the wire it is the sum of 1 (strong), 2 (emphasis), 4 (strike), 8
/// (underline) and 16 (code).
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Style(u8);

impl Style {
    pub const PLAIN: Style = Style(0);
    pub const STRONG: Style = Style(1);
    pub const EMPHASIS: Style = Style(2);
    pub const STRIKE: Style = Style(4);
    pub const UNDERLINE: Style = Style(8);
    pub const CODE: Style = Style(16);

    /// Both together.
    #[must_use]
    pub const fn and(self, other: Style) -> Style {
        Style(self.0 | other.0)
    }

    /// What both have.
    #[must_use]
    pub const fn common(self, other: Style) -> Style {
        Style(self.0 & other.0)
    }

    pub const fn has(self, other: Style) -> bool {
        self.0 & other.0 == other.0
    }
}

impl Inline {
    /// Plain words.
    pub fn text(text: impl Into<String>) -> Inline {
        Inline::Text { text: text.into(), style: Style::PLAIN, link: None }
    }
}

impl Block {
    /// A paragraph that shows the text as it stands.
    pub fn literal(text: impl Into<String>) -> Block {
        Block::Paragraph(vec![Inline::text(text)])
    }
}

impl Document {
    /// The document of a plain text, read with the habits of plain mail: lists, quotes, `*emphasis*`, links, code. It has
    /// no escapes, and what could be read either way stays text.
    pub fn from_text(text: &str) -> Document {
        Document { blocks: plain::blocks(text) }
    }

    /// The document of a text that is no markup, such as the fields of a calendar entry: every sign in it is shown as it
    /// stands, and a web address leads to itself.
    ///
    /// ```
    /// assert_eq!(mail::Document::literal("*2* [a](x)").html(), "<p>*2* [a](x)</p>");
    /// ```
    pub fn literal(text: &str) -> Document {
        Document { blocks: plain::literal(text) }
    }

    /// The document of a page from a stranger: one pass over its tokens, one over its tree; total and linear.
    ///
    /// ```
    /// let document = mail::Document::from_html("<p>It is <b>on</b> <font color=red>fire</font></p><ul><li>help</ul>");
    /// assert_eq!(document.text(), "It is **on** fire\n\n- help");
    /// assert_eq!(document.html(), "<p>It is <strong>on</strong> fire</p><ul><li>help</li></ul>");
    /// ```
    pub fn from_html(html: &str) -> Document {
        html::read(html)
    }

    /// The document as safe HTML: [`crate::sanitize`] changes nothing of it.
    pub fn html(&self) -> String {
        html::written(self)
    }

    /// The document of a text that was meant as Markdown (CommonMark with the tables and strike-through of GitHub's). HTML
    /// in it is text; deeper nesting than [`LEVELS_MAX`] loses its frames and keeps its words.
    pub fn from_markdown(text: &str) -> Document {
        markdown_reader::read(text)
    }

    /// The document as Markdown that reads back as it is; what people wrote is escaped.
    ///
    /// ```
    /// let document = mail::Document::from_html("<p>2 * 3 is <b>not</b> [5](x)</p>");
    /// assert_eq!(document.markdown(), "2 \\* 3 is **not** \\[5\\](x)");
    /// ```
    pub fn markdown(&self) -> String {
        markdown::written(self)
    }

    /// The words with the signs of plain mail: what [`crate::Message::text`] is for a mail that is only HTML.
    pub fn text(&self) -> String {
        joined(&signed::<()>(self, &[]))
    }

    /// The lines that `keeps` says, counted from 0 as the writers of lines count them; nothing that would be empty.
    pub(crate) fn part(&self, keeps: impl Fn(usize) -> Keep) -> Document {
        part::of(self, keeps)
    }
}

/// The lines of a paragraph, without the breaks between them.
fn lines_of(content: &[Inline]) -> impl Iterator<Item = &[Inline]> {
    content.split(|inline| *inline == Inline::Break)
}
