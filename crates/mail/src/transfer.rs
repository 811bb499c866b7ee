//! Transfer encodings undone (RFC 2045, section 6): total, linear, and as forgiving as mail needs.

use crate::uuencode;
use std::borrow::Cow;

/// How a body was encoded for transport.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) enum Transfer {
    #[default]
    Identity,
    Base64,
    QuotedPrintable,
    /// No standard names it; mail before MIME left it behind.
    Uuencode,
}

impl Transfer {
    /// From the value of Content-Transfer-Encoding, whatever stands around the word; what is not known leaves the bytes
    /// as they are.
    pub fn parse(value: &str) -> Transfer {
        let word = value.split([';', '(', ' ']).find(|w| !w.is_empty()).unwrap_or("");
        let letters: String = word.chars().filter(char::is_ascii_alphanumeric).collect();
        match letters.to_ascii_lowercase().as_str() {
            "base64" | "b64" => Transfer::Base64,
            "quotedprintable" | "quotedprintible" | "qp" => Transfer::QuotedPrintable,
            "xuuencode" | "uuencode" | "xuue" | "uue" => Transfer::Uuencode,
            _ => Transfer::Identity,
        }
    }

    pub fn decode<'a>(self, bytes: &'a [u8]) -> Cow<'a, [u8]> {
        match self {
            Transfer::Identity => Cow::Borrowed(bytes),
            Transfer::Base64 if is_prose(bytes) => Cow::Borrowed(bytes),
            Transfer::Base64 => {
                let out = Vec::with_capacity(bytes.len() / 4 * 3 + 3);
                Cow::Owned(base64(bytes, out, |_| {}))
            }
            Transfer::QuotedPrintable => Cow::Owned(quoted_printable(bytes, Vec::with_capacity(bytes.len()), |_| {})),
            Transfer::Uuencode => match uuencode::whole(bytes) {
                Some(block) => Cow::Owned(block.data),
                None => Cow::Borrowed(bytes),
            },
        }
    }

    /// What [`Transfer::decode`] yields, piece by piece, so that a large file is never whole in memory.
    pub fn decode_pieces(self, bytes: &[u8], mut take: impl FnMut(&[u8])) {
        let flush = |out: &mut Vec<u8>| {
            if out.len() >= PIECE_BYTES {
                take(out);
                out.clear();
            }
        };
        let rest = match self {
            Transfer::Base64 if !is_prose(bytes) => base64(bytes, Vec::new(), flush),
            Transfer::QuotedPrintable => quoted_printable(bytes, Vec::new(), flush),
            _ => return take(&self.decode(bytes)),
        };
        take(&rest);
    }
}

/// About how long a piece is.
const PIECE_BYTES: usize = 64 * 1024;

const NO_DIGIT: u8 = 0xff;

const BASE64: [u8; 256] = {
    let alphabet = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut table = [NO_DIGIT; 256];
    let mut i = 0;
    while i < alphabet.len() {
        table[alphabet[i] as usize] = i as u8;
        i += 1;
    }
    table
};

/// Characters outside the alphabet are skipped, as the RFC asks. Padding ends the data, because what mailing lists append
/// after it is not part of the file; only where nothing but more data follows were several pieces put together.
fn base64(bytes: &[u8], mut out: Vec<u8>, mut flush: impl FnMut(&mut Vec<u8>)) -> Vec<u8> {
    let (mut bits, mut count) = (0u32, 0u8);
    // Whether only data follows the first padding; asked once, so that many paddings cost nothing more.
    let mut is_all_data: Option<bool> = None;
    let mut at = 0;
    while at < bytes.len() {
        if count == 0 {
            at += whole_quads(&bytes[at..bytes.len().min(at + PIECE_BYTES)], &mut out);
            flush(&mut out);
        }
        let Some(&b) = bytes.get(at) else { break };
        let digit = BASE64[b as usize];
        if digit != NO_DIGIT {
            bits = bits << 6 | u32::from(digit);
            count += 1;
            if count == 4 {
                out.extend_from_slice(&bits.to_be_bytes()[1..]);
                (bits, count) = (0, 0);
            }
        } else if b == b'=' && count >= 2 {
            push_rest(&mut out, bits, count);
            (bits, count) = (0, 0);
            if !*is_all_data.get_or_insert_with(|| is_data(&bytes[at..])) {
                break;
            }
        }
        at += 1;
    }
    push_rest(&mut out, bits, count);
    out
}

/// Decodes four digits at a time, as long as nothing else stands between; says how many bytes it took.
fn whole_quads(bytes: &[u8], out: &mut Vec<u8>) -> usize {
    let mut taken = 0;
    for quad in bytes.chunks_exact(4) {
        let digits = [0, 1, 2, 3].map(|n| BASE64[quad[n] as usize]);
        if digits.contains(&NO_DIGIT) {
            break;
        }
        let bits = digits.into_iter().fold(0, |bits, digit| bits << 6 | u32::from(digit));
        out.extend_from_slice(&bits.to_be_bytes()[1..]);
        taken += 4;
    }
    taken
}

/// Bytes by which text is told from data.
const SAMPLE_BYTES: usize = 1024;

/// Text that says it is base64 and is not: a sixth of it and more are signs and inner spaces that base64 never has.
fn is_prose(bytes: &[u8]) -> bool {
    const LEAST_BYTES: usize = 32;
    let sample = &bytes[..bytes.len().min(SAMPLE_BYTES)];
    let strange = sample
        .split(|&b| b == b'\n')
        .map(<[u8]>::trim_ascii)
        .map(|l| l.iter().filter(|&&b| b != b'=' && BASE64[b as usize] == NO_DIGIT).count())
        .sum::<usize>();
    sample.len() >= LEAST_BYTES && strange * 6 > sample.len()
}

/// Two or three digits before the end are one or two bytes.
fn push_rest(out: &mut Vec<u8>, bits: u32, count: u8) {
    match count {
        2 => out.push((bits >> 4) as u8),
        3 => out.extend_from_slice(&((bits >> 2) as u16).to_be_bytes()),
        _ => {}
    }
}

/// Lines of base64 that follow a padding, at least one and all of them whole.
fn is_data(rest: &[u8]) -> bool {
    let is_line =
        |line: &[u8]| line.len().is_multiple_of(4) && line.iter().all(|&b| b == b'=' || BASE64[b as usize] != NO_DIGIT);
    let mut lines = rest.split(|&b| b == b'\n').map(<[u8]>::trim_ascii).filter(|l| !l.is_empty());
    lines.next().is_some_and(|first| first.iter().all(|&b| b == b'=')) && lines.all(is_line)
}

/// An equals sign without two digits stays as it stood; white space at a line's end was added on the way and goes.
fn quoted_printable(bytes: &[u8], mut out: Vec<u8>, mut flush: impl FnMut(&mut Vec<u8>)) -> Vec<u8> {
    for line in bytes.split_inclusive(|&b| b == b'\n') {
        let text = line.trim_ascii_end();
        let line_break: &[u8] = if line.ends_with(b"\r\n") {
            b"\r\n"
        } else if line.ends_with(b"\n") {
            b"\n"
        } else {
            b""
        };
        let soft = text.last() == Some(&b'=');
        let mut rest = text;
        while let Some(sign) = memchr::memchr(b'=', rest) {
            out.extend_from_slice(&rest[..sign]);
            let digits = rest.get(sign + 1..sign + 3).and_then(|d| Some(hex(d[0])? << 4 | hex(d[1])?));
            rest = &rest[sign + 1..];
            match digits {
                Some(byte) => {
                    out.push(byte);
                    rest = &rest[2..];
                }
                None if rest.is_empty() => {}
                None => out.push(b'='),
            }
        }
        out.extend_from_slice(rest);
        if !soft {
            out.extend_from_slice(line_break);
        }
        flush(&mut out);
    }
    out
}

fn hex(digit: u8) -> Option<u8> {
    (digit as char).to_digit(16).map(|d| d as u8)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn base64_as_mail_contains_it() {
        for (text, decoded) in [
            ("aGVsbG8gd29ybGQ=", "hello world"),
            ("aGVs*bG8g\n d29!ybGQ=", "hello world"),
            ("aGVsbG8gd29ybGQ", "hello world"),
            ("aGVsbG8gd29ybGQ====", "hello world"),
            ("aGVsbG8=\r\nIHdvcmxk\r\n", "hello world"),
            ("aGVsbG8=\nIHdvcmw=\nZA==\n", "hello world"),
            ("aGVsbG8gd29ybGQ=\n--\nThis list is for talk\n", "hello world"),
            ("aGVsbG8gd29ybGQ=\nfooter\n", "hello world"),
            ("====", ""),
            ("This is no base64 at all, really.\nSo be it.", "This is no base64 at all, really.\nSo be it."),
        ] {
            assert_eq!(String::from_utf8_lossy(&Transfer::Base64.decode(text.as_bytes())), decoded, "{text}");
        }
    }

    #[test]
    fn pieces_are_the_whole() {
        let text = "aGVs*bG8g\n d29!ybGQ\r\n".repeat(20_000);
        let quoted = "=C3=B6 = x=\r\n y \r\n".repeat(20_000);
        let padded = "aGVsbG8=\r\n".repeat(20_000);
        for (transfer, text) in [
            (Transfer::Base64, &text),
            (Transfer::Base64, &padded),
            (Transfer::QuotedPrintable, &quoted),
            (Transfer::Identity, &quoted),
        ] {
            let (mut whole, mut pieces) = (Vec::new(), 0);
            transfer.decode_pieces(text.as_bytes(), |piece| {
                whole.extend_from_slice(piece);
                pieces += 1;
            });
            assert!(whole == *transfer.decode(text.as_bytes()), "{transfer:?}");
            assert!(pieces > 1 || transfer == Transfer::Identity, "{transfer:?} in {pieces} pieces");
        }
    }

    #[test]
    fn quoted_printable_as_mail_contains_it() {
        let decode =
            |text: &str| String::from_utf8_lossy(&Transfer::QuotedPrintable.decode(text.as_bytes())).into_owned();
        assert_eq!(decode("=c3=B6 100=zz =3 =\nx="), "ö 100=zz =3 x");
        assert_eq!(decode("a  \r\nb"), "a\r\nb");
    }

    #[test]
    fn names_of_encodings() {
        for name in ["base64", " BASE64 ", "\"base64\"", "base64 (yes)", "base64;", "base-64"] {
            assert_eq!(Transfer::parse(name), Transfer::Base64, "{name}");
        }
        for name in ["quoted-printable", "Quoted-Printable;", "quoted/printable", "'quoted-printable'"] {
            assert_eq!(Transfer::parse(name), Transfer::QuotedPrintable, "{name}");
        }
        for name in ["x-uuencode", "X-UUE", "uuencode"] {
            assert_eq!(Transfer::parse(name), Transfer::Uuencode, "{name}");
        }
        for name in ["8bit", "7bit;", "binary", "", "yenc"] {
            assert_eq!(Transfer::parse(name), Transfer::Identity, "{name}");
        }
    }
}
