//! The same mail again: what is known again, and what only looks alike.

use super::world::{Database, Plot, World, issue_of, mail};
use courier::smtp_in::{Gate, Intake};
use mail::Envelope;
use policy::Outcome;

pub async fn the_same_mail_twice_is_one_issue(database: &Database) {
    let world = World::start(database, Plot::default()).await;
    let mail = mail("a@example.org", "printer", "It burns.");
    let first = world.send(&mail).await;
    world.done(&first).await;
    assert_eq!(world.send(&mail).await, first, "a client that missed our 250 is told the same id");
    world.done(&first).await;
    assert_eq!(world.desk.counts().issues_created, 1);
    assert_eq!(world.metric("sealpost_intake_known_again_total").await, 1);
    world.end().await;
}

pub async fn the_same_mail_to_two_mailboxes_is_one_issue_per_project(database: &Database) {
    let mut world = World::start(database, Plot::default()).await;
    let mail = mail("a@example.org", "printer", "It burns.");
    let support = world.send_to("support", &mail).await.unwrap();
    let sales = world.send_to("sales", &mail).await.unwrap();
    assert_ne!(support, sales);
    let (support, sales) = (world.done(&support).await, world.done(&sales).await);
    assert_eq!(world.issue(&issue_of(&support)).await.project, "DEMO");
    assert_eq!(world.issue(&issue_of(&sales)).await.project, "SALES");
    assert_eq!(world.desk.counts().issues_created, 2);

    // Now both mailboxes lead to one project: the second copy does nothing, and says so.
    let both = [("support", super::world::SUPPORT), ("sales", super::world::SUPPORT)];
    world.gateway.swap_mailboxes(both.map(|(name, profile)| super::world::mailbox(name, profile)).to_vec());
    let mail = super::world::mail("b@example.org", "printer", "It burns again.");
    let first = world.send_to("support", &mail).await.unwrap();
    let second = world.send_to("sales", &mail).await.unwrap();
    let (first, second) = (world.done(&first).await, world.done(&second).await);
    assert_eq!((first.line.outcome, second.line.outcome), (Some(Outcome::Create), Some(Outcome::Ignore)));
    assert!(second.line.reason.contains("support"), "{}", second.line.reason);
    assert_eq!(world.desk.counts().issues_created, 3);
    world.restart().await;
    world.end().await;
}

pub async fn two_equal_alerts_are_two_issues(database: &Database) {
    let world = World::start(database, Plot::default()).await;
    let first = world.send(&mail("alert-1@example.org", "disk full", "The disk is full.")).await;
    let second = world.send(&mail("alert-2@example.org", "disk full", "The disk is full.")).await;
    let (first, second) = (world.done(&first).await, world.done(&second).await);
    assert_ne!(issue_of(&first), issue_of(&second));
    assert_eq!(world.desk.counts().issues_created, 2);
    world.end().await;
}

/// A signature stays good however old it is and whoever sends the mail again; that it is the same mail stops it.
pub async fn sec_07_a_mail_that_somebody_else_sends_again_does_nothing(database: &Database) {
    let world = World::start(database, Plot::default()).await;
    let mail = mail("a@example.org", "printer", "It burns.");
    let first = world.done(&world.send(&mail).await).await;
    let envelope = Envelope {
        mail_from: Some("eve@evil.example".into()),
        rcpt_to: vec!["support@example.com".into()],
        client: None,
    };
    let mut intake = world.gateway.gate("support").unwrap().open((), envelope).await.unwrap();
    intake.received("Received: from evil.example by gateway; two years later\r\n");
    intake.write(mail.replace('\n', "\r\n").as_bytes()).await.unwrap();
    let again = world.done(&intake.finish().await.unwrap()).await;
    assert_ne!(again.line.id, first.line.id);
    assert_eq!(again.line.outcome, Some(Outcome::Ignore), "{}", again.line.reason);
    let counts = world.desk.counts();
    assert_eq!((counts.issues_created, counts.comments_created), (1, 0));
    world.end().await;
}
