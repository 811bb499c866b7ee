//! What a letter is known by when it is answered or comes back: the signed token in its Message-ID.

use crate::gateway::Shared;
use mail::Address;
use policy::reply_token::{self, TokenKey};
use policy::{Fault, FaultCode, StepKey};

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

/// The return path of what goes to one recipient, by its key: it tells who had it, stands in no field of the letter, and is in nobody's hands
/// but his and of those who carry the letter to him. Where no mailbox takes signed addresses reports come to whom the letter is from.
pub(crate) fn return_path(
    shared: &Shared,
    key: &TokenKey,
    site: &str,
    issue_id: &str,
    (copy, from): (&StepKey, &Address),
) -> Result<String, Fault> {
    let number = policy::letter_number(copy).to_string();
    let token = reply_token::sign_path(key, site, issue_id, &number).ok_or_else(no_key)?;
    Ok(shared.signed_reply_address(site, &token).unwrap_or_else(|| from.address.clone()))
}

/// The domain of the address that a letter is from.
pub(crate) fn domain_of(from: &Address) -> &str {
    from.address.rsplit('@').next().filter(|domain| !domain.is_empty()).unwrap_or(NO_DOMAIN)
}

fn no_key() -> Fault {
    Fault::permanent(FaultCode::KeyUnavailable, "no key signs this site's letters")
}
