//! The texts of a mail that a reader sees first, changed: a line at their head or their end.

use crate::entity::{self, Entity, name_of};
use crate::parameters::without_parameters;

const MARK: &str = "hp-legacy-display";
/// Multiparts within multiparts.
const DEPTH_MAX: usize = 8;

/// The mail with a line below each of its main texts; as it is where none can have it, such as one that somebody else signed.
///
/// `line` is one line without markup.
pub fn with_footer(mail: &[u8], line: &str) -> Vec<u8> {
    let changed = on_texts(mail, &|text, essence, charset| {
        if !takes(charset, line) {
            return None;
        }
        let text = std::str::from_utf8(text).ok()?;
        let content = if essence == "text/html" {
            let small = text.to_ascii_lowercase();
            let end = small.rfind("</body").or_else(|| small.rfind("</html")).unwrap_or(text.len());
            let line = line.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;");
            format!("{}<hr>\r\n<p>{line}</p>\r\n{}", &text[..end], &text[end..])
        } else {
            format!("{}\r\n\r\n{line}\r\n", text.trim_end_matches(['\r', '\n']))
        };
        Some(Change { content: content.into_bytes(), mark: Mark::Nothing })
    });
    changed.unwrap_or_else(|| mail.to_vec())
}

/// Whether a text of this charset can hold these words.
pub(crate) fn takes(charset: Option<&str>, words: &str) -> bool {
    match charset {
        None => words.is_ascii(),
        Some(charset) if charset.eq_ignore_ascii_case("us-ascii") => words.is_ascii(),
        Some(charset) => charset.eq_ignore_ascii_case("utf-8"),
    }
}

/// What a text has to do with the mark of RFC 9788 (section 2.1.2), by which a subject at its head is known.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Mark {
    /// It gets the mark; one that has it already stays as it is.
    Set,
    /// It is changed only if it has the mark, which goes with the subject at its head: whoever believed it afterwards would leave out the first
    /// lines of the text.
    Needed,
    /// None.
    Nothing,
}

/// What becomes of a text.
pub(crate) struct Change {
    pub(crate) content: Vec<u8>,
    pub(crate) mark: Mark,
}

/// Changes a text, of which it gets the decoded content, the type and the charset.
type OnText<'a> = dyn Fn(&[u8], &str, Option<&str>) -> Option<Change> + 'a;

/// The entity with its main texts changed: those that a reader sees first, one of each kind. What somebody signed is not touched.
///
/// `None` where nothing was changed.
pub(crate) fn on_texts(entity: &[u8], change: &OnText<'_>) -> Option<Vec<u8>> {
    within(entity, 0, change)
}

fn within(bytes: &[u8], depth: usize, change: &OnText<'_>) -> Option<Vec<u8>> {
    let entity = Entity::read(bytes);
    let kind = entity.kind()?;
    let is_file = entity
        .value("content-disposition")
        .is_some_and(|value| value.trim_ascii().get(..10).is_some_and(|word| word.eq_ignore_ascii_case(b"attachment")));
    match kind.essence.as_str() {
        "text/plain" | "text/html" if !is_file => {
            let is_marked = kind.parameter(MARK) == Some("1");
            let change = change(&entity.decoded()?, &kind.essence, kind.parameter("charset"))?;
            let fits = match change.mark {
                Mark::Set => !is_marked,
                Mark::Needed => is_marked,
                Mark::Nothing => true,
            };
            fits.then(|| rewritten(&entity, &change))
        }
        essence @ ("multipart/alternative" | "multipart/mixed" | "multipart/related") if depth < DEPTH_MAX => {
            let boundary = kind.parameter("boundary")?;
            let parts = entity.parts()?;
            let heads = if essence == "multipart/alternative" { parts.parts.len() } else { 1 };
            let mut is_changed = false;
            let mut out = [entity.head, b"\r\n"].concat();
            for (at, part) in parts.parts.iter().enumerate() {
                let changed = if at < heads { within(part, depth + 1, change) } else { None };
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
            b"content-type" if change.mark == Mark::Set => {
                head.extend_from_slice(&entity::with_parameters(field, &[(MARK, "1")]));
            }
            b"content-type" if change.mark == Mark::Needed => {
                head.extend_from_slice(&without_parameters(field, &[MARK]));
            }
            b"content-transfer-encoding" => {}
            _ => head.extend_from_slice(field),
        }
    }
    entity::text_with_head(head, &change.content)
}

/// Behind the tag that opens the body of a page, or at its beginning.
pub(crate) fn behind_body_tag(text: &str) -> usize {
    let small = text.to_ascii_lowercase();
    let tag = small
        .match_indices("<body")
        .find(|(at, _)| small[at + 5..].starts_with(|sign: char| sign == '>' || sign.is_ascii_whitespace()));
    tag.and_then(|(at, _)| small[at..].find('>').map(|end| at + end + 1)).unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_footer_stands_below_each_main_text() {
        let mail = "Subject: s\r\nContent-Type: multipart/mixed; boundary=m\r\n\r\n--m\r\nContent-Type: multipart/alternative; boundary=a\r\n\r\n\
            --a\r\nContent-Type: text/plain; charset=utf-8\r\nContent-Transfer-Encoding: quoted-printable\r\n\r\nGr=C3=BC=C3=9Fe\r\n\
            --a\r\nContent-Type: text/html; charset=utf-8\r\n\r\n<BODY>Hello</BODY>\r\n--a--\r\n\
            --m\r\nContent-Type: text/plain\r\nContent-Disposition: attachment\r\n\r\nA file.\r\n--m--\r\n";
        let out = String::from_utf8(with_footer(mail.as_bytes(), "Sealed & sent.")).expect("text");
        assert!(out.contains("Gr=C3=BC=C3=9Fe\r\n\r\nSealed & sent.\r\n\r\n--a"), "{out}");
        assert!(out.contains("Hello<hr>\r\n<p>Sealed &amp; sent.</p>\r\n</BODY>"), "{out}");
        assert!(out.contains("\r\n\r\nA file.\r\n--m--"), "a file is no text of the mail: {out}");
    }

    #[test]
    fn what_somebody_signed_gets_none() {
        let mail = b"Content-Type: multipart/signed; boundary=s\r\n\r\n--s\r\nContent-Type: text/plain\r\n\r\nHi\r\n--s\r\n\r\nx\r\n--s--\r\n";
        assert_eq!(with_footer(mail, "Sealed."), mail);
    }
}
