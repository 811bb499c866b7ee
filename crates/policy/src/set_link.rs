//! Signed links to directive sets: each names one place in one letter, and what it may do stands in the stored plan.
//!
//! A link's token is lower-case base32 without padding (RFC 4648, section 6) of
//!
//! ```text
//! version (1) | key id (1) | message id (16) | revision (4) | letter (2) | place (1) | MAC (16)
//! ```
//!
//! The MAC is HMAC-SHA-256 (RFC 2104) cut to 128 bits over a label, everything before it, and what the token does not say: site,
//! set, issue, person and the end of its time. So a token is good for nothing but what was offered in that letter to that person,
//! and cannot be made from the database alone. The message's id has random bits of its own and stands for a nonce.
//!
//! In a letter about events it is, with 2 as its version and the letter's [number](crate::event_letter_number) in the place of the mail that
//! the other is about,
//!
//! ```text
//! version (1) | key id (1) | letter's number (8) | place (1) | MAC (16)
//! ```

use crate::reply_token::{SECRET_BYTES_MIN, TokenKey, still_verifies};
use aws_lc_rs::{constant_time, hmac};
use data_encoding::BASE32_NOPAD;
use serde::{Deserialize, Serialize};

const VERSION: u8 = 1;
const EVENT_VERSION: u8 = 2;
const MAC_BYTES: usize = 16;
const NAMED_BYTES: usize = 25;
const EVENT_NAMED_BYTES: usize = 11;
/// The letters of a token.
pub const TOKEN_CHARS: usize = (NAMED_BYTES + MAC_BYTES) * 8 / 5 + 1;
/// The letters of one in a letter about events.
pub const EVENT_TOKEN_CHARS: usize = (EVENT_NAMED_BYTES + MAC_BYTES) * 8 / 5 + 1;
/// Keeps these MACs apart from any other use of the same key.
const LABEL: &[u8] = b"sealpost directive set link\0";

/// Where a link stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LinkPlace {
    /// 32 hexadecimal digits.
    pub message: String,
    pub revision: u32,
    /// The letter's ordinal in the plan.
    pub letter: u32,
    /// The link's number in the letter, from 0.
    pub number: u8,
}

/// Where a link stands in a letter about events.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct EventLinkPlace {
    /// What stands for the letter in its Message-ID.
    pub letter: u64,
    /// The link's number in the letter, from 0.
    pub number: u8,
}

/// What a link is good for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LinkGrant {
    pub site: String,
    pub set: String,
    pub issue_id: String,
    /// The normalised address that the letter went to.
    pub person: String,
    /// Microseconds since 1970.
    pub valid_until: i64,
}

/// What somebody chose by a link: it comes in like a mail, and is decided on as one.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Click {
    /// The directive set.
    pub set: String,
    /// The numeric id of the issue that the letter was about.
    pub issue_id: String,
    /// The normalised address that the letter went to.
    pub person: String,
    /// The letter's key.
    pub letter: String,
}

/// The token; `None` when the message's id is none, or the key too short.
pub fn sign(key: &TokenKey, place: &LinkPlace, grant: &LinkGrant) -> Option<String> {
    token(key, &named(key.id, place)?, grant)
}

/// The token of a link in a letter about events; `None` when the key is too short.
pub fn sign_in_event(key: &TokenKey, place: EventLinkPlace, grant: &LinkGrant) -> Option<String> {
    let mut named = vec![EVENT_VERSION, key.id];
    named.extend_from_slice(&place.letter.to_be_bytes());
    named.push(place.number);
    token(key, &named, grant)
}

fn token(key: &TokenKey, named: &[u8], grant: &LinkGrant) -> Option<String> {
    let mac = mac(key, named, grant)?;
    Some(BASE32_NOPAD.encode(&[named, &mac].concat()).to_ascii_lowercase())
}

/// Where a token says that it stands; nothing is verified yet. `None` for one that stands in a letter about events.
pub fn place_of(token: &str) -> Option<LinkPlace> {
    let bytes = decoded(token)?;
    let (&[version, _], rest) = bytes.split_first_chunk::<2>()?;
    let (message, rest) = rest.split_first_chunk::<16>()?;
    let (revision, rest) = rest.split_first_chunk::<4>()?;
    let (letter, rest) = rest.split_first_chunk::<2>()?;
    (version == VERSION).then(|| LinkPlace {
        message: data_encoding::HEXLOWER.encode(message),
        revision: u32::from_be_bytes(*revision),
        letter: u32::from(u16::from_be_bytes(*letter)),
        number: rest.first().copied().unwrap_or_default(),
    })
}

/// Where a token says that it stands in a letter about events; nothing is verified yet.
pub fn event_place_of(token: &str) -> Option<EventLinkPlace> {
    let bytes = decoded(token)?;
    let (&[version, _], rest) = bytes.split_first_chunk::<2>()?;
    let (letter, rest) = rest.split_first_chunk::<8>()?;
    let number = rest.first().copied().unwrap_or_default();
    (version == EVENT_VERSION).then(|| EventLinkPlace { letter: u64::from_be_bytes(*letter), number })
}

/// Whether one of the keys signed the token for this. `now` is RFC 3339. Compared in constant time.
pub fn is_signed(keys: &[TokenKey], token: &str, grant: &LinkGrant, now: &str) -> bool {
    let Some(bytes) = decoded(token) else { return false };
    let Some((named, given)) = bytes.split_last_chunk::<MAC_BYTES>() else { return false };
    let key_id = named.get(1).copied();
    keys.iter().filter(|key| Some(key.id) == key_id && still_verifies(key, now)).any(|key| {
        mac(key, named, grant).is_some_and(|mac| constant_time::verify_slices_are_equal(&mac, given).is_ok())
    })
}

fn decoded(token: &str) -> Option<Vec<u8>> {
    // Written in one way alone, so that a link that was spent is not another one in capitals.
    let plain = [TOKEN_CHARS, EVENT_TOKEN_CHARS].contains(&token.len())
        && token.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit());
    let bytes = plain.then(|| BASE32_NOPAD.decode(token.to_ascii_uppercase().as_bytes()).ok())??;
    let named_bytes = match bytes.first() {
        Some(&VERSION) => NAMED_BYTES,
        Some(&EVENT_VERSION) => EVENT_NAMED_BYTES,
        _ => return None,
    };
    (bytes.len() == named_bytes + MAC_BYTES).then_some(bytes)
}

fn named(key_id: u8, place: &LinkPlace) -> Option<Vec<u8>> {
    let message = data_encoding::HEXLOWER.decode(place.message.as_bytes()).ok().filter(|id| id.len() == 16)?;
    let letter = u16::try_from(place.letter).ok()?;
    let mut named = vec![VERSION, key_id];
    named.extend_from_slice(&message);
    named.extend_from_slice(&place.revision.to_be_bytes());
    named.extend_from_slice(&letter.to_be_bytes());
    named.push(place.number);
    Some(named)
}

fn mac(key: &TokenKey, named: &[u8], grant: &LinkGrant) -> Option<[u8; MAC_BYTES]> {
    if key.secret.len() < SECRET_BYTES_MIN {
        return None;
    }
    let mut context = hmac::Context::with_key(&hmac::Key::new(hmac::HMAC_SHA256, &key.secret));
    context.update(LABEL);
    context.update(named);
    context.update(&grant.valid_until.to_be_bytes());
    for part in [&grant.site, &grant.set, &grant.issue_id, &grant.person] {
        // Each with its length, so that no two of them run into each other.
        context.update(&(part.len() as u64).to_be_bytes());
        context.update(part.as_bytes());
    }
    context.sign().as_ref().get(..MAC_BYTES)?.try_into().ok()
}
