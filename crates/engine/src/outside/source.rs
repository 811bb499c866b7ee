//! One source of keys: whom it may be asked about, what it said, and how often.

use super::found::{Discovered, Finds};
use super::memory::{Lives, Memory};
use super::web::Web;
use super::{directory, names, wkd};
use crate::cell::{Cells, KeysRead};
use crate::speak::{Route, Unread, is_public};
use courier::{directory::Directory, dns_keys::DnsKeys};
use policy::Fault;
use policy::sealing::{Origin, Scheme};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;
use url::Url;

/// An answer with keys of one address. The largest that people have, with the signatures of hundreds of others, are below.
pub(super) const ANSWER_BYTES_MAX: usize = 1024 * 1024;

/// How a source is spoken to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SourceKind {
    /// The Web Key Directory of the address's own domain.
    Wkd,
    /// A key server that sends a mail to each address before it gives out its key (keys.openpgp.org and its like).
    Vks,
    /// A key server to which anybody may bring any key (draft-gallagher-openpgp-hkp).
    Hkp,
    /// A directory (LDAP, RFC 4511).
    Ldap,
    /// DNS: OPENPGPKEY (RFC 7929) and SMIMEA (RFC 8162).
    Dns,
}

impl SourceKind {
    pub const ALL: [SourceKind; 5] =
        [SourceKind::Wkd, SourceKind::Vks, SourceKind::Hkp, SourceKind::Ldap, SourceKind::Dns];

    pub fn word(self) -> &'static str {
        match self {
            SourceKind::Wkd => "wkd",
            SourceKind::Vks => "vks",
            SourceKind::Hkp => "hkp",
            SourceKind::Ldap => "ldap",
            SourceKind::Dns => "dns",
        }
    }
}

/// Where a source is, and the way there.
#[derive(Clone, PartialEq, Eq)]
pub enum Way {
    Web {
        /// The server. For WKD it stands for those of all domains, and may be left out; the others have no keys without.
        url: Option<Url>,
        route: Route,
    },
    Ldap(Box<courier::directory::Settings>),
    Dns(courier::dns_keys::Settings),
}

/// One source as the settings have it.
#[derive(Clone, PartialEq, Eq)]
pub struct SourceSettings {
    pub name: String,
    pub kind: SourceKind,
    pub way: Way,
    /// It is asked about addresses of these domains and of those below them alone; empty for all.
    pub domains: Vec<String>,
    /// Whoever runs it makes sure that a key belongs to the address on it; said of those that do not by themselves.
    pub vouches: bool,
    /// For one answer.
    pub timeout: Duration,
    pub lives: Lives,
}

impl SourceSettings {
    /// Whether it has keys of this scheme that may be used.
    pub fn offers(&self, scheme: Scheme) -> bool {
        match (self.kind, scheme) {
            (SourceKind::Wkd | SourceKind::Vks | SourceKind::Dns, Scheme::Pgp) => true,
            (SourceKind::Hkp | SourceKind::Ldap, Scheme::Pgp) => self.vouches,
            (SourceKind::Wkd | SourceKind::Vks | SourceKind::Hkp, Scheme::Smime) => false,
            // Anchors vouch for these.
            (SourceKind::Ldap | SourceKind::Dns, Scheme::Smime) => true,
        }
    }

    /// The schemes of which it has keys at all.
    fn holds(&self) -> &'static [Scheme] {
        match self.kind {
            SourceKind::Wkd | SourceKind::Vks | SourceKind::Hkp => &[Scheme::Pgp],
            SourceKind::Ldap | SourceKind::Dns => &[Scheme::Smime, Scheme::Pgp],
        }
    }
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
    /// The result code of a directory (RFC 4511, section 4.1.9).
    Refused(u32),
    /// An answer of DNS that is not what its zone signed.
    Bogus,
    /// It answers, and nothing that it says can be checked.
    Unproved,
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
            Unfound::Refused(code) => format!("it refused with result code {code} of LDAP"),
            Unfound::Bogus => "its answer is not what the zone has signed (DNSSEC)".to_owned(),
            Unfound::Unproved => {
                "it answers without the signatures by which its answers are checked (DNSSEC); ask a resolver that hands them on".to_owned()
            }
            Unfound::Unread => "its answer could not be looked at".to_owned(),
        }
    }
}

/// What a source did, for metrics.
#[derive(Default)]
struct Counts {
    asked: AtomicU64,
    found: AtomicU64,
    none: AtomicU64,
    failed: AtomicU64,
}

/// What one source did since the start.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SourceFigures {
    pub name: String,
    /// Questions that were not answered from memory.
    pub asked: u64,
    /// How these ended.
    pub outcomes: [(&'static str, u64); 3],
}

enum Asking {
    Web(Web),
    Ldap(Directory),
    Dns(Box<DnsKeys>),
}

pub(super) struct Source {
    settings: SourceSettings,
    asking: Asking,
    memory: Memory,
    counts: Counts,
}

impl Source {
    pub(super) fn new(settings: SourceSettings) -> Result<Source, Fault> {
        let asking = match &settings.way {
            Way::Web { url, route } => {
                Asking::Web(Web::new(settings.kind, url.clone(), route, settings.timeout, settings.vouches)?)
            }
            Way::Ldap(directory) => Asking::Ldap(Directory::new((**directory).clone(), is_public)),
            Way::Dns(names) => Asking::Dns(Box::new(DnsKeys::new(names)?)),
        };
        let memory = Memory::new(settings.lives);
        Ok(Source { settings, asking, memory, counts: Counts::default() })
    }

    pub(super) fn settings(&self) -> &SourceSettings {
        &self.settings
    }

    /// It may be asked again, however lately that failed.
    pub(super) fn forgive(&self) {
        self.memory.forgive();
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
            SourceKind::Ldap => Origin::Directory,
            SourceKind::Dns => Origin::Dns,
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

    /// Whether it has keys of this scheme that may be used.
    pub(super) fn offers(&self, scheme: Scheme) -> bool {
        self.settings.offers(scheme)
    }

    pub(super) fn holds(&self) -> &'static [Scheme] {
        self.settings.holds()
    }

    /// The host that is asked first, for people to read.
    pub(super) fn place(&self, address: &str) -> String {
        match (&self.asking, &self.settings.way) {
            (Asking::Web(web), _) => web.host(address),
            (Asking::Ldap(_), Way::Ldap(directory)) => directory.place(),
            _ => wkd::parted(address).map(|(_, domain)| format!("dns:{domain}")).unwrap_or_default(),
        }
    }

    pub(super) fn figures(&self) -> SourceFigures {
        let read = |count: &AtomicU64| count.load(Ordering::Relaxed);
        let Counts { asked, found, none, failed } = &self.counts;
        let outcomes = [("found", read(found)), ("none", read(none)), ("failed", read(failed))];
        SourceFigures { name: self.name().to_owned(), asked: read(asked), outcomes }
    }

    /// Whether it answers at all, with what it says of itself; asked about nobody.
    pub(super) async fn greet(&self) -> Result<String, Unfound> {
        match &self.asking {
            Asking::Web(web) => web.greet().await,
            Asking::Ldap(directory) => directory::greet(directory).await,
            Asking::Dns(names) => names::greet(names).await,
        }
    }

    /// What it has for an address, remembered or asked for. Whoever asked may have gone: the question goes on, and its answer is kept.
    pub(super) async fn look_up(
        self: Arc<Self>,
        address: &str,
        scheme: Scheme,
        cells: &Cells,
    ) -> Result<Vec<Discovered>, Unfound> {
        if !self.serves(address) {
            return Err(Unfound::NotServed);
        }
        let (this, cells) = (self.clone(), cells.clone());
        let asked = (scheme, mail::normalised(address));
        let looking = tokio::spawn(async move {
            let look = async || {
                let found = this.ask(&asked.1, scheme, &cells).await;
                this.count(&found);
                found
            };
            this.memory.or_look(&asked, look).await
        });
        let finds = looking.await.unwrap_or(Err(Unfound::Unread))?;
        Ok(finds.discovered(self.origin()))
    }

    fn count(&self, found: &Result<Finds, Unfound>) {
        self.counts.asked.fetch_add(1, Ordering::Relaxed);
        let counter = match found {
            Ok(finds) if finds.is_empty() => &self.counts.none,
            Ok(_) => &self.counts.found,
            Err(unfound) => {
                tracing::warn!(place = self.name(), why = unfound.why(), "a source of keys could not be asked");
                &self.counts.failed
            }
        };
        counter.fetch_add(1, Ordering::Relaxed);
    }

    async fn ask(&self, address: &str, scheme: Scheme, cells: &Cells) -> Result<Finds, Unfound> {
        match &self.asking {
            Asking::Web(web) => web.ask(address, cells).await,
            Asking::Ldap(directory) => directory::ask(directory, address, scheme, self.settings.vouches, cells).await,
            Asking::Dns(names) => names::ask(names, address, scheme, cells).await,
        }
    }
}

/// Why a file that a source gave holds no keys that can be taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum NotRead {
    /// It is no file of keys, or holds a private one.
    NoKeys,
    /// No cell has looked at it to the end: what it holds is not known.
    NotLooked,
}

impl From<NotRead> for Unfound {
    fn from(_: NotRead) -> Unfound {
        Unfound::Unread
    }
}

/// What a cell reads in a file that a source gave for an address.
pub(super) async fn read(file: &[u8], address: &str, cells: &Cells) -> Result<KeysRead, NotRead> {
    let now = u64::try_from(jiff::Timestamp::now().as_second()).unwrap_or(0);
    taken(cells.read_keys(file, address, now).await)
}

fn taken(read: Result<KeysRead, Fault>) -> Result<KeysRead, NotRead> {
    match read {
        Ok(read) if read.is_other || read.holds_private => Err(NotRead::NoKeys),
        Ok(read) => Ok(read),
        Err(_) => Err(NotRead::NotLooked),
    }
}

/// What one of several files holds. One without keys is passed over; one that was not looked at could have held the key.
pub(super) fn or_passed_over(read: Result<KeysRead, NotRead>) -> Result<Option<KeysRead>, Unfound> {
    match read {
        Ok(read) => Ok(Some(read)),
        Err(NotRead::NoKeys) => Ok(None),
        Err(NotRead::NotLooked) => Err(Unfound::Unread),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use policy::FaultCode;

    #[test]
    fn sec_a_value_at_which_no_cell_has_looked_is_not_one_without_a_key() {
        let died = || Err(Fault::temporary(FaultCode::CellDied, "a cell ended"));
        assert_eq!(or_passed_over(taken(died())), Err(Unfound::Unread));
        let other = KeysRead { is_other: true, ..KeysRead::default() };
        let private = KeysRead { holds_private: true, ..KeysRead::default() };
        for file in [other, private] {
            assert_eq!(taken(Ok(file.clone())).map_err(Unfound::from), Err(Unfound::Unread), "where it is the answer");
            assert_eq!(or_passed_over(taken(Ok(file))), Ok(None), "where it is one of several");
        }
        let none = KeysRead { others: 1, ..KeysRead::default() };
        assert_eq!(or_passed_over(taken(Ok(none.clone()))), Ok(Some(none)), "a key of somebody else");
    }
}
