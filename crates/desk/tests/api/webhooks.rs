//! Webhooks: signed, repeated when it helps, shaped like the captures from real sites, and sent nowhere else.

use crate::client::{ADDRESS, Running, TOKEN, document, start, start_with};
use crate::conformance::shared_folder;
use axum::Router;
use axum::body::Bytes;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use serde_json::{Value, json};
use std::collections::BTreeSet;
use tokio::sync::mpsc;

const SECRET: &str = "a secret";

type Received = (HeaderMap, Bytes);

/// A receiver that answers with these statuses in turn, then with 200.
async fn receiver(answers: &[u16]) -> (String, mpsc::UnboundedReceiver<Received>) {
    let (told, heard) = mpsc::unbounded_channel();
    let (queue, answers_left) = std::sync::mpsc::channel();
    answers.iter().for_each(|status| queue.send(*status).unwrap());
    let answers_left = std::sync::Arc::new(std::sync::Mutex::new(answers_left));
    let handler = |State((told, answers)): State<(mpsc::UnboundedSender<Received>, _)>,
                   headers: HeaderMap,
                   body: Bytes| async move {
        let answers: std::sync::Arc<std::sync::Mutex<std::sync::mpsc::Receiver<u16>>> = answers;
        told.send((headers, body)).unwrap();
        let status = answers.lock().unwrap().try_recv().unwrap_or(200);
        StatusCode::from_u16(status).unwrap()
    };
    let router = Router::new().fallback(handler).with_state((told, answers_left));
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}/hook", listener.local_addr().unwrap());
    tokio::spawn(async move { axum::serve(listener, router).await.unwrap() });
    (url, heard)
}

async fn subscribe(running: &Running, body: Value) -> (u16, Value) {
    let request = running.request(reqwest::Method::POST, "/rest/webhooks/1.0/webhook");
    let response = request.header("Content-Type", "application/json").body(body.to_string()).send().await.unwrap();
    (response.status().as_u16(), serde_json::from_str(&response.text().await.unwrap()).unwrap())
}

fn hook(url: &str, events: &[&str]) -> Value {
    json!({ "name": "gateway", "url": url, "events": events, "secret": SECRET })
}

#[tokio::test]
async fn a_webhook_is_signed_over_its_raw_bytes() {
    let running = start().await;
    let (url, mut heard) = receiver(&[]).await;
    let (status, shown) = subscribe(&running, hook(&url, &["jira:issue_created"])).await;
    assert_eq!((status, shown.get("secret")), (201, None), "a secret is never shown again");
    running.create("Tell me").await;
    let (headers, body) = heard.recv().await.unwrap();
    assert_eq!(headers["x-hub-signature"], *desk::signature(SECRET, &body));
    assert!(headers.contains_key("x-atlassian-webhook-identifier"));
    assert_eq!(headers["x-atlassian-webhook-flow"], "Primary");
    assert!(!headers.contains_key("x-atlassian-webhook-retry"));
}

#[tokio::test]
async fn failures_are_repeated_under_one_identifier_and_refusals_are_not() {
    let running = start().await;
    let (url, mut heard) = receiver(&[503, 429, 200, 404]).await;
    subscribe(&running, hook(&url, &["jira:issue_created"])).await;
    running.create("First").await;
    let mut identifiers = BTreeSet::new();
    for retry in 0..3 {
        let (headers, _) = heard.recv().await.unwrap();
        let found = headers.get("x-atlassian-webhook-retry").map(|value| value.to_str().unwrap().to_owned());
        assert_eq!(found, (retry > 0).then(|| retry.to_string()));
        identifiers.insert(headers["x-atlassian-webhook-identifier"].to_str().unwrap().to_owned());
    }
    assert_eq!(identifiers.len(), 1);
    running.create("Second").await;
    heard.recv().await.unwrap();
    running.create("Third").await;
    let (headers, body) = heard.recv().await.unwrap();
    let body: Value = serde_json::from_slice(&body).unwrap();
    assert_eq!((body["issue"]["key"].as_str(), headers.get("x-atlassian-webhook-retry")), (Some("DEMO-3"), None));
}

#[tokio::test]
async fn a_webhook_that_never_arrives_is_given_up() {
    let running = start().await;
    let (url, mut heard) = receiver(&[500; 6]).await;
    subscribe(&running, hook(&url, &["jira:issue_created"])).await;
    running.create("Lost").await;
    for _ in 0..6 {
        heard.recv().await.unwrap();
    }
    while running.desk.counts().webhooks_failed == 0 {
        tokio::task::yield_now().await;
    }
    assert_eq!(running.desk.counts().webhooks_delivered, 0);
}

#[tokio::test]
async fn only_events_and_issues_that_were_asked_for_are_told() {
    let running = start().await;
    let (url, mut heard) = receiver(&[]).await;
    let mut wanted = hook(&url, &["comment_created"]);
    wanted["filters"] = json!({ "issue-related-events-section": "key = DEMO-2" });
    subscribe(&running, wanted).await;
    for summary in ["One", "Two"] {
        let key = running.create(summary).await;
        running.post(&format!("/issue/{key}/comment"), json!({ "body": document(summary) })).await;
    }
    let (_, body) = heard.recv().await.unwrap();
    let body: Value = serde_json::from_slice(&body).unwrap();
    assert_eq!((&body["issue"]["key"], &body["comment"]["body"]), (&json!("DEMO-2"), &json!("Two")));
}

#[tokio::test]
async fn webhooks_go_to_loopback_only() {
    let running = start().await;
    for url in
        ["http://example.com/", "http://10.0.0.1/", "ftp://127.0.0.1/", "http://127.0.0.1.evil.example/", "nonsense"]
    {
        assert_eq!(subscribe(&running, hook(url, &["jira:issue_created"])).await.0, 400, "{url}");
    }
    let mut unsigned = hook("http://127.0.0.1:9/", &["jira:issue_created"]);
    unsigned["secret"] = json!("");
    assert_eq!(subscribe(&running, unsigned).await.0, 400, "an empty secret protects nothing");
    assert_eq!(subscribe(&running, hook("http://127.0.0.1:9/", &["nonsense"])).await.0, 400);
}

#[tokio::test]
async fn subscriptions_are_listed_and_removed() {
    let running = start().await;
    subscribe(&running, hook("http://localhost:9/", &["jira:issue_created"])).await;
    let list = running.request(reqwest::Method::GET, "/rest/webhooks/1.0/webhook").send().await.unwrap();
    let list: Value = serde_json::from_str(&list.text().await.unwrap()).unwrap();
    let link = list[0]["self"].as_str().unwrap().strip_prefix(&running.base).unwrap().to_owned();
    assert_eq!(running.request(reqwest::Method::DELETE, &link).send().await.unwrap().status(), 204);
    assert_eq!(running.request(reqwest::Method::DELETE, &link).send().await.unwrap().status(), 404);
}

/// Every key that ours has must be one that a capture has in the same place, so that nothing is learnt from the desk
/// that Jira does not say; `ours_alone` names what captures of that age do not show.
fn check_shape(ours: &Value, capture: &Value, path: &str) {
    let ours_alone =
        ["accountType", "statusCategory", "hierarchyLevel", "simplified", "jsdPublic", "statuscategorychangedate"];
    if let (Value::Object(ours), Value::Object(capture)) = (ours, capture) {
        for (key, value) in ours.iter().filter(|(key, _)| !ours_alone.contains(&key.as_str())) {
            let same = capture.get(key).unwrap_or_else(|| panic!("captures have no {path}/{key}"));
            assert!(value.is_null() || same.is_null() || kind(value) == kind(same), "{path}/{key}: {value} and {same}");
            check_shape(value, same, &format!("{path}/{key}"));
        }
    }
}

fn kind(value: &Value) -> u8 {
    match value {
        Value::Null => 0,
        Value::Bool(_) => 1,
        Value::Number(_) => 2,
        Value::String(_) => 3,
        Value::Array(_) => 4,
        Value::Object(_) => 5,
    }
}

#[tokio::test]
async fn payloads_are_shaped_like_captures_from_real_sites() {
    let Some(shared) = shared_folder() else { return };
    let capture = |name: &str| -> Value {
        let file = shared.join("webhooks/mattermost").join(name);
        serde_json::from_slice(&std::fs::read(file).unwrap()).unwrap()
    };
    let running = start().await;
    let (url, mut heard) = receiver(&[]).await;
    let events = ["jira:issue_created", "jira:issue_updated", "jira:issue_deleted", "comment_created"];
    subscribe(&running, hook(&url, &events)).await;
    let key = running.create("Shape").await;
    let mut next = async || serde_json::from_slice::<Value>(&heard.recv().await.unwrap().1).unwrap();
    let created = next().await;
    assert_eq!(created["issue"]["fields"]["description"], "What was said.", "text is wiki markup");
    assert!(created["issue"]["self"].as_str().unwrap().contains("/rest/api/2/issue/"));
    assert!(created["user"].get("emailAddress").is_none());
    check_shape(&created, &capture("webhook-cloud-issue-created-many-fields.json"), "");
    running.post(&format!("/issue/{key}/comment"), json!({ "body": document("Said.") })).await;
    check_shape(&next().await, &capture("webhook-cloud-comment-created.json"), "");
    running.post(&format!("/issue/{key}/transitions"), json!({ "transition": { "id": "31" } })).await;
    let updated = next().await;
    assert_eq!(updated["issue_event_type_name"], "issue_generic");
    assert_eq!(updated["changelog"]["items"][0]["toString"], "Done");
    check_shape(&updated["changelog"], &capture("webhook-issue-updated-resolved.json")["changelog"], "/changelog");
    running.delete(&format!("/issue/{key}")).await;
    let deleted = next().await;
    assert!(deleted.get("issue_event_type_name").is_none());
    check_shape(&deleted, &capture("webhook-issue-deleted.json"), "");
}

#[tokio::test]
async fn time_that_was_spent_is_told_when_it_is_entered_changed_and_taken_back() {
    let running = start().await;
    let (url, mut heard) = receiver(&[]).await;
    subscribe(&running, hook(&url, &["worklog_created", "worklog_updated", "worklog_deleted"])).await;
    let key = running.create("Work").await;
    let mut next = async || serde_json::from_slice::<Value>(&heard.recv().await.unwrap().1).unwrap();
    let (_, entered) = running.post(&format!("/issue/{key}/worklog"), json!({ "timeSpentSeconds": 600 })).await;
    let path = format!("/issue/{key}/worklog/{}", entered["id"].as_str().unwrap());
    let created = next().await;
    running.put(&path, json!({ "timeSpentSeconds": 1200 })).await;
    let updated = next().await;
    running.delete(&path).await;
    let deleted = next().await;
    for (told, event, seconds) in
        [(created, "worklog_created", 600), (updated, "worklog_updated", 1200), (deleted, "worklog_deleted", 1200)]
    {
        assert_eq!((&told["webhookEvent"], &told["worklog"]["timeSpentSeconds"]), (&json!(event), &json!(seconds)));
        assert_eq!((&told["worklog"]["id"], told.get("issue")), (&entered["id"], None));
    }
}

#[tokio::test]
async fn on_data_center_people_have_user_names_and_links_lead_to_v2() {
    let running = start_with(|settings| settings.data_center = true).await;
    let (url, mut heard) = receiver(&[]).await;
    let post = async |path: &str, body: Value| {
        let request = running.http.post(format!("{}{path}", running.base)).bearer_auth(TOKEN);
        let response = request.header("Content-Type", "application/json").body(body.to_string()).send().await.unwrap();
        let (status, text) = (response.status().as_u16(), response.text().await.unwrap());
        assert!([200, 201].contains(&status), "{path}: {text}");
        serde_json::from_str::<Value>(&text).unwrap()
    };
    let events = ["jira:issue_created", "comment_created", "worklog_created"];
    post("/rest/webhooks/1.0/webhook", hook(&url, &events)).await;
    let fields = json!({ "project": { "key": "DEMO" }, "issuetype": { "name": "Task" }, "summary": "Shape",
        "assignee": { "name": "gateway" } });
    let made = post("/rest/api/2/issue", json!({ "fields": fields })).await;
    let on = format!("/rest/api/2/issue/{}", made["key"].as_str().unwrap());
    let answered = post(&format!("{on}/comment"), json!({ "body": "Said." })).await;
    post(&format!("{on}/worklog"), json!({ "timeSpentSeconds": 600 })).await;
    let mut told = Vec::new();
    for _ in events {
        told.push(serde_json::from_slice::<Value>(&heard.recv().await.unwrap().1).unwrap());
    }
    let of = |event: &str| told.iter().find(|body| body["webhookEvent"] == event).unwrap();
    let user = format!("{}/rest/api/2/user?username=gateway", running.base);
    let (created, commented) = (of("jira:issue_created"), of("comment_created"));
    for person in [
        &created["user"],
        &created["issue"]["fields"]["creator"],
        &created["issue"]["fields"]["assignee"],
        &commented["comment"]["author"],
        &commented["comment"]["updateAuthor"],
        &of("worklog_created")["worklog"]["author"],
        &answered["author"],
    ] {
        assert_eq!((&person["name"], &person["key"]), (&json!("gateway"), &json!("gateway")), "{person}");
        assert_eq!((&person["displayName"], &person["self"]), (&json!("Gateway"), &json!(user)), "{person}");
        assert_eq!(person["emailAddress"], ADDRESS, "{person}");
    }
    assert!(answered["self"].as_str().unwrap().contains("/rest/api/2/issue/"), "{answered}");
    for body in told.iter().chain([&made, &answered]) {
        let text = body.to_string();
        assert!(!text.contains("accountId") && !text.contains("/rest/api/3"), "{text}");
    }
    let Some(shared) = shared_folder() else { return };
    let capture = std::fs::read(shared.join("webhooks/mattermost/webhook-server-comment-created.json")).unwrap();
    let capture: Value = serde_json::from_slice(&capture).unwrap();
    check_shape(&commented["comment"], &capture["comment"], "/comment");
}
