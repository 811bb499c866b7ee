//! The main job, as a person would try it: a mail in is an issue on a page, a reply is a comment.

use super::mails;
use super::swaks::{send_file, swaks};
use super::world::{World, told};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_mail_in_is_an_issue_on_the_desks_page() {
    let world = World::start().await;
    let mut gateway = world.home.start();
    let server = world.home.smtp.to_string();
    let sent = swaks(&["--server", &server, "--header", "Subject: The printer burns", "--body", "Flames on floor 3."]);
    sent.id();
    gateway.wait_until_quiet();
    let issue = world.issues().pop().unwrap();
    assert!(world.page("/issues").body.contains("The printer burns"));
    let page = world.page(&format!("/browse/{}", issue.key)).body;
    assert!(page.contains("The printer burns") && page.contains("Flames on floor 3."), "{page}");
    assert!(page.contains("ann@example.org"), "the page says who wrote it: {page}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_reply_is_a_comment_with_the_quote_hidden_but_kept() {
    let world = World::start().await;
    let mut gateway = world.home.start();
    let request = world.home.file("request.eml");
    let reply = world.home.file("reply.eml");
    std::fs::write(&request, mails::request("a@example.org", "The printer burns", "Flames on floor 3.")).unwrap();
    let quoting = mails::reply(
        "b@example.org",
        "a@example.org",
        "Re: The printer burns",
        "Now the carpet too.",
        "Flames on floor 3.",
    );
    std::fs::write(&reply, quoting).unwrap();
    send_file(world.home.smtp, &request, &[]).id();
    // Not waited for: a reply that overtakes its parent waits for it.
    let replied = send_file(world.home.smtp, &reply, &[]).id().to_owned();
    gateway.wait_until_quiet();
    let elsewhere = "We sent somebody on Monday, did he come and look at it?";
    let other = mails::reply("c@example.org", "a@example.org", "Re: The printer burns", "And the curtains.", elsewhere);
    std::fs::write(&reply, other).unwrap();
    send_file(world.home.smtp, &reply, &[]).id();
    gateway.wait_until_quiet();

    let issues = world.issues();
    assert_eq!(issues.len(), 1, "{issues:#?}");
    assert_eq!(issues[0].comments.len(), 2, "{issues:#?}");
    let page = world.page(&format!("/browse/{}", issues[0].key)).body;
    let (_, comments) = page.split_once("<h2>Comments</h2>").unwrap();
    // What the issue says itself stands there once; the gateway keeps the mail as it came.
    assert!(comments.contains("Now the carpet too.") && !comments.contains("Flames on floor 3."), "{comments}");
    let kept = world.run(&["message", "--config", "sealpost.toml", "export", &replied]);
    assert!(String::from_utf8_lossy(&kept.stdout).contains("> Flames on floor 3."), "{}", told(&kept));
    // What it does not say is folded.
    let (shown, folded) = comments.split_once("<details>").expect("something is folded");
    let (folded, _) = folded.split_once("</details>").unwrap();
    assert!(shown.contains("And the curtains.") && !shown.contains(elsewhere), "{shown}");
    assert!(folded.contains(elsewhere), "{folded}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn deliver_prints_what_became_of_the_mail() {
    let world = World::start().await;
    let mut gateway = world.home.start();
    let file = world.home.file("request.eml");
    std::fs::write(&file, mails::request("a@example.org", "The printer burns", "Flames.")).unwrap();
    let deliver = ["deliver", "--config", "sealpost.toml", "--wait", "request.eml"];
    let output = world.run(&deliver);
    let said = told(&output);
    assert!(output.status.success(), "{said}");
    let mut lines = said.lines().skip(1);
    assert!(lines.next().is_some_and(|line| line.starts_with("250 ") && line.contains("Accepted as ")), "{said}");
    assert!(lines.next().is_some_and(|line| line.starts_with("create DEMO-1 ")), "{said}");

    // The same bytes again are the same mail: the same answer, and nothing new.
    assert!(world.run(&deliver).status.success());
    gateway.wait_until_quiet();
    assert_eq!(world.issues().len(), 1);
    assert_eq!(world.messages().len(), 1);
}
