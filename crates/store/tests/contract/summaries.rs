//! Scheduled summaries: what is decided stands with its mark and its letters or not at all.

use crate::home::*;
use serde_json::json;
use store::{JobKind, SummaryMark};

const SUMMARY: &[JobKind] = &[JobKind::Summary];
const ID: &str = "9223372036854775900";

fn mark(seen_to: i64) -> SummaryMark {
    SummaryMark { schedule: 7, seen_to, asked_at: None, tried_at: None }
}

pub async fn a_time_is_seen_to_by_whoever_holds_the_lease(home: Home) {
    let store = home.open().await;
    for _ in 0..2 {
        store.ensure_summary(SITE, ID).await.unwrap();
    }
    let lease = claim_one(&store, SUMMARY).await;
    assert_eq!((lease.site.as_str(), lease.subject.as_str()), (SITE, ID));
    assert_eq!(store.summary_mark(&lease).await.unwrap(), None);
    assert!(claim_all(&store, SUMMARY).await.is_empty(), "one sees to it");
    home.sql("UPDATE jobs SET due = 0 WHERE kind = 'summary'").await;
    let other = claim_one(&store, SUMMARY).await;
    let id = store.begin_notice(&other).await.unwrap();
    let late = (mark(5), 0);
    assert!(store.write_summary(&lease, ("stale", "letters"), &json!({}), vec![], late).await.is_err());
    assert!(store.summary_waits(&lease, mark(5), 0).await.is_err());
    assert_eq!(store.summary_mark(&other).await.unwrap(), None);
    let tomorrow = store.now().await.unwrap() + 86_400_000_000;
    store
        .write_summary(&other, (&id, "ignored"), &json!({"reason": "none"}), vec![], (mark(9), tomorrow))
        .await
        .unwrap();
    assert_eq!(store.summary_mark(&other).await.unwrap(), Some(mark(9)));
    let stories = store.summary_stories(SITE, ID, 10).await.unwrap();
    assert_eq!((stories.len(), stories[0].id.as_str(), stories[0].outcome.as_str()), (1, id.as_str(), "ignored"));
    assert_eq!(stories[0].decision, Some(json!({"reason": "none"})));
    assert!(claim_all(&store, SUMMARY).await.is_empty(), "it comes again tomorrow");
    assert_eq!(store.summary_seen_to(SITE, ID).await.unwrap(), Some(9));
    assert!(store.summary_stories("south", ID, 10).await.unwrap().is_empty());
}

pub async fn what_a_person_asks_for_is_not_forgotten_while_it_is_worked_on(home: Home) {
    let store = home.open().await;
    let tomorrow = store.now().await.unwrap() + 86_400_000_000;
    let asked_at = store.ask_for_summary(SITE, ID, false, "ann").await.unwrap();
    store.ask_for_summary(SITE, ID, false, "ann").await.unwrap();
    let lease = claim_one(&store, SUMMARY).await;
    let known = store.summary_mark(&lease).await.unwrap().unwrap();
    assert_eq!((known.schedule, known.asked_at, known.tried_at), (0, Some(asked_at), None), "the first time counts");
    store.ask_for_summary(SITE, ID, true, "ann").await.unwrap();
    let id = store.begin_notice(&lease).await.unwrap();
    let done = SummaryMark { asked_at: Some(asked_at), ..mark(9) };
    store.write_summary(&lease, (&id, "letters"), &json!({}), vec![], (done, tomorrow)).await.unwrap();
    let lease = claim_one(&store, SUMMARY).await;
    let left = store.summary_mark(&lease).await.unwrap().unwrap();
    assert!(left.asked_at.is_none() && left.tried_at.is_some(), "{left:?}");
    store.summary_waits(&lease, mark(9), tomorrow).await.unwrap();
    let lease = claim_one(&store, SUMMARY).await;
    let id = store.begin_notice(&lease).await.unwrap();
    let done = SummaryMark { tried_at: left.tried_at, ..mark(9) };
    store.write_summary(&lease, (&id, "tried"), &json!({}), vec![], (done, tomorrow)).await.unwrap();
    assert!(claim_all(&store, SUMMARY).await.is_empty());
    let audited = home.number("SELECT COUNT(*) FROM audit WHERE kind IN ('send_summary', 'try_summary')").await;
    assert_eq!(audited, 3);
}
