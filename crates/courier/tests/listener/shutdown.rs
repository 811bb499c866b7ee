//! FAULT-37: at shutdown nothing new begins, mails in flight may finish, and the end comes in time.

use std::time::Duration;

use courier::smtp_in::{Endpoint, Protocol, Settings};
use courier::submit::{Host, Target, submit};
use mail::Envelope;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::sync::oneshot;
use tokio::time::timeout;

use crate::book::{HANG, listener, settings};
use crate::limits::hear_until;

#[tokio::test]
async fn fault_37_idle_clients_hear_421_and_a_mail_in_flight_is_kept() {
    let (listener, book) = listener(settings()).await;
    let address = listener.local_addr().unwrap();
    let (stop, stopped) = oneshot::channel::<()>();
    let server = tokio::spawn(async move {
        listener.serve(async move { stopped.await.unwrap_or_default() }).await;
        listener
    });
    let mut idle = TcpStream::connect(address).await.unwrap();
    hear_until(&mut idle, "220 ").await;
    let mut busy = TcpStream::connect(address).await.unwrap();
    busy.write_all(b"EHLO c\r\nMAIL FROM:<a@c.example>\r\nRCPT TO:<held@d.example>\r\nDATA\r\n").await.unwrap();
    hear_until(&mut busy, "354 ").await;
    busy.write_all(b"x\r\n").await.unwrap();

    stop.send(()).unwrap();
    let mut heard = String::new();
    timeout(HANG, idle.read_to_string(&mut heard)).await.unwrap().unwrap();
    assert!(heard.starts_with("421 4.3.2 "), "{heard}");

    busy.write_all(b"y\r\n.\r\n").await.unwrap();
    book.release.add_permits(1);
    let heard = hear_until(&mut busy, "421 4.3.2 ").await;
    assert!(heard.starts_with("250 2.0.0 Accepted as m1\r\n"), "{heard}");
    let listener = timeout(HANG, server).await.unwrap().unwrap();
    assert_eq!(book.mails()[0].bytes, b"x\r\ny\r\n");
    assert_eq!((listener.counts().mails_accepted, listener.counts().connections_open), (1, 0));
}

#[tokio::test]
async fn fault_37_what_does_not_end_within_the_grace_is_dropped_unacknowledged() {
    let (listener, book) = listener(Settings { shutdown_grace_s: 0, ..settings() }).await;
    let address = listener.local_addr().unwrap();
    let (stop, stopped) = oneshot::channel::<()>();
    let server = tokio::spawn(async move { listener.serve(async move { stopped.await.unwrap_or_default() }).await });
    let mut busy = TcpStream::connect(address).await.unwrap();
    busy.write_all(b"EHLO c\r\nMAIL FROM:<a@c.example>\r\nRCPT TO:<held@d.example>\r\nDATA\r\n").await.unwrap();
    hear_until(&mut busy, "354 ").await;
    busy.write_all(b"x\r\n.\r\n").await.unwrap();
    stop.send(()).unwrap();
    timeout(HANG, server).await.unwrap().unwrap();
    let mut heard = Vec::new();
    // Closing with unread bytes may reach the client as a reset.
    let _ = timeout(HANG, busy.read_to_end(&mut heard)).await.unwrap();
    assert!(!String::from_utf8_lossy(&heard).contains("250 2.0.0 Accepted"));
    assert!(book.mails().is_empty());
}

#[tokio::test]
async fn a_local_socket_is_replaced_when_stale_and_removed_at_the_end() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("lmtp.sock");
    drop(std::os::unix::net::UnixListener::bind(&path).unwrap());
    let (listener, book) =
        listener(Settings { listen: Endpoint::Unix(path.clone()), protocol: Protocol::Lmtp, ..settings() }).await;
    assert_eq!(listener.local_addr(), None);
    let (stop, stopped) = oneshot::channel::<()>();
    let server = tokio::spawn(async move { listener.serve(async move { stopped.await.unwrap_or_default() }).await });
    let target = Target { host: Host::Unix(path.clone()), lmtp: true, ..Target::smtp("", 0) };
    let envelope =
        Envelope { mail_from: None, rcpt_to: vec!["b@d.example".to_owned(), "e@d.example".to_owned()], client: None };
    let delivery = timeout(Duration::from_secs(60), submit(&target, &envelope, b"hello\n.\n")).await.unwrap().unwrap();
    assert_eq!(delivery.id(), Some("m1"));
    assert_eq!(delivery.outcomes.len(), 2);
    assert_eq!(book.mails()[0].bytes, b"hello\r\n.\r\n");
    stop.send(()).unwrap();
    timeout(HANG, server).await.unwrap().unwrap();
    assert!(!path.exists());
}
