//! Everything is answered within the limit, and what comes later is noted all the same.

use super::sink::Mishap;
use super::world::{World, mail};
use std::time::{Duration, Instant};

const LIMIT: Duration = Duration::from_secs(3);
/// Far below what anything else would take.
const SOON: Duration = Duration::from_secs(30);

#[tokio::test]
async fn what_the_next_hop_has_not_answered_in_time_is_4xx_and_noted_when_it_is() {
    let world = World::start_within(LIMIT).await;
    let mut client = world.client().await;
    world.sink.next("carl", Mishap::Slow);
    let began = Instant::now();
    let answer = client.hand_in(&["bob", "carl"], &mail("one")).await;
    assert!(answer.starts_with("451 4.4.2 ") && began.elapsed() < SOON, "{answer}");
    assert_eq!(world.sink.have(), ["bob"]);
    // Still under way: the client that comes again meanwhile doubles nothing.
    assert!(client.hand_in(&["bob", "carl"], &mail("one")).await.starts_with("451 4.4.2 "));
    world.sink.release();
    world.relay.settle().await;
    assert!(client.hand_in(&["bob", "carl"], &mail("one")).await.starts_with("250 "));
    assert_eq!(world.sink.have(), ["bob", "carl"]);
    assert!(world.relay.figures().late >= 1);
}

#[tokio::test]
async fn a_sealer_that_hangs_is_4xx_and_nobody_gets_anything() {
    let world = World::start_within(LIMIT).await;
    let mut client = world.client().await;
    let answer = client.hand_in(&["bob", "hangs"], &mail("one")).await;
    assert!(answer.starts_with("451 4."), "{answer}");
    assert_eq!(world.sink.kept(), []);
    assert!(client.hand_in(&["bob"], &mail("two")).await.starts_with("250 "), "no room is lost by it");
}

#[tokio::test]
async fn more_mail_than_there_is_room_for_is_452() {
    let world = World::start().await;
    let mut client = world.client().await;
    let large = format!("Subject: large\r\n\r\n{}-- the end\r\n", "0123456789\r\n".repeat(100_000));
    assert_eq!(client.hand_in(&["bob"], &large).await, "452 4.3.1 Too many mails are on their way, try again later");
    // Small enough to be held, and its copies are not.
    let fits_once = format!("Subject: large\r\n\r\n{}-- the end\r\n", "0123456789\r\n".repeat(50_000));
    assert!(client.hand_in(&["bob", "carl"], &fits_once).await.starts_with("452 4.3.1 "));
    assert_eq!(world.sink.kept(), []);
    assert!(client.hand_in(&["plain"], &fits_once).await.starts_with("250 "), "what is not copied takes no more room");
    assert_eq!(world.relay.figures().held_bytes, 0);
}

/// Each copy has its room before it is made, so a mail to many never takes up more than there is.
#[tokio::test]
async fn copies_for_many_are_not_begun_without_room_for_them() {
    let world = World::start().await;
    let mut client = world.client().await;
    let names = ["a", "b", "c", "d", "e", "f", "g", "h"];
    let quarter = format!("Subject: one of four\r\n\r\n{}-- the end\r\n", "0123456789\r\n".repeat(20_000));
    assert!(client.hand_in(&names, &quarter).await.starts_with("452 4.3.1 "));
    let made = world.sealer.made.load(std::sync::atomic::Ordering::Relaxed);
    assert!((1..=3).contains(&made), "{made} copies in the room of four");
    assert_eq!(world.sink.kept(), []);
    assert!(client.hand_in(&names[..2], &quarter).await.starts_with("250 "), "two fit");
    world.relay.settle().await;
    assert_eq!(world.relay.figures().held_bytes, 0);
}

#[tokio::test]
async fn a_next_hop_that_is_gone_is_4xx_at_mail() {
    let world = World::start().await;
    let mut client = world.client().await;
    assert!(client.hand_in(&["bob"], &mail("one")).await.starts_with("250 "));
    world.sink.shut(true);
    for _ in 0..2 {
        assert!(client.say("MAIL FROM:<ann@example.org>").await.starts_with("451 4.4.1 "));
    }
    world.sink.shut(false);
    // It is left alone for a second after it could not be reached.
    while client.say("MAIL FROM:<ann@example.org>").await.starts_with("451 4.4.1 ") {
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    client.say("RSET").await;
    assert!(client.hand_in(&["bob"], &mail("two")).await.starts_with("250 "));
}
