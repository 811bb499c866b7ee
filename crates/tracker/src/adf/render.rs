//! From the document of a mail to nodes that Jira takes: only kinds, places and marks of the published schema.
//!
//! Where Jira's documents do not nest as a page may (no heading in an item, no quote in a quote), the words stay and the
//! layout gives way.

use super::{Kind, Mark, Node};
use mail::document::{Block, Cell, Foreign, Inline, Style, link_target};
use serde_json::Value;

/// Stands for a picture that says nothing about itself.
const NAMELESS_PICTURE: &str = "[image]";

/// Cells of one row; Jira's editor stops far below.
const COLUMNS_MAX: usize = 100;

/// Where blocks stand; each place holds other kinds.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Place {
    /// A document or an expander.
    Top,
    Item,
    Quote,
    Cell,
}

/// Whether what only Jira knows may be written as it was read.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Trust {
    /// The document came from Jira.
    Jira,
    /// It came from a mail: it is shown as text, or somebody could write a mention or a macro.
    Nobody,
}

/// The nodes of a document that came from a mail.
pub(super) fn of_mail(blocks: &[Block]) -> Vec<Node> {
    nodes(blocks, Place::Top, Trust::Nobody)
}

/// The nodes of a document that came from Jira.
pub(super) fn of_jira(blocks: &[Block]) -> Vec<Node> {
    nodes(blocks, Place::Top, Trust::Jira)
}

fn nodes(blocks: &[Block], place: Place, trust: Trust) -> Vec<Node> {
    blocks.iter().flat_map(|block| node(block, place, trust)).collect()
}

fn node(block: &Block, place: Place, trust: Trust) -> Vec<Node> {
    let is_wide = matches!(place, Place::Top | Place::Cell);
    match block {
        Block::Paragraph(content) => vec![paragraph(content, trust)],
        Block::Heading { level, content } if is_wide => {
            let level = u64::from((*level).clamp(1, 6));
            vec![Node::element_with(Kind::Heading, "level", level, inlines(content, Style::PLAIN, trust))]
        }
        Block::Heading { content, .. } => {
            vec![Node::element(Kind::Paragraph, inlines(content, Style::STRONG, trust))]
        }
        Block::List { first, items } => list(*first, items, trust),
        Block::Quote(inner) if is_wide => match nodes(inner, Place::Quote, trust) {
            inner if inner.is_empty() => Vec::new(),
            inner => vec![Node::element(Kind::Blockquote, inner)],
        },
        Block::Quote(inner) => nodes(&signed(inner), place, trust),
        Block::Code { language, text } => vec![code(language, text)],
        Block::Table(rows) if place == Place::Top => table(rows, trust),
        Block::Table(rows) => rows.iter().flat_map(|row| row_as_blocks(row, place, trust)).collect(),
        Block::Rule if is_wide => vec![Node::element(Kind::Rule, Vec::new())],
        Block::Rule => vec![Node::literal_paragraph("---")],
        Block::Foreign(foreign) => vec![kept(foreign, trust).unwrap_or_else(|| literal_lines(&foreign.text))],
    }
}

/// The node as it was read; `None` where it may not be written.
fn kept(foreign: &Foreign, trust: Trust) -> Option<Node> {
    if trust == Trust::Nobody {
        return None;
    }
    serde_json::from_str::<Value>(&foreign.json).ok().map(Node::Unknown)
}

fn paragraph(content: &[Inline], trust: Trust) -> Node {
    Node::element(Kind::Paragraph, inlines(content, Style::PLAIN, trust))
}

fn literal_lines(text: &str) -> Node {
    let mut content = Vec::new();
    for (n, line) in text.lines().enumerate() {
        if n > 0 {
            content.push(Node::element(Kind::HardBreak, Vec::new()));
        }
        content.extend(self::text(line, Vec::new()));
    }
    Node::element(Kind::Paragraph, content)
}

fn inlines(content: &[Inline], more: Style, trust: Trust) -> Vec<Node> {
    content
        .iter()
        .filter_map(|inline| match inline {
            Inline::Text { text, style, link } | Inline::Elsewhere { words: text, style, link, .. } => {
                self::text(text, marks(style.and(more), link.as_deref()))
            }
            Inline::Break => Some(Node::element(Kind::HardBreak, Vec::new())),
            Inline::Picture { words, .. } if words.trim().is_empty() => self::text(NAMELESS_PICTURE, Vec::new()),
            Inline::Picture { words, .. } => self::text(&format!("[{words}]"), Vec::new()),
            Inline::Foreign(foreign) => kept(foreign, trust).or_else(|| self::text(&foreign.text, Vec::new())),
        })
        .collect()
}

/// A text node; none for an empty text, which Jira refuses.
fn text(text: &str, marks: Vec<Mark>) -> Option<Node> {
    let text = printable(text);
    (!text.is_empty()).then_some(Node::Text { text, marks })
}

/// The text without the characters that Jira's storage refuses (XML 1.0, section 2.2): control characters but tab and
/// line feed, and the two code points that are never characters.
fn printable(text: &str) -> String {
    let refused = |c: char| c.is_control() && !matches!(c, '\n' | '\t') || matches!(c, '\u{fffe}' | '\u{ffff}');
    text.chars().filter(|c| !refused(*c)).collect()
}

/// Jira allows beside `code` nothing but a link.
fn marks(style: Style, link: Option<&str>) -> Vec<Mark> {
    let all = [
        (Style::STRONG, Mark::Strong),
        (Style::EMPHASIS, Mark::Em),
        (Style::STRIKE, Mark::Strike),
        (Style::UNDERLINE, Mark::Underline),
    ];
    let mut marks: Vec<Mark> = match style.has(Style::CODE) {
        true => vec![Mark::Code],
        false => all.into_iter().filter(|(has, _)| style.has(*has)).map(|(_, mark)| mark).collect(),
    };
    let target = link.and_then(link_target);
    marks.extend(target.map(|target| Mark::Link { href: target.into_owned() }));
    marks
}

fn list(first: Option<u32>, items: &[Vec<Block>], trust: Trust) -> Vec<Node> {
    let items: Vec<Node> = items.iter().map(|item| list_item(item, trust)).collect();
    if items.is_empty() {
        return Vec::new();
    }
    vec![match first {
        None => Node::element(Kind::BulletList, items),
        Some(1) => Node::element(Kind::OrderedList, items),
        Some(first) => Node::element_with(Kind::OrderedList, "order", u64::from(first), items),
    }]
}

/// An item begins with words or code, never with a list.
fn list_item(blocks: &[Block], trust: Trust) -> Node {
    let mut content = nodes(blocks, Place::Item, trust);
    let begins_well = match content.first() {
        Some(Node::Element(first)) => matches!(first.kind, Kind::Paragraph | Kind::CodeBlock),
        Some(Node::Unknown(_)) => true,
        Some(Node::Text { .. }) | None => false,
    };
    if !begins_well {
        content.insert(0, Node::literal_paragraph(""));
    }
    Node::element(Kind::ListItem, content)
}

/// A quote where none may stand: its lines bear the sign.
fn signed(blocks: &[Block]) -> Vec<Block> {
    let sign = || Inline::text("> ");
    let lines = |content: &[Inline]| {
        let mut all = vec![sign()];
        for inline in content {
            all.push(inline.clone());
            all.extend((*inline == Inline::Break).then(sign));
        }
        Block::Paragraph(all)
    };
    let each = |block: &Block| match block {
        Block::Paragraph(content) | Block::Heading { content, .. } => vec![lines(content)],
        Block::Quote(inner) => signed(&signed(inner)),
        other => vec![other.clone()],
    };
    blocks.iter().flat_map(each).collect()
}

fn code(language: &str, text: &str) -> Node {
    let text = self::text(text, Vec::new()).into_iter().collect();
    match language {
        "" => Node::element(Kind::CodeBlock, text),
        language => Node::element_with(Kind::CodeBlock, "language", language, text),
    }
}

/// All rows have as many cells as the longest, or the rest of a table would stand under wrong heads.
fn table(rows: &[Vec<Cell>], trust: Trust) -> Vec<Node> {
    let columns = rows.iter().map(Vec::len).max().unwrap_or(0);
    if columns == 0 || columns > COLUMNS_MAX {
        return rows.iter().flat_map(|row| row_as_blocks(row, Place::Top, trust)).collect();
    }
    let cell = |cell: Option<&Cell>| {
        let mut content = cell.map(|cell| nodes(&cell.blocks, Place::Cell, trust)).unwrap_or_default();
        if content.is_empty() {
            content.push(Node::literal_paragraph(""));
        }
        let kind = if cell.is_some_and(|cell| cell.header) { Kind::TableHeader } else { Kind::TableCell };
        Node::element(kind, content)
    };
    let row = |row: &Vec<Cell>| Node::element(Kind::TableRow, (0..columns).map(|at| cell(row.get(at))).collect());
    vec![Node::element(Kind::Table, rows.iter().map(row).collect())]
}

/// A row where no table may stand.
fn row_as_blocks(row: &[Cell], place: Place, trust: Trust) -> Vec<Node> {
    row.iter().flat_map(|cell| nodes(&cell.blocks, place, trust)).collect()
}
