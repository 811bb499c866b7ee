//! A client that tries again doubles nothing, whatever became of its first try.

use super::sink::Mishap;
use super::world::{World, mail};

#[tokio::test]
async fn a_retry_reaches_only_those_who_do_not_have_it() {
    let mut world = World::start().await;
    let mut client = world.client().await;
    world.sink.next("carl", Mishap::Dot("451 4.2.0 carl is asleep"));
    let all = ["bob", "carl", "dora"];
    assert_eq!(client.hand_in(&all, &mail("one")).await, "451 4.2.0 carl is asleep");
    assert_eq!(world.sink.have(), ["bob", "dora"]);
    world.restart().await;
    let mut client = world.client().await;
    assert!(client.hand_in(&all, &mail("one")).await.starts_with("250 "));
    assert_eq!(world.sink.have(), ["bob", "carl", "dora"]);
    assert_eq!(world.relay.figures().skipped, 2);
    // Its answer was lost on the way: the client comes once more.
    assert!(client.hand_in(&all, &mail("one")).await.starts_with("250 "));
    assert_eq!(world.sink.have(), ["bob", "carl", "dora"]);
    // Another sender, or other bytes, is another mail.
    let (_, answer) = client.mail_from("eve@example.org", &["bob"], &mail("one")).await;
    assert!(answer.unwrap().starts_with("250 "));
    assert!(client.hand_in(&["bob"], &mail("two")).await.starts_with("250 "));
    assert_eq!(world.sink.have(), ["bob", "bob", "bob", "carl", "dora"]);
}

#[tokio::test]
async fn an_answer_that_was_lost_is_4xx_and_only_that_recipient_is_tried_again() {
    let world = World::start().await;
    let mut client = world.client().await;
    world.sink.next("carl", Mishap::Lost);
    assert!(client.hand_in(&["bob", "carl"], &mail("one")).await.starts_with("451 4."));
    assert_eq!(world.sink.have(), ["bob", "carl"]);
    assert!(client.hand_in(&["bob", "carl"], &mail("one")).await.starts_with("250 "));
    // The one stated exception: SMTP tells nobody whether a mail was taken whose answer was lost.
    assert_eq!(world.sink.have(), ["bob", "carl", "carl"]);
}

#[tokio::test]
async fn who_is_held_waits_and_the_others_do_not() {
    let world = World::start().await;
    let mut client = world.client().await;
    world.sealer.waiting.lock().unwrap().push("carl");
    assert_eq!(client.hand_in(&["bob", "carl"], &mail("one")).await, "451 4.7.0 no key is known yet");
    assert_eq!(world.sink.have(), ["bob"]);
    world.sealer.waiting.lock().unwrap().clear();
    assert!(client.hand_in(&["bob", "carl"], &mail("one")).await.starts_with("250 "));
    assert_eq!(world.sink.have(), ["bob", "carl"]);
}

#[tokio::test]
async fn the_same_mail_twice_at_the_same_time_is_one() {
    let world = World::start().await;
    let (mut one, mut other) = (world.client().await, world.client().await);
    world.sink.next("bob", Mishap::Slow);
    let text = mail("one");
    let first = one.hand_in(&["bob"], &text);
    let second = async {
        world.sink.wait_until(|sink| sink.events().contains(&"dot bob".to_owned())).await;
        let answer = other.hand_in(&["bob"], &text);
        // It waits for the first, and has nothing to do then.
        tokio::join!(answer, async { world.sink.release() }).0
    };
    let (first, second) = tokio::join!(first, second);
    assert!(first.starts_with("250 ") && second.starts_with("250 "), "{first} {second}");
    assert_eq!(world.sink.have(), ["bob"]);
}
