//! Some lines of a document with the layout around them. Linear.

use super::{Block, Cell, Document, Inline, lines_of};

/// What is kept of a line.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Keep {
    Nothing,
    /// The line with everything around it.
    Line,
    /// The line without the quotes around it, unless they hold lines that are kept with them.
    Words,
}

pub(super) fn of(document: &Document, keeps: impl Fn(usize) -> Keep) -> Document {
    let mut part = Part { keeps, at: 0, framed: 0 };
    Document { blocks: part.blocks(&document.blocks) }
}

struct Part<K> {
    keeps: K,
    /// The next line.
    at: usize,
    /// Lines so far that are kept with their quotes.
    framed: usize,
}

impl<K: Fn(usize) -> Keep> Part<K> {
    /// Of each of the next lines whether it is kept.
    fn take(&mut self, lines: usize) -> Vec<bool> {
        (0..lines).map(|_| self.take_one()).collect()
    }

    /// Whether the next line is kept.
    fn take_one(&mut self) -> bool {
        let keep = (self.keeps)(self.at);
        self.at += 1;
        self.framed += usize::from(keep == Keep::Line);
        keep != Keep::Nothing
    }

    fn blocks(&mut self, blocks: &[Block]) -> Vec<Block> {
        let mut kept = Vec::new();
        for block in blocks {
            match block {
                Block::Quote(inner) => {
                    let before = self.framed;
                    let inner = self.blocks(inner);
                    if self.framed == before {
                        kept.extend(inner);
                    } else if !inner.is_empty() {
                        kept.push(Block::Quote(inner));
                    }
                }
                block => kept.extend(self.block(block)),
            }
        }
        // Most items hold one block, and there may be many.
        kept.shrink_to_fit();
        kept
    }

    fn block(&mut self, block: &Block) -> Option<Block> {
        match block {
            Block::Paragraph(content) => {
                let lines: Vec<&[Inline]> = lines_of(content).collect();
                let shown = chosen(&lines, &self.take(lines.len()));
                (!shown.is_empty()).then(|| Block::Paragraph(shown.join(&Inline::Break)))
            }
            Block::Code { language, text } => {
                let mut kept: Option<String> = None;
                for line in text.split('\n').filter(|_| self.take_one()) {
                    match &mut kept {
                        Some(text) => text.extend(["\n", line]),
                        None => kept = Some(line.to_owned()),
                    }
                }
                kept.map(|text| Block::Code { language: language.clone(), text })
            }
            Block::List { first, items } => {
                let items: Vec<Vec<Block>> = items.iter().map(|item| self.blocks(item)).collect();
                let before = u32::try_from(items.iter().take_while(|item| item.is_empty()).count()).unwrap_or(0);
                let items: Vec<Vec<Block>> = items.into_iter().filter(|item| !item.is_empty()).collect();
                let first = first.map(|first| first.saturating_add(before));
                (!items.is_empty()).then_some(Block::List { first, items })
            }
            Block::Table(rows) => {
                let shown: Vec<Vec<Cell>> = chosen(rows, &self.take(rows.len()));
                (!shown.is_empty()).then_some(Block::Table(shown))
            }
            Block::Quote(_) | Block::Heading { .. } | Block::Rule | Block::Foreign(_) => {
                self.take_one().then(|| block.clone())
            }
        }
    }
}

fn chosen<T: Clone>(all: &[T], kept: &[bool]) -> Vec<T> {
    all.iter().zip(kept).filter(|(_, keep)| **keep).map(|(one, _)| one.clone()).collect()
}

#[cfg(test)]
mod tests {
    use super::Keep;
    use crate::Document;

    #[test]
    fn an_answer_leaves_the_quote_that_it_was_written_in() {
        let document =
            Document::from_html("<p>Hi</p><blockquote><p>Asked</p><blockquote>Yes</blockquote></blockquote>");
        let part = |line: usize| [Keep::Line, Keep::Nothing, Keep::Words][line];
        assert_eq!(document.part(part).html(), "<p>Hi</p><p>Yes</p>");
        let part = |line: usize| [Keep::Nothing, Keep::Line, Keep::Words][line];
        assert_eq!(document.part(part).html(), "<blockquote><p>Asked</p><p>Yes</p></blockquote>");
    }
}
