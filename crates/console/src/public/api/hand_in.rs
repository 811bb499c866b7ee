//! `POST /api/messages`: a mail streamed into the store, and 201 only when it is durable.

use super::pieces::Pieces;
use super::request::{self, Named};
use super::{Api, Problem};
use crate::public::door::{Envelope, Handed};
use crate::serve::Client;
use axum::Extension;
use axum::extract::rejection::QueryRejection;
use axum::extract::{Query, Request, State};
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use policy::FaultCode;
use serde_json::json;
use std::net::IpAddr;
use store::Token;

/// Takes one mail in. The same mail, or the same key with the same mail, gets the same answer for five days.
pub(super) async fn hand_in(
    State(api): State<Api>,
    token: Extension<Token>,
    named: Result<Query<Vec<(String, String)>>, QueryRejection>,
    request: Request,
) -> Result<Response, Problem> {
    let Ok(Query(pairs)) = named else { return Err(Problem::wrong("The query cannot be read.")) };
    let named = Named::read(pairs)?;
    let mailbox = named.mailbox(&token)?;
    let forbidden = || Problem::of(FaultCode::MailboxForbidden);
    if !api.may_use(&token, &mailbox) {
        return Err(forbidden());
    }
    let key = request::key(request.headers())?;
    request::content(request.headers(), api.limits.size_bytes_max)?;
    let client = request.extensions().get::<Client>().map(|client| client.0);
    let received = received(client, &api.limits.hostname);
    let opened = api.door.open(&mailbox, envelope(named, client), &received).await?;
    let mut mail = opened.ok_or_else(forbidden)?;
    let mut pieces = Pieces::of(request.into_body(), &api.limits);
    while let Some(piece) = pieces.take().await? {
        mail.write(piece).await?;
    }
    match mail.finish(&token.id, key.as_deref()).await? {
        Handed::In { message } => {
            let place = format!("/api/messages/{message}");
            let told = json!({"id": message, "mailbox": mailbox});
            Ok((StatusCode::CREATED, [(header::LOCATION, place)], axum::Json(told)).into_response())
        }
        Handed::KeyReused => Err(Problem::of(FaultCode::KeyReused)),
    }
}

fn envelope(named: Named, client: Option<IpAddr>) -> Envelope {
    Envelope { mail_from: named.from.filter(|from| !from.is_empty()), rcpt_to: named.rcpt, client }
}

/// Our own header field, so that what is trusted by the number of hosts a mail came by counts as at any listener.
fn received(client: Option<IpAddr>, hostname: &str) -> String {
    let from = match client {
        Some(IpAddr::V4(ip)) => format!("[{ip}]"),
        Some(IpAddr::V6(ip)) => format!("[IPv6:{ip}]"),
        None => "unknown".to_owned(),
    };
    let time = jiff::Timestamp::now().strftime("%a, %d %b %Y %H:%M:%S +0000");
    format!("Received: from {from}\r\n\tby {hostname} with HTTP;\r\n\t{time}\r\n")
}
