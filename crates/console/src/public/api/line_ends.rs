//! The line ends of a mail that a program sends: CRLF as they should be, or the LF that its file had.

/// Puts the line ends of mail in place, piece by piece. The first line decides: a mail whose first line ends with CRLF passes
/// as it is, octet for octet; in one whose first line ends with LF alone every such LF becomes CRLF, as when sendmail is handed
/// a file. DKIM, and where the header ends, depend on it.
#[derive(Debug, Default)]
pub(super) struct LineEnds {
    /// `None` until the first line has ended.
    mend: Option<bool>,
    last: Option<u8>,
}

impl LineEnds {
    /// Appends the piece as it is to be stored, at most twice as long.
    pub(super) fn push(&mut self, piece: &[u8], output: &mut Vec<u8>) {
        for line in piece.split_inclusive(|byte| *byte == b'\n') {
            let Some(words) = line.strip_suffix(b"\n") else {
                output.extend_from_slice(line);
                self.last = line.last().copied().or(self.last);
                continue;
            };
            let bare = words.last().copied().or(self.last) != Some(b'\r');
            output.extend_from_slice(words);
            if *self.mend.get_or_insert(bare) && bare {
                output.push(b'\r');
            }
            output.push(b'\n');
            self.last = Some(b'\n');
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn mended(mail: &[u8], size: usize) -> Vec<u8> {
        let (mut ends, mut output) = (LineEnds::default(), Vec::new());
        mail.chunks(size).for_each(|piece| ends.push(piece, &mut output));
        output
    }

    #[test]
    fn the_first_line_decides_however_the_mail_is_cut() {
        for (mail, expected) in [
            (&b"A: b\n\nbody\n"[..], &b"A: b\r\n\r\nbody\r\n"[..]),
            (b"A: b\r\n\r\nbare\nand \r too", b"A: b\r\n\r\nbare\nand \r too"),
            (b"A: b\n\nmixed\r\nends\n", b"A: b\r\n\r\nmixed\r\nends\r\n"),
            (b"no end", b"no end"),
            (b"\n", b"\r\n"),
            (b"", b""),
        ] {
            for size in 1..=mail.len().max(1) {
                assert_eq!(mended(mail, size), expected, "in pieces of {size}");
            }
        }
    }
}
