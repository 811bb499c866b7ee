//! What becomes of the people of a mail in the tracker: only a proved sender is one of its accounts.

use super::mails;
use super::world::{World, told};
use rig::dns::Dns;
use rig::settings_file::quoted;
use serde_json::Value;
use std::fs;

/// A world that looks authors up: those of example.org are proved when their mail comes from here.
async fn proving(profile: &str) -> (World, Dns) {
    proving_in(World::start().await, profile)
}

fn proving_in(mut world: World, profile: &str) -> (World, Dns) {
    let dns = Dns::start("example.org TXT v=spf1 ip4:127.0.0.1 -all\n_dmarc.example.org TXT v=DMARC1; p=reject");
    world.home.settings.set("[[mailbox]]", "authenticity", quoted("dns"));
    world.home.settings.set("[dns]", "servers", format!("[{}]", quoted(&dns.address().to_string())));
    fs::write(world.home.file("profile.toml"), profile).unwrap();
    (world, dns)
}

/// A mail of somebody else than Ann.
fn from(author: &str, mail: &[u8]) -> Vec<u8> {
    String::from_utf8_lossy(mail).replacen("Ann <ann@example.org>", author, 1).into_bytes()
}

/// A mail that is sent to somebody else, too.
fn with_copy(to: &str, mail: &[u8]) -> Vec<u8> {
    String::from_utf8_lossy(mail).replacen("\r\nSubject:", &format!("\r\nCc: {to}\r\nSubject:"), 1).into_bytes()
}

fn names(people: &Value) -> Vec<&str> {
    people.as_array().into_iter().flatten().filter_map(|one| one["displayName"].as_str()).collect()
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
    let output = world.run(&["message", "--config", "sealpost.toml", "show", &left_out]);
    let story: Value = serde_json::from_slice(&output.stdout).unwrap();
    let receipts = story["ledger"].as_array().unwrap().iter().map(|line| &line["receipt"]);
    let left_out = receipts.filter_map(|receipt| receipt["left_out"].as_array()).flatten();
    let ids: Vec<&Value> = left_out.map(|field| &field["id"]).collect();
    assert_eq!(ids, ["reporter"], "{story:#}");
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

const SERVICE: &str = "[default]\nproject = \"DEMO\"\nwatchers = [\"cc\"]\nrequest_participants = [\"cc\"]\n\
                       customers = [\"sender\"]\ncustomers_block = \"*@blocked.example\"\n\
                       organisations = [\"Example Ltd\"]\ncustomer_organisations = [\"Other Ltd\"]\nto_field = \"Contacts\"\n";

/// Ann has no account and becomes a customer who reports her issue; Bob has one and takes part in it.
async fn a_proved_sender_brings_people_along(world: World) {
    let (world, _dns) = proving_in(world, SERVICE);
    world.desk.add_person("bob@elsewhere.example", "Bob of the desk").await.unwrap();
    let mut gateway = world.home.start();
    let first = with_copy("Bob <bob@elsewhere.example>", &mails::request("a@example.org", "first", "It burns."));
    world.hand_in(&first).await.unwrap();
    gateway.wait_until_quiet();
    let second = from("Eve <eve@unproved.example>", &first);
    let second = String::from_utf8_lossy(&second).replace("a@example.org>", "b@unproved.example>").into_bytes();
    world.hand_in(&second).await.unwrap();
    gateway.wait_until_quiet();

    let fields = world.fields("DEMO-1");
    let told = told(&world.run(&["message", "--config", "sealpost.toml", "list"]));
    assert_eq!(reporter(&world, "DEMO-1"), "Ann", "{fields:#} {told}");
    assert_eq!(names(&fields["customfield_10118"]), ["Bob of the desk"]);
    assert_eq!(fields["customfield_10119"][0]["name"], "Example Ltd");
    assert!(names(&world.read("issue/DEMO-1/watchers")["watchers"]).contains(&"Bob of the desk"));
    assert!(
        fields["description"].to_string().contains("It burns.") && !fields["description"].to_string().contains('@')
    );

    let unproved = world.fields("DEMO-2");
    assert_eq!(reporter(&world, "DEMO-2"), "Sealpost");
    assert!(names(&unproved["customfield_10118"]).is_empty(), "{unproved:#}");
    assert!(!names(&world.read("issue/DEMO-2/watchers")["watchers"]).contains(&"Bob of the desk"));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn sec_05_a_proved_sender_brings_people_along_and_nobody_else_does() {
    a_proved_sender_brings_people_along(World::start().await).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn sec_05_a_proved_sender_brings_people_along_on_data_center() {
    a_proved_sender_brings_people_along(World::start_data_center().await).await;
}

const KEPT: &str = "sender_address_field = \"Mail sender address\"\nsender_name_field = \"Mail sender name\"\n\
                    participants_field = \"Mail participants\"\n";

/// Everything that stands in further fields of an issue.
fn further_fields(world: &World, key: &str) -> String {
    let fields = world.fields(key);
    let further = fields.as_object().unwrap().iter().filter(|(id, _)| id.starts_with("customfield_"));
    further.map(|(_, value)| value.to_string()).collect()
}

/// Nothing until an administrator makes the fields and names them.
async fn addresses_stand_in_fields_only_on_request(world: World) {
    let profile = "[default]\nproject = \"DEMO\"\n";
    fs::write(world.home.file("profile.toml"), profile).unwrap();
    let mut gateway = world.home.start();
    let mail = |id: &str| with_copy("Cleo <cleo@other.example>", &mails::request(id, "printer", "It burns."));
    world.hand_in(&mail("a@example.org")).await.unwrap();
    gateway.wait_until_quiet();
    assert!(!further_fields(&world, "DEMO-1").contains('@'), "{}", further_fields(&world, "DEMO-1"));
    drop(gateway);

    let site_fields = |more: &[&str]| {
        let words = [&["site", "--config", "sealpost.toml", "fields", "demo"], more].concat();
        let output = world.run(&words);
        (output.status.success(), told(&output))
    };
    fs::write(world.home.file("profile.toml"), format!("{profile}{KEPT}")).unwrap();
    let (there, said) = site_fields(&[]);
    assert!(!there && said.matches("MISSING").count() == 3, "{said}");
    assert!(said.contains("everybody who sees an issue sees it"), "{said}");
    let said = told(&world.run(&["check", "--config", "sealpost.toml"]));
    assert!(said.contains("`sealpost site fields demo --create` makes what is missing"), "{said}");
    world.desk.deny("", "ADMINISTER");
    let (made, said) = site_fields(&["--create"]);
    assert!(!made && said.contains("Administer Jira"), "{said}");
    world.desk.allow("", "ADMINISTER");
    let (made, said) = site_fields(&["--create"]);
    assert!(made && said.matches("on the default screen").count() == 3, "{said}");
    let (there, said) = site_fields(&["--create"]);
    assert!(there && said.matches("there  ").count() == 3, "a field is made once: {said}");

    let mut gateway = world.home.start();
    world.hand_in(&mail("b@example.org")).await.unwrap();
    gateway.wait_until_quiet();
    let kept = further_fields(&world, "DEMO-2");
    assert!(kept.contains("ann@example.org") && kept.contains("cleo@other.example"), "{kept}");
    let reply = mails::reply("c@example.org", "b@example.org", "Re: printer", "And Dora?", "It burns.");
    world.hand_in(&with_copy("dora@other.example", &reply)).await.unwrap();
    gateway.wait_until_quiet();
    let kept = further_fields(&world, "DEMO-2");
    assert!(kept.contains("cleo@other.example") && kept.contains("dora@other.example"), "{kept}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn priv_12_addresses_stand_in_fields_only_on_request() {
    addresses_stand_in_fields_only_on_request(World::start().await).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn priv_12_addresses_stand_in_fields_only_on_request_on_data_center() {
    addresses_stand_in_fields_only_on_request(World::start_data_center().await).await;
}
