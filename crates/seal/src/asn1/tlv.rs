//! Elements of DER, read by slices that keep the bytes as they were, and written (X.690).

use crate::Trouble;
use const_oid::ObjectIdentifier;
use der::asn1::{GeneralizedTime, UtcTime};
use der::{DateTime, Encode};
use std::time::Duration;

pub(crate) const INTEGER: u8 = 0x02;
pub(crate) const BITS: u8 = 0x03;
pub(crate) const OCTETS: u8 = 0x04;
pub(crate) const NULL: u8 = 0x05;
pub(crate) const OID: u8 = 0x06;
pub(crate) const UTC_TIME: u8 = 0x17;
pub(crate) const GENERALIZED_TIME: u8 = 0x18;
pub(crate) const SEQUENCE: u8 = 0x30;
pub(crate) const SET: u8 = 0x31;

/// The tag `[n]` of an element within which others stand.
pub(crate) const fn within(n: u8) -> u8 {
    0xa0 | n
}

/// The tag `[n]` of a plain one.
pub(crate) const fn plain(n: u8) -> u8 {
    0x80 | n
}

/// One element.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Element<'a> {
    pub(crate) tag: u8,
    pub(crate) content: &'a [u8],
    /// With its tag and length.
    pub(crate) whole: &'a [u8],
}

/// Elements one behind the other.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Elements<'a>(pub(crate) &'a [u8]);

impl<'a> Elements<'a> {
    /// Those within the one element that the bytes are.
    pub(crate) fn of(bytes: &'a [u8], tag: u8) -> Result<Elements<'a>, Trouble> {
        let mut all = Elements(bytes);
        let inner = all.expect(tag)?;
        all.end()?;
        Ok(Elements(inner.content))
    }

    pub(crate) fn next(&mut self) -> Result<Option<Element<'a>>, Trouble> {
        let bytes = self.0;
        let [tag, first, rest @ ..] = bytes else {
            return if bytes.is_empty() { Ok(None) } else { Err(Trouble::Malformed("an element ends too early")) };
        };
        if tag & 0x1f == 0x1f {
            return Err(Trouble::Malformed("an unknown kind of element"));
        }
        let more = usize::from(first & 0x7f);
        let (len, rest) = match first {
            0..=0x7f => (usize::from(*first), rest),
            0x81..=0x84 if rest.len() >= more => {
                (rest[..more].iter().fold(0, |sum, byte| (sum << 8) | usize::from(*byte)), &rest[more..])
            }
            _ => return Err(Trouble::Malformed("a length is none")),
        };
        let (content, rest) = rest.split_at_checked(len).ok_or(Trouble::Malformed("an element ends too early"))?;
        self.0 = rest;
        Ok(Some(Element { tag: *tag, content, whole: &bytes[..bytes.len() - rest.len()] }))
    }

    pub(crate) fn expect(&mut self, tag: u8) -> Result<Element<'a>, Trouble> {
        match self.next()? {
            Some(element) if element.tag == tag => Ok(element),
            _ => Err(Trouble::Malformed("an element is missing or another than it should be")),
        }
    }

    /// The next one if it has this tag.
    pub(crate) fn optional(&mut self, tag: u8) -> Result<Option<Element<'a>>, Trouble> {
        match self.0.first() {
            Some(first) if *first == tag => self.next(),
            _ => Ok(None),
        }
    }

    /// An octet string under the tag `[n]`, in one piece or in several.
    pub(crate) fn pieces(&mut self, n: u8) -> Result<Option<Vec<u8>>, Trouble> {
        if let Some(whole) = self.optional(plain(n))? {
            return Ok(Some(whole.content.to_vec()));
        }
        let Some(outer) = self.optional(within(n))? else { return Ok(None) };
        let (mut content, mut all) = (Vec::with_capacity(outer.content.len()), outer.elements());
        while let Some(piece) = all.next()? {
            if piece.tag != OCTETS {
                return Err(Trouble::Malformed("a string has a piece that is none"));
            }
            content.extend_from_slice(piece.content);
        }
        Ok(Some(content))
    }

    pub(crate) fn end(&self) -> Result<(), Trouble> {
        if self.0.is_empty() { Ok(()) } else { Err(Trouble::Malformed("an element too many")) }
    }
}

impl<'a> Element<'a> {
    pub(crate) fn elements(&self) -> Elements<'a> {
        Elements(self.content)
    }

    pub(crate) fn oid(&self) -> Result<ObjectIdentifier, Trouble> {
        ObjectIdentifier::from_bytes(self.content).map_err(|_| Trouble::Malformed("an object identifier is none"))
    }

    /// A small number that is not negative.
    pub(crate) fn small(&self) -> Result<u32, Trouble> {
        match self.content {
            [first, ..] if *first < 0x80 && self.content.len() <= 5 => {
                let sum = self.content.iter().fold(0_u64, |sum, byte| (sum << 8) | u64::from(*byte));
                u32::try_from(sum).map_err(|_| Trouble::Malformed("a number is too large"))
            }
            _ => Err(Trouble::Malformed("a number is too large or negative")),
        }
    }
}

/// An algorithm and its parameters (RFC 5280, section 4.1.1.2).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Algorithm<'a> {
    pub(crate) oid: ObjectIdentifier,
    /// `None` where there are none, or NULL.
    pub(crate) parameters: Option<Element<'a>>,
}

impl<'a> Algorithm<'a> {
    pub(crate) fn read(element: &Element<'a>) -> Result<Algorithm<'a>, Trouble> {
        let mut inner = element.elements();
        let oid = inner.expect(OID)?.oid()?;
        let parameters = inner.next()?.filter(|parameters| parameters.tag != NULL);
        inner.end()?;
        Ok(Algorithm { oid, parameters })
    }
}

pub(crate) fn length_len(len: usize) -> usize {
    match len {
        0..0x80 => 1,
        0x80..0x100 => 2,
        0x100..0x1_0000 => 3,
        0x1_0000..0x100_0000 => 4,
        _ => 5,
    }
}

pub(crate) fn put_length(out: &mut Vec<u8>, len: usize) {
    let bytes = len.to_be_bytes();
    match length_len(len) {
        1 => out.push(bytes[bytes.len() - 1]),
        more => {
            // At most four bytes: nothing that is read here is larger.
            out.push(0x80 | u8::try_from(more - 1).unwrap_or(4));
            out.extend_from_slice(&bytes[bytes.len() - (more - 1)..]);
        }
    }
}

/// An element of these parts, one behind the other.
pub(crate) fn element(tag: u8, parts: &[&[u8]]) -> Vec<u8> {
    let len = parts.iter().map(|part| part.len()).sum();
    let mut out = Vec::with_capacity(len + 6);
    out.push(tag);
    put_length(&mut out, len);
    parts.iter().for_each(|part| out.extend_from_slice(part));
    out
}

pub(crate) fn sequence(parts: &[&[u8]]) -> Vec<u8> {
    element(SEQUENCE, parts)
}

/// In the order that DER asks for (X.690, 11.6), whatever its tag.
pub(crate) fn set(tag: u8, mut parts: Vec<Vec<u8>>) -> Vec<u8> {
    parts.sort();
    element(tag, &parts.iter().map(Vec::as_slice).collect::<Vec<_>>())
}

pub(crate) fn oid(oid: ObjectIdentifier) -> Vec<u8> {
    element(OID, &[oid.as_bytes()])
}

pub(crate) fn octets(content: &[u8]) -> Vec<u8> {
    element(OCTETS, &[content])
}

/// A number below 128.
pub(crate) fn number(value: u8) -> Vec<u8> {
    vec![INTEGER, 1, value & 0x7f]
}

/// A number that is not negative, of however many bytes.
pub(crate) fn unsigned(bytes: &[u8]) -> Vec<u8> {
    let leading = bytes.iter().take_while(|byte| **byte == 0).count();
    let bytes = &bytes[leading..];
    let sign: &[u8] = if bytes.first().is_none_or(|byte| byte & 0x80 != 0) { &[0] } else { &[] };
    element(INTEGER, &[sign, bytes])
}

/// A time in seconds since 1970: with two digits of the year until 2049 (RFC 5280, section 4.1.2.5; RFC 5652, section 11.3).
pub(crate) fn time(seconds: u64) -> Option<Vec<u8>> {
    let at = DateTime::from_unix_duration(Duration::from_secs(seconds)).ok()?;
    match UtcTime::from_date_time(at) {
        Ok(time) => time.to_der().ok(),
        Err(_) => GeneralizedTime::from_date_time(at).to_der().ok(),
    }
}

/// An algorithm with parameters that are DER already.
pub(crate) fn algorithm(id: ObjectIdentifier, parameters: &[u8]) -> Vec<u8> {
    sequence(&[&oid(id), parameters])
}

/// What stands for parameters of which there are none, where they may not be left out.
pub(crate) const NO_PARAMETERS: &[u8] = &[NULL, 0];
