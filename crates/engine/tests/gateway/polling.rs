//! What happened on a site is read in the history of its issues: once beside webhooks, late where the search is, and none is passed over.

use super::touchy::{MINUTE_MS, NOON_MS, State, Touchy};
use super::world::{Database, PATIENCE, Plot, World, quick, voice_of};
use ::desk::{Fault as Trouble, RouteKind, When};
use engine::{Settings, Site, Voice};
use policy::event::{Event, EventKind};
use policy::{Body, StepKey};
use serde_json::{Map, Value, json};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};
use store::{EventLine, Via};
use tracker::{Answer, Content, Dialect, Method, Operation, Request};

const EVERY: Duration = Duration::from_millis(20);

async fn until(what: &str, so: impl AsyncFn() -> bool) {
    let deadline = Instant::now() + PATIENCE;
    while !so().await {
        assert!(Instant::now() < deadline, "never {what}");
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
}

/// From now on the site's history is read, or not any more.
async fn read_history(world: &World, every: Option<Duration>) {
    let site = Site::new("acme", world.dialect, voice_of(world), &quick());
    world.gateway.swap_sites(vec![site.with_history(every)]);
    world.gateway.fetch_now().await.unwrap();
}

/// So many passes more, each begun after this was asked.
async fn passes(world: &World, number: u64) {
    let passed = async || world.metric("sealpost_history_passes_total").await;
    // One that has begun already may have looked before.
    let wanted = passed().await + number + 1;
    until("enough passes", async || passed().await >= wanted).await;
}

async fn fails(world: &World) -> bool {
    world.metric("sealpost_site_history_fails{site=\"acme\"}").await == 1
}

/// All events, the oldest receipt first.
async fn events(world: &World) -> Vec<EventLine> {
    let (mut all, mut before) = (Vec::new(), None);
    loop {
        let page = world.store.events(before, 200).await.unwrap();
        let Some(last) = page.last() else { break };
        before = Some((last.received_at, last.id.clone()));
        all.extend(page);
    }
    all.reverse();
    all
}

fn told(events: &[EventLine]) -> Vec<(EventKind, Via)> {
    let mut told: Vec<_> = events.iter().map(|line| (line.kind, line.via)).collect();
    told.sort_by_key(|(kind, _)| kind.word());
    told
}

async fn issue(world: &World, summary: &str) -> (String, String) {
    let operation = Operation::CreateIssue {
        project: "DEMO".into(),
        issue_type: "Task".into(),
        summary: summary.into(),
        body: Body { visible: "It burns.".into(), ..Body::default() },
        fields: Map::new(),
        set: vec![],
        marker: StepKey("somebody else's".into()),
    };
    match world.ask(operation).await {
        Answer::Made(made) => (made.id, made.key),
        other => panic!("{other:?}"),
    }
}

async fn comment(world: &World, issue_id: &str) -> String {
    let body = Body { visible: "Still burning.".into(), ..Body::default() };
    let (issue_id, marker) = (issue_id.to_owned(), StepKey("somebody else's".into()));
    match world.ask(Operation::AddComment { issue_id, body, visibility: None, marker }).await {
        Answer::Made(made) => made.id,
        other => panic!("{other:?}"),
    }
}

/// Asks the desk past the gateway for what no operation asks.
async fn send(world: &World, method: Method, path: &str, body: Value) -> Value {
    let content = if body.is_null() { Content::Nothing } else { Content::Json(body) };
    let path = format!("{}{path}", world.api());
    let response = voice_of(world).say(&Request { method, path, headers: vec![], content }).await.unwrap();
    assert!(response.status < 300, "{}", String::from_utf8_lossy(&response.body));
    serde_json::from_slice(&response.body).unwrap_or_default()
}

/// Everything that can be done to an issue; a webhook's body for each, made as the tracker makes them of the same things.
async fn do_everything(world: &World) -> Vec<Value> {
    let (id, key) = issue(world, "printer").await;
    let said = comment(world, &id).await;
    // Edits are known by their time.
    tokio::time::sleep(Duration::from_millis(5)).await;
    let words = |text: &str| match world.dialect {
        Dialect::JiraCloud => json!({ "type": "doc", "version": 1, "content": [
            { "type": "paragraph", "content": [{ "type": "text", "text": text }] }] }),
        Dialect::JiraDataCenter => json!(text),
    };
    let on = format!("/issue/{id}");
    send(world, Method::Put, &format!("{on}/comment/{said}"), json!({ "body": words("Put out.") })).await;
    send(world, Method::Put, &on, json!({ "fields": { "summary": "printer, burnt" } })).await;
    let work = send(world, Method::Post, &format!("{on}/worklog"), json!({ "timeSpentSeconds": 3600 })).await;
    tokio::time::sleep(Duration::from_millis(5)).await;
    let work_id = work["id"].as_str().unwrap().to_owned();
    send(world, Method::Put, &format!("{on}/worklog/{work_id}"), json!({ "timeSpentSeconds": 7200 })).await;

    let shown = send(world, Method::Get, &format!("{on}?expand=changelog"), Value::Null).await;
    let entry = &shown["changelog"]["histories"][0];
    let comment = send(world, Method::Get, &format!("{on}/comment/{said}"), Value::Null).await;
    let work = send(world, Method::Get, &format!("{on}/worklog/{work_id}"), Value::Null).await;
    let about = json!({ "id": id, "key": key });
    let body = |name: &str, more: Value| {
        let mut body = json!({ "timestamp": 1_795_000_000_000_i64, "webhookEvent": name });
        body.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        body
    };
    let user = json!({ "accountId": "5c00", "displayName": "Ann" });
    let log = json!({ "id": entry["id"], "items": entry["items"] });
    vec![
        body("jira:issue_created", json!({ "issue": about, "user": user })),
        body("jira:issue_updated", json!({ "issue": about, "user": user, "changelog": log })),
        body("comment_created", json!({ "issue": about, "comment": comment })),
        body("comment_updated", json!({ "issue": about, "comment": comment })),
        body("worklog_created", json!({ "worklog": work })),
        body("worklog_updated", json!({ "worklog": work })),
    ]
}

const EVERYTHING: [EventKind; 6] = [
    EventKind::CommentEdited,
    EventKind::Commented,
    EventKind::Created,
    EventKind::Updated,
    EventKind::WorkEdited,
    EventKind::Worked,
];

/// Takes in what these webhooks tell; how much was new.
async fn hear(world: &World, bodies: &[Value]) -> u32 {
    let mut new = 0;
    for body in bodies {
        let body = body.to_string();
        let told = tracker::webhook::read(body.as_bytes()).unwrap();
        assert_eq!(told.events.len(), 1, "{body}");
        new += world
            .store
            .take_in_events(
                "acme",
                &told.events.iter().map(|event| (event, Some(0))).collect::<Vec<_>>(),
                b"",
                Via::Webhook,
            )
            .await
            .unwrap();
    }
    new
}

pub async fn a_deed_is_told_once_by_the_history_and_by_webhooks(database: &Database) {
    let world = World::start(database, Plot::default()).await;
    issue(&world, "older than all reading").await;
    read_history(&world, Some(EVERY)).await;
    passes(&world, 1).await;
    assert!(events(&world).await.is_empty(), "reading begins now");

    let bodies = do_everything(&world).await;
    until("all is read", async || events(&world).await.len() >= EVERYTHING.len()).await;
    let read = events(&world).await;
    assert_eq!(told(&read), EVERYTHING.map(|kind| (kind, Via::History)));
    assert_eq!(hear(&world, &bodies).await, 0, "the webhooks come late");
    let of = |kind| read.iter().find(|line| line.kind == kind).unwrap().event.clone().unwrap();
    let changed = of(EventKind::Updated);
    let own = &changed.actor.as_ref().unwrap().id;
    assert_eq!(changed.changes[0].to.as_deref(), Some("printer, burnt"));
    assert!(EVERYTHING.into_iter().all(|kind| of(kind).actor.is_some_and(|actor| actor.id == *own)), "{read:#?}");

    // The other way round.
    read_history(&world, None).await;
    let bodies = do_everything(&world).await;
    assert_eq!(hear(&world, &bodies).await, 6);
    read_history(&world, Some(EVERY)).await;
    passes(&world, 2).await;
    assert_eq!(events(&world).await.len(), 12);
    assert_eq!(world.metric("sealpost_history_events_total").await, 6);
    world.end().await;
}

pub async fn what_a_search_shows_late_is_told_late(database: &Database) {
    let world = World::start(database, Plot::default()).await;
    read_history(&world, Some(EVERY)).await;
    passes(&world, 1).await;
    world.faults.add(Trouble::SearchLag { lag_ms: 600_000 }, RouteKind::Search, When::Always);
    issue(&world, "printer").await;
    // The mark is behind the issue by now.
    passes(&world, 3).await;
    assert!(events(&world).await.is_empty(), "the search does not show it yet");
    world.faults.clear();
    until("it is told", async || !events(&world).await.is_empty()).await;
    passes(&world, 1).await;
    assert_eq!(told(&events(&world).await), [(EventKind::Created, Via::History)]);
    world.end().await;
}

pub async fn fault_17_a_pass_that_fails_loses_nothing(database: &Database) {
    let world = World::start(database, Plot::default()).await;
    read_history(&world, Some(EVERY)).await;
    passes(&world, 1).await;
    for route in [RouteKind::Search, RouteKind::Read] {
        world.faults.add(Trouble::Maintenance { status: 503 }, route, When::Always);
        until("it is told that reading fails", async || fails(&world).await).await;
        let before = events(&world).await.len();
        issue(&world, "printer").await;
        let shown = world.faults.shown(|fault| matches!(fault, Trouble::Maintenance { .. }));
        until("it is tried again", async || {
            world.faults.shown(|fault| matches!(fault, Trouble::Maintenance { .. })) >= shown + 2
        })
        .await;
        assert_eq!(events(&world).await.len(), before);
        world.faults.clear();
        until("it is told", async || events(&world).await.len() > before).await;
        until("it goes well again", async || !fails(&world).await).await;
    }
    passes(&world, 1).await;
    assert_eq!(told(&events(&world).await), [(EventKind::Created, Via::History); 2]);
    world.end().await;
}

/// A world whose site is such a tracker, read once at noon.
async fn touchy(dialect: Dialect, settings: Settings) -> (World, Arc<Touchy>) {
    let tracker = Arc::new(Touchy(Mutex::new(State { now_ms: NOON_MS, ..State::default() })));
    let way: Arc<dyn Voice> = tracker.clone();
    let database = Database::there(None, dialect);
    let world = World::start_through(&database, Plot { settings, ..Plot::default() }, |_| Some(way)).await.unwrap();
    read_history(&world, Some(EVERY)).await;
    passes(&world, 0).await;
    (world, tracker)
}

/// Each change of each issue, as it was told.
async fn changes(world: &World) -> Vec<String> {
    let all = events(world).await;
    let mut all: Vec<String> = all.into_iter().map(|line| line.event.as_ref().map(Event::deed).unwrap()).collect();
    all.sort();
    all
}

fn all_changes(tracker: &Touchy) -> Vec<String> {
    let state = tracker.state();
    let each = state.issues.iter().flat_map(|(id, all)| (0..all.len()).map(move |n| format!("{id}/updated/{id}0{n}")));
    let mut each: Vec<String> = each.collect();
    each.sort();
    each
}

/// 250 issues that were touched in an hour: some are touched again between two pages, which moves all others.
pub async fn no_issue_is_passed_over_between_two_pages() {
    let (cloud, data_center) = (Dialect::JiraCloud, Dialect::JiraDataCenter);
    // The last of them end each pass after one page.
    for (dialect, apart_ms, history_pages_max) in
        [(cloud, 14_000, 500), (data_center, 14_000, 500), (data_center, 100, 500), (cloud, 14_000, 1), (cloud, 100, 1)]
    {
        let (world, tracker) = touchy(dialect, Settings { history_pages_max, ..quick() }).await;
        {
            let mut state = tracker.state();
            state.now_ms = NOON_MS + 61 * MINUTE_MS;
            for id in 1..=250 {
                state.touch(id, NOON_MS + 30 * MINUTE_MS * i64::from(apart_ms < 1000) + i64::from(id) * apart_ms);
            }
            let searched = state.searches.len();
            state.moves = vec![(searched + 1, 5), (searched + 1, 50), (searched + 2, 7), (searched + 2, 130)];
        }
        until("all are told", async || changes(&world).await.len() >= 254).await;
        passes(&world, 1).await;
        assert_eq!(
            changes(&world).await,
            all_changes(&tracker),
            "{dialect:?}, {apart_ms} ms apart, {history_pages_max} pages"
        );
        let reads = tracker.state().reads.clone();
        assert!((10..=40).all(|id| reads[&id] == 1), "what was touched long ago is read once: {reads:?}");
        world.end().await;
    }
}

/// The search shows an issue after the mark has passed it by minutes.
pub async fn each_pass_looks_back() {
    let (world, tracker) = touchy(Dialect::JiraCloud, quick()).await;
    {
        let mut state = tracker.state();
        state.now_ms = NOON_MS + 5 * MINUTE_MS;
        state.touch(1, NOON_MS + 4 * MINUTE_MS);
        state.hidden.insert(1);
    }
    passes(&world, 1).await;
    tracker.state().now_ms = NOON_MS + 13 * MINUTE_MS;
    passes(&world, 1).await;
    assert!(changes(&world).await.is_empty());
    tracker.state().hidden.clear();
    until("it is told", async || changes(&world).await.len() == 1).await;
    // Much later than that it is told when it is touched again, with what was not told.
    {
        let mut state = tracker.state();
        state.touch(1, NOON_MS + 14 * MINUTE_MS);
        state.hidden.insert(1);
        state.now_ms = NOON_MS + 60 * MINUTE_MS;
    }
    passes(&world, 2).await;
    tracker.state().hidden.clear();
    passes(&world, 1).await;
    assert_eq!(changes(&world).await.len(), 1, "the search does not show it any more");
    {
        let mut state = tracker.state();
        state.now_ms += MINUTE_MS;
        let now_ms = state.now_ms;
        state.touch(1, now_ms);
    }
    until("both are told", async || changes(&world).await == all_changes(&tracker)).await;
    world.end().await;
}

pub async fn a_tracker_that_refuses_is_told_of_and_not_stormed() {
    let (world, tracker) = touchy(Dialect::JiraCloud, quick()).await;
    tracker.state().refused = true;
    until("it is told", async || fails(&world).await).await;
    let refused = || tracker.state().searches.iter().filter(|jql| *jql == "refused").count();
    let before = refused();
    tokio::time::sleep(Duration::from_secs(1)).await;
    assert!(refused() - before <= 20, "{} searches in a second", refused() - before);
    {
        let mut state = tracker.state();
        (state.refused, state.now_ms) = (false, NOON_MS + 8 * MINUTE_MS);
        state.touch(1, NOON_MS + MINUTE_MS);
    }
    until("it is read again", async || changes(&world).await.len() == 1).await;
    until("it is told", async || !fails(&world).await).await;
    world.end().await;
}

pub async fn an_issue_that_cannot_be_read_stops_no_other() {
    let (world, tracker) = touchy(Dialect::JiraCloud, quick()).await;
    {
        let mut state = tracker.state();
        state.now_ms = NOON_MS + 3 * MINUTE_MS;
        state.poisoned = Some(2);
        (1..=9).for_each(|id| state.touch(id, NOON_MS + MINUTE_MS));
    }
    until("the others are told", async || changes(&world).await.len() == 8).await;
    passes(&world, 1).await;
    assert!(world.metric("sealpost_history_unread_total").await > 0);
    assert!(!fails(&world).await);
    // It is asked for again as long as passes look back.
    tracker.state().poisoned = None;
    until("it is told, too", async || changes(&world).await == all_changes(&tracker)).await;
    world.end().await;
}

/// Nothing was read for a month: a week of it is told.
pub async fn what_is_too_old_is_not_told() {
    let (world, tracker) = touchy(Dialect::JiraCloud, quick()).await;
    const DAY_MS: i64 = 24 * 60 * MINUTE_MS;
    {
        let mut state = tracker.state();
        state.now_ms = NOON_MS + 30 * DAY_MS;
        for (id, days) in [(1, 20), (2, 24), (3, 29)] {
            state.touch(id, NOON_MS + days * DAY_MS);
        }
    }
    until("they are told", async || changes(&world).await.len() == 2).await;
    passes(&world, 1).await;
    assert_eq!(changes(&world).await, ["2/updated/200", "3/updated/300"]);
    world.end().await;
}

/// Lists have pages, and what is too large for one answer comes by them.
pub async fn long_histories_are_read_whole() {
    let (world, tracker) = touchy(Dialect::JiraCloud, quick()).await;
    {
        let mut state = tracker.state();
        state.now_ms = NOON_MS + 3 * MINUTE_MS;
        (1..=3).for_each(|id| state.touch(id, NOON_MS + MINUTE_MS));
        state.comments = [(1, 5), (2, 3)].into();
        state.large = Some(2);
    }
    until("all are told", async || events(&world).await.len() >= 11).await;
    passes(&world, 1).await;
    let all = changes(&world).await;
    let comments =
        [(1, 5), (2, 3)].into_iter().flat_map(|(id, n)| (0..n).map(move |n| format!("{id}/commented/{id}7{n}")));
    let mut wanted: Vec<String> = comments.chain(all_changes(&tracker)).collect();
    wanted.sort();
    assert_eq!(all, wanted);
    assert_eq!(world.metric("sealpost_history_unread_total").await, 0);
    world.end().await;
}
