//! An event that is decided about anew: alone, at once, with its earlier letters still its own.

use crate::home::*;
use crate::outbox::letter;
use policy::event::{Event, EventKind};
use serde_json::json;
use store::{JobKind, JobState, Lease, NotDecidedAgain, Store, Via};

const NOTICE: &[JobKind] = &[JobKind::Notice];
const DAY: i64 = 86_400_000_000;

/// Takes events of issue 10 in, and has them decided about together with this letter; their ids.
async fn told(store: &Store, parts: &[&str], name: &str) -> Vec<String> {
    let event = |part: &&str| Event {
        kind: EventKind::Commented,
        issue_id: "10".into(),
        issue_key: None,
        at_ms: 5,
        actor: None,
        part: Some((*part).to_owned()),
        changes: vec![],
        last: None,
    };
    let events: Vec<Event> = parts.iter().map(event).collect();
    let waiting: Vec<(&Event, Option<i64>)> = events.iter().map(|event| (event, Some(0))).collect();
    store.take_in_events(SITE, &waiting, b"", Via::Webhook).await.unwrap();
    decide(store, name).await
}

async fn decide(store: &Store, name: &str) -> Vec<String> {
    let lease = claim_one(store, NOTICE).await;
    let ids = open(store, &lease).await;
    let notice = store.begin_notice(&lease).await.unwrap();
    let written = json!({ "told": name });
    store.write_notice(&lease, &notice, &ids, "letters", &written, vec![letter(name, 13)]).await.unwrap();
    ids
}

async fn open(store: &Store, lease: &Lease) -> Vec<String> {
    store.open_events(lease).await.unwrap().into_iter().map(|stored| stored.id).collect()
}

pub async fn an_event_is_decided_about_anew_alone_and_what_was_decided_before_stays_known(home: Home) {
    let store = home.open().await;
    let ids = told(&store, &["1", "2"], "a").await;
    let since = store.event(&ids[0]).await.unwrap().unwrap().line.received_at;
    assert_eq!(store.decide_again("none", "ann").await.unwrap(), Some(NotDecidedAgain::Unknown));
    assert_eq!(store.decide_again(&ids[0], "ann").await.unwrap(), None);
    let waits = Some(NotDecidedAgain::Waits(Some(JobState::Ready)));
    assert_eq!(store.decide_again(&ids[0], "ann").await.unwrap(), waits, "one word, one decision");
    let story = store.event(&ids[0]).await.unwrap().unwrap();
    assert_eq!((story.line.outcome, story.notice_id, story.again.len()), (None, None, 1));
    assert_eq!(story.again[0].who, "ann");
    assert_eq!(store.event(&ids[1]).await.unwrap().unwrap().line.outcome.as_deref(), Some("letters"), "it stays");
    assert_eq!(store.notices_since(SITE, "10", since).await.unwrap(), [json!({ "told": "a" })]);
    assert!(store.notices_since(SITE, "11", since).await.unwrap().is_empty());

    assert_eq!(decide(&store, "b").await, ids[..1], "it alone, and at once");
    let story = store.event(&ids[0]).await.unwrap().unwrap();
    let keys = |lines: Vec<store::OutboxLine>| lines.into_iter().map(|line| line.key.0).collect::<Vec<_>>();
    let letters = store.letters_of_event(&story).await.unwrap();
    assert!(letters.iter().all(|line| line.event.is_some()), "each leads to an event");
    assert_eq!(keys(letters), ["north/events:10/m/a", "north/events:10/m/b"]);
    assert_eq!(store.notices_since(SITE, "10", since).await.unwrap().len(), 2);
    assert_eq!(home.number("SELECT COUNT(*) FROM audit WHERE kind = 'event_again'").await, 1);

    // Erased by hand its letters go with it, and nothing can be decided any more.
    assert_eq!(store.erase_event(&ids[0], "ann").await.unwrap(), None);
    assert_eq!(store.decide_again(&ids[0], "ann").await.unwrap(), Some(NotDecidedAgain::Erased));
    assert_eq!(store.erase_letters_of_event(&ids[0], "ann").await.unwrap().not_yet.len(), 2, "both, were they sent");
}

pub async fn who_was_told_stays_known_whatever_else_is_erased_or_decided(home: Home) {
    let store = home.open().await;
    let ids = told(&store, &["1", "2"], "a").await;
    let since = store.event(&ids[0]).await.unwrap().unwrap().line.received_at;
    assert_eq!(store.decide_again(&ids[0], "ann").await.unwrap(), None);
    decide(&store, "b").await;
    assert_eq!(store.erase_event(&ids[1], "ann").await.unwrap(), None);
    let has_first = async || store.notices_since(SITE, "10", since).await.unwrap().contains(&json!({ "told": "a" }));
    assert!(has_first().await, "the first event may be decided about once more");
    // More than are read at once.
    for number in 0..201 {
        told(&store, &[&format!("3{number}")], &format!("c{number}")).await;
    }
    assert_eq!(store.notices_since(SITE, "10", since).await.unwrap().len(), 203);
    assert!(has_first().await);
    assert_eq!(store.erase_event(&ids[0], "ann").await.unwrap(), None);
    assert_eq!(store.notices_since(SITE, "10", since).await.unwrap().len(), 201, "both decisions go with the last");
}

pub async fn who_was_told_stays_known_while_an_event_waits_to_be_decided_anew(home: Home) {
    let store = home.open().await;
    let ids = told(&store, &["1"], "a").await;
    assert_eq!(store.decide_again(&ids[0], "ann").await.unwrap(), None);
    home.sql(&format!("UPDATE events SET received_at = received_at - {}", 9 * DAY)).await;
    home.sql(&format!("UPDATE notices SET received_at = received_at - {}", 9 * DAY)).await;
    store.sweep().await.unwrap();
    assert_eq!(store.notices_since(SITE, "10", 0).await.unwrap().len(), 1);
    decide(&store, "b").await;
    store.sweep().await.unwrap();
    assert!(store.notices_since(SITE, "10", 0).await.unwrap().is_empty(), "they go with the event");
    assert_eq!(store.decide_again(&ids[0], "ann").await.unwrap(), Some(NotDecidedAgain::Erased));
}
