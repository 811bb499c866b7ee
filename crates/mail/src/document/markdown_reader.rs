//! Markdown read by its own rules (CommonMark, by comrak) into a document.

use super::targets::{AGAIN_IN_LINE_BYTES_MAX, Budget, with_targets_shown};
use super::{Block, Cell, Document, Inline, LEVELS_MAX, Style};
use crate::link;
use comrak::nodes::{AstNode, ListType, NodeValue};
use comrak::{Arena, Options, parse_document};
use std::sync::Arc;

pub(super) fn read(text: &str) -> Document {
    let mut options = Options::default();
    options.extension.table = true;
    options.extension.strikethrough = true;
    let arena = Arena::new();
    let root = parse_document(&arena, text, &options);
    Document { blocks: blocks(root, 0) }
}

fn blocks<'a>(parent: &'a AstNode<'a>, depth: usize) -> Vec<Block> {
    parent.children().flat_map(|node| block(node, depth)).collect()
}

fn block<'a>(node: &'a AstNode<'a>, depth: usize) -> Vec<Block> {
    let value = &node.data().value;
    let is_deep = depth >= LEVELS_MAX;
    match value {
        NodeValue::Paragraph => some(inlines(node)).map(Block::Paragraph).into_iter().collect(),
        NodeValue::Heading(heading) => {
            some(inlines(node)).map(|content| Block::Heading { level: heading.level, content }).into_iter().collect()
        }
        NodeValue::BlockQuote | NodeValue::List(_) if is_deep => {
            some(words_below(node)).map(Block::Paragraph).into_iter().collect()
        }
        NodeValue::BlockQuote => vec![Block::Quote(blocks(node, depth + 1))],
        NodeValue::List(list) => {
            let first = (list.list_type == ListType::Ordered).then(|| u32::try_from(list.start).unwrap_or(1));
            vec![Block::List { first, items: node.children().map(|item| blocks(item, depth + 1)).collect() }]
        }
        NodeValue::CodeBlock(code) => {
            let language = code.info.split_whitespace().next().unwrap_or_default().to_owned();
            let text = code.literal.strip_suffix('\n').unwrap_or(&code.literal).to_owned();
            vec![Block::Code { language, text }]
        }
        NodeValue::ThematicBreak => vec![Block::Rule],
        NodeValue::Table(_) => vec![Block::Table(node.children().map(row).collect())],
        // A comment parts two lists; anything else is what somebody wrote.
        NodeValue::HtmlBlock(html) if html.literal.trim() == "<!-- -->" => Vec::new(),
        NodeValue::HtmlBlock(html) => vec![Block::Paragraph(lines(&html.literal))],
        _ => blocks(node, depth),
    }
}

fn some(content: Vec<Inline>) -> Option<Vec<Inline>> {
    (!content.is_empty()).then_some(content)
}

fn row<'a>(node: &'a AstNode<'a>) -> Vec<Cell> {
    let header = matches!(node.data().value, NodeValue::TableRow(true));
    let cell = |node: &'a AstNode<'a>| Cell {
        header,
        blocks: some(inlines(node)).map(Block::Paragraph).into_iter().collect(),
    };
    node.children().map(cell).collect()
}

fn lines(text: &str) -> Vec<Inline> {
    let mut all = Vec::new();
    for line in text.lines().filter(|line| !line.trim().is_empty()) {
        if !all.is_empty() {
            all.push(Inline::Break);
        }
        all.push(Inline::text(line.trim_end()));
    }
    all
}

/// All text below a node that is too deep to be taken apart.
fn words_below<'a>(node: &'a AstNode<'a>) -> Vec<Inline> {
    let mut all = Vec::new();
    for below in node.descendants() {
        let data = below.data();
        let text = match &data.value {
            NodeValue::Text(text) => text.to_string(),
            NodeValue::Code(code) => code.literal.clone(),
            NodeValue::HtmlInline(html) => html.clone(),
            NodeValue::CodeBlock(code) => code.literal.replace('\n', " "),
            NodeValue::HtmlBlock(html) => html.literal.replace('\n', " "),
            NodeValue::SoftBreak | NodeValue::LineBreak | NodeValue::Paragraph => " ".to_owned(),
            _ => continue,
        };
        push(&text, Style::PLAIN, None, &mut all);
    }
    all
}

/// What stands inside a node, walked without recursion: emphasis may nest as deep as a text is long.
fn inlines<'a>(parent: &'a AstNode<'a>) -> Vec<Inline> {
    let mut all = Vec::new();
    let mut targets = Budget::new(AGAIN_IN_LINE_BYTES_MAX);
    let mut open: Vec<(&'a AstNode<'a>, Style, Option<Arc<str>>)> =
        parent.reverse_children().map(|child| (child, Style::PLAIN, None)).collect();
    while let Some((node, style, link)) = open.pop() {
        let data = node.data();
        let inner = match &data.value {
            NodeValue::Text(text) => {
                push(text, style, targets.piece(link.as_ref()), &mut all);
                continue;
            }
            NodeValue::Code(code) => {
                push(&code.literal, style.and(Style::CODE), targets.piece(link.as_ref()), &mut all);
                continue;
            }
            NodeValue::HtmlInline(html) => {
                push(html, style, targets.piece(link.as_ref()), &mut all);
                continue;
            }
            NodeValue::SoftBreak | NodeValue::LineBreak => {
                all.push(Inline::Break);
                continue;
            }
            NodeValue::Image(image) => match link::picture(&image.url) {
                Some(source) => {
                    let words = words_below(node).iter().filter_map(text_of).collect::<Vec<_>>().concat();
                    let content_id = source.get("cid:".len()..).unwrap_or_default().to_owned();
                    all.push(Inline::Picture { content_id, words });
                    continue;
                }
                None => (style, link),
            },
            NodeValue::Link(target) => (style, link::target(&target.url).map(|target| targets.link(&target)).or(link)),
            NodeValue::Strong => (style.and(Style::STRONG), link),
            NodeValue::Emph => (style.and(Style::EMPHASIS), link),
            NodeValue::Strikethrough => (style.and(Style::STRIKE), link),
            _ => (style, link),
        };
        open.extend(node.reverse_children().map(|child| (child, inner.0, inner.1.clone())));
    }
    with_targets_shown(all)
}

fn text_of(inline: &Inline) -> Option<&str> {
    match inline {
        Inline::Text { text, .. } => Some(text),
        _ => None,
    }
}

fn push(text: &str, style: Style, link: Option<Arc<str>>, all: &mut Vec<Inline>) {
    match all.last_mut() {
        Some(Inline::Text { text: last, style: s, link: l }) if *s == style && *l == link => last.push_str(text),
        _ if text.is_empty() => {}
        _ => all.push(Inline::Text { text: text.to_owned(), style, link }),
    }
}
