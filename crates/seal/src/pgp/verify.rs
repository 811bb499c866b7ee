//! Signatures of others over content: who made them, when, and whether they prove anything.

use super::algorithm::is_weak;
use super::cert::{Certificate, made, shown};
use super::packets::{is_nothing, packets};
use super::policy::{Policy, Unfit, is_understood};
use super::quick::Quick;
use crate::Trouble;
use data_encoding::HEXUPPER;
use pgp::crypto::hash::HashAlgorithm;
use pgp::packet::{Packet, Signature as Made, SignatureType, SubpacketData};
use pgp::types::{Fingerprint, KeyDetails};
use serde::{Deserialize, Serialize};

/// Signatures over one content that are looked at.
pub(super) const SIGNATURES_MAX: usize = 16;
/// How far another's clock may be ahead.
const AHEAD_S: u64 = 15 * 60;

/// One signer's word.
#[derive(Debug, PartialEq, Eq)]
pub struct Signature {
    /// The certificate that made it, where it is had.
    pub by: Option<Certificate>,
    /// The fingerprint of the key that made it, or whatever it says of itself: a fingerprint or the last 16 digits of one.
    pub issuer: Option<String>,
    /// When he says that he signed, in seconds since 1970.
    pub at: Option<u64>,
    /// It is over a text, however its lines end, and not over bytes.
    pub is_over_text: bool,
    /// `None` when it is good: these bytes are as the holder of the certificate's key signed them.
    pub flaw: Option<Flaw>,
}

/// Why a signature proves nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Flaw {
    /// Content or signature were changed, or it was made by another key.
    Wrong,
    /// The certificate that it names is not known.
    CertificateMissing,
    /// A hash that proves nothing any more, or an algorithm that we do not do.
    Algorithm,
    /// The key that made it did not count when it was made.
    Key(Unfit),
    /// It says that it was made later than now.
    InFuture,
    /// Its maker gave it an end, which has passed.
    Expired,
    /// It was made for a mail to others, and somebody sent it on.
    MeantForOthers,
    /// Its form, or that it says something else than that it signs content.
    Malformed,
}

/// The verdict over signatures of `content`, which may be armored.
///
/// # Errors
/// [`Trouble::Malformed`] when there are other packets than signatures, or none; [`Trouble::Unsupported`] when there are more than 16.
pub fn verify_detached(
    signatures: &[u8],
    content: &[u8],
    known: &[Certificate],
    policy: &Policy,
    now: u64,
) -> Result<Vec<Signature>, Trouble> {
    let bytes = super::armor::unarmored(signatures)?;
    let mut verdicts = Vec::new();
    for read in packets(&bytes, SIGNATURES_MAX)? {
        match read.packet {
            Some(Packet::Signature(signature)) => {
                verdicts.push(verify(&signature, content, known, &[], policy, now));
            }
            None if read.tag == pgp::types::Tag::Signature => {
                let flaw = Some(Flaw::Malformed);
                verdicts.push(Signature { by: None, issuer: None, at: None, is_over_text: false, flaw });
            }
            _ if is_nothing(read.tag) => {}
            _ => return Err(Trouble::Malformed("other things stand beside a signature")),
        }
    }
    if verdicts.is_empty() {
        return Err(Trouble::Malformed("a signature is missing"));
    }
    Ok(verdicts)
}

/// The verdict over one signature. `opened_by` are the certificates of ours that opened the mail; empty when it was not encrypted.
pub fn verify(
    signature: &Made,
    content: &[u8],
    known: &[Certificate],
    opened_by: &[&Certificate],
    policy: &Policy,
    now: u64,
) -> Signature {
    let (prints, ids) = (signature.issuer_fingerprint(), signature.issuer_key_id());
    let named = prints.first().map(|print| shown(print)).or_else(|| ids.first().map(|id| HEXUPPER.encode(id.as_ref())));
    let mut verdict = Signature {
        by: None,
        issuer: named,
        at: made(signature),
        is_over_text: signature.typ() == Some(SignatureType::Text),
        flaw: Some(Flaw::CertificateMissing),
    };
    if let Err(flaw) = form(signature, opened_by, now) {
        verdict.flaw = Some(flaw);
    }
    for certificate in known {
        for which in 0..=certificate.subkeys.len() {
            let subkey = which.checked_sub(1).map(|at| &certificate.subkeys[at].key);
            let (print, id) = match subkey {
                Some(key) => (key.fingerprint(), key.legacy_key_id()),
                None => (certificate.primary.fingerprint(), certificate.primary.legacy_key_id()),
            };
            let is_named = match prints.is_empty() {
                true => ids.iter().any(|one| **one == id),
                false => prints.iter().any(|one| **one == print),
            };
            if !is_named {
                continue;
            }
            verdict.by = Some(certificate.clone());
            verdict.issuer = Some(shown(&print));
            if !matches!(verdict.flaw, None | Some(Flaw::CertificateMissing | Flaw::Wrong | Flaw::Key(_))) {
                return verdict;
            }
            let is_right = match subkey {
                Some(key) => signature.verify(&Quick(key), content),
                None => signature.verify(&Quick(&certificate.primary), content),
            };
            if is_right.is_err() {
                // Another key may have the same short name.
                verdict.flaw = Some(Flaw::Wrong);
                continue;
            }
            let standing = certificate.standing_then(policy, verdict.at.unwrap_or_default().min(now), now);
            verdict.flaw = standing.keys.get(which).map_or(Some(Flaw::Wrong), |key| key.may_sign.err().map(Flaw::Key));
            return verdict;
        }
    }
    verdict
}

/// What is wrong with it whoever made it.
fn form(signature: &Made, opened_by: &[&Certificate], now: u64) -> Result<(), Flaw> {
    if !matches!(signature.typ(), Some(SignatureType::Binary | SignatureType::Text)) || !is_understood(signature) {
        return Err(Flaw::Malformed);
    }
    if is_weak(signature.hash_alg().unwrap_or(HashAlgorithm::None)) {
        return Err(Flaw::Algorithm);
    }
    let at = made(signature).ok_or(Flaw::Malformed)?;
    if at > now + AHEAD_S {
        return Err(Flaw::InFuture);
    }
    let lives = signature.signature_expiration_time().map(|time| u64::from(time.as_secs()));
    if lives.is_some_and(|lives| lives > 0 && at + lives <= now) {
        return Err(Flaw::Expired);
    }
    let meant_for: Vec<&Fingerprint> = signature
        .config()
        .into_iter()
        .flat_map(|config| config.hashed_subpackets())
        .filter_map(|one| match &one.data {
            SubpacketData::IntendedRecipientFingerprint(print) => Some(print),
            _ => None,
        })
        .collect();
    let is_for_us = opened_by.iter().any(|one| meant_for.contains(&&one.primary.fingerprint()));
    if !opened_by.is_empty() && !meant_for.is_empty() && !is_for_us {
        return Err(Flaw::MeantForOthers);
    }
    Ok(())
}
