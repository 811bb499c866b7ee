//! Who is taken for the author of a mail, and what DNS or the server before us has to do with it.

use super::world::{Database, Plot, SUPPORT, World, issue_of, mail, mailbox, quick, reply, send_by};
use courier::dns_auth::DnsAuth;
use engine::AuthorProof;
use mail::Client;
use mail::authenticity::Trust;
use policy::Outcome;
use rig::dns::Dns;
use std::time::Duration;

/// A world whose mailbox `support` verifies authors, and lets only those join a thread who are proved.
async fn verifying(database: &Database, author_proof: AuthorProof, plot: Plot) -> World {
    let world = World::start(database, plot).await;
    let profile = format!("{SUPPORT}[threads]\nrequire_authentic = true\n");
    world.gateway.swap_mailboxes(vec![engine::Mailbox { author_proof, ..mailbox("support", &profile) }]);
    world
}

fn by_dns(dns: &Dns) -> AuthorProof {
    let settings = courier::dns_auth::Settings {
        servers: vec![dns.address()],
        timeout: Duration::from_millis(200),
        retries: 0,
        total_max: Duration::from_secs(10),
        answers_max: 100,
    };
    AuthorProof::Dns(DnsAuth::new(&settings).unwrap())
}

pub async fn sec_01_only_a_proved_author_joins_his_thread_by_dns(database: &Database) {
    let dns = Dns::start("example.org TXT v=spf1 ip4:192.0.2.1 -all\n_dmarc.example.org TXT v=DMARC1; p=reject");
    let world = verifying(database, by_dns(&dns), Plot::default()).await;
    let from = async |ip: &str, mail: &str| {
        let client = Client { ip: Some(ip.to_owned()), hello: "client.example.org".to_owned() };
        world.done(&send_by(Some(client), &world.gateway, "support", mail).await.unwrap()).await
    };
    let parent = from("192.0.2.1", &mail("a@example.org", "printer", "It burns.")).await;
    let own = from("192.0.2.1", &reply("b@example.org", "a@example.org", "Still burning.")).await;
    assert_eq!((own.line.outcome, issue_of(&own)), (Some(Outcome::Comment), issue_of(&parent)));
    let trace = &own.plan.as_ref().unwrap().trace;
    assert!(
        trace.iter().any(|line| line.contains("ann@example.org, authentic (spf of example.org passes)")),
        "{trace:?}"
    );
    let forged = from("198.51.100.1", &reply("c@example.org", "a@example.org", "Let me in.")).await;
    assert_eq!(forged.line.outcome, Some(Outcome::Create));
    let trace = &forged.plan.as_ref().unwrap().trace;
    assert!(trace.iter().any(|line| line.contains("not authentic (dmarc of example.org fails")), "{trace:?}");
    world.end().await;
}

pub async fn sec_04_only_a_proved_author_joins_his_thread_by_header(database: &Database) {
    let trust = Trust { authserv_id: "mx.desk.example".to_owned(), hops: 0 };
    let world = verifying(database, AuthorProof::Header(trust, Vec::new()), Plot::default()).await;
    let from = async |ip: &str, mail: &str| {
        let client = Client { ip: Some(ip.to_owned()), hello: "mx.desk.example".to_owned() };
        world.done(&send_by(Some(client), &world.gateway, "support", mail).await.unwrap()).await
    };
    let parent = from("127.0.0.1", &mail("a@example.org", "printer", "It burns.")).await;
    let pass = "Authentication-Results: mx.desk.example; dmarc=pass header.from=example.org\n";
    let border = "Received: from client by mx.desk.example; now\n";
    let own = format!("{pass}{border}{}", reply("b@example.org", "a@example.org", "Still burning."));
    let own = from("127.0.0.1", &own).await;
    assert_eq!((own.line.outcome, issue_of(&own)), (Some(Outcome::Comment), issue_of(&parent)));
    let forged = format!("{border}{pass}{}", reply("c@example.org", "a@example.org", "Let me in."));
    let forged = from("127.0.0.1", &forged).await;
    assert_eq!(forged.line.outcome, Some(Outcome::Create));
    let trace = &forged.plan.as_ref().unwrap().trace;
    assert!(trace.iter().any(|line| line.contains("they may have come with the mail")), "{trace:?}");
    let direct = format!("{pass}{}", reply("d@example.org", "a@example.org", "Let me in, past the border."));
    let direct = from("198.51.100.1", &direct).await;
    assert_eq!(direct.line.outcome, Some(Outcome::Create));
    world.end().await;
}

pub async fn sec_25_a_form_has_no_more_budget_than_the_person_it_writes_for(database: &Database) {
    let trust = Trust { authserv_id: "mx.desk.example".to_owned(), hops: 0 };
    let world = World::start(database, Plot::default()).await;
    let limits = "[limits]\nsender_per_hour = 2\n";
    let profile = format!("reply_to_from = [\"form@shop.example\"]\n{SUPPORT}{limits}");
    let author_proof = AuthorProof::Header(trust, Vec::new());
    world.gateway.swap_mailboxes(vec![engine::Mailbox { author_proof, ..mailbox("support", &profile) }]);
    let vouched = "Authentication-Results: mx.desk.example; dmarc=pass header.from=shop.example\n\
                   Received: from client by mx.desk.example; now\n";
    let asks = async |number: u32, person: &str| {
        let client = Client { ip: Some("127.0.0.1".to_owned()), hello: "mx.desk.example".to_owned() };
        let mail = mail(&format!("{number}@shop.example"), &format!("question {number}"), "How much?");
        let mail = mail.replace("Ann <ann@example.org>", &format!("form@shop.example\nReply-To: {person}"));
        let message = send_by(Some(client), &world.gateway, "support", &format!("{vouched}{mail}")).await.unwrap();
        world.outcome_of(&message).await.line.outcome
    };
    assert_eq!(asks(1, "cleo@people.example").await, Some(Outcome::Create));
    assert_eq!(asks(2, "Cleo@People.Example").await, Some(Outcome::Create));
    assert_ne!(asks(3, "cleo@people.example").await, Some(Outcome::Create), "that is the third within the hour");
    assert_eq!(asks(4, "dora@people.example").await, Some(Outcome::Create), "another person has a budget of her own");
    world.end().await;
}

pub async fn fault_29_a_mail_waits_for_dns_and_then_no_longer(database: &Database) {
    let dns = Dns::start("example.org SILENT\n_dmarc.example.org SILENT");
    let mut settings = quick();
    settings.author_patience = Duration::from_millis(600);
    settings.author_poll = Duration::from_millis(50);
    let world = verifying(database, by_dns(&dns), Plot { settings, ..Plot::default() }).await;
    let story = world.done(&world.send(&mail("a@example.org", "printer", "It burns.")).await).await;
    assert_eq!(story.line.outcome, Some(Outcome::Create));
    let trace = &story.plan.as_ref().unwrap().trace;
    assert!(
        trace.iter().any(|line| line.contains("unverified (dmarc of example.org could not be checked")),
        "{trace:?}"
    );
    let asked = dns.asked().iter().filter(|name| *name == "_dmarc.example.org TXT").count();
    assert!(asked >= 2, "it asked {asked} times only");
    world.end().await;
}
