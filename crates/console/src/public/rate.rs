//! How often each client has asked: a minute's worth at once, or that of a longer span, then at an even pace.

use crate::crowd::party;
use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

/// Clients that are remembered. Beyond them the new ones are not counted; the bound on connections still holds them.
const CLIENTS_MAX: usize = 100_000;
/// The span that most limits are given for, and how much of it may be used at once.
const MINUTE: Duration = Duration::from_secs(60);
/// How often those who need not be remembered any more are looked for.
const TIDY_EVERY: Duration = Duration::from_secs(10);

/// The requests of each client, as the time at which all of them would have come at an even pace (the generic cell rate
/// algorithm of ITU-T I.371): one number for each client.
pub(crate) struct Rates {
    /// How much may be used at once.
    span: Duration,
    /// Between two requests at an even pace.
    pace: Duration,
    counted: Mutex<Counted>,
}

struct Counted {
    even_at: HashMap<IpAddr, Instant>,
    tidied_at: Option<Instant>,
}

impl Rates {
    pub(crate) fn new(requests_per_minute_max: u32) -> Rates {
        Rates::over(MINUTE, requests_per_minute_max)
    }

    /// So many within this span, which may all come at once.
    pub(crate) fn over(span: Duration, requests_max: u32) -> Rates {
        let counted = Counted { even_at: HashMap::new(), tidied_at: None };
        Rates { span, pace: span / requests_max.max(1), counted: Mutex::new(counted) }
    }

    /// Counts one request at this time; when it is one too many it is not counted.
    ///
    /// # Errors
    /// How long the client should wait before the next one.
    pub(crate) fn count(&self, client: IpAddr, now: Instant) -> Result<(), Duration> {
        let who = party(client);
        let mut counted = self.counted.lock().unwrap_or_else(PoisonError::into_inner);
        counted.tidy(now);
        let room = counted.even_at.len() < CLIENTS_MAX;
        let even_at = counted.even_at.get(&who).copied().unwrap_or(now).max(now) + self.pace;
        let ahead = even_at - now;
        if ahead > self.span {
            return Err(ahead - self.span);
        }
        if room || counted.even_at.contains_key(&who) {
            counted.even_at.insert(who, even_at);
        }
        Ok(())
    }

    /// Whether one more request would be one too many; nothing is counted.
    pub(crate) fn is_over(&self, client: IpAddr, now: Instant) -> bool {
        let counted = self.counted.lock().unwrap_or_else(PoisonError::into_inner);
        counted.even_at.get(&party(client)).is_some_and(|even_at| *even_at + self.pace > now + self.span)
    }
}

impl Counted {
    /// Forgets everybody whose requests are no more than an even pace allows.
    fn tidy(&mut self, now: Instant) {
        if self.tidied_at.is_none_or(|at| now.saturating_duration_since(at) >= TIDY_EVERY) {
            self.even_at.retain(|_, even_at| *even_at > now);
            self.tidied_at = Some(now);
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    const SECOND: Duration = Duration::from_secs(1);

    #[test]
    fn sec_45_a_minutes_worth_at_once_and_then_at_an_even_pace() {
        let (rates, begun) = (Rates::new(60), Instant::now());
        let count = |address: &str, now| rates.count(address.parse().unwrap(), now);
        for _ in 0..60 {
            count("192.0.2.1", begun).unwrap();
        }
        let wait = count("192.0.2.1", begun).unwrap_err();
        assert!(wait <= SECOND, "{wait:?}");
        count("192.0.2.2", begun).unwrap();
        count("192.0.2.1", begun + SECOND).unwrap();
        count("192.0.2.1", begun + SECOND).unwrap_err();
        assert_eq!((0..60).filter(|_| count("192.0.2.1", begun + 61 * SECOND).is_ok()).count(), 60);
    }

    #[test]
    fn sec_45_an_hours_worth_is_used_up_for_an_hour() {
        let hour = 60 * MINUTE;
        let (rates, begun) = (Rates::over(hour, 20), Instant::now());
        let count = |now| rates.count([192, 0, 2, 1].into(), now).is_ok();
        let taken = (0..120).filter(|minute| count(begun + *minute * MINUTE)).count();
        assert!((20..=60).contains(&taken), "{taken}");
        assert_eq!((0..100).filter(|_| count(begun + 4 * hour)).count(), 20);
        assert!(!count(begun + 4 * hour + 2 * MINUTE) && count(begun + 4 * hour + 3 * MINUTE));
    }

    #[test]
    fn sec_45_one_network_of_ipv6_is_one_client() {
        let (rates, now) = (Rates::new(1), Instant::now());
        rates.count("2001:db8::1".parse().unwrap(), now).unwrap();
        rates.count("2001:db8::2".parse().unwrap(), now).unwrap_err();
        rates.count("2001:db8:0:1::1".parse().unwrap(), now).unwrap();
    }

    #[test]
    fn nobody_is_remembered_for_longer_than_it_matters() {
        let (rates, now) = (Rates::new(60), Instant::now());
        for last in 0..200 {
            rates.count([192, 0, 2, last].into(), now).unwrap();
        }
        rates.count([192, 0, 2, 250].into(), now + MINUTE).unwrap();
        assert_eq!(rates.counted.lock().unwrap().even_at.len(), 1);
    }
}
