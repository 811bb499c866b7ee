//! A mailbox of Microsoft 365 is fetched by Graph: a scripted server gives tokens and mails, and keeps what was asked of it.

use super::fetching::{Post, answer, fetched, looked_at, request, summaries};
use super::world::{World, told};
use rig::gateway::Metrics;
use rig::graph::{GraphServer, INBOX, Mishap, TOKEN};
use rig::settings_file::quoted;
use rig::token_server::TokenServer;
use serde_json::json;

/// Before and after each gateway opens its mailbox for the first time.
const EARLY: &str = "2020-01-01T00:00:00Z";
const LATER: &str = "2099-01-01T00:00:00Z";

/// A world whose mailbox `post` lies at a scripted Graph, and the token server that lets into it.
async fn start() -> (Post<GraphServer>, TokenServer) {
    let world = World::start().await;
    let (server, tokens) = (GraphServer::start(), TokenServer::start());
    tokens.script().access = Box::new(|_| TOKEN.to_owned());
    tokens.script().client_secret = "planted-secret".into();
    world.home.write_secret("client.secret", "planted-secret");
    let section = [
        ("fetch", quoted("graph")),
        ("host", quoted("localhost")),
        ("tls", quoted("none")),
        ("port", server.port().to_string()),
        ("user", quoted("desk@example.org")),
        ("oauth", quoted("client_credentials")),
        ("oauth_client", quoted("gateway")),
        ("oauth_client_secret", quoted("file:client.secret")),
        ("oauth_token_url", quoted(&format!("{}/token", tokens.url))),
        ("oauth_allow_private", "true".to_owned()),
    ];
    (Post::on(server, world, &section), tokens)
}

impl Post<GraphServer> {
    fn put(&self, mail: &[u8]) -> String {
        self.server.put(INBOX, EARLY, mail)
    }
}

fn sum(metrics: &Metrics, name: &str) -> u64 {
    metrics.sum(&format!("sealpost_{name}"), &[])
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn mail_of_graph_becomes_issues_and_comments_and_old_mail_is_left_alone() {
    let (mut post, tokens) = start().await;
    post.set("mark_seen", true);
    let old = post.put(&request("old"));
    let checked = post.check();
    assert!(checked.contains("answers over Microsoft Graph, and 1 mail lies there"), "{checked}");
    let mut gateway = post.world.home.start();
    gateway.wait_for_log("opened for the first time");
    gateway.wait_until("looked into", |metrics| metrics.0.contains("fetched_age_seconds{mailbox=\"post\"}"));
    let new = post.put(&request("printer"));
    fetched(&mut gateway, 1);
    let reply = post.put(&answer("Still burning.", "printer"));
    fetched(&mut gateway, 2);
    gateway.wait_until("marked", |_| post.server.mails(INBOX).iter().filter(|(_, is_read)| *is_read).count() == 2);
    assert_eq!(post.server.mails(INBOX), [(old, false), (new, true), (reply, true)]);
    let issues = post.world.issues();
    assert_eq!((summaries(&post.world), issues[0].comments.len()), (vec!["printer".to_owned()], 1));
    let asked = tokens.script().asked.clone();
    assert!(!asked.is_empty() && asked.iter().all(|form| form["scope"] == "https://localhost/.default"), "{asked:?}");
    let output = post.world.home.command(&["mailbox", "--config", "sealpost.toml", "test", "post"]).output().unwrap();
    assert!(told(&output).contains("3 mails lie there"), "{}", told(&output));
    for written in [gateway.log(), gateway.output(), checked] {
        for word in [TOKEN, "planted-", "desk@example.org", "AAkALgAA"] {
            assert!(!written.contains(word), "{word}: {written}");
        }
    }
}

#[cfg(feature = "crash_points")]
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn fault_01_a_gateway_killed_at_any_place_of_a_round_through_graph_loses_and_doubles_nothing() {
    for death in [
        "intake_content_stored:2",
        "intake_taken_in:1",
        "intake_taken_in:2",
        "fetch_before_settle:1",
        "fetch_settled:1",
        "fetch_cursor_moved:1",
        "fetch_cursor_moved:2",
    ] {
        for (key, value) in [("move_to", quoted("Done")), ("delete_after_days", "0".to_owned())] {
            let (mut post, _tokens) = start().await;
            post.set("start", quoted("everything"));
            post.set(key, value);
            post.put(&request("printer"));
            post.put(&answer("Still burning.", "printer"));
            let mut gateway = post.world.home.spawn(&[("SEALPOST_CRASH", death)]);
            assert!(!gateway.wait_for_end().success(), "{death} is never reached: {}", gateway.log());
            drop(gateway);
            let mut gateway = post.world.home.start();
            gateway.wait_until("all stored and gone", |metrics| {
                sum(metrics, "messages") == 2 && post.server.mails(INBOX).is_empty()
            });
            gateway.wait_until_quiet();
            let comments = post.world.issues().iter().map(|issue| issue.comments.len()).sum::<usize>();
            assert_eq!((summaries(&post.world).len(), comments), (1, 1), "after {death}: {}", gateway.log());
        }
    }
}

#[cfg(feature = "crash_points")]
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn fault_24_a_gateway_killed_while_graph_names_mails_anew_loses_and_doubles_nothing() {
    for death in
        ["fetch_renamed:1", "intake_content_stored:3", "intake_taken_in:1", "fetch_settled:1", "fetch_cursor_moved:2"]
    {
        let (mut post, _tokens) = start().await;
        post.set("mark_seen", true);
        post.put(&request("old"));
        let mut gateway = post.world.home.start();
        gateway.wait_for_log("opened for the first time");
        looked_at(&mut gateway);
        for name in ["one", "two", "three"] {
            post.server.put(INBOX, LATER, &request(name));
        }
        fetched(&mut gateway, 3);
        looked_at(&mut gateway);
        drop(gateway);
        post.server.rename_all();
        post.server.put(INBOX, LATER, &request("between"));
        let mut gateway = post.world.home.spawn(&[("SEALPOST_CRASH", death)]);
        assert!(!gateway.wait_for_end().success(), "{death} is never reached: {}", gateway.log());
        drop(gateway);
        let mut gateway = post.world.home.start();
        gateway.wait_until("all stored", |metrics| sum(metrics, "messages") == 4);
        looked_at(&mut gateway);
        gateway.wait_until_quiet();
        let mut found = summaries(&post.world);
        found.sort();
        assert_eq!(found, ["between", "one", "three", "two"], "after {death}: {}", gateway.log());
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_graph_refuses_is_told_in_its_own_word() {
    let (post, _tokens) = start().await;
    let said = json!({ "error": { "code": "ErrorAccessDenied", "message": "planted desk@example.org" } });
    post.server.always("/mailFolders", Mishap::json(403, &said));
    let checked = post.check();
    assert!(checked.contains("SP-0403") && checked.contains("ErrorAccessDenied"), "{checked}");
    assert!(checked.contains("allow Mail.Read"), "{checked}");
    let gateway = post.world.home.start();
    let log = gateway.wait_for_log("a mailbox could not be fetched");
    assert!(log.contains("ErrorAccessDenied") && !log.contains("planted"), "{log}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn priv_33_a_person_is_asked_for_no_more_than_the_mailbox_does() {
    let (mut post, tokens) = start().await;
    tokens.script().client_secret.clear();
    post.set("oauth", quoted("person"));
    post.remove("oauth_client_secret");
    post.set("oauth_device_url", quoted(&format!("{}/device", tokens.url)));
    for (key, value, right) in [
        ("mark_seen", "false".to_owned(), "Mail.Read"),
        ("shared", "true".to_owned(), "Mail.Read.Shared"),
        ("move_to", quoted("Done"), "Mail.ReadWrite.Shared"),
    ] {
        post.set(key, value);
        for deed in ["sign-in", "test"] {
            let output = post.world.run(&["mailbox", "--config", "sealpost.toml", deed, "post"]);
            assert!(output.status.success(), "{}", told(&output));
        }
        let asked = std::mem::take(&mut tokens.script().asked);
        // What came by the sign-in is used until it ends, so the form that names rights may be the sign-in's.
        let scopes: Vec<&String> = asked.iter().filter_map(|form| form.get("scope")).collect();
        let right = format!("https://localhost/{right} offline_access");
        assert!(!scopes.is_empty() && scopes.iter().all(|scope| **scope == right), "{right}: {asked:?}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn wrong_settings_of_graph_are_told() {
    let (mut post, _tokens) = start().await;
    let right = post.section.clone();
    for (key, value, words) in [
        ("oauth", quoted("service_account"), ["mailbox[].oauth", "is Google's", "client_credentials"]),
        ("folder", quoted("a//b"), ["mailbox[].folder", "is no path of folders", "Support/New"]),
        ("move_to", quoted("InBox"), ["mailbox[].move_to", "is the folder that is read", "another"]),
        ("watch", "true".to_owned(), ["mailbox[].watch", "is for IMAP", "remove it"]),
        ("tls", quoted("starttls"), ["mailbox[].tls", "HTTPS", "remove it"]),
        ("preset", quoted("fastmail"), ["mailbox[].preset", "has no Microsoft Graph", "imap"]),
        ("password", quoted("file:client.secret"), ["mailbox[].password", "does not open", "oauth"]),
    ] {
        post.set(key, value);
        let told = post.check();
        let line = told.lines().find(|line| words.iter().all(|word| line.contains(word)));
        assert!(line.is_some(), "{words:?}: {told}");
        post.section.clone_from(&right);
        post.write();
    }
    post.remove("oauth");
    assert!(post.check().contains("mailbox[].oauth: is missing"), "{}", post.check());
}
