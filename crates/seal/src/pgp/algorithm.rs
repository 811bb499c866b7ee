//! Public keys: what their algorithm can do, and whether it is strong enough.

use super::policy::{Policy, Unfit};
use pgp::crypto::hash::HashAlgorithm;
use pgp::crypto::public_key::PublicKeyAlgorithm;
use pgp::ser::Serialize;
use pgp::types::{EcdhPublicParams, EcdsaPublicParams, EddsaLegacyPublicParams, KeyDetails, PublicParams};

/// What a public key can do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Ability {
    pub(super) signs: bool,
    pub(super) encrypts: bool,
    /// Neither a computer of today nor one of quanta is known to break it.
    pub(super) is_post_quantum: bool,
}

const SIGNS: Ability = Ability { signs: true, encrypts: false, is_post_quantum: false };
const ENCRYPTS: Ability = Ability { signs: false, encrypts: true, is_post_quantum: false };

/// What a key can do, or why nobody should rely on it.
pub(super) fn ability(key: &impl KeyDetails, policy: &Policy) -> Result<Ability, Unfit> {
    match key.public_params() {
        PublicParams::RSA(_) => {
            let bits = rsa_bits(key);
            if bits < policy.rsa_bits_min {
                return Err(Unfit::TooShort { bits });
            }
            Ok(match key.algorithm() {
                PublicKeyAlgorithm::RSASign => SIGNS,
                PublicKeyAlgorithm::RSAEncrypt => ENCRYPTS,
                _ => Ability { encrypts: true, ..SIGNS },
            })
        }
        PublicParams::ECDSA(EcdsaPublicParams::Unsupported { .. }) => Err(Unfit::Algorithm),
        PublicParams::ECDSA(_) | PublicParams::Ed25519(_) | PublicParams::Ed448(_) => Ok(SIGNS),
        PublicParams::EdDSALegacy(EddsaLegacyPublicParams::Ed25519 { .. }) => Ok(SIGNS),
        PublicParams::ECDH(
            EcdhPublicParams::Curve25519Legacy { .. }
            | EcdhPublicParams::P256 { .. }
            | EcdhPublicParams::P384 { .. }
            | EcdhPublicParams::P521 { .. },
        ) => Ok(ENCRYPTS),
        PublicParams::X25519(_) | PublicParams::X448(_) => Ok(ENCRYPTS),
        PublicParams::MlKem768X25519(_) | PublicParams::MlKem1024X448(_) => {
            Ok(Ability { is_post_quantum: true, ..ENCRYPTS })
        }
        PublicParams::MlDsa65Ed25519(_)
        | PublicParams::MlDsa87Ed448(_)
        | PublicParams::SlhDsaShake128s(_)
        | PublicParams::SlhDsaShake128f(_)
        | PublicParams::SlhDsaShake256s(_) => Ok(Ability { is_post_quantum: true, ..SIGNS }),
        // DSA is not allowed for new keys any more (RFC 9580, section 9.1), and old ones have 1,024 bits; the others we do not do.
        _ => Err(Unfit::Algorithm),
    }
}

/// Its algorithm, with its length or curve.
pub(super) fn name(key: &impl KeyDetails) -> String {
    let plain = match key.public_params() {
        PublicParams::RSA(_) => return format!("RSA-{}", rsa_bits(key)),
        PublicParams::ECDSA(params) => match params {
            EcdsaPublicParams::P256 { .. } => "ECDSA P-256",
            EcdsaPublicParams::P384 { .. } => "ECDSA P-384",
            EcdsaPublicParams::P521 { .. } => "ECDSA P-521",
            EcdsaPublicParams::Secp256k1 { .. } => "ECDSA secp256k1",
            EcdsaPublicParams::Unsupported { .. } => "ECDSA on another curve",
        },
        PublicParams::ECDH(params) => match params {
            EcdhPublicParams::Curve25519Legacy { .. } => "X25519",
            EcdhPublicParams::P256 { .. } => "ECDH P-256",
            EcdhPublicParams::P384 { .. } => "ECDH P-384",
            EcdhPublicParams::P521 { .. } => "ECDH P-521",
            _ => "ECDH on another curve",
        },
        PublicParams::EdDSALegacy(EddsaLegacyPublicParams::Ed25519 { .. }) | PublicParams::Ed25519(_) => "Ed25519",
        PublicParams::EdDSALegacy(_) => "EdDSA on another curve",
        PublicParams::X25519(_) => "X25519",
        PublicParams::X448(_) => "X448",
        PublicParams::Ed448(_) => "Ed448",
        PublicParams::MlKem768X25519(_) => "ML-KEM-768+X25519",
        PublicParams::MlKem1024X448(_) => "ML-KEM-1024+X448",
        PublicParams::MlDsa65Ed25519(_) => "ML-DSA-65+Ed25519",
        PublicParams::MlDsa87Ed448(_) => "ML-DSA-87+Ed448",
        PublicParams::SlhDsaShake128s(_) => "SLH-DSA-SHAKE-128s",
        PublicParams::SlhDsaShake128f(_) => "SLH-DSA-SHAKE-128f",
        PublicParams::SlhDsaShake256s(_) => "SLH-DSA-SHAKE-256s",
        PublicParams::DSA(_) => "DSA",
        PublicParams::Elgamal(_) => "ElGamal",
        PublicParams::Unknown { .. } => "an unknown algorithm",
    };
    plain.to_owned()
}

/// The modulus is the first number.
fn rsa_bits(key: &impl KeyDetails) -> u16 {
    let params = key.public_params().to_bytes().unwrap_or_default();
    params.get(..2).map_or(0, |bits| u16::from_be_bytes([bits[0], bits[1]]))
}

/// Whether somebody can still find two texts with the same hash, or soon will.
pub(super) fn is_weak(hash: HashAlgorithm) -> bool {
    !matches!(
        hash,
        HashAlgorithm::Sha224
            | HashAlgorithm::Sha256
            | HashAlgorithm::Sha384
            | HashAlgorithm::Sha512
            | HashAlgorithm::Sha3_256
            | HashAlgorithm::Sha3_512
    )
}

/// As `micalg` names it (RFC 3156, section 5).
pub(super) fn micalg(hash: HashAlgorithm) -> &'static str {
    match hash {
        HashAlgorithm::Sha224 => "pgp-sha224",
        HashAlgorithm::Sha384 => "pgp-sha384",
        HashAlgorithm::Sha512 => "pgp-sha512",
        HashAlgorithm::Sha3_256 => "pgp-sha3-256",
        HashAlgorithm::Sha3_512 => "pgp-sha3-512",
        _ => "pgp-sha256",
    }
}

/// As cleartext signatures and people name it.
pub(super) fn hash_name(hash: HashAlgorithm) -> &'static str {
    match hash {
        HashAlgorithm::Sha224 => "SHA224",
        HashAlgorithm::Sha384 => "SHA384",
        HashAlgorithm::Sha512 => "SHA512",
        HashAlgorithm::Sha3_256 => "SHA3-256",
        HashAlgorithm::Sha3_512 => "SHA3-512",
        _ => "SHA256",
    }
}
