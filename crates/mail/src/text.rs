//! HTML as text: what a reader sees, in lines, with or without Markdown's marks; iterative, linear, depth-proof.

use crate::page::{Content, Page, PageNode};
use crate::tag::Tag;

/// A line of text, and the mark of the page element it came from.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Line<M> {
    pub text: String,
    pub mark: Option<M>,
}

/// Markdown-like text: links as `[text](url)`, emphasis, lists, headings, `> ` quotes, code, table rows.
pub(crate) fn markdown(page: &Page) -> String {
    join(markdown_lines(page, &vec![None::<()>; page.nodes.len()]))
}

/// [`markdown`] in lines; `marks` has one entry per node and holds for everything inside it.
pub(crate) fn markdown_lines<M: Copy + PartialEq>(page: &Page, marks: &[Option<M>]) -> Vec<Line<M>> {
    Writer::new(true).write(page, marks)
}

/// The words alone, in lines, without any sign that the sender did not write; `marks` as in [`markdown_lines`].
pub(crate) fn word_lines<M: Copy + PartialEq>(page: &Page, marks: &[Option<M>]) -> Vec<Line<M>> {
    Writer::new(false).write(page, marks)
}

fn join<M>(lines: Vec<Line<M>>) -> String {
    let mut out = String::new();
    for line in lines {
        out.push_str(&line.text);
        out.push('\n');
    }
    out.truncate(out.trim_end().len());
    out
}

/// Levels of quotes and lists that are written out; a page may nest more, a reader cannot follow them.
const LEVELS_MAX: usize = 12;

struct Writer<M> {
    markdown: bool,
    lines: Vec<Line<M>>,
    line: String,
    mark: Option<M>,
    /// An empty line is due before the next text.
    gap: bool,
    quotes: usize,
    /// The depth of quotes of the line written last: an empty line between two depths belongs to the smaller.
    last_quotes: usize,
    /// The next number of each open list; `None` for bullets.
    lists: Vec<Option<u32>>,
    preformatted: usize,
    /// Emphasis that is open: its sign and whether it stands in the line already.
    emphasis: Vec<(&'static str, bool)>,
    /// Whether the open table rows are rows of data.
    data_row: bool,
}

impl<M: Copy + PartialEq> Writer<M> {
    fn new(markdown: bool) -> Writer<M> {
        Writer {
            markdown,
            lines: Vec::new(),
            line: String::new(),
            mark: None,
            gap: false,
            quotes: 0,
            last_quotes: 0,
            lists: Vec::new(),
            preformatted: 0,
            emphasis: Vec::new(),
            data_row: false,
        }
    }

    fn write(mut self, page: &Page, marks: &[Option<M>]) -> Vec<Line<M>> {
        // Elements whose end is still to come, each with the mark that held before it and where its link text began.
        let mut open: Vec<(usize, Option<M>, usize)> = Vec::new();
        let mut at = 0;
        while at < page.nodes.len() {
            while let Some((index, before, start)) = open.pop_if(|(index, ..)| page.nodes[*index].end <= at) {
                self.leave(&page.nodes[index], start);
                self.set_mark(before);
            }
            let node = &page.nodes[at];
            if node.unseen {
                at = node.end;
                continue;
            }
            match &node.content {
                Content::Text(text) => self.text(text),
                Content::Element { .. } => {
                    let before = self.mark;
                    self.set_mark(marks[at].or(before));
                    self.enter(page, at);
                    open.push((at, before, self.line.len()));
                }
            }
            at += 1;
        }
        while let Some((index, before, start)) = open.pop() {
            self.leave(&page.nodes[index], start);
            self.set_mark(before);
        }
        self.end_line();
        self.lines
    }

    fn set_mark(&mut self, mark: Option<M>) {
        if mark != self.mark {
            self.end_line();
            self.mark = mark;
        }
    }

    fn enter(&mut self, page: &Page, index: usize) {
        let node = &page.nodes[index];
        self.separate(node);
        match node.name() {
            "br" => self.break_line(),
            "blockquote" => self.quotes += 1,
            "pre" => self.preformatted += 1,
            "ul" => self.lists.push(None),
            "ol" => self.lists.push(Some(node.attribute("start").and_then(|s| s.parse().ok()).unwrap_or(1))),
            "li" => self.item(),
            "tr" => self.data_row = is_data_row(page, index),
            "td" | "th" if self.data_row && !self.line.is_empty() => {
                self.line.push_str(if self.markdown { " | " } else { " " })
            }
            "img" => self.picture(node),
            "hr" if self.markdown => self.rule(),
            name => self.open_mark(name),
        }
    }

    fn leave(&mut self, node: &PageNode, start: usize) {
        match node.name() {
            "blockquote" => {
                self.end_line();
                self.quotes = self.quotes.saturating_sub(1);
            }
            "pre" => {
                self.end_line();
                self.preformatted = self.preformatted.saturating_sub(1);
            }
            "ul" | "ol" => {
                self.lists.pop();
            }
            "tr" => {
                self.end_line();
                self.data_row = false;
            }
            "a" if self.markdown => self.link(node, start),
            name => self.close_mark(name),
        }
        self.separate(node);
    }

    /// Ends the line at the edge of a block; the cells of a data row share one line.
    fn separate(&mut self, node: &PageNode) {
        let shares_line = self.data_row && matches!(node.name(), "td" | "th");
        if let Some(gap) = node.tag().and_then(Tag::block).filter(|_| !shares_line) {
            self.end_line();
            self.gap |= gap;
        }
    }

    fn text(&mut self, text: &str) {
        if self.preformatted > 0 {
            for (n, piece) in text.split('\n').enumerate() {
                if n > 0 {
                    self.break_line();
                }
                self.line.push_str(piece.trim_end_matches('\r'));
            }
            return;
        }
        for (n, word) in text.split(|c: char| c.is_whitespace() && c != '\u{a0}').enumerate() {
            if n > 0 && !self.line.is_empty() && !self.line.ends_with(' ') {
                self.line.push(' ');
            }
            if !word.is_empty() {
                self.open_pending();
                self.line.extend(word.chars().map(|c| if c == '\u{a0}' { ' ' } else { c }));
            }
        }
    }

    fn item(&mut self) {
        let indent = "  ".repeat(self.lists.len().clamp(1, LEVELS_MAX) - 1);
        let sign = match self.lists.last_mut() {
            Some(Some(number)) => {
                let sign = format!("{indent}{number}. ");
                *number = number.saturating_add(1);
                sign
            }
            _ => format!("{indent}- "),
        };
        // Outside Markdown the signs would count as words that the sender did not write.
        if self.markdown {
            self.line.push_str(&sign);
        }
    }

    fn picture(&mut self, node: &PageNode) {
        if !self.markdown {
            return;
        }
        let alt = node.attribute("alt").unwrap_or("").split_whitespace().collect::<Vec<_>>().join(" ");
        match node.attribute("src").filter(|s| s.starts_with("cid:") && !s.contains([' ', ')'])) {
            Some(source) => self.line.push_str(&format!("![{alt}]({source})")),
            None => self.line.push_str(&alt),
        }
    }

    fn rule(&mut self) {
        self.line.push_str("---");
        self.end_line();
    }

    fn open_mark(&mut self, name: &str) {
        let Some(sign) = sign(name).filter(|_| self.markdown) else { return };
        if sign.ends_with(' ') {
            self.line.push_str(sign);
        } else {
            self.emphasis.push((sign, false));
        }
    }

    /// Writes the signs of emphasis that has begun without text so far: Markdown wants them next to a word.
    fn open_pending(&mut self) {
        for (sign, written) in &mut self.emphasis {
            if !*written {
                self.line.push_str(sign);
                *written = true;
            }
        }
    }

    fn close_mark(&mut self, name: &str) {
        let Some(sign) = sign(name).filter(|s| self.markdown && !s.ends_with(' ')) else { return };
        if let Some(at) = self.emphasis.iter().rposition(|(open, _)| *open == sign) {
            let (_, written) = self.emphasis.remove(at);
            if written {
                self.close_sign(sign);
            }
        }
    }

    fn close_sign(&mut self, sign: &str) {
        let kept = self.line.trim_end_matches(' ').len();
        let spaced = kept < self.line.len();
        self.line.truncate(kept);
        self.line.push_str(sign);
        if spaced {
            self.line.push(' ');
        }
    }

    /// Turns the text since `start` into a link, unless it is the address itself, or the line was broken inside.
    fn link(&mut self, node: &PageNode, start: usize) {
        let Some(address) = node.attribute("href").map(str::trim) else { return };
        let lower = address.get(..8).unwrap_or(address).to_ascii_lowercase();
        if !["http://", "https://", "mailto:"].iter().any(|s| lower.starts_with(s))
            || address.contains(char::is_whitespace)
        {
            return;
        }
        let Some(label) = self.line.get(start..).map(|l| l.trim().to_owned()).filter(|l| !l.is_empty()) else { return };
        let bare = |s: &str| s.trim_start_matches("mailto:").trim_end_matches('/').to_ascii_lowercase();
        if bare(address) == bare(&label) || bare(address).ends_with(&format!("//{}", bare(&label))) {
            return;
        }
        let lead = self.line[start..].len() - self.line[start..].trim_start().len();
        self.line.truncate(start + lead);
        self.line.push_str(&format!("[{label}]({address})"));
    }

    /// A line break inside a block: an empty line stays one.
    fn break_line(&mut self) {
        if self.line.trim().is_empty() && self.emphasis.iter().all(|(_, written)| !written) {
            self.push_line(String::new());
            self.line.clear();
        } else {
            self.end_line();
        }
    }

    fn end_line(&mut self) {
        let mut signs: Vec<&'static str> = Vec::new();
        for (sign, written) in self.emphasis.iter_mut().rev() {
            if std::mem::take(written) {
                signs.push(sign);
            }
        }
        for sign in signs {
            self.close_sign(sign);
        }
        let line = std::mem::take(&mut self.line);
        if line.trim().is_empty() {
            return;
        }
        if std::mem::take(&mut self.gap) && !self.lines.is_empty() {
            self.push_line(String::new());
        }
        self.push_line(line);
    }

    fn push_line(&mut self, line: String) {
        let content =
            if self.preformatted > 0 && self.markdown && !line.is_empty() { format!("    {line}") } else { line };
        let depth = if content.is_empty() { self.quotes.min(self.last_quotes) } else { self.quotes };
        self.last_quotes = depth;
        let quotes = if self.markdown { depth.min(LEVELS_MAX) } else { 0 };
        let text = format!("{}{}", "> ".repeat(quotes), content.trim_end());
        let text = text.trim_end().to_owned();
        // Two empty lines in a row say no more than one.
        if text.is_empty() && self.lines.last().is_some_and(|l| l.text.is_empty()) {
            return;
        }
        self.lines.push(Line { text, mark: self.mark });
    }
}

/// Markdown's sign for an element; one that ends in a space stands before a line and is not closed.
fn sign(name: &str) -> Option<&'static str> {
    Some(match name {
        "b" | "strong" => "**",
        "i" | "em" => "_",
        "code" | "kbd" | "samp" | "tt" => "`",
        "s" | "del" | "strike" => "~~",
        "h1" => "# ",
        "h2" => "## ",
        "h3" | "h4" | "h5" | "h6" => "### ",
        _ => return None,
    })
}

/// Rows of tables that show data; tables of a layout have neither head cells nor a border.
fn is_data_row(page: &Page, row: usize) -> bool {
    const CELLS_LOOKED_AT: usize = 64;
    let node = &page.nodes[row];
    let mut parent = node.parent;
    let mut bordered = false;
    while parent != usize::MAX {
        let above = &page.nodes[parent];
        if above.name() == "table" {
            bordered = above.attribute("border").is_some_and(|b| b.trim() != "0");
            break;
        }
        parent = above.parent;
    }
    let inside = &page.nodes[row + 1..node.end.min(row + CELLS_LOOKED_AT)];
    let is_block =
        |n: &PageNode| n.tag().and_then(Tag::block).is_some() && !matches!(n.name(), "td" | "th" | "p" | "div");
    (bordered || inside.iter().any(|n| n.name() == "th")) && !inside.iter().any(is_block)
}
