//! Faults that the desk shows on demand, so that tests see how a program copes with a tracker in trouble.

use serde::{Deserialize, Serialize};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// What goes wrong.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Fault {
    /// 429 with `Retry-After` and the `X-RateLimit` headers; nothing is done.
    RateLimit { retry_after_s: u64 },
    /// The same by another of Jira's limits, named as `RateLimit-Reason` names it: `jira-per-issue-on-write`,
    /// `jira-quota-tenant-based`, `jira-quota-global-based`.
    Limited { retry_after_s: u64, reason: String },
    /// A 5xx with this status; nothing is done.
    ServerError { status: u16 },
    /// A page of HTML with this status (200 or 503) instead of JSON; nothing is done.
    Maintenance { status: u16 },
    /// The work is done and the answer comes this much later.
    Slow { delay_ms: u64 },
    /// The work is done, and the connection is cut before the first byte of the answer. Only a success is lost, and only
    /// [`crate::Desk::serve`] can cut connections.
    LostAnswer,
    /// The work is done, and the second half of the answer's JSON is missing.
    TruncatedJson,
    /// Issues and comments younger than this are not found by `search/jql`; reading them by id or key works.
    SearchLag { lag_ms: u64 },
    /// Pages of `search/jql` hold at most this many issues, whatever was asked for.
    ShortPages { length: u32 },
}

/// Which requests are meant.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RouteKind {
    /// Every request to the REST interface.
    Any,
    /// Creating one issue or several.
    Create,
    /// Adding a comment.
    Comment,
    /// Adding an attachment.
    Attach,
    /// Changing the status.
    Transition,
    /// `search/jql` and the count.
    Search,
    /// Reads that are not searches; `bulkfetch` and `comment/list` are reads.
    Read,
    /// The bytes of a file.
    Download,
    /// Every other write.
    Write,
}

/// How often a fault shows.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum When {
    /// The next so many requests that it fits.
    Next(u32),
    /// Until the rules are changed.
    Always,
    /// Each time with this probability, 0 to 1.
    Probability(f64),
}

/// One switch.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct FaultRule {
    pub fault: Fault,
    pub route: RouteKind,
    pub when: When,
}

/// A switch and how often it has shown.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct FaultCount {
    #[serde(flatten)]
    pub rule: FaultRule,
    /// Requests that it changed so far.
    pub shown: u64,
}

/// The switches of one desk; clones share them.
#[derive(Clone, Default)]
pub struct FaultSwitches {
    inner: Arc<Inner>,
}

#[derive(Default)]
struct Inner {
    /// Spares the lock when no rule is set, which is the common case.
    armed: AtomicBool,
    state: Mutex<State>,
}

struct State {
    rules: Vec<FaultCount>,
    /// Of the small generator behind probabilities; fixed, so that a run can be repeated.
    seed: u64,
}

impl Default for State {
    fn default() -> State {
        State { rules: Vec::new(), seed: 0x5EA1_7057 }
    }
}

impl FaultSwitches {
    /// Adds a switch; the ones before it stay and are asked first.
    pub fn add(&self, fault: Fault, route: RouteKind, when: When) {
        self.lock().rules.push(FaultCount { rule: FaultRule { fault, route, when }, shown: 0 });
        self.inner.armed.store(true, Ordering::Release);
    }

    /// Replaces all switches; the counts start again from 0.
    pub fn replace(&self, rules: Vec<FaultRule>) {
        let mut state = self.lock();
        self.inner.armed.store(!rules.is_empty(), Ordering::Release);
        state.rules = rules.into_iter().map(|rule| FaultCount { rule, shown: 0 }).collect();
    }

    /// Removes all switches.
    pub fn clear(&self) {
        self.replace(Vec::new());
    }

    /// The switches and how often each has shown, spent ones included.
    pub fn counts(&self) -> Vec<FaultCount> {
        self.lock().rules.clone()
    }

    /// How often faults have shown that `which` accepts.
    pub fn shown(&self, which: impl Fn(&Fault) -> bool) -> u64 {
        self.lock().rules.iter().filter(|count| which(&count.rule.fault)).map(|count| count.shown).sum()
    }

    /// The first fault that `which` accepts and whose turn it is; counts it.
    pub(crate) fn draw(&self, route: RouteKind, which: impl Fn(&Fault) -> bool) -> Option<Fault> {
        if !self.inner.armed.load(Ordering::Acquire) {
            return None;
        }
        let mut state = self.lock();
        let State { rules, seed } = &mut *state;
        let fits = |rule: &FaultRule| (rule.route == RouteKind::Any || rule.route == route) && which(&rule.fault);
        let mut fitting = rules.iter_mut().filter(|count| fits(&count.rule));
        let count = fitting.find_map(|count| takes_turn(&mut count.rule.when, seed).then_some(count))?;
        count.shown += 1;
        Some(count.rule.fault.clone())
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        // A test that panicked with the lock held leaves whole rules behind.
        self.inner.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn takes_turn(when: &mut When, seed: &mut u64) -> bool {
    match when {
        When::Always => true,
        When::Next(left) => match left.checked_sub(1) {
            Some(less) => {
                *left = less;
                true
            }
            None => false,
        },
        When::Probability(share) => next_random(seed) < *share,
    }
}

/// SplitMix64 (Steele, Lea and Flood 2014), as a number from 0 up to 1.
fn next_random(seed: &mut u64) -> f64 {
    *seed = seed.wrapping_add(0x9E37_79B9_7F4A_7C15);
    let mut mixed = *seed;
    mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    mixed ^= mixed >> 31;
    (mixed >> 11) as f64 / (1_u64 << 53) as f64
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn next_shows_so_often_and_is_counted() {
        let faults = FaultSwitches::default();
        faults.add(Fault::LostAnswer, RouteKind::Create, When::Next(2));
        let draw = |route| faults.draw(route, |fault| *fault == Fault::LostAnswer).is_some();
        assert!(!draw(RouteKind::Comment));
        assert!(draw(RouteKind::Create) && draw(RouteKind::Create));
        assert!(!draw(RouteKind::Create));
        assert_eq!(faults.counts()[0].shown, 2);
    }

    #[test]
    fn probability_shows_about_so_often() {
        let faults = FaultSwitches::default();
        faults.add(Fault::TruncatedJson, RouteKind::Any, When::Probability(0.25));
        let shown = (0..4000).filter(|_| faults.draw(RouteKind::Read, |_| true).is_some()).count();
        assert!((800..1200).contains(&shown), "{shown} of 4000");
    }
}
