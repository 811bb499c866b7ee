//! Mail that is fetched from a real Dovecot: whose results count, in which order mails come, and what failing mailboxes stop.

use super::reading::Gated;
use super::world::{Database, PATIENCE, Plot, SALES, SUPPORT, World, mail, mailbox, quick, reply};
use engine::fetch::{Account, Fetching, Folder, Graph, Protocol, Secret, Security, Start};
use engine::{AuthorProof, Mailbox, Settings};
use mail::authenticity::Trust;
use policy::Outcome;
use rcgen::generate_simple_self_signed;
use rig::dovecot::{Dovecot, PASSWORD};
use std::sync::Arc;
use std::time::{Duration, Instant};
use store::{JobState, MessageFilter, Story};

pub fn dovecot() -> Dovecot {
    let own = generate_simple_self_signed(vec!["localhost".to_owned()]).unwrap();
    Dovecot::start(&own.cert.pem(), &own.signing_key.serialize_pem(), "auth_failure_delay = 0\n")
}

/// All that lies in this user's mailbox, looked into a hundred times a second.
fn everything(server: &Dovecot, user: &str, password: &str) -> Option<Fetching> {
    Some(over_pop3(server.pop3.port(), user, password))
}

/// The same behind this port of loopback.
pub fn over_pop3(port: u16, user: &str, password: &str) -> Fetching {
    let timeout = Duration::from_secs(20);
    let account = Account {
        host: "localhost".to_owned(),
        port,
        security: Security::None,
        authorities: None,
        user: user.to_owned(),
        secret: Secret::Password(password.to_owned().into()),
        mail_bytes_max: 1 << 20,
        connect_timeout: timeout,
        answer_timeout: timeout,
        mail_timeout: timeout,
    };
    Fetching {
        account,
        protocol: Protocol::Pop3,
        authorization: None,
        start: Start::Everything,
        keep: None,
        poll: Duration::from_millis(10),
    }
}

pub async fn fetch(world: &World, mailboxes: Vec<Mailbox>) {
    world.gateway.swap_mailboxes(mailboxes);
    world.gateway.fetch_now().await.unwrap();
}

pub fn put(server: &Dovecot, user: &str, mail: &str) {
    server.put(user, mail.replace('\n', "\r\n").as_bytes());
}

/// The story of each mail, oldest first, when there are so many and all are done.
pub async fn all_done(world: &World, number: usize) -> Vec<Story> {
    let deadline = Instant::now() + PATIENCE;
    loop {
        let filter = MessageFilter { limit: 200, ..MessageFilter::default() };
        let mut lines = world.store.message_page(&filter).await.unwrap().lines;
        if lines.len() >= number && lines.iter().all(|line| line.job == JobState::Done && line.outcome.is_some()) {
            assert_eq!(lines.len(), number);
            lines.sort_by(|one, other| (one.received_at, &one.id).cmp(&(other.received_at, &other.id)));
            let mut stories = Vec::new();
            for line in lines {
                stories.push(world.store.story(&line.id).await.unwrap().unwrap());
            }
            return stories;
        }
        assert!(Instant::now() < deadline, "it never came about: {lines:#?}");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

pub async fn replies_in_a_mailbox_find_the_issue_of_their_parent(database: &Database) {
    const REPLIES: usize = 40;
    let world = World::start(database, Plot::default()).await;
    let server = dovecot();
    put(&server, "support", &mail("a@example.org", "printer", "It burns."));
    for number in 0..REPLIES {
        put(&server, "support", &reply(&format!("{number}@example.org"), "a@example.org", "Still."));
    }
    let fetching = everything(&server, "support", PASSWORD);
    fetch(&world, vec![Mailbox { fetching, ..mailbox("support", SUPPORT) }]).await;
    let stories = all_done(&world, REPLIES + 1).await;
    let outcomes = stories.iter().map(|story| story.line.outcome).filter(|outcome| *outcome == Some(Outcome::Comment));
    assert_eq!(outcomes.count(), REPLIES);
    assert_eq!(server.count("support"), REPLIES + 1, "nothing is deleted that is kept");
    world.end().await;
}

pub async fn sec_04_results_of_its_own_server_count_in_a_fetched_mailbox(database: &Database) {
    let world = World::start(database, Plot::default()).await;
    let server = dovecot();
    let profile = format!("{SUPPORT}[threads]\nrequire_authentic = true\n");
    let trust = Trust { authserv_id: "mx.desk.example".to_owned(), hops: 0 };
    let fetching = everything(&server, "support", PASSWORD);
    let author_proof = AuthorProof::OfMailbox(trust);
    fetch(&world, vec![Mailbox { fetching, author_proof, ..mailbox("support", &profile) }]).await;
    put(&server, "support", &mail("a@example.org", "printer", "It burns."));
    all_done(&world, 1).await;
    let pass = "Authentication-Results: mx.desk.example; dmarc=pass header.from=example.org\n";
    let border = "Received: from client by mx.desk.example; now\n";
    let mails = [
        (format!("{pass}{border}"), Outcome::Comment),
        // They may have come with the mail.
        (format!("{border}{pass}"), Outcome::Create),
        (border.to_owned(), Outcome::Create),
    ];
    for (number, (head, outcome)) in mails.iter().enumerate() {
        let answer = reply(&format!("{number}@example.org"), "a@example.org", "Still burning.");
        put(&server, "support", &format!("{head}{answer}"));
        let stories = all_done(&world, number + 2).await;
        assert_eq!(stories.last().unwrap().line.outcome, Some(*outcome), "{head}");
    }
    // Who hands a mail to a listener may write what he likes, though the mailbox was a listener before.
    let handed_in = format!("{pass}{}", reply("c@example.org", "a@example.org", "Let me in."));
    let story = world.done(&world.send(&handed_in).await).await;
    assert_eq!(story.line.outcome, Some(Outcome::Create));
    world.end().await;
}

pub async fn a_mailbox_that_fails_stops_no_other(database: &Database) {
    let world = World::start(database, Plot::default()).await;
    let server = dovecot();
    put(&server, "sales", &mail("a@example.org", "offer", "How much?"));
    let refused = everything(&server, "support", "a wrong password");
    let right = everything(&server, "sales", PASSWORD);
    let mailboxes = vec![
        Mailbox { fetching: refused, ..mailbox("support", SUPPORT) },
        Mailbox { fetching: right, ..mailbox("sales", SALES) },
    ];
    fetch(&world, mailboxes).await;
    all_done(&world, 1).await;
    let deadline = Instant::now() + PATIENCE;
    while world.metric("sealpost_mailbox_fails{mailbox=\"support\"}").await == 0 {
        assert!(Instant::now() < deadline, "nobody says that the mailbox fails");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    assert_eq!(world.metric("sealpost_mailbox_fails{mailbox=\"sales\"}").await, 0);
    world.end().await;
}

pub async fn a_mailbox_that_falls_silent_is_told(database: &Database) {
    const SILENCE: Duration = Duration::from_secs(2);
    let world = World::start(database, Plot::default()).await;
    let mailboxes = [("support", SUPPORT), ("sales", SALES)];
    let watched = mailboxes.map(|(name, profile)| Mailbox { silent_after: Some(SILENCE), ..mailbox(name, profile) });
    world.gateway.swap_mailboxes(watched.into());
    let silent = async |name: &str| world.metric(&format!("sealpost_mailbox_silent{{mailbox=\"{name}\"}}")).await;
    let deadline = Instant::now() + PATIENCE;
    let is = async |so: [u64; 2]| {
        assert!(Instant::now() < deadline, "never {so:?}");
        tokio::time::sleep(Duration::from_millis(10)).await;
        [silent("support").await, silent("sales").await] == so
    };
    while !is([1, 1]).await {}
    // On a busy machine one mail may be old again before anybody looks, so mail keeps coming.
    let mut mails = 0;
    while !is([0, 1]).await {
        world.send(&mail(&format!("{mails}@example.org"), "printer", "It burns.")).await;
        mails += 1;
    }
    assert!(mails > 0, "it was silent before");
    while !is([1, 1]).await {}
    world.end().await;
}

/// A server that takes connections and says nothing, as one behind a firewall that forgot them.
fn mute() -> u16 {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    std::thread::spawn(move || {
        let _open: Vec<_> = listener.incoming().collect();
    });
    port
}

pub async fn fault_26_a_server_that_says_nothing_is_noticed_and_stops_no_other(database: &Database) {
    let world = World::start(database, Plot::default()).await;
    let server = dovecot();
    put(&server, "sales", &mail("a@example.org", "offer", "How much?"));
    let right = everything(&server, "sales", PASSWORD);
    let folder = |watched: bool| Folder { name: "inbox".to_owned(), mark_seen: false, move_to: None, watched };
    let graph = Graph { folder: folder(false), tells_changes: true, allow_private: true };
    let ways = [Protocol::Pop3, Protocol::Imap(folder(true)), Protocol::Graph(graph)];
    let mut mailboxes = vec![Mailbox { fetching: right, ..mailbox("sales", SALES) }];
    for (number, protocol) in ways.into_iter().enumerate() {
        let mut fetching = everything(&server, "support", PASSWORD).unwrap();
        fetching.account.port = mute();
        fetching.account.secret = Secret::Token("a token".to_owned().into());
        fetching.account.answer_timeout = Duration::from_millis(300);
        fetching.protocol = protocol;
        mailboxes.push(Mailbox { fetching: Some(fetching), ..mailbox(&format!("mute-{number}"), SUPPORT) });
    }
    fetch(&world, mailboxes).await;
    all_done(&world, 1).await;
    let deadline = Instant::now() + PATIENCE;
    for number in 0..3 {
        while world.metric(&format!("sealpost_mailbox_fails{{mailbox=\"mute-{number}\"}}")).await == 0 {
            assert!(Instant::now() < deadline, "nobody says that mailbox {number} fails");
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }
    assert_eq!(world.metric("sealpost_mailbox_fails{mailbox=\"sales\"}").await, 0);
    world.end().await;
}

/// Dovecot's new UIDVALIDITY is the time in seconds: within the same one it would be the old.
async fn next_second() {
    let second = || jiff::Timestamp::now().as_second();
    let before = second();
    while second() == before {
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
}

/// Hundreds of mails whose server names them anew again and again: none is lost, none doubled, and those that differ in nothing but a
/// letter stay two.
pub async fn fault_24_hundreds_of_mails_named_anew(database: &Database) {
    const MAILS: usize = 200;
    const FLIPS: usize = 5;
    // Nothing is decided on: this is about what is taken in.
    let settings = Settings { shutdown_grace: Duration::from_millis(50), ..quick() };
    let plot = Plot { settings, reader: Arc::new(Gated::default()), ..Plot::default() };
    let mut world = World::start(database, plot).await;
    let server = dovecot();
    for number in 0..MAILS {
        // Each tenth mail has no Message-ID.
        let text = mail(&format!("{number}@example.org"), "printer", &format!("It burns {number}."));
        let text = if number % 10 == 0 { text.replacen("Message-ID", "X-No-Id", 1) } else { text };
        put(&server, "support", &text);
    }
    let folder = Folder { name: "INBOX".to_owned(), mark_seen: false, move_to: None, watched: false };
    let fetching = Fetching { protocol: Protocol::Imap(folder), ..over_pop3(server.imap.port(), "support", PASSWORD) };
    fetch(&world, vec![Mailbox { fetching: Some(fetching.clone()), ..mailbox("support", SUPPORT) }]).await;
    let until = async |world: &World, metric: &str| {
        let deadline = Instant::now() + 4 * PATIENCE;
        while world.metric(metric).await < MAILS as u64 {
            assert!(Instant::now() < deadline, "{metric} is {} only", world.metric(metric).await);
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    };
    until(&world, "sealpost_fetch_messages_total").await;
    for _ in 0..FLIPS {
        // While nobody looks into it, or the server writes its numbers down again.
        world.restart().await;
        next_second().await;
        server.forget_numbers("support");
        fetch(&world, vec![Mailbox { fetching: Some(fetching.clone()), ..mailbox("support", SUPPORT) }]).await;
        until(&world, "sealpost_intake_known_again_total").await;
        assert_eq!(world.metric("sealpost_fetch_messages_total").await, 0, "nothing is taken in twice");
    }
    assert_eq!(server.count("support"), MAILS);
    world.end().await;
}
