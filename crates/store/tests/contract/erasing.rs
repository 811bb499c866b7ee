//! An event that a person erases: gone at once, known again all the same, and never half decided about.

use crate::home::*;
use policy::event::{Actor, Event, EventKind};
use policy::{FaultCode, Receipt, StepKey, letter_number};
use serde_json::json;
use store::{JobKind, JobState, Lease, LetterAbout, LettersErased, NewLetter, NotErased, Store, Via};

const NOTICE: &[JobKind] = &[JobKind::Notice];
const LETTER: &[JobKind] = &[JobKind::Letter];
const WINDOW: i64 = 60_000_000;

fn event(part: &str) -> Event {
    Event {
        kind: EventKind::Commented,
        issue_id: "10".into(),
        issue_key: Some("NORTH-1".into()),
        at_ms: 50,
        actor: Some(Actor { id: "5c00".into(), name: "Ann".into() }),
        part: Some(part.into()),
        changes: vec![],
        last: None,
    }
}

/// Takes each of these in by one webhook; their ids.
async fn told(store: &Store, parts: &[&str], window: i64, body: &[u8]) -> Vec<String> {
    let events: Vec<Event> = parts.iter().map(|part| event(part)).collect();
    let waiting: Vec<(&Event, Option<i64>)> = events.iter().map(|event| (event, Some(window))).collect();
    assert_eq!(store.take_in_events(SITE, &waiting, body, Via::Webhook).await.unwrap() as usize, parts.len());
    let lines = store.events(None, 200).await.unwrap();
    let id_of = |part: &&str| {
        let of_part =
            |line: &&store::EventLine| line.event.as_ref().is_some_and(|event| event.part.as_deref() == Some(*part));
        lines.iter().find(of_part).unwrap().id.clone()
    };
    parts.iter().map(id_of).collect()
}

async fn tell(store: &Store, part: &str) -> String {
    told(store, &[part], 0, b"a body").await.remove(0)
}

async fn open(store: &Store, lease: &Lease) -> Vec<String> {
    store.open_events(lease).await.unwrap().into_iter().map(|stored| stored.id).collect()
}

fn letter(name: &str) -> NewLetter {
    let about = LetterAbout {
        to: "bob@people.example".into(),
        return_path: "back@desk.example".into(),
        subject: "NORTH-1".into(),
        issue_key: "NORTH-1".into(),
        message_id: format!("{name}@desk.example"),
        mapping: "all".into(),
        outgoing: String::new(),
        reason: "he reports it".into(),
        trouble: None,
        files: Vec::new(),
        message: None,
        second: None,
        refused_with_files: None,
        cause: store::LetterCause::default(),
        sets: store::LetterSets::default(),
        matter: store::LetterMatter::default(),
    };
    let key = StepKey(format!("north/events:10/all/{name}"));
    NewLetter { number: letter_number(&key), key, issue_id: "10".into(), about, bytes: b"a mail".to_vec() }
}

/// Decides about all that is open that these letters go out.
async fn decide(store: &Store, letters: &[&str]) -> String {
    let lease = claim_one(store, NOTICE).await;
    let (id, events) = (store.begin_notice(&lease).await.unwrap(), open(store, &lease).await);
    let letters = letters.iter().map(|name| letter(name)).collect();
    store.write_notice(&lease, &id, &events, "letters", &json!({ "why": "so" }), letters).await.unwrap();
    id
}

pub async fn priv_07_an_event_is_erased_on_a_persons_word_and_its_deed_stays_known(home: Home) {
    let store = home.open().await;
    assert_eq!(store.erase_event("none", "ann").await.unwrap(), Some(NotErased::Unknown));
    let id = tell(&store, "1").await;
    let notice = decide(&store, &["a", "b"]).await;
    let sent = claim_one(&store, LETTER).await;
    let key = store.posted_letter(&sent).await.unwrap().key;
    store.begin(&sent, &key, "letter", "").await.unwrap();
    let receipt = Receipt::Letter { message_id: "a@desk.example".into(), dead_end: false };
    store.finish(&sent, &key, &receipt).await.unwrap();
    store.complete(&sent).await.unwrap();

    assert_eq!(store.erase_event(&id, "ann").await.unwrap(), None);
    let story = store.event(&id).await.unwrap().unwrap();
    assert_eq!((story.line.event, story.body, story.notice), (None, None, None));
    assert_eq!((story.line.outcome.as_deref(), story.notice_id.as_deref()), (Some("letters"), Some(notice.as_str())));
    let erased = story.erased.expect("it says who did");
    assert_eq!((erased.who.as_str(), erased.waited), ("ann", false));
    assert!(erased.at >= story.line.received_at);
    let left = "SELECT (SELECT COUNT(*) FROM events WHERE wrapped_key IS NOT NULL OR sealed_event IS NOT NULL OR sealed_body IS NOT NULL)
        + (SELECT COUNT(*) FROM notices WHERE wrapped_key IS NOT NULL OR sealed_notice IS NOT NULL)";
    assert_eq!(home.number(left).await, 0);
    let again = store.take_in_events(SITE, &[(&event("1"), Some(0))], b"a body", Via::History).await.unwrap();
    assert_eq!(again, 0, "the deed is known still");
    assert_eq!(store.erase_event(&id, "bob").await.unwrap(), None, "it is erased");
    assert_eq!(store.event(&id).await.unwrap().unwrap().erased.unwrap().who, "ann", "and was by ann");

    // Its letters are their own; one waits to be sent.
    let kept = |lines: Vec<store::OutboxLine>| lines.iter().filter(|line| line.about.is_some()).count();
    assert_eq!(kept(store.letters_of_notice(&notice).await.unwrap()), 2);
    let LettersErased { number, not_yet } = store.erase_letters_of_event(&id, "ann").await.unwrap();
    assert_eq!((number, not_yet.len()), (1, 1));
    assert_ne!(not_yet[0], sent.subject);
    let lines = store.letters_of_notice(&notice).await.unwrap();
    assert_eq!(
        lines.iter().filter(|line| line.about.is_some()).map(|line| &line.id).collect::<Vec<_>>(),
        [&not_yet[0]]
    );
    let verdict = store.verify_audit().await.unwrap();
    assert_eq!(verdict.wrong, None);
    assert_eq!(home.number("SELECT COUNT(*) FROM audit WHERE kind IN ('erase_event', 'erase_letter')").await, 2);
}

pub async fn what_several_events_share_goes_as_far_as_it_is_about_the_one(home: Home) {
    let store = home.open().await;
    let pair = told(&store, &["1", "2"], 0, b"one webhook tells of both").await;
    let other = tell(&store, "3").await;
    decide(&store, &[]).await;
    store.erase_event(&pair[0], "ann").await.unwrap();
    let [second, third] = [&pair[1], &other].map(|id| store.event(id));
    let (second, third) = (second.await.unwrap().unwrap(), third.await.unwrap().unwrap());
    assert_eq!((second.body, second.line.event), (None, Some(event("2"))), "its body told of the first, too");
    assert_eq!(third.body.as_deref(), Some(b"a body".as_slice()));
    let decision = Some(json!({ "why": "so" }));
    assert_eq!((&second.notice, &third.notice), (&decision, &decision), "it is about them, too");
    assert_eq!((second.erased, third.erased), (None, None));
    store.erase_event(&pair[1], "ann").await.unwrap();
    assert_eq!(store.event(&other).await.unwrap().unwrap().notice, decision);
    store.erase_event(&other, "ann").await.unwrap();
    assert_eq!(home.number("SELECT COUNT(*) FROM notices WHERE sealed_notice IS NOT NULL").await, 0);
}

pub async fn an_event_that_waits_is_erased_on_a_plain_word_and_nobody_is_told_of_it(home: Home) {
    let store = home.open().await;
    let first = told(&store, &["1"], 0, b"a body").await.remove(0);
    let later = told(&store, &["2"], WINDOW, b"another body").await.remove(0);
    assert_eq!(store.erase_event(&first, "ann").await.unwrap(), Some(NotErased::Waits));
    assert_eq!(store.event(&first).await.unwrap().unwrap().line.event, Some(event("1")), "nothing was erased");
    assert_eq!(store.erase_event_even_waiting(&first, "ann").await.unwrap(), None);
    let story = store.event(&first).await.unwrap().unwrap();
    assert_eq!((story.line.event, story.body, story.notice), (None, None, None));
    assert_eq!(story.line.outcome.as_deref(), Some("erased"));
    assert!(story.erased.unwrap().waited, "so nobody was told");
    // The other waits for its own window, and not for the shorter one of what is gone.
    assert!(claim_all(&store, NOTICE).await.is_empty());
    let due = "SELECT j.due - e.due_at FROM jobs j, events e WHERE j.kind = 'notice' AND e.notice IS NULL";
    assert_eq!(home.number(due).await, 0);
    home.sql("UPDATE jobs SET due = 0 WHERE kind = 'notice'").await;
    home.sql("UPDATE events SET due_at = 0").await;
    let lease = claim_one(&store, NOTICE).await;
    assert_eq!(open(&store, &lease).await, std::slice::from_ref(&later));

    // The work on the issue was given up: with the last of its events that is over, too.
    store.bury(&lease, &temporary()).await.unwrap();
    assert_eq!(store.backlog().await.unwrap().events, 1);
    assert_eq!(store.stopped_events(None, 9).await.unwrap().len(), 1);
    assert_eq!(store.erase_event(&later, "ann").await.unwrap(), Some(NotErased::Waits), "it may be tried again");
    assert_eq!(store.erase_event_even_waiting(&later, "ann").await.unwrap(), None);
    assert!(store.stopped_events(None, 9).await.unwrap().is_empty());
    assert_eq!(store.backlog().await.unwrap().events, 0);
    let story = store.event(&later).await.unwrap().unwrap();
    assert_eq!((story.job, story.fault), (Some(JobState::Done), None));
    assert!(!store.wake_notice(&later, "ann").await.unwrap(), "there is nothing to be told");
    // What happens next is told.
    let next = tell(&store, "3").await;
    let lease = claim_one(&store, NOTICE).await;
    assert_eq!(open(&store, &lease).await, [next]);
}

pub async fn a_decision_under_way_is_made_anew_without_an_event_that_is_erased(home: Home) {
    let store = home.open().await;
    let pair = told(&store, &["1", "2"], 0, b"a body").await;
    let lease = claim_one(&store, NOTICE).await;
    let id = store.begin_notice(&lease).await.unwrap();
    let events = open(&store, &lease).await;
    store.draft_letters(&lease, &id, vec![letter("a")]).await.unwrap();
    assert_eq!(store.erase_event_even_waiting(&pair[0], "ann").await.unwrap(), None);
    assert_eq!(home.number("SELECT COUNT(*) FROM outbox").await, 0, "what was put aside told of it");
    let late = store.draft_letters(&lease, &id, vec![letter("b")]).await;
    assert_eq!(code(late), FaultCode::LeaseLost);
    let late = store.write_notice(&lease, &id, &events, "letters", &json!({}), vec![letter("c")]).await;
    assert_eq!(code(late), FaultCode::LeaseLost);
    let next = claim_one(&store, NOTICE).await;
    assert_eq!(open(&store, &next).await, pair[1..], "at once, and without it");
    assert_eq!(store.erase_event_even_waiting(&pair[1], "ann").await.unwrap(), None);
    let late = store.write_notice(&next, &id, &pair[1..], "letters", &json!({}), vec![letter("d")]).await;
    assert_eq!(code(late), FaultCode::LeaseLost);
    assert!(claim_all(&store, NOTICE).await.is_empty(), "nothing is left to decide about");
    assert_eq!(home.number("SELECT COUNT(*) FROM outbox").await, 0);
}

/// Whichever comes first: both are whole, and no letter comes of an event that was erased before.
pub async fn an_event_is_decided_about_or_erased_and_never_half_of_both(home: Home) {
    let stores = [home.open().await, home.open().await];
    let (mut decided, mut erased) = (0, 0);
    for number in 0..24 {
        let id = tell(&stores[0], &format!("race-{number}")).await;
        let lease = claim_one(&stores[0], NOTICE).await;
        let notice = stores[0].begin_notice(&lease).await.unwrap();
        let events = open(&stores[0], &lease).await;
        let name = format!("race-{number}");
        let why = json!({});
        let write = async {
            if number % 3 == 1 {
                tokio::task::yield_now().await;
            }
            let letters = vec![letter(&name)];
            stores[0].write_notice(&lease, &notice, &events, "letters", &why, letters).await
        };
        let erase = async {
            if number % 3 == 2 {
                for _ in 0..50 {
                    tokio::task::yield_now().await;
                }
            }
            stores[1].erase_event_even_waiting(&id, "ann").await
        };
        let (written, gone) = tokio::join!(write, erase);
        assert_eq!(gone.unwrap(), None);
        let story = stores[0].event(&id).await.unwrap().unwrap();
        let letters = stores[0].letters_of_notice(&notice).await.unwrap().len();
        let waited = story.erased.unwrap().waited;
        let outcome = story.line.outcome.unwrap();
        assert_eq!((story.line.event, story.notice), (None, None));
        match written {
            Ok(()) => assert_eq!((outcome.as_str(), letters, waited), ("letters", 1, false)),
            Err(lost) => {
                assert_eq!(lost.code, FaultCode::LeaseLost);
                assert_eq!((outcome.as_str(), letters, waited), ("erased", 0, true));
            }
        }
        if waited {
            erased += 1
        } else {
            decided += 1
        }
        assert!(claim_all(&stores[0], NOTICE).await.is_empty(), "nothing is left to decide about");
    }
    eprintln!("decided first: {decided}, erased first: {erased}");
}
