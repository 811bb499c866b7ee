//! A body as wiki markup: author, visible text, and what was folded, each under its title.

use super::SUMMARY_CHARS_MAX;
use crate::wiki;
use mail::{Address, Document, Hidden, HiddenKind};
use policy::Body;

/// Longest text field that Jira takes unless its administrator says otherwise, in UTF-16 units.
pub const MARKUP_CHARS_MAX: usize = 32_767;

/// Room kept for the notes that say what was left out.
const NOTES_CHARS_MAX: usize = 500;

const NO_TEXT: &str = "(no text)";
const VISIBLE_CUT: &str = "The text goes on, but is longer than Jira allows. The mail gateway keeps the whole mail.";
const PIECE_CUT: &str =
    "Something was left out here, because it is longer than Jira allows. The mail gateway keeps the whole mail.";

/// The markup for a body. It always fits: folded pieces that are too long go first, then the end of the visible text, and a
/// sentence says so.
pub(super) fn markup(body: &Body) -> String {
    let room = MARKUP_CHARS_MAX - NOTES_CHARS_MAX;
    let mut text = body.author.as_ref().map(author_line).unwrap_or_default();
    let mut left = room.saturating_sub(units(&text));
    let (visible, cut) = within(&body.visible, body.document.as_ref(), left);
    append(&mut text, &visible);
    if cut {
        append(&mut text, &literal(VISIBLE_CUT));
    }
    left = room.saturating_sub(units(&text));
    let mut left_out = false;
    for piece in &body.hidden {
        match folded(piece).filter(|markup| units(markup) + 2 <= left) {
            Some(markup) => {
                left -= units(&markup) + 2;
                append(&mut text, &markup);
            }
            None => left_out |= !piece.text.trim().is_empty(),
        }
    }
    if left_out {
        append(&mut text, &literal(PIECE_CUT));
    }
    if text.is_empty() { literal(NO_TEXT) } else { text }
}

/// The words of wiki markup, good enough to know a quote by: escapes undone, macros and their frames gone.
pub(super) fn plain(markup: &str) -> String {
    let mut words = String::with_capacity(markup.len());
    for line in markup.lines() {
        let line = line.trim_end();
        let is_frame = line.starts_with('{') && line.ends_with('}') && !line[1..line.len() - 1].contains(['{', '}']);
        if is_frame {
            continue;
        }
        let mut characters = line.chars();
        while let Some(c) = characters.next() {
            match c {
                '\\' => words.extend(characters.next()),
                c => words.push(c),
            }
        }
        words.push('\n');
    }
    for (number, character) in
        [("&#92;", "\\"), ("&#104;", "h"), ("&#72;", "H"), ("&#98;", "b"), ("&#66;", "B"), ("&amp;", "&")]
    {
        words = words.replace(number, character);
    }
    words.trim_end().to_owned()
}

fn append(text: &mut String, block: &str) {
    if !text.is_empty() && !block.is_empty() {
        text.push_str("\n\n");
    }
    text.push_str(block);
}

fn units(text: &str) -> usize {
    text.encode_utf16().count()
}

fn literal(words: &str) -> String {
    wiki::markup(&Document::literal(words), &[])
}

fn author_line(author: &Address) -> String {
    let one_line = |text: &str| crate::adf::one_line(text, SUMMARY_CHARS_MAX);
    let address = one_line(&author.address);
    match author.name.as_deref().map(one_line) {
        Some(name) if !name.is_empty() && name != address => literal(&format!("{name} <{address}> wrote:")),
        _ => literal(&format!("{address} wrote:")),
    }
}

/// The markup of a text, or of the longest start of it that fits, and whether something was cut. Escapes make a text longer by
/// an amount that only writing it tells, so the fitting length is searched for.
fn within(text: &str, layout: Option<&Document>, room: usize) -> (String, bool) {
    let whole = match layout {
        Some(layout) => wiki::markup(layout, &[]),
        None => wiki::markup(&Document::from_text(text.trim_end()), &[]),
    };
    if units(&whole) <= room {
        return (whole, false);
    }
    let (mut fitting, mut too_long) = (0, text.len().min(room * 3) + 1);
    let mut best = String::new();
    while too_long - fitting > 64 {
        let middle = text.floor_char_boundary(fitting.midpoint(too_long));
        let markup = wiki::markup(&Document::from_text(&text[..middle]), &[]);
        match units(&markup) <= room {
            true => (fitting, best) = (middle, markup),
            false => too_long = middle,
        }
    }
    (best, true)
}

/// A piece in a panel under its title; `None` when it is empty. A panel is closed by whatever stands like its end, so the
/// markup inside is written from a document, in which no brace is bare.
fn folded(piece: &Hidden) -> Option<String> {
    let inner = match &piece.document {
        Some(document) => wiki::markup(document, &[]),
        None => wiki::markup(&Document::from_text(piece.text.trim_end()), &[]),
    };
    if inner.trim().is_empty() {
        return None;
    }
    let title = match piece.kind {
        HiddenKind::Quote => "Quoted text",
        HiddenKind::Signature => "Signature",
        HiddenKind::Forward => "Forwarded message",
        HiddenKind::Disclaimer => "Disclaimer",
    };
    Some(format!("{{panel:title={title}}}\n{inner}\n{{panel}}"))
}
