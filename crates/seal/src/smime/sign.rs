//! Signatures of ours (RFC 5652, section 5; RFC 8551, section 2.5).

use super::capabilities::Capabilities;
use super::certificate::Certificate;
use super::signature::{Digest, Scheme};
use crate::Trouble;
use crate::asn1::oid;
use crate::asn1::tlv::{self, NO_PARAMETERS};
use crate::key::PrivateKey;
use const_oid::ObjectIdentifier;

/// Who signs, and how.
pub struct Signer<'a> {
    pub certificate: &'a Certificate,
    pub key: &'a dyn PrivateKey,
    pub scheme: Scheme,
    /// Certificates between his and a root, which go along.
    pub intermediates: &'a [Certificate],
}

/// A signature over `content` as CMS in DER; with the content within it if `is_opaque`, else beside it.
///
/// `content` is a MIME entity with CRLF; `now` is in seconds since 1970.
///
/// # Errors
/// [`Trouble::KeyRefused`] when the key does not sign; [`Trouble::Unsupported`] for SHA-1.
pub fn sign(content: &[u8], signer: &Signer<'_>, now: u64, is_opaque: bool) -> Result<Vec<u8>, Trouble> {
    let digest = signer.scheme.digest();
    if digest == Digest::Sha1 {
        return Err(Trouble::Unsupported("signatures with SHA-1"));
    }
    let attributes = vec![
        attribute(oid::CONTENT_TYPE, &tlv::oid(oid::DATA)),
        attribute(oid::SIGNING_TIME, &tlv::time(now).ok_or(Trouble::Unsupported("this time"))?),
        attribute(oid::MESSAGE_DIGEST, &tlv::octets(&digest.hash(content))),
        attribute(oid::CAPABILITIES, &Capabilities::ours(signer.certificate).der()),
        attribute(oid::SIGNING_CERTIFICATE_V2, &signing_certificate(signer.certificate)),
    ];
    // They are signed in their form as a set, and written as [0] (RFC 5652, section 5.4).
    let signed = tlv::set(tlv::SET, attributes.clone());
    let signature = signer.key.sign(signer.scheme, &signed)?;
    let digest_der = digest_algorithm(digest);
    let info = tlv::sequence(&[
        &tlv::number(1),
        &signer.certificate.issuer_and_serial(),
        &digest_der,
        &tlv::set(tlv::within(0), attributes),
        &signer.scheme.der(),
        &tlv::octets(&signature),
    ]);
    let within = if is_opaque { tlv::element(tlv::within(0), &[&tlv::octets(content)]) } else { Vec::new() };
    let mut certificates = vec![signer.certificate.der().to_vec()];
    certificates.extend(signer.intermediates.iter().map(|one| one.der().to_vec()));
    certificates.sort();
    certificates.dedup();
    let data = tlv::sequence(&[
        &tlv::number(1),
        &tlv::element(tlv::SET, &[&digest_der]),
        &tlv::sequence(&[&tlv::oid(oid::DATA), &within]),
        &tlv::set(tlv::within(0), certificates),
        &tlv::element(tlv::SET, &[&info]),
    ]);
    Ok(tlv::sequence(&[&tlv::oid(oid::SIGNED_DATA), &tlv::element(tlv::within(0), &[&data])]))
}

fn attribute(id: ObjectIdentifier, value: &[u8]) -> Vec<u8> {
    tlv::sequence(&[&tlv::oid(id), &tlv::element(tlv::SET, &[value])])
}

/// SHA-1's readers of old want NULL; those of SHA-2 take both, and none is what is asked for (RFC 5754, section 2).
fn digest_algorithm(digest: Digest) -> Vec<u8> {
    tlv::algorithm(digest.oid(), if digest == Digest::Sha1 { NO_PARAMETERS } else { &[] })
}

/// That it was this certificate, so that nobody puts another one with the same key in its place (RFC 5035, section 3).
fn signing_certificate(certificate: &Certificate) -> Vec<u8> {
    let hash = tlv::octets(&Digest::Sha256.hash(certificate.der()));
    tlv::sequence(&[&tlv::sequence(&[&tlv::sequence(&[&hash])])])
}
