//! The real binary is killed at every durable step and effect, started again and run to quiet: nothing lost, nothing doubled.

use super::mails;
use super::world::{Issue, World, use_postgres};
use desk::{Fault, RouteKind, When};
use engine::crash_point::{ALL, IN_DOUBT};
use futures_util::{StreamExt, stream};
use rig::postgres::{Cluster, Disk};
use std::os::unix::process::ExitStatusExt;
use std::pin::Pin;
use std::sync::Arc;
use tokio::runtime::Handle;
use tokio::task::spawn_blocking;

const SIGABRT: i32 = 6;
/// Rounds at the same time: most of a round is waiting for a lease to run out.
const AT_ONCE: usize = 6;
/// Each point is armed for its first, second and third passing: three mails pass each of them so often.
const PASSINGS: std::ops::RangeInclusive<u32> = 1..=3;

/// Where a process dies, and what the desk does to the first create so that the place is reached.
struct Death {
    point: &'static str,
    passing: u32,
    trouble: Option<Fault>,
}

fn deaths() -> Vec<Death> {
    let everywhere = ALL.iter().flat_map(|point| PASSINGS.map(move |passing| (*point, passing)));
    let everywhere = everywhere.map(|(point, passing)| Death { point, passing, trouble: None });
    let in_doubt = IN_DOUBT.iter().map(|point| {
        // What was done is found; what surely was not done is repeated.
        let done = *point == "doubt_found";
        let trouble = if done { Fault::LostAnswer } else { Fault::ServerError { status: 500 } };
        Death { point, passing: 1, trouble: Some(trouble) }
    });
    everywhere.chain(in_doubt).collect()
}

/// A request with two files, a reply to it, and a mail above 64 KiB, which lies in the blob store.
fn mails() -> [Vec<u8>; 3] {
    [
        mails::with_files("a@example.org", "printer", "It burns.", &[("one.bin", 700), ("two.bin", 900)]),
        mails::reply("b@example.org", "a@example.org", "Re: printer", "Still burning.", "It burns."),
        mails::with_files("c@example.org", "large", "See the file.", &[("large.bin", 100_000)]),
    ]
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn fault_01_killed_at_every_step_on_sqlite() {
    sweep(|| Box::pin(World::start())).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn fault_01_killed_at_every_step_on_postgres() {
    let cluster = Arc::new(Cluster::start(Disk::Relaxed));
    sweep(move || {
        let cluster = cluster.clone();
        Box::pin(async move {
            let mut world = World::start().await;
            use_postgres(&mut world.home, &cluster.database(), &cluster.database());
            world
        })
    })
    .await;
}

type Later<T> = Pin<Box<dyn Future<Output = T>>>;

/// All rounds, some at a time, each on a thread of its own because it waits for processes.
async fn sweep(world: impl Fn() -> Later<World> + Clone + Send + 'static) {
    let rounds = stream::iter(deaths()).map(|death| {
        let (world, runtime) = (world.clone(), Handle::current());
        spawn_blocking(move || runtime.block_on(async { round(&death, &world().await).await }))
    });
    let mut rounds = rounds.buffer_unordered(AT_ONCE);
    while let Some(round) = rounds.next().await {
        round.unwrap();
    }
}

async fn round(death: &Death, world: &World) {
    let name = format!("{}:{}", death.point, death.passing);
    if let Some(trouble) = &death.trouble {
        world.desk.faults().add(trouble.clone(), RouteKind::Create, When::Next(1));
    }
    let mut gateway = world.home.spawn(&[("SEALPOST_CRASH", &name)]);
    let mut taken = 0;
    let mails = mails();
    if gateway.wait_until_ready().is_ok() {
        for mail in &mails {
            match world.hand_in(mail).await {
                Ok(_) => taken += 1,
                Err(_) => break,
            }
        }
    }
    let status = gateway.wait_for_end();
    assert_eq!(status.signal(), Some(SIGABRT), "{name} is never reached: {}", gateway.log());

    let mut gateway = world.home.start();
    // What was not answered with 250 is sent again, as a mail server does.
    for mail in &mails[taken..] {
        world.hand_in(mail).await.unwrap();
    }
    let metrics = gateway.wait_until_quiet();
    let counted = |class| metrics.sum("sealpost_month_messages", &["kind=\"mail\"", class]);
    let classes = [counted("class=\"standard\""), counted("class=\"maintenance\"")];
    assert_eq!(classes, [3, 0], "each mail is counted once, after {name}: {}", metrics.0);
    assert_eq!(made(world), expected(), "after {name}: {}", gateway.log());
}

/// An issue without keys and texts that differ from run to run: summary, number of comments, files.
type Made = (String, usize, Vec<(String, u64)>);

/// What the desk holds.
fn made(world: &World) -> Vec<Made> {
    let mut issues = world.issues();
    issues.sort_by(|a, b| a.summary.cmp(&b.summary));
    issues.into_iter().map(|Issue { summary, comments, files, .. }| (summary, comments.len(), files)).collect()
}

fn expected() -> Vec<Made> {
    let file = |name: &str, size| (name.to_owned(), size);
    vec![
        ("large".to_owned(), 0, vec![file("large.bin", 100_000)]),
        ("printer".to_owned(), 1, vec![file("one.bin", 700), file("two.bin", 900)]),
    ]
}
