//! Keys of ours: a certificate with the private keys to it, wherever those are.
//!
//! What is asked of a private key of RSA, of the curves of NIST, and of Curve25519 goes to a [`PrivateKey`]; only kinds that aws-lc does
//! not do stay with rPGP.

use super::cert::{Certificate, Locked, gathered, shown};
use super::held::{held, number};
use crate::Trouble;
use crate::asn1::tlv::{Elements, INTEGER, SEQUENCE};
use crate::key::{Curve, HeldKey, PrivateKey, Secret};
use crate::smime::{Digest, Scheme, Transport};
use pgp::composed::PlainSessionKey;
use pgp::crypto::hash::HashAlgorithm;
use pgp::crypto::public_key::PublicKeyAlgorithm;
use pgp::crypto::sym::SymmetricKeyAlgorithm;
use pgp::crypto::{ecdh, x25519};
use pgp::packet::{PublicKeyEncryptedSessionKey, SecretKey, SecretSubkey};
use pgp::ser::Serialize;
use pgp::types::{
    DecryptionKey, EcdhPublicParams, EskType, Fingerprint, KeyDetails, KeyId, KeyVersion, Mpi, Password, PkeskBytes,
    PublicParams, SecretParams, SignatureBytes, SigningKey, Timestamp,
};
use std::fmt;
use zeroize::Zeroizing;

/// A private key, wherever it is.
pub type Behind<'k> = Box<dyn PrivateKey + 'k>;

/// A certificate of ours.
pub struct Key<'k> {
    certificate: Certificate,
    pub(super) parts: Vec<Part<'k>>,
}

/// One of its keys: what everybody knows of it, and what is behind it.
pub(super) struct Part<'k> {
    details: Details,
    private: Private<'k>,
}

enum Private<'k> {
    Behind(Behind<'k>),
    Primary(Box<SecretKey>),
    Subkey(Box<SecretSubkey>),
}

#[derive(Debug)]
struct Details {
    version: KeyVersion,
    fingerprint: Fingerprint,
    id: KeyId,
    algorithm: PublicKeyAlgorithm,
    made: Timestamp,
    params: PublicParams,
}

impl Details {
    fn of(key: &impl KeyDetails) -> Details {
        Details {
            version: key.version(),
            fingerprint: key.fingerprint(),
            id: key.legacy_key_id(),
            algorithm: key.algorithm(),
            made: key.created_at(),
            params: key.public_params().clone(),
        }
    }
}

impl Details {
    fn unlocked(locked: Locked, password: &Password) -> Result<(Details, SecretParams), Trouble> {
        let refused = |_| Trouble::KeyRefused;
        Ok(match locked {
            Locked::Primary(mut key) => {
                key.remove_password(password).map_err(refused)?;
                (Details::of(&*key), key.secret_params().clone())
            }
            Locked::Subkey(mut key) => {
                key.remove_password(password).map_err(refused)?;
                (Details::of(&*key), key.secret_params().clone())
            }
        })
    }
}

impl<'k> Key<'k> {
    /// All keys of a file, which may be armored.
    ///
    /// A part that is missing, as the first key of a card or of a careful person is, is left out.
    ///
    /// # Errors
    /// [`Trouble::KeyRefused`] when the password opens none of the parts of one; [`Trouble::Malformed`] when there is no private key.
    pub fn read_all(file: &[u8], password: &[u8]) -> Result<Vec<Key<'k>>, Trouble> {
        let password = Password::from(password);
        let mut keys = Vec::new();
        for one in gathered(file)?.into_iter().filter(|one| !one.locked.is_empty()) {
            let parts: Vec<Part<'k>> =
                one.locked.into_iter().filter_map(|locked| Part::unlocked(locked, &password).ok()).collect();
            if parts.is_empty() {
                return Err(Trouble::KeyRefused);
            }
            keys.push(Key { certificate: one.certificate, parts });
        }
        if keys.is_empty() { Err(Trouble::Malformed("no private key of OpenPGP")) } else { Ok(keys) }
    }

    /// A certificate whose private keys are elsewhere: each with the fingerprint of the key that it belongs to.
    pub fn behind(certificate: Certificate, keys: Vec<(String, Behind<'k>)>) -> Key<'k> {
        let mut parts = Vec::new();
        for (fingerprint, key) in keys {
            let subkey = certificate.subkeys.iter().find(|one| shown(&one.key.fingerprint()) == fingerprint);
            let details = match subkey {
                Some(subkey) => Details::of(&subkey.key),
                None if certificate.fingerprint() == fingerprint => Details::of(&certificate.primary),
                None => continue,
            };
            parts.push(Part { details, private: Private::Behind(key) });
        }
        Key { certificate, parts }
    }

    pub fn certificate(&self) -> &Certificate {
        &self.certificate
    }
}

/// A certificate with those of its private keys that this process can hold for others, each with its fingerprint.
pub struct OwnKey {
    pub certificate: Certificate,
    pub keys: Vec<(String, HeldKey)>,
}

impl OwnKey {
    /// All keys of a file, which may be armored. Kinds that aws-lc does not do are left out.
    ///
    /// # Errors
    /// [`Trouble::KeyRefused`] when the password opens none of the parts of one, or no part is of a kind that can be held;
    /// [`Trouble::Malformed`] when there is no private key.
    pub fn read_all(file: &[u8], password: &[u8]) -> Result<Vec<OwnKey>, Trouble> {
        let password = Password::from(password);
        let mut all = Vec::new();
        for one in gathered(file)?.into_iter().filter(|one| !one.locked.is_empty()) {
            let mut keys = Vec::new();
            for locked in one.locked {
                let Ok((details, secret)) = Details::unlocked(locked, &password) else { continue };
                let SecretParams::Plain(plain) = &secret else { continue };
                keys.extend(held(&details.params, plain)?.map(|key| (shown(&details.fingerprint), key)));
            }
            if keys.is_empty() {
                return Err(Trouble::KeyRefused);
            }
            all.push(OwnKey { certificate: one.certificate, keys });
        }
        if all.is_empty() { Err(Trouble::Malformed("no private key of OpenPGP")) } else { Ok(all) }
    }

    /// As a key that is used here.
    pub fn key(&self) -> Key<'_> {
        let keys = self.keys.iter().map(|(print, key)| (print.clone(), Box::new(key) as Behind<'_>)).collect();
        Key::behind(self.certificate.clone(), keys)
    }
}

impl fmt::Debug for Key<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Key({})", self.certificate.fingerprint())
    }
}

impl<'k> Part<'k> {
    pub(super) fn unlocked(locked: Locked, password: &Password) -> Result<Part<'k>, Trouble> {
        let refused = |_| Trouble::KeyRefused;
        match locked {
            Locked::Primary(mut key) => {
                key.remove_password(password).map_err(refused)?;
                let details = Details::of(&*key);
                let held = held_of(&details, key.secret_params())?;
                Ok(Part { details, private: held.map_or_else(|| Private::Primary(key), Private::Behind) })
            }
            Locked::Subkey(mut key) => {
                key.remove_password(password).map_err(refused)?;
                let details = Details::of(&*key);
                let held = held_of(&details, key.secret_params())?;
                Ok(Part { details, private: held.map_or_else(|| Private::Subkey(key), Private::Behind) })
            }
        }
    }

    /// The key of content that `encrypted` holds.
    ///
    /// # Errors
    /// [`Trouble::CannotOpen`], for whatever reason: the caller goes on with a key drawn by chance.
    pub(super) fn session_key(&self, encrypted: &PublicKeyEncryptedSessionKey) -> Result<SessionKey, Trouble> {
        const CANNOT: Trouble = Trouble::CannotOpen;
        let is_new = matches!(encrypted, PublicKeyEncryptedSessionKey::V6 { .. });
        let values = encrypted.values().map_err(|_| CANNOT)?;
        let kind = if is_new { EskType::V6 } else { EskType::V3_4 };
        let plain = match (&self.private, values) {
            (Private::Behind(key), PkeskBytes::Rsa { mpi }) => {
                let modulus = self.details.params.to_bytes().map_err(|_| CANNOT)?;
                let length = number(&modulus).map_err(|_| CANNOT)?.0.len();
                let mut block = vec![0; length.checked_sub(mpi.len()).ok_or(CANNOT)?];
                block.extend_from_slice(mpi.as_ref());
                key.decrypt(Transport::Pkcs1, &block).map_err(|_| CANNOT)?
            }
            (Private::Behind(key), PkeskBytes::Ecdh { public_point, encrypted_session_key }) => {
                self.agreed(key.as_ref(), public_point.as_ref(), encrypted_session_key)?
            }
            (Private::Behind(key), PkeskBytes::X25519 { ephemeral, session_key, sym_alg }) => {
                let shared = key.agree(Curve::X25519, ephemeral).map_err(|_| CANNOT)?;
                let shared: Zeroizing<[u8; 32]> = Zeroizing::new(shared[..].try_into().map_err(|_| CANNOT)?);
                let own = self.details.params.to_bytes().ok().and_then(|own| own.try_into().ok()).ok_or(CANNOT)?;
                let key = x25519::derive_session_key(*ephemeral, own, *shared, session_key).map_err(|_| CANNOT)?;
                return SessionKey::of(*sym_alg, &key, is_new);
            }
            (Private::Primary(key), values) => return rpgp(key.decrypt(&Password::empty(), values, kind)),
            (Private::Subkey(key), values) => return rpgp(key.decrypt(&Password::empty(), values, kind)),
            _ => return Err(CANNOT),
        };
        SessionKey::from_checked(&plain, is_new)
    }

    fn agreed(&self, key: &dyn PrivateKey, point: &[u8], wrapped: &[u8]) -> Result<Secret, Trouble> {
        const CANNOT: Trouble = Trouble::CannotOpen;
        let PublicParams::ECDH(params) = &self.details.params else { return Err(CANNOT) };
        let (curve, hash, cipher) = match params {
            EcdhPublicParams::Curve25519Legacy { hash, alg_sym, .. } => (Curve::X25519, *hash, *alg_sym),
            EcdhPublicParams::P256 { hash, alg_sym, .. } => (Curve::P256, *hash, *alg_sym),
            EcdhPublicParams::P384 { hash, alg_sym, .. } => (Curve::P384, *hash, *alg_sym),
            EcdhPublicParams::P521 { hash, alg_sym, .. } => (Curve::P521, *hash, *alg_sym),
            _ => return Err(CANNOT),
        };
        let point = if curve == Curve::X25519 { point.strip_prefix(&[0x40]).ok_or(CANNOT)? } else { point };
        let shared = key.agree(curve, point).map_err(|_| CANNOT)?;
        let print = self.details.fingerprint.as_bytes();
        ecdh::derive_session_key(&shared, wrapped, wrapped.len(), params.curve(), hash, cipher, print)
            .map_err(|_| CANNOT)
    }
}

fn held_of<'k>(details: &Details, secret: &SecretParams) -> Result<Option<Behind<'k>>, Trouble> {
    let SecretParams::Plain(plain) = secret else { return Err(Trouble::KeyRefused) };
    Ok(held(&details.params, plain)?.map(|key| Box::new(key) as Behind<'k>))
}

/// The key of content, with its cipher where the packet names it.
pub(super) struct SessionKey {
    pub(super) cipher: Option<SymmetricKeyAlgorithm>,
    pub(super) key: Secret,
}

impl SessionKey {
    pub(super) fn of(cipher: Option<SymmetricKeyAlgorithm>, key: &[u8], is_new: bool) -> Result<SessionKey, Trouble> {
        if cipher.is_none() != is_new {
            return Err(Trouble::CannotOpen);
        }
        Ok(SessionKey { cipher, key: Zeroizing::new(key.to_vec()) })
    }

    /// The cipher where there is one, the key, and the sum of its bytes (RFC 9580, section 5.1.3).
    fn from_checked(plain: &[u8], is_new: bool) -> Result<SessionKey, Trouble> {
        let (cipher, rest) = match plain {
            rest if is_new => (None, rest),
            [cipher, rest @ ..] => (Some(SymmetricKeyAlgorithm::from(*cipher)), rest),
            [] => return Err(Trouble::CannotOpen),
        };
        let (key, sum) = rest.split_last_chunk::<2>().ok_or(Trouble::CannotOpen)?;
        let own = key.iter().fold(0_u16, |sum, byte| sum.wrapping_add(u16::from(*byte)));
        if own.to_be_bytes() != *sum {
            return Err(Trouble::CannotOpen);
        }
        SessionKey::of(cipher, key, is_new)
    }
}

pub(super) fn rpgp(opened: pgp::errors::Result<pgp::errors::Result<PlainSessionKey>>) -> Result<SessionKey, Trouble> {
    match opened {
        Ok(Ok(PlainSessionKey::V3_4 { ref sym_alg, ref key })) => SessionKey::of(Some(*sym_alg), key.as_ref(), false),
        Ok(Ok(PlainSessionKey::V6 { ref key })) => SessionKey::of(None, key.as_ref(), true),
        _ => Err(Trouble::CannotOpen),
    }
}

impl fmt::Debug for Part<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Part({})", self.details.fingerprint)
    }
}

impl KeyDetails for Part<'_> {
    fn version(&self) -> KeyVersion {
        self.details.version
    }

    fn legacy_key_id(&self) -> KeyId {
        self.details.id
    }

    fn fingerprint(&self) -> Fingerprint {
        self.details.fingerprint.clone()
    }

    fn algorithm(&self) -> PublicKeyAlgorithm {
        self.details.algorithm
    }

    fn created_at(&self) -> Timestamp {
        self.details.made
    }

    fn legacy_v3_expiration_days(&self) -> Option<u16> {
        None
    }

    fn public_params(&self) -> &PublicParams {
        &self.details.params
    }
}

impl SigningKey for Part<'_> {
    fn sign(&self, _: &Password, hash: HashAlgorithm, digest: &[u8]) -> pgp::errors::Result<SignatureBytes> {
        let key = match &self.private {
            Private::Behind(key) => key,
            Private::Primary(key) => return SigningKey::sign(&**key, &Password::empty(), hash, digest),
            Private::Subkey(key) => return SigningKey::sign(&**key, &Password::empty(), hash, digest),
        };
        let failed = |trouble: Trouble| pgp::errors::Error::from(std::io::Error::other(trouble));
        let kind = match hash {
            HashAlgorithm::Sha256 => Ok(Digest::Sha256),
            HashAlgorithm::Sha384 => Ok(Digest::Sha384),
            HashAlgorithm::Sha512 => Ok(Digest::Sha512),
            _ => Err(failed(Trouble::KeyRefused)),
        };
        match &self.details.params {
            PublicParams::RSA(_) => {
                let made = key.sign_digest(Scheme::RsaPkcs1(kind?), digest).map_err(failed)?;
                Ok(SignatureBytes::Mpis(vec![Mpi::from_slice(&made)]))
            }
            PublicParams::ECDSA(_) => {
                let made = key.sign_digest(Scheme::Ecdsa(kind?), digest).map_err(failed)?;
                let (r, s) = two_numbers(&made).map_err(failed)?;
                Ok(SignatureBytes::Mpis(vec![Mpi::from_slice(r), Mpi::from_slice(s)]))
            }
            // What is signed is the hash (RFC 9580, section 5.2.3.4).
            PublicParams::EdDSALegacy(_) => {
                let made = key.sign(Scheme::Ed25519, digest).map_err(failed)?;
                let (r, s) = made.split_at(made.len() / 2);
                Ok(SignatureBytes::Mpis(vec![Mpi::from_slice(r), Mpi::from_slice(s)]))
            }
            _ => Ok(SignatureBytes::Native(key.sign(Scheme::Ed25519, digest).map_err(failed)?.into())),
        }
    }

    /// The one that goes with the curve is the only one that a key of such signs.
    fn hash_alg(&self) -> HashAlgorithm {
        self.details.params.hash_alg()
    }
}

impl Part<'_> {
    /// Whether it signs other digests than its own too.
    pub(super) fn takes_any_hash(&self) -> bool {
        matches!(self.details.params, PublicParams::RSA(_) | PublicParams::EdDSALegacy(_) | PublicParams::Ed25519(_))
    }
}

/// The two numbers of an ECDSA signature in DER.
fn two_numbers(der: &[u8]) -> Result<(&[u8], &[u8]), Trouble> {
    let mut inner = Elements::of(der, SEQUENCE)?;
    Ok((inner.expect(INTEGER)?.content, inner.expect(INTEGER)?.content))
}
