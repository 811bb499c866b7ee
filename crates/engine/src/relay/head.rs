//! What the head of a mail says that concerns a relay: how often it was handed on, whether it was here before, and its Message-ID.

/// The header field by which a relay knows its own mail again; its value is the relay's mark and the mail's id.
pub(super) const MARK: &str = "X-Sealpost-Relay";

/// Octets of a Message-ID that is named in a report.
const MESSAGE_ID_BYTES_MAX: usize = 250;

#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Head {
    /// `Received` fields.
    pub(super) received: usize,
    /// This relay has handed it on before.
    pub(super) was_here: bool,
    /// With its angle brackets, where it is one that may stand in a header field.
    pub(super) message_id: Option<String>,
}

/// Reads the head; lines end with CRLF.
pub(super) fn read(mail: &[u8], mark: &str) -> Head {
    let mut head = Head::default();
    let mut rest = mail;
    while let Some(end) = rest.iter().position(|byte| *byte == b'\n') {
        let line = &rest[..end];
        let line = line.strip_suffix(b"\r").unwrap_or(line);
        rest = &rest[end + 1..];
        if line.is_empty() {
            break;
        }
        if value(line, "Received").is_some() {
            head.received += 1;
        } else if let Some(value) = value(line, MARK) {
            head.was_here |= !mark.is_empty() && value.split(|byte| *byte == b' ').next() == Some(mark.as_bytes());
        } else if let Some(id) = value(line, "Message-ID").filter(|_| head.message_id.is_none()) {
            // A folded one stands in the next line.
            let folded = rest.split(|byte| *byte == b'\n').next().filter(|next| next.starts_with(b" "));
            head.message_id = message_id(if id.is_empty() { folded.unwrap_or_default() } else { id });
        }
    }
    head
}

/// The trimmed value of a header line of this name; a continuation has none.
fn value<'l>(line: &'l [u8], name: &str) -> Option<&'l [u8]> {
    let (found, rest) = line.split_at_checked(name.len())?;
    let colon = rest.trim_ascii_start();
    (found.eq_ignore_ascii_case(name.as_bytes()) && colon.first() == Some(&b':')).then(|| colon[1..].trim_ascii())
}

fn message_id(value: &[u8]) -> Option<String> {
    let text = std::str::from_utf8(value.trim_ascii()).ok()?;
    let inner = text.strip_prefix('<')?.strip_suffix('>')?;
    let is_plain = inner.bytes().all(|byte| byte.is_ascii_graphic() && !matches!(byte, b'<' | b'>'));
    (is_plain && !inner.is_empty() && text.len() <= MESSAGE_ID_BYTES_MAX).then(|| text.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_head_is_read_and_the_body_is_not() {
        let mail = b"Received: a\r\n\tReceived: folded\r\nRECEIVED : b\r\nX-Sealpost-Relay: m4rk 1f\r\nMessage-ID:\r\n <a@b>\r\n\r\nReceived: c\r\n";
        let head = read(mail, "m4rk");
        assert_eq!(head, Head { received: 2, was_here: true, message_id: Some("<a@b>".into()) });
        assert!(!read(mail, "m4r").was_here && !read(mail, "").was_here);
        assert_eq!(read(b"", "m"), Head::default());
        assert_eq!(read(b"Subject: no line end", "m"), Head::default());
    }

    #[test]
    fn sec_09_a_message_id_that_is_more_than_one_is_none() {
        for wrong in ["a@b", "<a@b> <c@d>", "<a\tb>", "<>", "<é@b>", "<a@b>\0"] {
            assert_eq!(read(format!("Message-ID: {wrong}\r\n\r\n").as_bytes(), "m").message_id, None, "{wrong}");
        }
    }
}
