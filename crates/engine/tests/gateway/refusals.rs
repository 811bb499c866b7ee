//! What is refused, by the tracker and by the gateway, and what becomes of the rest.

use super::reading::Gated;
use super::world::{
    Database, Plot, SALES, SUPPORT, World, issue_of, mail, mail_with_files, mailbox, quick, receipts, reply,
};
use engine::Settings;
use policy::FaultCode;
use std::sync::Arc;
use std::time::Duration;
use store::JobState;

pub async fn fault_16_a_file_that_is_refused_does_not_stop_the_others(database: &Database) {
    let world = World::start(database, Plot { attachment_size_max_bytes: 1000, ..Plot::default() }).await;
    let large = "x".repeat(2000);
    let files = [("one.txt", "one"), ("large.bin", large.as_str()), ("two.txt", "two")];
    let message = world.send(&mail_with_files("f@example.org", &files)).await;
    let story = world.outcome_of(&message).await;
    let issue = world.issue(&issue_of(&story)).await;
    let mut names: Vec<String> = issue.files.into_iter().map(|file| file.name).collect();
    names.sort();
    assert_eq!(names, ["one.txt", "two.txt"]);
    assert_eq!(story.line.job, JobState::Dead, "visible, and to be replayed");
    let fault = story.line.fault.expect("a reason");
    assert!(fault.public.starts_with("1 of 4 steps failed"), "{}", fault.public);

    // A person's word tries the failed step again, and only that one.
    assert!(world.store.wake(&message, "admin").await.unwrap());
    world.wait_until(&message, |story| story.line.job == JobState::Dead && story.tries == 1).await;
    assert_eq!(world.desk.counts().issues_created, 1);
    assert_eq!(world.desk.counts().attachments_created, 2);
    world.end().await;
}

/// The issue is there and may not be commented on: that is told, and a person's word tries the comment again, and only that.
pub async fn fault_16_a_forbidden_comment_is_told_and_tried_again_by_a_person(database: &Database) {
    let world = World::start(database, Plot::default()).await;
    let parent = world.done(&world.send(&mail("a@example.org", "printer", "It burns.")).await).await;
    let forbidden = desk::Fault::ServerError { status: 403 };
    world.faults.add(forbidden, desk::RouteKind::Comment, desk::When::Next(1));
    let files = mail_with_files("b@example.org", &[("one.txt", "one")]);
    let answer = files.replacen("Date:", "In-Reply-To: <a@example.org>\nReferences: <a@example.org>\nDate:", 1);
    let message = world.send(&answer).await;
    let story = world.outcome_of(&message).await;
    assert_eq!(story.line.job, JobState::Dead, "visible, and to be replayed");
    assert_eq!(story.ledger[0].fault.as_ref().map(|fault| fault.code), Some(FaultCode::TrackerUnauthorised));
    assert_eq!(world.desk.counts().comments_created, 0);
    assert!(world.store.wake(&message, "admin").await.unwrap());
    let story = world.wait_until(&message, |story| story.line.job == JobState::Done).await;
    assert_eq!((issue_of(&story), world.comments(&issue_of(&parent)).await.len()), (issue_of(&parent), 1));
    let counts = world.desk.counts();
    assert_eq!((counts.issues_created, counts.comments_created, counts.attachments_created), (1, 1, 1));
    world.end().await;
}

pub async fn a_deleted_issue_is_a_permanent_fault_with_a_reason(database: &Database) {
    let reader = Arc::new(Gated::default());
    reader.gate.add_permits(1);
    let world = World::start(database, Plot { reader: reader.clone(), ..Plot::default() }).await;
    let parent = world.done(&world.send(&mail("a@example.org", "printer", "It burns.")).await).await;
    // The issue goes away between the decision and the deed, so the decision cannot know.
    world.faults.add(desk::Fault::RateLimit { retry_after_s: 1 }, desk::RouteKind::Comment, desk::When::Always);
    reader.gate.add_permits(1);
    let message = world.send(&reply("b@example.org", "a@example.org", "Still burning.")).await;
    world.wait_until(&message, |story| story.plan.is_some() && story.line.job == JobState::Waiting).await;
    world.delete_issue(&issue_of(&parent)).await;
    world.faults.clear();
    let story = world.outcome_of(&message).await;
    assert_eq!(story.line.job, JobState::Dead);
    assert_eq!(story.line.fault.as_ref().map(|fault| fault.code), Some(FaultCode::TrackerGone));
    assert!(receipts(&story).is_empty());
    assert_eq!(story.ledger[0].fault.as_ref().map(|fault| fault.code), Some(FaultCode::TrackerGone));
    world.end().await;
}

pub async fn fault_06_a_full_queue_refuses_mail_for_now(database: &Database) {
    let settings = Settings { backlog_max: 3, backlog_every: Duration::from_millis(20), ..quick() };
    let reader = Arc::new(Gated::default());
    let world = World::start(database, Plot { settings, reader: reader.clone(), ..Plot::default() }).await;
    let mut accepted = Vec::new();
    let refusal = loop {
        let number = accepted.len();
        match world.send_to("support", &mail(&format!("{number}@example.org"), "printer", "It burns.")).await {
            Ok(message) => accepted.push(message),
            Err(refusal) => break refusal,
        }
        assert!(number < 100, "nothing bounds the queue");
    };
    assert_eq!((refusal.code, refusal.status), (452, "4.3.1"));
    reader.gate.add_permits(1000);
    for message in &accepted {
        world.done(message).await;
    }
    let mut again = world.send_to("support", &mail("again@example.org", "printer", "It burns.")).await;
    for _ in 0..500 {
        if again.is_ok() {
            break;
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
        again = world.send_to("support", &mail("again@example.org", "printer", "It burns.")).await;
    }
    world.done(&again.expect("intake opens again by itself")).await;
    world.end().await;
}

pub async fn a_profile_can_be_exchanged_while_running(database: &Database) {
    let world = World::start(database, Plot::default()).await;
    let before = world.done(&world.send(&mail("a@example.org", "printer", "It burns.")).await).await;
    world.gateway.swap_mailboxes(vec![mailbox("support", SALES), mailbox("sales", SUPPORT)]);
    let after = world.done(&world.send(&mail("b@example.org", "printer", "It burns.")).await).await;
    assert_eq!(world.issue(&issue_of(&before)).await.project, "DEMO");
    assert_eq!(world.issue(&issue_of(&after)).await.project, "SALES");
    assert!(world.gateway.gate("nobody").is_none());
    world.end().await;
}
