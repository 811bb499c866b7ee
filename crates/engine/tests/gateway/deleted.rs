//! What is told of what was deleted: that it is gone, to those of whom it is known that they could see it, and nothing of its words.

use super::notices::{account, comment, event, heard, issue, person, telling_site, told, watch};
use super::world::{Database, PATIENCE, Plot, World};
use courier::submit::{Host, Target};
use policy::Visibility;
use policy::event::{Event, EventKind, Last};
use rig::post_office::PostOffice;
use serde_json::{Value, json};
use tracker::webhook;

const MAPPINGS: &str = "[default]\naudience = [\"reporter\", \"assignee\", \"watchers\", \"project_lead\"]\n\
    addresses = [\"eve@outside.example\"]\n\
    [[mapping]]\nname = \"all\"\nevents = [\"commented\", \"deleted\", \"comment_deleted\"]\n";

async fn world(database: &Database, office: &PostOffice) -> World {
    let world = World::start(database, Plot::default()).await;
    let host = Host::Tcp { name: "127.0.0.1".to_owned(), port: office.port() };
    let site = telling_site(&world, MAPPINGS, Some(Target { host, ..Target::smtp("", 0) }));
    world.gateway.swap_sites(vec![site]);
    world
}

/// What a webhook tells of the deletion of an issue, as an event. `more` are further fields, such as its security level.
fn deletion(world: &World, (id, key): (&str, &str), reporter: &str, more: Value) -> Event {
    let mut fields = json!({
        "summary": "Printer", "description": "planted-word", "project": { "key": "DEMO" },
        "reporter": account(world, reporter), "comment": { "comments": [{ "body": "planted-word" }] },
    });
    fields.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    let user = json!({ "accountId": "5c00", "name": "zoe", "displayName": "Zoe" });
    let body = json!({
        "timestamp": 1_795_000_000_000_i64, "webhookEvent": "jira:issue_deleted", "user": user,
        "issue": { "id": id, "key": key, "fields": fields },
    });
    webhook::read(body.to_string().as_bytes()).unwrap().events.remove(0)
}

/// Deletes a comment behind the gateway's back.
async fn delete_comment(world: &World, issue_id: &str, comment: &str) {
    let request = tracker::Request {
        method: tracker::Method::Delete,
        path: format!("{}/issue/{issue_id}/comment/{comment}", world.api()),
        headers: vec![],
        content: tracker::Content::Nothing,
    };
    assert_eq!(world.past.say(&request).await.unwrap().status, 204);
}

fn no_level() -> Value {
    json!({ "security": null })
}

fn why(notice: &Value, name: &str) -> String {
    let all = notice["left_out"].as_array().unwrap();
    let found = all.iter().find(|one| one["whom"].as_str().unwrap().contains(name));
    found.unwrap_or_else(|| panic!("{name} was not left out: {notice:#}"))["why"].as_str().unwrap().to_owned()
}

pub async fn the_end_of_an_issue_is_told_to_those_whom_its_deletion_and_the_project_say(database: &Database) {
    let office = PostOffice::open();
    let world = world(database, &office).await;
    let (bob, carol) = (person(&world, "Bob").await, person(&world, "Carol").await);
    let (id, key) = issue(&world, json!({ "reporter": account(&world, &bob) })).await;
    watch(&world, &id, &carol).await;
    world.delete_issue(&id).await;
    let (outcome, notice) = heard(&world, &[deletion(&world, (&id, &key), &bob, no_level())]).await;
    assert_eq!(
        (outcome.as_str(), told(&notice)),
        ("letters", vec!["bob@example.org".into(), "eve@outside.example".into()])
    );
    let trace = notice["trace"].to_string();
    assert!(trace.contains("Who watches it?") && trace.contains("the issue is gone"), "{trace}");
    for letter in office.wait_for(2) {
        let said = ::mail::read(letter.mail.as_bytes(), &::mail::Limits::default()).message;
        assert!(
            said.text.contains(&key) && said.text.contains("Zoe deleted") && said.text.contains("Printer"),
            "{}",
            said.text
        );
        let reporter = if letter.rcpt_to == ["bob@example.org"] { "planted-word" } else { "Bob" };
        let nothing_more = ["planted-word", "It burns", reporter, "Open", "Task", "/browse/"];
        let repeated: Vec<_> = nothing_more.iter().filter(|word| letter.mail.contains(**word)).collect();
        assert!(repeated.is_empty(), "{repeated:?}: {}", letter.mail);
    }
    world.end().await;
}

pub async fn of_a_guarded_issue_that_is_gone_nobody_is_told(database: &Database) {
    let office = PostOffice::open();
    let world = world(database, &office).await;
    let bob = person(&world, "Bob").await;
    for (more, said) in [
        (json!({ "security": { "id": "3", "name": "Staff" } }), "had the security level"),
        (json!({}), "whether the issue had a security level"),
    ] {
        let (id, key) = issue(&world, json!({ "reporter": account(&world, &bob) })).await;
        world.delete_issue(&id).await;
        let (outcome, notice) = heard(&world, &[deletion(&world, (&id, &key), &bob, more)]).await;
        assert_eq!((outcome.as_str(), told(&notice)), ("ignored", vec![]), "{notice:#}");
        assert!(why(&notice, "Bob").contains(said) && why(&notice, "eve@").contains(said), "{notice:#}");
    }
    // Nor of one that is still there, whatever a webhook says.
    let (id, key) = issue(&world, json!({ "reporter": account(&world, &bob) })).await;
    let (_, notice) = heard(&world, &[deletion(&world, (&id, &key), &bob, no_level())]).await;
    assert!(told(&notice).is_empty() && notice["trace"].to_string().contains("the issue is still there"), "{notice:#}");
    world.end().await;
}

pub async fn who_was_told_of_an_issue_is_told_of_its_end_where_issues_decide_who_sees_them(database: &Database) {
    let office = PostOffice::open();
    let world = world(database, &office).await;
    // Each of some people sees some issues, so that a right in the project says nothing of one of them.
    world.desk.show_issues_to("DEMO", "userCustomField");
    let (bob, carol) = (person(&world, "Bob").await, person(&world, "Carol").await);
    let of_bob = json!({ "reporter": account(&world, &bob), "assignee": account(&world, &carol) });
    let (id, key) = issue(&world, of_bob).await;
    let on = (id.as_str(), key.as_str());
    let said = comment(&world, &id, None).await;
    // Carol comments herself, so that no letter goes to her.
    heard(&world, &[event(EventKind::Commented, on, &carol, Some(&said))]).await;
    let before = office.wait_for(2);
    assert!(before.iter().any(|letter| letter.rcpt_to == ["bob@example.org"]), "{before:#?}");
    sent(&world, 2).await;
    world.delete_issue(&id).await;
    let (_, notice) =
        heard(&world, &[deletion(&world, on, &bob, json!({ "security": null, "assignee": account(&world, &carol) }))])
            .await;
    assert_eq!(told(&notice), ["bob@example.org", "eve@outside.example"], "{notice:#}");
    assert!(why(&notice, "Carol").contains("no letter about it went to the account"), "{notice:#}");

    // Whoever may not see the project any more is told nothing, whatever he was told before.
    let (id, key) = issue(&world, json!({ "reporter": account(&world, &bob) })).await;
    let on = (id.as_str(), key.as_str());
    let said = comment(&world, &id, None).await;
    heard(&world, &[event(EventKind::Commented, on, &carol, Some(&said))]).await;
    sent(&world, 6).await;
    world.delete_issue(&id).await;
    world.desk.deny("DEMO", "BROWSE_PROJECTS");
    let (_, notice) = heard(&world, &[deletion(&world, on, &bob, no_level())]).await;
    assert_eq!(told(&notice), ["eve@outside.example"], "{notice:#}");
    assert!(why(&notice, "Bob").contains("may not see the issue"), "{notice:#}");
    world.end().await;
}

/// Waits until so many letters are known to be sent.
async fn sent(world: &World, number: u64) {
    let deadline = std::time::Instant::now() + PATIENCE;
    loop {
        let letters = world.store.outbox(None, 100).await.unwrap();
        let done = letters.iter().filter(|line| matches!(line.fate, store::LetterFate::Sent)).count() as u64;
        if done == number {
            return;
        }
        assert!(std::time::Instant::now() < deadline, "{done} of {number} letters are sent");
        tokio::time::sleep(std::time::Duration::from_millis(10)).await;
    }
}

pub async fn the_end_of_a_comment_is_told_where_it_is_known_that_it_was_for_everybody(database: &Database) {
    let office = PostOffice::open();
    let world = world(database, &office).await;
    let (bob, carol) = (person(&world, "Bob").await, person(&world, "Carol").await);
    let (id, key) = issue(&world, json!({ "reporter": account(&world, &bob) })).await;
    let on = (id.as_str(), key.as_str());
    let known = comment(&world, &id, None).await;
    let changed = comment(&world, &id, None).await;
    let internal = comment(&world, &id, Some(Visibility::Internal)).await;
    for id in [&known, &changed, &internal] {
        heard(&world, &[event(EventKind::Commented, on, &carol, Some(id))]).await;
    }
    // Of this one it was not decided; it stands among the earlier comments of no letter either.
    let unheard = comment(&world, &id, None).await;
    for comment in [&known, &changed, &internal, &unheard] {
        delete_comment(&world, &id, comment).await;
    }
    let gone = |comment: &str| event(EventKind::CommentDeleted, on, &carol, Some(comment));
    let (outcome, notice) = heard(&world, &[gone(&known)]).await;
    assert_eq!(outcome, "letters", "{notice:#}");
    assert_eq!(told(&notice), ["bob@example.org", "eve@outside.example"], "{notice:#}");

    let edited = Event { at_ms: 1_795_000_000_001, ..event(EventKind::CommentEdited, on, &carol, Some(&changed)) };
    for events in [
        vec![gone(&internal)],
        vec![gone(&unheard)],
        // Edited since: perhaps it was for few when it was deleted.
        vec![edited, Event { at_ms: 1_795_000_000_002, ..gone(&changed) }],
    ] {
        let (outcome, notice) = heard(&world, &events).await;
        assert_eq!((outcome.as_str(), told(&notice)), ("ignored", vec![]), "{notice:#}");
        assert!(notice["trace"].to_string().contains("nothing is known of who may see it"), "{notice:#}");
    }
    let for_few = Event { last: Some(Last::ForFew), issue_key: None, ..gone("999") };
    let (_, notice) = heard(&world, &[for_few]).await;
    assert!(told(&notice).is_empty(), "{notice:#}");
    world.end().await;
}
