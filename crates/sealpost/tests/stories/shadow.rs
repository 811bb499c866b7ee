//! Shadow mode beside another mail handler: nothing happens twice, the report tells them apart, and the switch loses nothing.

use super::fetching::{Post, USER, answer, fetched, looked_at, request, summaries};
use super::mails;
use super::world::{INCUMBENT, World, lines, told};
use rig::settings_file::quoted;
use rustix::process::Signal;
use serde_json::{Value, json};

/// A document of one paragraph.
fn document(text: &str) -> Value {
    json!({"type": "doc", "version": 1, "content": [{"type": "paragraph", "content": [{"type": "text", "text": text}]}]})
}

/// The other handler makes an issue.
fn makes_issue(world: &World, summary: &str, issue_type: &str, text: &str) -> Value {
    let fields = json!({"project": {"key": "DEMO"}, "issuetype": {"name": issue_type}, "summary": summary, "description": document(text)});
    world.as_incumbent("/rest/api/3/issue", &json!({"fields": fields}))
}

fn report(world: &World, more: &[&str]) -> (Vec<Value>, String) {
    let words = [&["shadow", "--config", "sealpost.toml", "report", "--incumbent", INCUMBENT], more].concat();
    let output = world.run(&words);
    assert!(output.status.success(), "{}", told(&output));
    (lines(&output), told(&output))
}

/// What the report says of the mail with this subject.
fn of<'l>(lines: &'l [Value], subject: &str) -> &'l Value {
    lines.iter().find(|line| line["subject"] == subject).unwrap_or_else(|| panic!("{subject}: {lines:#?}"))
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn in_shadow_nothing_is_done_and_the_switch_doubles_and_loses_nothing() {
    let mut world = World::start().await;
    world.home.settings.set("[[mailbox]]", "mode", quoted("shadow"));
    let mut gateway = world.home.start();
    for (id, subject) in [("a", "printer"), ("b", "screen"), ("c", "mouse")] {
        world.hand_in(&mails::request(&format!("{id}@example.org"), subject, "It burns since noon.")).await.unwrap();
    }
    gateway.wait_until_quiet();
    assert_eq!(world.issues().len(), 0, "nothing is done in the tracker");
    let plans = world.messages();
    assert!(plans.iter().all(|line| line["outcome"] == "create"), "{plans:?}");
    assert!(
        plans.iter().all(|line| line["reason"].as_str().unwrap().starts_with("in shadow, nothing is carried out: "))
    );

    // The other one makes the same of the first mail, something else of the second, and nothing of the third.
    makes_issue(&world, "printer", "Task", "It burns since noon.");
    let screen = makes_issue(&world, "screen", "Bug", "It burns since noon.");
    let comment = json!({"body": document("Still burning, all of it.")});
    world.as_incumbent(&format!("/rest/api/3/issue/{}/comment", screen["key"].as_str().unwrap()), &comment);
    let again = mails::reply("d@example.org", "b@example.org", "Re: screen", "Still burning, all of it.", "It burns");
    world.hand_in(&again).await.unwrap();
    gateway.wait_until_quiet();
    let (lines, all) = report(&world, &[]);
    assert!(all.contains("4 mails: 1 agree, 2 differ, 1 not found"), "{all}");
    assert_eq!(of(&lines, "printer")["agreement"], "agrees");
    assert_eq!(of(&lines, "mouse")["agreement"], "not_found");
    let differences = &of(&lines, "screen")["differences"];
    assert_eq!(differences, &json!([{"what": "issue_type", "ours": "Task", "theirs": "Bug"}]));
    let reply = &of(&lines, "Re: screen")["differences"][0];
    assert_eq!(
        (&reply["ours"], &reply["theirs"]),
        (&json!("create"), &json!(format!("comment on {}", screen["key"].as_str().unwrap())))
    );
    let (some, _) = report(&world, &["--differing"]);
    assert_eq!(some.len(), 3);
    let issues = world.issues().len();

    // The switch: what was seen stays as it is, what comes is carried out.
    world.home.settings.set("[[mailbox]]", "mode", quoted("live"));
    world.home.write_settings();
    gateway.signal(Signal::HUP);
    gateway.wait_for_log("mailboxes and profiles are reloaded");
    world.hand_in(&mails::request("a@example.org", "printer", "It burns since noon.")).await.unwrap();
    world.hand_in(&mails::request("e@example.org", "keyboard", "It burns since noon.")).await.unwrap();
    gateway.wait_until_quiet();
    let found: Vec<String> = world.issues().into_iter().map(|issue| issue.summary).collect();
    assert_eq!((found.len(), found.last().unwrap().as_str()), (issues + 1, "keyboard"), "{found:?}");

    // What the other one had not done is not lost: a person has it carried out.
    let id = of(&lines, "mouse")["id"].as_str().unwrap();
    let output = world.run(&["message", "--config", "sealpost.toml", "replay", id, "--yes"]);
    assert!(output.status.success(), "{}", told(&output));
    gateway.wait_until_quiet();
    let found: Vec<String> = world.issues().into_iter().map(|issue| issue.summary).collect();
    assert_eq!((found.len(), found.last().unwrap().as_str()), (issues + 2, "mouse"), "{found:?}");
    let (lines, _) = report(&world, &[]);
    assert_eq!(lines.len(), 3, "a mail that was carried out is none of shadow mode any more");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn in_shadow_mails_on_another_server_stay_as_they_are() {
    let mut post = Post::with("").await;
    post.set("fetch", quoted("imap"));
    let port = post.server.imaps.port();
    post.set("port", port);
    post.set("watch", false);
    post.set("start", quoted("everything"));
    post.set("delete_after_days", 0);
    post.set("mode", quoted("shadow"));
    post.put(&request("printer"));
    post.put(&answer("Still burning.", "printer"));
    let mut gateway = post.world.home.start();
    fetched(&mut gateway, 2);
    looked_at(&mut gateway);
    assert_eq!((summaries(&post.world).len(), post.left()), (0, 2));
    assert_eq!(post.server.flags(USER), ["", ""], "neither marked nor deleted");
    drop(gateway);

    post.set("mode", quoted("live"));
    let mut gateway = post.world.home.start();
    post.put(&request("screen"));
    fetched(&mut gateway, 1);
    looked_at(&mut gateway);
    assert_eq!(summaries(&post.world), ["screen"], "what was seen in shadow is not carried out later");
    assert_eq!(post.left(), 2, "and what we only looked at is not ours to delete");
}
