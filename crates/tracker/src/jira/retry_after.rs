//! How long a tracker asks us to wait (RFC 9110, section 10.2.3).

use crate::http::Response;
use jiff::fmt::rfc2822::DateTimeParser;

/// Longest wait that is believed, one day: beyond it stands a mistake, and the mail should be seen by a person.
pub(super) const RETRY_AFTER_S_MAX: u64 = 24 * 60 * 60;

/// The wait in seconds from the moment of the response, if it names one that can be read.
///
/// A date is read against the response's own `Date`, so that our clock does not matter; without one it says nothing.
/// Only the date form that servers must send today is read (RFC 9110, section 5.6.7).
pub(super) fn retry_after_s(response: &Response) -> Option<u64> {
    let value = response.header("retry-after")?.trim();
    seconds(value).or_else(|| seconds_until(value, response.header("date")?)).map(|wait| wait.min(RETRY_AFTER_S_MAX))
}

/// Digits; a fraction, which some proxies add, is rounded up so that we never come too early.
fn seconds(value: &str) -> Option<u64> {
    let (whole, fraction) = value.split_once('.').unwrap_or((value, ""));
    let digits = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
    if whole.is_empty() || !digits(whole) || !digits(fraction) {
        return None;
    }
    let wait = whole.parse::<u64>().unwrap_or(u64::MAX);
    Some(wait.saturating_add(u64::from(fraction.bytes().any(|byte| byte != b'0'))))
}

fn seconds_until(value: &str, date: &str) -> Option<u64> {
    let parser = DateTimeParser::new();
    let then = parser.parse_timestamp(value).ok()?;
    let now = parser.parse_timestamp(date.trim()).ok()?;
    // A date that has passed means: now.
    Some(u64::try_from(then.as_second() - now.as_second()).unwrap_or(0))
}

#[cfg(test)]
mod tests {
    use super::{RETRY_AFTER_S_MAX, retry_after_s};
    use crate::http::Response;

    fn wait(retry_after: &str, date: Option<&str>) -> Option<u64> {
        let mut headers = vec![("retry-after".to_owned(), retry_after.to_owned())];
        headers.extend(date.map(|date| ("date".to_owned(), date.to_owned())));
        retry_after_s(&Response { status: 429, headers, body: Vec::new() })
    }

    #[test]
    fn fault_15_seconds_are_taken_rounded_up_and_capped() {
        for (value, expected) in [("1", 1), (" 3600 ", 3600), ("0", 0), ("1.5", 2), ("2.0", 2)] {
            assert_eq!(wait(value, None), Some(expected), "{value:?}");
        }
        assert_eq!(wait("99999999999999999999999", None), Some(RETRY_AFTER_S_MAX));
    }

    #[test]
    fn fault_15_a_date_counts_from_the_servers_own_clock() {
        let now = Some("Sun, 22 Nov 2026 10:00:00 GMT");
        assert_eq!(wait("Sun, 22 Nov 2026 10:30:00 GMT", now), Some(1800));
        assert_eq!(wait("Sun, 22 Nov 2026 09:00:00 GMT", now), Some(0));
        assert_eq!(wait("Sun, 22 Nov 2026 10:30:00 GMT", None), None);
    }

    #[test]
    fn fault_15_what_cannot_be_read_says_nothing() {
        for value in ["", "soon", "-5", "1e3", "5 minutes", "."] {
            assert_eq!(wait(value, Some("Sun, 22 Nov 2026 10:00:00 GMT")), None, "{value:?}");
        }
    }
}
