//! Two processes on one PostgreSQL share the work, and one that slept past its lease does nothing twice (FAULT-30).

use super::mails;
use super::world::{PROGRAM, World, hand_in, use_postgres};
use desk::{Fault, RouteKind, When};
use futures_util::{StreamExt, TryStreamExt, stream};
use rig::home::{Home, LEASE_S};
use rig::postgres::{Cluster, Disk};
use rustix::process::Signal;
use std::collections::HashSet;
use std::time::Duration;

const MAILS: usize = 240;
/// The sleeper is stopped once it has done so much, in the middle of more.
const DONE_BEFORE_SLEEP: u64 = 15;
const EFFECTS: &str = "sealpost_effects_total";

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn fault_30_one_of_two_processes_sleeps_past_its_lease() {
    let cluster = Cluster::start(Disk::Relaxed);
    let (database, key_book) = (cluster.database(), cluster.database());
    let mut world = World::start().await;
    use_postgres(&mut world.home, &database, &key_book);
    let mut second = Home::with_data(PROGRAM, &world.site, world.home.data());
    use_postgres(&mut second, &database, &key_book);
    // Slow enough that both are at work when one of them is stopped.
    world.desk.faults().add(Fault::Slow { delay_ms: 250 }, RouteKind::Create, When::Always);
    let mut sleeper = world.home.start();
    let mut other = second.start();

    let listeners = [world.home.smtp, second.smtp];
    let sent = stream::iter(0..MAILS).map(async |number| {
        let mail = mails::request(&format!("{number}@example.org"), &format!("mail {number:03}"), "text");
        hand_in(listeners[number % 2], &mail).await
    });
    let sent: Vec<_> = sent.buffer_unordered(8).try_collect().await.unwrap();
    assert_eq!(sent.len(), MAILS);

    sleeper.wait_until("at work", |metrics| metrics.sum(EFFECTS, &[]) >= DONE_BEFORE_SLEEP);
    sleeper.signal(Signal::STOP);
    let asleep_since = std::time::Instant::now();
    let metrics = other.wait_until("the only one at work", |metrics| {
        let slept = asleep_since.elapsed() > Duration::from_secs(u64::from(LEASE_S) + 2);
        slept && metrics.open_jobs() == 0
    });
    assert!(metrics.sum(EFFECTS, &[]) > 0, "{metrics:?}");
    sleeper.signal(Signal::CONT);
    // What it had in hand comes to nothing: the other one has done it.
    let after = sleeper.wait_until("awake", |metrics| metrics.sum("sealpost_jobs_lost_total", &[]) > 0);
    sleeper.wait_until_quiet();

    let issues = world.issues();
    let different: HashSet<&str> = issues.iter().map(|issue| issue.summary.as_str()).collect();
    assert_eq!((issues.len(), different.len()), (MAILS, MAILS), "{after:?}\n{}\n{}", sleeper.log(), other.log());
    for process in [&mut sleeper, &mut other] {
        process.signal(Signal::TERM);
        assert!(process.wait_for_end().success(), "{}", process.log());
    }
}
