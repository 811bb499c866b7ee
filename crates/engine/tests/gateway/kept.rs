//! Files that the tracker does not take: kept here, linked from the issue, and gone when their time is over.

use super::replay::{proposed, proposed_at, replayed};
use super::world::{Database, PATIENCE, Plot, SALES, World, issue_of, mail_with_files, mailbox, quick, receipts};
use engine::Settings;
use policy::{FaultCode, Receipt};
use std::time::{Duration, Instant};
use store::{JobState, LinkUse};
use tracker::Operation;

const BASE: &str = "https://files.example";
const MIB: usize = 1 << 20;

/// A desk that takes files up to 1.5 MiB, and a gateway with a public address.
fn plot() -> Plot {
    let files_every = Duration::from_millis(60);
    let settings = Settings { public_url: Some(BASE.into()), files_every, ..quick() };
    Plot { settings, attachment_size_max_bytes: (MIB + MIB / 2) as u64, ..Plot::default() }
}

fn mail_with_a_large_file(id: &str) -> String {
    let line = "0123456789abcdef".repeat(4) + "\n";
    let large = line.repeat(2 * MIB / line.len());
    mail_with_files(id, &[("large.bin", large.trim_end()), ("small.txt", "a few words")])
}

/// Keeps the large file of a mail; its issue and its id.
async fn keep(world: &World, id: &str) -> (String, String) {
    let story = world.done(&world.send(&mail_with_a_large_file(id)).await).await;
    let kept = receipts(&story).into_iter().find_map(|receipt| match receipt {
        Receipt::Kept { id, .. } => Some(id),
        _ => None,
    });
    (issue_of(&story), kept.expect("a file is kept"))
}

/// Waits until the file was looked at twice from now on, so that the second look saw what is so now; or until it went.
async fn look(world: &World, id: &str) {
    let deadline = Instant::now() + PATIENCE;
    for _ in 0..2 {
        let since = world.store.now().await.unwrap();
        loop {
            let now = world.store.kept_file(id).await.unwrap().unwrap();
            if now.gone.is_some() || now.looked_at > since {
                break;
            }
            assert!(Instant::now() < deadline, "nobody looks at {now:?}");
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    }
}

pub async fn a_file_that_is_too_large_is_kept_and_linked(database: &Database) {
    let world = World::start(database, plot()).await;
    let (issue_id, id) = keep(&world, "k@example.org").await;
    let issue = world.issue(&issue_id).await;
    let names: Vec<&str> = issue.files.iter().map(|file| file.name.as_str()).collect();
    assert_eq!(names, ["small.txt"], "only what fits hangs on the issue");
    let (_, link) = issue.description.split_once(&format!("{BASE}/f/")).expect("the description links to it");
    let token: String = link.chars().take_while(|c| c.is_ascii_alphanumeric() || "-_".contains(*c)).collect();
    let named = world.store.verify_link(&["acme".into()], LinkUse::Fetch, &token).await.unwrap();
    assert_eq!(named, Some(("acme".into(), id.clone())));
    assert!(issue.description.contains("large.bin (2.1 MB)"), "{}", issue.description);
    let mut content = world.store.kept_content(&id).await.unwrap().unwrap();
    let mut bytes = 0;
    while let Some(piece) = content.next().await.unwrap() {
        bytes += piece.len();
    }
    let line = world.store.kept_file(&id).await.unwrap().unwrap();
    assert_eq!((bytes as u64, line.issue_id), (line.size_bytes, Some(issue_id)));
    assert_eq!(world.metric("sealpost_files_kept_total").await, 1);
    world.end().await;
}

pub async fn a_replay_keeps_no_file_twice(database: &Database) {
    let world = World::start(database, plot()).await;
    let message = world.send(&mail_with_a_large_file("k@example.org")).await;
    world.done(&message).await;
    // Another decision of the same rules adopts the file.
    let plan = proposed(&world, &message).await;
    let comparison = policy::replay::compare(&world.store.past(&message).await.unwrap(), &plan);
    assert_eq!((comparison.fresh.len(), comparison.stays.len()), (0, 0), "{comparison:?}");
    replayed(&world, &message).await;
    assert_eq!(world.store.files_of(&message).await.unwrap().len(), 1);
    let counts = world.desk.counts();
    assert_eq!((counts.issues_created, counts.attachments_created), (1, 1), "nothing is done a second time");
    assert_eq!(world.metric("sealpost_files_kept_total").await, 1);
    world.end().await;
}

pub async fn a_replay_to_another_project_takes_the_file_along(database: &Database) {
    let world = World::start(database, plot()).await;
    let (issue_id, id) = keep(&world, "k@example.org").await;
    let message = world.store.kept_file(&id).await.unwrap().unwrap().message;
    world.gateway.swap_mailboxes(vec![mailbox("support", SALES)]);
    proposed(&world, &message).await;
    let moved = replayed(&world, &message).await.line.issue_id.expect("another issue");
    assert_ne!(moved, issue_id);
    let lines = world.store.files_of(&message).await.unwrap();
    let tied: Vec<_> = lines.iter().map(|line| (line.id.as_str(), line.issue_id.as_deref())).collect();
    assert_eq!(tied, [(id.as_str(), Some(moved.as_str()))], "it goes with the issue that it is for now");
    assert!(world.issue(&moved).await.description.contains(&format!("{BASE}/f/")));
    assert!(world.store.kept_content(&id).await.unwrap().is_some());
    world.end().await;
}

pub async fn a_file_that_was_deleted_is_kept_by_no_replay(database: &Database) {
    let world = World::start(database, plot()).await;
    let (_, id) = keep(&world, "k@example.org").await;
    let message = world.store.kept_file(&id).await.unwrap().unwrap().message;
    assert!(world.store.delete_file_by(&id, "admin").await.unwrap());
    world.gateway.swap_mailboxes(vec![mailbox("support", SALES)]);
    proposed(&world, &message).await;
    let seen = proposed_at(&world, &message).await;
    assert_eq!(world.store.replay(&message, seen, "admin").await.unwrap(), Ok(()));
    let story = world.wait_until(&message, |story| story.line.job == JobState::Dead).await;
    let fault = story.line.fault.expect("a reason");
    assert_eq!(fault.code, FaultCode::KeyUnavailable);
    assert!(fault.public.contains("The file was deleted before it could be kept."), "{}", fault.public);
    world.end().await;
}

pub async fn priv_11_files_go_ninety_days_after_resolution_and_reopening_stops_the_clock(database: &Database) {
    let world = World::start(database, plot()).await;
    let (issue_id, id) = keep(&world, "k@example.org").await;
    transition(&world, &issue_id, "Done").await;
    look(&world, &id).await;
    let seen = world.store.kept_file(&id).await.unwrap().unwrap();
    assert!(seen.gone.is_none() && seen.over_since.is_some(), "the clock runs: {seen:?}");
    transition(&world, &issue_id, "To Do").await;
    look(&world, &id).await;
    let reopened = world.store.kept_file(&id).await.unwrap().unwrap();
    assert_eq!((reopened.gone, reopened.over_since), (None, None), "the clock stands still");
    transition(&world, &issue_id, "Done").await;
    world.desk.backdate_resolution(issue_id.parse().unwrap(), 91).await.unwrap();
    look(&world, &id).await;
    let gone = world.store.kept_file(&id).await.unwrap().unwrap();
    assert_eq!((gone.about, gone.gone.map(|(_, why)| why)), (None, Some("resolved".into())));
    assert!(world.store.kept_content(&id).await.unwrap().is_none());
    assert_eq!(world.store.verify_audit().await.unwrap().wrong, None);
    // It is counted behind its deletion.
    let deadline = Instant::now() + PATIENCE;
    while world.metric("sealpost_files_deleted_total").await != 1 {
        assert!(Instant::now() < deadline, "it is not counted");
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    world.end().await;
}

pub async fn files_go_in_the_status_that_the_profile_names(database: &Database) {
    let world = World::start(database, plot()).await;
    let profile = "[default]\nproject = \"DEMO\"\nissue_type = \"Task\"\nkeep_until_status = \"in progress\"\n";
    world.gateway.swap_mailboxes(vec![mailbox("support", profile)]);
    let (issue_id, id) = keep(&world, "k@example.org").await;
    look(&world, &id).await;
    assert!(world.store.kept_file(&id).await.unwrap().unwrap().gone.is_none());
    transition(&world, &issue_id, "In Progress").await;
    look(&world, &id).await;
    assert_eq!(world.store.kept_file(&id).await.unwrap().unwrap().gone.unwrap().1, "status");
    world.end().await;
}

async fn transition(world: &World, issue_id: &str, to: &str) {
    let asked = world.ask(Operation::ReadTransitions { issue_id: issue_id.to_owned() }).await;
    let tracker::Answer::Transitions(all) = asked else { panic!("{asked:?}") };
    let named = all.iter().find(|one| one.to == to).unwrap_or_else(|| panic!("{to} is none of {all:?}"));
    let (issue_id, transition_id) = (issue_id.to_owned(), named.id.clone());
    world.ask(Operation::MakeTransition { issue_id, transition_id, set: Vec::new() }).await;
}
