//! How many requests leave in a second: a bucket that fills evenly, from which every request takes one.

use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};
use tracker::Method;

/// The buckets of one site. Nobody is refused: whoever comes too early is told how long to wait, and the place is kept.
#[derive(Debug)]
pub(super) struct Burst {
    /// For every request.
    all: Bucket,
    /// For those that replace or delete, of which Jira takes half as many (Atlassian's page on rate limits of 5 March 2026: GET and
    /// POST 100 in a second, PUT and DELETE 50).
    changing: Bucket,
    /// Until then a limit is near.
    eased_until: Mutex<Option<Instant>>,
}

/// A bucket that fills evenly.
#[derive(Debug)]
struct Bucket {
    /// `None`: no limit.
    every: Option<Duration>,
    /// When it will be empty at the earliest.
    next: Mutex<Option<Instant>>,
}

/// Requests that may leave at once after a pause: as many as fill the bucket in this time.
const SLACK: Duration = Duration::from_secs(1);
/// After the tracker said that a limit is near, requests leave so many times slower, for so long.
const EASED_BY: u32 = 4;
const EASED_FOR: Duration = Duration::from_secs(2);

impl Burst {
    /// At most `per_s` requests in a second; 0 for as many as there are.
    pub(super) fn new(per_s: u32) -> Burst {
        let changing = if per_s == 0 { 0 } else { (per_s / 2).max(1) };
        Burst { all: Bucket::new(per_s), changing: Bucket::new(changing), eased_until: Mutex::default() }
    }

    /// Takes a place; how long to wait for it.
    pub(super) fn take(&self, method: Method, now: Instant) -> Duration {
        let eased_until = *self.eased_until.lock().unwrap_or_else(PoisonError::into_inner);
        let slower = if eased_until.is_some_and(|until| now < until) { EASED_BY } else { 1 };
        let wait = self.all.take(now, slower);
        match method {
            Method::Get | Method::Post => wait,
            Method::Put | Method::Delete => wait.max(self.changing.take(now, slower)),
        }
    }

    /// The tracker says that one of its limits is near: what was saved up is given up, and for a while requests leave more slowly.
    pub(super) fn ease(&self, now: Instant) {
        *self.eased_until.lock().unwrap_or_else(PoisonError::into_inner) = Some(now + EASED_FOR);
        self.all.empty(now);
        self.changing.empty(now);
    }
}

impl Bucket {
    fn new(per_s: u32) -> Bucket {
        Bucket { every: (per_s > 0).then(|| Duration::from_secs(1) / per_s), next: Mutex::default() }
    }

    fn take(&self, now: Instant, slower: u32) -> Duration {
        let Some(every) = self.every else { return Duration::ZERO };
        let mut next = self.next.lock().unwrap_or_else(PoisonError::into_inner);
        let due = next.unwrap_or(now).max(now.checked_sub(SLACK).unwrap_or(now));
        *next = Some(due + every * slower);
        due.saturating_duration_since(now)
    }

    fn empty(&self, now: Instant) {
        let mut next = self.next.lock().unwrap_or_else(PoisonError::into_inner);
        *next = (*next).max(Some(now));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn requests_leave_no_faster_than_allowed() {
        let (burst, start) = (Burst::new(10), Instant::now());
        let waits: Vec<u128> = (0..12).map(|_| burst.take(Method::Get, start).as_millis()).collect();
        assert_eq!(waits[..2], [0, 100]);
        assert_eq!(waits[11], 1100);
        let later = start + Duration::from_secs(60);
        let after_a_pause: Vec<u128> = (0..13).map(|_| burst.take(Method::Post, later).as_millis()).collect();
        assert_eq!(after_a_pause[..11], [0; 11], "a pause saves up one second and no more");
        assert_eq!(after_a_pause[12], 200);
    }

    #[test]
    fn without_a_limit_nobody_waits() {
        let burst = Burst::new(0);
        assert!((0..1000).all(|_| burst.take(Method::Put, Instant::now()).is_zero()));
    }

    #[test]
    fn fault_15_what_replaces_or_deletes_leaves_half_as_fast() {
        let (burst, start) = (Burst::new(10), Instant::now());
        let waits: Vec<u128> = (0..3).map(|_| burst.take(Method::Put, start).as_millis()).collect();
        assert_eq!(waits, [0, 200, 400]);
        assert_eq!(burst.take(Method::Get, start).as_millis(), 300, "it has left three times");
        assert!((0..5).all(|_| Burst::new(1).take(Method::Delete, start).is_zero()), "one in a second all the same");
    }

    #[test]
    fn fault_15_a_limit_that_is_near_slows_requests_down_for_a_while() {
        let (burst, start) = (Burst::new(10), Instant::now());
        burst.take(Method::Get, start);
        let later = start + Duration::from_secs(60);
        burst.ease(later);
        let waits: Vec<u128> = (0..3).map(|_| burst.take(Method::Get, later).as_millis()).collect();
        assert_eq!(waits, [0, 400, 800]);
        let over = later + Duration::from_secs(60);
        let waits: Vec<u128> = (0..12).map(|_| burst.take(Method::Get, over).as_millis()).collect();
        assert_eq!((waits[10], waits[11]), (0, 100), "as fast as before");
        let free = Burst::new(0);
        free.ease(start);
        assert!(free.take(Method::Put, start).is_zero(), "whoever sets no limit gets none");
    }
}
