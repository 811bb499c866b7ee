//! The quiet that a site asked for: until it is over no request leaves, or none of its kind (FAULT-15).

use jiff::Timestamp;
use policy::{Fault, FaultCode};
use reqwest::header::{HeaderMap, RETRY_AFTER};
use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

/// No site is believed when it asks for more than a day.
const QUIET_S_MAX: u64 = 24 * 60 * 60;
/// What 429 without a time means.
const QUIET_S_DEFAULT: u64 = 5;
/// The limit of one issue, which says nothing of the others; the job alone waits then.
const ONE_ISSUE_ONLY: &str = "jira-per-issue-on-write";
/// The limit of one kind of request in a second, which says nothing of other kinds.
const ONE_KIND_ONLY: &str = "jira-burst-based";
/// Kinds that are left alone at the same time; there are a few dozen, and beyond this the whole site is.
const KINDS_MAX: usize = 256;

/// Until when a site is left alone, or one kind of request.
#[derive(Debug, Default)]
pub(super) struct Parking {
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    site: Option<Instant>,
    kinds: HashMap<String, Instant>,
}

impl Parking {
    /// Temporary `TrackerBusy` with the seconds that are left, rounded up, while the site is parked.
    pub(super) fn check(&self) -> Result<(), Fault> {
        quiet(self.lock().site, "the site has asked for quiet")
    }

    /// The same for a request of this kind: method and address, without what it names.
    pub(super) fn check_for(&self, kind: &str) -> Result<(), Fault> {
        let state = self.lock();
        quiet(state.site, "the site has asked for quiet")?;
        quiet(state.kinds.get(kind).copied(), "the site has asked for fewer requests of this kind")
    }

    /// Heeds the response to a request of this kind; the longest wish holds.
    pub(super) fn heed(&self, kind: &str, status: u16, headers: &HeaderMap, now: Timestamp) {
        let Some(seconds) = quiet_s(status, headers, now) else { return };
        let (now, quiet) = (Instant::now(), Duration::from_secs(seconds));
        let mut state = self.lock();
        let reason = headers.get("ratelimit-reason");
        if status == 429 && reason.is_some_and(|reason| reason == ONE_KIND_ONLY) {
            state.kinds.retain(|_, until| *until > now);
            if state.kinds.len() < KINDS_MAX || state.kinds.contains_key(kind) {
                let until = state.kinds.entry(kind.to_owned()).or_insert(now);
                *until = (*until).max(now + quiet);
                return;
            }
        }
        state.site = state.site.max(Some(now + quiet));
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        // Every use leaves the state whole; a poisoned lock holds a usable one.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn quiet(until: Option<Instant>, why: &str) -> Result<(), Fault> {
    let left = until.map_or(Duration::ZERO, |until| until.saturating_duration_since(Instant::now()));
    if left.is_zero() {
        return Ok(());
    }
    let seconds = left.as_secs() + u64::from(left.subsec_nanos() > 0);
    Err(Fault::temporary(FaultCode::TrackerBusy, why).with_retry_after_s(seconds))
}

/// For how many seconds the whole site, or one kind of request, is to be left alone (RFC 9110, section 10.2.3).
pub(super) fn quiet_s(status: u16, headers: &HeaderMap, now: Timestamp) -> Option<u64> {
    if status != 429 && status != 503 {
        return None;
    }
    if headers.get("ratelimit-reason").is_some_and(|reason| reason == ONE_ISSUE_ONLY) {
        return None;
    }
    let wish =
        headers.get(RETRY_AFTER).and_then(|value| value.to_str().ok()).and_then(|text| seconds(text.trim(), now));
    let wish = wish.or((status == 429).then_some(QUIET_S_DEFAULT))?;
    Some(wish.min(QUIET_S_MAX)).filter(|seconds| *seconds > 0)
}

fn seconds(text: &str, now: Timestamp) -> Option<u64> {
    if text.bytes().all(|byte| byte.is_ascii_digit()) {
        // More digits than fit are more than a day.
        return (!text.is_empty()).then(|| text.parse().unwrap_or(u64::MAX));
    }
    let at = jiff::fmt::rfc2822::parse(text).ok()?.timestamp();
    u64::try_from(at.as_second() - now.as_second()).ok()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use reqwest::header::HeaderName;

    fn wish(status: u16, headers: &[(&'static str, &str)]) -> Option<u64> {
        let headers = headers.iter().map(|(name, value)| (name.parse().unwrap(), value.parse().unwrap())).collect();
        quiet_s(status, &headers, "2026-11-22T10:00:00Z".parse().unwrap())
    }

    #[test]
    fn fault_15_each_form_of_retry_after_is_understood() {
        let table = [
            (429, "1", Some(1)),
            (429, "3600", Some(3600)),
            (503, "120", Some(120)),
            (429, "Sun, 22 Nov 2026 10:01:30 GMT", Some(90)),
            (429, "0", None),
            (429, "99999999999999999999999", Some(QUIET_S_MAX)),
            (429, "soon", Some(QUIET_S_DEFAULT)),
            (429, "", Some(QUIET_S_DEFAULT)),
            (503, "soon", None),
            (200, "60", None),
            (500, "60", None),
        ];
        for (status, text, expected) in table {
            assert_eq!(wish(status, &[("retry-after", text)]), expected, "{status} {text:?}");
        }
        assert_eq!(wish(429, &[]), Some(QUIET_S_DEFAULT));
        assert_eq!(wish(503, &[]), None);
    }

    #[test]
    fn fault_15_the_limit_of_one_issue_does_not_park_the_site() {
        assert_eq!(wish(429, &[("retry-after", "60"), ("ratelimit-reason", "jira-per-issue-on-write")]), None);
        assert_eq!(wish(429, &[("retry-after", "60"), ("ratelimit-reason", "jira-burst-based")]), Some(60));
    }

    #[test]
    fn fault_15_a_shorter_wish_does_not_end_a_longer_quiet() {
        let parking = Parking::default();
        assert!(parking.check().is_ok());
        for seconds in ["600", "1"] {
            let headers = [(RETRY_AFTER, seconds.parse().unwrap())].into_iter().collect();
            parking.heed("", 429, &headers, Timestamp::UNIX_EPOCH);
        }
        assert!(parking.check().is_err_and(|fault| fault.retry_after_s.is_some_and(|left| left > 500)));
    }

    #[test]
    fn fault_15_a_burst_of_one_kind_parks_that_kind_alone() {
        let parking = Parking::default();
        let headers = |reason: &str| {
            [("retry-after", "600"), ("ratelimit-reason", reason)]
                .map(|(name, value)| (name.parse::<HeaderName>().unwrap(), value.parse().unwrap()))
                .into_iter()
                .collect::<HeaderMap>()
        };
        let heed = |kind: &str, reason| parking.heed(kind, 429, &headers(reason), Timestamp::UNIX_EPOCH);
        heed("POST issue", "jira-burst-based");
        assert!(parking.check().is_ok() && parking.check_for("GET issue").is_ok());
        assert!(parking.check_for("POST issue").is_err_and(|fault| fault.retry_after_s.is_some_and(|left| left > 500)));
        for number in 0..2 * KINDS_MAX {
            heed(&number.to_string(), "jira-burst-based");
        }
        assert_eq!(parking.lock().kinds.len(), KINDS_MAX);
        assert!(parking.check().is_err(), "a site that refuses everything is left alone");
        let parking = Parking::default();
        parking.heed("POST issue", 429, &headers("jira-quota-tenant-based"), Timestamp::UNIX_EPOCH);
        assert!(parking.check_for("GET issue").is_err());
    }
}
