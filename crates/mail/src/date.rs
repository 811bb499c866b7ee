//! Dates as mail contains them (RFC 5322, section 3.3 and 4.3), and the other forms that programs and gateways write.

use jiff::civil;
use jiff::tz::Offset;

/// A moment in RFC 3339 and UTC, and whether it was written otherwise than the RFC asks.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Read {
    pub moment: String,
    pub mended: bool,
}

/// Tokens of a value that are looked at; a date has no more than ten.
const TOKENS_MAX: usize = 16;

/// The names that the RFC knows.
const ENGLISH: &[&str] = &["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"];

/// Beginnings of month names, lower case, in the languages in which programs write dates.
const MONTHS: &[(&str, i8)] = &[
    ("jan", 1),
    ("ene", 1),
    ("gen", 1),
    ("янв", 1),
    ("sty", 1),
    ("led", 1),
    ("tam", 1),
    ("oca", 1),
    ("feb", 2),
    ("fev", 2),
    ("fév", 2),
    ("фев", 2),
    ("lut", 2),
    ("úno", 2),
    ("hel", 2),
    ("şub", 2),
    ("mar", 3),
    ("mär", 3),
    ("mrz", 3),
    ("maa", 3),
    ("mrt", 3),
    ("мар", 3),
    ("bře", 3),
    ("már", 3),
    ("apr", 4),
    ("avr", 4),
    ("abr", 4),
    ("апр", 4),
    ("kwi", 4),
    ("dub", 4),
    ("huh", 4),
    ("nis", 4),
    ("ápr", 4),
    ("may", 5),
    ("mai", 5),
    ("mag", 5),
    ("mei", 5),
    ("maj", 5),
    ("май", 5),
    ("мая", 5),
    ("kvě", 5),
    ("tou", 5),
    ("máj", 5),
    ("jun", 6),
    ("juin", 6),
    ("giu", 6),
    ("июн", 6),
    ("cze", 6),
    ("kes", 6),
    ("haz", 6),
    ("jún", 6),
    ("jul", 7),
    ("juil", 7),
    ("lug", 7),
    ("июл", 7),
    ("lip", 7),
    ("hei", 7),
    ("tem", 7),
    ("júl", 7),
    ("aug", 8),
    ("ago", 8),
    ("aoû", 8),
    ("aou", 8),
    ("авг", 8),
    ("sie", 8),
    ("srp", 8),
    ("elo", 8),
    ("ağu", 8),
    ("sep", 9),
    ("set", 9),
    ("сен", 9),
    ("wrz", 9),
    ("zář", 9),
    ("syy", 9),
    ("eyl", 9),
    ("szep", 9),
    ("oct", 10),
    ("okt", 10),
    ("ott", 10),
    ("out", 10),
    ("окт", 10),
    ("paź", 10),
    ("říj", 10),
    ("lok", 10),
    ("eki", 10),
    ("nov", 11),
    ("ноя", 11),
    ("lis", 11),
    ("kas", 11),
    ("dec", 12),
    ("dez", 12),
    ("dic", 12),
    ("déc", 12),
    ("des", 12),
    ("дек", 12),
    ("gru", 12),
    ("pro", 12),
    ("jou", 12),
    ("ara", 12),
];

/// Zones with a name, in hours east of Greenwich (RFC 5322, section 4.3, and those that mail in use carries).
const ZONES: &[(&str, i32)] = &[
    ("z", 0),
    ("ut", 0),
    ("utc", 0),
    ("gmt", 0),
    ("wet", 0),
    ("est", -5),
    ("edt", -4),
    ("cst", -6),
    ("cdt", -5),
    ("mst", -7),
    ("mdt", -6),
    ("pst", -8),
    ("pdt", -7),
    ("akst", -9),
    ("akdt", -8),
    ("hst", -10),
    ("ast", -4),
    ("adt", -3),
    ("brt", -3),
    ("bst", 1),
    ("west", 1),
    ("cet", 1),
    ("met", 1),
    ("mez", 1),
    ("cest", 2),
    ("mest", 2),
    ("mesz", 2),
    ("eet", 2),
    ("eest", 3),
    ("msk", 3),
    ("sgt", 8),
    ("hkt", 8),
    ("jst", 9),
    ("kst", 9),
    ("aest", 10),
    ("aedt", 11),
    ("nzst", 12),
    ("nzdt", 13),
];

/// What was gathered from the tokens.
#[derive(Default)]
struct Parts {
    year: Option<i16>,
    month: Option<i8>,
    day: Option<i8>,
    time: Option<(i8, i8, i8)>,
    east_s: Option<i32>,
    afternoon: Option<bool>,
    /// Day and month may be meant the other way round; the American clock of twelve hours tells.
    ambiguous: bool,
    mended: bool,
}

/// Reads a date; `None` for what is no date or no date of the calendar. A zone that is missing or not known counts as
/// UTC, as the RFC asks.
pub(crate) fn read(value: &str) -> Option<Read> {
    let plain = without_comments(value).to_lowercase();
    let plain = plain.replace(['年', '月', '/'], "-").replace(['日', ',', '\u{a0}', '\u{202f}'], " ");
    let mut parts = Parts { mended: plain.len() != value.len() && !value.is_ascii(), ..Parts::default() };
    for token in plain.split_whitespace().take(TOKENS_MAX) {
        parts.take(token.trim_matches(['.', ';', '"', '\'']), value.contains('/'));
    }
    let (mut hour, minute, second) = parts.time.unwrap_or_else(|| {
        parts.mended = true;
        (0, 0, 0)
    });
    if let Some(afternoon) = parts.afternoon.filter(|_| hour <= 12) {
        hour = hour % 12 + if afternoon { 12 } else { 0 };
    }
    if parts.ambiguous && parts.afternoon.is_none() {
        return None;
    }
    let day = civil::Date::new(parts.year?, parts.month?, parts.day?).ok()?;
    let east_s = parts.east_s.unwrap_or_else(|| {
        parts.mended = true;
        0
    });
    // Midnight is written as 24:00 by some, and seconds may be 60 in a leap second, which the calendar here does not
    // know.
    parts.mended |= hour == 24;
    let (day, hour) = if hour == 24 && minute == 0 { (day.tomorrow().ok()?, 0) } else { (day, hour) };
    let local = day.at(hour.clamp(0, 23), minute, second.min(59), 0);
    let moment = Offset::from_seconds(east_s).ok()?.to_timestamp(local).ok()?;
    Some(Read { moment: moment.to_string(), mended: parts.mended })
}

/// Without what stands in parentheses, which name zones for people.
fn without_comments(value: &str) -> String {
    let mut depth = 0usize;
    let keep = |c: &char| {
        match c {
            '(' => depth += 1,
            ')' => {
                depth = depth.saturating_sub(1);
                return false;
            }
            _ => {}
        }
        depth == 0
    };
    value.chars().filter(keep).collect()
}

impl Parts {
    fn take(&mut self, token: &str, has_slashes: bool) {
        if token.is_empty() {
        } else if let Ok(number) =
            token.parse::<i16>().map_err(drop).and_then(|n| if token.starts_with(['+', '-']) { Err(()) } else { Ok(n) })
        {
            self.number(number, token.len());
        } else if token.starts_with(['+', '-']) {
            self.offset(token);
        } else if token.contains(':') || self.time.is_none() && self.year.is_some() && is_dotted_time(token) {
            self.clock(token);
        } else if token.starts_with(|c: char| c.is_ascii_digit()) {
            self.joined(token, has_slashes);
        } else {
            self.word(token);
        }
    }

    fn number(&mut self, number: i16, digits: usize) {
        if digits <= 2 && self.day.is_none() && (1..=31).contains(&number) {
            self.day = i8::try_from(number).ok();
        } else if self.year.is_none() {
            self.year = Some(self.full_year(number, digits));
        }
    }

    /// Years of two or three digits (RFC 5322, section 4.3).
    fn full_year(&mut self, number: i16, digits: usize) -> i16 {
        self.mended |= digits < 4;
        match (digits, number) {
            (..=2, ..=49) => number + 2000,
            (..=3, _) => number + 1900,
            _ => number,
        }
    }

    /// `+0100`, `+01:00`, `+1`, and `--0500` as some write it.
    fn offset(&mut self, token: &str) {
        let digits: String = token.chars().filter(char::is_ascii_digit).take(4).collect();
        let Ok(number) = digits.parse::<i32>() else { return };
        let (hours, minutes) = if digits.len() <= 2 { (number, 0) } else { (number / 100, number % 100) };
        self.mended |= digits.len() != 4 || token.contains(':') || token.starts_with("--");
        let east_s = (hours * 60 + minutes) * 60;
        // No place is further from Greenwich than 14 hours.
        if hours <= 14 && minutes < 60 {
            self.east_s = Some(if token.starts_with('-') { -east_s } else { east_s });
        } else {
            self.mended = true;
        }
    }

    fn clock(&mut self, token: &str) {
        let end = token.find(|c: char| !c.is_ascii_digit() && c != ':' && c != '.').unwrap_or(token.len());
        let (clock, rest) = token.split_at(end);
        self.mended |= clock.contains('.');
        let mut numbers = clock.split([':', '.']).map(|n| n.parse::<i8>().ok());
        let (Some(Some(hour)), Some(Some(minute))) = (numbers.next(), numbers.next()) else {
            // `2026-01-05t10:00:00` and other joined forms.
            return self.joined(token, false);
        };
        let second = numbers.next().flatten().unwrap_or(0);
        if self.time.is_none() && hour <= 24 && minute < 60 && second <= 60 {
            self.time = Some((hour, minute, second));
        }
        match rest {
            "" => {}
            _ if rest.starts_with(['+', '-']) => self.offset(rest),
            _ if rest.starts_with('-') || rest.contains('-') || rest.contains('t') => self.joined(token, false),
            word => self.word(word),
        }
    }

    /// Day, month and year in one word: `2026-01-05t10:00:00z`, `5-jan-2026`, `05.01.2026`, `1-5-2026` with `am`.
    fn joined(&mut self, token: &str, has_slashes: bool) {
        let (date, clock) = token.split_once('t').filter(|(d, _)| d.len() >= 8).unwrap_or((token, ""));
        let pieces: Vec<&str> = date.trim_end_matches('-').split(['-', '.']).collect();
        let [first, middle, last] = pieces.as_slice() else { return };
        let small = |s: &str| s.parse::<i8>().ok();
        self.mended = true;
        if first.len() == 4 {
            (self.year, self.month, self.day) = (first.parse().ok(), small(middle), small(last));
        } else if let Ok(year) = last.parse::<i16>() {
            self.year = Some(self.full_year(year, last.len()));
            let (a, b) = (small(first), small(middle).or_else(|| month(middle)));
            // With slashes Americans write the month first and others the day; both at most 12 means either.
            let above = |n: Option<i8>| n.is_some_and(|n| n > 12);
            let swaps = has_slashes && !above(a);
            self.ambiguous = has_slashes && !above(a) && !above(b) && a != b;
            (self.day, self.month) = if swaps { (b, a) } else { (a, b) };
        }
        if !clock.is_empty() {
            self.clock(clock);
        }
    }

    fn word(&mut self, word: &str) {
        if matches!(word, "am" | "pm") {
            self.afternoon = Some(word == "pm");
            self.mended = true;
        } else if let Some((_, hours)) = ZONES.iter().find(|(zone, _)| *zone == word).filter(|_| self.time.is_some()) {
            self.east_s = self.east_s.or(Some(hours * 3600));
        } else if let Some(rest) = ["gmt", "utc"].iter().find_map(|z| word.strip_prefix(z)).filter(|r| r.len() > 1) {
            self.offset(rest);
            self.mended = true;
        } else if let Some(number) = month(word) {
            // A later one wins: `mar.` before the day is a Tuesday in four languages.
            self.mended |= !ENGLISH.iter().any(|m| word.starts_with(m)) || self.month.is_some();
            self.month = Some(number);
        }
    }
}

fn is_dotted_time(token: &str) -> bool {
    token.split('.').count() >= 2 && token.split('.').all(|n| n.len() == 2 && n.bytes().all(|b| b.is_ascii_digit()))
}

fn month(word: &str) -> Option<i8> {
    MONTHS.iter().find(|(name, _)| word.starts_with(name)).map(|(_, number)| *number)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn as_the_rfc_asks() {
        for (value, moment) in [
            ("Mon, 05 Jan 2026 10:00:00 +0100", "2026-01-05T09:00:00Z"),
            ("5 Jan 2026 10:00 +0000", "2026-01-05T10:00:00Z"),
            ("Mon, 5 Jan 2026 10:00:00 -0530 (India)", "2026-01-05T15:30:00Z"),
            ("Mon, 5 Jan 2026 10:00:00 GMT", "2026-01-05T10:00:00Z"),
            ("Mon,5 Jan 2026 10:00:00 EST", "2026-01-05T15:00:00Z"),
            ("Wed, 31 Dec 2025 23:59:60 +0000", "2025-12-31T23:59:59Z"),
            ("Tue, 3 Mar 2026 10:00:00 +0100", "2026-03-03T09:00:00Z"),
        ] {
            assert_eq!(read(value), Some(Read { moment: moment.to_owned(), mended: false }), "{value}");
        }
    }

    #[test]
    fn as_others_write() {
        for (value, moment) in [
            ("Mon, 5 Jan 26 10:00:00 +0100", "2026-01-05T09:00:00Z"),
            ("5 Jan 99 10:00 GMT", "1999-01-05T10:00:00Z"),
            ("Mon, 5 Jan 126 10:00:00 +0100", "2026-01-05T09:00:00Z"),
            ("Mon, 05 Jan 2026 10:00", "2026-01-05T10:00:00Z"),
            ("Mon Jan  5 10:00:00 2026", "2026-01-05T10:00:00Z"),
            ("2026-01-05 10:00:00", "2026-01-05T10:00:00Z"),
            ("2026-01-05T10:00:00Z", "2026-01-05T10:00:00Z"),
            ("2026-01-05T10:00:00.123+01:00", "2026-01-05T09:00:00Z"),
            ("05.01.2026 10:00", "2026-01-05T10:00:00Z"),
            ("Mo, 5 Dez 2025 10:00:00 +0100", "2025-12-05T09:00:00Z"),
            ("Montag, 5. Januar 2026 10:00", "2026-01-05T10:00:00Z"),
            ("mar., 5 mai 2026 10:00:00 +0200", "2026-05-05T08:00:00Z"),
            ("пн, 5 янв. 2026 10:00:00 +0300", "2026-01-05T07:00:00Z"),
            ("2026年1月5日 10:00:00 +0900", "2026-01-05T01:00:00Z"),
            ("Monday, January 5, 2026 10:00 PM", "2026-01-05T22:00:00Z"),
            ("1/5/2026 12:30:00 AM", "2026-01-05T00:30:00Z"),
            ("25/12/2025 10:00", "2025-12-25T10:00:00Z"),
            ("Mon, 5 Jan 2026 10.00.00 +0100", "2026-01-05T09:00:00Z"),
            ("Mon, 5-Jan-2026 10:00:00 +0100", "2026-01-05T09:00:00Z"),
            ("Mon, 5 Jan 2026 10:00:00 GMT+1", "2026-01-05T09:00:00Z"),
            ("Mon, 5 Jan 2026 10:00:00 --0500", "2026-01-05T15:00:00Z"),
            ("Mon, 5 Jan 2026 10:00:00 -500", "2026-01-05T15:00:00Z"),
            ("Mon, 5 Jan 2026 10:00:00 +9900", "2026-01-05T10:00:00Z"),
            ("Mon, 5 Jan 2026 24:00:00 +0000", "2026-01-06T00:00:00Z"),
        ] {
            assert_eq!(read(value), Some(Read { moment: moment.to_owned(), mended: true }), "{value}");
        }
        assert_eq!(read("Mon, 05 Jan 2026 10:00:00 CEST").map(|d| d.moment).as_deref(), Some("2026-01-05T08:00:00Z"));
    }

    #[test]
    fn what_is_no_date() {
        for value in [
            "",
            "yesterday",
            "31 Feb 2026 10:00:00 +0000",
            "1767607200",
            "Mon, Jan 2026",
            "99999999999 Jan 2026",
            "1/5/2026 10:00",
        ] {
            assert_eq!(read(value), None, "{value}");
        }
    }
}
