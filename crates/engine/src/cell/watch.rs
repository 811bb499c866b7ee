//! The watch over the CPU time of a single call, finer than the kernel's whole seconds: a call that overruns it ends its cell.

use rustix::time::{ClockId, clock_gettime};
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender};
use std::time::Duration;

/// The code with which a cell ends when a call took more CPU time than it may.
pub(super) const OVERRAN: i32 = 86;
/// Between two looks at the clock.
const LOOK_AGAIN: Duration = Duration::from_millis(5);

/// A call has begun that may take so many milliseconds, or it has ended.
pub(super) enum Edge {
    Begun { cpu_ms_max: u32 },
    Ended,
}

/// The worker's end. A call without a bound of its own costs nothing.
pub(super) struct Watched(pub Sender<Edge>);

impl Watched {
    /// Does the work of a call under the watch.
    pub fn during<T>(&self, cpu_ms_max: Option<u32>, work: impl FnOnce() -> T) -> T {
        let Some(cpu_ms_max) = cpu_ms_max else { return work() };
        // Nobody watches when the cell is about to end.
        let _ = self.0.send(Edge::Begun { cpu_ms_max });
        let done = work();
        let _ = self.0.send(Edge::Ended);
        done
    }
}

/// Watches until the worker has ended; ends the process when a call overruns.
pub(super) fn watch(edges: &Receiver<Edge>) {
    let mut until_us = None;
    loop {
        let edge = match until_us {
            None => edges.recv().map_err(|_| RecvTimeoutError::Disconnected),
            Some(_) => edges.recv_timeout(LOOK_AGAIN),
        };
        until_us = match (edge, until_us) {
            (Ok(Edge::Begun { cpu_ms_max }), _) => Some(cpu_us() + u64::from(cpu_ms_max) * 1000),
            (Ok(Edge::Ended), _) => None,
            (Err(RecvTimeoutError::Timeout), Some(until)) if cpu_us() > until => std::process::exit(OVERRAN),
            (Err(RecvTimeoutError::Timeout), until) => until,
            (Err(RecvTimeoutError::Disconnected), _) => return,
        };
    }
}

/// CPU time of the whole process since its start.
pub(super) fn cpu_us() -> u64 {
    let used = clock_gettime(ClockId::ProcessCPUTime);
    used.tv_sec.unsigned_abs() * 1_000_000 + used.tv_nsec.unsigned_abs() / 1000
}
