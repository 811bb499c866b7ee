//! One line of Markdown-like text to text nodes: emphasis, code and links; everything else stays as it was written.
//!
//! There are no escapes, because a plain mail has none: a backslash is a backslash. A sign that could be read either
//! way (`*.rs`, `snake_case`, `2 * 3`) stays text.

use super::targets::{AGAIN_IN_LINE_BYTES_MAX, Budget};
use super::{Inline, Style};
use crate::link;
use std::sync::Arc;

/// Longest marked span in bytes, which keeps a line of openers without closers from costing the square of its length.
const SPAN_BYTES_MAX: usize = 2000;

/// Deepest nesting of marks.
const DEPTH_MAX: usize = 4;

/// The marks that surround a text, longest delimiter first.
const DELIMITERS: [(&str, Style); 4] =
    [("**", Style::STRONG), ("~~", Style::STRIKE), ("*", Style::EMPHASIS), ("_", Style::EMPHASIS)];

/// What stands in one line, which holds no line break; nothing for an empty line.
pub(super) fn line(text: &str) -> Vec<Inline> {
    let mut made = Made::new();
    spans(text, &Look::default(), 0, &mut made);
    made.inlines
}

/// What a line became so far.
struct Made {
    inlines: Vec<Inline>,
    targets: Budget,
}

impl Made {
    fn new() -> Made {
        Made { inlines: Vec::new(), targets: Budget::new(AGAIN_IN_LINE_BYTES_MAX) }
    }
}

/// A line as it stands, without any markup: only the web addresses in it become links to themselves.
pub(super) fn literal(text: &str) -> Vec<Inline> {
    let mut made = Made::new();
    let (mut plain_from, mut at) = (0, 0);
    while let Some(found) = text[at..].find(['h', 'H']) {
        at += found;
        let Some(span) = bare_link(&text[at..], text[..at].chars().next_back()) else {
            at += 1;
            continue;
        };
        push(&text[plain_from..at], &Look::default(), &mut made);
        let link = Some(made.targets.link(span.inner));
        push(span.inner, &Look { link, ..Look::default() }, &mut made);
        at += span.bytes;
        plain_from = at;
    }
    push(&text[plain_from..], &Look::default(), &mut made);
    made.inlines
}

/// How the text of a span looks.
#[derive(Clone, Default)]
struct Look {
    style: Style,
    link: Option<Arc<str>>,
}

/// A piece of markup at the start of a text.
struct Span<'a> {
    bytes: usize,
    inner: &'a str,
    sign: Sign<'a>,
}

enum Sign<'a> {
    /// More markup may stand inside, but not in code.
    Style(Style),
    /// The target, and whether more markup may stand in its words.
    Link(&'a str, bool),
    /// The id of a picture.
    Picture(&'a str),
}

fn spans(text: &str, look: &Look, depth: usize, made: &mut Made) {
    let mut plain_from = 0;
    let mut at = 0;
    let mut unclosed = Unclosed::default();
    while let Some(found) = text[at..].find(['`', '*', '_', '~', '!', '[', '<', 'h', 'H']) {
        at += found;
        let before = text[..at].chars().next_back();
        let found = match text.as_bytes()[at] {
            b'*' | b'_' | b'~' => emphasis(text, at, before, &mut unclosed),
            _ => span(&text[at..], before, look.link.is_some()),
        };
        let Some(span) = found else {
            at += 1;
            continue;
        };
        push(&text[plain_from..at], look, made);
        let (inner, nests) = match span.sign {
            Sign::Style(style) => {
                let all = Look { style: look.style.and(style), link: look.link.clone() };
                (all, style != Style::CODE)
            }
            Sign::Link(target, nests) => (Look { style: look.style, link: Some(made.targets.link(target)) }, nests),
            Sign::Picture(content_id) => {
                made.inlines
                    .push(Inline::Picture { content_id: content_id.to_owned(), words: span.inner.trim().to_owned() });
                at += span.bytes;
                plain_from = at;
                continue;
            }
        };
        if nests && depth < DEPTH_MAX {
            spans(span.inner, &inner, depth + 1, made);
        } else {
            push(span.inner, &inner, made);
        }
        at += span.bytes;
        plain_from = at;
    }
    push(&text[plain_from..], look, made);
}

fn push(text: &str, look: &Look, made: &mut Made) {
    if !text.is_empty() {
        let link = made.targets.piece(look.link.as_ref());
        made.inlines.push(Inline::Text { text: text.to_owned(), style: look.style, link });
    }
}

fn span(text: &str, before: Option<char>, linked: bool) -> Option<Span<'_>> {
    match text.as_bytes().first()? {
        // Only the whole run of backticks opens, not what is left of it.
        b'`' if before != Some('`') => code(text),
        b'!' => picture(text),
        b'[' if !linked => named_link(text),
        b'<' if !linked => bracketed_link(text),
        b'h' | b'H' if !linked => bare_link(text, before),
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
                sign: Sign::Style(Style::CODE),
            });
        }
        from = start + run;
    }
}

/// Up to where each delimiter is known not to close, so that openers without closers cost no more than their text.
type Unclosed = [usize; DELIMITERS.len()];

/// A delimiter at the start of a word, and the same at the end of one.
fn emphasis<'a>(text: &'a str, at: usize, before: Option<char>, unclosed: &mut Unclosed) -> Option<Span<'a>> {
    let kind = DELIMITERS.iter().position(|(delimiter, _)| text[at..].starts_with(delimiter))?;
    let (delimiter, style) = DELIMITERS[kind];
    let sign = delimiter.chars().next()?;
    let start = at + delimiter.len();
    let inside = window(&text[start..]);
    let opens = inside.starts_with(|next: char| next.is_alphanumeric() || "\"'([<`*_~".contains(next))
        && !inside.starts_with(sign)
        && !before.is_some_and(|before| before.is_alphanumeric() || before == sign);
    if !opens {
        return None;
    }
    let closes = |end: &usize| {
        let last = text[start..*end].chars().next_back();
        let next = text[end + delimiter.len()..].chars().next();
        last.is_some_and(|last| !last.is_whitespace() && last != sign)
            && !next.is_some_and(|next| next.is_alphanumeric() || next == sign)
    };
    // Whether a delimiter closes depends on its neighbours only, so what did not close before does not now.
    let known = text.floor_char_boundary(unclosed[kind]).clamp(start, start + inside.len());
    let looked_at = &text[known..start + inside.len()];
    let Some(end) = looked_at.match_indices(delimiter).map(|(found, _)| known + found).find(closes) else {
        unclosed[kind] = (start + inside.len()).saturating_sub(delimiter.len() - 1).max(unclosed[kind]);
        return None;
    };
    Some(Span { bytes: end + delimiter.len() - at, inner: &text[start..end], sign: Sign::Style(style) })
}

/// `![words](cid:…)`, a picture inside the mail.
fn picture(text: &str) -> Option<Span<'_>> {
    let inside = window(text).strip_prefix("![")?;
    let words = &inside[..inside.find(['[', ']'])?];
    let target = inside[words.len()..].strip_prefix("](cid:")?;
    let target = &target[..closing_parenthesis(target)?];
    let bytes = "![](cid:)".len() + words.len() + target.len();
    Some(Span { bytes, inner: words, sign: Sign::Picture(target) })
}

/// `[label](url)`. A label that itself looks like an address of another host is left as it stands, so that the
/// reader sees both.
fn named_link(text: &str) -> Option<Span<'_>> {
    let inside = window(&text[1..]);
    let label = &inside[..inside.find(['[', ']'])?];
    let target = inside[label.len()..].strip_prefix("](")?;
    let target = &target[..closing_parenthesis(target)?];
    if !is_target(target) || label.trim().is_empty() || link::misleads(label, target) {
        return None;
    }
    let bytes = "[](".len() + label.len() + target.len() + ")".len();
    Some(Span { bytes, inner: label, sign: Sign::Link(target, true) })
}

/// Where the parenthesis closes that was opened before the text; a URL may hold pairs of its own, but no space.
fn closing_parenthesis(text: &str) -> Option<usize> {
    // Openers that nothing closes are many in a hostile text; this look costs them a hundredth of the walk below.
    memchr::memchr(b')', text.as_bytes())?;
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
    let bytes = "<>".len() + target.len();
    if !is_target(target) {
        return None;
    }
    Some(Span { bytes, inner: target, sign: Sign::Link(target, false) })
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
    if !is_target(target) {
        return None;
    }
    Some(Span { bytes: target.len(), inner: target, sign: Sign::Link(target, false) })
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

/// Whether a reader may be sent there with one click, and where it ends is beyond doubt.
fn is_target(text: &str) -> bool {
    let forbidden = |c: char| c.is_whitespace() || c.is_control() || "<>\"`\\".contains(c);
    !text.contains(forbidden) && link::target(text).is_some()
}

/// The start of the text that one span may cover.
fn window(text: &str) -> &str {
    &text[..text.floor_char_boundary(SPAN_BYTES_MAX)]
}
