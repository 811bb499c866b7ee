//! Public keys: what their algorithm can do, and whether it is strong enough.

use super::policy::{Policy, Unfit};
use pgp::crypto::hash::HashAlgorithm;
use pgp::crypto::public_key::PublicKeyAlgorithm;
use pgp::ser::Serialize;
use pgp::types::{EcdhPublicParams, EcdsaPublicParams, EddsaLegacyPublicParams, KeyDetails, PublicParams};

/// What a public key is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Ability {
    pub(super) name: String,
    pub(super) signs: bool,
    pub(super) encrypts: bool,
    /// Neither a computer of today nor one of quanta is known to break it.
    pub(super) is_post_quantum: bool,
}

fn plain(name: &str, signs: bool, encrypts: bool) -> Result<Ability, Unfit> {
    Ok(Ability { name: name.to_owned(), signs, encrypts, is_post_quantum: false })
}

fn quantum(name: &str, signs: bool) -> Result<Ability, Unfit> {
    Ok(Ability { name: name.to_owned(), signs, encrypts: !signs, is_post_quantum: true })
}

/// What a key can do, or why nobody should rely on it.
pub(super) fn ability(key: &impl KeyDetails, policy: &Policy) -> Result<Ability, Unfit> {
    match key.public_params() {
        PublicParams::RSA(params) => {
            let bits = rsa_bits(&params.to_bytes().unwrap_or_default());
            if bits < policy.rsa_bits_min {
                return Err(Unfit::TooShort { bits });
            }
            let (signs, encrypts) = match key.algorithm() {
                PublicKeyAlgorithm::RSASign => (true, false),
                PublicKeyAlgorithm::RSAEncrypt => (false, true),
                _ => (true, true),
            };
            plain(&format!("RSA-{bits}"), signs, encrypts)
        }
        PublicParams::ECDSA(params) => match params {
            EcdsaPublicParams::P256 { .. } => plain("ECDSA P-256", true, false),
            EcdsaPublicParams::P384 { .. } => plain("ECDSA P-384", true, false),
            EcdsaPublicParams::P521 { .. } => plain("ECDSA P-521", true, false),
            EcdsaPublicParams::Secp256k1 { .. } => plain("ECDSA secp256k1", true, false),
            EcdsaPublicParams::Unsupported { .. } => Err(Unfit::Algorithm("a curve that we do not do")),
        },
        PublicParams::ECDH(params) => match params {
            EcdhPublicParams::Curve25519Legacy { .. } => plain("X25519", false, true),
            EcdhPublicParams::P256 { .. } => plain("ECDH P-256", false, true),
            EcdhPublicParams::P384 { .. } => plain("ECDH P-384", false, true),
            EcdhPublicParams::P521 { .. } => plain("ECDH P-521", false, true),
            _ => Err(Unfit::Algorithm("a curve that we do not do")),
        },
        PublicParams::EdDSALegacy(EddsaLegacyPublicParams::Ed25519 { .. }) | PublicParams::Ed25519(_) => {
            plain("Ed25519", true, false)
        }
        PublicParams::X25519(_) => plain("X25519", false, true),
        PublicParams::X448(_) => plain("X448", false, true),
        PublicParams::Ed448(_) => plain("Ed448", true, false),
        PublicParams::MlKem768X25519(_) => quantum("ML-KEM-768+X25519", false),
        PublicParams::MlKem1024X448(_) => quantum("ML-KEM-1024+X448", false),
        PublicParams::MlDsa65Ed25519(_) => quantum("ML-DSA-65+Ed25519", true),
        PublicParams::MlDsa87Ed448(_) => quantum("ML-DSA-87+Ed448", true),
        PublicParams::SlhDsaShake128s(_) => quantum("SLH-DSA-SHAKE-128s", true),
        PublicParams::SlhDsaShake128f(_) => quantum("SLH-DSA-SHAKE-128f", true),
        PublicParams::SlhDsaShake256s(_) => quantum("SLH-DSA-SHAKE-256s", true),
        // Not allowed for new keys any more (RFC 9580, section 9.1), and old ones have 1,024 bits.
        PublicParams::DSA(_) => Err(Unfit::Algorithm("DSA")),
        PublicParams::Elgamal(_) => Err(Unfit::Algorithm("ElGamal")),
        PublicParams::EdDSALegacy(_) => Err(Unfit::Algorithm("a curve that we do not do")),
        PublicParams::Unknown { .. } => Err(Unfit::Algorithm("an algorithm that we do not know")),
    }
}

/// The modulus is the first number.
fn rsa_bits(params: &[u8]) -> u16 {
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
