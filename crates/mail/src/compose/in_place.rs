//! What becomes of a letter of our own that may not go as it is: another text in its place, and a list that names no issue.

use super::{Letter, letter};
use crate::Address;

/// What stays of a header when another text takes the letter's place: who writes to whom, in which thread, and what keeps machines from
/// answering. Nothing of it says what the letter said.
const KEPT: [&str; 13] = [
    "from",
    "to",
    "reply-to",
    "date",
    "message-id",
    "in-reply-to",
    "references",
    "auto-submitted",
    "x-auto-response-suppress",
    "precedence",
    "list-id",
    "list-unsubscribe",
    "list-unsubscribe-post",
];

/// A letter that says this in place of one of ours: to the same people, in the same thread, under the same Message-ID. Of that one's body
/// nothing is left, and of its header what [`KEPT`] names.
pub fn in_place_of(mail: &[u8], subject: &str, text: &str) -> Vec<u8> {
    let nobody = Address { name: None, address: String::new() };
    let other = letter(&Letter {
        from: &nobody,
        to: "",
        subject,
        text,
        message_id: "",
        date_s: 0,
        answers: None,
        with_original: false,
    });
    let says = |name: &str| name == "subject" || name == "mime-version" || name.starts_with("content-");
    let mut made = Vec::new();
    for field in fields(mail).filter(|field| KEPT.contains(&name_of(field).as_str())) {
        made.extend_from_slice(field);
    }
    for field in fields(&other.before).filter(|field| says(&name_of(field))) {
        made.extend_from_slice(field);
    }
    made.extend_from_slice(b"\r\n");
    made.extend_from_slice(body(&other.before));
    made
}

/// The letter with a List-Id that no longer begins with this key of an issue: for one whose subject is hidden, so that the key stands within
/// alone. What follows the key still tells mail programs where the letter belongs.
pub fn with_general_list(mail: &[u8], issue_key: &str) -> Vec<u8> {
    let general = |field: &[u8]| {
        let text = std::str::from_utf8(field).ok()?;
        let (_, id) = text.rsplit_once('<')?;
        let id = id.split('>').next()?.strip_prefix(issue_key)?.strip_prefix('.')?;
        Some(format!("List-Id: <{id}>\r\n").into_bytes())
    };
    let mut made = Vec::with_capacity(mail.len());
    for field in fields(mail) {
        match (name_of(field).as_str(), general(field)) {
            ("list-id", Some(general)) => made.extend_from_slice(&general),
            _ => made.extend_from_slice(field),
        }
    }
    made.extend_from_slice(b"\r\n");
    made.extend_from_slice(body(mail));
    made
}

/// The letter without fields of this name, which is in small letters.
pub fn without_fields(mail: &[u8], name: &str) -> Vec<u8> {
    let mut made = Vec::with_capacity(mail.len());
    for field in fields(mail).filter(|field| name_of(field) != name) {
        made.extend_from_slice(field);
    }
    made.extend_from_slice(b"\r\n");
    made.extend_from_slice(body(mail));
    made
}

/// The fields of a letter of ours, each with its folded lines and their ends.
fn fields(mail: &[u8]) -> impl Iterator<Item = &[u8]> {
    let mut rest = head(mail);
    std::iter::from_fn(move || {
        let mut end = 0;
        loop {
            let line = memchr::memchr(b'\n', rest.get(end..)?).map_or(rest.len() - end, |at| at + 1);
            end += line;
            if !matches!(rest.get(end), Some(b' ' | b'\t')) {
                break;
            }
        }
        let (field, others) = rest.split_at(end);
        rest = others;
        (!field.is_empty()).then_some(field)
    })
}

/// With the end of its last line, and without the empty one.
fn head(mail: &[u8]) -> &[u8] {
    let end = memchr::memmem::find(mail, b"\r\n\r\n").map_or(mail.len(), |at| at + 2);
    mail.get(..end).unwrap_or_default()
}

fn body(mail: &[u8]) -> &[u8] {
    memchr::memmem::find(mail, b"\r\n\r\n").and_then(|at| mail.get(at + 4..)).unwrap_or_default()
}

/// In small letters.
fn name_of(field: &[u8]) -> String {
    let name = field.split(|byte| *byte == b':').next().unwrap_or_default();
    String::from_utf8_lossy(name).trim().to_ascii_lowercase()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Limits;

    const LETTER: &[u8] = b"DKIM-Signature: v=1; b=abc\r\n\tdef\r\nFrom: \"Desk\" <desk@x.example>\r\nTo: <ann@y.example>\r\n\
        Subject: [HR-7] Planted\r\n subject\r\nThread-Topic: Planted\r\nMessage-ID: <1@x.example>\r\nReferences: <0@x.example>\r\n\
        Auto-Submitted: auto-generated\r\nList-Id: \"HR-7\" <HR-7.north.x.example>\r\nReply-To: <reply+t@x.example>\r\n\
        Content-Type: text/html\r\nContent-Transfer-Encoding: base64\r\n\r\nUGxhbnRlZA==\r\n";

    #[test]
    fn another_text_takes_the_place_of_a_letter_in_its_thread() {
        let made = in_place_of(LETTER, "Ein Brief für Sie", "Schauen Sie nach.\nDanke.");
        let text = String::from_utf8_lossy(&made);
        assert!(!text.contains("Planted") && !text.contains("UGxh") && !text.contains("DKIM"), "{text}");
        let message = crate::read(&made, &Limits::default()).message;
        let headers = message.headers;
        assert_eq!(
            (headers.subject.as_str(), message.text.trim_end()),
            ("Ein Brief für Sie", "Schauen Sie nach.\nDanke.")
        );
        assert_eq!(headers.message_id.as_deref(), Some("1@x.example"));
        assert_eq!(
            (headers.references.as_slice(), headers.from[0].address.as_str()),
            (&["0@x.example".to_owned()][..], "desk@x.example")
        );
        assert_eq!(
            (headers.to[0].address.as_str(), headers.reply_to[0].address.as_str()),
            ("ann@y.example", "reply+t@x.example")
        );
        assert!(message.automatic.is_some(), "machines do not answer it");
        assert_eq!(message.faults, Vec::<String>::new());
    }

    #[test]
    fn a_list_is_named_without_the_issue_and_fields_are_left_out_whole() {
        let made = String::from_utf8(with_general_list(LETTER, "HR-7")).unwrap_or_default();
        assert!(
            made.contains("\r\nList-Id: <north.x.example>\r\n") && made.ends_with("\r\n\r\nUGxhbnRlZA==\r\n"),
            "{made}"
        );
        assert_eq!(with_general_list(LETTER, "HR-77"), LETTER, "another issue's");
        let made = without_fields(LETTER, "dkim-signature");
        assert!(made.starts_with(b"From: ") && LETTER.ends_with(&made));
        assert_eq!(without_fields(b"Subject: x", "subject"), b"\r\n");
    }
}
