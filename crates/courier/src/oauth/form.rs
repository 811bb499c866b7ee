//! Names and values as URLs and requests for tokens carry them: escaped, and read back.

use std::fmt::Write;
use zeroize::Zeroizing;

/// `application/x-www-form-urlencoded` with every octet escaped that is not plainly a letter or a digit.
pub fn written<'f>(form: impl IntoIterator<Item = (&'f str, &'f str)>) -> Zeroizing<String> {
    let mut text = Zeroizing::new(String::new());
    for (name, value) in form {
        if !text.is_empty() {
            text.push('&');
        }
        text.push_str(name);
        text.push('=');
        write_escaped(&mut text, value);
    }
    text
}

/// Adds a text with every octet escaped that is not plainly a letter or a digit, so that it ends no segment of a path and no value.
pub(crate) fn write_escaped(out: &mut String, text: &str) {
    for byte in text.bytes() {
        match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'.' | b'_' => out.push(char::from(byte)),
            // Writing to a String cannot fail.
            _ => drop(write!(out, "%{byte:02X}")),
        }
    }
}

/// The value of this name; `None` when it is not there, stands twice (RFC 6749, section 3.1) or is no text.
pub(super) fn value(text: &str, name: &str) -> Option<Zeroizing<String>> {
    let mut found = text.split('&').filter_map(|pair| pair.split_once('=')).filter(|(found, _)| *found == name);
    let (_, value) = found.next()?;
    if found.next().is_some() {
        return None;
    }
    let (mut bytes, mut rest) = (Zeroizing::new(Vec::with_capacity(value.len())), value.as_bytes());
    while let [first, more @ ..] = rest {
        rest = more;
        match (first, more) {
            (b'+', _) => bytes.push(b' '),
            (b'%', [high, low, more @ ..]) => {
                let digit = |byte: &u8| char::from(*byte).to_digit(16);
                bytes.push(u8::try_from(digit(high)? * 16 + digit(low)?).ok()?);
                rest = more;
            }
            (b'%', _) => return None,
            (byte, _) => bytes.push(*byte),
        }
    }
    std::str::from_utf8(&bytes).ok().map(|text| Zeroizing::new(text.to_owned()))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn forms_are_escaped_and_read_back() {
        let form = [("scope", "a b&c=d"), ("x", "\u{e9}")];
        assert_eq!(written(form).as_str(), "scope=a%20b%26c%3Dd&x=%C3%A9");
        for (name, text) in form {
            assert_eq!(value(&written(form), name).unwrap().as_str(), text);
        }
        assert_eq!(value("a=b+c", "a").unwrap().as_str(), "b c");
        for broken in ["", "a", "b=1", "a=1&a=1", "a=%", "a=%4", "a=%zz", "a=%ff"] {
            assert!(value(broken, "a").is_none(), "{broken}");
        }
    }
}
