//! Lets in whoever names an account with its token, as Jira Cloud does with HTTP Basic.

use crate::{Account, Desk};
use axum::extract::{Request, State};
use axum::http::{HeaderMap, HeaderValue, StatusCode};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use data_encoding::BASE64;

/// The account id of whoever asks.
#[derive(Debug, Clone)]
pub(crate) struct Caller(pub(crate) String);

pub(crate) async fn require(State(desk): State<Desk>, mut request: Request, next: Next) -> Response {
    let account = find_account(&desk, request.headers());
    let person = account.and_then(|account| desk.inner.directory.by_address(&account.address));
    let Some(person) = person else {
        return refuse();
    };
    request.extensions_mut().insert(Caller(person.account_id.clone()));
    let mut response = next.run(request).await;
    if let Ok(id) = HeaderValue::from_str(&person.account_id) {
        response.headers_mut().insert("x-aaccountid", id);
    }
    response
}

fn refuse() -> Response {
    let message = "Client must be authenticated to access this resource.";
    let mut response = crate::refusal::denied(StatusCode::UNAUTHORIZED, message).into_response();
    let challenge = HeaderValue::from_static("Basic realm=\"Jira\"");
    response.headers_mut().insert("www-authenticate", challenge);
    response
}

/// The account whose address and token the header names.
fn find_account<'d>(desk: &'d Desk, headers: &HeaderMap) -> Option<&'d Account> {
    let header = headers.get("authorization")?.to_str().ok()?;
    let (scheme, rest) = header.split_once(' ')?;
    if scheme.eq_ignore_ascii_case("bearer") {
        let fits = |account: &&Account| is_token(account, rest.trim());
        return desk.inner.settings.accounts.iter().find(fits);
    }
    if !scheme.eq_ignore_ascii_case("basic") || desk.inner.settings.data_center {
        return None;
    }
    let decoded = String::from_utf8(BASE64.decode(rest.trim().as_bytes()).ok()?).ok()?;
    let (address, token) = decoded.split_once(':')?;
    desk.inner
        .settings
        .accounts
        .iter()
        .find(|account| account.address.eq_ignore_ascii_case(address) && is_token(account, token))
}

/// An empty token would let in whoever knows the address.
fn is_token(account: &Account, token: &str) -> bool {
    let same = aws_lc_rs::constant_time::verify_slices_are_equal(account.token.as_bytes(), token.as_bytes());
    !account.token.is_empty() && same.is_ok()
}
