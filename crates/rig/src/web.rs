//! The smallest HTTP client that a test can look at a page with; plain HTTP on loopback only.

#![allow(clippy::unwrap_used, reason = "a test whose server does not answer must stop at once and say where")]

use std::io::{Read, Write};
use std::net::TcpStream;
use std::time::Duration;

/// How long an answer may take.
const PATIENCE: Duration = Duration::from_secs(60);

/// What was answered.
#[derive(Debug, Clone)]
pub struct Page {
    pub status: u16,
    pub body: String,
}

/// Gets `url`, which begins with `http://HOST:PORT`; `headers` are whole lines. Panics when there is no answer.
pub fn get(url: &str, headers: &[&str]) -> Page {
    try_get(url, headers).unwrap_or_else(|error| panic!("{url}: {error}"))
}

/// As [`get`], but a server that does not answer is an error.
pub fn try_get(url: &str, headers: &[&str]) -> std::io::Result<Page> {
    ask("GET", url, headers, "")
}

/// Posts JSON to `url`, as [`get`]. Panics when there is no answer.
pub fn post(url: &str, headers: &[&str], json: &str) -> Page {
    let length = format!("Content-Length: {}", json.len());
    let all = [headers, &["Content-Type: application/json", &length]].concat();
    ask("POST", url, &all, json).unwrap_or_else(|error| panic!("{url}: {error}"))
}

fn ask(method: &str, url: &str, headers: &[&str], body: &str) -> std::io::Result<Page> {
    let rest = url.strip_prefix("http://").expect("tests speak plain HTTP");
    let (host, path) = rest.split_at(rest.find(['/', '?']).unwrap_or(rest.len()));
    let path = path.trim_start_matches('/');
    let mut stream = TcpStream::connect(host)?;
    stream.set_read_timeout(Some(PATIENCE))?;
    // HTTP/1.0: the answer comes in one piece and ends with the connection (RFC 1945).
    let mut request = format!("{method} /{path} HTTP/1.0\r\nHost: {host}\r\n");
    for header in headers {
        request.push_str(header);
        request.push_str("\r\n");
    }
    stream.write_all((request + "\r\n" + body).as_bytes())?;
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer)?;
    page(&String::from_utf8_lossy(&answer)).ok_or_else(|| std::io::Error::other("an answer that is no HTTP"))
}

fn page(answer: &str) -> Option<Page> {
    let (head, body) = answer.split_once("\r\n\r\n")?;
    let status = head.split(' ').nth(1)?.parse().ok()?;
    Some(Page { status, body: body.to_owned() })
}
