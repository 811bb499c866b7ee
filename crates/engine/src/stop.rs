//! How a run of a job may end before the job is done.

use policy::{Fault, FaultCode, FaultKind};
use std::time::Duration;

/// Why a run ended early and what becomes of the job.
#[derive(Debug)]
pub(crate) enum Stop {
    /// Failed: tried again after a pause, and the try counts.
    Retry(Fault),
    /// Nothing failed: goes on at a time that is known, and the try does not count.
    Wait(Fault, Duration),
    /// The outgoing server lets nobody in: goes on when it does, at the latest after so long, and the try does not count.
    Halted(Fault, Duration),
    /// There is no room in the capacity plan of its site: goes on when there is, and neither the try nor the time counts.
    Aside(Fault, Duration),
    /// A person has to look.
    Hold(Fault),
    /// Given up: visible and replayable.
    GiveUp(Fault),
    /// The job belongs to another process by now; nothing may be recorded.
    Lost,
}

impl From<Fault> for Stop {
    fn from(fault: Fault) -> Stop {
        if fault.code == FaultCode::LeaseLost {
            return Stop::Lost;
        }
        match (fault.kind, fault.retry_after_s) {
            (FaultKind::Permanent, _) => Stop::GiveUp(fault),
            (_, Some(seconds)) => Stop::Wait(fault, Duration::from_secs(seconds)),
            (_, None) => Stop::Retry(fault),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_fault_says_itself_what_becomes_of_the_job() {
        let busy = Fault::temporary(FaultCode::TrackerBusy, "429").with_retry_after_s(7);
        assert!(matches!(Stop::from(busy), Stop::Wait(_, pause) if pause == Duration::from_secs(7)));
        assert!(matches!(Stop::from(Fault::temporary(FaultCode::LeaseLost, "")), Stop::Lost));
        assert!(matches!(Stop::from(Fault::permanent(FaultCode::TrackerRefused, "")), Stop::GiveUp(_)));
        assert!(matches!(Stop::from(Fault::temporary(FaultCode::StoreUnavailable, "")), Stop::Retry(_)));
    }
}
