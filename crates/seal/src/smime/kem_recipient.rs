//! How the key of content reaches a recipient with ML-KEM: a secret is encapsulated for him, and what is made of it wraps the key
//! (RFC 9629; RFC 9936).

use super::certificate::{Certificate, PublicKey};
use super::recipient::{Derivation, Wrap};
use super::signature::Digest;
use crate::Trouble;
use crate::asn1::oid;
use crate::asn1::tlv::{self, Algorithm, Element, OCTETS, OID, SEQUENCE};
use crate::key::{Kem, PrivateKey, Secret};
use const_oid::ObjectIdentifier;

/// What is written, and what everybody has to read (RFC 9936, section 2.1).
const OURS: (ObjectIdentifier, Digest) = (oid::HKDF_SHA256, Digest::Sha256);
const DERIVATIONS: [(ObjectIdentifier, Digest); 3] =
    [OURS, (oid::HKDF_SHA384, Digest::Sha384), (oid::HKDF_SHA512, Digest::Sha512)];

/// CMSORIforKEMOtherInfo (RFC 9629, section 5). `wrap` is the algorithm as it is written.
fn other_info(wrap: &[u8], key_len: u8, ukm: Option<&[u8]>) -> Vec<u8> {
    let ukm = ukm.map(|ukm| tlv::element(tlv::within(0), &[&tlv::octets(ukm)])).unwrap_or_default();
    tlv::sequence(&[wrap, &tlv::number(key_len), &ukm])
}

/// The wrap that goes with a set: as strong as it is, and as the key that it wraps (RFC 9936, section 2.2).
fn wrap_for(kem: Kem, key: &[u8]) -> Wrap {
    match kem {
        Kem::MlKem512 => Wrap::for_key(key.len()),
        Kem::MlKem768 | Kem::MlKem1024 => Wrap::Aes256,
    }
}

/// The OtherRecipientInfo for this certificate, with `key` for its holder.
///
/// # Errors
/// [`Trouble::Malformed`] when the public key is none.
pub(super) fn info(certificate: &Certificate, kem: Kem, public: &[u8], key: &[u8]) -> Result<Vec<u8>, Trouble> {
    let encapsulated = kem.encapsulated(public)?;
    let wrap = wrap_for(kem, key);
    let wrap_der = tlv::algorithm(wrap.oid(), &[]);
    let len = u8::try_from(wrap.key_len()).map_err(|_| Trouble::KeyRefused)?;
    let (kdf, digest) = OURS;
    let kek = Derivation::Hkdf(digest).key(&encapsulated.secret, &other_info(&wrap_der, len, None), wrap.key_len())?;
    let wrapped = wrap.wrap(&kek, key)?;
    let info = tlv::sequence(&[
        &tlv::number(0),
        &certificate.issuer_and_serial(),
        &tlv::algorithm(kem.oid(), &[]),
        &tlv::octets(&encapsulated.ciphertext),
        &tlv::algorithm(kdf, &[]),
        &tlv::number(len),
        &wrap_der,
        &tlv::octets(&wrapped),
    ]);
    Ok(tlv::element(tlv::within(4), &[&tlv::oid(oid::KEM_RECIPIENT), &info]))
}

/// The key that an OtherRecipientInfo has for this certificate; `None` when it has none.
///
/// # Errors
/// What anybody can see without the key; a key that refuses is [`Trouble::KeyRefused`].
pub(super) fn key_for(
    info: &Element<'_>,
    certificate: &Certificate,
    key: &dyn PrivateKey,
) -> Result<Option<Secret>, Trouble> {
    let PublicKey::MlKem { kem, .. } = certificate.key() else { return Ok(None) };
    let mut outer = info.elements();
    if outer.expect(OID)?.oid()? != oid::KEM_RECIPIENT {
        return Ok(None);
    }
    let mut inner = outer.expect(SEQUENCE)?.elements();
    inner.expect(tlv::INTEGER)?;
    let Some(name) = inner.next()? else { return Err(Trouble::Malformed("a recipient has no name")) };
    if !certificate.is_named(&name) {
        return Ok(None);
    }
    if Kem::of(Algorithm::read(&inner.expect(SEQUENCE)?)?.oid) != Some(*kem) {
        return Err(Trouble::Malformed("a secret is encapsulated for another kind of key than its recipient's"));
    }
    let ciphertext = inner.expect(OCTETS)?.content;
    let kdf = Algorithm::read(&inner.expect(SEQUENCE)?)?.oid;
    let digest = DERIVATIONS.iter().find(|(known, _)| *known == kdf).map(|(_, digest)| *digest);
    let digest = digest.ok_or(Trouble::Unsupported("this way of making a key of a secret"))?;
    let len = inner.expect(tlv::INTEGER)?.small()?;
    let ukm = match inner.optional(tlv::within(0))? {
        Some(ukm) => Some(ukm.elements().expect(OCTETS)?.content),
        None => None,
    };
    let wrap_element = inner.expect(SEQUENCE)?;
    let wrap = Wrap::of(Algorithm::read(&wrap_element)?.oid)?;
    let wrapped = inner.expect(OCTETS)?.content;
    // RFC 9936, section 2.2.1: a length that does not go with the wrap is refused.
    let len = u8::try_from(len).ok().filter(|len| usize::from(*len) == wrap.key_len());
    let len = len.ok_or(Trouble::Malformed("a key has another length than its wrap"))?;
    let secret = key.decapsulate(*kem, ciphertext)?;
    let info = other_info(wrap_element.whole, len, ukm);
    let kek = Derivation::Hkdf(digest).key(&secret, &info, wrap.key_len())?;
    wrap.unwrap(&kek, wrapped).map(Some)
}
