//! A tracker in trouble: what is waited for, what is looked for, and what is never done twice.

use super::world::{Database, Plot, World, issue_of, mail, mail_with_files, reply};
use desk::{Fault, RouteKind, When};
use std::time::{Duration, Instant};
use store::JobState;

pub async fn fault_15_a_site_that_says_when_is_left_alone_until_then(database: &Database) {
    let world = World::start(database, Plot::default()).await;
    world.faults.add(Fault::RateLimit { retry_after_s: 2 }, RouteKind::Create, When::Next(1));
    let message = world.send(&mail("a@example.org", "printer", "It burns.")).await;
    let parked = world.wait_until(&message, |story| story.line.job == JobState::Waiting && story.fault.is_some()).await;
    let parked_at = Instant::now();
    assert_eq!(parked.fault.map(|fault| fault.code), Some(policy::FaultCode::TrackerBusy));
    let story = world.done(&message).await;
    assert!(parked_at.elapsed() >= Duration::from_millis(1800), "tried again after {:?}", parked_at.elapsed());
    assert_eq!(story.tries, 1, "a wait that the tracker asked for is no failed try");
    assert_eq!(world.desk.counts().issues_created, 1);
    world.end().await;
}

pub async fn fault_14_a_maintenance_page_is_an_outage_and_no_success(database: &Database) {
    let world = World::start(database, Plot::default()).await;
    world.faults.add(Fault::Maintenance { status: 200 }, RouteKind::Create, When::Next(1));
    world.faults.add(Fault::Maintenance { status: 503 }, RouteKind::Create, When::Next(1));
    let story = world.done(&world.send(&mail("a@example.org", "printer", "It burns.")).await).await;
    assert_eq!(world.issue(&issue_of(&story)).await.summary, "printer");
    assert_eq!(world.desk.counts().issues_created, 1);
    world.end().await;
}

pub async fn fault_14_a_gateway_error_after_the_work_was_done_makes_no_second_issue(database: &Database) {
    let world = World::start(database, Plot::default()).await;
    world.faults.add(Fault::TruncatedJson, RouteKind::Create, When::Next(1));
    world.faults.add(Fault::ShortPages { length: 1 }, RouteKind::Search, When::Always);
    for other in 0..3 {
        world.done(&world.send(&mail(&format!("{other}@example.org"), "other", "text")).await).await;
    }
    assert_eq!(world.desk.counts().issues_created, 3);
    assert_eq!(world.metric("sealpost_effects_in_doubt_total").await, 1);
    assert_eq!(world.metric("sealpost_effect_traces_found_total").await, 1);
    assert_eq!(world.metric("sealpost_effect_repeats_total").await, 0);
    world.end().await;
}

pub async fn a_lost_comment_is_found_by_its_marker(database: &Database) {
    let world = World::start(database, Plot::default()).await;
    world.done(&world.send(&mail("a@example.org", "printer", "It burns.")).await).await;
    world.faults.add(Fault::LostAnswer, RouteKind::Comment, When::Next(1));
    let story = world.done(&world.send(&reply("b@example.org", "a@example.org", "Still burning.")).await).await;
    assert_eq!(world.comments(&issue_of(&story)).await.len(), 1);
    assert_eq!(world.desk.counts().comments_created, 1);
    assert_eq!(world.metric("sealpost_effect_traces_found_total").await, 1);
    world.end().await;
}

pub async fn fault_03_a_lost_upload_is_found_by_name_and_size(database: &Database) {
    let world = World::start(database, Plot::default()).await;
    world.faults.add(Fault::LostAnswer, RouteKind::Attach, When::Next(2));
    let files = [("one.txt", "one"), ("two.txt", "two"), ("three.txt", "three"), ("four.txt", "four")];
    let story = world.done(&world.send(&mail_with_files("f@example.org", &files)).await).await;
    let issue = world.issue(&issue_of(&story)).await;
    let mut names: Vec<String> = issue.files.into_iter().map(|file| file.name).collect();
    names.sort();
    assert_eq!(names, ["four.txt", "one.txt", "three.txt", "two.txt"]);
    assert_eq!(world.desk.counts().attachments_created, 4);
    assert_eq!(world.desk.counts().issues_created, 1);
    world.end().await;
}

pub async fn a_create_that_surely_did_not_happen_is_repeated(database: &Database) {
    let world = World::start(database, Plot::default()).await;
    world.faults.add(Fault::ServerError { status: 500 }, RouteKind::Create, When::Next(2));
    let story = world.done(&world.send(&mail("a@example.org", "printer", "It burns.")).await).await;
    assert_eq!(world.issue(&issue_of(&story)).await.summary, "printer");
    assert_eq!(world.desk.counts().issues_created, 1);
    assert_eq!(world.metric("sealpost_effect_repeats_total").await, 2);
    assert_eq!(world.metric("sealpost_effect_look_ups_total").await, 8, "four looks before each repeat");
    world.end().await;
}
