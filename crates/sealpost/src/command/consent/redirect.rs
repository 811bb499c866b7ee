//! Where a browser is sent after a sign-in: a port on loopback that answers one kind of visit (RFC 8252, section 7.3), or a
//! line that somebody pastes.

use courier::oauth::{AuthorizationEndpoint, Loopback, NoCode, SignIn};
use policy::Fault;
use std::io::{BufRead, Read};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::sync::Arc;
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::mpsc;
use zeroize::Zeroizing;

/// A visit's head is read up to here; addresses of sign-ins are at most some kilobytes.
const HEAD_BYTES_MAX: usize = 32 * 1024;
/// A visitor says what he wants within this time.
const HEAD_WITHIN: Duration = Duration::from_secs(10);
/// A pasted line is read up to here.
const LINE_BYTES_MAX: u64 = 32 * 1024;

/// A page without anything that could be loaded or could lead on: its own address holds the code.
const HEAD: &str = "Content-Type: text/html; charset=utf-8\r\nCache-Control: no-store\r\nReferrer-Policy: no-referrer\r\n\
                    Content-Security-Policy: default-src 'none'\r\nX-Content-Type-Options: nosniff\r\nConnection: close\r\n";

/// A port that a browser is sent to.
pub(super) struct Redirect {
    listener: TcpListener,
    path: String,
}

impl Redirect {
    /// Listens, and says which URL leads here. Where nobody can listen, the address has to be pasted.
    pub(super) async fn listen(at: &Loopback) -> (Option<Redirect>, String) {
        let ip: IpAddr = if at.host == "[::1]" { Ipv6Addr::LOCALHOST.into() } else { Ipv4Addr::LOCALHOST.into() };
        let bound = TcpListener::bind((ip, at.port.unwrap_or(0))).await;
        let bound = bound.and_then(|listener| Ok((listener.local_addr()?.port(), listener)));
        match bound {
            Ok((port, listener)) => (Some(Redirect { listener, path: at.path.clone() }), at.url(port)),
            Err(error) => {
                let port = at.port.unwrap_or(80);
                eprintln!("sealpost: cannot listen on port {port} ({error}), so the address has to be pasted");
                (None, at.url(port))
            }
        }
    }

    /// Answers visits until one brings the answer to this sign-in. A browser asks for more than it was sent to, and opens
    /// connections on which it says nothing, so each visit is answered by itself.
    pub(super) async fn code(
        self,
        sign_in: Arc<SignIn>,
        endpoint: AuthorizationEndpoint,
    ) -> Result<Zeroizing<String>, Fault> {
        let (found, mut answers) = mpsc::channel(1);
        loop {
            tokio::select! {
                Some(answer) = answers.recv() => return answer,
                Ok((stream, _)) = self.listener.accept() => {
                    let (sign_in, endpoint) = (sign_in.clone(), endpoint.clone());
                    let (path, found) = (self.path.clone(), found.clone());
                    tokio::spawn(async move {
                        let visit = visit(stream, &path, &sign_in, &endpoint);
                        if let Ok(Some(answer)) = tokio::time::timeout(HEAD_WITHIN, visit).await {
                            // Only the first one is waited for.
                            let _ = found.send(answer).await;
                        }
                    });
                }
            }
        }
    }
}

/// Reads what a visitor wants and answers him; the code or what went wrong when it was the answer to this sign-in.
async fn visit(
    mut stream: TcpStream,
    path: &str,
    sign_in: &SignIn,
    endpoint: &AuthorizationEndpoint,
) -> Option<Result<Zeroizing<String>, Fault>> {
    let head = head(&mut stream).await?;
    let target = head.lines().next()?.strip_prefix("GET ")?.split(' ').next()?;
    let (asked, query) = target.split_once('?').unwrap_or((target, ""));
    let here = asked == path || (path.is_empty() && asked == "/");
    let (answer, status, text) = match sign_in.code(query, endpoint) {
        _ if !here => (None, "404 Not Found", "There is nothing here."),
        Ok(code) => (Some(Ok(code)), "200 OK", "You may close this page. The terminal says how it went."),
        Err(NoCode::NotOurs) => (None, "400 Bad Request", "This answer belongs to no sign-in that is waited for."),
        Err(NoCode::Failed(fault)) => {
            (Some(Err(fault)), "200 OK", "Nothing was allowed. You may close this page; the terminal says more.")
        }
    };
    let page = format!("<!doctype html><title>Sealpost</title><p>{text}</p>\n");
    let response = format!("HTTP/1.1 {status}\r\n{HEAD}Content-Length: {}\r\n\r\n{page}", page.len());
    // A browser that goes away without its page has handed over the code all the same.
    let _ = stream.write_all(response.as_bytes()).await;
    let _ = stream.shutdown().await;
    answer
}

/// Everything up to the empty line; `None` when it does not come or is no text.
async fn head(stream: &mut TcpStream) -> Option<Zeroizing<String>> {
    let mut bytes = Zeroizing::new(Vec::with_capacity(HEAD_BYTES_MAX));
    while !bytes.windows(4).any(|window| window == b"\r\n\r\n") {
        let read = stream.read_buf(&mut *bytes).await.ok()?;
        if read == 0 || bytes.len() >= HEAD_BYTES_MAX {
            return None;
        }
    }
    std::str::from_utf8(&bytes).ok().map(|text| Zeroizing::new(text.to_owned()))
}

/// Lines from standard input, by a thread of their own: the runtime would wait for a read that nobody ends.
pub(super) fn pasted_lines() -> mpsc::Receiver<Zeroizing<String>> {
    let (lines, pasted) = mpsc::channel(1);
    std::thread::spawn(move || {
        let mut input = std::io::stdin().lock();
        loop {
            let mut line = Zeroizing::new(String::new());
            match input.by_ref().take(LINE_BYTES_MAX).read_line(&mut line) {
                Ok(read) if read > 0 => {}
                _ => return,
            }
            if lines.blocking_send(line).is_err() {
                return;
            }
        }
    });
    pasted
}
