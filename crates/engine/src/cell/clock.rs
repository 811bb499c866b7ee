//! The time that a cell has left in one call; it runs only while the parent waits for the cell.

use std::future::Future;
use std::io;
use std::time::{Duration, Instant};

/// What is left of a call's time.
#[derive(Debug)]
pub(super) struct Clock {
    left: Duration,
}

impl Clock {
    pub(super) fn new(wall_ms: u64) -> Clock {
        Clock { left: Duration::from_millis(wall_ms) }
    }

    /// Waits for the cell, at most for the time that is left; [`io::ErrorKind::TimedOut`] when it is used up.
    pub(super) async fn wait<T>(&mut self, work: impl Future<Output = io::Result<T>>) -> io::Result<T> {
        let begun = Instant::now();
        let result = tokio::time::timeout(self.left, work).await;
        self.left = self.left.saturating_sub(begun.elapsed());
        result.unwrap_or_else(|_| Err(io::ErrorKind::TimedOut.into()))
    }
}
