//! Encoded words (RFC 2047) as mail contains them: split inside a character, unclosed, with spaces, or of no known charset.

use crate::charset;
use crate::transfer::Transfer;
use data_encoding::BASE64;

/// Text of a header value and what had to be mended to get it.
#[derive(Debug, Default)]
pub(crate) struct Decoded {
    pub text: String,
    pub fault: Option<&'static str>,
}

/// An encoded word where it stands.
struct Word<'a> {
    charset: &'a str,
    is_base64: bool,
    data: &'a str,
    /// Bytes from its beginning to its end.
    len: usize,
    fault: Option<&'static str>,
}

/// A charset's name is short; a longer one is no charset (IANA's longest has 45 characters).
const CHARSET_BYTES_MAX: usize = 60;

/// Decodes every encoded word of an unfolded value.
///
/// Words that follow each other in one charset are decoded together, because many programs cut them inside a
/// character (RFC 2047, section 5, forbids it). Linear, total.
pub(crate) fn decode(value: &str) -> Decoded {
    walk(value, |out, text| out.push_str(text))
}

/// Rewrites the encoded words of a structured value so that each is whole and in UTF-8, for a parser that reads one
/// at a time. A value without any stays as it is.
pub(crate) fn rewrite(value: &str) -> String {
    let wrap = |out: &mut String, text: &str| {
        out.push_str("=?utf-8?B?");
        out.push_str(&BASE64.encode(text.as_bytes()));
        out.push_str("?=");
    };
    walk(value, wrap).text
}

fn walk(value: &str, put: impl Fn(&mut String, &str)) -> Decoded {
    let mut found = Decoded::default();
    // The words before this place that are still to be decoded, as bytes of one charset.
    let mut open: Option<(&str, Vec<u8>)> = None;
    let mut rest = value;
    while let Some(start) = rest.find("=?") {
        let (before, at) = rest.split_at(start);
        let Some(word) = word(at) else {
            close(&mut found, &mut open, &put);
            found.text.push_str(&rest[..start + 2]);
            rest = &rest[start + 2..];
            continue;
        };
        let continues = open
            .as_ref()
            .is_some_and(|(charset, _)| before.trim().is_empty() && charset.eq_ignore_ascii_case(word.charset));
        if !continues {
            // White space between two words is no text (RFC 2047, section 6.2).
            let is_gap = open.is_some() && before.trim().is_empty();
            close(&mut found, &mut open, &put);
            found.text.push_str(if is_gap { "" } else { before });
            open = Some((word.charset, Vec::new()));
        }
        if let Some((_, bytes)) = &mut open {
            bytes.extend(bytes_of(&word));
        }
        found.fault = found.fault.or(word.fault);
        rest = &at[word.len..];
    }
    close(&mut found, &mut open, &put);
    found.text.push_str(rest);
    found
}

fn close(found: &mut Decoded, open: &mut Option<(&str, Vec<u8>)>, put: impl Fn(&mut String, &str)) {
    let Some((charset, bytes)) = open.take() else { return };
    let decoded = charset::decode(&bytes, Some(charset));
    found.fault = found.fault.or(decoded.fault.map(|_| "an encoded word is not in the charset it declares"));
    put(&mut found.text, &decoded.text);
}

/// The word at the start of `at`, which begins with `=?`.
fn word(at: &str) -> Option<Word<'_>> {
    let inner = &at[2..];
    let charset_end = inner.bytes().take(CHARSET_BYTES_MAX).position(|b| b == b'?')?;
    let charset = &inner[..charset_end];
    if charset.is_empty() || charset.bytes().any(|b| b.is_ascii_whitespace() || b == b'=') {
        return None;
    }
    let is_base64 = match inner.as_bytes().get(charset_end + 1)? {
        b'b' | b'B' => true,
        b'q' | b'Q' => false,
        _ => return None,
    };
    if inner.as_bytes().get(charset_end + 2) != Some(&b'?') {
        return None;
    }
    let data_start = 2 + charset_end + 3;
    let data = &at[data_start..];
    // A language may follow the charset (RFC 2231, section 5).
    let charset = charset.split('*').next().unwrap_or(charset);
    // Another word that begins before this one ends shows that this one was never closed.
    let next = data.find("=?").filter(|n| !data[..*n + 2].contains("?=") && !data[n + 1..].starts_with("?="));
    let end = data[..next.unwrap_or(data.len())].find("?=");
    let (data, len, fault) = match end {
        Some(end) => (&data[..end], data_start + end + 2, None),
        None => {
            let own = &data[..next.unwrap_or(data.len())];
            let stop = own.find(char::is_whitespace).unwrap_or(own.len());
            (data[..stop].trim_end_matches('?'), data_start + stop, Some("an encoded word is not closed"))
        }
    };
    let fault = fault.or(data.contains([' ', '\t']).then_some("an encoded word holds white space"));
    Some(Word { charset, is_base64, data, len, fault })
}

fn bytes_of(word: &Word) -> Vec<u8> {
    if word.is_base64 {
        return Transfer::Base64.decode(word.data.as_bytes()).into_owned();
    }
    // A fold inside the word left a space beside the underscore that is the space.
    let data = word.data.replace(" _", "_").replace("_ ", "_");
    let mut out = Vec::with_capacity(data.len());
    let data = data.as_bytes();
    let mut at = 0;
    while at < data.len() {
        let digit = |n: usize| data.get(at + n).and_then(|b| (*b as char).to_digit(16));
        match (data[at], digit(1), digit(2)) {
            (b'=', Some(high), Some(low)) => {
                out.push((high * 16 + low) as u8);
                at += 3;
            }
            (b'_', ..) => {
                out.push(b' ');
                at += 1;
            }
            (byte, ..) => {
                out.push(byte);
                at += 1;
            }
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_as_mail_contains_them() {
        for (value, text) in [
            ("plain", "plain"),
            ("=?utf-8?q?J=C3=B6?= x", "Jö x"),
            ("x=?utf-8?q?=C3=B6?=y", "xöy"),
            ("\"=?utf-8?Q?J=C3=B6?=\"", "\"Jö\""),
            ("=?utf-8?q?=C3?= =?UTF-8?q?=B6?=", "ö"),
            ("=?utf-8?b?5pel5pys6A==?= =?utf-8?b?qp4=?=", "日本語"),
            ("=?utf-8?q?a?==?utf-8?q?b?=", "ab"),
            ("=?utf-8?q?a?= =?iso-8859-1?q?=F6?=", "aö"),
            ("=?utf-8?q?a b?=", "a b"),
            ("=?utf-8?q?a _b?=", "a b"),
            ("=?utf-8?q?abc", "abc"),
            ("=?utf-8?b?YWJj", "abc"),
            ("=?utf-8?q?abc? def", "abc def"),
            ("=?utf-8?q?abc =?utf-8?q?d?=", "abcd"),
            ("=?utf-8?b?YWJ?=", "ab"),
            ("=?utf-8*en?q?abc?=", "abc"),
            ("=?utf-8?q?J=F6rg?=", "Jörg"),
            ("=?us-ascii?q?J=C3=B6?=", "Jö"),
            ("=?x-nope?q?J=C3=B6?=", "Jö"),
            ("=?gb2312?B?6UY=?=", "镕"),
            ("=?cp932?B?h0A=?=", "①"),
            ("=?utf-8?q?100%=zz?=", "100%=zz"),
            ("=?utf-8?q??= x", " x"),
            ("=?utf-7?q?+ADw-script?=", "+ADw-script"),
            ("a =? b =?= c =??q?x?=", "a =? b =?= c =??q?x?="),
            ("=?utf-8?x?abc?=", "=?utf-8?x?abc?="),
        ] {
            assert_eq!(decode(value).text, text, "{value}");
        }
    }

    #[test]
    fn what_was_mended_is_told() {
        assert_eq!(decode("=?utf-8?q?=C3?= =?utf-8?q?=B6?=").fault, None);
        assert_eq!(decode("=?utf-8?q?abc").fault, Some("an encoded word is not closed"));
        assert_eq!(decode("=?utf-8?q?a b?=").fault, Some("an encoded word holds white space"));
        assert_eq!(decode("=?utf-8?q?J=F6?=").fault, Some("an encoded word is not in the charset it declares"));
    }

    #[test]
    fn words_are_made_whole() {
        assert_eq!(rewrite("=?utf-8?q?=C3?= =?utf-8?q?=B6?= <a@b>"), "=?utf-8?B?w7Y=?= <a@b>");
        assert_eq!(rewrite("Jo <a@b>"), "Jo <a@b>");
    }
}
