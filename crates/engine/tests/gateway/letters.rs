//! Letters to senders: sent once, kept at a dead end, and never to those whom a gate keeps out.

use super::world::{Database, Plot, SUPPORT, World, mail, mailbox, quick, voice_of};
use courier::submit::{Host, Target};
use engine::{Outgoing, Site};
use mail::Address;
use policy::{FaultCode, Outcome};
use rig::post_office::{Mishap, PostOffice};
use store::{JobState, LetterFate, Story};
use tracker::Dialect;

/// A profile whose issues the tracker refuses, because there is no such project, and that tells senders so.
fn refused() -> String {
    let profile = SUPPORT.replace("DEMO", "NOWHERE");
    format!("{profile}notices = [\"not_created\"]\n[notices]\nto = \"anyone\"\n")
}

/// A world whose letters go to the office, or nowhere, and whose mailbox `support` has this profile.
async fn world(database: &Database, office: Option<&PostOffice>, profile: &str) -> World {
    let world = World::start(database, Plot::default()).await;
    let target = office.map(|office| Target {
        host: Host::Tcp { name: "127.0.0.1".to_owned(), port: office.port() },
        ..Target::smtp("", 0)
    });
    let from = Address { name: Some("Support".to_owned()), address: "support@example.com".to_owned() };
    let site = Site::new("acme", Dialect::JiraCloud, voice_of(&world), &quick());
    world.gateway.swap_sites(vec![site.with_outgoing(Some(Outgoing { target, from }))]);
    world.gateway.swap_mailboxes(vec![mailbox("support", profile)]);
    world
}

/// Waits until every letter of the world has come to its end.
async fn fates(world: &World, number: usize) -> Vec<LetterFate> {
    loop {
        let letters = world.store.letters(None, 100).await.unwrap();
        if letters.len() == number && letters.iter().all(|letter| letter.fate != LetterFate::Waits) {
            return letters.into_iter().map(|letter| letter.fate).collect();
        }
        tokio::time::sleep(std::time::Duration::from_millis(10)).await;
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

pub async fn a_server_that_says_later_is_asked_later_and_one_that_says_no_is_believed(database: &Database) {
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
    assert_eq!(story.fault.map(|fault| fault.code), Some(FaultCode::InDoubt));
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
