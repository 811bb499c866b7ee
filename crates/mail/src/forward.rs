//! Forwarded messages: attached whole (message/rfc822), or pasted below a header in words.

use crate::document::LINES_MAX;
use crate::message::{Address, Forward};
use crate::reply::language;
use crate::scan::Tree;
use crate::{Limits, address, body, parse};
use std::collections::HashSet;
use std::sync::LazyLock;

/// The forwarded message, if the mail forwards one.
pub(crate) fn read(tree: &Tree, subject: &str, text: &str) -> Option<Forward> {
    attached(tree, text).or_else(|| embedded(tree, text)).or_else(|| inline(subject, text))
}

/// The first attached message that is not part of a report or digest.
fn attached(tree: &Tree, text: &str) -> Option<Forward> {
    let index = tree.nodes.iter().enumerate().position(|(i, node)| {
        let parent = node.parent.map(|p| tree.nodes[p].kind.essence.as_str()).unwrap_or("");
        node.kind.is_message()
            && !node.leaf
            && !tree.is_inside_message(i)
            && !matches!(parent, "multipart/report" | "multipart/digest")
    })?;
    let inner = tree.below(index).next()?;
    let headers = parse::headers(&tree.block(inner), &Limits::default(), &mut Vec::new());
    Some(Forward {
        from: headers.from.into_iter().next(),
        to: headers.to,
        date: headers.date,
        subject: Some(headers.subject).filter(|s| !s.is_empty()),
        text: body::read(tree, inner).into_text(),
        before: text.to_owned(),
    })
}

/// The first message that is embedded in the winmail.dat of the mail, as Outlook attaches one to a rich text.
fn embedded(tree: &Tree, text: &str) -> Option<Forward> {
    let below = tree.streams_of(0).flat_map(|(outer, _)| tree.below(outer));
    let (index, said) = below.flat_map(|i| tree.streams_of(i)).find(|(_, said)| said.is_note())?;
    Some(Forward {
        from: said.from.clone(),
        to: Vec::new(),
        date: said.sent.clone(),
        subject: said.subject.clone(),
        text: body::read(tree, index).into_text(),
        before: text.to_owned(),
    })
}

/// Lines of the pasted header, folds and empty lines between its fields included.
const HEADER_LINES_MAX: usize = 24;

/// A message below `---------- Forwarded message ----------` or its like in other languages; without such a line only
/// when the subject says `Fwd:`, because replies have the same header above what they quote.
fn inline(subject: &str, text: &str) -> Option<Forward> {
    let lines = first_lines(text);
    let says_forward = has_forward_prefix(subject);
    let (start, header) = (0..lines.len()).find_map(|at| {
        let is_marked = is_forward_line(lines[at]);
        let header = match is_marked {
            true => header_from(&lines, at + 1).or_else(|| header_line(&lines, at + 1)),
            false if says_forward && field(lines[at]).is_some() => header_from(&lines, at),
            false => None,
        };
        Some((at, header?))
    })?;
    let mut forward = header.forward;
    forward.text = unquoted(without_end_mark(&lines[header.end..]));
    let before = lines[..start].iter().rposition(|l| !l.trim().is_empty() && !is_original_line(l));
    forward.before = lines[..before.map_or(0, |n| n + 1)].join("\n").trim().to_owned();
    Some(forward)
}

/// The lines that are looked at, and what follows them as one more, so that a text of nothing but lines costs no memory.
fn first_lines(text: &str) -> Vec<&str> {
    let mut rest = text;
    let mut lines = Vec::new();
    while let Some((line, after)) = rest.split_once('\n').filter(|_| lines.len() < LINES_MAX) {
        lines.push(line.strip_suffix('\r').unwrap_or(line));
        rest = after;
    }
    lines.extend((!rest.is_empty()).then_some(rest));
    lines
}

fn has_forward_prefix(subject: &str) -> bool {
    let lower = subject.trim_start().to_lowercase();
    lower.split_once([':', '：']).is_some_and(|(prefix, _)| language::FORWARD_PREFIXES.contains(&prefix.trim()))
}

fn is_forward_line(line: &str) -> bool {
    const LINE_BYTES_MAX: usize = 200;
    /// Colons and spaces behind the words.
    const SIGNS_BYTES_MAX: usize = 16;
    let plain = line.trim_matches(|c: char| c.is_whitespace() || "->*_=".contains(c));
    if plain.is_empty() || line.len() > LINE_BYTES_MAX {
        return false;
    }
    let is_dashed = line.as_bytes().windows(2).any(|pair| pair == b"--");
    // Most lines of a mail end here.
    if !is_dashed && plain.len() > FORWARDED.longest_bytes + SIGNS_BYTES_MAX {
        return false;
    }
    let lower = plain.to_lowercase();
    let bare = lower.trim_end_matches([':', '：', ' ']);
    FORWARDED.words.contains(bare) || is_dashed && FORWARDED.words.iter().any(|words| lower.starts_with(words))
}

/// What stands above a forwarded message, in every language.
struct Forwarded {
    words: HashSet<&'static str>,
    longest_bytes: usize,
}

static FORWARDED: LazyLock<Forwarded> = LazyLock::new(|| {
    let words: HashSet<&str> = language::LANGUAGES.iter().flat_map(|l| l.forwarded).copied().collect();
    let longest_bytes = words.iter().map(|words| words.len()).max().unwrap_or(0);
    Forwarded { words, longest_bytes }
});

/// A line that only separates: dashes, or `----- Original Message -----` in whatever language.
fn is_original_line(line: &str) -> bool {
    let line = line.trim();
    let plain = line.trim_matches(|c: char| c.is_whitespace() || "-*_=>".contains(c)).to_lowercase();
    let is_between_dashes = line.starts_with("---") && line.ends_with("---");
    plain.is_empty() || is_between_dashes || language::LANGUAGES.iter().any(|l| l.original.contains(&plain.as_str()))
}

struct Pasted {
    forward: Forward,
    /// The line at which the forwarded text begins.
    end: usize,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Name {
    From,
    Date,
    To,
    Subject,
    Other,
}

/// A header field in words: its name and value, quote signs and emphasis taken off.
fn field(line: &str) -> Option<(Name, &str)> {
    const NAME_BYTES_MAX: usize = 40;
    let line = line.trim_start_matches(|c: char| c.is_whitespace() || "> *_".contains(c));
    let (name, value) = line.split_once([':', '：'])?;
    if name.len() > NAME_BYTES_MAX {
        return None;
    }
    let name = name.trim_matches(|c: char| c.is_whitespace() || "*_".contains(c)).to_lowercase();
    let value = without_emphasis(value);
    let is = |column: fn(&language::Language) -> &'static [&'static str]| {
        language::LANGUAGES.iter().any(|l| column(l).contains(&name.as_str()))
    };
    let name = if is(|l| l.from) {
        Name::From
    } else if is(|l| l.date) {
        Name::Date
    } else if is(|l| l.subject) {
        Name::Subject
    } else if is(|l| l.to) {
        Name::To
    } else if is(|l| l.other) {
        Name::Other
    } else {
        return None;
    };
    Some((name, value))
}

/// The value without what a page's table or emphasis left around it.
fn without_emphasis(value: &str) -> &str {
    let value = value.trim_matches(|c: char| c.is_whitespace() || "|*".contains(c));
    match value.strip_prefix('_') {
        Some(inner) => inner.strip_suffix('_').unwrap_or(inner),
        None => value,
    }
}

/// Lines below a forwarded message that say where it ends, as Yandex and Thunderbird's like write them.
fn without_end_mark<'a, 'b>(lines: &'a [&'b str]) -> &'a [&'b str] {
    let Some(last) = lines.iter().rposition(|line| !line.trim().is_empty()) else { return lines };
    let lower = lines[last].to_lowercase();
    let is_end = lower.trim_start_matches(['>', ' ']).starts_with("--")
        && ["end of forwarded message", "end forwarded message", "завершение пересылаемого", "конец пересылаемого"]
            .iter()
            .any(|words| lower.contains(words));
    if is_end { &lines[..last] } else { lines }
}

/// A line that stands where others put a header: `20.11.2026, 10:00, "Jo Doe" <jo@x.org>:`.
fn header_line(lines: &[&str], start: usize) -> Option<Pasted> {
    const LINE_BYTES_MAX: usize = 300;
    let at = (start..lines.len().min(start + 3)).find(|&at| !bare(lines[at]).is_empty())?;
    let line = bare(lines[at]).strip_suffix([':', '：']).filter(|line| line.len() <= LINE_BYTES_MAX)?;
    address::first_in(line)?;
    // The name begins after the last comma before the address that has no digit behind it.
    let before = &line[..line.find(['<', '@'])?];
    let name = before.rfind(',').filter(|comma| !before[*comma..].chars().any(|c| c.is_ascii_digit()))?;
    let date = line[..name].trim();
    if !date.chars().any(|c| c.is_ascii_digit()) {
        return None;
    }
    let from = Some(person(line[name + 1..].trim()));
    Some(Pasted { forward: Forward { from, date: Some(date.to_owned()), ..Forward::default() }, end: at + 1 })
}

fn bare(line: &str) -> &str {
    line.trim_matches(|c: char| c.is_whitespace() || c == '>')
}

/// Whether a line that is no field goes on with the value of the one before: it is indented, or that one was wrapped.
fn goes_on(line: &str, before: &str) -> bool {
    const WRAPPED_CHARS_MIN: usize = 60;
    let unquoted = line.trim_start_matches('>');
    unquoted.strip_prefix(' ').unwrap_or(unquoted).starts_with([' ', '\t'])
        || before.chars().count() >= WRAPPED_CHARS_MIN
        || before.trim_end().ends_with([',', ';', ':', '：'])
}

/// The pasted header at or just below a line; it needs a sender and one field more.
fn header_from(lines: &[&str], start: usize) -> Option<Pasted> {
    let mut values: Vec<(Name, String)> = Vec::new();
    let mut at = start;
    while at < lines.len().min(start + HEADER_LINES_MAX) {
        let bare = bare(lines[at]);
        match field(lines[at]) {
            Some((name, value)) => values.push((name, value.to_owned())),
            None if bare.is_empty() && (values.is_empty() || lines.get(at + 1).is_some_and(|l| field(l).is_some())) => {
            }
            None if bare.is_empty() || values.is_empty() || !goes_on(lines[at], lines[at - 1]) => break,
            None => {
                if let Some((_, value)) = values.last_mut() {
                    value.push(' ');
                    value.push_str(bare);
                }
            }
        }
        at += 1;
    }
    let get = |name: Name| values.iter().find(|(n, v)| *n == name && !v.is_empty()).map(|(_, v)| v.clone());
    let from = get(Name::From)?;
    if values.len() < 2 {
        return None;
    }
    let forward = Forward {
        from: Some(person(&from)),
        to: get(Name::To).map(|to| people(&to)).unwrap_or_default(),
        date: get(Name::Date),
        subject: get(Name::Subject),
        ..Forward::default()
    };
    Some(Pasted { forward, end: at })
}

/// The people of a list, those without an address, too. Outlook puts semicolons between them, so that a comma may stand in
/// a name; others put commas.
fn people(list: &str) -> Vec<Address> {
    let mut pieces: Vec<String> = Vec::new();
    let separator = if list.contains(';') { ';' } else { ',' };
    let (mut quoted, mut open) = (false, String::new());
    for c in list.chars() {
        match c {
            '"' => quoted = !quoted,
            c if c == separator && !quoted => {
                pieces.push(std::mem::take(&mut open));
                continue;
            }
            _ => {}
        }
        open.push(c);
    }
    pieces.push(open);
    let mut names: Vec<String> = Vec::new();
    // `Doe, Jo <jo@x.org>` and `Doe, Jo` are one person, `Jo Doe, Ann Poe` are two.
    let is_word = |name: &str| !name.contains(['@', '"']) && name.split_whitespace().count() == 1;
    for piece in pieces.iter().map(|piece| piece.trim()).filter(|piece| !piece.is_empty()) {
        match names.last_mut().filter(|last| separator == ',' && is_word(last)) {
            Some(last) if !piece.starts_with('"') && (is_word(piece) && pieces.len() == 2 || piece.contains(" <")) => {
                last.push_str(", ");
                last.push_str(piece);
            }
            _ => names.push(piece.to_owned()),
        }
    }
    names.iter().map(|name| person(name)).filter(|p| p.name.is_some() || !p.address.is_empty()).collect()
}

/// `Jo Doe <jo@x.org>`, `Jo Doe [mailto:jo@x.org]`, `jo@x.org` or a bare name.
fn person(value: &str) -> Address {
    let found = address::first_in(value)
        .map(|a| a.trim_start_matches("mailto:").trim_matches('*').to_owned())
        .unwrap_or_default();
    let name = value
        .split(['<', '[', '('])
        .next()
        .unwrap_or("")
        .trim_matches(|c: char| c.is_whitespace() || "\"'*,".contains(c));
    let name = Some(name).filter(|n| !n.is_empty() && *n != found).map(str::to_owned);
    Address { name, address: found }
}

/// The forwarded text without the quote signs, when all of it has them.
fn unquoted(lines: &[&str]) -> String {
    let all_quoted = lines.iter().filter(|l| !l.trim().is_empty()).all(|l| l.starts_with('>'));
    let mut text = String::new();
    for line in lines {
        let bare = line.strip_prefix('>').filter(|_| all_quoted).map(|l| l.strip_prefix(' ').unwrap_or(l));
        text.push_str(bare.unwrap_or(line));
        text.push('\n');
    }
    text.trim().to_owned()
}
