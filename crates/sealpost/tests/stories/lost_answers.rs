//! The desk does the work and answers are swallowed; the gateway finds its traces and doubles nothing.

use super::mails;
use super::world::World;
use desk::{Fault, RouteKind, When};

const MAILS: usize = 40;
/// The share of creates and uploads whose answer is lost.
const LOST: f64 = 0.4;

/// Search shows nothing for longer than the last look, so only the reading by key finds what was made.
const LAG_MS: u64 = 600_000;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn fault_02_answers_are_lost_and_every_mail_is_one_issue() {
    let world = World::start().await;
    let faults = world.desk.faults();
    faults.add(Fault::SearchLag { lag_ms: LAG_MS }, RouteKind::Search, When::Always);
    // Not all: a site that never answers is left alone for a while, and the story would take as long.
    for route in [RouteKind::Create, RouteKind::Attach] {
        faults.add(Fault::LostAnswer, route, When::Probability(LOST));
    }
    let mut gateway = world.home.start();
    for number in 0..MAILS {
        let id = format!("{number}@example.org");
        let mail = mails::with_files(&id, &format!("mail {number:02}"), "text", &[("file.bin", 300)]);
        world.hand_in(&mail).await.unwrap();
    }
    let metrics = gateway.wait_until_quiet();
    let lost = faults.shown(|fault| *fault == Fault::LostAnswer);
    faults.clear();
    let mut issues = world.issues();
    issues.sort_by(|a, b| a.summary.cmp(&b.summary));
    assert_eq!(issues.len(), MAILS, "{metrics:?}");
    for (number, issue) in issues.iter().enumerate() {
        assert_eq!(issue.summary, format!("mail {number:02}"));
        assert_eq!(issue.files, [("file.bin".to_owned(), 300)], "{}", issue.key);
    }
    assert!(lost > MAILS as u64 / 4, "only {lost} answers were lost");
    assert_eq!(metrics.sum("sealpost_effects_in_doubt_total", &[]), lost, "{metrics:?}");
    assert_eq!(metrics.sum("sealpost_effect_repeats_total", &[]), 0, "{metrics:?}");
}
