//! The desk's clock, and times as Jira writes and reads them.

use jiff::Timestamp;
use jiff::civil::{Date, DateTime};
use jiff::tz::TimeZone;

/// Milliseconds since 1970, now.
pub(crate) fn now_ms() -> i64 {
    Timestamp::now().as_millisecond()
}

/// As Jira writes times: `2026-01-02T03:04:05.000+0000`.
pub(crate) fn jira_time(ms: i64) -> String {
    let time = utc(ms);
    format!("{}.{:03}+0000", time.strftime("%Y-%m-%dT%H:%M:%S"), ms.rem_euclid(1000))
}

/// As people read times: `2 Jan 2026, 03:04`.
pub(crate) fn readable_time(ms: i64) -> String {
    utc(ms).strftime("%-d %b %Y, %H:%M").to_string()
}

/// As machines read times in pages: RFC 3339.
pub(crate) fn rfc3339_time(ms: i64) -> String {
    utc(ms).strftime("%Y-%m-%dT%H:%M:%SZ").to_string()
}

fn utc(ms: i64) -> DateTime {
    let time = Timestamp::from_millisecond(ms).unwrap_or(Timestamp::UNIX_EPOCH);
    time.to_zoned(TimeZone::UTC).datetime()
}

/// A time as requests write it, with an offset (`+0200`, `+02:00` or `Z`); milliseconds since 1970.
pub(crate) fn parse_time(text: &str) -> Option<i64> {
    let spelled = ["%Y-%m-%dT%H:%M:%S%.f%z", "%Y-%m-%dT%H:%M:%S%.f%:z"]
        .iter()
        .find_map(|format| Timestamp::strptime(format, text).ok());
    spelled.or_else(|| text.parse().ok()).map(Timestamp::as_millisecond)
}

/// A day as `2026-01-02`.
pub(crate) fn parse_day(text: &str) -> Option<Date> {
    if text.len() == 10 { Date::strptime("%Y-%m-%d", text).ok() } else { None }
}

/// A day or a minute as queries write it, in UTC: `2026-01-02`, `2026/01/02 03:04`; milliseconds since 1970.
pub(crate) fn parse_query_time(text: &str) -> Option<i64> {
    let text = text.replace('/', "-");
    let time = match DateTime::strptime("%Y-%m-%d %H:%M", &text) {
        Ok(time) => time,
        Err(_) => parse_day(&text)?.at(0, 0, 0, 0),
    };
    Some(time.to_zoned(TimeZone::UTC).ok()?.timestamp().as_millisecond())
}
