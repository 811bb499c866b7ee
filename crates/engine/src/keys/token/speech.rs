//! Private operations in words of PKCS#11 (version 2.40, current mechanisms: sections 2.1 and 2.3).

use super::TokenTrouble;
use cryptoki::error::Error;
use cryptoki::mechanism::elliptic_curve::{EcKdf, Ecdh1DeriveParams};
use cryptoki::mechanism::rsa::{PkcsMgfType, PkcsOaepParams, PkcsOaepSource, PkcsPssParams};
use cryptoki::mechanism::{Mechanism, MechanismType};
use cryptoki::object::{Attribute, AttributeType, KeyType, ObjectClass, ObjectHandle};
use cryptoki::session::Session;
use seal::key::{Curve, device};
use seal::smime::{Digest, PublicKey, Scheme, Transport};

/// The public key of a private one, from it or from the public key of the same id.
pub(super) fn public_of(session: &Session, key: ObjectHandle, id: &[u8]) -> Result<PublicKey, TokenTrouble> {
    const UNTOLD: TokenTrouble = TokenTrouble::Kind("its token tells no public key of it");
    let kind = attributes(session, key, &[AttributeType::KeyType]).into_iter();
    let kind = kind.filter_map(|one| if let Attribute::KeyType(kind) = one { Some(kind) } else { None }).next();
    let beside = match id.is_empty() {
        true => Vec::new(),
        false => {
            let template = [Attribute::Class(ObjectClass::PUBLIC_KEY), Attribute::Id(id.to_vec())];
            session.find_objects(&template).unwrap_or_default()
        }
    };
    let mut places = std::iter::once(key).chain(beside);
    let read = |trouble: seal::Trouble| TokenTrouble::Failed(trouble.to_string());
    match kind {
        Some(KeyType::RSA) => {
            let numbers = places.find_map(|place| rsa_numbers(session, place)).ok_or(UNTOLD)?;
            device::rsa(&numbers.0, &numbers.1).map_err(read)
        }
        Some(KeyType::EC) => {
            let parts = places.find_map(|place| point(session, place)).ok_or(UNTOLD)?;
            device::elliptic(&parts.0, &parts.1)
                .map_err(|_| TokenTrouble::Kind("its curve is none of P-256, P-384 and P-521"))
        }
        _ => Err(TokenTrouble::Kind("it is neither of RSA nor on a curve of NIST")),
    }
}

fn rsa_numbers(session: &Session, place: ObjectHandle) -> Option<(Vec<u8>, Vec<u8>)> {
    let found = attributes(session, place, &[AttributeType::Modulus, AttributeType::PublicExponent]);
    match found.as_slice() {
        [Attribute::Modulus(modulus), Attribute::PublicExponent(exponent)] if !modulus.is_empty() => {
            Some((modulus.clone(), exponent.clone()))
        }
        _ => None,
    }
}

fn point(session: &Session, place: ObjectHandle) -> Option<(Vec<u8>, Vec<u8>)> {
    let found = attributes(session, place, &[AttributeType::EcParams, AttributeType::EcPoint]);
    match found.as_slice() {
        [Attribute::EcParams(curve), Attribute::EcPoint(point)] if !point.is_empty() => {
            Some((curve.clone(), point.clone()))
        }
        _ => None,
    }
}

/// Those that it has, in their order.
fn attributes(session: &Session, place: ObjectHandle, wanted: &[AttributeType]) -> Vec<Attribute> {
    session.get_attributes(place, wanted).unwrap_or_default()
}

/// A signature over a digest; of a curve its two numbers.
pub(super) fn sign(session: &Session, key: ObjectHandle, scheme: Scheme, digest: &[u8]) -> Result<Vec<u8>, Error> {
    match scheme {
        Scheme::RsaPkcs1(which) => session.sign(&Mechanism::RsaPkcs, key, &device::digest_info(which, digest)),
        Scheme::RsaPss(which) => {
            let (hash_alg, mgf) = named(which);
            let s_len = digest.len().try_into()?;
            session.sign(&Mechanism::RsaPkcsPss(PkcsPssParams { hash_alg, mgf, s_len }), key, digest)
        }
        Scheme::Ecdsa(_) => session.sign(&Mechanism::Ecdsa, key, digest),
        Scheme::Ed25519 => Err(Error::NotSupported),
    }
}

/// Bytes that were encrypted with RSA.
pub(super) fn decrypt(
    session: &Session,
    key: ObjectHandle,
    transport: Transport,
    encrypted: &[u8],
) -> Result<Vec<u8>, Error> {
    match transport {
        Transport::Pkcs1 => session.decrypt(&Mechanism::RsaPkcs, key, encrypted),
        Transport::Oaep(which) => {
            let (hash, mgf) = named(which);
            let parameters = PkcsOaepParams::new(hash, mgf, PkcsOaepSource::empty());
            session.decrypt(&Mechanism::RsaPkcsOaep(parameters), key, encrypted)
        }
    }
}

/// The shared secret of a curve, as a passing object of the session that is read and destroyed.
pub(super) fn agree(session: &Session, key: ObjectHandle, curve: Curve, other: &[u8]) -> Result<Vec<u8>, Error> {
    let len = curve.private_len().try_into()?;
    let template = [
        Attribute::Class(ObjectClass::SECRET_KEY),
        Attribute::KeyType(KeyType::GENERIC_SECRET),
        Attribute::Token(false),
        Attribute::Sensitive(false),
        Attribute::Extractable(true),
        Attribute::ValueLen(len),
    ];
    let made =
        session.derive_key(&Mechanism::Ecdh1Derive(Ecdh1DeriveParams::new(EcKdf::null(), other)), key, &template)?;
    let read = session.get_attributes(made, &[AttributeType::Value]);
    session.destroy_object(made)?;
    let secret = read?.into_iter().find_map(|one| if let Attribute::Value(secret) = one { Some(secret) } else { None });
    secret.filter(|secret| secret.len() == curve.private_len()).ok_or(Error::InvalidValue)
}

/// The digest of a mechanism and its mask.
fn named(digest: Digest) -> (MechanismType, PkcsMgfType) {
    match digest {
        Digest::Sha1 => (MechanismType::SHA1, PkcsMgfType::MGF1_SHA1),
        Digest::Sha256 => (MechanismType::SHA256, PkcsMgfType::MGF1_SHA256),
        Digest::Sha384 => (MechanismType::SHA384, PkcsMgfType::MGF1_SHA384),
        Digest::Sha512 => (MechanismType::SHA512, PkcsMgfType::MGF1_SHA512),
    }
}
