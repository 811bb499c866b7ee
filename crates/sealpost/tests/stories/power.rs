//! The power goes while mail comes in and is worked on; what was not synced is dropped, and nothing acknowledged is missing.
//!
//! The gateway's data lies on an ext4 of its own in a file. `FS_IOC_SHUTDOWN` with NOLOGFLUSH makes that file system forget
//! everything that was written and not synced, as a machine does whose plug is pulled. A sync that runs while the plug is being
//! pulled may return as if it had succeeded (Linux 6, one of some twenty cuts); so what is acknowledged from that moment on counts
//! as not acknowledged, and is handed in again in the end. A step that such a sync forgot is done anew, so an issue that the dying process
//! made from that moment on may be there once more.

use super::mails;
use super::world::{World, hand_in};
use rustix::process::Signal;
use std::collections::BTreeMap;
use std::fs::File;
use std::io::{BufRead, BufReader, Write};
use std::net::SocketAddr;
use std::ops::Range;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, SystemTime, UNIX_EPOCH};
use tempfile::TempDir;

const THIS_TEST: &str = "stories::power::fault_08_the_power_goes_and_nothing_acknowledged_is_missing";
const CUTS: u64 = 10;
/// The cut comes at a moment up to this long after the first mail of a round was sent.
const MOMENT_MAX_MS: u64 = 1500;
const IMAGE_BYTES: u64 = 192 << 20;
/// Every so many mails one is above 64 KiB, so that it lies in the blob store.
const LARGE_EVERY: u64 = 4;
const SENDERS: usize = 3;

/// `ioctl(FS_IOC_SHUTDOWN, NOLOGFLUSH)` at a line of input: the request and its argument, as linux/fs.h and ext4 define them.
const PULL_THE_PLUG: &str = "\
import fcntl, os, struct, sys
folder = os.open(sys.argv[1], os.O_RDONLY)
print('ready', flush=True)
sys.stdin.readline()
fcntl.ioctl(folder, 0x8004587d, struct.pack('I', 2))
";

/// A hand at the plug of a disk.
struct Plug(Child);

impl Plug {
    fn in_hand(disk: &Disk) -> Plug {
        let mut puller = Command::new("python3");
        puller.args(["-c", PULL_THE_PLUG]).arg(disk.mounted()).stdin(Stdio::piped()).stdout(Stdio::piped());
        let mut hand = puller.spawn().unwrap();
        let mut ready = String::new();
        BufReader::new(hand.stdout.as_mut().unwrap()).read_line(&mut ready).unwrap();
        Plug(hand)
    }

    fn pull(mut self) {
        self.0.stdin.take().unwrap().write_all(b"\n").unwrap();
        assert!(self.0.wait().unwrap().success(), "the plug could not be pulled");
    }
}

/// A file system in a file, unmounted when dropped.
struct Disk {
    folder: TempDir,
}

impl Disk {
    /// Makes and mounts it, or says what the machine lacks.
    fn make() -> Result<Disk, String> {
        let folder = tempfile::Builder::new().prefix("rig-disk-").tempdir().unwrap();
        let disk = Disk { folder };
        File::create(disk.image()).unwrap().set_len(IMAGE_BYTES).unwrap();
        std::fs::create_dir(disk.mounted()).unwrap();
        run(Command::new("mkfs.ext4").arg("-q").arg("-F").arg(disk.image()))?;
        disk.mount()?;
        Ok(disk)
    }

    fn image(&self) -> PathBuf {
        self.folder.path().join("image")
    }

    fn mounted(&self) -> PathBuf {
        self.folder.path().join("mounted")
    }

    fn mount(&self) -> Result<(), String> {
        run(Command::new("mount").args(["-o", "loop"]).arg(self.image()).arg(self.mounted()))
    }

    fn power_on_again(&self) {
        run(Command::new("umount").arg(self.mounted())).unwrap();
        self.mount().unwrap();
    }
}

impl Drop for Disk {
    fn drop(&mut self) {
        // It may not be mounted; the folder cannot be removed while it is.
        let _ = run(Command::new("umount").arg(self.mounted()));
    }
}

fn run(command: &mut Command) -> Result<(), String> {
    let output = command.stdin(Stdio::null()).output().map_err(|error| format!("{command:?}: {error}"))?;
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    if output.status.success() { Ok(()) } else { Err(format!("{command:?}: {said}")) }
}

/// A mail by number; the same number always gives the same bytes.
fn mail(number: u64) -> Vec<u8> {
    let (id, subject) = (format!("{number}@example.org"), format!("mail {number:04}"));
    match number % LARGE_EVERY {
        0 => mails::with_files(&id, &subject, "See the file.", &[("file.bin", 90_000)]),
        _ => mails::request(&id, &subject, "text"),
    }
}

/// Sends mails of the next numbers until one is not taken; which of them were acknowledged before it went dark.
async fn send_until_dark(smtp: SocketAddr, next: Arc<AtomicU64>, dark: Arc<AtomicBool>) -> BTreeMap<u64, bool> {
    let mut sent = BTreeMap::new();
    loop {
        let number = next.fetch_add(1, Ordering::SeqCst);
        let taken = hand_in(smtp, &mail(number)).await.is_ok();
        sent.insert(number, taken && !dark.load(Ordering::SeqCst));
        if !taken {
            return sent;
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn fault_08_the_power_goes_and_nothing_acknowledged_is_missing() {
    let disk = match Disk::make() {
        Ok(disk) => disk,
        Err(why) => return rig::shared::not_run(THIS_TEST, &format!("root and a loop device ({why})")),
    };
    let seed = SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_micros() as u64;
    println!("seed {seed}");
    let world = World::with_data(&disk.mounted()).await;
    let mut mails: BTreeMap<u64, bool> = BTreeMap::new();
    let (next, mut made_in_the_dark) = (Arc::new(AtomicU64::new(0)), Vec::new());
    for cut in 0..CUTS {
        let (sent, made) = round(&world, &disk, &next, moment(seed, cut)).await;
        mails.extend(sent);
        made_in_the_dark.push(made);
        let acknowledged = mails.values().filter(|taken| **taken).count() as u64;
        let gateway = world.home.start();
        let stored = gateway.metrics().sum("sealpost_messages", &[]);
        assert!(stored >= acknowledged, "seed {seed}, cut {cut}: {acknowledged} were acknowledged, {stored} are there");
    }
    let mut gateway = world.home.start();
    for (number, _) in mails.iter().filter(|(_, taken)| !**taken) {
        world.hand_in(&mail(*number)).await.unwrap();
    }
    gateway.wait_until_quiet();
    check(&world, &mails, &made_in_the_dark, seed);
}

/// From power on to power off; which mails were sent, and which issues, by their order, were made after the power had gone.
async fn round(
    world: &World,
    disk: &Disk,
    next: &Arc<AtomicU64>,
    moment: Duration,
) -> (BTreeMap<u64, bool>, Range<usize>) {
    let mut gateway = world.home.start();
    let (plug, dark) = (Plug::in_hand(disk), Arc::new(AtomicBool::new(false)));
    let send = |_| tokio::spawn(send_until_dark(world.home.smtp, next.clone(), dark.clone()));
    let senders: Vec<_> = (0..SENDERS).map(send).collect();
    tokio::time::sleep(moment).await;
    dark.store(true, Ordering::SeqCst);
    let made = || usize::try_from(world.desk.counts().issues_created).unwrap();
    let before = made();
    plug.pull();
    gateway.signal(Signal::KILL);
    gateway.wait_for_end();
    drop(gateway);
    let mut sent = BTreeMap::new();
    for sender in senders {
        sent.extend(sender.await.unwrap());
    }
    println!("the power went after {moment:?} and {} mails", sent.len());
    disk.power_on_again();
    (sent, before..made())
}

/// A moment of a round, always the same for the same seed (SplitMix64).
fn moment(seed: u64, cut: u64) -> Duration {
    let mut mixed = seed.wrapping_add(cut.wrapping_add(1).wrapping_mul(0x9E37_79B9_7F4A_7C15));
    mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    Duration::from_millis((mixed ^ (mixed >> 31)) % MOMENT_MAX_MS)
}

fn check(world: &World, mails: &BTreeMap<u64, bool>, made_in_the_dark: &[Range<usize>], seed: u64) {
    let summaries: Vec<String> = world.issues().into_iter().map(|issue| issue.summary).collect();
    let expected: Vec<String> = mails.keys().map(|number| format!("mail {number:04}")).collect();
    let missing: Vec<&String> = expected.iter().filter(|one| !summaries.contains(one)).collect();
    assert!(missing.is_empty(), "seed {seed}: missing: {missing:?}");
    for (place, summary) in summaries.iter().enumerate() {
        let again = summaries[place + 1..].contains(summary);
        let in_the_dark = made_in_the_dark.iter().any(|made| made.contains(&place));
        assert!(!again || in_the_dark, "seed {seed}: {summary} is there twice");
    }
    assert!(summaries.iter().all(|one| expected.contains(one)), "seed {seed}: {summaries:?}");
    let large = world.issues().into_iter().filter(|issue| !issue.files.is_empty());
    for issue in large {
        assert_eq!(issue.files, [("file.bin".to_owned(), 90_000)], "seed {seed}: {}", issue.key);
    }
}

/// The test is only worth something where the plug really drops what was not synced.
#[test]
fn what_was_not_synced_is_dropped_by_the_plug() {
    let disk = match Disk::make() {
        Ok(disk) => disk,
        Err(why) => {
            return rig::shared::not_run("stories::power::what_was_not_synced_is_dropped_by_the_plug", &why);
        }
    };
    let write = |name: &str| {
        let path = disk.mounted().join(name);
        std::fs::write(&path, name).unwrap();
        path
    };
    let synced = write("synced");
    File::open(&synced).unwrap().sync_all().unwrap();
    File::open(Path::new(&disk.mounted())).unwrap().sync_all().unwrap();
    let lost = write("lost");
    Plug::in_hand(&disk).pull();
    disk.power_on_again();
    assert_eq!(std::fs::read_to_string(synced).unwrap(), "synced");
    assert!(!lost.exists(), "the plug flushed what was not synced, so this machine cannot show a loss");
}
