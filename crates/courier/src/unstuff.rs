//! Where a mail ends and which dots are not part of it: RFC 5321, section 4.5.2, in chunks of any size.

/// What one chunk held.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Unstuffed {
    /// The chunk's first `kept` octets are now the mail's.
    pub(crate) kept: usize,
    /// Octets of the chunk that belonged to the mail, its dots and its end included.
    pub(crate) consumed: usize,
    /// CRLF.CRLF was seen: what follows `consumed` is the next command.
    pub(crate) ended: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum At {
    LineStart,
    /// A dot at the start of a line, left out of the mail.
    Dot,
    /// A CR after that dot, held back.
    DotCr,
    Within,
    Cr,
}

/// Reads the octets after `354`. Only CRLF.CRLF ends a mail; any other CR or LF is remembered, since a neighbour that
/// took it for a line end would see other mails than we do (SEC-10, SMTP smuggling).
#[derive(Debug)]
pub(crate) struct Unstuffing {
    at: At,
    bare: bool,
}

impl Unstuffing {
    pub(crate) fn new() -> Unstuffing {
        Unstuffing { at: At::LineStart, bare: false }
    }

    /// A CR without LF or an LF without CR has been seen: the mail has to be refused at its end.
    pub(crate) fn has_bare_line_end(&self) -> bool {
        self.bare
    }

    /// Takes the next chunk and moves the mail's octets to its front. After `ended` nothing more may be given.
    pub(crate) fn take(&mut self, chunk: &mut [u8]) -> Unstuffed {
        let (mut read, mut kept) = (0, 0);
        while let Some(&byte) = chunk.get(read) {
            let mut run = 1;
            self.at = match (self.at, byte) {
                (At::DotCr, b'\n') => {
                    return Unstuffed { kept, consumed: read + 1, ended: true };
                }
                (At::LineStart, b'.') => {
                    self.at = At::Dot;
                    read += 1;
                    continue;
                }
                (At::Dot, b'\r') => {
                    self.at = At::DotCr;
                    read += 1;
                    continue;
                }
                (At::Cr, b'\n') => At::LineStart,
                (before, b'\r') => {
                    self.bare |= matches!(before, At::Cr | At::DotCr);
                    At::Cr
                }
                (_, b'\n') => {
                    self.bare = true;
                    At::Within
                }
                (before, _) => {
                    self.bare |= matches!(before, At::Cr | At::DotCr);
                    let rest = &chunk[read..];
                    run = memchr::memchr2(b'\r', b'\n', rest).unwrap_or(rest.len());
                    At::Within
                }
            };
            if kept != read {
                chunk.copy_within(read..read + run, kept);
            }
            read += run;
            kept += run;
        }
        Unstuffed { kept, consumed: read, ended: false }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use proptest::prelude::*;

    /// The whole mail, whether it has a bare line end, and what is left; none when it does not end.
    fn unstuff(input: &[u8], cuts: &[usize]) -> Option<(Vec<u8>, bool, Vec<u8>)> {
        let mut reader = Unstuffing::new();
        let mut mail = Vec::new();
        let mut start = 0;
        let mut ends: Vec<usize> = cuts.iter().map(|cut| cut % (input.len() + 1)).collect();
        ends.push(input.len());
        ends.sort_unstable();
        for end in ends {
            let mut chunk = input[start..end].to_vec();
            let step = reader.take(&mut chunk);
            mail.extend_from_slice(&chunk[..step.kept]);
            if step.ended {
                return Some((mail, reader.has_bare_line_end(), input[start + step.consumed..].to_vec()));
            }
            assert_eq!(step.consumed, end - start);
            start = end;
        }
        None
    }

    fn whole(input: &[u8]) -> (Vec<u8>, bool, Vec<u8>) {
        unstuff(input, &[]).unwrap()
    }

    #[test]
    fn only_crlf_dot_crlf_ends() {
        assert_eq!(whole(b".\r\nQUIT\r\n"), (b"".to_vec(), false, b"QUIT\r\n".to_vec()));
        assert_eq!(whole(b"a\r\n.\r\n"), (b"a\r\n".to_vec(), false, vec![]));
        assert_eq!(unstuff(b"a\r\n.\n\n.\r\n\r.\r\r\n\0.\r\n", &[]), None);
        assert_eq!(unstuff(b"a\r\n.\r\r\n", &[]), None);
    }

    #[test]
    fn dots_are_unstuffed_exactly() {
        assert_eq!(whole(b"..\r\n...x\r\n.y\r\nz.\r\n.\r\n").0, b".\r\n..x\r\ny\r\nz.\r\n");
    }

    #[test]
    fn bare_line_ends_are_seen() {
        for bare in ["a\nb", "a\rb", "\n.\n", "a\r\r\nb", ".\rx", ".\r\rx", ".\nx"] {
            assert!(whole(format!("{bare}\r\n.\r\n").as_bytes()).1, "{bare:?}");
        }
        assert!(!whole(b"a\r\n\r\n..\r\n.\r\n").1);
    }

    proptest! {
        #[test]
        fn any_split_gives_the_same_mail(
            input in proptest::collection::vec(prop_oneof![Just(b'\r'), Just(b'\n'), Just(b'.'), Just(b'x'), any::<u8>()], 0..200),
            cuts in proptest::collection::vec(any::<usize>(), 0..20),
        ) {
            let mut input = input;
            input.extend_from_slice(b"\r\n.\r\nQUIT\r\n");
            prop_assert_eq!(unstuff(&input, &cuts), unstuff(&input, &[]));
        }

        #[test]
        fn what_was_stuffed_comes_back(lines in proptest::collection::vec("[.a-c]{0,5}", 0..20)) {
            let mail: String = lines.iter().map(|line| format!("{line}\r\n")).collect();
            let stuffed: String = lines.iter().map(|line| match line.starts_with('.') {
                true => format!(".{line}\r\n"),
                false => format!("{line}\r\n"),
            }).collect();
            let (back, bare, rest) = whole(format!("{stuffed}.\r\n").as_bytes());
            prop_assert_eq!(back, mail.as_bytes());
            prop_assert!(!bare && rest.is_empty());
        }
    }
}
