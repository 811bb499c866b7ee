//! Hands one letter to another server once, with the ledger before and after.
//!
//! SMTP has no look-up: a letter whose answer was lost after the final dot is sent once more, with the same Message-ID, so
//! that the recipient's server can know it again. After a second lost answer a person is asked.

use super::Outgoing;
use crate::crash_point::crash_point;
use crate::gateway::Shared;
use crate::held::Held;
use crate::metrics::Metrics;
use crate::stop::Stop;
use courier::submit;
use policy::meter::{Capacity, Metered};
use policy::{Fault, FaultCode, FaultKind, Receipt, StepKey};
use store::Begun;

/// A letter of which a second answer was lost is no more sent by itself.
const LOST_ANSWERS_MAX: u32 = 1;

/// A letter that is to be sent.
pub(crate) struct Parcel<'a> {
    pub(crate) key: &'a StepKey,
    /// As what it is counted.
    pub(crate) metered: Metered,
    /// The word that the ledger has for it.
    pub(crate) kind: &'a str,
    /// Of the first try; each other has the same.
    pub(crate) message_id: String,
    /// What of it stands in the receipt, in clear.
    pub(crate) receipt_id: String,
    /// How it leaves; `None` where there is no way, for the reason in [`Parcel::nowhere`].
    pub(crate) outgoing: Option<&'a Outgoing>,
    pub(crate) nowhere: Fault,
}

/// Sends the parcel unless that was done; the fault of one that failed for good. `send` gets the server and the Message-ID, and says how
/// many bytes it handed over.
pub(crate) async fn once<'a, S, F>(
    shared: &Shared,
    held: &Held,
    parcel: Parcel<'a>,
    send: S,
) -> Result<Option<Fault>, Stop>
where
    S: FnOnce(&'a Outgoing, &'a submit::Target, String) -> F,
    F: Future<Output = Result<u64, Fault>>,
{
    let (store, key) = (&shared.store, parcel.key);
    let leaves = parcel.outgoing.is_some_and(|outgoing| outgoing.target.is_some());
    if leaves && Capacity::counts(parcel.metered) {
        shared.needs_room(held).await?;
    }
    let mut again = false;
    let message_id = match store.begin(&held.lease, key, parcel.kind, &parcel.message_id).await? {
        Begun::Fresh => parcel.message_id,
        Begun::Done(_) => return Ok(None),
        Begun::Failed(fault) => return Ok(Some(fault)),
        Begun::InDoubt { looked, .. } if looked >= LOST_ANSWERS_MAX => return Err(Stop::Hold(in_doubt())),
        Begun::InDoubt { before, .. } => {
            store.looked(&held.lease, key).await?;
            Metrics::add(&shared.metrics.letters_again);
            again = true;
            before
        }
    };
    crash_point("deliver_begun");
    let Some(outgoing) = parcel.outgoing else { return fail(shared, held, key, parcel.nowhere).await.map(Some) };
    let sent = match &outgoing.target {
        Some(target) => held.while_ours(send(outgoing, target, message_id.clone())).await,
        None => Ok(0),
    };
    crash_point("deliver_sent");
    match sent {
        Ok(bytes) => {
            let dead_end = outgoing.target.is_none();
            let receipt = Receipt::Letter { message_id: parcel.receipt_id, dead_end };
            match dead_end {
                // Nothing went out.
                true => store.finish(&held.lease, key, &receipt).await?,
                false => store.finish_letter(&held.lease, key, &receipt, (parcel.metered, bytes)).await?,
            }
            crash_point("deliver_finished");
            Metrics::add(if dead_end { &shared.metrics.letters_kept } else { &shared.metrics.letters_sent });
            Ok(None)
        }
        Err(fault) => not_sent(shared, held, key, fault, Tried { message_id, again }).await.map(Some),
    }
}

/// The try that failed.
struct Tried {
    message_id: String,
    /// The answer of one before it was lost.
    again: bool,
}

/// What becomes of a letter that was not surely taken; the fault when it failed for good.
async fn not_sent(shared: &Shared, held: &Held, key: &StepKey, fault: Fault, tried: Tried) -> Result<Fault, Stop> {
    let store = &shared.store;
    if fault.code == FaultCode::LeaseLost {
        return Err(Stop::Lost);
    }
    match fault.kind {
        FaultKind::Permanent => {
            if fault.code == FaultCode::PostRefused && mail::is_refused_for_good(&fault.detail) {
                store.letter_came_back(&held.lease, key).await?;
            }
            fail(shared, held, key, fault).await
        }
        FaultKind::Temporary => {
            // The first attempt stays in doubt when only the second surely failed.
            match tried.again {
                true => store.not_again(&held.lease, key).await?,
                false => store.not_done(&held.lease, key, &tried.message_id).await?,
            }
            Err(Stop::Retry(fault))
        }
        FaultKind::Unknown => Err(Stop::Retry(fault)),
    }
}

async fn fail(shared: &Shared, held: &Held, key: &StepKey, fault: Fault) -> Result<Fault, Stop> {
    shared.store.fail(&held.lease, key, &fault).await?;
    Metrics::add(&shared.metrics.letters_failed);
    shared.metrics.fault(&fault);
    tracing::warn!(step = %key, code = %fault.code, detail = fault.detail, "a letter failed for good");
    Ok(fault)
}

fn in_doubt() -> Fault {
    let public = "It is not known whether this letter was delivered: the answer was lost twice. Ask the recipient, or look \
                  into the log of the outgoing mail server; waking the work sends it once more.";
    Fault::permanent(FaultCode::InDoubt, "two answers after the final dot were lost").with_public(public)
}

/// The submission client speaks of the listener that `sealpost deliver` talks to; here it is somebody else's server.
pub(crate) fn of_post(fault: Fault) -> Fault {
    let code = match fault.code {
        FaultCode::SmtpUnreachable => FaultCode::PostUnreachable,
        FaultCode::SmtpRefused => FaultCode::PostRefused,
        _ => return fault,
    };
    let public = format!("{} {}", code.meaning(), code.remedy());
    Fault { code, public, ..fault }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn faults_of_the_client_name_the_outgoing_server() {
        let fault = of_post(Fault::unknown(FaultCode::SmtpUnreachable, "lost"));
        assert_eq!((fault.code, fault.kind), (FaultCode::PostUnreachable, FaultKind::Unknown));
        assert!(fault.public.contains("[[outgoing]]"));
    }
}
