//! Histories of sites: how far each is read, and what of it is known already.

use crate::home::*;
use policy::event::{Event, EventKind};
use store::{HistoryMark, JobKind, Listing, Store, Via};

const POLL: &[JobKind] = &[JobKind::Poll];

fn mark(since_ms: i64) -> HistoryMark {
    let listing = Some(Listing { began_ms: since_ms, reached_ms: since_ms - 1 });
    HistoryMark { began_ms: 5, since_ms, listing, settled: vec![("planted-issue".into(), since_ms)] }
}

/// Leaves how far a history was read.
pub async fn plant(store: &Store) {
    store.ensure_poll(SITE).await.unwrap();
    let lease = claim_one(store, POLL).await;
    store.polled(&lease, &mark(7), 0).await.unwrap();
}

pub async fn how_far_a_history_is_read_is_remembered_by_whoever_holds_the_lease(home: Home) {
    let store = home.open().await;
    assert_eq!(store.history_mark(SITE).await.unwrap(), None);
    for _ in 0..2 {
        store.ensure_poll(SITE).await.unwrap();
    }
    let lease = claim_one(&store, POLL).await;
    assert_eq!((lease.site.as_str(), lease.subject.as_str()), (SITE, ""));
    store.ensure_poll(SITE).await.unwrap();
    assert!(claim_all(&store, POLL).await.is_empty(), "one reads it");
    store.move_history_mark(&lease, &mark(7)).await.unwrap();
    assert_eq!(store.history_mark(SITE).await.unwrap(), Some(mark(7)));
    // Another process took it over meanwhile.
    home.sql("UPDATE jobs SET due = 0 WHERE kind = 'poll'").await;
    let other = claim_one(&store, POLL).await;
    assert!(store.move_history_mark(&lease, &mark(8)).await.is_err());
    assert!(store.polled(&lease, &mark(8), 0).await.is_err());
    assert_eq!(store.history_mark(SITE).await.unwrap(), Some(mark(7)));
    let tomorrow = store.now().await.unwrap() + 86_400_000_000;
    store.polled(&other, &mark(9), tomorrow).await.unwrap();
    assert_eq!(store.history_mark(SITE).await.unwrap(), Some(mark(9)));
    assert!(claim_all(&store, POLL).await.is_empty());
    store.ensure_poll(SITE).await.unwrap();
    assert_eq!(claim_one(&store, POLL).await.tries, 1, "settings were read again");
    assert_eq!(store.history_mark("south").await.unwrap(), None);
}

pub async fn deeds_that_are_known_are_told_apart(home: Home) {
    let store = home.open().await;
    let event = |kind, part: &str, at_ms| Event {
        kind,
        issue_id: "10".into(),
        issue_key: None,
        at_ms,
        actor: None,
        part: Some(part.into()),
        changes: vec![],
        last: None,
    };
    let known = event(EventKind::Commented, "7", 5);
    store.take_in_events(SITE, &[(&known, Some(0))], b"", Via::Webhook).await.unwrap();
    let new = event(EventKind::CommentEdited, "7", 9);
    let told = vec![Event { at_ms: 99, ..known.clone() }, new.clone()];
    assert_eq!(store.unknown_events(SITE, told).await.unwrap(), [new]);
    assert_eq!(store.unknown_events("south", vec![known.clone()]).await.unwrap(), [known]);
}
