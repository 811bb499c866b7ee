//! A document as Markdown (CommonMark 0.31 with the tables and strike-through of GitHub's), every sign that people wrote
//! escaped, so that whoever reads it as Markdown sees what the document says.

use super::{Block, Cell, Document, Inline, Style, lines_of};
use crate::link;

/// Signs of emphasis, outermost first. Asterisks hold inside words too, underscores do not. What is underlined is not
/// marked: Markdown has no sign for it.
const SIGNS: [(Style, &str); 3] = [(Style::STRONG, "**"), (Style::EMPHASIS, "*"), (Style::STRIKE, "~~")];

pub(super) fn written(document: &Document) -> String {
    blocks(&document.blocks).join("\n\n")
}

fn blocks(all: &[Block]) -> Vec<String> {
    let mut texts: Vec<String> = Vec::new();
    let mut before: Option<&Block> = None;
    for one in all {
        // Two lists of one kind in a row would be one.
        if matches!((before, one), (Some(Block::List { .. }), Block::List { .. })) {
            texts.push("<!-- -->".to_owned());
        }
        texts.push(block(one));
        before = Some(one);
    }
    texts.retain(|text| !text.is_empty());
    texts
}

fn block(block: &Block) -> String {
    match block {
        // A backslash at its end breaks a line.
        Block::Paragraph(content) => lines_of(content).map(line).collect::<Vec<_>>().join("\\\n"),
        Block::Heading { level, content } => {
            let words: Vec<String> = lines_of(content).map(inlines).collect();
            format!("{} {}", "#".repeat(usize::from((*level).clamp(1, 6))), words.join(" "))
        }
        Block::List { first, items } => list(*first, items),
        Block::Quote(inner) => prefixed(&blocks(inner).join("\n\n"), "> ", "> "),
        Block::Code { language, text } => {
            let fence = "`".repeat(longest_run(text, '`').max(2) + 1);
            let language: String =
                language.chars().filter(|c| c.is_ascii_alphanumeric() || "+#-._".contains(*c)).collect();
            format!("{fence}{language}\n{text}\n{fence}")
        }
        Block::Table(rows) => table(rows),
        Block::Rule => "---".to_owned(),
        Block::Foreign(foreign) => {
            foreign.text.lines().map(|l| line_start(&escaped(l))).collect::<Vec<_>>().join("\\\n")
        }
    }
}

fn list(first: Option<u32>, items: &[Vec<Block>]) -> String {
    let mut texts = Vec::new();
    for (item, number) in items.iter().zip(first.unwrap_or(1)..) {
        let sign = match first {
            Some(_) => format!("{number}. "),
            None => "- ".to_owned(),
        };
        texts.push(prefixed(&blocks(item).join("\n\n"), &sign, &" ".repeat(sign.len())));
    }
    texts.join("\n")
}

/// Lines that are empty stay so, or white space would stand at their end.
fn prefixed(text: &str, first: &str, rest: &str) -> String {
    let line = |(at, line): (usize, &str)| {
        let prefix = if at == 0 { first } else { rest };
        format!("{prefix}{line}").trim_end().to_owned()
    };
    text.split('\n').enumerate().map(line).collect::<Vec<_>>().join("\n")
}

/// The first row is the head, because Markdown knows no table without one.
fn table(rows: &[Vec<Cell>]) -> String {
    let columns = rows.iter().map(Vec::len).max().unwrap_or(0);
    let row = |cells: Vec<String>| format!("| {} |", cells.join(" | "));
    let mut lines = Vec::new();
    for (at, cells) in rows.iter().enumerate() {
        lines.push(row((0..columns).map(|at| cells.get(at).map(cell).unwrap_or_default()).collect()));
        if at == 0 {
            lines.push(row(vec!["---".to_owned(); columns]));
        }
    }
    lines.join("\n")
}

/// A cell is one line; the sign between cells is escaped in it.
fn cell(cell: &Cell) -> String {
    let mut words = Vec::new();
    collect(&cell.blocks, &mut words);
    words.join(" ")
}

fn collect(blocks: &[Block], words: &mut Vec<String>) {
    for block in blocks {
        match block {
            Block::Paragraph(content) | Block::Heading { content, .. } => words.extend(lines_of(content).map(inlines)),
            Block::List { items, .. } => items.iter().for_each(|item| collect(item, words)),
            Block::Quote(inner) => collect(inner, words),
            Block::Table(rows) => rows.iter().flatten().for_each(|cell| collect(&cell.blocks, words)),
            Block::Code { text, .. } => words.extend(text.lines().map(escaped)),
            Block::Foreign(foreign) => words.extend(foreign.text.lines().map(escaped)),
            Block::Rule => {}
        }
    }
}

fn line(content: &[Inline]) -> String {
    line_start(&inlines(content))
}

fn inlines(content: &[Inline]) -> String {
    let mut out = String::new();
    let mut at = 0;
    while at < content.len() {
        let link = link_of(&content[at]);
        let length = match link {
            Some(_) => content[at..].iter().take_while(|inline| link_of(inline) == link).count(),
            None => 1,
        };
        let words: String = content[at..at + length].iter().map(inline).collect();
        match link.and_then(link::target) {
            Some(target) => out.push_str(&format!("[{words}](<{}>)", percent_encoded(&target))),
            None => out.push_str(&words),
        }
        at += length;
    }
    out
}

fn link_of(inline: &Inline) -> Option<&str> {
    match inline {
        Inline::Text { link, .. } | Inline::Elsewhere { link, .. } => link.as_deref(),
        _ => None,
    }
}

fn inline(inline: &Inline) -> String {
    match inline {
        Inline::Text { text, style, .. } | Inline::Elsewhere { words: text, style, .. } => styled(text, *style),
        Inline::Break => " ".to_owned(),
        Inline::Picture { content_id, words } => {
            format!("![{}](<cid:{}>)", escaped(words), percent_encoded(content_id))
        }
        Inline::Foreign(foreign) => escaped(&foreign.text.split_whitespace().collect::<Vec<_>>().join(" ")),
    }
}

/// Signs stand next to words, white space outside them.
fn styled(text: &str, style: Style) -> String {
    let words = text.trim();
    if words.is_empty() {
        return text.to_owned();
    }
    let lead = &text[..text.len() - text.trim_start().len()];
    let tail = &text[text.trim_end().len()..];
    let signs = || SIGNS.iter().filter(|(has, _)| style.has(*has)).map(|(_, sign)| *sign);
    let inner = if style.has(Style::CODE) { code(words) } else { escaped(words) };
    format!("{lead}{}{inner}{}{tail}", signs().collect::<String>(), signs().rev().collect::<String>())
}

/// Between more backticks than stand in it. A sign between cells would end its cell even here.
fn code(text: &str) -> String {
    if text.contains('|') {
        return escaped(text);
    }
    let ticks = "`".repeat(longest_run(text, '`') + 1);
    let space = if text.starts_with('`') || text.ends_with('`') { " " } else { "" };
    format!("{ticks}{space}{text}{space}{ticks}")
}

fn longest_run(text: &str, sign: char) -> usize {
    let (mut longest, mut run) = (0, 0);
    for c in text.chars() {
        run = if c == sign { run + 1 } else { 0 };
        longest = longest.max(run);
    }
    longest
}

/// Every character that means something inside a line, after a backslash (CommonMark, section 2.4).
fn escaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len() + text.len() / 8);
    for c in text.chars() {
        if "\\`*_{}[]<>!|~&:@".contains(c) {
            out.push('\\');
        }
        out.push(if c == '\n' || c == '\r' { ' ' } else { c });
    }
    out
}

/// A line that begins with nothing but words: no heading, list, rule, or head of a table.
fn line_start(line: &str) -> String {
    // White space at the start could make it code, or nothing of it.
    let words = line.trim_start();
    let digits = words.len() - words.trim_start_matches(|c: char| c.is_ascii_digit()).len();
    if words.starts_with(['#', '-', '+', '=']) {
        return format!("\\{words}");
    }
    if digits > 0 && words[digits..].starts_with(['.', ')']) {
        return format!("{}\\{}", &words[..digits], &words[digits..]);
    }
    words.to_owned()
}

/// What could end a target between `<` and `>`, by its number (RFC 3986, section 2.1).
fn percent_encoded(target: &str) -> String {
    let mut out = String::with_capacity(target.len());
    for c in target.chars() {
        match c {
            '<' | '>' | ' ' | '\\' | '|' | '`' => out.push_str(&format!("%{:02X}", u32::from(c))),
            c => out.push(c),
        }
    }
    out
}
