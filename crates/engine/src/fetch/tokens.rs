//! Access tokens of mailboxes: asked for once when several want one, and a new refresh token is durable before it is used.

use crate::speak::ask_token_server;
use courier::oauth::{self, Client, Grant, NoToken, Token};
use jiff::Timestamp;
use policy::{Fault, FaultCode};
use std::collections::HashMap;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};
use store::Store;
use url::Url;
use zeroize::Zeroizing;

/// A token that ends sooner than this is not used any more: a round must get through with it.
const REST_MIN: Duration = Duration::from_secs(120);
/// However long a server says that its tokens are good, they are asked for anew after this.
const KEPT_MAX: Duration = Duration::from_secs(24 * 3600);

/// How the tokens of a mailbox come about.
#[derive(Clone)]
pub struct Authorization {
    pub client: Client,
    pub by: By,
    /// The token server may be at a private address.
    pub allow_private: bool,
    /// Further authorities for the token server, in PEM.
    pub authorities: Option<PathBuf>,
}

impl std::fmt::Debug for Authorization {
    /// Without its secrets.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Authorization").field("token_url", &self.client.token_url).finish_non_exhaustive()
    }
}

/// On whose behalf.
#[derive(Clone)]
pub enum By {
    /// The program has rights of its own.
    ClientCredentials,
    /// Somebody signed in (`sealpost mailbox sign-in`).
    Person,
    /// A service that may speak for the mailbox's user.
    Service { key_pem: Zeroizing<String>, user: String },
}

/// The tokens of this process.
#[derive(Default)]
pub(crate) struct Tokens {
    by_mailbox: Mutex<HashMap<String, Arc<tokio::sync::Mutex<Option<Kept>>>>>,
}

struct Kept {
    access: Zeroizing<String>,
    until: Instant,
}

impl Tokens {
    /// A token that is good for some minutes more. Several that want one at the same time wait for one request.
    pub(crate) async fn token(
        &self,
        store: &Store,
        site: &str,
        mailbox: &str,
        authorization: &Authorization,
    ) -> Result<Zeroizing<String>, Fault> {
        let place = self.lock().entry(mailbox.to_owned()).or_default().clone();
        let mut kept = place.lock().await;
        if let Some(kept) = kept.as_ref().filter(|kept| kept.until > Instant::now() + REST_MIN) {
            return Ok(kept.access.clone());
        }
        let token = new_token(store, site, mailbox, authorization).await?;
        let until = Instant::now() + Duration::from_secs(token.expires_in_s).min(KEPT_MAX);
        *kept = Some(Kept { access: token.access.clone(), until });
        Ok(token.access)
    }

    /// Forgets a token that a server refused, and all of them after the settings changed.
    pub(crate) fn forget(&self, mailbox: &str) {
        self.lock().remove(mailbox);
    }

    pub(crate) fn forget_all(&self) {
        self.lock().clear();
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, HashMap<String, Arc<tokio::sync::Mutex<Option<Kept>>>>> {
        // Every use leaves the map whole; a poisoned lock holds a usable one.
        self.by_mailbox.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Asks the token server. A refresh token that comes with the answer is durable when this returns.
///
/// # Errors
/// `MailboxRefused`, permanent, when nobody has signed in or the server takes it back; else those of the server and the store.
pub async fn new_token(
    store: &Store,
    site: &str,
    mailbox: &str,
    authorization: &Authorization,
) -> Result<Token, Fault> {
    let answer = match &authorization.by {
        By::ClientCredentials => ask(authorization, Grant::ClientCredentials).await?,
        By::Service { key_pem, user } => ask(authorization, Grant::Service { key_pem, user }).await?,
        By::Person => {
            let used = refresh_token(store, site, mailbox).await?;
            match ask(authorization, Grant::RefreshToken(&used)).await? {
                // Another process may have handed it in first, and has kept the next one by now.
                Err(failed) => match refresh_token(store, site, mailbox).await? {
                    next if next == used => Err(failed),
                    next => ask(authorization, Grant::RefreshToken(&next)).await?,
                },
                answer => answer,
            }
        }
    };
    match answer {
        Ok(token) => {
            keep(store, site, mailbox, &token).await?;
            Ok(token)
        }
        Err(NoToken::Failed(fault)) => Err(fault),
        Err(NoToken::Pending | NoToken::SlowDown) => {
            Err(Fault::temporary(FaultCode::MailboxUnreachable, "the token server wants to be asked later"))
        }
    }
}

async fn refresh_token(store: &Store, site: &str, mailbox: &str) -> Result<Zeroizing<String>, Fault> {
    let nobody = || {
        let text = format!("Nobody has signed in for the mailbox {mailbox}: run `sealpost mailbox sign-in {mailbox}`.");
        Fault::permanent(FaultCode::MailboxRefused, text.clone()).with_public(text)
    };
    Ok(store.grant(site, mailbox).await?.ok_or_else(nobody)?.0)
}

/// Keeps the refresh token that came with a token.
pub async fn keep(store: &Store, site: &str, mailbox: &str, token: &Token) -> Result<(), Fault> {
    match &token.refresh {
        Some(refresh) => store.keep_grant(site, mailbox, refresh).await,
        None => Ok(()),
    }
}

/// One request for a token.
///
/// # Errors
/// Those of the way to the server and of unusable settings; what the server answers is inside.
pub async fn ask(authorization: &Authorization, grant: Grant<'_>) -> Result<Result<Token, NoToken>, Fault> {
    let now_s = Timestamp::now().as_second();
    let form = oauth::token_form(&authorization.client, grant, now_s, uuid::Uuid::now_v7().as_u128())?;
    let (status, body) = say(authorization, &authorization.client.token_url, &form).await?;
    Ok(oauth::read_token(status, &body))
}

/// Asks for a code that somebody types elsewhere.
///
/// # Errors
/// As [`ask`], and those of the answer.
pub async fn ask_for_a_code(authorization: &Authorization, device_url: &str) -> Result<oauth::DeviceCode, Fault> {
    let (status, body) = say(authorization, device_url, &oauth::device_form(&authorization.client)).await?;
    oauth::read_device_code(status, &body)
}

async fn say(
    authorization: &Authorization,
    url: &str,
    form: &[(&'static str, Zeroizing<String>)],
) -> Result<(u16, Zeroizing<Vec<u8>>), Fault> {
    let wrong = |_| Fault::permanent(FaultCode::SettingsWrong, "the token server's URL is none");
    let url = Url::parse(url).map_err(wrong)?;
    ask_token_server(&url, authorization.allow_private, authorization.authorities.clone(), form).await
}
