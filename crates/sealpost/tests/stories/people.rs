//! What becomes of the people of a mail in the tracker: only a proved sender is one of its accounts.

use super::mails;
use super::world::{World, told};
use rig::dns::Dns;
use rig::settings_file::quoted;
use std::fs;

/// A world that looks authors up: those of example.org are proved when their mail comes from here.
async fn proving(profile: &str) -> (World, Dns) {
    let dns = Dns::start("example.org TXT v=spf1 ip4:127.0.0.1 -all\n_dmarc.example.org TXT v=DMARC1; p=reject");
    let mut world = World::start().await;
    world.home.settings.set("[[mailbox]]", "authenticity", quoted("dns"));
    world.home.settings.set("[dns]", "servers", format!("[{}]", quoted(&dns.address().to_string())));
    fs::write(world.home.file("profile.toml"), profile).unwrap();
    (world, dns)
}

/// A mail of somebody else than Ann.
fn from(author: &str, mail: &[u8]) -> Vec<u8> {
    String::from_utf8_lossy(mail).replacen("Ann <ann@example.org>", author, 1).into_bytes()
}

fn reporter(world: &World, key: &str) -> String {
    world.fields(key)["reporter"]["displayName"].as_str().unwrap_or_default().to_owned()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn sec_01_only_a_proved_sender_reports_his_issue() {
    let (world, _dns) = proving("[default]\nproject = \"DEMO\"\n").await;
    world.desk.add_person("ann@example.org", "Ann of the desk").await.unwrap();
    world.desk.add_person("bob@unproved.example", "Bob of the desk").await.unwrap();
    let mut gateway = world.home.start();
    world.hand_in(&mails::request("a@example.org", "first", "It burns.")).await.unwrap();
    gateway.wait_until_quiet();
    let unproved = from("Bob <bob@unproved.example>", &mails::request("b@unproved.example", "second", "It burns."));
    world.hand_in(&unproved).await.unwrap();
    gateway.wait_until_quiet();
    // What was told of the project's fields is known by now, and is wrong from here on.
    world.desk.deny("DEMO", "MODIFY_REPORTER");
    world.hand_in(&mails::request("c@example.org", "third", "It burns.")).await.unwrap();
    gateway.wait_until_quiet();

    let issues = world.issues();
    let shown: Vec<(String, bool)> =
        issues.iter().map(|issue| (reporter(&world, &issue.key), issue.description.contains("@"))).collect();
    let expected = [("Ann of the desk", false), ("Sealpost", true), ("Sealpost", true)];
    assert_eq!(shown, expected.map(|(name, line)| (name.to_owned(), line)), "{issues:#?}");
    let left_out = world.messages()[0]["id"].as_str().unwrap().to_owned();
    let story = told(&world.run(&["message", "--config", "sealpost.toml", "show", &left_out]));
    assert!(story.contains("reporter") || story.contains("Reporter"), "{story}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_account_without_the_permission_is_refused_where_rights_are_asked_for() {
    let profile = "[default]\nproject = \"DEMO\"\nrights_of = \"everybody\"\nwithout_rights = \"hold\"\n";
    let (world, _dns) = proving(profile).await;
    world.desk.add_person("ann@example.org", "Ann of the desk").await.unwrap();
    let mut gateway = world.home.start();
    world.hand_in(&mails::request("a@example.org", "first", "It burns.")).await.unwrap();
    gateway.wait_until_quiet();
    world.desk.deny("DEMO", "CREATE_ISSUES");
    world.hand_in(&mails::request("b@example.org", "second", "It burns.")).await.unwrap();
    // Who has no account is an outsider like any other.
    world
        .hand_in(&from("Cleo <cleo@example.org>", &mails::request("c@example.org", "third", "It burns.")))
        .await
        .unwrap();
    gateway.wait_until_quiet();

    let subjects: Vec<String> = world.issues().into_iter().map(|issue| issue.summary).collect();
    assert_eq!(subjects, ["first", "third"]);
    let held: Vec<_> = world.messages().into_iter().filter(|line| line["outcome"] == "hold").collect();
    assert_eq!(held.len(), 1, "{held:#?}");
    let story = told(&world.run(&["message", "--config", "sealpost.toml", "show", held[0]["id"].as_str().unwrap()]));
    assert!(story.contains("the account of its sender may not create issues in DEMO"), "{story}");
}
