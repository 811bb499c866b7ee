//! What work costs, whatever else the machine does meanwhile.

use rustix::time::{ClockId, clock_gettime};
use std::time::Duration;

/// Counts the processor time of the thread that started it.
#[derive(Debug, Clone, Copy)]
pub struct Stopwatch(Duration);

impl Stopwatch {
    pub fn start() -> Stopwatch {
        Stopwatch(used())
    }

    /// The time this thread has worked since; asked from the thread that started it.
    pub fn elapsed(&self) -> Duration {
        used().saturating_sub(self.0)
    }
}

fn used() -> Duration {
    let used = clock_gettime(ClockId::ThreadCPUTime);
    Duration::new(used.tv_sec.unsigned_abs(), u32::try_from(used.tv_nsec).unwrap_or(0))
}
