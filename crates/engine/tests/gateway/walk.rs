//! What a mail comes to when nothing goes wrong.

use super::reading;
use super::world::{Database, Plot, World, issue_of, mail, mail_with_files, receipts, reply};
use policy::{Outcome, Receipt};

pub async fn a_mail_becomes_an_issue(database: &Database) {
    let world = World::start(database, Plot::default()).await;
    let story = world.done(&world.send(&mail("a@example.org", "printer on fire", "It burns.")).await).await;
    assert_eq!(story.line.outcome, Some(Outcome::Create));
    let issue = world.issue(&issue_of(&story)).await;
    assert_eq!((issue.project.as_str(), issue.summary.as_str()), ("DEMO", "printer on fire"));
    assert!(issue.description.contains("It burns."), "{}", issue.description);
    assert_eq!(story.line.issue_key.as_deref(), Some(issue.key.as_str()));
    assert_eq!(world.desk.counts().issues_created, 1);
    assert_eq!(world.metric("sealpost_intake_messages_total").await, 1);
    assert_eq!(world.metric("sealpost_effects_total").await, 1);
    world.end().await;
}

pub async fn a_reply_becomes_a_comment(database: &Database) {
    let world = World::start(database, Plot::default()).await;
    let parent = world.done(&world.send(&mail("a@example.org", "printer on fire", "It burns.")).await).await;
    let answer = reply("b@example.org", "a@example.org", "Still burning.\n\n> It burns.");
    let story = world.done(&world.send(&answer).await).await;
    assert_eq!(story.line.outcome, Some(Outcome::Comment));
    assert_eq!(issue_of(&story), issue_of(&parent));
    let comments = world.comments(&issue_of(&parent)).await;
    assert_eq!(comments.len(), 1);
    assert!(comments[0].text.contains("Still burning."), "{:?}", comments[0]);
    assert_eq!(world.desk.counts().issues_created, 1);
    world.end().await;
}

pub async fn a_quote_of_the_issue_is_left_out_and_an_answer_in_it_is_not(database: &Database) {
    let world = World::start(database, Plot::default()).await;
    let said = "Printa ya ghorofa ya pili inachapisha kurasa tupu tangu Jumatatu.\nTafadhali tuma mtu aiangalie.";
    let parent = world.done(&world.send(&mail("a@example.org", "printa", said)).await).await;
    // An introduction in a language that no table knows, and no sign before what is quoted.
    let quoting = format!("Bado haifanyi kazi.\n\nAnn, 22 Novemba 2026 saa 10:00:\n{said}");
    let story = world.done(&world.send(&reply("b@example.org", "a@example.org", &quoting)).await).await;
    let below = "From: Desk <desk@example.com>\nSent: Sunday, 22 November 2026 10:00\nTo: Ann\nSubject: printa\n\n";
    let answering = format!("{below}{said}\n\nSasa inafanya kazi, asante.");
    world.done(&world.send(&reply("c@example.org", "a@example.org", &answering)).await).await;
    let comments = world.comments(&issue_of(&parent)).await;
    assert!(comments[0].text.contains("Bado haifanyi kazi."), "{comments:?}");
    assert!(comments[1].text.contains("Sasa inafanya kazi, asante."), "{comments:?}");
    assert!(comments.iter().all(|comment| !comment.text.contains("kurasa tupu")), "{comments:?}");
    let plan = story.plan.expect("a plan");
    assert!(
        plan.trace.iter().any(|line| format!("{line:?}").contains("What has the issue said already?")),
        "{plan:#?}"
    );
    world.end().await;
}

pub async fn files_are_streamed_from_the_mail_to_the_issue(database: &Database) {
    let world = World::start(database, Plot::default()).await;
    let large = "0123456789abcdef".repeat(12_000);
    let mail = mail_with_files("f@example.org", &[("large.bin", &large), ("small.txt", "a few words")]);
    let story = world.done(&world.send(&mail).await).await;
    let issue = world.issue(&issue_of(&story)).await;
    let mut files: Vec<(String, u64)> = issue.files.into_iter().map(|file| (file.name, file.size_bytes)).collect();
    files.sort();
    assert_eq!(files, [("large.bin".to_owned(), large.len() as u64), ("small.txt".to_owned(), 11)]);
    let kinds: Vec<bool> = receipts(&story).iter().map(|it| matches!(it, Receipt::Attachment { .. })).collect();
    assert_eq!(kinds, [false, true, true]);
    world.end().await;
}

pub async fn the_received_field_is_kept_but_not_digested(database: &Database) {
    let world = World::start(database, Plot::default()).await;
    let mail = mail("a@example.org", "printer", "It burns.");
    let message = world.send(&mail).await;
    let raw = reading::whole(world.store.raw(&message).await.unwrap()).await.unwrap();
    let text = String::from_utf8(raw).unwrap();
    let rest = text.strip_prefix("Received: from client by gateway; now\r\n").expect("our field comes first");
    let digest = aws_lc_rs::digest::digest(&aws_lc_rs::digest::SHA256, rest.as_bytes());
    assert_eq!(rest, mail.replace('\n', "\r\n"));
    assert_eq!(world.store.message(&message).await.unwrap().unwrap().digest, digest.as_ref());
    world.done(&message).await;
    world.end().await;
}
