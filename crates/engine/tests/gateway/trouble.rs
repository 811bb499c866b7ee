//! A tracker in trouble: what is waited for, what is looked for, and what is never done twice.

use super::reading::{Direct, Themes};
use super::world::{
    Database, Plot, SUPPORT, World, desk, issue_of, mail, mail_with_files, mailbox, quick, reply, send, voice, voice_of,
};
use ::desk::{Fault, RouteKind, When};
use engine::{Gateway, Mailbox, Parts, Site, Tokens};
use std::sync::Arc;
use std::time::{Duration, Instant};
use store::{JobState, Story};

pub async fn fault_15_a_site_that_says_when_is_left_alone_until_then(database: &Database) {
    let world = World::start(database, Plot::default()).await;
    world.faults.add(Fault::RateLimit { retry_after_s: 2 }, RouteKind::Create, When::Next(1));
    let sent_at = Instant::now();
    let message = world.send(&mail("a@example.org", "printer", "It burns.")).await;
    let parked =
        world.wait_until(&message, |story| story.line.job == JobState::Waiting && story.line.fault.is_some()).await;
    assert_eq!(parked.line.fault.map(|fault| fault.code), Some(policy::FaultCode::TrackerBusy));
    let story = world.done(&message).await;
    assert!(sent_at.elapsed() >= Duration::from_secs(2), "tried again after {:?}", sent_at.elapsed());
    assert_eq!(story.tries, 1, "a wait that the tracker asked for is no failed try");
    assert_eq!(world.desk.counts().issues_created, 1);
    world.end().await;
}

/// Two sites in one gateway: what one of them asks for is nothing to the other.
pub async fn fault_15_a_limit_at_one_site_leaves_the_other_unaffected(database: &Database) {
    let world = World::start(database, Plot::default()).await;
    world.gateway.shutdown().await;
    let folder = tempfile::tempdir().unwrap();
    let (other_desk, url, _stop) = desk(folder.path(), 1 << 20, world.dialect).await;
    let settings = quick();
    let site = |name: &str, voice| Site::new(name, world.dialect, voice, &settings);
    let gateway = Gateway::start(Parts {
        store: world.store.clone(),
        reader: Arc::new(Direct::default()),
        letters: Arc::new(Themes),
        sites: vec![site("acme", voice_of(&world)), site("other", voice(&url, world.dialect))],
        mailboxes: vec![mailbox("support", SUPPORT), Mailbox { site: "other".to_owned(), ..mailbox("sales", SUPPORT) }],
        plans: vec![],
        bulletins: engine::Bulletins::default(),
        tokens: Tokens::new(world.store.clone()),
        settings: settings.clone(),
    });
    world.faults.add(Fault::RateLimit { retry_after_s: 600 }, RouteKind::Any, When::Always);
    let limited = send(&gateway, "support", &mail("a@example.org", "printer", "It burns.")).await.unwrap();
    let parked =
        |story: &Story| story.line.fault.as_ref().is_some_and(|fault| fault.code == policy::FaultCode::TrackerBusy);
    world.wait_until(&limited, |story| story.line.job == JobState::Waiting && parked(story)).await;
    for number in 0..5 {
        let free = mail(&format!("{number}@example.org"), "printer", "It burns.");
        world.done(&send(&gateway, "sales", &free).await.unwrap()).await;
    }
    assert_eq!((world.desk.counts().issues_created, other_desk.counts().issues_created), (0, 5));
    let limited = world.store.story(&limited).await.unwrap().unwrap();
    assert!(limited.line.job == JobState::Waiting && parked(&limited), "{limited:#?}");
    let metrics = gateway.metrics().await;
    let counted = |site: &str| {
        let name = format!("sealpost_site_limited_total{{site=\"{site}\",");
        let values =
            metrics.lines().filter_map(|line| line.strip_prefix(&name)?.rsplit_once(' ')?.1.parse::<u64>().ok());
        values.sum::<u64>()
    };
    assert!(counted("acme") >= 1 && counted("other") == 0, "{metrics}");
    gateway.shutdown().await;
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
