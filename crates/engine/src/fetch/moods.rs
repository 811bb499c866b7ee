//! What this process remembers between rounds: how busy each mailbox is, whether it fails, and which mails could not be had.

use jiff::Timestamp;
use policy::{Fault, FaultCode};
use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};
use store::Micros;

/// How soon a mailbox is looked at again after mail came.
const BUSY_PAUSE: Duration = Duration::from_secs(5);
/// The longest pause after failed rounds, unless the mailbox is looked at less often anyway.
const FAILED_PAUSE_MAX: Duration = Duration::from_secs(15 * 60);
/// How soon a mail that could not be had is asked for again: twice as long after each failure, up to an hour.
const MAIL_PAUSE: Duration = Duration::from_secs(60);
const MAIL_PAUSE_DOUBLINGS_MAX: u32 = 6;
/// A mail that is not asked for again so long after its time, and in twice the time between two rounds, is not there any more.
const FORGOTTEN_AFTER: Duration = Duration::from_secs(60 * 60);
/// Mails of one mailbox that are remembered as not to be had; with more the oldest memory goes.
const MAILS_MAX: usize = 10_000;

/// The moods of all mailboxes of this process. Nothing of it needs to outlive it.
#[derive(Default)]
pub(crate) struct Moods {
    by_mailbox: Mutex<HashMap<String, Mood>>,
}

#[derive(Default)]
struct Mood {
    pause: Duration,
    fails: bool,
    careful: bool,
    cleaned: Option<Instant>,
    mails: HashMap<String, NotHad>,
}

/// A mail that could not be had.
struct NotHad {
    failures: u32,
    /// It is left alone until then.
    until: Instant,
    since: Micros,
    is_too_large: bool,
}

/// What lies in a mailbox and could not be had.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct NotFetched {
    pub mails: u64,
    /// So many of them are larger than the mailbox lets in.
    pub too_large: u64,
    /// Since when the first of them could not be had, as far as this process knows.
    pub since: Option<Micros>,
}

impl Moods {
    /// The pause after a round in which mail came or not: short at first, twice as long after each quiet round, up to `poll`.
    pub(crate) fn pause(&self, mailbox: &str, mail_came: bool, poll: Duration) -> Duration {
        let mut moods = self.lock();
        let mood = moods.entry(mailbox.to_owned()).or_default();
        let next = if mail_came { BUSY_PAUSE } else { mood.pause.saturating_mul(2) };
        // A mailbox of which nothing is known yet is a quiet one.
        mood.pause = if next.is_zero() { poll } else { next.min(poll) };
        mood.pause
    }

    /// The pause after so many failed rounds in a row: servers lock an account that knocks too often.
    pub(crate) fn pause_after_failure(failures: u32, poll: Duration) -> Duration {
        let doublings = failures.saturating_sub(1).min(16);
        poll.saturating_mul(1 << doublings).min(FAILED_PAUSE_MAX.max(poll))
    }

    pub(crate) fn went(&self, mailbox: &str, well: bool) {
        self.lock().entry(mailbox.to_owned()).or_default().fails = !well;
    }

    pub(crate) fn fails(&self, mailbox: &str) -> bool {
        self.lock().get(mailbox).is_some_and(|mood| mood.fails)
    }

    /// Whether the connection broke while several mails were asked for, and no round has got through since.
    pub(crate) fn was_broken_by_one_of_several(&self, mailbox: &str) -> bool {
        self.lock().get(mailbox).is_some_and(|mood| mood.careful)
    }

    pub(crate) fn broken_by_one_of_several(&self, mailbox: &str, is_so: bool) {
        self.lock().entry(mailbox.to_owned()).or_default().careful = is_so;
    }

    /// Whether this mailbox is to be looked through for mails whose days are over; then it counts as done for so long.
    pub(crate) fn is_cleaning_due(&self, mailbox: &str, now: Instant, every: Duration) -> bool {
        let mut moods = self.lock();
        let mood = moods.entry(mailbox.to_owned()).or_default();
        let is_due = mood.cleaned.is_none_or(|at| now.saturating_duration_since(at) >= every);
        if is_due {
            mood.cleaned = Some(now);
        }
        is_due
    }

    /// Whether this mail is left alone for now, because it could not be had.
    pub(crate) fn avoids(&self, mailbox: &str, handle: &str, now: Instant) -> bool {
        self.lock().get(mailbox).and_then(|mood| mood.mails.get(handle)).is_some_and(|mail| now < mail.until)
    }

    /// This mail could not be had; it is tried again later. The others are not held up by it.
    pub(crate) fn could_not_be_had(&self, mailbox: &str, handle: &str, fault: &Fault, now: Instant) {
        let mut moods = self.lock();
        let mood = moods.entry(mailbox.to_owned()).or_default();
        if mood.mails.len() >= MAILS_MAX && !mood.mails.contains_key(handle) {
            let oldest = mood.mails.iter().min_by_key(|(_, mail)| mail.until).map(|(handle, _)| handle.clone());
            oldest.and_then(|oldest| mood.mails.remove(&oldest));
        }
        let since = Timestamp::now().as_microsecond();
        let new = NotHad { failures: 0, until: now, since, is_too_large: false };
        let mail = mood.mails.entry(handle.to_owned()).or_insert(new);
        mail.failures += 1;
        mail.is_too_large = fault.code == FaultCode::TooComplex;
        let doublings = match fault.kind {
            policy::FaultKind::Permanent => MAIL_PAUSE_DOUBLINGS_MAX,
            _ => (mail.failures - 1).min(MAIL_PAUSE_DOUBLINGS_MAX),
        };
        mail.until = now + MAIL_PAUSE * (1 << doublings);
    }

    /// This mail was had after all, or is gone.
    pub(crate) fn need_not_be_had(&self, mailbox: &str, handle: &str) {
        if let Some(mood) = self.lock().get_mut(mailbox) {
            mood.mails.remove(handle);
        }
    }

    /// What could not be had and was asked for again in its time; whatever was not is gone from the server.
    pub(crate) fn not_fetched(&self, mailbox: &str, now: Instant) -> NotFetched {
        let moods = self.lock();
        let Some(mood) = moods.get(mailbox) else { return NotFetched::default() };
        let forgotten_after = FORGOTTEN_AFTER.max(mood.pause * 2);
        let there = mood.mails.values().filter(|mail| now < mail.until + forgotten_after);
        there.fold(NotFetched::default(), |told, mail| NotFetched {
            mails: told.mails + 1,
            too_large: told.too_large + u64::from(mail.is_too_large),
            since: Some(told.since.map_or(mail.since, |since| since.min(mail.since))),
        })
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<String, Mood>> {
        // Every use leaves the map whole; a poisoned lock holds a usable one.
        self.by_mailbox.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_mailbox_is_looked_at_often_while_mail_comes_and_rarely_when_none_does() {
        let moods = Moods::default();
        let poll = Duration::from_secs(60);
        let rounds = [false, true, true, false, false, false, false, false];
        let pauses_s: Vec<u64> = rounds.iter().map(|came| moods.pause("desk", *came, poll).as_secs()).collect();
        assert_eq!(pauses_s, [60, 5, 5, 10, 20, 40, 60, 60]);
        assert_eq!(moods.pause("hasty", true, Duration::from_secs(1)), Duration::from_secs(1));
    }

    #[test]
    fn a_mailbox_that_fails_is_asked_less_and_less_often() {
        let pause_s = |failures| Moods::pause_after_failure(failures, Duration::from_secs(60)).as_secs();
        assert_eq!([1, 2, 3, 4, 5, 6, u32::MAX].map(pause_s), [60, 120, 240, 480, 900, 900, 900]);
        let rare = Duration::from_secs(3600);
        assert_eq!(Moods::pause_after_failure(9, rare), rare);
        let moods = Moods::default();
        moods.went("desk", false);
        assert!(moods.fails("desk") && !moods.fails("other"));
        moods.went("desk", true);
        assert!(!moods.fails("desk"));
    }

    #[test]
    fn mails_whose_days_are_over_are_looked_for_now_and_then() {
        let (moods, start, hour) = (Moods::default(), Instant::now(), Duration::from_secs(3600));
        let due = |mailbox: &str, after: Duration| moods.is_cleaning_due(mailbox, start + after, hour);
        assert!(due("desk", Duration::ZERO) && !due("desk", hour / 2) && due("other", hour / 2));
        assert!(due("desk", hour) && !due("desk", hour * 3 / 2));
    }

    #[test]
    fn a_mail_that_cannot_be_had_is_left_alone_longer_each_time_and_memory_is_bounded() {
        let moods = Moods::default();
        let (start, minute) = (Instant::now(), Duration::from_secs(60));
        let broken = Fault::temporary(FaultCode::MailboxUnreachable, "");
        let avoided = |handle: &str, minutes: u32| moods.avoids("desk", handle, start + minute * minutes - minute / 2);
        moods.could_not_be_had("desk", "a", &broken, start);
        assert!(avoided("a", 1) && !avoided("a", 2) && !avoided("b", 1));
        moods.could_not_be_had("desk", "a", &broken, start);
        assert!(avoided("a", 2) && !avoided("a", 3));
        moods.could_not_be_had("desk", "b", &Fault::permanent(FaultCode::TooComplex, ""), start);
        assert!(avoided("b", 64) && !avoided("b", 65));
        let told = |minutes: u32| {
            let NotFetched { mails, too_large, since } = moods.not_fetched("desk", start + minute * minutes);
            (mails, too_large, since.is_some())
        };
        assert_eq!([told(1), told(63), told(125)], [(2, 1, true), (1, 1, true), (0, 0, false)]);
        moods.need_not_be_had("desk", "b");
        assert_eq!((told(1), moods.not_fetched("other", start)), ((1, 0, true), NotFetched::default()));
        for number in 0..MAILS_MAX {
            moods.could_not_be_had("desk", &number.to_string(), &broken, start + minute);
        }
        assert_eq!(moods.lock()["desk"].mails.len(), MAILS_MAX);
    }
}
