//! Blocks of text: PEM (RFC 7468) and the armor of OpenPGP (RFC 9580, section 6).

use super::finding::Finding;
use super::{Problem, bundle, ring};
use crate::Trouble;
use crate::asn1::tlv::{Elements, SEQUENCE};
use crate::pgp::armor::{self, Kind};
use data_encoding::BASE64;
use zeroize::Zeroizing;

const BEGIN: &[u8] = b"-----BEGIN ";
const END: &[u8] = b"-----END ";
const DASHES: &[u8] = b"-----";
const COLUMNS: usize = 64;
const LABEL_BYTES_MAX: usize = 100;

pub(super) fn has_blocks(bytes: &[u8]) -> bool {
    position(bytes, BEGIN).is_some()
}

fn position(bytes: &[u8], what: &[u8]) -> Option<usize> {
    bytes.windows(what.len()).position(|window| window == what)
}

/// The label of a block that begins here, and what stands behind it.
fn label(begun: &[u8]) -> Option<(&[u8], &[u8])> {
    let end = position(begun.get(..LABEL_BYTES_MAX).unwrap_or(begun), DASHES)?;
    Some((&begun[..end], &begun[end + DASHES.len()..]))
}

/// Whether a block of private keys begins anywhere, be it whole or not.
pub(super) fn has_private_block(bytes: &[u8]) -> bool {
    let mut rest = bytes;
    while let Some(at) = position(rest, BEGIN) {
        rest = &rest[at + BEGIN.len()..];
        if label(rest).is_some_and(|(label, _)| names_private(label)) {
            return true;
        }
    }
    false
}

/// Each block of the text; what stands around them is for people.
pub(super) fn blocks(bytes: &[u8], finding: &mut Finding<'_>) {
    let mut rest = bytes;
    while let Some(at) = position(rest, BEGIN) {
        rest = &rest[at + BEGIN.len()..];
        let Some((label, body)) = label(rest) else { continue };
        let Some(end) = position(body, END) else {
            finding.fault(Trouble::Malformed("a block of text has no end"));
            return;
        };
        if let Err(why) = block(label, &body[..end], finding) {
            finding.fault(why);
        }
        rest = &body[end..];
    }
}

/// Whether a block of this label is one of private keys, whatever stands in it.
fn names_private(label: &[u8]) -> bool {
    position(label, b"PRIVATE").is_some() || position(label, b"SECRET").is_some()
}

fn block(label: &[u8], body: &[u8], finding: &mut Finding<'_>) -> Result<(), Problem> {
    match label {
        // They stand beside keys and are none.
        b"EC PARAMETERS" | b"DH PARAMETERS" | b"CERTIFICATE REQUEST" | b"NEW CERTIFICATE REQUEST" => return Ok(()),
        b"OPENSSH PRIVATE KEY" => return Err(Trouble::Unsupported("a key of SSH").into()),
        _ => {}
    }
    let (headers, body) = headers_and_body(body);
    if position(headers, b"ENCRYPTED").is_some() {
        let what = "PEM's old way of encryption; convert it by openssl pkcs8 -topk8";
        return Err(Trouble::Unsupported(what).into());
    }
    let bytes = decoded(body).ok_or(Trouble::Malformed("a block of text is no base64"))?;
    match label {
        b"PGP PUBLIC KEY BLOCK" | b"PGP PRIVATE KEY BLOCK" => ring::ring(&bytes, finding),
        b"TRUSTED CERTIFICATE" => {
            // OpenSSL writes behind the certificate what it is trusted for.
            let first = Elements(&bytes).expect(SEQUENCE)?;
            finding.certificate(first.whole);
            Ok(())
        }
        _ => bundle::element(&bytes, finding),
    }
}

/// Lines with a colon before the first empty one, if the block begins with such.
fn headers_and_body(body: &[u8]) -> (&[u8], &[u8]) {
    let text = body.strip_prefix(b"\r").unwrap_or(body);
    let text = text.strip_prefix(b"\n").unwrap_or(text);
    let mut rest = text;
    loop {
        let end = rest.iter().position(|byte| *byte == b'\n').unwrap_or(rest.len());
        let line = rest[..end].trim_ascii();
        if !line.contains(&b':') {
            // A header may go on in lines that begin with white space, and an empty line ends them all.
            let goes_on = rest.len() < text.len() && rest.first().is_some_and(|byte| matches!(byte, b' ' | b'\t'));
            if line.is_empty() || !goes_on {
                return (&text[..text.len() - rest.len()], rest);
            }
        }
        match rest.get(end + 1..) {
            Some(next) => rest = next,
            None => return (text, &[]),
        }
    }
}

/// Base64 without its white space, and without the checksum that armor may have.
fn decoded(body: &[u8]) -> Option<Zeroizing<Vec<u8>>> {
    let mut packed = Zeroizing::new(Vec::with_capacity(body.len()));
    for line in body.split(|byte| *byte == b'\n') {
        let line = line.trim_ascii();
        if line.len() == 5 && line.starts_with(b"=") {
            continue;
        }
        packed.extend(line.iter().filter(|byte| !byte.is_ascii_whitespace()));
    }
    BASE64.decode(&packed).ok().map(Zeroizing::new)
}

/// A block of PEM, such as `CERTIFICATE`.
pub fn pem(label: &str, der: &[u8]) -> Zeroizing<String> {
    let mut text = Zeroizing::new(format!("-----BEGIN {label}-----\n"));
    put_lines(&mut text, der);
    text.push_str(&format!("-----END {label}-----\n"));
    text
}

/// Public certificates of OpenPGP in armor, as a file of this system.
pub fn armored(public: &[u8]) -> String {
    armor::armored(Kind::PublicKey, public).replace("\r\n", "\n")
}

fn put_lines(text: &mut Zeroizing<String>, bytes: &[u8]) {
    let encoded = Zeroizing::new(BASE64.encode(bytes));
    text.reserve(encoded.len() + encoded.len() / COLUMNS + 100);
    let mut rest = encoded.as_str();
    while !rest.is_empty() {
        let (line, more) = rest.split_at(rest.len().min(COLUMNS));
        text.push_str(line);
        text.push('\n');
        rest = more;
    }
}
