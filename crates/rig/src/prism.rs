//! Prism between a client and a tracker: it judges every request and answer by the tracker's own OpenAPI document.

#![allow(clippy::unwrap_used, reason = "a test that cannot start its server must stop at once and say where")]

use crate::keeper::{Keeper, wait_until_it_listens};
use crate::{port, shared};
use std::ffi::OsString;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::time::Duration;

/// Reading the document alone takes half a minute on a small machine.
const START_TIMEOUT: Duration = Duration::from_secs(180);

/// The response header in which Prism says what does not fit, as a JSON array.
pub const VIOLATIONS: &str = "sl-violations";

/// A running proxy; it stops when it is dropped.
pub struct Prism {
    _keeper: Keeper,
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
        let at = ["proxy", "--host", "127.0.0.1", "--port", &port.port().to_string()].map(OsString::from);
        let words = std::iter::once(program.into()).chain(at).chain([document.into(), upstream.into()]);
        let keeper = Keeper::start(words, None);
        wait_until_it_listens("prism", &[port], START_TIMEOUT, String::new);
        Some(Prism { _keeper: keeper, address: port })
    }
}
