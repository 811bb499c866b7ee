//! Effects in doubt where the tracker, the reader or the last run make it hard to be sure.

use super::reading::Direct;
use super::world::{
    Database, Plot, World, desk, issue_of, mail, mail_with_files, quick, reply, send, start_gateway, store_settings,
    voice,
};
use ::desk::{Fault as Trouble, RouteKind, When};
use bytes::Bytes;
use engine::{Go, Past, Reader, Settings, Voice};
use futures_util::future::BoxFuture;
use mail::{Limits, Reading, Reply};
use policy::{Fault, FaultCode};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;
use store::{Begun, ContentReader, JobKind, JobState, Store};
use tokio::sync::mpsc;
use tracker::{Method, Request, Response};

/// A client whose first create reaches the tracker long after it was given up, and that shows no comments while told so.
struct Crooked {
    inner: Arc<dyn Voice>,
    late: AtomicBool,
    comments_are_gone: AtomicBool,
}

const REQUEST_MAX: Duration = Duration::from_millis(1600);
/// After all times of looks counted from the attempt, before the last one counted from its end.
const LATE: Duration = Duration::from_millis(2200);

impl Voice for Crooked {
    fn say_if<'a>(&'a self, request: &'a Request, go: Go<'a>) -> BoxFuture<'a, Result<Response, Fault>> {
        let is_create = request.method == Method::Post && request.path.ends_with("/issue");
        if is_create && self.late.swap(false, Ordering::SeqCst) {
            let (inner, request) = (self.inner.clone(), request.clone());
            tokio::spawn(async move {
                tokio::time::sleep(LATE).await;
                assert_eq!(inner.say(&request).await.unwrap().status, 201);
            });
            return Box::pin(std::future::pending());
        }
        self.inner.say_if(request, go)
    }

    fn say<'a>(&'a self, request: &'a Request) -> BoxFuture<'a, Result<Response, Fault>> {
        let of_comments = request.method == Method::Get && request.path.contains("/comment");
        if of_comments && self.comments_are_gone.load(Ordering::SeqCst) {
            let body = br#"{"errorMessages":["Issue does not exist or you do not have permission to see it."]}"#;
            let headers = vec![("content-type".to_owned(), "application/json".to_owned())];
            return Box::pin(async move { Ok(Response { status: 404, headers, body: body.to_vec() }) });
        }
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

async fn wait_for(store: &Store, message: &str, state: JobState) {
    for _ in 0..3000 {
        let story = store.story(message).await.unwrap().unwrap();
        if story.line.job == state && story.line.outcome.is_some() {
            return;
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    panic!("it never became {state:?}: {:#?}", store.story(message).await);
}

/// The attempt lasts longer than all the times of looks: looks in a row at its end would all be too early.
pub async fn fault_14_an_effect_that_comes_after_its_request_was_given_up_is_found(database: &Database) {
    let folder = tempfile::tempdir().unwrap();
    let (desk, url, _stop) = desk(folder.path(), 1 << 20, database.dialect).await;
    let store = Store::open(&store_settings(database, folder.path().to_owned())).await.unwrap();
    let crooked = Crooked { inner: voice(&url, database.dialect), late: true.into(), comments_are_gone: false.into() };
    let crooked: Arc<dyn Voice> = Arc::new(crooked);
    let look_ups = [50, 100, 200, 3000].map(Duration::from_millis).to_vec();
    let settings = Settings { request_max: REQUEST_MAX, look_ups, ..quick() };
    let gateway = start_gateway(&store, (&crooked, database.dialect), Arc::new(Direct::default()), &settings);
    let message = send(&gateway, "support", &mail("a@example.org", "printer", "It burns.")).await.unwrap();
    wait_for(&store, &message, JobState::Done).await;
    // A second issue would have been made by now, or would be the late one.
    tokio::time::sleep(LATE.saturating_sub(REQUEST_MAX)).await;
    assert_eq!(desk.counts().issues_created, 1);
    gateway.shutdown().await;
    store.close().await;
}

/// "Gone" is also what an account without rights is told, so it proves nothing about a comment in doubt.
pub async fn a_comment_in_doubt_stays_so_when_its_issue_cannot_be_read(database: &Database) {
    let folder = tempfile::tempdir().unwrap();
    let (desk, url, _stop) = desk(folder.path(), 1 << 20, database.dialect).await;
    let store = Store::open(&store_settings(database, folder.path().to_owned())).await.unwrap();
    let crooked =
        Arc::new(Crooked { inner: voice(&url, database.dialect), late: false.into(), comments_are_gone: true.into() });
    let voice: Arc<dyn Voice> = crooked.clone();
    let gateway = start_gateway(&store, (&voice, database.dialect), Arc::new(Direct::default()), &quick());
    let parent = send(&gateway, "support", &mail("a@example.org", "printer", "It burns.")).await.unwrap();
    wait_for(&store, &parent, JobState::Done).await;
    desk.faults().add(Trouble::LostAnswer, RouteKind::Comment, When::Next(1));
    let message = send(&gateway, "support", &reply("b@example.org", "a@example.org", "Still.")).await.unwrap();
    wait_for(&store, &message, JobState::Held).await;
    let fault = store.story(&message).await.unwrap().unwrap().line.fault.unwrap();
    assert_eq!(fault.code, FaultCode::InDoubt);
    assert!(fault.public.contains("rights"), "{}", fault.public);

    crooked.comments_are_gone.store(false, Ordering::SeqCst);
    assert!(store.wake(&message, "ann").await.unwrap());
    wait_for(&store, &message, JobState::Done).await;
    assert_eq!(desk.counts().comments_created, 1);
    gateway.shutdown().await;
    store.close().await;
}

/// Hands every byte of a part over and fails behind the last one, as a cell that dies at its end does; once.
#[derive(Default)]
struct Faltering {
    inner: Direct,
    faltered: AtomicBool,
}

impl Reader for Faltering {
    fn read<'a>(&'a self, raw: ContentReader, limits: &'a Limits) -> BoxFuture<'a, Result<Reading, Fault>> {
        self.inner.read(raw, limits)
    }

    fn reply_after<'a>(
        &'a self,
        raw: ContentReader,
        limits: &'a Limits,
        past: &'a Past,
    ) -> BoxFuture<'a, Result<Option<Reply>, Fault>> {
        self.inner.reply_after(raw, limits, past)
    }

    fn part<'a>(
        &'a self,
        raw: ContentReader,
        limits: &'a Limits,
        path: &'a str,
        pieces: mpsc::Sender<Bytes>,
    ) -> BoxFuture<'a, Result<u64, Fault>> {
        Box::pin(async move {
            let size = self.inner.part(raw, limits, path, pieces).await?;
            match self.faltered.swap(true, Ordering::SeqCst) {
                true => Ok(size),
                false => Err(Fault::temporary(FaultCode::CellDied, "behind the last byte")),
            }
        })
    }
}

pub async fn fault_40_a_lost_upload_is_looked_for_though_its_reading_failed_at_the_end(database: &Database) {
    let world = World::start(database, Plot { reader: Arc::new(Faltering::default()), ..Plot::default() }).await;
    world.faults.add(Trouble::LostAnswer, RouteKind::Attach, When::Next(1));
    let story = world.done(&world.send(&mail_with_files("f@example.org", &[("one.txt", "one")])).await).await;
    assert_eq!(world.issue(&issue_of(&story)).await.files.len(), 1);
    assert_eq!(world.desk.counts().attachments_created, 1);
    world.end().await;
}

/// A process that died while it gave up the rest of a plan leaves steps begun that nobody ever tried.
pub async fn a_step_begun_only_to_be_failed_is_not_in_doubt(database: &Database) {
    let mut world = World::start(database, Plot::default()).await;
    world.faults.add(Trouble::RateLimit { retry_after_s: 1 }, RouteKind::Create, When::Next(1));
    let message = world.send(&mail_with_files("f@example.org", &[("one.txt", "one")])).await;
    let story = world.wait_until(&message, |story| story.plan.is_some() && story.line.job == JobState::Waiting).await;
    world.gateway.shutdown().await;
    let lease = loop {
        match world.store.claim("died", &[JobKind::Carry], 1, 60).await.unwrap().pop() {
            Some(lease) => break lease,
            None => tokio::time::sleep(Duration::from_millis(20)).await,
        }
    };
    let key = story.plan.unwrap().step_key(2);
    assert_eq!(world.store.begin(&lease, &key, "attach", "{}").await.unwrap(), Begun::Fresh);
    world.store.release(&lease).await.unwrap();
    world.restart().await;
    let story = world.done(&message).await;
    assert_eq!(world.issue(&issue_of(&story)).await.files.len(), 1);
    world.end().await;
}
