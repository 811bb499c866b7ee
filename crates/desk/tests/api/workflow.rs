//! Issues through their life: sign-in, workflow, keys, and many at once.

use crate::client::{document, new_issue, start};
use reqwest::Method;
use serde_json::json;
use std::collections::HashSet;

#[tokio::test]
async fn nobody_comes_in_without_the_right_token() {
    let running = start().await;
    let url = format!("{}/rest/api/3/myself", running.base);
    for (address, token) in
        [("gateway@example.com", "wrong"), ("other@example.com", "a-token"), ("gateway@example.com", "")]
    {
        let response = running.http.get(&url).basic_auth(address, Some(token)).send().await.unwrap();
        assert_eq!(response.status(), 401, "{address}");
    }
    assert_eq!(running.http.get(&url).send().await.unwrap().status(), 401);
    let response = running.request(Method::GET, "/rest/api/3/myself").send().await.unwrap();
    assert_eq!(response.headers()["x-aaccountid"], *running.desk.gateway_account_id());
}

#[tokio::test]
async fn the_workflow_allows_its_own_steps_only() {
    let running = start().await;
    let key = running.create("Steps").await;
    let path = format!("/issue/{key}/transitions");
    let step = |id: &str| running.post(&path, json!({ "transition": { "id": id } }));
    assert_eq!(step("41").await.0, 400, "what is not done cannot be reopened");
    assert_eq!(step("31").await.0, 204);
    let (_, done) = running.get(&format!("/issue/{key}")).await;
    assert_eq!(done["fields"]["status"]["statusCategory"]["key"], "done");
    assert_eq!(done["fields"]["resolution"]["name"], "Done");
    assert_eq!(step("11").await.0, 400, "what is done must be reopened first");
    assert_eq!(step("41").await.0, 204);
    let (_, open) = running.get(&format!("/issue/{key}")).await;
    assert_eq!((&open["fields"]["status"]["name"], &open["fields"]["resolution"]), (&json!("To Do"), &json!(null)));
    let (_, body) = running.post(&path, json!({ "update": {} })).await;
    assert_eq!(body["errorMessages"][0], "Missing 'transition' identifier");
}

#[tokio::test]
async fn concurrent_creates_get_keys_of_their_own() {
    let running = start().await;
    let creates = (0..100).map(|number| {
        let body = new_issue(&format!("Number {number}"));
        let running = &running;
        async move { running.post("/issue", body).await }
    });
    let made = futures_util::future::join_all(creates).await;
    let keys: HashSet<String> = made.iter().map(|(_, body)| body["key"].as_str().unwrap().to_owned()).collect();
    assert_eq!(keys, (1..=100).map(|number| format!("DEMO-{number}")).collect());
    assert_eq!(running.desk.counts().issues_created, 100);
}

#[tokio::test]
async fn a_moved_issue_answers_to_its_old_key_with_its_new_one() {
    let running = start().await;
    running.desk.add_project("OPS", "Operations").await.unwrap();
    let key = running.create("Wanders").await;
    let (_, before) = running.get(&format!("/issue/{key}")).await;
    assert_eq!(running.desk.move_issue(&key, "OPS").await.unwrap(), "OPS-1");
    let (status, after) = running.get(&format!("/issue/{key}")).await;
    assert_eq!((status.as_u16(), &after["key"], &after["id"]), (200, &json!("OPS-1"), &before["id"]));
    assert_eq!(running.search(&format!("key = {key}")).await.len(), 1);
    // The old number is not given again.
    assert_eq!(running.create("Next").await, "DEMO-2");
}

#[tokio::test]
async fn what_was_written_is_there_after_a_restart() {
    let folder = tempfile::tempdir().unwrap();
    let settings = || {
        let account = desk::Account { address: "a@example.com".into(), token: "t".into(), name: "A".into() };
        desk::Settings::new(folder.path().join("desk.sqlite"), folder.path().join("files"), account)
    };
    let first = desk::Desk::open(settings()).await.unwrap();
    first.seed_demo().await.unwrap();
    let me = first.gateway_account_id();
    drop(first);
    let second = desk::Desk::open(settings()).await.unwrap();
    second.seed_demo().await.unwrap();
    assert_eq!(second.gateway_account_id(), me);
}

#[tokio::test]
async fn what_jira_refuses_is_refused_in_its_words() {
    let running = start().await;
    let cases = [
        (json!({ "summary": "" }), "summary", "You must specify a summary of the issue."),
        (json!({ "summary": "a\nb" }), "summary", "The summary is invalid because it contains newline characters."),
        (json!({ "summary": "x".repeat(256) }), "summary", "Summary must be less than 255 characters."),
        (json!({ "labels": ["a b"] }), "labels", "The label 'a b' contains spaces which is invalid."),
        (json!({ "priority": { "id": "9" } }), "priority", "The priority selected is invalid."),
        (json!({ "assignee": { "accountId": "x" } }), "assignee", "Account ID 'x' does not exist."),
        (json!({ "parent": { "key": "DEMO-99" } }), "parent", "Could not find issue by id or key."),
        (json!({ "project": { "key": "NO" } }), "project", "Specify a valid project ID or key"),
    ];
    for (change, field, expected) in cases {
        let mut body = new_issue("Fine");
        body["fields"].as_object_mut().unwrap().extend(change.as_object().unwrap().clone());
        let (status, answer) = running.post("/issue", body).await;
        assert_eq!((status.as_u16(), &answer["errors"][field]), (400, &json!(expected)), "{answer}");
    }
    assert_eq!(running.desk.counts().issues_created, 0);
    let key = running.create("Fine").await;
    let both = json!({ "fields": { "summary": "a" }, "update": { "summary": [{ "set": "b" }] } });
    assert_eq!(running.put(&format!("/issue/{key}"), both).await.0, 400);
    let long = json!({ "body": document(&"x".repeat(32_768)) });
    assert_eq!(running.post(&format!("/issue/{key}/comment"), long).await.0, 400);
    assert_eq!(running.delete(&format!("/issue/{key}")).await.0, 204);
}
