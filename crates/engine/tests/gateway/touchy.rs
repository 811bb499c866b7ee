//! A tracker of nothing but touched issues, for what no real one does when it is asked to.

use bytes::Bytes;
use engine::{Go, Voice};
use futures_util::future::BoxFuture;
use policy::{Fault, FaultCode};
use serde_json::{Value, json};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Mutex, MutexGuard};
use tokio::sync::mpsc;
use tracker::{Content, Request, Response};

/// A tracker of nothing but touched issues, whose clock stands where a test puts it.
pub struct Touchy(pub Mutex<State>);

#[derive(Default)]
pub struct State {
    pub now_ms: i64,
    /// By id: each change's time.
    pub issues: BTreeMap<u32, Vec<i64>>,
    /// The search does not show these.
    pub hidden: BTreeSet<u32>,
    /// After so many searches more this issue is touched.
    pub moves: Vec<(usize, u32)>,
    pub searches: Vec<String>,
    pub reads: BTreeMap<u32, u32>,
    pub refused: bool,
    /// The history of this issue cannot be read.
    pub poisoned: Option<u32>,
    /// The history of this issue is too large for one answer, and no time is tracked on it.
    pub large: Option<u32>,
    /// So many comments this issue has, of which no answer tells more than two.
    pub comments: BTreeMap<u32, usize>,
}

pub const MINUTE_MS: i64 = 60_000;
/// A day in 2026.
pub const NOON_MS: i64 = 1_795_694_400_000;

fn shown_time(at_ms: i64) -> String {
    let at = jiff::Timestamp::from_millisecond(at_ms).unwrap();
    at.strftime("%Y-%m-%dT%H:%M:%S%.3f+0000").to_string()
}

impl State {
    pub fn touch(&mut self, id: u32, at_ms: i64) {
        self.issues.entry(id).or_default().push(at_ms);
    }

    /// Found is what was touched in that minute or later, counted as unkindly as can be.
    fn search(&mut self, body: &Value, is_cloud: bool) -> Value {
        let jql = body["jql"].as_str().unwrap().to_owned();
        let minutes = jql.strip_prefix("updated >= -").unwrap().strip_suffix("m ORDER BY updated ASC").unwrap();
        let from_ms = self.now_ms - minutes.parse::<i64>().unwrap() * MINUTE_MS;
        let last = |id: &u32| *self.issues[id].last().unwrap();
        let is_found = |id: &&u32| !self.hidden.contains(id) && last(id) / MINUTE_MS * MINUTE_MS >= from_ms;
        let mut found: Vec<u32> = self.issues.keys().filter(is_found).copied().collect();
        found.sort_by_key(|id| (last(id), *id));
        let token = body["nextPageToken"].as_str().and_then(|token| token.parse().ok());
        let start = token.or(body["startAt"].as_u64().map(|start| start as usize)).unwrap_or(0);
        let page = found.iter().skip(start).take(body["maxResults"].as_u64().unwrap() as usize);
        let shown: Vec<Value> = page
            .map(|id| {
                let (first, last) = (self.issues[id][0], last(id));
                json!({ "id": id.to_string(), "key": format!("A-{id}"),
                    "fields": { "created": shown_time(first - 90 * 24 * 60 * MINUTE_MS), "updated": shown_time(last) } })
            })
            .collect();
        let end = start + shown.len();
        self.searches.push(jql);
        let number = self.searches.len();
        let now_ms = self.now_ms;
        for (_, id) in self.moves.clone().into_iter().filter(|(after, _)| *after == number) {
            self.touch(id, now_ms);
        }
        if is_cloud {
            json!({ "issues": shown, "isLast": end >= found.len(), "nextPageToken": end.to_string() })
        } else {
            json!({ "issues": shown, "startAt": start, "total": found.len() })
        }
    }

    fn history(&mut self, id: u32) -> Value {
        *self.reads.entry(id).or_default() += 1;
        let changes = self.changes(id);
        let (key, comments) = (format!("A-{id}"), self.comments.get(&id).copied().unwrap_or(0));
        json!({ "id": id.to_string(), "key": key, "fields": { "comment": { "comments": [], "total": comments } },
            "changelog": { "total": changes.len(), "histories": changes } })
    }

    fn changes(&self, id: u32) -> Vec<Value> {
        let entry = |(number, at_ms): (usize, &i64)| json!({ "id": format!("{id}0{number}"), "created": shown_time(*at_ms), "items": [] });
        self.issues[&id].iter().enumerate().map(entry).collect()
    }

    /// The comments of an issue from this one on, made when it was touched last.
    fn page_of_comments(&self, id: u32, start: usize) -> Value {
        let (total, at) = (self.comments.get(&id).copied().unwrap_or(0), shown_time(*self.issues[&id].last().unwrap()));
        let shown: Vec<Value> =
            (start..total).take(2).map(|n| json!({ "id": format!("{id}7{n}"), "created": at })).collect();
        json!({ "comments": shown, "total": total })
    }

    fn answer(&mut self, request: &Request) -> (u16, Value) {
        let path = request.path.as_str();
        if path.ends_with("/serverInfo") {
            return (200, json!({ "serverTime": shown_time(self.now_ms) }));
        }
        if let Content::Json(body) = &request.content {
            if self.refused {
                self.searches.push("refused".into());
                return (403, json!({ "errorMessages": ["planted"] }));
            }
            return (200, self.search(body, path.contains("/3/")));
        }
        let (id, rest) = path.split_once("/issue/").unwrap().1.split_once(['?', '/']).unwrap();
        let id = id.parse().unwrap();
        let start = || rest.split(['=', '&']).nth(1).unwrap().parse().unwrap();
        match rest.split('?').next().unwrap() {
            _ if self.poisoned == Some(id) => (500, Value::Null),
            "comment" => (200, self.page_of_comments(id, start())),
            "changelog" => (200, json!({ "values": self.changes(id), "total": self.issues[&id].len() })),
            "worklog" => (404, json!({ "errorMessages": ["Time Tracking is not enabled."] })),
            _ if self.large == Some(id) => (500, Value::Null),
            _ => (200, self.history(id)),
        }
    }
}

impl Voice for Touchy {
    fn say<'a>(&'a self, request: &'a Request) -> BoxFuture<'a, Result<Response, Fault>> {
        let (status, json) = self.state().answer(request);
        let headers = vec![("content-type".to_owned(), "application/json".to_owned())];
        Box::pin(async move { Ok(Response { status, headers, body: json.to_string().into_bytes() }) })
    }

    fn say_if<'a>(&'a self, _: &'a Request, _: Go<'a>) -> BoxFuture<'a, Result<Response, Fault>> {
        Box::pin(async { Err(Fault::permanent(FaultCode::Internal, "nothing is written here")) })
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

impl Touchy {
    pub fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap()
    }
}
