//! Letters about events that come back: what the story says, the note on the issue, and who is told; never whoever they came back from.

use super::notices::{event, heard, issue, told};
use super::world::{Database, PATIENCE, Plot, SUPPORT, World, mailbox, quick, voice_of};
use courier::submit::{Host, Target};
use engine::{Bulletins, Outgoing, Settings, Site};
use mail::Address;
use policy::bulletin::{Cause, Rule};
use policy::event::EventKind;
use policy::{FaultCode, Mappings};
use rig::post_office::{Mishap, PostOffice, Posted};
use serde_json::json;
use std::sync::Arc;
use std::time::{Duration, Instant};
use store::{JobState, LetterFate, OutboxLine};
use tracker::{Answer, Operation};

/// People are told of every new issue and comment, answers and reports come to signed addresses, and what comes back is noted.
async fn world(database: &Database, office: &PostOffice, people: usize) -> World {
    bounded(database, office, people, None).await
}

async fn bounded(database: &Database, office: &PostOffice, people: usize, per_hour: Option<u32>) -> World {
    // Whatever waits for its turn or its hour waits for longer than anything is tried.
    let settings = match per_hour {
        Some(_) => Settings { give_up_after: Duration::ZERO, ..quick() },
        None => quick(),
    };
    let world = World::start(database, Plot { settings, ..Plot::default() }).await;
    let people: Vec<String> = (0..people).map(|one| format!("\"person{one}@example.net\"")).collect();
    let text = format!(
        "[default]\naudience = []\naddresses = [{}]\n[[mapping]]\nname = \"all\"\nevents = [\"created\", \"commented\"]\n",
        people.join(", ")
    );
    let target =
        Target { host: Host::Tcp { name: "127.0.0.1".to_owned(), port: office.port() }, ..Target::smtp("", 0) };
    let from = Address { name: None, address: "support@desk.example".into() };
    let site = Site::new("acme", world.dialect, voice_of(&world), &quick());
    let site = site.with_outgoing(Some(Outgoing::new(Some(target), None, from))).with_letters_per_hour(per_hour);
    world.gateway.swap_sites(vec![site.with_mappings(Some(Arc::new(Mappings::from_toml(&text, "a test").unwrap())))]);
    let profile = format!("reply.domains = [\"desk.example\"]\n[automatic]\nbounce_note = true\n{SUPPORT}");
    world.gateway.swap_mailboxes(vec![mailbox("support", &profile)]);
    world
}

/// A delivery report: to whom, about which Message-ID if it names one, and about which address.
pub(super) fn report(name: &str, to: &str, id: Option<&str>, address: &str) -> String {
    let original = id.map(|id| {
        format!("--b\nContent-Type: text/rfc822-headers\n\nFrom: support@desk.example\nMessage-ID: <{id}>\n\n")
    });
    format!(
        "From: Mail Delivery System <MAILER-DAEMON@mx.example.org>\nTo: {to}\nSubject: Undelivered\n\
         Message-ID: <{name}@mx.example.org>\nMIME-Version: 1.0\n\
         Content-Type: multipart/report; report-type=delivery-status; boundary=\"b\"\n\n--b\n\nNo.\n\n--b\n\
         Content-Type: message/delivery-status\n\nReporting-MTA: dns; mx.example.org\n\nFinal-Recipient: rfc822; {address}\n\
         Action: failed\nStatus: 5.1.1\nDiagnostic-Code: smtp; 550 5.1.1 no such user\n\n{}--b--\n",
        original.unwrap_or_default()
    )
}

/// Where answers to the letter go.
fn answers_to(letter: &Posted) -> String {
    let headers = mail::read(letter.mail.as_bytes(), &mail::Limits::default()).message.headers;
    headers.reply_to.first().expect("an address for answers").address.clone()
}

pub(super) fn id_of(letter: &Posted) -> String {
    mail::read(letter.mail.as_bytes(), &mail::Limits::default()).message.headers.message_id.unwrap()
}

pub(super) async fn line_to(world: &World, address: &str) -> OutboxLine {
    let lines = world.store.outbox(None, 100).await.unwrap();
    let is_his = |line: &OutboxLine| line.about.as_ref().is_some_and(|about| about.to == address);
    lines.into_iter().find(is_his).expect("a letter to him")
}

pub async fn sec_26_a_report_marks_the_letter_notes_it_once_and_a_forged_one_does_nothing(database: &Database) {
    let office = PostOffice::open();
    let world = world(database, &office, 1).await;
    let (issue_id, key) = issue(&world, json!({})).await;
    let created = event(EventKind::Created, (&issue_id, &key), "bob", None);
    heard(&world, &[created]).await;
    let letter = office.wait_for(1).remove(0);
    assert!(letter.mail_from.starts_with("reply+"), "each letter has a return path of its own: {}", letter.mail_from);
    let (id, path) = (id_of(&letter), letter.mail_from.as_str());
    let stranger = "aeaayayaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa";
    for (name, to, id) in [
        ("forged-id", "support@desk.example", Some(format!("{stranger}@desk.example"))),
        ("forged-path", &format!("reply+{stranger}@desk.example"), None),
        ("nothing", "support@desk.example", None),
    ] {
        world.done(&world.send(&report(name, to, id.as_deref(), "person0@example.net")).await).await;
    }
    // Who has the letter and names another address has nobody silenced by it.
    world.done(&world.send(&report("other", "support@desk.example", Some(&id), "victim@example.net")).await).await;
    assert_ne!(line_to(&world, "person0@example.net").await.fate, LetterFate::Waits);
    assert!(!matches!(line_to(&world, "person0@example.net").await.fate, LetterFate::CameBack(_)));
    assert_eq!(world.comments(&issue_id).await.len(), 0);

    // It names no letter, and the address to which he has his mail forwarded; the return path says whose it is.
    let sent = world.send(&report("real", path, None, "elsewhere@example.com")).await;
    world.done(&sent).await;
    let LetterFate::CameBack(back) = line_to(&world, "person0@example.net").await.fate else { panic!("it came back") };
    assert_eq!(back.report, sent);
    assert!(back.in_words().starts_with("came back (5.1.1: 550 5.1.1 no such user); later"), "{}", back.in_words());
    for address in ["person0@example.net", "elsewhere@example.com"] {
        assert_eq!(world.store.returned_letters("acme", address).await.unwrap(), 0, "it does not name his address");
    }
    for name in ["again", "and-again"] {
        world.done(&world.send(&report(name, path, Some(&id), "person0@example.net")).await).await;
    }
    let comments = world.comments(&issue_id).await;
    let texts: Vec<&str> = comments.iter().map(|comment| comment.text.trim()).collect();
    assert_eq!(texts, ["A letter about this issue came back (5.1.1). The gateway's console tells whose."]);
    assert_eq!(world.store.returned_letters("acme", "person0@example.net").await.unwrap(), 1);

    // The tracker tells of the note as of any comment, and nobody gets a letter about it.
    let Answer::Myself(own) = world.ask(Operation::Myself).await else { panic!("an account") };
    let noted = event(EventKind::Commented, (&issue_id, &key), &own.account_id, Some(&comments[0].id));
    let (_, notice) = heard(&world, &[noted]).await;
    assert_eq!(told(&notice), [""; 0], "{notice:#}");
    assert_eq!(office.posted().len(), 1);
    world.end().await;
}

/// A letter to one, and one that two share: who knows all that stands in it has nobody silenced by reports, and a genuine one counts.
pub async fn sec_26_who_knows_a_letter_silences_nobody_who_has_it(database: &Database) {
    let office = PostOffice::open();
    let world = bounded(database, &office, 2, None).await;
    let of = |to: &str| {
        let text = format!(
            "[default]\naudience = []\nto = \"{to}\"\naddresses = [\"person0@example.net\", \"person1@example.net\"]\n\
             [[mapping]]\nname = \"all\"\nevents = [\"created\"]\n"
        );
        let target =
            Target { host: Host::Tcp { name: "127.0.0.1".to_owned(), port: office.port() }, ..Target::smtp("", 0) };
        let from = Address { name: None, address: "support@desk.example".into() };
        let site = Site::new("acme", world.dialect, voice_of(&world), &quick());
        let site = site.with_outgoing(Some(Outgoing::new(Some(target), None, from)));
        site.with_mappings(Some(Arc::new(Mappings::from_toml(&text, "a test").unwrap())))
    };
    let mut sent = 0;
    for to in ["bcc", "bcc", "bcc", "each"] {
        world.gateway.swap_sites(vec![of(to)]);
        let (issue_id, key) = issue(&world, json!({})).await;
        heard(&world, &[event(EventKind::Created, (&issue_id, &key), "bob", None)]).await;
        sent += 2;
        let letters = office.wait_for(sent);
        let to_whom = |address: &str| letters.iter().rev().find(|one| one.rcpt_to == [address]).unwrap();
        let (his, other) = (to_whom("person0@example.net"), to_whom("person1@example.net"));
        assert_ne!(his.mail_from, other.mail_from, "each has a return path of his own");
        assert!(!his.mail.contains(&his.mail_from) && !other.mail.contains(&his.mail_from), "it stands in no letter");
        // What stands in the letters, and the return path of another.
        for (way, path, id) in [
            ("path", other.mail_from.clone(), Some(id_of(his))),
            ("answers", answers_to(his), Some(id_of(his))),
            ("answers-alone", answers_to(his), None),
            ("id", "support@desk.example".to_owned(), Some(id_of(his))),
        ] {
            let forged = report(&format!("forged-{way}-{sent}"), &path, id.as_deref(), "person0@example.net");
            world.done(&world.send(&forged).await).await;
        }
        assert_eq!(world.store.returned_letters("acme", "person0@example.net").await.unwrap(), 0, "{to}");
        // Known by its Message-ID it is noted, and its story says what that is worth.
        if to == "each" {
            let LetterFate::CameBack(back) = line_to(&world, "person0@example.net").await.fate else { panic!("noted") };
            assert!(back.in_words().contains("it counts against no address"), "{}", back.in_words());
        }
    }
    let last = office.posted().into_iter().rev().find(|one| one.rcpt_to == ["person0@example.net"]).unwrap();
    world.done(&world.send(&report("genuine", &last.mail_from, None, "person0@example.net")).await).await;
    assert_eq!(world.store.returned_letters("acme", "person0@example.net").await.unwrap(), 1);
    world.end().await;
}

pub async fn sec_26_a_storm_of_bounces_makes_few_notes_one_bulletin_and_no_letter(database: &Database) {
    const PEOPLE: usize = 12;
    let office = PostOffice::open();
    let world = world(database, &office, PEOPLE).await;
    let (issue_id, key) = issue(&world, json!({})).await;
    heard(&world, &[event(EventKind::Created, (&issue_id, &key), "bob", None)]).await;
    let letters = office.wait_for(PEOPLE);
    let mut reports = Vec::new();
    for (number, letter) in letters.iter().enumerate() {
        for time in 0..3 {
            let name = format!("storm-{number}-{time}");
            reports.push(world.send(&report(&name, &letter.mail_from, Some(&id_of(letter)), &letter.rcpt_to[0])).await);
        }
    }
    for report in &reports {
        world.done(report).await;
    }
    assert_eq!(world.comments(&issue_id).await.len(), 3, "notes are bounded");
    let back = world.store.outbox(None, 100).await.unwrap();
    assert_eq!(back.iter().filter(|line| matches!(line.fate, LetterFate::CameBack(_))).count(), PEOPLE);
    assert_eq!(world.store.came_back_today().await.unwrap(), [("acme".to_owned(), PEOPLE as u64)]);
    let rule = Rule {
        name: "ops".into(),
        sites: vec![],
        causes: vec![Cause::Returned],
        usage_percent: vec![],
        offline_minutes: 30,
        unsealed_minutes: 60,
        busy_day_times: 3,
        ahead_days: 14,
        to: vec!["ann@ops.example".into()],
        channels: vec![],
        projects: vec![],
        mail_reasons: false,
    };
    world.gateway.swap_bulletins(Bulletins { rules: vec![rule], ..Bulletins::default() });
    let all = office.wait_for(PEOPLE + 1);
    assert_eq!(all[PEOPLE].rcpt_to, ["ann@ops.example"]);
    assert!(all[PEOPLE].mail.contains("12 letters about events came back so far"), "{}", all[PEOPLE].mail);
    // A while later there is still nothing else.
    tokio::time::sleep(Duration::from_millis(300)).await;
    assert_eq!(office.posted().len(), PEOPLE + 1);
    world.end().await;
}

pub async fn an_address_that_had_its_share_waits_and_says_so(database: &Database) {
    let office = PostOffice::open();
    let world = bounded(database, &office, 2, Some(1)).await;
    for _ in 0..2 {
        let (issue_id, key) = issue(&world, json!({})).await;
        heard(&world, &[event(EventKind::Created, (&issue_id, &key), "bob", None)]).await;
        // One for each, and after the second event the others wait.
        office.wait_for(2);
    }
    let deadline = Instant::now() + PATIENCE;
    let waiting = loop {
        let lines = world.store.outbox(None, 100).await.unwrap();
        let waiting: Vec<OutboxLine> = lines.into_iter().filter(|line| line.fault.is_some()).collect();
        if waiting.len() == 2 {
            break waiting;
        }
        assert!(Instant::now() < deadline, "{waiting:#?}");
        tokio::time::sleep(Duration::from_millis(10)).await;
    };
    for line in waiting {
        assert_eq!((line.fate, line.job), (LetterFate::Waits, Some(JobState::Waiting)));
        assert_eq!(line.fault.map(|fault| fault.code), Some(FaultCode::LetterTooSoon));
    }
    let mut to: Vec<String> = office.posted().into_iter().flat_map(|letter| letter.rcpt_to).collect();
    to.sort();
    assert_eq!(to, ["person0@example.net", "person1@example.net"]);
    assert_eq!(world.metric("sealpost_jobs_retried_total").await, 0, "no try counts");
    world.end().await;
}

pub async fn a_sender_that_is_refused_is_told_and_counts_against_no_reader(database: &Database) {
    let office = PostOffice::open();
    let world = world(database, &office, 1).await;
    for (number, mishap) in [
        Mishap::Answer("MAIL", "501 5.1.7 Invalid address"),
        Mishap::Answer("MAIL", "550 5.1.1 no such user"),
        Mishap::Answer("RCPT", "550 unknown user: support@desk.example (sender)"),
        Mishap::Answer(".", "550 No such user here"),
    ]
    .into_iter()
    .enumerate()
    {
        office.next(mishap);
        let (issue_id, key) = issue(&world, json!({})).await;
        heard(&world, &[event(EventKind::Created, (&issue_id, &key), "bob", None)]).await;
        let deadline = Instant::now() + PATIENCE;
        while world.store.stopped_letters(None, 100).await.unwrap().len() <= number {
            assert!(Instant::now() < deadline, "{mishap:?}: {:#?}", world.store.outbox(None, 100).await.unwrap());
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    }
    let stopped = world.store.stopped_letters(None, 100).await.unwrap();
    let LetterFate::Failed(fault) = &stopped.last().unwrap().fate else { panic!("{stopped:#?}") };
    assert_eq!(fault.detail, "MAIL FROM refused: 501 5.1.7 Invalid address");
    assert!(fault.public.contains("sender") && fault.public.contains("site[].from"), "{}", fault.public);
    assert_eq!(world.store.returned_letters("acme", "person0@example.net").await.unwrap(), 0);
    let (issue_id, key) = issue(&world, json!({})).await;
    let (_, notice) = heard(&world, &[event(EventKind::Created, (&issue_id, &key), "bob", None)]).await;
    assert_eq!(told(&notice), ["person0@example.net"], "{notice:#}");
    office.wait_for(1);
    world.end().await;
}
