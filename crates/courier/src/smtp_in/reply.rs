//! Replies as they stand on the wire: code, enhanced status, one line of safe text.

use super::Refusal;

/// Octets of a reply's text; with code and status a line stays below 512 (RFC 5321, section 4.5.3.1.5).
const TEXT_BYTES_MAX: usize = 400;

/// Appends `code status text CRLF`.
pub(super) fn write(output: &mut Vec<u8>, code: u16, status: &str, text: &str) {
    output.extend_from_slice(format!("{code} {status} ").as_bytes());
    output.extend(text.bytes().take(TEXT_BYTES_MAX).map(|b| match b {
        // A line end in a text would be a reply of its own, and 8-bit text needs SMTPUTF8 on the other side.
        b' '..=b'~' => b,
        0x80.. => b'?',
        _ => b' ',
    }));
    output.extend_from_slice(b"\r\n");
}

/// Appends a refusal; returns true when it is permanent. A code that does not refuse becomes 451, since a gate that errs
/// must not make the client believe its mail was taken.
pub(super) fn refuse(output: &mut Vec<u8>, refusal: &Refusal) -> bool {
    let fits = match refusal.code {
        400..=499 => refusal.status.starts_with("4."),
        500..=599 => refusal.status.starts_with("5."),
        _ => false,
    };
    match fits {
        true => write(output, refusal.code, refusal.status, &refusal.text),
        false => write(output, 451, "4.3.0", &refusal.text),
    }
    fits && refusal.code >= 500
}

#[cfg(test)]
mod tests {
    use super::*;

    fn line(refusal: &Refusal) -> Vec<u8> {
        let mut output = Vec::new();
        refuse(&mut output, refusal);
        output
    }

    #[test]
    fn sec_09_a_text_cannot_make_a_second_reply() {
        let refusal = Refusal::new(550, "5.1.1", "no\r\n250 2.0.0 yes \u{2028}é");
        assert_eq!(line(&refusal), b"550 5.1.1 no  250 2.0.0 yes ?????\r\n");
        assert!(line(&Refusal::new(550, "5.1.1", "x".repeat(9000))).len() < 512);
    }

    #[test]
    fn a_refusal_always_refuses() {
        assert_eq!(line(&Refusal::new(250, "2.0.0", "odd")), b"451 4.3.0 odd\r\n");
        assert_eq!(line(&Refusal::new(452, "5.0.0", "odd")), b"451 4.3.0 odd\r\n");
        assert_eq!(line(&Refusal::new(452, "4.3.1", "full")), b"452 4.3.1 full\r\n");
    }
}
