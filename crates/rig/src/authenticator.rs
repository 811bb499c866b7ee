//! What an authenticator on a person's telephone shows.

#![allow(clippy::unwrap_used, reason = "a test whose key is none must stop at once")]

use aws_lc_rs::hmac;
use data_encoding::BASE32_NOPAD;

/// How long a code is shown.
pub const STEP_MICROS: i64 = 30_000_000;

/// The code for this key (base32) at a time in microseconds since 1970 (RFC 6238).
pub fn code(secret: &str, at: i64) -> String {
    let step = at / STEP_MICROS;
    let key = hmac::Key::new(hmac::HMAC_SHA1_FOR_LEGACY_USE_ONLY, &BASE32_NOPAD.decode(secret.as_bytes()).unwrap());
    let tag = hmac::sign(&key, &step.to_be_bytes());
    let offset = usize::from(tag.as_ref()[19] & 0x0f);
    let four: [u8; 4] = tag.as_ref()[offset..offset + 4].try_into().unwrap();
    format!("{:06}", (u32::from_be_bytes(four) & 0x7fff_ffff) % 1_000_000)
}
