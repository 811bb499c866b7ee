//! Pictures that stand in a page itself, as `data:` URLs in base64 (RFC 2397): what they hold, and the id by which the text
//! shows them. They become parts of the mail, so that what was pasted into a text is a file like any other.

use crate::transfer::Transfer;
use aws_lc_rs::digest;
use data_encoding::HEXLOWER;
use std::borrow::Cow;
use std::collections::HashSet;

/// How such a URL begins.
const START: &[u8] = b"data:image/";
/// The longest media type, parameters included.
const TYPE_BYTES_MAX: usize = 100;
/// Digits of the digest in an id: as hard to hit by chance as a UUID.
const ID_DIGITS: usize = 32;

/// Signs of base64 that page builders write as references of HTML.
const REFERENCES: [(&str, &str); 12] = [
    ("&#43;", "+"),
    ("&#x2b;", "+"),
    ("&#x2B;", "+"),
    ("&plus;", "+"),
    ("&#47;", "/"),
    ("&#x2f;", "/"),
    ("&#x2F;", "/"),
    ("&#61;", "="),
    ("&#x3d;", "="),
    ("&#x3D;", "="),
    ("&#10;", ""),
    ("&#13;", ""),
];

/// The URL of a picture, taken apart.
struct DataUrl<'a> {
    content_type: String,
    payload: &'a str,
}

/// A picture that stands in a page.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct DataPicture {
    pub content_type: String,
    pub content_id: String,
    pub data: Vec<u8>,
}

/// The id of the picture that an attribute holds; `None` when it holds none in base64. The same bytes have the same id, in a page
/// as it was sent and as it was parsed.
pub(crate) fn content_id(value: &str) -> Option<String> {
    url(value).map(|url| id_of(&url))
}

/// The pictures in the `src` attributes of a page, at most `pictures_max` and one more, each content once. Linear.
pub(crate) fn find(html: &[u8], pictures_max: usize) -> Vec<DataPicture> {
    let mut found: Vec<DataPicture> = Vec::new();
    let mut known = HashSet::new();
    let mut at = 0;
    while let Some(start) = memchr::memmem::find(&html[at..], START).map(|offset| at + offset) {
        let value = value_of_source(html, start);
        at = start + value.map_or(START.len(), <[u8]>::len);
        let Some(text) = value.and_then(|value| std::str::from_utf8(value).ok()) else { continue };
        let text = without_references(text);
        let Some(url) = url(&text) else { continue };
        let content_id = id_of(&url);
        let data = Transfer::Base64.decode(url.payload.as_bytes()).into_owned();
        if data.is_empty() || !known.insert(content_id.clone()) {
            continue;
        }
        found.push(DataPicture { content_type: url.content_type, content_id, data });
        if found.len() > pictures_max {
            break;
        }
    }
    found
}

/// The value that begins at `start`, when it is that of a `src` attribute.
fn value_of_source(html: &[u8], start: usize) -> Option<&[u8]> {
    let before = html[..start].trim_ascii_end();
    let (before, quote) = match before.split_last()? {
        (quote @ (b'"' | b'\''), rest) => (rest.trim_ascii_end(), Some(*quote)),
        _ => (before, None),
    };
    let (equals, name) = before.split_last()?;
    let name = name.trim_ascii_end();
    let is_source = *equals == b'=' && name.len() >= 3 && name[name.len() - 3..].eq_ignore_ascii_case(b"src");
    if !is_source {
        return None;
    }
    let rest = &html[start..];
    let end = match quote {
        Some(quote) => memchr::memchr(quote, rest)?,
        None => rest.iter().position(|byte| byte.is_ascii_whitespace() || *byte == b'>').unwrap_or(rest.len()),
    };
    Some(&rest[..end])
}

fn without_references(text: &str) -> Cow<'_, str> {
    if !text.contains('&') {
        return Cow::Borrowed(text);
    }
    let mut text = text.to_owned();
    for (reference, sign) in REFERENCES {
        text = text.replace(reference, sign);
    }
    Cow::Owned(text)
}

fn url(value: &str) -> Option<DataUrl<'_>> {
    let value = value.trim();
    if !value.as_bytes().starts_with(START) {
        return None;
    }
    let head = value.as_bytes().iter().take(TYPE_BYTES_MAX + START.len()).position(|byte| *byte == b',')?;
    let (head, payload) = (value.get("data:".len()..head)?, value.get(head + 1..)?);
    let (kind, encoding) = head.rsplit_once(';')?;
    let content_type = kind.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
    let is_plain = content_type.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"/+-.".contains(&byte));
    (encoding.trim().eq_ignore_ascii_case("base64") && is_plain).then_some(DataUrl { content_type, payload })
}

/// From the letters of the payload, white space aside: parsers keep or drop it.
fn id_of(url: &DataUrl) -> String {
    let mut digest = digest::Context::new(&digest::SHA256);
    digest.update(url.content_type.as_bytes());
    for piece in url.payload.split_ascii_whitespace() {
        digest.update(piece.as_bytes());
    }
    let hex = HEXLOWER.encode(digest.finish().as_ref());
    format!("{}@data", hex.get(..ID_DIGITS).unwrap_or(&hex))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(html: &str) -> Vec<(String, Vec<u8>)> {
        find(html.as_bytes(), 10).into_iter().map(|one| (one.content_type, one.data)).collect()
    }

    #[test]
    fn a_picture_in_a_page_is_found_and_has_the_id_of_its_attribute() {
        let html = "<p>See<img alt=x src = \"data:image/png;base64,aGk&#43;\r\n aGk=\"></p>";
        let pictures = find(html.as_bytes(), 10);
        assert_eq!(pictures.len(), 1);
        assert_eq!(pictures[0].content_type, "image/png");
        let parsed = content_id(" data:image/png;base64,aGk+\n aGk= ");
        assert_eq!(parsed.as_deref(), Some(pictures[0].content_id.as_str()));
        assert_ne!(content_id("data:image/png;base64,aGk+"), parsed);
    }

    #[test]
    fn quotes_or_none_and_each_content_once() {
        assert_eq!(found("<img src='data:image/gif;base64,aGk='>"), [("image/gif".into(), b"hi".to_vec())]);
        assert_eq!(found("<img src=data:image/gif;base64,aGk= width=1>").len(), 1);
        let twice = "<img src='data:image/gif;base64,aGk='><IMG SRC='data:image/gif;base64,aGk='>";
        assert_eq!(found(twice).len(), 1);
        let many: String = (0..50).map(|n| format!("<img src='data:image/gif;base64,aGk{n:02}='>")).collect();
        assert_eq!(find(many.as_bytes(), 10).len(), 11, "one more than the limit tells that it was reached");
    }

    #[test]
    fn what_is_no_picture_of_the_page_is_left_alone() {
        for html in [
            "data:image/png;base64,aGk=",
            "<a href='data:image/png;base64,aGk='>x</a>",
            "<td style=\"background:url('data:image/png;base64,aGk=')\">",
            "<img src='data:text/html;base64,aGk='>",
            "<img src='data:image/svg+xml,%3Csvg%3E'>",
            "<img src='data:image/png;base64,'>",
            "<img src='data:image/png;base64,aGk=",
            "<img src='data:image/p\u{e4}g;base64,aGk='>",
        ] {
            assert_eq!(found(html), [], "{html}");
        }
    }
}
