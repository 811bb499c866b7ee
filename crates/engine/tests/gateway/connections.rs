//! The connections to outgoing servers: shared by letters, never too many, and no letter is lost or doubled with one that breaks.

use super::world::{Database, PATIENCE, Plot, World, mail, quick, voice_of};
use courier::submit::{Host, Target};
use engine::{Outgoing, OutgoingLimits, Shelves, Site};
use mail::Address;
use policy::Mappings;
use policy::event::{Event, EventKind};
use rig::post_office::{Mishap, PostOffice, Posted};
use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;
use store::Via;

/// A world that tells these people of every new issue, by way of the office and with these limits.
async fn telling(database: &Database, office: &PostOffice, people: &[String], limits: OutgoingLimits) -> World {
    let world = World::start(database, Plot::default()).await;
    let people: Vec<String> = people.iter().map(|address| format!("{address:?}")).collect();
    let text = format!(
        "[default]\naudience = []\naddresses = [{}]\n[[mapping]]\nname = \"new\"\nevents = [\"created\"]\n",
        people.join(", ")
    );
    let target =
        Target { host: Host::Tcp { name: "127.0.0.1".to_owned(), port: office.port() }, ..Target::smtp("", 0) };
    let from = Address { name: None, address: "support@desk.example".into() };
    let way = Outgoing::new(Some(target), None, from).with_shelf(Shelves::default().of("post", limits));
    let site = Site::new("acme", world.dialect, voice_of(&world), &quick()).with_outgoing(Some(way));
    world.gateway.swap_sites(vec![site.with_mappings(Some(Arc::new(Mappings::from_toml(&text, "a test").unwrap())))]);
    world
}

fn people(number: usize, domain: &str) -> Vec<String> {
    (0..number).map(|one| format!("person{one}@{domain}")).collect()
}

fn limits(connections: usize) -> OutgoingLimits {
    OutgoingLimits { connections, ..OutgoingLimits::default() }
}

/// A new issue, of which the people are told.
async fn happens(world: &World, number: u32) {
    let story = world.done(&world.send(&mail(&format!("{number}@example.org"), "printer", "It burns.")).await).await;
    let id = super::world::issue_of(&story);
    let key = world.issue(&id).await.key;
    let event = Event {
        kind: EventKind::Created,
        issue_id: id,
        issue_key: Some(key),
        at_ms: 1_795_000_000_000,
        actor: None,
        part: None,
        changes: vec![],
        last: None,
    };
    world.store.take_in_events("acme", &[(&event, Some(0))], b"", Via::Webhook).await.unwrap();
}

/// Whom letters went to, each one once.
fn each_once(posted: &[Posted]) -> BTreeSet<String> {
    let all: Vec<String> = posted.iter().flat_map(|one| one.rcpt_to.clone()).collect();
    let each: BTreeSet<String> = all.iter().cloned().collect();
    assert_eq!(each.len(), all.len(), "somebody has a letter twice: {all:?}");
    each
}

/// Waits until so many letters are known to be sent.
async fn sent(world: &World, number: u64) {
    let deadline = tokio::time::Instant::now() + PATIENCE;
    while world.metric("sealpost_letters_sent_total").await < number {
        assert!(tokio::time::Instant::now() < deadline, "they are never sent");
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}

pub async fn letters_share_the_connections_that_a_server_may_have(database: &Database) {
    let office = PostOffice::open();
    office.dawdle(Duration::from_millis(5));
    let all = people(12, "example.net");
    let world = telling(database, &office, &all, limits(2)).await;
    happens(&world, 1).await;
    assert_eq!(each_once(&office.wait_for(12)), all.into_iter().collect());
    sent(&world, 12).await;
    let traffic = office.traffic();
    assert_eq!((traffic.opened, traffic.open_most), (2, 2), "{traffic:?}");
    world.end().await;
    // Whoever stops says goodbye.
    office.wait_until_left();
}

pub async fn letters_to_one_domain_keep_their_limit_and_hinder_no_other(database: &Database) {
    let office = PostOffice::open();
    office.dawdle(Duration::from_millis(10));
    let all = [people(6, "small.example"), people(6, "other.example")].concat();
    let limits = OutgoingLimits { per_domain: Some(1), ..limits(4) };
    let world = telling(database, &office, &all, limits).await;
    happens(&world, 1).await;
    assert_eq!(each_once(&office.wait_for(12)).len(), 12);
    assert_eq!((office.most_to("small.example"), office.most_to("other.example")), (1, 1));
    assert!(office.traffic().open_most <= 2);
    world.end().await;
}

pub async fn a_connection_that_broke_between_letters_costs_no_try_and_doubles_none(database: &Database) {
    let office = PostOffice::open();
    // After the first; before the second, and again before the third.
    for mishap in [Mishap::HangUp, Mishap::Refuse(550), Mishap::TurnAway, Mishap::HangUp, Mishap::HangUp] {
        office.next(mishap);
    }
    let world = telling(database, &office, &people(8, "example.net"), limits(1)).await;
    happens(&world, 1).await;
    assert_eq!(each_once(&office.wait_for(7)).len(), 7, "one of them was refused");
    sent(&world, 7).await;
    assert_eq!(world.metric("sealpost_jobs_retried_total").await, 0);
    assert_eq!(world.metric("sealpost_letters_again_total").await, 0);
    assert_eq!(office.traffic().open_most, 1);
    world.end().await;
}

pub async fn fault_19_a_refused_recipient_ends_no_connection_and_sends_nobody_a_second_letter(database: &Database) {
    let office = PostOffice::open();
    office.next(Mishap::Refuse(550));
    office.next(Mishap::Refuse(451));
    let world = telling(database, &office, &people(5, "example.net"), limits(1)).await;
    happens(&world, 1).await;
    assert_eq!(each_once(&office.wait_for(4)).len(), 4, "who was put off gets it later");
    assert_eq!(office.traffic().opened, 1);
    world.end().await;
}

pub async fn a_connection_that_nobody_needs_is_ended(database: &Database) {
    let office = PostOffice::open();
    let limits = OutgoingLimits { kept_for: Duration::from_millis(50), ..limits(4) };
    let world = telling(database, &office, &people(1, "example.net"), limits).await;
    happens(&world, 1).await;
    office.wait_for(1);
    office.wait_until_left();
    happens(&world, 2).await;
    assert_eq!(office.wait_for(2).len(), 2);
    assert_eq!(office.traffic().opened, 2);
    world.end().await;
}
