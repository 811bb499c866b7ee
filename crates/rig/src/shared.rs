//! Test data that others wrote: it stands beside the repository, and a test that misses it says so.

#![allow(clippy::unwrap_used, reason = "a test that cannot say that it was not run must stop")]

use std::io::Write;
use std::path::{Path, PathBuf};

/// The shared folder: `SEALPOST_SHARED`, by default `../shared` beside the repository at `root`.
///
/// Without it the test's name is added to the file that `SEALPOST_NOT_RUN` names and `None` is given, so that the test can
/// return.
///
/// # Panics
/// When the environment variable `CI` is set: there nothing may be left out.
pub fn folder(root: &Path, test: &str) -> Option<PathBuf> {
    let named = std::env::var_os("SEALPOST_SHARED").map(PathBuf::from);
    let folder = root.join(named.unwrap_or_else(|| PathBuf::from("../shared")));
    if folder.is_dir() {
        return Some(folder);
    }
    not_run(test, "SEALPOST_SHARED");
    None
}

/// The name of the test that runs on this thread, as the test runner calls it.
pub fn this_test() -> String {
    std::thread::current().name().unwrap_or("a test").to_owned()
}

/// Notes that a test was not run because this machine lacks something.
///
/// # Panics
/// When the environment variable `CI` is set.
pub fn not_run(test: &str, needs: &str) {
    assert!(std::env::var_os("CI").is_none(), "{test} needs {needs}");
    println!("{test} needs {needs}");
    if let Some(list) = std::env::var_os("SEALPOST_NOT_RUN") {
        let mut list = std::fs::OpenOptions::new().append(true).create(true).open(list).unwrap();
        writeln!(list, "{test}").unwrap();
    }
}
