//! What about events needs a person: those whose work stopped, and letters that could not be sent.

use crate::home::*;
use policy::event::{Event, EventKind};
use policy::{Fault, FaultCode, StepKey};
use serde_json::json;
use store::{JobKind, JobState, Lease, LetterAbout, LetterCause, LetterFate, NewLetter, Store, Via, Work};

const NOTICE: &[JobKind] = &[JobKind::Notice];
const LETTER: &[JobKind] = &[JobKind::Letter];
const DAY: i64 = 86_400_000_000;

async fn take(store: &Store, issue_id: &str, part: &str) {
    let event = Event {
        kind: EventKind::Commented,
        issue_id: issue_id.into(),
        issue_key: Some("NORTH-1".into()),
        at_ms: 50,
        actor: None,
        part: Some(part.into()),
        changes: vec![],
        last: None,
    };
    assert_eq!(store.take_in_events(SITE, &[(&event, Some(0))], b"", Via::Webhook).await.unwrap(), 1);
}

fn refused() -> Fault {
    Fault::permanent(FaultCode::TrackerRefused, "planted-detail")
}

/// Decides that these events are told in letters with these keys.
async fn tell(store: &Store, lease: &Lease, keys: &[&str]) -> String {
    let ids: Vec<String> = store.open_events(lease).await.unwrap().into_iter().map(|stored| stored.id).collect();
    let notice = store.begin_notice(lease).await.unwrap();
    let letter = |key: &&str| NewLetter {
        number: 7,
        key: StepKey((*key).to_owned()),
        issue_id: lease.subject.clone(),
        about: LetterAbout {
            return_path: "reply@desk.example".into(),
            issue_key: "NORTH-1".into(),
            to: format!("{key}@people.example"),
            subject: "planted-subject".into(),
            message_id: format!("{key}@north.example"),
            mapping: "all".into(),
            outgoing: String::new(),
            reason: "planted-reason".into(),
            trouble: None,
            files: Vec::new(),
            message: None,
            second: None,
            refused_with_files: None,
            cause: LetterCause::default(),
            sets: store::LetterSets::default(),
            matter: store::LetterMatter::default(),
        },
        bytes: b"Subject: planted-subject\r\n\r\nplanted-words\r\n".to_vec(),
    };
    let letters = keys.iter().map(letter).collect();
    store.write_notice(lease, &notice, &ids, "letters", &json!({}), letters).await.unwrap();
    ids.last().unwrap().clone()
}

pub async fn events_whose_work_stopped_are_told_and_found(home: Home) {
    let store = home.open().await;
    for (issue, part) in [("10", "1"), ("10", "2"), ("11", "3"), ("12", "4"), ("13", "5")] {
        take(&store, issue, part).await;
    }
    assert_eq!(store.attention().await.unwrap().stuck_events, None);
    let now = store.now().await.unwrap();
    let leases = store.claim("worker", NOTICE, 9, LEASE_S).await.unwrap();
    store.bury(&leases[0], &refused()).await.unwrap();
    store.hold(&leases[1], &refused()).await.unwrap();
    store.park(&leases[2], &temporary(), now + DAY).await.unwrap();
    let lines = store.events(None, 9).await.unwrap();
    let mut told: Vec<(String, Option<JobState>)> =
        lines.iter().map(|line| line.issue_id.clone()).zip(store.work_on(&lines).await.unwrap()).collect();
    told.dedup();
    let expected =
        [("13", JobState::Running), ("12", JobState::Waiting), ("11", JobState::Held), ("10", JobState::Dead)];
    assert_eq!(told, expected.map(|(issue, state)| (issue.to_owned(), Some(state))));
    let attention = store.attention().await.unwrap();
    let under_way =
        [JobState::Ready, JobState::Running, JobState::Waiting].map(|state| attention.under_way(Work::Events, state));
    assert_eq!(under_way, [0, 1, 1], "of four issues two stopped");
    let (number, since) = attention.stuck_events.unwrap();
    assert_eq!((number, (now - 60_000_000..=now + 60_000_000).contains(&since)), (3, true));
    // The first page, and the next.
    let first = store.stopped_events(None, 2).await.unwrap();
    let last = first.last().map(|line| (line.received_at, line.id.clone()));
    let rest = store.stopped_events(last, 2).await.unwrap();
    let found: Vec<&str> = first.iter().chain(&rest).map(|line| line.issue_id.as_str()).collect();
    assert_eq!(found, ["11", "10", "10"]);
    assert_eq!(store.event(&rest[0].id).await.unwrap().unwrap().fault, Some(refused()));
    // A word for one event is a word for its issue; what was erased needs nobody.
    assert!(store.wake_notice(&rest[0].id, "ann").await.unwrap());
    assert_eq!(store.attention().await.unwrap().stuck_events.map(|(number, _)| number), Some(1));
    let lease = claim_one(&store, NOTICE).await;
    tell(&store, &lease, &[]).await;
    assert_eq!(store.event(&rest[0].id).await.unwrap().unwrap().fault, None, "it ended since");
    let decided = store.events(None, 9).await.unwrap().remove(4);
    assert_eq!(store.work_on(&[decided]).await.unwrap(), [None], "it is decided about");
    home.sql(&format!("UPDATE events SET received_at = received_at - {}", 40 * DAY)).await;
    store.sweep().await.unwrap();
    assert_eq!(store.attention().await.unwrap().stuck_events, None);
    assert_eq!(store.stopped_events(None, 9).await.unwrap(), []);
}

pub async fn letters_about_events_that_stopped_are_told_and_sent_again(home: Home) {
    let store = home.open().await;
    take(&store, "10", "1").await;
    take(&store, "10", "2").await;
    let event = tell(&store, &claim_one(&store, NOTICE).await, &["ann", "bob", "eve"]).await;
    let attention = store.attention().await.unwrap();
    assert_eq!(attention.stuck_event_letters, None);
    let queued = [Work::Letters, Work::Events].map(|work| attention.under_way(work, JobState::Ready));
    assert_eq!((queued, attention.of(JobState::Ready)), ([3, 0], None), "letters are no mails");
    let leases = store.claim("worker", LETTER, 3, LEASE_S).await.unwrap();
    let fault = Fault::permanent(FaultCode::PostRefused, "550 planted-detail");
    for (lease, is_held) in [(&leases[0], true), (&leases[1], false)] {
        let key = store.posted_letter(lease).await.unwrap().key;
        store.begin(lease, &key, "letter", "").await.unwrap();
        if is_held {
            store.hold(lease, &Fault::unknown(FaultCode::InDoubt, "planted-detail")).await.unwrap();
        } else {
            store.fail(lease, &key, &fault).await.unwrap();
            store.bury(lease, &fault).await.unwrap();
        }
    }
    let attention = store.attention().await.unwrap();
    assert_eq!((attention.stuck_event_letters.map(|(number, _)| number), attention.stuck_letters), (Some(2), 0));
    let first = store.stopped_letters(None, 1).await.unwrap();
    let last = first.last().map(|line| (line.posted_at, line.id.clone()));
    let rest = store.stopped_letters(last, 9).await.unwrap();
    let found: Vec<(Option<JobState>, &LetterFate)> =
        first.iter().chain(&rest).map(|line| (line.job, &line.fate)).collect();
    assert_eq!(found.len(), 2);
    assert!(found.contains(&(Some(JobState::Dead), &LetterFate::Failed(fault.clone()))), "{found:?}");
    assert!(found.contains(&(Some(JobState::Held), &LetterFate::Waits)), "{found:?}");
    assert!(first.iter().chain(&rest).all(|line| line.fault.is_some() && line.event == Some(event.clone())));
    assert!(store.send_again(&first[0].id, "ann").await.unwrap());
    assert!(!store.send_again(&first[0].id, "ann").await.unwrap(), "it waits to be sent");
    assert_eq!(store.stopped_letters(None, 9).await.unwrap(), rest);
    assert_eq!(store.attention().await.unwrap().stuck_event_letters.map(|(number, _)| number), Some(1));
    let all = store.outbox(None, 9).await.unwrap();
    assert_eq!(all.iter().filter(|line| line.event == Some(event.clone())).count(), 3);
}
