//! The subject at the head of a text, for programs that show only what stands outside (RFC 9788, sections 2.1.2 and 4.5.3).

use crate::entity::Entity;
use crate::texts::{Change, Mark, behind_body_tag, on_texts, takes};
use mail_parser::HeaderValue;
use mail_parser::parsers::MessageStream;

const CLASS: &str = "header-protection-legacy-display";

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
    on_texts(entity, &|text, essence, charset| {
        if !takes(charset, subject) {
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
        Some(Change { content: led.into_bytes(), mark: Mark::Set })
    })
}

/// The entity without what leads its marked texts.
pub(super) fn without(entity: &[u8]) -> Option<Vec<u8>> {
    on_texts(entity, &|text, essence, _| {
        let content = if essence == "text/html" { without_element(text)? } else { without_lines(text)? };
        Some(Change { content, mark: Mark::Needed })
    })
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
