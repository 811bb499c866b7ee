//! Java's key stores: JKS, and version 2 of Bouncy Castle's BKS.
//!
//! Neither has a standard: JKS is read as `sun.security.provider.JavaKeyStore` writes it, and BKS as `BcKeyStoreSpi`.

use super::Problem;
use super::binary::Bytes;
use super::bundle::whole_pkcs8;
use super::finding::Finding;
use super::password::{Purpose, Work, derived, triple};
use crate::Trouble;
use crate::asn1::oid;
use crate::asn1::tlv::{Algorithm, Elements, OCTETS, SEQUENCE};
use crate::key::Secret;
use aws_lc_rs::digest::{self, SHA1_FOR_LEGACY_USE_ONLY, SHA1_OUTPUT_LEN};
use aws_lc_rs::{constant_time, hmac};
use zeroize::Zeroizing;

const JKS: [u8; 4] = [0xfe, 0xed, 0xfe, 0xed];
/// Of certificates behind a key.
const CHAIN_MAX: u32 = 100;
const ENDS: Problem = Problem::Trouble(Trouble::Malformed("the file ends too early"));
const BEHIND: Problem = Problem::Trouble(Trouble::Malformed("something stands behind the end"));

pub(super) fn is_jks(bytes: &[u8]) -> bool {
    bytes.starts_with(&JKS)
}

/// Version 2, and a salt of 20 bytes.
pub(super) fn is_bks(bytes: &[u8]) -> bool {
    bytes.starts_with(&[0, 0, 0, 2, 0, 0, 0, 20])
}

/// A password as Java digests it: UTF-16.
fn wide(password: &str) -> Zeroizing<Vec<u8>> {
    Zeroizing::new(password.encode_utf16().flat_map(u16::to_be_bytes).collect())
}

fn sha1(parts: &[&[u8]]) -> digest::Digest {
    let mut context = digest::Context::new(&SHA1_FOR_LEGACY_USE_ONLY);
    parts.iter().for_each(|part| context.update(part));
    context.finish()
}

pub(super) fn jks(bytes: &[u8], finding: &mut Finding<'_>) -> Result<(), Problem> {
    let (entries, sum) = bytes.split_at_checked(bytes.len().wrapping_sub(SHA1_OUTPUT_LEN)).ok_or(ENDS)?;
    if !finding.is_for_public() {
        finding.with_passwords(|password, _| {
            let own = sha1(&[&wide(password), b"Mighty Aphrodite", entries]);
            constant_time::verify_slices_are_equal(own.as_ref(), sum).map_err(|_| Problem::WrongPassword)
        })?;
    }
    let mut rest = Bytes(entries);
    rest.take(JKS.len())?;
    let version = rest.u32()?;
    if version != 1 && version != 2 {
        return Err(Trouble::Unsupported("this version of JKS").into());
    }
    for _ in 0..rest.u32()? {
        let kind = rest.u32()?;
        rest.short()?;
        rest.take(8)?;
        match kind {
            1 => {
                finding.note_private();
                let protected = rest.long()?;
                if let Err(why) = protected_key(protected, finding) {
                    finding.fault(why);
                }
                let chain = rest.u32()?;
                if chain > CHAIN_MAX {
                    return Err(Trouble::Malformed("a key has too many certificates").into());
                }
                for _ in 0..chain {
                    jks_certificate(&mut rest, version, finding)?;
                }
            }
            2 => jks_certificate(&mut rest, version, finding)?,
            _ => {
                finding.note_private();
                return Err(Trouble::Unsupported("an entry of another kind").into());
            }
        }
    }
    if rest.0.is_empty() { Ok(()) } else { Err(BEHIND) }
}

fn jks_certificate(rest: &mut Bytes<'_>, version: u32, finding: &mut Finding<'_>) -> Result<(), Problem> {
    let kind = if version == 2 { rest.short()? } else { b"X.509" };
    let der = rest.long()?;
    take_certificate(kind, der, finding);
    Ok(())
}

fn take_certificate(kind: &[u8], der: &[u8], finding: &mut Finding<'_>) {
    match kind {
        b"X.509" | b"X509" => finding.certificate(der),
        _ => finding.fault(Trouble::Unsupported("a certificate of another kind than X.509")),
    }
}

/// A salt, the key hidden under a chain of digests, and a digest of the key.
fn protected_key(protected: &[u8], finding: &mut Finding<'_>) -> Result<(), Problem> {
    if finding.is_for_public() {
        return Ok(());
    }
    let mut inner = Elements::of(protected, SEQUENCE)?;
    let algorithm = Algorithm::read(&inner.expect(SEQUENCE)?)?;
    let hidden = inner.expect(OCTETS)?.content;
    if algorithm.oid != oid::JAVA_KEY_PROTECTOR {
        return Err(Trouble::Unsupported("this way to encrypt under a password").into());
    }
    let (salt, rest) = hidden.split_at_checked(SHA1_OUTPUT_LEN).ok_or(ENDS)?;
    let (hidden, check) = rest.split_at_checked(rest.len().wrapping_sub(SHA1_OUTPUT_LEN)).ok_or(ENDS)?;
    let pkcs8 = finding.with_passwords(|password, _| {
        let password = wide(password);
        let mut key = Zeroizing::new(hidden.to_vec());
        let mut stream = sha1(&[&password, salt]);
        for piece in key.chunks_mut(SHA1_OUTPUT_LEN) {
            piece.iter_mut().zip(stream.as_ref()).for_each(|(byte, mask)| *byte ^= mask);
            stream = sha1(&[&password, stream.as_ref()]);
        }
        let own = sha1(&[&password, &key]);
        constant_time::verify_slices_are_equal(own.as_ref(), check).map_err(|_| Problem::WrongPassword)?;
        whole_pkcs8(key)
    })?;
    finding.private_key(pkcs8);
    Ok(())
}

pub(super) fn bks(bytes: &[u8], finding: &mut Finding<'_>) -> Result<(), Problem> {
    let (content, sum) = bytes.split_at_checked(bytes.len().wrapping_sub(SHA1_OUTPUT_LEN)).ok_or(ENDS)?;
    let mut rest = Bytes(content);
    rest.u32()?;
    let salt = rest.long()?;
    let rounds = rest.u32()?;
    let entries = rest;
    if !finding.is_for_public() {
        finding.with_passwords(|password, work| {
            let from = (salt, rounds);
            let key = derived(&SHA1_FOR_LEGACY_USE_ONLY, (Purpose::Mac, password), from, SHA1_OUTPUT_LEN, work)?;
            let key = hmac::Key::new(hmac::HMAC_SHA1_FOR_LEGACY_USE_ONLY, &key);
            hmac::verify(&key, entries.0, sum).map_err(|_| Problem::WrongPassword)
        })?;
    }
    loop {
        let kind = rest.byte()?;
        if kind == 0 {
            return if rest.0.is_empty() { Ok(()) } else { Err(BEHIND) };
        }
        rest.short()?;
        rest.take(8)?;
        let chain = rest.u32()?;
        if chain > CHAIN_MAX {
            return Err(Trouble::Malformed("a key has too many certificates").into());
        }
        for _ in 0..chain {
            bks_certificate(&mut rest, finding)?;
        }
        match kind {
            1 => bks_certificate(&mut rest, finding)?,
            2 => bks_key(&mut rest, finding)?,
            3 | 4 => {
                finding.note_private();
                let sealed = rest.long()?;
                if let Err(why) = bks_sealed(kind, sealed, finding) {
                    finding.fault(why);
                }
            }
            _ => {
                finding.note_private();
                return Err(Trouble::Unsupported("an entry of another kind").into());
            }
        }
    }
}

fn bks_certificate(rest: &mut Bytes<'_>, finding: &mut Finding<'_>) -> Result<(), Problem> {
    let kind = rest.short()?;
    let der = rest.long()?;
    take_certificate(kind, der, finding);
    Ok(())
}

/// What kind of key it is, its format and algorithm, and the key.
fn bks_key(rest: &mut Bytes<'_>, finding: &mut Finding<'_>) -> Result<(), Problem> {
    finding.note_private();
    let kind = rest.byte()?;
    rest.short()?;
    rest.short()?;
    let key = rest.long()?;
    let pkcs8 = if kind == 0 { whole_pkcs8(Zeroizing::new(key.to_vec())).ok() } else { None };
    match pkcs8 {
        Some(pkcs8) => finding.private_key(pkcs8),
        None => finding.fault(Trouble::Unsupported("neither a certificate nor a private key")),
    }
    Ok(())
}

/// A key under a password.
fn bks_sealed(kind: u8, sealed: &[u8], finding: &mut Finding<'_>) -> Result<(), Problem> {
    if kind == 3 {
        return Err(Trouble::Unsupported("neither a certificate nor a private key").into());
    }
    if finding.is_for_public() {
        return Ok(());
    }
    let mut rest = Bytes(sealed);
    let from = (rest.long()?, rest.u32()?);
    let open = |password: &str, work: &mut Work| -> Result<Secret, Problem> {
        let opened = triple::<des::TdesEde3>(24, from, rest.0, password, work)?;
        let mut inner = Bytes(&opened);
        let mut key = || -> Result<&[u8], Problem> {
            inner.byte()?;
            inner.short()?;
            inner.short()?;
            inner.long()
        };
        let key = key().map_err(|_| Problem::WrongPassword)?;
        whole_pkcs8(Zeroizing::new(key.to_vec()))
    };
    let pkcs8 = finding.with_passwords(open)?;
    finding.private_key(pkcs8);
    Ok(())
}
