//! Content that was encrypted for us (RFC 5652, section 6; RFC 5083).

use super::certificate::Certificate;
use super::cipher::ContentCipher;
use super::legacy::Legacy;
use super::recipient::key_for;
use crate::asn1::normalised;
use crate::asn1::oid;
use crate::asn1::tlv::{self, Algorithm, Element, Elements, OCTETS, OID, SEQUENCE, SET};
use crate::key::{PrivateKey, Secret};
use crate::{Random, Trouble};
use zeroize::Zeroizing;

/// Recipients of one mail that are looked at.
const RECIPIENTS_MAX: usize = 1_000;
/// Private operations for one mail.
const TRIES_MAX: usize = 4;

/// What an encrypted mail held.
#[derive(Debug, PartialEq, Eq)]
pub struct Opened {
    pub content: Vec<u8>,
    pub cipher: ContentCipher,
    /// The certificate, among those that were handed in, for which it was encrypted.
    pub with: usize,
}

/// Opens CMS in DER or BER with one of the keys.
///
/// [`ContentCipher::is_authenticated`] says whether its content is as its sender made it. Where it is not, somebody may have changed it on
/// its way (EFAIL): without a good signature *within* it, no more than its text may be shown.
///
/// # Errors
/// [`Trouble::NotForUs`] when no key is meant. Everything that goes wrong behind a private operation is [`Trouble::CannotOpen`]: a key that
/// does not come out of its RSA is replaced by one drawn by chance (RFC 3218, section 2.3.2), so that nobody learns which step it was.
pub fn decrypt(
    cms: &[u8],
    keys: &[(&Certificate, &dyn PrivateKey)],
    random: &mut dyn Random,
) -> Result<Opened, Trouble> {
    decrypt_with(cms, keys, Legacy::Refused, random)
}

/// The same, and ciphers of old as well where `legacy` says so.
///
/// # Errors
/// Those of [`decrypt`].
pub fn decrypt_with(
    cms: &[u8],
    keys: &[(&Certificate, &dyn PrivateKey)],
    legacy: Legacy,
    random: &mut dyn Random,
) -> Result<Opened, Trouble> {
    let der = normalised(cms)?;
    let mut info = Elements::of(&der, SEQUENCE)?;
    let kind = info.expect(OID)?.oid()?;
    let mut data = info.expect(tlv::within(0))?.elements().expect(SEQUENCE)?.elements();
    if kind != oid::ENVELOPED_DATA && kind != oid::AUTH_ENVELOPED_DATA {
        return Err(Trouble::Unsupported("this kind of content"));
    }
    data.expect(tlv::INTEGER)?;
    data.optional(tlv::within(0))?;
    let recipients = data.expect(SET)?;
    let mut inner = data.expect(SEQUENCE)?.elements();
    inner.expect(OID)?;
    let algorithm = Algorithm::read(&inner.expect(SEQUENCE)?)?;
    let cipher = ContentCipher::of(&algorithm)?;
    if cipher.is_legacy() && legacy == Legacy::Refused {
        return Err(Trouble::Unsupported("a cipher of old, which is opened only where the setting says so"));
    }
    let content = inner.pieces(0)?.ok_or(Trouble::Malformed("an encrypted mail has no content"))?;
    let (aad, mac) = if kind == oid::AUTH_ENVELOPED_DATA {
        // The attributes are proved in their form as a set (RFC 5083, section 2.2).
        let attributes = data.optional(tlv::within(1))?;
        let aad = attributes.map(|attributes| tlv::element(SET, &[attributes.content])).unwrap_or_default();
        (aad, Some(data.expect(OCTETS)?.content))
    } else {
        (Vec::new(), None)
    };
    let mut last = Trouble::NotForUs;
    for (with, key) in keys_within(&recipients, keys, cipher, random)? {
        match cipher.decrypt(&algorithm, &key, content.clone(), &aad, mac) {
            Ok(content) => return Ok(Opened { content, cipher, with }),
            Err(trouble) => last = trouble,
        }
    }
    Err(last)
}

/// The keys of content for those of ours that are meant.
fn keys_within(
    recipients: &Element<'_>,
    keys: &[(&Certificate, &dyn PrivateKey)],
    cipher: ContentCipher,
    random: &mut dyn Random,
) -> Result<Vec<(usize, Secret)>, Trouble> {
    let mut found = Vec::new();
    let mut all = recipients.elements();
    for _ in 0..RECIPIENTS_MAX {
        let Some(info) = all.next()? else { break };
        for (with, (certificate, key)) in keys.iter().enumerate() {
            let key = match key_for(&info, certificate, *key) {
                Ok(None) => continue,
                Ok(Some(key)) if key.len() == cipher.key_len() => key,
                // As long as the right one would have taken, and as wrong as any other.
                Ok(Some(_)) | Err(Trouble::KeyRefused | Trouble::CannotOpen) => {
                    let mut chance = Zeroizing::new(vec![0; cipher.key_len()]);
                    random.fill(&mut chance);
                    chance
                }
                Err(other) => return Err(other),
            };
            found.push((with, key));
            if found.len() == TRIES_MAX {
                return Ok(found);
            }
        }
    }
    Ok(found)
}
