//! Plain text to blocks, by the habits of plain mail: paragraphs, lists, quotes, code, headings and rules.
//!
//! A line break in a mail means something, so it stays one. A quote holds paragraphs, a list item a paragraph and
//! further lists.

use super::{Block, Inline, LINES_MAX, inline};

/// Deepest nesting of lists; deeper items join the deepest list.
const LIST_DEPTH_MAX: usize = 6;

/// Digits of the longest list number; a longer one is a number in the text.
const LIST_NUMBER_DIGITS_MAX: usize = 9;

/// Longest name of a code block's language.
const LANGUAGE_BYTES_MAX: usize = 20;

/// How far to the right code stands that has no fence.
const CODE_INDENT: &str = "    ";

/// How many lines a block took, and the block.
type Taken = Option<(usize, Block)>;

/// The blocks of a text; none when it has nothing but white space.
pub(super) fn blocks(text: &str) -> Vec<Block> {
    let text = printable(text);
    let (text, rest) = first_lines(&text);
    let lines: Vec<&str> = text.split('\n').map(str::trim_end).collect();
    let fences = Fences::of(&lines);
    let mut nodes = Vec::new();
    let mut at = 0;
    while at < lines.len() {
        if lines[at].is_empty() {
            at += 1;
            continue;
        }
        let rest = &lines[at..];
        let special = special(rest, &fences).or_else(|| indented(rest));
        let (taken, node) = special.unwrap_or_else(|| paragraph(rest, &fences));
        nodes.push(node);
        at += taken;
    }
    if !rest.trim().is_empty() {
        nodes.push(Block::literal(rest.replace('\n', " ")));
    }
    nodes
}

/// The paragraphs of a text in which no sign means anything, web addresses aside.
pub(super) fn literal(text: &str) -> Vec<Block> {
    let text = printable(text);
    let (text, rest) = first_lines(&text);
    let mut blocks = Vec::new();
    let mut content: Vec<Inline> = Vec::new();
    // The empty line at the end closes the last paragraph.
    for line in text.split('\n').map(str::trim_end).chain([""]) {
        if line.is_empty() {
            let paragraph = std::mem::take(&mut content);
            blocks.extend((!paragraph.is_empty()).then_some(Block::Paragraph(paragraph)));
            continue;
        }
        content.extend((!content.is_empty()).then_some(Inline::Break));
        content.extend(inline::literal(line));
    }
    if !rest.trim().is_empty() {
        blocks.push(Block::literal(rest.replace('\n', " ")));
    }
    blocks
}

/// The lines that are read, and the rest of the text, which is one paragraph.
fn first_lines(text: &str) -> (&str, &str) {
    match memchr::memchr_iter(b'\n', text.as_bytes()).nth(LINES_MAX) {
        Some(end) => (&text[..end], &text[end + 1..]),
        None => (text, ""),
    }
}

/// For each number of lines at the end of the text the longest line of backticks alone among them, so that an opening
/// line that is never closed costs no search.
struct Fences(Vec<usize>);

impl Fences {
    fn of(lines: &[&str]) -> Fences {
        let ticks = |line: &str| if line.bytes().all(|byte| byte == b'`') { line.len() } else { 0 };
        let mut longest = vec![0];
        for line in lines.iter().rev() {
            longest.push(ticks(line).max(longest[longest.len() - 1]));
        }
        Fences(longest)
    }

    /// Whether one of these lines, which are the last ones of the text, closes what as many backticks opened.
    fn close(&self, lines: &[&str], ticks: usize) -> bool {
        self.0.get(lines.len()).is_some_and(|longest| *longest >= ticks)
    }
}

/// The text with one kind of line break and without the characters that Jira's storage refuses (XML 1.0, section
/// 2.2): control characters but tab, and the two code points that are never characters.
fn printable(text: &str) -> String {
    let text = text.replace("\r\n", "\n").replace('\r', "\n");
    text.chars()
        .filter(|c| matches!(c, '\n' | '\t') || !(c.is_control() || matches!(c, '\u{fffe}' | '\u{ffff}')))
        .collect()
}

/// Any block but a paragraph.
fn special(lines: &[&str], fences: &Fences) -> Taken {
    fence(lines, fences)
        .or_else(|| rule(lines))
        .or_else(|| heading(lines))
        .or_else(|| quote(lines))
        .or_else(|| list(lines))
}

/// Lines up to an empty one or to the start of another block; there is at least one.
fn paragraph(lines: &[&str], fences: &Fences) -> (usize, Block) {
    let more = lines.iter().enumerate().skip(1);
    let end = more.take_while(|(at, line)| !line.is_empty() && special(&lines[*at..], fences).is_none()).count() + 1;
    (end, Block::Paragraph(broken_lines(&lines[..end])))
}

/// The lines with line breaks between them.
fn broken_lines(lines: &[&str]) -> Vec<Inline> {
    let mut nodes = Vec::new();
    for (at, line) in lines.iter().enumerate() {
        if at > 0 {
            nodes.push(Inline::Break);
        }
        nodes.extend(inline::line(line));
    }
    nodes
}

/// Code between two lines of at least three backticks; an opening line that is never closed is text.
fn fence(lines: &[&str], fences: &Fences) -> Taken {
    let opening = lines[0];
    let ticks = opening.len() - opening.trim_start_matches('`').len();
    let language = opening[ticks..].trim();
    let named = language.len() <= LANGUAGE_BYTES_MAX
        && language.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"+#-._".contains(&byte));
    if ticks < 3 || !named || !fences.close(&lines[1..], ticks) {
        return None;
    }
    let closes = |line: &str| line.len() >= ticks && line.bytes().all(|byte| byte == b'`');
    let end = 1 + lines[1..].iter().position(|line| closes(line))?;
    Some((end + 1, Block::Code { language: language.to_owned(), text: lines[1..end].join("\n") }))
}

/// Code that stands four spaces to the right, up to an empty line. A paragraph with an indented first line is none,
/// and code cannot interrupt a paragraph.
fn indented(lines: &[&str]) -> Taken {
    let block = lines.iter().take_while(|line| !line.is_empty());
    let code: Vec<&str> = block.map(|line| line.strip_prefix(CODE_INDENT)).collect::<Option<_>>()?;
    Some((code.len(), Block::Code { language: String::new(), text: code.join("\n") }))
}

fn rule(lines: &[&str]) -> Taken {
    (lines[0] == "---").then_some((1, Block::Rule))
}

fn heading(lines: &[&str]) -> Taken {
    let title = lines[0].trim_start_matches('#');
    let level = u8::try_from(lines[0].len() - title.len()).ok().filter(|level| (1..=6).contains(level))?;
    let text = title.strip_prefix(' ')?.trim();
    if text.is_empty() {
        return None;
    }
    Some((1, Block::Heading { level, content: inline::line(text) }))
}

/// Lines that start with `>`. Quotes inside keep their sign, because a document that has them has lost who wrote which.
fn quote(lines: &[&str]) -> Taken {
    let quoted: Vec<&str> = lines
        .iter()
        .map_while(|line| line.strip_prefix('>'))
        .map(|line| line.strip_prefix(' ').unwrap_or(line))
        .collect();
    if quoted.is_empty() {
        return None;
    }
    let runs = quoted.split(|line| line.trim().is_empty()).filter(|run| !run.is_empty());
    let mut paragraphs: Vec<Block> = runs.map(|run| Block::Paragraph(broken_lines(run))).collect();
    if paragraphs.is_empty() {
        paragraphs.push(Block::Paragraph(Vec::new()));
    }
    Some((quoted.len(), Block::Quote(paragraphs)))
}

/// One line of a list and the lines that continue it.
struct Item<'a> {
    indent: usize,
    /// `None` for a bullet.
    number: Option<u32>,
    lines: Vec<&'a str>,
}

/// One list. Where the kind changes or the numbers do not count on, another list starts, so that a reader sees the
/// numbers that were written.
fn list(lines: &[&str]) -> Taken {
    let mut items: Vec<Item<'_>> = Vec::new();
    let mut taken = 0;
    let mut at = 0;
    while let Some(line) = lines.get(at) {
        let indent = line.len() - line.trim_start_matches(' ').len();
        match item(line, indent) {
            Some(item) if belongs(&items, &item) => items.push(item),
            Some(_) => break,
            // One empty line may part the items of one list.
            None if line.is_empty() && taken == at => {
                at += 1;
                continue;
            }
            None => match items.last_mut().filter(|last| taken == at && indent >= last.indent + 2) {
                Some(last) => last.lines.push(line.trim_start()),
                None => break,
            },
        }
        at += 1;
        taken = at;
    }
    if items.is_empty() {
        return None;
    }
    let lists = lists(&items, 1);
    // `belongs` lets only one list through at the outermost level.
    lists.into_iter().next().map(|list| (taken, list))
}

/// Whether the item starts a list, goes on with the one that the first item started, or stands deeper in it.
fn belongs(items: &[Item<'_>], item: &Item<'_>) -> bool {
    let Some(base) = items.first().map(|first| first.indent) else { return true };
    let mut siblings = items.iter().rev().filter(|sibling| sibling.indent < base + 2);
    item.indent >= base + 2 || siblings.next().is_some_and(|sibling| counts_on(sibling, item))
}

fn counts_on(before: &Item<'_>, item: &Item<'_>) -> bool {
    match (before.number, item.number) {
        (None, None) => true,
        (Some(before), Some(number)) => number == before + 1,
        _ => false,
    }
}

/// An item's first line: `- text`, `* text`, `1. text` or `1) text`.
fn item<'a>(line: &'a str, indent: usize) -> Option<Item<'a>> {
    let text = &line[indent..];
    if let Some(rest) = text.strip_prefix("- ").or_else(|| text.strip_prefix("* ")) {
        return Some(Item { indent, number: None, lines: vec![rest.trim_start()] });
    }
    let digits = text.len() - text.trim_start_matches(|c: char| c.is_ascii_digit()).len();
    let padded = digits > 1 && text.starts_with('0');
    if digits == 0 || digits > LIST_NUMBER_DIGITS_MAX || padded {
        return None;
    }
    let rest = text[digits..].strip_prefix(". ").or_else(|| text[digits..].strip_prefix(") "))?;
    Some(Item { indent, number: text[..digits].parse().ok(), lines: vec![rest.trim_start()] })
}

/// The items as lists: those that stand deeper than the first become lists inside the item before them.
fn lists(items: &[Item<'_>], depth: usize) -> Vec<Block> {
    let Some(base) = items.first().map(|item| item.indent) else { return Vec::new() };
    let is_sibling = |item: &Item<'_>| item.indent < base + 2 || depth >= LIST_DEPTH_MAX;
    let mut all: Vec<(Option<u32>, Vec<Vec<Block>>)> = Vec::new();
    let mut previous: Option<&Item<'_>> = None;
    let mut at = 0;
    while let Some(item) = items.get(at) {
        let below = items[at + 1..].iter().take_while(|item| !is_sibling(item)).count();
        let mut content = vec![Block::Paragraph(broken_lines(&item.lines))];
        content.extend(lists(&items[at + 1..at + 1 + below], depth + 1));
        match all.last_mut() {
            Some((_, items)) if previous.is_some_and(|previous| counts_on(previous, item)) => items.push(content),
            _ => all.push((item.number, vec![content])),
        }
        previous = Some(item);
        at += 1 + below;
    }
    all.into_iter().map(|(first, items)| Block::List { first, items }).collect()
}
