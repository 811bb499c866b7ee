//! Contacts of a site, single mails that somebody is told of, and what is written down for those who are charged.

use super::bulletins::{Ear, all_sent, rule, until, writing};
use super::world::{Database, PATIENCE, Plot, SUPPORT, World, mail, mailbox};
use engine::Bulletins;
use policy::bulletin::channel::Kind;
use policy::bulletin::{Cause, Rule};
use policy::meter::billing::Said;
use policy::meter::{Amount, Capacity, Pack};
use rig::post_office::{Mishap, PostOffice};
use std::time::{Duration, Instant};
use store::{BulletinTarget, ContactKind, JobState, LetterFate};

fn plan(messages: u64, packs: Vec<Pack>) -> Vec<Capacity> {
    let (name, sites) = ("small".to_owned(), vec!["acme".to_owned()]);
    vec![Capacity { name, sites, messages: Some(messages), bytes: None, ends: None, hold_days: 7, packs }]
}

async fn contact(world: &World, kind: ContactKind, address: &str) {
    world.store.add_contact("acme", kind, address, "ann").await.unwrap();
}

pub async fn the_next_billing_contact_is_told_when_the_letter_to_the_first_comes_back(database: &Database) {
    let office = PostOffice::open();
    let world = World::start(database, Plot::default()).await;
    writing(&world, &office);
    contact(&world, ContactKind::Billing, "ann@books.example").await;
    contact(&world, ContactKind::Billing, "bob@books.example").await;
    // There is no such Ann; nobody has to have written a rule.
    office.next(Mishap::Refuse(550));
    world.gateway.swap_plans(plan(5, vec![]));
    for number in 0..4 {
        world.done(&world.send(&mail(&format!("{number}@example.org"), "printer", "It burns.")).await).await;
    }
    let is_told = |address: &str, lines: &[store::BulletinLine]| {
        let target = BulletinTarget::Address(address.to_owned());
        lines.iter().any(|line| line.target == target && line.fate == LetterFate::Sent)
    };
    let lines = until(&world, "passed on", |lines| is_told("bob@books.example", lines)).await;
    let failed = lines.iter().find(|line| line.target == BulletinTarget::Address("ann@books.example".into())).unwrap();
    assert_eq!((failed.job, failed.name.as_str()), (Some(JobState::Dead), lines[0].name.as_str()));
    let contacts = world.store.contacts(None).await.unwrap();
    assert!(contacts[0].flagged_at.is_some() && contacts[1].flagged_at.is_none(), "{contacts:#?}");
    let posted = office.wait_for(1);
    assert_eq!(posted[0].mail_from, "support@desk.example", "so that a report on it comes back");
    assert!(posted[0].mail.contains("You are told as a contact of the site acme"), "{}", posted[0].mail);
    // What is told next goes to Bob at once, and to nobody else.
    world.gateway.swap_plans(plan(4, vec![]));
    until(&world, "told that it is spent", |lines| {
        lines.iter().any(|line| line.name.ends_with("/spent") && line.fate == LetterFate::Sent)
    })
    .await;
    let mut to: Vec<String> = office.wait_for(2).into_iter().flat_map(|letter| letter.rcpt_to).collect();
    to.dedup();
    assert_eq!(to, ["bob@books.example"]);
    world.end().await;
}

pub async fn single_mails_are_told_by_project_and_cause_without_what_they_say(database: &Database) {
    let ear = Ear::open(&[]);
    let world = World::start(database, Plot::default()).await;
    let top = "catch = [\"nobody@example.com\"]\nuncaught = \"hold\"\n";
    world.gateway.swap_mailboxes(vec![mailbox("support", &format!("{top}{SUPPORT}"))]);
    let of_mails = rule(&[Cause::MailHeld], &[], &["ops"]);
    let of_another = Rule { projects: vec!["ELSE".into()], name: "else".into(), ..of_mails.clone() };
    let forwarded = Rule { causes: vec![Cause::MailForwarded], name: "forwarded".into(), ..of_mails.clone() };
    let bulletins = |rules| Bulletins {
        rules,
        channels: vec![ear.channel(Kind::Webhook { secret: b"a secret of the tests".to_vec() })],
        console_url: Some("https://console.example/".into()),
        ..Bulletins::default()
    };
    world.gateway.swap_bulletins(bulletins(vec![of_another, forwarded]));
    let held = world.send(&mail("planted-id@example.org", "planted subject", "It burns.")).await;
    world.done(&held).await;
    tokio::time::sleep(Duration::from_millis(300)).await;
    assert!(world.store.bulletins(9).await.unwrap().is_empty(), "neither of that project nor of that cause");
    world.gateway.swap_bulletins(bulletins(vec![of_mails]));
    until(&world, "told", |lines| all_sent(lines, 1)).await;
    let (_, body) = ear.heard().remove(0);
    assert!(body.contains("\"type\":\"sealpost.mail_held\""), "{body}");
    assert!(body.contains(&format!("https://console.example/messages/{held}")), "{body}");
    assert!(body.contains("A mail to the mailbox support is held for a person"), "{body}");
    assert!(!body.contains("planted") && !body.contains("Why"), "{body}");
    world.end().await;
}

pub async fn packs_and_months_of_a_plan_are_written_down_once(database: &Database) {
    let mut world = World::start(database, Plot::default()).await;
    let today = world.store.now().await.unwrap() / 86_400_000_000;
    let pack =
        Pack { amount: Amount { messages: 50, bytes: 0 }, every_month: false, from: today - 9, until: today + 9 };
    let written = async |world: &World| {
        let deadline = Instant::now() + PATIENCE;
        loop {
            let lines = world.store.billing(Some("acme")).await.unwrap();
            if lines.len() >= 2 {
                return lines;
            }
            assert!(Instant::now() < deadline, "never written down");
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    };
    world.gateway.swap_plans(plan(100, vec![pack]));
    let lines = written(&world).await;
    assert_eq!(lines.iter().map(|line| line.record.word()).collect::<Vec<_>>(), ["pack", "month"]);
    let Said::Month(month) = &lines[1].record.said else { panic!("{lines:#?}") };
    assert_eq!((month.plan.as_str(), month.messages_max), ("small", Some(100)), "the pack was not there yet");
    world.restart().await;
    world.gateway.swap_plans(plan(7, vec![]));
    tokio::time::sleep(Duration::from_millis(300)).await;
    assert_eq!(written(&world).await, lines, "a plan that changes later changes nothing of it");
    world.end().await;
}
