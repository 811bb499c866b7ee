//! A mail is replayed under other rules with the real program: shown first, then done, and nothing twice.

use super::mails;
use super::world::{World, lines, told};
use rustix::process::Signal;
use std::fs;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_mail_is_replayed_on_the_command_line() {
    let world = World::start().await;
    world.desk.add_project("SALES", "Sales").await.unwrap();
    let mut gateway = world.home.start();
    world.hand_in(&mails::request("a@example.org", "printer", "It burns.")).await.unwrap();
    gateway.wait_until_quiet();
    let id = world.messages()[0]["id"].as_str().unwrap().to_owned();
    let replay = |words: &[&str]| {
        let output = world.run(&[&["message", "--config", "sealpost.toml", "replay", id.as_str()], words].concat());
        (output.status.success(), told(&output), lines(&output))
    };
    let (done, _, shown) = replay(&[]);
    assert!(done && shown[0]["fresh"].as_array().unwrap().is_empty(), "{shown:?}");
    assert_eq!(shown[0]["adopted"].as_array().unwrap().len(), 1);

    // A draft is tried on it before it is in force anywhere.
    let profile = world.home.file("profile.toml");
    let text = fs::read_to_string(&profile).unwrap();
    fs::write(world.home.file("draft.toml"), text.replace("DEMO", "SALES")).unwrap();
    for words in [&["--rules", "draft.toml"][..], &["--profile", "draft (tried)", "--version", "1"]] {
        let (done, said, shown) = replay(words);
        assert!(done, "{said}");
        assert_eq!(shown[0]["plan"]["profile"], "draft (tried)");
        assert_eq!(shown[0]["before"]["profile"], "support");
        let changed = serde_json::json!({"at": "steps[0].project", "before": "DEMO", "now": "SALES"});
        assert!(shown[0]["changed"].as_array().unwrap().contains(&changed), "{shown:?}");
    }
    let (done, said, _) = replay(&["--profile", "nobody"]);
    assert!(!done && said.contains("no such version"), "{said}");
    let (done, said, shown) = replay(&["--profile", "support"]);
    assert!(done && shown[0]["changed"].as_array().unwrap().is_empty(), "{said}");
    assert!(world.issues_of("SALES").unwrap().is_empty(), "showing it does nothing");

    fs::write(&profile, text.replace("DEMO", "SALES")).unwrap();
    gateway.signal(Signal::HUP);
    gateway.wait_for_log("mailboxes and profiles are reloaded");
    let (done, _, shown) = replay(&[]);
    assert!(done && shown[0]["plan"]["steps"][0]["project"] == "SALES", "{shown:?}");
    assert!(world.issues_of("SALES").unwrap().is_empty(), "showing it does nothing");
    let (done, said, _) = replay(&["--yes"]);
    assert!(done, "{said}");
    gateway.wait_until_quiet();
    assert_eq!((world.issues_of("SALES").unwrap().len(), world.issues().len()), (1, 1));

    let output = world.run(&["message", "--config", "sealpost.toml", "erase", &id]);
    assert!(output.status.success(), "{}", told(&output));
    let (done, said, _) = replay(&[]);
    assert!(!done && said.contains("Its content was erased"), "{said}");
}

#[cfg(feature = "crash_points")]
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn killed_in_a_replay_it_happens_once() {
    for point in engine::crash_point::REPLAYING {
        let world = World::start().await;
        world.desk.add_project("SALES", "Sales").await.unwrap();
        let mut gateway = world.home.start();
        world.hand_in(&mails::request("a@example.org", "printer", "It burns.")).await.unwrap();
        gateway.wait_until_quiet();
        let id = world.messages()[0]["id"].as_str().unwrap().to_owned();
        drop(gateway);
        let profile = world.home.file("profile.toml");
        fs::write(&profile, fs::read_to_string(&profile).unwrap().replace("DEMO", "SALES")).unwrap();
        let mut gateway = world.home.spawn(&[("SEALPOST_CRASH", &format!("{point}:1"))]);
        gateway.wait_until_ready().unwrap();
        let asking = std::thread::spawn({
            let mut command = world.home.command(&["message", "--config", "sealpost.toml", "replay", &id, "--yes"]);
            move || command.output().unwrap()
        });
        gateway.wait_for_end();
        let mut gateway = world.home.start();
        let output = asking.join().unwrap();
        assert!(output.status.success(), "{point}: {}", told(&output));
        gateway.wait_until_quiet();
        assert_eq!((world.issues_of("SALES").unwrap().len(), world.issues().len()), (1, 1), "{point}");
    }
}
