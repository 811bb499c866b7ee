//! A name server of its own for a test (NSD), with zones that `ldns-signzone` signed; gone when dropped.

#![allow(clippy::unwrap_used, reason = "a test that cannot start its server must stop at once and say where")]

use crate::keeper::{Keeper, START_TIMEOUT, program, wait_until_it_listens};
use crate::port;
use std::fs;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::Command;
use tempfile::TempDir;

/// A running server. It is the root of a world of its own, signed, in which `bare.example` is a zone that nobody signs.
pub struct Nsd {
    /// Before its folder: it is stopped before that goes.
    keeper: Option<Keeper>,
    folder: TempDir,
    address: SocketAddr,
}

impl Nsd {
    /// Starts a server with these records in the root, and those in `bare.example`, one a line as in a zone file. `after` changes the signed
    /// root before it is served, as somebody on the way would.
    ///
    /// # Panics
    /// With the reason, when NSD or ldns is not installed, or a zone is wrong.
    pub fn start(root: &str, bare: &str, after: impl FnOnce(String) -> String) -> Nsd {
        let folder = tempfile::Builder::new().prefix("rig-nsd-").tempdir().unwrap();
        let path = folder.path();
        let head = "$TTL 60\n@ SOA ns.example. host.example. 1 3600 600 86400 60\n@ NS ns.example.\n";
        let own = "ns.example. A 127.0.0.1\nbare.example. NS ns.example.\n";
        fs::write(path.join("root.zone"), format!("$ORIGIN .\n{head}{own}{root}\n")).unwrap();
        fs::write(path.join("bare.zone"), format!("$ORIGIN bare.example.\n{head}{bare}\n")).unwrap();
        let key = run(path, "ldns-keygen", &["-a", "ECDSAP256SHA256", "-k", "."]);
        let key = key.trim();
        run(path, "ldns-signzone", &["-f", "root.signed", "root.zone", key]);
        fs::rename(path.join(format!("{key}.key")), path.join("anchor.key")).unwrap();
        let signed = after(fs::read_to_string(path.join("root.signed")).unwrap());
        fs::write(path.join("root.signed"), signed).unwrap();
        let address = port::free();
        fs::write(path.join("nsd.conf"), settings(path, address)).unwrap();
        let mut server = Nsd { folder, keeper: None, address };
        server.go_on();
        server
    }

    /// Where it listens, by UDP and TCP.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// The key by which its root is believed, as a DNSKEY record.
    pub fn trust_anchor(&self) -> PathBuf {
        self.folder.path().join("anchor.key")
    }

    /// Nobody answers any more.
    pub fn stop(&mut self) {
        self.keeper = None;
    }

    /// Starts it again after [`Nsd::stop`].
    pub fn go_on(&mut self) {
        let log = self.folder.path().join("started.log");
        let settings = self.folder.path().join("nsd.conf");
        let words = [program("nsd").into(), "-d".into(), "-c".into(), settings.into_os_string()];
        self.keeper = Some(Keeper::start(words, Some(&log)));
        let said = || fs::read_to_string(&log).unwrap_or_default();
        wait_until_it_listens("NSD", &[self.address], START_TIMEOUT, said);
    }
}

fn run(folder: &Path, name: &str, arguments: &[&str]) -> String {
    let output = Command::new(program(name)).args(arguments).current_dir(folder).output().unwrap();
    assert!(output.status.success(), "{name}: {}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap()
}

fn settings(path: &Path, address: SocketAddr) -> String {
    let at = path.display();
    format!(
        "server:\n  ip-address: {}@{}\n  username: \"\"\n  chroot: \"\"\n  zonesdir: {at}\n  database: \"\"\n  pidfile: {at}/nsd.pid\n  \
         xfrdfile: {at}/xfrd.state\n  zonelistfile: {at}/zone.list\nremote-control:\n  control-enable: no\nzone:\n  name: .\n  \
         zonefile: root.signed\nzone:\n  name: bare.example\n  zonefile: bare.zone\n",
        address.ip(),
        address.port()
    )
}
