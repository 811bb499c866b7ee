//! Rings of OpenPGP: packets one behind the other, and where one certificate ends and the next begins (RFC 9580, sections 4.2 and 10).

use super::binary::Bytes;
use super::finding::Finding;
use super::{Item, PgpCertificate, Problem};
use crate::Trouble;
use pgp::composed::{Deserializable, SignedSecretKey};
use pgp::packet::{Packet, PacketParser};
use pgp::ser::Serialize;
use pgp::types::KeyDetails;
use zeroize::Zeroizing;

const SECRET_KEY: u8 = 5;
const PUBLIC_KEY: u8 = 6;
const SECRET_SUBKEY: u8 = 7;
const MARKER: u8 = 10;
const TRUST: u8 = 12;
const USER_ID: u8 = 13;
const PADDING: u8 = 21;
/// Packets of one certificate; some have thousands of signatures of others.
const PACKETS_MAX: usize = 100_000;
/// User ids of one certificate that are looked at for addresses.
const ADDRESSES_MAX: usize = 100;

/// The kind of packet that begins here.
fn tag(bytes: &[u8]) -> Option<u8> {
    match bytes.first() {
        Some(first) if first & 0xc0 == 0xc0 => Some(first & 0x3f),
        Some(first) if first & 0x80 != 0 => Some((first >> 2) & 0x0f),
        _ => None,
    }
}

/// Whether bytes begin as a ring does: with a key or a marker.
pub(super) fn is_ring(bytes: &[u8]) -> bool {
    matches!(tag(bytes), Some(SECRET_KEY | PUBLIC_KEY | MARKER))
}

struct OnePacket<'a> {
    tag: u8,
    body: &'a [u8],
    whole: &'a [u8],
}

/// A packet; keys and what belongs to them never come in parts of unknown length.
fn packet<'a>(rest: &mut Bytes<'a>) -> Result<OnePacket<'a>, Problem> {
    const NO_PACKET: Problem = Problem::Trouble(Trouble::Malformed("it is no packet of OpenPGP"));
    let before = rest.0;
    let tag = tag(before).ok_or(NO_PACKET)?;
    let first = rest.byte()?;
    let len = match first {
        0xc0.. => match rest.byte()? {
            short @ 0..192 => u32::from(short),
            two @ 192..224 => ((u32::from(two) - 192) << 8) + u32::from(rest.byte()?) + 192,
            255 => rest.u32()?,
            _ => return Err(NO_PACKET),
        },
        _ => match first & 3 {
            0 => u32::from(rest.byte()?),
            1 => u32::from(rest.u16()?),
            2 => rest.u32()?,
            _ => return Err(NO_PACKET),
        },
    };
    let body = rest.take(usize::try_from(len).unwrap_or(usize::MAX))?;
    Ok(OnePacket { tag, body, whole: &before[..before.len() - rest.0.len()] })
}

/// What is gathered of one certificate.
struct Gathered {
    bytes: Zeroizing<Vec<u8>>,
    fingerprint: Result<String, Trouble>,
    addresses: Vec<String>,
    is_secret: bool,
    packets: usize,
}

/// Each certificate of a ring.
pub(super) fn ring(bytes: &[u8], finding: &mut Finding<'_>) -> Result<(), Problem> {
    let mut rest = Bytes(bytes);
    let mut gathered: Option<Gathered> = None;
    let ended = loop {
        if rest.0.is_empty() {
            break Ok(());
        }
        // Also of one that is cut off.
        if matches!(tag(rest.0), Some(SECRET_KEY | SECRET_SUBKEY)) {
            finding.note_private();
        }
        let packet = match packet(&mut rest) {
            Ok(packet) => packet,
            Err(why) => break Err(why),
        };
        match packet.tag {
            SECRET_KEY | PUBLIC_KEY => {
                finish(gathered.take(), finding);
                gathered = Some(Gathered {
                    bytes: Zeroizing::new(Vec::new()),
                    fingerprint: fingerprint(packet.whole),
                    addresses: Vec::new(),
                    is_secret: packet.tag == SECRET_KEY,
                    packets: 0,
                });
            }
            MARKER | TRUST | PADDING => continue,
            _ => {}
        }
        match &mut gathered {
            Some(one) => add(one, &packet),
            None => break Err(Trouble::Malformed("packets of OpenPGP that are no key").into()),
        }
    };
    finish(gathered, finding);
    ended
}

fn add(one: &mut Gathered, packet: &OnePacket<'_>) {
    one.packets += 1;
    one.is_secret |= packet.tag == SECRET_SUBKEY;
    if one.packets > PACKETS_MAX {
        return;
    }
    one.bytes.extend_from_slice(packet.whole);
    if packet.tag == USER_ID && one.addresses.len() < ADDRESSES_MAX {
        one.addresses.extend(address(packet.body).filter(|address| !one.addresses.contains(address)));
    }
}

fn finish(gathered: Option<Gathered>, finding: &mut Finding<'_>) {
    let Some(Gathered { bytes, fingerprint, addresses, is_secret, packets }) = gathered else { return };
    if packets > PACKETS_MAX {
        return finding.fault(Trouble::Unsupported("a certificate of so many packets"));
    }
    match fingerprint {
        Err(trouble) => finding.fault(trouble),
        Ok(fingerprint) => {
            let one = PgpCertificate { bytes, fingerprint, addresses };
            finding.item(if is_secret { Item::PgpSecret(one) } else { Item::PgpPublic(one) });
        }
    }
}

fn fingerprint(whole: &[u8]) -> Result<String, Trouble> {
    let fingerprint = match PacketParser::new(whole).next() {
        Some(Ok(Packet::PublicKey(key))) => key.fingerprint(),
        Some(Ok(Packet::SecretKey(key))) => key.fingerprint(),
        _ => return Err(Trouble::Unsupported("a key of OpenPGP of this kind")),
    };
    let bytes = fingerprint.as_bytes();
    match bytes.len() {
        20 | 32 => Ok(data_encoding::HEXLOWER.encode(bytes)),
        _ => Err(Trouble::Unsupported("a key of OpenPGP of this version")),
    }
}

/// What may be given to others of a certificate of OpenPGP that has private parts.
///
/// # Errors
/// [`Trouble::Malformed`] when it is none.
pub fn public_parts(secret: &PgpCertificate) -> Result<PgpCertificate, Trouble> {
    const NONE: Trouble = Trouble::Malformed("a certificate of OpenPGP is none");
    let whole = SignedSecretKey::from_bytes(secret.bytes.as_slice()).map_err(|_| NONE)?;
    let bytes = whole.to_public_key().to_bytes().map_err(|_| NONE)?;
    Ok(PgpCertificate { bytes: Zeroizing::new(bytes), ..secret.clone() })
}

/// The address of a user id: between its last angle brackets, or all of it.
fn address(user_id: &[u8]) -> Option<String> {
    let text = std::str::from_utf8(user_id).ok()?;
    let within = text.rsplit_once('<').and_then(|(_, rest)| rest.split_once('>')).map(|(within, _)| within);
    let address = within.unwrap_or(text).trim();
    let (local, domain) = address.rsplit_once('@')?;
    let is_plain = !address.chars().any(|one| one.is_control() || one.is_whitespace() || matches!(one, '<' | '>'));
    (is_plain && !local.is_empty() && !domain.is_empty()).then(|| address.to_owned())
}
