//! Letters that leave by a scripted Microsoft Graph: once each, the same at each try, and what its answers mean.

use super::channels::until;
use super::notices::{comment, decided, event, hear, person, watch, watched};
use super::world::{
    Database, PATIENCE, Plot, SUPPORT, World, issue_of, mail, mail_with_files, mailbox, quick, voice_of,
};
use courier::dkim::{Key, Signers};
use courier::oauth::{Client, Proof};
use engine::outgoing_graph::GraphServer as Server;
use engine::speak::Route;
use engine::tokens::{By, TokensOfOutgoing};
use engine::{Authorization, Outgoing, OutgoingLimits, Shelves, Site, Tokens};
use mail::Address;
use policy::event::{Change, Event, EventKind};
use policy::{FaultCode, Mappings};
use rig::graph::{GraphServer, Mishap, TOKEN};
use rig::token_server::TokenServer;
use serde_json::json;
use std::sync::Arc;
use std::time::{Duration, Instant};
use store::{JobState, LetterFate, OutboxLine};

/// A mailbox that takes us no more is left alone for so long.
const HALT: Duration = Duration::from_millis(300);
const HALTED: &str = "sealpost_outgoing_halted{outgoing=\"post\"}";
const USER: &str = "desk@example.org";
const FROM: &str = "support@desk.example";
const COMMENTS: &str = "[default]\naudience = [\"reporter\", \"watchers\"]\n\
    [[mapping]]\nname = \"comments\"\nevents = [\"commented\"]\n";

/// A world whose site writes by this mailbox, and the token server that lets into it.
async fn world(database: &Database, server: &GraphServer, mappings: &str) -> (World, TokenServer) {
    let world = World::start(database, Plot::default()).await;
    let token_server = TokenServer::start();
    token_server.script().access = Box::new(|_| TOKEN.to_owned());
    let client = Client {
        id: "gateway".into(),
        proof: Proof::Nothing,
        scopes: "send".into(),
        token_url: format!("{}/token", token_server.url),
    };
    let route = Route { allow_private: true, ..Route::default() };
    let authorization = Authorization { client, by: By::ClientCredentials, route };
    let tokens = TokensOfOutgoing::new(Tokens::new(world.store.clone()), "post", authorization, USER);
    let (host, user) = ("127.0.0.1".to_owned(), USER.to_owned());
    let server = Server { host, port: server.port(), encrypted: false, authorities: None, allow_private: true, user };
    let outgoing = Outgoing::by_graph(server, tokens, Address { name: None, address: FROM.into() });
    let limits = OutgoingLimits { halted_for: HALT, ..OutgoingLimits::default() };
    let outgoing = outgoing.with_shelf(Shelves::default().of("post", limits));
    let mappings = Mappings::from_toml(mappings, "a test").unwrap();
    let site = Site::new("acme", world.dialect, voice_of(&world), &quick());
    let key = Arc::new(Key::from_pem("desk.example", "s", &key()).unwrap());
    let site = site.with_outgoing(Some(outgoing)).with_signers(Arc::new(Signers::new([key])));
    world.gateway.swap_sites(vec![site.with_mappings(Some(Arc::new(mappings)))]);
    (world, token_server)
}

/// An Ed25519 key in PEM.
fn key() -> String {
    let random = aws_lc_rs::rand::SystemRandom::new();
    let key = aws_lc_rs::signature::Ed25519KeyPair::generate_pkcs8v1(&random).unwrap();
    let text = data_encoding::BASE64.encode(key.as_ref());
    format!("-----BEGIN PRIVATE KEY-----\n{text}\n-----END PRIVATE KEY-----\n")
}

/// Carol comments, and Bob and Dave are told.
async fn told(world: &World) {
    let ((id, key), [_, carol, _]) = watched(world).await;
    let said = comment(world, &id, None).await;
    let heard = hear(world, &[event(EventKind::Commented, (&id, &key), &carol, Some(&said))]).await;
    assert_eq!(decided(world, &heard).await.0, "letters");
}

fn are_sent(lines: &[OutboxLine], number: usize) -> bool {
    let sent = |line: &&OutboxLine| line.fate == LetterFate::Sent && line.job == Some(JobState::Done);
    lines.iter().filter(sent).count() == number
}

pub async fn letters_leave_by_graph_once_each_however_often_it_wants_quiet(database: &Database) {
    let server = GraphServer::start();
    let (world, tokens) = world(database, &server, COMMENTS).await;
    server.next("sendMail", Mishap::busy(429, 1));
    server.next("sendMail", Mishap::busy(503, 1));
    // A token that is not taken is asked for anew.
    server.next("sendMail", Mishap::json(401, &json!({ "error": { "code": "InvalidAuthenticationToken" } })));
    told(&world).await;
    until(&world, "sent", |lines| are_sent(lines, 2)).await;
    let sent = server.sent();
    let mut to: Vec<&str> =
        sent.iter().map(|one| one.mail.split("\r\nTo: ").nth(1).unwrap().split("\r\n").next().unwrap()).collect();
    to.sort_unstable();
    assert_eq!(to, ["\"Bob\" <bob@example.org>", "\"Dave\" <dave@example.org>"]);
    for one in &sent {
        assert_eq!(one.user, USER);
        assert!(!one.mail.contains("DKIM-Signature"), "it is written anew, so it is not signed: {}", one.mail);
        assert!(one.mail.contains("Still burning.") && !one.mail.contains("Bcc"), "{}", one.mail);
    }
    assert!(tokens.script().asked.len() >= 2, "the token was asked for anew");
    world.end().await;
}

pub async fn fault_20_a_letter_whose_answer_graph_loses_is_sent_once_more_and_then_a_person_is_asked(
    database: &Database,
) {
    let server = GraphServer::start();
    let mappings = COMMENTS.replace(", \"watchers\"", "");
    let (world, _tokens) = world(database, &server, &mappings).await;
    server.next("sendMail", Mishap::LoseAnswer);
    told(&world).await;
    until(&world, "sent", |lines| are_sent(lines, 1)).await;
    let sent = server.sent();
    assert_eq!((sent.len(), &sent[0].mail), (2, &sent[1].mail), "the same, byte for byte");

    server.next("sendMail", Mishap::LoseAnswer);
    server.next("sendMail", Mishap::json(504, &json!({})));
    told(&world).await;
    let lines = until(&world, "held", |lines| lines.iter().any(|line| line.job == Some(JobState::Held))).await;
    assert!(lines[0].in_doubt, "{lines:#?}");
    assert_eq!(server.sent().len(), 3);
    world.end().await;
}

pub async fn one_refused_recipient_of_graph_keeps_no_other_back(database: &Database) {
    let server = GraphServer::start();
    let audience = "to = \"bcc\"\naudience = []\naddresses = [\"eve@example.net\", \"fay@example.net\"]";
    let mappings = COMMENTS.replace("audience = [\"reporter\", \"watchers\"]", audience);
    let (world, _tokens) = world(database, &server, &mappings).await;
    server.next("sendMail", Mishap::json(400, &json!({ "error": { "code": "ErrorInvalidRecipients" } })));
    told(&world).await;
    let lines =
        until(&world, "told", |lines| are_sent(lines, 1) && lines.iter().any(|line| line.job == Some(JobState::Dead)))
            .await;
    let failed = lines.iter().find_map(|line| match &line.fate {
        LetterFate::Failed(fault) => Some((fault.code, fault.detail.clone())),
        _ => None,
    });
    let detail = "the server answers with status 400 (ErrorInvalidRecipients)".to_owned();
    assert_eq!(failed, Some((FaultCode::PostRefused, detail)));
    let sent = server.sent();
    assert_eq!(sent.len(), 1);
    // There is no envelope, so whom the letter does not name is named where nobody reads it.
    assert!(sent[0].mail.starts_with("Bcc: <") && !sent[0].mail.contains("undisclosed"), "{}", sent[0].mail);
    world.end().await;
}

pub async fn what_is_too_large_for_graph_is_said_and_not_tried(database: &Database) {
    let server = GraphServer::start();
    let (world, _tokens) = world(database, &server, COMMENTS).await;
    let top = "catch = [\"nobody@example.com\"]\nuncaught = \"forward\"\nforward_to = [\"one@boss.example\"]\n";
    world.gateway.swap_mailboxes(vec![mailbox("support", &format!("{top}{SUPPORT}"))]);
    let small = world.send(&mail("a@example.org", "printer", "It burns.")).await;
    world.done(&small).await;
    let large = "It burns. ".repeat(7).trim_end().to_owned() + "\n";
    let large = world.send(&mail("b@example.org", "printer", &large.repeat(50_000))).await;
    let story = world.wait_until(&large, |story| story.line.job == JobState::Dead).await;
    let fault = story.line.fault.unwrap();
    assert_eq!(fault.code, FaultCode::PostRefused);
    assert!(fault.public.contains("3000000 bytes"), "{fault:?}");
    assert_eq!(server.sent().len(), 1);
    world.end().await;
}

/// Whether it says so by its status or by its word.
pub async fn a_letter_that_is_too_large_for_graph_goes_once_more_without_its_files(database: &Database) {
    let server = GraphServer::start();
    let mappings = COMMENTS.replace("commented", "attached");
    let (world, _tokens) = world(database, &server, &mappings).await;
    let bob = person(&world, "Bob").await;
    let words = Mishap::json(400, &json!({ "error": { "code": "ErrorMessageSizeExceeded" } }));
    for (number, too_large) in [Mishap::json(413, &json!({})), words].into_iter().enumerate() {
        let log = "It burns and burns.\n".repeat(40);
        let mail = mail_with_files(&format!("files-{number}@example.org"), &[("log.txt", log.trim_end())]);
        let issue = world.issue(&issue_of(&world.done(&world.send(&mail).await).await)).await;
        watch(&world, &issue.id, &bob).await;
        server.next("sendMail", too_large);
        let (field, to) = ("attachment".to_owned(), Some("log.txt".to_owned()));
        let change = Change { field, name: "Attachment".into(), from: None, to };
        let on = (issue.id.as_str(), issue.key.as_str());
        hear(&world, &[Event { changes: vec![change], ..event(EventKind::Updated, on, "ann", Some("900")) }]).await;
        let lines = until(&world, "sent", |lines| are_sent(lines, number + 1)).await;
        assert_eq!(server.sent().len(), number + 1, "nothing is sent a third time");
        let sent = mail::read(server.sent()[number].mail.as_bytes(), &mail::Limits::default()).message;
        assert!(sent.parts.iter().all(|part| part.name.is_none()), "{sent:#?}");
        assert!(sent.text.contains("log.txt") && sent.text.contains("not sent with this mail"), "{}", sent.text);
        let about = lines[0].about.clone().unwrap();
        let refused = about.refused_with_files.unwrap();
        assert!(["status 413", "(ErrorMessageSizeExceeded)"].iter().any(|word| refused.contains(word)), "{refused}");
        assert_eq!(about.message_id, sent.headers.message_id.unwrap());
        let asked = server.requests().iter().filter(|line| line.contains("sendMail")).count();
        assert_eq!(asked, 2 * (number + 1));
    }
    for metric in ["sealpost_letters_failed_total", "sealpost_letters_again_total", "sealpost_jobs_retried_total"] {
        assert_eq!(world.metric(metric).await, 0, "{metric}");
    }
    world.end().await;
}

async fn until_metric(world: &World, metric: &str, so: impl Fn(u64) -> bool) {
    let deadline = Instant::now() + PATIENCE;
    while !so(world.metric(metric).await) {
        assert!(Instant::now() < deadline, "{metric} is {}", world.metric(metric).await);
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
}

pub async fn fault_21_a_mailbox_of_graph_that_takes_us_no_more_halts_all_its_letters(database: &Database) {
    let server = GraphServer::start();
    let (world, _tokens) = world(database, &server, COMMENTS).await;
    for (status, word) in [(401, "InvalidAuthenticationToken"), (403, "ErrorAccessDenied")] {
        let sent = server.sent().len();
        let asked = |server: &GraphServer| server.requests().iter().filter(|line| line.contains("sendMail")).count();
        let (before, begun) = (asked(&server), Instant::now());
        server.always("sendMail", Mishap::json(status, &json!({ "error": { "code": word } })));
        told(&world).await;
        until_metric(&world, HALTED, |halted| halted == 1).await;
        let retried = world.metric("sealpost_jobs_retried_total").await;
        let waited = world.metric("sealpost_jobs_waited_total").await;
        until_metric(&world, "sealpost_jobs_waited_total", |now| now >= waited + 3).await;
        assert_eq!(world.metric("sealpost_jobs_retried_total").await, retried, "no try counts while it is halted");
        // Two letters with the token that was good, one that asks for another, and then one for each halt.
        let halts = (begun.elapsed().as_millis() / HALT.as_millis()) as usize + 1;
        assert!(asked(&server) - before <= 3 + halts, "{} requests in {halts} halts", asked(&server) - before);
        server.behave();
        until(&world, "sent", |lines| are_sent(lines, sent + 2)).await;
        assert_eq!((server.sent().len(), world.metric(HALTED).await), (sent + 2, 0));
        assert_eq!(world.metric("sealpost_jobs_dead_total").await, 0);
    }
    world.end().await;
}
