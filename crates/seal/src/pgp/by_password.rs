//! Keys of content under a password (RFC 9580, section 5.3).
//!
//! Mail is never opened so: what a password costs is said by whoever made the message, and nobody here has one for a stranger's mail.

use super::Chance;
use super::encrypt::Suite;
use super::key::{SessionKey, rpgp};
use super::packets::written;
use crate::{Random, Trouble};
use pgp::composed::RawSessionKey;
use pgp::crypto::hash::HashAlgorithm;
use pgp::crypto::sym::SymmetricKeyAlgorithm;
use pgp::packet::SymKeyEncryptedSessionKey;
use pgp::types::{Password, StringToKey};

/// Passwords and packets of one message that are tried with each other.
const TRIES_MAX: usize = 32;
/// What Argon2 may fill at once, as the power of two that packets have, in KiB: 2 GiB, its first recommended choice (RFC 9106, section 4).
const ARGON2_POWER_MAX: u8 = 21;
/// What it may fill for one message, in KiB, each pass counted: 8 GiB, some ten seconds.
const ARGON2_KIB_MAX: u64 = 8 << 20;

// What is written. Iterated as GnuPG does it at most, 65,011,712 bytes; Argon2 by its second recommended choice, 64 MiB.
const COUNT: u8 = 255;
const ARGON2: (u8, u8, u8) = (3, 4, 16);

/// The keys of content that passwords bring out of these packets, one after another as they are asked for, each with the number of its
/// password. `version` is that of the packet with the content: each has its own kind of these (RFC 9580, section 10.3.2.1).
///
/// # Errors
/// Each is a key, or [`Trouble::Unsupported`] for one that costs too much, and [`Trouble::CannotOpen`] for all else.
pub(super) fn session_keys<'a>(
    packets: &'a [SymKeyEncryptedSessionKey],
    version: usize,
    passwords: &'a [&'a [u8]],
) -> impl Iterator<Item = (usize, Result<SessionKey, Trouble>)> + 'a {
    let mut left = ARGON2_KIB_MAX;
    let fits = move |one: &&SymKeyEncryptedSessionKey| match one {
        SymKeyEncryptedSessionKey::V4 { .. } => version == 1,
        SymKeyEncryptedSessionKey::V6 { .. } => version == 2,
        _ => false,
    };
    let pairs = packets.iter().filter(fits);
    let pairs = pairs.flat_map(move |one| passwords.iter().enumerate().map(move |(at, password)| (one, at, *password)));
    pairs
        .take(TRIES_MAX)
        .map(move |(one, at, password)| (at, spent(&mut left, one.s2k()).and_then(|()| session_key(one, password))))
}

/// Takes what this one costs from what is left.
fn spent(left: &mut u64, hardening: Option<&StringToKey>) -> Result<(), Trouble> {
    let Some(StringToKey::Argon2 { t, m_enc, .. }) = hardening else { return Ok(()) };
    if *m_enc > ARGON2_POWER_MAX {
        return Err(Trouble::Unsupported("a password that wants more than 2 GiB of memory"));
    }
    *left = left
        .checked_sub(u64::from(*t) << *m_enc)
        .ok_or(Trouble::Unsupported("passwords that fill more than 8 GiB of memory, each pass counted"))?;
    Ok(())
}

fn session_key(packet: &SymKeyEncryptedSessionKey, password: &[u8]) -> Result<SessionKey, Trouble> {
    use SymmetricKeyAlgorithm::{AES128, AES192, AES256, Camellia128, Camellia192, Camellia256, Twofish};
    const CANNOT: Trouble = Trouble::CannotOpen;
    let (cipher, hardening, wrapped, is_new) = match packet {
        SymKeyEncryptedSessionKey::V4 { sym_algorithm, s2k, encrypted_key, .. } => {
            (*sym_algorithm, s2k, encrypted_key, false)
        }
        SymKeyEncryptedSessionKey::V6 { sym_algorithm, s2k, encrypted_key, .. } => {
            (*sym_algorithm, s2k, encrypted_key, true)
        }
        _ => return Err(CANNOT),
    };
    let is_done = match cipher {
        AES128 | AES192 | AES256 => true,
        Camellia128 | Camellia192 | Camellia256 | Twofish => !is_new,
        _ => false,
    };
    if !is_done || (is_new && is_old(hardening)) {
        return Err(CANNOT);
    }
    let key = hardening.derive_key(password, cipher.key_size()).map_err(|_| CANNOT)?;
    if wrapped.is_empty() {
        // Then the password's own key is that of the content, which GnuPG does for a single password.
        return SessionKey::of(Some(cipher), key.as_ref(), is_new);
    }
    rpgp(Ok(packet.decrypt(&key)))
}

/// Packets of version 6 have none of these hashes (RFC 9580, section 9.5), and something in them makes no two passwords alike.
fn is_old(hardening: &StringToKey) -> bool {
    match hardening {
        StringToKey::Salted { hash_alg, .. } | StringToKey::IteratedAndSalted { hash_alg, .. } => {
            matches!(hash_alg, HashAlgorithm::Md5 | HashAlgorithm::Sha1 | HashAlgorithm::Ripemd160)
        }
        StringToKey::Argon2 { .. } => false,
        _ => true,
    }
}

/// The key of content under a password, in the form that goes with the suite.
pub(super) fn wrapped(
    session: &RawSessionKey,
    suite: Suite,
    password: &[u8],
    random: &mut dyn Random,
) -> Result<Vec<u8>, Trouble> {
    let password = Password::from(password);
    let mut chance = Chance(random);
    let packet = match suite.aead() {
        Some(aead) => {
            let (passes, lanes, power) = ARGON2;
            let hardening = StringToKey::new_argon2(&mut chance, passes, lanes, power);
            SymKeyEncryptedSessionKey::encrypt_v6(chance, &password, session, hardening, suite.cipher(), aead)
        }
        None => {
            let hardening = StringToKey::new_iterated(&mut chance, HashAlgorithm::Sha256, COUNT);
            SymKeyEncryptedSessionKey::encrypt_v4(&password, session, hardening, suite.cipher())
        }
    };
    written(&packet.map_err(|_| Trouble::Unsupported("a password"))?)
}
