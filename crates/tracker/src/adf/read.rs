//! From a document of Jira's to the common model and back: what the model does not know stays as it was read.

use super::{Document, Element, Kind, Mark, Node, plain, render};
use mail::document::{Block, Cell, Foreign, Inline, Style};
use serde_json::Value;

impl Document {
    /// The document in the common model. Every node that the model cannot write back as it was is kept whole, so
    /// [`Document::of_common`] yields this document again.
    pub fn to_common(&self) -> mail::Document {
        let exact = |node: &Node| {
            let made = block(node);
            let again = render::of_jira(std::slice::from_ref(&made));
            if again.len() == 1 && again[0].to_value() == node.to_value() { made } else { foreign_block(node) }
        };
        mail::Document { blocks: self.content.iter().map(exact).collect() }
    }

    /// The document that [`Document::to_common`] read.
    pub fn of_common(document: &mail::Document) -> Document {
        Document { content: render::of_jira(&document.blocks) }
    }
}

fn foreign_block(node: &Node) -> Block {
    Block::Foreign(foreign(node))
}

fn foreign(node: &Node) -> Foreign {
    Foreign { text: plain::of_node(node), json: node.to_value().to_string() }
}

fn block(node: &Node) -> Block {
    known(node).unwrap_or_else(|| foreign_block(node))
}

/// The block, when nothing of the node would be lost in it.
fn known(node: &Node) -> Option<Block> {
    let Node::Element(element) = node else { return None };
    if !element.marks.is_empty() {
        return None;
    }
    let only = |names: &[&str]| element.attrs.keys().all(|name| names.contains(&name.as_str())).then_some(());
    let blocks = || element.content.iter().map(block).collect::<Vec<_>>();
    match element.kind {
        Kind::Paragraph => {
            only(&[])?;
            Some(Block::Paragraph(inlines(element)))
        }
        Kind::Heading => {
            only(&["level"])?;
            let level = element.attrs.get("level")?.as_u64().and_then(|level| u8::try_from(level).ok())?;
            Some(Block::Heading { level, content: inlines(element) })
        }
        Kind::BulletList => {
            only(&[])?;
            Some(Block::List { first: None, items: items(element)? })
        }
        Kind::OrderedList => {
            only(&["order"])?;
            let first = match element.attrs.get("order") {
                Some(order) => order.as_u64().and_then(|order| u32::try_from(order).ok())?,
                None => 1,
            };
            Some(Block::List { first: Some(first), items: items(element)? })
        }
        Kind::Blockquote => {
            only(&[])?;
            Some(Block::Quote(blocks()))
        }
        Kind::CodeBlock => {
            only(&["language"])?;
            let text = element.content.iter().map(|node| match node {
                Node::Text { text, .. } => Some(text.as_str()),
                _ => None,
            });
            let text = text.collect::<Option<String>>()?;
            Some(Block::Code { language: element.attr("language").to_owned(), text })
        }
        Kind::Rule => {
            only(&[])?;
            Some(Block::Rule)
        }
        Kind::Table => {
            only(&[])?;
            Some(Block::Table(element.content.iter().map(row).collect::<Option<_>>()?))
        }
        _ => None,
    }
}

fn items(list: &Element) -> Option<Vec<Vec<Block>>> {
    list.content.iter().map(|item| Some(bare(item, Kind::ListItem)?.content.iter().map(block).collect())).collect()
}

fn row(node: &Node) -> Option<Vec<Cell>> {
    let cell = |node: &Node| {
        let header = bare(node, Kind::TableHeader);
        let cell = header.or_else(|| bare(node, Kind::TableCell))?;
        Some(Cell { header: header.is_some(), blocks: cell.content.iter().map(block).collect() })
    };
    bare(node, Kind::TableRow)?.content.iter().map(cell).collect()
}

/// The element, when it is of this kind and has neither attributes nor marks.
fn bare(node: &Node, kind: Kind) -> Option<&Element> {
    match node {
        Node::Element(element) if element.kind == kind && element.attrs.is_empty() && element.marks.is_empty() => {
            Some(element)
        }
        _ => None,
    }
}

fn inlines(element: &Element) -> Vec<Inline> {
    element.content.iter().map(|node| inline(node).unwrap_or_else(|| Inline::Foreign(foreign(node)))).collect()
}

fn inline(node: &Node) -> Option<Inline> {
    match node {
        Node::Text { text, marks } => {
            let (mut style, mut link) = (Style::PLAIN, None);
            for mark in marks {
                match mark {
                    Mark::Strong => style = style.and(Style::STRONG),
                    Mark::Em => style = style.and(Style::EMPHASIS),
                    Mark::Strike => style = style.and(Style::STRIKE),
                    Mark::Underline => style = style.and(Style::UNDERLINE),
                    Mark::Code => style = style.and(Style::CODE),
                    Mark::Link { href } => link = Some(href.as_str().into()),
                    Mark::Unknown(_) => return None,
                }
            }
            let made = Inline::Text { text: text.clone(), style, link };
            // Marks in another order, and links that lead elsewhere than to the web, are kept as they are.
            let again = render::of_jira(&[Block::Paragraph(vec![made.clone()])]);
            let Some(Node::Element(paragraph)) = again.first() else { return None };
            let same = paragraph.content.first().map(Node::to_value) == Some(node.to_value());
            (same && !text.contains('\n')).then_some(made)
        }
        Node::Element(element) if element.kind == Kind::HardBreak => {
            bare(node, Kind::HardBreak)?;
            element.content.is_empty().then_some(Inline::Break)
        }
        Node::Element(_) | Node::Unknown(_) => None,
    }
}

/// The document of a field in the common model; a plain string, as older interfaces send it, is text.
pub fn common(value: &Value) -> mail::Document {
    match value {
        Value::String(text) => mail::Document::from_text(text),
        document => Document::from_value(document).map(|document| document.to_common()).unwrap_or_default(),
    }
}
