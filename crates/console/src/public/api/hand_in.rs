//! `POST /api/messages`: a mail streamed into the store, and 201 only when it is durable.

use super::line_ends::LineEnds;
use super::request::{self, Named};
use super::{Api, Limits, Problem};
use crate::public::door::{Envelope, Handed, Incoming};
use crate::serve::Client;
use axum::Extension;
use axum::body::{Body, BodyDataStream};
use axum::extract::rejection::QueryRejection;
use axum::extract::{Query, Request, State};
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use futures_util::StreamExt;
use policy::FaultCode;
use serde_json::json;
use std::net::IpAddr;
use std::time::Instant;
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
    pour(request.into_body(), mail.as_mut(), &api.limits).await?;
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

/// Writes the whole body, within the limits of size, silence and time.
async fn pour(body: Body, mail: &mut dyn Incoming, limits: &Limits) -> Result<(), Problem> {
    let begun = Instant::now();
    let mut pieces: BodyDataStream = body.into_data_stream();
    let (mut line_ends, mut size_bytes, mut output) = (LineEnds::default(), 0_u64, Vec::new());
    loop {
        let left = limits.mail_timeout.saturating_sub(begun.elapsed()).min(limits.silence_max);
        let piece = match tokio::time::timeout(left, pieces.next()).await {
            Err(_) => return Err(Problem::of(FaultCode::RequestSlow)),
            Ok(None) => break,
            Ok(Some(Err(_))) => return Err(Problem::wrong("The mail broke off.")),
            Ok(Some(Ok(piece))) => piece,
        };
        output.clear();
        line_ends.push(&piece, &mut output);
        size_bytes += output.len() as u64;
        if size_bytes > limits.size_bytes_max {
            return Err(Problem::of(FaultCode::MailTooLarge));
        }
        mail.write(&output).await?;
    }
    if size_bytes == 0 { Err(request::nothing()) } else { Ok(()) }
}
