//! A large attachment through the desk, alone in its process so that its memory can be measured.
#![allow(clippy::unwrap_used)]

use desk::{Account, Desk, Settings};
use futures_util::StreamExt;
use reqwest::multipart::{Form, Part};
use std::path::Path;

async fn start(folder: &Path) -> (Desk, String) {
    let account = Account { address: "a@example.com".to_owned(), token: "t".to_owned(), name: "A".to_owned() };
    let desk = Desk::open(Settings::new(folder.join("desk.sqlite"), folder.join("files"), account)).await.unwrap();
    desk.seed_demo().await.unwrap();
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let base = format!("http://{}", listener.local_addr().unwrap());
    let serving = desk.clone();
    tokio::spawn(async move { serving.serve(listener, std::future::pending()).await });
    (desk, base)
}

const PIECE: usize = 1 << 20;

/// A part that is made piece by piece, so that the test does not hold it either.
fn streamed(pieces: usize) -> Part {
    let stream = futures_util::stream::iter(0..pieces).map(|number| Ok::<_, std::io::Error>(vec![number as u8; PIECE]));
    Part::stream(reqwest::Body::wrap_stream(stream)).file_name("large.bin")
}

/// The most memory that this process ever had, in bytes; Linux only.
fn peak_memory_bytes() -> Option<usize> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find(|line| line.starts_with("VmHWM:"))?;
    Some(line.split_whitespace().nth(1)?.parse::<usize>().ok()? * 1024)
}

#[tokio::test]
async fn fifty_megabytes_are_stored_and_come_back_piece_by_piece() {
    let folder = tempfile::tempdir().unwrap();
    let (desk, base) = start(folder.path()).await;
    let _ = rustls::crypto::aws_lc_rs::default_provider().install_default();
    let http = reqwest::Client::builder().redirect(reqwest::redirect::Policy::none()).no_proxy().build().unwrap();
    let sign_in = |request: reqwest::RequestBuilder| request.basic_auth("a@example.com", Some("t"));
    let issue = r#"{"fields":{"project":{"key":"DEMO"},"issuetype":{"name":"Task"},"summary":"Large"}}"#;
    let request = http.post(format!("{base}/rest/api/3/issue")).header("Content-Type", "application/json");
    assert_eq!(sign_in(request).body(issue).send().await.unwrap().status(), 201);
    let before = peak_memory_bytes();
    let request = sign_in(http.post(format!("{base}/rest/api/3/issue/DEMO-1/attachments")));
    let form = Form::new().part("file", streamed(50));
    let response = request.header("X-Atlassian-Token", "no-check").multipart(form).send().await.unwrap();
    assert_eq!(response.status(), 200);
    let made: serde_json::Value = serde_json::from_str(&response.text().await.unwrap()).unwrap();
    assert_eq!(made[0]["size"], 50 * PIECE);
    let path = format!("{base}/rest/api/3/attachment/content/{}", made[0]["id"].as_str().unwrap());
    let content = sign_in(http.get(path)).send().await.unwrap();
    let media = http.get(content.headers()["location"].to_str().unwrap()).send().await.unwrap();
    let mut pieces = media.bytes_stream();
    let mut size = 0;
    while let Some(piece) = pieces.next().await {
        let piece = piece.unwrap();
        assert_eq!(usize::from(piece[0]), size / PIECE, "the bytes are the ones that were sent");
        size += piece.len();
    }
    assert_eq!(size, 50 * PIECE);
    assert_eq!(desk.counts().attachments_created, 1);
    // Client and desk share this process; a file that is held anywhere would show.
    if let (Some(before), Some(after)) = (before, peak_memory_bytes()) {
        assert!(after - before < 20 * PIECE, "memory grew by {} bytes", after - before);
    }
}
