//! A tour through all endpoints, each request and answer validated against Jira's own document.

use crate::client::{Running, document, new_issue, start};
use crate::conformance::Document;
use reqwest::Method;
use reqwest::multipart::{Form, Part};
use serde_json::{Value, json};

/// Walks and validates.
struct Walker {
    running: Running,
    document: Document,
}

impl Walker {
    async fn step(&mut self, method: Method, path: &str, body: Option<Value>, expected: u16) -> Value {
        let plain = path.split('?').next().unwrap().to_owned();
        if expected < 400 {
            self.document.check_request(method.as_str(), &plain, body.as_ref());
        }
        let (status, answer) = self.running.call(method.clone(), path, body).await;
        assert_eq!(status.as_u16(), expected, "{method} {path}: {answer}");
        self.document.check_response(method.as_str(), &plain, expected, &answer);
        answer
    }

    async fn get(&mut self, path: &str, expected: u16) -> Value {
        self.step(Method::GET, path, None, expected).await
    }

    async fn post(&mut self, path: &str, body: Value, expected: u16) -> Value {
        self.step(Method::POST, path, Some(body), expected).await
    }

    async fn put(&mut self, path: &str, body: Value, expected: u16) -> Value {
        self.step(Method::PUT, path, Some(body), expected).await
    }

    async fn delete(&mut self, path: &str, expected: u16) -> Value {
        self.step(Method::DELETE, path, None, expected).await
    }

    async fn site(&mut self) {
        assert_eq!(self.get("/serverInfo", 200).await["deploymentType"], "Cloud");
        let me = self.get("/myself", 200).await["accountId"].as_str().unwrap().to_owned();
        assert_eq!(me, self.running.desk.gateway_account_id());
        self.get(&format!("/user?accountId={me}"), 200).await;
        self.get("/user?accountId=nobody", 404).await;
        assert_eq!(self.get("/user/search?query=gateway", 200).await[0]["accountId"], *me);
        self.get("/user/search", 400).await;
        self.get("/project", 200).await;
        assert_eq!(self.get("/project/search?maxResults=1", 200).await["values"][0]["key"], "DEMO");
        assert_eq!(self.get("/project/demo", 200).await["name"], "Demo service desk");
        self.get("/project/NONE", 404).await;
        self.get("/project/DEMO/statuses", 200).await;
        let types = self.get("/issue/createmeta/DEMO/issuetypes", 200).await;
        assert_eq!(types["issueTypes"].as_array().unwrap().len(), 3);
        let fields = self.get("/issue/createmeta/DEMO/issuetypes/10002?maxResults=4", 200).await;
        assert_eq!((fields["total"].as_i64(), fields["fields"].as_array().unwrap().len()), (Some(38), 4));
        self.get("/priority", 200).await;
        self.get("/priority/search", 200).await;
        self.get("/priority/3", 200).await;
        self.get("/issuetype", 200).await;
    }

    /// Gives the keys of two issues.
    async fn issues(&mut self) -> (String, String) {
        let mut first = new_issue("A first issue");
        first["properties"] = json!([{ "key": "marker", "value": { "step": "m1/1/1" } }]);
        let made = self.post("/issue", first, 201).await;
        let key = made["key"].as_str().unwrap().to_owned();
        let whole =
            self.get(&format!("/issue/{key}?properties=marker&expand=renderedFields,transitions,changelog"), 200).await;
        assert_eq!(whole["properties"]["marker"]["step"], "m1/1/1");
        assert_eq!(whole["id"], made["id"]);
        assert!(whole["renderedFields"]["description"].as_str().unwrap().contains("<p>What was said.</p>"));
        let described = self.get(&format!("/issue/{key}?fields=description&expand=renderedFields"), 200).await;
        assert_eq!(described["fields"], json!({ "description": document("What was said.") }));
        assert_eq!(described["renderedFields"], json!({ "description": "<p>What was said.</p>" }));
        self.post("/issue", json!({ "fields": { "project": { "key": "DEMO" }, "summary": "x" } }), 400).await;
        let mut plain = new_issue("Plain");
        plain["fields"]["description"] = json!("not a document");
        let refused = self.post("/issue", plain, 400).await;
        assert_eq!(refused["errors"]["description"], "Operation value must be an Atlassian Document");
        let bad = json!({ "fields": { "project": { "key": "DEMO" } } });
        let several = json!({ "issueUpdates": [new_issue("Second"), bad] });
        let several = self.post("/issue/bulk", several, 201).await;
        assert_eq!(several["errors"][0]["failedElementNumber"], 1);
        let second = several["issues"][0]["key"].as_str().unwrap().to_owned();
        let none = json!({ "issueUpdates": [{ "fields": { "summary": "x" } }] });
        self.post("/issue/bulk", none, 400).await;
        let fetched =
            json!({ "issueIdsOrKeys": [second, key, "DEMO-999"], "fields": ["summary"], "properties": ["marker"] });
        let fetched = self.post("/issue/bulkfetch", fetched, 200).await;
        assert_eq!(fetched["issues"][0]["key"], *key, "in ascending order of id");
        assert_eq!(fetched["issueErrors"].as_array().unwrap().len(), 1);
        let edit = json!({ "fields": { "summary": "Renamed", "priority": { "name": "High" } },
            "update": { "labels": [{ "add": "mail" }] } });
        assert_eq!(self.put(&format!("/issue/{key}"), edit, 204).await, Value::Null);
        let edit = json!({ "fields": { "duedate": "2026-12-24", "parent": { "key": second } } });
        let after = self.put(&format!("/issue/{key}?returnIssue=true"), edit, 200).await;
        assert_eq!(
            (&after["fields"]["labels"][0], &after["fields"]["parent"]["key"]),
            (&json!("mail"), &json!(second))
        );
        self.put(&format!("/issue/{key}"), json!({ "fields": { "nonsense": 1 } }), 400).await;
        let me = self.running.desk.gateway_account_id();
        self.put(&format!("/issue/{key}/assignee"), json!({ "accountId": me }), 204).await;
        assert_eq!(self.get(&format!("/issue/{key}/changelog"), 200).await["total"], 3);
        assert_eq!(self.get("/label", 200).await["values"], json!(["mail"]));
        self.get("/issue/DEMO-999", 404).await;
        (key, second)
    }

    async fn comments(&mut self, key: &str) {
        let body = json!({ "body": document("Said in a mail."), "properties": [{ "key": "marker", "value": "m2" }] });
        let id = self.post(&format!("/issue/{key}/comment"), body, 201).await["id"].as_str().unwrap().to_owned();
        let refused = self.post(&format!("/issue/{key}/comment"), json!({ "body": "plain" }), 400).await;
        assert_eq!(refused["errors"]["comment"], "Operation value must be an Atlassian Document");
        self.post("/issue/DEMO-999/comment", json!({ "body": document("x") }), 404).await;
        assert_eq!(self.get(&format!("/issue/{key}/comment?orderBy=-created"), 200).await["total"], 1);
        let said = self.get(&format!("/issue/{key}/comment/{id}?expand=properties,renderedBody"), 200).await;
        assert_eq!((&said["renderedBody"], &said["jsdPublic"]), (&json!("<p>Said in a mail.</p>"), &json!(true)));
        assert_eq!(said["properties"], json!([{ "key": "marker", "value": "m2" }]));
        self.put(&format!("/issue/{key}/comment/{id}"), json!({ "body": document("Said better.") }), 200).await;
        let listed =
            self.post("/comment/list?expand=properties", json!({ "ids": [id.parse::<i64>().unwrap()] }), 200).await;
        assert_eq!(listed["values"][0]["properties"], json!([{ "key": "marker", "value": "m2" }]));
        assert_eq!(self.get(&format!("/comment/{id}/properties"), 200).await["keys"][0]["key"], "marker");
        self.put(&format!("/comment/{id}/properties/other"), json!(1), 201).await;
        self.put(&format!("/comment/{id}/properties/other"), json!(2), 200).await;
        assert_eq!(self.get(&format!("/comment/{id}/properties/other"), 200).await["value"], 2);
        self.delete(&format!("/comment/{id}/properties/other"), 204).await;
        self.delete(&format!("/issue/{key}/comment/{id}"), 204).await;
        self.get(&format!("/issue/{key}/comment/{id}"), 404).await;
    }

    async fn attachments(&mut self, key: &str) {
        let path = format!("/issue/{key}/attachments");
        let form = |name: &str| Form::new().part("file", Part::bytes(b"hello".to_vec()).file_name(name.to_owned()));
        let url = format!("/rest/api/3{path}");
        let refused = self.running.request(Method::POST, &url).multipart(form("a.txt")).send().await.unwrap();
        assert_eq!(refused.status(), 403);
        let request = self.running.request(Method::POST, &url).header("X-Atlassian-Token", "no-check");
        let response = request.multipart(form("größe \"1\".txt")).send().await.unwrap();
        let (status, made) =
            (response.status().as_u16(), serde_json::from_str::<Value>(&response.text().await.unwrap()).unwrap());
        assert_eq!((status, made[0]["size"].as_i64()), (200, Some(5)), "{made}");
        self.document.check_response("POST", &path, status, &made);
        let id = made[0]["id"].as_str().unwrap();
        assert_eq!(self.get(&format!("/attachment/{id}"), 200).await["filename"], "größe \"1\".txt");
        assert_eq!(self.get("/attachment/meta", 200).await["enabled"], true);
        let content =
            self.running.request(Method::GET, &format!("/rest/api/3/attachment/content/{id}")).send().await.unwrap();
        assert_eq!(content.status(), 303);
        let media = content.headers()["location"].to_str().unwrap().to_owned();
        let media = self.running.http.get(media).send().await.unwrap();
        assert_eq!((media.status().as_u16(), media.text().await.unwrap().as_str()), (200, "hello"));
        self.delete(&format!("/attachment/{id}"), 204).await;
        self.get(&format!("/attachment/{id}"), 404).await;
    }

    async fn properties_and_watchers(&mut self, key: &str) {
        self.put(&format!("/issue/{key}/properties/p"), json!({ "a": [1] }), 201).await;
        assert_eq!(self.get(&format!("/issue/{key}/properties/p"), 200).await["value"], json!({ "a": [1] }));
        self.get(&format!("/issue/{key}/properties"), 200).await;
        self.delete(&format!("/issue/{key}/properties/p"), 204).await;
        self.get(&format!("/issue/{key}/properties/p"), 404).await;
        let mia = self.running.desk.add_person("mia@example.com", "Mia Keller").await.unwrap();
        self.post(&format!("/issue/{key}/watchers"), json!(mia), 204).await;
        self.post(&format!("/issue/{key}/watchers"), json!("nobody"), 404).await;
        assert_eq!(self.get(&format!("/issue/{key}/watchers"), 200).await["watchCount"], 1);
        self.delete(&format!("/issue/{key}/watchers?accountId={mia}"), 204).await;
    }

    async fn links_and_worklogs(&mut self, first: &str, second: &str) {
        self.get("/issueLinkType", 200).await;
        self.get("/issueLinkType/10000", 200).await;
        let link = json!({ "type": { "name": "Relates" }, "inwardIssue": { "key": first }, "outwardIssue": { "key": second } });
        self.post("/issueLink", link, 201).await;
        let whole = self.get(&format!("/issue/{first}?fields=issuelinks"), 200).await;
        let id = whole["fields"]["issuelinks"][0]["id"].as_str().unwrap().to_owned();
        self.get(&format!("/issueLink/{id}"), 200).await;
        self.delete(&format!("/issueLink/{id}"), 204).await;
        self.get(&format!("/issueLink/{id}"), 404).await;
        let work =
            json!({ "timeSpent": "1h 5m", "started": "2026-01-02T03:04:05.000+0200", "comment": document("Looked.") });
        let made = self.post(&format!("/issue/{first}/worklog"), work, 201).await;
        assert_eq!(made["timeSpentSeconds"], 3900);
        assert_eq!(made["started"], "2026-01-02T01:04:05.000+0000");
        let id = made["id"].as_str().unwrap();
        self.get(&format!("/issue/{first}/worklog"), 200).await;
        let said = self.get(&format!("/issue/{first}/worklog/{id}"), 200).await;
        assert_eq!((&said["timeSpent"], &said["comment"]), (&json!("1h 5m"), &document("Looked.")));
        self.put(&format!("/issue/{first}/worklog/{id}"), json!({ "timeSpentSeconds": 120 }), 200).await;
        self.delete(&format!("/issue/{first}/worklog/{id}"), 204).await;
        self.post(&format!("/issue/{first}/worklog"), json!({ "timeSpentSeconds": 0 }), 400).await;
    }

    async fn search(&mut self, key: &str) {
        let found = self.get("/search/jql?jql=project%20%3D%20DEMO", 200).await;
        assert_eq!(found["issues"][0].as_object().unwrap().keys().collect::<Vec<_>>(), ["id"], "ids only by default");
        let query = json!({ "jql": format!("key = {key}"), "fields": ["*all"], "properties": ["marker"] });
        let found = self.post("/search/jql", query, 200).await;
        assert_eq!(found["issues"][0]["properties"]["marker"]["step"], "m1/1/1");
        self.post("/search/jql", json!({ "jql": "order by created" }), 400).await;
        self.post("/search/jql", json!({ "jql": "sprint = 1" }), 400).await;
        self.get("/search?jql=project%20%3D%20DEMO", 410).await;
        assert_eq!(self.post("/search/approximate-count", json!({ "jql": "project = DEMO" }), 200).await["count"], 2);
        self.post("/jql/parse", json!({ "queries": ["project = DEMO", "bad ="] }), 200).await;
    }

    async fn transitions(&mut self, key: &str) {
        let possible = self.get(&format!("/issue/{key}/transitions?expand=transitions.fields"), 200).await;
        assert_eq!(possible["transitions"].as_array().unwrap().len(), 2);
        self.post(&format!("/issue/{key}/transitions"), json!({ "transition": { "id": "31" } }), 204).await;
        self.post(&format!("/issue/{key}/transitions"), json!({ "transition": { "id": "31" } }), 400).await;
    }
}

#[tokio::test]
async fn every_answer_fits_jiras_document() {
    let Some(document) = Document::load() else {
        return;
    };
    let mut walker = Walker { running: start().await, document };
    walker.site().await;
    let (first, second) = walker.issues().await;
    walker.comments(&first).await;
    walker.attachments(&first).await;
    walker.properties_and_watchers(&first).await;
    walker.links_and_worklogs(&first, &second).await;
    walker.search(&first).await;
    walker.transitions(&first).await;
    walker.delete(&format!("/issue/{second}"), 400).await;
    walker.delete(&format!("/issue/{second}?deleteSubtasks=true"), 204).await;
    walker.delete(&format!("/issue/{second}"), 404).await;
    // A tour that silently grew shorter would prove less.
    assert!(walker.document.seen.len() >= 80, "only {} kinds of answers were seen", walker.document.seen.len());
}
