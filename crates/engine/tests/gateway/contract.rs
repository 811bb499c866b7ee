//! The same changes with Prism between gateway and desk: every request and answer fits Jira's own OpenAPI document.

use super::changes;
use super::world::Database;
use bytes::Bytes;
use engine::{Go, Voice};
use futures_util::future::BoxFuture;
use policy::Fault;
use rig::prism::{Prism, VIOLATIONS};
use std::path::Path;
use std::sync::{Arc, Mutex};
use tokio::sync::mpsc;
use tracker::{Request, Response};

/// A client that notes what Prism says of its requests and of their answers.
pub struct Judged {
    inner: Arc<dyn Voice>,
    judged: Arc<Mutex<Vec<String>>>,
    violations: Arc<Mutex<Vec<String>>>,
}

impl Judged {
    fn note(&self, request: &Request, answer: &Result<Response, Fault>) {
        let Ok(response) = answer else { return };
        let what = format!("{:?} {}", request.method, request.path);
        // The document promises JSON also where Jira answers with nothing, which has no type.
        let is_nothing = |said: &str| {
            response.body.is_empty()
                && said.matches("\"location\"").count() == 1
                && said.contains("media type \\\"\\\"")
        };
        if let Some(said) = response.header(VIOLATIONS).filter(|said| !is_nothing(said)) {
            self.violations.lock().unwrap().push(format!("{what} ({}): {said}", response.status));
        }
        self.judged.lock().unwrap().push(what);
    }
}

impl Voice for Judged {
    fn is_parked(&self) -> bool {
        self.inner.is_parked()
    }

    fn say<'a>(&'a self, request: &'a Request) -> BoxFuture<'a, Result<Response, Fault>> {
        Box::pin(async move {
            let answer = self.inner.say(request).await;
            self.note(request, &answer);
            answer
        })
    }

    fn say_if<'a>(&'a self, request: &'a Request, go: Go<'a>) -> BoxFuture<'a, Result<Response, Fault>> {
        Box::pin(async move {
            let answer = self.inner.say_if(request, go).await;
            self.note(request, &answer);
            answer
        })
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
}

/// Everything that the platform document knows; service management has a document of its own, which nobody may pass on.
pub async fn fits_jiras_document() {
    let mut prism = None;
    let (judged, violations) = (Arc::<Mutex<Vec<String>>>::default(), Arc::<Mutex<Vec<String>>>::default());
    let (noted, found) = (judged.clone(), violations.clone());
    let before = |url: &str| {
        let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
        prism = Prism::before(&root, url);
        prism.as_ref().map(|prism| format!("http://{}", prism.address))
    };
    let wrap = |inner: Arc<dyn Voice>| -> Arc<dyn Voice> {
        Arc::new(Judged { inner, judged: noted.clone(), violations: found.clone() })
    };
    if !changes::platform_changes(&Database::sqlite(), before, wrap).await {
        return;
    }
    let judged = judged.lock().unwrap().clone();
    assert!(judged.len() >= 15, "only {} requests were judged: {judged:#?}", judged.len());
    let violations = violations.lock().unwrap().clone();
    assert!(violations.is_empty(), "{violations:#?}");
}
