//! The ledger: effects happen once.

use crate::home::*;
use policy::{FaultCode, Receipt, StepKey};
use store::{Begun, Lease, Store};

async fn carrying(store: &Store, name: &str) -> (Lease, StepKey) {
    let message = take(store, arrival(name)).await;
    decide_next(store, Some("10")).await;
    let lease = claim_one(store, CARRY).await;
    let key = decision(&message, Some("10")).plan.step_key(1);
    (lease, key)
}

fn receipt() -> Receipt {
    Receipt::Comment { issue_id: "10".into(), id: "77".into() }
}

pub async fn begun_once_and_in_doubt_after(home: Home) {
    let store = home.open().await;
    let (lease, key) = carrying(&store, "one").await;
    assert_eq!(store.deed(&lease, &key).await.unwrap(), Begun::Fresh);
    assert_eq!(store.begin(&lease, &key, "add_comment", "first").await.unwrap(), Begun::Fresh);
    assert_eq!(store.looked(&lease, &key).await.unwrap(), 1);
    assert_eq!(store.looked(&lease, &key).await.unwrap(), 2);
    let again = store.begin(&lease, &key, "add_comment", "second").await.unwrap();
    let Begun::InDoubt { begun_at, before, looked } = again.clone() else { panic!("{again:?}") };
    assert_eq!((before.as_str(), looked), ("first", 2), "what was noted first is kept");
    assert!((store.now().await.unwrap() - begun_at) < 60_000_000);
    assert_eq!(home.open().await.deed(&lease, &key).await.unwrap(), again);
}

pub async fn looked_for_and_not_there(home: Home) {
    let store = home.open().await;
    let (lease, key) = carrying(&store, "one").await;
    assert_eq!(code(store.not_done(&lease, &key, "x").await), FaultCode::Internal, "never begun");
    store.begin(&lease, &key, "add_comment", "first").await.unwrap();
    store.looked(&lease, &key).await.unwrap();
    store.not_done(&lease, &key, "second").await.unwrap();
    assert_eq!(store.deed(&lease, &key).await.unwrap(), Begun::Fresh);
    assert_eq!(code(store.finish(&lease, &key, &receipt()).await), FaultCode::Internal, "not begun again");
    assert_eq!(store.begin(&lease, &key, "add_comment", "third").await.unwrap(), Begun::Fresh);
    let Begun::InDoubt { before, looked, .. } = store.deed(&lease, &key).await.unwrap() else { panic!() };
    assert_eq!((before.as_str(), looked), ("third", 0), "what was so before this attempt");
}

pub async fn done_is_done(home: Home) {
    let store = home.open().await;
    let (lease, key) = carrying(&store, "one").await;
    store.begin(&lease, &key, "add_comment", "").await.unwrap();
    store.finish(&lease, &key, &receipt()).await.unwrap();
    store.finish(&lease, &key, &receipt()).await.unwrap();
    assert_eq!(home.number("SELECT COUNT(*) FROM audit WHERE kind = 'step_done'").await, 1);
    let other = Receipt::Comment { issue_id: "10".into(), id: "78".into() };
    assert_eq!(code(store.finish(&lease, &key, &other).await), FaultCode::Internal, "a receipt never changes");
    assert_eq!(store.begin(&lease, &key, "add_comment", "").await.unwrap(), Begun::Done(receipt()));
    assert_eq!(code(store.fail(&lease, &key, &temporary()).await), FaultCode::Internal);
    assert_eq!(code(store.not_done(&lease, &key, "").await), FaultCode::Internal);
    assert_eq!(code(store.looked(&lease, &key).await), FaultCode::Internal);
}

pub async fn the_last_step_ends_the_job_with_it_or_not_at_all(home: Home) {
    let store = home.open().await;
    let (lease, key) = carrying(&store, "one").await;
    assert_eq!(code(store.finish_last(&lease, &key, &receipt()).await), FaultCode::Internal, "never begun");
    let running = "SELECT COUNT(*) FROM jobs WHERE kind = 'carry' AND state = 'running'";
    assert_eq!(home.number(running).await, 1, "a step that is not done has ended the job");
    store.begin(&lease, &key, "add_comment", "").await.unwrap();
    let late = Lease { fence: lease.fence - 1, ..lease.clone() };
    assert_eq!(code(store.finish_last(&late, &key, &receipt()).await), FaultCode::LeaseLost);
    store.finish_last(&lease, &key, &receipt()).await.unwrap();
    assert_eq!(home.number(running).await, 0);
    let line = store.story(&lease.subject).await.unwrap().unwrap().ledger.remove(0);
    assert_eq!(line.receipt, Some(receipt()));
    assert_eq!(
        code(store.finish_last(&lease, &key, &receipt()).await),
        FaultCode::LeaseLost,
        "the lease ended with it"
    );
}

pub async fn failed_is_failed(home: Home) {
    let store = home.open().await;
    let (lease, key) = carrying(&store, "one").await;
    store.begin(&lease, &key, "add_comment", "").await.unwrap();
    store.fail(&lease, &key, &temporary()).await.unwrap();
    assert_eq!(store.begin(&lease, &key, "add_comment", "").await.unwrap(), Begun::Failed(temporary()));
    assert_eq!(home.number("SELECT COUNT(*) FROM audit WHERE kind = 'step_failed'").await, 1);
    let line = store.story(&lease.subject).await.unwrap().unwrap().ledger.remove(0);
    assert_eq!((line.key, line.fault, line.receipt), (key, Some(temporary()), None));
}

pub async fn waking_lets_failed_steps_begin_again(home: Home) {
    let store = home.open().await;
    let message = take(&store, arrival("one")).await;
    let lease = claim_one(&store, DECIDE).await;
    let mut made = decision(&message, Some("10"));
    made.plan.steps.extend([comment(2, "10"), comment(3, "10")]);
    store.write_down(&lease, &made).await.unwrap();
    let lease = claim_one(&store, CARRY).await;
    let [done, doubtful, failed] = [1, 2, 3].map(|ordinal| made.plan.step_key(ordinal));
    for key in [&done, &doubtful, &failed] {
        store.begin(&lease, key, "add_comment", "").await.unwrap();
    }
    store.finish(&lease, &done, &receipt()).await.unwrap();
    store.fail(&lease, &failed, &temporary()).await.unwrap();
    store.bury(&lease, &temporary()).await.unwrap();
    assert!(store.wake(&message, "ann").await.unwrap());
    let lease = claim_one(&store, CARRY).await;
    assert_eq!(store.deed(&lease, &done).await.unwrap(), Begun::Done(receipt()));
    assert!(matches!(store.deed(&lease, &doubtful).await.unwrap(), Begun::InDoubt { .. }));
    assert_eq!(store.begin(&lease, &failed, "add_comment", "anew").await.unwrap(), Begun::Fresh);
    let begun = store.deed(&lease, &failed).await.unwrap();
    // What was noted before a failed attempt is days old by now, and a file that came since would be taken for its trace.
    assert!(matches!(&begun, Begun::InDoubt { before, .. } if before == "anew"), "{begun:?}");
}

pub async fn a_late_worker_begins_nothing(home: Home) {
    let store = home.open().await;
    let (lease, key) = carrying(&store, "one").await;
    home.sql("UPDATE jobs SET due = 0 WHERE state = 'running'").await;
    assert_eq!(code(store.begin(&lease, &key, "add_comment", "").await), FaultCode::LeaseLost);
    assert_eq!(home.number("SELECT COUNT(*) FROM ledger").await, 0);
    store.renew(std::slice::from_ref(&lease), LEASE_S).await.unwrap();
    assert_eq!(store.begin(&lease, &key, "add_comment", "").await.unwrap(), Begun::Fresh);
}

pub async fn finishing_ties_message_and_people_to_the_issue(home: Home) {
    let store = home.open().await;
    let message = take(&store, arrival("one")).await;
    let lease = claim_one(&store, DECIDE).await;
    let mut made = decision(&message, Some("10"));
    made.issue_id = None;
    store.write_down(&lease, &made).await.unwrap();
    let lease = claim_one(&store, CARRY).await;
    let key = made.plan.step_key(1);
    store.begin(&lease, &key, "create_issue", "").await.unwrap();
    let sender = "Planted-Sender@People.Example";
    assert!(!store.involved(SITE, "10", sender).await.unwrap());
    store
        .finish(&lease, &key, &Receipt::Issue { id: "10".into(), key: "NORTH-1".into(), left_out: vec![] })
        .await
        .unwrap();
    assert!(store.involved(SITE, "10", sender).await.unwrap(), "the case of letters does not matter");
    assert!(store.involved(SITE, "10", "planted-copy@people.example").await.unwrap());
    assert!(!store.involved(SITE, "11", sender).await.unwrap());
    assert!(!store.involved("south", "10", sender).await.unwrap());
    assert!(!store.involved(SITE, "10", "stranger@people.example").await.unwrap());
    let line = store.story(&message).await.unwrap().unwrap().line;
    assert_eq!((line.issue_id.as_deref(), line.issue_key.as_deref()), (Some("10"), Some("NORTH-1")));
}
