//! `sealpost bench seal`: mails signed and encrypted, and opened and checked, beside Bouncy Castle, OpenSSL and GnuPG in the same run.

mod bouncy;
mod folder;
mod openpgp;
mod own;
mod processes;

use super::intake::{left, tempdir};
use crate::command::Failure;
use folder::Folder;
use rustix::time::{ClockId, clock_gettime};
use std::fmt::Write;
use std::path::PathBuf;
use std::time::{Duration, Instant};

/// What is sealed, and for how long.
#[derive(Debug, Clone, clap::Args)]
pub struct Seals {
    /// The size of each mail.
    #[arg(long, default_value_t = 20_000)]
    size_bytes: usize,
    /// How many seconds each row takes.
    #[arg(long, default_value_t = 3)]
    seconds: u64,
    /// A folder with the program for Bouncy Castle, `BouncyCastle.java`.
    #[arg(long, default_value = "bench/seal")]
    peers: PathBuf,
}

/// How often something was done, by two clocks.
#[derive(Debug, Clone, Copy)]
struct Rate {
    per_cpu_s: Option<f64>,
    per_wall_s: f64,
}

/// A row of the table; `None` where a peer is not there.
struct Row {
    name: String,
    rate: Option<Rate>,
}

/// Measures ourselves, the machine and the peers, and says how they compare.
pub fn run(seals: &Seals) -> Result<(), Failure> {
    let folder = tempdir()?;
    let measured = measure(&Folder::at(&folder), seals);
    super::super::print(&left(&folder, measured)?)
}

fn measure(folder: &Folder, seals: &Seals) -> Result<String, Failure> {
    let long = Duration::from_secs(seals.seconds.max(1));
    folder.fill(seals.size_bytes)?;
    let machine = own::signatures(folder, long)?;
    let mut rows = vec![Row { name: MACHINE.to_owned(), rate: Some(machine) }];
    for kind in &folder::KINDS {
        rows.extend(own::rows(folder, kind, long)?);
    }
    let gpg = openpgp::Gpg::start(folder)?;
    rows.extend(openpgp::rows(folder, long)?);
    rows.extend(bouncy::rows(folder, &seals.peers, long));
    rows.extend(processes::rows(folder, long)?);
    rows.extend(gpg.rows(folder, long)?);
    let mut text = format!(
        "mails of {} bytes, one thread, each row for {} s\n\n{:64} {:>12} {:>12}\n",
        seals.size_bytes,
        long.as_secs(),
        "",
        "per CPU s",
        "per s"
    );
    for Row { name, rate } in &rows {
        // Writing to a String cannot fail.
        let _ = match rate {
            Some(Rate { per_cpu_s: Some(cpu), per_wall_s }) => {
                writeln!(text, "{name:64} {cpu:>12.0} {per_wall_s:>12.0}")
            }
            Some(Rate { per_cpu_s: None, per_wall_s }) => writeln!(text, "{name:64} {:>12} {per_wall_s:>12.0}", ""),
            None => writeln!(text, "{name:64} {:>12} {:>12}", "", "not there"),
        };
    }
    text.push_str(&aims(&rows));
    Ok(text)
}

const MACHINE: &str = "machine: signatures alone, RSA-2048";

/// What is aimed at, and what came of it.
fn aims(rows: &[Row]) -> String {
    let of = |name: &str| {
        let found = rows.iter().find(|row| row.name == name).and_then(|row| row.rate);
        found.map(|rate| rate.per_cpu_s.unwrap_or(rate.per_wall_s))
    };
    let own = of(&own::sealed("RSA-2048"));
    let better = [bouncy::BY_JDK, bouncy::BARE].into_iter().filter_map(of).reduce(f64::max);
    let mut text = "\naims, RSA-2048 signed and encrypted, per CPU second:\n".to_owned();
    for (what, aim, own, peer) in [
        ("times Bouncy Castle through JavaMail", 5.0, own, of(bouncy::BY_CASTLE)),
        ("times Bouncy Castle at its best", 2.0, own, better),
        ("of the machine's own signatures", 0.65, own, of(MACHINE)),
        ("times Bouncy Castle in OpenPGP", 3.0, of(openpgp::SEALED), of(bouncy::PGP)),
    ] {
        let _ = match own.zip(peer) {
            Some((own, peer)) => {
                let came = own / peer;
                writeln!(text, "{came:6.2} {what} (aim: {aim}): {}", if came >= aim { "kept" } else { "missed" })
            }
            None => writeln!(text, "       {what} (aim: {aim}): not measured"),
        };
    }
    text
}

/// Does it again and again for so long, after some warming up.
fn measured(long: Duration, mut once: impl FnMut() -> Result<(), Failure>) -> Result<Rate, Failure> {
    let warm = Instant::now();
    while warm.elapsed() < long / 4 {
        once()?;
    }
    let (begun, cpu) = (Instant::now(), own_cpu());
    let mut count = 0_u32;
    while begun.elapsed() < long {
        once()?;
        count += 1;
    }
    let (wall, cpu) = (begun.elapsed(), own_cpu().saturating_sub(cpu));
    let count = f64::from(count);
    Ok(Rate { per_cpu_s: Some(count / cpu.as_secs_f64().max(1e-9)), per_wall_s: count / wall.as_secs_f64() })
}

/// CPU time of this thread.
fn own_cpu() -> Duration {
    let used = clock_gettime(ClockId::ThreadCPUTime);
    Duration::new(used.tv_sec.unsigned_abs(), u32::try_from(used.tv_nsec).unwrap_or(0))
}
