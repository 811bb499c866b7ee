//! The tracker's limits on how often it may be asked: kept on our side where they are known, heeded and told where they bite.

use policy::{Fault, FaultCode};
use std::collections::{HashMap, VecDeque};
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};
use tracker::{Operation, Response};

/// Limits on the writes of one issue: so many in so long, the widest last.
pub(crate) type IssueWrites = [(usize, Duration); 2];

/// Jira's. Source: Atlassian's page on rate limits of 5 March 2026.
pub(crate) const WRITES_OF_AN_ISSUE: IssueWrites = [(20, Duration::from_secs(2)), (100, Duration::from_secs(30))];

/// What a refusal of one issue without a time means.
const ISSUE_QUIET: Duration = Duration::from_secs(2);

/// The most issues whose writes are remembered; those that were written longest ago are forgotten first.
const ISSUES_MAX: usize = 10_000;

/// Which limit a refusal was about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Limit {
    /// Requests in a second.
    Burst,
    /// Writes of one issue.
    Issue,
    /// What a site or an app may ask for in an hour.
    Quota,
    /// It does not say.
    Other,
}

impl Limit {
    pub(crate) const ALL: [Limit; 4] = [Limit::Burst, Limit::Issue, Limit::Quota, Limit::Other];

    /// As metrics and logs name it.
    pub(crate) fn word(self) -> &'static str {
        match self {
            Limit::Burst => "burst",
            Limit::Issue => "issue",
            Limit::Quota => "quota",
            Limit::Other => "other",
        }
    }

    /// What those are told who look at the mail that waits for it.
    pub(crate) fn in_words(self) -> &'static str {
        match self {
            Limit::Burst => {
                "The tracker's limit on requests in a second was reached. Nothing: the work goes on by itself, at the time \
                 that the tracker named."
            }
            Limit::Issue => {
                "The tracker's limit on changes of this one issue was reached. Nothing: the work goes on by itself, and \
                 other issues do not wait for it."
            }
            Limit::Quota => {
                "What the tracker allows this site in an hour is used up. Nothing: the work goes on by itself, at the time \
                 that the tracker named; if it happens often, ask for less at a time with `site[].requests_per_s`."
            }
            Limit::Other => {
                "The tracker asked us to slow down. Nothing: the work goes on by itself, at the time that the tracker named."
            }
        }
    }

    /// By Jira's own word for it, in `RateLimit-Reason`.
    fn of(response: &Response) -> Limit {
        match response.header("ratelimit-reason").map(str::trim) {
            Some("jira-burst-based") => Limit::Burst,
            Some("jira-per-issue-on-write") => Limit::Issue,
            Some(reason) if reason.starts_with("jira-quota") => Limit::Quota,
            Some(_) | None => Limit::Other,
        }
    }
}

/// What is known of one site's limits.
pub(crate) struct Limits {
    issue_writes: IssueWrites,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    issues: HashMap<String, Writes>,
    /// How often each limit bit, in the order of [`Limit::ALL`].
    bitten: [u64; 4],
}

#[derive(Default)]
struct Writes {
    /// The times of the last writes, oldest first; no more than the widest limit counts.
    at: VecDeque<Instant>,
    quiet_until: Option<Instant>,
}

impl Limits {
    pub(crate) fn new(issue_writes: IssueWrites) -> Limits {
        Limits { issue_writes, state: Mutex::default() }
    }

    /// Counts a write of an issue, unless it would be one too many or the issue was asked to be left alone: then temporary
    /// `TrackerBusy` with the time that is left. No other issue waits for it.
    pub(crate) fn before_write(&self, issue_id: &str, now: Instant) -> Result<(), Fault> {
        let mut state = self.lock();
        if state.issues.len() >= ISSUES_MAX && !state.issues.contains_key(issue_id) {
            state.issues.retain(|_, writes| writes.counts_at(&self.issue_writes, now));
            if state.issues.len() >= ISSUES_MAX {
                state.issues.clear();
            }
        }
        let writes = state.issues.entry(issue_id.to_owned()).or_default();
        if let Some(wait) = writes.wait(&self.issue_writes, now) {
            let seconds = wait.as_secs() + u64::from(wait.subsec_nanos() > 0);
            state.bitten[Limit::Issue as usize] += 1;
            let detail = "the tracker takes no more writes of this issue for now";
            let fault = Fault::temporary(FaultCode::TrackerBusy, detail).with_public(Limit::Issue.in_words());
            return Err(fault.with_retry_after_s(seconds));
        }
        writes.at.push_back(now);
        if writes.at.len() > self.issue_writes[1].0 {
            writes.at.pop_front();
        }
        Ok(())
    }

    /// Heeds an answer that a limit refused; which one it was, so that an operator can be told.
    pub(crate) fn heed(&self, operation: &Operation, response: &Response, quiet_s: Option<u64>) -> Option<Limit> {
        if response.status != 429 {
            return None;
        }
        let limit = Limit::of(response);
        let mut state = self.lock();
        state.bitten[limit as usize] += 1;
        if let (Limit::Issue, Some(issue_id)) = (limit, operation.written_issue()) {
            let quiet = quiet_s.map_or(ISSUE_QUIET, Duration::from_secs);
            let writes = state.issues.entry(issue_id.to_owned()).or_default();
            writes.quiet_until = writes.quiet_until.max(Some(Instant::now() + quiet));
        }
        Some(limit)
    }

    /// How often each limit bit.
    pub(crate) fn bitten(&self) -> [(Limit, u64); 4] {
        let bitten = self.lock().bitten;
        Limit::ALL.map(|limit| (limit, bitten[limit as usize]))
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Writes {
    /// How long the next write has to wait.
    fn wait(&self, limits: &IssueWrites, now: Instant) -> Option<Duration> {
        let windows = limits.iter().filter_map(|(most, span)| {
            let oldest_that_counts = self.at.len().checked_sub(*most)?;
            Some(*self.at.get(oldest_that_counts)? + *span)
        });
        let free = windows.chain(self.quiet_until).max()?;
        free.checked_duration_since(now).filter(|wait| !wait.is_zero())
    }

    fn counts_at(&self, limits: &IssueWrites, now: Instant) -> bool {
        let recent = self.at.back().is_some_and(|last| *last + limits[1].1 > now);
        recent || self.quiet_until.is_some_and(|until| until > now)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fault_15_the_writes_of_one_issue_stay_below_its_limits_and_no_other_waits() {
        let (limits, start) = (Limits::new(WRITES_OF_AN_ISSUE), Instant::now());
        let at = |ms| start + Duration::from_millis(ms);
        for n in 0..20 {
            assert!(limits.before_write("1", at(n)).is_ok());
        }
        let busy = limits.before_write("1", at(100));
        assert_eq!(busy.map_err(|fault| (fault.code, fault.retry_after_s)), Err((FaultCode::TrackerBusy, Some(2))));
        assert!(limits.before_write("2", at(100)).is_ok(), "another issue is not concerned");
        // Four more bursts reach the second limit.
        for burst in 1..5_u64 {
            for n in 0..20 {
                assert!(limits.before_write("1", at(burst * 2100 + n)).is_ok(), "burst {burst}");
            }
        }
        let busy = limits.before_write("1", at(12_000));
        assert!(busy.as_ref().is_err_and(|fault| fault.public.contains("this one issue")), "PRIV-28: {busy:?}");
        assert_eq!(busy.map_err(|fault| fault.retry_after_s), Err(Some(18)), "until the first is 30 s old");
        assert!(limits.before_write("1", at(30_001)).is_ok());
        assert_eq!(limits.bitten()[Limit::Issue as usize].1, 2);
    }

    #[test]
    fn fault_15_an_issue_that_asked_for_quiet_gets_it() {
        let limits = Limits::new(WRITES_OF_AN_ISSUE);
        let headers = vec![("ratelimit-reason".to_owned(), "jira-per-issue-on-write".to_owned())];
        let response = Response { status: 429, headers, body: Vec::new() };
        let watch = |id: &str| Operation::AddWatcher { issue_id: id.to_owned(), account: String::new() };
        assert_eq!(limits.heed(&watch("1"), &response, Some(60)), Some(Limit::Issue));
        assert!(limits.before_write("1", Instant::now()).is_err_and(|fault| fault.retry_after_s > Some(58)));
        assert!(limits.before_write("2", Instant::now()).is_ok());
        assert_eq!(limits.heed(&watch("1"), &Response { status: 200, ..response }, None), None);
    }

    #[test]
    fn each_limit_has_a_name() {
        for (reason, limit) in [
            ("jira-burst-based", Limit::Burst),
            ("jira-quota-tenant-based", Limit::Quota),
            ("jira-quota-global-based", Limit::Quota),
            ("something new", Limit::Other),
        ] {
            let headers = vec![("ratelimit-reason".to_owned(), reason.to_owned())];
            assert_eq!(Limit::of(&Response { status: 429, headers, body: Vec::new() }), limit);
        }
    }
}
