//! What a failed exchange means: whether the request can have had an effect.

use crate::speak::address::Refusal;
use policy::{Fault, FaultCode};
use std::error::Error;
use tracker::Method;

/// How many causes of a cause are told.
const CAUSES_MAX: usize = 8;

/// The fault for an exchange that failed before a whole response was there.
///
/// Without a connection nothing was sent, so trying again is safe. Afterwards only reading is: a write may have been done
/// although its answer is lost.
pub(super) fn fault(error: &reqwest::Error, method: Method) -> Fault {
    let detail = causes(error);
    if let Some(fault) = cause::<Fault>(error) {
        return fault.clone();
    }
    if cause::<Refusal>(error).is_some() {
        return Fault::permanent(FaultCode::AddressRefused, detail);
    }
    if error.is_connect() || error.is_builder() {
        return Fault::temporary(FaultCode::TrackerUnreachable, detail);
    }
    lost(method, if error.is_timeout() { "no whole answer in time".to_owned() } else { detail })
}

/// The fault for an answer that was lost after the request had left.
pub(super) fn lost(method: Method, detail: String) -> Fault {
    match method {
        Method::Get => Fault::temporary(FaultCode::TrackerUnreachable, detail),
        Method::Post | Method::Put | Method::Delete => Fault::unknown(FaultCode::TrackerUnclear, detail),
    }
}

fn cause<T: Error + 'static>(error: &reqwest::Error) -> Option<&T> {
    chain(error).find_map(|cause| cause.downcast_ref())
}

fn chain<'a>(error: &'a reqwest::Error) -> impl Iterator<Item = &'a (dyn Error + 'static)> {
    std::iter::successors(error.source(), |cause: &&'a (dyn Error + 'static)| {
        let cause: &'a (dyn Error + 'static) = *cause;
        cause.source()
    })
    .take(CAUSES_MAX)
}

/// The causes in words, without the outermost, which holds the URL with its query.
fn causes(error: &reqwest::Error) -> String {
    let causes: Vec<String> = chain(error).map(ToString::to_string).collect();
    if causes.is_empty() { "the request failed".to_owned() } else { causes.join(": ") }
}
