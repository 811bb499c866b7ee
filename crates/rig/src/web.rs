//! The smallest HTTP client that a test can look at a page with, plain HTTP on loopback only; and curl, as people use it.

#![allow(clippy::unwrap_used, reason = "a test whose server does not answer must stop at once and say where")]

use std::io::{Read, Write};
use std::net::TcpStream;
use std::process::Command;
use std::time::Duration;

/// How long an answer may take.
const PATIENCE: Duration = Duration::from_secs(60);

/// What was answered.
#[derive(Debug, Clone)]
pub struct Page {
    /// 0 when there was no answer.
    pub status: u16,
    /// The first line and the header fields, in lower case.
    pub head: String,
    pub body: String,
}

impl Page {
    /// A whole answer; `None` when it is no HTTP.
    fn read(answer: &[u8]) -> Option<Page> {
        let answer = String::from_utf8_lossy(answer);
        let (head, body) = answer.split_once("\r\n\r\n")?;
        let status = head.split(' ').nth(1)?.parse().ok()?;
        Some(Page { status, head: head.to_lowercase(), body: body.to_owned() })
    }

    fn none() -> Page {
        Page { status: 0, head: String::new(), body: String::new() }
    }
}

/// Gets `url`, which begins with `http://HOST:PORT`; `headers` are whole lines. Panics when there is no answer.
pub fn get(url: &str, headers: &[&str]) -> Page {
    try_get(url, headers).unwrap_or_else(|error| panic!("{url}: {error}"))
}

/// As [`get`], but a server that does not answer is an error.
pub fn try_get(url: &str, headers: &[&str]) -> std::io::Result<Page> {
    ask("GET", url, headers, "")
}

/// As [`get`], but asks for the head alone.
pub fn head(url: &str) -> Page {
    ask("HEAD", url, &[], "").unwrap_or_else(|error| panic!("{url}: {error}"))
}

/// Posts JSON to `url`, as [`get`]. Panics when there is no answer.
pub fn post(url: &str, headers: &[&str], json: &str) -> Page {
    try_post(url, headers, json).unwrap_or_else(|error| panic!("{url}: {error}"))
}

/// As [`post`], but a server that does not answer is an error.
pub fn try_post(url: &str, headers: &[&str], json: &str) -> std::io::Result<Page> {
    let length = format!("Content-Length: {}", json.len());
    let all = [headers, &["Content-Type: application/json", &length]].concat();
    ask("POST", url, &all, json)
}

/// Posts bytes of this type to `url`. A server that refuses them may stop reading; what it said is given nevertheless.
pub fn post_bytes(url: &str, content_type: &str, bytes: &[u8]) -> Page {
    let headers = [format!("Content-Type: {content_type}"), format!("Content-Length: {}", bytes.len())];
    let (host, head) = request("POST", url, &[&headers[0], &headers[1]]);
    say(host, &[head.as_bytes(), bytes].concat())
}

/// Says these bytes to `HOST:PORT`, whatever they are, and reads until the server closes.
pub fn say(host: &str, bytes: &[u8]) -> Page {
    let mut stream = TcpStream::connect(host).unwrap();
    stream.set_read_timeout(Some(PATIENCE)).unwrap();
    // A server that has refused already may have closed; what it said is still there.
    let _ = stream.write_all(bytes);
    let mut answer = Vec::new();
    let _ = stream.read_to_end(&mut answer);
    Page::read(&answer).unwrap_or_else(Page::none)
}

/// Runs curl with these words.
pub fn curl(words: &[&str]) -> Page {
    let output = Command::new("curl").args(["-sS", "-i", "--max-time", "100"]).args(words).output().unwrap();
    // It shows the interim answer to its Expect as well.
    let answer = output.stdout.strip_prefix(b"HTTP/1.1 100 Continue\r\n\r\n").unwrap_or(&output.stdout);
    Page::read(answer).unwrap_or_else(Page::none)
}

fn ask(method: &str, url: &str, headers: &[&str], body: &str) -> std::io::Result<Page> {
    let (host, head) = request(method, url, headers);
    let mut stream = TcpStream::connect(host)?;
    stream.set_read_timeout(Some(PATIENCE))?;
    stream.write_all((head + body).as_bytes())?;
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer)?;
    Page::read(&answer).ok_or_else(|| std::io::Error::other("an answer that is no HTTP"))
}

/// Whom a request goes to, and its head.
fn request<'u>(method: &str, url: &'u str, headers: &[&str]) -> (&'u str, String) {
    let rest = url.strip_prefix("http://").expect("tests speak plain HTTP");
    let (host, path) = rest.split_at(rest.find(['/', '?']).unwrap_or(rest.len()));
    let path = path.trim_start_matches('/');
    // HTTP/1.0: the answer comes in one piece and ends with the connection (RFC 1945).
    let mut head = format!("{method} /{path} HTTP/1.0\r\nHost: {host}\r\n");
    for header in headers {
        head.push_str(header);
        head.push_str("\r\n");
    }
    (host, head + "\r\n")
}
