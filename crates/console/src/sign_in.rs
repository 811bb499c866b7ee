//! Signing in with a one-time link, and the session that follows; secrets are kept hashed by the store.

use crate::Console;
use crate::page;
use aws_lc_rs::hmac;
use axum::Form;
use axum::extract::rejection::{FormRejection, QueryRejection};
use axum::extract::{Query, Request, State};
use axum::http::StatusCode;
use axum::middleware::Next;
use axum::response::{IntoResponse, Redirect, Response};
use axum_extra::extract::CookieJar;
use axum_extra::extract::cookie::{Cookie, SameSite};
use data_encoding::BASE32_NOPAD;
use serde::Deserialize;

/// On loopback, where there is no TLS.
const COOKIE: &str = "sealpost_session";
/// Over TLS: browsers take this name only from the host itself, never from a neighbour below the same domain.
const SECURE_COOKIE: &str = "__Host-sealpost_session";
/// 32 bytes in base32: links' and sessions' secrets. Anything else is not worth asking the store.
const SECRET_CHARS: usize = 52;
/// What the token in a form is a code of.
const FORM: &[u8] = b"sealpost console form";

/// The secret that stands in a link, or comes with the form behind it.
#[derive(Deserialize)]
pub struct Spent {
    #[serde(default)]
    secret: String,
}

/// What every form of a signed-in person carries.
#[derive(Deserialize)]
pub struct Signed {
    #[serde(default)]
    token: String,
}

/// An open session.
#[derive(Clone)]
pub struct Session {
    secret: String,
}

impl Session {
    /// The token for the forms of this session's pages; another page cannot know it (SEC-40).
    pub fn token(&self) -> String {
        BASE32_NOPAD.encode(hmac::sign(&self.key(), FORM).as_ref())
    }

    /// Was the form made for this session? Compared in constant time.
    pub fn made(&self, form: Result<Form<Signed>, FormRejection>) -> bool {
        let Ok(Form(Signed { token })) = form else { return false };
        BASE32_NOPAD.decode(token.as_bytes()).is_ok_and(|code| hmac::verify(&self.key(), FORM, &code).is_ok())
    }

    fn key(&self) -> hmac::Key {
        hmac::Key::new(hmac::HMAC_SHA256, self.secret.as_bytes())
    }
}

/// The page behind the link. It only asks: a link scanner that opens it spends nothing.
pub async fn ask(asked: Result<Query<Spent>, QueryRejection>) -> Response {
    match asked {
        Ok(Query(Spent { secret })) if secret.is_empty() => page::sign_in(StatusCode::OK, "", ""),
        Ok(Query(Spent { secret })) if is_secret(&secret) => page::sign_in(StatusCode::OK, &secret, ""),
        _ => not_a_link(),
    }
}

/// Spends the link and opens a session under a new secret, so that a session cannot be fixed beforehand (SEC-41); the one
/// that the browser had before ends.
pub async fn spend(
    State(console): State<Console>,
    jar: CookieJar,
    form: Result<Form<Spent>, FormRejection>,
) -> Response {
    let Ok(Form(Spent { secret })) = form else { return not_a_link() };
    if !is_secret(&secret) {
        return not_a_link();
    }
    let session = match console.store.sign_in(&secret).await {
        Ok(Some(session)) => session,
        Ok(None) => return not_a_link(),
        Err(fault) => return page::trouble(&fault),
    };
    if let Some(before) = session_secret(&console, &jar)
        && let Err(fault) = console.store.sign_out(&before).await
    {
        return page::trouble(&fault);
    }
    (jar.add(cookie(&console, session)), Redirect::to("/")).into_response()
}

fn not_a_link() -> Response {
    let note = "This link was used already, is too old, or is not complete.";
    page::sign_in(StatusCode::FORBIDDEN, "", note)
}

/// Ends the session here and in the store.
pub async fn sign_out(
    State(console): State<Console>,
    session: axum::Extension<Session>,
    jar: CookieJar,
    form: Result<Form<Signed>, FormRejection>,
) -> Response {
    if !session.made(form) {
        return page::stale_form();
    }
    if let Err(fault) = console.store.sign_out(&session.secret).await {
        return page::trouble(&fault);
    }
    (jar.remove(cookie(&console, String::new())), Redirect::to("/sign-in")).into_response()
}

/// Lets only open sessions pass.
pub async fn require(State(console): State<Console>, jar: CookieJar, mut request: Request, next: Next) -> Response {
    let Some(secret) = session_secret(&console, &jar) else {
        return page::sign_in(StatusCode::UNAUTHORIZED, "", "");
    };
    match console.store.session(&secret).await {
        Ok(true) => {
            request.extensions_mut().insert(Session { secret });
            next.run(request).await
        }
        Ok(false) => page::sign_in(StatusCode::UNAUTHORIZED, "", "Your session has ended."),
        Err(fault) => page::trouble(&fault),
    }
}

fn session_secret(console: &Console, jar: &CookieJar) -> Option<String> {
    let secret = jar.get(cookie_name(console))?.value();
    is_secret(secret).then(|| secret.to_owned())
}

fn is_secret(text: &str) -> bool {
    text.len() == SECRET_CHARS && text.bytes().all(|byte| byte.is_ascii_alphanumeric())
}

fn cookie_name(console: &Console) -> &'static str {
    if console.origin.secure() { SECURE_COOKIE } else { COOKIE }
}

fn cookie(console: &Console, session: String) -> Cookie<'static> {
    Cookie::build((cookie_name(console), session))
        .path("/")
        .http_only(true)
        .secure(console.origin.secure())
        .same_site(SameSite::Strict)
        .build()
}
