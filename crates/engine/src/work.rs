//! The workers: claim jobs, run each by itself, record what became of it.

use crate::crash_point::crash_point;
use crate::gateway::Shared;
use crate::held::{Held, Leases};
use crate::metrics::Metrics;
use crate::relay::kept;
use crate::settings::Settings;
use crate::stop::Stop;
use crate::{bulletin, carry, decide_job, deliver, fetch, notice, poll, portal, renew, replay, retain, summary, sweep};
use policy::{Fault, FaultCode, FaultKind};
use std::sync::Arc;
use std::time::{Duration, Instant};
use store::{JobKind, Lease, Store};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

/// Workers for some kinds of jobs. Mailboxes have workers of their own, so that servers that do not answer keep nobody from
/// deciding, and a great deal of work keeps nobody from fetching.
#[derive(Clone, Copy)]
pub(crate) struct Crew {
    kinds: &'static [JobKind],
    jobs_max: u32,
    /// How long runs may go on after the stop.
    grace: Duration,
}

/// What is fetched from elsewhere: mail, and what happened in trackers; and what lets it come. It comes due by the clock.
const FETCHING: &[JobKind] = &[JobKind::Fetch, JobKind::Poll, JobKind::Renew];

/// Letters that wait for their turn at a server.
const LETTERS: &[JobKind] = &[JobKind::Letter, JobKind::Challenge];

/// Summaries that are decided about at the same time.
const SUMMARIES_MAX: u32 = 2;

/// The crews of this process.
pub(crate) fn crews(settings: &Settings) -> impl Iterator<Item = Crew> {
    let work = Crew {
        kinds: &[JobKind::Decide, JobKind::Carry, JobKind::Sweep],
        jobs_max: settings.jobs_max,
        grace: settings.shutdown_grace,
    };
    // A round can be broken off anywhere: what is durable is known again, and the rest still lies there.
    let fetch = Crew { kinds: FETCHING, jobs_max: settings.fetches_max, grace: Duration::ZERO };
    // A mail server that does not answer keeps no issue waiting, nor does a person who tries things out.
    let aside = Crew {
        kinds: &[JobKind::Deliver, JobKind::Rehearse, JobKind::Replay, JobKind::Retain],
        jobs_max: settings.jobs_max.min(settings.letters_max),
        grace: settings.shutdown_grace,
    };
    // A storm of events keeps no mail waiting.
    let notice = Crew {
        kinds: &[JobKind::Notice, JobKind::Bulletin, JobKind::Written, JobKind::Returned],
        jobs_max: settings.jobs_max.min(settings.letters_max),
        grace: settings.shutdown_grace,
    };
    // A crowd that is told of something keeps no other work waiting. How many letters are under way is the matter of each server.
    let letters_max = if settings.jobs_max == 0 { 0 } else { settings.deliveries_max };
    let letters = Crew { kinds: LETTERS, jobs_max: letters_max, ..notice };
    // A summary asks the tracker for long, and keeps nobody from being told of what happens.
    let summaries = Crew { kinds: &[JobKind::Summary], jobs_max: notice.jobs_max.min(SUMMARIES_MAX), ..notice };
    [work, fetch, aside, notice, letters, summaries].into_iter().filter(|crew| crew.jobs_max > 0)
}

/// Kept mails of relays that are handed on at the same time.
const RELAYED_MAX: u32 = 4;

/// The crew for what relays have kept: it runs where they do.
pub(crate) fn relaying(settings: &Settings) -> Crew {
    Crew { kinds: &[JobKind::Relayed], jobs_max: RELAYED_MAX, grace: settings.shutdown_grace }
}

/// A letter that waits for a key longer than this is given up: what it says is kept no longer for sure.
const UNSEALED_MAX: Duration = Duration::from_secs(28 * 24 * 3600);

/// A unit of work of the store that ends a run may take this long; after that the lease runs out and the job comes back.
const RECORDING_MAX: Duration = Duration::from_secs(60);

/// Claims and runs jobs until it is stopped, then lets running ones finish within the grace and gives the rest back.
pub(crate) async fn work(shared: Arc<Shared>, crew: Crew, leases: Leases, stop: CancellationToken) {
    let worker = uuid::Uuid::now_v7().to_string();
    let beating = CancellationToken::new();
    let heart = tokio::spawn({
        let (shared, leases, beating) = (shared.clone(), leases.clone(), beating.clone());
        async move { leases.beat(&shared.store, &beating).await }
    });
    // A handle of its own: the store remembers for each up to where it has looked for work.
    let store = shared.store.clone();
    let room = Arc::new(Semaphore::new(crew.jobs_max as usize));
    let mut runs = JoinSet::new();
    let hurry = CancellationToken::new();
    while let Some(permit) = tokio::select! {
        permit = room.clone().acquire_owned() => permit.ok(),
        () = stop.cancelled() => None,
    } {
        while runs.try_join_next().is_some() {}
        let permits = with_more(permit, &room, shared.settings.claim_max);
        let asked_for = permits.len();
        let claimed = claim(&shared, &store, &crew, &leases, &worker, asked_for).await;
        let Some(claimed) = claimed else {
            drop(permits);
            tokio::select! {
                () = tokio::time::sleep(shared.settings.poll) => continue,
                () = stop.cancelled() => break,
            }
        };
        let all = claimed.len() < asked_for;
        for (held, permit) in claimed.into_iter().zip(permits) {
            runs.spawn(run(shared.clone(), held, permit, hurry.clone()));
        }
        if all {
            tokio::select! {
                // To wake at each mail would be in vain.
                () = store.work_waits(), if crew.kinds != FETCHING => {}
                () = shared.fetch_due.notified(), if crew.kinds == FETCHING => {}
                () = tokio::time::sleep(shared.settings.poll) => {}
                () = stop.cancelled() => break,
            }
        }
    }
    drain(runs, &hurry, crew.grace).await;
    beating.cancel();
    if heart.await.is_err() {
        // The error's own text repeats the panic's message, which may hold content; the panic's place is logged already.
        tracing::error!("the heartbeat ended badly");
    }
}

/// The permit and as many more as are free, up to `claim_max`: a claim takes several jobs in one unit of work.
fn with_more(permit: OwnedSemaphorePermit, room: &Arc<Semaphore>, claim_max: u32) -> Vec<OwnedSemaphorePermit> {
    let mut permits = vec![permit];
    while permits.len() < claim_max as usize {
        match room.clone().try_acquire_owned() {
            Ok(permit) => permits.push(permit),
            Err(_) => break,
        }
    }
    permits
}

/// Jobs to be done; `None` when they could not be asked for, which is not asked again at once.
async fn claim(
    shared: &Shared,
    store: &Store,
    crew: &Crew,
    leases: &Leases,
    worker: &str,
    limit: usize,
) -> Option<Vec<Held>> {
    let asked = Instant::now();
    let limit = u32::try_from(limit).unwrap_or(u32::MAX);
    let claiming = store.claim(worker, crew.kinds, limit, shared.settings.lease_s);
    let late = |_| Err(Fault::temporary(FaultCode::StoreUnavailable, "claiming took too long"));
    match tokio::time::timeout(RECORDING_MAX, claiming).await.unwrap_or_else(late) {
        Ok(claimed) => {
            if !claimed.is_empty() {
                crash_point("job_claimed");
            }
            shared.metrics.claimed.fetch_add(claimed.len() as u64, std::sync::atomic::Ordering::Relaxed);
            Some(claimed.into_iter().map(|lease| leases.hold(lease, asked)).collect())
        }
        Err(fault) => {
            shared.metrics.fault(&fault);
            tracing::warn!(code = %fault.code, detail = fault.logged(), "no jobs could be claimed");
            None
        }
    }
}

/// Runs one job to its end or its stop and records it. A panic or an endless wait costs this job one try and nothing else.
async fn run(shared: Arc<Shared>, held: Held, permit: OwnedSemaphorePermit, hurry: CancellationToken) {
    let held = Arc::new(held);
    let mut job = tokio::spawn({
        let (shared, held) = (shared.clone(), held.clone());
        async move { carry_on(&shared, &held).await }
    });
    let ended = tokio::select! {
        ended = &mut job => Some(ended),
        () = held.lost() => None,
        () = tokio::time::sleep(shared.settings.run_max) => Some(Ok(Err(Stop::Retry(Fault::temporary(
            FaultCode::Internal,
            "the run took longer than it may",
        ))))),
        () = hurry.cancelled() => {
            stop_job(&mut job).await;
            give_back(&shared, &held.lease).await;
            return;
        }
    };
    stop_job(&mut job).await;
    let result = match ended {
        Some(Ok(result)) => result,
        Some(Err(_)) => {
            Metrics::add(&shared.metrics.panics);
            // Without the error: its text repeats the panic's message, which may hold content.
            tracing::error!(job = held.lease.job, "a job panicked");
            Err(Stop::Retry(Fault::temporary(FaultCode::Internal, "the job panicked")))
        }
        None => Err(Stop::Lost),
    };
    record(&shared, &held, result).await;
    drop(permit);
}

/// Ends the task, whatever it waits for, and waits until it is gone: after that it can have no further effect.
async fn stop_job(job: &mut tokio::task::JoinHandle<Result<(), Stop>>) {
    if !job.is_finished() {
        job.abort();
        // Only the fact that it ended matters here.
        let _ = job.await;
    }
}

/// Whether earlier runs used up what the job may have. Servers say "later" for days (RFC 5321, section 4.5.4.1), so only a letter's age
/// ends that.
fn is_used_up(shared: &Shared, held: &Held) -> bool {
    let settings = &shared.settings;
    match held.lease.kind {
        kind if is_for_ever(kind) => false,
        kind if is_letter(kind) => held.lease.tries > settings.tries_max && held.age() > settings.give_up_after,
        _ => held.lease.tries > settings.tries_max,
    }
}

async fn carry_on(shared: &Arc<Shared>, held: &Held) -> Result<(), Stop> {
    let lease = &held.lease;
    if is_used_up(shared, held) {
        // Its earlier runs never came to record anything: it took the whole process with it.
        return Err(Stop::GiveUp(Fault::permanent(FaultCode::Internal, "the tries were used up without a result")));
    }
    match lease.kind {
        JobKind::Decide => decide_job::decide_and_write_down(shared, held).await,
        JobKind::Carry => carry::carry_out(shared, held).await,
        JobKind::Deliver => deliver::deliver(shared, held).await,
        JobKind::Rehearse => replay::rehearse(shared, held).await,
        JobKind::Replay => replay::replay(shared, held).await,
        JobKind::Sweep => sweep::sweep(shared, held).await,
        JobKind::Retain => retain::retain(shared, held).await,
        JobKind::Notice => notice::notice(shared, held).await,
        JobKind::Letter => deliver::letter::letter(shared, held).await,
        JobKind::Fetch => fetch::fetch(shared, held).await,
        JobKind::Poll => poll::poll(shared, held).await,
        JobKind::Renew => renew::renew(shared, held).await,
        JobKind::Bulletin => bulletin::deliver(shared, held).await,
        JobKind::Challenge => portal::deliver(shared, held).await,
        JobKind::Written => notice::written::written(shared, held).await,
        JobKind::Returned => notice::returned::returned(shared, held).await,
        JobKind::Relayed => kept::again(shared, held).await,
        JobKind::Summary => summary::summary(shared, held).await,
    }
}

async fn record(shared: &Shared, held: &Held, result: Result<(), Stop>) {
    let metrics = &shared.metrics;
    let recording = async {
        let result = limited(shared, held, result);
        if held.lease.kind == JobKind::Carry && matches!(result, Err(Stop::Hold(_) | Stop::GiveUp(_))) {
            match deliver::tell_of_stop(shared, held).await {
                // The plan that stopped the job may be what cannot be read: the job has to end all the same.
                Err(fault) if fault.kind == FaultKind::Permanent => {
                    note(shared, held, &fault, "nobody is told of the stop")
                }
                told => told?,
            }
        }
        match result {
            Ok(()) => Metrics::add(&metrics.finished),
            Err(Stop::Lost) => Metrics::add(&metrics.lost),
            Err(Stop::Retry(fault)) => {
                Metrics::add(&metrics.retried);
                note(shared, held, &fault, "tried again");
                let pause = match held.lease.kind {
                    JobKind::Fetch => fetch::pause_after_failure(shared, held),
                    JobKind::Poll => poll::pause_after_failure(shared, held),
                    _ => shared.settings.retry.pause(held.lease.tries, &held.lease.job),
                };
                shared.store.park(&held.lease, &fault, held.after(pause)).await?;
            }
            Err(Stop::Wait(fault, pause)) => {
                metrics.waits(&fault);
                tracing::debug!(job = held.lease.job, code = %fault.code, ?pause, "waits");
                wait(shared, held, &fault, pause).await?;
            }
            Err(Stop::Halted(fault, pause)) => {
                metrics.waits(&fault);
                shared.store.wait_halted(&held.lease, &fault, held.after(pause)).await?;
            }
            Err(Stop::Aside(fault, pause)) => {
                metrics.waits(&fault);
                shared.store.wait_aside(&held.lease, &fault, held.after(pause)).await?;
            }
            Err(Stop::Hold(fault)) => {
                Metrics::add(&metrics.held);
                note(shared, held, &fault, "held for a person");
                shared.store.hold(&held.lease, &fault).await?;
            }
            Err(Stop::GiveUp(fault)) => {
                Metrics::add(&metrics.dead);
                note(shared, held, &fault, "given up");
                shared.store.bury(&held.lease, &fault).await?;
            }
        }
        Ok::<(), Fault>(())
    };
    let late = |_| Err(Fault::temporary(FaultCode::StoreUnavailable, "recording took too long"));
    if let Err(fault) = tokio::time::timeout(RECORDING_MAX, recording).await.unwrap_or_else(late) {
        metrics.fault(&fault);
        tracing::warn!(job = held.lease.job, code = %fault.code, detail = fault.logged(), "not recorded; the lease runs out");
    }
}

/// A letter's turn is nothing that it does itself, so that time counts no more than the one for room.
async fn wait(shared: &Shared, held: &Held, fault: &Fault, pause: Duration) -> Result<(), Fault> {
    let until = held.after(pause);
    match (held.lease.kind, fault.code) {
        (_, FaultCode::LetterTooSoon) => shared.store.wait_in_turn(&held.lease, fault, until).await,
        // What a relay has stored is told and looked at again with what waits for a key, whatever keeps it.
        (JobKind::Relayed, _) | (_, FaultCode::SealingHeld) => {
            shared.store.wait_unsealed(&held.lease, fault, until).await
        }
        _ => shared.store.wait(&held.lease, fault, until).await,
    }
}

/// Nothing is tried or waited for without end (P4).
fn limited(shared: &Shared, held: &Held, result: Result<(), Stop>) -> Result<(), Stop> {
    let settings = &shared.settings;
    match result {
        Err(Stop::GiveUp(fault)) if is_for_ever(held.lease.kind) => Err(Stop::Retry(fault)),
        other if is_for_ever(held.lease.kind) => other,
        // As in `is_used_up`.
        Err(Stop::Retry(fault)) if !is_letter(held.lease.kind) && held.lease.tries >= settings.tries_max => {
            Err(Stop::GiveUp(fault))
        }
        // It ends with its parent's wait, which is limited itself; given up before, the reply would be lost to its thread.
        // And a letter whose turn others have comes to it.
        Err(Stop::Wait(fault, pause))
            if matches!(fault.code, FaultCode::ParentUndecided | FaultCode::LetterTooSoon) =>
        {
            Err(Stop::Wait(fault, pause))
        }
        // Whoever has no key yet may have one next week.
        Err(Stop::Wait(fault, pause)) if fault.code == FaultCode::SealingHeld && held.age() <= UNSEALED_MAX => {
            Err(Stop::Wait(fault, pause))
        }
        Err(Stop::Retry(fault) | Stop::Wait(fault, _) | Stop::Halted(fault, _))
            if held.age() > settings.give_up_after =>
        {
            Err(Stop::GiveUp(fault))
        }
        other => other,
    }
}

/// Only its age ends the tries of a letter.
fn is_letter(kind: JobKind) -> bool {
    matches!(kind, JobKind::Deliver | JobKind::Letter | JobKind::Bulletin | JobKind::Challenge)
}

/// There is one sweep, one job for each mailbox, and for each site one for its kept files, one that reads its history, one for its webhooks and one for
/// each of its summaries; they are needed for ever. A mail that a relay keeps ends by its own time, with a word to its sender.
fn is_for_ever(kind: JobKind) -> bool {
    use JobKind::{Fetch, Poll, Relayed, Renew, Retain, Summary, Sweep};
    matches!(kind, Sweep | Fetch | Retain | Poll | Renew | Summary | Relayed)
}

fn note(shared: &Shared, held: &Held, fault: &Fault, what: &str) {
    shared.metrics.fault(fault);
    let lease = &held.lease;
    if lease.kind == JobKind::Poll {
        let (site, tries) = (&lease.site, lease.tries);
        tracing::warn!(site, tries, code = %fault.code, detail = fault.logged(), "the history of a site could not be read");
        return;
    }
    if lease.kind == JobKind::Fetch {
        let (mailbox, tries) = (&lease.subject, lease.tries);
        tracing::warn!(mailbox, tries, code = %fault.code, detail = fault.logged(), "a mailbox could not be fetched");
        return;
    }
    tracing::warn!(
        job = lease.job, kind = ?lease.kind, message_row = lease.subject, site = lease.site, tries = lease.tries,
        code = %fault.code, detail = fault.logged(), "{what}"
    );
}

/// Lets the runs finish; after the grace they are stopped where they are, and the ledger says what is in doubt.
async fn drain(mut runs: JoinSet<()>, hurry: &CancellationToken, grace: Duration) {
    let all = async { while runs.join_next().await.is_some() {} };
    if tokio::time::timeout(grace, all).await.is_err() {
        hurry.cancel();
        while runs.join_next().await.is_some() {}
    }
}

async fn give_back(shared: &Shared, lease: &Lease) {
    const PATIENCE: Duration = Duration::from_secs(2);
    if tokio::time::timeout(PATIENCE, shared.store.release(lease)).await.is_err() {
        tracing::warn!(job = lease.job, "the job could not be given back; its lease runs out");
    }
}
