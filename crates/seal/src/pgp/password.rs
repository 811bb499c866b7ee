//! A private key under another password, or under none.

use super::Chance;
use super::packets::written;
use crate::key::Secret;
use crate::{Random, Trouble};
use pgp::composed::PacketBodyReader;
use pgp::packet::{Packet, PacketHeader, SecretKey, SecretSubkey};
use pgp::types::{Password, Tag};
use std::io::{copy, sink};
use zeroize::Zeroizing;

/// The packets of a key with its private parts under `new`, or under no password; all else of it stays byte for byte. Parts that stand under
/// no password now are taken as they are, the others open with one of `passwords`.
///
/// # Errors
/// [`Trouble::KeyRefused`] when none of them opens a part; [`Trouble::Malformed`] when a packet is none.
pub fn relocked(
    packets: &[u8],
    passwords: &[&[u8]],
    new: Option<&[u8]>,
    random: &mut dyn Random,
) -> Result<Secret, Trouble> {
    const NO_PACKET: Trouble = Trouble::Malformed("a packet is none");
    let mut out = Zeroizing::new(Vec::with_capacity(packets.len() + 1_024));
    let mut rest = packets;
    while !rest.is_empty() {
        let before = rest;
        let header = PacketHeader::try_from_reader(&mut rest).map_err(|_| NO_PACKET)?;
        let mut body = PacketBodyReader::new(header, &mut rest).map_err(|_| NO_PACKET)?;
        let packet = match header.tag() {
            Tag::SecretKey | Tag::SecretSubkey => {
                // Its kind may be one that nobody here knows; then nobody can say that it is no longer under a password.
                Some(Packet::from_reader(header, &mut body).map_err(|_| Trouble::KeyRefused)?)
            }
            _ => None,
        };
        copy(&mut body, &mut sink()).map_err(|_| NO_PACKET)?;
        drop(body);
        match packet {
            Some(Packet::SecretKey(key)) => {
                out.extend_from_slice(&Zeroizing::new(written(&relocked_one(key, passwords, new, random)?)?));
            }
            Some(Packet::SecretSubkey(key)) => {
                out.extend_from_slice(&Zeroizing::new(written(&relocked_one(key, passwords, new, random)?)?));
            }
            _ => out.extend_from_slice(&before[..before.len() - rest.len()]),
        }
    }
    Ok(out)
}

/// Both kinds of packets with private parts.
trait Lockable {
    fn opened(&mut self, password: &Password) -> bool;
    fn locked(&mut self, password: &Password, random: &mut dyn Random) -> bool;
}

impl Lockable for SecretKey {
    fn opened(&mut self, password: &Password) -> bool {
        self.remove_password(password).is_ok()
    }

    fn locked(&mut self, password: &Password, random: &mut dyn Random) -> bool {
        self.set_password(Chance(random), password).is_ok()
    }
}

impl Lockable for SecretSubkey {
    fn opened(&mut self, password: &Password) -> bool {
        self.remove_password(password).is_ok()
    }

    fn locked(&mut self, password: &Password, random: &mut dyn Random) -> bool {
        self.set_password(Chance(random), password).is_ok()
    }
}

fn relocked_one<K: Lockable>(
    mut key: K,
    passwords: &[&[u8]],
    new: Option<&[u8]>,
    random: &mut dyn Random,
) -> Result<K, Trouble> {
    // One without a password opens with any, also with the empty one.
    let none: [&[u8]; 1] = [b""];
    if !none.iter().chain(passwords).any(|password| key.opened(&Password::from(*password))) {
        return Err(Trouble::KeyRefused);
    }
    match new {
        Some(new) if !key.locked(&Password::from(new), random) => Err(Trouble::KeyRefused),
        _ => Ok(key),
    }
}
