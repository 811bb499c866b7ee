//! POP3 servers that give a name to another mail, have none, or end a session before they delete (FAULT-13).

use super::fetching::{all_done, fetch, over_pop3};
use super::world::{Database, PATIENCE, Plot, SALES, SUPPORT, World, mail, mailbox};
use engine::Mailbox;
use engine::fetch::{Fetching, Start};
use rig::pop3::Pop3Server;
use std::time::{Duration, Instant};
use store::Story;

fn all_of(server: &Pop3Server) -> Fetching {
    over_pop3(server.port(), "support", "any")
}

async fn begin(world: &World, fetching: Fetching) {
    fetch(world, vec![Mailbox { fetching: Some(fetching), ..mailbox("support", SUPPORT) }]).await;
}

/// A mail with this subject, written long ago; `text` decides how long it is.
fn bytes(subject: &str, text: &str) -> Vec<u8> {
    let mail = mail(&format!("{subject}@example.org"), subject, text);
    mail.replace("Sun, 22 Nov 2026", "22 Nov 2020").replace('\n', "\r\n").into_bytes()
}

async fn until(what: &str, so: impl Fn() -> bool) {
    let deadline = Instant::now() + PATIENCE;
    while !so() {
        assert!(Instant::now() < deadline, "never {what}");
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
}

/// Waits until whatever lies there now has been listed and dealt with.
async fn looked_at(server: &Pop3Server) {
    let rounds = || server.heard("QUIT").len();
    // The session that goes on may have begun before.
    let before = rounds();
    until("looked into", || rounds() >= before + 2).await;
}

fn subjects(stories: &[Story]) -> Vec<&str> {
    stories.iter().map(|story| story.line.subject.as_str()).collect()
}

/// Mails stay: the mail that has a former one's name is taken in.
pub async fn fault_13_a_name_that_goes_to_another_mail_loses_nothing(database: &Database) {
    name_goes_over(database, None).await;
}

/// They go at once, and none goes that was not taken in.
pub async fn fault_13_a_name_that_goes_to_another_mail_deletes_it_not_at_once(database: &Database) {
    name_goes_over(database, Some(Duration::ZERO)).await;
}

/// They go after their days.
pub async fn fault_13_a_name_that_goes_to_another_mail_deletes_it_not_later(database: &Database) {
    name_goes_over(database, Some(Duration::from_millis(1))).await;
}

async fn name_goes_over(database: &Database, keep: Option<Duration>) {
    let world = World::start(database, Plot::default()).await;
    let server = Pop3Server::start();
    begin(&world, Fetching { keep, ..all_of(&server) }).await;
    // Where all stays nothing but the size tells the next mail from the one before.
    let long = if keep.is_none() { "It burns, and smokes." } else { "It burns." };
    for (number, (subject, text)) in
        [("first", "It burns."), ("other", long), ("third", "It burns.")].into_iter().enumerate()
    {
        server.replace("1", &bytes(subject, text));
        let stories = all_done(&world, number + 1).await;
        assert_eq!(stories.last().unwrap().line.subject, subject, "{keep:?}");
        if keep.is_some() {
            until("deleted", || server.names().is_empty()).await;
        }
    }
    looked_at(&server).await;
    assert_eq!(subjects(&all_done(&world, 3).await), ["first", "other", "third"]);
    world.end().await;
}

/// A server that counts otherwise or writes into its mails is not one that gives names away.
pub async fn fault_13_a_mail_that_its_server_changes_is_the_same_mail(database: &Database) {
    let world = World::start(database, Plot::default()).await;
    let server = Pop3Server::start();
    let first = bytes("first", "It burns.");
    server.put("1", &first);
    begin(&world, all_of(&server)).await;
    all_done(&world, 1).await;
    looked_at(&server).await;
    server.replace("1", &[b"Status: RO\r\n".as_slice(), &first].concat());
    looked_at(&server).await;
    looked_at(&server).await;
    assert_eq!(server.heard("RETR").len(), 2, "it was read once more, and its size is remembered");
    begin(&world, Fetching { keep: Some(Duration::ZERO), ..all_of(&server) }).await;
    until("deleted", || server.names().is_empty()).await;
    assert_eq!(subjects(&all_done(&world, 1).await), ["first"]);
    world.end().await;
}

/// What was left behind at the beginning is known by its name alone, so its date tells.
pub async fn fault_13_a_name_of_an_old_mail_goes_to_a_new_one(database: &Database) {
    let world = World::start(database, Plot::default()).await;
    let server = Pop3Server::start();
    server.put("1", &bytes("old", "It burns."));
    server.put("2", &bytes("older", "It burns."));
    begin(&world, Fetching { start: Start::Now, keep: Some(Duration::ZERO), ..all_of(&server) }).await;
    looked_at(&server).await;
    // One is only longer than it was said to be; the other is another one.
    server.replace("1", &bytes("old", "It burns still."));
    let new = String::from_utf8(bytes("new", "It burns now, and it smokes.")).unwrap();
    server.replace("2", new.replace("2020", "2099").as_bytes());
    assert_eq!(subjects(&all_done(&world, 1).await), ["new"]);
    until("deleted", || server.names() == ["1"]).await;
    looked_at(&server).await;
    assert_eq!((subjects(&all_done(&world, 1).await), server.names()), (vec!["new"], vec!["1".to_owned()]));
    world.end().await;
}

/// A server deletes at QUIT: one that goes away before has deleted nothing, and whoever is killed there neither.
pub async fn fault_13_ended_between_dele_and_quit(database: &Database) {
    let mut world = World::start(database, Plot::default()).await;
    let server = Pop3Server::start();
    server.cut_at_quit(2);
    server.put("1", &bytes("first", "It burns."));
    let fetching = Fetching { keep: Some(Duration::ZERO), ..all_of(&server) };
    begin(&world, fetching.clone()).await;
    until("cut", || server.heard("QUIT").len() == 1).await;
    assert_eq!(server.names(), ["1"]);
    world.restart().await;
    begin(&world, fetching).await;
    until("deleted", || server.names().is_empty()).await;
    assert_eq!(subjects(&all_done(&world, 1).await), ["first"]);
    assert_eq!(world.desk.counts().issues_created, 1);
    assert!(server.heard("DELE").len() >= 3);
    world.end().await;
}

/// Without names nobody could say what was taken in, so nothing is; other mailboxes go on.
pub async fn fault_13_a_server_without_names_is_refused_alone(database: &Database) {
    let world = World::start(database, Plot::default()).await;
    let (nameless, server) = (Pop3Server::start(), Pop3Server::start());
    nameless.forget_names();
    nameless.put("1", &bytes("nameless", "It burns."));
    server.put("1", &bytes("first", "It burns."));
    let deleting = |server: &Pop3Server| Some(Fetching { keep: Some(Duration::ZERO), ..all_of(server) });
    let mailboxes = vec![
        Mailbox { fetching: deleting(&nameless), ..mailbox("support", SUPPORT) },
        Mailbox { fetching: deleting(&server), ..mailbox("sales", SALES) },
    ];
    fetch(&world, mailboxes).await;
    assert_eq!(subjects(&all_done(&world, 1).await), ["first"]);
    let deadline = Instant::now() + PATIENCE;
    while world.metric("sealpost_mailbox_fails{mailbox=\"support\"}").await == 0 {
        assert!(Instant::now() < deadline, "nobody says that the mailbox fails");
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    assert_eq!((nameless.names(), nameless.heard("RETR").len()), (vec!["1".to_owned()], 0));
    world.end().await;
}
