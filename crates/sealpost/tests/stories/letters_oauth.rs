//! Letters that leave by an account which is opened with tokens: a person signs in once, for sending alone.

use super::letters::{writing, written};
use super::mails;
use super::world::{World, told};
use rig::post_office::PostOffice;
use rig::settings_file::quoted;
use rig::token_server::TokenServer;

const USER: &str = "support@desk.example";
const SECTION: &str = "[[outgoing]]";

/// A world whose outgoing server takes letters by this mechanism from whoever has the first token of the token server.
async fn start(office: &PostOffice, mechanism: &str) -> (World, TokenServer) {
    let mut world = writing(USER, office).await;
    let server = TokenServer::start();
    office.ask_for_tokens(mechanism, &["planted-access-1"]);
    let settings = &mut world.home.settings;
    settings.set(SECTION, "user", quoted(USER));
    settings.set(SECTION, "oauth", quoted("person"));
    settings.set(SECTION, "oauth_client", quoted("gateway"));
    settings.set(SECTION, "oauth_scopes", quoted("send offline_access"));
    settings.set(SECTION, "oauth_allow_private", "true");
    settings.set(SECTION, "oauth_token_url", quoted(&format!("{}/token", server.url)));
    settings.set(SECTION, "oauth_device_url", quoted(&format!("{}/device", server.url)));
    (world, server)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_person_signs_in_for_sending_and_letters_leave_with_the_token() {
    for mechanism in ["XOAUTH2", "PLAIN OAUTHBEARER"] {
        let office = PostOffice::open();
        let (world, server) = start(&office, mechanism).await;
        let run = |words: &[&str]| told(&world.run(words));
        let said = run(&["check", "--config", "sealpost.toml"]);
        assert!(said.contains("Nobody has signed in for the outgoing post"), "{said}");
        assert!(said.contains("run `sealpost outgoing sign-in post`"), "{said}");
        let said = run(&["outgoing", "--config", "sealpost.toml", "sign-in", "post"]);
        assert!(said.contains("type ABCD-1") && said.contains("signed in for post"), "{said}");
        let said = run(&["check", "--config", "sealpost.toml"]);
        assert!(said.contains("outgoing post: 127.0.0.1 answers on port") && said.contains("we may log in"), "{said}");

        let mut gateway = world.home.start();
        world.hand_in(&mails::request("a@example.org", "printer", "It burns.")).await.unwrap();
        written(&mut gateway, 1);
        assert_eq!(office.wait_for(1)[0].rcpt_to, ["ann@example.org"]);
        assert!(office.said().iter().all(|said| said.contains(USER) && said.contains("auth=Bearer planted-access-1")));
        // What is asked for is to send, and no more than was written down.
        let asked = server.script().asked.clone();
        let scopes: Vec<&str> = asked.iter().filter_map(|form| form.get("scope")).map(String::as_str).collect();
        assert!(!scopes.is_empty() && scopes.iter().all(|scope| *scope == "send offline_access"), "{scopes:?}");
        for text in [gateway.log(), gateway.output(), said] {
            assert!(!text.contains("planted-"), "{text}");
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn wrong_settings_of_sending_with_tokens_are_told() {
    let office = PostOffice::open();
    let (mut world, _server) = start(&office, "XOAUTH2").await;
    let said = |world: &World| told(&world.run(&["check", "--config", "sealpost.toml"]));
    world.home.settings.set(SECTION, "password", quoted("file:post.password"));
    assert!(said(&world).contains("stands beside oauth"), "{}", said(&world));
    world.home.settings.remove(SECTION, "password");
    world.home.settings.remove(SECTION, "user");
    assert!(said(&world).contains("outgoing[].user: is missing"), "{}", said(&world));
    world.home.settings.set(SECTION, "user", quoted(USER));
    world.home.settings.remove(SECTION, "oauth_scopes");
    assert!(said(&world).contains("outgoing[].oauth_scopes: is missing"), "{}", said(&world));
    // A provider's preset knows server, token server and scopes.
    for key in ["oauth_token_url", "oauth_device_url", "host", "port", "tls"] {
        world.home.settings.remove(SECTION, key);
    }
    world.home.settings.set(SECTION, "preset", quoted("microsoft365"));
    let all = said(&world);
    assert!(!all.contains("outgoing[]") && all.contains("Nobody has signed in for the outgoing post"), "{all}");
    world.home.settings.remove(SECTION, "oauth");
    assert!(said(&world).contains("is for accounts with tokens"), "{}", said(&world));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_address_that_came_back_is_cleared_by_a_person() {
    let office = PostOffice::open();
    let world = writing(USER, &office).await;
    let run =
        |words: &[&str]| told(&world.run(&[&["outgoing", "--config", "sealpost.toml", "write-again"], words].concat()));
    let said = run(&["ann@example.org", "--site", "demo"]);
    assert!(said.contains("no letter of this site came back from that address"), "{said}");
    office.next(rig::post_office::Mishap::Refuse(550));
    let mut gateway = world.home.start();
    world.hand_in(&mails::request("a@example.org", "printer", "It burns.")).await.unwrap();
    written(&mut gateway, 1);
    let said = run(&["Ann@example.org", "--site", "demo"]);
    assert!(said.contains("1 letter that came back counts no more"), "{said}");
    assert!(run(&["ann@example.org", "--site", "demm"]).contains("did you mean demo?"));
}
