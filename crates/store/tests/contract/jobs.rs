//! Jobs: lanes, leases, fences, waiting and waking.

use crate::home::*;
use policy::FaultCode;
use std::collections::HashSet;
use std::time::{Duration, Instant};
use store::{Arrival, JobKind, JobState, LANE_FREED_AFTER_S, MessageFilter, SWEEP_EVERY_S, Store};

pub async fn a_claim_counts_the_try_and_leases(home: Home) {
    let store = home.open().await;
    let message = take(&store, arrival("one")).await;
    let now = store.now().await.unwrap();
    let lease = claim_one(&store, DECIDE).await;
    assert_eq!((lease.subject.as_str(), lease.tries, lease.kind), (message.as_str(), 1, JobKind::Decide));
    let length = lease.until - now;
    assert!((599_000_000..=610_000_000).contains(&length), "{length}");
    assert!(store.claim("other", WORK, 10, LEASE_S).await.unwrap().is_empty());
    assert!(store.claim("other", DECIDE, 0, LEASE_S).await.unwrap().is_empty());
}

pub async fn a_lane_is_worked_on_in_order_of_arrival(home: Home) {
    let store = home.open().await;
    let first = take(&store, arrival("root")).await;
    let second = take(&store, reply("answer", "root")).await;
    let other = take(&store, arrival("other")).await;
    let third = take(&store, reply("again", "root")).await;
    assert_eq!(claim_all(&store, DECIDE).await, [first.clone(), other]);
    assert!(claim_all(&store, DECIDE).await.is_empty());
    home.sql("UPDATE jobs SET due = 0 WHERE state = 'running' AND position = 1").await;
    let lease = claim_one(&store, DECIDE).await;
    assert_eq!((lease.subject.as_str(), lease.tries), (first.as_str(), 2));
    store.write_down(&lease, &decision(&first, None)).await.unwrap();
    assert_eq!(decide_next(&store, None).await, second);
    assert_eq!(decide_next(&store, None).await, third);
}

pub async fn a_reply_waits_until_its_parent_is_carried_out(home: Home) {
    let store = home.open().await;
    let parent = take(&store, arrival("root")).await;
    let child = take(&store, reply("answer", "root")).await;
    assert_eq!(decide_next(&store, Some("10")).await, parent);
    assert!(claim_all(&store, DECIDE).await.is_empty(), "the reply has overtaken its parent's effect");
    let lease = claim_one(&store, WORK).await;
    assert_eq!((lease.kind, lease.subject.as_str()), (JobKind::Carry, parent.as_str()));
    assert!(claim_all(&store, WORK).await.is_empty());
    carry(&store, &lease, "10").await;
    assert_eq!(claim_all(&store, WORK).await, [child]);
}

pub async fn two_threads_of_one_issue_keep_their_order(home: Home) {
    let store = home.open().await;
    let first = take(&store, arrival("one")).await;
    let second = take(&store, arrival("two")).await;
    decide_next(&store, Some("10")).await;
    decide_next(&store, Some("10")).await;
    let lease = claim_one(&store, CARRY).await;
    assert_eq!(lease.subject, first);
    assert!(claim_all(&store, CARRY).await.is_empty(), "a mail to a known issue has overtaken an earlier one");
    carry(&store, &lease, "10").await;
    assert_eq!(claim_all(&store, CARRY).await, [second]);
}

pub async fn fault_30_a_lost_lease_records_nothing(home: Home) {
    let store = home.open().await;
    let message = take(&store, arrival("one")).await;
    let slow = claim_one(&store, DECIDE).await;
    home.sql("UPDATE jobs SET due = 0 WHERE state = 'running'").await;
    let fast = claim_one(&home.open().await, DECIDE).await;
    assert!(fast.fence > slow.fence);
    let made = decision(&message, Some("10"));
    let key = made.plan.step_key(1);
    let lost = [
        code(store.write_down(&slow, &made).await),
        code(store.begin(&slow, &key, "add_comment", "").await),
        code(store.deed(&slow, &key).await),
        code(store.looked(&slow, &key).await),
        code(store.not_done(&slow, &key, "").await),
        code(store.fail(&slow, &key, &temporary()).await),
        code(store.finish(&slow, &key, &policy::Receipt::Comment { issue_id: "1".into(), id: "2".into() }).await),
        code(store.park(&slow, &temporary(), 0).await),
        code(store.wait(&slow, &temporary(), 0).await),
        code(store.hold(&slow, &temporary()).await),
        code(store.bury(&slow, &temporary()).await),
        code(store.release(&slow).await),
        code(store.complete(&slow).await),
        code(store.renew(std::slice::from_ref(&slow), LEASE_S).await),
    ];
    assert_eq!(lost, [FaultCode::LeaseLost; 14]);
    let rows = "SELECT (SELECT COUNT(*) FROM plans) + (SELECT COUNT(*) FROM ledger) + (SELECT COUNT(*) FROM audit)";
    assert_eq!(home.number(rows).await, 0);
    store.write_down(&fast, &made).await.unwrap();
    assert_eq!(code(store.write_down(&fast, &made).await), FaultCode::LeaseLost, "a job that is done records nothing");
}

pub async fn fault_30_two_handles_never_share_a_job(home: Home) {
    const JOBS: usize = 120;
    let (one, other) = (home.open().await, home.open().await);
    for number in 0..JOBS {
        take(&one, arrival(&format!("mail-{number}"))).await;
    }
    let mut tasks = Vec::new();
    for (worker, store) in [&one, &other, &one, &other].into_iter().enumerate() {
        let store = store.clone();
        tasks.push(tokio::spawn(async move {
            let mut mine = Vec::new();
            loop {
                let leases = store.claim(&format!("worker-{worker}"), DECIDE, 7, LEASE_S).await.unwrap();
                if leases.is_empty() {
                    return mine;
                }
                for lease in leases {
                    store.write_down(&lease, &decision(&lease.subject, None)).await.unwrap();
                    mine.push(lease.subject);
                }
            }
        }));
    }
    let mut seen = HashSet::new();
    for task in tasks {
        for message in task.await.unwrap() {
            assert!(seen.insert(message), "two workers had the same job");
        }
    }
    // A claim steps over rows that another locks at that moment, so the last ones may need one more look.
    while let Some(lease) = one.claim("last", DECIDE, 1, LEASE_S).await.unwrap().pop() {
        assert!(seen.insert(lease.subject));
    }
    assert_eq!(seen.len(), JOBS);
    assert_eq!(home.number("SELECT MAX(tries) FROM jobs").await, 1);
}

pub async fn fault_23_a_worker_that_dies_has_used_a_try(home: Home) {
    let store = home.open().await;
    take(&store, arrival("one")).await;
    for tries in 1..=4 {
        let lease = claim_one(&home.open().await, DECIDE).await;
        assert_eq!(lease.tries, tries);
        home.sql("UPDATE jobs SET due = 0 WHERE state = 'running'").await;
    }
}

async fn state(store: &Store, message: &str) -> JobState {
    store.story(message).await.unwrap().unwrap().line.job
}

pub async fn waiting_holding_burying_and_waking(home: Home) {
    let store = home.open().await;
    let message = take(&store, arrival("one")).await;
    let now = store.now().await.unwrap();
    let lease = claim_one(&store, DECIDE).await;
    store.park(&lease, &temporary(), now + 3_600_000_000).await.unwrap();
    assert_eq!(state(&store, &message).await, JobState::Waiting);
    assert_eq!(store.story(&message).await.unwrap().unwrap().line.fault, Some(temporary()));
    let page = store.message_page(&MessageFilter { limit: 1, ..MessageFilter::default() }).await.unwrap();
    assert_eq!(page.lines[0].fault, Some(temporary()), "lists say why, too");
    assert!(claim_all(&store, DECIDE).await.is_empty());
    assert!(!store.wake(&message, "ann").await.unwrap(), "only held and dead jobs are woken");
    home.sql("UPDATE jobs SET due = 0 WHERE state = 'waiting'").await;
    let lease = claim_one(&store, DECIDE).await;
    assert_eq!(lease.tries, 2);
    store.wait(&lease, &temporary(), now - 1).await.unwrap();
    let lease = claim_one(&store, DECIDE).await;
    assert_eq!(lease.tries, 2, "waiting as a part of the work must not wear out the tries");
    store.hold(&lease, &temporary()).await.unwrap();
    assert_eq!(state(&store, &message).await, JobState::Held);
    assert!(claim_all(&store, DECIDE).await.is_empty());
    assert!(store.wake(&message, "ann").await.unwrap());
    let lease = claim_one(&store, DECIDE).await;
    assert_eq!(lease.tries, 1, "waking sets the tries to zero");
    store.bury(&lease, &temporary()).await.unwrap();
    assert_eq!(state(&store, &message).await, JobState::Dead);
    assert!(claim_all(&store, DECIDE).await.is_empty());
    assert!(store.wake(&message, "ann").await.unwrap());
    assert_eq!(home.number("SELECT COUNT(*) FROM audit WHERE kind = 'wake'").await, 2);
    assert_eq!(claim_all(&store, DECIDE).await, [message]);
}

/// The engine gives up jobs by their age: one that was dead for a week must not die of its first lost request again.
pub async fn a_woken_job_is_as_new(home: Home) {
    let store = home.open().await;
    let message = take(&store, arrival("one")).await;
    store.bury(&claim_one(&store, DECIDE).await, &temporary()).await.unwrap();
    home.sql("UPDATE jobs SET created_at = created_at - 604800000000 WHERE state = 'dead'").await;
    assert!(store.wake(&message, "ann").await.unwrap());
    let lease = claim_one(&store, DECIDE).await;
    assert!(store.now().await.unwrap() - lease.created_at < 60_000_000, "created {}", lease.created_at);
}

pub async fn copies_without_ids_are_decided_on_one_after_the_other(home: Home) {
    let store = home.open().await;
    let copy = |mailbox: &str| Arrival { mailbox: mailbox.into(), message_id: None, ..arrival("alert") };
    let first = take(&store, copy("support")).await;
    let second = take(&store, copy("sales")).await;
    let other = take(&store, Arrival { message_id: None, ..arrival("other") }).await;
    let claimed = claim_all(&store, DECIDE).await;
    assert_eq!(claimed, [first, other], "{second} would be decided on without knowing what became of its copy");
}

pub async fn a_held_job_frees_its_lane_after_the_wait(home: Home) {
    let store = home.open().await;
    for dead in [false, true] {
        let parent = take(&store, arrival(&format!("root-{dead}"))).await;
        let child = take(&store, reply(&format!("answer-{dead}"), &format!("root-{dead}"))).await;
        let lease = claim_one(&store, DECIDE).await;
        match dead {
            true => store.bury(&lease, &temporary()).await.unwrap(),
            false => store.hold(&lease, &temporary()).await.unwrap(),
        }
        assert!(claim_all(&store, DECIDE).await.is_empty());
        let past = (LANE_FREED_AFTER_S + 1) * 1_000_000;
        home.sql(&format!("UPDATE jobs SET ended_at = ended_at - {past} WHERE state IN ('held', 'dead')")).await;
        let later = claim_one(&store, DECIDE).await;
        assert_eq!(later.subject, child);
        // Woken while the later one runs, the earlier one waits for it: one job of a lane at a time.
        assert!(store.wake(&parent, "ann").await.unwrap());
        assert!(claim_all(&store, DECIDE).await.is_empty());
        store.write_down(&later, &decision(&child, None)).await.unwrap();
        assert_eq!(decide_next(&store, None).await, parent);
    }
}

pub async fn renewing_is_all_or_nothing(home: Home) {
    let store = home.open().await;
    take(&store, arrival("one")).await;
    take(&store, arrival("two")).await;
    let leases = store.claim("worker", DECIDE, 2, 10).await.unwrap();
    let renewed = store.renew(&leases, 1000).await.unwrap();
    assert!(
        renewed.iter().zip(&leases).all(|(new, old)| new.until > old.until + 900_000_000 && new.fence == old.fence)
    );
    store.release(&leases[1]).await.unwrap();
    assert_eq!(code(store.renew(&leases, 5000).await), FaultCode::LeaseLost);
    let until = home.number("SELECT MAX(due) FROM jobs WHERE state = 'running'").await;
    assert_eq!(until, renewed[0].until, "a call that fails must change nothing");
}

pub async fn released_work_is_untouched(home: Home) {
    let store = home.open().await;
    take(&store, arrival("one")).await;
    let lease = claim_one(&store, DECIDE).await;
    store.release(&lease).await.unwrap();
    let again = claim_one(&store, DECIDE).await;
    assert_eq!((again.tries, again.job.as_str()), (1, lease.job.as_str()));
    assert!(again.fence > lease.fence);
}

pub async fn work_waits_misses_nothing(home: Home) {
    let store = home.open().await;
    for round in 0..20 {
        let worker = store.clone();
        assert!(worker.claim("worker", DECIDE, 10, LEASE_S).await.unwrap().is_empty());
        // The mail comes between the look for work and the waiting: the waiting must not sleep.
        take(&store, arrival(&format!("mail-{round}"))).await;
        let since = Instant::now();
        worker.work_waits().await;
        assert!(since.elapsed() < Duration::from_millis(500), "the bell was missed");
        decide_next(&worker, None).await;
    }
}

pub async fn work_waits_hears_other_handles(home: Home) {
    let (store, other) = (home.open().await, home.open().await);
    let worker = tokio::spawn(async move {
        loop {
            if let Some(lease) = store.claim("worker", DECIDE, 1, LEASE_S).await.unwrap().pop() {
                return lease.subject;
            }
            store.work_waits().await;
        }
    });
    let message = take(&other, arrival("one")).await;
    assert_eq!(tokio::time::timeout(Duration::from_secs(20), worker).await.unwrap().unwrap(), message);
}

pub async fn the_sweep_comes_again(home: Home) {
    let store = home.open().await;
    let lease = claim_one(&store, &[JobKind::Sweep]).await;
    assert_eq!((lease.subject.as_str(), lease.kind), ("", JobKind::Sweep));
    store.park(&lease, &temporary(), 0).await.unwrap();
    let lease = claim_one(&home.open().await, &[JobKind::Sweep]).await;
    store.complete(&lease).await.unwrap();
    assert!(store.claim("worker", &[JobKind::Sweep], 1, LEASE_S).await.unwrap().is_empty());
    let due = home.number("SELECT due FROM jobs WHERE kind = 'sweep'").await;
    let wait_s = (due - store.now().await.unwrap()) / 1_000_000;
    assert!((SWEEP_EVERY_S - 60..=SWEEP_EVERY_S).contains(&wait_s), "{wait_s}");
    home.sql("UPDATE jobs SET due = 0 WHERE kind = 'sweep'").await;
    assert_eq!(claim_one(&store, &[JobKind::Sweep]).await.tries, 1);
}
