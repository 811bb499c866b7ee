//! A mail as a test case of its profile, to be taken along as one file.

use super::views::file;
use super::{not_found, notice, stale_form, trouble};
use crate::Console;
use crate::archive::archive;
use crate::page::story::known_form;
use crate::sign_in::Session;
use axum::body::Body;
use axum::extract::rejection::{FormRejection, PathRejection};
use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::response::Response;
use axum::{Extension, Form};
use serde::Deserialize;

/// How it is wanted.
#[derive(Deserialize)]
pub struct Word {
    #[serde(default)]
    token: String,
    /// Something for stand-ins instead of people; browsers leave out a box that is not ticked.
    #[serde(default)]
    anonymous: String,
}

/// The test case. Whoever writes it notes the look before the mail is read.
pub async fn export(
    State(console): State<Console>,
    session: Extension<Session>,
    id: Result<Path<String>, PathRejection>,
    form: Result<Form<Word>, FormRejection>,
) -> Response {
    let Ok(Form(word)) = form else { return stale_form() };
    if !session.gave(&word.token) {
        return stale_form();
    }
    let Some(id) = known_form(id) else { return not_found().await };
    match console.hands.case(&id, !word.anonymous.is_empty(), session.who()).await {
        Ok(Ok(case)) => {
            let now = console.store.now().await.unwrap_or_default();
            let archive = archive(&case.files, u64::try_from(now / 1_000_000).unwrap_or_default());
            file(&format!("case-{id}.tar"), archive.len() as u64, Body::from(archive))
        }
        Ok(Err(why)) => notice(StatusCode::CONFLICT, "There is no test case", &why),
        Err(fault) => trouble(&fault),
    }
}
