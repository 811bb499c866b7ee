//! Text that is signed and still can be read by everybody (RFC 9580, section 7).

use super::algorithm::hash_name;
use super::armor::{Kind, armored, next_block};
use super::key::Key;
use super::packets::written;
use super::policy::Policy;
use super::sign::{Saying, signatures};
use crate::{Random, Trouble};
use pgp::crypto::hash::HashAlgorithm;
use pgp::packet::SignatureType;

const BEGIN: &[u8] = b"-----BEGIN PGP SIGNED MESSAGE-----";

/// A text with its signatures.
#[derive(Debug, PartialEq, Eq)]
pub struct Clearsigned {
    /// As it was signed: without blanks at the ends of lines, which end in CRLF, and without the last line's end.
    pub text: Vec<u8>,
    pub signatures: Vec<u8>,
    /// Where it begins, and where the line behind it begins.
    pub at: (usize, usize),
}

/// Signs a text with each of the keys so that it stays one.
///
/// # Errors
/// Those of [`super::signed_by_all`].
pub fn clearsigned(
    text: &[u8],
    keys: &[Key<'_>],
    policy: &Policy,
    now: u64,
    random: &mut dyn Random,
) -> Result<Vec<u8>, Trouble> {
    let lines: Vec<&[u8]> = lines(text).map(trimmed).collect();
    let saying = Saying { kind: SignatureType::Text, now, meant_for: &[], policy };
    let signatures = signatures(&lines.join(&b"\r\n"[..]), keys, &saying, random)?;
    let mut out = BEGIN.to_vec();
    // Readers of version 6 need no such line, and do not mind it.
    let (mut hashes, mut packets) = (Vec::new(), Vec::new());
    for (_, signature) in &signatures {
        let hash = hash_name(signature.hash_alg().unwrap_or(HashAlgorithm::None));
        if !hashes.contains(&hash) {
            hashes.push(hash);
        }
        packets.extend(written(signature)?);
    }
    out.extend_from_slice(format!("\r\nHash: {}\r\n\r\n", hashes.join(",")).as_bytes());
    for line in lines {
        if line.starts_with(b"-") || line.starts_with(b"From ") {
            out.extend_from_slice(b"- ");
        }
        out.extend_from_slice(line);
        out.extend_from_slice(b"\r\n");
    }
    out.extend_from_slice(armored(Kind::Signature, &packets).as_bytes());
    Ok(out)
}

/// The first signed text; `None` when there is none.
///
/// # Errors
/// [`Trouble::Malformed`] when it has no end, or a head that says more than the hash: what is not understood there could change what is
/// shown.
pub fn read_clearsigned(bytes: &[u8]) -> Result<Option<Clearsigned>, Trouble> {
    let (mut at, mut start) = (0, None);
    for line in bytes.split_inclusive(|byte| *byte == b'\n') {
        at += line.len();
        if line.trim_ascii_end() == BEGIN {
            start = Some((at - line.len(), at));
            break;
        }
    }
    let Some((start, behind)) = start else { return Ok(None) };
    let (mut text, mut in_head) = (Vec::new(), true);
    at = behind;
    for line in bytes[behind..].split_inclusive(|byte| *byte == b'\n') {
        let plain = trimmed(without_end(line));
        if in_head {
            if plain.is_empty() {
                in_head = false;
            } else if !plain.starts_with(b"Hash:") {
                return Err(Trouble::Malformed("the head of a signed text says something else"));
            }
        } else if plain == b"-----BEGIN PGP SIGNATURE-----" {
            let block = next_block(bytes, at)?.ok_or(Trouble::Malformed("a signed text has no signature"))?;
            let text = text.join(&b"\r\n"[..]);
            return Ok(Some(Clearsigned { text, signatures: block.bytes, at: (start, block.at.1) }));
        } else if let Some(escaped) = plain.strip_prefix(b"- ") {
            text.push(escaped);
        } else if plain.starts_with(b"-") && plain != b"-" {
            return Err(Trouble::Malformed("a line of a signed text begins with a dash"));
        } else {
            text.push(plain);
        }
        at += line.len();
    }
    Err(Trouble::Malformed("a signed text has no end"))
}

fn lines(text: &[u8]) -> impl Iterator<Item = &[u8]> {
    text.split_inclusive(|byte| *byte == b'\n').map(without_end)
}

fn without_end(line: &[u8]) -> &[u8] {
    let line = line.strip_suffix(b"\n").unwrap_or(line);
    line.strip_suffix(b"\r").unwrap_or(line)
}

fn trimmed(line: &[u8]) -> &[u8] {
    let end = line.iter().rposition(|byte| !matches!(byte, b' ' | b'\t')).map_or(0, |last| last + 1);
    &line[..end]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dashes_and_blanks_are_read_as_they_were_signed() {
        let signature = armored(Kind::Signature, &[0xc2, 1, 4]);
        let text = format!(
            "-----BEGIN PGP SIGNED MESSAGE-----\nHash: SHA256\n\none  \n- -two\n\n- From three\n{signature}after"
        );
        let read = read_clearsigned(text.as_bytes()).expect("its form").expect("a text");
        assert_eq!(read.text, b"one\r\n-two\r\n\r\nFrom three");
        assert_eq!((read.at.0, &text[read.at.1..]), (0, "after"));
        let other = text.replace("Hash: SHA256", "NotDashEscaped: x");
        assert!(read_clearsigned(other.as_bytes()).is_err());
        assert!(read_clearsigned(text.replace("- -two", "-two").as_bytes()).is_err());
        assert_eq!(read_clearsigned(b"nothing"), Ok(None));
    }
}
