//! The mark that our own letters bear, so that whoever quotes one quotes its mark: written by who composes a letter, known
//! again by the reply reader.
//!
//! A mark is lower-case base32 without padding (RFC 4648, section 6) of
//!
//! ```text
//! version (1) | letter id (8, big-endian) | MAC (12)
//! ```
//!
//! The MAC is HMAC-SHA-256 (RFC 2104) cut to 96 bits over a label and everything before it. A mark grants nothing: it only
//! says that a letter of ours begins here. Its key is derived from a site's secret for reply addresses and is not that
//! secret, because it goes where strangers' mail is read. A mark that does not verify is text like any other.

use crate::markup::Attribute;
use crate::message::FoundMark;
use crate::reply::without_prefixes;
use aws_lc_rs::{constant_time, hmac};
use data_encoding::BASE32_NOPAD;

/// The attribute of the outermost element of a letter's HTML part; its value is the mark.
pub const ATTRIBUTE: &str = "data-sealpost-letter";
/// What the same element's id begins with: programs that drop unknown attributes keep ids.
pub const ID_PREFIX: &str = "sealpost-letter-";
/// What the first line of a letter's text part begins with, or the second below the one above which people answer; the mark and
/// `]` follow.
pub const LINE_PREFIX: &str = "[sealpost-letter ";

const VERSION: u8 = 1;
const MAC_BYTES: usize = 12;
const MARK_BYTES: usize = 1 + 8 + MAC_BYTES;
/// Characters of a mark.
pub const MARK_CHARS: usize = 34;
const KEY_LABEL: &[u8] = b"sealpost letter mark key\0";
const LABEL: &[u8] = b"sealpost letter mark\0";

/// The key for the marks of one site's letters.
#[derive(Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct LetterKey([u8; 32]);

// Written by hand so that no log line can ever show the key.
impl std::fmt::Debug for LetterKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("LetterKey")
    }
}

impl LetterKey {
    /// The key that belongs to a site and one of its secrets; neither can be found from it.
    pub fn derive(secret: &[u8], site: &str) -> LetterKey {
        let mut key = [0; 32];
        key.copy_from_slice(mac(secret, &[KEY_LABEL, site.as_bytes()]).as_ref());
        LetterKey(key)
    }

    /// The mark of a letter: [`MARK_CHARS`] characters.
    pub fn mark(&self, letter_id: u64) -> String {
        let mut mark = vec![VERSION];
        mark.extend_from_slice(&letter_id.to_be_bytes());
        let mac = mac(&self.0, &[LABEL, &mark]);
        mark.extend_from_slice(&mac.as_ref()[..MAC_BYTES]);
        BASE32_NOPAD.encode(&mark).to_ascii_lowercase()
    }

    /// The attributes for the outermost element of a letter's HTML part, with a space before each.
    pub fn attributes(&self, letter_id: u64) -> String {
        let mark = self.mark(letter_id);
        format!(" id=\"{ID_PREFIX}{mark}\" {ATTRIBUTE}=\"{mark}\"")
    }

    /// The first line of a letter's text part, without a line end.
    pub fn line(&self, letter_id: u64) -> String {
        format!("{LINE_PREFIX}{}]", self.mark(letter_id))
    }

    /// The letter whose mark this is. Case makes no difference; the comparison takes constant time.
    pub fn verify(&self, mark: &str) -> Option<u64> {
        if mark.len() != MARK_CHARS {
            return None;
        }
        let bytes = BASE32_NOPAD.decode(mark.to_ascii_uppercase().as_bytes()).ok()?;
        let (signed, given) = bytes.split_at_checked(MARK_BYTES - MAC_BYTES)?;
        let (version, id) = signed.split_first()?;
        let mac = mac(&self.0, &[LABEL, signed]);
        let is_ours = constant_time::verify_slices_are_equal(&mac.as_ref()[..MAC_BYTES], given).is_ok();
        (*version == VERSION && is_ours).then_some(u64::from_be_bytes(id.try_into().ok()?))
    }
}

fn mac(key: &[u8], pieces: &[&[u8]]) -> hmac::Tag {
    let mut context = hmac::Context::with_key(&hmac::Key::new(hmac::HMAC_SHA256, key));
    pieces.iter().for_each(|piece| context.update(piece));
    context.sign()
}

/// Marks that are looked at in one mail.
pub const MARKS_MAX: usize = 100;

/// Adds what resembles a mark in these bytes, each once for a part. Signs that programs put into what they quote, wrap or encode make
/// no difference: whether it is a mark says [`LetterKey::verify`] alone.
pub(crate) fn add_found(bytes: &[u8], part: &str, found: &mut Vec<FoundMark>) {
    const BEGIN: &[u8] = b"sealpost-letter";
    const SIGNS_MAX: usize = 40;
    for at in memchr::memmem::find_iter(bytes, BEGIN) {
        let mut mark = String::with_capacity(MARK_CHARS);
        let mut signs = 0;
        for byte in &bytes[at + BEGIN.len()..] {
            match byte.to_ascii_lowercase() {
                letter @ (b'a'..=b'z' | b'2'..=b'7') => mark.push(char::from(letter)),
                b' ' | b'\t' | b'\r' | b'\n' | b'>' | b'|' | b'=' | b'"' | b'\'' | b'-' | b'*' => signs += 1,
                _ => break,
            }
            if mark.len() == MARK_CHARS || signs > SIGNS_MAX {
                break;
            }
        }
        let is_new = mark.len() == MARK_CHARS && !found.iter().any(|one| one.mark == mark && one.part == part);
        if is_new && found.len() < MARKS_MAX {
            found.push(FoundMark { mark, part: part.to_owned() });
        }
    }
}

/// The mark in a line of text, wherever in the line it stands.
pub(crate) fn in_line(line: &str) -> Option<&str> {
    let (_, rest) = line.split_once(LINE_PREFIX)?;
    rest.get(..MARK_CHARS).filter(|_| rest[MARK_CHARS..].starts_with(']'))
}

/// The mark among the attributes of an element. Pages on the web put prefixes before names and drop attributes.
pub(crate) fn in_attributes<'s>(attributes: &'s [Attribute]) -> Option<&'s str> {
    attributes.iter().find_map(|(name, value)| match without_prefixes(name) {
        ATTRIBUTE => Some(value.trim()),
        "id" => without_prefixes(value.trim()).strip_prefix(ID_PREFIX),
        name => {
            name.strip_prefix("data-").filter(|rest| without_prefixes(rest) == &ATTRIBUTE[5..]).map(|_| value.trim())
        }
    })
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    fn key() -> LetterKey {
        LetterKey::derive(&[7; 32], "main")
    }

    fn attributes<'a>(name: &'a str, value: &'a str) -> Vec<Attribute<'a>> {
        vec![("class".into(), "x".into()), (name.into(), value.into())]
    }

    #[test]
    fn a_mark_names_its_letter_and_no_other_key_verifies_it() {
        let mark = key().mark(42);
        assert_eq!(mark.len(), MARK_CHARS);
        assert_eq!(key().verify(&mark), Some(42));
        assert_eq!(key().verify(&mark.to_uppercase()), Some(42));
        assert_eq!(LetterKey::derive(&[7; 32], "other").verify(&mark), None);
        assert_eq!(LetterKey::derive(&[8; 32], "main").verify(&mark), None);
        for at in 0..MARK_CHARS {
            let mut changed = mark.clone();
            changed.replace_range(at..=at, if &mark[at..=at] == "a" { "b" } else { "a" });
            assert_eq!(key().verify(&changed), None, "{changed}");
        }
        for bad in ["", "a", &mark[1..], &format!("{mark}a"), &"ä".repeat(17)] {
            assert_eq!(key().verify(bad), None);
        }
    }

    #[test]
    fn it_is_found_however_a_program_quotes_wraps_or_encodes_it() {
        let mark = key().mark(1);
        let (left, right) = mark.split_at(20);
        for text in [
            format!("> > {}", key().line(1)),
            format!("> [sealpost-letter\r\n> {mark}]"),
            format!("<div id=3D\"m_7sealpost-letter-{left}=\r\n{right}\">"),
            format!("<div data-sealpost-letter=\"{}\">", mark.to_uppercase()),
        ] {
            let mut found = Vec::new();
            add_found(text.as_bytes(), "1", &mut found);
            add_found(text.as_bytes(), "1", &mut found);
            assert_eq!(found, [FoundMark { mark: mark.clone(), part: "1".into() }], "{text}");
        }
        let mut found = Vec::new();
        add_found(format!("sealpost-letter {left}, sealpost-letter").as_bytes(), "", &mut found);
        assert!(found.is_empty(), "{found:?}");
        let many: String = (0..200).map(|id| key().line(id)).collect();
        add_found(many.as_bytes(), "", &mut found);
        assert_eq!(found.len(), MARKS_MAX);
    }

    #[test]
    fn it_is_found_in_what_programs_make_of_it() {
        let mark = key().mark(1);
        assert_eq!(in_line(&format!("> > {}", key().line(1))), Some(mark.as_str()));
        assert_eq!(in_line("[sealpost-letter short]"), None);
        assert_eq!(in_line(&format!("[sealpost-letter {}", "ä".repeat(20))), None);
        for (name, value) in [
            ("data-sealpost-letter", mark.clone()),
            ("x_data-sealpost-letter", mark.clone()),
            ("data-x_sealpost-letter", mark.clone()),
            ("id", format!("sealpost-letter-{mark}")),
            ("id", format!("x_x_sealpost-letter-{mark}")),
        ] {
            assert_eq!(in_attributes(&attributes(name, &value)), Some(mark.as_str()), "{name}");
        }
        assert_eq!(in_attributes(&attributes("data-other", &mark)), None);
        assert!(key().attributes(1).contains(&format!("data-sealpost-letter=\"{mark}\"")));
    }
}
