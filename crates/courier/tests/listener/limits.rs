//! What strangers may cost: connections, slow mails, large mails.

use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use courier::smtp_in::Settings;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::{Instant, sleep, timeout};

use crate::book::{HANG, listener, settings};

const OPENING: &[u8] = b"EHLO c.example\r\nMAIL FROM:<a@c.example>\r\nRCPT TO:<b@d.example>\r\nDATA\r\n";

/// Reads until `text` has been seen; returns everything heard.
pub async fn hear_until(stream: &mut (impl tokio::io::AsyncRead + Unpin), text: &str) -> String {
    let mut heard = Vec::new();
    while !String::from_utf8_lossy(&heard).contains(text) {
        let read = timeout(HANG, stream.read_buf(&mut heard)).await.expect("the server answers").unwrap();
        assert_ne!(read, 0, "{text:?} comes before the end: {}", String::from_utf8_lossy(&heard));
    }
    String::from_utf8(heard).unwrap()
}

async fn hear_all(stream: &mut TcpStream) -> String {
    let mut heard = String::new();
    timeout(HANG, stream.read_to_string(&mut heard)).await.expect("the server closes").unwrap();
    heard
}

#[tokio::test]
async fn connections_beyond_the_seats_are_turned_away_and_seats_become_free() {
    let (listener, _) = listener(Settings { connections_max: 3, connections_per_ip_max: 2, ..settings() }).await;
    let address = listener.local_addr().unwrap();
    let server = tokio::spawn({
        let listener = listener.clone();
        async move { listener.serve(std::future::pending()).await }
    });
    let mut first = TcpStream::connect(address).await.unwrap();
    hear_until(&mut first, "220 ").await;
    let mut second = TcpStream::connect(address).await.unwrap();
    hear_until(&mut second, "220 ").await;
    let mut third = TcpStream::connect(address).await.unwrap();
    assert_eq!(hear_all(&mut third).await, "421 4.7.0 Too many connections; please come back\r\n");
    assert_eq!((listener.counts().connections_open, listener.counts().connections_turned_away), (2, 1));
    assert_eq!(listener.refusals().counts(), [("too_many_connections", 1)]);

    first.write_all(b"QUIT\r\n").await.unwrap();
    hear_all(&mut first).await;
    let mut fourth = loop {
        // The seat is free a moment after the client has seen the end.
        let mut stream = TcpStream::connect(address).await.unwrap();
        let mut byte = [0; 3];
        stream.read_exact(&mut byte).await.unwrap();
        if &byte == b"220" {
            break stream;
        }
    };
    fourth.write_all(b"QUIT\r\n").await.unwrap();
    hear_all(&mut fourth).await;
    server.abort();
}

#[tokio::test(start_paused = true)]
async fn fault_26_a_trickle_within_a_mail_is_cut_off() {
    let (listener, book) = listener(settings()).await;
    let (mut ours, theirs) = tokio::io::duplex(4096);
    let ip: IpAddr = [192, 0, 2, 1].into();
    let server = tokio::spawn({
        let listener = listener.clone();
        async move { listener.converse(theirs, Some(ip)).await }
    });
    ours.write_all(OPENING).await.unwrap();
    hear_until(&mut ours, "354 ").await;
    let started = Instant::now();
    // One octet a minute keeps every single read within its time.
    while ours.write_all(b"x").await.is_ok() {
        sleep(Duration::from_secs(60)).await;
    }
    assert!(started.elapsed() < Duration::from_secs(300), "{:?}", started.elapsed());
    server.await.unwrap();
    assert!(book.mails().is_empty());
}

#[tokio::test(start_paused = true)]
async fn fault_26_a_trickle_of_a_command_is_cut_off() {
    let (listener, _) = listener(settings()).await;
    let (mut ours, theirs) = tokio::io::duplex(4096);
    let server = tokio::spawn(async move { listener.converse(theirs, None).await });
    let started = Instant::now();
    while ours.write_all(b"x").await.is_ok() {
        sleep(Duration::from_secs(60)).await;
    }
    assert!(started.elapsed() <= Duration::from_secs(420), "{:?}", started.elapsed());
    server.await.unwrap();
}

#[tokio::test]
async fn a_mail_far_beyond_the_limit_is_not_read_to_its_end() {
    let (listener, book) = listener(Settings { size_bytes_max: 1000, ..settings() }).await;
    let (ours, theirs) = tokio::io::duplex(64 * 1024);
    let server = tokio::spawn(async move { listener.converse(theirs, None).await });
    let (mut read, mut write) = tokio::io::split(ours);
    write.write_all(OPENING).await.unwrap();
    hear_until(&mut read, "354 ").await;
    let line = [&[b'x'; 998][..], b"\r\n"].concat();
    let mut sent = 0;
    while write.write_all(&line).await.is_ok() {
        sent += line.len();
        assert!(sent < 16 * 1024 * 1024, "it hangs up");
    }
    let mut heard = String::new();
    read.read_to_string(&mut heard).await.unwrap();
    assert!(heard.starts_with("552 5.3.4 "), "{heard}");
    server.await.unwrap();
    assert!(book.mails().is_empty());
}

#[tokio::test]
async fn a_mail_of_50_mb_streams_through_in_bounded_pieces() {
    // The gate in the tests refuses pieces above 64 KiB by panicking.
    let (listener, book) = listener(settings()).await;
    let (ours, theirs) = tokio::io::duplex(64 * 1024);
    let server = tokio::spawn(async move { listener.converse(theirs, None).await });
    let (mut read, mut write) = tokio::io::split(ours);
    write.write_all(OPENING).await.unwrap();
    hear_until(&mut read, "354 ").await;
    let line: Arc<[u8]> = [&b".."[..], &[b'x'; 995], b"\r\n"].concat().into();
    let lines = 50 * 1024 * 1024 / (line.len() - 1);
    for _ in 0..lines {
        write.write_all(&line).await.unwrap();
    }
    write.write_all(b".\r\n").await.unwrap();
    hear_until(&mut read, "250 2.0.0 Accepted").await;
    drop((read, write));
    server.await.unwrap();
    let mails = book.mails();
    assert_eq!(mails[0].bytes.len(), lines * (line.len() - 1));
    assert!(mails[0].bytes.chunks(line.len() - 1).all(|found| found == &line[1..]));
}

#[tokio::test(start_paused = true)]
async fn commands_without_effect_run_out() {
    let (listener, _) = listener(settings()).await;
    let (ours, theirs) = tokio::io::duplex(1 << 20);
    let server = tokio::spawn(async move { listener.converse(theirs, None).await });
    let (mut read, mut write) = tokio::io::split(ours);
    write.write_all(&b"NOOP\r\n".repeat(2000)).await.unwrap();
    let mut heard = String::new();
    read.read_to_string(&mut heard).await.unwrap();
    assert!(heard.ends_with("421 4.7.0 Too many errors; closing\r\n"));
    assert_eq!(heard.matches("250 2.0.0").count(), 1010);
    server.await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn fault_26_a_client_that_never_reads_is_left() {
    let (listener, _) = listener(settings()).await;
    let (mut ours, theirs) = tokio::io::duplex(64);
    let server = tokio::spawn(async move { listener.converse(theirs, None).await });
    let started = Instant::now();
    while ours.write_all(b"HELP\r\n").await.is_ok() {}
    server.await.unwrap();
    assert!(started.elapsed() < Duration::from_secs(400), "{:?}", started.elapsed());
}

#[tokio::test]
async fn a_gate_that_panics_costs_one_connection() {
    let (listener, book) = listener(Settings { connections_max: 1, ..settings() }).await;
    let address = listener.local_addr().unwrap();
    let server = tokio::spawn({
        let listener = listener.clone();
        async move { listener.serve(std::future::pending()).await }
    });
    let mut first = TcpStream::connect(address).await.unwrap();
    first.write_all(b"EHLO c\r\nMAIL FROM:<>\r\nRCPT TO:<panics@d.example>\r\n").await.unwrap();
    let mut heard = Vec::new();
    let _ = timeout(HANG, first.read_to_end(&mut heard)).await.expect("the connection ends");
    let mut second = loop {
        let mut stream = TcpStream::connect(address).await.unwrap();
        let mut code = [0; 3];
        stream.read_exact(&mut code).await.unwrap();
        if &code == b"220" {
            break stream;
        }
    };
    second.write_all(OPENING).await.unwrap();
    hear_until(&mut second, "354 ").await;
    second.write_all(b"x\r\n.\r\n").await.unwrap();
    hear_until(&mut second, "250 2.0.0 Accepted").await;
    assert_eq!(book.mails().len(), 1);
    server.abort();
}

#[tokio::test(start_paused = true)]
async fn sec_43_an_account_cannot_be_guessed_over_many_connections() {
    let (listener, _) = listener(Settings { offer_auth: true, ..settings() }).await;
    // NUL "ann" NUL and a wrong password, then the right one.
    let (wrong, right) = ("AUTH PLAIN AGFubgB4\r\n", "AUTH PLAIN AGFubgBvcGVuIHNlc2FtZQ==\r\n");
    let mut answers = String::new();
    for said in std::iter::repeat_n(wrong.repeat(3), 34).chain([right.to_owned()]) {
        let (mut ours, theirs) = tokio::io::duplex(1 << 16);
        ours.write_all(format!("EHLO c\r\n{said}QUIT\r\n").as_bytes()).await.unwrap();
        let (_, heard) = tokio::join!(listener.converse(theirs, Some([127, 0, 0, 1].into())), async {
            let mut heard = String::new();
            ours.read_to_string(&mut heard).await.unwrap();
            heard
        });
        answers.push_str(&heard);
    }
    assert_eq!(answers.matches("\r\n535 5.7.8 ").count(), 100, "{answers}");
    assert_eq!(answers.matches("\r\n454 4.7.0 ").count(), 3, "{answers}");
    assert!(!answers.contains("235 "), "the right password is not looked at any more");
}
