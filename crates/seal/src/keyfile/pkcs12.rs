//! PKCS#12 (RFC 7292), as OpenSSL, Windows, Java and browsers write it: `.p12` and `.pfx`.
//!
//! Written by ourselves, because what reads it for others loses keys without an id and certificates without a key, follows a circle of
//! issuers for ever, and takes whatever number of rounds a file asks for.

use super::Problem;
use super::bundle::{revocations, under_password, whole_pkcs8};
use super::finding::Finding;
use super::password::{Derivation, Purpose, Work, derived, digest_of, opened};
use crate::Trouble;
use crate::asn1::normalised;
use crate::asn1::oid;
use crate::asn1::tlv::{self, Algorithm, Element, Elements, INTEGER, OCTETS, OID, SEQUENCE};
use aws_lc_rs::hmac;
use zeroize::Zeroizing;

/// Bags within bags.
const DEPTH_MAX: usize = 4;

/// The inner elements of a PFX.
pub(super) fn store(pfx: &mut Elements<'_>, finding: &mut Finding<'_>) -> Result<(), Problem> {
    if pfx.expect(INTEGER)?.small()? != 3 {
        return Err(Trouble::Unsupported("this version of PKCS#12").into());
    }
    let mut info = pfx.expect(SEQUENCE)?.elements();
    if info.expect(OID)?.oid()? != oid::DATA {
        return Err(Trouble::Unsupported("a PKCS#12 that is signed").into());
    }
    let content = info.expect(tlv::within(0))?.elements().expect(OCTETS)?.content;
    let proof = pfx.optional(SEQUENCE)?.map(|mac| Proof::read(&mac)).transpose()?;
    if let Some(proof) = proof.filter(|_| !finding.is_for_public()) {
        finding.with_passwords(|password, work| proof.check(content, password, work))?;
    }
    let safes = Zeroizing::new(normalised(content)?);
    let mut all = Elements::of(&safes, SEQUENCE)?;
    while let Some(safe) = all.next()? {
        if let Err(why) = one_safe(&safe, finding) {
            finding.fault(why);
        }
    }
    Ok(())
}

/// What proves that the password is right, and that nothing was changed.
struct Proof<'a> {
    algorithm: Algorithm<'a>,
    sum: &'a [u8],
    salt: &'a [u8],
    rounds: u32,
}

impl<'a> Proof<'a> {
    fn read(mac: &Element<'a>) -> Result<Proof<'a>, Trouble> {
        let mut inner = mac.elements();
        let mut info = inner.expect(SEQUENCE)?.elements();
        let algorithm = Algorithm::read(&info.expect(SEQUENCE)?)?;
        let sum = info.expect(OCTETS)?.content;
        let salt = inner.expect(OCTETS)?.content;
        let rounds = inner.optional(INTEGER)?.map_or(Ok(1), |rounds| rounds.small())?;
        Ok(Proof { algorithm, sum, salt, rounds })
    }

    fn check(&self, content: &[u8], password: &str, work: &mut Work) -> Result<(), Problem> {
        let key = match self.algorithm.oid {
            oid::PBMAC1 => self.pbmac1(password, work)?,
            _ => {
                let (digest, mac) = digest_of(&self.algorithm)?;
                let from = (self.salt, self.rounds);
                let key = derived(digest, (Purpose::Mac, password), from, digest.output_len(), work)?;
                hmac::Key::new(mac, &key)
            }
        };
        hmac::verify(&key, content, self.sum).map_err(|_| Problem::WrongPassword)
    }

    /// RFC 9579: PBKDF2 and HMAC, both with parameters of their own.
    fn pbmac1(&self, password: &str, work: &mut Work) -> Result<hmac::Key, Problem> {
        const KEY_BYTES_MAX: usize = 64;
        let parameters = self.algorithm.parameters.ok_or(Trouble::Malformed("a proof has no parameters"))?;
        let mut inner = parameters.elements();
        let derivation = Derivation::read(&inner.expect(SEQUENCE)?)?;
        let mac = match Algorithm::read(&inner.expect(SEQUENCE)?)?.oid {
            oid::HMAC_SHA256 => hmac::HMAC_SHA256,
            oid::HMAC_SHA384 => hmac::HMAC_SHA384,
            oid::HMAC_SHA512 => hmac::HMAC_SHA512,
            _ => return Err(Trouble::Unsupported("this digest").into()),
        };
        let len = derivation.said_len().filter(|len| *len <= KEY_BYTES_MAX);
        let len = len.ok_or(Trouble::Malformed("a proof says no length of its key"))?;
        Ok(hmac::Key::new(mac, &derivation.key(len, password, work)?))
    }
}

/// Bags in clear, or all of them under the password.
fn one_safe(safe: &Element<'_>, finding: &mut Finding<'_>) -> Result<(), Problem> {
    let mut info = safe.elements();
    let kind = info.expect(OID)?.oid()?;
    let content = info.expect(tlv::within(0))?.elements();
    match kind {
        oid::DATA => {
            let mut content = content;
            let content = Zeroizing::new(normalised(content.expect(OCTETS)?.content)?);
            bags(Elements::of(&content, SEQUENCE)?, 0, finding)
        }
        oid::ENCRYPTED_DATA => {
            // There is no telling what it holds.
            finding.note_private();
            if finding.is_for_public() {
                return Ok(());
            }
            let mut content = content;
            let mut data = content.expect(SEQUENCE)?.elements();
            data.expect(INTEGER)?;
            let mut inner = data.expect(SEQUENCE)?.elements();
            inner.expect(OID)?;
            let algorithm = Algorithm::read(&inner.expect(SEQUENCE)?)?;
            let encrypted = inner.pieces(0)?.unwrap_or_default();
            let opened = finding.with_passwords(|password, work| {
                let opened = opened(&algorithm, &encrypted, password, work)?;
                normalised(&opened).map(Zeroizing::new).map_err(|_| Problem::WrongPassword)
            })?;
            bags(Elements::of(&opened, SEQUENCE)?, 0, finding)
        }
        _ => Err(Trouble::Unsupported("a safe under a public key").into()),
    }
}

/// Bags one behind the other; what is wrong with one does not stop the next.
fn bags(mut all: Elements<'_>, depth: usize, finding: &mut Finding<'_>) -> Result<(), Problem> {
    while let Some(bag) = all.next()? {
        if let Err(why) = one_bag(&bag, depth, finding) {
            finding.fault(why);
        }
    }
    Ok(())
}

fn one_bag(bag: &Element<'_>, depth: usize, finding: &mut Finding<'_>) -> Result<(), Problem> {
    let mut inner = bag.elements();
    let kind = inner.expect(OID)?.oid()?;
    if !matches!(kind, oid::CERTIFICATE_BAG | oid::CRL_BAG | oid::SAFE_CONTENTS_BAG) {
        // A private key, or a secret of another kind.
        finding.note_private();
    }
    let mut value = inner.expect(tlv::within(0))?.elements();
    match kind {
        oid::KEY_BAG => {
            let pkcs8 = whole_pkcs8(Zeroizing::new(value.expect(SEQUENCE)?.whole.to_vec()))
                .map_err(|_| Trouble::Malformed("a private key is none"))?;
            finding.private_key(pkcs8);
            Ok(())
        }
        oid::SHROUDED_KEY_BAG => under_password(value.expect(SEQUENCE)?.elements(), finding),
        oid::CERTIFICATE_BAG | oid::CRL_BAG => {
            let mut held = value.expect(SEQUENCE)?.elements();
            let form = held.expect(OID)?.oid()?;
            let der = held.expect(tlv::within(0))?.elements().expect(OCTETS)?.content;
            match form {
                oid::X509_CERTIFICATE => finding.certificate(der),
                oid::X509_CRL => revocations(der, finding),
                _ => return Err(Trouble::Unsupported("a certificate of another kind than X.509").into()),
            }
            Ok(())
        }
        oid::SAFE_CONTENTS_BAG if depth < DEPTH_MAX => bags(value.expect(SEQUENCE)?.elements(), depth + 1, finding),
        _ => Err(Trouble::Unsupported("neither a certificate nor a private key").into()),
    }
}
