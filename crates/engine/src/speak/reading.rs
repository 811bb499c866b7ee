//! Reading what anybody may read, from hosts that strangers name: keys of people, and news of revocation.

use super::address::{Reach, Refusal};
use super::connection::SiteConnection;
use super::speaker::client;
use super::token_server::Route;
use policy::Fault;
use reqwest::header::{ACCEPT, CONTENT_TYPE};
use reqwest::{Client, RequestBuilder};
use std::error::Error;
use std::net::IpAddr;
use std::time::Duration;
use url::{Host, Url};

/// As long as it takes to connect at most; the whole answer has a time of its own.
const CONNECT_WITHIN: Duration = Duration::from_secs(5);
/// How many causes of a cause are looked at.
const CAUSES_MAX: usize = 8;
/// How a resolver says that a name has no address, by the C library's words (glibc, musl, macOS). What says something else, such as that
/// no server answered, is a failure.
const NO_SUCH_NAME: [&str; 4] = [
    "Name or service not known",
    "No address associated with hostname",
    "Name does not resolve",
    "nodename nor servname provided",
];

/// How far a reader goes, and how much it takes.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Bounds {
    /// From the first byte of the request to the last of the answer.
    pub(crate) timeout: Duration,
    pub(crate) bytes_max: usize,
    /// Over `http` too: for what is signed by itself.
    pub(crate) takes_http: bool,
}

/// Reads from any host that may be spoken to. It follows no redirect and repeats nothing. Cheap to clone.
#[derive(Clone)]
pub(crate) struct OpenReader {
    client: Client,
    reach: Reach,
    bounds: Bounds,
    is_proxied: bool,
}

/// A whole answer.
pub(crate) struct OpenAnswer {
    pub(crate) status: u16,
    pub(crate) body: Vec<u8>,
}

/// Why there is no answer; without host and path.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Unread {
    /// The name of the host has no address: nobody is there to be asked.
    NoSuchHost,
    /// It is at an address that the settings do not allow, or is spoken to in a way that they do not.
    OutOfReach,
    Late,
    TooLarge,
    Lost,
}

impl Unread {
    pub(crate) fn why(self) -> &'static str {
        match self {
            Unread::NoSuchHost => "its host has no address",
            Unread::OutOfReach => "it is at an address that may not be asked",
            Unread::Late => "it did not answer in time",
            Unread::TooLarge => "it answered more than is read",
            Unread::Lost => "it could not be reached",
        }
    }
}

impl OpenReader {
    /// # Errors
    /// `SettingsWrong` when the proxy or the authorities cannot be used.
    pub(crate) fn new(route: &Route, bounds: Bounds) -> Result<OpenReader, Fault> {
        let mut connection = SiteConnection::new("of keys", nowhere(), "", "");
        connection.extra_certificate_authorities = route.authorities.clone();
        connection.proxy = route.proxy.clone();
        connection.connect_timeout = CONNECT_WITHIN.min(bounds.timeout);
        let reach = if route.allow_private { Reach::Anywhere } else { Reach::Public };
        let is_proxied = connection.proxy.is_some();
        Ok(OpenReader { client: client(&connection, reach)?, reach, bounds, is_proxied })
    }

    /// Whatever is there, by GET; any status is an answer.
    pub(crate) async fn get(&self, url: &Url, accept: &'static str) -> Result<OpenAnswer, Unread> {
        self.check(url)?;
        self.carry(self.client.get(url.clone()).header(ACCEPT, accept)).await
    }

    /// What is answered to this body, by POST.
    pub(crate) async fn send(
        &self,
        url: &Url,
        content_type: &'static str,
        body: Vec<u8>,
    ) -> Result<OpenAnswer, Unread> {
        self.check(url)?;
        self.carry(self.client.post(url.clone()).header(CONTENT_TYPE, content_type).body(body)).await
    }

    /// A host that is written as an address never comes to the resolver, which checks the others.
    fn check(&self, url: &Url) -> Result<(), Unread> {
        let literal: Option<IpAddr> = match url.host().ok_or(Unread::OutOfReach)? {
            Host::Domain(_) => None,
            Host::Ipv4(address) => Some(address.into()),
            Host::Ipv6(address) => Some(address.into()),
        };
        let is_here = literal.is_some_and(|address| address.to_canonical().is_loopback());
        let is_safe = match url.scheme() {
            "https" => true,
            "http" => self.bounds.takes_http || (is_here && self.reach == Reach::Anywhere),
            _ => false,
        };
        let is_plain = url.username().is_empty() && url.password().is_none();
        let is_within = self.reach.check(literal.as_slice()).is_ok();
        if is_safe && is_plain && is_within { Ok(()) } else { Err(Unread::OutOfReach) }
    }

    async fn carry(&self, request: RequestBuilder) -> Result<OpenAnswer, Unread> {
        let sent = request.timeout(self.bounds.timeout).send().await;
        let mut response = sent.map_err(|error| self.unread(&error))?;
        let status = response.status().as_u16();
        let mut body = Vec::new();
        while let Some(piece) = response.chunk().await.map_err(|error| unread(&error))? {
            if body.len() + piece.len() > self.bounds.bytes_max {
                return Err(Unread::TooLarge);
            }
            body.extend_from_slice(&piece);
        }
        Ok(OpenAnswer { status, body })
    }

    /// Behind a proxy the only name that is resolved here is its own: that it has no address says nothing of the host.
    fn unread(&self, error: &reqwest::Error) -> Unread {
        match unread(error) {
            Unread::NoSuchHost if self.is_proxied => Unread::Lost,
            why => why,
        }
    }
}

fn unread(error: &reqwest::Error) -> Unread {
    let mut next = error.source();
    for _ in 0..CAUSES_MAX {
        let Some(cause) = next else { break };
        next = cause.source();
        if cause.downcast_ref::<Refusal>().is_some() {
            return Unread::OutOfReach;
        }
        let says_none = |cause: &std::io::Error| {
            let words = cause.to_string();
            NO_SUCH_NAME.iter().any(|known| words.contains(known))
        };
        if cause.downcast_ref::<std::io::Error>().is_some_and(says_none) {
            return Unread::NoSuchHost;
        }
    }
    if error.is_timeout() { Unread::Late } else { Unread::Lost }
}

/// A connection is for one site elsewhere; here each request names its own.
fn nowhere() -> Url {
    #[allow(clippy::unwrap_used, reason = "it is written here, and is a URL")]
    Url::parse("https://nowhere.invalid/").unwrap()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    fn reader(allow_private: bool, takes_http: bool) -> OpenReader {
        let route = Route { allow_private, ..Route::default() };
        OpenReader::new(&route, Bounds { timeout: Duration::from_secs(5), bytes_max: 10, takes_http }).unwrap()
    }

    async fn got(reader: &OpenReader, url: &str) -> Option<Unread> {
        reader.get(&url.parse().unwrap(), "*/*").await.err()
    }

    #[tokio::test]
    async fn sec_36_strangers_name_no_private_host() {
        let strict = reader(false, true);
        for url in [
            "http://127.0.0.1:1/",
            "http://[::1]:1/",
            "http://169.254.169.254/x",
            "https://10.0.0.1/",
            "http://localhost:1/",
        ] {
            assert_eq!(got(&strict, url).await, Some(Unread::OutOfReach), "{url}");
        }
        let safe = reader(true, false);
        for url in ["http://example.org/", "ftp://127.0.0.1/", "https://user@127.0.0.1/", "http://localhost:1/"] {
            assert_eq!(got(&safe, url).await, Some(Unread::OutOfReach), "{url}");
        }
        assert_eq!(
            got(&safe, "http://127.0.0.1:1/").await,
            Some(Unread::Lost),
            "this machine, where the settings say so"
        );
    }

    #[tokio::test]
    async fn a_name_that_is_not_there_is_told_from_a_host_that_does_not_answer() {
        // No resolver has to be asked to know that this is none.
        let nobody = format!("http://{}.example/", "a".repeat(64));
        assert_eq!(got(&reader(true, true), &nobody).await, Some(Unread::NoSuchHost));
        assert_eq!(got(&reader(true, false), "https://127.0.0.1:1/").await, Some(Unread::Lost));
    }
}
