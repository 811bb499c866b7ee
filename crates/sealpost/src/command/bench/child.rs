//! Child processes under measurement: their CPU time and memory as the kernel counts them, descendants included.

use crate::command::Failure;
use crate::wire;
use std::collections::HashMap;
use std::fs;
use std::path::Path;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::time::{Duration, Instant};

/// How long a child may take until it listens, and to end when it is told to.
const PATIENCE: Duration = Duration::from_secs(60);

/// A process that ends when this is dropped.
pub struct Measured {
    child: Child,
}

/// What a process and its descendants have used.
#[derive(Debug, Clone, Copy, Default)]
pub struct Used {
    pub cpu: Duration,
}

/// The most memory that a process and its descendants have held.
#[derive(Debug, Clone, Copy, Default)]
pub struct Peak {
    /// That of the process that held the most.
    pub largest_bytes: u64,
    /// Those of all of them together, which they need not have held at one time.
    pub together_bytes: u64,
}

impl Peak {
    /// The higher of two.
    pub fn and(self, other: Peak) -> Peak {
        Peak {
            largest_bytes: self.largest_bytes.max(other.largest_bytes),
            together_bytes: self.together_bytes.max(other.together_bytes),
        }
    }
}

impl Measured {
    /// Starts this program again with other words.
    pub fn sealpost(words: &[&str], folder: &Path) -> Result<Measured, Failure> {
        let program = wire::own_program()?;
        Measured::start(Command::new(program).args(words).current_dir(folder).stdout(Stdio::null()))
    }

    /// Starts a command.
    pub fn start(command: &mut Command) -> Result<Measured, Failure> {
        let shown = format!("{:?}", command.get_program());
        let child = command
            .stdin(Stdio::null())
            .spawn()
            .map_err(|error| Failure::new(format!("cannot start {shown}: {error}")))?;
        Ok(Measured { child })
    }

    /// CPU time so far: its own, that of ended descendants it waited for, and that of living ones.
    pub fn used(&self) -> Used {
        let family = family(self.child.id());
        Used { cpu: family.iter().map(|pid| cpu(*pid)).sum() }
    }

    /// The most memory that the process itself has held, in bytes; cells not included.
    pub fn peak_bytes(&self) -> u64 {
        peak_bytes(self.child.id())
    }

    /// The most memory that it and each of its living descendants have held.
    pub fn peak(&self) -> Peak {
        let peaks: Vec<u64> = family(self.child.id()).into_iter().map(peak_bytes).collect();
        Peak { largest_bytes: peaks.iter().copied().max().unwrap_or(0), together_bytes: peaks.iter().sum() }
    }

    /// How it ended, when it has.
    pub fn ended(&mut self) -> Result<Option<ExitStatus>, Failure> {
        self.child.try_wait().map_err(|error| Failure::new(format!("cannot wait for a process: {error}")))
    }

    /// The memory that the process itself holds now, in bytes.
    pub fn resident_bytes(&self) -> u64 {
        status_kib(self.child.id(), "VmRSS:") * 1024
    }

    /// Waits until something answers at this address.
    pub async fn listens(&mut self, address: &str) -> Result<(), Failure> {
        let begun = Instant::now();
        while tokio::net::TcpStream::connect(address).await.is_err() {
            if let Ok(Some(status)) = self.child.try_wait() {
                return Err(Failure::new(format!("the process under measurement ended with {status}")));
            }
            if begun.elapsed() > PATIENCE {
                return Err(Failure::new(format!("nothing listens at {address}")));
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        Ok(())
    }
}

impl Drop for Measured {
    fn drop(&mut self) {
        if matches!(self.child.try_wait(), Ok(Some(_))) {
            return;
        }
        let _ = Command::new("kill").arg("-TERM").arg(self.child.id().to_string()).status();
        let begun = Instant::now();
        while begun.elapsed() < PATIENCE {
            if !matches!(self.child.try_wait(), Ok(None)) {
                return;
            }
            std::thread::sleep(Duration::from_millis(20));
        }
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// CPU time of a process and its descendants so far.
pub fn used_by_family(pid: u32) -> Duration {
    family(pid).into_iter().map(cpu).sum()
}

/// CPU time of a process so far; none when it is gone.
pub fn used(pid: u32) -> Duration {
    cpu(pid)
}

/// A process and all its living descendants.
fn family(root: u32) -> Vec<u32> {
    let mut parents: HashMap<u32, u32> = HashMap::new();
    for entry in fs::read_dir("/proc").into_iter().flatten().flatten() {
        let Some(pid) = entry.file_name().to_str().and_then(|name| name.parse::<u32>().ok()) else { continue };
        if let Some(fields) = stat(pid) {
            parents.insert(pid, fields.get(1).and_then(|field| field.parse().ok()).unwrap_or(0));
        }
    }
    let mut found = vec![root];
    let mut index = 0;
    while index < found.len() {
        let parent = found[index];
        found.extend(parents.iter().filter(|(_, of)| **of == parent).map(|(pid, _)| *pid));
        index += 1;
    }
    found
}

/// The fields of `/proc/PID/stat` after the name, the state first (proc(5)).
fn stat(pid: u32) -> Option<Vec<String>> {
    let text = fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
    let (_, rest) = text.rsplit_once(") ")?;
    Some(rest.split_whitespace().map(str::to_string).collect())
}

/// utime, stime, cutime and cstime together; the kernel counts in hundredths of a second.
fn cpu(pid: u32) -> Duration {
    let fields = stat(pid).unwrap_or_default();
    let ticks: u64 = fields.iter().skip(11).take(4).filter_map(|field| field.parse::<u64>().ok()).sum();
    Duration::from_millis(ticks * 10)
}

/// The most memory that a process has held so far.
pub fn peak_bytes(pid: u32) -> u64 {
    status_kib(pid, "VmHWM:") * 1024
}

fn status_kib(pid: u32, name: &str) -> u64 {
    let text = fs::read_to_string(format!("/proc/{pid}/status")).unwrap_or_default();
    let line = text.lines().find(|line| line.starts_with(name)).unwrap_or_default();
    line.split_whitespace().nth(1).and_then(|number| number.parse().ok()).unwrap_or(0)
}
