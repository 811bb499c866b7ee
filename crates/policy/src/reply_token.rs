//! Signed reply addresses: a token in the local part that grants one thing, a comment as an outsider on one issue.
//!
//! A token is lower-case base32 without padding (RFC 4648, section 6) of
//!
//! ```text
//! version (1) | key id (1) | lengths (1) | issue id (1..=8) | letter id (1..=8) | MAC (16)
//! ```
//!
//! The ids are numbers, big-endian and without leading zero octets; `lengths` holds the length of the issue id in its
//! upper four bits and that of the letter id in its lower four. The MAC is HMAC-SHA-256 (RFC 2104) cut to 128 bits over
//! a label, everything before it, and the site, which the token itself does not name: a token of another site does not
//! verify. The same token stands before the `@` of our outgoing Message-IDs.
//!
//! A token of a return path has the same form under another label. It stands in the envelope alone, for one recipient, and grants
//! nothing: it shows that a delivery report is about what went to him.

use crate::TokenGrant;
use aws_lc_rs::{constant_time, hmac};
use data_encoding::BASE32_NOPAD;
use jiff::{Timestamp, ToSpan, tz::TimeZone};

/// Keys shorter than this neither sign nor verify.
pub const SECRET_BYTES_MIN: usize = 32;

/// The longest token, in octets.
pub const TOKEN_OCTETS_MAX: usize = 56;

/// What may stand before a token so that the local part keeps to 64 octets (RFC 5321, section 4.5.3.1.1).
pub const PREFIX_OCTETS_MAX: usize = 64 - TOKEN_OCTETS_MAX;

/// For how many years after its retirement a key still verifies.
pub const RETIRED_YEARS_MAX: i32 = 2;

const VERSION: u8 = 1;
const HEAD_BYTES: usize = 3;
const MAC_BYTES: usize = 16;
const TOKEN_OCTETS_MIN: usize = 34;
/// Keeps these MACs apart from any other use of the same key.
const LABEL: &[u8] = b"sealpost reply token\0";
/// Those of return paths.
const PATH_LABEL: &[u8] = b"sealpost return path\0";

/// One key for reply tokens. `retired_at` is RFC 3339 in UTC; a retired key verifies for two years.
#[derive(Clone)]
pub struct TokenKey {
    pub id: u8,
    /// At least [`SECRET_BYTES_MIN`] random bytes.
    pub secret: Vec<u8>,
    pub retired_at: Option<String>,
}

// Written by hand so that no log line can ever show the secret.
impl std::fmt::Debug for TokenKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("TokenKey").field("id", &self.id).field("retired_at", &self.retired_at).finish_non_exhaustive()
    }
}

/// The token for an issue and a letter: at most [`TOKEN_OCTETS_MAX`] octets, lower case, a local part by itself or after
/// a prefix of at most [`PREFIX_OCTETS_MAX`] octets.
///
/// `None` when an id is not a decimal number of at most 64 bits in its shortest form, or the key is too short: such a
/// token could not give the ids back, or would be worth nothing.
pub fn sign(key: &TokenKey, site: &str, issue_id: &str, letter_id: &str) -> Option<String> {
    sign_under(LABEL, key, site, [issue_id, letter_id])
}

/// The token of the return path of what goes to one recipient; `copy_id` is the number of that alone, however many share the letter.
pub fn sign_path(key: &TokenKey, site: &str, issue_id: &str, copy_id: &str) -> Option<String> {
    sign_under(PATH_LABEL, key, site, [issue_id, copy_id])
}

/// A token over these two ids that is good for nothing but what the label names.
pub(crate) fn sign_under(label: &[u8], key: &TokenKey, site: &str, [issue, letter]: [&str; 2]) -> Option<String> {
    let issue = short_bytes(number(issue)?);
    let letter = short_bytes(number(letter)?);
    let mut token = vec![VERSION, key.id, (issue.len() as u8) << 4 | letter.len() as u8];
    token.extend_from_slice(&issue);
    token.extend_from_slice(&letter);
    let mac = mac(label, key, site, &token)?;
    token.extend_from_slice(&mac);
    Some(BASE32_NOPAD.encode(&token).to_ascii_lowercase())
}

/// What an address or Message-ID grants, when one of the keys signed it for this site.
///
/// `address` stands without angle brackets, with or without a prefix before the token; case is ignored. `now` is RFC
/// 3339. Macs are compared in constant time; an unknown version, a key retired for more than two years and every
/// second spelling of the same token are refused.
pub fn verify(keys: &[TokenKey], site: &str, address: &str, now: &str) -> Option<TokenGrant> {
    let bytes = decoded(&token_in(address)?.to_ascii_uppercase())?;
    let under = |label: &[u8]| verify_under(label, keys, site, &bytes, now);
    let ([issue, letter], is_path) = match under(LABEL) {
        Some(ids) => (ids, false),
        None => (under(PATH_LABEL)?, true),
    };
    let (issue_id, letter_id) = (issue.to_string(), letter.to_string());
    Some(TokenGrant { address: address.to_owned(), issue_id, letter_id, is_path })
}

/// The bytes of a token in capitals.
pub(crate) fn decoded(token: &str) -> Option<Vec<u8>> {
    BASE32_NOPAD.decode(token.as_bytes()).ok()
}

/// The issue's and the letter's id, when one of the keys signed them for this site under this label.
pub(crate) fn verify_under(label: &[u8], keys: &[TokenKey], site: &str, bytes: &[u8], now: &str) -> Option<[u64; 2]> {
    let (signed, given) = bytes.split_at_checked(bytes.len().checked_sub(MAC_BYTES)?)?;
    let (head, ids) = signed.split_at_checked(HEAD_BYTES)?;
    let &[version, key_id, lengths] = head else { return None };
    if version != VERSION {
        return None;
    }
    let genuine = keys.iter().filter(|key| key.id == key_id && still_verifies(key, now)).any(|key| {
        mac(label, key, site, signed).is_some_and(|mac| constant_time::verify_slices_are_equal(&mac, given).is_ok())
    });
    if !genuine {
        return None;
    }
    let (issue, letter) = ids.split_at_checked(usize::from(lengths >> 4))?;
    if letter.len() != usize::from(lengths & 0x0f) {
        return None;
    }
    Some([long_number(issue)?, long_number(letter)?])
}

/// Whether an address or Message-ID has the form of a token, so that asking about it is worth while.
pub fn resembles(address: &str) -> bool {
    token_in(address).is_some()
}

/// The token in an address: what stands between the last character that base32 does not use and the `@`.
fn token_in(address: &str) -> Option<&str> {
    let (local, _domain) = address.trim().split_once('@')?;
    let token = local.rsplit(|c: char| !is_base32(c)).next()?;
    has_length(token).then_some(token)
}

pub(crate) fn has_length(token: &str) -> bool {
    (TOKEN_OCTETS_MIN..=TOKEN_OCTETS_MAX).contains(&token.len())
}

fn is_base32(c: char) -> bool {
    c.is_ascii_alphabetic() || ('2'..='7').contains(&c)
}

fn mac(label: &[u8], key: &TokenKey, site: &str, signed: &[u8]) -> Option<[u8; MAC_BYTES]> {
    if key.secret.len() < SECRET_BYTES_MIN {
        return None;
    }
    let mut context = hmac::Context::with_key(&hmac::Key::new(hmac::HMAC_SHA256, &key.secret));
    context.update(label);
    context.update(signed);
    // The signed part gives its own length, so a site cannot run into it.
    context.update(site.as_bytes());
    context.sign().as_ref().get(..MAC_BYTES)?.try_into().ok()
}

/// A key whose times cannot be read has to be taken for retired long ago.
pub(crate) fn still_verifies(key: &TokenKey, now: &str) -> bool {
    let Some(retired_at) = &key.retired_at else { return true };
    let end = retired_at.parse::<Timestamp>().ok().and_then(|retired| {
        retired.to_zoned(TimeZone::UTC).checked_add(RETIRED_YEARS_MAX.years()).ok().map(|end| end.timestamp())
    });
    matches!((end, now.parse::<Timestamp>()), (Some(end), Ok(now)) if now < end)
}

/// A decimal number in its only form: no sign, no leading zero.
fn number(text: &str) -> Option<u64> {
    text.parse::<u64>().ok().filter(|number| number.to_string() == text)
}

fn short_bytes(number: u64) -> Vec<u8> {
    let bytes = number.to_be_bytes();
    let zeros = bytes.iter().take_while(|byte| **byte == 0).count().min(bytes.len() - 1);
    bytes.iter().skip(zeros).copied().collect()
}

fn long_number(bytes: &[u8]) -> Option<u64> {
    let number = bytes.iter().try_fold(0u64, |sum, byte| sum.checked_mul(256)?.checked_add(u64::from(*byte)))?;
    (short_bytes(number) == bytes).then_some(number)
}
