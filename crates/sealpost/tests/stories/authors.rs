//! Authors are verified in the way that the settings name, and the story of a mail says what came of it.

use super::mails;
use super::world::{World, told};
use rig::dns::Dns;
use rig::settings_file::quoted;

/// What `sealpost message show` prints of the only mail.
fn story(world: &World) -> String {
    let messages = world.messages();
    assert_eq!(messages.len(), 1, "{messages:#?}");
    let id = messages[0]["id"].as_str().unwrap().to_owned();
    told(&world.run(&["message", "--config", "sealpost.toml", "show", &id]))
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn sec_01_an_author_is_verified_in_dns() {
    let dns = Dns::start("example.org TXT v=spf1 ip4:127.0.0.1 -all\n_dmarc.example.org TXT v=DMARC1; p=reject");
    let mut world = World::start().await;
    world.home.settings.set("[[mailbox]]", "authenticity", quoted("dns"));
    world.home.settings.set("[dns]", "servers", format!("[{}]", quoted(&dns.address().to_string())));
    world.home.write_settings();
    let mut gateway = world.home.start();
    world.hand_in(&mails::request("a@example.org", "printer", "It burns.")).await.unwrap();
    gateway.wait_until_quiet();
    let story = story(&world);
    assert!(story.contains("ann@example.org, authentic (spf of example.org passes)"), "{story}");
    assert!(dns.asked().contains(&"_dmarc.example.org TXT".to_owned()), "{:?}", dns.asked());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn sec_04_an_author_is_verified_by_the_server_before_us() {
    let mut world = World::start().await;
    world.home.settings.set("[[mailbox]]", "authenticity", quoted("header"));
    world.home.settings.set("[[mailbox]]", "authserv_id", quoted("mx.desk.example"));
    world.home.write_settings();
    let mut gateway = world.home.start();
    let results = b"Authentication-Results: mx.desk.example; dmarc=pass header.from=example.org\r\n";
    let mail = [&results[..], &mails::request("a@example.org", "printer", "It burns.")].concat();
    world.hand_in(&mail).await.unwrap();
    gateway.wait_until_quiet();
    let story = story(&world);
    assert!(story.contains("ann@example.org, authentic (dmarc of example.org passes)"), "{story}");
}
