//! Events of trackers: taken in once, decided about once, erased in time.

use crate::home::*;
use policy::Fault;
use policy::event::{Actor, Change, Event, EventKind};
use serde_json::{Value, json};
use store::{
    Backlog, DEEDS_KEPT_DAYS, EVENTS_KEPT_DAYS, JobKind, JobState, Lease, Store, UNSETTLED_KEPT_DAYS_MIN, Via,
};

const DAY: i64 = 86_400_000_000;
const WINDOW: i64 = 60_000_000;
const NOTICE: &[JobKind] = &[JobKind::Notice];

fn event(kind: EventKind, part: &str, at_ms: i64) -> Event {
    let change = Change {
        field: "summary".into(),
        name: "planted-field".into(),
        from: Some("planted-old".into()),
        to: Some("planted-new".into()),
    };
    Event {
        kind,
        issue_id: "10".into(),
        issue_key: Some("NORTH-1".into()),
        at_ms,
        actor: Some(Actor { id: "planted-account".into(), name: "planted-name".into() }),
        part: Some(part.into()),
        changes: vec![change],
        last: None,
    }
}

async fn take(store: &Store, events: &[Event]) -> u32 {
    take_with(store, events, WINDOW).await
}

async fn take_with(store: &Store, events: &[Event], window: i64) -> u32 {
    store
        .take_in_events(
            SITE,
            &events.iter().map(|event| (event, Some(window))).collect::<Vec<_>>(),
            b"planted-body",
            Via::Webhook,
        )
        .await
        .unwrap()
}

/// Events that no mapping tells of.
async fn take_untold(store: &Store, events: &[Event]) -> u32 {
    store
        .take_in_events(
            SITE,
            &events.iter().map(|event| (event, None)).collect::<Vec<_>>(),
            b"planted-body",
            Via::Webhook,
        )
        .await
        .unwrap()
}

/// How long after its own event the job is due, by that event's number.
async fn due_after(home: &Home, number: i64) -> i64 {
    let came = format!("(SELECT received_at FROM events ORDER BY arrival LIMIT 1 OFFSET {number})");
    home.number(&format!("SELECT due - {came} FROM jobs WHERE kind = 'notice'")).await
}

fn comment(part: &str) -> [Event; 1] {
    [event(EventKind::Commented, part, 50)]
}

async fn claim_after_the_window(home: &Home, store: &Store) -> Lease {
    assert!(claim_all(store, NOTICE).await.is_empty(), "the window is open");
    home.sql("UPDATE jobs SET due = 0 WHERE kind = 'notice' AND state = 'ready'").await;
    claim_one(store, NOTICE).await
}

/// Decides about these that nobody is told.
async fn write(store: &Store, lease: &Lease, events: &[String], notice: &Value) -> Result<(), Fault> {
    let id = store.begin_notice(lease).await?;
    store.write_notice(lease, &id, events, "ignored", notice, Vec::new()).await
}

/// Leaves an event, what told of it, and what was decided about it.
pub async fn plant(store: &Store) {
    let events = [event(EventKind::Commented, "7", 50)];
    store
        .take_in_events(
            SITE,
            &events.iter().map(|event| (event, Some(0))).collect::<Vec<_>>(),
            b"planted-body",
            Via::Webhook,
        )
        .await
        .unwrap();
    let lease = claim_one(store, NOTICE).await;
    let ids: Vec<String> = store.open_events(&lease).await.unwrap().into_iter().map(|stored| stored.id).collect();
    write(store, &lease, &ids, &json!({ "why": "planted-why" })).await.unwrap();
}

pub async fn sec_39_a_deed_is_taken_in_once_however_often_it_is_told(home: Home) {
    let stores = [home.open().await, home.open().await];
    let told = event(EventKind::Commented, "7", 5);
    let mut telling = tokio::task::JoinSet::new();
    for number in 0..200 {
        let (store, told) = (stores[number % 2].clone(), told.clone());
        telling.spawn(async move { take(&store, &[told]).await });
    }
    assert_eq!(telling.join_all().await.into_iter().sum::<u32>(), 1);
    let again = Event { at_ms: 99, issue_key: None, actor: None, changes: vec![], ..told.clone() };
    assert_eq!(
        take(&stores[0], &[again, event(EventKind::Updated, "900", 5)]).await,
        1,
        "another deed in the same webhook"
    );
    let of_another_site = stores[0].take_in_events("south", &[(&told, Some(WINDOW))], b"", Via::History).await.unwrap();
    assert_eq!(of_another_site, 1);
    assert_eq!(home.number("SELECT COUNT(*) FROM jobs WHERE kind = 'notice'").await, 2, "one for each issue");
}

pub async fn the_events_of_an_issue_are_decided_about_together_and_in_order(home: Home) {
    let store = home.open().await;
    take(&store, &[event(EventKind::Commented, "7", 50)]).await;
    take(&store, &[event(EventKind::Updated, "900", 40)]).await;
    let lease = claim_after_the_window(&home, &store).await;
    assert_eq!((lease.site.as_str(), lease.subject.as_str()), (SITE, "10"));
    let open = store.open_events(&lease).await.unwrap();
    assert_eq!(open.iter().map(|stored| stored.event.at_ms).collect::<Vec<_>>(), [40, 50]);
    assert_eq!(open[1].event, event(EventKind::Commented, "7", 50));
    // It happens while the others are decided about: another window begins.
    take(&store, &[event(EventKind::Commented, "8", 60)]).await;
    let ids: Vec<String> = open.into_iter().map(|stored| stored.id).collect();
    let notice = json!({ "why": "planted-why" });
    write(&store, &lease, &ids, &notice).await.unwrap();
    assert!(write(&store, &lease, &ids, &notice).await.is_err(), "its lease is over");
    let lease = claim_after_the_window(&home, &store).await;
    let open = store.open_events(&lease).await.unwrap();
    assert_eq!(open.iter().map(|stored| stored.event.at_ms).collect::<Vec<_>>(), [60]);
    write(&store, &lease, &[open[0].id.clone()], &notice).await.unwrap();
    assert_eq!(home.number("SELECT COUNT(*) FROM jobs WHERE kind = 'notice' AND state = 'done'").await, 1);
    take(&store, &[event(EventKind::Commented, "9", 70)]).await;
    claim_after_the_window(&home, &store).await;

    let lines = store.events(None, 3).await.unwrap();
    assert_eq!(lines.iter().map(|line| line.event.as_ref().unwrap().at_ms).collect::<Vec<_>>(), [70, 60, 40]);
    assert_eq!(
        lines.iter().map(|line| line.outcome.as_deref()).collect::<Vec<_>>(),
        [None, Some("ignored"), Some("ignored")]
    );
    let last = lines.last().map(|line| (line.received_at, line.id.clone()));
    assert_eq!(store.events(last, 9).await.unwrap().len(), 1);
    let story = store.event(&lines[1].id).await.unwrap().unwrap();
    assert_eq!((story.notice, story.body.as_deref()), (Some(notice), Some(b"planted-body".as_slice())));
    assert_eq!(story.line, lines[1]);
    assert_eq!(store.event("no such").await.unwrap(), None);
}

pub async fn a_job_that_was_given_up_is_tried_again_when_more_happens(home: Home) {
    let store = home.open().await;
    take(&store, &[event(EventKind::Commented, "7", 50)]).await;
    let lease = claim_after_the_window(&home, &store).await;
    let id = store.open_events(&lease).await.unwrap()[0].id.clone();
    assert!(!store.wake_notice(&id, "ann").await.unwrap(), "it runs");
    store.bury(&lease, &temporary()).await.unwrap();
    assert_eq!(store.event(&id).await.unwrap().unwrap().job, Some(JobState::Dead));
    assert!(store.wake_notice(&id, "ann").await.unwrap());
    let lease = claim_one(&store, NOTICE).await;
    store.bury(&lease, &temporary()).await.unwrap();
    take(&store, &[event(EventKind::Commented, "8", 60)]).await;
    let lease = claim_after_the_window(&home, &store).await;
    assert_eq!((lease.tries, store.open_events(&lease).await.unwrap().len()), (1, 2));
}

pub async fn an_urgent_event_brings_the_window_forward_and_a_patient_one_pushes_nothing_back(home: Home) {
    let store = home.open().await;
    take(&store, &comment("1")).await;
    assert_eq!(due_after(&home, 0).await, WINDOW);
    take_with(&store, &comment("2"), 10 * WINDOW).await;
    assert_eq!(due_after(&home, 0).await, WINDOW, "it waits for longer, and the first does not");
    take_with(&store, &comment("3"), 0).await;
    assert_eq!(due_after(&home, 2).await, 0, "it is urgent");
    let lease = claim_one(&store, NOTICE).await;
    let ids: Vec<String> = store.open_events(&lease).await.unwrap().into_iter().map(|stored| stored.id).collect();
    assert_eq!(ids.len(), 3, "what waits is told with it");
    // These come while it is decided about the others.
    take_with(&store, &comment("4"), 10 * WINDOW).await;
    take(&store, &comment("5")).await;
    write(&store, &lease, &ids, &json!({})).await.unwrap();
    assert_eq!(due_after(&home, 4).await, WINDOW, "the first of their own windows");
    take_with(&store, &comment("6"), 0).await;
    assert_eq!(due_after(&home, 5).await, 0);
    // The tracker is away: what is urgent does not use up the tries.
    let lease = claim_one(&store, NOTICE).await;
    let urgent = store.events(None, 1).await.unwrap().remove(0).received_at;
    store.park(&lease, &temporary(), urgent + 5 * WINDOW).await.unwrap();
    take_with(&store, &comment("7"), 0).await;
    assert_eq!(due_after(&home, 5).await, 5 * WINDOW);
}

pub async fn an_event_that_nobody_is_told_of_shortens_no_window(home: Home) {
    let store = home.open().await;
    let open = async |lease: &Lease| {
        let open = store.open_events(lease).await.unwrap();
        let parts: Vec<String> = open.iter().map(|stored| stored.event.part.clone().unwrap()).collect();
        (open.into_iter().map(|stored| stored.id).collect::<Vec<_>>(), parts)
    };
    take_untold(&store, &comment("1")).await;
    assert_eq!(due_after(&home, 0).await, 0, "it waits for nothing");
    take(&store, &comment("2")).await;
    let lease = claim_one(&store, NOTICE).await;
    let (ids, parts) = open(&lease).await;
    assert_eq!(parts, ["1"], "the other waits for more");
    write(&store, &lease, &ids, &json!({})).await.unwrap();
    assert_eq!(due_after(&home, 1).await, WINDOW);
    take_untold(&store, &comment("3")).await;
    assert_eq!(due_after(&home, 1).await, WINDOW);
    home.sql("UPDATE events SET due_at = 0 WHERE due_at IS NOT NULL").await;
    let lease = claim_after_the_window(&home, &store).await;
    let (ids, parts) = open(&lease).await;
    assert_eq!(parts, ["2", "3"]);
    // These come while it is decided about the others.
    take_untold(&store, &comment("4")).await;
    take(&store, &comment("5")).await;
    write(&store, &lease, &ids, &json!({})).await.unwrap();
    assert_eq!(due_after(&home, 4).await, WINDOW);
    home.sql("UPDATE events SET due_at = 0 WHERE due_at IS NOT NULL").await;
    let lease = claim_after_the_window(&home, &store).await;
    let (ids, parts) = open(&lease).await;
    assert_eq!(parts, ["4", "5"]);
    take_untold(&store, &comment("6")).await;
    write(&store, &lease, &ids, &json!({})).await.unwrap();
    assert_eq!(open(&claim_one(&store, NOTICE).await).await.1, ["6"], "what has no window is not forgotten");
}

pub async fn events_are_counted_apart_from_jobs(home: Home) {
    let store = home.open().await;
    let jobs = store.backlog().await.unwrap().jobs;
    take(&store, &[event(EventKind::Commented, "7", 50), event(EventKind::Commented, "8", 60)]).await;
    assert_eq!(store.backlog().await.unwrap(), Backlog { jobs, events: 2 });
    let lease = claim_after_the_window(&home, &store).await;
    let id = store.open_events(&lease).await.unwrap()[0].id.clone();
    write(&store, &lease, &[id], &json!({})).await.unwrap();
    assert_eq!(store.backlog().await.unwrap(), Backlog { jobs, events: 1 });
    store.ensure_fetch(SITE, "support").await.unwrap();
    assert_eq!(store.backlog().await.unwrap(), Backlog { jobs: jobs + 1, events: 1 });
}

pub async fn priv_21_an_event_that_nothing_is_decided_about_is_erased_after_a_month(home: Home) {
    let store = home.open().await;
    take(&store, &comment("7")).await;
    let lease = claim_after_the_window(&home, &store).await;
    let id = store.open_events(&lease).await.unwrap()[0].id.clone();
    store.bury(&lease, &temporary()).await.unwrap();
    let age = |days: i64| format!("UPDATE events SET received_at = received_at - {}", days * DAY);
    home.sql(&age(UNSETTLED_KEPT_DAYS_MIN - 1)).await;
    store.sweep().await.unwrap();
    assert!(store.event(&id).await.unwrap().unwrap().line.event.is_some());
    home.sql(&age(2)).await;
    store.sweep().await.unwrap();
    let story = store.event(&id).await.unwrap().unwrap();
    assert_eq!((story.line.event, story.body), (None, None));
    assert_eq!(store.backlog().await.unwrap().events, 0);
    // More happens on the issue: what was erased takes no place among it.
    take(&store, &comment("8")).await;
    let lease = claim_after_the_window(&home, &store).await;
    let open = store.open_events(&lease).await.unwrap();
    assert_eq!(open.len(), 1);
    write(&store, &lease, &[open[0].id.clone()], &json!({})).await.unwrap();
    assert_eq!(store.event(&id).await.unwrap().unwrap().job, Some(JobState::Done));
}

pub async fn priv_21_what_events_say_is_erased_after_a_week_and_their_deeds_are_known_longer(home: Home) {
    let store = home.open().await;
    let (decided, open) = (event(EventKind::Commented, "7", 50), event(EventKind::Commented, "8", 60));
    take(&store, std::slice::from_ref(&decided)).await;
    let lease = claim_after_the_window(&home, &store).await;
    let ids: Vec<String> = store.open_events(&lease).await.unwrap().into_iter().map(|stored| stored.id).collect();
    write(&store, &lease, &ids, &json!({})).await.unwrap();
    take(&store, &[open]).await;
    let age = |days: i64| {
        let by = days * DAY;
        [
            format!("UPDATE events SET received_at = received_at - {by}"),
            format!("UPDATE notices SET received_at = received_at - {by}, made_at = made_at - {by}"),
        ]
    };
    for sql in age(EVENTS_KEPT_DAYS + 1) {
        home.sql(&sql).await;
    }
    store.sweep().await.unwrap();
    let story = store.event(&ids[0]).await.unwrap().unwrap();
    assert_eq!((story.line.event, story.notice, story.body), (None, None, None));
    let left = "SELECT (SELECT COUNT(*) FROM events WHERE notice IS NOT NULL AND (sealed_event IS NOT NULL OR sealed_body IS NOT NULL))
        + (SELECT COUNT(*) FROM notices WHERE sealed_notice IS NOT NULL)";
    assert_eq!(home.number(left).await, 0);
    assert_eq!(store.events(None, 9).await.unwrap().iter().filter(|line| line.event.is_some()).count(), 1, "undecided");
    assert_eq!(take(&store, std::slice::from_ref(&decided)).await, 0, "it is known still");
    for sql in age(DEEDS_KEPT_DAYS) {
        home.sql(&sql).await;
    }
    store.sweep().await.unwrap();
    assert_eq!(take(&store, &[decided]).await, 1, "forgotten");
}
