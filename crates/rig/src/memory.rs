//! How much memory this process uses, for tests that bound it; Linux only.

#![allow(clippy::unwrap_used, reason = "a test that cannot see its memory must stop at once")]

use std::fs;

/// The peak since the last [`reset_peak`], in bytes.
pub fn peak() -> u64 {
    status("VmHWM:")
}

/// Sets the peak to what is used now (proc(5), clear_refs); that, in bytes.
pub fn reset_peak() -> u64 {
    fs::write("/proc/self/clear_refs", "5").unwrap();
    status("VmRSS:")
}

/// A line of /proc/self/status, in bytes.
fn status(name: &str) -> u64 {
    let status = fs::read_to_string("/proc/self/status").unwrap();
    let line = status.lines().find(|line| line.starts_with(name)).unwrap();
    line.split_whitespace().nth(1).unwrap().parse::<u64>().unwrap() * 1024
}
