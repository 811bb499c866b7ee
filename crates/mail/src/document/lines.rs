//! A document in lines: the words alone, or with the signs that people write in plain mail. Linear.

use super::{Block, Cell, Document, Inline, LINES_MAX, Style, lines_of};
use std::fmt::Write;

/// A line of text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Line<M> {
    pub text: String,
    /// The mark of the page element it came from.
    pub mark: Option<M>,
    /// Which line of the document it is, as [`Document::part`] counts; `None` for what stands in none, such as the empty
    /// lines between paragraphs.
    pub source: Option<usize>,
}

/// The lines with signs for lists, quotes, headings, emphasis, links and code; `marks` has one entry per line or none.
pub(crate) fn signed<M: Copy + PartialEq>(document: &Document, marks: &[Option<M>]) -> Vec<Line<M>> {
    Writer::new(true, marks).write(document)
}

/// The lines without any sign that the sender did not write; `marks` as in [`signed`].
pub(crate) fn words<M: Copy + PartialEq>(document: &Document, marks: &[Option<M>]) -> Vec<Line<M>> {
    Writer::new(false, marks).write(document)
}

/// The lines as one text.
pub(crate) fn joined<M>(lines: &[Line<M>]) -> String {
    let mut out = String::new();
    for line in lines {
        out.push_str(&line.text);
        out.push('\n');
    }
    out.truncate(out.trim_end().len());
    out
}

struct Writer<'m, M> {
    signs: bool,
    marks: &'m [Option<M>],
    lines: Vec<Line<M>>,
    /// What every line begins with here: the signs of quotes and the room that lists take.
    prefix: String,
    /// The sign of the item that begins, which replaces the end of the prefix on its first line.
    item: Option<String>,
    source: usize,
}

impl<M: Copy + PartialEq> Writer<'_, M> {
    fn new(signs: bool, marks: &[Option<M>]) -> Writer<'_, M> {
        Writer { signs, marks, lines: Vec::new(), prefix: String::new(), item: None, source: 0 }
    }

    fn write(mut self, document: &Document) -> Vec<Line<M>> {
        self.blocks(&document.blocks, false);
        self.lines
    }

    /// Blocks with an empty line between them; in an item a list stands close to the words above it.
    fn blocks(&mut self, blocks: &[Block], in_item: bool) {
        for (n, block) in blocks.iter().enumerate() {
            if n > 0 && !(in_item && matches!(block, Block::List { .. })) {
                self.gap();
            }
            self.block(block);
        }
    }

    fn gap(&mut self) {
        let text = self.prefix.trim_end().to_owned();
        let mark_of = |source: usize| self.marks.get(source).copied().flatten();
        let above = self.source.checked_sub(1).and_then(mark_of);
        // What stands around it on both sides stands around it too.
        let mark = above.filter(|above| mark_of(self.source) == Some(*above));
        self.push(Line { text, mark, source: None });
    }

    fn block(&mut self, block: &Block) {
        match block {
            Block::Paragraph(content) => {
                for line in lines_of(content) {
                    let text = self.inlines(line);
                    self.line(&text);
                }
            }
            Block::Heading { level, content } => {
                let sign = "#".repeat(usize::from((*level).clamp(1, 3)));
                let text = self.inlines(content);
                self.line(&if self.signs { format!("{sign} {text}") } else { text });
            }
            Block::List { first, items } => self.list(*first, items),
            Block::Quote(blocks) => {
                let length = self.prefix.len();
                if self.signs {
                    self.prefix.push_str("> ");
                    if let Some(item) = &mut self.item {
                        item.push_str("> ");
                    }
                }
                self.blocks(blocks, false);
                self.prefix.truncate(length);
            }
            Block::Code { text, .. } => {
                for line in text.split('\n') {
                    let indent = if self.signs { "    " } else { "" };
                    self.line(&format!("{indent}{line}"));
                }
            }
            Block::Table(rows) => {
                for row in rows {
                    let cells: Vec<String> = row.iter().map(|cell| self.cell(cell)).collect();
                    self.line(&cells.join(if self.signs { " | " } else { " " }));
                }
            }
            Block::Rule if self.signs => self.line("---"),
            Block::Rule => self.source += 1,
            Block::Foreign(foreign) => self.line(&one_line(&foreign.text)),
        }
    }

    fn list(&mut self, first: Option<u32>, items: &[Vec<Block>]) {
        for (item, number) in items.iter().zip(first.unwrap_or(1)..) {
            let sign = match first {
                Some(_) => format!("{number}. "),
                None => "- ".to_owned(),
            };
            let length = self.prefix.len();
            // Outside Markdown the signs would count as words that the sender did not write.
            if self.signs {
                self.prefix.extend(std::iter::repeat_n(' ', sign.len()));
                self.item = Some(match self.item.take() {
                    Some(outer) => outer + &sign,
                    None => sign,
                });
            }
            self.blocks(item, true);
            self.item = None;
            self.prefix.truncate(length);
        }
    }

    fn line(&mut self, text: &str) {
        let (prefix, sign) = match self.item.take() {
            Some(sign) => (&self.prefix[..self.prefix.len().saturating_sub(sign.len())], sign),
            None => (self.prefix.as_str(), String::new()),
        };
        let text = format!("{prefix}{sign}{}", text.trim_end());
        let text = text.trim_end().to_owned();
        let mark = self.marks.get(self.source).copied().flatten();
        self.push(Line { text, mark, source: Some(self.source) });
        self.source += 1;
    }

    /// Adds a line; beyond the limit they are one.
    fn push(&mut self, line: Line<M>) {
        let is_full = self.lines.len() >= LINES_MAX;
        match self.lines.last_mut().filter(|_| is_full) {
            Some(last) => {
                last.text.push('\n');
                last.text.push_str(&line.text);
            }
            None => self.lines.push(line),
        }
    }

    /// All of a cell in one line.
    fn cell(&self, cell: &Cell) -> String {
        let mut inner: Writer<M> = Writer::new(self.signs, &[]);
        inner.blocks(&cell.blocks, true);
        let lines: Vec<&str> = inner.lines.iter().map(|line| line.text.trim()).filter(|l| !l.is_empty()).collect();
        lines.join(" ")
    }

    fn inlines(&self, line: &[Inline]) -> String {
        if self.signs { with_signs(line) } else { line.iter().map(words_of).collect() }
    }
}

fn words_of(inline: &Inline) -> String {
    match inline {
        Inline::Text { text, .. } | Inline::Elsewhere { words: text, .. } => text.clone(),
        Inline::Break => " ".to_owned(),
        Inline::Picture { .. } => String::new(),
        Inline::Foreign(foreign) => one_line(&foreign.text),
    }
}

fn one_line(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// A line with emphasis between signs and links as `[words](target)`.
fn with_signs(line: &[Inline]) -> String {
    let mut out = String::new();
    let mut open = Open::default();
    let mut at = 0;
    while at < line.len() {
        let (Inline::Text { link: Some(target), .. } | Inline::Elsewhere { link: Some(target), .. }) = &line[at] else {
            inline(&line[at], &mut open, &mut out);
            at += 1;
            continue;
        };
        let length = line[at..].iter().take_while(|i| link_of(i) == Some(target.as_ref())).count();
        let label = &line[at..at + length];
        at += length;
        let outer = label.iter().map(style_of).reduce(Style::common).unwrap_or_default();
        open.change(outer, &mut out);
        let start = out.len();
        label.iter().for_each(|piece| inline(piece, &mut open, &mut out));
        open.change(outer, &mut out);
        make_link(target, start, &mut out);
    }
    open.change(Style::PLAIN, &mut out);
    out
}

fn link_of(inline: &Inline) -> Option<&str> {
    match inline {
        Inline::Text { link, .. } | Inline::Elsewhere { link, .. } => link.as_deref(),
        _ => None,
    }
}

fn style_of(inline: &Inline) -> Style {
    match inline {
        Inline::Text { style, .. } | Inline::Elsewhere { style, .. } => *style,
        _ => Style::PLAIN,
    }
}

fn inline(inline: &Inline, open: &mut Open, out: &mut String) {
    match inline {
        Inline::Text { text, style, .. } | Inline::Elsewhere { words: text, style, .. } => {
            let words = text.trim_start();
            if words.is_empty() {
                out.push_str(text);
                return;
            }
            // Signs stand next to words, white space outside them.
            open.close_beyond(*style, out);
            out.push_str(&text[..text.len() - words.len()]);
            open.change(*style, out);
            out.push_str(words);
        }
        Inline::Break => out.push(' '),
        Inline::Picture { content_id, words } => match content_id.contains([' ', ')']) {
            true => out.push_str(words),
            // Writing to a string does not fail.
            false => _ = write!(out, "![{words}](cid:{content_id})"),
        },
        Inline::Foreign(foreign) => {
            open.change(Style::PLAIN, out);
            out.push_str(&one_line(&foreign.text));
        }
    }
}

const SIGNS: [(Style, &str); 4] =
    [(Style::STRONG, "**"), (Style::EMPHASIS, "_"), (Style::STRIKE, "~~"), (Style::CODE, "`")];

/// The signs that are open, outermost first.
#[derive(Default)]
struct Open(Vec<(Style, &'static str)>);

impl Open {
    /// Closes what the style does not have, and what was opened inside it.
    fn close_beyond(&mut self, style: Style, out: &mut String) {
        let Some(at) = self.0.iter().position(|(sign, _)| !style.has(*sign)) else { return };
        while self.0.len() > at {
            let Some((_, sign)) = self.0.pop() else { return };
            let kept = out.trim_end_matches(' ').len();
            let spaces = out.len() - kept;
            out.truncate(kept);
            out.push_str(sign);
            out.extend(std::iter::repeat_n(' ', spaces));
        }
    }

    fn change(&mut self, style: Style, out: &mut String) {
        self.close_beyond(style, out);
        for (sign, word) in SIGNS {
            if style.has(sign) && !self.0.iter().any(|(open, _)| *open == sign) {
                self.0.push((sign, word));
                out.push_str(word);
            }
        }
    }
}

/// Turns the text since `start` into a link, unless it is the target itself.
fn make_link(target: &str, start: usize, out: &mut String) {
    let label = out[start..].trim().to_owned();
    let bare = |s: &str| s.trim_start_matches("mailto:").trim_end_matches('/').to_ascii_lowercase();
    let (shown, meant) = (bare(&label), bare(target));
    if label.is_empty() || shown == meant || meant.strip_suffix(&shown).is_some_and(|scheme| scheme.ends_with("//")) {
        return;
    }
    let lead = out[start..].len() - out[start..].trim_start().len();
    let spaced = out.ends_with(' ');
    out.truncate(start + lead);
    // A space would end the target for whoever reads it.
    out.push_str(&format!("[{label}]({})", target.replace(' ', "%20")));
    if spaced {
        out.push(' ');
    }
}
