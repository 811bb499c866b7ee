//! What a form with one button is about.

use super::{is_id, not_found, stale_form};
use crate::sign_in::{Session, Signed};
use axum::extract::{FromRequest, FromRequestParts, RawPathParams, Request};
use axum::response::{IntoResponse, Response};
use axum::{Extension, Form};

/// The `id` in the path of a form that this session made. Any other request is answered at once.
pub struct About(pub(super) String);

impl<S: Send + Sync> FromRequest<S> for About {
    type Rejection = Response;

    async fn from_request(request: Request, state: &S) -> Result<About, Response> {
        let (mut parts, body) = request.into_parts();
        let session = Extension::<Session>::from_request_parts(&mut parts, state).await;
        let session = session.map_err(IntoResponse::into_response)?;
        let path = RawPathParams::from_request_parts(&mut parts, state).await;
        let form = Form::<Signed>::from_request(Request::from_parts(parts, body), state).await;
        if !session.made(form) {
            return Err(stale_form());
        }
        let id = path.ok().and_then(|path| path.iter().find(|(name, _)| *name == "id").map(|(_, id)| id.to_owned()));
        match id.filter(|id| is_id(id)) {
            Some(id) => Ok(About(id)),
            None => Err(not_found().await),
        }
    }
}
