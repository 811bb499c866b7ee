//! A name server of its own for a test (NSD), with zones that `ldns-signzone` signed; gone when dropped.

#![allow(clippy::unwrap_used, reason = "a test that cannot start its server must stop at once and say where")]

use crate::port;
use std::fs;
use std::net::{SocketAddr, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};
use tempfile::TempDir;

const START_TIMEOUT: Duration = Duration::from_secs(60);
const LOOK_EVERY: Duration = Duration::from_millis(50);

/// Starts the server and stops it when standard input ends: with the test's process, even when that is killed.
const KEEPER: &str = r#""$@" <&- & server=$!; read -r _; kill -TERM "$server"; wait "$server""#;

/// A running server. It is the root of a world of its own, signed, in which `bare.example` is a zone that nobody signs.
pub struct Nsd {
    folder: TempDir,
    keeper: Option<Child>,
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
        if let Some(mut keeper) = self.keeper.take() {
            drop(keeper.stdin.take());
            let _ = keeper.wait();
        }
    }

    /// Starts it again after [`Nsd::stop`].
    pub fn go_on(&mut self) {
        let log = fs::File::create(self.folder.path().join("started.log")).unwrap();
        let mut keeper = Command::new("/bin/sh");
        keeper
            .args(["-c", KEEPER, "keeper"])
            .arg(program("nsd"))
            .args(["-d", "-c"])
            .arg(self.folder.path().join("nsd.conf"));
        self.keeper = Some(keeper.stdin(Stdio::piped()).stdout(Stdio::null()).stderr(log).spawn().unwrap());
        let since = Instant::now();
        while TcpStream::connect(self.address).is_err() {
            let log = fs::read_to_string(self.folder.path().join("started.log")).unwrap_or_default();
            assert!(since.elapsed() < START_TIMEOUT, "NSD does not listen: {log}");
            std::thread::sleep(LOOK_EVERY);
        }
    }
}

impl Drop for Nsd {
    fn drop(&mut self) {
        self.stop();
    }
}

fn run(folder: &Path, name: &str, arguments: &[&str]) -> String {
    let output = Command::new(program(name)).args(arguments).current_dir(folder).output().unwrap();
    assert!(output.status.success(), "{name}: {}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap()
}

/// Where Debian installs it, also where that is not searched for programs.
fn program(name: &str) -> String {
    let there = format!("/usr/sbin/{name}");
    if Path::new(&there).exists() { there } else { name.to_owned() }
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
