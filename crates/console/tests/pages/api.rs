//! The API for programs over a real store: what a token is good for, and what is told of a mail.

use crate::filled::{self, NOON, Words};
use crate::house::{Answer, House, ORIGIN, SITE, get, send, with};
use axum::body::Body;
use axum::http::{Request, StatusCode};
use console::public::{Api, Door, Envelope, Incoming, Limits, Offer, Public};
use console::reader::Answer as Coming;
use policy::Receipt;
use serde_json::{Value, json};
use std::sync::{Arc, Mutex};
use std::time::Duration;
use store::{Decision, JobKind, Lease, Store};

/// A gateway whose only mailbox, `support`, is of this site.
struct Moving(Mutex<String>);

impl Door for Moving {
    fn site_of(&self, mailbox: &str) -> Option<String> {
        (mailbox == "support").then(|| self.0.lock().unwrap().clone())
    }

    fn open<'a>(&'a self, _: &'a str, _: Envelope, _: &'a str) -> Coming<'a, Option<Box<dyn Incoming>>> {
        Box::pin(async { panic!("nothing may be handed in") })
    }

    fn offer<'a>(&'a self, _: &'a str) -> Coming<'a, Option<Offer>> {
        Box::pin(async { Ok(None) })
    }

    fn accept<'a>(&'a self, _: &'a str) -> Coming<'a, Option<Offer>> {
        Box::pin(async { Ok(None) })
    }
}

/// The API, and a token of the house's site for its mailbox.
struct Shop {
    house: House,
    door: Arc<Moving>,
    token: String,
}

impl Shop {
    async fn open() -> Shop {
        let house = House::open().await;
        let token = house.store.new_token(SITE, "the shop", &["support".into()], 60, "somebody").await.unwrap();
        Shop { house, door: Arc::new(Moving(Mutex::new(SITE.into()))), token }
    }

    async fn send(&self, request: Request<Body>) -> Answer {
        let limits = Limits {
            mailboxes: vec!["support".into()],
            size_bytes_max: 1 << 20,
            silence_max: Duration::from_secs(30),
            mail_timeout: Duration::from_secs(30),
            hostname: "mail.example.org".into(),
        };
        let room = Api::new(self.house.store.clone(), self.door.clone(), limits).room();
        let wall = Public::new(ORIGIN, 1000).router(vec![room]);
        send(wall, with(request, "authorization", &format!("Bearer {}", self.token))).await
    }

    async fn read(&self, path: &str) -> Value {
        let answer = self.send(get(path)).await;
        assert_eq!(answer.status, StatusCode::OK, "{}", answer.text);
        serde_json::from_str(&answer.text).unwrap()
    }
}

#[tokio::test]
async fn sec_48_a_token_does_not_follow_its_mailbox_to_another_site() {
    let shop = Shop::open().await;
    assert_eq!(shop.read("/api/mailboxes").await["mailboxes"][0]["name"], "support");
    *shop.door.0.lock().unwrap() = "south".into();
    assert_eq!(shop.read("/api/mailboxes").await["mailboxes"], json!([]));
    let mut request = with(get("/api/messages"), "content-type", "message/rfc822");
    *request.method_mut() = axum::http::Method::POST;
    *request.body_mut() = Body::from("Subject: one\r\n\r\ntwo\r\n");
    let refused = shop.send(request).await;
    assert!(refused.status == StatusCode::FORBIDDEN && refused.text.contains("SP-0601"), "{}", refused.text);
}

#[tokio::test]
async fn a_fault_of_a_plan_that_was_replaced_is_told_no_more() {
    let shop = Shop::open().await;
    let (store, words) = (&shop.house.store, Words::plain());
    let id = filled::dead(store, "dead", NOON, "The project NORTH wants a component.", &words).await;
    let path = format!("/api/messages/{id}");
    assert_eq!(shop.read(&path).await["fault"]["code"], "SP-0300");
    replay(&shop.house, &id, &words).await;
    let told = shop.read(&path).await;
    assert_eq!((&told["state"], &told["outcome"], &told["fault"]), (&json!("done"), &json!("create"), &Value::Null));
}

/// The message under the plan of another revision, whose only step is done.
async fn replay(house: &House, id: &str, words: &Words) {
    let store = &house.store;
    let mut plan = store.plan(id).await.unwrap().unwrap();
    plan.revision = 2;
    plan.letters.clear();
    store.rehearse(id, "somebody").await.unwrap().unwrap();
    store.propose(&claim(store, JobKind::Rehearse).await, &plan, None).await.unwrap();
    let seen = store.proposal(id).await.unwrap().and_then(|proposal| proposal.plan).unwrap().1;
    store.replay(id, seen, "somebody").await.unwrap().unwrap();
    let decision = Decision {
        plan: plan.clone(),
        subject: words.subject.clone(),
        sender: words.sender.clone(),
        sender_name: String::new(),
        participants: vec![],
        faults: vec![],
        project: Some("NORTH".into()),
        issue_id: None,
        came_sealed: false,
        facts: None,
    };
    store.write_down_again(&claim(store, JobKind::Replay).await, &decision, &[]).await.unwrap();
    let lease = claim(store, JobKind::Carry).await;
    let key = plan.step_key(1);
    store.begin(&lease, &key, plan.steps[0].kind.word(), "").await.unwrap();
    let receipt = Receipt::Issue { id: "10".into(), key: "NORTH-1".into(), left_out: vec![] };
    store.finish(&lease, &key, &receipt).await.unwrap();
    store.complete(&lease).await.unwrap();
}

/// The only job of this kind.
async fn claim(store: &Store, kind: JobKind) -> Lease {
    store.claim("worker", &[kind], 1, 600).await.unwrap().pop().expect("a job")
}
