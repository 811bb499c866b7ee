//! `sealpost bench hostile`: time and memory of `sealpost read` on mails made to hurt and on every file of the corpora.

mod mails;

use super::child::{Measured, Peak};
use super::intake::{left, tempdir};
use super::read::files_below;
use crate::command::Failure;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

/// No mail may take longer.
const LONGEST: Duration = Duration::from_secs(2);

/// No process may hold more than this beyond the size of the mail.
const BEYOND_BYTES_MAX: u64 = 64 * 1024 * 1024;

/// A run that takes so long is ended.
const PATIENCE: Duration = Duration::from_secs(30);

/// A mail that missed a bound is read again, because the machine may have been busy with something else.
const TRIES: usize = 3;

/// What is read.
#[derive(Debug, Clone, clap::Args)]
pub struct Mails {
    /// A folder of files, read with everything below it; by default the corpora of the shared folder, where it is.
    #[arg(long)]
    corpora: Option<PathBuf>,
    /// About how large the mails are that are made.
    #[arg(long, default_value_t = 8)]
    size_mb: usize,
    /// Only mails with this in their name.
    #[arg(long, default_value = "")]
    only: String,
}

/// What reading one file took.
struct Taken {
    name: String,
    size_bytes: u64,
    wall: Duration,
    peak: Peak,
    /// What went wrong beside time and memory.
    trouble: Option<String>,
}

impl Taken {
    /// The most that one process held beyond the mail.
    fn beyond_bytes(&self) -> u64 {
        self.peak.largest_bytes.saturating_sub(self.size_bytes)
    }

    fn holds(&self) -> bool {
        self.trouble.is_none() && self.wall <= LONGEST && self.beyond_bytes() <= BEYOND_BYTES_MAX
    }

    fn row(&self) -> String {
        let verdict = match &self.trouble {
            Some(trouble) => trouble,
            None if self.holds() => "",
            None => "missed",
        };
        format!(
            "{:40} {:>8.2} {:>8.2} {:>10.1} {:>10.1}  {verdict}\n",
            self.name,
            self.size_bytes as f64 / 1e6,
            self.wall.as_secs_f64(),
            self.beyond_bytes() as f64 / 1e6,
            self.peak.together_bytes as f64 / 1e6
        )
    }
}

/// Reads everything, prints each hostile mail and the worst of the corpora, and fails when a bound is missed.
pub fn run(asked: &Mails) -> Result<(), Failure> {
    let folder = tempdir()?;
    let measured = measure(&folder, asked);
    let missed = left(&folder, measured)?;
    if missed > 0 {
        return Err(Failure::new(format!("{missed} files missed a bound: 2 s, 64 MiB beyond their size, no crash")));
    }
    Ok(())
}

fn measure(folder: &Path, asked: &Mails) -> Result<usize, Failure> {
    let head = format!("{:40} {:>8} {:>8} {:>10} {:>10}\n", "one process at a time", "MB", "s", "MB beyond", "MB all");
    super::super::print(&head)?;
    let mut missed = 0;
    for (name, make) in mails::ALL.iter().filter(|(name, _)| name.contains(&asked.only)) {
        let file = folder.join("mail.eml");
        std::fs::write(&file, make(asked.size_mb * 1_000_000))
            .map_err(|error| Failure::new(format!("cannot write {}: {error}", file.display())))?;
        let taken = taken(name, &file)?;
        missed += usize::from(!taken.holds());
        super::super::print(&taken.row())?;
    }
    Ok(missed + measure_corpora(asked)?)
}

/// Reads each file of the corpora; prints the slowest, the largest, and those that missed a bound.
fn measure_corpora(asked: &Mails) -> Result<usize, Failure> {
    let shared = || std::env::var_os("SEALPOST_SHARED").map(|shared| PathBuf::from(shared).join("corpora"));
    let Some(folder) = asked.corpora.clone().or_else(shared).filter(|folder| folder.is_dir()) else {
        eprintln!("sealpost: no corpora are measured: name a folder with --corpora");
        return Ok(0);
    };
    let mut all = Vec::new();
    for file in files_below(&folder)? {
        let name = file.strip_prefix(&folder).unwrap_or(&file).display().to_string();
        if name.contains(&asked.only) {
            all.push(taken(&name, &file)?);
        }
    }
    let mut text =
        format!("\n{} files of the corpora; the slowest, the one with most memory, and what missed:\n", all.len());
    text.extend(all.iter().max_by_key(|taken| taken.wall).map(Taken::row));
    text.extend(all.iter().max_by_key(|taken| taken.beyond_bytes()).map(Taken::row));
    let missed: Vec<String> = all.iter().filter(|taken| !taken.holds()).map(Taken::row).collect();
    text.extend(missed.iter().cloned());
    super::super::print(&text)?;
    Ok(missed.len())
}

/// The best of a few tries; one that holds ends them.
fn taken(name: &str, file: &Path) -> Result<Taken, Failure> {
    let mut best = read(name, file)?;
    for _ in 1..TRIES {
        if best.holds() {
            break;
        }
        let again = read(name, file)?;
        if again.holds() || again.wall < best.wall {
            best = again;
        }
    }
    Ok(best)
}

/// One run of `sealpost read`, with its cells.
fn read(name: &str, file: &Path) -> Result<Taken, Failure> {
    let failed = |error: std::io::Error| Failure::new(format!("cannot read {}: {error}", file.display()));
    let size_bytes = std::fs::metadata(file).map_err(failed)?.len();
    let begun = Instant::now();
    let mut running = Measured::sealpost(&["read", &file.display().to_string()], Path::new("."))?;
    let mut peak = Peak::default();
    let trouble = loop {
        peak = peak.and(running.peak());
        let wall = begun.elapsed();
        match running.ended()? {
            Some(status) if status.success() => break None,
            Some(status) => break Some(format!("ended with {status}")),
            None if wall > PATIENCE => break Some("was ended".to_owned()),
            None => std::thread::sleep(Duration::from_millis(2)),
        }
    };
    Ok(Taken { name: name.to_owned(), size_bytes, wall: begun.elapsed(), peak, trouble })
}
