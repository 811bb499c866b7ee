//! Webhooks of an app are renewed, those to us and no others.

use super::world::{Database, PATIENCE, Plot, World, quick};
use bytes::Bytes;
use engine::{Go, Site, Voice};
use futures_util::future::BoxFuture;
use policy::{Fault, FaultCode};
use serde_json::{Value, json};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};
use tokio::sync::mpsc;
use tracker::{Content, Dialect, Method, Request, Response};

const URL: &str = "https://mail.example.org/hooks/acme";

/// A tracker with webhooks of an app, which remembers what it was asked to renew.
#[derive(Default)]
struct Hooks {
    renewed: Mutex<Vec<Value>>,
    /// How many requests are answered with this status first.
    trouble: Mutex<Vec<u16>>,
}

impl Hooks {
    fn answer(&self, request: &Request) -> (u16, Value) {
        if let Some(status) = self.trouble.lock().unwrap().pop() {
            return (status, json!({ "errorMessages": ["planted"] }));
        }
        let hook = |id: u64, url: &str| json!({ "id": id, "url": url, "events": [], "jqlFilter": "project = DEMO" });
        match (request.method, request.path.as_str(), &request.content) {
            (Method::Get, "/rest/api/3/webhook?startAt=0", _) => {
                (200, json!({ "values": [hook(1, URL), hook(2, "https://elsewhere.example")], "isLast": false }))
            }
            (Method::Get, "/rest/api/3/webhook?startAt=2", _) => {
                // One of which is not told where it leads is not ours.
                let nowhere = json!({ "id": 4, "events": [], "jqlFilter": "project = DEMO" });
                (200, json!({ "values": [hook(3, URL), nowhere], "isLast": true }))
            }
            (Method::Put, "/rest/api/3/webhook/refresh", Content::Json(body)) => {
                self.renewed.lock().unwrap().push(body.clone());
                (200, json!({ "expirationDate": 1_798_308_000_123u64 }))
            }
            _ => (404, json!({ "errorMessages": ["not here"] })),
        }
    }
}

struct Line(Arc<Hooks>);

impl Voice for Line {
    fn say<'a>(&'a self, request: &'a Request) -> BoxFuture<'a, Result<Response, Fault>> {
        let (status, json) = self.0.answer(request);
        let headers = vec![("content-type".to_owned(), "application/json".to_owned())];
        Box::pin(async move { Ok(Response { status, headers, body: json.to_string().into_bytes() }) })
    }

    fn say_if<'a>(&'a self, request: &'a Request, _: Go<'a>) -> BoxFuture<'a, Result<Response, Fault>> {
        self.say(request)
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
        _: &'a Request,
        _: u64,
        _: mpsc::Receiver<Bytes>,
        _: Go<'a>,
    ) -> BoxFuture<'a, Result<Response, Fault>> {
        Box::pin(async { Err(Fault::permanent(FaultCode::Internal, "no file is sent here")) })
    }
}

/// A world whose site has webhooks of an app.
async fn renewing(database: &Database, hooks: &Arc<Hooks>) -> World {
    let world = World::start(database, Plot::default()).await;
    let site = Site::new("acme", Dialect::JiraCloud, Arc::new(Line(hooks.clone())), &quick());
    world.gateway.swap_sites(vec![site.with_app_webhooks(Some(URL.to_owned()))]);
    world.gateway.fetch_now().await.unwrap();
    world
}

async fn until(so: impl Fn() -> bool) {
    let deadline = Instant::now() + PATIENCE;
    while !so() {
        assert!(Instant::now() < deadline, "it never came");
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
}

/// Asks for it again and again: a look that began before the site was exchanged is at its end for a day.
async fn renewed(world: &World, hooks: &Hooks) {
    let deadline = Instant::now() + PATIENCE;
    while hooks.renewed.lock().unwrap().is_empty() {
        assert!(Instant::now() < deadline, "it was not renewed");
        world.gateway.fetch_now().await.unwrap();
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

pub async fn webhooks_of_an_app_are_renewed_each_day(database: &Database) {
    let hooks = Arc::new(Hooks::default());
    // A server that is out of order for a moment costs nothing.
    hooks.trouble.lock().unwrap().push(503);
    let world = renewing(database, &hooks).await;
    renewed(&world, &hooks).await;
    // At a start it does not wait for the next day.
    let before = hooks.renewed.lock().unwrap().len();
    world.gateway.fetch_now().await.unwrap();
    until(|| hooks.renewed.lock().unwrap().len() > before).await;
    let ours = json!({ "webhookIds": [1, 3] });
    assert!(hooks.renewed.lock().unwrap().iter().all(|one| *one == ours), "{:?}", hooks.renewed);
    world.end().await;
}

pub async fn an_app_that_may_not_renew_asks_again_later(database: &Database) {
    let hooks = Arc::new(Hooks::default());
    hooks.trouble.lock().unwrap().push(403);
    let world = renewing(database, &hooks).await;
    until(|| hooks.trouble.lock().unwrap().is_empty()).await;
    // Its job is not given up: the next look finds that it may.
    renewed(&world, &hooks).await;
    world.end().await;
}
