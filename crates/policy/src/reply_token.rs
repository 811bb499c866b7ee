//! Signed reply addresses: a token in the local part that grants one thing, a comment as an outsider on one issue.

use crate::TokenGrant;

/// One key for reply tokens. `retired_at` is RFC 3339 in UTC; a retired key verifies for two years.
#[derive(Debug, Clone)]
pub struct TokenKey {
    pub id: u8,
    pub secret: Vec<u8>,
    pub retired_at: Option<String>,
}

/// The local part of a reply address, at most 64 octets (RFC 5321, section 4.5.3.1.1), lower case.
pub fn sign(key: &TokenKey, site: &str, issue_id: &str, letter_id: &str) -> String {
    let _ = (key, site, issue_id, letter_id);
    unimplemented!("being written")
}

/// What an address grants, when one of the keys signed it for this site. Compares in constant time; case is ignored.
pub fn verify(keys: &[TokenKey], site: &str, address: &str, now: &str) -> Option<TokenGrant> {
    let _ = (keys, site, address, now);
    unimplemented!("being written")
}
