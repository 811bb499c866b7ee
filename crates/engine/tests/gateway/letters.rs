//! Letters to senders: sent once, kept at a dead end, and never to those whom a gate keeps out.

use super::world::{Database, PATIENCE, Plot, SUPPORT, World, mail, mailbox, quick, voice_of};
use courier::oauth::{Client, Proof};
use courier::submit::{Host, Target};
use engine::speak::Route;
use engine::tokens::{Authorization, By, Tokens, TokensOfOutgoing};
use engine::{Outgoing, Settings, Site};
use mail::Address;
use policy::{FaultCode, Outcome};
use rig::post_office::{Mishap, PostOffice};
use rig::token_server::TokenServer;
use std::time::{Duration, Instant};
use store::{JobState, LetterFate, Story};

/// A profile whose issues the tracker refuses, because there is no such project, and that tells senders so.
fn refused() -> String {
    let profile = SUPPORT.replace("DEMO", "NOWHERE");
    format!("{profile}notices = [\"not_created\"]\n[notices]\nto = \"anyone\"\n")
}

/// A world whose letters go to the office, or nowhere, and whose mailbox `support` has this profile.
async fn world(database: &Database, office: Option<&PostOffice>, profile: &str) -> World {
    world_with(database, office, profile, quick()).await
}

async fn world_with(database: &Database, office: Option<&PostOffice>, profile: &str, settings: Settings) -> World {
    let world = World::start(database, Plot { settings, ..Plot::default() }).await;
    lead_out(&world, office, None);
    world.gateway.swap_mailboxes(vec![mailbox("support", profile)]);
    world
}

/// The letters of the world go to the office from now on, or nowhere.
fn lead_out(world: &World, office: Option<&PostOffice>, tokens: Option<TokensOfOutgoing>) {
    let target = office.map(|office| Target {
        host: Host::Tcp { name: "127.0.0.1".to_owned(), port: office.port() },
        ..Target::smtp("", 0)
    });
    let from = Address { name: Some("Support".to_owned()), address: "support@example.com".to_owned() };
    let site = Site::new("acme", world.dialect, voice_of(world), &quick());
    world.gateway.swap_sites(vec![site.with_outgoing(Some(Outgoing::new(target, tokens, from)))]);
}

/// Waits until every letter of the world has come to its end.
async fn fates(world: &World, number: usize) -> Vec<LetterFate> {
    let deadline = Instant::now() + PATIENCE;
    loop {
        let letters = world.store.letters(None, 100).await.unwrap();
        if letters.len() == number && letters.iter().all(|letter| letter.fate != LetterFate::Waits) {
            return letters.into_iter().map(|letter| letter.fate).collect();
        }
        assert!(Instant::now() < deadline, "they never come to it: {letters:#?}");
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
}

async fn refused_issue(world: &World, id: &str) -> Story {
    let story = world.outcome_of(&world.send(&mail(id, "printer", "It burns.")).await).await;
    assert_eq!((story.line.outcome, story.line.job), (Some(Outcome::Create), JobState::Dead));
    story
}

pub async fn a_sender_is_told_once_that_no_issue_could_be_made(database: &Database) {
    let office = PostOffice::open();
    let world = world(database, Some(&office), &refused()).await;
    let story = refused_issue(&world, "a@example.org").await;
    let posted = office.wait_for(1);
    assert_eq!((posted[0].mail_from.as_str(), posted[0].rcpt_to.as_slice()), ("", &["ann@example.org".to_owned()][..]));
    let letter = mail::read(posted[0].mail.as_bytes(), &mail::Limits::default()).message;
    assert_eq!(letter.headers.in_reply_to, ["a@example.org"]);
    assert_eq!(letter.automatic.map(|automatic| automatic.kind), Some(mail::AutomaticKind::AutoReply));
    assert!(!posted[0].mail.contains("It burns."), "a notice repeats nothing of the mail");
    assert_eq!(fates(&world, 1).await, [LetterFate::Sent]);

    // A person's word tries the issue again; it fails again, and nobody is told a second time.
    assert!(world.store.wake(&story.line.id, "admin").await.unwrap());
    world.wait_until(&story.line.id, |story| story.line.job == JobState::Dead && story.tries == 1).await;
    assert_eq!(fates(&world, 1).await, [LetterFate::Sent]);
    assert_eq!(office.posted().len(), 1);
    world.end().await;
}

pub async fn fault_20_a_lost_answer_sends_the_same_letter_once_more_and_then_asks(database: &Database) {
    let office = PostOffice::open();
    let world = world(database, Some(&office), &refused()).await;
    office.next(Mishap::LoseAnswer);
    refused_issue(&world, "a@example.org").await;
    let posted = office.wait_for(2);
    assert_eq!(posted[0], posted[1], "byte for byte, so that the recipient's server can know it again");
    assert_eq!(fates(&world, 1).await, [LetterFate::Sent]);
    assert_eq!(world.metric("sealpost_letters_again_total").await, 1);

    office.next(Mishap::LoseAnswer);
    office.next(Mishap::LoseAnswer);
    world.send(&mail("b@example.org", "printer", "It burns again.").replace("ann@", "bob@")).await;
    office.wait_for(4);
    while world.metric("sealpost_jobs_held_total").await == 0 {
        tokio::time::sleep(std::time::Duration::from_millis(10)).await;
    }
    let letters = world.store.letters(None, 1).await.unwrap();
    assert_eq!(letters[0].fate, LetterFate::Waits);
    assert_eq!(office.posted().len(), 4, "a third time is a person's decision");
    world.end().await;
}

pub async fn fault_18_a_server_that_says_later_is_asked_later_and_one_that_says_no_is_believed(database: &Database) {
    let office = PostOffice::open();
    let world = world(database, Some(&office), &refused()).await;
    office.next(Mishap::Refuse(451));
    refused_issue(&world, "a@example.org").await;
    assert_eq!(office.wait_for(1).len(), 1);
    office.next(Mishap::Refuse(550));
    let other = mail("b@example.org", "printer", "It burns.").replace("ann@", "bob@");
    world.outcome_of(&world.send(&other).await).await;
    let fates = fates(&world, 2).await;
    let [LetterFate::Failed(fault), LetterFate::Sent] = fates.as_slice() else { panic!("{fates:?}") };
    assert_eq!(fault.code, FaultCode::PostRefused);
    world.end().await;
}

pub async fn a_letter_is_tried_for_as_long_as_its_age_allows(database: &Database) {
    let office = PostOffice::open();
    let settings = Settings { tries_max: 2, ..quick() };
    let world = world_with(database, Some(&office), &refused(), settings).await;
    // More often than any other work is tried.
    (0..5).for_each(|_| office.next(Mishap::Refuse(451)));
    refused_issue(&world, "a@example.org").await;
    assert_eq!(fates(&world, 1).await, [LetterFate::Sent]);
    world.end().await;
}

pub async fn priv_30_at_a_dead_end_letters_are_kept_and_none_leaves(database: &Database) {
    let world = world(database, None, &refused()).await;
    refused_issue(&world, "a@example.org").await;
    assert_eq!(fates(&world, 1).await, [LetterFate::DeadEnd]);
    let letters = world.store.letters(None, 100).await.unwrap();
    let letter = letters[0].letter.as_ref().expect("it can be looked at");
    assert_eq!(letter.to, "ann@example.org");
    assert_eq!(world.metric("sealpost_letters_kept_total").await, 1);
    world.end().await;
}

pub async fn sec_06_strangers_are_not_written_to_and_others_not_often(database: &Database) {
    let strict = refused().replace("anyone", "authentic");
    let office = PostOffice::open();
    let world = world(database, Some(&office), &strict).await;
    let story = refused_issue(&world, "a@example.org").await;
    let trace = story.plan.unwrap().trace;
    assert!(trace.iter().any(|line| line.contains("no, nobody vouches for its author")), "{trace:#?}");

    world.gateway.swap_mailboxes(vec![mailbox("support", &refused())]);
    for number in 0..5 {
        refused_issue(&world, &format!("{number}@example.org")).await;
    }
    fates(&world, 1).await;
    assert_eq!(office.posted().len(), 1, "one notice a day for an address that somebody else may have used");
    world.end().await;
}

/// A profile that hands every mail on to two people.
fn handing_on() -> String {
    let top = "catch = [\"nobody@example.com\"]\nuncaught = \"forward\"\nforward_to = [\"one@boss.example\", \"two@boss.example\"]\n";
    format!("{top}{SUPPORT}")
}

/// The recipients of what was posted, in order.
fn recipients(office: &PostOffice) -> Vec<String> {
    office.posted().into_iter().flat_map(|letter| letter.rcpt_to).collect()
}

pub async fn a_letter_that_has_to_wait_keeps_no_other_back(database: &Database) {
    let office = PostOffice::open();
    let world = world(database, Some(&office), &handing_on()).await;
    office.next(Mishap::LoseAnswer);
    office.next(Mishap::Refuse(451));
    office.next(Mishap::LoseAnswer);
    let message = world.send(&mail("a@example.org", "printer", "It burns.")).await;
    let story = world.wait_until(&message, |story| story.line.job == JobState::Held).await;
    assert_eq!(story.line.fault.map(|fault| fault.code), Some(FaultCode::InDoubt));
    // The first was lost, the second said "later" and came through, the first was lost again.
    assert_eq!(recipients(&office), ["one@boss.example", "one@boss.example", "two@boss.example"]);

    // Nobody can look whether it arrived; a person's word sends it once more.
    assert!(world.store.wake(&message, "admin").await.unwrap());
    let posted = office.wait_for(4);
    assert_eq!((posted[3].rcpt_to.as_slice(), &posted[3].mail), (posted[0].rcpt_to.as_slice(), &posted[0].mail));
    world.done(&message).await;
    world.end().await;
}

pub async fn fault_20_refusals_between_lost_answers_do_not_let_it_go_on(database: &Database) {
    let office = PostOffice::open();
    let world = world(database, Some(&office), &refused()).await;
    for mishap in [Mishap::LoseAnswer, Mishap::Refuse(451), Mishap::LoseAnswer, Mishap::Refuse(451)] {
        office.next(mishap);
    }
    refused_issue(&world, "a@example.org").await;
    while world.metric("sealpost_jobs_held_total").await == 0 {
        tokio::time::sleep(std::time::Duration::from_millis(10)).await;
    }
    assert_eq!(office.posted().len(), 2, "twice is the most that anybody gets a letter");
    world.end().await;
}

pub async fn copies_by_two_ways_are_handed_on_once(database: &Database) {
    let office = PostOffice::open();
    let world = world(database, Some(&office), &handing_on()).await;
    let boxes = ["support", "sales"].map(|name| mailbox(name, &handing_on()));
    world.gateway.swap_mailboxes(boxes.to_vec());
    let bytes = mail("a@example.org", "printer", "It burns.");
    let first = world.send_to("support", &bytes).await.unwrap();
    world.done(&first).await;
    let second = world.done(&world.send_to("sales", &bytes).await.unwrap()).await;
    assert_eq!(second.line.outcome, Some(Outcome::Forward));
    let trace = second.plan.unwrap().trace;
    assert!(trace.iter().any(|line| line.contains("the same mail came in through mailbox \"support\"")), "{trace:#?}");
    assert_eq!(recipients(&office).len(), 2);

    // A letter of ours that comes back, as by way of somebody's redirection, goes no second time.
    let letter = office.posted()[0].mail.replace("\r\n", "\n");
    let back = world.done(&world.send_to("support", &letter).await.unwrap()).await;
    let trace = back.plan.unwrap().trace;
    let stays = trace.iter().any(|line| line.contains("it is a letter of ours that came back"));
    assert!(stays || back.line.outcome == Some(Outcome::Ignore), "{trace:#?}");
    assert_eq!(recipients(&office).len(), 2);
    world.end().await;
}

pub async fn a_replay_writes_nobody_a_second_time(database: &Database) {
    let office = PostOffice::open();
    let world = world(database, Some(&office), &handing_on()).await;
    let message = world.send(&mail("a@example.org", "printer", "It burns.")).await;
    world.done(&message).await;
    office.wait_for(2);
    let more = handing_on().replace("two@", "two@boss.example\", \"three@");
    world.gateway.swap_mailboxes(vec![mailbox("support", &more)]);
    let plan = super::replay::proposed(&world, &message).await;
    let comparison = policy::replay::compare(&world.store.past(&message).await.unwrap(), &plan);
    assert_eq!((plan.letters.len(), comparison.letters.as_slice()), (3, &[3][..]));
    super::replay::replayed(&world, &message).await;
    office.wait_for(3);
    assert_eq!(recipients(&office), ["one@boss.example", "two@boss.example", "three@boss.example"]);
    world.end().await;
}

/// A mail from somebody else at the same time as others.
fn from(id: &str, person: &str) -> String {
    mail(id, "printer", "It burns.").replace("ann@example.org", person)
}

pub async fn sec_06_mails_decided_before_the_first_refusal_write_to_their_victim_once(database: &Database) {
    const MAILS: usize = 24;
    let office = PostOffice::open();
    let world = world(database, Some(&office), &refused()).await;
    // All are decided on while the tracker wants to be left alone, so none of them knows of another's notice.
    world.faults.add(desk::Fault::RateLimit { retry_after_s: 1 }, desk::RouteKind::Create, desk::When::Always);
    let mut messages = Vec::new();
    for number in 0..MAILS {
        messages.push(world.send(&from(&format!("{number}@example.org"), "victim@example.org")).await);
    }
    for message in &messages {
        world.wait_until(message, |story| story.line.outcome == Some(Outcome::Create)).await;
    }
    assert!(world.store.letters(None, 1).await.unwrap().is_empty(), "nothing was refused yet");
    world.faults.clear();
    let mut withheld = 0;
    for message in &messages {
        let story = world.wait_until(message, |story| story.line.job == JobState::Dead).await;
        let faults = story.ledger.iter().filter_map(|line| line.fault.as_ref());
        withheld += faults.filter(|fault| fault.code == FaultCode::LetterWithheld).count();
    }
    assert_eq!(withheld, MAILS - 1, "each of the others tells why nobody was written to");
    fates(&world, MAILS).await;
    assert_eq!(recipients(&office), ["victim@example.org"]);
    world.end().await;
}

pub async fn sec_26_an_address_that_refuses_for_good_is_written_to_no_more(database: &Database) {
    let office = PostOffice::open();
    let profile = refused().replace("[notices]", "[notices]\nreturned_max = 1");
    let world = world(database, Some(&office), &profile).await;
    office.next(Mishap::Refuse(550));
    refused_issue(&world, "1@example.org").await;
    fates(&world, 1).await;
    assert_eq!(world.store.letter_traffic("acme", "ann@example.org").await.unwrap().returned, 1);
    let story = refused_issue(&world, "2@example.org").await;
    let trace = story.plan.unwrap().trace;
    let why = "no, 1 letters to this address came back for good within 30 days, 1 may";
    assert!(trace.iter().any(|line| line.contains(why)), "{trace:#?}");
    assert_eq!((fates(&world, 1).await.len(), office.posted().len()), (1, 0));
    world.end().await;
}

pub async fn sec_26_a_report_about_a_letter_of_ours_counts_against_its_address(database: &Database) {
    let office = PostOffice::open();
    let world = world(database, Some(&office), &refused()).await;
    refused_issue(&world, "a@example.org").await;
    let letter = mail::read(office.wait_for(1)[0].mail.as_bytes(), &mail::Limits::default()).message;
    let id = letter.headers.message_id.unwrap();
    let report = |name: &str, id: &str, address: &str| {
        format!(
            "From: Mail Delivery System <MAILER-DAEMON@mx.example.org>\nTo: support@example.com\nSubject: Undelivered\n\
             Message-ID: <{name}@mx.example.org>\nMIME-Version: 1.0\n\
             Content-Type: multipart/report; report-type=delivery-status; boundary=\"b\"\n\n--b\n\nNo.\n\n--b\n\
             Content-Type: message/delivery-status\n\nReporting-MTA: dns; mx.example.org\n\nFinal-Recipient: rfc822; {address}\n\
             Action: failed\nStatus: 5.1.1\nDiagnostic-Code: smtp; 550 5.1.1 no such user\n\n--b\n\
             Content-Type: text/rfc822-headers\n\nFrom: support@example.com\nTo: {address}\nMessage-ID: <{id}>\n\n--b--\n"
        )
    };
    let stranger = "aeaayayaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa@example.com";
    for (name, id, address, counted) in [
        ("one", stranger, "ann@example.org", 0),
        ("two", id.as_str(), "victim@example.org", 0),
        ("three", id.as_str(), "ann@example.org", 1),
        ("four", id.as_str(), "ann@example.org", 1),
    ] {
        let story = world.done(&world.send(&report(name, id, address)).await).await;
        assert_eq!(story.line.outcome, Some(Outcome::Ignore), "{name}");
        let traffic = world.store.letter_traffic("acme", "ann@example.org").await.unwrap();
        assert_eq!(traffic.returned, counted, "{name}: {:#?}", story.plan.unwrap().trace);
    }
    assert_eq!(world.store.letter_traffic("acme", "victim@example.org").await.unwrap().returned, 0);
    world.end().await;
}

pub async fn sec_26_a_storm_of_reports_and_automatic_replies_makes_no_issue_and_no_letter(database: &Database) {
    const MAILS: usize = 120;
    let office = PostOffice::open();
    let world = world(database, Some(&office), &refused()).await;
    let mut messages = Vec::new();
    for number in 0..MAILS {
        let person = format!("robot{number}@host{}.example", number % 7);
        let marks = ["Auto-Submitted: auto-replied", "Precedence: bulk", "X-Autoreply: yes"];
        let head = format!("MIME-Version: 1.0\n{}\nDate:", marks[number % marks.len()]);
        messages
            .push(world.send(&from(&format!("{number}@robots.example"), &person).replacen("Date:", &head, 1)).await);
    }
    for message in &messages {
        let story = world.done(message).await;
        let plan = story.plan.unwrap();
        assert_eq!((plan.steps.len(), plan.letters.len()), (0, 0), "{:#?}", plan.trace);
    }
    assert_eq!(world.desk.counts().issues_created, 0);
    assert!(world.store.letters(None, 1).await.unwrap().is_empty() && office.posted().is_empty());
    world.end().await;
}

/// A profile whose people are told of what waits for them; issues of `project` are made.
fn looked_after(project: &str) -> String {
    format!("forward_to = [\"boss@boss.example\"]\n{}", SUPPORT.replace("DEMO", project))
}

pub async fn those_who_look_after_mail_are_told_of_what_is_held_and_of_what_stops(database: &Database) {
    let office = PostOffice::open();
    let world = world(database, Some(&office), &looked_after("NOWHERE")).await;
    let story = refused_issue(&world, "a@example.org").await;
    let posted = office.wait_for(1);
    assert_eq!(posted[0].rcpt_to, ["boss@boss.example"]);
    let read = mail::read(posted[0].mail.as_bytes(), &mail::Limits::default()).message;
    assert_eq!(read.headers.subject, "Stopped: printer");
    assert!(posted[0].mail.contains("It burns."), "the mail goes along: {}", posted[0].mail);
    // It stops once more, and that is known already.
    assert!(world.store.wake(&story.line.id, "admin").await.unwrap());
    world.wait_until(&story.line.id, |story| story.line.job == JobState::Dead && story.tries == 1).await;

    let held = format!("uncaught = \"hold\"\ncatch = [\"help@example.com\"]\n{}", looked_after("DEMO"));
    world.gateway.swap_mailboxes(vec![mailbox("support", &held)]);
    let story = world.done(&world.send(&mail("b@example.org", "copier", "It smokes.")).await).await;
    assert_eq!(story.line.outcome, Some(Outcome::Hold));
    let posted = office.wait_for(2);
    assert!(posted[1].mail.contains("Subject: Held: copier") && posted[1].mail.contains("It smokes."));
    assert_eq!(recipients(&office).len(), 2);

    // What comes to its end is told to nobody.
    world.gateway.swap_mailboxes(vec![mailbox("support", &looked_after("DEMO"))]);
    let story = world.done(&world.send(&mail("c@example.org", "lamp", "It is dark.")).await).await;
    assert_eq!((story.plan.unwrap().letters.len(), recipients(&office).len()), (1, 2));
    world.end().await;
}

pub async fn priv_30_at_a_dead_end_nobody_is_told_of_what_waits(database: &Database) {
    let world = world(database, None, &looked_after("NOWHERE")).await;
    refused_issue(&world, "a@example.org").await;
    assert_eq!(fates(&world, 1).await, [LetterFate::DeadEnd]);
    world.end().await;
}

pub async fn a_token_that_the_outgoing_server_does_not_take_is_asked_for_anew_and_costs_no_letter(database: &Database) {
    let office = PostOffice::open();
    let world = world(database, Some(&office), &refused()).await;
    office.ask_for_tokens("XOAUTH2", &["planted-access-2"]);
    let server = TokenServer::start();
    let client = Client {
        id: "gateway".into(),
        proof: Proof::Nothing,
        scopes: "send".into(),
        token_url: format!("{}/token", server.url),
    };
    let route = Route { allow_private: true, ..Route::default() };
    let authorization = Authorization { client, by: By::ClientCredentials, route };
    let tokens = Tokens::new(world.store.clone());
    let tokens = TokensOfOutgoing::new(tokens, "post", authorization, "support@example.com");
    lead_out(&world, Some(&office), Some(tokens));
    // A token server that is out of order costs no letter either.
    server.script().trouble = Some(503);
    refused_issue(&world, "a@example.org").await;
    let deadline = Instant::now() + PATIENCE;
    while world.metric("sealpost_jobs_retried_total").await == 0 {
        assert!(Instant::now() < deadline, "the token server is never asked");
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    server.script().trouble = None;
    assert_eq!(fates(&world, 1).await, [LetterFate::Sent]);
    assert_eq!(office.posted().len(), 1);
    let tokens: Vec<bool> = office.said().iter().map(|said| said.contains("auth=Bearer planted-access-2")).collect();
    assert_eq!(tokens, [false, true]);
    world.end().await;
}
