//! Signing in with a one-time link, and the session that follows; secrets are kept hashed by the store.

use crate::Console;
use crate::page;
use axum::Form;
use axum::extract::{Query, Request, State};
use axum::http::StatusCode;
use axum::middleware::Next;
use axum::response::{IntoResponse, Redirect, Response};
use axum_extra::extract::CookieJar;
use axum_extra::extract::cookie::{Cookie, SameSite};
use serde::Deserialize;

const COOKIE: &str = "sealpost_session";

#[derive(Deserialize)]
pub struct Spent {
    #[serde(default)]
    secret: String,
}

/// The page behind the link. It only asks: a link scanner that opens it spends nothing.
pub async fn ask(Query(spent): Query<Spent>) -> Response {
    page::sign_in(StatusCode::OK, &spent.secret, "")
}

/// Spends the link and opens a session under a new secret, so that a session cannot be fixed beforehand (SEC-41).
pub async fn spend(State(console): State<Console>, jar: CookieJar, Form(spent): Form<Spent>) -> Response {
    match console.store.sign_in(&spent.secret).await {
        Ok(Some(session)) => (jar.add(cookie(&console, session)), Redirect::to("/messages")).into_response(),
        Ok(None) => {
            page::sign_in(StatusCode::FORBIDDEN, "", "This link was used already, is too old, or is not complete.")
        }
        Err(fault) => page::trouble(&fault),
    }
}

/// Ends the session here and in the store.
pub async fn sign_out(State(console): State<Console>, jar: CookieJar) -> Response {
    if let Some(session) = jar.get(COOKIE)
        && let Err(fault) = console.store.sign_out(session.value()).await
    {
        return page::trouble(&fault);
    }
    (jar.remove(Cookie::build(COOKIE).path("/").build()), Redirect::to("/sign-in")).into_response()
}

/// Lets only open sessions pass.
pub async fn require(State(console): State<Console>, jar: CookieJar, request: Request, next: Next) -> Response {
    let Some(session) = jar.get(COOKIE) else {
        return page::sign_in(StatusCode::UNAUTHORIZED, "", "");
    };
    match console.store.session(session.value()).await {
        Ok(true) => next.run(request).await,
        Ok(false) => page::sign_in(StatusCode::UNAUTHORIZED, "", "Your session has ended."),
        Err(fault) => page::trouble(&fault),
    }
}

fn cookie(console: &Console, session: String) -> Cookie<'static> {
    Cookie::build((COOKIE, session))
        .path("/")
        .http_only(true)
        .secure(console.secure())
        .same_site(SameSite::Strict)
        .build()
}
