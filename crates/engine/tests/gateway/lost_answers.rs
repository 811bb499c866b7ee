//! The desk does the work and the answer is swallowed: however often, every mail is one issue.

use super::world::{Database, Plot, World, issue_of, mail, quick};
use desk::{Fault, RouteKind, When};
use engine::Settings;
use futures_util::{StreamExt, stream};
use std::collections::HashSet;

pub async fn fault_02_lost_answers_of_creates_make_no_second_issue(database: &Database) {
    rounds(database, 40).await;
}

pub async fn a_thousand_rounds(database: &Database) {
    rounds(database, 1000).await;
}

/// Every create's answer is lost, and search shows nothing new until long after the last look.
async fn rounds(database: &Database, rounds: usize) {
    let settings = Settings { jobs_max: 64, claim_max: 64, ..quick() };
    let world = World::start(database, Plot { settings, ..Plot::default() }).await;
    world.faults.add(Fault::SearchLag { lag_ms: 600_000 }, RouteKind::Search, When::Always);
    world.faults.add(Fault::LostAnswer, RouteKind::Create, When::Always);
    let messages: Vec<String> = stream::iter(0..rounds)
        .map(|number| {
            let mail = mail(&format!("{number}@example.org"), &format!("mail {number}"), "text");
            let world = &world;
            async move { world.send(&mail).await }
        })
        .buffer_unordered(16)
        .collect()
        .await;
    let mut issues = HashSet::new();
    for message in &messages {
        issues.insert(issue_of(&world.done(message).await));
    }
    assert_eq!(issues.len(), rounds, "one issue per mail");
    assert_eq!(world.desk.counts().issues_created, rounds as u64, "and none beside them");
    assert_eq!(world.faults.shown(|fault| *fault == Fault::LostAnswer), rounds as u64, "every answer was lost");
    assert_eq!(world.metric("sealpost_effect_repeats_total").await, 0);
    world.end().await;
}
