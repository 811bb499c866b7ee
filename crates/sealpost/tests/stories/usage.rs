//! What came and went is told by the command line, a plan holds mail back until an upgrade, and administrators are told of it.

use super::mails;
use super::world::{World, lines, told};
use rig::post_office::PostOffice;
use rig::settings_file::quoted;
use rustix::process::Signal;
use std::fs;

fn add_plan(world: &mut World, messages: u32) {
    let plan = [("name", quoted("small")), ("sites", "[\"demo\"]".to_owned()), ("messages", messages.to_string())];
    world.home.settings.add("[[plan]]", &plan);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_spent_plan_holds_mail_back_until_an_upgrade_and_says_so() {
    let office = PostOffice::open();
    let mut world = World::start().await;
    add_plan(&mut world, 2);
    let post = [
        ("name", quoted("post")),
        ("host", quoted("127.0.0.1")),
        ("port", office.port().to_string()),
        ("tls", quoted("none")),
    ];
    world.home.settings.add("[[outgoing]]", &post);
    for (key, value) in [("outgoing", "post"), ("from", "Support <support@desk.example>")] {
        world.home.settings.set("[[site]]", key, quoted(value));
    }
    world.home.settings.set("[[site]]", "dead_end", false);
    let rule =
        [("name", quoted("ops")), ("causes", "[\"usage\"]".to_owned()), ("to", "[\"ann@ops.example\"]".to_owned())];
    world.home.settings.add("[[bulletin]]", &rule);
    let mut gateway = world.home.start();
    for id in ["a@example.org", "b@example.org"] {
        world.hand_in(&mails::request(id, id, "text")).await.unwrap();
    }
    gateway.wait_until_quiet();
    let third = mails::request("c@example.org", "third", "text");
    let refused = world.hand_in(&third).await.unwrap_err();
    assert!(refused.detail.contains("452") && refused.detail.contains("SP-0108"), "{refused:?}");

    let counted = lines(&world.run(&["usage", "--config", "sealpost.toml", "--json"]));
    let sum: u64 =
        counted.iter().filter(|line| line["kind"] == "mail").map(|line| line["messages"].as_u64().unwrap()).sum();
    assert_eq!(sum, 2, "{counted:#?}");
    assert!(counted.iter().all(|line| line["class"] == "standard" || line["kind"] != "mail"), "{counted:#?}");
    let table = told(&world.run(&["usage", "--config", "sealpost.toml"]));
    assert!(table.contains("plan small is spent: 2 of 2 messages"), "{table}");
    let csv = told(&world.run(&["usage", "--config", "sealpost.toml", "--csv", "--site", "demo"]));
    assert!(csv.contains(",demo,mail,in,standard,2,"), "{csv}");
    let none = told(&world.run(&["usage", "--config", "sealpost.toml", "--month", "2020-01"]));
    assert!(none.contains("nothing was counted"), "{none}");

    // Administrators are told, though the plan is spent; of a test, too.
    let tested = world.run(&["bulletin", "--config", "sealpost.toml", "test", "ops"]);
    assert!(tested.status.success(), "{}", told(&tested));
    let posted = office.wait_for(2);
    assert!(posted.iter().all(|mail| mail.rcpt_to == ["ann@ops.example"]), "{posted:#?}");
    assert!(posted.iter().any(|mail| mail.mail.contains("The capacity plan small leaves no room")), "{posted:#?}");

    let upgraded = world.home.settings.text().replace("messages = 2", "messages = 20");
    fs::write(world.home.file("sealpost.toml"), upgraded).unwrap();
    gateway.signal(Signal::HUP);
    gateway.wait_for_log("are reloaded");
    world.hand_in(&third).await.unwrap();
    gateway.wait_until_quiet();
    assert_eq!(world.issues().len(), 3);
}
