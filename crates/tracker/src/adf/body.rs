//! A body as the document that Jira shows: author, visible text, and what was folded under expanders.

use super::{Document, Kind, Node, one_line, render};
use mail::{Address, Hidden, HiddenKind};
use policy::Body;

/// Longest text field that Jira takes, in characters. Which characters of a document it counts is not documented, so
/// the whole JSON is counted here, in UTF-16 units, which can only be more.
pub const DOCUMENT_CHARS_MAX: usize = 32_767;

/// Longest name or address in the author line, in UTF-16 units.
const AUTHOR_CHARS_MAX: usize = 320;

/// How many left out pieces a note names one by one.
const PIECES_NAMED_MAX: usize = 5;

/// Room kept for the notes that say what was left out, and for the frame of the document.
const NOTES_CHARS_MAX: usize = 1000;

/// Where a cut text may lose this share of its end for the sake of ending with a whole line.
const LINE_END_SHARE: usize = 5;

/// How near the cut comes to the longest prefix that fits, in bytes.
const CUT_STEP_BYTES: usize = 64;

const NO_TEXT: &str = "(no text)";
const VISIBLE_CUT: &str = "The text goes on, but is longer than Jira allows. The mail gateway keeps the whole mail.";

/// The document for a body. It always fits: what is too long loses folded pieces first, the longest one first, then
/// the end of the visible text, and says so. Ask [`fits`] where more than that sentence is due, such as a copy of the mail as a file.
pub fn document(body: &Body) -> Document {
    let author: Vec<Node> = body.author.iter().map(author_line).collect();
    let room = DOCUMENT_CHARS_MAX - NOTES_CHARS_MAX - length(&author);
    let (visible, cut) = match shown(&body.visible, body.document.as_ref(), room) {
        Some(nodes) => (nodes, false),
        None => (longest_start(body, room), true),
    };
    let (hidden, left_out) = folded(&body.hidden, room.saturating_sub(length(&visible)));
    let mut content = author;
    content.extend(visible);
    content.extend(cut.then(|| Node::literal_paragraph(VISIBLE_CUT)));
    content.extend(hidden);
    content.extend(left_out_note(&left_out));
    if content.is_empty() {
        content.push(Node::literal_paragraph(NO_TEXT));
    }
    Document { content }
}

/// Whether the document holds the whole body, with nothing cut.
pub fn fits(body: &Body) -> bool {
    let author: Vec<Node> = body.author.iter().map(author_line).collect();
    let room = DOCUMENT_CHARS_MAX - NOTES_CHARS_MAX - length(&author);
    shown(&body.visible, body.document.as_ref(), room)
        .is_some_and(|visible| folded(&body.hidden, room.saturating_sub(length(&visible))).1.is_empty())
}

/// Who wrote it. Text and nothing else: an address that somebody wrote into a mail must not become a mention.
fn author_line(author: &Address) -> Node {
    let one_line = |text: &str| one_line(text, AUTHOR_CHARS_MAX);
    let address = one_line(&author.address);
    match author.name.as_deref().map(one_line) {
        Some(name) if !name.is_empty() && name != address => {
            Node::literal_paragraph(&format!("{name} <{address}> wrote:"))
        }
        _ => Node::literal_paragraph(&format!("{address} wrote:")),
    }
}

/// Length of the nodes in a list, separators included.
fn length(nodes: &[Node]) -> usize {
    nodes.iter().map(|node| node.length() + 1).sum()
}

/// The nodes of a text, by its layout where it has one, when they are not longer than `room`.
fn shown(text: &str, layout: Option<&mail::Document>, room: usize) -> Option<Vec<Node>> {
    let laid_out = layout.map(|layout| render::of_mail(&layout.blocks)).filter(|nodes| !nodes.is_empty());
    match laid_out {
        Some(nodes) if length(&nodes) <= room => Some(nodes),
        Some(_) => None,
        None => within(text, room),
    }
}

/// The start of a body that is too long: whole blocks of its layout, unless that leaves much room, else of its text.
fn longest_start(body: &Body, room: usize) -> Vec<Node> {
    let Some(layout) = &body.document else { return longest_prefix(&body.visible, room) };
    let mut nodes = render::of_mail(&layout.blocks);
    let mut total = 0;
    let fitting = nodes.iter().take_while(|node| {
        total += node.length() + 1;
        total <= room
    });
    nodes.truncate(fitting.count());
    if length(&nodes) * LINE_END_SHARE >= room * (LINE_END_SHARE - 1) {
        return nodes;
    }
    within(&body.visible, room).unwrap_or_else(|| longest_prefix(&body.visible, room))
}

/// The text's blocks, when they are not longer than `room`. A text that is longer by itself is not taken apart first:
/// markup makes it longer still.
fn within(text: &str, room: usize) -> Option<Vec<Node>> {
    let text = text.trim_end();
    if text.chars().take(room + 1).count() > room {
        return None;
    }
    let nodes = render::of_mail(&mail::Document::from_text(text).blocks);
    (length(&nodes) <= room).then_some(nodes)
}

/// The blocks of about the longest start of the text that fits, ending with a whole line where that costs little.
fn longest_prefix(text: &str, room: usize) -> Vec<Node> {
    let mut fitting = 0;
    // No UTF-16 unit takes more than three bytes of UTF-8.
    let mut too_long = text.len().min(room * 3) + 1;
    let mut best = Vec::new();
    while too_long - fitting > CUT_STEP_BYTES {
        let middle = text.floor_char_boundary(fitting.midpoint(too_long));
        match within(&text[..middle], room) {
            Some(nodes) => (fitting, best) = (middle, nodes),
            None => too_long = middle,
        }
    }
    let whole_lines = text[..fitting].rfind('\n').filter(|end| end * LINE_END_SHARE >= fitting * (LINE_END_SHARE - 1));
    whole_lines.and_then(|end| within(&text[..end], room)).unwrap_or(best)
}

/// The folded pieces that fit, in their order, and those that do not. The longest are left out first.
fn folded(pieces: &[Hidden], room: usize) -> (Vec<Node>, Vec<&Hidden>) {
    let mut expanders: Vec<Option<Node>> = pieces.iter().map(|piece| expander(piece, room)).collect();
    let mut lengths: Vec<(usize, usize)> =
        (0..).zip(&expanders).filter_map(|(at, node)| node.as_ref().map(|node| (node.length() + 1, at))).collect();
    lengths.sort_unstable();
    let mut total: usize = lengths.iter().map(|(length, _)| length).sum();
    while total > room {
        let Some((length, at)) = lengths.pop() else { break };
        expanders[at] = None;
        total -= length;
    }
    let left_out = pieces.iter().zip(&expanders).filter(|(_, node)| node.is_none()).map(|(piece, _)| piece);
    let left_out = left_out.filter(|piece| !piece.text.trim().is_empty()).collect();
    (expanders.into_iter().flatten().collect(), left_out)
}

/// The piece under its title; `None` when it is empty or too long for any room.
fn expander(piece: &Hidden, room: usize) -> Option<Node> {
    let content = shown(&piece.text, piece.document.as_ref(), room).filter(|content| !content.is_empty())?;
    Some(Node::element_with(Kind::Expand, "title", title(piece), content))
}

fn title(piece: &Hidden) -> String {
    match piece.kind {
        HiddenKind::Quote => match piece.text.lines().filter(|line| !line.trim().is_empty()).count() {
            1 => "1 quoted line".to_owned(),
            lines => format!("{lines} quoted lines"),
        },
        HiddenKind::Signature => "Signature".to_owned(),
        HiddenKind::Forward => "Forwarded message".to_owned(),
        HiddenKind::Disclaimer => "Disclaimer".to_owned(),
    }
}

fn left_out_note(pieces: &[&Hidden]) -> Option<Node> {
    if pieces.is_empty() {
        return None;
    }
    let mut names: Vec<String> = pieces.iter().take(PIECES_NAMED_MAX).map(|piece| title(piece)).collect();
    if pieces.len() > PIECES_NAMED_MAX {
        names.push(format!("{} more", pieces.len() - PIECES_NAMED_MAX));
    }
    Some(Node::literal_paragraph(&format!(
        "Left out here, because it is longer than Jira allows: {}. The mail gateway keeps the whole mail.",
        names.join(", ")
    )))
}
