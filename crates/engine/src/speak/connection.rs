//! How one site is reached, as the settings say it, and what of that is refused at once.

use crate::speak::address::Reach;
use policy::{Fault, FaultCode};
use reqwest::header::HeaderValue;
use std::path::PathBuf;
use std::time::Duration;
use url::{Host, Url};
use zeroize::Zeroizing;

/// How one site is reached.
#[derive(Clone)]
pub struct SiteConnection {
    /// The site's name in settings and logs.
    pub name: String,
    /// What stands before a request's path; `https`, or `http` for this very machine.
    pub api_base: Url,
    /// The account's address. Empty when the token is a bearer token, such as a personal access token of Jira Data Center.
    pub account: String,
    pub token: Zeroizing<String>,
    /// May the site be at a private address? Needed for a tracker on this machine too.
    pub allow_private: bool,
    /// `http://` or `https://`, with user and password if it needs them; requests go through it by CONNECT.
    pub proxy: Option<Url>,
    /// PEM files with certificate authorities that are trusted beside the system's.
    pub extra_certificate_authorities: Vec<PathBuf>,
    pub connect_timeout: Duration,
    /// From the first byte of the request to the last of the response. A file gets more, by its size.
    pub answer_timeout: Duration,
    /// The slowest upload that is waited for.
    pub upload_bytes_per_s_min: u64,
    pub response_bytes_max: usize,
    /// Requests to the site at the same time; more wait.
    pub requests_max: usize,
    /// Requests to the site in a second; 0 for no limit. More wait.
    pub requests_per_s_max: u32,
}

impl SiteConnection {
    /// A connection with the default limits: 10 s to connect, 60 s to answer, 64 KiB/s, 16 MiB, 8 requests at once and 50 in a second.
    pub fn new(name: &str, api_base: Url, account: &str, token: &str) -> SiteConnection {
        SiteConnection {
            name: name.to_owned(),
            api_base,
            account: account.to_owned(),
            token: Zeroizing::new(token.to_owned()),
            allow_private: false,
            proxy: None,
            extra_certificate_authorities: Vec::new(),
            connect_timeout: Duration::from_secs(10),
            answer_timeout: Duration::from_secs(60),
            upload_bytes_per_s_min: 64 * 1024,
            response_bytes_max: 16 * 1024 * 1024,
            requests_max: 8,
            requests_per_s_max: 50,
        }
    }

    /// How far requests may go; permanent `SettingsWrong` or `AddressRefused` when the base cannot be spoken to at all.
    pub(super) fn reach(&self) -> Result<Reach, Fault> {
        let wrong = |what: &str| {
            Fault::permanent(FaultCode::SettingsWrong, what)
                .with_public(format!("The base URL of site {} is wrong: {what}.", self.name))
        };
        let host = self.api_base.host().ok_or_else(|| wrong("it names no host"))?;
        if !self.api_base.username().is_empty() || self.api_base.password().is_some() {
            return Err(wrong("it must not carry a user or password, use `account` and `token`"));
        }
        if self.api_base.query().is_some() || self.api_base.fragment().is_some() {
            return Err(wrong("it must not carry a query or fragment"));
        }
        let reach = match (self.api_base.scheme(), self.allow_private) {
            ("https", true) => Reach::Anywhere,
            ("https", false) => Reach::Public,
            ("http", _) if is_this_machine(&host) => Reach::Loopback,
            _ => return Err(wrong("it must begin with https://, so that the token cannot be read on the way")),
        };
        let literal = match host {
            Host::Domain(_) => return self.allowed(reach, &[]),
            Host::Ipv4(address) => address.into(),
            Host::Ipv6(address) => address.into(),
        };
        self.allowed(reach, &[literal])
    }

    fn allowed(&self, reach: Reach, literals: &[std::net::IpAddr]) -> Result<Reach, Fault> {
        let refused = |detail: String| Err(Fault::permanent(FaultCode::AddressRefused, detail));
        match reach.check(literals) {
            Err(refusal) => refused(refusal.to_string()),
            Ok(()) if reach == Reach::Loopback && !self.allow_private => {
                refused("this machine is a private address".to_owned())
            }
            Ok(()) => Ok(reach),
        }
    }

    /// The value of the `Authorization` header: Basic (RFC 7617), or Bearer (RFC 6750) without an account.
    pub(super) fn authorization(&self) -> Result<HeaderValue, Fault> {
        if self.account.is_empty() {
            return bearer(&self.token);
        }
        let pair = Zeroizing::new(format!("{}:{}", self.account, self.token.as_str()));
        secret_header(&Zeroizing::new(format!("Basic {}", data_encoding::BASE64.encode(pair.as_bytes()))))
    }
}

/// The value of the `Authorization` header for a token (RFC 6750).
pub(super) fn bearer(token: &str) -> Result<HeaderValue, Fault> {
    secret_header(&Zeroizing::new(format!("Bearer {token}")))
}

fn secret_header(value: &str) -> Result<HeaderValue, Fault> {
    let mut header = HeaderValue::from_str(value).map_err(|_| {
        Fault::permanent(FaultCode::SettingsWrong, "the token holds characters that no header can carry")
    })?;
    header.set_sensitive(true);
    Ok(header)
}

fn is_this_machine(host: &Host<&str>) -> bool {
    match host {
        Host::Domain(name) => *name == "localhost",
        Host::Ipv4(address) => address.is_loopback(),
        Host::Ipv6(address) => address.is_loopback(),
    }
}

impl std::fmt::Debug for SiteConnection {
    /// Without account, token and the proxy, which may carry a password.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("SiteConnection")
            .field("name", &self.name)
            .field("api_base", &self.api_base.as_str())
            .field("allow_private", &self.allow_private)
            .field("proxied", &self.proxy.is_some())
            .finish_non_exhaustive()
    }
}
