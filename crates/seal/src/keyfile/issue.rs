//! New keys, and what says whose they are: a certificate that signs itself, or a request for an authority (RFC 5280, RFC 2986).

use super::private::key_of;
use crate::asn1::oid;
use crate::asn1::tlv::{self, BITS, INTEGER, SEQUENCE, SET};
use crate::key::{Curve, HeldKey, PrivateKey, Secret};
use crate::smime::{PublicKey, Scheme};
use crate::{Random, Trouble};
use aws_lc_rs::digest::{SHA256, digest};
use aws_lc_rs::encoding::{AsDer, Pkcs8V1Der};
use aws_lc_rs::rsa::{KeyPair as RsaKey, KeySize};
use aws_lc_rs::signature::{
    ECDSA_P256_SHA256_ASN1_SIGNING, ECDSA_P384_SHA384_ASN1_SIGNING, EcdsaKeyPair, Ed25519KeyPair,
};
use const_oid::ObjectIdentifier;
use zeroize::Zeroizing;

/// What kind of key is made.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    Rsa2048,
    Rsa3072,
    Rsa4096,
    P256,
    P384,
    /// It signs only.
    Ed25519,
}

/// Whom a certificate is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Subject<'a> {
    pub name: &'a str,
    /// At least one.
    pub addresses: &'a [&'a str],
}

/// A new private key in PKCS#8.
///
/// # Errors
/// [`Trouble::KeyRefused`] when the machine makes none.
pub fn generated(kind: Kind) -> Result<Secret, Trouble> {
    let rsa = |size: KeySize| -> Result<Secret, Trouble> {
        let pair = RsaKey::generate(size).map_err(|_| Trouble::KeyRefused)?;
        let der: Pkcs8V1Der<'static> = pair.as_der().map_err(|_| Trouble::KeyRefused)?;
        Ok(Zeroizing::new(der.as_ref().to_vec()))
    };
    let made = match kind {
        Kind::Rsa2048 => return rsa(KeySize::Rsa2048),
        Kind::Rsa3072 => return rsa(KeySize::Rsa3072),
        Kind::Rsa4096 => return rsa(KeySize::Rsa4096),
        Kind::P256 => EcdsaKeyPair::generate(&ECDSA_P256_SHA256_ASN1_SIGNING).and_then(|pair| pair.to_pkcs8v1()),
        Kind::P384 => EcdsaKeyPair::generate(&ECDSA_P384_SHA384_ASN1_SIGNING).and_then(|pair| pair.to_pkcs8v1()),
        Kind::Ed25519 => Ed25519KeyPair::generate().and_then(|pair| pair.to_pkcs8v1()),
    };
    made.map(|der| Zeroizing::new(der.as_ref().to_vec())).map_err(|_| Trouble::KeyRefused)
}

/// A certificate that is signed by its own key, valid between two times in seconds since 1970. Nobody vouches for it but those who were
/// given it.
///
/// # Errors
/// [`Trouble::Unsupported`] when the key is of a kind that we do not do, or a time is none of a certificate.
pub fn self_signed(
    pkcs8: &[u8],
    subject: Subject<'_>,
    (from, until): (u64, u64),
    random: &mut dyn Random,
) -> Result<Vec<u8>, Trouble> {
    let issuing = Issuing::by(pkcs8)?;
    let mut serial = [0; 16];
    random.fill(&mut serial);
    // Positive, and of the same length always.
    serial[0] = (serial[0] & 0x7f) | 0x40;
    let name = distinguished_name(subject)?;
    let validity = tlv::sequence(&[&time(from)?, &time(until)?]);
    let id = &digest(&SHA256, &issuing.public_bits[1..]).as_ref()[..20].to_vec();
    let authority = tlv::sequence(&[&tlv::element(tlv::plain(0), &[id])]);
    let mut extensions = issuing.extensions(subject)?;
    extensions.push(extension(oid::SUBJECT_KEY_ID, false, &tlv::octets(id)));
    extensions.push(extension(oid::AUTHORITY_KEY_ID, false, &authority));
    let extensions = tlv::sequence(&extensions.iter().map(Vec::as_slice).collect::<Vec<_>>());
    let to_sign = tlv::sequence(&[
        &tlv::element(tlv::within(0), &[&tlv::number(2)]),
        &tlv::element(INTEGER, &[&serial]),
        &issuing.algorithm,
        &name,
        &validity,
        &name,
        &issuing.public,
        &tlv::element(tlv::within(3), &[&extensions]),
    ]);
    issuing.signed(&to_sign)
}

/// A request for a certificate (PKCS#10), for an authority that knows whose the addresses are.
///
/// # Errors
/// As [`self_signed`].
pub fn request(pkcs8: &[u8], subject: Subject<'_>) -> Result<Vec<u8>, Trouble> {
    let issuing = Issuing::by(pkcs8)?;
    let extensions = issuing.extensions(subject)?;
    let extensions = tlv::sequence(&extensions.iter().map(Vec::as_slice).collect::<Vec<_>>());
    let attribute = tlv::sequence(&[&tlv::oid(oid::EXTENSION_REQUEST), &tlv::element(SET, &[&extensions])]);
    let to_sign = tlv::sequence(&[
        &tlv::number(0),
        &distinguished_name(subject)?,
        &issuing.public,
        &tlv::element(tlv::within(0), &[&attribute]),
    ]);
    issuing.signed(&to_sign)
}

/// A key, and how it signs.
struct Issuing {
    key: HeldKey,
    scheme: Scheme,
    algorithm: Vec<u8>,
    /// A SubjectPublicKeyInfo.
    public: Vec<u8>,
    /// The content of its bit string.
    public_bits: Vec<u8>,
    /// The content of the bit string that says what it is for.
    usage: [u8; 2],
}

impl Issuing {
    fn by(pkcs8: &[u8]) -> Result<Issuing, Trouble> {
        // Signing and, for RSA, that keys are encrypted for it; for curves, that they are agreed on (RFC 8550, section 4.4.2).
        const RSA_USAGE: [u8; 2] = [5, 0xa0];
        const EC_USAGE: [u8; 2] = [3, 0x88];
        const SIGNING_USAGE: [u8; 2] = [7, 0x80];
        let public = key_of(pkcs8)?;
        let key = HeldKey::from_pkcs8(pkcs8, &public)?;
        let (of_key, usage) = match &public {
            PublicKey::Rsa { .. } => (tlv::algorithm(oid::RSA, tlv::NO_PARAMETERS), RSA_USAGE),
            PublicKey::Ec { curve: curve @ (Curve::P256 | Curve::P384), .. } => (curve.der(), EC_USAGE),
            PublicKey::Ed25519(_) => (tlv::algorithm(oid::ED25519, &[]), SIGNING_USAGE),
            PublicKey::Ec { .. } => return Err(Trouble::Unsupported("a certificate that this key signs")),
        };
        let scheme = public.signs_with(false);
        let algorithm = match scheme {
            // CMS names the digest beside it; here nothing does.
            Scheme::RsaPkcs1(_) => tlv::algorithm(oid::SHA256_WITH_RSA, tlv::NO_PARAMETERS),
            other => other.der(),
        };
        let public_bits = [&[0], public.bytes()].concat();
        let public = tlv::sequence(&[&of_key, &tlv::element(BITS, &[&public_bits])]);
        Ok(Issuing { key, scheme, algorithm, public, public_bits, usage })
    }

    fn extensions(&self, subject: Subject<'_>) -> Result<Vec<Vec<u8>>, Trouble> {
        let names = subject.addresses.iter().map(|address| alternative_name(address)).collect::<Vec<_>>();
        if names.is_empty() {
            return Err(Trouble::Unsupported("a certificate without an address"));
        }
        let names = tlv::sequence(&names.iter().map(Vec::as_slice).collect::<Vec<_>>());
        let purposes = tlv::sequence(&[&tlv::oid(oid::EMAIL_PROTECTION)]);
        Ok(vec![
            extension(oid::BASIC_CONSTRAINTS, true, &tlv::sequence(&[])),
            extension(oid::KEY_USAGE, true, &tlv::element(BITS, &[&self.usage])),
            extension(oid::EXTENDED_KEY_USAGE, false, &purposes),
            extension(oid::SUBJECT_ALT_NAME, false, &names),
        ])
    }

    fn signed(&self, to_sign: &[u8]) -> Result<Vec<u8>, Trouble> {
        let signature = self.key.sign(self.scheme, to_sign)?;
        Ok(tlv::sequence(&[to_sign, &self.algorithm, &tlv::element(BITS, &[&[0], &signature])]))
    }
}

fn extension(id: ObjectIdentifier, is_critical: bool, value: &[u8]) -> Vec<u8> {
    let critical: &[u8] = if is_critical { &[0x01, 0x01, 0xff] } else { &[] };
    tlv::sequence(&[&tlv::oid(id), critical, &tlv::octets(value)])
}

/// One common name; addresses stand in the alternative names alone (RFC 8550, section 3).
fn distinguished_name(subject: Subject<'_>) -> Result<Vec<u8>, Trouble> {
    const UTF8_STRING: u8 = 0x0c;
    // The upper bound of X.520.
    const NAME_CHARS_MAX: usize = 64;
    if subject.name.is_empty() || subject.name.chars().count() > NAME_CHARS_MAX {
        return Err(Trouble::Unsupported("a name of more than 64 characters, or none"));
    }
    let value = tlv::element(UTF8_STRING, &[subject.name.as_bytes()]);
    let part = tlv::element(SET, &[&tlv::sequence(&[&tlv::oid(oid::COMMON_NAME), &value])]);
    Ok(tlv::element(SEQUENCE, &[&part]))
}

/// An rfc822Name, or a SmtpUTF8Mailbox where that takes no such address (RFC 9598).
fn alternative_name(address: &str) -> Vec<u8> {
    if address.is_ascii() {
        return tlv::element(tlv::plain(1), &[address.as_bytes()]);
    }
    let mailbox = tlv::element(tlv::within(0), &[&tlv::element(0x0c, &[address.as_bytes()])]);
    tlv::element(tlv::within(0), &[&tlv::oid(oid::SMTP_UTF8_MAILBOX), &mailbox])
}

fn time(seconds: u64) -> Result<Vec<u8>, Trouble> {
    tlv::time(seconds).ok_or(Trouble::Unsupported("a time that no certificate has"))
}
