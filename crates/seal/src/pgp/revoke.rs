//! A key taken back by its owner (RFC 9580, sections 5.2.1.11 and 10.1.2).

use super::cert::{Certificate, shown};
use super::key::Key;
use super::sign::config;
use crate::{Random, Trouble};
use pgp::packet::{RevocationCode, SignatureType, Subpacket, SubpacketData};
use pgp::types::{KeyDetails, Password, SigningKey};

/// The first public key with the word that it counts no more, and no other part of the certificate. Whoever adds it to what he has of the
/// certificate uses none of its keys again.
///
/// It gives no reason, so it counts for all times, also for what was signed before.
///
/// # Errors
/// [`Trouble::KeyRefused`] when the first private key is not there, or does not sign.
pub fn revocation(key: &Key<'_>, now: u64, random: &mut dyn Random) -> Result<Certificate, Trouble> {
    const REFUSED: Trouble = Trouble::KeyRefused;
    let primary = &key.certificate().primary;
    let first = shown(&primary.fingerprint());
    let part = key.parts.iter().find(|part| shown(&part.fingerprint()) == first).ok_or(REFUSED)?;
    let mut config = config(part, SignatureType::KeyRevocation, part.hash_alg(), now, random)?;
    let reason = SubpacketData::RevocationReason(RevocationCode::NoReason, Default::default());
    config.hashed_subpackets.push(Subpacket::regular(reason).map_err(|_| REFUSED)?);
    let word = config.sign_key(part, &Password::empty(), primary).map_err(|_| REFUSED)?;
    Ok(Certificate { primary: primary.clone(), signatures: vec![word], users: Vec::new(), subkeys: Vec::new() })
}
