//! Requests to a mail service that is spoken to over HTTPS (Microsoft Graph): short answers whole, mails in pieces.

mod sending;

use super::connection::{SiteConnection, bearer};
use super::parking::Parking;
use super::speaker::{client, said_at};
use super::troubles;
use bytes::Bytes;
use courier::fetch::graph::{Method, Request, VERSION};
use jiff::Timestamp;
use policy::{Fault, FaultCode};
use reqwest::header::{ACCEPT, AUTHORIZATION, CONTENT_TYPE, HeaderName, HeaderValue};
use reqwest::{Client, Response};
use std::sync::Arc;
use std::time::{Duration, Instant};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use url::Url;
use zeroize::Zeroizing;

/// Requests to one mailbox at the same time; Exchange Online refuses more of one program.
const AT_ONCE: usize = 4;
/// A page of a list is some dozens of kilobytes.
const ANSWER_BYTES_MAX: usize = 4 * 1024 * 1024;
/// What is read of an answer that says no.
const REFUSAL_BYTES_MAX: usize = 64 * 1024;
/// How long a service that is out of order is left alone when it does not say.
const OUT_OF_ORDER_S: u64 = 30;

/// The way to one mailbox of a mail service. Cheap to clone; clones share connections, turns and the quiet that was asked for.
#[derive(Clone)]
pub(crate) struct MailService {
    inner: Arc<Inner>,
}

struct Inner {
    client: Client,
    base: Url,
    turns: Arc<Semaphore>,
    parking: Parking,
    answer_timeout: Duration,
    mail_timeout: Duration,
}

/// A short answer.
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) body: Vec<u8>,
    /// By the server's clock.
    pub(crate) at: Option<Timestamp>,
}

/// An answer of which the head has come; dropping it breaks it off.
pub(crate) struct Coming {
    pub(crate) status: u16,
    response: Response,
    answer_timeout: Duration,
    until: Instant,
    _turn: OwnedSemaphorePermit,
}

impl MailService {
    /// `connection` says how the service is reached; its account and token are not used.
    ///
    /// # Errors
    /// `SettingsWrong` or `AddressRefused` when it cannot be reached at all.
    pub(crate) fn new(connection: &SiteConnection, mail_timeout: Duration) -> Result<MailService, Fault> {
        let client = client(connection, connection.reach()?)?;
        let inner = Inner {
            client,
            base: connection.api_base.clone(),
            turns: Arc::new(Semaphore::new(AT_ONCE)),
            parking: Parking::default(),
            answer_timeout: connection.answer_timeout,
            mail_timeout,
        };
        Ok(MailService { inner: Arc::new(inner) })
    }

    /// Scheme, host and port, as links of the service begin.
    pub(crate) fn base(&self) -> String {
        self.inner.base.as_str().trim_end_matches('/').to_owned()
    }

    /// Carries a request and brings the whole answer, whatever its status.
    ///
    /// # Errors
    /// `MailboxBusy`, with the time to wait, when the service asked for quiet, now or before; `MailboxUnreachable` when there is
    /// no whole answer; what settings make impossible.
    pub(crate) async fn say(&self, token: &Zeroizing<String>, request: &Request) -> Result<Answer, Fault> {
        let mut coming = self.open(token, request).await?;
        let at = said_at(coming.response.headers());
        let bytes_max = if coming.status < 300 { ANSWER_BYTES_MAX } else { REFUSAL_BYTES_MAX };
        let mut body = Vec::new();
        while let Some(piece) = coming.next().await? {
            if body.len() + piece.len() > bytes_max {
                return Err(unreachable("the server's answer is longer than any that was asked for"));
            }
            body.extend_from_slice(&piece);
        }
        Ok(Answer { status: coming.status, body, at })
    }

    /// Carries a request and brings the answer as soon as its head is there.
    ///
    /// # Errors
    /// As [`MailService::say`].
    pub(crate) async fn open(&self, token: &Zeroizing<String>, request: &Request) -> Result<Coming, Fault> {
        let out = self.prepare(token, request)?;
        self.parked()?;
        let wait = tokio::time::timeout(self.inner.answer_timeout, self.inner.turns.clone().acquire_owned()).await;
        let turn = wait.map_err(|_| unreachable("too many requests wait for this mailbox"))?;
        let turn = turn.map_err(|_| Fault::permanent(FaultCode::Internal, "the client is closed"))?;
        // Those who waited may have waited for the very answer that asked for quiet.
        self.parked()?;
        let head = tokio::time::timeout(self.inner.answer_timeout, self.inner.client.execute(out)).await;
        let response = head.map_err(|_| unreachable("the server does not answer in time"))?.map_err(lost)?;
        let status = response.status().as_u16();
        tracing::debug!(method = ?request.method, status, "request to a mail service");
        self.inner.parking.heed("", status, response.headers(), Timestamp::now());
        if [429, 503, 504].contains(&status) {
            self.parked()?;
            let fault = Fault::temporary(FaultCode::MailboxBusy, format!("the server answers with status {status}"));
            return Err(fault.with_retry_after_s(OUT_OF_ORDER_S));
        }
        let until = Instant::now() + self.inner.mail_timeout;
        Ok(Coming { status, response, answer_timeout: self.inner.answer_timeout, until, _turn: turn })
    }

    fn parked(&self) -> Result<(), Fault> {
        self.inner.parking.check().map_err(|parked| {
            let fault = Fault::temporary(FaultCode::MailboxBusy, "the server has asked for quiet");
            fault.with_retry_after_s(parked.retry_after_s.unwrap_or(OUT_OF_ORDER_S))
        })
    }

    fn prepare(&self, token: &Zeroizing<String>, request: &Request) -> Result<reqwest::Request, Fault> {
        let internal = |what: &str| Fault::permanent(FaultCode::Internal, what);
        let base = &self.inner.base;
        let url = Url::parse(&format!("{}{VERSION}{}", self.base(), request.path)).ok();
        // Places in lists are the server's own words: whatever they hold, the token goes to the server itself.
        let same = |url: &Url| url.origin() == base.origin() && url.username().is_empty() && url.password().is_none();
        let url = url.filter(|url| request.path.starts_with('/') && same(url));
        let url = url.ok_or_else(|| internal("a request's path leads away from its server"))?;
        let method = match request.method {
            Method::Get => reqwest::Method::GET,
            Method::Post => reqwest::Method::POST,
            Method::Patch => reqwest::Method::PATCH,
            Method::Delete => reqwest::Method::DELETE,
        };
        let mut out = reqwest::Request::new(method, url);
        let prefer = HeaderValue::from_str(&Request::prefer()).map_err(|_| internal("a field's value is wrong"))?;
        let headers = out.headers_mut();
        headers.insert(AUTHORIZATION, bearer(token)?);
        headers.insert(HeaderName::from_static("prefer"), prefer);
        headers.insert(ACCEPT, HeaderValue::from_static("*/*"));
        if let Some(body) = &request.body {
            headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
            *out.body_mut() = Some(body.to_string().into());
        }
        Ok(out)
    }
}

impl Coming {
    /// How long the rest is, where the server says so.
    pub(crate) fn length(&self) -> Option<u64> {
        self.response.content_length()
    }

    /// The next piece; `None` at the end.
    ///
    /// # Errors
    /// `MailboxUnreachable` when it does not come in time, or the whole does not.
    pub(crate) async fn next(&mut self) -> Result<Option<Bytes>, Fault> {
        let left = self.until.saturating_duration_since(Instant::now()).min(self.answer_timeout);
        match tokio::time::timeout(left, self.response.chunk()).await {
            Ok(piece) => piece.map_err(lost),
            Err(_) => Err(unreachable("the server does not go on in time")),
        }
    }
}

fn unreachable(detail: impl Into<String>) -> Fault {
    Fault::temporary(FaultCode::MailboxUnreachable, detail)
}

/// The client tells of trackers; here the same means a mailbox.
fn lost(error: reqwest::Error) -> Fault {
    let fault = troubles::fault(&error, tracker::Method::Get);
    match fault.code {
        FaultCode::AddressRefused => fault,
        _ => unreachable(fault.detail),
    }
}
