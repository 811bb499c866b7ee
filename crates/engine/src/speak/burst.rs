//! How many requests leave in a second: a bucket that fills evenly, from which every request takes one.

use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

/// The bucket of one site. Nobody is refused: whoever comes too early is told how long to wait, and the place is kept.
#[derive(Debug)]
pub(super) struct Burst {
    /// `None`: no limit.
    every: Option<Duration>,
    /// When the bucket will be empty at the earliest.
    next: Mutex<Option<Instant>>,
}

/// Requests that may leave at once after a pause: as many as fill the bucket in this time.
const SLACK: Duration = Duration::from_secs(1);

impl Burst {
    /// At most `per_s` requests in a second; 0 for as many as there are.
    pub(super) fn new(per_s: u32) -> Burst {
        Burst { every: (per_s > 0).then(|| Duration::from_secs(1) / per_s), next: Mutex::default() }
    }

    /// Takes a place; how long to wait for it.
    pub(super) fn take(&self, now: Instant) -> Duration {
        let Some(every) = self.every else { return Duration::ZERO };
        let mut next = self.next.lock().unwrap_or_else(PoisonError::into_inner);
        let due = next.unwrap_or(now).max(now.checked_sub(SLACK).unwrap_or(now));
        *next = Some(due + every);
        due.saturating_duration_since(now)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn requests_leave_no_faster_than_allowed() {
        let (burst, start) = (Burst::new(10), Instant::now());
        let waits: Vec<u128> = (0..12).map(|_| burst.take(start).as_millis()).collect();
        assert_eq!(waits[..2], [0, 100]);
        assert_eq!(waits[11], 1100);
        let later = start + Duration::from_secs(60);
        let after_a_pause: Vec<u128> = (0..13).map(|_| burst.take(later).as_millis()).collect();
        assert_eq!(after_a_pause[..11], [0; 11], "a pause saves up one second and no more");
        assert_eq!(after_a_pause[12], 200);
    }

    #[test]
    fn without_a_limit_nobody_waits() {
        let burst = Burst::new(0);
        assert!((0..1000).all(|_| burst.take(Instant::now()).is_zero()));
    }
}
