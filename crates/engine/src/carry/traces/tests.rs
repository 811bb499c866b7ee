//! Looks for lost creates against a project in memory that counts what it is asked.

#![allow(clippy::unwrap_used)]

use super::*;
use crate::site::{Go, Voice};
use bytes::Bytes;
use futures_util::future::{BoxFuture, join_all};
use serde_json::{Value, json};
use std::sync::atomic::{AtomicU64, Ordering};
use tokio::sync::mpsc;
use tracker::{Content, Dialect, Request, Response};

/// The project DEMO: the numbers of its issues, each with the marker `step-NUMBER`.
struct Project {
    numbers: Vec<u64>,
    /// Search shows issues up to this number.
    indexed_to: u64,
    searches: AtomicU64,
    fetches: AtomicU64,
}

impl Project {
    fn answer(&self, request: &Request) -> Value {
        let Content::Json(body) = &request.content else {
            return json!({"accountId": "us", "displayName": "Sealpost"});
        };
        let issue = |number: &u64| {
            json!({"id": (10_000 + number).to_string(), "key": format!("DEMO-{number}"), "fields": {},
                   "properties": {"sealpost.marker": {"step": format!("step-{number}")}}})
        };
        if request.path.contains("bulkfetch") {
            self.fetches.fetch_add(1, Ordering::Relaxed);
            let asked: Vec<&str> =
                body["issueIdsOrKeys"].as_array().unwrap().iter().filter_map(Value::as_str).collect();
            let there = |number: &&u64| asked.contains(&format!("DEMO-{number}").as_str());
            return json!({"issues": self.numbers.iter().filter(there).map(issue).collect::<Vec<_>>()});
        }
        self.searches.fetch_add(1, Ordering::Relaxed);
        let indexed = self.numbers.iter().filter(|number| **number <= self.indexed_to);
        let issues: Vec<Value> = match body["maxResults"].as_u64() {
            Some(1) => indexed.max().map(issue).into_iter().collect(),
            _ => indexed.map(issue).collect(),
        };
        json!({"issues": issues, "isLast": true})
    }
}

impl Voice for Arc<Project> {
    fn is_parked(&self) -> bool {
        false
    }

    fn say<'a>(&'a self, request: &'a Request) -> BoxFuture<'a, Result<Response, Fault>> {
        Box::pin(async move {
            tokio::task::yield_now().await;
            let headers = vec![("content-type".to_owned(), "application/json".to_owned())];
            Ok(Response { status: 200, headers, body: self.answer(request).to_string().into_bytes() })
        })
    }

    fn say_if<'a>(&'a self, request: &'a Request, _go: Go<'a>) -> BoxFuture<'a, Result<Response, Fault>> {
        self.say(request)
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
        _size_bytes: u64,
        _pieces: mpsc::Receiver<Bytes>,
        _go: Go<'a>,
    ) -> BoxFuture<'a, Result<Response, Fault>> {
        self.say(request)
    }
}

fn project(numbers: impl IntoIterator<Item = u64>, indexed_to: u64) -> (Site, Arc<Project>, Settings) {
    let numbers = numbers.into_iter().collect();
    let project = Arc::new(Project { numbers, indexed_to, searches: AtomicU64::new(0), fetches: AtomicU64::new(0) });
    let settings = Settings::default();
    let site = Site::new("acme", Dialect::JiraCloud, Arc::new(project.clone()), &settings);
    (site, project, settings)
}

fn step(number: u64) -> StepKey {
    StepKey(format!("step-{number}"))
}

#[test]
fn the_window_covers_the_attempt_in_whole_minutes() {
    let minutes = |seconds: i64| minutes_since(Window { attempt: 1_000, now: 1_000 + seconds * 1_000_000 });
    assert_eq!([minutes(0), minutes(5), minutes(60), minutes(61), minutes(-5)], [2, 3, 3, 4, 2]);
}

#[test]
fn numbers_are_taken_from_keys() {
    let keys = ["DEMO-12", "A_B2-7", "DEMO", "DEMO-x"];
    assert_eq!(keys.map(number_of), [Some(12), Some(7), None, None]);
}

#[tokio::test]
async fn one_look_serves_all_that_asked_before_it_began() {
    let (site, project, settings) = project(1..=50, 50);
    let window = Window { attempt: 0, now: 1 };
    let looks = join_all((0..50).map(|_| site.look_for_created("DEMO", window, &settings))).await;
    for (index, look) in looks.into_iter().enumerate() {
        assert!(look.unwrap().contains_key(&step(index as u64 + 1)));
    }
    let searches = project.searches.load(Ordering::Relaxed);
    assert!(searches <= 2, "{searches} searches for fifty creates in doubt");
}

#[tokio::test]
async fn a_look_that_began_earlier_or_later_than_the_attempt_does_not_serve() {
    let (site, project, settings) = project(1..=3, 3);
    for attempt in [500, 400] {
        site.look_for_created("DEMO", Window { attempt, now: 600 }, &settings).await.unwrap();
    }
    assert_eq!(project.searches.load(Ordering::Relaxed), 2);
}

#[tokio::test]
async fn fault_02_keys_show_what_search_does_not_show_yet() {
    let (site, _, settings) = project(1..=20, 7);
    let searched = site.look_for_created("DEMO", Window { attempt: 0, now: 1 }, &settings).await.unwrap();
    assert!(!searched.contains_key(&step(15)));
    assert!(site.found_lately("DEMO", &step(15)).await.is_none());
    let fetched = site.look_at_keys_after("DEMO", "DEMO-7", &settings).await.unwrap();
    assert_eq!(fetched.get(&step(15)).map(|made| made.id.as_str()), Some("10015"));
    assert!(!fetched.contains_key(&step(7)), "only later keys are asked for");
    assert_eq!(site.found_lately("DEMO", &step(15)).await.map(|made| made.key), Some("DEMO-15".to_owned()));
}

#[tokio::test]
async fn a_gap_of_deleted_issues_is_not_the_end() {
    let (site, project, settings) = project([7, 340], 340);
    let fetched = site.look_at_keys_after("DEMO", "DEMO-7", &settings).await.unwrap();
    assert!(fetched.contains_key(&step(340)));
    // 8-107, 108-207, 208-307, 308-407, and one whole batch past the highest key.
    assert_eq!(project.fetches.load(Ordering::Relaxed), 5);
}

#[tokio::test]
async fn more_keys_than_one_look_may_fetch_are_no_answer() {
    let (site, _, mut settings) = project(1..=1000, 1000);
    settings.key_batches_max = 3;
    let fault = site.look_at_keys_after("DEMO", "DEMO-1", &settings).await.unwrap_err();
    assert_eq!((fault.kind, fault.code), (FaultKind::Permanent, FaultCode::InDoubt));
}

#[tokio::test]
async fn the_highest_key_is_asked_for_once_and_then_follows_our_receipts() {
    let (site, project, settings) = project(1..=5, 5);
    for _ in 0..10 {
        assert_eq!(site.highest_key("DEMO", &settings).await.unwrap().as_deref(), Some("DEMO-5"));
    }
    site.key_exists("DEMO", "DEMO-9").await;
    site.key_exists("DEMO", "DEMO-6").await;
    site.key_exists("DEMO", "OTHER-99").await;
    assert_eq!(site.highest_key("DEMO", &settings).await.unwrap().as_deref(), Some("DEMO-9"));
    assert_eq!(project.searches.load(Ordering::Relaxed), 1);
}

#[tokio::test]
async fn an_empty_project_counts_from_zero() {
    let (site, _, settings) = project([], 0);
    assert_eq!(site.highest_key("NEW", &settings).await.unwrap().as_deref(), Some("NEW-0"));
}
