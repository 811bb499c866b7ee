//! A recurrence rule in words (RFC 5545, section 3.3.10), for people; rules that words would blur are shown as they are.

use super::moment::Moment;
use super::zone::named_weekday;
use jiff::civil::Weekday;

/// Values of one part of a rule that are spelled out.
const VALUES_MAX: usize = 12;

/// Months of the year, in full, for everything that is shown.
pub(super) const MONTHS: [&str; 12] = [
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

/// `every 2 weeks on Monday and Friday, until 2026-12-31`; `None` for a rule that these words cannot say exactly.
pub(super) fn in_words(rule: &str) -> Option<String> {
    let mut parts = Parts::default();
    for part in rule.split(';').filter(|p| !p.trim().is_empty()) {
        let (key, value) = part.split_once('=')?;
        parts.take(key.trim().to_ascii_uppercase().as_str(), value.trim())?;
    }
    parts.words()
}

#[derive(Default)]
struct Parts {
    unit: Option<&'static str>,
    interval: u32,
    days: Vec<(i32, Weekday)>,
    month_days: Vec<i32>,
    months: Vec<usize>,
    ending: Option<String>,
}

impl Parts {
    fn take(&mut self, key: &str, value: &str) -> Option<()> {
        match key {
            "FREQ" => {
                self.unit = Some(match value.to_ascii_uppercase().as_str() {
                    "YEARLY" => "year",
                    "MONTHLY" => "month",
                    "WEEKLY" => "week",
                    "DAILY" => "day",
                    "HOURLY" => "hour",
                    _ => return None,
                });
            }
            "INTERVAL" => self.interval = value.parse().ok().filter(|n| (1..10_000).contains(n))?,
            "BYDAY" => self.days = list(value, day)?,
            "BYMONTHDAY" => {
                self.month_days = list(value, |v| v.parse().ok().filter(|d: &i32| (-31..=31).contains(d) && *d != 0))?;
            }
            "BYMONTH" => self.months = list(value, |v| v.parse().ok().filter(|m| (1..=12).contains(m)))?,
            "COUNT" => self.ending = Some(times(value.parse().ok()?)),
            "UNTIL" => self.ending = Some(format!("until {}", last_day(value)?)),
            // Where a week begins only matters to rules that jump over weeks, and their words stay true.
            "WKST" => {}
            _ => return None,
        }
        Some(())
    }

    fn words(&self) -> Option<String> {
        let unit = self.unit?;
        let mut words = match self.interval {
            0 | 1 => format!("every {unit}"),
            n => format!("every {n} {unit}s"),
        };
        let is_numbered = self.days.iter().any(|(nth, _)| *nth != 0);
        // A plain weekday of a month or a year is every one of them, a numbered one of a week is nothing.
        if is_numbered && matches!(unit, "week" | "day" | "hour") || unit == "hour" && !self.days.is_empty() {
            return None;
        }
        if !self.days.is_empty() && !self.month_days.is_empty() {
            return None;
        }
        if !self.days.is_empty() {
            let is_every = !is_numbered && matches!(unit, "month" | "year");
            let days = self.days.iter().map(|(nth, day)| match (nth, is_every) {
                (0, true) => format!("every {}", weekday(*day)),
                (0, false) => weekday(*day).to_owned(),
                (nth, _) => format!("the {} {}", ordinal(*nth), weekday(*day)),
            });
            words.push_str(&format!(" on {}", joined(days.collect())));
        }
        if !self.month_days.is_empty() {
            let days = self.month_days.iter().map(|day| match day {
                -1 => "the last day".to_owned(),
                day if *day < 0 => format!("the {} day", ordinal(*day)),
                day => format!("day {day}"),
            });
            words.push_str(&format!(" on {}", joined(days.collect())));
        }
        if !self.months.is_empty() {
            let months = self.months.iter().map(|m| MONTHS[m - 1].to_owned());
            words.push_str(&format!(" in {}", joined(months.collect())));
        }
        if let Some(ending) = &self.ending {
            words.push_str(&format!(", {ending}"));
        }
        Some(words)
    }
}

fn list<T>(value: &str, read: impl Fn(&str) -> Option<T>) -> Option<Vec<T>> {
    let values: Option<Vec<T>> = value.split(',').take(VALUES_MAX + 1).map(|v| read(v.trim())).collect();
    values.filter(|v| v.len() <= VALUES_MAX)
}

fn day(value: &str) -> Option<(i32, Weekday)> {
    let (nth, day) = value.split_at_checked(value.len().checked_sub(2)?)?;
    let nth = if nth.is_empty() { 0 } else { nth.parse().ok().filter(|n| (-53..=53).contains(n) && *n != 0)? };
    Some((nth, named_weekday(day)?))
}

fn times(count: u32) -> String {
    match count {
        1 => "once".to_owned(),
        n => format!("{n} times"),
    }
}

fn last_day(value: &str) -> Option<String> {
    Some(match Moment::parse(value)? {
        Moment::Utc(at) => jiff::tz::Offset::UTC.to_datetime(at).date().to_string(),
        Moment::Local(at, _) => at.date().to_string(),
        Moment::Day(day) => day.to_string(),
    })
}

fn ordinal(n: i32) -> String {
    match n {
        -1 => return "last".to_owned(),
        n if n < 0 => return format!("{} last", ordinal(-n)),
        _ => {}
    }
    let ending = match (n % 10, n % 100) {
        (_, 11..=13) => "th",
        (1, _) => "st",
        (2, _) => "nd",
        (3, _) => "rd",
        _ => "th",
    };
    format!("{n}{ending}")
}

/// The weekday's English name.
pub(super) fn weekday(day: Weekday) -> &'static str {
    match day {
        Weekday::Monday => "Monday",
        Weekday::Tuesday => "Tuesday",
        Weekday::Wednesday => "Wednesday",
        Weekday::Thursday => "Thursday",
        Weekday::Friday => "Friday",
        Weekday::Saturday => "Saturday",
        Weekday::Sunday => "Sunday",
    }
}

/// `a`, `a and b`, `a, b and c`.
fn joined(mut pieces: Vec<String>) -> String {
    match pieces.pop() {
        Some(last) if pieces.is_empty() => last,
        Some(last) => format!("{} and {last}", pieces.join(", ")),
        None => String::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::in_words;

    #[test]
    fn rules_in_words() {
        for (rule, words) in [
            ("FREQ=DAILY", "every day"),
            ("FREQ=WEEKLY;INTERVAL=2;BYDAY=MO,FR;WKST=SU", "every 2 weeks on Monday and Friday"),
            ("FREQ=MONTHLY;BYDAY=-1FR;COUNT=10", "every month on the last Friday, 10 times"),
            ("FREQ=MONTHLY;BYMONTHDAY=1,15", "every month on day 1 and day 15"),
            ("FREQ=YEARLY;BYMONTH=6,7;UNTIL=20271231T235959Z", "every year in June and July, until 2027-12-31"),
            ("FREQ=MONTHLY;BYDAY=2TU;BYMONTH=3", "every month on the 2nd Tuesday in March"),
            ("FREQ=DAILY;BYDAY=MO,TU", "every day on Monday and Tuesday"),
            ("FREQ=MONTHLY;BYDAY=SU", "every month on every Sunday"),
        ] {
            assert_eq!(in_words(rule).as_deref(), Some(words), "{rule}");
        }
    }

    #[test]
    fn rules_that_words_would_blur() {
        for rule in [
            "",
            "FREQ=SECONDLY",
            "FREQ=DAILY;BYSETPOS=1",
            "FREQ=WEEKLY;BYDAY=1MO",
            "BYDAY=MO",
            "x",
            "FREQ=DAILY;COUNT=x",
        ] {
            assert_eq!(in_words(rule), None, "{rule}");
        }
    }
}
