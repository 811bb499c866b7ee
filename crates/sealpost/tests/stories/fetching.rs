//! A mailbox on a real Dovecot is fetched over POP3: what is old stays, what is new is taken in once, what may go is deleted.

use super::mails;
use super::world::{World, told};
use rcgen::{CertificateParams, KeyPair};
use rig::dovecot::{Dovecot, PASSWORD};
use rig::gateway::Gateway;
#[cfg(feature = "crash_points")]
use rig::pop3::Pop3Server;
use rig::settings_file::{SettingsFile, quoted};
use rustix::process::Signal;
use std::fs;

/// The account on the server.
pub const USER: &str = "desk";

/// A world whose mailbox `post` lies on another server, beside the listener `support`; its section can be changed before a start.
pub struct Post<Server = Dovecot> {
    pub world: World,
    pub server: Server,
    others: SettingsFile,
    pub section: Vec<(&'static str, String)>,
}

impl<Server> Post<Server> {
    /// The section says how the server is reached.
    pub fn on(server: Server, world: World, section: &[(&'static str, String)]) -> Post<Server> {
        let ours =
            [("name", "post"), ("site", "demo"), ("profile", "support")].map(|(key, value)| (key, quoted(value)));
        let section = [&ours[..], section, &[("poll_s", "1".to_owned())]].concat();
        let others = world.home.settings.clone();
        let mut post = Post { world, server, others, section };
        post.write();
        post
    }

    /// Sets a key of the mailbox; the value is TOML.
    pub fn set(&mut self, key: &'static str, value: impl ToString) {
        self.section.retain(|(name, _)| *name != key);
        self.section.push((key, value.to_string()));
        self.write();
    }

    pub fn remove(&mut self, key: &str) {
        self.section.retain(|(name, _)| *name != key);
        self.write();
    }

    pub fn write(&mut self) {
        self.world.home.settings = self.others.clone();
        self.world.home.settings.add("[[mailbox]]", &self.section);
    }

    /// What `check` tells.
    pub fn check(&self) -> String {
        told(&self.world.run(&["check", "--config", "sealpost.toml"]))
    }
}

impl Post {
    pub async fn start() -> Post {
        Post::with("").await
    }

    /// With more settings for Dovecot.
    pub async fn with(more: &str) -> Post {
        let world = World::start().await;
        let params = CertificateParams::new(vec!["localhost".to_owned()]).unwrap();
        let key = KeyPair::generate().unwrap();
        let certificate = params.self_signed(&key).unwrap().pem();
        fs::write(world.home.file("authorities.pem"), &certificate).unwrap();
        let dovecot = Dovecot::start(&certificate, &key.serialize_pem(), &format!("auth_failure_delay = 0\n{more}"));
        world.home.write_secret("post.password", PASSWORD);
        let section = [
            ("fetch", quoted("pop3")),
            ("host", quoted("localhost")),
            ("port", dovecot.pop3s.port().to_string()),
            ("authorities", quoted("authorities.pem")),
            ("user", quoted(USER)),
            ("password", quoted("file:post.password")),
        ];
        Post::on(dovecot, world, &section)
    }

    pub fn limit_size_mib(&mut self, size_mib_max: u32) {
        self.others.set("[mail]", "size_mib_max", size_mib_max);
        self.write();
    }

    pub fn put(&self, mail: &[u8]) {
        self.server.put(USER, mail);
    }

    pub fn left(&self) -> usize {
        self.server.count(USER)
    }
}

pub fn request(name: &str) -> Vec<u8> {
    mails::request(&format!("{name}@example.org"), name, "It burns.")
}

pub fn answer(name: &str, to: &str) -> Vec<u8> {
    mails::reply(&format!("{name}@example.org"), &format!("{to}@example.org"), &format!("Re: {to}"), name, "It burns.")
}

/// Waits until so many mails were fetched since the start, and worked on.
pub fn fetched(gateway: &mut Gateway, mails: u64) {
    gateway.wait_until("fetched", |metrics| metrics.sum("sealpost_fetch_messages_total", &[]) >= mails);
    gateway.wait_until_quiet();
}

/// Waits until whatever lies in the mailbox now has been looked at.
pub fn looked_at(gateway: &mut Gateway) {
    let rounds = |metrics: &rig::gateway::Metrics| metrics.sum("sealpost_fetch_rounds_total", &[]);
    // The round that goes on may have begun before; the one after it has not.
    let before = rounds(&gateway.metrics());
    gateway.wait_until("looked into", |metrics| rounds(metrics) >= before + 2);
}

pub fn summaries(world: &World) -> Vec<String> {
    world.issues().into_iter().map(|issue| issue.summary).collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn old_mails_are_left_alone_and_new_ones_become_issues_and_comments() {
    let mut post = Post::start().await;
    post.set("delete_after_days", 0);
    post.put(&request("old"));
    post.put(&request("older"));
    let mut gateway = post.world.home.start();
    gateway.wait_for_log("opened for the first time");
    post.put(&request("printer"));
    fetched(&mut gateway, 1);
    post.put(&answer("Still burning.", "printer"));
    fetched(&mut gateway, 2);
    let issues = post.world.issues();
    assert_eq!(summaries(&post.world), ["printer"]);
    assert!(issues[0].comments.len() == 1 && issues[0].comments[0].contains("Still burning."), "{issues:?}");
    gateway.wait_until("deleted", |metrics| metrics.sum("sealpost_fetch_deleted_messages_total", &[]) == 2);
    assert_eq!(post.left(), 2, "what was not taken in stays");
    let age = "sealpost_mailbox_fetched_age_seconds";
    let metrics =
        gateway.wait_until("looked into", |metrics| metrics.0.contains(&format!("{age}{{mailbox=\"post\"}}")));
    assert_eq!(metrics.sum("sealpost_mailbox_fails", &["mailbox=\"post\""]), 0);
    drop(gateway);

    // The old ones stay old, whatever the settings say later, and the same mails are not taken in again.
    post.set("start", quoted("everything"));
    let mut gateway = post.world.home.start();
    looked_at(&mut gateway);
    assert_eq!((summaries(&post.world).len(), post.left()), (1, 2));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn mails_are_kept_until_their_days_are_over() {
    let mut post = Post::start().await;
    post.set("start", quoted("everything"));
    post.put(&request("one"));
    post.put(&answer("two", "one"));
    let mut gateway = post.world.home.start();
    fetched(&mut gateway, 2);
    let deleted = |days: Option<u32>, post: &mut Post, gateway: &mut Gateway| {
        if let Some(days) = days {
            post.set("delete_after_days", days);
            post.world.home.write_settings();
            gateway.signal(Signal::HUP);
            gateway.wait_for_log("mailboxes and profiles are reloaded");
        }
        looked_at(gateway);
        2 - post.left()
    };
    assert_eq!(deleted(None, &mut post, &mut gateway), 0);
    assert_eq!(deleted(Some(1), &mut post, &mut gateway), 0);
    post.set("delete_after_days", 0);
    post.world.home.write_settings();
    gateway.signal(Signal::HUP);
    gateway.wait_until("deleted", |metrics| metrics.sum("sealpost_fetch_deleted_messages_total", &[]) == 2);
    assert_eq!((post.left(), post.world.messages().len()), (0, 2));
}

#[cfg(feature = "crash_points")]
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn fault_01_a_gateway_killed_between_taking_in_and_deleting_loses_and_doubles_nothing() {
    for death in [
        "intake_content_stored:2",
        "intake_taken_in:1",
        "intake_taken_in:2",
        "fetch_before_settle:1",
        "fetch_settled:1",
    ] {
        let mut post = Post::start().await;
        post.set("start", quoted("everything"));
        post.set("delete_after_days", 0);
        post.put(&request("printer"));
        post.put(&answer("Still burning.", "printer"));
        let mut gateway = post.world.home.spawn(&[("SEALPOST_CRASH", death)]);
        let status = gateway.wait_for_end();
        assert!(!status.success(), "{death} is never reached: {}", gateway.log());
        drop(gateway);
        let mut gateway = post.world.home.start();
        gateway.wait_until("all stored and deleted", |metrics| {
            metrics.sum("sealpost_messages", &[]) == 2 && post.left() == 0
        });
        gateway.wait_until_quiet();
        let issues = post.world.issues();
        let comments = issues.iter().map(|issue| issue.comments.len()).sum::<usize>();
        assert_eq!((issues.len(), comments), (1, 1), "after {death}: {}", gateway.log());
    }
}

#[cfg(feature = "crash_points")]
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn fault_13_a_gateway_killed_while_a_name_goes_to_another_mail_loses_and_doubles_nothing() {
    for death in [
        "intake_content_stored:1",
        "fetch_name_released:1",
        "intake_taken_in:1",
        "fetch_before_settle:1",
        "fetch_settled:1",
    ] {
        let (world, server) = (World::start().await, Pop3Server::start());
        world.home.write_secret("post.password", PASSWORD);
        let section = [
            ("fetch", quoted("pop3")),
            ("host", quoted("localhost")),
            ("tls", quoted("none")),
            ("port", server.port().to_string()),
            ("user", quoted(USER)),
            ("password", quoted("file:post.password")),
            ("start", quoted("everything")),
            ("delete_after_days", "0".to_owned()),
        ];
        let post = Post::on(server, world, &section);
        post.server.put("1", &request("first"));
        let mut gateway = post.world.home.start();
        gateway.wait_until("deleted", |_| post.server.names().is_empty());
        gateway.wait_until_quiet();
        drop(gateway);
        post.server.put("1", &request("other"));
        let mut gateway = post.world.home.spawn(&[("SEALPOST_CRASH", death)]);
        assert!(!gateway.wait_for_end().success(), "{death} is never reached: {}", gateway.log());
        drop(gateway);
        let mut gateway = post.world.home.start();
        gateway.wait_until("stored and deleted", |metrics| {
            metrics.sum("sealpost_messages", &[]) == 2 && post.server.names().is_empty()
        });
        gateway.wait_until_quiet();
        assert_eq!(summaries(&post.world), ["first", "other"], "after {death}: {}", gateway.log());
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_wrong_password_is_shown_and_mail_by_other_ways_goes_on() {
    let mut post = Post::start().await;
    post.set("start", quoted("everything"));
    post.put(&request("fetched"));
    post.world.home.write_secret("post.password", "planted-wrong");
    let checked = post.world.run(&["check", "--config", "sealpost.toml"]);
    let said = told(&checked);
    assert!(said.contains("DOES NOT    mailbox post: localhost:") && said.contains("SP-0403"), "{said}");
    assert!(said.contains("works       mailbox support"), "{said}");

    let mut gateway = post.world.home.start();
    let fails = |metrics: &rig::gateway::Metrics| metrics.sum("sealpost_mailbox_fails", &["mailbox=\"post\""]);
    gateway.wait_until("in trouble", |metrics| fails(metrics) == 1);
    let log = gateway.wait_for_log("a mailbox could not be fetched");
    assert!(log.contains("SP-0403"), "{log}");
    post.world.hand_in(&request("handed in")).await.unwrap();
    gateway.wait_until_quiet();
    assert_eq!(summaries(&post.world), ["handed in"]);

    post.world.home.write_secret("post.password", PASSWORD);
    gateway.signal(Signal::HUP);
    fetched(&mut gateway, 1);
    gateway.wait_until("in order again", |metrics| fails(metrics) == 0);
    assert_eq!(summaries(&post.world), ["handed in", "fetched"]);
    let checked = post.world.run(&["check", "--config", "sealpost.toml"]);
    assert!(checked.status.success() && told(&checked).contains("answers over POP3, and 1 mail lies there"));
    for written in [gateway.log(), gateway.output(), said] {
        assert!(!written.contains("planted-wrong") && !written.contains(PASSWORD), "{written}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn fault_06_without_room_nothing_is_taken_in_and_nothing_deleted() {
    let mut post = Post::start().await;
    post.set("start", quoted("everything"));
    post.set("delete_after_days", 0);
    post.put(&request("printer"));
    post.others.set("[store]", "free_mib_min", 1_000_000);
    post.write();
    let gateway = post.world.home.spawn(&[]);
    let log = gateway.wait_for_log("a mailbox could not be fetched");
    assert!(log.contains("SP-0104"), "{log}");
    drop(gateway);
    assert_eq!(post.left(), 1);
    post.others.set("[store]", "free_mib_min", 8);
    post.write();
    let mut gateway = post.world.home.start();
    fetched(&mut gateway, 1);
    gateway.wait_until("deleted", |metrics| metrics.sum("sealpost_fetch_deleted_messages_total", &[]) == 1);
    assert_eq!((summaries(&post.world).len(), post.left()), (1, 0));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn sec_22_a_mail_above_the_limit_stays_and_holds_up_no_other() {
    let mut post = Post::start().await;
    post.set("start", quoted("everything"));
    post.set("delete_after_days", 0);
    post.limit_size_mib(1);
    post.put(&mails::with_files("a@example.org", "too large", "See.", &[("file.bin", 1 << 20)]));
    post.put(&request("fits"));
    let mut gateway = post.world.home.start();
    fetched(&mut gateway, 1);
    gateway.wait_until("deleted", |metrics| metrics.sum("sealpost_fetch_deleted_messages_total", &[]) == 1);
    looked_at(&mut gateway);
    assert_eq!((summaries(&post.world), post.left()), (vec!["fits".to_owned()], 1));
    assert!(gateway.log().contains("a mail could not be fetched"), "{}", gateway.log());
    let tried = gateway.metrics().sum("sealpost_fetch_failed_messages_total", &[]);
    assert_eq!(tried, 1, "it is left alone for a while");
    assert_eq!(gateway.metrics().sum("sealpost_mailbox_unfetched", &["mailbox=\"post\""]), 1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_full_queue_fetches_nothing_for_now() {
    let mut post = Post::start().await;
    post.set("start", quoted("everything"));
    post.put(&request("printer"));
    post.others.set("[work]", "queue_depth_max", 1);
    post.write();
    let mut gateway = post.world.home.start();
    looked_at(&mut gateway);
    assert_eq!(gateway.metrics().sum("sealpost_messages", &[]), 0);
    drop(gateway);
    post.others.set("[work]", "queue_depth_max", 1000);
    post.write();
    let mut gateway = post.world.home.start();
    fetched(&mut gateway, 1);
    assert_eq!(summaries(&post.world), ["printer"]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn wrong_settings_of_a_fetched_mailbox_are_told() {
    let mut post = Post::start().await;
    let right = post.section.clone();
    for (key, value, words) in [
        ("host", quoted("mx.example.org"), ["tls = \"none\"", "in clear", "implicit"]),
        ("listen", quoted("127.0.0.1:2525"), ["mailbox[].listen", "is for mailboxes that listen", "remove it"]),
        ("fetch", quoted("pop4"), ["mailbox[].fetch", "\"pop4\"", "pop3"]),
        ("move_to", quoted("Done"), ["mailbox[].move_to", "is for IMAP", "remove it"]),
        ("poll_s", "0".to_owned(), ["mailbox[].poll_s", "out of range", "1 to 86400"]),
    ] {
        post.set("tls", quoted("none"));
        post.set(key, value);
        let told = post.check();
        let line = told.lines().find(|line| words.iter().all(|word| line.contains(word)));
        assert!(line.is_some_and(|line| line.contains("sealpost.toml:")), "{words:?}: {told}");
        post.section.clone_from(&right);
        post.write();
    }
    for key in ["host", "user", "password"] {
        post.section.retain(|(name, _)| *name != key);
        post.write();
        let told = post.check();
        assert!(told.contains(&format!("mailbox[].{key}: is missing; give")), "{told}");
        post.section.clone_from(&right);
    }
    post.section.retain(|(name, _)| *name != "fetch");
    post.write();
    let told = post.check();
    assert!(
        told.contains("is for mailboxes that are fetched") && told.contains("is missing, and so are fetch and api"),
        "{told}"
    );
}
