//! Who gets what, and when: refusals recipient by recipient, copies of their own, dots only after all copies.

use super::sealers::marked;
use super::sink::Mishap;
use super::world::{World, mail};

#[tokio::test]
async fn each_recipient_gets_a_copy_of_his_own() {
    let world = World::start().await;
    let mut client = world.client().await;
    let answer = client.hand_in(&["bob", "carl"], &mail("one")).await;
    assert!(answer.starts_with("250 2.0.0 Accepted as "), "{answer}");
    let kept = world.sink.kept();
    assert_eq!(kept.len(), 2);
    for one in &kept {
        let [to] = &one.recipients[..] else { panic!("one recipient in each: {one:?}") };
        assert_eq!(one.sender, "ann@example.org");
        assert_eq!(one.original(), marked(&mail("one"), to));
        assert!(
            one.mail.starts_with("Received: from client.example ([127.0.0.1])\r\n\tby relay.example with ESMTP id "),
            "{one:?}"
        );
        assert_eq!(one.mail.matches('@').count(), 3, "no other recipient is named: {one:?}");
    }
    let asked = world.sealer.asked.lock().unwrap();
    let (submitted, _) = &asked[0];
    // One id leads from a header to the answer, to the relay's mark and to the log.
    let id = answer.strip_prefix("250 2.0.0 Accepted as ").unwrap();
    assert_eq!(submitted.id, id);
    for one in &kept {
        let (received, rest) = one.mail.split_once("\r\nX-Sealpost-Relay: ").unwrap();
        let mark = rest.split("\r\n").next().unwrap();
        assert!(received.contains(&format!("\r\n\tby relay.example with ESMTP id {id}")), "{received}");
        assert!(mark.ends_with(&format!(" {id}")), "{mark}");
    }
    assert_eq!((submitted.envelope_from.as_deref(), submitted.recipients), (Some("ann@example.org"), 2));
    assert_eq!((submitted.site.as_str(), submitted.relay.as_str()), ("acme", "wiki"));
    assert_eq!(submitted.bytes, mail("one").as_bytes());
}

#[tokio::test]
async fn no_dot_is_sent_before_every_copy_is_there() {
    let world = World::start().await;
    let (mut client, mut other) = (world.client().await, world.client().await);
    world.sink.next("carl", Mishap::Wait);
    let text = mail("one");
    let handing_in = client.hand_in(&["bob", "carl", "dora"], &text);
    let meanwhile = async {
        let are_there =
            |events: &[String]| ["poured bob", "poured dora"].iter().all(|one| events.contains(&(*one).to_owned()));
        world.sink.wait_until(|sink| are_there(&sink.events())).await;
        // Time enough for a dot that does not wait.
        for round in 0..5 {
            assert!(other.hand_in(&["eve"], &mail(&format!("m{round}"))).await.starts_with("250 "));
        }
        world.sink.note("released".to_owned());
        world.sink.release();
    };
    let (answer, ()) = tokio::join!(handing_in, meanwhile);
    assert!(answer.starts_with("250 "), "{answer}");
    let events = world.sink.events();
    let released = events.iter().position(|event| event == "released").unwrap();
    for name in ["bob", "carl", "dora"] {
        let dot = events.iter().position(|event| *event == format!("dot {name}")).unwrap();
        assert!(dot > released, "{name} {events:?}");
    }
}

#[tokio::test]
async fn connections_are_used_again() {
    let world = World::start().await;
    let mut client = world.client().await;
    for round in 0..20 {
        assert!(client.hand_in(&["bob", "carl", "dora"], &mail(&format!("m{round}"))).await.starts_with("250 "));
    }
    assert_eq!(world.sink.kept().len(), 60);
    assert!(world.sink.connections() <= 4, "{}", world.sink.connections());
    assert_eq!(world.relay.figures().connections, world.sink.connections());
}

#[tokio::test]
async fn copies_that_are_alike_share_a_transaction() {
    let world = World::start().await;
    let mut client = world.client().await;
    assert!(client.hand_in(&["plain1", "bob", "plain2"], &mail("one")).await.starts_with("250 "));
    let mut recipients: Vec<usize> = world.sink.kept().iter().map(|kept| kept.recipients.len()).collect();
    recipients.sort_unstable();
    assert_eq!(recipients, [1, 2]);
    assert!(client.hand_in(&["plain1", "plain2"], &mail("two")).await.starts_with("250 "));
    let last = world.sink.kept().pop().unwrap();
    assert_eq!((last.recipients.len(), last.original()), (2, mail("two").as_str()));
    // One for each of the two RCPTs before, one for each copy; and the last needed no second MAIL.
    let announced = world.sink.events().iter().filter(|event| event.starts_with("MAIL")).count();
    assert_eq!(announced, 3 + 1);
}

#[tokio::test]
async fn a_refusal_at_rcpt_is_the_next_hops_and_of_that_recipient_alone() {
    let world = World::start().await;
    let mut client = world.client().await;
    world.sink.next("gone", Mishap::Recipient("550 5.1.1 no gone here"));
    world.sink.next("full", Mishap::Recipient("452 4.2.2 full is full"));
    let (answers, answer) = client.mail(&["gone", "bob", "full"], &mail("one")).await;
    assert_eq!(answers[0], "550 5.1.1 no gone here");
    assert!(answers[1].starts_with("250 "));
    assert_eq!(answers[2], "452 4.2.2 full is full");
    assert!(answer.unwrap().starts_with("250 "));
    assert_eq!(world.sink.have(), ["bob"]);
    world.sink.next("gone", Mishap::Recipient("550 5.1.1 no gone here"));
    assert_eq!(client.mail(&["gone"], &mail("two")).await.1, None);
    assert!(client.hand_in(&["bob"], &mail("three")).await.starts_with("250 "), "the connection goes on");
}

#[tokio::test]
async fn nobody_gets_anything_while_one_copy_cannot_be_handed_over() {
    let world = World::start().await;
    let mut client = world.client().await;
    world.sink.next("carl", Mishap::Data("451 4.3.0 busy"));
    assert_eq!(client.hand_in(&["bob", "carl", "dora"], &mail("one")).await, "451 4.3.0 busy");
    assert_eq!(world.sink.kept(), []);
    // Whether that is seen before or after the dots of the others, nobody gets it twice.
    world.sink.next("carl", Mishap::HangUp);
    let answer = client.hand_in(&["bob", "carl", "dora"], &mail("one")).await;
    assert!(answer.starts_with("451 4."), "{answer}");
    assert!(client.hand_in(&["bob", "carl", "dora"], &mail("one")).await.starts_with("250 "));
    assert_eq!(world.sink.have(), ["bob", "carl", "dora"]);
}

#[tokio::test]
async fn one_that_fails_for_good_after_others_had_it_becomes_a_report() {
    let world = World::start().await;
    let mut client = world.client().await;
    world.sink.next("carl", Mishap::Dot("550 5.7.1 carl takes no such mail"));
    let answer = client.hand_in(&["bob", "carl", "forbidden"], &mail("one")).await;
    assert!(answer.starts_with("250 "), "{answer}");
    assert_eq!(world.sink.have(), ["ann", "bob"]);
    let report = world.sink.kept().into_iter().find(|kept| kept.recipients == ["ann@example.org"]).unwrap();
    assert_eq!(report.sender, "", "from the null sender");
    for part in [
        "Final-Recipient: rfc822; carl@next.example\r\nAction: failed\r\nStatus: 5.7.1\r\n",
        "Final-Recipient: rfc822; forbidden@next.example\r\n",
        "In-Reply-To: <one@example.org>\r\n",
        "smtp; 550 5.7.1 carl takes no such mail",
    ] {
        assert!(report.mail.contains(part), "{part}\n{}", report.mail);
    }
    assert!(!report.mail.contains("Planted") && !report.mail.contains("Subject: one"), "{}", report.mail);
    // What was told once is not told again.
    assert!(client.hand_in(&["bob", "carl", "forbidden"], &mail("one")).await.starts_with("250 "));
    assert_eq!(world.sink.kept().len(), 2);
    assert_eq!(world.relay.figures().reports, 1);
}

#[tokio::test]
async fn where_nobody_gets_it_the_client_is_told_and_a_null_sender_is_never_answered() {
    let world = World::start().await;
    let mut client = world.client().await;
    world.sink.next("carl", Mishap::Dot("552 5.2.2 too much for carl"));
    assert_eq!(client.hand_in(&["carl"], &mail("one")).await, "552 5.2.2 too much for carl");
    assert_eq!(client.hand_in(&["forbidden"], &mail("one")).await, "550 5.7.1 no mail  250 goes there");
    world.sink.next("carl", Mishap::Dot("552 5.2.2 too much for carl"));
    let (_, answer) = client.mail_from("", &["bob", "carl"], &mail("two")).await;
    assert!(answer.unwrap().starts_with("250 "));
    assert_eq!(world.sink.have(), ["bob"], "no report");
}
