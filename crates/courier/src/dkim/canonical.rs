//! The `relaxed` form of head and body (RFC 6376, sections 3.4.2 and 3.4.4): what servers on the way may change without breaking a signature.

use aws_lc_rs::digest::{Context, SHA256};

/// Digests a body piece by piece. Bare line ends count as whole ones, because that is what they are sent as.
pub struct Body {
    digest: Context,
    /// Empty lines that count only when something comes after them.
    empty_lines: u64,
    /// White space that counts only when something comes after it in its line.
    space: bool,
    /// Something stands in the line.
    in_line: bool,
    /// The last octet was a CR; an LF that follows belongs to it.
    after_cr: bool,
}

impl Default for Body {
    fn default() -> Body {
        Body { digest: Context::new(&SHA256), empty_lines: 0, space: false, in_line: false, after_cr: false }
    }
}

impl Body {
    /// The next piece.
    pub fn push(&mut self, piece: &[u8]) {
        let mut rest = piece;
        while let Some(&octet) = rest.first() {
            let was_cr = std::mem::take(&mut self.after_cr);
            match octet {
                b'\n' if was_cr => rest = &rest[1..],
                b'\r' | b'\n' => {
                    self.line_ends();
                    self.after_cr = octet == b'\r';
                    rest = &rest[1..];
                }
                b' ' | b'\t' => {
                    self.space = true;
                    rest = &rest[1..];
                }
                _ => {
                    let is_plain = |octet: &u8| !matches!(octet, b'\r' | b'\n' | b' ' | b'\t');
                    let end = rest.iter().position(|octet| !is_plain(octet)).unwrap_or(rest.len());
                    self.words(&rest[..end]);
                    rest = &rest[end..];
                }
            }
        }
    }

    /// The digest, at the end: a last line without its end gets one, and empty lines at the end do not count.
    pub(super) fn digest(mut self) -> [u8; 32] {
        if self.in_line {
            self.line_ends();
        }
        let mut digest = [0; 32];
        digest.copy_from_slice(self.digest.finish().as_ref());
        digest
    }

    fn words(&mut self, words: &[u8]) {
        for _ in 0..std::mem::take(&mut self.empty_lines) {
            self.digest.update(b"\r\n");
        }
        if std::mem::take(&mut self.space) {
            self.digest.update(b" ");
        }
        self.digest.update(words);
        self.in_line = true;
    }

    fn line_ends(&mut self) {
        self.space = false;
        if std::mem::take(&mut self.in_line) {
            self.digest.update(b"\r\n");
        } else {
            self.empty_lines += 1;
        }
    }
}

/// The fields of a head: names in lower case, values as they stand.
pub(super) fn fields(head: &[u8]) -> Vec<(String, &[u8])> {
    let (mut fields, mut begin, mut at) = (Vec::new(), 0, 0);
    while let Some(end) = memchr::memmem::find(&head[at..], b"\r\n").map(|found| at + found) {
        let next = head.get(end + 2);
        if matches!(next, Some(b' ' | b'\t')) {
            at = end + 2;
            continue;
        }
        let line = &head[begin..end];
        match line.iter().position(|octet| *octet == b':') {
            Some(colon) => {
                let name = String::from_utf8_lossy(&line[..colon]).trim_end().to_ascii_lowercase();
                fields.push((name, &line[colon + 1..]));
            }
            // The empty line ends the head.
            None if line.is_empty() => break,
            None => {}
        }
        (begin, at) = (end + 2, end + 2);
    }
    fields
}

/// One field with its line end.
pub(super) fn field(name: &str, value: &[u8]) -> Vec<u8> {
    let mut form = name.as_bytes().to_vec();
    form.push(b':');
    form.extend(unfolded(value));
    form.extend_from_slice(b"\r\n");
    form
}

/// A value on one line, white space single and none at either end.
pub(super) fn unfolded(value: &[u8]) -> Vec<u8> {
    let words = value.split(|octet| matches!(octet, b' ' | b'\t' | b'\r' | b'\n')).filter(|word| !word.is_empty());
    words.collect::<Vec<_>>().join(&b' ')
}
