//! From BER to DER, as far as mail needs it: definite lengths of the least size, and octet strings in one piece (X.690, 8.1.3 and 8.7).
//!
//! OpenSSL with `-stream`, Bouncy Castle and others send lengths that they did not know yet. What is DER already stays byte for byte as
//! it is, certificates among it.

use super::tlv;
use crate::Trouble;

/// Elements within elements.
const DEPTH_MAX: usize = 32;
/// Elements altogether; a streamed mail of 100 MB has a hundred thousand pieces.
const ELEMENTS_MAX: usize = 1_000_000;
const OCTETS: u8 = 0x04;
const CONSTRUCTED: u8 = 0x20;

/// An element whose content has the length `len`.
struct Node<'a> {
    tag: &'a [u8],
    len: usize,
    body: Body<'a>,
}

enum Body<'a> {
    /// Pieces of a string, one behind the other.
    Octets(Vec<&'a [u8]>),
    Elements(Vec<Node<'a>>),
}

struct Reader<'a> {
    rest: &'a [u8],
    elements: usize,
}

/// One element in DER. What stands behind it must be zeros or line ends, as old senders pad.
///
/// # Errors
/// [`Trouble::Malformed`] when it is no BER, is nested more than 32 deep, or has more than a million elements.
pub fn normalised(bytes: &[u8]) -> Result<Vec<u8>, Trouble> {
    let mut reader = Reader { rest: bytes, elements: 0 };
    let node = reader.node(0)?;
    if reader.rest.iter().any(|byte| !matches!(byte, 0 | b'\r' | b'\n' | b' ')) {
        return Err(Trouble::Malformed("something stands behind the end"));
    }
    let mut out = Vec::with_capacity(bytes.len());
    node.write(&mut out);
    Ok(out)
}

impl<'a> Reader<'a> {
    fn take(&mut self, len: usize) -> Result<&'a [u8], Trouble> {
        let (taken, rest) = self.rest.split_at_checked(len).ok_or(Trouble::Malformed("an element ends too early"))?;
        self.rest = rest;
        Ok(taken)
    }

    fn byte(&mut self) -> Result<u8, Trouble> {
        Ok(self.take(1)?[0])
    }

    fn tag(&mut self) -> Result<&'a [u8], Trouble> {
        const HIGH: u8 = 0x1f;
        const TAG_BYTES_MAX: usize = 5;
        let more = self.rest.iter().skip(1).take_while(|byte| **byte & 0x80 != 0).count() + 1;
        match self.rest.first() {
            Some(first) if first & HIGH == HIGH && more <= TAG_BYTES_MAX => self.take(1 + more),
            Some(first) if first & HIGH == HIGH => Err(Trouble::Malformed("a tag is too long")),
            _ => self.take(1),
        }
    }

    /// `None` for a length that is not said.
    fn length(&mut self) -> Result<Option<usize>, Trouble> {
        match self.byte()? {
            0x80 => Ok(None),
            short @ 0..0x80 => Ok(Some(short.into())),
            long => {
                let bytes = self.take((long & 0x7f).into())?;
                let leading = bytes.iter().take_while(|byte| **byte == 0).count();
                let bytes = &bytes[leading..];
                if bytes.len() > 4 {
                    return Err(Trouble::Malformed("a length is too large"));
                }
                Ok(Some(bytes.iter().fold(0, |sum, byte| (sum << 8) | usize::from(*byte))))
            }
        }
    }

    fn node(&mut self, depth: usize) -> Result<Node<'a>, Trouble> {
        self.elements += 1;
        if depth > DEPTH_MAX || self.elements > ELEMENTS_MAX {
            return Err(Trouble::Malformed("it is nested too deeply, or in too many pieces"));
        }
        let tag = self.tag()?;
        let is_constructed = tag[0] & CONSTRUCTED != 0;
        match self.length()? {
            None if !is_constructed => Err(Trouble::Malformed("a length is not said where it must be")),
            None => {
                let inner = self.until_end(depth)?;
                constructed(tag, inner)
            }
            Some(len) => {
                let content = self.take(len)?;
                if !is_constructed {
                    return Ok(Node { tag, len, body: Body::Octets(vec![content]) });
                }
                let mut within = Reader { rest: content, elements: self.elements };
                let mut inner = Vec::new();
                while !within.rest.is_empty() {
                    inner.push(within.node(depth + 1)?);
                }
                self.elements = within.elements;
                constructed(tag, inner)
            }
        }
    }

    /// The elements before two zeros.
    fn until_end(&mut self, depth: usize) -> Result<Vec<Node<'a>>, Trouble> {
        let mut inner = Vec::new();
        while !self.rest.starts_with(&[0, 0]) {
            inner.push(self.node(depth + 1)?);
        }
        self.take(2)?;
        Ok(inner)
    }
}

/// Strings become one piece. Where a string has a tag of its own (`[0] IMPLICIT`) nothing shows that it is one, so it stays as it is.
fn constructed<'a>(tag: &'a [u8], inner: Vec<Node<'a>>) -> Result<Node<'a>, Trouble> {
    if tag != [OCTETS | CONSTRUCTED] {
        let len = inner.iter().map(Node::whole_len).sum();
        return Ok(Node { tag, len, body: Body::Elements(inner) });
    }
    let mut pieces = Vec::with_capacity(inner.len());
    for node in inner {
        match node.body {
            Body::Octets(piece) if node.tag == [OCTETS] => pieces.extend(piece),
            _ => return Err(Trouble::Malformed("a string has a piece that is none")),
        }
    }
    Ok(Node { tag: &[OCTETS], len: pieces.iter().map(|piece| piece.len()).sum(), body: Body::Octets(pieces) })
}

impl Node<'_> {
    fn whole_len(&self) -> usize {
        self.tag.len() + tlv::length_len(self.len) + self.len
    }

    fn write(&self, out: &mut Vec<u8>) {
        out.extend_from_slice(self.tag);
        tlv::put_length(out, self.len);
        match &self.body {
            Body::Octets(pieces) => pieces.iter().for_each(|piece| out.extend_from_slice(piece)),
            Body::Elements(inner) => inner.iter().for_each(|node| node.write(out)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn der_stays_as_it_is() {
        let der = [0x30, 0x05, 0x04, 0x03, 1, 2, 3];
        assert_eq!(normalised(&der), Ok(der.to_vec()));
    }

    #[test]
    fn lengths_are_said_and_strings_joined() {
        let ber =
            [0x30, 0x80, 0x24, 0x80, 0x04, 0x02, 1, 2, 0x24, 0x03, 0x04, 0x81, 0x00, 0x04, 0x01, 3, 0, 0, 0, 0, b'\n'];
        assert_eq!(normalised(&ber), Ok(vec![0x30, 0x05, 0x04, 0x03, 1, 2, 3]));
    }

    #[test]
    fn what_is_no_ber_is_said_to_be_none() {
        for bytes in
            [&[][..], &[0x30], &[0x30, 0x80], &[0x04, 0x80, 0, 0], &[0x30, 0x85, 1, 0, 0, 0, 0], &[0x04, 0x01, 1, 2]]
        {
            assert!(matches!(normalised(bytes), Err(Trouble::Malformed(_))), "{bytes:02x?}");
        }
        let deep: Vec<u8> = [0x30, 0x80].repeat(100_000);
        assert!(matches!(normalised(&deep), Err(Trouble::Malformed(_))));
    }

    proptest::proptest! {
        #[test]
        fn any_bytes_are_survived_and_once_is_enough(bytes in proptest::collection::vec(0_u8.., 0..200)) {
            if let Ok(der) = normalised(&bytes) {
                proptest::prop_assert_eq!(normalised(&der), Ok(der.clone()));
            }
        }
    }
}
