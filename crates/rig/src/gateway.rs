//! A running `sealpost serve`: awaited, watched, signalled, and killed when dropped.

#![allow(clippy::unwrap_used, reason = "a test that cannot start its gateway must stop at once and say where")]

use crate::web;
use rustix::process::{Pid, Signal, kill_process};
use std::fs::{self, OpenOptions};
use std::net::SocketAddr;
use std::path::PathBuf;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::time::{Duration, Instant};

/// Nothing that a test waits for takes longer, unless it hangs.
const PATIENCE: Duration = Duration::from_secs(120);
/// Between two looks.
const LOOK_EVERY: Duration = Duration::from_millis(25);

/// The process. Its log and its output are appended to files, so that several starts can be read in a row.
pub struct Gateway {
    child: Child,
    operations: SocketAddr,
    log: PathBuf,
    out: PathBuf,
}

impl Gateway {
    pub(crate) fn spawn(mut command: Command, operations: SocketAddr, log: PathBuf, out: PathBuf) -> Gateway {
        let append = |path: &PathBuf| OpenOptions::new().append(true).create(true).open(path).unwrap();
        command.stdin(Stdio::null()).stdout(append(&out)).stderr(append(&log));
        let child = command.spawn().unwrap();
        Gateway { child, operations, log, out }
    }

    /// Waits until `/ready` says so; the status when the process ends before.
    pub fn wait_until_ready(&mut self) -> Result<(), ExitStatus> {
        let since = Instant::now();
        loop {
            if let Some(status) = self.ended() {
                return Err(status);
            }
            let page = web::try_get(&format!("http://{}/ready", self.operations), &[]);
            if page.is_ok_and(|page| page.status == 200) {
                return Ok(());
            }
            assert!(since.elapsed() < PATIENCE, "the gateway does not become ready: {}", self.log());
            std::thread::sleep(LOOK_EVERY);
        }
    }

    /// How the process ended, when it has.
    pub fn ended(&mut self) -> Option<ExitStatus> {
        self.child.try_wait().unwrap()
    }

    /// Waits until the process has ended. Panics when it does not.
    pub fn wait_for_end(&mut self) -> ExitStatus {
        let since = Instant::now();
        loop {
            if let Some(status) = self.ended() {
                return status;
            }
            assert!(since.elapsed() < PATIENCE, "the gateway does not end: {}", self.log());
            std::thread::sleep(LOOK_EVERY);
        }
    }

    /// Sends a signal to the process.
    pub fn signal(&self, signal: Signal) {
        let id = i32::try_from(self.child.id()).unwrap();
        kill_process(Pid::from_raw(id).unwrap(), signal).unwrap();
    }

    /// What all starts so far have logged.
    pub fn log(&self) -> String {
        fs::read_to_string(&self.log).unwrap_or_default()
    }

    /// Waits until the log holds this text; the whole log.
    pub fn wait_for_log(&self, text: &str) -> String {
        let since = Instant::now();
        loop {
            let log = self.log();
            if log.contains(text) {
                return log;
            }
            assert!(since.elapsed() < PATIENCE, "the log never says {text:?}: {log}");
            std::thread::sleep(LOOK_EVERY);
        }
    }

    /// What all starts so far have printed.
    pub fn output(&self) -> String {
        fs::read_to_string(&self.out).unwrap_or_default()
    }

    /// Its metrics as they are now.
    pub fn metrics(&self) -> Metrics {
        Metrics(web::get(&format!("http://{}/metrics", self.operations), &[]).body)
    }

    /// Waits until the metrics are as they should be.
    pub fn wait_until(&mut self, what: &str, so: impl Fn(&Metrics) -> bool) -> Metrics {
        let since = Instant::now();
        loop {
            assert!(self.ended().is_none(), "the gateway died: {}", self.log());
            let metrics = self.metrics();
            if so(&metrics) {
                return metrics;
            }
            assert!(since.elapsed() < PATIENCE, "never {what}:\n{}\n{}", metrics.0, self.log());
            std::thread::sleep(LOOK_EVERY);
        }
    }

    /// Waits until no mail is left to work on; what is held or dead stays.
    pub fn wait_until_quiet(&mut self) -> Metrics {
        self.wait_until("quiet", |metrics| metrics.open_jobs() == 0)
    }
}

impl Drop for Gateway {
    fn drop(&mut self) {
        // It may have ended by itself; a stopped process dies of this signal too.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Metrics in Prometheus' text format.
#[derive(Debug, Clone)]
pub struct Metrics(pub String);

impl Metrics {
    /// The sum of a metric's samples, those whose labels contain all of `labels`, for example `state="ready"`.
    pub fn sum(&self, name: &str, labels: &[&str]) -> u64 {
        let samples = self.0.lines().filter_map(|line| {
            let (sample, value) = line.rsplit_once(' ')?;
            let (own, own_labels) = sample.split_once('{').unwrap_or((sample, ""));
            let fits = own == name && labels.iter().all(|label| own_labels.contains(label));
            fits.then(|| value.parse::<u64>().ok()).flatten()
        });
        samples.sum()
    }

    /// Jobs of mails and events that will go on by themselves.
    pub fn open_jobs(&self) -> u64 {
        assert!(self.0.contains("sealpost_messages "), "the metrics lack the store's figures: {}", self.0);
        let kinds = ["decide", "carry", "deliver", "replay", "notice", "written", "returned", "letter"]
            .map(|kind| format!("kind=\"{kind}\""));
        let states = ["state=\"ready\"", "state=\"running\"", "state=\"waiting\""];
        let pairs = kinds.iter().flat_map(|kind| states.iter().map(move |state| (kind.as_str(), *state)));
        pairs.map(|(kind, state)| self.sum("sealpost_jobs", &[kind, state])).sum()
    }
}
