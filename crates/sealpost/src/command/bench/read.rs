//! `sealpost bench read` and `bench reply`: reading mails in this process, beside other people's parsers over the same files.

use super::intake::{left, tempdir};
use super::{load, peers};
use crate::command::Failure;
use rustix::time::{ClockId, clock_gettime};
use std::hint::black_box;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

/// Each measurement goes over its mails again and again for at least this long.
const AT_LEAST: Duration = Duration::from_secs(3);

/// Mails of the generated mix, from 2 kB to 2 MB.
const MIX_MAILS: usize = 200;

/// Short replies that are cut over and over.
const REPLIES: usize = 500;

/// What is read.
#[derive(Debug, Clone, clap::Args)]
pub struct Mails {
    /// A folder of mails, read with everything below it; by default the corpora of the shared folder, where it is.
    #[arg(long)]
    corpora: Option<PathBuf>,
}

/// Mails read by one measurement, and what that took.
struct Taken {
    mails: usize,
    bytes: usize,
    wall: Duration,
    cpu: Duration,
}

impl Taken {
    fn row(&self, name: &str) -> String {
        row(name, self.mails as f64 / self.wall.as_secs_f64(), self.mails, self.bytes, self.cpu)
    }
}

fn row(name: &str, rate: f64, mails: usize, bytes: usize, cpu: Duration) -> String {
    let cpu_s = cpu.as_secs_f64().max(1e-9);
    format!("{name:44} {rate:>9.0} {:>13.0} {:>13.1}\n", mails as f64 / cpu_s, bytes as f64 / 1e6 / cpu_s)
}

fn head(what: &str) -> String {
    format!("{what:44} {:>9} {:>13} {:>13}\n", "mails/s", "mails/CPU s", "MB/CPU s")
}

/// Reads the corpora and a generated mix, in one thread and in two, and has the peers parse the same files.
pub fn run(asked: &Mails) -> Result<(), Failure> {
    let folder = tempdir()?;
    let measured = measure(&folder, asked);
    left(&folder, measured)
}

fn measure(folder: &Path, asked: &Mails) -> Result<(), Failure> {
    let mix = folder.join("mix");
    write_mix(&mix)?;
    let corpora = asked.corpora.clone().or_else(|| Some(shared()?.join("corpora"))).filter(|folder| folder.is_dir());
    if corpora.is_none() {
        eprintln!("sealpost: no corpora are measured: name a folder of mails with --corpora");
    }
    let sets = corpora.iter().map(|folder| ("corpora", folder.as_path())).chain([("generated mix", mix.as_path())]);
    for (name, folder) in sets {
        let files = mails_below(folder)?;
        let mails: Vec<Vec<u8>> = files.iter().filter_map(|file| std::fs::read(file).ok()).collect();
        let bytes: usize = mails.iter().map(Vec::len).sum();
        eprintln!("sealpost: reading {} mails of {name} ({:.1} MB) …", mails.len(), bytes as f64 / 1e6);
        let before = peak_bytes();
        let mut text = head(&format!("{name}: {} mails, {:.1} MB", mails.len(), bytes as f64 / 1e6));
        text += &repeat(&mails, 1, read_whole).row("Sealpost: read whole, 1 thread");
        text += &repeat(&mails, 2, read_whole).row("Sealpost: read whole, 2 threads");
        let more = peak_bytes().saturating_sub(before);
        for peer in peers::measure(&files, AT_LEAST)? {
            text += &match peer.parsed {
                Some((count, cpu)) => {
                    let bytes = (bytes as f64 * count as f64 / mails.len().max(1) as f64) as usize;
                    row(peer.name, count as f64 / cpu.as_secs_f64().max(1e-9), count, bytes, cpu)
                }
                None => format!("{:44} not installed here: {}\n", peer.name, peer.needs),
            };
        }
        text += &format!("memory beyond the mails themselves: {:.1} MB at most\n\n", more as f64 / 1e6);
        super::super::print(&text)?;
    }
    Ok(())
}

/// Cuts short replies, in one thread and in two.
pub fn run_reply() -> Result<(), Failure> {
    let replies: Vec<Vec<u8>> = (0..REPLIES).map(short_reply).collect();
    let mut text = head(&format!("{REPLIES} short replies"));
    for threads in [1, 2] {
        let taken = repeat(&replies, threads, |raw| {
            black_box(mail::new_text(mail::Format::Text, raw));
        });
        text += &taken.row(&format!("Sealpost: cut a reply, {threads} thread(s)"));
    }
    super::super::print(&text)
}

/// Parse, digests, text, safe HTML, reply and classes: everything that a cell does with a mail.
fn read_whole(raw: &[u8]) {
    black_box(mail::read(raw, &mail::Limits::default()));
}

/// Works on all mails, round after round, in several threads; one round before it is not counted.
fn repeat(mails: &[Vec<u8>], threads: usize, work: fn(&[u8])) -> Taken {
    mails.iter().for_each(|mail| work(mail));
    let (begun, cpu) = (Instant::now(), own_cpu());
    let rounds: usize = std::thread::scope(|scope| {
        let running: Vec<_> = (0..threads)
            .map(|_| {
                scope.spawn(move || {
                    let mut rounds = 0;
                    while begun.elapsed() < AT_LEAST {
                        mails.iter().for_each(|mail| work(mail));
                        rounds += 1;
                    }
                    rounds
                })
            })
            .collect();
        // A thread that panicked has read nothing that could be counted.
        running.into_iter().map(|thread| thread.join().unwrap_or(0)).sum()
    });
    let bytes: usize = mails.iter().map(Vec::len).sum();
    let (wall, cpu) = (begun.elapsed(), own_cpu().saturating_sub(cpu));
    Taken { mails: mails.len() * rounds, bytes: bytes * rounds, wall, cpu }
}

fn own_cpu() -> Duration {
    let used = clock_gettime(ClockId::ProcessCPUTime);
    Duration::new(used.tv_sec.unsigned_abs(), u32::try_from(used.tv_nsec).unwrap_or(0))
}

fn peak_bytes() -> u64 {
    super::child::peak_bytes(std::process::id())
}

fn shared() -> Option<PathBuf> {
    std::env::var_os("SEALPOST_SHARED").map(PathBuf::from)
}

/// Every file below a folder that is a mail by its name, in order.
fn mails_below(folder: &Path) -> Result<Vec<PathBuf>, Failure> {
    const ENDINGS: [&str; 4] = ["eml", "txt", "msg", "mbox"];
    let mut files = files_below(folder)?;
    files.retain(|path| path.extension().and_then(|ending| ending.to_str()).is_some_and(|end| ENDINGS.contains(&end)));
    Ok(files)
}

/// Every file below a folder, in order.
pub fn files_below(folder: &Path) -> Result<Vec<PathBuf>, Failure> {
    let failed = |error: std::io::Error| Failure::new(format!("cannot read {}: {error}", folder.display()));
    let mut found = Vec::new();
    let mut folders = vec![folder.to_owned()];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(&folder).map_err(failed)? {
            let path = entry.map_err(failed)?.path();
            if path.is_dir() { folders.push(path) } else { found.push(path) }
        }
    }
    found.sort();
    Ok(found)
}

/// Plain mails, mails with an HTML twin and mails with a file, of sizes that grow evenly on a logarithmic scale.
fn write_mix(folder: &Path) -> Result<(), Failure> {
    const SMALLEST: f64 = 2_000.0;
    const LARGEST: f64 = 2_000_000.0;
    let failed = |error: std::io::Error| Failure::new(format!("cannot write into {}: {error}", folder.display()));
    std::fs::create_dir_all(folder).map_err(failed)?;
    for number in 0..MIX_MAILS {
        let share = number as f64 / (MIX_MAILS - 1) as f64;
        let size_bytes = (SMALLEST * (LARGEST / SMALLEST).powf(share)) as usize;
        let raw = match number % 3 {
            0 => load::mail(number, size_bytes),
            1 => load::mail_with_html(number, size_bytes),
            _ => load::mail_with_attachment(number, size_bytes),
        };
        std::fs::write(folder.join(format!("{number:03}.eml")), raw).map_err(failed)?;
    }
    Ok(())
}

/// A few new lines above a quoted mail, as people answer.
fn short_reply(number: usize) -> Vec<u8> {
    format!(
        "Hello,\n\nyes, number {number} works now. Thank you!\n\nBest regards\nAnn\n\n\
         On Mon, 16 Nov 2026 at 09:12, Support <support@desk.example> wrote:\n\
         > Dear Ann,\n>\n> could you try it once more and tell us whether the light is green?\n>\n> Kind regards\n> Your desk\n"
    )
    .into_bytes()
}
