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

/// Mails that a signature is about, or seems to be: as S/MIME, as OpenPGP, around somebody's old mail, with a head of its own.
fn signed(from: &str, number: usize) -> [String; 4] {
    let head = |kind: &str, at: usize| {
        format!(
            "From: {from}\nTo: support@example.com\nSubject: Re: printer\nMessage-ID: <s{number}{at}@evil.example>\n\
             In-Reply-To: <a@example.org>\nReferences: <a@example.org>\nMIME-Version: 1.0\nContent-Type: {kind}\n\n"
        )
    };
    let smime = "multipart/signed; protocol=\"application/pkcs7-signature\"; micalg=sha-256; boundary=r";
    let pgp = "multipart/signed; protocol=\"application/pgp-signature\"; micalg=pgp-sha256; boundary=r";
    let signature =
        |kind: &str| format!("\n--r\nContent-Type: application/{kind}-signature\n\nMIAGCSqGSIb3DQEHAqCAMIAC\n--r--\n");
    let own = "--r\nContent-Type: text/plain; protected-headers=\"v1\"\nFrom: Ann <ann@example.org>\n\nLet me in.\n";
    let old = "--r\nContent-Type: message/rfc822\n\nFrom: Ann <ann@example.org>\nSubject: Re: printer\n\nLet me in.\n";
    let inline = "-----BEGIN PGP SIGNED MESSAGE-----\nHash: SHA256\n\nFrom: Ann <ann@example.org>\nLet me in.\n\
                  -----BEGIN PGP SIGNATURE-----\n\niQEzBAEBCAAdFiEE\n-----END PGP SIGNATURE-----\n";
    [
        format!("{}{own}{}", head(smime, 1), signature("pkcs7")),
        format!("{}{old}{}", head(smime, 2), signature("pkcs7")),
        format!("{}{own}{}Let me in, too.\n", head(pgp, 3), signature("pgp")),
        format!("{}{inline}", head("text/plain", 4)),
    ]
}

/// Signatures of S/MIME and OpenPGP are not checked, so whatever they say of somebody feeds nobody's identity: not that of a stranger,
/// and not that of somebody whom nothing else proves.
pub async fn sec_08_no_signature_around_a_mail_lends_anybody_a_part(database: &Database) {
    no_signature_counts(database, AuthorProof::Nothing, "eve@evil.example").await;
}

pub async fn sec_08_no_signature_around_a_mail_proves_its_author(database: &Database) {
    let trust = Trust { authserv_id: "mx.desk.example".to_owned(), hops: 0 };
    no_signature_counts(database, AuthorProof::Header(trust, Vec::new()), "Ann <ann@example.org>").await;
}

async fn no_signature_counts(database: &Database, author_proof: AuthorProof, from: &str) {
    let pass = "Authentication-Results: mx.desk.example; dmarc=pass header.from=example.org\n\
                Received: from client by mx.desk.example; now\n";
    let proves = !matches!(author_proof, AuthorProof::Nothing);
    let profile = if proves { format!("{SUPPORT}[threads]\nrequire_authentic = true\n") } else { SUPPORT.to_owned() };
    let world = World::start(database, Plot::default()).await;
    world.gateway.swap_mailboxes(vec![engine::Mailbox { author_proof, ..mailbox("support", &profile) }]);
    let asks = async |mail: String| {
        let client = Client { ip: Some("127.0.0.1".to_owned()), hello: "mx.desk.example".to_owned() };
        world.done(&send_by(Some(client), &world.gateway, "support", &mail).await.unwrap()).await
    };
    let parent = asks(format!("{pass}{}", mail("a@example.org", "printer", "It burns."))).await;
    for (number, mail) in signed(from, usize::from(proves)).into_iter().enumerate() {
        let story = asks(mail).await;
        assert_eq!(story.line.outcome, Some(Outcome::Create), "{from} {number}: {story:#?}");
        assert_ne!(issue_of(&story), issue_of(&parent));
    }
    let own = asks(format!("{pass}{}", reply("b@example.org", "a@example.org", "Still burning."))).await;
    assert_eq!((own.line.outcome, issue_of(&own)), (Some(Outcome::Comment), issue_of(&parent)));
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
    settings.author_patience = Duration::from_secs(2);
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
