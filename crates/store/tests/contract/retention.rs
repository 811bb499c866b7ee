//! How long content is kept, site by site, and what the audit trail says of it.

use crate::home::*;
use policy::{FaultCode, Outcome};
use std::collections::BTreeMap;
use store::{Arrival, Retention, Store};

const DAY: i64 = 86_400_000_000;

/// A mail of this site that came so many days ago and whose work is done.
async fn old(home: &Home, store: &Store, name: &str, site: &str, days: i64) -> String {
    let message = take(store, Arrival { site: site.into(), ..arrival(name) }).await;
    assert_eq!(decide_next(store, None).await, message);
    let at = store.now().await.unwrap() - days * DAY;
    home.sql(&format!("UPDATE messages SET received_at = {at} WHERE id = '{message}'")).await;
    message
}

fn periods(by_site: &[(&str, u32)]) -> Retention {
    let by_site: BTreeMap<String, u32> = by_site.iter().map(|(site, days)| ((*site).to_owned(), *days)).collect();
    Retention { keep_content_days: 30, by_site, ..Retention::default() }
}

async fn audited(home: &Home, kind: &str, site: &str, receipt: &str) -> i64 {
    let sql = format!(
        "SELECT COUNT(*) FROM audit WHERE kind = '{kind}' AND site = '{site}' AND receipt = '{receipt}' AND subject = site"
    );
    home.number(&sql).await
}

pub async fn priv_05_each_site_keeps_content_for_its_own_period_and_the_sweep_leaves_a_receipt(home: Home) {
    let store = home.open().await;
    store.keep(&periods(&[("north", 0), ("south", 90)]), "ann").await.unwrap();
    let north = old(&home, &store, "north", "north", 0).await;
    let south = old(&home, &store, "south", "south", 89).await;
    let gone = old(&home, &store, "gone", "south", 91).await;
    let default = old(&home, &store, "default", "west", 29).await;
    let late = old(&home, &store, "late", "west", 31).await;
    assert_eq!(swept(&store).await, (3, 0));
    for kept in [&south, &default] {
        read_all(&store, kept).await.unwrap();
    }
    for erased in [&north, &gone, &late] {
        assert_eq!(code(read_all(&home.open().await, erased).await), FaultCode::KeyUnavailable);
    }
    assert_eq!(audited(&home, "sweep", "north", r#"{"erased":1,"keep_content_days":0}"#).await, 1);
    assert_eq!(audited(&home, "sweep", "south", r#"{"erased":1,"keep_content_days":90}"#).await, 1);
    assert_eq!(audited(&home, "sweep", "west", r#"{"erased":1,"keep_content_days":30}"#).await, 1);
    assert_eq!(swept(&store).await, (0, 0));
    assert_eq!(
        home.number("SELECT COUNT(*) FROM audit WHERE kind = 'sweep'").await,
        3,
        "nothing done, nothing to tell"
    );
    assert_eq!(store.verify_audit().await.unwrap().wrong, None);
}

pub async fn what_a_decision_held_is_told_and_kept_for_a_person(home: Home) {
    let store = home.open().await;
    store.keep(&periods(&[("north", 0)]), "ann").await.unwrap();
    let mut held = Vec::new();
    for (name, outcome, days) in
        [("held", Outcome::Hold, 29), ("quarantined", Outcome::Quarantine, 29), ("late", Outcome::Hold, 31)]
    {
        let message = take(&store, Arrival { site: "north".into(), ..arrival(name) }).await;
        let lease = claim_one(&store, DECIDE).await;
        let mut decision = decision(&message, None);
        decision.plan.outcome = outcome;
        store.write_down(&lease, &decision).await.unwrap();
        let at = store.now().await.unwrap() - days * DAY;
        home.sql(&format!("UPDATE messages SET received_at = {at} WHERE id = '{message}'")).await;
        held.push((message, at));
    }
    let first = held[2].1;
    assert_eq!(store.attention().await.unwrap().unsettled, Some((3, first)));
    assert_eq!(store.figures().await.unwrap().unsettled, 3);
    assert_eq!(swept(&store).await, (1, 0), "a person has thirty days, however short the period is");
    for (message, _) in &held[..2] {
        read_all(&store, message).await.unwrap();
    }
    assert_eq!(store.attention().await.unwrap().unsettled.map(|(number, _)| number), Some(2));
    store.erase(&held[0].0, "ann").await.unwrap();
    assert_eq!(store.figures().await.unwrap().unsettled, 1, "what a person deleted is settled");
}

pub async fn priv_05_keeping_mail_again_is_an_act_in_the_audit_trail(home: Home) {
    let store = home.open().await;
    store.keep(&periods(&[("north", 0), ("south", 30)]), "ann").await.unwrap();
    assert_eq!(audited(&home, "retention", "north", r#"{"keep_content_days":0,"before":null}"#).await, 1);
    // The same again, here or in another process, is no act.
    store.keep(&periods(&[("north", 0)]), "ann").await.unwrap();
    home.open().await.keep(&periods(&[("north", 0), ("south", 30)]), "ann").await.unwrap();
    assert_eq!(home.number("SELECT COUNT(*) FROM audit WHERE kind = 'retention'").await, 2);
    let early = old(&home, &store, "early", "north", 0).await;
    assert_eq!(swept(&store).await, (1, 0));
    store.keep(&periods(&[("north", 30)]), "bob").await.unwrap();
    assert_eq!(audited(&home, "retention", "north", r#"{"keep_content_days":30,"before":0}"#).await, 1);
    let with_name = "SELECT COUNT(*) FROM audit WHERE kind = 'retention' AND sealed_who IS NOT NULL";
    assert_eq!(home.number(with_name).await, 3, "each says who it was");
    let later = old(&home, &store, "later", "north", 1).await;
    assert_eq!(swept(&store).await, (0, 0));
    read_all(&store, &later).await.unwrap();
    assert_eq!(code(read_all(&store, &early).await), FaultCode::KeyUnavailable, "what is erased stays erased");
}

pub async fn priv_06_the_oldest_content_is_as_old_as_its_period_at_most(home: Home) {
    let store = home.open().await;
    old(&home, &store, "old", "north", 31).await;
    old(&home, &store, "young", "north", 29).await;
    old(&home, &store, "south", "south", 2).await;
    let kept = store.figures().await.unwrap().kept;
    let days: Vec<(&str, u64)> = kept.iter().map(|(site, age_s)| (site.as_str(), age_s / 86_400)).collect();
    assert_eq!(days, [("north", 31), ("south", 2)], "before the sweep");
    store.sweep().await.unwrap();
    let kept = store.figures().await.unwrap().kept;
    let days: Vec<(&str, u64)> = kept.iter().map(|(site, age_s)| (site.as_str(), age_s / 86_400)).collect();
    assert_eq!(days, [("north", 29), ("south", 2)]);
}

pub async fn what_needs_a_person_is_counted(home: Home) {
    let store = home.open().await;
    assert_eq!(store.attention().await.unwrap().of(store::JobState::Held), None);
    for name in ["held", "dead", "more", "done"] {
        take(&store, arrival(name)).await;
    }
    let leases = store.claim("worker", DECIDE, 4, LEASE_S).await.unwrap();
    store.hold(&leases[0], &temporary()).await.unwrap();
    store.bury(&leases[1], &temporary()).await.unwrap();
    store.bury(&leases[2], &temporary()).await.unwrap();
    store.write_down(&leases[3], &decision(&leases[3].subject, None)).await.unwrap();
    take(&store, arrival("new")).await;
    let attention = store.attention().await.unwrap();
    let number = |state| attention.of(state).map(|(number, _)| number);
    assert_eq!(number(store::JobState::Held), Some(1));
    assert_eq!(number(store::JobState::Dead), Some(2));
    assert_eq!(number(store::JobState::Ready), Some(1));
    assert_eq!(number(store::JobState::Running), None);
    assert_eq!(attention.stuck_letters, 0);
    let now = store.now().await.unwrap();
    let (_, since) = attention.of(store::JobState::Dead).unwrap();
    assert!((now - 60_000_000..=now).contains(&since), "{since}");
}
