//! Sources that are spoken to over HTTPS: where they have the keys of an address, and what their answers mean.

use super::found::Finds;
use super::source::{ANSWER_BYTES_MAX, SourceKind, Unfound, read};
use super::wkd;
use crate::cell::Cells;
use crate::speak::{Bounds, OpenReader, Route, Unread};
use policy::Fault;
use std::time::Duration;
use url::{Host, Url};

const ACCEPT: &str = "application/octet-stream, application/pgp-keys, */*";

/// The server of a source, as it is written: `https`, or `http` for an address of this very machine where that is allowed.
///
/// # Errors
/// Why it may not be asked.
pub fn server_url(text: &str, allow_private: bool) -> Result<Url, &'static str> {
    let url = Url::parse(text).map_err(|_| "is no URL")?;
    let is_here = match url.host() {
        Some(Host::Ipv4(address)) => address.is_loopback(),
        Some(Host::Ipv6(address)) => address.is_loopback(),
        _ => false,
    };
    if url.scheme() != "https" && !(url.scheme() == "http" && is_here && allow_private) {
        return Err("would ask for keys in clear, where others could exchange them");
    }
    let is_bare =
        url.query().is_none() && url.fragment().is_none() && url.username().is_empty() && url.password().is_none();
    if is_bare { Ok(url) } else { Err("holds more than a server and a path") }
}

/// A Web Key Directory or a key server.
pub(super) struct Web {
    kind: SourceKind,
    url: Option<Url>,
    is_vouched: bool,
    reader: OpenReader,
}

impl Web {
    pub(super) fn new(
        kind: SourceKind,
        url: Option<Url>,
        route: &Route,
        timeout: Duration,
        vouches: bool,
    ) -> Result<Web, Fault> {
        let bounds = Bounds { timeout, bytes_max: ANSWER_BYTES_MAX, takes_http: false };
        Ok(Web { kind, url, is_vouched: kind != SourceKind::Hkp || vouches, reader: OpenReader::new(route, bounds)? })
    }

    /// The host that is asked first, without what names the address.
    pub(super) fn host(&self, address: &str) -> String {
        let host = |url: &Url| url.origin().ascii_serialization();
        let first = wkd::parted(address).and_then(|(local, domain)| self.places(local, &domain).into_iter().next());
        first.as_ref().map(host).unwrap_or_default()
    }

    /// The places of an address's keys, in the order in which they count.
    fn places(&self, local: &str, domain: &str) -> Vec<Url> {
        let server = self.url.as_ref();
        let below = |path: String| Url::parse(&format!("{}{path}", server?.as_str().trim_end_matches('/'))).ok();
        let address: String = url::form_urlencoded::byte_serialize(format!("{local}@{domain}").as_bytes()).collect();
        // In a path a space is no plus.
        let address = address.replace('+', "%20");
        let places = match self.kind {
            SourceKind::Wkd if server.is_some() => vec![wkd::advanced(local, domain, server)],
            SourceKind::Wkd => vec![wkd::advanced(local, domain, None), wkd::direct(local, domain)],
            SourceKind::Vks => vec![below(format!("/vks/v1/by-email/{address}"))],
            SourceKind::Hkp => vec![below(format!("/pks/lookup?op=get&options=mr&exact=on&search={address}"))],
            SourceKind::Ldap | SourceKind::Dns => Vec::new(),
        };
        places.into_iter().flatten().collect()
    }

    /// Whether its server answers, whatever it says; a Web Key Directory of all domains has none of its own.
    pub(super) async fn greet(&self) -> Result<String, Unfound> {
        let Some(server) = &self.url else {
            return Ok("the server of each domain is asked; none is tried now".to_owned());
        };
        let answer = self.reader.get(server, ACCEPT).await.map_err(unfound)?;
        match answer.status {
            500.. => Err(Unfound::Status(answer.status)),
            _ => Ok("it answers".to_owned()),
        }
    }

    pub(super) async fn ask(&self, address: &str, cells: &Cells) -> Result<Finds, Unfound> {
        let (local, domain) = wkd::parted(address).ok_or(Unfound::NotServed)?;
        let places = self.places(local, &domain);
        for (number, place) in places.iter().enumerate() {
            let answer = match self.reader.get(place, ACCEPT).await {
                Ok(answer) => answer,
                // Only where there is no host for the first place the next one counts. Of a domain without any host nobody serves keys.
                Err(Unread::NoSuchHost) if self.url.is_none() => match number + 1 < places.len() {
                    true => continue,
                    false => return Ok(Finds::default()),
                },
                Err(unread) => return Err(unfound(unread)),
            };
            return match answer.status {
                200 => Ok(Finds::pgp(read(&answer.body, address, cells).await?.pgp, self.is_vouched)),
                404 | 410 => Ok(Finds::default()),
                status => Err(Unfound::Status(status)),
            };
        }
        Err(Unfound::NotServed)
    }
}

fn unfound(unread: Unread) -> Unfound {
    match unread {
        Unread::NoSuchHost | Unread::Lost => Unfound::Lost,
        Unread::OutOfReach => Unfound::OutOfReach,
        Unread::Late => Unfound::Late,
        Unread::TooLarge => Unfound::TooLarge,
    }
}
