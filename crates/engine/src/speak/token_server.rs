//! Requests for tokens: forms out, small answers back, to one server that the settings name.

use super::connection::SiteConnection;
use super::speaker::{client, said_at};
use courier::oauth::written;
use jiff::Timestamp;
use policy::{Fault, FaultCode};
use reqwest::header::{ACCEPT, CONTENT_TYPE};
use std::path::PathBuf;
use std::time::Duration;
use url::Url;
use zeroize::Zeroizing;

/// A token is a few kilobytes; some servers add an identity.
const ANSWER_BYTES_MAX: usize = 256 * 1024;

/// How a token server is reached.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct Route {
    /// It may be at a private address, or on this machine.
    pub allow_private: bool,
    /// Further authorities, in PEM.
    pub authorities: Vec<PathBuf>,
    /// Requests go through it by CONNECT; a password may stand in it.
    pub proxy: Option<Url>,
}

/// What a token server answers.
pub struct TokenAnswer {
    pub status: u16,
    pub body: Zeroizing<Vec<u8>>,
    /// What its clock shows, in seconds since 1970; `None` when it does not say.
    pub date_s: Option<i64>,
}

/// Sends a form to this URL (RFC 6749, section 4) and brings back the answer. `https` only, or `http` on this machine; private
/// addresses only where that is allowed.
///
/// # Errors
/// `TokenServerUnreachable`, temporary, when there is no answer; `SettingsWrong` or `AddressRefused` when the URL cannot be used.
/// None of them repeats the form.
pub async fn ask_token_server(
    url: &Url,
    route: &Route,
    form: &[(&'static str, Zeroizing<String>)],
) -> Result<TokenAnswer, Fault> {
    let text = written(form.iter().map(|(name, value)| (*name, value.as_str())));
    let (client, timeout) = client_for(url, route)?;
    let request = client.post(url.clone()).header(CONTENT_TYPE, "application/x-www-form-urlencoded");
    answer(request.body(text.to_string()).timeout(timeout)).await
}

/// Reads this URL with an access token (RFC 6750); limits and errors as for [`ask_token_server`].
pub async fn read_with_token(url: &Url, route: &Route, access: &str) -> Result<TokenAnswer, Fault> {
    let (client, timeout) = client_for(url, route)?;
    answer(client.get(url.clone()).bearer_auth(access).timeout(timeout)).await
}

/// Reads this URL, which anybody may read; limits and errors as for [`ask_token_server`].
pub async fn read_openly(url: &Url, route: &Route) -> Result<TokenAnswer, Fault> {
    let (client, timeout) = client_for(url, route)?;
    answer(client.get(url.clone()).timeout(timeout)).await
}

fn client_for(url: &Url, route: &Route) -> Result<(reqwest::Client, Duration), Fault> {
    let mut connection = SiteConnection::new("a token server", url.clone(), "", "");
    connection.allow_private = route.allow_private;
    connection.extra_certificate_authorities = route.authorities.clone();
    connection.proxy = route.proxy.clone();
    let reach = connection.reach()?;
    Ok((client(&connection, reach)?, connection.answer_timeout))
}

async fn answer(request: reqwest::RequestBuilder) -> Result<TokenAnswer, Fault> {
    let lost = |what: &str| Fault::temporary(FaultCode::TokenServerUnreachable, format!("the token server {what}"));
    let mut response =
        request.header(ACCEPT, "application/json").send().await.map_err(|error| match error.is_timeout() {
            true => lost("does not answer in time"),
            false => lost("cannot be reached"),
        })?;
    let status = response.status().as_u16();
    let date_s = said_at(response.headers()).map(Timestamp::as_second);
    let mut body = Zeroizing::new(Vec::new());
    while let Some(piece) = response.chunk().await.map_err(|_| lost("breaks off its answer"))? {
        if body.len() + piece.len() > ANSWER_BYTES_MAX {
            return Err(lost("says more than a token"));
        }
        body.extend_from_slice(&piece);
    }
    Ok(TokenAnswer { status, body, date_s })
}
