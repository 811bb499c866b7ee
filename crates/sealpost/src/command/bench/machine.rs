//! The machine's own limits: how fast it makes bytes durable, without any of our code between.

use crate::command::Failure;
use std::fs::OpenOptions;
use std::io::Write;
use std::path::Path;
use std::time::{Duration, Instant};

/// How long each limit is measured.
const FOR: Duration = Duration::from_secs(2);

/// How many mails one commit of a group holds here; what 32 busy connections come to.
const GROUP: usize = 32;

/// What a disk can do.
pub struct Disk {
    /// Appends of one mail's size, each followed by fdatasync, per second.
    pub single: f64,
    pub single_p50_ms: f64,
    pub single_p99_ms: f64,
    /// The same with one fdatasync per group, in mails per second.
    pub grouped: f64,
}

/// Measures in a file of its own in this folder.
pub fn disk(folder: &Path, size_bytes: usize) -> Result<Disk, Failure> {
    let (singles, took) = appends(&folder.join("single.dat"), size_bytes, 1)?;
    let (groups, group_took) = appends(&folder.join("grouped.dat"), size_bytes, GROUP)?;
    let at =
        |share: f64| singles.get((singles.len() as f64 * share) as usize).map_or(0.0, |t| t.as_secs_f64() * 1000.0);
    Ok(Disk {
        single: singles.len() as f64 / took.as_secs_f64(),
        single_p50_ms: at(0.5),
        single_p99_ms: at(0.99),
        grouped: (groups.len() * GROUP) as f64 / group_took.as_secs_f64(),
    })
}

/// Durations of write-and-sync, ascending, and the time they took together.
fn appends(file: &Path, size_bytes: usize, per_sync: usize) -> Result<(Vec<Duration>, Duration), Failure> {
    let failed = |error: std::io::Error| Failure::new(format!("cannot measure {}: {error}", file.display()));
    let mut open = OpenOptions::new().create(true).append(true).open(file).map_err(failed)?;
    let bytes = vec![0x55; size_bytes * per_sync];
    let mut each = Vec::new();
    let begun = Instant::now();
    while begun.elapsed() < FOR {
        let start = Instant::now();
        open.write_all(&bytes).and_then(|()| open.sync_data()).map_err(failed)?;
        each.push(start.elapsed());
    }
    let took = begun.elapsed();
    std::fs::remove_file(file).map_err(failed)?;
    each.sort();
    Ok((each, took))
}
