//! The jobs that this process holds a lease on, kept alive by one heartbeat.

use policy::{Fault, FaultCode};
use std::collections::HashMap;
use std::future::Future;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::task::Poll;
use std::time::{Duration, Instant};
use store::{Lease, Micros, Store};
use tokio::time::MissedTickBehavior;
use tokio_util::sync::CancellationToken;

/// How often an effect that is under way is asked whether its lease still holds.
const EFFECT_CHECKED_EVERY: Duration = Duration::from_secs(1);

/// A job that this process works on. Dropping it ends the renewals, not the lease.
pub(crate) struct Held {
    pub(crate) lease: Lease,
    claimed: Instant,
    claimed_at: Micros,
    state: Arc<State>,
    leases: Leases,
}

struct State {
    /// Milliseconds after `Leases::started` up to which the lease surely holds by the monotonic clock.
    valid_until_ms: AtomicU64,
    lost: CancellationToken,
}

impl Held {
    /// A time so long from now.
    pub(crate) fn after(&self, pause: Duration) -> Micros {
        self.now().saturating_add(i64::try_from(pause.as_micros()).unwrap_or(Micros::MAX))
    }

    /// The database's time, as well as it is known without asking: its time at the claim plus what has passed since.
    pub(crate) fn now(&self) -> Micros {
        self.claimed_at.saturating_add(i64::try_from(self.claimed.elapsed().as_micros()).unwrap_or(i64::MAX))
    }

    /// How long ago the job was created.
    pub(crate) fn age(&self) -> Duration {
        Duration::from_micros(u64::try_from(self.now().saturating_sub(self.lease.created_at)).unwrap_or(0))
    }

    /// Asked right before every effect is sent, and while it goes on: a process that was stopped past its lease must not act any
    /// more (FAULT-30, 31).
    pub(crate) fn still_ours(&self) -> Result<(), Fault> {
        let valid = self.state.valid_until_ms.load(Ordering::Acquire);
        if self.state.lost.is_cancelled() || self.leases.ms_since_start(Instant::now()) >= valid {
            return Err(Fault::temporary(FaultCode::LeaseLost, "the lease ran out before the effect had ended"));
        }
        Ok(())
    }

    /// Carries an effect on only as long as the lease holds; `LeaseLost` says nothing about whether it happened.
    ///
    /// Who claims the job next looks for the trace for some minutes and then repeats the effect. A slow upload whose process
    /// has lost the database must have ended by then, and one whose process was stopped and continued must not send the rest
    /// (FAULT-30, 31); so the lease is looked at before each step of the effect and not only before the first.
    pub(crate) async fn while_ours<T>(&self, effect: impl Future<Output = Result<T, Fault>>) -> Result<T, Fault> {
        let mut effect = std::pin::pin!(effect);
        let mut tick = tokio::time::interval(EFFECT_CHECKED_EVERY);
        tick.set_missed_tick_behavior(MissedTickBehavior::Delay);
        std::future::poll_fn(|context| {
            while tick.poll_tick(context).is_ready() {}
            match self.still_ours() {
                Ok(()) => effect.as_mut().poll(context),
                Err(lost) => Poll::Ready(Err(lost)),
            }
        })
        .await
    }

    /// Resolves when the lease was lost.
    pub(crate) async fn lost(&self) {
        self.state.lost.cancelled().await;
    }
}

impl Drop for Held {
    fn drop(&mut self) {
        let mut held = self.leases.lock();
        // The job may have been given back and claimed again already; that lease is another one.
        if held.get(&self.lease.job).is_some_and(|(known, _)| known.fence == self.lease.fence) {
            held.remove(&self.lease.job);
        }
    }
}

/// All leases of this process. Cheap to clone.
#[derive(Clone)]
pub(crate) struct Leases {
    started: Instant,
    lease_s: u32,
    held: Arc<Mutex<ByJob>>,
}

type ByJob = HashMap<String, (Lease, Arc<State>)>;

impl Leases {
    pub(crate) fn new(lease_s: u32) -> Leases {
        Leases { started: Instant::now(), lease_s, held: Arc::default() }
    }

    /// Registers a lease; `asked` is when the claim was sent, so that the local deadline is never later than the real one.
    pub(crate) fn hold(&self, lease: Lease, asked: Instant) -> Held {
        let state =
            Arc::new(State { valid_until_ms: AtomicU64::new(self.deadline_ms(asked)), lost: CancellationToken::new() });
        self.lock().insert(lease.job.clone(), (lease.clone(), state.clone()));
        let claimed_at = lease.until.saturating_sub(i64::from(self.lease_s) * 1_000_000);
        Held { lease, claimed: asked, claimed_at, state, leases: self.clone() }
    }

    /// Renews all leases every third of their time until it is stopped; those that are lost stop their jobs.
    pub(crate) async fn beat(&self, store: &Store, stop: &CancellationToken) {
        let every = Duration::from_secs(u64::from(self.lease_s)) / 3;
        loop {
            tokio::select! {
                () = tokio::time::sleep(every) => self.renew(store, every).await,
                () = stop.cancelled() => return,
            }
        }
    }

    async fn renew(&self, store: &Store, patience: Duration) {
        let leases: Vec<Lease> = self.lock().values().map(|(lease, _)| lease.clone()).collect();
        if leases.is_empty() {
            return;
        }
        match self.renew_some(store, &leases, patience).await {
            Err(fault) if fault.code == FaultCode::LeaseLost => {
                // One of them was lost and the call says not which.
                for lease in &leases {
                    self.renew_one(store, lease, patience).await;
                }
            }
            Err(fault) => tracing::warn!(code = %fault.code, detail = fault.logged(), "leases could not be renewed"),
            Ok(()) => {}
        }
    }

    async fn renew_one(&self, store: &Store, lease: &Lease, patience: Duration) {
        let renewed = self.renew_some(store, std::slice::from_ref(lease), patience).await;
        if renewed.is_err_and(|fault| fault.code == FaultCode::LeaseLost)
            && let Some((held, state)) = self.lock().get(&lease.job)
            && held.fence == lease.fence
        {
            tracing::warn!(job = lease.job, "the lease was lost");
            state.lost.cancel();
        }
    }

    async fn renew_some(&self, store: &Store, leases: &[Lease], patience: Duration) -> Result<(), Fault> {
        let asked = Instant::now();
        let renewed = tokio::time::timeout(patience, store.renew(leases, self.lease_s))
            .await
            .map_err(|_| Fault::temporary(FaultCode::StoreUnavailable, "renewing leases took too long"))??;
        let held = self.lock();
        for lease in renewed {
            if let Some((known, state)) = held.get(&lease.job)
                && known.fence == lease.fence
            {
                state.valid_until_ms.store(self.deadline_ms(asked), Ordering::Release);
            }
        }
        Ok(())
    }

    /// A tenth of the lease is left unused: the effect that follows the check needs time to reach the tracker.
    fn deadline_ms(&self, asked: Instant) -> u64 {
        self.ms_since_start(asked) + u64::from(self.lease_s) * 900
    }

    fn ms_since_start(&self, instant: Instant) -> u64 {
        u64::try_from(instant.saturating_duration_since(self.started).as_millis()).unwrap_or(u64::MAX)
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, ByJob> {
        // A panic while it was held cannot leave the map half changed: every use is one call.
        self.held.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use store::JobKind;

    fn lease(job: &str) -> Lease {
        Lease {
            job: job.into(),
            kind: JobKind::Carry,
            site: "acme".into(),
            subject: "m1".into(),
            tries: 1,
            fence: 1,
            until: 1_060_000_000,
            created_at: 990_000_000,
        }
    }

    #[test]
    fn fault_30_a_process_that_was_stopped_past_its_lease_does_not_act() {
        assert!(Leases::new(60).hold(lease("fresh"), Instant::now()).still_ours().is_ok());
        let over_at_once = Leases::new(0).hold(lease("stopped"), Instant::now());
        assert_eq!(over_at_once.still_ours().unwrap_err().code, FaultCode::LeaseLost);
    }

    #[tokio::test]
    async fn fault_30_an_effect_goes_no_further_than_its_lease() {
        let over_at_once = Leases::new(0).hold(lease("stopped"), Instant::now());
        let effect = async { panic!("nothing of it may be done") };
        let lost: Result<(), Fault> = over_at_once.while_ours(effect).await;
        assert_eq!(lost.unwrap_err().code, FaultCode::LeaseLost);

        let held = Leases::new(60).hold(lease("j"), Instant::now());
        assert_eq!(held.while_ours(async { Ok(7) }).await.unwrap(), 7);
        assert_eq!(
            held.while_ours(async { Err::<(), _>(Fault::unknown(FaultCode::TrackerUnclear, "")) })
                .await
                .unwrap_err()
                .code,
            FaultCode::TrackerUnclear
        );
    }

    #[tokio::test]
    async fn fault_31_an_effect_under_way_is_broken_off_when_its_lease_is_not_renewed() {
        let held = Leases::new(1).hold(lease("j"), Instant::now());
        let endless = held.while_ours(std::future::pending::<Result<(), Fault>>());
        let ended = tokio::time::timeout(Duration::from_secs(30), endless).await;
        assert_eq!(ended.expect("it went on without a lease").unwrap_err().code, FaultCode::LeaseLost);
    }

    #[test]
    fn an_old_run_does_not_end_the_renewals_of_the_next_one() {
        let leases = Leases::new(60);
        let old = leases.hold(lease("j"), Instant::now());
        let new = leases.hold(Lease { fence: 2, ..lease("j") }, Instant::now());
        drop(old);
        assert_eq!(leases.lock().len(), 1);
        drop(new);
        assert!(leases.lock().is_empty());
    }

    #[test]
    fn time_is_the_databases_time_at_the_claim_and_what_has_passed_since() {
        let held = Leases::new(60).hold(lease("j"), Instant::now());
        assert!((1_000_000_000..1_001_000_000).contains(&held.now()), "{}", held.now());
        assert!(held.age() >= Duration::from_secs(10));
    }
}
