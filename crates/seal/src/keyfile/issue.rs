//! New keys, and what says whose they are: a certificate that signs itself, or a request for an authority (RFC 5280, RFC 2986).

use super::private::key_of;
use crate::asn1::oid;
use crate::asn1::tlv::{self, BITS, INTEGER, SEQUENCE, SET};
use crate::key::{Curve, HeldKey, Kem, PrivateKey, Secret, kem};
use crate::smime::{Certificate, PublicKey, Scheme};
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
    /// Others encrypt for it only, and it signs no certificate of its own ([`signed_by`]).
    MlKem(Kem),
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
        Kind::MlKem(which) => {
            let mut seed = Zeroizing::new([0; kem::SEED_BYTES]);
            aws_lc_rs::rand::fill(&mut seed[..]).map_err(|_| Trouble::KeyRefused)?;
            return Ok(kem::pkcs8_of_seed(which, &seed));
        }
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
    let (key, public) = held(pkcs8)?;
    self_signed_with((&key, &public), subject, (from, until), random)
}

/// The same with a key that may be anywhere.
///
/// # Errors
/// As [`self_signed`], and when the key does not sign.
pub fn self_signed_with(
    (key, public): (&dyn PrivateKey, &PublicKey),
    subject: Subject<'_>,
    (from, until): (u64, u64),
    random: &mut dyn Random,
) -> Result<Vec<u8>, Trouble> {
    let issuing = Issuing::by(key, public)?;
    let issuer = Issuer { name: distinguished_name(subject)?, key_id: Some(issuing.public.id()) };
    let to_sign = issuing.to_sign(&issuing.public, &issuer, subject, (from, until), random)?;
    issuing.signed(&to_sign)
}

/// A certificate for a key that signs nothing itself, signed by one of ours that does, whose certificate is `issuer`. It leads to an
/// authority only where that one is an authority; else it is believed by those who were given it.
///
/// # Errors
/// As [`self_signed`].
pub fn signed_by(
    (issuer, issuer_key): (&Certificate, &dyn PrivateKey),
    pkcs8: &[u8],
    subject: Subject<'_>,
    (from, until): (u64, u64),
    random: &mut dyn Random,
) -> Result<Vec<u8>, Trouble> {
    let issuing = Issuing::by(issuer_key, issuer.key())?;
    let (name, key_id) = issuer.name_as_issuer()?;
    let public = Public::of(&key_of(pkcs8)?)?;
    let to_sign = issuing.to_sign(&public, &Issuer { name, key_id }, subject, (from, until), random)?;
    issuing.signed(&to_sign)
}

/// A request for a certificate (PKCS#10), for an authority that knows whose the addresses are.
///
/// # Errors
/// As [`self_signed`].
pub fn request(pkcs8: &[u8], subject: Subject<'_>) -> Result<Vec<u8>, Trouble> {
    let (key, public) = held(pkcs8)?;
    request_with((&key, &public), subject)
}

/// The same with a key that may be anywhere.
///
/// # Errors
/// As [`self_signed_with`].
pub fn request_with((key, public): (&dyn PrivateKey, &PublicKey), subject: Subject<'_>) -> Result<Vec<u8>, Trouble> {
    let issuing = Issuing::by(key, public)?;
    let extensions = issuing.public.extensions(subject)?;
    let extensions = tlv::sequence(&extensions.iter().map(Vec::as_slice).collect::<Vec<_>>());
    let attribute = tlv::sequence(&[&tlv::oid(oid::EXTENSION_REQUEST), &tlv::element(SET, &[&extensions])]);
    let to_sign = tlv::sequence(&[
        &tlv::number(0),
        &distinguished_name(subject)?,
        &issuing.public.der,
        &tlv::element(tlv::within(0), &[&attribute]),
    ]);
    issuing.signed(&to_sign)
}

/// What a certificate says of the key that signed it.
struct Issuer {
    /// In DER.
    name: Vec<u8>,
    key_id: Option<Vec<u8>>,
}

/// A key, and how it signs.
struct Issuing<'k> {
    key: &'k dyn PrivateKey,
    scheme: Scheme,
    algorithm: Vec<u8>,
    public: Public,
}

/// What a certificate says of its key.
struct Public {
    /// A SubjectPublicKeyInfo.
    der: Vec<u8>,
    /// The content of its bit string.
    bits: Vec<u8>,
    /// The content of the bit string that says what it is for.
    usage: [u8; 2],
}

fn held(pkcs8: &[u8]) -> Result<(HeldKey, PublicKey), Trouble> {
    let public = key_of(pkcs8)?;
    Ok((HeldKey::from_pkcs8(pkcs8, &public)?, public))
}

impl<'k> Issuing<'k> {
    fn by(key: &'k dyn PrivateKey, key_of: &PublicKey) -> Result<Issuing<'k>, Trouble> {
        if !matches!(
            key_of,
            PublicKey::Rsa { .. } | PublicKey::Ec { curve: Curve::P256 | Curve::P384, .. } | PublicKey::Ed25519(_)
        ) {
            return Err(Trouble::Unsupported("a certificate that this key signs"));
        }
        let scheme = key_of.signs_with(false);
        let algorithm = match scheme {
            // CMS names the digest beside it; here nothing does.
            Scheme::RsaPkcs1(_) => tlv::algorithm(oid::SHA256_WITH_RSA, tlv::NO_PARAMETERS),
            other => other.der(),
        };
        let public = Public::of(key_of)?;
        Ok(Issuing { key, scheme, algorithm, public })
    }

    /// What is signed of a certificate (RFC 5280, section 4.1).
    fn to_sign(
        &self,
        public: &Public,
        issuer: &Issuer,
        subject: Subject<'_>,
        (from, until): (u64, u64),
        random: &mut dyn Random,
    ) -> Result<Vec<u8>, Trouble> {
        let mut serial = [0; 16];
        random.fill(&mut serial);
        // Positive, and of the same length always.
        serial[0] = (serial[0] & 0x7f) | 0x40;
        let mut extensions = public.extensions(subject)?;
        extensions.push(extension(oid::SUBJECT_KEY_ID, false, &tlv::octets(&public.id())));
        if let Some(id) = &issuer.key_id {
            let authority = tlv::sequence(&[&tlv::element(tlv::plain(0), &[id])]);
            extensions.push(extension(oid::AUTHORITY_KEY_ID, false, &authority));
        }
        let extensions = tlv::sequence(&extensions.iter().map(Vec::as_slice).collect::<Vec<_>>());
        Ok(tlv::sequence(&[
            &tlv::element(tlv::within(0), &[&tlv::number(2)]),
            &tlv::element(INTEGER, &[&serial]),
            &self.algorithm,
            &issuer.name,
            &tlv::sequence(&[&time(from)?, &time(until)?]),
            &distinguished_name(subject)?,
            &public.der,
            &tlv::element(tlv::within(3), &[&extensions]),
        ]))
    }

    fn signed(&self, to_sign: &[u8]) -> Result<Vec<u8>, Trouble> {
        let signature = self.key.sign(self.scheme, to_sign)?;
        Ok(tlv::sequence(&[to_sign, &self.algorithm, &tlv::element(BITS, &[&[0], &signature])]))
    }
}

impl Public {
    fn of(key: &PublicKey) -> Result<Public, Trouble> {
        // Signing and, for RSA, that keys are encrypted for it; for curves, that they are agreed on (RFC 8550, section 4.4.2).
        const RSA_USAGE: [u8; 2] = [5, 0xa0];
        const EC_USAGE: [u8; 2] = [3, 0x88];
        const SIGNING_USAGE: [u8; 2] = [7, 0x80];
        // That keys are encrypted for it, and nothing else (RFC 9935, section 5).
        const KEM_USAGE: [u8; 2] = [5, 0x20];
        let (algorithm, usage) = match key {
            PublicKey::Rsa { .. } => (tlv::algorithm(oid::RSA, tlv::NO_PARAMETERS), RSA_USAGE),
            PublicKey::Ec { curve: curve @ (Curve::P256 | Curve::P384), .. } => (curve.der(), EC_USAGE),
            PublicKey::Ed25519(_) => (tlv::algorithm(oid::ED25519, &[]), SIGNING_USAGE),
            PublicKey::MlKem { kem, .. } => (tlv::algorithm(kem.oid(), &[]), KEM_USAGE),
            PublicKey::Ec { .. } => return Err(Trouble::Unsupported("a certificate for this kind of key")),
        };
        let bits = [&[0], key.bytes()].concat();
        Ok(Public { der: tlv::sequence(&[&algorithm, &tlv::element(BITS, &[&bits])]), bits, usage })
    }

    /// What names the key in certificates.
    fn id(&self) -> Vec<u8> {
        digest(&SHA256, &self.bits[1..]).as_ref()[..20].to_vec()
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
