//! What a site's requests are let in by when somebody signed in for it, or when it is a service account's.

use super::{Authorization, Pass, Tokens};
use policy::{Fault, FaultKind};
use std::sync::atomic::{AtomicBool, Ordering};
use store::GrantOf;

/// The tokens of one site.
pub struct TokensOfSite {
    tokens: Tokens,
    of: GrantOf,
    authorization: Authorization,
    /// The site has taken the token, so a refusal means that it ended before its time and not that it never was good.
    taken: AtomicBool,
}

impl TokensOfSite {
    pub fn new(tokens: Tokens, site: &str, authorization: Authorization) -> TokensOfSite {
        // What the store has may have been taken back since: the first refusal is not believed either.
        TokensOfSite { tokens, of: GrantOf::site(site), authorization, taken: AtomicBool::new(true) }
    }

    /// What lets the next request in. Every fault is temporary: mail waits until somebody signs in or the secret is mended.
    pub(crate) async fn pass(&self) -> Result<Pass, Fault> {
        let temporary = |fault| Fault { kind: FaultKind::Temporary, ..fault };
        self.tokens.pass(&self.of, &self.authorization).await.map_err(temporary)
    }

    /// Heeds the answer to a request: 401 ends the token, once; a new one that is refused as well is no better than the next.
    pub(crate) async fn heed(&self, pass: &Pass, status: u16) {
        match status {
            401 if self.taken.swap(false, Ordering::Relaxed) => self.tokens.forget(&self.of, pass).await,
            401 => {}
            _ => self.taken.store(true, Ordering::Relaxed),
        }
    }
}

impl std::fmt::Debug for TokensOfSite {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_tuple("TokensOfSite").field(&self.of).finish()
    }
}
