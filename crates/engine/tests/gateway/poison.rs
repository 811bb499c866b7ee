//! Mails and moments that kill: one job's trouble is nobody else's.

use super::reading::{Direct, Gated};
use super::world::{Database, Plot, World, mail, quick};
use engine::Settings;
use policy::Outcome;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;
use store::JobState;

fn marked(message_id: &str, what: &str) -> String {
    format!("X-Test: {what}\n{}", mail(message_id, "poison", "text"))
}

pub async fn fault_23_a_mail_that_kills_its_cell_is_quarantined_after_three_tries(database: &Database) {
    let reader = Arc::new(Direct::default());
    let world = World::start(database, Plot { reader: reader.clone(), ..Plot::default() }).await;
    let poison = world.send(&marked("p@example.org", "die")).await;
    let neighbour = world.send(&mail("n@example.org", "printer", "It burns.")).await;
    world.done(&neighbour).await;
    let story = world.done(&poison).await;
    assert_eq!(story.line.outcome, Some(Outcome::Quarantine));
    assert!(story.content_kept);
    assert!(story.line.reason.contains("3 times"), "{}", story.line.reason);
    assert_eq!(reader.reads.load(Ordering::SeqCst), 4);
    assert_eq!(world.desk.counts().issues_created, 1);
    assert_eq!(world.metric("sealpost_messages_quarantined_total").await, 1);
    world.end().await;
}

pub async fn a_panic_costs_one_job_one_try(database: &Database) {
    let world = World::start(database, Plot::default()).await;
    let story = world.done(&world.send(&marked("p@example.org", "panic")).await).await;
    assert_eq!(story.line.outcome, Some(Outcome::Create));
    assert_eq!(world.metric("sealpost_jobs_panicked_total").await, 1);
    assert_eq!(world.desk.counts().issues_created, 1);
    world.end().await;
}

pub async fn fault_37_a_shutdown_gives_running_jobs_back(database: &Database) {
    let reader = Arc::new(Gated::default());
    let settings = Settings { shutdown_grace: Duration::from_millis(50), ..quick() };
    let mut world = World::start(database, Plot { settings, reader: reader.clone(), ..Plot::default() }).await;
    let message = world.send(&mail("a@example.org", "printer", "It burns.")).await;
    world.wait_until(&message, |story| story.line.job == JobState::Running).await;
    world.gateway.shutdown().await;
    let story = world.store.story(&message).await.unwrap().unwrap();
    assert_eq!((story.line.job, story.tries), (JobState::Ready, 0), "given back as if it had not been touched");
    reader.gate.add_permits(10);
    world.restart().await;
    world.done(&message).await;
    assert_eq!(world.desk.counts().issues_created, 1);
    world.end().await;
}
