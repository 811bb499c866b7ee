//! Parameters in pieces and with a charset (RFC 2231), joined before they are decoded.

use crate::charset;

/// Pieces of one parameter that are joined; a name has no more.
const PIECES_MAX: usize = 100;

/// The value on one line and without white space around the equals signs of its parameters: Outlook folds there, and
/// mail-parser then sees no value.
pub(crate) fn straightened(value: &[u8]) -> Vec<u8> {
    let mut out: Vec<u8> = Vec::with_capacity(value.len() + 1);
    let (mut is_quoted, mut is_escaped) = (false, false);
    for &byte in value {
        if matches!(byte, b'\r' | b'\n') {
            continue;
        }
        if !is_quoted && byte == b'=' && !out.ends_with(b"=") {
            out.truncate(out.trim_ascii_end().len());
        }
        if is_quoted || !byte.is_ascii_whitespace() || out.last() != Some(&b'=') {
            out.push(byte);
        }
        is_quoted ^= byte == b'"' && !is_escaped;
        is_escaped = byte == b'\\' && !is_escaped;
    }
    out.push(b'\n');
    out
}

struct Piece<'a> {
    number: usize,
    is_encoded: bool,
    value: &'a str,
}

/// The value of a parameter that stands in pieces (`name*0*`, `name*1`) or has a charset (`name*`), if it does.
///
/// Pieces count in the order of their numbers, a missing one leaves no gap. They are joined as bytes, because programs
/// cut inside a character. Such a value goes before a plain one of the same name (RFC 6266, section 4.3).
pub(crate) fn extended(header_value: &str, name: &str) -> Option<String> {
    let mut pieces: Vec<Piece> = parts(header_value).filter_map(|p| piece(p, name)).take(PIECES_MAX).collect();
    if pieces.is_empty() {
        return None;
    }
    pieces.sort_by_key(|p| p.number);
    let mut label = None;
    let mut bytes = Vec::new();
    for (n, piece) in pieces.iter().enumerate() {
        let mut value = piece.value;
        if n == 0 && piece.is_encoded {
            let mut halves = value.splitn(3, '\'');
            if let (Some(charset), Some(_), Some(rest)) = (halves.next(), halves.next(), halves.next()) {
                label = Some(charset).filter(|c| !c.is_empty());
                value = rest;
            }
        }
        if piece.is_encoded {
            percent(value, &mut bytes);
        } else {
            bytes.extend(value.replace("\\\"", "\"").bytes());
        }
    }
    Some(charset::decode(&bytes, label).text).filter(|v| !v.is_empty())
}

/// The parameters of a value: what stands between semicolons outside quotes.
fn parts(value: &str) -> impl Iterator<Item = &str> {
    let (mut is_quoted, mut is_escaped) = (false, false);
    value.split(move |c| {
        let ends = c == ';' && !is_quoted;
        is_quoted ^= c == '"' && !is_escaped;
        is_escaped = c == '\\' && !is_escaped;
        ends
    })
}

fn piece<'a>(part: &'a str, name: &str) -> Option<Piece<'a>> {
    let (key, value) = part.split_once('=')?;
    let key = key.trim();
    let (stem, marks) = key.split_once('*')?;
    if !stem.trim().eq_ignore_ascii_case(name) {
        return None;
    }
    let is_encoded = marks.ends_with('*') || marks.is_empty();
    let number = marks.trim_end_matches('*');
    let number = if number.is_empty() { 0 } else { number.trim().parse().ok()? };
    let value = value.trim();
    let inner = value.strip_prefix('"').map(|v| v.strip_suffix('"').unwrap_or(v));
    Some(Piece { number, is_encoded, value: inner.unwrap_or(value) })
}

fn percent(value: &str, out: &mut Vec<u8>) {
    let bytes = value.as_bytes();
    let mut at = 0;
    while at < bytes.len() {
        let digit = |n: usize| bytes.get(at + n).and_then(|b| (*b as char).to_digit(16));
        match (bytes[at], digit(1), digit(2)) {
            (b'%', Some(high), Some(low)) => {
                out.push((high * 16 + low) as u8);
                at += 3;
            }
            (byte, ..) => {
                out.push(byte);
                at += 1;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_in_pieces() {
        for (value, expected) in [
            ("attachment; filename*=utf-8''J%C3%B6.pdf", Some("Jö.pdf")),
            ("attachment; filename*=iso-8859-1'de'J%F6.pdf", Some("Jö.pdf")),
            ("attachment; filename*=utf-8''J%F6.pdf", Some("Jö.pdf")),
            ("attachment; filename*=\"utf-8''J%C3%B6.pdf\"", Some("Jö.pdf")),
            ("attachment; filename*=J%C3%B6.pdf", Some("Jö.pdf")),
            ("attachment; filename*0=\"a\"; filename*1=\"b.pdf\"", Some("ab.pdf")),
            ("attachment; filename*1=\"b.pdf\"; filename*0=\"a\"", Some("ab.pdf")),
            ("attachment; filename*0=\"a\"; filename*2=\"c.pdf\"", Some("ac.pdf")),
            ("attachment; filename*0*=utf-8''J%C3; filename*1*=%B6.pdf", Some("Jö.pdf")),
            ("attachment; filename*0*=utf-8''J%C3%B6; filename*1=\" 100%.pdf\"", Some("Jö 100%.pdf")),
            ("attachment; filename=\"x*=y;z\"; filename*=utf-8''a", Some("a")),
            ("attachment; filename=\"plain.pdf\"", None),
            ("attachment; name*=utf-8''a", None),
            ("attachment; filename*x=a", None),
            ("", None),
        ] {
            assert_eq!(extended(value, "filename").as_deref(), expected, "{value}");
        }
    }
}
