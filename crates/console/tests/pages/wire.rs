//! The console on a real socket: slow, crowded, oversized and ambiguous requests (SEC-45), and an orderly end.

use crate::house::*;
use console::{Listener, Settings};
use std::net::SocketAddr;
use std::time::{Duration, Instant};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::sync::oneshot;
use tokio::task::JoinHandle;

/// No answer of a loopback server takes longer, however busy the machine is.
const PATIENCE: Duration = Duration::from_secs(20);

struct Served {
    house: House,
    address: SocketAddr,
    stop: oneshot::Sender<()>,
    serving: JoinHandle<()>,
}

fn settings() -> Settings {
    Settings::new("127.0.0.1:0".parse().unwrap(), None)
}

async fn serve(settings: Settings) -> Served {
    let house = House::open().await;
    let listener = Listener::bind(settings).await.unwrap();
    let address = listener.local_addr().unwrap();
    let router = house.router_named(&format!("http://{address}"));
    let (stop, stopped) = oneshot::channel::<()>();
    let serving = tokio::spawn(listener.serve(router, async move {
        let _ = stopped.await;
    }));
    Served { house, address, stop, serving }
}

impl Served {
    async fn connect(&self) -> TcpStream {
        TcpStream::connect(self.address).await.unwrap()
    }

    /// Sends these bytes and reads until the server closes.
    async fn exchange(&self, request: &str) -> String {
        let mut stream = self.connect().await;
        // A server that has refused already may have closed; what it said is still read.
        let _ = stream.write_all(request.replace("HOST", &self.address.to_string()).as_bytes()).await;
        until_closed(&mut stream).await
    }
}

async fn until_closed(stream: &mut TcpStream) -> String {
    let mut bytes = Vec::new();
    let read = tokio::time::timeout(PATIENCE, stream.read_to_end(&mut bytes)).await;
    // A reset is an end, too.
    let _ = read.expect("the server closes the connection");
    String::from_utf8_lossy(&bytes).into_owned()
}

const PLAIN: &str = "GET /sign-in HTTP/1.1\r\nHost: HOST\r\nConnection: close\r\n\r\n";

#[tokio::test]
async fn pages_are_served_without_a_word_on_the_server() {
    let served = serve(settings()).await;
    let answer = served.exchange(PLAIN).await;
    assert!(answer.starts_with("HTTP/1.1 200 OK\r\n") && answer.ends_with("</html>"), "{answer}");
    let head = answer.split("\r\n\r\n").next().unwrap().to_lowercase();
    assert!(!head.contains("\r\nserver:") && !head.contains("x-powered-by"), "{head}");
}

#[tokio::test]
async fn sec_45_a_slow_head_is_cut_while_others_are_served() {
    let served = serve(Settings { head_timeout: Duration::from_millis(300), ..settings() }).await;
    let begun = Instant::now();
    let mut silent = served.connect().await;
    let mut slow = served.connect().await;
    slow.write_all(b"GET /sign-in HTTP/1.1\r\nHost: ").await.unwrap();
    assert!(served.exchange(PLAIN).await.starts_with("HTTP/1.1 200"));
    until_closed(&mut silent).await;
    until_closed(&mut slow).await;
    assert!(begun.elapsed() < PATIENCE);
}

#[tokio::test]
async fn sec_45_a_drip_of_bytes_buys_no_time() {
    let served = serve(Settings { head_timeout: Duration::from_millis(300), ..settings() }).await;
    let mut stream = served.connect().await;
    stream.write_all(b"GET / HTTP/1.1\r\n").await.unwrap();
    let begun = Instant::now();
    while stream.write_all(b"A: b\r\n").await.is_ok() {
        assert!(begun.elapsed() < PATIENCE, "the connection is still open");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

#[tokio::test]
async fn sec_45_a_connection_has_an_end() {
    let served = serve(Settings { connection_timeout: Duration::from_millis(300), ..settings() }).await;
    let mut stream = served.connect().await;
    let begun = format!(
        "POST /sign-in HTTP/1.1\r\nHost: {0}\r\nOrigin: http://{0}\r\nContent-Length: 9\r\n\r\n",
        served.address
    );
    stream.write_all(begun.as_bytes()).await.unwrap();
    until_closed(&mut stream).await;
}

#[tokio::test]
async fn sec_45_one_address_cannot_take_every_place() {
    let served = serve(Settings { connections_per_ip_max: 2, ..settings() }).await;
    let (first, mut second) = (served.connect().await, served.connect().await);
    assert_eq!(until_closed(&mut served.connect().await).await, "", "the third is closed at once");
    second.write_all(PLAIN.replace("HOST", &served.address.to_string()).as_bytes()).await.unwrap();
    assert!(until_closed(&mut second).await.starts_with("HTTP/1.1 200"));
    drop(first);
}

#[tokio::test]
async fn sec_45_beyond_the_places_connections_wait_until_one_is_free() {
    let served = serve(Settings { connections_max: 1, ..settings() }).await;
    let mut first = served.connect().await;
    first.write_all(b"GET /sign-in HTTP/1.1\r\n").await.unwrap();
    let waiting = served.exchange(PLAIN);
    tokio::pin!(waiting);
    assert!(tokio::time::timeout(Duration::from_millis(200), &mut waiting).await.is_err(), "there is no place yet");
    drop(first);
    assert!(waiting.await.starts_with("HTTP/1.1 200"));
}

#[tokio::test]
async fn sec_45_ambiguous_lengths_are_refused() {
    let served = serve(settings()).await;
    let head = "POST /sign-in HTTP/1.1\r\nHost: HOST\r\nOrigin: http://HOST\r\nContent-Type: application/x-www-form-urlencoded\r\n";
    let inner = "GET /style.css HTTP/1.1\r\nHost: HOST\r\n\r\n";
    for lengths in [
        "Content-Length: 3\r\nContent-Length: 40",
        "Content-Length: 3, 40",
        "Content-Length: +3",
        "Content-Length: 0x3",
        "Content-Length: -1",
        "Transfer-Encoding: chunked, identity",
        "Transfer-Encoding: xchunked",
        "Transfer-Encoding : chunked",
        " Transfer-Encoding: chunked",
        "Content-Length: 99999999999999999999999",
    ] {
        let answer = served.exchange(&format!("{head}{lengths}\r\n\r\n0\r\n\r\n{inner}")).await;
        assert!(answer.starts_with("HTTP/1.1 400"), "{lengths}: {answer}");
        assert_eq!(answer.matches("HTTP/1.1").count(), 1, "{lengths}: {answer}");
    }
    // RFC 9112, section 6.1: the chunks decide and the connection ends, so nothing can hide behind them.
    let both = format!("{head}Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n{inner}");
    let answer = served.exchange(&both).await;
    assert!(!answer.contains("text/css"), "the second request was answered: {answer}");
}

#[tokio::test]
async fn sec_45_what_is_too_large_is_refused() {
    let served = serve(settings()).await;
    let long = "a".repeat(64 * 1024);
    let many: String = (0..200).map(|number| format!("X-{number}: y\r\n")).collect();
    for request in [
        format!("GET /{long} HTTP/1.1\r\nHost: HOST\r\n\r\n"),
        format!("GET / HTTP/1.1\r\nHost: HOST\r\nCookie: {long}\r\n\r\n"),
        format!("GET / HTTP/1.1\r\nHost: HOST\r\n{many}\r\n"),
    ] {
        let answer = served.exchange(&request).await;
        assert!(["HTTP/1.1 431", "HTTP/1.1 414"].iter().any(|status| answer.starts_with(status)), "{answer:.200}");
    }
    let head = "POST /sign-in HTTP/1.1\r\nHost: HOST\r\nOrigin: http://HOST\r\nContent-Type: application/x-www-form-urlencoded\r\n";
    let answer = served.exchange(&format!("{head}Content-Length: 65536\r\nConnection: close\r\n\r\n{long}")).await;
    assert!(answer.starts_with("HTTP/1.1 403"), "{answer:.200}");
    assert!(served.exchange(PLAIN).await.starts_with("HTTP/1.1 200"));
}

#[tokio::test]
async fn what_is_no_http_is_no_trouble() {
    let served = serve(settings()).await;
    for bytes in [
        "\r\n\r\n\r\n",
        "GET\r\n\r\n",
        "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
        "EHLO evil.example\r\n",
        "GET / HTTP/1.1\r\nHost: HOST\nA\0: b\r\n\r\n",
    ] {
        let mut stream = served.connect().await;
        stream.write_all(bytes.as_bytes()).await.unwrap();
        stream.shutdown().await.unwrap();
        let answer = until_closed(&mut stream).await;
        assert!(answer.is_empty() || answer.starts_with("HTTP/1.1 400"), "{bytes:?}: {answer}");
    }
    let nameless = served.exchange("GET /sign-in HTTP/1.0\r\n\r\n").await;
    assert!(nameless.starts_with("HTTP/1.0 421"), "{nameless}");
    assert!(served.exchange(PLAIN).await.starts_with("HTTP/1.1 200"));
}

#[tokio::test]
async fn a_stop_ends_idle_connections_and_lets_requests_end() {
    let served = serve(settings()).await;
    let secret = served.house.secret().await;
    let mut idle = served.connect().await;
    let mut open = served.connect().await;
    let body = format!("secret={secret}");
    let head = format!(
        "POST /sign-in HTTP/1.1\r\nHost: {0}\r\nOrigin: http://{0}\r\nContent-Type: application/x-www-form-urlencoded\r\nContent-Length: {1}\r\nExpect: 100-continue\r\n\r\n",
        served.address,
        body.len()
    );
    open.write_all(head.as_bytes()).await.unwrap();
    let mut asked = [0; 25];
    open.read_exact(&mut asked).await.unwrap();
    assert_eq!(&asked, b"HTTP/1.1 100 Continue\r\n\r\n", "the request is being read");
    served.stop.send(()).unwrap();
    assert_eq!(until_closed(&mut idle).await, "");
    open.write_all(body.as_bytes()).await.unwrap();
    assert!(until_closed(&mut open).await.starts_with("HTTP/1.1 303"));
    tokio::time::timeout(PATIENCE, served.serving).await.expect("it ends").unwrap();
    assert!(TcpStream::connect(served.address).await.is_err(), "nobody listens any more");
}

#[tokio::test]
async fn priv_21_plain_pages_are_refused_beyond_loopback() {
    for address in ["0.0.0.0:0", "[::]:0"] {
        let bound = Listener::bind(Settings::new(address.parse().unwrap(), None)).await;
        let why = bound.err().expect("it is refused").to_string();
        assert!(why.contains("TLS"), "{why}");
    }
}
