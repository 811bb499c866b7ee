//! Capacity plans: how much of mail the sites of a plan may have in a month, and how they stand.

use super::{Amount, Metered, Month, bytes_in_words, date_of};

/// So long after the end of a pack the month is settled in which it ended.
const SETTLED_DAYS: i64 = 62;
/// Packs that came before are drawn on from here on.
const LOOKED_BACK_DAYS_MAX: i64 = 3660;

/// What one or several sites share. Without any limit it only tells what they used.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Capacity {
    pub name: String,
    pub sites: Vec<String>,
    /// In a month; `None` for as many as there are.
    pub messages: Option<u64>,
    pub bytes: Option<u64>,
    /// The last day on which it is good, in days since 1970; `None` for ever.
    pub ends: Option<i64>,
    /// How long events wait when it is spent, in days.
    pub hold_days: u32,
    pub packs: Vec<Pack>,
}

/// What was added to a plan.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pack {
    pub amount: Amount,
    /// It adds this to every month (an upgrade), and not once.
    pub every_month: bool,
    /// The first and the last day on which it is good.
    pub from: i64,
    pub until: i64,
}

/// Why nothing more goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Spent {
    Messages,
    Bytes,
    /// The plan itself has ended.
    Ended,
}

/// What comes to its end.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum EndOf {
    Plan,
    Upgrade,
    Pack,
}

impl EndOf {
    pub fn in_words(self) -> &'static str {
        match self {
            EndOf::Plan => "the plan itself",
            EndOf::Upgrade => "an upgrade",
            EndOf::Pack => "a pack",
        }
    }
}

/// Something ends after this day.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct End {
    pub day: i64,
    pub of: EndOf,
}

/// How a plan stands on a day.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Standing {
    pub month: Month,
    pub used: Amount,
    /// How much may be used in this month, packs included; `None` for as much as there is.
    pub messages_max: Option<u64>,
    pub bytes_max: Option<u64>,
    pub spent: Option<Spent>,
}

impl Capacity {
    /// What counts against a plan: all but what is told to administrators, to those who look after mail and of letters that did not arrive, and
    /// mail that is handed on, so that a plan that is spent can say so and nothing waits unseen; nor messages to channels, which go by somebody
    /// else's service.
    pub fn counts(what: Metered) -> bool {
        use Metered::{AdminLetter, Alert, ChannelMessage, HandedOn, PortalLetter, ReturnLetter};
        !matches!(what, AdminLetter | Alert | HandedOn | ChannelMessage | ReturnLetter | PortalLetter)
    }

    /// The first month whose usage bears on this day: packs that are good once are drawn on by every month since they came.
    pub fn first_month(&self, today: i64) -> Month {
        let once = self.packs.iter().filter(|pack| !pack.every_month).map(|pack| pack.from);
        Month::of_day(once.min().unwrap_or(today).clamp(today.saturating_sub(LOOKED_BACK_DAYS_MAX), today))
    }

    /// The first day whose counts are still needed to say what is left of packs that are good once; `None` where none is good any more.
    pub fn counts_needed_from(&self, today: i64) -> Option<i64> {
        let mut once = self.packs.iter().filter(|pack| !pack.every_month);
        let is_drawn_on = once.any(|pack| pack.from <= today && today <= pack.until.saturating_add(SETTLED_DAYS));
        is_drawn_on.then(|| self.first_month(today).first_day())
    }

    /// How it stands on this day. `used` is what its sites used in each month from [`Capacity::first_month`] on; months without any
    /// may be left out.
    pub fn standing(&self, used: &[(Month, Amount)], today: i64) -> Standing {
        let month = Month::of_day(today);
        let of = |month: Month| {
            used.iter().filter(|(of, _)| *of == month).fold(Amount::default(), |sum, (_, amount)| sum.plus(*amount))
        };
        let now = of(month);
        let messages_max = self.messages.map(|own| self.allowed(own, today, |amount| amount.messages, of));
        let bytes_max = self.bytes.map(|own| self.allowed(own, today, |amount| amount.bytes, of));
        let spent = if self.ends.is_some_and(|ends| today > ends) {
            Some(Spent::Ended)
        } else {
            limit(now, messages_max, bytes_max)
        };
        Standing { month, used: now, messages_max, bytes_max, spent }
    }

    /// How much of one kind the month of `today` may use: the plan's own, what upgrades add, and what earlier months have left of packs
    /// that are good once, of which the one that ends first is drawn on first.
    fn allowed(&self, own: u64, today: i64, of: fn(Amount) -> u64, used: impl Fn(Month) -> Amount) -> u64 {
        let this_month = Month::of_day(today);
        let monthly = |is_good: &dyn Fn(&Pack) -> bool| {
            let packs = self.packs.iter().filter(|pack| pack.every_month && is_good(pack));
            packs.fold(own, |sum, pack| sum.saturating_add(of(pack.amount)))
        };
        let mut once: Vec<(&Pack, u64)> =
            self.packs.iter().filter(|pack| !pack.every_month).map(|pack| (pack, of(pack.amount))).collect();
        once.sort_by_key(|(pack, _)| (pack.until, pack.from));
        let mut month = self.first_month(today);
        while month < this_month {
            let mut beyond = of(used(month)).saturating_sub(monthly(&|pack| pack.is_good_in(month)));
            for (_, left) in once.iter_mut().filter(|(pack, _)| pack.is_good_in(month)) {
                let drawn = beyond.min(*left);
                (*left, beyond) = (*left - drawn, beyond - drawn);
            }
            month = month.next();
        }
        let left = once.iter().filter(|(pack, _)| pack.is_good_on(today)).map(|(_, left)| *left);
        left.fold(monthly(&|pack| pack.is_good_on(today)), u64::saturating_add)
    }

    /// What ends within so many days from this one on, the first first.
    pub fn ends_within(&self, today: i64, days: u32) -> Vec<End> {
        let packs = self
            .packs
            .iter()
            .map(|pack| End { day: pack.until, of: if pack.every_month { EndOf::Upgrade } else { EndOf::Pack } });
        let own = self.ends.map(|day| End { day, of: EndOf::Plan });
        let mut ends: Vec<End> =
            packs.chain(own).filter(|end| (today..=today.saturating_add(i64::from(days))).contains(&end.day)).collect();
        ends.sort();
        ends.dedup();
        ends
    }
}

/// Which limit is reached.
fn limit(used: Amount, messages_max: Option<u64>, bytes_max: Option<u64>) -> Option<Spent> {
    if messages_max.is_some_and(|max| used.messages >= max) {
        return Some(Spent::Messages);
    }
    bytes_max.is_some_and(|max| used.bytes >= max).then_some(Spent::Bytes)
}

impl Pack {
    fn is_good_on(&self, day: i64) -> bool {
        (self.from..=self.until).contains(&day)
    }

    fn is_good_in(&self, month: Month) -> bool {
        self.from < month.end_day() && self.until >= month.first_day()
    }
}

impl Standing {
    /// After so much more.
    pub fn plus(self, more: Amount) -> Standing {
        let used = self.used.plus(more);
        let spent = self.spent.or_else(|| limit(used, self.messages_max, self.bytes_max));
        Standing { used, spent, ..self }
    }

    /// How much of it is used, in percent, by whichever is nearer to its limit; `None` without limits.
    pub fn percent(&self) -> Option<u32> {
        let percent = |used: u64, max: u64| match max {
            0 => 100,
            max => u32::try_from(u128::from(used) * 100 / u128::from(max)).unwrap_or(u32::MAX),
        };
        let messages = self.messages_max.map(|max| percent(self.used.messages, max));
        let bytes = self.bytes_max.map(|max| percent(self.used.bytes, max));
        messages.max(bytes)
    }

    /// One sentence: what was used of what.
    pub fn in_words(&self) -> String {
        let messages = match self.messages_max {
            Some(max) => format!("{} of {max} messages", self.used.messages),
            None => format!("{} messages", self.used.messages),
        };
        let bytes = match self.bytes_max {
            Some(max) => format!("{} of {}", bytes_in_words(self.used.bytes), bytes_in_words(max)),
            None => bytes_in_words(self.used.bytes),
        };
        format!("{messages} and {bytes} in {}", self.month.in_words())
    }

    /// Why nothing more goes, and when it will by itself; empty when it goes.
    pub fn why_not(&self) -> String {
        let again = date_of(self.month.end_day());
        match self.spent {
            None => String::new(),
            Some(Spent::Ended) => "it has ended, and goes on when it is renewed".to_owned(),
            Some(Spent::Messages | Spent::Bytes) => {
                format!("{} are used; it goes on after an upgrade, or by itself on {again}", self.in_words())
            }
        }
    }
}
