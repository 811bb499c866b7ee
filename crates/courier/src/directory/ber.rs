//! LDAP's messages (RFC 4511, section 4) in its part of BER: definite lengths, tags of one octet.
//!
//! They are written as trees and read flat: nothing that a server sends makes a call go deeper.

use super::Trouble;
use zeroize::Zeroizing;

const BOOLEAN: u8 = 0x01;
const INTEGER: u8 = 0x02;
const OCTETS: u8 = 0x04;
const ENUMERATED: u8 = 0x0a;
const SEQUENCE: u8 = 0x30;
const SET: u8 = 0x31;

const BIND: u8 = 0x60;
const UNBIND: u8 = 0x42;
const SEARCH: u8 = 0x63;
const EXTENDED: u8 = 0x77;

pub(super) const BIND_DONE: u8 = 0x61;
pub(super) const ENTRY: u8 = 0x64;
pub(super) const SEARCH_DONE: u8 = 0x65;
pub(super) const REFERENCE: u8 = 0x73;
pub(super) const EXTENDED_DONE: u8 = 0x78;

pub(super) const SUCCESS: u32 = 0;
pub(super) const REFERRAL: u32 = 10;
pub(super) const NO_SUCH_OBJECT: u32 = 32;
pub(super) const WRONG_NAME: u32 = 34;

/// StartTLS (RFC 4511, section 4.14).
const START_TLS: &str = "1.3.6.1.4.1.1466.20037";

/// The longest header of a message: a tag, and a length with four octets behind the first.
pub(super) const HEADER_BYTES_MAX: usize = 6;

/// Which entries are meant (RFC 4511, section 4.5.1.7). Values stand in it as they are: it is no text, so nothing has to be escaped, and
/// no value can mean anything else.
pub(super) enum Filter<'f> {
    Any(Vec<Filter<'f>>),
    Equals(&'f str, &'f str),
    Contains(&'f str, &'f str),
    Present(&'f str),
}

impl Filter<'_> {
    fn bytes(&self) -> Vec<u8> {
        match self {
            Filter::Any(all) => element(0xa1, &all.iter().map(Filter::bytes).collect::<Vec<_>>().concat()),
            Filter::Equals(name, value) => element(0xa3, &[text(name), text(value)].concat()),
            Filter::Contains(name, value) => {
                let within = element(SEQUENCE, &element(0x81, value.as_bytes()));
                element(0xa4, &[text(name), within].concat())
            }
            Filter::Present(name) => element(0x87, name.as_bytes()),
        }
    }
}

/// What is searched for, and how much.
pub(super) struct Search<'s> {
    pub(super) base: &'s str,
    /// The whole tree below the base; else the base alone.
    pub(super) is_below: bool,
    pub(super) filter: &'s Filter<'s>,
    pub(super) attributes: &'s [&'s str],
    pub(super) entries_max: u32,
    pub(super) seconds_max: u32,
}

impl Search<'_> {
    pub(super) fn bytes(&self, id: u32) -> Vec<u8> {
        let scope = if self.is_below { 2 } else { 0 };
        let attributes: Vec<u8> = self.attributes.iter().flat_map(|name| text(name)).collect();
        let content = [
            text(self.base),
            number(ENUMERATED, scope),
            // Aliases are not followed.
            number(ENUMERATED, 0),
            number(INTEGER, self.entries_max),
            number(INTEGER, self.seconds_max),
            element(BOOLEAN, &[0]),
            self.filter.bytes(),
            element(SEQUENCE, &attributes),
        ];
        message(id, &element(SEARCH, &content.concat()))
    }
}

/// Who asks, with a password (RFC 4511, section 4.2).
pub(super) fn bind(id: u32, name: &str, password: &str) -> Zeroizing<Vec<u8>> {
    let password = Zeroizing::new(element(0x80, password.as_bytes()));
    let content = Zeroizing::new([number(INTEGER, 3), text(name), password.to_vec()].concat());
    Zeroizing::new(message(id, &Zeroizing::new(element(BIND, &content))))
}

pub(super) fn unbind(id: u32) -> Vec<u8> {
    message(id, &element(UNBIND, &[]))
}

pub(super) fn start_tls(id: u32) -> Vec<u8> {
    message(id, &element(EXTENDED, &element(0x80, START_TLS.as_bytes())))
}

fn message(id: u32, operation: &[u8]) -> Vec<u8> {
    element(SEQUENCE, &[&number(INTEGER, id), operation].concat())
}

fn text(text: &str) -> Vec<u8> {
    element(OCTETS, text.as_bytes())
}

fn number(tag: u8, number: u32) -> Vec<u8> {
    let bytes = number.to_be_bytes();
    let from = bytes.iter().position(|byte| *byte != 0).unwrap_or(bytes.len() - 1);
    let sign: &[u8] = if bytes[from] & 0x80 == 0 { &[] } else { &[0] };
    element(tag, &[sign, &bytes[from..]].concat())
}

fn element(tag: u8, content: &[u8]) -> Vec<u8> {
    let length = content.len().to_be_bytes();
    let from = length.iter().position(|byte| *byte != 0).unwrap_or(length.len() - 1);
    let length = &length[from..];
    let mut whole = Vec::with_capacity(content.len() + HEADER_BYTES_MAX);
    whole.push(tag);
    if content.len() >= 0x80 {
        // A length has at most eight octets.
        whole.push(0x80 | u8::try_from(length.len()).unwrap_or(8));
    }
    whole.extend_from_slice(length);
    whole.extend_from_slice(content);
    whole
}

/// How many octets stand behind the header that these begin with, and how long that is; `None` where it has not all come.
///
/// # Errors
/// `Lost` when it is no header of a message.
pub(super) fn header(bytes: &[u8]) -> Result<Option<(usize, usize)>, Trouble> {
    match bytes {
        [] | [SEQUENCE] => Ok(None),
        [SEQUENCE, length @ 0..=0x7f, ..] => Ok(Some((usize::from(*length), 2))),
        [SEQUENCE, long @ 0x81..=0x84, rest @ ..] => {
            let octets = usize::from(long & 0x7f);
            let value = |length: &[u8]| length.iter().fold(0usize, |sum, octet| sum << 8 | usize::from(*octet));
            Ok(rest.get(..octets).map(|length| (value(length), 2 + octets)))
        }
        _ => Err(Trouble::Lost),
    }
}

/// Elements one behind the other.
#[derive(Clone, Copy)]
struct Elements<'a>(&'a [u8]);

impl<'a> Elements<'a> {
    fn next(&mut self) -> Result<Option<(u8, &'a [u8])>, Trouble> {
        let [tag, length, rest @ ..] = self.0 else {
            return if self.0.is_empty() { Ok(None) } else { Err(Trouble::Lost) };
        };
        let (length, rest) = match length {
            0..=0x7f => (usize::from(*length), rest),
            0x81..=0x84 => {
                let (octets, rest) = rest.split_at_checked(usize::from(length & 0x7f)).ok_or(Trouble::Lost)?;
                (octets.iter().fold(0usize, |sum, octet| sum << 8 | usize::from(*octet)), rest)
            }
            _ => return Err(Trouble::Lost),
        };
        let (content, rest) = rest.split_at_checked(length).ok_or(Trouble::Lost)?;
        self.0 = rest;
        Ok(Some((*tag, content)))
    }

    fn expect(&mut self, tag: u8) -> Result<&'a [u8], Trouble> {
        match self.next()? {
            Some((found, content)) if found == tag => Ok(content),
            _ => Err(Trouble::Lost),
        }
    }

    fn number(&mut self, tag: u8) -> Result<u32, Trouble> {
        let content = self.expect(tag)?;
        match content {
            [] | [0x80..=0xff, ..] | [_, _, _, _, _, ..] => Err(Trouble::Lost),
            octets => Ok(octets.iter().fold(0, |sum, octet| sum << 8 | u32::from(*octet))),
        }
    }
}

/// What a message is an answer to, what kind it is, and its content.
pub(super) fn read(content: &[u8]) -> Result<(u32, u8, &[u8]), Trouble> {
    let mut all = Elements(content);
    let id = all.number(INTEGER)?;
    let (kind, operation) = all.next()?.ok_or(Trouble::Lost)?;
    Ok((id, kind, operation))
}

/// The result code of an operation that is done.
pub(super) fn result(operation: &[u8]) -> Result<u32, Trouble> {
    Elements(operation).number(ENUMERATED)
}

/// One entry that was found.
pub(super) struct Entry {
    attributes: Vec<(String, Vec<Vec<u8>>)>,
}

impl Entry {
    pub(super) fn read(operation: &[u8]) -> Result<Entry, Trouble> {
        let mut all = Elements(operation);
        all.expect(OCTETS)?;
        let mut list = Elements(all.expect(SEQUENCE)?);
        let mut attributes = Vec::new();
        while let Some((tag, attribute)) = list.next()? {
            if tag != SEQUENCE {
                return Err(Trouble::Lost);
            }
            let mut attribute = Elements(attribute);
            let name = String::from_utf8_lossy(attribute.expect(OCTETS)?).into_owned();
            let (mut set, mut values) = (Elements(attribute.expect(SET)?), Vec::new());
            while let Some((tag, value)) = set.next()? {
                if tag != OCTETS {
                    return Err(Trouble::Lost);
                }
                values.push(value.to_vec());
            }
            attributes.push((name, values));
        }
        Ok(Entry { attributes })
    }

    /// The values of an attribute, whatever options stand behind its name, such as `;binary`.
    pub(super) fn values<'e>(&'e self, name: &'e str) -> impl Iterator<Item = &'e Vec<u8>> {
        let is_it = move |full: &str| full.split(';').next().is_some_and(|bare| bare.eq_ignore_ascii_case(name));
        self.attributes.iter().filter(move |(full, _)| is_it(full)).flat_map(|(_, values)| values)
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use proptest::prelude::*;

    /// What the OpenLDAP tools send for `ldapsearch -b dc=x -s base -l 5 -z 3 '(mail=a)' mail` (RFC 4511, section 5.1).
    #[test]
    fn a_search_is_written_as_others_write_it() {
        let filter = Filter::Equals("mail", "a");
        let search = Search {
            base: "dc=x",
            is_below: false,
            filter: &filter,
            attributes: &["mail"],
            entries_max: 3,
            seconds_max: 5,
        };
        let expected = b"\x30\x2d\x02\x01\x02\x63\x28\x04\x04dc=x\x0a\x01\x00\x0a\x01\x00\x02\x01\x03\x02\x01\x05\x01\x01\x00\xa3\x09\x04\x04mail\x04\x01a\x30\x06\x04\x04mail";
        assert_eq!(search.bytes(2), expected);
    }

    #[test]
    fn sec_no_address_becomes_more_than_a_value() {
        for hostile in ["*", "a*)(mail=*", "a)(|(objectClass=*", "\\2a", "a\0b", "ünï@x"] {
            let bytes = Filter::Equals("mail", hostile).bytes();
            let mut both = Elements(Elements(&bytes).expect(0xa3).unwrap());
            assert_eq!(
                (both.expect(OCTETS).unwrap(), both.expect(OCTETS).unwrap()),
                (&b"mail"[..], hostile.as_bytes())
            );
            assert!(both.next().unwrap().is_none());
        }
    }

    #[test]
    fn numbers_and_lengths_of_all_sizes_are_read_as_they_are_written() {
        for value in [0, 1, 127, 128, 255, 256, 65_535, 0x7fff_ffff] {
            assert_eq!(Elements(&number(INTEGER, value)).number(INTEGER), Ok(value));
        }
        for size in [0, 127, 128, 255, 256, 65_536] {
            let whole = element(SEQUENCE, &vec![7; size]);
            assert_eq!(header(&whole), Ok(Some((size, whole.len() - size))));
            assert_eq!(Elements(&whole).expect(SEQUENCE).unwrap().len(), size);
        }
        assert_eq!(header(&[SEQUENCE, 0x80]), Err(Trouble::Lost), "no end");
        assert_eq!(header(&[SEQUENCE, 0x85, 0, 0, 0, 0, 0]), Err(Trouble::Lost), "five octets");
        assert_eq!(header(&[SEQUENCE, 0x82, 1]), Ok(None));
    }

    proptest! {
        #[test]
        fn whatever_a_server_sends_is_read_or_refused(bytes in prop::collection::vec(any::<u8>(), 0..300)) {
            let _ = header(&bytes);
            if let Ok((_, _, operation)) = read(&bytes) {
                let _ = (result(operation), Entry::read(operation).map(|entry| entry.values("mail").count()));
            }
            let _ = Entry::read(&bytes);
        }
    }
}
