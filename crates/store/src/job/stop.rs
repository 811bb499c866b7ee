//! Stopping a job that is not done: waiting, holding, giving up.

use super::check_lease;
use crate::Store;
use crate::database::{execute, one};
use crate::dialect;
use crate::outbox::returned::tell_of_failure;
use crate::rows::{JobKind, JobState, Lease, Micros};
use crate::sealed::{self, job_place};
use policy::{Fault, FaultKind};

/// How a running job stops without being done.
struct Stop {
    state: JobState,
    due: Micros,
    tries_back: i64,
    waits_for: WaitsFor,
}

/// What a waiting job waits for beside its time, by which it is found when that comes before.
#[derive(Clone, Copy, PartialEq, Eq)]
enum WaitsFor {
    Time,
    /// Room in a capacity plan. That is nothing that it does itself, so the time does not count as its age.
    Room,
    /// An outgoing server that lets us in.
    LettingIn,
    /// Its turn at an address. As with room, the time does not count.
    Turn,
    /// A key with which it may go.
    Key,
}

impl WaitsFor {
    /// The number that stands in the database.
    fn number(self) -> i64 {
        match self {
            WaitsFor::Time | WaitsFor::Turn => 0,
            WaitsFor::Room => 1,
            WaitsFor::LettingIn => 2,
            WaitsFor::Key => 3,
        }
    }
}

impl Stop {
    fn to(state: JobState) -> Stop {
        Stop { state, due: 0, tries_back: 0, waits_for: WaitsFor::Time }
    }

    /// Whether a letter that was let go stays unsent for now, because its server is away, puts it off or is halted, the plan of its site is
    /// spent, or a key is missing: it is counted anew when it goes. One that only waits for its turn goes within seconds, and one in doubt may have gone.
    fn keeps_unsent(&self, fault: &Fault) -> bool {
        let is_parked = self.state == JobState::Waiting && self.tries_back == 0;
        (is_parked || matches!(self.waits_for, WaitsFor::LettingIn | WaitsFor::Room | WaitsFor::Key))
            && fault.kind != FaultKind::Unknown
    }
}
impl Store {
    /// The job waits until then; the fault is shown in the story.
    pub async fn park(&self, lease: &Lease, fault: &Fault, until: Micros) -> Result<(), Fault> {
        self.stop(lease, fault, Stop { due: until, ..Stop::to(JobState::Waiting) }).await
    }

    /// The job waits until then as a part of its work (the time of a look-up, an undecided parent, a time that the
    /// tracker named): like [`Store::park`], but the try is taken back, so that waiting never wears out the tries.
    pub async fn wait(&self, lease: &Lease, fault: &Fault, until: Micros) -> Result<(), Fault> {
        self.stop(lease, fault, Stop { due: until, tries_back: 1, ..Stop::to(JobState::Waiting) }).await
    }

    /// Like [`Store::wait`], for room in the capacity plan of its site: [`Store::end_aside`] finds it when there is some, and by its
    /// age it is as old afterwards as it was before.
    pub async fn wait_aside(&self, lease: &Lease, fault: &Fault, until: Micros) -> Result<(), Fault> {
        let stop = Stop { due: until, tries_back: 1, waits_for: WaitsFor::Room, ..Stop::to(JobState::Waiting) };
        self.stop(lease, fault, stop).await
    }

    /// Like [`Store::wait`], for the turn of a letter at an address that had its share; by its age it is as old afterwards as it was before.
    pub async fn wait_in_turn(&self, lease: &Lease, fault: &Fault, until: Micros) -> Result<(), Fault> {
        let stop = Stop { due: until, tries_back: 1, waits_for: WaitsFor::Turn, ..Stop::to(JobState::Waiting) };
        self.stop(lease, fault, stop).await
    }

    /// Like [`Store::wait`], for an outgoing server that lets nobody in: [`Store::end_halts`] finds it when it may.
    pub async fn wait_halted(&self, lease: &Lease, fault: &Fault, until: Micros) -> Result<(), Fault> {
        let stop = Stop { due: until, tries_back: 1, waits_for: WaitsFor::LettingIn, ..Stop::to(JobState::Waiting) };
        self.stop(lease, fault, stop).await
    }

    /// Like [`Store::wait`], for a key with which a letter may go: [`Store::end_unsealed`] finds it when there may be one, and
    /// [`Store::unsealed`] counts it.
    pub async fn wait_unsealed(&self, lease: &Lease, fault: &Fault, until: Micros) -> Result<(), Fault> {
        let stop = Stop { due: until, tries_back: 1, waits_for: WaitsFor::Key, ..Stop::to(JobState::Waiting) };
        self.stop(lease, fault, stop).await
    }

    /// The job waits for a person.
    pub async fn hold(&self, lease: &Lease, fault: &Fault) -> Result<(), Fault> {
        self.stop(lease, fault, Stop::to(JobState::Held)).await
    }

    /// The job is given up: visible and replayable.
    pub async fn bury(&self, lease: &Lease, fault: &Fault) -> Result<(), Fault> {
        self.stop(lease, fault, Stop::to(JobState::Dead)).await
    }

    /// Rules for sealing hold back what this job is about, and that is known from now on, whatever stops it afterwards.
    ///
    /// # Errors
    /// Those of the database, and `LeaseLost`.
    pub async fn note_held_by_rules(&self, lease: &Lease) -> Result<(), Fault> {
        const SQL: &str = "UPDATE jobs SET held_by_rules = 1 WHERE id = $1 AND held_by_rules = 0";
        let lease = lease.clone();
        let work = self.inner.db.unit(move |conn| {
            Box::pin(async move {
                check_lease(conn, &lease).await?;
                execute!(conn, SQL, &lease.job).map(drop)
            })
        });
        work.await
    }

    /// Whether rules ever held back what this job is about.
    ///
    /// # Errors
    /// Those of the database.
    pub async fn was_held_by_rules(&self, lease: &Lease) -> Result<bool, Fault> {
        const SQL: &str = "SELECT held_by_rules FROM jobs WHERE id = $1";
        let job = lease.job.clone();
        let work = self.inner.db.read(move |conn| Box::pin(async move { one!(conn, (i64,), SQL, &job) }));
        Ok(work.await?.is_some_and(|(was,)| was != 0))
    }

    async fn stop(&self, lease: &Lease, fault: &Fault, stop: Stop) -> Result<(), Fault> {
        const SQL: &str = "UPDATE jobs SET state = $1, due = $2, tries = tries - $3, sealed_fault = $4, ended_at = $5,
            worker = NULL, aside = $7, created_at = created_at + $8 WHERE id = $6";
        const LET_ANEW: &str = "UPDATE outbox SET let_at = NULL WHERE id = $1 AND let_at IS NOT NULL";
        let is_let_anew = lease.kind == JobKind::Letter && stop.keeps_unsent(fault);
        let sealed = match self.inner.key_for(lease).await? {
            Some(key) => Some(sealed::seal(&key, job_place(&lease.site, &lease.job), fault)?),
            None => None,
        };
        let (lease, fault) = (lease.clone(), fault.clone());
        let work = self.inner.db.unit(move |conn| {
            Box::pin(async move {
                check_lease(conn, &lease).await?;
                let now = dialect::now(conn).await?;
                let ended_at = (stop.state != JobState::Waiting).then_some(now);
                let state = stop.state.word();
                let is_no_age = matches!(stop.waits_for, WaitsFor::Room | WaitsFor::Turn);
                let waits = if is_no_age { stop.due.saturating_sub(now).max(0) } else { 0 };
                let aside = stop.waits_for.number();
                execute!(conn, SQL, state, stop.due, stop.tries_back, sealed, ended_at, &lease.job, aside, waits)?;
                if is_let_anew {
                    execute!(conn, LET_ANEW, &lease.subject)?;
                }
                if stop.state == JobState::Dead && fault.kind != FaultKind::Permanent {
                    tell_of_failure(conn, &lease, &fault, now).await?;
                }
                Ok(())
            })
        });
        work.await?;
        self.inner.bell.ring();
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use policy::FaultCode;

    #[test]
    fn a_letter_that_its_server_keeps_is_counted_anew() {
        let away = Fault::temporary(FaultCode::PostUnreachable, "");
        let parked = || Stop::to(JobState::Waiting);
        assert!(parked().keeps_unsent(&away));
        assert!(Stop { waits_for: WaitsFor::LettingIn, tries_back: 1, ..parked() }.keeps_unsent(&away));
        let spent = Fault::temporary(FaultCode::PlanSpent, "");
        assert!(
            Stop { waits_for: WaitsFor::Room, tries_back: 1, ..parked() }.keeps_unsent(&spent),
            "the plan was spent"
        );
        assert!(!Stop { tries_back: 1, ..parked() }.keeps_unsent(&away), "it waits for its turn");
        assert!(!Stop::to(JobState::Dead).keeps_unsent(&away) && !Stop::to(JobState::Held).keeps_unsent(&away));
        let doubtful = Fault { kind: FaultKind::Unknown, ..away };
        assert!(!parked().keeps_unsent(&doubtful), "it may have gone");
    }
}
