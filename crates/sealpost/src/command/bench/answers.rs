//! A tracker that answers at once, for measuring what comes after its answers.

use engine::{Go, Voice};
use futures_util::future::{BoxFuture, ready};
use policy::Fault;
use serde_json::{Value, json};
use tokio::sync::mpsc;
use tokio_util::bytes::Bytes;
use tracker::{Request, Response};

/// A comment of ordinary length.
const COMMENT: &str = "The printer on the second floor burns again. I have switched it off at the wall, taken the paper out and \
    opened the window. Could somebody look at the fuser before Monday? The last ticket about it is three weeks old, and the people of \
    accounting print their invoices there.";

/// Answers for a site whose issues are all alike and whose people have no accounts.
pub struct Answers;

impl Voice for Answers {
    fn say<'a>(&'a self, request: &'a Request) -> BoxFuture<'a, Result<Response, Fault>> {
        let body = answer(&request.path).to_string().into_bytes();
        Box::pin(ready(Ok(Response { status: 200, headers: Vec::new(), body })))
    }

    fn say_if<'a>(&'a self, request: &'a Request, go: Go<'a>) -> BoxFuture<'a, Result<Response, Fault>> {
        match go() {
            Ok(()) => self.say(request),
            Err(fault) => Box::pin(ready(Err(fault))),
        }
    }

    fn is_parked(&self) -> bool {
        false
    }

    fn say_for_file<'a>(
        &'a self,
        request: &'a Request,
        _: u64,
        _: mpsc::Sender<Bytes>,
    ) -> BoxFuture<'a, Result<Response, Fault>> {
        self.say(request)
    }

    fn say_with_file<'a>(
        &'a self,
        request: &'a Request,
        _: u64,
        _: mpsc::Receiver<Bytes>,
        go: Go<'a>,
    ) -> BoxFuture<'a, Result<Response, Fault>> {
        self.say_if(request, go)
    }
}

/// What was said on each issue before.
const EARLIER: [&str; 3] = ["40003", "40002", "40001"];

fn comment(id: &str, author: &Value) -> Value {
    let words = json!({ "type": "doc", "version": 1,
        "content": [{ "type": "paragraph", "content": [{ "type": "text", "text": COMMENT }] }] });
    json!({ "id": id, "author": author, "created": "2026-11-20T10:00:00.000+0000", "body": words,
        "renderedBody": format!("<p>{COMMENT}</p>"), "jsdPublic": true, "properties": [] })
}

fn answer(path: &str) -> Value {
    let person = json!({ "accountId": "5c0000", "displayName": "Ann Example", "active": true });
    let after = |word: &str| path.split(word).nth(1).map(|rest| rest.split(['/', '?']).next().unwrap_or_default());
    if path.contains("/user/") {
        return json!([]);
    }
    if path.contains("/myself") {
        return json!({ "accountId": "gateway", "displayName": "Gateway", "active": true });
    }
    if path.contains("/comment/list") {
        return json!({ "values": [] });
    }
    if let Some(id) = after("/comment/") {
        return comment(id, &person);
    }
    if path.contains("/comment?") {
        let earlier: Vec<Value> = EARLIER.iter().map(|id| comment(id, &person)).collect();
        return json!({ "comments": earlier, "startAt": 0, "maxResults": 20, "total": EARLIER.len() });
    }
    let id = after("/issue/").unwrap_or("0");
    json!({ "id": id, "key": format!("DEMO-{id}"), "fields": {
        "project": { "key": "DEMO" }, "summary": "The printer on the second floor", "issuetype": { "name": "Task" },
        "status": { "id": "1", "name": "Open", "statusCategory": { "key": "new" } }, "priority": { "name": "High" },
        "created": "2026-11-20T09:00:00.000+0000", "reporter": person, "assignee": person, "labels": ["printers"],
        "components": [{ "name": "Printers" }], "attachment": [], "description": null, "security": null } })
}
