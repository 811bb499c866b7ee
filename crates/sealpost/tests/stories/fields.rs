//! What a profile says of the fields of issues reaches the tracker: request type, summary, text, and where the issue goes.

use super::mails;
use super::world::{World, told};
use std::fs;

const PROFILE: &str = r#"
[default]
project = "DEMO"
request_type = "get help"
description = "Call {{sender.name}} back."
fields = { Summary = "[{{sender.domain}}] {{subject}}" }
[[rule]]
name = "with the text"
subject = "second"
request_type = "Get hepl"
description = "To be answered today:\n\n{{text}}"
[[workflow]]
name = "begin"
on = "create"
transitions = ["Start work"]
comment = "We look at it today."
"#;

async fn what_the_profile_says_stands_in_the_issue(world: World) {
    fs::write(world.home.file("profile.toml"), PROFILE).unwrap();
    let mut gateway = world.home.start();
    world.hand_in(&mails::request("a@example.org", "first", "It burns.")).await.unwrap();
    gateway.wait_until_quiet();
    world.hand_in(&mails::request("b@example.org", "second", "It burns.")).await.unwrap();
    gateway.wait_until_quiet();

    let fields = world.fields("DEMO-1");
    assert_eq!(fields["customfield_10117"]["requestType"]["name"], "Get help", "{fields:#}");
    assert_eq!((&fields["summary"], &fields["status"]["name"]), (&"[example.org] first".into(), &"In Progress".into()));
    let text = fields["description"].to_string();
    assert!(text.contains("Call Ann back.") && !text.contains("It burns."), "{text}");
    assert_eq!(fields["attachment"].as_array().map(Vec::len), Some(1), "what the mail says goes along: {fields:#}");
    let comments = world.read("issue/DEMO-1/comment")["comments"].to_string();
    assert!(comments.contains("We look at it today."), "{comments}");

    let fields = world.fields("DEMO-2");
    let text = fields["description"].to_string();
    assert!(text.contains("To be answered today:") && text.contains("It burns."), "{text}");
    assert_eq!(fields["attachment"].as_array().map(Vec::len), Some(0), "{fields:#}");
    assert!(fields["customfield_10117"].is_null(), "{fields:#}");
    let newest = world.messages()[0]["id"].as_str().unwrap().to_owned();
    let story = told(&world.run(&["message", "--config", "sealpost.toml", "show", &newest]));
    assert!(story.contains("only Get help, Report a fault"), "{story}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_the_profile_says_stands_in_the_issue_on_cloud() {
    what_the_profile_says_stands_in_the_issue(World::start().await).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_the_profile_says_stands_in_the_issue_on_data_center() {
    what_the_profile_says_stands_in_the_issue(World::start_data_center().await).await;
}
