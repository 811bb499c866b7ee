//! Digests and schemes of signatures: their names in CMS, and how one is checked (RFC 5754, RFC 4056, RFC 8419).

use super::certificate::PublicKey;
use crate::Trouble;
use crate::asn1::oid;
use crate::asn1::tlv::{self, Algorithm, Elements, NO_PARAMETERS, SEQUENCE};
use crate::key::Curve;
use aws_lc_rs::{digest, signature};
use const_oid::ObjectIdentifier;
use serde::{Deserialize, Serialize};

/// A digest.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub enum Digest {
    /// Read, never made; a signature with it proves nothing.
    Sha1,
    Sha256,
    Sha384,
    Sha512,
}

impl Digest {
    const ALL: [(ObjectIdentifier, Digest); 4] = [
        (oid::SHA1, Digest::Sha1),
        (oid::SHA256, Digest::Sha256),
        (oid::SHA384, Digest::Sha384),
        (oid::SHA512, Digest::Sha512),
    ];

    pub(super) fn of(oid: ObjectIdentifier) -> Result<Digest, Trouble> {
        let found = Digest::ALL.iter().find(|(id, _)| *id == oid);
        found.map(|(_, digest)| *digest).ok_or(Trouble::Unsupported("this digest"))
    }

    pub(crate) fn oid(self) -> ObjectIdentifier {
        match self {
            Digest::Sha1 => oid::SHA1,
            Digest::Sha256 => oid::SHA256,
            Digest::Sha384 => oid::SHA384,
            Digest::Sha512 => oid::SHA512,
        }
    }

    fn micalg(self) -> &'static str {
        match self {
            Digest::Sha1 => "sha-1",
            Digest::Sha256 => "sha-256",
            Digest::Sha384 => "sha-384",
            Digest::Sha512 => "sha-512",
        }
    }

    pub(crate) fn algorithm(self) -> &'static digest::Algorithm {
        match self {
            Digest::Sha1 => &digest::SHA1_FOR_LEGACY_USE_ONLY,
            Digest::Sha256 => &digest::SHA256,
            Digest::Sha384 => &digest::SHA384,
            Digest::Sha512 => &digest::SHA512,
        }
    }

    pub(super) fn hash(self, bytes: &[u8]) -> Vec<u8> {
        digest::digest(self.algorithm(), bytes).as_ref().to_vec()
    }

    /// Bytes of a hash.
    fn len(self) -> u8 {
        match self {
            Digest::Sha1 => 20,
            Digest::Sha256 => 32,
            Digest::Sha384 => 48,
            Digest::Sha512 => 64,
        }
    }
}

/// How a signature is made.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Scheme {
    /// RSASSA-PKCS1-v1_5.
    RsaPkcs1(Digest),
    /// RSASSA-PSS, its mask and salt of the same digest.
    RsaPss(Digest),
    Ecdsa(Digest),
    Ed25519,
}

impl Scheme {
    /// The digest over the content.
    pub(crate) fn digest(self) -> Digest {
        match self {
            Scheme::RsaPkcs1(digest) | Scheme::RsaPss(digest) | Scheme::Ecdsa(digest) => digest,
            // RFC 8419, section 3.1.
            Scheme::Ed25519 => Digest::Sha512,
        }
    }

    /// As `micalg` names its digest (RFC 8551, section 3.5.3.2).
    pub(super) fn micalg(self) -> &'static str {
        self.digest().micalg()
    }

    /// The algorithm as a signer writes it.
    pub(crate) fn der(self) -> Vec<u8> {
        match self {
            // Everybody reads this, and some nothing else (RFC 3370, section 3.2).
            Scheme::RsaPkcs1(_) => tlv::algorithm(oid::RSA, NO_PARAMETERS),
            Scheme::RsaPss(digest) => tlv::algorithm(oid::RSA_PSS, &pss_parameters(digest)),
            Scheme::Ecdsa(digest) => tlv::algorithm(
                match digest {
                    Digest::Sha1 => oid::ECDSA_SHA1,
                    Digest::Sha256 => oid::ECDSA_SHA256,
                    Digest::Sha384 => oid::ECDSA_SHA384,
                    Digest::Sha512 => oid::ECDSA_SHA512,
                },
                &[],
            ),
            Scheme::Ed25519 => tlv::algorithm(oid::ED25519, &[]),
        }
    }

    /// That of an algorithm as it was written, with the digest named beside it.
    pub(super) fn of(algorithm: &Algorithm<'_>, digest: Digest) -> Result<Scheme, Trouble> {
        let id = algorithm.oid;
        match id {
            oid::RSA => Ok(Scheme::RsaPkcs1(digest)),
            oid::SHA1_WITH_RSA => Ok(Scheme::RsaPkcs1(Digest::Sha1)),
            oid::SHA256_WITH_RSA => Ok(Scheme::RsaPkcs1(Digest::Sha256)),
            oid::SHA384_WITH_RSA => Ok(Scheme::RsaPkcs1(Digest::Sha384)),
            oid::SHA512_WITH_RSA => Ok(Scheme::RsaPkcs1(Digest::Sha512)),
            oid::RSA_PSS => pss(algorithm),
            oid::EC => Ok(Scheme::Ecdsa(digest)),
            oid::ECDSA_SHA1 => Ok(Scheme::Ecdsa(Digest::Sha1)),
            oid::ECDSA_SHA256 => Ok(Scheme::Ecdsa(Digest::Sha256)),
            oid::ECDSA_SHA384 => Ok(Scheme::Ecdsa(Digest::Sha384)),
            oid::ECDSA_SHA512 => Ok(Scheme::Ecdsa(Digest::Sha512)),
            oid::ED25519 => Ok(Scheme::Ed25519),
            _ => Err(Trouble::Unsupported("this algorithm of signatures")),
        }
    }

    /// Whether `key` made the signature over `message`.
    pub(super) fn is_right(self, key: &PublicKey, message: &[u8], made: &[u8]) -> Result<bool, Trouble> {
        let (algorithm, bytes) = self.check(key)?;
        Ok(signature::UnparsedPublicKey::new(algorithm, bytes).verify(message, made).is_ok())
    }

    fn check(self, key: &PublicKey) -> Result<(&'static dyn signature::VerificationAlgorithm, &[u8]), Trouble> {
        use signature as s;
        let algorithm: &'static dyn signature::VerificationAlgorithm = match (self, key) {
            (Scheme::RsaPkcs1(Digest::Sha1), PublicKey::Rsa { .. }) => &s::RSA_PKCS1_2048_8192_SHA1_FOR_LEGACY_USE_ONLY,
            (Scheme::RsaPkcs1(Digest::Sha256), PublicKey::Rsa { .. }) => &s::RSA_PKCS1_2048_8192_SHA256,
            (Scheme::RsaPkcs1(Digest::Sha384), PublicKey::Rsa { .. }) => &s::RSA_PKCS1_2048_8192_SHA384,
            (Scheme::RsaPkcs1(Digest::Sha512), PublicKey::Rsa { .. }) => &s::RSA_PKCS1_2048_8192_SHA512,
            (Scheme::RsaPss(Digest::Sha256), PublicKey::Rsa { .. }) => &s::RSA_PSS_2048_8192_SHA256,
            (Scheme::RsaPss(Digest::Sha384), PublicKey::Rsa { .. }) => &s::RSA_PSS_2048_8192_SHA384,
            (Scheme::RsaPss(Digest::Sha512), PublicKey::Rsa { .. }) => &s::RSA_PSS_2048_8192_SHA512,
            (Scheme::Ecdsa(digest), PublicKey::Ec { curve, .. }) => match (curve, digest) {
                (Curve::P256, Digest::Sha256) => &s::ECDSA_P256_SHA256_ASN1,
                (Curve::P256, Digest::Sha384) => &s::ECDSA_P256_SHA384_ASN1,
                (Curve::P256, Digest::Sha512) => &s::ECDSA_P256_SHA512_ASN1,
                (Curve::P384, Digest::Sha256) => &s::ECDSA_P384_SHA256_ASN1,
                (Curve::P384, Digest::Sha384) => &s::ECDSA_P384_SHA384_ASN1,
                (Curve::P384, Digest::Sha512) => &s::ECDSA_P384_SHA512_ASN1,
                (Curve::P521, Digest::Sha256) => &s::ECDSA_P521_SHA256_ASN1,
                (Curve::P521, Digest::Sha384) => &s::ECDSA_P521_SHA384_ASN1,
                (Curve::P521, Digest::Sha512) => &s::ECDSA_P521_SHA512_ASN1,
                _ => return Err(Trouble::Unsupported("this curve with this digest")),
            },
            (Scheme::Ed25519, PublicKey::Ed25519(_)) => &s::ED25519,
            _ => return Err(Trouble::Unsupported("a signature of another kind than its key, or this digest with it")),
        };
        Ok((algorithm, key.bytes()))
    }
}

/// RFC 4055, section 3.1.
fn pss_parameters(digest: Digest) -> Vec<u8> {
    let [hash, mask] = hash_and_mask_der(digest);
    tlv::sequence(&[&hash, &mask, &tlv::element(tlv::within(2), &[&tlv::number(digest.len())])])
}

/// What is left out counts as its default, which is SHA-1 with a salt of 20 bytes.
fn pss(algorithm: &Algorithm<'_>) -> Result<Scheme, Trouble> {
    const OTHER: Trouble = Trouble::Unsupported("RSASSA-PSS with a mask or salt of another size than its digest");
    let parameters = algorithm.parameters.filter(|parameters| parameters.tag == SEQUENCE).ok_or(OTHER)?;
    let mut inner = parameters.elements();
    let (hash, mask) = hash_and_mask(&mut inner)?;
    let salt = match inner.optional(tlv::within(2))? {
        Some(salt) => Elements(salt.content).expect(tlv::INTEGER)?.small()?,
        None => 20,
    };
    if mask != hash || salt != u32::from(hash.len()) {
        return Err(OTHER);
    }
    Ok(Scheme::RsaPss(hash))
}

/// What the parameters of RSASSA-PSS and RSAES-OAEP begin with (RFC 4055, sections 3.1 and 4.1).
pub(super) fn hash_and_mask_der(digest: Digest) -> [Vec<u8>; 2] {
    let hash = tlv::algorithm(digest.oid(), NO_PARAMETERS);
    let mask = tlv::algorithm(oid::MGF1, &hash);
    [tlv::element(tlv::within(0), &[&hash]), tlv::element(tlv::within(1), &[&mask])]
}

/// The same, read: what is left out is SHA-1.
pub(super) fn hash_and_mask(inner: &mut Elements<'_>) -> Result<(Digest, Digest), Trouble> {
    let hash = match inner.optional(tlv::within(0))? {
        Some(hash) => Digest::of(Algorithm::read(&hash.elements().expect(SEQUENCE)?)?.oid)?,
        None => Digest::Sha1,
    };
    let Some(mask) = inner.optional(tlv::within(1))? else { return Ok((hash, Digest::Sha1)) };
    let mask = Algorithm::read(&mask.elements().expect(SEQUENCE)?)?;
    match mask.parameters {
        Some(of) if mask.oid == oid::MGF1 => Ok((hash, Digest::of(Algorithm::read(&of)?.oid)?)),
        _ => Err(Trouble::Unsupported("this mask generation function")),
    }
}

#[cfg(test)]
mod vectors;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn schemes_are_read_as_they_are_written() {
        for digest in [Digest::Sha256, Digest::Sha384, Digest::Sha512] {
            for scheme in [Scheme::RsaPkcs1(digest), Scheme::RsaPss(digest), Scheme::Ecdsa(digest)] {
                let der = scheme.der();
                let element = Elements(&der).expect(SEQUENCE).expect("a sequence");
                let algorithm = Algorithm::read(&element).expect("an algorithm");
                assert_eq!(Scheme::of(&algorithm, digest), Ok(scheme));
            }
        }
    }
}
