//! What the listener is told: where it listens, who may speak, and how much.

use std::net::{Ipv4Addr, SocketAddr};
use std::path::PathBuf;

use policy::fault::{Fault, FaultCode};

use crate::certificate::CertificateFiles;

/// The protocol spoken: SMTP (RFC 5321), or LMTP (RFC 2033) with one reply per recipient after the data.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Protocol {
    Smtp,
    Lmtp,
}

/// Where the listener listens.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Endpoint {
    /// Port 0 takes a free one; see `Listener::local_addr`.
    Tcp(SocketAddr),
    /// A local socket, made with mode 0660; who can open it counts as local.
    Unix(PathBuf),
}

/// How a connection is encrypted: TLS 1.2 or 1.3, never less.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Tls {
    None,
    /// Offered after `EHLO` (RFC 3207).
    StartTls(CertificateFiles),
    /// From the first byte (RFC 8314).
    Implicit(CertificateFiles),
}

impl Tls {
    /// The files to load, if any.
    pub fn files(&self) -> Option<&CertificateFiles> {
        match self {
            Tls::None => None,
            Tls::StartTls(files) | Tls::Implicit(files) => Some(files),
        }
    }
}

/// Settings of one listener. Times are whole seconds, sizes octets.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Settings {
    /// What the listener is called in the log and in figures.
    pub name: String,
    pub listen: Endpoint,
    pub protocol: Protocol,
    /// Our name in the greeting and in `Received`; letters, digits, dots, hyphens.
    pub hostname: String,
    pub tls: Tls,
    /// Refuse `MAIL` and `AUTH` until the connection is encrypted.
    pub require_tls: bool,
    /// Offer `AUTH PLAIN LOGIN`: over TLS, and without it only to this machine.
    pub offer_auth: bool,
    /// Refuse `MAIL` until the client has authenticated.
    pub require_auth: bool,
    /// Of one mail after dot-unstuffing.
    pub size_bytes_max: u64,
    /// Accepted recipients of one mail.
    pub recipients_max: usize,
    pub connections_max: usize,
    /// Per IPv4 address or IPv6 /64.
    pub connections_per_ip_max: usize,
    pub messages_per_connection_max: u32,
    /// A whole command line must arrive within this time (RFC 5321, section 4.5.3.2.7: at least 5 minutes).
    pub command_timeout_s: u64,
    /// The longest silence within a mail, and the grace before a trickle is cut off (RFC 5321, section 4.5.3.2.5:
    /// at least 3 minutes).
    pub data_timeout_s: u64,
    /// Refused commands before the connection is closed with 421.
    pub errors_max: u32,
    /// What `serve` gives mails in flight at shutdown.
    pub shutdown_grace_s: u64,
}

impl Default for Settings {
    fn default() -> Settings {
        Settings {
            name: "mail".to_owned(),
            listen: Endpoint::Tcp(SocketAddr::from((Ipv4Addr::LOCALHOST, 2525))),
            protocol: Protocol::Smtp,
            hostname: "localhost".to_owned(),
            tls: Tls::None,
            require_tls: false,
            offer_auth: false,
            require_auth: false,
            size_bytes_max: 50 * 1024 * 1024,
            recipients_max: 100,
            connections_max: 200,
            connections_per_ip_max: 50,
            messages_per_connection_max: 1000,
            command_timeout_s: 300,
            data_timeout_s: 180,
            errors_max: 10,
            shutdown_grace_s: 20,
        }
    }
}

impl Settings {
    /// Settings that contradict each other are refused with the key, the value and the remedy.
    pub fn check(&self) -> Result<(), Fault> {
        let name_is_safe = !self.hostname.is_empty()
            && self.hostname.len() <= 255
            && self.hostname.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'.' || b == b'-');
        if !name_is_safe {
            return Err(wrong("hostname", &self.hostname, "use a host name of letters, digits, dots and hyphens"));
        }
        if self.require_tls && self.tls == Tls::None {
            return Err(wrong("require_tls", "true", "name a certificate and key, or set it to false"));
        }
        if self.require_auth && !self.offer_auth {
            return Err(wrong("require_auth", "true", "name at least one account, or set it to false"));
        }
        if matches!(self.listen, Endpoint::Unix(_)) && self.tls != Tls::None {
            return Err(wrong("tls", "a certificate", "a local socket is not encrypted: leave it out"));
        }
        let at_least_one = [
            ("size_bytes_max", self.size_bytes_max),
            ("recipients_max", self.recipients_max as u64),
            ("connections_max", self.connections_max as u64),
            ("connections_per_ip_max", self.connections_per_ip_max as u64),
            ("messages_per_connection_max", u64::from(self.messages_per_connection_max)),
            ("command_timeout_s", self.command_timeout_s),
            ("data_timeout_s", self.data_timeout_s),
            ("errors_max", u64::from(self.errors_max)),
        ];
        match at_least_one.iter().find(|(_, value)| *value == 0) {
            Some((key, _)) => Err(wrong(key, "0", "nothing would be accepted: set at least 1")),
            None => Ok(()),
        }
    }
}

/// A setting of the listener that cannot be used.
pub(super) fn wrong(key: &str, value: &str, remedy: &str) -> Fault {
    let text = format!("The mail listener's `{key}` is \"{value}\": {remedy}.");
    Fault::permanent(FaultCode::SettingsWrong, text.clone()).with_public(text)
}
