//! One source of keys: where it has those of an address, and what its answers mean.

use super::memory::{Files, Lives, Memory};
use super::wkd;
use crate::cell::Cells;
use crate::speak::{Bounds, OpenReader, Route, Unread};
use policy::Fault;
use policy::sealing::Origin;
use seal::pgp;
use std::sync::Arc;
use std::time::Duration;
use url::{Host, Url};

/// An answer with keys of one address. The largest that people have, with the signatures of hundreds of others, are below.
const ANSWER_BYTES_MAX: usize = 1024 * 1024;
const ACCEPT: &str = "application/octet-stream, application/pgp-keys, */*";

/// How a source is spoken to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SourceKind {
    /// The Web Key Directory of the address's own domain.
    Wkd,
    /// A key server that sends a mail to each address before it gives out its key (keys.openpgp.org and its like).
    Vks,
    /// A key server to which anybody may bring any key (draft-gallagher-openpgp-hkp).
    Hkp,
}

impl SourceKind {
    pub fn word(self) -> &'static str {
        match self {
            SourceKind::Wkd => "wkd",
            SourceKind::Vks => "vks",
            SourceKind::Hkp => "hkp",
        }
    }
}

/// One source as the settings have it.
#[derive(Clone)]
pub struct SourceSettings {
    pub name: String,
    pub kind: SourceKind,
    /// The server. For WKD it stands for those of all domains, and may be left out; the others have no keys without.
    pub url: Option<Url>,
    /// It is asked about addresses of these domains and of those below them alone; empty for all.
    pub domains: Vec<String>,
    /// Of HKP: whoever runs it vouches that a key belongs to the address on it.
    pub vouches: bool,
    pub route: Route,
    /// For one answer.
    pub timeout: Duration,
    pub lives: Lives,
}

impl SourceSettings {
    /// Whether whoever answers makes sure that keys belong to the addresses on them.
    pub fn vouches(&self) -> bool {
        self.kind != SourceKind::Hkp || self.vouches
    }
}

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

/// Why a source says nothing. It is no answer, and no reason to believe that there is no key.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Unfound {
    /// The settings do not let it be asked about this domain, or the address has none.
    NotServed,
    OutOfReach,
    Late,
    TooLarge,
    Lost,
    /// The status of an answer that is neither a key nor that there is none.
    Status(u16),
    /// What it sent could not be looked at.
    Unread,
}

impl Unfound {
    /// Without address and host.
    pub fn why(self) -> String {
        match self {
            Unfound::NotServed => "it is not asked about this domain".to_owned(),
            Unfound::OutOfReach => Unread::OutOfReach.why().to_owned(),
            Unfound::Late => Unread::Late.why().to_owned(),
            Unfound::TooLarge => Unread::TooLarge.why().to_owned(),
            Unfound::Lost => Unread::Lost.why().to_owned(),
            Unfound::Status(status) => format!("it answered with status {status}"),
            Unfound::Unread => "its answer could not be looked at".to_owned(),
        }
    }
}

/// A certificate that a source has for an address.
#[derive(Debug, Clone)]
pub struct Discovered {
    pub certificate: pgp::Certificate,
    pub origin: Origin,
    /// Whether the source makes sure that it belongs to the address.
    pub is_vouched: bool,
}

pub(super) struct Source {
    settings: SourceSettings,
    reader: OpenReader,
    memory: Memory,
}

impl Source {
    pub(super) fn new(settings: SourceSettings) -> Result<Source, Fault> {
        let bounds = Bounds { timeout: settings.timeout, bytes_max: ANSWER_BYTES_MAX, takes_http: false };
        let reader = OpenReader::new(&settings.route, bounds)?;
        let memory = Memory::new(settings.lives);
        Ok(Source { settings, reader, memory })
    }

    pub(super) fn name(&self) -> &str {
        &self.settings.name
    }

    pub(super) fn kind(&self) -> SourceKind {
        self.settings.kind
    }

    pub(super) fn origin(&self) -> Origin {
        match self.settings.kind {
            SourceKind::Wkd => Origin::Wkd,
            SourceKind::Vks | SourceKind::Hkp => Origin::KeyServer,
        }
    }

    /// Whether it may be asked about this address.
    pub(super) fn serves(&self, address: &str) -> bool {
        let Some((_, domain)) = wkd::parted(address) else { return false };
        let is_below = |of: &String| {
            let above = of.to_ascii_lowercase();
            domain == above || domain.strip_suffix(&above).is_some_and(|rest| rest.ends_with('.'))
        };
        self.settings.domains.is_empty() || self.settings.domains.iter().any(is_below)
    }

    /// Whether its keys belong to the addresses on them, by its own word.
    pub(super) fn vouches(&self) -> bool {
        self.settings.vouches()
    }

    /// The host that is asked first, for people to read.
    pub(super) fn place(&self, address: &str) -> String {
        let host = |url: &Url| url.origin().ascii_serialization();
        let first = wkd::parted(address).and_then(|(local, domain)| self.places(local, &domain).into_iter().next());
        first.as_ref().map(host).unwrap_or_default()
    }

    /// What it has for an address, remembered or asked for. Whoever asked may have gone: the question goes on, and its answer is kept.
    pub(super) async fn look_up(self: Arc<Self>, address: &str, cells: &Cells) -> Result<Vec<Discovered>, Unfound> {
        if !self.serves(address) {
            return Err(Unfound::NotServed);
        }
        let (this, address, cells) = (self.clone(), mail::normalised(address), cells.clone());
        let looking = tokio::spawn(async move {
            let look = async || {
                let found = this.ask(&address, &cells).await;
                if let Err(unfound) = &found {
                    tracing::warn!(place = this.name(), why = unfound.why(), "a source of keys could not be asked");
                }
                found
            };
            this.memory.or_look(&address, look).await
        });
        let files = looking.await.unwrap_or(Err(Unfound::Unread))?;
        Ok(self.discovered(&files))
    }

    /// A cell has written them, so there is no reason why one should not be read.
    fn discovered(&self, files: &Files) -> Vec<Discovered> {
        let read = files.iter().filter_map(|file| pgp::Certificate::read_all(file).ok()).flatten();
        let is_vouched = self.vouches();
        read.map(|certificate| Discovered { certificate, origin: self.origin(), is_vouched }).collect()
    }

    /// The places of an address's keys, in the order in which they count.
    fn places(&self, local: &str, domain: &str) -> Vec<Url> {
        let server = self.settings.url.as_ref();
        let below = |path: String| Url::parse(&format!("{}{path}", server?.as_str().trim_end_matches('/'))).ok();
        let address: String = url::form_urlencoded::byte_serialize(format!("{local}@{domain}").as_bytes()).collect();
        // In a path a space is no plus.
        let address = address.replace('+', "%20");
        let places = match self.settings.kind {
            SourceKind::Wkd if server.is_some() => vec![wkd::advanced(local, domain, server)],
            SourceKind::Wkd => vec![wkd::advanced(local, domain, None), wkd::direct(local, domain)],
            SourceKind::Vks => vec![below(format!("/vks/v1/by-email/{address}"))],
            SourceKind::Hkp => vec![below(format!("/pks/lookup?op=get&options=mr&exact=on&search={address}"))],
        };
        places.into_iter().flatten().collect()
    }

    async fn ask(&self, address: &str, cells: &Cells) -> Result<Vec<Vec<u8>>, Unfound> {
        let (local, domain) = wkd::parted(address).ok_or(Unfound::NotServed)?;
        let places = self.places(local, &domain);
        for (number, place) in places.iter().enumerate() {
            let answer = match self.reader.get(place, ACCEPT).await {
                Ok(answer) => answer,
                // Only where there is no host for the first place the next one counts. Of a domain without any host nobody serves keys.
                Err(Unread::NoSuchHost) if self.settings.url.is_none() => match number + 1 < places.len() {
                    true => continue,
                    false => return Ok(Vec::new()),
                },
                Err(Unread::NoSuchHost | Unread::Lost) => return Err(Unfound::Lost),
                Err(Unread::OutOfReach) => return Err(Unfound::OutOfReach),
                Err(Unread::Late) => return Err(Unfound::Late),
                Err(Unread::TooLarge) => return Err(Unfound::TooLarge),
            };
            return match answer.status {
                200 => self.read(&answer.body, address, cells).await,
                404 | 410 => Ok(Vec::new()),
                status => Err(Unfound::Status(status)),
            };
        }
        Err(Unfound::NotServed)
    }

    async fn read(&self, body: &[u8], address: &str, cells: &Cells) -> Result<Vec<Vec<u8>>, Unfound> {
        let now = u64::try_from(jiff::Timestamp::now().as_second()).unwrap_or(0);
        let read = cells.read_keys(body, address, now).await.map_err(|_| Unfound::Unread)?;
        match read.is_other || read.holds_private {
            true => Err(Unfound::Unread),
            false => Ok(read.pgp),
        }
    }
}
