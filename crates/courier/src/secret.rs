//! What proves who we are to somebody else's mail server, whether mail is fetched there or handed over.

use zeroize::Zeroizing;

/// What proves who opens an account.
#[derive(Clone, PartialEq, Eq)]
pub enum Secret {
    Password(Zeroizing<String>),
    /// An access token of OAuth 2.0, said by OAUTHBEARER (RFC 7628) or XOAUTH2.
    Token(Zeroizing<String>),
}

// Written by hand so that no log line can ever show it.
impl std::fmt::Debug for Secret {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Secret(…)")
    }
}

/// What a client says first to prove itself with a token, and the mechanism that the server offers for it; `None` when it offers
/// none. Both name the user; only the standard's names the server too.
pub(crate) fn bearer(
    user: &str,
    (host, port): (&str, u16),
    token: &str,
    offers: impl Fn(&str) -> bool,
) -> Option<(&'static str, Zeroizing<String>)> {
    if offers("OAUTHBEARER") {
        // In the name of GS2 (RFC 5801) a comma and an equals sign are written otherwise.
        let name = user.replace('=', "=3D").replace(',', "=2C");
        let said = format!("n,a={name},\x01host={host}\x01port={port}\x01auth=Bearer {token}\x01\x01");
        return Some(("OAUTHBEARER", Zeroizing::new(said)));
    }
    offers("XOAUTH2").then(|| ("XOAUTH2", Zeroizing::new(format!("user={user}\x01auth=Bearer {token}\x01\x01"))))
}
