//! Leaves a site that is out of order alone, but for one probe at a time.

use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

/// The state of one site's connection. It opens after some failures in a row and closes with the first success, so a
/// limit on one busy issue, with successes between, never stops a whole site (FAULT-15, FAULT-17).
#[derive(Debug)]
pub(crate) struct Trouble {
    after: u32,
    probe_every: Duration,
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    failures_in_a_row: u32,
    last_counted: Option<Instant>,
    next_probe: Option<Instant>,
}

impl Trouble {
    pub(crate) fn new(after: u32, probe_every: Duration) -> Trouble {
        Trouble { after, probe_every, state: Mutex::default() }
    }

    /// `Err(pause)`: not now. `Ok`: go; of many that ask during trouble one per pause may go.
    pub(crate) fn may_go(&self, now: Instant) -> Result<(), Duration> {
        let mut state = self.lock();
        match state.next_probe {
            Some(next) if now < next => Err(next - now),
            Some(_) => {
                state.next_probe = Some(now + self.pause(state.failures_in_a_row));
                Ok(())
            }
            None => Ok(()),
        }
    }

    pub(crate) fn went_well(&self) {
        *self.lock() = State::default();
    }

    /// Returns how long the one who failed is to wait.
    pub(crate) fn went_wrong(&self, now: Instant) -> Duration {
        let mut state = self.lock();
        let pause = self.pause(state.failures_in_a_row);
        let opened = state.failures_in_a_row >= self.after;
        if opened && state.last_counted.is_some_and(|last| now < last + pause) {
            // One of those that were under way when the site failed: it is the same failure.
            return pause;
        }
        state.failures_in_a_row = state.failures_in_a_row.saturating_add(1);
        state.last_counted = Some(now);
        let pause = self.pause(state.failures_in_a_row);
        if state.failures_in_a_row >= self.after {
            state.next_probe = Some(now + pause);
        }
        pause
    }

    /// How long one who asks now would wait after one more failure that has been counted already.
    pub(crate) fn pause_now(&self) -> Duration {
        self.pause(self.lock().failures_in_a_row)
    }

    /// Is the site left alone at present?
    pub(crate) fn is_parked(&self) -> bool {
        self.lock().next_probe.is_some()
    }

    /// Doubles from a fifteenth of the probing interval up to it: 2 s to 30 s by default.
    fn pause(&self, failures: u32) -> Duration {
        let doublings = failures.saturating_sub(1).min(16);
        (self.probe_every / 15).saturating_mul(1 << doublings).min(self.probe_every)
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, State> {
        // Both fields are written by plain assignments; a poisoned lock holds a usable state.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fault_17_a_site_out_of_order_sees_one_probe_at_a_time() {
        let trouble = Trouble::new(3, Duration::from_secs(30));
        let start = Instant::now();
        for _ in 0..100 {
            trouble.went_wrong(start);
        }
        assert!(trouble.is_parked());
        assert_eq!(trouble.pause_now().as_secs(), 8, "a hundred requests that failed together are one outage");
        let later = start + Duration::from_secs(31);
        let went = (0..100).filter(|_| trouble.may_go(later).is_ok()).count();
        assert_eq!(went, 1);
        trouble.went_well();
        assert!(trouble.may_go(later).is_ok() && trouble.may_go(later).is_ok());
    }

    #[test]
    fn failures_with_successes_between_them_park_nothing() {
        let trouble = Trouble::new(3, Duration::from_secs(30));
        for _ in 0..50 {
            trouble.went_wrong(Instant::now());
            trouble.went_wrong(Instant::now());
            trouble.went_well();
        }
        assert!(!trouble.is_parked());
    }

    #[test]
    fn pauses_reach_the_probing_interval_and_stay_there() {
        let trouble = Trouble::new(1, Duration::from_secs(30));
        let start = Instant::now();
        let pauses_s: Vec<u64> =
            (0..7).map(|minute| trouble.went_wrong(start + Duration::from_secs(60 * minute)).as_secs()).collect();
        assert_eq!(pauses_s, [2, 4, 8, 16, 30, 30, 30]);
    }
}
