//! From a page to a document, in one walk over the page's nodes; total, linear, and bounded in depth.

mod texts;

use super::page_signs::{Space, first_number, is_data_table, level_of, space_of, style_of};
use super::targets::{AGAIN_BYTES_MAX, Budget, with_targets_shown};
use super::{Block, Cell, Document, Inline, LEVELS_MAX, LINES_MAX, Style};
use crate::link;
use crate::page::{Content, Page, PageNode};
use crate::tag::Tag;
use std::sync::Arc;

/// A document, and the mark of each of its lines.
pub(crate) struct Built<M> {
    pub document: Document,
    pub marks: Vec<Option<M>>,
    /// Links are said so often that words have lost theirs.
    pub is_unlinked: bool,
}

/// The document of a page; `marks` has one entry per node, which holds for everything inside it, or none at all.
pub(crate) fn build<M: Copy + PartialEq>(page: &Page, marks: &[Option<M>]) -> Built<M> {
    let mut builder = Builder::new();
    // Elements whose end is still to come, each with what holds again after it.
    let mut open: Vec<(usize, Before<M>)> = Vec::new();
    let mut at = 0;
    while at < page.nodes.len() {
        while let Some((index, before)) = open.pop_if(|(index, _)| page.nodes[*index].end <= at) {
            builder.leave(&page.nodes[index], before);
        }
        let node = &page.nodes[at];
        if node.unseen {
            at = node.end;
            continue;
        }
        match &node.content {
            Content::Text(text) => {
                if !text.trim_ascii().is_empty() {
                    builder.set_mark(marks.get(at).copied().flatten().or(builder.base));
                }
                builder.text(text);
            }
            Content::Element { tag, .. } => {
                let before = builder.enter(page, at, *tag, marks);
                open.push((at, before));
            }
        }
        at += 1;
    }
    while let Some((index, before)) = open.pop() {
        builder.leave(&page.nodes[index], before);
    }
    builder.finish()
}

/// What the next text begins with.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Edge {
    None,
    Line,
    Paragraph,
}

/// What holds for text at some place in the page.
#[derive(Clone, PartialEq, Eq)]
struct Inside {
    style: Style,
    link: Option<Arc<str>>,
    space: Space,
    /// 0 outside headings.
    heading: u8,
    /// Inside the head of a table.
    head: bool,
}

/// What is to be restored after an element.
struct Before<M> {
    inside: Inside,
    frames: usize,
    base: Option<M>,
}

enum Frame {
    Quote(Vec<Block>),
    List { first: Option<u32>, items: Vec<Vec<Block>> },
    Item(Vec<Block>),
    Table(Vec<Vec<Cell>>),
    Row(Vec<Cell>),
    Cell { header: bool, blocks: Vec<Block> },
}

impl Frame {
    /// Gives back the room for more: most items and cells hold one block, and there may be many.
    fn shrink(&mut self) {
        match self {
            Frame::Quote(blocks) | Frame::Item(blocks) | Frame::Cell { blocks, .. } => blocks.shrink_to_fit(),
            Frame::List { items, .. } => items.shrink_to_fit(),
            Frame::Table(rows) => rows.shrink_to_fit(),
            Frame::Row(cells) => cells.shrink_to_fit(),
        }
    }
}

/// The block that text is written to.
enum Leaf {
    None,
    Lines { heading: u8, content: Vec<Inline> },
    Code(String),
}

struct Builder<M> {
    blocks: Vec<Block>,
    frames: Vec<Frame>,
    leaf: Leaf,
    leaf_marks: Vec<Option<M>>,
    edge: Edge,
    inside: Inside,
    /// The mark of the open element, and that of the text.
    base: Option<M>,
    mark: Option<M>,
    marks: Vec<Option<M>>,
    /// Open tables of data; inside them a row is one line.
    tables: usize,
    targets: Budget,
    /// Line breaks in texts whose breaks count that may still become such.
    breaks_left: usize,
}

impl<M: Copy + PartialEq> Builder<M> {
    fn new() -> Builder<M> {
        Builder {
            blocks: Vec::new(),
            frames: Vec::new(),
            leaf: Leaf::None,
            leaf_marks: Vec::new(),
            edge: Edge::None,
            inside: Inside { style: Style::PLAIN, link: None, space: Space::Flowing, heading: 0, head: false },
            base: None,
            mark: None,
            marks: Vec::new(),
            tables: 0,
            targets: Budget::new(AGAIN_BYTES_MAX),
            breaks_left: LINES_MAX,
        }
    }

    fn finish(mut self) -> Built<M> {
        self.close_frames(0);
        let is_unlinked = self.targets.is_spent;
        Built { document: Document { blocks: self.blocks }, marks: self.marks, is_unlinked }
    }

    fn set_mark(&mut self, mark: Option<M>) {
        if mark != self.mark {
            if matches!(self.leaf, Leaf::Code(_)) {
                self.flush();
            }
            self.edge = self.edge.max(Edge::Line);
            self.mark = mark;
        }
    }

    fn enter(&mut self, page: &Page, index: usize, tag: Tag, marks: &[Option<M>]) -> Before<M> {
        let node = &page.nodes[index];
        let before = Before { inside: self.inside.clone(), frames: self.frames.len(), base: self.base };
        self.base = marks.get(index).copied().flatten().or(self.base);
        self.set_mark(self.base);
        self.separate(tag);
        match tag {
            Tag::Br => self.line_break(),
            Tag::Hr => self.rule(),
            Tag::Img => self.picture(node),
            Tag::Blockquote if !node.is_indentation() => self.open_frame(Frame::Quote(Vec::new())),
            Tag::Ul => self.open_frame(Frame::List { first: None, items: Vec::new() }),
            Tag::Ol => self.open_frame(Frame::List { first: Some(first_number(node)), items: Vec::new() }),
            Tag::Li => self.item(),
            Tag::Table if self.tables == 0 && is_data_table(page, index, marks) => {
                self.flush();
                self.tables += 1;
                self.frames.push(Frame::Table(Vec::new()));
            }
            Tag::Tr | Tag::Td | Tag::Th if self.tables > 0 => self.table_part(tag),
            Tag::Thead => self.inside.head = true,
            Tag::Pre if self.inside.space != Space::Code => self.inside.space = space_of(page, index),
            Tag::A => {
                let target = node.attribute("href").and_then(link::target);
                if let Some(target) = target {
                    self.inside.link = Some(self.targets.link(&target));
                }
            }
            tag if tag.is_heading() => {
                self.flush();
                self.inside.heading = level_of(tag);
            }
            _ => self.inside.style = self.inside.style.and(style_of(tag)),
        }
        before
    }

    fn leave(&mut self, node: &PageNode, before: Before<M>) {
        if self.frames.len() > before.frames {
            self.close_frames(before.frames);
        }
        self.inside = before.inside;
        if let Some(tag) = node.tag() {
            self.separate(tag);
        }
        self.base = before.base;
        self.set_mark(self.base);
    }

    /// Ends the line at the edge of a block.
    fn separate(&mut self, tag: Tag) {
        if let Some(gap) = tag.block() {
            self.edge = self.edge.max(if gap { Edge::Paragraph } else { Edge::Line });
        }
    }

    /// The open lines, after whatever has to end before more can stand there.
    fn begin_inline(&mut self) -> Option<&mut Vec<Inline>> {
        let heading = self.inside.heading;
        let goes_on = matches!(&self.leaf, Leaf::Lines { heading: open, .. } if *open == heading);
        if !goes_on || self.edge == Edge::Paragraph && heading == 0 {
            self.flush();
        }
        if matches!(self.leaf, Leaf::None) {
            self.leaf = Leaf::Lines { heading, content: Vec::new() };
            self.leaf_marks.push(self.mark);
            self.edge = Edge::None;
        }
        let edge = std::mem::replace(&mut self.edge, Edge::None);
        let Leaf::Lines { content, .. } = &mut self.leaf else { return None };
        if edge > Edge::None && !content.is_empty() {
            trim_end(content);
            if heading > 0 {
                content.push(Inline::text(" "));
            } else {
                content.push(Inline::Break);
                self.leaf_marks.push(self.mark);
            }
        }
        Some(content)
    }

    /// Ends a line; where nothing stands in it, the paragraph.
    fn line_break(&mut self) {
        if let Leaf::Code(code) = &mut self.leaf {
            code.push('\n');
            return;
        }
        let begun = self.edge == Edge::None && matches!(self.leaf, Leaf::Lines { .. });
        self.edge = if begun { Edge::Line } else { Edge::Paragraph };
    }

    fn rule(&mut self) {
        self.flush();
        if self.tables == 0 {
            self.marks.push(self.mark);
        }
        self.place(Block::Rule);
    }

    /// A picture of the mail's own stands in its place; of any other its words and its address are kept.
    fn picture(&mut self, node: &PageNode) {
        let alt = node.attribute("alt").unwrap_or("");
        let words = alt.split(|c: char| c.is_whitespace() || c.is_control()).filter(|w| !w.is_empty());
        let words = words.collect::<Vec<_>>().join(" ");
        let source = node.attribute("src").and_then(link::picture);
        match source.filter(|_| self.inside.space != Space::Code) {
            Some(source) => {
                let content_id = source.get("cid:".len()..).unwrap_or_default().to_owned();
                if let Some(content) = self.begin_inline() {
                    content.push(Inline::Picture { content_id, words });
                }
            }
            None if self.inside.space == Space::Code => self.code(&words),
            None => match node.attribute("src").and_then(link::picture_elsewhere) {
                Some(source) => self.elsewhere(&source, words),
                None => self.words(&words),
            },
        }
    }

    fn elsewhere(&mut self, source: &str, words: String) {
        if words.is_empty() {
            return;
        }
        let (style, link) = (self.inside.style, self.inside.link.clone());
        let link = self.targets.piece(link.as_ref());
        if let Some(content) = self.begin_inline() {
            content.push(Inline::Elsewhere { source: Arc::from(source), words, style, link });
        }
    }

    /// Containers deeper than anybody can follow are left out, and what is in them stays.
    fn open_frame(&mut self, frame: Frame) {
        self.flush();
        if self.frames.len() < LEVELS_MAX {
            self.frames.push(frame);
        }
    }

    fn item(&mut self) {
        self.flush();
        if !matches!(self.frames.last(), Some(Frame::List { .. })) {
            // An item without a list; where it cannot have one, it is a paragraph.
            if self.frames.len() + 1 >= LEVELS_MAX {
                return;
            }
            self.frames.push(Frame::List { first: None, items: Vec::new() });
        }
        if self.frames.len() < LEVELS_MAX {
            self.frames.push(Frame::Item(Vec::new()));
        }
    }

    fn table_part(&mut self, tag: Tag) {
        self.flush();
        let Some(table) = self.frames.iter().rposition(|f| matches!(f, Frame::Table(_))) else { return };
        let keeps_row = tag != Tag::Tr && matches!(self.frames.get(table + 1), Some(Frame::Row(_)));
        self.close_frames(table + 1 + usize::from(keeps_row));
        if !keeps_row {
            self.frames.push(Frame::Row(Vec::new()));
        }
        if tag != Tag::Tr {
            let header = tag == Tag::Th || self.inside.head;
            self.frames.push(Frame::Cell { header, blocks: Vec::new() });
        }
    }

    fn close_frames(&mut self, down_to: usize) {
        self.flush();
        while self.frames.len() > down_to {
            let Some(mut frame) = self.frames.pop() else { return };
            frame.shrink();
            match frame {
                Frame::Quote(blocks) if !blocks.is_empty() => self.place(Block::Quote(blocks)),
                Frame::List { first, items } if !items.is_empty() => self.place(Block::List { first, items }),
                Frame::Item(blocks) if !blocks.is_empty() => match self.frames.last_mut() {
                    Some(Frame::List { items, .. }) => items.push(blocks),
                    _ => blocks.into_iter().for_each(|block| self.place(block)),
                },
                Frame::Table(rows) => {
                    self.tables = self.tables.saturating_sub(1);
                    if !rows.is_empty() {
                        self.place(Block::Table(rows));
                    }
                }
                Frame::Row(cells) => self.place_row(cells),
                Frame::Cell { header, blocks } => {
                    if let Some(Frame::Row(cells)) = self.frames.last_mut() {
                        cells.push(Cell { header, blocks });
                    }
                }
                Frame::Quote(_) | Frame::List { .. } | Frame::Item(_) => {}
            }
        }
    }

    fn place_row(&mut self, cells: Vec<Cell>) {
        if cells.iter().all(|cell| cell.blocks.is_empty()) {
            return;
        }
        if let Some(Frame::Table(rows)) = self.frames.last_mut() {
            rows.push(cells);
            self.marks.push(self.mark);
        }
    }

    /// Puts a block where it belongs; between items and cells it gets one of its own.
    fn place(&mut self, block: Block) {
        match self.frames.last_mut() {
            None => self.blocks.push(block),
            Some(Frame::Quote(blocks) | Frame::Item(blocks) | Frame::Cell { blocks, .. }) => blocks.push(block),
            Some(Frame::List { items, .. }) => match (&block, items.last_mut()) {
                // Some programs put a list into a list and not into its item.
                (Block::List { .. }, Some(last)) => last.push(block),
                _ => items.push(vec![block]),
            },
            Some(Frame::Row(cells)) => cells.push(Cell { header: false, blocks: vec![block] }),
            Some(Frame::Table(_)) => self.place_row(vec![Cell { header: false, blocks: vec![block] }]),
        }
    }

    /// Ends the open lines or code.
    fn flush(&mut self) {
        let mut marks = std::mem::take(&mut self.leaf_marks);
        match std::mem::replace(&mut self.leaf, Leaf::None) {
            Leaf::None => {}
            Leaf::Lines { heading, mut content } => {
                trim_end(&mut content);
                while content.last() == Some(&Inline::Break) {
                    content.pop();
                    marks.pop();
                    trim_end(&mut content);
                }
                if content.is_empty() {
                    return;
                }
                let content = with_targets_shown(content);
                let block = match heading {
                    0 => Block::Paragraph(content),
                    level => Block::Heading { level, content },
                };
                self.place_lines(block, marks);
            }
            Leaf::Code(mut text) => {
                text.truncate(text.trim_end().len());
                if text.is_empty() {
                    return;
                }
                let marks = vec![self.mark; text.split('\n').take(LINES_MAX).count()];
                self.place_lines(Block::Code { language: String::new(), text }, marks);
            }
        }
    }

    fn place_lines(&mut self, block: Block, marks: Vec<Option<M>>) {
        // Inside a table the whole row is one line.
        if self.tables == 0 {
            let room = LINES_MAX.saturating_sub(self.marks.len());
            self.marks.extend(marks.into_iter().take(room));
        }
        self.place(block);
    }
}

/// Removes white space from the end of a line, and what is empty then.
fn trim_end(content: &mut Vec<Inline>) {
    while let Some(Inline::Text { text, .. }) = content.last_mut() {
        text.truncate(text.trim_end().len());
        if !text.is_empty() {
            return;
        }
        content.pop();
    }
}
