//! Outgoing servers that let nobody in or are not there: their letters wait, no try of them counts, somebody is told, and none is lost or
//! doubled.

use super::world::{Database, PATIENCE, Plot, World, mail, quick, voice_of};
use courier::submit::{Host, Secret, Target};
use engine::{Bulletins, Outgoing, OutgoingLimits, Settings, Shelves, Site};
use mail::Address;
use policy::Mappings;
use policy::bulletin::{Cause, Rule};
use policy::event::{Event, EventKind};
use rig::post_office::{Mishap, PostOffice, Posted};
use std::collections::BTreeSet;
use std::net::TcpListener;
use std::sync::Arc;
use std::time::{Duration, Instant};
use store::Via;

const HALTED: &str = "sealpost_outgoing_halted{outgoing=\"post\"}";

/// The hosts that letters are offered to, in this order.
fn target(ports: &[u16], password: Option<&str>) -> Target {
    let mut hosts = ports.iter().map(|port| Host::Tcp { name: "127.0.0.1".to_owned(), port: *port });
    Target {
        host: hosts.next().unwrap(),
        others: hosts.collect(),
        credentials: password.map(|password| ("support".to_owned(), Secret::Password(password.to_owned().into()))),
        ..Target::smtp("", 0)
    }
}

/// Some people are told of every new issue, by this server.
fn telling(world: &World, shelves: &Shelves, target: Target, halted_for: Duration, people: usize) {
    let people: Vec<String> = (0..people).map(|one| format!("\"person{one}@example.net\"")).collect();
    let text = format!(
        "[default]\naudience = []\naddresses = [{}]\n[[mapping]]\nname = \"new\"\nevents = [\"created\"]\n",
        people.join(", ")
    );
    let from = Address { name: None, address: "support@desk.example".into() };
    let limits = OutgoingLimits { halted_for, ..OutgoingLimits::default() };
    let way = Outgoing::new(Some(target), None, from).with_shelf(shelves.of("post", limits));
    let site = Site::new("acme", world.dialect, voice_of(world), &quick()).with_outgoing(Some(way));
    let mappings = Arc::new(Mappings::from_toml(&text, "a test").unwrap());
    world.gateway.swap_sites(vec![site.with_mappings(Some(mappings))]);
}

/// A new issue, of which they are told.
async fn happens(world: &World) {
    let story = world.done(&world.send(&mail("a@example.org", "printer", "It burns.")).await).await;
    let issue_id = super::world::issue_of(&story);
    let issue_key = Some(world.issue(&issue_id).await.key);
    let event = Event {
        kind: EventKind::Created,
        issue_id,
        issue_key,
        at_ms: 1_795_000_000_000,
        actor: None,
        part: None,
        changes: vec![],
        last: None,
    };
    world.store.take_in_events("acme", &[(&event, Some(0))], b"", Via::Webhook).await.unwrap();
}

async fn until(world: &World, metric: &str, so: impl Fn(u64) -> bool) {
    let deadline = Instant::now() + PATIENCE;
    while !so(world.metric(metric).await) {
        assert!(Instant::now() < deadline, "{metric} is {}", world.metric(metric).await);
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
}

/// Each of them got one letter, and nothing was given up, tried in vain or said twice.
async fn all_got_theirs(world: &World, posted: &[Posted], people: usize) {
    let got: Vec<&String> = posted.iter().flat_map(|one| &one.rcpt_to).collect();
    assert_eq!((got.len(), got.iter().collect::<BTreeSet<_>>().len()), (people, people), "{got:?}");
    until(world, "sealpost_letters_sent_total", |sent| sent == people as u64).await;
    for metric in ["sealpost_letters_failed_total", "sealpost_letters_again_total", "sealpost_jobs_dead_total"] {
        assert_eq!(world.metric(metric).await, 0, "{metric}");
    }
}

pub async fn fault_21_a_password_that_is_good_no_more_pauses_the_server_for_all_its_letters(database: &Database) {
    let (office, shelves) = (PostOffice::open(), Shelves::default());
    let world = World::start(database, Plot::default()).await;
    office.ask_for_password("support", "new");
    telling(&world, &shelves, target(&[office.port()], Some("old")), Duration::from_secs(300), 6);
    let rule = Rule {
        name: "ops".into(),
        sites: vec![],
        causes: vec![Cause::Offline],
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
    happens(&world).await;
    until(&world, HALTED, |halted| halted == 1).await;
    // All six wait, and the letter that would tell an administrator, too.
    until(&world, "sealpost_jobs_waited_total", |waited| waited >= 7).await;
    let told = world.store.bulletins(10).await.unwrap();
    assert!(told[0].name.starts_with("offline/outgoing server/post/"), "{told:#?}");
    assert_eq!(world.metric("sealpost_jobs_retried_total").await, 0, "no try counts");
    assert_eq!(office.said(), ["\0support\0old"], "one sign-in, however many letters wait");

    // Other settings end the wait at once.
    telling(&world, &shelves, target(&[office.port()], Some("new")), Duration::from_secs(300), 6);
    world.gateway.fetch_now().await.unwrap();
    let posted = office.wait_for(7);
    let (to_people, to_ann): (Vec<_>, Vec<_>) =
        posted.into_iter().partition(|letter| letter.rcpt_to[0].ends_with("@example.net"));
    assert_eq!(to_ann.len(), 1);
    assert!(to_ann[0].mail.contains("Subject: The outgoing server post does not let us in"), "{}", to_ann[0].mail);
    all_got_theirs(&world, &[to_people, to_ann].concat(), 7).await;
    assert_eq!((world.metric(HALTED).await, world.metric("sealpost_jobs_retried_total").await), (0, 0));
    world.end().await;
}

pub async fn fault_21_an_account_is_not_locked_out_by_what_waits_for_it(database: &Database) {
    const HALT: Duration = Duration::from_millis(300);
    let (office, shelves) = (PostOffice::open(), Shelves::default());
    let world = World::start(database, Plot::default()).await;
    office.ask_for_password("support", "new");
    telling(&world, &shelves, target(&[office.port()], Some("old")), HALT, 8);
    let begun = Instant::now();
    happens(&world).await;
    let deadline = Instant::now() + PATIENCE;
    while office.said().len() < 4 {
        assert!(Instant::now() < deadline, "it is tried again by itself: {:?}", office.said());
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    let (said, halts) = (office.said().len(), begun.elapsed().as_millis() / HALT.as_millis());
    assert!(said as u128 <= halts + 1, "{said} sign-ins within {halts} halts");
    // Nobody changed a setting: somebody unlocked the account.
    office.ask_for_password("support", "old");
    all_got_theirs(&world, &office.wait_for(8), 8).await;
    assert_eq!(world.metric("sealpost_jobs_retried_total").await, 0);
    world.end().await;
}

pub async fn fault_21_a_quota_that_is_spent_gives_up_no_letter(database: &Database) {
    let (office, shelves) = (PostOffice::open(), Shelves::default());
    let world = World::start(database, Plot::default()).await;
    for (command, answer) in [
        ("RCPT", "550 5.4.5 Daily user sending limit exceeded"),
        (".", "554 5.2.0 STOREDRV.Submission.Exception:SubmissionQuotaExceededException"),
        ("MAIL", "530 5.7.0 Authentication required"),
    ] {
        office.next(Mishap::Answer(command, answer));
    }
    telling(&world, &shelves, target(&[office.port()], None), Duration::from_millis(100), 5);
    happens(&world).await;
    all_got_theirs(&world, &office.wait_for(5), 5).await;
    assert!(world.metric("sealpost_jobs_waited_total").await >= 3, "each of the three was a halt");
    assert_eq!((world.metric(HALTED).await, world.metric("sealpost_jobs_retried_total").await), (0, 0));
    world.end().await;
}

pub async fn fault_22_the_next_host_is_asked_when_one_is_down_and_costs_no_try(database: &Database) {
    let (office, shelves) = (PostOffice::open(), Shelves::default());
    let world = World::start(database, Plot::default()).await;
    let down = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    telling(&world, &shelves, target(&[down, office.port()], None), Duration::from_secs(300), 4);
    happens(&world).await;
    all_got_theirs(&world, &office.wait_for(4), 4).await;
    assert_eq!(world.metric("sealpost_jobs_retried_total").await, 0);
    world.end().await;
}

pub async fn fault_18_a_server_that_says_later_for_ever_gets_the_same_letter_until_it_is_given_up(database: &Database) {
    let (office, shelves) = (PostOffice::open(), Shelves::default());
    let settings = Settings { give_up_after: Duration::from_secs(4), ..quick() };
    let world = World::start(database, Plot { settings, ..Plot::default() }).await;
    let answers = ["451 4.7.1 Greylisted, come back later", "454 4.7.0 Throttled", "452 4.3.1 Out of memory"];
    answers.into_iter().cycle().take(2000).for_each(|answer| office.next(Mishap::Answer(".", answer)));
    telling(&world, &shelves, target(&[office.port()], None), Duration::from_secs(300), 1);
    happens(&world).await;
    until(&world, "sealpost_jobs_dead_total", |dead| dead == 1).await;
    let refused = office.refused();
    assert!(refused.len() > 1, "it was tried {} times", refused.len());
    assert!(refused.iter().all(|letter| letter == &refused[0]), "each try has the same bytes and Message-ID");
    // It is counted a moment before it is written down.
    let deadline = Instant::now() + PATIENCE;
    while world.store.attention().await.unwrap().stuck_event_letters.map(|(number, _)| number) != Some(1) {
        assert!(Instant::now() < deadline, "a person sees it");
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    assert_eq!(office.posted().len(), 0);
    world.end().await;
}

/// A day in small: pauses grow to their longest within it, and no letter is given up before its five days are over.
pub async fn fault_22_a_relay_that_is_dead_for_a_day_loses_and_doubles_no_letter(database: &Database) {
    const DAY: Duration = Duration::from_secs(2);
    const PEOPLE: usize = 40;
    let (office, shelves) = (PostOffice::open(), Shelves::default());
    let settings = Settings { give_up_after: 15 * DAY, ..quick() };
    let world = World::start(database, Plot { settings, ..Plot::default() }).await;
    office.shut();
    telling(&world, &shelves, target(&[office.port()], None), Duration::from_secs(300), PEOPLE);
    happens(&world).await;
    let begun = Instant::now();
    // Each was tried again and again, by its own pauses.
    until(&world, "sealpost_jobs_retried_total", |retried| retried >= 3 * PEOPLE as u64 && begun.elapsed() > DAY).await;
    let (opened, retried) = (office.traffic().opened, world.metric("sealpost_jobs_retried_total").await);
    assert!(opened <= 16 && opened as u64 * 4 < retried, "{opened} connections at {retried} tries: it is left alone");
    assert_eq!(world.metric("sealpost_outgoing_away{outgoing=\"post\"}").await, 1);
    let waiting = world.store.outbox(None, 200).await.unwrap();
    assert!(waiting.len() == PEOPLE && waiting.iter().all(|line| line.fault.is_some()), "each says why it waits");
    office.reopen();
    all_got_theirs(&world, &office.wait_for(PEOPLE), PEOPLE).await;
    assert_eq!(world.metric("sealpost_outgoing_away{outgoing=\"post\"}").await, 0);
    world.end().await;
}
