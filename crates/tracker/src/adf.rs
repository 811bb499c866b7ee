//! The Atlassian Document Format: a tree of nodes, made from text and read back to text.
//!
//! What people wrote enters a document only as the text of text nodes and the targets of checked links, so nothing in
//! a mail can become a mention, a macro or a markup that it was not (SEC-33).

mod body;
mod length;
mod plain;
mod read;
mod render;
mod wire;

pub use body::{DOCUMENT_CHARS_MAX, document, fits};
pub use plain::plain_text;
pub use read::common;

use serde_json::{Map, Value, json};

/// A whole document; on the wire its version is always 1.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Document {
    pub content: Vec<Node>,
}

/// One node of the tree.
#[derive(Debug, Clone, PartialEq)]
pub enum Node {
    Element(Element),
    /// Never empty: Jira refuses empty text nodes.
    Text {
        text: String,
        marks: Vec<Mark>,
    },
    /// A node that we do not know, or one with parts that we do not know; it is written back as it was read.
    Unknown(Value),
}

/// A node of a known kind. `attrs` and `marks` are kept as they are, so that what we do not use survives.
#[derive(Debug, Clone, PartialEq)]
pub struct Element {
    pub kind: Kind,
    pub attrs: Map<String, Value>,
    pub content: Vec<Node>,
    pub marks: Vec<Mark>,
}

/// How a text looks. `Code` stands alone or with `Link`, nothing else.
#[derive(Debug, Clone, PartialEq)]
pub enum Mark {
    Strong,
    Em,
    Strike,
    Underline,
    Code,
    /// To an `http`, `https` or `mailto` URL when we made it; to anything when Jira sent it.
    Link {
        href: String,
    },
    /// A mark that we do not know, kept as it was read.
    Unknown(Value),
}

macro_rules! kinds {
    ($($kind:ident = $word:literal),* $(,)?) => {
        /// The kinds of nodes that we can tell apart, text excepted.
        #[derive(Debug, Clone, Copy, PartialEq, Eq)]
        pub enum Kind { $($kind),* }

        impl Kind {
            /// Every kind.
            pub const ALL: &'static [Kind] = &[$(Kind::$kind),*];

            /// The `type` on the wire.
            pub fn word(self) -> &'static str { match self { $(Kind::$kind => $word),* } }
        }
    };
}

kinds! {
    Paragraph = "paragraph",
    Heading = "heading",
    BulletList = "bulletList",
    OrderedList = "orderedList",
    ListItem = "listItem",
    TaskList = "taskList",
    TaskItem = "taskItem",
    DecisionList = "decisionList",
    DecisionItem = "decisionItem",
    CodeBlock = "codeBlock",
    Blockquote = "blockquote",
    Rule = "rule",
    Panel = "panel",
    Expand = "expand",
    NestedExpand = "nestedExpand",
    Table = "table",
    TableRow = "tableRow",
    TableHeader = "tableHeader",
    TableCell = "tableCell",
    MediaSingle = "mediaSingle",
    MediaGroup = "mediaGroup",
    Media = "media",
    MediaInline = "mediaInline",
    HardBreak = "hardBreak",
    Mention = "mention",
    Emoji = "emoji",
    Date = "date",
    Status = "status",
    InlineCard = "inlineCard",
    BlockCard = "blockCard",
}

impl Element {
    /// An element without attributes and marks.
    fn new(kind: Kind, content: Vec<Node>) -> Element {
        Element { kind, attrs: Map::new(), content, marks: Vec::new() }
    }

    /// The attribute's text, or nothing.
    fn attr(&self, name: &str) -> &str {
        self.attrs.get(name).and_then(Value::as_str).unwrap_or_default()
    }
}

impl Node {
    /// An element without attributes and marks.
    fn element(kind: Kind, content: Vec<Node>) -> Node {
        Node::Element(Element::new(kind, content))
    }

    /// An element with one attribute.
    fn element_with(kind: Kind, name: &str, value: impl Into<Value>, content: Vec<Node>) -> Node {
        let mut element = Element::new(kind, content);
        element.attrs.insert(name.to_owned(), value.into());
        Node::Element(element)
    }

    /// A paragraph that shows the text as it stands, without looking for markup; empty for an empty text.
    fn literal_paragraph(text: &str) -> Node {
        let text = (!text.is_empty()).then(|| Node::Text { text: text.to_owned(), marks: Vec::new() });
        Node::element(Kind::Paragraph, text.into_iter().collect())
    }
}

impl Document {
    /// The document as Jira takes it.
    pub fn to_value(&self) -> Value {
        let content: Vec<Value> = self.content.iter().map(Node::to_value).collect();
        json!({"version": 1, "type": "doc", "content": content})
    }
}

/// A name or an address on one line, without signs that turn the direction of what is shown: one could show an address backwards.
pub(crate) fn one_line(text: &str, length_max: usize) -> String {
    let steers = |c: char| c.is_control() || mail::is_direction_mark(c);
    let spaced: String = text.chars().map(|c| if steers(c) { ' ' } else { c }).collect();
    shortened(spaced.trim(), length_max)
}

/// The text, cut to at most `length_max` UTF-16 units, with an ellipsis as the last one where something was cut.
pub fn shortened(text: &str, length_max: usize) -> String {
    if text.encode_utf16().count() <= length_max {
        return text.to_owned();
    }
    let mut room = length_max.saturating_sub(1);
    let fitting = text.chars().take_while(|character| {
        let fits = character.len_utf16() <= room;
        room = room.saturating_sub(character.len_utf16());
        fits
    });
    let mut short: String = fitting.collect();
    short.truncate(short.trim_end().len());
    short.push('…');
    short
}
