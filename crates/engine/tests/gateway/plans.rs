//! Capacity plans that are spent: mail stays where it is, events and letters wait, and all of it goes on after an upgrade.

use super::bulletins::rule;
use super::fetching::{all_done, dovecot, fetch, over_pop3, put};
use super::notices::{OF_COMMENTS, comment, event, hear, watched};
use super::world::{Database, PATIENCE, Plot, SUPPORT, World, mail, mailbox, quick, voice_of};
use courier::submit::{Host, Target};
use engine::{Bulletins, Outgoing, Settings, Site};
use mail::Address;
use policy::bulletin::Cause;
use policy::event::EventKind;
use policy::meter::{Capacity, Metered, Spent};
use policy::{FaultCode, Mappings};
use rig::dovecot::PASSWORD;
use rig::post_office::{Mishap, PostOffice};
use std::sync::Arc;
use std::time::{Duration, Instant};
use store::{JobState, LetterFate};

const DAY: i64 = 86_400 * 1_000_000;

/// A plan of the world's site.
fn of(messages: u64) -> Vec<Capacity> {
    let sites = vec!["acme".to_owned()];
    let name = "small".to_owned();
    vec![Capacity { name, sites, messages: Some(messages), bytes: None, ends: None, hold_days: 7, packs: vec![] }]
}

async fn until<T>(what: &str, mut so: impl AsyncFnMut() -> Option<T>) -> T {
    let deadline = Instant::now() + PATIENCE;
    loop {
        if let Some(found) = so().await {
            return found;
        }
        assert!(Instant::now() < deadline, "never {what}");
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
}

/// A site that tells of comments by this office.
fn telling(world: &World, office: &PostOffice) {
    let target =
        Target { host: Host::Tcp { name: "127.0.0.1".to_owned(), port: office.port() }, ..Target::smtp("", 0) };
    let from = Address { name: None, address: "support@desk.example".into() };
    let outgoing = Outgoing::new(Some(target), None, from);
    let mappings = Mappings::from_toml(OF_COMMENTS, "a test").unwrap();
    let site = Site::new("acme", world.dialect, voice_of(world), &quick());
    world.gateway.swap_sites(vec![site.with_outgoing(Some(outgoing)).with_mappings(Some(Arc::new(mappings)))]);
}

/// How many messages of a kind were counted.
async fn counted(world: &World, what: Metered) -> u64 {
    let lines = world.store.counted(None, 0, i64::MAX).await.unwrap();
    lines.iter().filter(|line| line.what == what).map(|line| line.amount.messages).sum()
}

pub async fn a_spent_plan_leaves_mail_with_its_sender(database: &Database) {
    let world = World::start(database, Plot::default()).await;
    world.gateway.swap_plans(of(2));
    for id in ["a@example.org", "b@example.org"] {
        world.done(&world.send(&mail(id, "printer", "It burns.")).await).await;
    }
    let third = mail("c@example.org", "printer", "It burns.");
    let refused = world.send_to("support", &third).await.unwrap_err();
    assert_eq!((refused.code, refused.status), (452, "4.3.1"), "{}", refused.text);
    let plans = until("known to be spent", async || {
        let plans = world.gateway.plans();
        plans.iter().any(|(_, standing)| standing.spent == Some(Spent::Messages)).then_some(plans)
    });
    assert_eq!(plans.await[0].1.used.messages, 2);
    assert!(world.gateway.metrics().await.contains("sealpost_plan_spent{plan=\"small\"} 1\n"));
    world.gateway.swap_plans(of(3));
    world.done(&world.send(&third).await).await;
    assert_eq!(counted(&world, Metered::Mail).await, 3);
    world.end().await;
}

pub async fn a_spent_plan_leaves_mail_in_its_mailbox(database: &Database) {
    let world = World::start(database, Plot::default()).await;
    let server = dovecot();
    for number in 0..5 {
        put(&server, "support", &mail(&format!("{number}@example.org"), "printer", "It burns."));
    }
    world.gateway.swap_plans(of(2));
    let mut support = mailbox("support", SUPPORT);
    support.fetching = Some(over_pop3(server.pop3.port(), "support", PASSWORD));
    fetch(&world, vec![support]).await;
    all_done(&world, 2).await;
    // It is looked a hundred times a second whether there is room.
    tokio::time::sleep(Duration::from_millis(300)).await;
    all_done(&world, 2).await;
    assert!(world.gateway.mailboxes().iter().all(|mailbox| !mailbox.fails && !mailbox.is_stalled));
    world.gateway.swap_plans(vec![]);
    all_done(&world, 5).await;
    assert_eq!(counted(&world, Metered::Mail).await, 5);
    world.end().await;
}

pub async fn events_wait_for_room_and_are_told_after_an_upgrade(database: &Database) {
    let office = PostOffice::open();
    // One letter at a time: of several that are on their way at once more may leave than there is room for.
    let settings = Settings { deliveries_max: 1, ..quick() };
    let world = World::start(database, Plot { settings, ..Plot::default() }).await;
    telling(&world, &office);
    let ((id, key), [_, carol, _]) = watched(&world).await;
    world.gateway.swap_plans(of(0));
    let said = comment(&world, &id, None).await;
    let told = hear(&world, &[event(EventKind::Commented, (&id, &key), &carol, Some(&said))]).await;
    let story = until("waits", async || {
        let story = world.store.event(&told).await.unwrap().unwrap();
        (story.job == Some(JobState::Waiting)).then_some(story)
    });
    let fault = story.await.fault.expect("its story says why");
    assert_eq!(fault.code, FaultCode::PlanSpent);
    assert!(fault.public.contains("\"small\"") && fault.public.contains("0 of 0 messages"), "{}", fault.public);
    assert_eq!(world.store.aside().await.unwrap(), [("acme".to_owned(), 1)]);
    assert!(office.posted().is_empty());

    // Room for one of the two letters: the other one waits, decided on as it is.
    world.gateway.swap_plans(of(1));
    office.wait_for(1);
    let letters = until("one letter waits", async || {
        let letters = world.store.outbox(None, 10).await.unwrap();
        let waits = letters.iter().any(|letter| letter.job == Some(JobState::Waiting));
        (waits && letters.iter().any(|letter| letter.fate == LetterFate::Sent)).then_some(letters)
    });
    assert_eq!(letters.await.len(), 2);
    assert_eq!(counted(&world, Metered::EventLetter).await, 1);
    world.gateway.swap_plans(of(2));
    office.wait_for(2);
    until("all is counted", async || (counted(&world, Metered::EventLetter).await == 2).then_some(())).await;
    assert_eq!(office.posted().len(), 2, "each once");
    world.end().await;
}

pub async fn a_letter_whose_answer_is_lost_is_counted_once(database: &Database) {
    let office = PostOffice::open();
    let world = World::start(database, Plot::default()).await;
    telling(&world, &office);
    let ((id, key), [_, carol, dave]) = watched(&world).await;
    let said = comment(&world, &id, None).await;
    office.next(Mishap::LoseAnswer);
    office.next(Mishap::Refuse(451));
    let by = event(EventKind::Commented, (&id, &key), &carol, Some(&said));
    hear(&world, &[by]).await;
    until("both are sent", async || {
        let letters = world.store.outbox(None, 10).await.unwrap();
        letters.iter().filter(|letter| letter.fate == LetterFate::Sent).nth(1).map(|_| ())
    })
    .await;
    assert_eq!(counted(&world, Metered::EventLetter).await, 2, "{dave}");
    world.end().await;
}

pub async fn events_that_waited_for_too_long_are_given_up_and_seen(database: &Database) {
    let office = PostOffice::open();
    let world = World::start(database, Plot::default()).await;
    telling(&world, &office);
    let ((id, key), [_, carol, _]) = watched(&world).await;
    let at_once = of(0).into_iter().map(|plan| Capacity { hold_days: 0, ..plan }).collect();
    world.gateway.swap_plans(at_once);
    let said = comment(&world, &id, None).await;
    let told = hear(&world, &[event(EventKind::Commented, (&id, &key), &carol, Some(&said))]).await;
    until("given up", async || world.store.attention().await.unwrap().stuck_events).await;
    let fault = world.store.event(&told).await.unwrap().unwrap().fault.expect("its story says why");
    assert!(fault.public.contains("waited 0 days"), "{}", fault.public);
    // Nothing is lost: a person has them told when there is room.
    world.gateway.swap_plans(vec![]);
    assert!(world.store.wake_notice(&told, "ann").await.unwrap());
    office.wait_for(2);
    world.end().await;
}

pub async fn priv_07_events_that_wait_are_told_once_with_the_day_on_which_they_are_lost(database: &Database) {
    let office = PostOffice::open();
    let world = World::start(database, Plot::default()).await;
    telling(&world, &office);
    let ((id, key), [_, carol, _]) = watched(&world).await;
    // A day before the end it is told at the latest.
    let for_a_day = |messages| of(messages).into_iter().map(|plan| Capacity { hold_days: 1, ..plan }).collect();
    world.gateway.swap_plans(for_a_day(0));
    let said = comment(&world, &id, None).await;
    let told = hear(&world, &[event(EventKind::Commented, (&id, &key), &carol, Some(&said))]).await;
    let held = until("is held", async || world.store.held_events().await.unwrap().pop()).await;
    assert_eq!((held.site.as_str(), held.events, held.oldest), ("acme", 1, held.newest));
    let story = world.store.event(&told).await.unwrap().unwrap();
    let received = story.line.received_at;
    assert_eq!((story.held, held.oldest), (Some((received, received)), received));
    assert_eq!((held.given_up_at(1), held.kept_until), (received + DAY, received + 30 * DAY));

    let rules = vec![rule(&[Cause::EventsHeld], &["ann@ops.example"], &[])];
    world.gateway.swap_bulletins(Bulletins { rules, ..Bulletins::default() });
    let posted = office.wait_for(1);
    assert_eq!(posted[0].rcpt_to, ["ann@ops.example"]);
    assert!(posted[0].mail.contains("1 event waits for room in the capacity plan small"), "{}", posted[0].mail);
    tokio::time::sleep(Duration::from_millis(300)).await;
    assert_eq!(office.posted().len(), 1, "however often it was looked");

    world.gateway.swap_plans(for_a_day(2));
    office.wait_for(3);
    let story = world.store.event(&told).await.unwrap().unwrap();
    assert_eq!((story.held, story.line.outcome.as_deref()), (None, Some("letters")));
    assert_eq!(world.store.held_events().await.unwrap(), []);
    world.end().await;
}
