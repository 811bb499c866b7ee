//! What must never happen: plain by an error, half a mail, a circle, an open door, a byte that stays.

use super::client::Client;
use super::sink::{Mishap, Sink};
use super::world::{World, mail, settings};
use engine::relay::RelaySettings;
use std::path::Path;

#[tokio::test]
async fn whatever_goes_wrong_with_sealing_nothing_leaves() {
    let world = World::start().await;
    let mut client = world.client().await;
    for bad in ["fails", "panics", "empty"] {
        let answer = client.hand_in(&["bob", bad, "plain"], &mail(bad)).await;
        assert!(answer.starts_with("451 4.3.0 "), "{bad} {answer}");
        assert!(!answer.contains("planted detail"), "{answer}");
    }
    assert_eq!(world.sink.kept(), []);
    assert!(world.sink.events().iter().all(|event| event.starts_with("MAIL")), "{:?}", world.sink.events());
}

#[tokio::test]
async fn other_fates_are_carried_out() {
    let world = World::start().await;
    let mut client = world.client().await;
    assert!(client.hand_in(&["replaced", "bob"], &mail("two")).await.starts_with("250 "));
    let replaced = world.sink.kept().into_iter().find(|kept| kept.recipients == ["replaced@next.example"]).unwrap();
    assert_eq!(replaced.original(), "Subject: a link\r\n\r\nonly a link\r\n-- the end\r\n");
}

#[tokio::test]
async fn a_client_that_goes_before_the_final_dot_has_sent_nothing() {
    let world = World::start().await;
    let mut client = world.client().await;
    client.say("MAIL FROM:<ann@example.org>").await;
    client.say("RCPT TO:<bob@next.example>").await;
    client.say("DATA").await;
    client.send(mail("one").as_bytes()).await;
    drop(client);
    assert!(world.client().await.hand_in(&["carl"], &mail("two")).await.starts_with("250 "));
    assert_eq!(world.sink.have(), ["carl"]);
}

#[tokio::test]
async fn a_mail_that_runs_in_circles_is_refused() {
    let world = World::start().await;
    let mut client = world.client().await;
    assert!(client.hand_in(&["bob"], &mail("one")).await.starts_with("250 "));
    let ours = world.sink.kept().pop().unwrap().mail;
    assert!(client.hand_in(&["bob"], &ours).await.starts_with("554 5.4.6 "));
    let many = "Received: from a by b; now\r\n".repeat(30) + &mail("two");
    assert!(client.hand_in(&["bob"], &many).await.starts_with("554 5.4.6 "));
    let fewer = "Received: from a by b; now\r\n".repeat(28) + &mail("three");
    assert!(client.hand_in(&["bob"], &fewer).await.starts_with("250 "));
    assert_eq!(world.sink.have(), ["bob", "bob"]);
}

#[tokio::test]
async fn sec_10_a_smuggled_mail_does_not_get_through() {
    let world = World::start().await;
    let mut client = world.client().await;
    for end in ["\n.\n", "\n.\r\n", "\r.\r", "\r\n.\r"] {
        let smuggling =
            format!("Subject: x\r\n\r\nx{end}MAIL FROM:<evil@example.org>\r\nRCPT TO:<b@c>\r\n-- the end\r\n");
        let answer = client.hand_in(&["bob"], &smuggling).await;
        assert!(answer.starts_with("554 5.6.0 "), "{end:?} {answer}");
    }
    assert_eq!(world.sink.kept(), []);
}

#[tokio::test]
async fn strangers_are_turned_away() {
    let clients = vec!["192.0.2.0/24".parse().unwrap()];
    let world = World::start_with(Sink::open().await, RelaySettings { clients, ..settings() }).await;
    let mut client = Client::connect(world.port).await;
    assert!(client.hear().await.starts_with("554 5.7.1 "));
    assert_eq!(client.hear().await, "", "the connection is closed");
    let clients = vec!["127.0.0.0/8".parse().unwrap()];
    let world = World::start_with(Sink::open().await, RelaySettings { clients, ..settings() }).await;
    assert!(world.client().await.hand_in(&["bob"], &mail("one")).await.starts_with("250 "));
}

#[tokio::test]
async fn no_more_is_offered_than_the_next_hop_takes() {
    let world = World::start_with(Sink::open_with("PIPELINING\nSIZE 1000").await, settings()).await;
    let mut client = Client::connect(world.port).await;
    client.hear().await;
    let offered = client.say("EHLO client.example").await;
    assert!(!offered.contains("8BITMIME") && !offered.contains("SMTPUTF8"), "{offered}");
    assert!(client.say("MAIL FROM:<ann@example.org> BODY=8BITMIME").await.starts_with("555 "));
    assert!(client.say("MAIL FROM:<ann@example.org> SIZE=2000").await.starts_with("552 5.3.4 "));
    let eight_bit = mail("one").replace("Planted", "Gepflänzt");
    assert!(client.hand_in(&["plain"], &eight_bit).await.starts_with("554 5.6.3 "));
    let large = mail("two").replace("Planted", &"long ".repeat(250));
    assert!(client.hand_in(&["plain"], &large).await.starts_with("552 5.3.4 "));
    assert_eq!(world.sink.kept(), []);

    let world = World::start().await;
    let mut client = Client::connect(world.port).await;
    client.hear().await;
    let offered = client.say("EHLO client.example").await;
    assert!(offered.contains("8BITMIME") && offered.contains("SMTPUTF8"), "{offered}");
    assert!(client.say("MAIL FROM:<ann@example.org> SMTPUTF8 BODY=8BITMIME").await.starts_with("250 "));
    assert!(client.say("RCPT TO:<jürgen@next.example>").await.starts_with("250 "));
    client.say("DATA").await;
    client.send(eight_bit.as_bytes()).await;
    assert!(client.say(".").await.starts_with("250 "));
    assert!(world.sink.kept().pop().unwrap().mail.contains("Gepflänzt"));
    assert!(
        world.sink.events().iter().any(|event| event.ends_with("BODY=8BITMIME SMTPUTF8")),
        "{:?}",
        world.sink.events()
    );
}

#[tokio::test]
async fn more_recipients_than_connections_are_452() {
    let world = World::start_with(Sink::open().await, RelaySettings { connections: 2, ..settings() }).await;
    let mut client = world.client().await;
    let (answers, answer) = client.mail(&["a", "b", "b", "c"], &mail("one")).await;
    assert!(answers[..3].iter().all(|answer| answer.starts_with("250 ")), "{answers:?}");
    assert!(answers[3].starts_with("452 4.5.3 "), "{answers:?}");
    assert!(answer.unwrap().starts_with("250 "));
    assert_eq!(world.sink.have(), ["a", "b"]);
}

/// Every file below a folder that holds one of these texts.
fn holding(folder: &Path, planted: &[&str]) -> Vec<String> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            found.extend(holding(&path, planted));
            continue;
        }
        let bytes = std::fs::read(&path).unwrap();
        let has = |text: &&&str| bytes.windows(text.len()).any(|window| window.eq_ignore_ascii_case(text.as_bytes()));
        found.extend(planted.iter().filter(has).map(|text| format!("{} holds {text}", path.display())));
    }
    found
}

#[tokio::test]
async fn priv_18_nothing_of_mail_or_people_is_left_on_disk() {
    let world = World::start().await;
    let mut client = world.client().await;
    world.sink.next("carlotta", Mishap::Dot("451 4.2.0 asleep"));
    let text = mail("planted-subject").replace("Planted content", "planted-words");
    assert!(client.hand_in(&["bobbins", "carlotta"], &text).await.starts_with("451 "));
    world.sink.next("carlotta", Mishap::Dot("550 5.2.0 away"));
    assert!(client.hand_in(&["bobbins", "carlotta"], &text).await.starts_with("250 "));
    world.store.close().await;
    let planted = ["planted-words", "planted-subject", "bobbins", "carlotta", "ann@example.org", "next.example"];
    assert_eq!(holding(world.folder(), &planted), Vec::<String>::new());
    std::fs::write(world.folder().join("control"), "Planted-Words").unwrap();
    assert_eq!(holding(world.folder(), &planted).len(), 1, "the search finds what it is for");
}
