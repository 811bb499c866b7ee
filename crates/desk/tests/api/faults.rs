//! The fault switches: each fault shows where it should, does what it says, and is counted.

use crate::client::{document, new_issue, start, start_with};
use desk::{Fault, RouteKind, When};
use reqwest::Method;
use serde_json::json;

#[tokio::test]
async fn a_lost_answer_leaves_the_work_done() {
    let running = start().await;
    running.desk.faults().add(Fault::LostAnswer, RouteKind::Create, When::Next(1));
    let request = || running.request(Method::POST, "/rest/api/3/issue").body(new_issue("Once").to_string());
    let lost = request().header("Content-Type", "application/json").send().await;
    assert!(lost.is_err(), "the connection is cut before any answer: {lost:?}");
    assert_eq!(running.desk.counts().issues_created, 1);
    let (status, found) = running.get("/issue/DEMO-1?fields=summary").await;
    assert_eq!((status.as_u16(), &found["fields"]["summary"]), (200, &json!("Once")));
    running.create("Twice").await;
    assert_eq!(running.desk.faults().shown(|fault| *fault == Fault::LostAnswer), 1);
}

#[tokio::test]
async fn a_refused_request_is_never_lost() {
    let running = start().await;
    running.desk.faults().add(Fault::LostAnswer, RouteKind::Comment, When::Next(1));
    let (status, _) = running.post("/issue/DEMO-7/comment", json!({ "body": document("x") })).await;
    assert_eq!(status, 404);
    assert_eq!(running.desk.faults().counts()[0].shown, 0);
}

#[tokio::test]
async fn rate_limit_and_server_errors_keep_the_work_undone() {
    let running = start().await;
    let faults = running.desk.faults();
    faults.add(Fault::RateLimit { retry_after_s: 7 }, RouteKind::Create, When::Next(1));
    faults.add(Fault::ServerError { status: 503 }, RouteKind::Create, When::Next(1));
    let send = || async {
        let request = running.request(Method::POST, "/rest/api/3/issue").header("Content-Type", "application/json");
        request.body(new_issue("x").to_string()).send().await.unwrap()
    };
    let limited = send().await;
    assert_eq!((limited.status().as_u16(), &limited.headers()["retry-after"]), (429, &"7".parse().unwrap()));
    assert_eq!(limited.headers()["x-ratelimit-remaining"], "0");
    assert_eq!(send().await.status(), 503);
    assert_eq!(running.desk.counts().issues_created, 0);
    assert_eq!(send().await.status(), 201);
}

#[tokio::test]
async fn maintenance_is_a_page_and_truncated_json_is_no_json() {
    let running = start().await;
    let faults = running.desk.faults();
    faults.add(Fault::Maintenance { status: 200 }, RouteKind::Read, When::Next(1));
    faults.add(Fault::TruncatedJson, RouteKind::Read, When::Next(1));
    let send = || running.request(Method::GET, "/rest/api/3/myself").send();
    let page = send().await.unwrap();
    assert_eq!(
        (page.status().as_u16(), &page.headers()["content-type"]),
        (200, &"text/html; charset=utf-8".parse().unwrap())
    );
    let text = send().await.unwrap().text().await.unwrap();
    assert!(!text.is_empty() && serde_json::from_str::<serde_json::Value>(&text).is_err(), "{text}");
}

#[tokio::test]
async fn search_lags_while_reads_do_not() {
    let running = start().await;
    let key = running.create("Young").await;
    running.post(&format!("/issue/{key}/comment"), json!({ "body": document("unfindable") })).await;
    running.desk.faults().add(Fault::SearchLag { lag_ms: 3_600_000 }, RouteKind::Search, When::Always);
    assert!(running.search("project = DEMO").await.is_empty());
    let (_, whole) = running.get(&format!("/issue/{key}")).await;
    assert_eq!(whole["fields"]["comment"]["total"], 1);
    let (_, fetched) = running.post("/issue/bulkfetch", json!({ "issueIdsOrKeys": [key] })).await;
    assert_eq!(fetched["issues"][0]["key"], *key);
    let id: i64 = whole["id"].as_str().unwrap().parse().unwrap();
    let (_, found) = running.post("/search/jql", json!({ "jql": "project = DEMO", "reconcileIssues": [id] })).await;
    assert_eq!(found["issues"][0]["id"], whole["id"], "reconcileIssues reads past the lag");
    running.desk.faults().clear();
    assert_eq!(running.search("text ~ unfindable").await, [id.to_string()]);
}

#[tokio::test]
async fn short_pages_still_lead_to_everything() {
    let running = start().await;
    for number in 0..7 {
        running.create(&format!("Number {number}")).await;
    }
    running.desk.faults().add(Fault::ShortPages { length: 3 }, RouteKind::Search, When::Always);
    let mut found = running.search("project = DEMO").await;
    found.sort();
    found.dedup();
    assert_eq!(found.len(), 7);
    assert_eq!(running.desk.faults().counts()[0].shown, 3);
}

#[tokio::test]
async fn switches_can_be_set_over_http_where_the_settings_say_so() {
    let closed = start().await;
    assert_eq!(closed.request(Method::GET, "/desk/faults").send().await.unwrap().status(), 404);
    let running = start_with(|settings| settings.test_controls = true).await;
    let rules = json!([{ "fault": { "kind": "server_error", "status": 502 }, "route": "any", "when": { "next": 1 } }]);
    let request = running.request(Method::PUT, "/desk/faults").header("Content-Type", "application/json");
    assert_eq!(request.body(rules.to_string()).send().await.unwrap().status(), 204);
    let (status, _) = running.get("/myself").await;
    assert_eq!(status, 502);
    let counts = running.request(Method::GET, "/desk/faults").send().await.unwrap().text().await.unwrap();
    assert_eq!(serde_json::from_str::<serde_json::Value>(&counts).unwrap()[0]["shown"], 1);
    let stranger = running.http.get(format!("{}/desk/faults", running.base)).send().await.unwrap();
    assert_eq!(stranger.status(), 401);
}

#[tokio::test]
async fn a_slow_answer_comes_late_and_whole() {
    let running = start().await;
    running.desk.faults().add(Fault::Slow { delay_ms: 60 }, RouteKind::Read, When::Next(1));
    let begun = std::time::Instant::now();
    assert_eq!(running.get("/myself").await.0, 200);
    assert!(begun.elapsed().as_millis() >= 60);
}
