//! Private keys, whatever form they have, as PKCS#8; and the public key of each.

use super::oid;
use crate::Trouble;
use crate::key::{Curve, Secret};
use crate::smime::PublicKey;
use crate::smime::tlv::{self, Algorithm, Elements, INTEGER, OCTETS, OID, SEQUENCE};
use aws_lc_rs::agreement;
use aws_lc_rs::rsa::KeyPair as RsaKey;
use aws_lc_rs::signature::{
    ECDSA_P256_SHA256_ASN1_SIGNING, ECDSA_P384_SHA384_ASN1_SIGNING, ECDSA_P521_SHA512_ASN1_SIGNING, EcdsaKeyPair,
    Ed25519KeyPair, KeyPair,
};
use const_oid::ObjectIdentifier;
use zeroize::Zeroizing;

const NONE: Trouble = Trouble::Unsupported("a private key that is none, or of a size that we do not do");

/// The RSAPrivateKey of PKCS#1 (RFC 8017, appendix A.1.2) within PKCS#8.
pub(super) fn of_rsa(pkcs1: &[u8]) -> Secret {
    within_pkcs8(&tlv::algorithm(oid::RSA, tlv::NO_PARAMETERS), pkcs1)
}

/// An ECPrivateKey that names its curve (RFC 5915) within PKCS#8.
pub(super) fn of_ec(sec1: &[u8]) -> Result<Secret, Trouble> {
    let mut inner = Elements::of(sec1, SEQUENCE)?;
    inner.expect(INTEGER)?;
    inner.expect(OCTETS)?;
    let curve = inner.optional(tlv::within(0))?.ok_or(Trouble::Unsupported("a private key that names no curve"))?;
    let curve = curve.elements().expect(OID)?.oid()?;
    Ok(within_pkcs8(&tlv::algorithm(oid::EC, &tlv::oid(curve)), sec1))
}

fn within_pkcs8(algorithm: &[u8], key: &[u8]) -> Secret {
    let key = Zeroizing::new(tlv::octets(key));
    Zeroizing::new(tlv::sequence(&[&tlv::number(0), algorithm, &key]))
}

/// The public key of a private one.
///
/// # Errors
/// [`Trouble::Unsupported`] when it is of a kind that we do not do; RSA has 2,048 to 8,192 bits.
pub(super) fn key_of(pkcs8: &[u8]) -> Result<PublicKey, Trouble> {
    let mut inner = Elements::of(pkcs8, SEQUENCE)?;
    inner.expect(INTEGER)?;
    let algorithm = Algorithm::read(&inner.expect(SEQUENCE)?)?;
    let key = inner.expect(OCTETS)?.content;
    match algorithm.oid {
        oid::RSA => {
            let pair = RsaKey::from_pkcs8(pkcs8).map_err(|_| NONE)?;
            Ok(PublicKey::Rsa { der: pair.public_key().as_ref().to_vec(), bits: pair.public_modulus_len() * 8 })
        }
        oid::EC => {
            let curve = algorithm.parameters.filter(|named| named.tag == OID).map(|named| named.oid()).transpose()?;
            of_curve(curve, pkcs8)
        }
        oid::ED25519 => {
            let pair = Ed25519KeyPair::from_pkcs8_maybe_unchecked(pkcs8).map_err(|_| NONE)?;
            Ok(PublicKey::Ed25519(pair.public_key().as_ref().to_vec()))
        }
        oid::X25519 => {
            let seed = Elements(key).expect(OCTETS)?.content;
            let pair = agreement::PrivateKey::from_private_key(&agreement::X25519, seed).map_err(|_| NONE)?;
            let point = pair.compute_public_key().map_err(|_| NONE)?;
            Ok(PublicKey::Ec { curve: Curve::X25519, point: point.as_ref().to_vec() })
        }
        _ => Err(NONE),
    }
}

fn of_curve(named: Option<ObjectIdentifier>, pkcs8: &[u8]) -> Result<PublicKey, Trouble> {
    let (curve, algorithm) = match named {
        Some(oid::P256) => (Curve::P256, &ECDSA_P256_SHA256_ASN1_SIGNING),
        Some(oid::P384) => (Curve::P384, &ECDSA_P384_SHA384_ASN1_SIGNING),
        Some(oid::P521) => (Curve::P521, &ECDSA_P521_SHA512_ASN1_SIGNING),
        _ => return Err(Trouble::Unsupported("this curve")),
    };
    let pair = EcdsaKeyPair::from_private_key_der(algorithm, pkcs8).map_err(|_| NONE)?;
    Ok(PublicKey::Ec { curve, point: pair.public_key().as_ref().to_vec() })
}
