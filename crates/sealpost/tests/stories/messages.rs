//! The story of each mail on the command line: list, show, export, wake.

use super::mails;
use super::world::{World, lines, told};
use serde_json::Value;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_mail_has_a_story_that_can_be_shown_and_exported() {
    let world = World::start().await;
    let mut gateway = world.home.start();
    let mail = mails::with_files("a@example.org", "The printer burns", "Flames.", &[("photo.bin", 5000)]);
    let id = world.hand_in(&mail).await.unwrap().id().unwrap().to_owned();
    let automatic = String::from_utf8(mails::request("b@example.org", "Out of office", "Back on Monday.")).unwrap();
    let automatic = automatic.replacen("Date:", "Auto-Submitted: auto-replied\r\nDate:", 1);
    world.hand_in(automatic.as_bytes()).await.unwrap();
    gateway.wait_until_quiet();

    let listed = world.messages();
    let outcomes: Vec<&str> = listed.iter().map(|line| line["outcome"].as_str().unwrap()).collect();
    assert_eq!(outcomes, ["ignore", "create"], "newest first: {listed:#?}");
    assert_eq!((&listed[1]["id"], &listed[1]["issue_key"]), (&Value::from(id.as_str()), &Value::from("DEMO-1")));
    assert_eq!(listed[1]["subject"], "The printer burns");
    assert!(listed.iter().all(|line| !line["reason"].as_str().unwrap().is_empty()), "{listed:#?}");

    let by = |words: &[&str]| {
        let listed = world.run(&[&["message", "--config", "sealpost.toml", "list"], words].concat());
        assert!(listed.status.success(), "{}", told(&listed));
        lines(&listed).iter().map(|line| line["subject"].as_str().unwrap().to_owned()).collect::<Vec<_>>()
    };
    assert_eq!(by(&["--issue", "demo-1", "--state", "done", "--from", "2020-01-01"]), ["The printer burns"]);
    assert_eq!(by(&["--outcome", "ignore", "--site", "demo"]), ["Out of office"]);
    let all = ["--sender", "ann@example.org", "--state", "done"];
    assert_eq!(by(&all), ["Out of office", "The printer burns"]);
    assert_eq!(by(&[&all[..], &["--outcome", "ignore"]].concat()), ["Out of office"]);
    assert_eq!(by(&["--project", "DEMO", "--until", "2020-01-01T00:00:00Z"]), Vec::<String>::new());
    assert_eq!(by(&["--mailbox", "nowhere"]), Vec::<String>::new());
    for wrong in [["--state", "asleep"], ["--outcome", "lost"], ["--from", "yesterday"]] {
        let refused = world.run(&[&["message", "--config", "sealpost.toml", "list"], &wrong[..]].concat());
        assert_eq!(refused.status.code(), Some(2), "{}", told(&refused));
    }

    let shown = world.run(&["message", "--config", "sealpost.toml", "show", &id]);
    let story: Value = serde_json::from_slice(&shown.stdout).unwrap();
    assert_eq!(story["plan"]["steps"].as_array().unwrap().len(), 2, "{story:#}");
    let ledger = story["ledger"].as_array().unwrap();
    assert!(ledger.len() == 2 && ledger.iter().all(|line| line["receipt"].is_object()), "{story:#}");

    let exported = world.run(&["message", "--config", "sealpost.toml", "export", &id]);
    assert!(exported.stdout.ends_with(&mail));
    for what in ["show", "export", "wake"] {
        let unknown = world.run(&["message", "--config", "sealpost.toml", what, "nothing"]);
        assert_eq!(unknown.status.code(), Some(1), "{what}: {}", told(&unknown));
        assert!(String::from_utf8_lossy(&unknown.stderr).contains("nothing"), "{}", told(&unknown));
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_refused_mail_is_woken_by_a_person_and_ends_well() {
    let world = World::start().await;
    let profile = "[default]\nproject = \"LATER\"\nissue_type = \"Task\"\n";
    std::fs::write(world.home.file("profile.toml"), profile).unwrap();
    let mut gateway = world.home.start();
    let mail = mails::request("a@example.org", "The printer burns", "Flames.");
    let id = world.hand_in(&mail).await.unwrap().id().unwrap().to_owned();
    gateway.wait_until("given to a person", |metrics| {
        metrics.sum("sealpost_jobs", &["state=\"dead\""]) + metrics.sum("sealpost_jobs", &["state=\"held\""]) == 1
    });
    assert_eq!(world.issues_of("LATER"), None, "there is no such project yet");
    std::fs::write(world.home.file("again.eml"), mails::request("b@example.org", "It still burns", "Flames.")).unwrap();
    let waited = world.run(&["deliver", "--config", "sealpost.toml", "--wait", "again.eml"]);
    assert_eq!(waited.status.code(), Some(1), "a mail that was given up is no success: {}", told(&waited));
    assert!(String::from_utf8_lossy(&waited.stderr).contains("was given up: SP-0"), "{}", told(&waited));

    world.desk.add_project("LATER", "Made after the first try").await.unwrap();
    let woken = world.run(&["message", "--config", "sealpost.toml", "wake", &id]);
    assert!(woken.status.success(), "{}", told(&woken));
    gateway.wait_until("done", |metrics| {
        metrics.open_jobs() == 0 && metrics.sum("sealpost_jobs", &["kind=\"carry\"", "state=\"done\""]) == 1
    });
    assert_eq!(world.issues_of("LATER").unwrap().len(), 1, "only one was woken");
    let again = world.run(&["message", "--config", "sealpost.toml", "wake", &id]);
    assert_eq!(again.status.code(), Some(1), "what is done is not woken: {}", told(&again));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_flag_lasts_no_longer_than_its_site_keeps_flags() {
    let mut world = World::start().await;
    let mut gateway = world.home.start();
    let mail = mails::request("a@example.org", "The printer burns", "Flames.");
    let id = world.hand_in(&mail).await.unwrap().id().unwrap().to_owned();
    gateway.wait_until_quiet();
    let flagged = |world: &World, days: &str| {
        let words = ["message", "--config", "sealpost.toml", "flag", &id, "--reason", "Why an issue?", "--days", days];
        let output = world.run(&words);
        assert!(output.status.success(), "{}", told(&output));
        let said = String::from_utf8_lossy(&output.stdout).into_owned();
        let (_, until) = said.split_once("is flagged until ").unwrap_or_else(|| panic!("{said}"));
        let until = until.split([';', '\n']).next().unwrap().parse::<jiff::Timestamp>().unwrap();
        let hours = until.duration_since(jiff::Timestamp::now()).as_secs_f64() / 3600.0;
        ((hours / 24.0).round() as u32, said)
    };
    let (days, said) = flagged(&world, "20");
    assert!(days == 20 && !said.contains("keep_flags_days"), "{said}");
    world.home.settings.set("[store]", "keep_flags_days", 10);
    let (days, said) = flagged(&world, "20");
    assert!(days == 10 && said.contains("no flag of site demo lasts longer than 10 days (keep_flags_days)"), "{said}");
    world.home.settings.set("[[site]]", "keep_flags_days", 3);
    assert_eq!(flagged(&world, "20").0, 3);
    let (days, said) = flagged(&world, "2");
    assert!(days == 2 && !said.contains("keep_flags_days"), "{said}");
}
