//! A person's certificate: for whom it speaks, what its key may be used for, and the key (RFC 5280, RFC 8550).

use super::signature::{Digest, Scheme};
use crate::Trouble;
use crate::asn1::oid;
use crate::asn1::tlv::{self, Algorithm, Elements, SEQUENCE};
use crate::key::{Curve, Kem};
use der::{Decode, Encode};
use x509_cert::ext::pkix::name::GeneralName;
use x509_cert::ext::pkix::{BasicConstraints, ExtendedKeyUsage, KeyUsage, SubjectAltName, SubjectKeyIdentifier};

/// A public key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum PublicKey {
    /// As PKCS#1 writes it.
    Rsa {
        der: Vec<u8>,
        bits: usize,
    },
    /// A point that is not compressed, or the 32 bytes of X25519.
    Ec {
        curve: Curve,
        point: Vec<u8>,
    },
    Ed25519(Vec<u8>),
    /// It is encapsulated for, and signs nothing.
    MlKem {
        kem: Kem,
        bytes: Vec<u8>,
    },
}

impl PublicKey {
    /// How its private key signs (RFC 8551, section 2.2); with PSS where `is_modern` and it is one of RSA.
    pub fn signs_with(&self, is_modern: bool) -> Scheme {
        match self {
            PublicKey::Rsa { .. } if is_modern => Scheme::RsaPss(Digest::Sha256),
            PublicKey::Rsa { .. } => Scheme::RsaPkcs1(Digest::Sha256),
            PublicKey::Ec { curve: Curve::P384, .. } => Scheme::Ecdsa(Digest::Sha384),
            PublicKey::Ec { curve: Curve::P521, .. } => Scheme::Ecdsa(Digest::Sha512),
            // A key that does not sign refuses whatever it is asked for.
            PublicKey::Ec { .. } | PublicKey::MlKem { .. } => Scheme::Ecdsa(Digest::Sha256),
            PublicKey::Ed25519(_) => Scheme::Ed25519,
        }
    }

    pub(crate) fn bytes(&self) -> &[u8] {
        match self {
            PublicKey::Rsa { der, .. } => der,
            PublicKey::Ec { point, .. } => point,
            PublicKey::Ed25519(bytes) | PublicKey::MlKem { bytes, .. } => bytes,
        }
    }
}

/// A certificate, kept byte for byte.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Certificate {
    der: Vec<u8>,
    issuer: Vec<u8>,
    serial: Vec<u8>,
    key_id: Option<Vec<u8>>,
    key: PublicKey,
    addresses: Vec<String>,
    may_sign: bool,
    may_encrypt: bool,
    is_authority: bool,
    /// Seconds since 1970.
    valid: (u64, u64),
}

impl Certificate {
    /// One certificate in DER.
    ///
    /// # Errors
    /// [`Trouble::Malformed`] when it is none, [`Trouble::Unsupported`] when its key is of a kind that we do not do.
    pub fn from_der(der: &[u8]) -> Result<Certificate, Trouble> {
        let parsed = x509_cert::Certificate::from_der(der).map_err(|_| Trouble::Malformed("a certificate is none"))?;
        let tbs = parsed.tbs_certificate();
        let (mut may_sign, mut may_encrypt) = (true, true);
        if let Some(usage) = extension::<KeyUsage>(tbs)? {
            may_sign = usage.digital_signature() || usage.non_repudiation();
            may_encrypt = usage.key_encipherment() || usage.key_agreement();
        }
        if let Some(purposes) = extension::<ExtendedKeyUsage>(tbs)? {
            let is_for_mail = purposes.0.iter().any(|id| *id == oid::EMAIL_PROTECTION || *id == oid::ANY_USAGE);
            may_sign &= is_for_mail;
            may_encrypt &= is_for_mail;
        }
        let spki = tbs.subject_public_key_info().to_der().map_err(|_| Trouble::Malformed("a public key is none"))?;
        Ok(Certificate {
            issuer: tbs.issuer().to_der().map_err(|_| Trouble::Malformed("a name is none"))?,
            serial: tbs.serial_number().as_bytes().to_vec(),
            key_id: extension::<SubjectKeyIdentifier>(tbs)?.map(|id| id.0.as_bytes().to_vec()),
            key: public_key(&spki)?,
            addresses: addresses(tbs)?,
            valid: (
                tbs.validity().not_before.to_unix_duration().as_secs(),
                tbs.validity().not_after.to_unix_duration().as_secs(),
            ),
            der: der.to_vec(),
            may_sign,
            may_encrypt,
            is_authority: extension::<BasicConstraints>(tbs)?.is_some_and(|constraints| constraints.ca),
        })
    }

    pub fn der(&self) -> &[u8] {
        &self.der
    }

    pub fn key(&self) -> &PublicKey {
        &self.key
    }

    /// The mail addresses that it speaks for, as they are written: those of the alternative names, and only where there are none
    /// those of the subject (RFC 8550, section 3).
    pub fn addresses(&self) -> &[String] {
        &self.addresses
    }

    /// It may issue others.
    pub fn is_authority(&self) -> bool {
        self.is_authority
    }

    /// Its usage allows signatures under mail.
    pub fn may_sign(&self) -> bool {
        self.may_sign && !matches!(self.key, PublicKey::MlKem { .. })
    }

    /// Its usage allows that mail is encrypted for it.
    pub fn may_encrypt(&self) -> bool {
        self.may_encrypt && !matches!(self.key, PublicKey::Ed25519(_))
    }

    /// Whether it is valid at a time, in seconds since 1970. Nothing is said of who issued it.
    pub fn is_valid_at(&self, seconds: u64) -> bool {
        (self.valid.0..=self.valid.1).contains(&seconds)
    }

    /// The first and the last second in which it is valid, since 1970.
    pub fn validity(&self) -> (u64, u64) {
        self.valid
    }

    /// Issuer and serial number as CMS names a certificate (RFC 5652, section 10.2.4).
    pub(super) fn issuer_and_serial(&self) -> Vec<u8> {
        tlv::sequence(&[&self.issuer, &tlv::element(tlv::INTEGER, &[&self.serial])])
    }

    /// Its own name in DER and the id of its key, as certificates carry them that it issues.
    pub(crate) fn name_as_issuer(&self) -> Result<(Vec<u8>, Option<Vec<u8>>), Trouble> {
        let parsed =
            x509_cert::Certificate::from_der(&self.der).map_err(|_| Trouble::Malformed("a certificate is none"))?;
        let name = parsed.tbs_certificate().subject().to_der().map_err(|_| Trouble::Malformed("a name is none"))?;
        Ok((name, self.key_id.clone()))
    }

    /// Whether it is the one that is named so: by issuer and serial number, or by the id of its key.
    pub(super) fn is_named(&self, name: &tlv::Element<'_>) -> bool {
        match name.tag {
            SEQUENCE => self.issuer_and_serial() == name.whole,
            _ => self.key_id.as_deref().is_some_and(|id| id == name.content),
        }
    }
}

fn extension<'a, T: Decode<'a> + const_oid::AssociatedOid>(
    tbs: &'a x509_cert::TbsCertificate,
) -> Result<Option<T>, Trouble> {
    let found = tbs.get_extension::<T>().map_err(|_| Trouble::Malformed("an extension of a certificate is none"))?;
    Ok(found.map(|(_, extension)| extension))
}

fn addresses(tbs: &x509_cert::TbsCertificate) -> Result<Vec<String>, Trouble> {
    let mut addresses = Vec::new();
    for name in extension::<SubjectAltName>(tbs)?.map(|names| names.0).unwrap_or_default() {
        match name {
            GeneralName::Rfc822Name(address) => addresses.push(address.as_str().to_owned()),
            GeneralName::OtherName(other) if other.type_id == oid::SMTP_UTF8_MAILBOX => {
                if let Ok(address) = std::str::from_utf8(other.value.value()) {
                    addresses.push(address.to_owned());
                }
            }
            _ => {}
        }
    }
    if addresses.is_empty() {
        let of_subject = tbs.subject().iter().filter(|part| part.oid == oid::EMAIL_ADDRESS);
        addresses.extend(of_subject.filter_map(|part| String::from_utf8(part.value.value().to_vec()).ok()));
    }
    // A zero byte ends a string elsewhere: nobody is to read half of an address.
    addresses.retain(|address| !address.chars().any(char::is_control));
    Ok(addresses)
}

/// The key of a SubjectPublicKeyInfo (RFC 3279, RFC 5480, RFC 8410, RFC 9935).
pub(crate) fn public_key(spki: &[u8]) -> Result<PublicKey, Trouble> {
    let mut inner = Elements::of(spki, SEQUENCE)?;
    let algorithm = Algorithm::read(&inner.expect(SEQUENCE)?)?;
    let bits = inner.expect(tlv::BITS)?.content;
    let [0, bytes @ ..] = bits else { return Err(Trouble::Malformed("a public key has loose bits")) };
    let bytes = bytes.to_vec();
    match algorithm.oid {
        oid::RSA | oid::RSA_PSS => {
            let modulus = Elements::of(&bytes, SEQUENCE)?.expect(tlv::INTEGER)?.content;
            let leading = modulus.iter().take_while(|byte| **byte == 0).count();
            let significant = &modulus[leading..];
            let loose = significant.first().map_or(0, |first| first.leading_zeros() as usize);
            Ok(PublicKey::Rsa { bits: significant.len() * 8 - loose, der: bytes })
        }
        oid::EC => Ok(PublicKey::Ec { curve: Curve::of(&algorithm)?, point: bytes }),
        oid::X25519 => Ok(PublicKey::Ec { curve: Curve::X25519, point: bytes }),
        oid::ED25519 => Ok(PublicKey::Ed25519(bytes)),
        id => {
            let kem = Kem::of(id).ok_or(Trouble::Unsupported("this kind of key"))?;
            kem.public(&bytes)?;
            Ok(PublicKey::MlKem { kem, bytes })
        }
    }
}
