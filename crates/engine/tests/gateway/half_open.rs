//! Connections to mail servers that die in the middle, or give an octet now and then: noticed in time, and no other waits.

use super::fetching::{all_done, dovecot, fetch, over_pop3, put};
use super::world::{Database, PATIENCE, Plot, SALES, SUPPORT, World, mail, mailbox, quick};
use engine::fetch::{Fetching, Folder, Protocol};
use engine::{Mailbox, Settings};
use rig::dovecot::{Dovecot, PASSWORD};
use rig::half_open::{Ailment, HalfOpen};
use std::time::{Duration, Instant};

/// How long one answer may take here, and one mail.
const ANSWER: Duration = Duration::from_millis(500);
const WHOLE: Duration = Duration::from_secs(2);

fn folder(watched: bool) -> Protocol {
    Protocol::Imap(Folder { name: "INBOX".to_owned(), mark_seen: false, move_to: None, watched })
}

/// What lies in a user's mailbox, by this way.
fn through(way: &HalfOpen, protocol: Protocol) -> Fetching {
    let mut fetching = over_pop3(way.port(), "support", PASSWORD);
    (fetching.account.answer_timeout, fetching.account.mail_timeout) = (ANSWER, WHOLE);
    Fetching { protocol, ..fetching }
}

async fn until(what: &str, so: impl AsyncFn() -> bool) {
    let deadline = Instant::now() + PATIENCE;
    while !so().await {
        assert!(Instant::now() < deadline, "never {what}");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

/// Fetches by each of these ways, beside a mailbox that is in order; every way fails and is told, and costs no mail.
async fn each_fails_alone(database: &Database, server: &Dovecot, ways: Vec<(HalfOpen, Protocol)>) {
    let world = World::start(database, Plot::default()).await;
    put(server, "sales", &mail("a@example.org", "offer", "How much?"));
    put(server, "support", &mail("b@example.org", "printer", &"It burns.\n".repeat(50)));
    let right = Some(over_pop3(server.pop3.port(), "sales", PASSWORD));
    let mut mailboxes = vec![Mailbox { fetching: right, ..mailbox("sales", SALES) }];
    for (number, (way, protocol)) in ways.iter().enumerate() {
        let fetching = Some(through(way, protocol.clone()));
        mailboxes.push(Mailbox { fetching, ..mailbox(&format!("ill-{number}"), SUPPORT) });
    }
    fetch(&world, mailboxes).await;
    all_done(&world, 1).await;
    for (number, (way, _)) in ways.iter().enumerate() {
        let figure = async |name: &str| world.metric(&format!("{name}{{mailbox=\"ill-{number}\"}}")).await;
        // Where a mail is to blame it waits, and the mailbox is in order without it.
        let is_told = async || figure("sealpost_mailbox_fails").await + figure("sealpost_mailbox_unfetched").await > 0;
        until(&format!("told that mailbox {number} fails"), is_told).await;
        assert!(way.fallen_ill() > 0, "mailbox {number} failed before");
    }
    assert_eq!(world.metric("sealpost_mailbox_fails{mailbox=\"sales\"}").await, 0);
    assert_eq!(server.count("support"), 1);
    world.end().await;
}

pub async fn fault_26_a_connection_that_dies_after_the_login_is_noticed(database: &Database) {
    let server = dovecot();
    let dies = |port: u16, word| HalfOpen::before(port, word, Ailment::Silence { after: 0 });
    let (pop3, imap) = (server.pop3.port(), server.imap.port());
    let ways = vec![
        (dies(pop3, "UIDL"), Protocol::Pop3),
        (dies(pop3, "RETR"), Protocol::Pop3),
        (dies(imap, "SELECT"), folder(false)),
        (dies(imap, "BODY.PEEK"), folder(true)),
    ];
    each_fails_alone(database, &server, ways).await;
}

/// What was taken in before is durable, and a session that does not end in peace costs the round nothing.
pub async fn fault_26_a_connection_that_dies_at_the_end_loses_and_doubles_nothing(database: &Database) {
    let world = World::start(database, Plot::default()).await;
    let server = dovecot();
    put(&server, "support", &mail("b@example.org", "printer", "It burns."));
    let way = HalfOpen::before(server.pop3.port(), "QUIT", Ailment::Silence { after: 0 });
    let fetching = Some(through(&way, Protocol::Pop3));
    fetch(&world, vec![Mailbox { fetching, ..mailbox("support", SUPPORT) }]).await;
    until("looked into again", async || way.fallen_ill() >= 2).await;
    all_done(&world, 1).await;
    world.end().await;
}

pub async fn sec_60_a_server_that_gives_an_octet_now_and_then_is_given_up(database: &Database) {
    let server = dovecot();
    // One is fast enough for an answer and not for a mail, one for neither.
    let [slow, slower] = [10, 200].map(|ms| Ailment::Drip(Duration::from_millis(ms)));
    let (pop3, imap) = (server.pop3.port(), server.imap.port());
    let ways = vec![
        (HalfOpen::before(pop3, "UIDL", slower), Protocol::Pop3),
        (HalfOpen::before(pop3, "RETR", slow), Protocol::Pop3),
        (HalfOpen::before(imap, "SELECT", slower), folder(false)),
        (HalfOpen::before(imap, "BODY.PEEK", slow), folder(false)),
    ];
    each_fails_alone(database, &server, ways).await;
}

/// A server that is waited on and can tell nothing any more costs mail no more than the pause between two looks.
pub async fn fault_26_a_watch_that_dies_keeps_no_mail_back(database: &Database) {
    let settings = Settings { watched_every: Duration::from_millis(200), ..quick() };
    let world = World::start(database, Plot { settings, ..Plot::default() }).await;
    let server = dovecot();
    // The server says that it waits, and nothing that it says later arrives.
    let way = HalfOpen::before(server.imap.port(), " IDLE", Ailment::Silence { after: 1 });
    let fetching = Some(through(&way, folder(true)));
    fetch(&world, vec![Mailbox { fetching, ..mailbox("support", SUPPORT) }]).await;
    until("waited on", async || way.fallen_ill() >= 1 && world.metric("sealpost_mailbox_watches").await == 1).await;
    for number in 1..=2 {
        put(&server, "support", &mail(&format!("{number}@example.org"), "printer", "It burns."));
        all_done(&world, number).await;
    }
    assert_eq!(world.metric("sealpost_mailbox_fails{mailbox=\"support\"}").await, 0);
    world.end().await;
}

/// The process ends after all work at the tracker is done and before the mail is marked: the next one marks it, and that is all.
pub async fn fault_04_a_mail_that_is_done_and_not_marked_makes_no_second_issue(database: &Database) {
    let mut world = World::start(database, Plot::default()).await;
    let server = dovecot();
    put(&server, "support", &mail("a@example.org", "printer", "It burns."));
    let marking = Protocol::Imap(Folder { name: "INBOX".to_owned(), mark_seen: true, move_to: None, watched: false });
    let way = HalfOpen::before(server.imap.port(), "STORE", Ailment::Deaf);
    let fetching = through(&way, marking.clone());
    fetch(&world, vec![Mailbox { fetching: Some(fetching), ..mailbox("support", SUPPORT) }]).await;
    all_done(&world, 1).await;
    until("at the mark", async || way.fallen_ill() >= 1).await;
    world.restart().await;
    assert_eq!(world.desk.counts().issues_created, 1);
    let right = Fetching { protocol: marking, ..over_pop3(server.imap.port(), "support", PASSWORD) };
    fetch(&world, vec![Mailbox { fetching: Some(right), ..mailbox("support", SUPPORT) }]).await;
    until("marked", async || server.flags("support") == ["S"]).await;
    all_done(&world, 1).await;
    assert_eq!(world.desk.counts().issues_created, 1);
    world.end().await;
}
