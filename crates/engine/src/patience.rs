//! How long to wait before a job is tried again.

use std::hash::{Hash, Hasher};
use std::time::Duration;

/// Pauses that double from `first` to `quick_max` for the first tries, then from `late_first` to `late_max`.
///
/// Two slopes, because most trouble is over in seconds and the rest lasts for hours: the first is Atlassian's advice
/// (base 2 s, cap 30 s), the second keeps a long outage from costing anything.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Backoff {
    pub first: Duration,
    pub quick_max: Duration,
    pub quick_tries: u32,
    pub late_first: Duration,
    pub late_max: Duration,
}

impl Default for Backoff {
    fn default() -> Backoff {
        Backoff {
            first: Duration::from_secs(2),
            quick_max: Duration::from_secs(30),
            quick_tries: 5,
            late_first: Duration::from_secs(60),
            late_max: Duration::from_secs(15 * 60),
        }
    }
}

impl Backoff {
    /// The pause after the `tries`-th try failed, from 1, times 0.7 to 1.3.
    ///
    /// The jitter is drawn from `seed` and `tries` and not from chance: it spreads jobs just as well, and a test can
    /// say what will happen.
    pub fn pause(&self, tries: u32, seed: &str) -> Duration {
        let tries = tries.max(1);
        let (first, cap, doublings) = if tries <= self.quick_tries {
            (self.first, self.quick_max, tries - 1)
        } else {
            (self.late_first, self.late_max, tries - 1 - self.quick_tries)
        };
        let pause = first.saturating_mul(1u32.checked_shl(doublings).unwrap_or(u32::MAX)).min(cap);
        spread(pause, seed, tries)
    }
}

/// The pause times 0.7 to 1.3, always the same for the same seed and number.
pub fn spread(pause: Duration, seed: &str, number: u32) -> Duration {
    let mut hasher = std::hash::DefaultHasher::new();
    (seed, number).hash(&mut hasher);
    let thousandths = 700 + hasher.finish() % 601;
    let micros = pause.as_micros().saturating_mul(u128::from(thousandths)) / 1000;
    Duration::from_micros(u64::try_from(micros).unwrap_or(u64::MAX))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pauses_grow_within_their_bounds() {
        let backoff = Backoff::default();
        let ideal_s = [2u64, 4, 8, 16, 30, 60, 120, 240, 480, 900, 900];
        for (index, ideal) in ideal_s.into_iter().enumerate() {
            let pause = backoff.pause(index as u32 + 1, "job");
            assert!(pause >= Duration::from_secs(ideal).mul_f64(0.69), "{pause:?} is too short for {ideal} s");
            assert!(pause <= Duration::from_secs(ideal).mul_f64(1.31), "{pause:?} is too long for {ideal} s");
        }
        assert!(backoff.pause(u32::MAX, "job") <= Duration::from_secs(1170));
    }

    /// By a clock that only says what the pauses come to.
    #[test]
    fn fault_18_in_five_days_a_letter_is_tried_often_and_without_a_rush() {
        let (backoff, days) = (Backoff::default(), Duration::from_secs(5 * 24 * 3600));
        let (mut clock, mut tries, mut first_hour) = (Duration::ZERO, 0, 0);
        while clock < days {
            tries += 1;
            first_hour += u32::from(clock < Duration::from_secs(3600));
            clock += backoff.pause(tries, "letter:1");
        }
        assert!(clock < days + Duration::from_secs(20 * 60), "given up within a pause of five days: {clock:?}");
        assert!((400..=700).contains(&tries), "{tries} tries");
        assert!((8..=20).contains(&first_hour), "{first_hour} in the first hour: greylisting passes in minutes");
    }

    #[test]
    fn jobs_that_failed_together_do_not_come_back_together() {
        let backoff = Backoff::default();
        let pauses: std::collections::HashSet<Duration> =
            (0..100).map(|job| backoff.pause(3, &format!("job-{job}"))).collect();
        assert!(pauses.len() > 50, "only {} different pauses", pauses.len());
    }
}
