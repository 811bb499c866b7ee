//! Content encrypted for many (RFC 5652, section 6; RFC 5083).

pub use super::recipient::{Recipient, Transport};

use super::cipher::ContentCipher;
use crate::asn1::oid;
use crate::asn1::tlv::{self, OCTETS};
use crate::{Random, Trouble};
use zeroize::Zeroizing;

/// The content for all of these, as CMS in DER: EnvelopedData, or AuthEnvelopedData when the cipher proves that nothing was changed.
///
/// # Errors
/// [`Trouble::Unsupported`] when one of them cannot be encrypted for, or there are none: it is for all or it is not at all.
pub fn encrypt(
    content: &[u8],
    recipients: &[Recipient<'_>],
    cipher: ContentCipher,
    random: &mut dyn Random,
) -> Result<Vec<u8>, Trouble> {
    if recipients.is_empty() {
        return Err(Trouble::Unsupported("encryption for nobody"));
    }
    let mut key = Zeroizing::new(vec![0; cipher.key_len()]);
    random.fill(&mut key);
    let encrypted = cipher.encrypt(&key, content, random)?;
    let mut infos = Vec::with_capacity(recipients.len());
    for recipient in recipients {
        infos.push(recipient.info(&key, random)?);
    }
    // Version 2 as soon as one of them has another form than the first edition knew, 3 with one of other kinds (RFC 5652, section 6.1).
    let has = |tag: u8| infos.iter().any(|info| info.first() == Some(&tag));
    let version = match (has(tlv::within(4)), has(tlv::within(1))) {
        (true, _) => 3,
        (false, true) => 2,
        (false, false) => 0,
    };
    let infos = tlv::set(tlv::SET, infos);
    let inner = tlv::sequence(&[
        &tlv::oid(oid::DATA),
        &encrypted.algorithm,
        &tlv::element(tlv::plain(0), &[&encrypted.content]),
    ]);
    let (kind, data) = match encrypted.mac {
        Some(mac) => (
            oid::AUTH_ENVELOPED_DATA,
            tlv::sequence(&[&tlv::number(0), &infos, &inner, &tlv::element(OCTETS, &[&mac])]),
        ),
        None => (oid::ENVELOPED_DATA, tlv::sequence(&[&tlv::number(version), &infos, &inner])),
    };
    Ok(tlv::sequence(&[&tlv::oid(kind), &tlv::element(tlv::within(0), &[&data])]))
}
