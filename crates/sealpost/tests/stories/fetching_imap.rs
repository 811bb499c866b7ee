//! A folder on a real Dovecot is fetched over IMAP: only what is new is looked at, and new names of old mails fool nobody.

use super::fetching::{Post, USER, answer, fetched, looked_at, request, summaries};
use rig::gateway::{Gateway, Metrics};
use rig::settings_file::quoted;

/// A world whose mailbox `post` is read over IMAP.
async fn start(more: &str) -> Post {
    let mut post = Post::with(more).await;
    post.set("fetch", quoted("imap"));
    let port = post.server.imaps.port();
    post.set("port", port);
    post.set("watch", false);
    post
}

fn sum(metrics: &Metrics, name: &str) -> u64 {
    metrics.sum(&format!("sealpost_{name}"), &[])
}

fn comments(post: &Post) -> usize {
    post.world.issues().iter().map(|issue| issue.comments.len()).sum()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn old_mails_are_left_alone_and_new_ones_are_taken_in_and_marked() {
    let mut post = start("").await;
    post.put(&request("old"));
    post.put(&request("older"));
    let mut gateway = post.world.home.start();
    gateway.wait_for_log("opened for the first time");
    post.put(&request("printer"));
    fetched(&mut gateway, 1);
    post.put(&answer("Still burning.", "printer"));
    fetched(&mut gateway, 2);
    looked_at(&mut gateway);
    assert_eq!((summaries(&post.world), comments(&post)), (vec!["printer".to_owned()], 1));
    assert_eq!(post.server.flags(USER), ["", "", "S", "S"], "what was left behind keeps its marks");
    let metrics = gateway.metrics();
    assert_eq!((sum(&metrics, "fetch_deleted_messages_total"), sum(&metrics, "intake_known_again_total")), (0, 0));
    drop(gateway);

    // The old ones stay old, whatever the settings say later; now what was taken in may go.
    post.set("start", quoted("everything"));
    post.set("delete_after_days", 0);
    let mut gateway = post.world.home.start();
    gateway.wait_until("deleted", |metrics| sum(metrics, "fetch_deleted_messages_total") == 2);
    looked_at(&mut gateway);
    assert_eq!((summaries(&post.world).len(), post.left()), (1, 2));
    let checked = post.check();
    assert!(checked.contains("answers over IMAP, and 2 mails lie there"), "{checked}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn mails_are_moved_to_a_folder_that_is_made_for_them() {
    let mut post = start("").await;
    post.set("start", quoted("everything"));
    post.set("move_to", quoted("Done"));
    post.put(&request("printer"));
    post.put(&answer("Still burning.", "printer"));
    let mut gateway = post.world.home.start();
    gateway.wait_until("moved", |metrics| sum(metrics, "fetch_moved_messages_total") == 2);
    gateway.wait_until_quiet();
    assert_eq!((post.left(), summaries(&post.world).len(), comments(&post)), (0, 1, 1));
    drop(gateway);

    // The folder itself can be a mailbox. It began elsewhere, so nothing is known of it.
    post.set("folder", quoted("Done"));
    post.set("move_to", quoted("Done/Again"));
    post.set("start", quoted("now"));
    let mut gateway = post.world.home.start();
    // The log holds the first start, too, which left nothing behind.
    gateway.wait_for_log("\"left_behind\":2");
    looked_at(&mut gateway);
    assert_eq!(post.world.messages().len(), 2);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn fault_24_new_names_of_all_mails_lose_and_double_nothing() {
    let post = start("").await;
    (0..20).for_each(|number| drop(post.server.put_old(USER, &request(&format!("old {number}")))));
    let mut gateway = post.world.home.start();
    gateway.wait_for_log("opened for the first time");
    (0..20).for_each(|number| post.put(&request(&format!("new {number}"))));
    // Two mails without a Message-ID that differ in one letter, and two that are equal to the last.
    let bare = |letter: &str| format!("From: a@example.org\r\nSubject: bare\r\n\r\n{letter}\r\n").into_bytes();
    ["a", "b"].iter().for_each(|letter| post.put(&bare(letter)));
    fetched(&mut gateway, 22);
    let issues = summaries(&post.world).len();
    assert_eq!(issues, 22);
    for flip in 1..=3 {
        drop(gateway);
        post.server.forget_numbers(USER);
        post.put(&request(&format!("between {flip}")));
        gateway = post.world.home.start();
        gateway.wait_until("taken in", |metrics| sum(metrics, "messages") == 22 + flip);
        let renamed = gateway.log().matches("names all mails of a mailbox anew").count();
        assert_eq!(renamed as u64, flip, "the log holds all starts: {}", gateway.log());
        looked_at(&mut gateway);
        gateway.wait_until_quiet();
        let metrics = gateway.metrics();
        assert_eq!(sum(&metrics, "fetch_messages_total"), 1, "only what came between is new: {}", gateway.log());
        assert_eq!(sum(&metrics, "intake_known_again_total"), 21 + flip);
    }
    let summaries = summaries(&post.world);
    assert_eq!(summaries.len(), 25, "{summaries:?}");
    assert!(summaries.iter().all(|summary| !summary.starts_with("old")), "{summaries:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn mail_comes_at_once_where_the_server_tells_of_it() {
    let mut post = start("mailbox_idle_check_interval = 1s\n").await;
    post.set("watch", true);
    post.set("poll_s", 86_400);
    let mut gateway = post.world.home.start();
    gateway.wait_until("waited on", |metrics| sum(metrics, "mailbox_watches") == 1);
    for number in 1..=3 {
        post.put(&request(&format!("printer {number}")));
        fetched(&mut gateway, number);
    }
    assert_eq!(summaries(&post.world).len(), 3);
    post.set("watch", false);
    post.world.home.write_settings();
    gateway.signal(rustix::process::Signal::HUP);
    gateway.wait_until("left alone", |metrics| sum(metrics, "mailbox_watches") == 0);
}

#[cfg(feature = "crash_points")]
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn fault_01_a_gateway_killed_at_any_place_of_a_round_loses_and_doubles_nothing() {
    for death in [
        "intake_content_stored:2",
        "intake_taken_in:1",
        "intake_taken_in:2",
        "fetch_before_settle:1",
        "fetch_settled:1",
        "fetch_cursor_moved:1",
    ] {
        for (key, value) in [("move_to", quoted("Done")), ("delete_after_days", "0".to_owned())] {
            let mut post = start("").await;
            post.set("start", quoted("everything"));
            post.set(key, value);
            post.put(&request("printer"));
            post.put(&answer("Still burning.", "printer"));
            let mut gateway = post.world.home.spawn(&[("SEALPOST_CRASH", death)]);
            let status = gateway.wait_for_end();
            assert!(!status.success(), "{death} is never reached: {}", gateway.log());
            drop(gateway);
            let mut gateway = post.world.home.start();
            gateway.wait_until("all stored and gone", |metrics| sum(metrics, "messages") == 2 && post.left() == 0);
            gateway.wait_until_quiet();
            assert_eq!((summaries(&post.world).len(), comments(&post)), (1, 1), "after {death}: {}", gateway.log());
        }
    }
}

#[cfg(feature = "crash_points")]
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn fault_24_a_gateway_killed_while_names_change_loses_and_doubles_nothing() {
    for death in ["fetch_renamed:1", "intake_content_stored:3", "intake_taken_in:1", "fetch_settled:1"] {
        let post = start("").await;
        post.server.put_old(USER, &request("old"));
        let mut gateway = post.world.home.start();
        gateway.wait_for_log("opened for the first time");
        ["one", "two", "three"].iter().for_each(|name| post.put(&request(name)));
        fetched(&mut gateway, 3);
        drop(gateway);
        post.server.forget_numbers(USER);
        post.put(&request("between"));
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
async fn wrong_settings_of_a_folder_are_told() {
    let mut post = start("").await;
    post.set("move_to", quoted("inbox"));
    post.set("delete_after_days", 3);
    let said = post.check();
    assert!(said.contains("mailbox[].move_to") && said.contains("is the folder that is read"), "{said}");
    assert!(said.contains("stands beside delete_after_days") && said.contains("keep one of the two"), "{said}");
}

/// What is fetched after a start, before any settings change.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_mail_above_the_limit_stays_and_holds_up_no_other() {
    let mut post = start("").await;
    post.set("start", quoted("everything"));
    post.set("delete_after_days", 0);
    post.limit_size_mib(1);
    post.put(&super::mails::with_files("a@example.org", "too large", "See.", &[("file.bin", 1 << 20)]));
    post.put(&request("fits"));
    let mut gateway: Gateway = post.world.home.start();
    fetched(&mut gateway, 1);
    gateway.wait_until("deleted", |metrics| sum(metrics, "fetch_deleted_messages_total") == 1);
    looked_at(&mut gateway);
    assert_eq!((summaries(&post.world), post.left()), (vec!["fits".to_owned()], 1));
    assert_eq!(sum(&gateway.metrics(), "fetch_failed_messages_total"), 1, "it is left alone for a while");
}
