//! The JQL subset: what queries find, and which are refused.

use crate::client::{Running, document, start};
use serde_json::json;

/// Three issues: DEMO-1 a done bug about printers, DEMO-2 an urgent question, DEMO-3 plain.
async fn filled() -> Running {
    let running = start().await;
    let mut first = crate::client::new_issue("Printer's broken");
    first["fields"]["issuetype"] = json!({ "name": "Bug" });
    first["fields"]["labels"] = json!(["mail", "office"]);
    running.post("/issue", first).await;
    running.post("/issue/DEMO-1/transitions", json!({ "transition": { "id": "31" } })).await;
    let mut second = crate::client::new_issue("Where is ÄPFEL?");
    second["fields"]["issuetype"] = json!({ "name": "Question" });
    second["fields"]["priority"] = json!({ "name": "Highest" });
    second["fields"]["assignee"] = json!({ "accountId": running.desk.gateway_account_id() });
    running.post("/issue", second).await;
    running.create("Nothing much").await;
    running.post("/issue/DEMO-3/comment", json!({ "body": document("It is in the Kitchen") })).await;
    running
}

/// Runs `cases/desk_jql/*.case`: `query => keys`, or `query => ! words of the refusal`.
#[tokio::test]
async fn queries_find_what_the_cases_say() {
    let running = filled().await;
    let file = concat!(env!("CARGO_MANIFEST_DIR"), "/../../cases/desk_jql/subset.case");
    let cases = std::fs::read_to_string(file).unwrap();
    let mut count = 0;
    for line in cases.lines().filter(|line| !line.is_empty() && !line.starts_with('#')) {
        let (query, expected) = line.split_once(" => ").unwrap_or_else(|| panic!("no arrow in: {line}"));
        check(&running, query.trim(), expected.trim()).await;
        count += 1;
    }
    assert!(count >= 50, "only {count} cases were run");
}

async fn check(running: &Running, query: &str, expected: &str) {
    let (status, answer) = running.post("/search/jql", json!({ "jql": query, "fields": ["key"] })).await;
    if let Some(words) = expected.strip_prefix("! ") {
        let message = answer["errorMessages"][0].as_str().unwrap_or_default();
        assert!(status == 400 && message.contains(words), "{query}: {status} {answer}");
        return;
    }
    assert_eq!(status, 200, "{query}: {answer}");
    let keys: Vec<&str> = answer["issues"].as_array().unwrap().iter().map(|one| one["key"].as_str().unwrap()).collect();
    assert_eq!(keys.join(" ").replace("DEMO-", ""), expected.replace("none", ""), "{query}");
}

#[tokio::test]
async fn pages_stay_on_what_the_first_one_saw() {
    let running = start().await;
    for number in 0..5 {
        running.create(&format!("Number {number}")).await;
    }
    let query = |token: Option<&str>| {
        let mut body = json!({ "jql": "project = DEMO", "maxResults": 2 });
        if let Some(token) = token {
            body["nextPageToken"] = json!(token);
        }
        body
    };
    let (_, first) = running.post("/search/jql", query(None)).await;
    assert_eq!((first["isLast"].as_bool(), first["issues"].as_array().unwrap().len()), (Some(false), 2));
    running.create("Newer").await;
    let (_, second) = running.post("/search/jql", query(first["nextPageToken"].as_str())).await;
    assert_eq!(second["issues"].as_array().unwrap().len(), 2);
    assert!(first["issues"].as_array().unwrap().iter().all(|one| !second["issues"].as_array().unwrap().contains(one)));
    let mut other = query(first["nextPageToken"].as_str());
    other["jql"] = json!("project = DEMO AND id > 1");
    assert_eq!(running.post("/search/jql", other).await.0, 400, "a token goes with its query");
    assert_eq!(running.post("/search/jql", query(Some("nonsense"))).await.0, 400);
}
