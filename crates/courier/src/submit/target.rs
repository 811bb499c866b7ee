//! Which listener a mail is handed to, and how far it is trusted.

use std::path::PathBuf;
use std::str::FromStr;

use policy::fault::{Fault, FaultCode};

use crate::dial::Security;
use crate::secret::Secret;

/// Where the listener is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Host {
    Tcp { name: String, port: u16 },
    Unix(PathBuf),
}

impl Host {
    /// Name and port, as OAUTHBEARER names them; a local socket has neither.
    pub(super) fn named(&self) -> (&str, u16) {
        match self {
            Host::Tcp { name, port } => (name, *port),
            Host::Unix(_) => ("localhost", 0),
        }
    }
}

impl std::fmt::Display for Host {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Host::Tcp { name, port } if name.contains(':') => write!(f, "[{name}]:{port}"),
            Host::Tcp { name, port } => write!(f, "{name}:{port}"),
            Host::Unix(path) => write!(f, "{}", path.display()),
        }
    }
}

/// The listener, as `sealpost deliver` and the benchmarks name it. Times are whole seconds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Target {
    pub host: Host,
    /// Asked in this order when the one before cannot be reached, or does not prove its name; all else is as with the first.
    pub others: Vec<Host>,
    /// LMTP: `LHLO`, and one reply per recipient after the data.
    pub lmtp: bool,
    pub security: Security,
    /// A PEM file of certificate authorities to trust instead of the system's.
    pub authorities: Option<PathBuf>,
    /// The user, and a password for `AUTH PLAIN` or a token; sent over TLS, to loopback or to a local socket only.
    pub credentials: Option<(String, Secret)>,
    /// What we call ourselves in EHLO.
    pub client_name: String,
    pub connect_timeout_s: u64,
    /// For each command and each 64 KiB of data.
    pub command_timeout_s: u64,
    /// For the answer after the final dot (RFC 5321, section 4.5.3.2.6: 10 minutes).
    pub end_timeout_s: u64,
}

impl Target {
    /// A plain SMTP listener over TCP.
    pub fn smtp(name: impl Into<String>, port: u16) -> Target {
        Target {
            host: Host::Tcp { name: name.into(), port },
            others: Vec::new(),
            lmtp: false,
            security: Security::None,
            authorities: None,
            credentials: None,
            client_name: "localhost".to_owned(),
            connect_timeout_s: 30,
            command_timeout_s: 300,
            end_timeout_s: 600,
        }
    }
}

impl FromStr for Target {
    type Err = Fault;

    /// `smtp://host[:25]`, `smtp+starttls://host[:587]`, `smtps://host[:465]`, `lmtp://host[:24]` or `lmtp:/path/to/socket`.
    fn from_str(url: &str) -> Result<Target, Fault> {
        let wrong = || {
            let text = format!(
                "The address \"{url}\" is none of a mail listener: write smtp://host:port, smtps://, smtp+starttls://, lmtp://host:port or lmtp:/path."
            );
            Fault::permanent(FaultCode::SettingsWrong, text.clone()).with_public(text)
        };
        let (scheme, rest) = url.split_once(':').ok_or_else(wrong)?;
        let Some(rest) = rest.strip_prefix("//").filter(|rest| !rest.starts_with('/')) else {
            let path = rest.strip_prefix("//").unwrap_or(rest);
            if scheme != "lmtp" || !path.starts_with('/') {
                return Err(wrong());
            }
            return Ok(Target { host: Host::Unix(path.into()), lmtp: true, ..Target::smtp("", 0) });
        };
        let (security, lmtp, port) = match scheme {
            "smtp" => (Security::None, false, 25),
            "smtp+starttls" => (Security::StartTls, false, 587),
            "smtps" => (Security::Implicit, false, 465),
            "lmtp" => (Security::None, true, 24),
            _ => return Err(wrong()),
        };
        let rest = rest.trim_end_matches('/');
        let (name, port) = match rest.rsplit_once(':') {
            Some((name, digits)) if !digits.ends_with(']') => (name, digits.parse().map_err(|_| wrong())?),
            _ => (rest, port),
        };
        let name = name.trim_start_matches('[').trim_end_matches(']');
        if name.is_empty() || name.contains(['/', '@', ' ']) {
            return Err(wrong());
        }
        Ok(Target { security, lmtp, ..Target::smtp(name, port) })
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn urls_name_listeners() {
        let read = |url: &str| {
            let target: Target = url.parse().unwrap();
            (target.host, target.lmtp, target.security)
        };
        let tcp = |name: &str, port| Host::Tcp { name: name.to_owned(), port };
        assert_eq!(read("smtp://127.0.0.1:2525"), (tcp("127.0.0.1", 2525), false, Security::None));
        assert_eq!(read("smtps://mx.example.org/"), (tcp("mx.example.org", 465), false, Security::Implicit));
        assert_eq!(read("smtp+starttls://[::1]:25"), (tcp("::1", 25), false, Security::StartTls));
        assert_eq!(read("lmtp://[::1]"), (tcp("::1", 24), true, Security::None));
        assert_eq!(read("lmtp:/run/sealpost.sock"), (Host::Unix("/run/sealpost.sock".into()), true, Security::None));
        assert_eq!(read("lmtp:///run/sealpost.sock"), (Host::Unix("/run/sealpost.sock".into()), true, Security::None));
        for wrong in ["", "mx.example.org", "http://x", "smtp:/run/x", "smtp://", "smtp://a:b", "smtp://u@h", "lmtp:x"]
        {
            assert_eq!(wrong.parse::<Target>().unwrap_err().code, FaultCode::SettingsWrong, "{wrong}");
        }
    }
}
