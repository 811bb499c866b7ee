//! A tracker that is away for long, and one that takes nothing any more for a project: what waits, in which order it comes, what is told.

use super::reading::Direct;
use super::world::{Database, PATIENCE, Plot, World, issue_of, mail, quick, reply, start_gateway, voice_of};
use ::desk::{Fault as Trouble, RouteKind, When};
use bytes::Bytes;
use engine::{Go, Settings, Voice};
use futures_util::future::BoxFuture;
use policy::{Fault, FaultCode};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};
use store::JobState;
use tokio::sync::mpsc;
use tracker::{Method, Request, Response};

pub async fn fault_17_a_long_outage_is_probed_waited_out_and_drained_in_order(database: &Database) {
    const REPLIES: usize = 6;
    const PROBE_EVERY: Duration = Duration::from_millis(300);
    let settings = Settings { trouble_after: 3, probe_every: PROBE_EVERY, ..quick() };
    let world = World::start(database, Plot { settings, ..Plot::default() }).await;
    let parent = world.done(&world.send(&mail("a@example.org", "printer", "It burns.")).await).await;
    world.faults.add(Trouble::Maintenance { status: 503 }, RouteKind::Any, When::Always);
    let mut waiting = Vec::new();
    for number in 0..REPLIES {
        let answer = reply(&format!("r{number}@example.org"), "a@example.org", &format!("reply {number}"));
        waiting.push(world.send(&answer).await);
        waiting.push(world.send(&mail(&format!("m{number}@example.org"), "other", "text")).await);
    }
    let asked = || world.faults.shown(|fault| matches!(fault, Trouble::Maintenance { .. }));
    let until_asked = async |times: u64| {
        let deadline = Instant::now() + PATIENCE;
        while asked() < times {
            assert!(Instant::now() < deadline, "it was asked {} times only", asked());
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    };
    // After some failures it is asked once in a while, however much waits.
    until_asked(12).await;
    assert_eq!(world.metric("sealpost_site_parked{site=\"acme\"}").await, 1);
    let (begun, before) = (Instant::now(), asked());
    until_asked(before + 4).await;
    assert!(begun.elapsed() >= 3 * PROBE_EVERY, "four probes in {:?}", begun.elapsed());
    for message in &waiting {
        let job = world.store.story(message).await.unwrap().unwrap().line.job;
        assert!(!matches!(job, JobState::Done | JobState::Dead | JobState::Held), "{job:?}");
    }
    world.faults.clear();
    for message in &waiting {
        world.done(message).await;
    }
    let comments = world.comments(&issue_of(&parent)).await;
    let order = comments.iter().enumerate().map(|(at, comment)| comment.text.contains(&format!("reply {at}")));
    assert_eq!(order.collect::<Vec<_>>(), [true; REPLIES], "{comments:#?}");
    assert_eq!(world.desk.counts().issues_created, 1 + REPLIES as u64);
    assert_eq!(world.metric("sealpost_site_parked{site=\"acme\"}").await, 0);
    world.end().await;
}

/// A client whose tracker takes no issue into an archived project.
struct Archived {
    inner: Arc<dyn Voice>,
    is_archived: AtomicBool,
}

impl Voice for Archived {
    fn say_if<'a>(&'a self, request: &'a Request, go: Go<'a>) -> BoxFuture<'a, Result<Response, Fault>> {
        let is_create = request.method == Method::Post && request.path.ends_with("/issue");
        if is_create && self.is_archived.load(Ordering::SeqCst) {
            let body = br#"{"errorMessages":["The project is archived. You cannot create issues in it."],"errors":{}}"#;
            let headers = vec![("content-type".to_owned(), "application/json".to_owned())];
            return Box::pin(async move { Ok(Response { status: 400, headers, body: body.to_vec() }) });
        }
        self.inner.say_if(request, go)
    }

    fn say<'a>(&'a self, request: &'a Request) -> BoxFuture<'a, Result<Response, Fault>> {
        self.inner.say(request)
    }

    fn say_for_file<'a>(
        &'a self,
        request: &'a Request,
        bytes_max: u64,
        pieces: mpsc::Sender<Bytes>,
    ) -> BoxFuture<'a, Result<Response, Fault>> {
        self.inner.say_for_file(request, bytes_max, pieces)
    }

    fn say_with_file<'a>(
        &'a self,
        request: &'a Request,
        size_bytes: u64,
        pieces: mpsc::Receiver<Bytes>,
        go: Go<'a>,
    ) -> BoxFuture<'a, Result<Response, Fault>> {
        self.inner.say_with_file(request, size_bytes, pieces, go)
    }

    fn is_parked(&self) -> bool {
        self.inner.is_parked()
    }
}

/// The mail is kept and says why; the site goes on; when the project is back a person's word makes the issue.
pub async fn fault_17_an_archived_project_keeps_its_mail_for_a_person(database: &Database) {
    let mut world = World::start(database, Plot::default()).await;
    world.gateway.shutdown().await;
    let archived = Arc::new(Archived { inner: voice_of(&world), is_archived: true.into() });
    let voice: Arc<dyn Voice> = archived.clone();
    world.gateway = start_gateway(&world.store, (&voice, database.dialect), Arc::new(Direct::default()), &quick());
    let message = world.send(&mail("a@example.org", "printer", "It burns.")).await;
    let story = world.outcome_of(&message).await;
    let fault = story.line.fault.clone().expect("a reason");
    assert_eq!(
        (story.line.job, story.ledger[0].fault.as_ref().map(|fault| fault.code)),
        (JobState::Dead, Some(FaultCode::TrackerRefused))
    );
    assert!(fault.detail.contains("archived"), "{fault:?}");
    assert_eq!(world.metric("sealpost_site_parked{site=\"acme\"}").await, 0);
    archived.is_archived.store(false, Ordering::SeqCst);
    assert!(world.store.wake(&message, "admin").await.unwrap());
    world.wait_until(&message, |story| story.line.job == JobState::Done).await;
    assert_eq!(world.desk.counts().issues_created, 1);
    world.end().await;
}
