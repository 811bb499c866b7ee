//! Signing in with a one-time link, and the session that follows; secrets are kept hashed by the store.

use crate::Console;
use crate::page;
use crate::support;
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
use store::{CodeTaken, Right};

/// On loopback, where there is no TLS.
const COOKIE: &str = "sealpost_session";
/// Over TLS: browsers take this name only from the host itself, never from a neighbour below the same domain.
const SECURE_COOKIE: &str = "__Host-sealpost_session";
/// 32 bytes in base32: links' and sessions' secrets. Anything else is not worth asking the store.
const SECRET_CHARS: usize = 52;
/// Who stands in the audit trail for those who may do everything.
const WHO: &str = "console";
/// What the token in a form is a code of.
const FORM: &[u8] = b"sealpost console form";

/// The secret that stands in a link, or comes with the form behind it; and the code that people of the support add.
#[derive(Deserialize)]
pub struct Spent {
    #[serde(default)]
    secret: String,
    #[serde(default)]
    code: String,
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
    right: Right,
}

impl Session {
    /// The token for the forms of this session's pages; another page cannot know it (SEC-40).
    pub fn token(&self) -> String {
        BASE32_NOPAD.encode(hmac::sign(&self.key(), FORM).as_ref())
    }

    /// Was the form made for this session? Compared in constant time.
    pub fn made(&self, form: Result<Form<Signed>, FormRejection>) -> bool {
        let Ok(Form(Signed { token })) = form else { return false };
        self.gave(&token)
    }

    /// Is this the token of this session's forms?
    pub fn gave(&self, token: &str) -> bool {
        BASE32_NOPAD.decode(token.as_bytes()).is_ok_and(|code| hmac::verify(&self.key(), FORM, &code).is_ok())
    }

    /// Who stands in the audit trail for what is done in this session.
    pub fn who(&self) -> &str {
        match &self.right {
            Right::All => WHO,
            Right::Support { name, .. } => name,
        }
    }

    /// The site whose flagged mails alone may be opened; `None` for who may do everything.
    pub fn support_of(&self) -> Option<&str> {
        match &self.right {
            Right::All => None,
            Right::Support { site, .. } => Some(site),
        }
    }

    fn key(&self) -> hmac::Key {
        hmac::Key::new(hmac::HMAC_SHA256, self.secret.as_bytes())
    }
}

/// The page behind the link. It only asks: a link scanner that opens it spends nothing.
pub async fn ask(State(console): State<Console>, asked: Result<Query<Spent>, QueryRejection>) -> Response {
    match asked {
        Ok(Query(Spent { secret, .. })) if secret.is_empty() => page::sign_in(StatusCode::OK, "", false, ""),
        Ok(Query(Spent { secret, .. })) if is_secret(&secret) => match console.store.needs_code(&secret).await {
            Ok(coded) => page::sign_in(StatusCode::OK, &secret, coded, ""),
            Err(fault) => page::trouble(&fault),
        },
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
    let Ok(Form(Spent { secret, code })) = form else { return not_a_link() };
    if !is_secret(&secret) {
        return not_a_link();
    }
    let session = match spent(&console, &secret, &code).await {
        Ok(session) => session,
        Err(answer) => return answer,
    };
    if let Some(before) = session_secret(&console, &jar)
        && let Err(fault) = console.store.sign_out(&before).await
    {
        return page::trouble(&fault);
    }
    (jar.add(cookie(&console, session)), Redirect::to("/")).into_response()
}

/// The new session's secret; otherwise the page that says why there is none.
async fn spent(console: &Console, secret: &str, code: &str) -> Result<String, Response> {
    let taken = match console.store.needs_code(secret).await {
        Ok(true) => console.store.sign_in_with_code(secret, code).await,
        Ok(false) => {
            let session = console.store.sign_in(secret).await;
            session.map(|session| session.map_or(CodeTaken::NoLink, CodeTaken::Session))
        }
        Err(fault) => Err(fault),
    };
    match taken {
        Ok(CodeTaken::Session(session)) => Ok(session),
        Ok(CodeTaken::Wrong) => {
            let note = "This code is wrong or was used already. Wait for the next one; after five wrong ones the link is spent.";
            Err(page::sign_in(StatusCode::FORBIDDEN, secret, true, note))
        }
        Ok(CodeTaken::NoLink) => Err(not_a_link()),
        Err(fault) => Err(page::trouble(&fault)),
    }
}

fn not_a_link() -> Response {
    let note = "This link was used already, is too old, or is not complete.";
    page::sign_in(StatusCode::FORBIDDEN, "", false, note)
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
        return page::sign_in(StatusCode::UNAUTHORIZED, "", false, "");
    };
    let session = match console.store.right(&secret).await {
        Ok(Some(right)) => Session { secret, right },
        Ok(None) => return page::sign_in(StatusCode::UNAUTHORIZED, "", false, "Your session has ended."),
        Err(fault) => return page::trouble(&fault),
    };
    if let Some(site) = session.support_of() {
        let (method, path) = (request.method().clone(), request.uri().path().to_owned());
        if let Some(refusal) = support::refusal(&console, site, &method, &path).await {
            return refusal;
        }
    }
    request.extensions_mut().insert(session);
    next.run(request).await
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
