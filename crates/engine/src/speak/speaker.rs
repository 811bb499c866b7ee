//! Requests out, whole responses back.

use crate::cell::Source;
use crate::site::Go;
use crate::speak::address::{CheckedResolver, Reach};
use crate::speak::burst::Burst;
use crate::speak::connection::{SiteConnection, bearer};
use crate::speak::parking::Parking;
use crate::speak::troubles;
use crate::speak::upload::Upload;
use crate::tokens::{Pass, TokensOfSite};
use bytes::Bytes;
use jiff::Timestamp;
use policy::{Fault, FaultCode};
use reqwest::header::{ACCEPT, AUTHORIZATION, CONTENT_LENGTH, CONTENT_TYPE, DATE, HeaderMap, HeaderName, HeaderValue};
use reqwest::{Certificate, Client, redirect, retry, tls};
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};
use tokio::sync::{Semaphore, SemaphorePermit, mpsc};
use tracker::{Content, Method, Request, Response};
use url::Url;

/// Shorter than servers and their load balancers keep a quiet connection, so that a write seldom meets one that just closed.
const IDLE_TIMEOUT: Duration = Duration::from_secs(20);
const USER_AGENT: &str = concat!("Sealpost/", env!("CARGO_PKG_VERSION"));

/// The HTTP client of one site. Cheap to clone; clones share connections, turns and parking.
#[derive(Clone)]
pub struct Speaker {
    inner: Arc<Inner>,
}

struct Inner {
    connection: SiteConnection,
    /// The base without a slash at its end.
    base: String,
    let_in: LetIn,
    client: Client,
    turns: Semaphore,
    burst: Burst,
    parking: Parking,
}

/// What lets requests in.
enum LetIn {
    /// The account's token, or a password.
    Always(HeaderValue),
    /// Tokens that come and go.
    Tokens(Box<TokensOfSite>),
}

/// What lets one request in, and where it goes.
struct Entry {
    authorization: HeaderValue,
    base: String,
    pass: Option<Pass>,
}

impl Speaker {
    /// Permanent `SettingsWrong` when base, proxy or certificates cannot be used, `AddressRefused` for a private literal address.
    pub fn new(connection: SiteConnection) -> Result<Speaker, Fault> {
        let let_in = LetIn::Always(connection.authorization()?);
        Speaker::make(connection, let_in)
    }

    /// A site that is let in with these tokens, and not with the account and token of the connection. Where the tokens are for one
    /// of several sites behind a gateway, its id follows the base.
    pub fn with_tokens(connection: SiteConnection, tokens: TokensOfSite) -> Result<Speaker, Fault> {
        Speaker::make(connection, LetIn::Tokens(Box::new(tokens)))
    }

    fn make(connection: SiteConnection, let_in: LetIn) -> Result<Speaker, Fault> {
        let reach = connection.reach()?;
        let client = client(&connection, reach)?;
        let inner = Inner {
            base: connection.api_base.as_str().trim_end_matches('/').to_owned(),
            let_in,
            client,
            turns: Semaphore::new(connection.requests_max.max(1)),
            burst: Burst::new(connection.requests_per_s_max),
            parking: Parking::default(),
            connection,
        };
        Ok(Speaker { inner: Arc::new(inner) })
    }

    /// As [`Speaker::say_if`], for a request that may be sent whatever has happened meanwhile.
    pub async fn say(&self, request: &Request) -> Result<Response, Fault> {
        self.say_if(request, &|| Ok(())).await
    }

    /// Carries a request without a file, unless `go` says otherwise once it has its turn.
    ///
    /// Any status is a response, redirects among them. The faults:
    ///
    /// - temporary `TrackerBusy`: the site asked for quiet, or for fewer requests of this kind; nothing was sent.
    /// - temporary `TrackerUnreachable`: no connection, or the answer to a GET was lost.
    /// - what `go` says; nothing was sent.
    /// - unknown `TrackerUnclear`: the answer to anything else was lost; it may have been done.
    /// - temporary `SignInNeeded`, `TokenServerRefused` or `TokenServerUnreachable`: there is no token; nothing was sent.
    /// - permanent `AddressRefused`: the name led to an address that the settings do not allow.
    pub async fn say_if(&self, request: &Request, go: Go<'_>) -> Result<Response, Fault> {
        let entry = self.entry().await?;
        let mut out = self.prepare(request, &entry)?;
        match &request.content {
            Content::Nothing => {}
            Content::Json(value) => {
                let body = serde_json::to_vec(value).map_err(|error| internal(&error.to_string()))?;
                out.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
                *out.body_mut() = Some(body.into());
            }
            Content::File { .. } => return Err(internal("a file was to be sent without its bytes")),
        }
        self.carry(request, &entry, out, self.inner.connection.answer_timeout, None, go).await
    }

    /// Carries a request whose answer is a file of at most `bytes_max`; see [`crate::Voice::say_for_file`].
    pub async fn say_for_file(
        &self,
        request: &Request,
        bytes_max: u64,
        pieces: mpsc::Sender<Bytes>,
    ) -> Result<Response, Fault> {
        let entry = self.entry().await?;
        let out = self.prepare(request, &entry)?;
        let connection = &self.inner.connection;
        // As slow as a file may go up it may come down.
        let more = Duration::from_secs(bytes_max / connection.upload_bytes_per_s_min.max(1));
        let taker = Taker { bytes_left: bytes_max, pieces };
        self.carry(request, &entry, out, connection.answer_timeout + more, Some(taker), &|| Ok(())).await
    }

    /// Carries a request with a file of exactly `size_bytes`; faults as [`Speaker::say`], and those of the source.
    ///
    /// A source that fails or gives another number of bytes breaks the request off, so that no part of the file stays.
    pub async fn say_with_file(
        &self,
        request: &Request,
        size_bytes: u64,
        source: impl Source + 'static,
        go: Go<'_>,
    ) -> Result<Response, Fault> {
        let Content::File { name, content_type } = &request.content else {
            return Err(internal("bytes were given for a request without a file"));
        };
        let entry = self.entry().await?;
        let mut out = self.prepare(request, &entry)?;
        let upload = Upload::new(name, content_type)?;
        let headers = out.headers_mut();
        headers.insert(CONTENT_LENGTH, HeaderValue::from(upload.length(size_bytes)));
        headers.insert(CONTENT_TYPE, header_value(&upload.content_type())?);
        *out.body_mut() = Some(reqwest::Body::wrap_stream(upload.body(size_bytes, source)));
        let connection = &self.inner.connection;
        let more = Duration::from_secs(size_bytes / connection.upload_bytes_per_s_min.max(1));
        self.carry(request, &entry, out, connection.answer_timeout + more, None, go).await
    }

    /// Is the site left alone for now? Temporary `TrackerBusy` with the time that is left.
    pub fn parked(&self) -> Result<(), Fault> {
        self.inner.parking.check()
    }

    async fn entry(&self) -> Result<Entry, Fault> {
        let base = &self.inner.base;
        match &self.inner.let_in {
            LetIn::Always(header) => Ok(Entry { authorization: header.clone(), base: base.clone(), pass: None }),
            LetIn::Tokens(tokens) => {
                let pass = tokens.pass().await?;
                let base = pass.cloud_id.as_ref().map_or_else(|| base.clone(), |cloud_id| format!("{base}/{cloud_id}"));
                Ok(Entry { authorization: bearer(&pass.access)?, base, pass: Some(pass) })
            }
        }
    }

    fn prepare(&self, request: &Request, entry: &Entry) -> Result<reqwest::Request, Fault> {
        let base = &self.inner.connection.api_base;
        let url = Url::parse(&format!("{}{}", entry.base, request.path)).ok();
        // The path comes from data: whatever it holds, the credentials go to the site's own host.
        let same = |url: &Url| url.origin() == base.origin() && url.username().is_empty() && url.password().is_none();
        let url = url.filter(|url| request.path.starts_with('/') && same(url));
        let url = url.ok_or_else(|| internal("a request's path leads away from its site"))?;
        let method = match request.method {
            Method::Get => reqwest::Method::GET,
            Method::Post => reqwest::Method::POST,
            Method::Put => reqwest::Method::PUT,
            Method::Delete => reqwest::Method::DELETE,
        };
        let mut out = reqwest::Request::new(method, url);
        let headers = out.headers_mut();
        headers.insert(ACCEPT, HeaderValue::from_static("application/json"));
        for (name, value) in &request.headers {
            let name = HeaderName::from_bytes(name.as_bytes()).map_err(|_| internal("a header's name is wrong"))?;
            headers.insert(name, header_value(value)?);
        }
        headers.insert(AUTHORIZATION, entry.authorization.clone());
        Ok(out)
    }

    async fn carry(
        &self,
        request: &Request,
        entry: &Entry,
        mut out: reqwest::Request,
        timeout: Duration,
        taker: Option<Taker>,
        go: Go<'_>,
    ) -> Result<Response, Fault> {
        *out.timeout_mut() = Some(timeout);
        let kind = kind(request);
        let _turn = self.turn(request.method, &kind).await?;
        go()?;
        let begun = Instant::now();
        let result = self.exchange(request.method, &kind, out, taker).await;
        let status = result.as_ref().map_or(0, |response| response.status);
        if let (LetIn::Tokens(tokens), Some(pass), true) = (&self.inner.let_in, &entry.pass, status != 0) {
            tokens.heed(pass, status).await;
        }
        tracing::debug!(
            site = self.inner.connection.name,
            method = ?request.method,
            path = template(&request.path),
            status,
            fault = result.as_ref().err().map(|fault| fault.code.number()),
            took_ms = begun.elapsed().as_millis() as u64,
            "request"
        );
        result
    }

    /// Waits until fewer than the allowed number of requests are under way, fewer than allowed have left in the last second, and
    /// neither the site nor this kind of request is parked.
    async fn turn(&self, method: Method, kind: &str) -> Result<SemaphorePermit<'_>, Fault> {
        self.inner.parking.check_for(kind)?;
        let wait = tokio::time::timeout(self.inner.connection.answer_timeout, self.inner.turns.acquire()).await;
        let busy = || Fault::temporary(FaultCode::TrackerBusy, "too many requests wait for this site");
        let turn = wait.map_err(|_| busy())?.map_err(|_| internal("the client is closed"))?;
        tokio::time::sleep(self.inner.burst.take(method, Instant::now())).await;
        // Those who waited may have waited for the very answer that asked for quiet.
        self.inner.parking.check_for(kind)?;
        Ok(turn)
    }

    async fn exchange(
        &self,
        method: Method,
        kind: &str,
        out: reqwest::Request,
        taker: Option<Taker>,
    ) -> Result<Response, Fault> {
        let mut response = self.inner.client.execute(out).await.map_err(|error| troubles::fault(&error, method))?;
        let status = response.status().as_u16();
        self.inner.parking.heed(kind, status, response.headers(), Timestamp::now());
        if is_near_a_limit(response.headers()) {
            self.inner.burst.ease(Instant::now());
        }
        let bytes_max = self.inner.connection.response_bytes_max;
        let mut body = Vec::new();
        let mut taker = taker.filter(|_| (200..300).contains(&status));
        while let Some(piece) = response.chunk().await.map_err(|error| troubles::fault(&error, method))? {
            if let Some(taker) = &mut taker {
                taker.take(piece).await?;
                continue;
            }
            if body.len() + piece.len() > bytes_max {
                return Err(troubles::lost(method, format!("an answer of more than {bytes_max} bytes")));
            }
            body.extend_from_slice(&piece);
        }
        Ok(Response { status, headers: header_texts(response.headers()), body })
    }
}

impl std::fmt::Debug for Speaker {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_tuple("Speaker").field(&self.inner.connection).finish()
    }
}

/// Takes the bytes of a file while they come.
struct Taker {
    bytes_left: u64,
    pieces: mpsc::Sender<Bytes>,
}

impl Taker {
    async fn take(&mut self, piece: Bytes) -> Result<(), Fault> {
        let wrong = |what| Fault::permanent(FaultCode::TrackerRefused, what);
        let length = piece.len() as u64;
        self.bytes_left =
            self.bytes_left.checked_sub(length).ok_or_else(|| wrong("a file that is larger than was said"))?;
        self.pieces.send(piece).await.map_err(|_| wrong("nobody takes the file any more"))
    }
}

/// HTTP/1.1 without redirects, retries, cookies, compression and the environment's proxies. Makes aws-lc-rs the process's TLS
/// provider unless there is one already.
pub(super) fn client(connection: &SiteConnection, reach: Reach) -> Result<Client, Fault> {
    // Refused when one is installed, and then that one serves as well.
    let _ = rustls::crypto::aws_lc_rs::default_provider().install_default();
    let wrong = |what: String| {
        Fault::permanent(FaultCode::SettingsWrong, what.clone())
            .with_public(format!("The connection of site {} cannot be set up: {what}.", connection.name))
    };
    let mut builder = Client::builder()
        .http1_only()
        .redirect(redirect::Policy::none())
        .retry(retry::never())
        .referer(false)
        .no_proxy()
        .user_agent(USER_AGENT)
        .tcp_nodelay(true)
        .connect_timeout(connection.connect_timeout)
        .pool_idle_timeout(IDLE_TIMEOUT)
        .pool_max_idle_per_host(connection.requests_max);
    // Behind a proxy the only name resolved here is the proxy's own, which the settings name.
    let mut resolving = reach;
    if let Some(url) = &connection.proxy {
        let proxy = reqwest::Proxy::all(url.clone()).map_err(|_| wrong("the proxy's URL is wrong".to_owned()))?;
        builder = builder.proxy(proxy);
        resolving = Reach::Anywhere;
    }
    builder = builder.dns_resolver(Arc::new(CheckedResolver { reach: resolving }));
    builder = if reach == Reach::Loopback {
        // Plain HTTP needs no authorities, and so runs on a machine that has none.
        builder.tls_certs_only([])
    } else {
        let mut authorities = Vec::new();
        for file in &connection.extra_certificate_authorities {
            authorities.extend(certificates(file).map_err(wrong)?);
        }
        builder.tls_version_min(tls::Version::TLS_1_2).tls_certs_merge(authorities)
    };
    builder.build().map_err(|error| {
        let cause = std::error::Error::source(&error).map_or_else(|| "unknown".to_owned(), ToString::to_string);
        wrong(format!("no HTTP client with these certificates ({cause})"))
    })
}

fn certificates(file: &Path) -> Result<Vec<Certificate>, String> {
    let unusable = |why: String| format!("the certificate authorities in {} cannot be used: {why}", file.display());
    let pem = std::fs::read(file).map_err(|error| unusable(error.to_string()))?;
    let found = Certificate::from_pem_bundle(&pem).map_err(|_| unusable("no PEM".to_owned()))?;
    if found.is_empty() { Err(unusable("there are none in it".to_owned())) } else { Ok(found) }
}

/// What the server's clock showed when it answered, where it says so (RFC 9110, section 6.6.1).
pub(super) fn said_at(headers: &HeaderMap) -> Option<Timestamp> {
    Some(jiff::fmt::rfc2822::parse(headers.get(DATE)?.to_str().ok()?).ok()?.timestamp())
}

fn header_value(text: &str) -> Result<HeaderValue, Fault> {
    HeaderValue::from_str(text).map_err(|_| internal("a header's value is wrong"))
}

/// Names in lower case, as [`Response`] promises; bytes beyond ASCII are replaced.
fn header_texts(headers: &HeaderMap) -> Vec<(String, String)> {
    let text = |value: &HeaderValue| String::from_utf8_lossy(value.as_bytes()).into_owned();
    headers.iter().map(|(name, value)| (name.as_str().to_owned(), text(value))).collect()
}

/// By which Jira counts bursts: the method, and the address without what it names.
fn kind(request: &Request) -> String {
    format!("{:?} {}", request.method, template(&request.path))
}

/// Less than a fifth of one of its limits is left, Jira says.
fn is_near_a_limit(headers: &HeaderMap) -> bool {
    headers.get("x-ratelimit-nearlimit").is_some_and(|value| value.as_bytes().eq_ignore_ascii_case(b"true"))
}

/// The path without query, and with `{}` for each segment that names one thing: enough to count requests by kind.
fn template(path: &str) -> String {
    // The first ones are the interface and its version: `/rest/api/3/…`.
    const ALWAYS_SHOWN: usize = 4;
    let plain = |segment: &str| segment.bytes().all(|byte| byte.is_ascii_alphabetic() || b"-_".contains(&byte));
    let path = path.split(['?', '#']).next().unwrap_or_default();
    let shown = |(n, segment)| if n < ALWAYS_SHOWN || plain(segment) { segment } else { "{}" };
    path.split('/').enumerate().map(shown).collect::<Vec<_>>().join("/")
}

fn internal(detail: &str) -> Fault {
    Fault::permanent(FaultCode::Internal, detail)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_logged_of_a_path_names_nothing() {
        let table = [
            ("/rest/api/3/issue/10001/comment?expand=properties", "/rest/api/3/issue/{}/comment"),
            ("/rest/api/3/issue/DEMO-7/attachments", "/rest/api/3/issue/{}/attachments"),
            ("/rest/api/3/search/jql?jql=summary~secret", "/rest/api/3/search/jql"),
            ("/rest/api/3/user/a%40b.example", "/rest/api/3/user/{}"),
        ];
        for (path, expected) in table {
            assert_eq!(template(path), expected);
        }
    }
}
