//! Private keys: what they are asked for, and those that this process holds itself.
//!
//! A cell that reads strangers' bytes holds none; it asks its parent by the same words.

pub mod asked;

use crate::Trouble;
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
use serde::{Deserialize, Serialize};
use zeroize::Zeroizing;

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
    pub(crate) fn algorithm(self) -> &'static agreement::Algorithm {
        match self {
            Curve::P256 => &agreement::ECDH_P256,
            Curve::P384 => &agreement::ECDH_P384,
            Curve::P521 => &agreement::ECDH_P521,
            Curve::X25519 => &agreement::X25519,
        }
    }

    /// Bytes of a private key.
    pub(crate) fn private_len(self) -> usize {
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
    /// [`Trouble::KeyRefused`] when the key is of another kind, or does not answer.
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
}

/// A key that this process holds.
pub struct HeldKey(Kind);

enum Kind {
    Rsa { signs: Box<RsaKey>, opens: Box<PrivateDecryptingKey> },
    Ec { curve: Curve, signs: EcdsaKeyPair, agrees: agreement::PrivateKey },
    Ed25519(Ed25519KeyPair),
    X25519(agreement::PrivateKey),
}

impl HeldKey {
    /// A key as PKCS#8 keeps it (RFC 5958), for a certificate with `public`.
    ///
    /// # Errors
    /// [`Trouble::Unsupported`] when it is of another kind than `public`, or none: RSA has 2,048 to 8,192 bits.
    pub fn from_pkcs8(pkcs8: &[u8], public: &PublicKey) -> Result<HeldKey, Trouble> {
        const NOT_THIS: Trouble =
            Trouble::Unsupported("a private key of another kind than its certificate, or too short");
        let ec = |curve: Curve, algorithm: &'static EcdsaSigningAlgorithm| -> Result<Kind, Trouble> {
            let signs = EcdsaKeyPair::from_private_key_der(algorithm, pkcs8).map_err(|_| NOT_THIS)?;
            let agrees = agreement::PrivateKey::from_private_key_der(curve.algorithm(), pkcs8).map_err(|_| NOT_THIS)?;
            Ok(Kind::Ec { curve, signs, agrees })
        };
        let kind = match public {
            PublicKey::Rsa { .. } => Kind::Rsa {
                signs: Box::new(RsaKey::from_pkcs8(pkcs8).map_err(|_| NOT_THIS)?),
                opens: Box::new(PrivateDecryptingKey::from_pkcs8(pkcs8).map_err(|_| NOT_THIS)?),
            },
            PublicKey::Ec { curve: Curve::P256, .. } => ec(Curve::P256, &ECDSA_P256_SHA256_ASN1_SIGNING)?,
            PublicKey::Ec { curve: Curve::P384, .. } => ec(Curve::P384, &ECDSA_P384_SHA384_ASN1_SIGNING)?,
            PublicKey::Ec { curve: Curve::P521, .. } => ec(Curve::P521, &ECDSA_P521_SHA512_ASN1_SIGNING)?,
            PublicKey::Ec { curve: Curve::X25519, .. } => {
                // One private key of 32 bytes within two octet strings (RFC 8410, section 7).
                let seed = pkcs8.windows(4).position(|at| at == [0x04, 0x22, 0x04, 0x20]).ok_or(NOT_THIS)?;
                let seed = pkcs8.get(seed + 4..seed + 36).ok_or(NOT_THIS)?;
                let held = agreement::PrivateKey::from_private_key(&agreement::X25519, seed).map_err(|_| NOT_THIS)?;
                Kind::X25519(held)
            }
            PublicKey::Ed25519(_) => {
                Kind::Ed25519(Ed25519KeyPair::from_pkcs8_maybe_unchecked(pkcs8).map_err(|_| NOT_THIS)?)
            }
        };
        Ok(HeldKey(kind))
    }
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
