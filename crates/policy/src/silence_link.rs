//! Signed links that end letters about an issue: each names one letter, and by it the address that the letter went to.
//!
//! A token is laid out as a [reply token](crate::reply_token), with the issue's id and the letter's number, and signed by the same
//! keys under another label: neither is good for what the other is. Nothing in it names a person.

use crate::reply_token::{TokenKey, decoded, has_length, sign_under, verify_under};

/// Keeps these MACs apart from any other use of the same key.
const LABEL: &[u8] = b"sealpost silence link\0";
/// Those of links in letters that several have.
const SHARED_LABEL: &[u8] = b"sealpost shared silence link\0";

/// The letter that a link stood in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LinkedLetter {
    /// The numeric id of the issue that the letter was about.
    pub issue_id: String,
    /// What stands for the letter in its Message-ID.
    pub number: u64,
    /// Several have this letter, so the link does not say whose it is: whoever uses it names his address.
    pub shared: bool,
}

/// The token for an issue and a letter about it, of lower-case letters and digits. `None` when the issue's id is no decimal number in
/// its shortest form, or the key too short.
pub fn sign(key: &TokenKey, site: &str, letter: &LinkedLetter) -> Option<String> {
    let label = if letter.shared { SHARED_LABEL } else { LABEL };
    sign_under(label, key, site, [&letter.issue_id, &letter.number.to_string()])
}

/// Whether this has the form of a token, so that keys are looked up for it. It is written in one way alone.
pub fn resembles(token: &str) -> bool {
    has_length(token) && token.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit())
}

/// The letter that a token names, when one of the keys signed it for this site. `now` is RFC 3339. Compared in constant time.
pub fn verify(keys: &[TokenKey], site: &str, token: &str, now: &str) -> Option<LinkedLetter> {
    let bytes = decoded(&token.to_ascii_uppercase()).filter(|_| resembles(token))?;
    let by = |label, shared| {
        let [issue_id, number] = verify_under(label, keys, site, &bytes, now)?;
        Some(LinkedLetter { issue_id: issue_id.to_string(), number, shared })
    };
    by(LABEL, false).or_else(|| by(SHARED_LABEL, true))
}
