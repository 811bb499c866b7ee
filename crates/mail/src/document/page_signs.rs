//! What an element of a page tells of the layout: its look, its white space, and whether a table shows data.

use super::Style;
use crate::page::{Page, PageNode};
use crate::tag::Tag;

/// How white space is read.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Space {
    /// Any of it is one space.
    Flowing,
    /// Line breaks are line breaks.
    Lines,
    /// It is kept, as code.
    Code,
}

/// The level of a heading.
pub(super) fn level_of(tag: Tag) -> u8 {
    match tag {
        Tag::H1 => 1,
        Tag::H2 => 2,
        Tag::H3 => 3,
        Tag::H4 => 4,
        Tag::H5 => 5,
        _ => 6,
    }
}

/// The number of a list's first item.
pub(super) fn first_number(node: &PageNode) -> u32 {
    node.attribute("start").and_then(|s| s.trim().parse().ok()).unwrap_or(1)
}

/// What an element does to the look of its text.
pub(super) fn style_of(tag: Tag) -> Style {
    match tag {
        Tag::B | Tag::Strong => Style::STRONG,
        Tag::I | Tag::Em => Style::EMPHASIS,
        Tag::S | Tag::Del | Tag::Strike => Style::STRIKE,
        Tag::U | Tag::Ins => Style::UNDERLINE,
        Tag::Code | Tag::Kbd | Tag::Samp | Tag::Tt => Style::CODE,
        _ => Style::PLAIN,
    }
}

/// Preformatted text is code, unless it wraps, as mail programs quote plain text, or holds links or pictures.
pub(super) fn space_of(page: &Page, index: usize) -> Space {
    let node = &page.nodes[index];
    let wraps = node.attribute("wrap").is_some()
        || node.attribute("class").is_some_and(|class| class.contains("moz-"))
        || node.attribute("style").is_some_and(|style| style.contains("pre-wrap"));
    let holds = || {
        page.nodes[index + 1..node.end].iter().any(|n| match n.tag() {
            Some(Tag::A) => n.attribute("href").is_some(),
            tag => tag == Some(Tag::Img),
        })
    };
    if wraps || holds() { Space::Lines } else { Space::Code }
}

/// Tables that show data have head cells or a border, more than one column, and nothing in their cells but lines and
/// lists; all others lay out a page.
pub(super) fn is_data_table<M: PartialEq>(page: &Page, index: usize, marks: &[Option<M>]) -> bool {
    let node = &page.nodes[index];
    let bordered = node.attribute("border").is_some_and(|b| b.trim() != "0") || node.has_class("MsoTableGrid");
    let mut has_head = false;
    let (mut cells, mut columns) = (0, 0);
    for inner in &page.nodes[index + 1..node.end] {
        match inner.tag() {
            Some(Tag::Table | Tag::Blockquote | Tag::Pre | Tag::Hr | Tag::Form) => return false,
            Some(Tag::Tr) => cells = 0,
            Some(cell @ (Tag::Td | Tag::Th)) => {
                has_head |= cell == Tag::Th;
                cells += 1;
                columns = columns.max(cells);
            }
            _ => {}
        }
    }
    let inner = marks.get(index..node.end).unwrap_or_default();
    (bordered || has_head) && columns > 1 && inner.windows(2).all(|pair| pair[0] == pair[1])
}
