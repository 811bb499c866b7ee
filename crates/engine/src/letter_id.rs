//! What a letter is known by when it is answered or comes back: the signed token in its Message-ID.

use crate::gateway::Shared;
use mail::Address;
use policy::reply_token::{self, TokenKey};
use policy::{Fault, FaultCode};

/// Of letters that are in nobody's name.
pub(crate) const NO_DOMAIN: &str = "localhost";

/// The key that signs what the letters of a site are known by.
pub(crate) async fn key(shared: &Shared, site: &str) -> Result<TokenKey, Fault> {
    shared.reply_keys(site).await?.into_iter().next().ok_or_else(no_key)
}

/// The token of the letter with this number about this issue.
pub(crate) fn token(key: &TokenKey, site: &str, issue_id: &str, number: u64) -> Result<String, Fault> {
    reply_token::sign(key, site, issue_id, &number.to_string()).ok_or_else(no_key)
}

/// The domain of the address that a letter is from.
pub(crate) fn domain_of(from: &Address) -> &str {
    from.address.rsplit('@').next().filter(|domain| !domain.is_empty()).unwrap_or(NO_DOMAIN)
}

fn no_key() -> Fault {
    Fault::permanent(FaultCode::KeyUnavailable, "no key signs this site's letters")
}
