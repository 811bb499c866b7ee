//! Single requests to a token server, with the one thing that is tried twice: assertions under the server's own clock.

use super::{Authorization, By};
use crate::speak::{TokenAnswer, ask_token_server, read_with_token};
use courier::oauth::{self, Grant, NoToken, Proof, Token};
use jiff::Timestamp;
use policy::{Fault, FaultCode};
use url::Url;
use zeroize::Zeroizing;

/// Clocks that differ by less do no harm: assertions are good for five minutes.
const CLOCKS_DIFFER_S: i64 = 60;

/// One request for a token. An assertion that is refused while the server's clock shows another time than ours is made once more
/// by its clock: it came over the same protected way as everything else it says.
///
/// # Errors
/// Those of the way to the server and of unusable settings; what the server answers is inside.
pub async fn ask(authorization: &Authorization, grant: Grant<'_>) -> Result<Result<Token, NoToken>, Fault> {
    let now_s = Timestamp::now().as_second();
    let (answer, date_s) = ask_at(authorization, grant, now_s).await?;
    let refused = matches!(&answer, Err(NoToken::Failed(fault)) if fault.code == FaultCode::TokenServerRefused);
    let ahead_s = date_s.map_or(0, |date_s| date_s - now_s);
    if !refused || ahead_s.abs() < CLOCKS_DIFFER_S || !asserts(authorization) {
        return Ok(answer);
    }
    tracing::warn!(ahead_s, "the token server's clock shows another time than ours; set this machine's clock");
    Ok(ask_at(authorization, grant, now_s + ahead_s).await?.0)
}

fn asserts(authorization: &Authorization) -> bool {
    matches!(authorization.by, By::Service { .. }) || matches!(authorization.client.proof, Proof::Certificate { .. })
}

/// The answer, and what the server's clock shows.
async fn ask_at(
    authorization: &Authorization,
    grant: Grant<'_>,
    now_s: i64,
) -> Result<(Result<Token, NoToken>, Option<i64>), Fault> {
    let form = oauth::token_form(&authorization.client, grant, now_s, uuid::Uuid::now_v7().as_u128())?;
    let TokenAnswer { status, body, date_s } = say(authorization, &authorization.client.token_url, &form).await?;
    let answer = oauth::read_token(status, &body).map_err(|failed| match (failed, &authorization.by) {
        // Nobody can sign in for a program with rights of its own.
        (NoToken::Failed(fault), By::ClientCredentials | By::Service { .. })
            if fault.code == FaultCode::SignInNeeded =>
        {
            NoToken::Failed(Fault::permanent(FaultCode::TokenServerRefused, fault.detail))
        }
        (failed, _) => failed,
    });
    Ok((answer, date_s))
}

/// Asks for a code that somebody types elsewhere.
///
/// # Errors
/// As [`ask`], and those of the answer.
pub async fn ask_for_a_code(authorization: &Authorization, device_url: &str) -> Result<oauth::DeviceCode, Fault> {
    let answer = say(authorization, device_url, &oauth::device_form(&authorization.client)).await?;
    oauth::read_device_code(answer.status, &answer.body)
}

/// Which sites an access token is good for.
///
/// # Errors
/// As [`ask`], and those of the answer.
pub async fn ask_for_sites(
    authorization: &Authorization,
    sites_url: &str,
    access: &str,
) -> Result<Vec<oauth::CloudSite>, Fault> {
    let url = parsed(sites_url)?;
    let answer = read_with_token(&url, &authorization.route, access).await?;
    oauth::read_sites(answer.status, &answer.body)
}

async fn say(
    authorization: &Authorization,
    url: &str,
    form: &[(&'static str, Zeroizing<String>)],
) -> Result<TokenAnswer, Fault> {
    ask_token_server(&parsed(url)?, &authorization.route, form).await
}

fn parsed(url: &str) -> Result<Url, Fault> {
    Url::parse(url).map_err(|_| Fault::permanent(FaultCode::SettingsWrong, "the token server's URL is none"))
}
