//! Signals: SIGHUP swaps what is right and keeps the old otherwise; SIGTERM ends in time and loses nothing.

use super::mails;
use super::world::{World, hand_in};
use desk::{Fault, RouteKind, When};
use rig::settings_file::quoted;
use rustix::process::Signal;
use std::fs;
use std::time::{Duration, Instant};

/// FAULT-37.
const STOP_WITHIN: Duration = Duration::from_secs(30);

const IGNORES: &str = "[default]\nproject = \"DEMO\"\nissue_type = \"Task\"\n\n\
                       [[rule]]\nname = \"nothing from ann\"\nfrom = [\"ann@example.org\"]\noutcome = \"ignore\"\n";
const WRONG: &str = "[default]\nproject = \"DEMO\"\nissue_tipe = \"Task\"\n";

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn sighup_swaps_a_changed_profile_and_refuses_a_wrong_one() {
    let world = World::start().await;
    let mut gateway = world.home.start();
    let profile = world.home.file("profile.toml");
    world.hand_in(&mails::request("a@example.org", "before", "text")).await.unwrap();
    gateway.wait_until_quiet();

    fs::write(&profile, IGNORES).unwrap();
    gateway.signal(Signal::HUP);
    gateway.wait_for_log("mailboxes and profiles are reloaded");
    world.hand_in(&mails::request("b@example.org", "under the new profile", "text")).await.unwrap();
    gateway.wait_until_quiet();

    fs::write(&profile, WRONG).unwrap();
    gateway.signal(Signal::HUP);
    let log = gateway.wait_for_log("settings were not reloaded");
    assert!(log.contains("issue_tipe") && log.contains("issue_type"), "the wrong key and the nearest one: {log}");
    world.hand_in(&mails::request("c@example.org", "still under the new profile", "text")).await.unwrap();
    gateway.wait_until_quiet();

    let summaries: Vec<String> = world.issues().into_iter().map(|issue| issue.summary).collect();
    assert_eq!(summaries, ["before"]);
    // A command of its own reads the settings too, and would refuse them.
    fs::write(&profile, IGNORES).unwrap();
    let reasons: Vec<String> = world.messages().iter().map(|line| line["reason"].to_string()).collect();
    assert!(reasons[0].contains("nothing from ann") && reasons[1].contains("nothing from ann"), "{reasons:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn sighup_names_what_has_no_effect_before_a_restart() {
    let mut world = World::start().await;
    let gateway = world.home.start();
    gateway.signal(Signal::HUP);
    let log = gateway.wait_for_log("are reloaded");
    assert!(!log.contains("no effect before a restart"), "nothing has changed: {log}");

    world.home.settings.set("[public]", "listen", quoted("127.0.0.1:0"));
    world.home.settings.set("[work]", "jobs_at_once", 7);
    let text = world.home.settings.text()
        + "\n[[mailbox]]\nname = \"shop\"\nsite = \"demo\"\nprofile = \"support\"\napi = true\n";
    fs::write(world.home.file("sealpost.toml"), text).unwrap();
    gateway.signal(Signal::HUP);
    let log = gateway.wait_for_log("work.jobs_at_once");
    let warned: Vec<&str> = log.lines().filter(|line| line.contains("no effect before a restart")).collect();
    for key in ["public.listen", "work.jobs_at_once", "mailbox[shop].api"] {
        assert!(warned.iter().any(|line| line.contains(key) && line.contains("WARN")), "{key}: {log}");
    }
    assert_eq!(warned.len(), 3, "{log}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn fault_37_sigterm_under_load_ends_in_time_and_loses_nothing() {
    const MAILS: usize = 60;
    let world = World::start().await;
    world.desk.faults().add(Fault::Slow { delay_ms: 300 }, RouteKind::Create, When::Always);
    let mut gateway = world.home.start();
    let smtp = world.home.smtp;
    // Goes on sending while the process stops; a mail without 250 is sent again in the next round.
    let sender = tokio::spawn(async move {
        let mut refused = Vec::new();
        for number in 0..MAILS {
            let mail = mails::request(&format!("{number}@example.org"), &format!("mail {number:02}"), "text");
            if hand_in(smtp, &mail).await.is_err() {
                refused.push(mail);
            }
        }
        refused
    });
    gateway.wait_until("at work", |metrics| metrics.sum("sealpost_effects_total", &[]) >= 3);
    gateway.signal(Signal::TERM);
    let told = Instant::now();
    let status = gateway.wait_for_end();
    assert!(told.elapsed() < STOP_WITHIN, "it took {:?}", told.elapsed());
    assert_eq!(status.code(), Some(0), "{}", gateway.log());
    let refused = sender.await.unwrap();

    let states: Vec<String> = world.messages().iter().map(|line| line["job"].to_string()).collect();
    assert!(!states.contains(&"\"running\"".to_owned()), "leases were given back: {states:?}");

    let mut gateway = world.home.start();
    for mail in &refused {
        world.hand_in(mail).await.unwrap();
    }
    let metrics = gateway.wait_until_quiet();
    assert_eq!(metrics.sum("sealpost_effects_in_doubt_total", &[]), 0, "an orderly stop leaves nothing in doubt");
    let mut summaries: Vec<String> = world.issues().into_iter().map(|issue| issue.summary).collect();
    summaries.sort();
    let expected: Vec<String> = (0..MAILS).map(|number| format!("mail {number:02}")).collect();
    assert_eq!(summaries, expected);
}
