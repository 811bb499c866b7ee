//! Where the parts of a multipart begin and end (RFC 2046, section 5.1.1), and where they do when its boundary lies.

use crate::field::line_end;
use std::ops::Range;

/// The pieces between the boundary lines of one multipart body.
#[derive(Default)]
pub(super) struct Cut {
    pub parts: Vec<Range<usize>>,
    pub faults: Vec<&'static str>,
}

/// What a line is to a boundary.
enum Line {
    Opens,
    Closes,
    Other,
}

impl Line {
    /// Lines that are exactly `--boundary` or `--boundary--`, white space after them aside: a longer line belongs to
    /// another boundary of which this one is a prefix. After the closing one some programs write more.
    fn of(line: &[u8], boundary: &[u8]) -> Line {
        let Some(rest) = line.strip_prefix(b"--").and_then(|l| l.strip_prefix(boundary)) else { return Line::Other };
        match rest {
            _ if rest.trim_ascii().is_empty() => Line::Opens,
            [b'-', b'-', after @ ..] if after.first().is_none_or(u8::is_ascii_whitespace) => Line::Closes,
            _ => Line::Other,
        }
    }
}

/// Cuts a body at its boundary, at most `parts_max` parts; one pass.
///
/// A boundary that opens again after it closed was used for an inner multipart as well. Its parts then stand beside the
/// outer ones, so that none is lost.
pub(super) fn cut(body: &[u8], boundary: &[u8], parts_max: usize) -> Cut {
    let mut found = Cut::default();
    let mut open: Option<usize> = None;
    let mut closed = false;
    let mut at = 0;
    while at < body.len() && found.parts.len() < parts_max {
        let end = line_end(body, at);
        let line = Line::of(&body[at..end], boundary);
        if !matches!(line, Line::Other) {
            found.parts.extend(open.take().map(|start| start..before_line_break(body, start, at)));
        }
        match line {
            Line::Opens if closed && !begins_part(&body[end..]) => {
                // Nothing that looks like a part; it stays in the raw mail alone, and whoever reads must know.
                found.faults.push("a boundary stands after the end of its multipart");
            }
            Line::Opens => {
                if std::mem::take(&mut closed) {
                    found.faults.push("a multipart goes on after its end");
                }
                open = Some(end);
            }
            Line::Closes => closed = true,
            Line::Other => {}
        }
        at = end;
    }
    if found.parts.len() >= parts_max {
        return found;
    }
    found.parts.extend(open.map(|start| start..body.len()));
    if !closed && !found.parts.is_empty() {
        found.faults.push("a multipart is not closed");
    }
    found
}

/// The line break before a boundary line belongs to the boundary.
fn before_line_break(body: &[u8], start: usize, at: usize) -> usize {
    let part = &body[start..at];
    let mut part = part.strip_suffix(b"\n").unwrap_or(part);
    while let Some(shorter) = part.strip_suffix(b"\r") {
        part = shorter;
    }
    start + part.len()
}

/// Bytes in which the boundary that is really used is looked for.
const LOOKED_AT_BYTES: usize = 64 * 1024;
/// A boundary has at most 70 characters (RFC 2046, section 5.1.1); some programs write more.
const BOUNDARY_BYTES_MAX: usize = 200;

/// The boundary that really separates the parts: the first line with two dashes that a part's header follows.
pub(super) fn actual(body: &[u8]) -> Option<&[u8]> {
    let mut at = 0;
    while at < body.len().min(LOOKED_AT_BYTES) {
        let end = line_end(body, at);
        let line = body[at..end].trim_ascii_end();
        let boundary = line.strip_prefix(b"--").filter(|b| !b.is_empty() && b.len() <= BOUNDARY_BYTES_MAX);
        if let Some(boundary) = boundary.filter(|_| begins_part(&body[end..])) {
            return Some(boundary);
        }
        at = end;
    }
    None
}

/// Whether a part's header stands here: a field of any name, or the empty line of a part that has none.
fn begins_part(body: &[u8]) -> bool {
    const NAME_BYTES_MAX: usize = 76;
    let line = &body[..line_end(body, 0)];
    if line.trim_ascii().is_empty() {
        return !body.trim_ascii().is_empty();
    }
    let name = line.iter().position(|b| *b == b':').filter(|length| (1..=NAME_BYTES_MAX).contains(length));
    name.is_some_and(|length| line[..length].iter().all(|b| b.is_ascii_alphanumeric() || *b == b'-'))
}
