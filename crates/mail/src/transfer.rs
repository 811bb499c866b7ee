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
    /// From the value of Content-Transfer-Encoding; what is not known leaves the bytes as they are.
    pub fn parse(value: &str) -> Transfer {
        match value.trim().to_ascii_lowercase().as_str() {
            "base64" => Transfer::Base64,
            "quoted-printable" => Transfer::QuotedPrintable,
            "x-uuencode" | "uuencode" | "x-uue" | "uue" => Transfer::Uuencode,
            _ => Transfer::Identity,
        }
    }

    pub fn decode<'a>(self, bytes: &'a [u8]) -> Cow<'a, [u8]> {
        match self {
            Transfer::Identity => Cow::Borrowed(bytes),
            Transfer::Base64 => Cow::Owned(base64(bytes)),
            Transfer::QuotedPrintable => Cow::Owned(quoted_printable(bytes)),
            Transfer::Uuencode => match uuencode::whole(bytes) {
                Some(block) => Cow::Owned(block.data),
                None => Cow::Borrowed(bytes),
            },
        }
    }
}

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

/// Characters outside the alphabet are skipped, as the RFC asks; the first padding ends the data, because what mailing
/// lists append after it is not part of the file.
fn base64(bytes: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(bytes.len() / 4 * 3 + 3);
    let (mut bits, mut count) = (0u32, 0u8);
    for &b in bytes {
        let digit = BASE64[b as usize];
        if digit != NO_DIGIT {
            bits = bits << 6 | u32::from(digit);
            count += 1;
            if count == 4 {
                out.extend_from_slice(&bits.to_be_bytes()[1..]);
                (bits, count) = (0, 0);
            }
        } else if b == b'=' && count >= 2 {
            break;
        }
    }
    match count {
        2 => out.push((bits >> 4) as u8),
        3 => out.extend_from_slice(&((bits >> 2) as u16).to_be_bytes()),
        _ => {}
    }
    out
}

/// An equals sign without two digits stays as it stood; white space at a line's end was added on the way and goes.
fn quoted_printable(bytes: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(bytes.len());
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
        let mut at = 0;
        while at < text.len() {
            let digits = text.get(at + 1..at + 3).and_then(|d| Some(hex(d[0])? << 4 | hex(d[1])?));
            match (text[at], digits) {
                (b'=', Some(byte)) => {
                    out.push(byte);
                    at += 3;
                }
                (b'=', None) if at + 1 == text.len() => at += 1,
                (byte, _) => {
                    out.push(byte);
                    at += 1;
                }
            }
        }
        if !soft {
            out.extend_from_slice(line_break);
        }
    }
    out
}

fn hex(digit: u8) -> Option<u8> {
    (digit as char).to_digit(16).map(|d| d as u8)
}
