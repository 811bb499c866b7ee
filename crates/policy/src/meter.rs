//! What is counted of mail that comes in and goes out, and to which month it belongs.

pub mod billing;
mod capacity;
mod held;

pub use capacity::{Capacity, End, EndOf, Pack, Spent, Standing};
pub use held::{HeldEvents, given_up_at};

use crate::LetterKind;
use jiff::civil::{Date, date};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::fmt;
use std::str::FromStr;

/// What was counted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Metered {
    /// A mail that was fetched, or that a listener took.
    Mail,
    /// A mail that a program handed in.
    HandedIn,
    /// What somebody added to an issue by the upload page.
    Upload,
    /// A letter that tells the sender of a mail what became of it.
    Notice,
    /// A mail that was handed on to those who look after mail.
    HandedOn,
    /// A letter that tells those people of a mail that waits for them.
    Alert,
    /// A letter about events.
    EventLetter,
    /// A letter that tells administrators of the gateway itself.
    AdminLetter,
    /// A message to a channel about events.
    ChannelMessage,
    /// A letter that tells somebody that another one did not arrive.
    ReturnLetter,
    /// A letter by which somebody proves an address or a key.
    PortalLetter,
}

/// Which way it went.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Direction {
    In,
    Out,
}

impl Direction {
    /// The word that stands in tables and JSON.
    pub fn word(self) -> &'static str {
        match self {
            Direction::In => "in",
            Direction::Out => "out",
        }
    }
}

impl Metered {
    /// All of them, in the order of tables.
    pub const ALL: [Metered; 11] = [
        Metered::Mail,
        Metered::HandedIn,
        Metered::Upload,
        Metered::Notice,
        Metered::HandedOn,
        Metered::Alert,
        Metered::EventLetter,
        Metered::AdminLetter,
        Metered::ChannelMessage,
        Metered::ReturnLetter,
        Metered::PortalLetter,
    ];

    /// The word that stands in tables, JSON and the database.
    pub fn word(self) -> &'static str {
        match self {
            Metered::Mail => "mail",
            Metered::HandedIn => "handed_in",
            Metered::Upload => "upload",
            Metered::Notice => "notice",
            Metered::HandedOn => "handed_on",
            Metered::Alert => "alert",
            Metered::EventLetter => "event_letter",
            Metered::AdminLetter => "admin_letter",
            Metered::ChannelMessage => "channel_message",
            Metered::ReturnLetter => "return_letter",
            Metered::PortalLetter => "portal_letter",
        }
    }

    /// What a word means.
    pub fn of_word(word: &str) -> Option<Metered> {
        Metered::ALL.into_iter().find(|what| what.word() == word)
    }

    /// In words for people.
    pub fn in_words(self) -> &'static str {
        match self {
            Metered::Mail => "mail",
            Metered::HandedIn => "mail handed in by programs",
            Metered::Upload => "uploads",
            Metered::Notice => "notices to senders",
            Metered::HandedOn => "mail handed on",
            Metered::Alert => "alerts about mail",
            Metered::EventLetter => "letters about events",
            Metered::AdminLetter => "notices to administrators",
            Metered::ChannelMessage => "messages to channels",
            Metered::ReturnLetter => "letters about letters that did not arrive",
            Metered::PortalLetter => "letters of the portal",
        }
    }

    pub fn direction(self) -> Direction {
        match self {
            Metered::Mail | Metered::HandedIn | Metered::Upload => Direction::In,
            _ => Direction::Out,
        }
    }

    /// Whether it counts as maintenance as long as nothing comes of it. What comes in does, until the first step is done that changes
    /// something in the tracker; what goes out stays what it is.
    pub fn is_maintenance_at_first(self) -> bool {
        !matches!(self, Metered::Notice | Metered::EventLetter | Metered::ChannelMessage)
    }

    pub fn of_letter(kind: LetterKind) -> Metered {
        match kind {
            LetterKind::Notice => Metered::Notice,
            LetterKind::Forward => Metered::HandedOn,
            LetterKind::Alert => Metered::Alert,
        }
    }
}

/// So many messages with so many bytes.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Amount {
    pub messages: u64,
    pub bytes: u64,
}

impl Amount {
    pub fn plus(self, other: Amount) -> Amount {
        Amount { messages: self.messages.saturating_add(other.messages), bytes: self.bytes.saturating_add(other.bytes) }
    }
}

/// What was counted on one day.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Counted {
    pub site: String,
    /// Days since 1970, in UTC.
    pub day: i64,
    pub what: Metered,
    pub maintenance: bool,
    pub amount: Amount,
}

/// What was counted in one month.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OfMonth {
    pub month: Month,
    pub site: String,
    pub what: Metered,
    pub maintenance: bool,
    pub amount: Amount,
}

/// The days of each month together: the newest month first, then by site and kind.
pub fn by_month(counted: &[Counted]) -> Vec<OfMonth> {
    let mut sums: BTreeMap<(std::cmp::Reverse<Month>, &str, Metered, bool), Amount> = BTreeMap::new();
    for one in counted {
        let month = std::cmp::Reverse(Month::of_day(one.day));
        let sum = sums.entry((month, &one.site, one.what, one.maintenance)).or_default();
        *sum = sum.plus(one.amount);
    }
    let of_month =
        |((month, site, what, maintenance), amount): ((std::cmp::Reverse<Month>, &str, Metered, bool), _)| OfMonth {
            month: month.0,
            site: site.to_owned(),
            what,
            maintenance,
            amount,
        };
    sums.into_iter().map(of_month).filter(|one| one.amount != Amount::default()).collect()
}

/// A month of the calendar, in UTC, written `2026-11`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Month {
    year: i16,
    month: i8,
}

const EPOCH: Date = date(1970, 1, 1);

impl Month {
    /// The number of a day since 1970.
    pub fn day_number(day: Date) -> i64 {
        day.since(EPOCH).map_or(0, |span| i64::from(span.get_days()))
    }

    /// Of a day since 1970; the first or last month that there is for one that no calendar has.
    pub fn of_day(day: i64) -> Month {
        let day = date_of(day);
        Month { year: day.year(), month: day.month() }
    }

    /// The number of its first day since 1970.
    pub fn first_day(self) -> i64 {
        // Every month that is made here has a first day.
        let day = Date::new(self.year, self.month, 1).unwrap_or(EPOCH);
        Month::day_number(day)
    }

    /// The first day of the month after it.
    pub fn end_day(self) -> i64 {
        self.next().first_day()
    }

    /// `November 2026`.
    pub fn in_words(self) -> String {
        const NAMES: [&str; 12] = [
            "January",
            "February",
            "March",
            "April",
            "May",
            "June",
            "July",
            "August",
            "September",
            "October",
            "November",
            "December",
        ];
        let name = usize::try_from(self.month - 1).ok().and_then(|at| NAMES.get(at)).copied().unwrap_or_default();
        format!("{name} {}", self.year)
    }

    pub fn next(self) -> Month {
        match self.month {
            12 => Month { year: self.year.saturating_add(1).min(9999), month: 1 },
            month => Month { month: month + 1, ..self },
        }
    }

    pub fn before(self) -> Month {
        match self.month {
            1 => Month { year: self.year.saturating_sub(1), month: 12 },
            month => Month { month: month - 1, ..self },
        }
    }
}

impl fmt::Display for Month {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:04}-{:02}", self.year, self.month)
    }
}

impl FromStr for Month {
    type Err = String;

    fn from_str(text: &str) -> Result<Month, String> {
        let wrong = || format!("{text:?} is not a month; write for example 2026-11");
        let is_plain = text.len() == 7 && text.bytes().all(|byte| byte.is_ascii_digit() || byte == b'-');
        let (year, month) = text.split_once('-').filter(|_| is_plain).ok_or_else(wrong)?;
        let (year, month) = (year.parse().map_err(|_| wrong())?, month.parse().map_err(|_| wrong())?);
        match (1970..9999).contains(&year) && (1..=12).contains(&month) {
            true => Ok(Month { year, month }),
            false => Err(wrong()),
        }
    }
}

/// The date of a day since 1970; the first or last that there is for one that no calendar has.
pub fn date_of(day: i64) -> Date {
    let days = jiff::Span::new().days(day.clamp(Month::day_number(Date::MIN), Month::day_number(Date::MAX)));
    EPOCH.checked_add(days).unwrap_or(EPOCH)
}

/// A number of bytes as people say it, `1.4 MB`: powers of 1000, as plans are sold.
pub fn bytes_in_words(bytes: u64) -> String {
    const UNITS: [&str; 5] = ["kB", "MB", "GB", "TB", "PB"];
    if bytes < 1000 {
        return format!("{bytes} B");
    }
    let mut tenths = bytes / 100;
    let mut unit = 0;
    while tenths >= 10_000 && unit + 1 < UNITS.len() {
        (tenths, unit) = (tenths / 1000, unit + 1);
    }
    format!("{}.{} {}", tenths / 10, tenths % 10, UNITS[unit])
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn a_month_has_its_days_and_its_neighbours() {
        let november: Month = "2026-11".parse().unwrap();
        assert_eq!((november.to_string(), november.next().to_string()), ("2026-11".into(), "2026-12".into()));
        let december = november.next();
        assert_eq!((december.next().to_string(), december.next().before()), ("2027-01".into(), december));
        for day in november.first_day()..november.end_day() {
            assert_eq!(Month::of_day(day), november);
        }
        assert_eq!(november.end_day() - november.first_day(), 30);
        assert_ne!(Month::of_day(november.first_day() - 1), november);
        assert_eq!(Month::of_day(0).to_string(), "1970-01");
        assert_eq!(Month::of_day(i64::MAX).to_string(), "9999-12");
        for wrong in ["2026", "2026-13", "2026-1", "26-11", "2026-00", "1969-12", "2026-+1", ""] {
            assert!(wrong.parse::<Month>().is_err(), "{wrong}");
        }
    }

    #[test]
    fn days_are_summed_by_month_site_and_kind() {
        let amount = |messages| Amount { messages, bytes: messages * 10 };
        let one = |site: &str, day, maintenance, messages| Counted {
            site: site.into(),
            day,
            what: Metered::Mail,
            maintenance,
            amount: amount(messages),
        };
        let counted = [
            one("b", 0, false, 1),
            one("a", 1, false, 2),
            one("a", 30, false, 3),
            one("a", 31, true, 4),
            one("a", 32, false, 0),
        ];
        let told: Vec<(String, String, bool, u64)> = by_month(&counted)
            .into_iter()
            .map(|one| (one.month.to_string(), one.site, one.maintenance, one.amount.messages))
            .collect();
        let expected = [("1970-02", "a", true, 4), ("1970-01", "a", false, 5), ("1970-01", "b", false, 1)];
        assert_eq!(told, expected.map(|(month, site, kind, number)| (month.into(), site.into(), kind, number)));
    }

    #[test]
    fn every_word_is_known_again_and_bytes_are_told_as_they_are_sold() {
        for what in Metered::ALL {
            assert_eq!(Metered::of_word(what.word()), Some(what));
        }
        let words = [999, 1000, 1_449_999, 999_999_999, 1_000_000_000, u64::MAX].map(bytes_in_words);
        assert_eq!(words, ["999 B", "1.0 kB", "1.4 MB", "999.9 MB", "1.0 GB", "18446.7 PB"]);
    }
}
