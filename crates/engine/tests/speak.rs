//! The HTTP client against servers that lose answers, ask for quiet, redirect, and cannot be trusted (FAULT-14, FAULT-15, SEC-36).
#![allow(clippy::unwrap_used)]

#[path = "speak/server.rs"]
mod server;
#[path = "speak/site_tokens.rs"]
mod site_tokens;
#[path = "speak/tls.rs"]
mod tls;

use engine::speak::{SiteConnection, Speaker};
use policy::{Fault, FaultCode, FaultKind};
use serde_json::json;
use server::{Act, Server, answer};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};
use tracker::{Content, Method, Request};
use url::Url;

const TOKEN: &str = "s3cr3t-t0k3n";

fn connection(base: &str) -> SiteConnection {
    SiteConnection {
        allow_private: true,
        answer_timeout: Duration::from_secs(20),
        ..SiteConnection::new("demo", Url::parse(base).unwrap(), "bot@example.org", TOKEN)
    }
}

fn speaker(server: &Server) -> Speaker {
    Speaker::new(connection(&server.url)).unwrap()
}

fn get() -> Request {
    Request {
        method: Method::Get,
        path: "/rest/api/3/myself".to_owned(),
        headers: Vec::new(),
        content: Content::Nothing,
    }
}

fn post() -> Request {
    let content = Content::Json(json!({ "fields": { "summary": "a secret summary" } }));
    Request { method: Method::Post, path: "/rest/api/3/issue".to_owned(), headers: Vec::new(), content }
}

fn attach() -> Request {
    Request {
        method: Method::Post,
        path: "/rest/api/3/issue/1/attachments".to_owned(),
        headers: vec![("X-Atlassian-Token", "no-check".to_owned())],
        content: Content::File { name: "offer.pdf".to_owned(), content_type: "application/pdf".to_owned() },
    }
}

#[tokio::test]
async fn a_request_arrives_as_it_was_said_and_the_response_comes_back_whole() {
    let server = Server::start(|_| answer(201, "X-One: a\r\n", r#"{"id":"1"}"#)).await;
    let response = speaker(&server).say(&post()).await.unwrap();
    assert_eq!((response.status, response.body.as_slice()), (201, br#"{"id":"1"}"#.as_slice()));
    assert!(response.headers.contains(&("x-one".to_owned(), "a".to_owned())));
    let seen = server.seen();
    assert_eq!(seen.len(), 1);
    assert!(seen[0].head.starts_with("POST /rest/api/3/issue HTTP/1.1\r\n"), "{}", seen[0].head);
    let header = |name: &str| seen[0].header(name).unwrap_or_default();
    assert_eq!(header("content-type"), "application/json");
    assert_eq!(header("accept"), "application/json");
    assert_eq!(header("authorization"), "Basic Ym90QGV4YW1wbGUub3JnOnMzY3IzdC10MGszbg==");
    assert!(header("user-agent").starts_with("Sealpost/"));
    assert_eq!(
        serde_json::from_slice::<serde_json::Value>(&seen[0].body).unwrap()["fields"]["summary"],
        "a secret summary"
    );
}

#[tokio::test]
async fn without_an_account_the_token_is_a_bearer_token() {
    let server = Server::start(|_| answer(200, "", "{}")).await;
    let connection = SiteConnection { account: String::new(), ..connection(&server.url) };
    Speaker::new(connection).unwrap().say(&get()).await.unwrap();
    assert_eq!(server.seen()[0].header("authorization"), Some(format!("Bearer {TOKEN}")));
}

#[tokio::test]
async fn connections_are_kept() {
    let server = Server::start(|_| answer(200, "", "{}")).await;
    let speaker = speaker(&server);
    for _ in 0..20 {
        speaker.say(&get()).await.unwrap();
    }
    assert_eq!((server.seen().len(), server.connections()), (20, 1));
}

#[tokio::test]
async fn no_more_requests_run_at_a_time_than_the_settings_allow() {
    let server =
        Server::start(|_| Act::AnswerAfter(Duration::from_millis(20), b"HTTP/1.1 204 No Content\r\n\r\n".to_vec()))
            .await;
    let speaker =
        Speaker::new(SiteConnection { requests_max: 3, requests_per_s_max: 0, ..connection(&server.url) }).unwrap();
    let all = (0..30).map(|_| {
        let speaker = speaker.clone();
        tokio::spawn(async move { speaker.say(&get()).await.unwrap() })
    });
    for one in all.collect::<Vec<_>>() {
        one.await.unwrap();
    }
    assert_eq!(server.at_once_max(), 3);
}

#[tokio::test]
async fn fault_14_a_lost_answer_is_unknown_for_a_write_and_temporary_for_a_read() {
    let half = "HTTP/1.1 201 Created\r\nContent-Length: 100\r\n\r\n{\"id\":";
    for act in [
        Act::Close,
        Act::Send(b"HTTP/1.1 20".to_vec()),
        Act::Send(half.into()),
        Act::Send(b"220 smtp here\r\n".to_vec()),
    ] {
        let server = Server::start({
            let act = act.clone();
            move |_| act.clone()
        })
        .await;
        let fault = speaker(&server).say(&post()).await.unwrap_err();
        assert_eq!(
            (fault.kind, fault.code),
            (FaultKind::Unknown, FaultCode::TrackerUnclear),
            "{act:?}: {}",
            fault.detail
        );
        let fault = speaker(&server).say(&get()).await.unwrap_err();
        assert_eq!(
            (fault.kind, fault.code),
            (FaultKind::Temporary, FaultCode::TrackerUnreachable),
            "{act:?}: {}",
            fault.detail
        );
        // Each was said once: the client repeats nothing by itself.
        assert_eq!(server.seen().len(), 2, "{act:?}");
    }
}

#[tokio::test]
async fn fault_14_an_answer_that_never_comes_or_never_ends_is_given_up_in_time() {
    for act in [Act::Hang, Act::Drip] {
        let server = Server::start({
            let act = act.clone();
            move |_| act.clone()
        })
        .await;
        let connection = SiteConnection { answer_timeout: Duration::from_millis(400), ..connection(&server.url) };
        let speaker = Speaker::new(connection).unwrap();
        let begun = Instant::now();
        assert_eq!(speaker.say(&post()).await.unwrap_err().kind, FaultKind::Unknown);
        assert_eq!(speaker.say(&get()).await.unwrap_err().kind, FaultKind::Temporary);
        assert!(begun.elapsed() < Duration::from_secs(10), "{act:?} took {:?}", begun.elapsed());
    }
}

#[tokio::test]
async fn nothing_sent_is_temporary_even_for_a_write() {
    // A port that was free a moment ago: nobody listens.
    let port = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let nobody = Speaker::new(connection(&format!("http://127.0.0.1:{port}"))).unwrap();
    let fault = nobody.say(&post()).await.unwrap_err();
    assert_eq!((fault.kind, fault.code), (FaultKind::Temporary, FaultCode::TrackerUnreachable), "{}", fault.detail);
    assert!(!fault.detail.contains(TOKEN) && !fault.detail.contains("/rest"), "{}", fault.detail);
}

#[tokio::test]
async fn an_answer_without_end_is_cut_off() {
    let server = Server::start(|_| Act::Endless).await;
    let speaker = Speaker::new(SiteConnection { response_bytes_max: 1_000_000, ..connection(&server.url) }).unwrap();
    let fault = speaker.say(&get()).await.unwrap_err();
    assert!(fault.detail.contains("more than 1000000 bytes"), "{}", fault.detail);
    assert_eq!(speaker.say(&post()).await.unwrap_err().kind, FaultKind::Unknown);
}

#[tokio::test]
async fn sec_36_a_redirect_is_an_answer_and_credentials_do_not_follow_it() {
    let elsewhere = Server::start(|_| answer(200, "", "{}")).await;
    for status in [301, 302, 303, 307, 308] {
        let location = format!("Location: {}/catch\r\n", elsewhere.url);
        let server = Server::start(move |_| answer(status, &location, "")).await;
        for request in [get(), post()] {
            assert_eq!(speaker(&server).say(&request).await.unwrap().status, status);
        }
    }
    assert_eq!(elsewhere.connections(), 0);
}

#[tokio::test]
async fn fault_15_after_429_no_request_leaves_before_its_time() {
    let server =
        Server::start(|n| if n == 0 { answer(429, "Retry-After: 1\r\n", "") } else { answer(200, "", "{}") }).await;
    let speaker = speaker(&server);
    let begun = Instant::now();
    assert_eq!(speaker.say(&get()).await.unwrap().status, 429);
    let fault = speaker.say(&post()).await.unwrap_err();
    assert_eq!((fault.kind, fault.code, fault.retry_after_s), (FaultKind::Temporary, FaultCode::TrackerBusy, Some(1)));
    assert_eq!(server.seen().len(), 1);
    let response = loop {
        match speaker.say(&get()).await {
            Ok(response) => break response,
            Err(fault) => assert_eq!((fault.code, server.seen().len()), (FaultCode::TrackerBusy, 1)),
        }
        tokio::task::yield_now().await;
    };
    assert!(begun.elapsed() >= Duration::from_secs(1), "the quiet ended after {:?}", begun.elapsed());
    assert_eq!((response.status, server.seen().len()), (200, 2));
}

#[tokio::test]
async fn fault_15_a_burst_of_one_kind_stops_that_kind_alone() {
    let limited = "Retry-After: 600\r\nRateLimit-Reason: jira-burst-based\r\n";
    let server = Server::start(move |n| if n == 0 { answer(429, limited, "") } else { answer(200, "", "{}") }).await;
    let speaker = speaker(&server);
    assert_eq!(speaker.say(&post()).await.unwrap().status, 429);
    let fault = speaker.say(&post()).await.unwrap_err();
    assert!(fault.code == FaultCode::TrackerBusy && fault.retry_after_s.is_some_and(|left| left > 500), "{fault:?}");
    assert!(speaker.parked().is_ok());
    for other in [get(), Request { path: "/rest/api/3/issue/1/comment".to_owned(), ..post() }] {
        assert_eq!(speaker.say(&other).await.unwrap().status, 200);
    }
    assert_eq!(server.seen().len(), 3);
}

#[tokio::test]
async fn fault_15_a_limit_that_is_near_slows_requests_down() {
    let server = Server::start(|_| answer(200, "X-RateLimit-NearLimit: true\r\n", "{}")).await;
    let speaker = Speaker::new(SiteConnection { requests_per_s_max: 10, ..connection(&server.url) }).unwrap();
    let begun = Instant::now();
    for _ in 0..3 {
        assert_eq!(speaker.say(&get()).await.unwrap().status, 200);
    }
    assert!(begun.elapsed() >= Duration::from_millis(400), "ten in a second, and now a quarter: {:?}", begun.elapsed());
}

#[tokio::test]
async fn fault_15_requests_that_wait_for_their_turn_heed_the_quiet_too() {
    let busy = b"HTTP/1.1 503 Busy\r\nRetry-After: 600\r\nContent-Length: 0\r\n\r\n".to_vec();
    let server = Server::start(move |_| Act::AnswerAfter(Duration::from_millis(50), busy.clone())).await;
    let speaker = Speaker::new(SiteConnection { requests_max: 1, ..connection(&server.url) }).unwrap();
    let all = (0..10).map(|_| {
        let speaker = speaker.clone();
        tokio::spawn(async move { speaker.say(&get()).await })
    });
    let mut faults = 0;
    for one in all.collect::<Vec<_>>() {
        faults +=
            usize::from(one.await.unwrap().is_err_and(|fault| fault.retry_after_s.is_some_and(|left| left > 500)));
    }
    assert_eq!((faults, server.seen().len()), (9, 1));
}

/// A process that slept past its lease while its request waited for a turn must not send it any more.
#[tokio::test]
async fn fault_30_leave_is_asked_after_the_wait_for_a_turn() {
    let slow = b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n".to_vec();
    let server = Server::start(move |_| Act::AnswerAfter(Duration::from_millis(100), slow.clone())).await;
    let speaker = Speaker::new(SiteConnection { requests_max: 1, ..connection(&server.url) }).unwrap();
    let lost = Arc::new(AtomicBool::new(false));
    let before = tokio::spawn({
        let (speaker, lost) = (speaker.clone(), lost.clone());
        async move {
            let response = speaker.say(&get()).await;
            lost.store(true, Ordering::SeqCst);
            response
        }
    });
    // The first one is under way, so the second one waits; its leave ends before its turn comes.
    while server.seen().is_empty() {
        tokio::task::yield_now().await;
    }
    let go = || match lost.load(Ordering::SeqCst) {
        true => Err(Fault::temporary(FaultCode::LeaseLost, "the lease ran out")),
        false => Ok(()),
    };
    let fault = speaker.say_if(&post(), &go).await;
    assert_eq!(before.await.unwrap().unwrap().status, 200);
    match fault {
        Err(fault) => assert_eq!((fault.code, server.seen().len()), (FaultCode::LeaseLost, 1)),
        Ok(_) => panic!("it was sent without leave"),
    }
}

#[tokio::test]
async fn a_file_is_streamed_with_its_length_announced() {
    let server = Server::start(|_| answer(200, "", "[]")).await;
    let content: Vec<u8> = (0..1_000_000_u32).map(|n| (n % 251) as u8).collect();
    let held: &'static [u8] = content.clone().leak();
    assert_eq!(
        speaker(&server).say_with_file(&attach(), held.len() as u64, held, &|| Ok(())).await.unwrap().status,
        200
    );
    let seen = &server.seen()[0];
    assert_eq!(seen.header("content-length"), Some(seen.body.len().to_string()));
    assert_eq!(seen.header("transfer-encoding"), None);
    assert_eq!(seen.header("x-atlassian-token").as_deref(), Some("no-check"));
    let boundary = seen.header("content-type").unwrap().split_once("boundary=").unwrap().1.to_owned();
    let begin = seen.body.windows(4).position(|window| window == b"\r\n\r\n").unwrap() + 4;
    let end = seen.body.len() - format!("\r\n--{boundary}--\r\n").len();
    assert!(seen.body[begin..end] == content);
}

#[tokio::test]
async fn fault_40_a_file_that_ends_early_never_becomes_a_whole_request() {
    let server = Server::start(|_| answer(200, "", "[]")).await;
    let half: &'static [u8] = &[7; 100_000];
    let fault = speaker(&server).say_with_file(&attach(), 200_000, half, &|| Ok(())).await.unwrap_err();
    assert_eq!(fault.kind, FaultKind::Temporary, "{}", fault.detail);
    assert!(server.seen().is_empty());
}

#[tokio::test]
async fn an_early_refusal_of_a_large_file_is_heard() {
    let server = Server::start(|_| {
        Act::RefuseBody(b"HTTP/1.1 413 Too Large\r\nContent-Length: 0\r\nConnection: close\r\n\r\n".to_vec())
    })
    .await;
    let large: &'static [u8] = vec![0; 4_000_000].leak();
    match speaker(&server).say_with_file(&attach(), large.len() as u64, large, &|| Ok(())).await {
        Ok(response) => assert_eq!(response.status, 413),
        // The connection may break under the upload before the answer is read; then what happened is not known.
        Err(fault) => assert_eq!(fault.kind, FaultKind::Unknown),
    }
}

#[test]
fn sec_36_a_base_that_must_not_be_spoken_to_is_refused_at_once() {
    let refused = |base: &str, allow_private: bool| {
        let connection =
            SiteConnection { allow_private, ..SiteConnection::new("demo", Url::parse(base).unwrap(), "a@b", "t") };
        Speaker::new(connection).err().map(|fault| fault.code)
    };
    // Every way to write a private address that a URL parser knows.
    for host in [
        "127.0.0.1",
        "2130706433",
        "0x7f000001",
        "0177.0.0.1",
        "127.1",
        "0",
        "10.0.0.1",
        "169.254.169.254",
        "[::1]",
        "[::]",
        "[::ffff:127.0.0.1]",
        "[::ffff:a9fe:a9fe]",
        "[64:ff9b::7f00:1]",
        "[2002:7f00:1::]",
        "[fe80::1]",
        "[fd00::1]",
    ] {
        assert_eq!(refused(&format!("https://{host}/"), false), Some(FaultCode::AddressRefused), "{host}");
        assert_eq!(refused(&format!("https://{host}/"), true), None, "{host}");
    }
    for base in [
        "http://example.org/",
        "http://10.0.0.1/",
        "ftp://example.org/",
        "https://u:p@example.org/",
        "https://example.org/?q",
    ] {
        assert_eq!(refused(base, true), Some(FaultCode::SettingsWrong), "{base}");
    }
    assert_eq!(refused("http://127.0.0.1:8080/", false), Some(FaultCode::AddressRefused));
    assert_eq!(refused("http://localhost:8080/", false), Some(FaultCode::AddressRefused));
    assert_eq!(refused("https://example.org/jira", false), None);
}

#[tokio::test]
async fn sec_36_a_name_that_leads_inside_is_refused_before_anything_is_sent() {
    let server = Server::start(|_| answer(200, "", "{}")).await;
    let base = server.url.replace("http://127.0.0.1", "https://localhost");
    let speaker = Speaker::new(SiteConnection { allow_private: false, ..connection(&base) }).unwrap();
    let fault = speaker.say(&post()).await.unwrap_err();
    assert_eq!((fault.kind, fault.code), (FaultKind::Permanent, FaultCode::AddressRefused), "{}", fault.detail);
    assert_eq!(server.connections(), 0);
}

#[tokio::test]
async fn a_path_cannot_lead_the_credentials_elsewhere() {
    let server = Server::start(|_| answer(200, "", "{}")).await;
    for path in ["@evil.example/", ".evil.example/", ":1@evil.example/", "https://evil.example/", "", "?x"] {
        let fault = speaker(&server).say(&Request { path: path.to_owned(), ..get() }).await.unwrap_err();
        assert_eq!(fault.code, FaultCode::Internal, "{path}");
    }
    assert_eq!(server.connections(), 0);
    // Two slashes name no host here: the base stands before them.
    speaker(&server).say(&Request { path: "//evil.example/".to_owned(), ..get() }).await.unwrap();
}

#[test]
fn nothing_that_is_shown_holds_the_token() {
    let proxy = Some(Url::parse("http://user:pr0xy@proxy.example:3128").unwrap());
    let connection = SiteConnection { proxy, ..connection("https://example.org/") };
    let shown = format!("{connection:?} {:?}", Speaker::new(connection.clone()).unwrap());
    for secret in [TOKEN, "bot@example.org", "pr0xy"] {
        assert!(!shown.contains(secret), "{shown}");
    }
}
