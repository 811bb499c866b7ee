//! Prism between a client and a tracker: it judges every request and answer by the tracker's own OpenAPI document.

#![allow(clippy::unwrap_used, reason = "a test that cannot start its server must stop at once and say where")]

use crate::{port, shared};
use std::net::{SocketAddr, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

/// Reading the document alone takes half a minute on a small machine.
const START_TIMEOUT: Duration = Duration::from_secs(180);
const LOOK_EVERY: Duration = Duration::from_millis(200);

/// Starts the proxy and stops it when standard input ends: with the test's process, even when that is killed.
const KEEPER: &str = r#""$@" <&- & server=$!; read -r _; kill -TERM "$server"; wait "$server""#;

/// The response header in which Prism says what does not fit, as a JSON array.
pub const VIOLATIONS: &str = "sl-violations";

/// A running proxy; it stops when it is dropped.
pub struct Prism {
    keeper: Child,
    pub address: SocketAddr,
}

impl Prism {
    /// Puts a proxy before `upstream`. `None` where Prism is not installed (`SEALPOST_PRISM` names it, by default it is where
    /// `./test` puts it) or the document is not there, and then the test is noted as not run.
    pub fn before(root: &Path, upstream: &str) -> Option<Prism> {
        let test = shared::this_test();
        let document = shared::folder(root, &test)?.join("openapi/jira-platform-v3.prism.json");
        let named = std::env::var_os("SEALPOST_PRISM").map(PathBuf::from);
        let program = named.unwrap_or_else(|| root.join("target/prism/node_modules/.bin/prism"));
        if !program.exists() {
            shared::not_run(&test, "prism; ./test installs it where npm is");
            return None;
        }
        let port = port::free();
        let keeper = Command::new("sh")
            .args(["-c", KEEPER, "keeper"])
            .arg(program)
            .arg("proxy")
            .args(["--host", "127.0.0.1", "--port", &port.port().to_string()])
            .arg(document)
            .arg(upstream)
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let deadline = Instant::now() + START_TIMEOUT;
        while TcpStream::connect(port).is_err() {
            assert!(Instant::now() < deadline, "prism did not start");
            std::thread::sleep(LOOK_EVERY);
        }
        Some(Prism { keeper, address: port })
    }
}

impl Drop for Prism {
    fn drop(&mut self) {
        drop(self.keeper.stdin.take());
        // It has nothing to keep; what matters is that it is gone.
        let _ = self.keeper.wait();
    }
}
