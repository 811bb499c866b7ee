//! The subject at the head of a text, for programs that show only what stands outside (RFC 9788, sections 2.1.2 and 4.5.3).

use crate::entity::{self, Entity, name_of};
use mail_parser::HeaderValue;
use mail_parser::parsers::MessageStream;

const MARK: &str = "hp-legacy-display";
const CLASS: &str = "header-protection-legacy-display";
/// Multiparts within multiparts.
const DEPTH_MAX: usize = 8;

/// The subject as people read it, on one line.
pub(super) fn subject(mail: &Entity<'_>) -> Option<String> {
    let mut value = mail.value("subject")?.to_vec();
    value.retain(|byte| !matches!(byte, b'\r' | b'\n'));
    value.push(b'\n');
    let HeaderValue::Text(text) = MessageStream::new(&value).parse_unstructured() else { return None };
    let text: String = text.chars().map(|sign| if sign.is_control() { ' ' } else { sign }).collect();
    Some(text.trim().to_owned()).filter(|text| !text.is_empty())
}

/// The entity with the subject at the head of each of its main texts; `None` where none of them can have it.
pub(super) fn with(entity: &[u8], subject: &str) -> Option<Vec<u8>> {
    on_texts(entity, 0, &|text, essence, charset| {
        let knows = charset.is_none_or(|charset| charset.eq_ignore_ascii_case("us-ascii")) && subject.is_ascii()
            || charset.is_some_and(|charset| charset.eq_ignore_ascii_case("utf-8"));
        if !knows {
            return None;
        }
        let text = std::str::from_utf8(text).ok()?;
        let led = if essence == "text/html" {
            let (before, after) = text.split_at(behind_body_tag(text));
            let subject = subject.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;");
            format!("{before}<div class=\"{CLASS}\">\r\n<pre>Subject: {subject}</pre>\r\n</div>{after}")
        } else {
            format!("Subject: {subject}\r\n\r\n{text}")
        };
        Some(Change { content: led.into_bytes(), is_marked: true })
    })
}

/// The entity without what leads its marked texts.
pub(super) fn without(entity: &[u8]) -> Option<Vec<u8>> {
    on_texts(entity, 0, &|text, essence, _| {
        let content = if essence == "text/html" { without_element(text)? } else { without_lines(text)? };
        Some(Change { content, is_marked: false })
    })
}

struct Change {
    content: Vec<u8>,
    is_marked: bool,
}

/// What becomes of a text: its decoded content, type and charset.
type OnText<'a> = dyn Fn(&[u8], &str, Option<&str>) -> Option<Change> + 'a;

/// The entity with its main texts changed: those that a reader sees first, one of each kind. What somebody signed is not touched.
fn on_texts(bytes: &[u8], depth: usize, change: &OnText<'_>) -> Option<Vec<u8>> {
    let entity = Entity::read(bytes);
    let kind = entity.kind()?;
    let is_file = entity
        .value("content-disposition")
        .is_some_and(|value| value.trim_ascii().get(..10).is_some_and(|word| word.eq_ignore_ascii_case(b"attachment")));
    match kind.essence.as_str() {
        "text/plain" | "text/html" if !is_file => {
            let is_marked = kind.parameter(MARK) == Some("1");
            let change = change(&entity.decoded()?, &kind.essence, kind.parameter("charset"))?;
            if change.is_marked == is_marked {
                return None;
            }
            Some(rewritten(&entity, &change))
        }
        essence @ ("multipart/alternative" | "multipart/mixed" | "multipart/related") if depth < DEPTH_MAX => {
            let boundary = kind.parameter("boundary")?;
            let parts = entity.parts()?;
            let heads = if essence == "multipart/alternative" { parts.parts.len() } else { 1 };
            let mut is_changed = false;
            let mut out = [entity.head, b"\r\n"].concat();
            for (at, part) in parts.parts.iter().enumerate() {
                let changed = if at < heads { on_texts(part, depth + 1, change) } else { None };
                is_changed |= changed.is_some();
                out.extend_from_slice(format!("--{boundary}\r\n").as_bytes());
                out.extend_from_slice(changed.as_deref().unwrap_or(part));
                out.extend_from_slice(b"\r\n");
            }
            out.extend_from_slice(format!("--{boundary}--\r\n").as_bytes());
            Some(out).filter(|_| is_changed)
        }
        _ => None,
    }
}

fn rewritten(entity: &Entity<'_>, change: &Change) -> Vec<u8> {
    let mut head = Vec::new();
    for field in entity.fields() {
        match &name_of(field)[..] {
            b"content-type" if change.is_marked => {
                head.extend_from_slice(&entity::with_parameters(field, &[(MARK, "1")]));
            }
            b"content-transfer-encoding" => {}
            _ => head.extend_from_slice(field),
        }
    }
    entity::text_with_head(head, &change.content)
}

/// Behind the tag that opens the body of a page, or at its beginning.
fn behind_body_tag(text: &str) -> usize {
    let small = text.to_ascii_lowercase();
    let tag = small
        .match_indices("<body")
        .find(|(at, _)| small[at + 5..].starts_with(|sign: char| sign == '>' || sign.is_ascii_whitespace()));
    tag.and_then(|(at, _)| small[at..].find('>').map(|end| at + end + 1)).unwrap_or(0)
}

/// Everything behind the first empty line.
fn without_lines(text: &[u8]) -> Option<Vec<u8>> {
    let mut at = 0;
    for line in text.split_inclusive(|byte| *byte == b'\n') {
        at += line.len();
        if line.trim_ascii().is_empty() {
            return Some(text[at..].to_vec());
        }
    }
    None
}

/// The page without the element that leads its body.
fn without_element(text: &[u8]) -> Option<Vec<u8>> {
    let text = std::str::from_utf8(text).ok()?;
    let begins = behind_body_tag(text);
    let rest = text[begins..].trim_start();
    let small = rest.to_ascii_lowercase();
    let tag_end = small.starts_with("<div").then(|| small.find('>')).flatten()?;
    if !small[..tag_end].contains(CLASS) {
        return None;
    }
    let end = small.find("</div>")? + "</div>".len();
    Some([&text[..begins], &rest[end..]].concat().into_bytes())
}
