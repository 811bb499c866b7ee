//! Has a person allow the gateway something: on a page in a browser, or by a code that is typed elsewhere.

mod redirect;

use super::Failure;
use crate::settings::Oauth;
use aws_lc_rs::rand;
use courier::oauth::{
    AuthorizationEndpoint, ConsentBy, Grant, Loopback, NoCode, NoToken, SignIn, Token, missing_scopes,
};
use engine::tokens::{self, Authorization};
use policy::Fault;
use redirect::{Redirect, pasted_lines};
use std::sync::Arc;
use std::time::{Duration, Instant};
use zeroize::Zeroizing;

/// How long the page in the browser is waited for.
const WITHIN: Duration = Duration::from_secs(15 * 60);

/// How somebody signs in for `name`, a mailbox, a site or an outgoing server.
///
/// # Errors
/// When nobody does.
pub fn of_a_person<'o>(name: &str, oauth: Option<&'o Oauth>) -> Result<(&'o Oauth, &'o ConsentBy), Failure> {
    let person = oauth.and_then(|oauth| Some((oauth, oauth.consent_by.as_ref()?)));
    person.ok_or_else(|| Failure::new(format!("nobody signs in for {name}: its `oauth` is not \"person\"")))
}

/// A token with all that was asked for, and with a refresh token to go on from. `who` is whose account it is about.
///
/// # Errors
/// When nobody allowed it in time, or not all of it.
pub async fn ask_a_person(authorization: &Authorization, by: &ConsentBy, who: &str) -> Result<Token, Failure> {
    let token = match by {
        ConsentBy::DeviceCode(url) => by_code(authorization, url, who).await?,
        ConsentBy::Browser(endpoint) => in_a_browser(authorization, endpoint, who).await?,
    };
    let missing = missing_scopes(&authorization.client.scopes, token.scopes.as_deref());
    if !missing.is_empty() {
        return Err(Failure::new(format!(
            "not everything was allowed: {} is missing, so nothing was kept; sign in again and leave all boxes ticked, or let \
             an administrator allow it",
            missing.join(", ")
        )));
    }
    if token.refresh.is_none() {
        let why = "the token server gives no refresh token, so the sign-in would end within the hour; ask for offline access in \
                   the scopes";
        return Err(Failure::new(why));
    }
    Ok(token)
}

async fn by_code(authorization: &Authorization, url: &str, who: &str) -> Result<Token, Failure> {
    let code = tokens::ask_for_a_code(authorization, url).await?;
    super::print(&format!("open {} as {who} and type {}\n", code.verification_uri, code.user_code))?;
    let (begun, mut interval) = (Instant::now(), Duration::from_secs(code.interval_s));
    while begun.elapsed() < Duration::from_secs(code.expires_in_s) {
        tokio::time::sleep(interval).await;
        match tokens::ask(authorization, Grant::DeviceCode(&code.device_code)).await? {
            Ok(token) => return Ok(token),
            Err(NoToken::Pending) => {}
            Err(NoToken::SlowDown) => interval += Duration::from_secs(5),
            Err(NoToken::Failed(fault)) => return Err(fault.into()),
        }
    }
    Err(Failure::new("the code was not typed in time; sign in again"))
}

async fn in_a_browser(
    authorization: &Authorization,
    endpoint: &AuthorizationEndpoint,
    who: &str,
) -> Result<Token, Failure> {
    let (redirect, redirect_url) = match Loopback::of(&endpoint.redirect_url) {
        Some(loopback) => Redirect::listen(&loopback).await,
        None => (None, endpoint.redirect_url.clone()),
    };
    let mut random = Zeroizing::new([0; 64]);
    rand::fill(&mut *random).map_err(|_| Failure::new("this machine has no random numbers"))?;
    let sign_in = Arc::new(SignIn::new(&random, &redirect_url));
    super::print(&format!(
        "open this address as {who}:\n\n  {}\n\nA browser on another machine ends on a page that it cannot open: then copy the \
         address of that page and paste it here.\n",
        sign_in.url(&authorization.client, endpoint)
    ))?;
    let waiting = tokio::time::timeout(WITHIN, wait_for_a_code(&sign_in, endpoint, redirect));
    let code = waiting.await.map_err(|_| Failure::new("nobody signed in within 15 minutes; sign in again"))??;
    let grant =
        Grant::AuthorizationCode { code: &code, verifier: sign_in.verifier(), redirect_url: sign_in.redirect_url() };
    match tokens::ask(authorization, grant).await? {
        Ok(token) => Ok(token),
        Err(NoToken::Failed(fault)) => Err(fault.into()),
        Err(NoToken::Pending | NoToken::SlowDown) => Err(Failure::new("the token server wants to be asked later")),
    }
}

/// The code that comes first: by the browser, or pasted.
async fn wait_for_a_code(
    sign_in: &Arc<SignIn>,
    endpoint: &AuthorizationEndpoint,
    redirect: Option<Redirect>,
) -> Result<Zeroizing<String>, Fault> {
    let mut lines = pasted_lines();
    let coming = async {
        match redirect {
            Some(redirect) => redirect.code(sign_in.clone(), endpoint.clone()).await,
            None => std::future::pending().await,
        }
    };
    tokio::pin!(coming);
    loop {
        let line = tokio::select! {
            found = &mut coming => return found,
            Some(line) = lines.recv() => line,
        };
        match sign_in.code(&line, endpoint) {
            Ok(code) => return Ok(code),
            Err(NoCode::Failed(fault)) => return Err(fault),
            Err(NoCode::NotOurs) if line.trim().is_empty() => {}
            Err(NoCode::NotOurs) => eprintln!(
                "sealpost: that is not the address to which this sign-in leads; paste the whole line of the browser, which holds \
                 `code=` and `state=`"
            ),
        }
    }
}
