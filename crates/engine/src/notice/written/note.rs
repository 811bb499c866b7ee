//! The comment on the issue that says what was written to whom: made once, with the ledger before and after.

use super::Noted;
use crate::carry::look_for_comment;
use crate::crash_point::crash_point;
use crate::gateway::Shared;
use crate::held::Held;
use crate::metrics::Metrics;
use crate::site::{Site, misunderstood};
use crate::stop::Stop;
use policy::{Fault, FaultCode, FaultKind, Receipt, StepKey};
use std::time::Duration;
use store::{Begun, Micros};
use tracker::{Answer, Operation};

/// What the ledger says was done.
const KIND: &str = "note";
/// Nothing has to be known from before: all comments of an issue can be read.
const BEFORE: &str = "{}";

/// One note of one letter.
struct Noting<'a> {
    shared: &'a Shared,
    held: &'a Held,
    site: &'a Site,
    issue_id: &'a str,
    key: StepKey,
    note: Noted,
}

/// Notes it unless that was done, and ends the job.
pub(super) async fn note(
    shared: &Shared,
    held: &Held,
    site: &Site,
    issue_id: &str,
    note: Option<Noted>,
) -> Result<(), Stop> {
    let Some(note) = note else { return Ok(shared.store.complete(&held.lease).await?) };
    let key = StepKey(format!("{}/written:{}/note", site.name, held.lease.subject));
    let noting = Noting { shared, held, site, issue_id, key, note };
    match shared.store.deed(&held.lease, &noting.key).await? {
        Begun::Fresh => noting.act().await,
        Begun::Done(_) => Ok(shared.store.complete(&held.lease).await?),
        Begun::Failed(fault) => Err(Stop::GiveUp(fault)),
        Begun::InDoubt { begun_at, looked, .. } => noting.resolve(begun_at, looked).await,
    }
}

impl Noting<'_> {
    async fn act(&self) -> Result<(), Stop> {
        let (store, lease) = (&self.shared.store, &self.held.lease);
        match store.begin(lease, &self.key, KIND, BEFORE).await? {
            Begun::Fresh => {}
            Begun::Done(_) => return Ok(store.complete(lease).await?),
            Begun::Failed(fault) => return Err(Stop::GiveUp(fault)),
            Begun::InDoubt { .. } => return Err(Stop::Retry(not_yet())),
        }
        crash_point("written_noting");
        let made = self.held.while_ours(self.comment()).await;
        crash_point("written_noted");
        match made {
            Ok(id) => self.finish(id).await,
            Err(fault) if fault.code == FaultCode::LeaseLost => Err(Stop::Lost),
            Err(fault) => match fault.kind {
                FaultKind::Permanent => {
                    store.fail(lease, &self.key, &fault).await?;
                    Err(Stop::GiveUp(fault))
                }
                FaultKind::Temporary => {
                    store.not_done(lease, &self.key, BEFORE).await?;
                    Err(fault.into())
                }
                FaultKind::Unknown => {
                    Metrics::add(&self.shared.metrics.in_doubt);
                    Err(Stop::Wait(fault, self.shared.settings.look_ups[0]))
                }
            },
        }
    }

    async fn comment(&self) -> Result<String, Fault> {
        let operation = Operation::AddComment {
            issue_id: self.issue_id.to_owned(),
            body: self.note.body.clone(),
            visibility: self.note.visibility.clone(),
            marker: self.key.clone(),
        };
        match self.site.write(&operation, &|| self.held.still_ours()).await? {
            Answer::Made(made) => Ok(made.id),
            other => Err(misunderstood(&other)),
        }
    }

    async fn finish(&self, id: String) -> Result<(), Stop> {
        let receipt = Receipt::Comment { issue_id: self.issue_id.to_owned(), id };
        Ok(self.shared.store.finish_last(&self.held.lease, &self.key, &receipt).await?)
    }

    /// Looks for its trace at the named times after the attempt; it is repeated when none of them found it.
    async fn resolve(&self, begun_at: Micros, looked: u32) -> Result<(), Stop> {
        let (store, lease) = (&self.shared.store, &self.held.lease);
        let times = &self.shared.settings.look_ups;
        if let Some(time) = times.get(looked as usize) {
            let due = begun_at.saturating_add(i64::try_from(time.as_micros()).unwrap_or(i64::MAX));
            if let Ok(micros @ 1..) = u64::try_from(due.saturating_sub(self.held.now())) {
                return Err(Stop::Wait(not_yet(), Duration::from_micros(micros)));
            }
        }
        match look_for_comment(self.shared, self.site, self.issue_id, &self.key, begun_at).await {
            Ok(Some(id)) => return self.finish(id).await,
            Ok(None) => {}
            Err(fault) if fault.kind == FaultKind::Permanent => {
                return Err(Stop::Hold(Fault::permanent(FaultCode::InDoubt, fault.detail)));
            }
            Err(fault) => return Err(fault.into()),
        }
        let looked = store.looked(lease, &self.key).await? as usize;
        if let (Some(this), Some(next)) = (times.get(looked - 1), times.get(looked)) {
            return Err(Stop::Wait(not_yet(), next.saturating_sub(*this)));
        }
        store.not_done(lease, &self.key, BEFORE).await?;
        self.act().await
    }
}

fn not_yet() -> Fault {
    Fault::unknown(FaultCode::TrackerUnclear, "the trace of a note is looked for at its time")
}
