//! Private keys, whatever form they have, as PKCS#8; and the public key of each.

use crate::Trouble;
use crate::asn1::oid;
use crate::asn1::tlv::{self, Algorithm, Elements, INTEGER, OCTETS, OID, SEQUENCE};
use crate::key::kem::KemKey;
use crate::key::{self, Curve, NO_KEY, Secret};
use crate::smime::PublicKey;
use aws_lc_rs::rsa::KeyPair as RsaKey;
use aws_lc_rs::signature::{EcdsaKeyPair, Ed25519KeyPair, KeyPair};

/// The RSAPrivateKey of PKCS#1 (RFC 8017, appendix A.1.2) within PKCS#8.
pub(super) fn of_rsa(pkcs1: &[u8]) -> Secret {
    key::pkcs8(&tlv::algorithm(oid::RSA, tlv::NO_PARAMETERS), pkcs1)
}

/// An ECPrivateKey that names its curve (RFC 5915) within PKCS#8.
pub(super) fn of_ec(sec1: &[u8]) -> Result<Secret, Trouble> {
    let mut inner = Elements::of(sec1, SEQUENCE)?;
    inner.expect(INTEGER)?;
    inner.expect(OCTETS)?;
    let curve = inner.optional(tlv::within(0))?.ok_or(Trouble::Unsupported("a private key that names no curve"))?;
    let curve = curve.elements().expect(OID)?.oid()?;
    Ok(key::pkcs8(&tlv::algorithm(oid::EC, &tlv::oid(curve)), sec1))
}

/// The public key of a private one.
///
/// # Errors
/// [`Trouble::Unsupported`] when it is of a kind that we do not do; RSA has 2,048 to 8,192 bits.
pub(super) fn key_of(pkcs8: &[u8]) -> Result<PublicKey, Trouble> {
    let mut inner = Elements::of(pkcs8, SEQUENCE)?;
    inner.expect(INTEGER)?;
    let algorithm = Algorithm::read(&inner.expect(SEQUENCE)?)?;
    inner.expect(OCTETS)?;
    match algorithm.oid {
        oid::RSA => {
            let pair = RsaKey::from_pkcs8(pkcs8).map_err(|_| NO_KEY)?;
            Ok(PublicKey::Rsa { der: pair.public_key().as_ref().to_vec(), bits: pair.public_modulus_len() * 8 })
        }
        oid::EC => {
            let curve = Curve::of(&algorithm)?;
            let pair = EcdsaKeyPair::from_private_key_der(curve.signing().ok_or(NO_KEY)?, pkcs8).map_err(|_| NO_KEY)?;
            Ok(PublicKey::Ec { curve, point: pair.public_key().as_ref().to_vec() })
        }
        oid::ED25519 => {
            let pair = Ed25519KeyPair::from_pkcs8_maybe_unchecked(pkcs8).map_err(|_| NO_KEY)?;
            Ok(PublicKey::Ed25519(pair.public_key().as_ref().to_vec()))
        }
        oid::X25519 => {
            let point = key::x25519_of(pkcs8)?.compute_public_key().map_err(|_| NO_KEY)?;
            Ok(PublicKey::Ec { curve: Curve::X25519, point: point.as_ref().to_vec() })
        }
        _ => {
            let held = KemKey::from_pkcs8(pkcs8)?;
            Ok(PublicKey::MlKem { kem: held.kem, bytes: held.public })
        }
    }
}
