//! A directory of people (LDAP, RFC 4511) asked for the certificates of an address. Nothing is written there, and no referral is followed.
//!
//! It is a client of its own and a small one: a bind, a search, and an end. What a server sends is read flat, within bounds that are known
//! before anything is kept.

mod ber;
mod talk;

pub use crate::dial::Security;

use ber::{Filter, Search};
use std::net::IpAddr;
use std::path::PathBuf;
use std::time::Duration;
use talk::Talk;
use tokio::time::timeout;
use zeroize::Zeroizing;

/// Entries that are read for one address.
const ENTRIES_MAX: u32 = 16;
/// Where directories with keys of OpenPGP say where these are, as GnuPG and PGP look for it.
const PGP_SERVER: &str = "cn=pgpServerInfo";
const PGP_SPACE: &str = "pgpBaseKeySpaceDN";

const SIGNED: &str = "userSMIMECertificate";
const PLAIN: &str = "userCertificate";
const PGP: &str = "pgpKey";
const PGP_DISABLED: &str = "pgpDisabled";
const PGP_REVOKED: &str = "pgpRevoked";

/// How a directory is asked.
#[derive(Clone, PartialEq, Eq)]
pub struct Settings {
    pub host: String,
    pub port: u16,
    pub security: Security,
    /// PEM; without it those of the system.
    pub authorities: Option<PathBuf>,
    /// Who asks, by name and password; without it nobody in particular.
    pub bind: Option<(String, Zeroizing<String>)>,
    /// The entry below which people are.
    pub base: String,
    /// The attributes that hold addresses.
    pub address_attributes: Vec<String>,
    /// The entry below which keys of OpenPGP are; without it where the directory says.
    pub pgp_base: Option<String>,
    /// From connecting to the last of the answer.
    pub timeout: Duration,
    /// It may be at any address, not only at those that everybody may be sent to.
    pub allow_private: bool,
    /// It may be asked in clear although it is not on this machine.
    pub allow_clear: bool,
}

impl Settings {
    /// Where it is, for people to read.
    pub fn place(&self) -> String {
        let scheme = if self.security == Security::Implicit { "ldaps" } else { "ldap" };
        let host = if self.host.contains(':') { format!("[{}]", self.host) } else { self.host.clone() };
        format!("{scheme}://{host}:{}", self.port)
    }
}

/// The certificates of S/MIME of one entry.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Certificates {
    /// PKCS#7 with the chain and what the owner's program can do (RFC 2798, section 2.8).
    pub signed: Vec<Vec<u8>>,
    /// X.509 in DER (RFC 4523, section 4.1).
    pub plain: Vec<Vec<u8>>,
}

/// Why a directory says nothing; without names and addresses.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Trouble {
    /// It is at an address that the settings do not allow.
    OutOfReach,
    Late,
    /// It says more than is read.
    TooLarge,
    /// It cannot be reached, proves no name, or makes no sense.
    Lost,
    /// A result code (RFC 4511, section 4.1.9).
    Refused(u32),
}

/// A directory.
pub struct Directory {
    settings: Settings,
    /// Whether everybody may be sent to an address.
    is_public: fn(IpAddr) -> bool,
}

impl Directory {
    /// Nothing is asked yet.
    pub fn new(settings: Settings, is_public: fn(IpAddr) -> bool) -> Directory {
        Directory { settings, is_public }
    }

    /// The entries that have this address, under any of these spellings, and certificates of S/MIME.
    ///
    /// # Errors
    /// [`Trouble`] when nobody can say that there are none.
    pub async fn certificates(&self, addresses: &[&str]) -> Result<Vec<Certificates>, Trouble> {
        may_be_asked_about(addresses)?;
        let attributes = &self.settings.address_attributes;
        let has =
            attributes.iter().flat_map(|name| addresses.iter().map(move |one| Filter::Equals(name, one))).collect();
        let filter = Filter::Any(has);
        self.within(async {
            let mut talk = self.open().await?;
            let search = self.search(&self.settings.base, true, &filter, &[SIGNED, PLAIN]);
            let entries = talk.search(&search).await?;
            talk.end().await;
            let certificates = entries.into_iter().map(|entry| {
                let signed = entry.values(SIGNED).cloned().collect();
                Certificates { signed, plain: entry.values(PLAIN).cloned().collect() }
            });
            Ok(certificates.filter(|one| *one != Certificates::default()).collect())
        })
        .await
    }

    /// Keys of OpenPGP with this address in a name, by the schema of PGP's key servers; those left out that the directory says are revoked or
    /// must not be used.
    ///
    /// # Errors
    /// [`Trouble`] when nobody can say that there are none.
    pub async fn pgp_keys(&self, addresses: &[&str]) -> Result<Vec<Vec<u8>>, Trouble> {
        may_be_asked_about(addresses)?;
        let within: Vec<String> = addresses.iter().map(|one| format!("<{one}>")).collect();
        let whole =
            addresses.iter().flat_map(|one| [Filter::Equals("pgpUserID", one), Filter::Equals("gpgMailbox", one)]);
        let named = within.iter().map(|one| Filter::Contains("pgpUserID", one));
        let filter = Filter::Any(named.chain(whole).collect());
        self.within(async {
            let mut talk = self.open().await?;
            let space = self.pgp_space(&mut talk).await?;
            let entries = match &space {
                Some(base) => {
                    let search = self.search(base, true, &filter, &[PGP, PGP_DISABLED, PGP_REVOKED]);
                    talk.search(&search).await?
                }
                None => Vec::new(),
            };
            talk.end().await;
            let is_out = |entry: &ber::Entry| {
                let mut marks = entry.values(PGP_DISABLED).chain(entry.values(PGP_REVOKED));
                marks.any(|mark| mark.as_slice() != b"0")
            };
            let counts = entries.iter().filter(|entry| !is_out(entry));
            Ok(counts.flat_map(|entry| entry.values(PGP).cloned()).collect())
        })
        .await
    }

    /// Connects, says who asks and looks whether the base is there; what else the directory offers.
    ///
    /// # Errors
    /// [`Trouble`], as for a question.
    pub async fn greet(&self) -> Result<&'static str, Trouble> {
        self.within(async {
            let mut talk = self.open().await?;
            let anything = Filter::Present("objectClass");
            talk.search(&self.search(&self.settings.base, false, &anything, &["1.1"])).await?;
            let space = self.pgp_space(&mut talk).await?;
            talk.end().await;
            Ok(match space {
                Some(_) => "it answers, its base is there, and so are keys of OpenPGP",
                None => "it answers, and its base is there",
            })
        })
        .await
    }

    async fn within<T>(&self, asking: impl Future<Output = Result<T, Trouble>>) -> Result<T, Trouble> {
        timeout(self.settings.timeout, asking).await.unwrap_or(Err(Trouble::Late))
    }

    async fn open(&self) -> Result<Talk, Trouble> {
        let mut talk = Talk::open(&self.settings, self.is_public).await?;
        if let Some((name, password)) = &self.settings.bind {
            talk.bind(name, password).await?;
        }
        Ok(talk)
    }

    /// Where keys of OpenPGP are, by the settings or by the directory's word.
    async fn pgp_space(&self, talk: &mut Talk) -> Result<Option<String>, Trouble> {
        if let Some(base) = &self.settings.pgp_base {
            return Ok(Some(base.clone()));
        }
        let anything = Filter::Present("objectClass");
        let below = match self.settings.base.is_empty() {
            true => PGP_SERVER.to_owned(),
            false => format!("{PGP_SERVER},{}", self.settings.base),
        };
        for server in [below.as_str(), PGP_SERVER] {
            match talk.search(&self.search(server, false, &anything, &[PGP_SPACE])).await {
                Ok(entries) => {
                    let told = entries.iter().flat_map(|entry| entry.values(PGP_SPACE)).next();
                    if let Some(base) = told {
                        return Ok(String::from_utf8(base.clone()).ok());
                    }
                }
                // There is none (RFC 4511, appendix A.2).
                Err(Trouble::Refused(ber::NO_SUCH_OBJECT | ber::WRONG_NAME | ber::REFERRAL)) => {}
                Err(trouble) => return Err(trouble),
            }
        }
        Ok(None)
    }

    fn search<'s>(
        &self,
        base: &'s str,
        is_below: bool,
        filter: &'s Filter<'s>,
        attributes: &'s [&'s str],
    ) -> Search<'s> {
        let seconds_max = u32::try_from(self.settings.timeout.as_secs()).unwrap_or(u32::MAX).max(1);
        Search { base, is_below, filter, attributes, entries_max: ENTRIES_MAX, seconds_max }
    }
}

/// Servers leave control characters out, and answer about somebody else.
fn may_be_asked_about(addresses: &[&str]) -> Result<(), Trouble> {
    match addresses.iter().any(|address| address.chars().any(char::is_control)) {
        true => Err(Trouble::Lost),
        false => Ok(()),
    }
}
