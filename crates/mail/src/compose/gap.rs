//! Gaps of a letter, and what fills them when it is sent: a file in base64, a piece at a time.

use data_encoding::BASE64;

/// Octets of content in a line of base64, which has 76 characters (RFC 2045, section 6.8).
const LINE_BYTES: usize = 57;
const LINE_CHARS: u64 = 76;

/// Where a file belongs in a letter that does not hold it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Gap {
    /// How many bytes of the letter stand before it.
    pub at: usize,
    /// By which the caller knows the file.
    pub number: usize,
}

/// What stands for a gap while the rest is written; a letter has no other NUL.
pub(super) fn mark(number: usize) -> Vec<u8> {
    format!("\0{number}\0").into_bytes()
}

/// Takes the marks out of a letter.
pub(super) fn gaps(bytes: Vec<u8>) -> (Vec<u8>, Vec<Gap>) {
    let mut pieces = bytes.split(|byte| *byte == 0);
    let mut letter = pieces.next().unwrap_or_default().to_vec();
    let mut gaps = Vec::new();
    while let (Some(number), Some(rest)) = (pieces.next(), pieces.next()) {
        if let Some(number) = std::str::from_utf8(number).ok().and_then(|number| number.parse().ok()) {
            gaps.push(Gap { at: letter.len(), number });
        }
        letter.extend_from_slice(rest);
    }
    (letter, gaps)
}

/// Content as lines of base64 with CRLF between them, as it comes.
#[derive(Debug, Default)]
pub struct Base64Lines {
    /// What does not fill a line yet.
    rest: Vec<u8>,
    has_begun: bool,
}

impl Base64Lines {
    /// How long content of so many bytes becomes.
    pub fn encoded_length(size_bytes: u64) -> u64 {
        let lines = size_bytes.div_ceil(LINE_BYTES as u64);
        let last = size_bytes - lines.saturating_sub(1) * LINE_BYTES as u64;
        lines.saturating_sub(1) * (LINE_CHARS + 2) + last.div_ceil(3) * 4
    }

    /// The lines that these bytes fill.
    pub fn push(&mut self, bytes: &[u8]) -> Vec<u8> {
        self.rest.extend_from_slice(bytes);
        let whole = self.rest.len() / LINE_BYTES * LINE_BYTES;
        let later = self.rest.split_off(whole);
        let now = std::mem::replace(&mut self.rest, later);
        self.lines(&now)
    }

    /// What is left.
    pub fn finish(mut self) -> Vec<u8> {
        let rest = std::mem::take(&mut self.rest);
        self.lines(&rest)
    }

    fn lines(&mut self, bytes: &[u8]) -> Vec<u8> {
        let mut out = String::with_capacity(bytes.len() * 3 / 2);
        for line in bytes.chunks(LINE_BYTES) {
            if std::mem::replace(&mut self.has_begun, true) {
                out.push_str("\r\n");
            }
            BASE64.encode_append(line, &mut out);
        }
        out.into_bytes()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn whatever_the_pieces_it_is_the_same_and_as_long_as_was_said(
            content in proptest::collection::vec(any::<u8>(), 0..400), cuts in proptest::collection::vec(0usize..120, 0..8),
        ) {
            let mut whole = Base64Lines::default();
            let mut one = whole.push(&content);
            one.extend(whole.finish());
            let (mut lines, mut many, mut rest) = (Base64Lines::default(), Vec::new(), content.as_slice());
            for cut in cuts {
                let (now, later) = rest.split_at(cut.min(rest.len()));
                many.extend(lines.push(now));
                rest = later;
            }
            many.extend(lines.push(rest));
            many.extend(lines.finish());
            prop_assert_eq!(&one, &many);
            prop_assert_eq!(one.len() as u64, Base64Lines::encoded_length(content.len() as u64));
            let joined: Vec<u8> = one.iter().copied().filter(|byte| !b"\r\n".contains(byte)).collect();
            prop_assert_eq!(BASE64.decode(&joined).ok(), Some(content));
            let text = String::from_utf8_lossy(&one).into_owned();
            prop_assert!(text.split("\r\n").all(|line| line.len() <= 76));
        }
    }
}
