//! Lists of events and of letters about them: what fits, page by page, of a bounded part.

use crate::home::*;
use crate::outbox::letter;
use policy::event::{Event, EventKind};
use policy::{FaultCode, Receipt};
use serde_json::json;
use store::{EventFilter, EventState, JobKind, LetterFilter, LetterState, NewLetter, Store, Via};

const LETTER: &[JobKind] = &[JobKind::Letter];

/// An event of this issue, of which a decision by this mapping tells this address.
async fn told(store: &Store, (issue_id, key): (&str, &str), mapping: &str, to: &str) {
    let event = Event {
        kind: EventKind::Commented,
        issue_id: issue_id.into(),
        issue_key: Some(key.into()),
        at_ms: 5,
        actor: None,
        part: Some(format!("{mapping}-{to}")),
        changes: vec![],
        last: None,
    };
    store.take_in_events(SITE, &[(&event, Some(0))], b"", Via::Webhook).await.unwrap();
    let lease = claim_one(store, &[JobKind::Notice]).await;
    let ids: Vec<String> = store.open_events(&lease).await.unwrap().into_iter().map(|stored| stored.id).collect();
    let notice = store.begin_notice(&lease).await.unwrap();
    let written = json!({ "notifications": [{ "mapping": mapping }], "left_out": [{ "mapping": "other" }] });
    // A key stands in clear, and nobody is named in it.
    let name = format!("{issue_id}-{mapping}-{}", &to[..1]);
    let mut new = NewLetter { issue_id: issue_id.into(), ..letter(&name, 13) };
    (new.about.to, new.about.mapping, new.about.issue_key) = (to.into(), mapping.into(), key.into());
    store.write_notice(&lease, &notice, &ids, "letters", &written, vec![new]).await.unwrap();
}

async fn letters(store: &Store, filter: LetterFilter) -> Vec<String> {
    let page = store.letters_that_fit(&LetterFilter { limit: 200, ..filter }).await.unwrap();
    assert!(page.next.is_none());
    page.lines.into_iter().map(|line| line.key.0.rsplit_once('/').unwrap().1.to_owned()).rev().collect()
}

async fn events(store: &Store, filter: EventFilter) -> Vec<String> {
    let page = store.events_that_fit(&EventFilter { limit: 200, ..filter }).await.unwrap();
    assert!(page.next.is_none());
    page.lines.into_iter().map(|line| line.issue_id).rev().collect()
}

fn some(text: &str) -> Option<String> {
    Some(text.to_owned())
}

pub async fn letters_about_events_are_filtered_by_what_is_known_of_them(home: Home) {
    let store = home.open().await;
    told(&store, ("10", "NORTH-1"), "m", "ann@people.example").await;
    told(&store, ("11", "NORTH-2"), "m", "bob@people.example").await;
    told(&store, ("11", "NORTH-2"), "n", "ann@people.example").await;
    let all = ["10-m-a", "11-m-b", "11-n-a"];
    let none = LetterFilter::default;
    assert_eq!(letters(&store, none()).await, all);
    assert_eq!(letters(&store, LetterFilter { site: some(SITE), ..none() }).await, all);
    assert!(letters(&store, LetterFilter { site: some("south"), ..none() }).await.is_empty());
    for issue in ["11", "NORTH-2", "north-2"] {
        assert_eq!(letters(&store, LetterFilter { issue: some(issue), ..none() }).await, all[1..], "{issue}");
    }
    let to = LetterFilter { to: some("Ann@People.example"), ..none() };
    assert_eq!(letters(&store, to.clone()).await, [all[0], all[2]]);
    assert_eq!(letters(&store, LetterFilter { mapping: some("n"), ..to.clone() }).await, all[2..]);

    let lease = claim_one(&store, LETTER).await;
    let key = store.posted_letter(&lease).await.unwrap().key;
    store.begin(&lease, &key, "letter", "").await.unwrap();
    store.finish_last(&lease, &key, &Receipt::Letter { message_id: String::new(), dead_end: false }).await.unwrap();
    let lease = claim_one(&store, LETTER).await;
    store.bury(&lease, &policy::Fault::permanent(FaultCode::PostRefused, "no")).await.unwrap();
    for (state, expected) in [
        (LetterState::Sent, vec![all[0]]),
        (LetterState::Stopped, vec![all[1]]),
        (LetterState::Waits, vec![all[1], all[2]]),
        (LetterState::Failed, vec![]),
        (LetterState::Kept, vec![]),
        (LetterState::CameBack, vec![]),
    ] {
        assert_eq!(letters(&store, LetterFilter { state: Some(state), ..none() }).await, expected, "{state:?}");
    }
    // Page by page, until nothing is left.
    let first = store.letters_that_fit(&LetterFilter { limit: 1, ..to.clone() }).await.unwrap();
    assert_eq!((first.lines.len(), first.next.is_some()), (1, true));
    let second = store.letters_that_fit(&LetterFilter { limit: 9, before: first.next, ..to.clone() }).await.unwrap();
    assert_eq!((second.lines.len(), second.next), (1, None));
    // What was erased is found by what stands in clear.
    let id =
        store.letters_that_fit(&LetterFilter { limit: 9, state: Some(LetterState::Sent), ..none() }).await.unwrap();
    store.erase_letter(&id.lines[0].id, "ann").await.unwrap();
    assert_eq!(letters(&store, to).await.len(), 2);
    assert_eq!(letters(&store, LetterFilter { issue: some("10"), ..none() }).await.len(), 1);
    assert!(letters(&store, LetterFilter { issue: some("NORTH-1"), ..none() }).await.is_empty());
}

pub async fn events_are_filtered_by_what_is_known_of_them(home: Home) {
    let store = home.open().await;
    told(&store, ("10", "NORTH-1"), "m", "ann@people.example").await;
    told(&store, ("11", "NORTH-2"), "n", "bob@people.example").await;
    let event = Event {
        kind: EventKind::Created,
        issue_id: "12".into(),
        issue_key: Some("NORTH-3".into()),
        at_ms: 5,
        actor: None,
        part: None,
        changes: vec![],
        last: None,
    };
    store.take_in_events(SITE, &[(&event, Some(0))], b"", Via::Webhook).await.unwrap();
    let none = EventFilter::default;
    assert_eq!(events(&store, none()).await, ["10", "11", "12"]);
    assert_eq!(events(&store, EventFilter { issue: some("north-2"), site: some(SITE), ..none() }).await, ["11"]);
    assert_eq!(events(&store, EventFilter { issue: some("12"), ..none() }).await, ["12"]);
    assert!(events(&store, EventFilter { site: some("south"), ..none() }).await.is_empty());
    assert_eq!(events(&store, EventFilter { mapping: some("n"), ..none() }).await, ["11"]);
    assert_eq!(events(&store, EventFilter { mapping: some("other"), ..none() }).await, ["10", "11"], "considered");
    let of = async |state| events(&store, EventFilter { state: Some(state), ..none() }).await;
    assert_eq!(of(EventState::Letters).await, ["10", "11"]);
    assert_eq!(of(EventState::Undecided).await, ["12"]);
    assert!(of(EventState::Stopped).await.is_empty() && of(EventState::Ignored).await.is_empty());
    let lease = claim_one(&store, &[JobKind::Notice]).await;
    store.bury(&lease, &policy::Fault::permanent(FaultCode::TrackerRefused, "no")).await.unwrap();
    assert_eq!(of(EventState::Stopped).await, ["12"]);
    let page = store.events_that_fit(&EventFilter { limit: 2, ..none() }).await.unwrap();
    assert_eq!(page.lines.len(), 2);
    let rest = store.events_that_fit(&EventFilter { limit: 2, before: page.next, ..none() }).await.unwrap();
    assert_eq!((rest.lines.len(), rest.next), (1, None));
}
