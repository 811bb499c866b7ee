//! The same changes, and mails, with Prism between gateway and desk: every request and answer fits Jira's own OpenAPI document.

use super::changes;
use super::world::{Database, Plot, SUPPORT, World, issue_of, mail, mail_with_files, mailbox, reply, voice};
use ::desk::{Fault as Trouble, RouteKind, When};
use bytes::Bytes;
use engine::{Go, Voice};
use futures_util::future::BoxFuture;
use policy::Fault;
use rig::prism::{Prism, VIOLATIONS};
use std::path::Path;
use std::sync::{Arc, Mutex};
use tokio::sync::mpsc;
use tracker::{Request, Response};

/// What Prism says of requests and of their answers.
#[derive(Clone, Default)]
struct Judge {
    judged: Arc<Mutex<Vec<String>>>,
    violations: Arc<Mutex<Vec<String>>>,
}

/// A client whose requests and answers are noted.
struct Judged {
    inner: Arc<dyn Voice>,
    judge: Judge,
}

impl Judge {
    fn wrap(&self, inner: Arc<dyn Voice>) -> Arc<dyn Voice> {
        Arc::new(Judged { inner, judge: self.clone() })
    }

    fn note(&self, request: &Request, answer: &Result<Response, Fault>) {
        // What comes when the tracker is out of order is Prism's own word, or the test's.
        let Some(response) = answer.as_ref().ok().filter(|response| response.status < 500) else { return };
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

    /// Nothing was found wrong, and something like each of these was judged; so many requests in all.
    fn finds_nothing(&self, words: &[&str]) -> usize {
        let violations = self.violations.lock().unwrap();
        assert!(violations.is_empty(), "{violations:#?}");
        let judged = self.judged.lock().unwrap();
        for word in words {
            assert!(judged.iter().any(|what| what.contains(word)), "nothing like {word:?} was judged: {judged:#?}");
        }
        judged.len()
    }
}

impl Voice for Judged {
    fn is_parked(&self) -> bool {
        self.inner.is_parked()
    }

    fn say<'a>(&'a self, request: &'a Request) -> BoxFuture<'a, Result<Response, Fault>> {
        Box::pin(async move {
            let answer = self.inner.say(request).await;
            self.judge.note(request, &answer);
            answer
        })
    }

    fn say_if<'a>(&'a self, request: &'a Request, go: Go<'a>) -> BoxFuture<'a, Result<Response, Fault>> {
        Box::pin(async move {
            let answer = self.inner.say_if(request, go).await;
            self.judge.note(request, &answer);
            answer
        })
    }

    fn say_for_file<'a>(
        &'a self,
        request: &'a Request,
        bytes_max: u64,
        pieces: mpsc::Sender<Bytes>,
    ) -> BoxFuture<'a, Result<Response, Fault>> {
        Box::pin(async move {
            let answer = self.inner.say_for_file(request, bytes_max, pieces).await;
            self.judge.note(request, &answer);
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
        Box::pin(async move {
            let answer = self.inner.say_with_file(request, size_bytes, pieces, go).await;
            self.judge.note(request, &answer);
            answer
        })
    }
}

fn prism(url: &str) -> Option<Prism> {
    Prism::before(&Path::new(env!("CARGO_MANIFEST_DIR")).join("../.."), url)
}

/// Everything that the platform document knows; service management has a document of its own, which nobody may pass on.
pub async fn fits_jiras_document() {
    let (mut standing, judge) = (None, Judge::default());
    let before = |url: &str| {
        standing = prism(url);
        standing.as_ref().map(|prism| format!("http://{}", prism.address))
    };
    if !changes::platform_changes(&Database::sqlite(), before, |inner| judge.wrap(inner)).await {
        return;
    }
    let judged = judge.finds_nothing(&[]);
    assert!(judged >= 15, "only {judged} requests were judged");
}

/// What mails come to, and what is looked for when an answer is lost.
pub async fn mails_fit_jiras_document() {
    let (mut standing, judge) = (None, Judge::default());
    let database = Database::sqlite();
    let way = |url: &str| {
        standing = prism(url);
        let address = standing.as_ref()?.address;
        Some(judge.wrap(voice(&format!("http://{address}"), database.dialect)))
    };
    let Some(world) = World::start_through(&database, Plot::default(), way).await else { return };
    world.desk.add_person("bob@example.com", "Bob").await.unwrap();
    let profile = format!("{SUPPORT}assignee = \"first_cc\"\n");
    world.gateway.swap_mailboxes(vec![mailbox("support", &profile)]);
    let request = mail("a@example.org", "printer on fire", "The printer on the second floor has burned since Monday.");
    let parent = world.done(&world.send(&request.replacen("Subject:", "Cc: bob@example.com\nSubject:", 1)).await).await;
    let quoting = "Still burning.\n\n> The printer on the second floor has burned since Monday.";
    let answer = world.done(&world.send(&reply("b@example.org", "a@example.org", quoting)).await).await;
    assert_eq!(issue_of(&answer), issue_of(&parent));
    world.done(&world.send(&mail_with_files("f@example.org", &[("one.txt", "one"), ("two.txt", "two")])).await).await;
    for (number, route) in [RouteKind::Create, RouteKind::Comment, RouteKind::Attach].into_iter().enumerate() {
        world.faults.add(Trouble::LostAnswer, route, When::Next(1));
        let lost = match route {
            RouteKind::Comment => reply(&format!("l{number}@example.org"), "a@example.org", "And smoking."),
            _ => mail_with_files(&format!("l{number}@example.org"), &[("three.txt", "three")]),
        };
        world.done(&world.send(&lost).await).await;
    }
    assert_eq!(world.faults.shown(|fault| *fault == Trouble::LostAnswer), 3);
    let counts = world.desk.counts();
    assert_eq!((counts.issues_created, counts.comments_created, counts.attachments_created), (4, 2, 4));
    let kinds = ["Post /rest/api/3/issue", "/attachments", "/comment", "search", "/user/", "Get /rest/api/3/issue/"];
    judge.finds_nothing(&kinds);
    world.end().await;
}
