//! Jira's wiki markup, which Data Center and the webhooks speak: written from the common document, never from text.
//!
//! Every character that the markup knows is escaped where it could mean something, so what people wrote cannot become a
//! mention, a macro, a picture from elsewhere or markup of its own (SEC-33). Source: "Text Formatting Notation Help" of
//! Jira's own pages.

mod escape;

use escape::{cell_text, line_start, literal, target};
use mail::Document;
use mail::document::{Block, Cell, Inline, Style, link_target};

/// A picture of the mail that is attached to the issue: the id it has in the mail, and the name of the file.
pub type Picture<'a> = (&'a str, &'a str);

/// Stands for a picture that says nothing about itself.
const NAMELESS_PICTURE: &str = "[image]";

/// The markup of a document. `pictures` are shown in their places; any other is told by its words.
///
/// Numbers of lists that do not begin with 1 and tables in items have no markup; they become lines. A quote in a quote
/// bears the sign `>`.
///
/// ```
/// let document = mail::Document::from_text("*Fire* in [~room]!\n\n- one\n- two");
/// assert_eq!(tracker::wiki::markup(&document, &[]), "{_}Fire{_} in \\[\\~room\\]\\!\n\n* one\n* two");
/// ```
pub fn markup(document: &Document, pictures: &[Picture]) -> String {
    let writer = Writer { pictures };
    writer.blocks(&document.blocks, Place::Top).join("\n\n")
}

/// Where a block stands.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Place {
    Top,
    /// In a quote, an item or a cell, where blocks with an own frame cannot stand.
    Inner,
}

struct Writer<'p> {
    pictures: &'p [Picture<'p>],
}

impl Writer<'_> {
    fn blocks(&self, blocks: &[Block], place: Place) -> Vec<String> {
        blocks.iter().map(|block| self.block(block, place)).filter(|text| !text.is_empty()).collect()
    }

    fn block(&self, block: &Block, place: Place) -> String {
        match block {
            Block::Paragraph(content) => self.lines(content).join("\n"),
            Block::Heading { level, content } if place == Place::Top => {
                let words = self.inlines(content, Style::PLAIN);
                format!("h{}. {}", (*level).clamp(1, 6), words.replace('\n', " "))
            }
            Block::Heading { content, .. } => self.inlines(content, Style::STRONG),
            Block::List { first, items } => self.list(*first, items, "").join("\n"),
            Block::Quote(inner) if place == Place::Top => {
                format!("{{quote}}\n{}\n{{quote}}", self.blocks(inner, Place::Inner).join("\n\n"))
            }
            Block::Quote(inner) => {
                let lines = self.blocks(inner, Place::Inner).join("\n\n");
                lines.split('\n').map(|line| format!("> {line}")).collect::<Vec<_>>().join("\n")
            }
            Block::Code { language, text } => code(language, text, place),
            Block::Table(rows) if place == Place::Top => {
                rows.iter().map(|row| self.row(row)).collect::<Vec<_>>().join("\n")
            }
            Block::Table(rows) => rows.iter().map(|row| self.row_as_line(row)).collect::<Vec<_>>().join("\n"),
            Block::Rule => "----".to_owned(),
            Block::Foreign(foreign) => foreign.text.lines().map(literal_line).collect::<Vec<_>>().join("\n"),
        }
    }

    /// Each line of a paragraph, its start escaped too.
    fn lines(&self, content: &[Inline]) -> Vec<String> {
        let lines = content.split(|inline| *inline == Inline::Break);
        lines.map(|line| line_start(&self.inlines(line, Style::PLAIN))).collect()
    }

    /// The lines of a list; `above` are the signs of the lists around it.
    fn list(&self, first: Option<u32>, items: &[Vec<Block>], above: &str) -> Vec<String> {
        let sign = if first.is_some() { '#' } else { '*' };
        let signs = format!("{above}{sign}");
        let mut all = Vec::new();
        for (item, number) in items.iter().zip(first.unwrap_or(1)..) {
            // The markup counts from 1 only.
            let begin = match first {
                Some(first) if first != 1 && above.is_empty() => format!("{number}. "),
                _ => format!("{signs} "),
            };
            let mut words = Vec::new();
            let mut below = Vec::new();
            for block in item {
                match block {
                    Block::List { first, items } => below.extend(self.list(*first, items, &signs)),
                    other => words.push(self.block(other, Place::Inner)),
                }
            }
            // An empty line would end the list.
            let words = words.join("\n").replace("\n\n", "\n");
            all.push(format!("{begin}{}", words.trim_start_matches('\n')));
            all.extend(below);
        }
        all
    }

    fn row(&self, row: &[Cell]) -> String {
        let mut line = String::new();
        for cell in row {
            line.push_str(if cell.header { "||" } else { "|" });
            let words = self.cell(cell);
            // A cell without anything would make a head of the next one.
            line.push_str(if words.is_empty() { " " } else { &words });
        }
        line.push_str(if row.last().is_some_and(|cell| cell.header) { "||" } else { "|" });
        line
    }

    fn cell(&self, cell: &Cell) -> String {
        cell_text(&self.blocks(&cell.blocks, Place::Inner).join("\n"))
    }

    fn row_as_line(&self, row: &[Cell]) -> String {
        let cells: Vec<String> = row.iter().map(|cell| self.cell(cell)).collect();
        line_start(&cells.join(" \\| "))
    }

    fn inlines(&self, content: &[Inline], more: Style) -> String {
        let mut out = String::new();
        let mut at = 0;
        while at < content.len() {
            let link = link_of(&content[at]);
            let length = match link {
                Some(_) => content[at..].iter().take_while(|inline| link_of(inline) == link).count(),
                None => 1,
            };
            let words: String = content[at..at + length].iter().map(|inline| self.inline(inline, more)).collect();
            match link.and_then(link_target) {
                Some(url) => out.push_str(&format!("[{words}|{}]", target(&url))),
                None => out.push_str(&words),
            }
            at += length;
        }
        out
    }

    fn inline(&self, inline: &Inline, more: Style) -> String {
        match inline {
            Inline::Text { text, style, .. } | Inline::Elsewhere { words: text, style, .. } => {
                styled(text, style.and(more))
            }
            Inline::Break => "\n".to_owned(),
            Inline::Picture { content_id, words } => self.picture(content_id, words),
            Inline::Foreign(foreign) => literal(&foreign.text.split_whitespace().collect::<Vec<_>>().join(" ")),
        }
    }

    /// A file of the issue by its name, where the name means nothing to the markup.
    fn picture(&self, content_id: &str, words: &str) -> String {
        let name = self.pictures.iter().find(|(id, _)| *id == content_id).map(|(_, name)| *name);
        let is_plain = |name: &&str| name.chars().all(|c| c.is_alphanumeric() || matches!(c, ' ' | '.' | '-' | '_'));
        match name.filter(is_plain).filter(|name| name.starts_with(|c: char| c.is_alphanumeric())) {
            Some(name) => format!("!{name}!"),
            None if words.trim().is_empty() => literal(NAMELESS_PICTURE),
            None => literal(&format!("[{words}]")),
        }
    }
}

fn link_of(inline: &Inline) -> Option<&str> {
    match inline {
        Inline::Text { link, .. } | Inline::Elsewhere { link, .. } => link.as_deref(),
        _ => None,
    }
}

fn literal_line(line: &str) -> String {
    line_start(&literal(line))
}

/// Signs in braces, which hold wherever they stand; white space at the edges stays outside them.
fn styled(text: &str, style: Style) -> String {
    const SIGNS: [(Style, &str, &str); 5] = [
        (Style::STRONG, "{*}", "{*}"),
        (Style::EMPHASIS, "{_}", "{_}"),
        (Style::STRIKE, "{-}", "{-}"),
        (Style::UNDERLINE, "{+}", "{+}"),
        (Style::CODE, "{{", "}}"),
    ];
    let words = text.trim();
    if words.is_empty() || style == Style::PLAIN {
        return literal(text);
    }
    let lead = &text[..text.len() - text.trim_start().len()];
    let tail = &text[text.trim_end().len()..];
    let signs = || SIGNS.iter().filter(|(has, ..)| style.has(*has));
    let open: String = signs().map(|(_, open, _)| *open).collect();
    let close: String = signs().rev().map(|(.., close)| *close).collect();
    format!("{lead}{open}{}{close}{tail}", literal(words))
}

/// Code in the frame that its text does not end; text that ends both, and code where none may stand, are lines.
fn code(language: &str, text: &str, place: Place) -> String {
    let lower = text.to_lowercase();
    let is_named = !language.is_empty() && language.bytes().all(|byte| byte.is_ascii_alphanumeric());
    if place == Place::Inner || lower.contains("{code") && lower.contains("{noformat") {
        return text.lines().map(literal_line).collect::<Vec<_>>().join("\n");
    }
    match (lower.contains("{code"), is_named) {
        (true, _) => format!("{{noformat}}\n{text}\n{{noformat}}"),
        (false, true) => format!("{{code:{language}}}\n{text}\n{{code}}"),
        (false, false) => format!("{{code}}\n{text}\n{{code}}"),
    }
}
