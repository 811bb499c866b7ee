//! Whether the client may send for the domain of the reverse-path (RFC 7208).

use super::Arrival;
use super::meter::{Answer, Kind, metered};
use mail::authenticity::{self, Check, Mechanism, Outcome};
use mail_auth::spf::verify::SpfParameters;
use mail_auth::{MessageAuthenticator, ResolverCache, SpfOutput, SpfResult};
use std::borrow::Borrow;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::sync::{Mutex, PoisonError};
use std::time::Instant;

/// Look-ups that may come to nothing (RFC 7208, section 4.6.4); the library counts those that are made, at most ten.
pub const VOID_LOOK_UPS_MAX: u32 = 2;
/// Every look-up that ten terms can cause: the addresses of ten exchanges each, and some to spare.
const LOOK_UPS_MAX: u32 = 120;

/// The result, and the domain that it is about.
///
/// The null reverse-path is checked as its client's name (RFC 7208, section 2.4). Without a client's address there is nothing
/// to check.
pub(super) async fn verified(authenticator: &MessageAuthenticator, arrival: &Arrival) -> (SpfOutput, String) {
    let sender = arrival.mail_from.as_deref().unwrap_or_default();
    let domain = authenticity::comparable(sender.rsplit_once('@').map_or(arrival.hello.as_str(), |(_, domain)| domain));
    let Some(ip) = arrival.ip.map(|ip| ip.to_canonical()) else {
        return (SpfOutput::default(), domain);
    };
    let counter = Counter::default();
    let parameters = SpfParameters::verify_mail_from(ip, &arrival.hello, &arrival.host, sender);
    let output = authenticator.check_host(metered(parameters, &counter)).await;
    let result = counter.verdict(output.result());
    (SpfOutput::new(domain.clone()).with_result(result), domain)
}

/// The check that a result comes to; none when there was no record or no client.
pub(super) fn check(output: &SpfOutput, domain: &str, author_domain: &str) -> Option<Check> {
    let (outcome, detail) = match output.result() {
        SpfResult::Pass => (Outcome::Pass, ""),
        SpfResult::Fail => (Outcome::Fail, "fail"),
        SpfResult::SoftFail => (Outcome::Fail, "softfail"),
        SpfResult::Neutral => (Outcome::Fail, "neutral"),
        SpfResult::PermError => (Outcome::Fail, "the record is wrong"),
        SpfResult::TempError => (Outcome::Unknown, "DNS gave no answer"),
        SpfResult::None => return None,
    };
    let aligned = authenticity::speaks_for(domain, author_domain);
    Some(Check { mechanism: Mechanism::Spf, outcome, domain: domain.to_owned(), aligned, detail: detail.to_owned() })
}

/// Counts look-ups that come to nothing: asked, and no answer told before the next one or the end.
#[derive(Default)]
struct Counter {
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    asked: u32,
    void: u32,
    /// The look-up that was asked last, until its answer is told.
    open: Option<(Kind, u64)>,
}

impl Counter {
    fn verdict(&self, result: SpfResult) -> SpfResult {
        let state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        let void = state.void + u32::from(state.open.is_some());
        match result {
            // Without an answer nobody knows whether the look-up came to nothing.
            SpfResult::TempError => SpfResult::TempError,
            _ if void > VOID_LOOK_UPS_MAX || state.asked > LOOK_UPS_MAX => SpfResult::PermError,
            other => other,
        }
    }

    /// Whether one more may be asked.
    fn may_ask(&self, kind: Kind, name: u64) -> bool {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        if kind == Kind::Aaaa && state.open == Some((Kind::A, name)) {
            // The mechanism `exists` asks for both kinds of addresses at once and never tells its answer.
            state.open = None;
            return true;
        }
        state.void += u32::from(state.open.is_some());
        state.open = Some((kind, name));
        state.asked += 1;
        state.void <= VOID_LOOK_UPS_MAX && state.asked <= LOOK_UPS_MAX
    }
}

impl<K, V: Answer> ResolverCache<K, V> for Counter {
    fn get<Q>(&self, name: &Q) -> Option<V>
    where
        K: Borrow<Q>,
        Q: Hash + Eq + ?Sized,
    {
        let mut hasher = DefaultHasher::new();
        name.hash(&mut hasher);
        (!self.may_ask(V::KIND, hasher.finish())).then(V::refused)
    }

    fn remove<Q>(&self, _: &Q) -> Option<V>
    where
        K: Borrow<Q>,
        Q: Hash + Eq + ?Sized,
    {
        None
    }

    fn insert(&self, _: K, _: V, _: Instant) {
        self.state.lock().unwrap_or_else(PoisonError::into_inner).open = None;
    }
}
