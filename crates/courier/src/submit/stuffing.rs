//! A mail as it is sent after 354: CRLF line ends, dots doubled, the end marked (RFC 5321, section 4.5.2).

/// What ends a mail.
pub(super) const FINAL_DOT: &[u8] = b".\r\n";

/// Encodes a mail piece by piece. A bare CR or LF becomes CRLF and a NUL at the start of a line is left out, which some servers do and then
/// see a dot alone: so no server sees another end than ours (SEC-10).
#[derive(Debug)]
pub(super) struct Stuffing {
    at_line_start: bool,
    /// The last octet was a CR, already sent as CRLF: an LF that follows belongs to it.
    after_cr: bool,
}

impl Stuffing {
    pub(super) fn new() -> Stuffing {
        Stuffing { at_line_start: true, after_cr: false }
    }

    /// Appends the next piece of a mail to `output`, at most three times as long.
    pub(super) fn push(&mut self, mut piece: &[u8], output: &mut Vec<u8>) {
        while let Some(&first) = piece.first() {
            if self.after_cr {
                self.after_cr = false;
                if first == b'\n' {
                    piece = &piece[1..];
                    continue;
                }
            }
            if self.at_line_start && first == 0 {
                piece = &piece[1..];
                continue;
            }
            if self.at_line_start && first == b'.' {
                output.push(b'.');
            }
            let end = memchr::memchr2(b'\r', b'\n', piece);
            output.extend_from_slice(&piece[..end.unwrap_or(piece.len())]);
            self.at_line_start = end.is_some();
            let Some(end) = end else { return };
            output.extend_from_slice(b"\r\n");
            self.after_cr = piece[end] == b'\r';
            piece = &piece[end + 1..];
        }
    }

    /// Appends the end; a last line without line end gets one.
    pub(super) fn end(self, output: &mut Vec<u8>) {
        self.end_before_the_dot(output);
        output.extend_from_slice(FINAL_DOT);
    }

    /// The same but for the final dot, which makes a mail of it.
    pub(super) fn end_before_the_dot(self, output: &mut Vec<u8>) {
        if !self.at_line_start {
            output.extend_from_slice(b"\r\n");
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn encode<'a>(pieces: impl IntoIterator<Item = &'a [u8]>) -> Vec<u8> {
        let (mut stuffing, mut output) = (Stuffing::new(), Vec::new());
        for piece in pieces {
            stuffing.push(piece, &mut output);
        }
        stuffing.end(&mut output);
        output
    }

    #[test]
    fn dots_and_line_ends() {
        assert_eq!(encode([&b""[..]]), b".\r\n");
        assert_eq!(encode([&b".a\n..\r\nb\rc"[..]]), b"..a\r\n...\r\nb\r\nc\r\n.\r\n");
        assert_eq!(encode([&b"a\r"[..], b"\n.", b"\r\n"]), b"a\r\n..\r\n.\r\n");
        assert_eq!(encode([&b"\n\r\r\n"[..]]), b"\r\n\r\n\r\n.\r\n");
        assert_eq!(encode([&b"a\r\n\0"[..], b"\0.\r\nb\0."]), b"a\r\n..\r\nb\0.\r\n.\r\n");
    }

    proptest! {
        #[test]
        fn any_split_is_sent_alike_and_ends_once(mail in "[.a\r\n]{0,60}", cut in 0usize..60) {
            let (head, tail) = mail.as_bytes().split_at(cut.min(mail.len()));
            let sent = encode([head, tail]);
            prop_assert_eq!(&sent, &encode([mail.as_bytes()]));
            let text = String::from_utf8_lossy(&sent);
            prop_assert!(sent == b".\r\n" || text.find("\r\n.\r\n") == Some(sent.len() - 5));
            let bare = text.replace("\r\n", "");
            prop_assert!(!bare.contains(['\r', '\n']));
        }
    }
}
