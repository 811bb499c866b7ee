//! What lets letters in at an outgoing mail server whose account is opened with tokens.

use super::{Authorization, Pass, Tokens};
use courier::submit::{Secret, Target};
use policy::{Fault, FaultKind};
use store::GrantOf;

/// The tokens of one outgoing server.
#[derive(Clone)]
pub struct TokensOfOutgoing {
    tokens: Tokens,
    of: GrantOf,
    authorization: Authorization,
    user: String,
}

impl TokensOfOutgoing {
    /// `name` is that of the server in the settings, `user` the account there.
    pub fn new(tokens: Tokens, name: &str, authorization: Authorization, user: &str) -> TokensOfOutgoing {
        TokensOfOutgoing { tokens, of: GrantOf::outgoing(name), authorization, user: user.to_owned() }
    }

    /// The target with what lets us in there now. Every fault is temporary: letters wait until somebody signs in or the secret is
    /// mended.
    ///
    /// # Errors
    /// Those of [`Tokens::pass`].
    pub async fn opened(&self, target: &Target) -> Result<(Target, Pass), Fault> {
        let pass = self.pass().await?;
        let credentials = Some((self.user.clone(), Secret::Token(pass.access.clone())));
        Ok((Target { credentials, ..target.clone() }, pass))
    }

    /// What lets us in there now; every fault is temporary.
    ///
    /// # Errors
    /// Those of [`Tokens::pass`].
    pub(crate) async fn pass(&self) -> Result<Pass, Fault> {
        let temporary = |fault| Fault { kind: FaultKind::Temporary, ..fault };
        self.tokens.pass(&self.of, &self.authorization).await.map_err(temporary)
    }

    /// Forgets a token that the server did not take: it may have been taken back before its time.
    pub async fn forget(&self, pass: &Pass) {
        self.tokens.forget(&self.of, pass).await;
    }
}

impl std::fmt::Debug for TokensOfOutgoing {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_tuple("TokensOfOutgoing").field(&self.of).finish()
    }
}
