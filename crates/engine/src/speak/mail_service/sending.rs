//! Handing a mail to a mail service: one request that has an effect, and whether it can have had it.

use super::{MailService, OUT_OF_ORDER_S, REFUSAL_BYTES_MAX};
use crate::speak::parking::quiet_s;
use crate::speak::troubles;
use courier::fetch::graph::{Request, not_sent};
use jiff::Timestamp;
use policy::{Fault, FaultCode, FaultKind};
use reqwest::Response;
use reqwest::header::{CONTENT_TYPE, HeaderValue};
use zeroize::Zeroizing;

impl MailService {
    /// Hands over a mail in base64; what was said of it: the status, and the service's own name for the request. `go` is asked when all waiting is over and the request is about to be sent.
    ///
    /// # Errors
    /// `PostUnreachable`, temporary when nothing was sent and unknown when the answer was lost; `PostRefused` as [`not_sent`] says; what
    /// settings make impossible.
    pub(crate) async fn hand_over(
        &self,
        token: &Zeroizing<String>,
        request: &Request,
        mail: String,
        go: impl Fn() -> Result<(), Fault>,
    ) -> Result<String, Fault> {
        let mut out = self.prepare(token, request)?;
        out.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("text/plain"));
        *out.body_mut() = Some(mail.into());
        self.parked().map_err(of_post)?;
        let turn = self.inner.turns.clone().acquire_owned().await;
        let _turn = turn.map_err(|_| Fault::permanent(FaultCode::Internal, "the client is closed"))?;
        // Those who waited may have waited for the very answer that asked for quiet.
        self.parked().map_err(of_post)?;
        go()?;
        let sending = tokio::time::timeout(self.inner.mail_timeout, self.inner.client.execute(out));
        let late = |_| Fault::unknown(FaultCode::PostUnreachable, "no answer to a letter in time");
        let response = sending.await.map_err(late)?.map_err(|error| lost(&error))?;
        let (status, now) = (response.status().as_u16(), Timestamp::now());
        self.inner.parking.heed("", status, response.headers(), now);
        if matches!(status, 429 | 503) {
            let fault = Fault::temporary(FaultCode::PostUnreachable, format!("status {status}"));
            let quiet_s = quiet_s(status, response.headers(), now).unwrap_or(OUT_OF_ORDER_S);
            return Err(fault.with_retry_after_s(quiet_s));
        }
        match status {
            200..=299 => Ok(said(&response)),
            _ => Err(not_sent(status, &beginning(response).await)),
        }
    }
}

/// What Microsoft's support asks for when a mail that was taken is missed.
fn said(response: &Response) -> String {
    let named = response.headers().get("request-id").and_then(|id| id.to_str().ok());
    let named = named.map(|id| format!(", request-id {id}")).unwrap_or_default();
    format!("{}{named}", response.status())
}

/// What of an answer that says no is needed to know why.
async fn beginning(mut response: Response) -> Vec<u8> {
    let mut body = Vec::new();
    // However it ends: its status says enough.
    while let Ok(Some(piece)) = response.chunk().await {
        body.extend_from_slice(&piece);
        if body.len() >= REFUSAL_BYTES_MAX {
            break;
        }
    }
    body
}

/// The same of a letter: the server asked for quiet.
fn of_post(fault: Fault) -> Fault {
    Fault { code: FaultCode::PostUnreachable, ..fault }
}

/// The client tells of trackers; here the same means a mail service.
fn lost(error: &reqwest::Error) -> Fault {
    let fault = troubles::fault(error, tracker::Method::Post);
    match (fault.code, fault.kind) {
        (FaultCode::AddressRefused, _) => fault,
        (_, FaultKind::Unknown) => Fault::unknown(FaultCode::PostUnreachable, "the answer to a letter was lost"),
        _ => Fault::temporary(FaultCode::PostUnreachable, fault.detail),
    }
}
