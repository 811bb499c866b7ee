//! Mails of one thread are worked on in order, whatever happens first.

use super::reading::Gated;
use super::world::{Database, Plot, World, issue_of, mail, reply};
use policy::Outcome;
use std::sync::Arc;
use std::sync::atomic::Ordering;

pub async fn a_reply_before_its_parent_is_decided_becomes_a_comment_on_it(database: &Database) {
    let reader = Arc::new(Gated::default());
    let world = World::start(database, Plot { reader: reader.clone(), ..Plot::default() }).await;
    let parent = world.send(&mail("a@example.org", "printer", "It burns.")).await;
    let answer = world.send(&reply("b@example.org", "a@example.org", "Still burning.")).await;
    // A mail of another thread that names the parent only beside another one is in another lane and waits all the same.
    let other = reply("c@example.org", "unknown@example.org> <a@example.org", "And smoking.");
    let other = world.send(&other).await;
    reader.gate.add_permits(1000);
    let parent = world.done(&parent).await;
    assert_eq!(parent.line.outcome, Some(Outcome::Create));
    for reply in [answer, other] {
        let story = world.done(&reply).await;
        assert_eq!(story.line.outcome, Some(Outcome::Comment), "{story:#?}");
        assert_eq!(issue_of(&story), issue_of(&parent));
    }
    assert_eq!(world.desk.counts().issues_created, 1);
    assert!(reader.inner.reads.load(Ordering::SeqCst) >= 3);
    world.end().await;
}

pub async fn replies_are_carried_out_in_order_of_arrival(database: &Database) {
    let world = World::start(database, Plot::default()).await;
    let parent = world.send(&mail("a@example.org", "printer", "It burns.")).await;
    let mut replies = Vec::new();
    for number in 0..8 {
        let id = format!("r{number}@example.org");
        replies.push(world.send(&reply(&id, "a@example.org", &format!("reply {number}"))).await);
    }
    for reply in &replies {
        world.done(reply).await;
    }
    let comments = world.comments(&issue_of(&world.done(&parent).await)).await;
    let order: Vec<bool> =
        comments.iter().enumerate().map(|(at, comment)| comment.text.contains(&format!("reply {at}"))).collect();
    assert_eq!(order, [true; 8], "{comments:#?}");
    world.end().await;
}
