//! Letters that were sent and are sent once more: each time by a step of its own, and not to whoever wants none.

use crate::home::*;
use crate::outbox::{letter, post};
use policy::{FaultCode, Receipt, StepKey};
use store::{Dialogue, JobKind, JobState, Lease, LetterFate, LetterLeft, NotAgain, Store};

const LETTER: &[JobKind] = &[JobKind::Letter];

/// Takes the one letter that waits, and has its server take it.
async fn deliver(store: &Store) -> (Lease, StepKey) {
    let lease = claim_one(store, LETTER).await;
    let key = store.posted_letter(&lease).await.unwrap().key;
    store.begin(&lease, &key, "letter", "").await.unwrap();
    let receipt = Receipt::Letter { message_id: String::new(), dead_end: false };
    let dialogue = Dialogue {
        by: "smtp".into(),
        server: "planted-server:465".into(),
        security: "implicit".into(),
        tls: Some("TLS 1.3".into()),
        said: "250 planted-said".into(),
        at: NOON,
        tries: 1,
        sealing: None,
    };
    let left = LetterLeft { counted: None, dialogue: Some(dialogue) };
    store.finish_last_letter(&lease, &key, &receipt, left).await.unwrap();
    (lease, key)
}

pub async fn a_letter_that_was_sent_is_sent_once_more_by_a_step_of_its_own(home: Home) {
    let store = home.open().await;
    post(&store, "1", vec![letter("a", 13)]).await;
    let id = store.outbox(None, 9).await.unwrap()[0].id.clone();
    assert_eq!(store.send_letter_again(&id, "ann").await.unwrap(), Some(NotAgain::InWork));
    assert_eq!(store.send_letter_again("no such", "ann").await.unwrap(), Some(NotAgain::Unknown));
    let (_, first) = deliver(&store).await;
    let line = store.outbox_letter(&id).await.unwrap().unwrap();
    assert_eq!((line.again, line.dialogue.unwrap().said.as_str()), (0, "250 planted-said"));
    for time in 1..=store::LETTER_AGAIN_MAX {
        assert_eq!(store.send_letter_again(&id, "ann").await.unwrap(), None);
        assert_eq!(store.send_letter_again(&id, "ann").await.unwrap(), Some(NotAgain::InWork), "one word, one letter");
        let line = store.outbox_letter(&id).await.unwrap().unwrap();
        assert_eq!((line.fate, line.again, line.dialogue, line.key), (LetterFate::Waits, time, None, first.clone()));
        let (lease, step) = deliver(&store).await;
        assert_eq!(step.0, format!("{}/again-{time}", first.0));
        // A crash after the word finds the step done and sends nothing more.
        assert!(store.begin(&lease, &step, "letter", "").await.is_err() && claim_all(&store, LETTER).await.is_empty());
    }
    assert_eq!(store.send_letter_again(&id, "ann").await.unwrap(), Some(NotAgain::TooOften));
    let line = store.outbox_letter(&id).await.unwrap().unwrap();
    assert_eq!((line.fate, line.job), (LetterFate::Sent, Some(JobState::Done)));
    assert_eq!(store.letter_dialogues(SITE, &id).await.unwrap().len() as u32, 1 + store::LETTER_AGAIN_MAX);
    assert_eq!(store.sent_again(SITE, &id).await.unwrap().len() as u32, store::LETTER_AGAIN_MAX);

    // Enough that came back from the address keeps the next one back.
    post(&store, "2", vec![letter("b", 13), letter("c", 13), letter("d", 13)]).await;
    let lease = store.claim("worker", LETTER, 1, LEASE_S).await.unwrap().remove(0);
    let key = store.posted_letter(&lease).await.unwrap().key;
    store.begin(&lease, &key, "letter", "").await.unwrap();
    store.finish_last(&lease, &key, &Receipt::Letter { message_id: String::new(), dead_end: false }).await.unwrap();
    assert_eq!(store.letter_barred(&lease).await.unwrap(), None);
    home.sql(&format!("UPDATE outbox SET returned_at = {}", store.now().await.unwrap())).await;
    assert!(matches!(store.send_letter_again(&lease.subject, "ann").await.unwrap(), Some(NotAgain::Returned(_))));
    assert_eq!(store.letter_barred(&lease).await.unwrap().unwrap().code, FaultCode::LetterWithheld);

    // What was kept here never left, and is no letter that somebody has.
    let lease = store.claim("worker", LETTER, 1, LEASE_S).await.unwrap().remove(0);
    let key = store.posted_letter(&lease).await.unwrap().key;
    store.begin(&lease, &key, "letter", "").await.unwrap();
    store.finish_last(&lease, &key, &Receipt::Letter { message_id: String::new(), dead_end: true }).await.unwrap();
    assert_eq!(store.send_letter_again(&lease.subject, "ann").await.unwrap(), Some(NotAgain::NeverLeft));
}
