//! Events that wait for room in a capacity plan: until when they do, and what becomes of them then.

/// Microseconds since the Unix epoch.
type Micros = i64;

const DAY: Micros = 86_400 * 1_000_000;

/// An event waits so many days at most for a plan when others of its issue come after it; it is erased after 30.
const OLDEST_DAYS_MAX: u32 = 25;

/// The events of a site that wait for room.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HeldEvents {
    pub site: String,
    pub events: u64,
    /// When the first of them came in.
    pub oldest: Micros,
    /// When the last event came in of the issue on which nothing happened for longest.
    pub newest: Micros,
    /// Until when what the first of them says is kept.
    pub kept_until: Micros,
}

/// When the work on an issue is given up for want of room: so many days after its newest event, but no later than its oldest one allows.
pub fn given_up_at(hold_days: u32, oldest: Micros, newest: Micros) -> Micros {
    let days = |days: u32| Micros::from(days) * DAY;
    let last = newest.saturating_add(days(hold_days));
    last.min(oldest.saturating_add(days(hold_days.max(OLDEST_DAYS_MAX))))
}

impl HeldEvents {
    /// When the first of them are given up.
    pub fn given_up_at(&self, hold_days: u32) -> Micros {
        given_up_at(hold_days, self.oldest, self.newest)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn events_are_given_up_after_the_newest_and_no_later_than_the_oldest_allows() {
        assert_eq!(given_up_at(7, 0, 0), 7 * DAY);
        assert_eq!(given_up_at(7, 0, 5 * DAY), 12 * DAY);
        assert_eq!(given_up_at(7, 0, 24 * DAY), 25 * DAY, "an issue on which something happens every day");
        assert_eq!(given_up_at(30, 0, 24 * DAY), 30 * DAY);
    }
}
