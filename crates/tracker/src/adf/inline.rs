//! One line of Markdown-like text to text nodes: emphasis, code and links; everything else stays as it was written.
//!
//! There are no escapes, because a plain mail has none: a backslash is a backslash. A sign that could be read either
//! way (`*.rs`, `snake_case`, `2 * 3`) stays text.

use super::{Mark, Node};
use url::Url;

/// Longest marked span in bytes, which keeps a line of openers without closers from costing the square of its length.
const SPAN_BYTES_MAX: usize = 2000;

/// Deepest nesting of marks.
const DEPTH_MAX: usize = 4;

/// Stands for a picture that says nothing about itself.
const NAMELESS_PICTURE: &str = "[image]";

/// The marks that surround a text, longest delimiter first.
const DELIMITERS: [(&str, Mark); 4] = [("**", Mark::Strong), ("~~", Mark::Strike), ("*", Mark::Em), ("_", Mark::Em)];

/// The nodes of one line, which holds no line break; none for an empty line.
pub(super) fn line(text: &str) -> Vec<Node> {
    let mut nodes = Vec::new();
    spans(text, &[], 0, &mut nodes);
    nodes
}

/// A piece of markup at the start of a text.
struct Span<'a> {
    bytes: usize,
    inner: &'a str,
    /// `None` where the markup leaves nothing but text.
    mark: Option<Mark>,
    /// Whether more markup may stand inside.
    nests: bool,
}

fn spans(text: &str, marks: &[Mark], depth: usize, nodes: &mut Vec<Node>) {
    let mut plain_from = 0;
    let mut at = 0;
    while let Some(character) = text[at..].chars().next() {
        let before = text[..at].chars().next_back();
        let linked = marks.iter().any(|mark| matches!(mark, Mark::Link { .. }));
        let Some(span) = span(&text[at..], character, before, linked) else {
            at += character.len_utf8();
            continue;
        };
        push(&text[plain_from..at], marks, nodes);
        let inner_marks = span.mark.map_or_else(|| marks.to_vec(), |mark| with(marks, mark));
        if span.nests && depth < DEPTH_MAX {
            spans(span.inner, &inner_marks, depth + 1, nodes);
        } else {
            push(span.inner, &inner_marks, nodes);
        }
        at += span.bytes;
        plain_from = at;
    }
    push(&text[plain_from..], marks, nodes);
}

/// The marks with one more; Jira allows beside `code` nothing but a link.
fn with(marks: &[Mark], mark: Mark) -> Vec<Mark> {
    let code = mark == Mark::Code;
    let mut all: Vec<Mark> =
        marks.iter().filter(|old| **old != mark && (!code || matches!(old, Mark::Link { .. }))).cloned().collect();
    all.push(mark);
    all
}

fn push(text: &str, marks: &[Mark], nodes: &mut Vec<Node>) {
    if !text.is_empty() {
        nodes.push(Node::Text { text: text.to_owned(), marks: marks.to_vec() });
    }
}

fn span<'a>(text: &'a str, first: char, before: Option<char>, linked: bool) -> Option<Span<'a>> {
    match first {
        // Only the whole run of backticks opens, not what is left of it.
        '`' if before != Some('`') => code(text),
        '*' | '_' | '~' => emphasis(text, before),
        '!' => picture(text),
        '[' if !linked => named_link(text),
        '<' if !linked => bracketed_link(text),
        'h' | 'H' if !linked => bare_link(text, before),
        _ => None,
    }
}

/// A run of backticks, and the same run again.
fn code(text: &str) -> Option<Span<'_>> {
    let ticks = text.len() - text.trim_start_matches('`').len();
    let inside = window(&text[ticks..]);
    let mut from = 0;
    loop {
        let start = from + inside[from..].find('`')?;
        let run = inside[start..].len() - inside[start..].trim_start_matches('`').len();
        if run == ticks {
            let inner = &inside[..start];
            return (!inner.trim().is_empty()).then_some(Span {
                bytes: ticks + start + run,
                inner,
                mark: Some(Mark::Code),
                nests: false,
            });
        }
        from = start + run;
    }
}

/// A delimiter at the start of a word, and the same at the end of one.
fn emphasis(text: &str, before: Option<char>) -> Option<Span<'_>> {
    let (delimiter, mark) = DELIMITERS.into_iter().find(|(delimiter, _)| text.starts_with(delimiter))?;
    let sign = delimiter.chars().next()?;
    let inside = window(&text[delimiter.len()..]);
    let opens = inside.starts_with(|next: char| next.is_alphanumeric() || "\"'([<`*_~".contains(next))
        && !inside.starts_with(sign)
        && !before.is_some_and(|before| before.is_alphanumeric() || before == sign);
    if !opens {
        return None;
    }
    let end = inside.match_indices(delimiter).map(|(at, _)| at).find(|at| {
        let last = inside[..*at].chars().next_back();
        let next = text[delimiter.len() + at + delimiter.len()..].chars().next();
        last.is_some_and(|last| !last.is_whitespace() && last != sign)
            && !next.is_some_and(|next| next.is_alphanumeric() || next == sign)
    })?;
    Some(Span { bytes: end + 2 * delimiter.len(), inner: &inside[..end], mark: Some(mark), nests: true })
}

/// `![words](cid:…)`, a picture inside the mail: it goes along as a file, so its place shows `[words]`.
fn picture(text: &str) -> Option<Span<'_>> {
    let inside = window(text).strip_prefix("![")?;
    let words = &inside[..inside.find(['[', ']'])?];
    let target = inside[words.len()..].strip_prefix("](cid:")?;
    let target = &target[..closing_parenthesis(target)?];
    let inner = if words.trim().is_empty() { NAMELESS_PICTURE } else { &text[1..1 + words.len() + "[]".len()] };
    let bytes = "![](cid:)".len() + words.len() + target.len();
    Some(Span { bytes, inner, mark: None, nests: false })
}

/// `[label](url)`. A label that itself looks like an address of another host is left as it stands, so that the
/// reader sees both.
fn named_link(text: &str) -> Option<Span<'_>> {
    let inside = window(&text[1..]);
    let label = &inside[..inside.find(['[', ']'])?];
    let target = inside[label.len()..].strip_prefix("](")?;
    let target = &target[..closing_parenthesis(target)?];
    let url = link_target(target)?;
    if label.trim().is_empty() || misleads(label, &url) {
        return None;
    }
    let bytes = "[](".len() + label.len() + target.len() + ")".len();
    Some(Span { bytes, inner: label, mark: Some(Mark::Link { href: target.to_owned() }), nests: true })
}

/// Where the parenthesis closes that was opened before the text; a URL may hold pairs of its own, but no space.
fn closing_parenthesis(text: &str) -> Option<usize> {
    let mut open = 0_usize;
    for (at, character) in text.char_indices() {
        match character {
            ')' if open == 0 => return Some(at),
            ')' => open -= 1,
            '(' => open += 1,
            _ if character.is_whitespace() => return None,
            _ => {}
        }
    }
    None
}

/// `<https://example.com/>`, as RFC 3986 (appendix C) advises for plain text.
fn bracketed_link(text: &str) -> Option<Span<'_>> {
    let inside = window(&text[1..]);
    let target = &inside[..inside.find('>')?];
    link_target(target)?;
    let bytes = "<>".len() + target.len();
    Some(Span { bytes, inner: target, mark: Some(Mark::Link { href: target.to_owned() }), nests: false })
}

/// A web address in the text, without the punctuation that ends the sentence around it.
fn bare_link(text: &str, before: Option<char>) -> Option<Span<'_>> {
    let starts = ["http://", "https://"]
        .iter()
        .any(|scheme| text.get(..scheme.len()).is_some_and(|start| start.eq_ignore_ascii_case(scheme)));
    if !starts || before.is_some_and(char::is_alphanumeric) {
        return None;
    }
    let inside = window(text);
    let ends = |c: char| c.is_whitespace() || c.is_control() || "<>\"[]{}|\\^`".contains(c);
    let target = without_sentence_end(&inside[..inside.find(ends).unwrap_or(inside.len())]);
    link_target(target)?;
    Some(Span { bytes: target.len(), inner: target, mark: Some(Mark::Link { href: target.to_owned() }), nests: false })
}

/// A closing parenthesis belongs to the address only where it also opens one.
fn without_sentence_end(target: &str) -> &str {
    let mut target = target;
    while let Some(last) = target.chars().next_back() {
        let unpaired = last == ')' && target.matches(')').count() > target.matches('(').count();
        if !unpaired && !".,;:!?'*_~".contains(last) {
            break;
        }
        target = &target[..target.len() - last.len_utf8()];
    }
    target
}

/// The URL, when a reader may be sent there with one click: web and mail, nothing that runs or reads here.
fn link_target(text: &str) -> Option<Url> {
    let forbidden = |c: char| c.is_whitespace() || c.is_control() || "<>\"`\\".contains(c);
    if text.len() > SPAN_BYTES_MAX || text.contains(forbidden) {
        return None;
    }
    Url::parse(text).ok().filter(|url| matches!(url.scheme(), "http" | "https" | "mailto"))
}

/// Whether the label is written like a web address whose host is not the link's.
fn misleads(label: &str, url: &Url) -> bool {
    let label = label.trim_matches(|c: char| !c.is_alphanumeric()).to_lowercase();
    let address = if label.starts_with("www.") { format!("https://{label}") } else { label };
    let address = address.split_whitespace().next().unwrap_or_default();
    if !address.contains("://") {
        return false;
    }
    let host = |url: &Url| url.host_str().map(|host| host.trim_start_matches("www.").to_owned());
    Url::parse(address).ok().and_then(|shown| host(&shown)) != host(url)
}

/// The start of the text that one span may cover.
fn window(text: &str) -> &str {
    &text[..text.floor_char_boundary(SPAN_BYTES_MAX)]
}
