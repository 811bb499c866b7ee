//! A mailbox is looked into because somebody asks for it, and tells him what became of each mail.

use super::fetching::{Post, fetched, request};
use super::mails;
use super::world::{lines, told};
use rig::settings_file::quoted;
use serde_json::{Value, json};
use std::process::Output;

/// A world whose mailbox is looked into when it starts and when somebody asks.
async fn start(fetch: &str) -> Post {
    let mut post = Post::start().await;
    post.set("fetch", quoted(fetch));
    if fetch == "imap" {
        let port = post.server.imaps.port();
        post.set("port", port);
        post.set("watch", false);
    }
    post.set("poll_s", 86_400);
    post.set("start", quoted("everything"));
    post.limit_size_mib(1);
    post
}

fn poll(post: &Post, more: &[&str]) -> Output {
    post.world.home.write_settings();
    let words = [&["mailbox", "--config", "sealpost.toml", "poll", "post", "--wait"], more].concat();
    post.world.home.command(&words).output().unwrap()
}

fn outcomes(lines: &[Value]) -> Vec<&str> {
    let mut outcomes: Vec<&str> = lines.iter().filter_map(|line| line["outcome"].as_str()).collect();
    outcomes.sort_unstable();
    outcomes
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_poll_tells_of_each_mail_what_became_of_it() {
    for (fetch, on_server, known) in [("pop3", "left", 2), ("imap", "marked", 0)] {
        let post = start(fetch).await;
        post.put(&request("first"));
        let mut gateway = post.world.home.start();
        fetched(&mut gateway, 1);
        post.put(&request("second"));
        post.put(&mails::with_files("a@example.org", "planted-large", "See.", &[("file.bin", 1 << 20)]));
        let output = poll(&post, &[]);
        assert_eq!(output.status.code(), Some(1), "one mail could not be had: {}", told(&output));
        let said = lines(&output);
        let (whole, mails) = said.split_last().unwrap();
        let taken = mails.iter().find(|line| line["outcome"] == "taken_in").unwrap();
        assert_eq!((&taken["on_server"], &taken["error"]), (&json!(on_server), &Value::Null), "{taken}");
        let id = taken["message"].as_str().unwrap().to_owned();
        let shown = post.world.run(&["message", "--config", "sealpost.toml", "show", &id]);
        assert!(shown.status.success() && told(&shown).contains("second"), "{}", told(&shown));
        let large = mails.iter().find(|line| line["outcome"] == "too_large").unwrap();
        assert!(large["error"].as_str().unwrap().contains("SP-0202"), "{large}");
        assert!(large["size_bytes"].as_u64().unwrap() > 1 << 20, "{large}");
        assert_eq!((&whole["taken_in"], &whole["failed"], &whole["error"]), (&json!(1), &json!(1), &Value::Null));

        // A second one finds them known, and leaves alone what could not be had.
        let output = poll(&post, &[]);
        assert!(output.status.success(), "{}", told(&output));
        let said = lines(&output);
        let found = outcomes(&said);
        assert_eq!(found.iter().filter(|outcome| **outcome == "waits").count(), 1, "{found:?}");
        assert!(found.iter().filter(|outcome| **outcome == "known").count() >= known, "{found:?}");
        assert!(!gateway.log().contains("planted"), "{}", gateway.log());
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_poll_of_a_mailbox_that_fails_says_why() {
    let post = start("pop3").await;
    post.world.home.write_secret("post.password", "planted-wrong");
    let gateway = post.world.home.start();
    gateway.wait_for_log("a mailbox could not be fetched");
    let output = poll(&post, &[]);
    assert_eq!(output.status.code(), Some(1), "{}", told(&output));
    let said = lines(&output);
    assert_eq!(said.len(), 1, "{said:?}");
    assert!(said[0]["error"].as_str().unwrap().contains("SP-0403"), "{}", said[0]);
    drop(gateway);

    let output = poll(&post, &["--within", "1"]);
    assert!(!output.status.success() && told(&output).contains("no gateway has looked into it"), "{}", told(&output));
    post.world.run(&["mailbox", "--config", "sealpost.toml", "poll", "post"]);
}
