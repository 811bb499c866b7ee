//! Hostile mail over SMTP: it costs itself and nothing else, and its raw bytes are kept.

use super::mails;
use super::world::World;

/// What aborts the best parser when nobody counts.
const DEPTH: usize = 100_000;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn sec_20_nested_mail_bomb() {
    let world = World::start().await;
    let mut gateway = world.home.start();
    let bomb = mails::nested("bomb@example.org", DEPTH);
    let id = world.hand_in(&bomb).await.unwrap().id().unwrap().to_owned();
    world.hand_in(&mails::request("a@example.org", "after the bomb", "Flames.")).await.unwrap();
    let metrics = gateway.wait_until_quiet();
    assert_eq!(metrics.sum("sealpost_outcomes", &["outcome=\"quarantine\""]), 1, "{metrics:?}");

    let issues = world.issues();
    let summaries: Vec<&str> = issues.iter().map(|issue| issue.summary.as_str()).collect();
    assert_eq!(summaries, ["after the bomb"]);
    let shown = world.run(&["message", "--config", "sealpost.toml", "show", &id]);
    let story: serde_json::Value = serde_json::from_slice(&shown.stdout).unwrap();
    assert_eq!(story["message"]["outcome"], "quarantine", "{story:#}");
    assert!(story["message"]["reason"].as_str().is_some_and(|reason| !reason.is_empty()), "{story:#}");

    // Our own Received field stands before the mail, which follows byte for byte.
    let exported = world.run(&["message", "--config", "sealpost.toml", "export", &id]).stdout;
    assert!(exported.ends_with(&bomb), "the raw mail is kept whole: {} of {} bytes", exported.len(), bomb.len());
    assert!(exported.starts_with(b"Received: "));
}
