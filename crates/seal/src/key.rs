//! Private keys: what they are asked for, and those that this process holds itself.
//!
//! A cell that reads strangers' bytes holds none; it asks its parent by the same words.

pub mod asked;
pub mod device;
pub(crate) mod kem;

pub use kem::Kem;

use crate::Trouble;
use crate::asn1::oid;
use crate::asn1::tlv::{self, Algorithm, Elements, INTEGER, OCTETS, OID, SEQUENCE};
use crate::smime::{Digest, PublicKey, Scheme, Transport};
use aws_lc_rs::rsa::{
    KeyPair as RsaKey, OAEP_SHA1_MGF1SHA1, OAEP_SHA256_MGF1SHA256, OAEP_SHA384_MGF1SHA384, OAEP_SHA512_MGF1SHA512,
    OaepAlgorithm, OaepPrivateDecryptingKey, Pkcs1PrivateDecryptingKey, PrivateDecryptingKey,
};
use aws_lc_rs::signature::{
    ECDSA_P256_SHA256_ASN1_SIGNING, ECDSA_P384_SHA384_ASN1_SIGNING, ECDSA_P521_SHA512_ASN1_SIGNING, EcdsaKeyPair,
    EcdsaSigningAlgorithm, Ed25519KeyPair, RSA_PKCS1_SHA256, RSA_PKCS1_SHA384, RSA_PKCS1_SHA512, RSA_PSS_SHA256,
    RSA_PSS_SHA384, RSA_PSS_SHA512, RsaEncoding,
};
use aws_lc_rs::{agreement, digest, rand};
use const_oid::ObjectIdentifier;
use kem::KemKey;
use serde::{Deserialize, Serialize};
use zeroize::Zeroizing;

pub(crate) const NO_KEY: Trouble = Trouble::Unsupported("a private key that is none, or of a size that we do not do");

/// What came out of a private operation; wiped when it is no longer needed.
pub type Secret = Zeroizing<Vec<u8>>;

/// A curve on which keys are agreed on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Curve {
    P256,
    P384,
    P521,
    X25519,
}

impl Curve {
    /// The curves of NIST by their names (RFC 5480, section 2.1.1.1).
    const NAMED: [(ObjectIdentifier, Curve); 3] =
        [(oid::P256, Curve::P256), (oid::P384, Curve::P384), (oid::P521, Curve::P521)];

    /// The one that an algorithm of such keys names.
    pub(crate) fn of(algorithm: &Algorithm<'_>) -> Result<Curve, Trouble> {
        let name = algorithm.parameters.filter(|name| name.tag == OID).map(|name| name.oid()).transpose()?;
        let found = Curve::NAMED.iter().find(|(known, _)| Some(*known) == name);
        found.map(|(_, curve)| *curve).ok_or(Trouble::Unsupported("this curve"))
    }

    /// The algorithm of keys on it, in DER (RFC 5480, section 2.1.1; RFC 8410, section 3).
    pub(crate) fn der(self) -> Vec<u8> {
        match Curve::NAMED.iter().find(|(_, known)| *known == self) {
            Some((name, _)) => tlv::algorithm(oid::EC, &tlv::oid(*name)),
            None => tlv::algorithm(oid::X25519, &[]),
        }
    }

    /// How keys on it sign; those on X25519 do not.
    pub(crate) fn signing(self) -> Option<&'static EcdsaSigningAlgorithm> {
        match self {
            Curve::P256 => Some(&ECDSA_P256_SHA256_ASN1_SIGNING),
            Curve::P384 => Some(&ECDSA_P384_SHA384_ASN1_SIGNING),
            Curve::P521 => Some(&ECDSA_P521_SHA512_ASN1_SIGNING),
            Curve::X25519 => None,
        }
    }

    pub(crate) fn algorithm(self) -> &'static agreement::Algorithm {
        match self {
            Curve::P256 => &agreement::ECDH_P256,
            Curve::P384 => &agreement::ECDH_P384,
            Curve::P521 => &agreement::ECDH_P521,
            Curve::X25519 => &agreement::X25519,
        }
    }

    /// Bytes of a private key.
    pub fn private_len(self) -> usize {
        match self {
            Curve::P256 | Curve::X25519 => 32,
            Curve::P384 => 48,
            Curve::P521 => 66,
        }
    }
}

/// A private key, wherever it is.
pub trait PrivateKey {
    /// The signature over `message`, in the form that CMS carries (ECDSA in ASN.1).
    ///
    /// # Errors
    /// [`Trouble::KeyRefused`] when the key is of another kind, or does not sign; here and in all others [`Trouble::KeyAway`] when what keeps
    /// it cannot be asked.
    fn sign(&self, scheme: Scheme, message: &[u8]) -> Result<Vec<u8>, Trouble>;

    /// The signature over a digest that was computed elsewhere, as OpenPGP has it; in the same form.
    ///
    /// # Errors
    /// [`Trouble::KeyRefused`], also when the key does not sign digests.
    fn sign_digest(&self, _scheme: Scheme, _digest: &[u8]) -> Result<Vec<u8>, Trouble> {
        Err(Trouble::KeyRefused)
    }

    /// The key that was encrypted with RSA.
    ///
    /// # Errors
    /// [`Trouble::KeyRefused`], for whatever reason; a caller goes on with a key drawn by chance, so that nobody learns why (RFC 3218).
    fn decrypt(&self, transport: Transport, encrypted: &[u8]) -> Result<Secret, Trouble>;

    /// What this key and the public key of another have in common, on this curve.
    ///
    /// # Errors
    /// [`Trouble::KeyRefused`] when the key is of another kind, or the other is none.
    fn agree(&self, curve: Curve, other: &[u8]) -> Result<Secret, Trouble>;

    /// The secret that was encapsulated for this key, of 32 bytes.
    ///
    /// # Errors
    /// [`Trouble::KeyRefused`] when the key is of another kind, or the ciphertext of another size. A wrong one of the right size gives a
    /// wrong secret (FIPS 203, algorithm 18).
    fn decapsulate(&self, _kem: Kem, _ciphertext: &[u8]) -> Result<Secret, Trouble> {
        Err(Trouble::KeyRefused)
    }
}

/// A key that this process holds.
pub struct HeldKey(Kind);

enum Kind {
    Rsa { signs: Box<RsaKey>, opens: Box<PrivateDecryptingKey> },
    Ec { curve: Curve, signs: EcdsaKeyPair, agrees: agreement::PrivateKey },
    Ed25519(Ed25519KeyPair),
    X25519(agreement::PrivateKey),
    MlKem(KemKey),
}

impl HeldKey {
    /// A key as PKCS#8 keeps it (RFC 5958), for a certificate with `public`.
    ///
    /// # Errors
    /// [`Trouble::Unsupported`] when it is of another kind than `public`, or none: RSA has 2,048 to 8,192 bits.
    pub fn from_pkcs8(pkcs8: &[u8], public: &PublicKey) -> Result<HeldKey, Trouble> {
        const NOT_THIS: Trouble =
            Trouble::Unsupported("a private key of another kind than its certificate, or too short");
        let kind = match public {
            PublicKey::Rsa { .. } => Kind::Rsa {
                signs: Box::new(RsaKey::from_pkcs8(pkcs8).map_err(|_| NOT_THIS)?),
                opens: Box::new(PrivateDecryptingKey::from_pkcs8(pkcs8).map_err(|_| NOT_THIS)?),
            },
            PublicKey::Ec { curve, .. } => match curve.signing() {
                Some(algorithm) => {
                    let signs = EcdsaKeyPair::from_private_key_der(algorithm, pkcs8).map_err(|_| NOT_THIS)?;
                    let agrees = agreement::PrivateKey::from_private_key_der(curve.algorithm(), pkcs8);
                    Kind::Ec { curve: *curve, signs, agrees: agrees.map_err(|_| NOT_THIS)? }
                }
                None => Kind::X25519(x25519_of(pkcs8).map_err(|_| NOT_THIS)?),
            },
            PublicKey::Ed25519(_) => {
                Kind::Ed25519(Ed25519KeyPair::from_pkcs8_maybe_unchecked(pkcs8).map_err(|_| NOT_THIS)?)
            }
            PublicKey::MlKem { kem, bytes } => {
                let held = KemKey::from_pkcs8(pkcs8).map_err(|_| NOT_THIS)?;
                if held.kem != *kem || held.public != *bytes {
                    return Err(NOT_THIS);
                }
                Kind::MlKem(held)
            }
        };
        Ok(HeldKey(kind))
    }
}

/// A private key in the form of its algorithm, within PKCS#8 (RFC 5958).
pub(crate) fn pkcs8(algorithm: &[u8], key: &[u8]) -> Secret {
    let key = Zeroizing::new(tlv::octets(key));
    Zeroizing::new(tlv::sequence(&[&tlv::number(0), algorithm, &key]))
}

/// A key of X25519 in PKCS#8: one octet string within another (RFC 8410, section 7).
pub(crate) fn x25519_of(pkcs8: &[u8]) -> Result<agreement::PrivateKey, Trouble> {
    let mut inner = Elements::of(pkcs8, SEQUENCE)?;
    inner.expect(INTEGER)?;
    inner.expect(SEQUENCE)?;
    let seed = inner.expect(OCTETS)?.elements().expect(OCTETS)?.content;
    agreement::PrivateKey::from_private_key(&agreement::X25519, seed).map_err(|_| NO_KEY)
}

fn encoding(scheme: Scheme) -> Option<&'static dyn RsaEncoding> {
    match scheme {
        Scheme::RsaPkcs1(Digest::Sha256) => Some(&RSA_PKCS1_SHA256),
        Scheme::RsaPkcs1(Digest::Sha384) => Some(&RSA_PKCS1_SHA384),
        Scheme::RsaPkcs1(Digest::Sha512) => Some(&RSA_PKCS1_SHA512),
        Scheme::RsaPss(Digest::Sha256) => Some(&RSA_PSS_SHA256),
        Scheme::RsaPss(Digest::Sha384) => Some(&RSA_PSS_SHA384),
        Scheme::RsaPss(Digest::Sha512) => Some(&RSA_PSS_SHA512),
        _ => None,
    }
}

/// The digest and the mask's digest are the same, as everybody has it.
pub(crate) fn oaep(digest: Digest) -> &'static OaepAlgorithm {
    match digest {
        Digest::Sha1 => &OAEP_SHA1_MGF1SHA1,
        Digest::Sha256 => &OAEP_SHA256_MGF1SHA256,
        Digest::Sha384 => &OAEP_SHA384_MGF1SHA384,
        Digest::Sha512 => &OAEP_SHA512_MGF1SHA512,
    }
}

impl<K: PrivateKey + ?Sized> PrivateKey for &K {
    fn sign(&self, scheme: Scheme, message: &[u8]) -> Result<Vec<u8>, Trouble> {
        (**self).sign(scheme, message)
    }

    fn sign_digest(&self, scheme: Scheme, digest: &[u8]) -> Result<Vec<u8>, Trouble> {
        (**self).sign_digest(scheme, digest)
    }

    fn decrypt(&self, transport: Transport, encrypted: &[u8]) -> Result<Secret, Trouble> {
        (**self).decrypt(transport, encrypted)
    }

    fn agree(&self, curve: Curve, other: &[u8]) -> Result<Secret, Trouble> {
        (**self).agree(curve, other)
    }

    fn decapsulate(&self, kem: Kem, ciphertext: &[u8]) -> Result<Secret, Trouble> {
        (**self).decapsulate(kem, ciphertext)
    }
}

impl PrivateKey for HeldKey {
    fn sign(&self, scheme: Scheme, message: &[u8]) -> Result<Vec<u8>, Trouble> {
        let random = rand::SystemRandom::new();
        match (&self.0, scheme) {
            (Kind::Rsa { signs, .. }, Scheme::RsaPkcs1(_) | Scheme::RsaPss(_)) => {
                let encoding = encoding(scheme).ok_or(Trouble::KeyRefused)?;
                let mut signature = vec![0; signs.public_modulus_len()];
                signs.sign(encoding, &random, message, &mut signature).map_err(|_| Trouble::KeyRefused)?;
                Ok(signature)
            }
            (Kind::Ec { signs, .. }, Scheme::Ecdsa(digest)) if Some(digest) == self.own_digest() => {
                let signature = signs.sign(&random, message).map_err(|_| Trouble::KeyRefused)?;
                Ok(signature.as_ref().to_vec())
            }
            (Kind::Ed25519(signs), Scheme::Ed25519) => Ok(signs.sign(message).as_ref().to_vec()),
            _ => Err(Trouble::KeyRefused),
        }
    }

    fn sign_digest(&self, scheme: Scheme, digest: &[u8]) -> Result<Vec<u8>, Trouble> {
        let imported = digest::Digest::import_less_safe(digest, scheme.digest().algorithm());
        let digest = imported.map_err(|_| Trouble::KeyRefused)?;
        match (&self.0, scheme) {
            (Kind::Rsa { signs, .. }, Scheme::RsaPkcs1(_) | Scheme::RsaPss(_)) => {
                let encoding = encoding(scheme).ok_or(Trouble::KeyRefused)?;
                let mut signature = vec![0; signs.public_modulus_len()];
                signs.sign_digest(encoding, &digest, &mut signature).map_err(|_| Trouble::KeyRefused)?;
                Ok(signature)
            }
            (Kind::Ec { signs, .. }, Scheme::Ecdsa(which)) if Some(which) == self.own_digest() => {
                Ok(signs.sign_digest(&digest).map_err(|_| Trouble::KeyRefused)?.as_ref().to_vec())
            }
            _ => Err(Trouble::KeyRefused),
        }
    }

    fn decrypt(&self, transport: Transport, encrypted: &[u8]) -> Result<Secret, Trouble> {
        let Kind::Rsa { opens, .. } = &self.0 else { return Err(Trouble::KeyRefused) };
        let opens = PrivateDecryptingKey::clone(opens);
        let mut space = Zeroizing::new(vec![0; opens.key_size_bytes()]);
        let opened = match transport {
            Transport::Pkcs1 => Pkcs1PrivateDecryptingKey::new(opens)
                .and_then(|key| key.decrypt(encrypted, &mut space).map(|opened| opened.to_vec())),
            Transport::Oaep(digest) => OaepPrivateDecryptingKey::new(opens)
                .and_then(|key| key.decrypt(oaep(digest), encrypted, &mut space, None).map(|opened| opened.to_vec())),
        };
        opened.map(Zeroizing::new).map_err(|_| Trouble::KeyRefused)
    }

    fn agree(&self, curve: Curve, other: &[u8]) -> Result<Secret, Trouble> {
        let own = match &self.0 {
            Kind::Ec { curve: own, agrees, .. } if *own == curve => agrees,
            Kind::X25519(agrees) if curve == Curve::X25519 => agrees,
            _ => return Err(Trouble::KeyRefused),
        };
        agreed(own, curve, other)
    }

    fn decapsulate(&self, kem: Kem, ciphertext: &[u8]) -> Result<Secret, Trouble> {
        match &self.0 {
            Kind::MlKem(held) if held.kem == kem => held.decapsulate(ciphertext),
            _ => Err(Trouble::KeyRefused),
        }
    }
}

impl HeldKey {
    /// The digest that goes with a curve (RFC 8551, section 2.2).
    fn own_digest(&self) -> Option<Digest> {
        match &self.0 {
            Kind::Ec { curve: Curve::P256, .. } => Some(Digest::Sha256),
            Kind::Ec { curve: Curve::P384, .. } => Some(Digest::Sha384),
            Kind::Ec { curve: Curve::P521, .. } => Some(Digest::Sha512),
            _ => None,
        }
    }
}

pub(crate) fn agreed(own: &agreement::PrivateKey, curve: Curve, other: &[u8]) -> Result<Secret, Trouble> {
    let other = agreement::UnparsedPublicKey::new(curve.algorithm(), other);
    agreement::agree(own, other, Trouble::KeyRefused, |secret| Ok(Zeroizing::new(secret.to_vec())))
}
