//! The one origin of the console: what it is called, and which other names of this machine lead to it.

use std::net::IpAddr;

/// Scheme and authority (RFC 6454), in lower case and without the scheme's own port, as browsers write them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Origin {
    secure: bool,
    /// `host[:port]`
    host: String,
}

impl Origin {
    /// Reads `https://host[:port]` or `http://host[:port]`; a path behind it is dropped.
    pub(crate) fn read(url: &str) -> Origin {
        let (scheme, rest) = url.split_once("://").unwrap_or(("http", url));
        let secure = scheme.eq_ignore_ascii_case("https");
        let host = rest.split('/').next().unwrap_or_default();
        Origin { secure, host: plain(host, secure) }
    }

    pub(crate) fn text(&self) -> String {
        format!("{}://{}", if self.secure { "https" } else { "http" }, self.host)
    }

    /// Do browsers speak TLS with it, here or at a proxy before it?
    pub(crate) fn secure(&self) -> bool {
        self.secure
    }

    /// Does this value of `Host` name the console?
    pub(crate) fn is(&self, host: &str) -> bool {
        plain(host, self.secure) == self.host
    }

    /// Is the console called by a name that every machine has for itself?
    pub(crate) fn on_loopback(&self) -> bool {
        is_loopback(name_and_port(&self.host).0)
    }

    /// Does this value of `Host` name this machine and the console's port, but in other words? A person who is told
    /// `127.0.0.1` may well type `localhost`. No name but these is safe: any other could be led here by its owner.
    pub(crate) fn is_loopback_neighbour(&self, host: &str) -> bool {
        let host = plain(host, self.secure);
        let ((ours, our_port), (name, port)) = (name_and_port(&self.host), name_and_port(&host));
        is_loopback(ours) && is_loopback(name) && our_port == port && ours != name
    }
}

fn plain(host: &str, secure: bool) -> String {
    let host = host.to_ascii_lowercase();
    let (name, port) = name_and_port(&host);
    if port == Some(if secure { "443" } else { "80" }) { name.to_owned() } else { host }
}

fn name_and_port(host: &str) -> (&str, Option<&str>) {
    // The colons of an IPv6 address stand in brackets (RFC 3986, section 3.2.2).
    let end_of_name = host.rfind(']').map_or(0, |bracket| bracket + 1);
    match host[end_of_name..].find(':') {
        Some(colon) => (&host[..end_of_name + colon], Some(&host[end_of_name + colon + 1..])),
        None => (host, None),
    }
}

fn is_loopback(name: &str) -> bool {
    let address = name.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')).unwrap_or(name);
    name == "localhost" || address.parse::<IpAddr>().is_ok_and(|address| address.is_loopback())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_origin_is_read_as_browsers_write_it() {
        for (url, text) in [
            ("https://Mail.Example.com/", "https://mail.example.com"),
            ("https://mail.example.com:443", "https://mail.example.com"),
            ("HTTPS://mail.example.com:8443/console", "https://mail.example.com:8443"),
            ("http://127.0.0.1:8025", "http://127.0.0.1:8025"),
            ("http://[::1]:80", "http://[::1]"),
            ("http://[::1]:8025", "http://[::1]:8025"),
        ] {
            assert_eq!(Origin::read(url).text(), text);
        }
    }

    #[test]
    fn only_names_of_this_machine_with_the_same_port_are_neighbours() {
        let ours = Origin::read("http://127.0.0.1:8025");
        for host in ["localhost:8025", "LOCALHOST:8025", "[::1]:8025", "127.0.0.2:8025"] {
            assert!(ours.is_loopback_neighbour(host), "{host}");
        }
        for host in
            ["127.0.0.1:8025", "localhost", "localhost:8026", "localhost.evil.example:8025", "10.0.0.1:8025", ""]
        {
            assert!(!ours.is_loopback_neighbour(host), "{host}");
        }
        assert!(!Origin::read("https://mail.example.com").is_loopback_neighbour("localhost"));
    }
}
