//! Letters that did not arrive: of each somebody is told once, with the end of its job or not at all.

use crate::home::*;
use crate::outbox::{letter, post};
use policy::{Fault, FaultCode, ReturnPath, ReturnedLetter, StepKey, letter_number};
use serde_json::json;
use store::{JobKind, Lease, NewLetter, ReturnDecision, ReturnWritten, Store};

const LETTER: &[JobKind] = &[JobKind::Letter];
const RETURNED: &[JobKind] = &[JobKind::Returned];

fn refused() -> Fault {
    Fault::permanent(FaultCode::PostRefused, "550 planted-answer")
}

/// The job and the key of a letter of this name.
async fn posted(store: &Store, name: &str) -> (Lease, StepKey) {
    post(store, name, vec![letter(name, 26)]).await;
    let lease = claim_one(store, LETTER).await;
    let key = store.posted_letter(&lease).await.unwrap().key;
    store.begin(&lease, &key, "letter", "").await.unwrap();
    (lease, key)
}

async fn jobs(home: &Home) -> i64 {
    home.number("SELECT COUNT(*) FROM jobs WHERE kind = 'returned' AND state <> 'done'").await
}

/// One that came to the return path of the letter's reader.
async fn report(store: &Store, name: &str, key: &StepKey) {
    let path = ReturnPath { issue_id: letter("any", 13).issue_id, number: letter_number(key) };
    told(store, name, key, Some(path)).await;
}

async fn told(store: &Store, name: &str, key: &StepKey, path: Option<ReturnPath>) {
    take(store, arrival(name)).await;
    let lease = claim_one(store, DECIDE).await;
    let mut made = decision(&lease.subject, None);
    let (number, address) = (letter_number(key), letter("any", 13).about.to);
    made.plan.returned = vec![ReturnedLetter { number, address, permanent: true, path, ..ReturnedLetter::default() }];
    store.write_down(&lease, &made).await.unwrap();
}

fn telling(of: &Lease) -> NewLetter {
    let key = StepKey(format!("{SITE}/back:{}", of.subject));
    NewLetter { number: letter_number(&key), key, ..letter("telling", 26) }
}

async fn tell(store: &Store, lease: &Lease, letter: Option<NewLetter>) -> Result<ReturnWritten, Fault> {
    let id = store.begin_notice(lease).await?;
    let (told, too_many) = (json!({ "reason": "planted-reason" }), json!({ "reason": "planted-too-many" }));
    let decision = ReturnDecision { id: &id, outcome: "told", told: &told, too_many: &too_many, letter };
    store.write_returned(lease, decision).await
}

pub async fn of_a_letter_that_did_not_arrive_somebody_is_told_once(home: Home) {
    let store = home.open().await;
    let (lease, key) = posted(&store, "refused").await;
    store.fail(&lease, &key, &refused()).await.unwrap();
    store.bury(&lease, &refused()).await.unwrap();
    assert_eq!(jobs(&home).await, 1, "refused and given up at once");
    let telling_job = claim_one(&store, RETURNED).await;
    assert_eq!(telling_job.subject, lease.subject);
    let stale = Lease { fence: telling_job.fence - 1, ..telling_job.clone() };
    assert!(tell(&store, &stale, Some(telling(&lease))).await.is_err(), "whoever lost the lease writes nothing");
    assert_eq!(store.outbox(None, 9).await.unwrap().len(), 1);
    assert_eq!(tell(&store, &telling_job, Some(telling(&lease))).await.unwrap(), ReturnWritten::Decided);
    let story = store.return_story(SITE, &lease.subject).await.unwrap().unwrap();
    assert_eq!((story.outcome.as_str(), story.decision), ("told", Some(json!({ "reason": "planted-reason" }))));
    assert_eq!(store.letters_of_notice(&story.id).await.unwrap().len(), 1);
    assert_eq!(jobs(&home).await, 0);

    // Whatever else is said of it, and whatever becomes of the letter that tells.
    assert!(store.send_again(&lease.subject, "ann").await.unwrap());
    for again in store.claim("worker", LETTER, 100, LEASE_S).await.unwrap() {
        let key = store.posted_letter(&again).await.unwrap().key;
        store.begin(&again, &key, "letter", "").await.unwrap();
        store.fail(&again, &key, &refused()).await.unwrap();
        store.bury(&again, &Fault::temporary(FaultCode::PostUnreachable, "")).await.unwrap();
        report(&store, &format!("of-{}", again.subject), &key).await;
    }
    home.sql("DELETE FROM jobs WHERE kind = 'returned'").await;
    report(&store, "another", &key).await;
    assert_eq!(jobs(&home).await, 0);
}

pub async fn what_says_nothing_of_the_recipient_is_told_to_nobody(home: Home) {
    let store = home.open().await;
    let (lease, key) = posted(&store, "ours").await;
    let ours = Fault::permanent(FaultCode::SettingsWrong, "no way");
    store.fail(&lease, &key, &ours).await.unwrap();
    store.bury(&lease, &ours).await.unwrap();
    let (lease, _) = posted(&store, "waits").await;
    let away = Fault::temporary(FaultCode::PostUnreachable, "away");
    store.park(&lease, &away, 0).await.unwrap();
    assert_eq!(jobs(&home).await, 0, "it may still arrive");
    let lease = claim_one(&store, LETTER).await;
    store.hold(&lease, &Fault::unknown(FaultCode::InDoubt, "")).await.unwrap();
    assert_eq!(jobs(&home).await, 0, "it may have arrived");
    assert!(store.send_again(&lease.subject, "ann").await.unwrap());
    let lease = claim_one(&store, LETTER).await;
    store.bury(&lease, &away).await.unwrap();
    assert_eq!(jobs(&home).await, 1, "it was tried long enough");
    // Decided that nobody is told: what comes later is looked at anew.
    let job = claim_one(&store, RETURNED).await;
    tell(&store, &job, None).await.unwrap();
    let key = store.outbox_letter(&lease.subject).await.unwrap().unwrap().key;
    report(&store, "later", &key).await;
    assert_eq!(jobs(&home).await, 1);
}

pub async fn only_a_report_that_is_proved_is_told(home: Home) {
    let store = home.open().await;
    let (lease, key) = posted(&store, "forged").await;
    told(&store, "by-id", &key, None).await;
    let line = store.outbox_letter(&lease.subject).await.unwrap().unwrap();
    assert!(matches!(line.fate, store::LetterFate::CameBack(_)), "{line:#?}");
    assert_eq!(jobs(&home).await, 0, "anybody who has the letter can say so");
    report(&store, "by-path", &key).await;
    assert_eq!(jobs(&home).await, 1);
    let job = claim_one(&store, RETURNED).await;
    tell(&store, &job, None).await.unwrap();
    report(&store, "again", &key).await;
    assert_eq!(jobs(&home).await, 0, "it is known that nobody is told");
}
