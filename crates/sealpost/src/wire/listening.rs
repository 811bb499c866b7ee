//! Which gateway listens where: what a running one tells about itself, and how `check` asks it.

use crate::settings::Settings;
use aws_lc_rs::digest::{SHA256, digest};
use engine::speak::{Route, read_openly};
use std::fmt::Write;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::os::unix::ffi::OsStrExt;
use std::path::Path;

/// What the gateway of some settings was found to listen on; nothing when none answers.
#[derive(Debug, Default)]
pub struct Listening(Vec<SocketAddr>);

impl Listening {
    /// Whether that gateway is the one that has this address.
    pub fn has(&self, address: SocketAddr) -> bool {
        self.0.contains(&address)
    }
}

/// The text of `/listening`: a digest of the settings' path, then an address in each line.
pub fn told(settings_file: &Path, addresses: &[SocketAddr]) -> String {
    let mut text = format!("settings {}\n", digest_of(settings_file));
    for address in addresses {
        let _ = writeln!(text, "{address}");
    }
    text
}

/// Asks the gateway that answers at `operations.listen`. One of other settings counts as none.
pub async fn ask_what_listens(settings: &Settings) -> Listening {
    let Ok(url) = format!("http://{}/listening", reachable(settings.operations)).parse() else {
        return Listening::default();
    };
    let route = Route { allow_private: true, authorities: Vec::new(), proxy: None };
    match read_openly(&url, &route).await {
        Ok(answer) if answer.status == 200 => understood(&String::from_utf8_lossy(&answer.body), &settings.file),
        _ => Listening::default(),
    }
}

fn understood(text: &str, settings_file: &Path) -> Listening {
    let mut lines = text.lines();
    if lines.next() != Some(&format!("settings {}", digest_of(settings_file))) {
        return Listening::default();
    }
    Listening(lines.filter_map(|line| line.parse().ok()).collect())
}

/// The path, which may name people or customers, is told to nobody.
fn digest_of(settings_file: &Path) -> String {
    let path = settings_file.canonicalize().unwrap_or_else(|_| settings_file.to_path_buf());
    digest(&SHA256, path.as_os_str().as_bytes()).as_ref().iter().map(|byte| format!("{byte:02x}")).collect()
}

/// Where a listener of all addresses is reached from this machine.
fn reachable(listen: SocketAddr) -> SocketAddr {
    let ip = match listen.ip() {
        IpAddr::V4(ip) if ip.is_unspecified() => Ipv4Addr::LOCALHOST.into(),
        IpAddr::V6(ip) if ip.is_unspecified() => Ipv6Addr::LOCALHOST.into(),
        ip => ip,
    };
    SocketAddr::new(ip, listen.port())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_gateway_of_other_settings_is_not_taken_for_ours() {
        let address = SocketAddr::from(([127, 0, 0, 1], 2525));
        let text = told(Path::new("/a/sealpost.toml"), &[address]);
        assert!(understood(&text, Path::new("/a/sealpost.toml")).has(address));
        for (text, file) in
            [(text.as_str(), "/b/sealpost.toml"), ("alive\n", "/a/sealpost.toml"), ("", "/a/sealpost.toml")]
        {
            assert!(!understood(text, Path::new(file)).has(address), "{text}");
        }
        assert!(!text.contains("sealpost.toml"), "{text}");
    }
}
