//! The public listener's wall: one name, safe headers, no cookie, and no more of one client than it may ask.

use crate::house::{Answer, HOST, ORIGIN, get, post, send, with, without};
use axum::Router;
use axum::http::StatusCode;
use axum::routing::{get as on_get, post as on_post};
use console::public::{Public, pages};
use console::{Listener, Settings};
use rig::web;

const PLENTY: u32 = 10_000;

fn wall(requests_per_minute_max: u32) -> Router {
    let room = Router::new().route("/room", on_get(|| async { "inside" }));
    let form = pages(Router::new().route("/form", on_post(|body: String| async move { body.len().to_string() })));
    Public::new(ORIGIN, requests_per_minute_max).router(vec![room, form])
}

/// Exactly these, whatever is answered (SEC-44).
fn assert_secluded(answer: &Answer, what: &str) {
    let expected = "\
cache-control: no-store
content-security-policy: default-src 'none'; style-src 'self'; img-src 'self'; form-action 'self'; frame-ancestors 'none'; base-uri 'none'
cross-origin-opener-policy: same-origin
cross-origin-resource-policy: same-origin
permissions-policy: camera=(), geolocation=(), microphone=()
referrer-policy: no-referrer
x-content-type-options: nosniff
x-frame-options: DENY
x-robots-tag: noindex, nofollow, noarchive";
    let own = ["content-type", "content-length", "allow", "retry-after"];
    assert_eq!(answer.headers_but(&own), expected, "{what}");
}

#[tokio::test]
async fn sec_44_every_public_answer_is_secluded() {
    let wall = wall(PLENTY);
    for (request, status) in [
        (get("/room"), 200),
        (get("/style.css"), 200),
        (get("/robots.txt"), 200),
        (get("/"), 404),
        (get("/messages"), 404),
        (get("/sign-in"), 404),
        (post("/room", ""), 405),
        (post("/form", &"x".repeat(17 * 1024)), 413),
        (with(get("/room"), "host", "evil.example"), 421),
        (without(get("/room"), "host"), 421),
    ] {
        let what = format!("{} {}", request.method(), request.uri());
        let answer = send(wall.clone(), request).await;
        assert_eq!(answer.status, status, "{what}: {}", answer.text);
        assert_secluded(&answer, &what);
        assert!(!answer.text.contains("Sealpost") && !answer.text.contains("href=\"/messages"), "{}", answer.text);
    }
}

#[tokio::test]
async fn sec_45_who_asks_too_often_is_told_when_to_come_again() {
    let wall = wall(3);
    for _ in 0..3 {
        assert_eq!(send(wall.clone(), get("/room")).await.status, StatusCode::OK);
    }
    let answer = send(wall.clone(), get("/room")).await;
    assert_eq!(answer.status, StatusCode::TOO_MANY_REQUESTS);
    assert!((1..=20).contains(&answer.header("retry-after").parse::<u32>().unwrap()));
    assert_secluded(&answer, "too often");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn sec_45_clients_behind_a_proxy_are_counted_one_by_one() {
    for (proxies, second) in [(vec!["127.0.0.1".parse().unwrap()], 200), (Vec::new(), 429)] {
        let settings = Settings { proxies, ..Settings::new("127.0.0.1:0".parse().unwrap(), None) };
        let listener = Listener::bind(settings).await.unwrap();
        let origin = format!("http://{}", listener.local_addr().unwrap());
        let room = Router::new().route("/room", on_get(|| async { "inside" }));
        let router = Public::new(&origin, 1).router(vec![room]);
        tokio::spawn(listener.serve(router, std::future::pending()));
        let asked = tokio::task::spawn_blocking(move || {
            ["203.0.113.1", "203.0.113.2"]
                .map(|client| web::get(&format!("{origin}/room"), &[&format!("X-Forwarded-For: {client}")]).status)
        });
        assert_eq!(asked.await.unwrap(), [200, second]);
    }
}

#[tokio::test]
async fn sec_42_the_wall_knows_one_name() {
    for host in ["localhost:8025", "[::1]:8025", "127.0.0.1", &format!("{HOST}.evil.example")] {
        let answer = send(wall(PLENTY), with(get("/room"), "host", host)).await;
        assert_eq!(answer.status, StatusCode::MISDIRECTED_REQUEST, "{host}");
    }
}
