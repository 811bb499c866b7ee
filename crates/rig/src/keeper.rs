//! Servers of others, kept by a shell that stops them when the test ends, however it ends.

#![allow(clippy::unwrap_used, reason = "a test that cannot start its server must stop at once and say where")]

use std::ffi::OsString;
use std::fs::File;
use std::net::{SocketAddr, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

/// How long a server may take to listen on a loaded machine.
pub(crate) const START_TIMEOUT: Duration = Duration::from_secs(60);
/// Between two looks whether it listens.
const LOOK_EVERY: Duration = Duration::from_millis(50);

/// Starts the server and stops it when standard input ends: with the test's process, even when that is killed.
const KEEPER: &str = r#""$@" <&- & server=$!; read -r _; kill -TERM "$server"; wait "$server""#;

/// A running server; it is stopped when this goes.
pub(crate) struct Keeper(Child);

impl Keeper {
    /// Starts a program with its arguments; what it says goes into this file, or nowhere.
    pub(crate) fn start(words: impl IntoIterator<Item = OsString>, log: Option<&Path>) -> Keeper {
        let log = log.map_or_else(Stdio::null, |log| File::create(log).unwrap().into());
        let mut keeper = Command::new("/bin/sh");
        keeper.args(["-c", KEEPER, "keeper"]).args(words);
        Keeper(keeper.stdin(Stdio::piped()).stdout(Stdio::null()).stderr(log).spawn().unwrap())
    }
}

impl Drop for Keeper {
    fn drop(&mut self) {
        // The shell's input ends, so it stops the server; then it ends itself.
        drop(self.0.stdin.take());
        let _ = self.0.wait();
    }
}

/// Waits until a server listens everywhere.
///
/// # Panics
/// With its name and what it said, when it takes too long.
pub(crate) fn wait_until_it_listens(name: &str, at: &[SocketAddr], within: Duration, said: impl Fn() -> String) {
    let since = Instant::now();
    while at.iter().any(|at| TcpStream::connect(at).is_err()) {
        assert!(since.elapsed() < within, "{name} does not listen: {}", said());
        std::thread::sleep(LOOK_EVERY);
    }
}

/// Where Debian installs servers, also where that is not searched for programs.
pub(crate) fn program(name: &str) -> PathBuf {
    let there = Path::new("/usr/sbin").join(name);
    if there.exists() { there } else { name.into() }
}
