//! Pictures that a mail carries itself, put into its safe HTML, because the sandboxed page can ask for nothing.

use super::views::Looked;
use crate::Console;
use crate::reader::{BODY, Part, View};
use axum::body::Bytes;
use data_encoding::BASE64;
use policy::Fault;
use std::collections::HashMap;
use tokio::sync::mpsc;

/// Different pictures that are put in; each costs one reading of the mail.
const PICTURES_MAX: usize = 20;
/// Bytes of one picture.
const PICTURE_BYTES_MAX: u64 = 2 * 1024 * 1024;
/// Bytes of all of them: a page of HTML that holds them is a third larger.
const PICTURES_BYTES_MAX: u64 = 8 * 1024 * 1024;
/// What browsers show as a picture and never run; SVG is a document.
const TYPES: [&str; 5] = ["image/png", "image/jpeg", "image/gif", "image/webp", "image/bmp"];

const SOURCE: &str = " src=\"cid:";

/// HTML of the mail with the pictures that the mail brings; those that are too many, too large or of another type are left out. `Err` only
/// when the mail cannot be read at all.
pub(super) async fn with_pictures(
    console: &Console,
    looked: &Looked,
    view: &View,
    html: &str,
) -> Result<String, Fault> {
    let mut found: HashMap<&str, String> = HashMap::new();
    let mut left = PICTURES_BYTES_MAX;
    for name in names(html) {
        let Some((part, true_type)) = picture(view, &decoded(name), left) else { continue };
        if found.len() >= PICTURES_MAX || found.contains_key(name) {
            continue;
        }
        let bytes = bytes_of(console, looked, part).await?;
        left = left.saturating_sub(bytes.len() as u64);
        found.insert(name, format!("data:{true_type};base64,{}", BASE64.encode(&bytes)));
    }
    Ok(put_in(html, &found))
}

/// The part that a `cid:` names (RFC 2392), if it is one to show, and its type by its first bytes.
fn picture<'a>(view: &'a View, content_id: &str, left_bytes: u64) -> Option<(&'a Part, &'static str)> {
    let part = view.parts.iter().find(|part| part.content_id.as_deref() == Some(content_id))?;
    let true_type = TYPES.into_iter().find(|known| part.true_type.as_deref() == Some(known))?;
    (part.size_bytes <= PICTURE_BYTES_MAX.min(left_bytes)).then_some((part, true_type))
}

/// The page that a letter of ours has, as it is sent, with its styles; `None` where it has none.
pub(super) async fn own_page(console: &Console, looked: &Looked, view: &View) -> Result<Option<String>, Fault> {
    // A file that goes along is somebody else's.
    let is_page = |part: &&Part| part.class == BODY && part.content_type.eq_ignore_ascii_case("text/html");
    let Some(part) = view.parts.iter().find(is_page) else { return Ok(None) };
    let bytes = bytes_of(console, looked, part).await?;
    with_pictures(console, looked, view, &String::from_utf8_lossy(&bytes)).await.map(Some)
}

async fn bytes_of(console: &Console, looked: &Looked, part: &Part) -> Result<Vec<u8>, Fault> {
    let raw = console.raw(looked).await?;
    let (pieces, mut coming) = mpsc::channel::<Bytes>(4);
    let gather = async {
        let mut bytes = Vec::new();
        while let Some(piece) = coming.recv().await {
            bytes.extend_from_slice(&piece);
            if bytes.len() as u64 > PICTURE_BYTES_MAX {
                // The reading stops when nobody listens.
                return Vec::new();
            }
        }
        bytes
    };
    let (read, bytes) = tokio::join!(console.reader.part(raw, &part.path, pieces), gather);
    read.map(|_| bytes)
}

/// The places of `cid:` sources: in safe HTML no text and no value holds a bare `<` or `>`, so what stands between them is a tag.
fn sources(html: &str) -> impl Iterator<Item = (usize, &str)> {
    let tags = html.match_indices("<img ").filter_map(|(at, _)| Some((at, html[at..].split('>').next()?)));
    tags.filter_map(|(at, tag)| {
        let begin = tag.find(SOURCE)? + SOURCE.len();
        Some((at + begin, tag[begin..].split('"').next()?))
    })
}

fn names(html: &str) -> Vec<&str> {
    let mut names: Vec<&str> = sources(html).map(|(_, name)| name).collect();
    names.dedup();
    names
}

fn put_in(html: &str, found: &HashMap<&str, String>) -> String {
    let mut out = String::with_capacity(html.len() + found.values().map(String::len).sum::<usize>());
    let mut done = 0;
    for (at, name) in sources(html) {
        let Some(picture) = found.get(name) else { continue };
        // A picture that the mail shows a thousand times would make the page a thousand times as long.
        if out.len() as u64 > 2 * PICTURES_BYTES_MAX {
            break;
        }
        out.push_str(&html[done..at - "cid:".len()]);
        out.push_str(picture);
        done = at + name.len();
    }
    out.push_str(&html[done..]);
    out
}

/// The content id behind the escapes of an address and of HTML.
fn decoded(name: &str) -> String {
    let name = name.replace("&amp;", "&");
    let mut bytes = Vec::with_capacity(name.len());
    let mut rest = name.as_bytes();
    while let [first, after @ ..] = rest {
        let hex = |byte: u8| char::from(byte).to_digit(16).and_then(|digit| u8::try_from(digit).ok());
        match (first, after) {
            (b'%', [high, low, later @ ..]) if hex(*high).is_some() && hex(*low).is_some() => {
                bytes.push(hex(*high).unwrap_or(0) * 16 + hex(*low).unwrap_or(0));
                rest = later;
            }
            _ => {
                bytes.push(*first);
                rest = after;
            }
        }
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_sources_inside_pictures_are_replaced() {
        let html = "<p>&lt;img src=\"cid:a\"&gt; src=\"cid:a\"</p><img alt=\"x\" src=\"cid:a\"><img src=\"cid:b\"><img src=\"cid:a%40b\">";
        assert_eq!(names(html), ["a", "b", "a%40b"]);
        let found = HashMap::from([("a", "data:image/png;base64,AA==".to_owned())]);
        let with = put_in(html, &found);
        assert_eq!(with.matches("data:").count(), 1);
        assert!(with.contains("<img alt=\"x\" src=\"data:image/png;base64,AA==\"><img src=\"cid:b\">"), "{with}");
        assert_eq!(decoded("a%40b&amp;c%zz"), "a@b&c%zz");
    }
}
