//! Our client against our listener and against servers that misbehave.

use std::sync::Arc;

use courier::smtp_in::{Listener, Settings};
use courier::submit::{Connection, Delivery, Security, Target, submit};
use mail::Envelope;
use policy::fault::{Fault, FaultCode, FaultKind};
use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader};
use tokio::net::TcpListener;
use tokio::time::timeout;

use crate::book::{Book, HANG, listener, settings};

async fn serving(settings: Settings) -> (Target, Arc<Book>, Arc<Listener<Book>>) {
    let (listener, book) = listener(settings).await;
    tokio::spawn({
        let listener = listener.clone();
        async move { listener.serve(std::future::pending()).await }
    });
    (Target::smtp("127.0.0.1", listener.local_addr().unwrap().port()), book, listener)
}

fn to(recipients: &[&str]) -> Envelope {
    let rcpt_to = recipients.iter().map(|name| format!("{name}@d.example")).collect();
    Envelope { mail_from: Some("a@c.example".to_owned()), rcpt_to, client: None }
}

async fn send(target: &Target, envelope: &Envelope, raw: &[u8]) -> Result<Delivery, Fault> {
    timeout(HANG, submit(target, envelope, raw)).await.expect("the client never hangs")
}

#[tokio::test]
async fn a_connection_is_used_again_and_each_recipient_has_an_outcome() {
    let (target, book, _) = serving(settings()).await;
    let mut connection = timeout(HANG, Connection::open(&target)).await.unwrap().unwrap();
    for number in 1..=20 {
        let raw = format!("Subject: {number}\n\n.dot\nno end");
        let delivery =
            timeout(HANG, connection.send(&to(&["b", "unknown", "e"]), raw.as_bytes())).await.unwrap().unwrap();
        assert_eq!(delivery.id(), Some(format!("m{number}").as_str()));
        let codes: Vec<u16> = delivery.outcomes.iter().map(|outcome| outcome.reply.code).collect();
        assert_eq!(codes, [250, 550, 250]);
        assert_eq!(delivery.outcomes[1].reply.text, "5.1.1 No such recipient");
    }
    let refused = timeout(HANG, connection.send(&to(&["unknown"]), b"x")).await.unwrap().unwrap_err();
    assert_eq!((refused.kind, refused.code), (FaultKind::Permanent, FaultCode::SmtpRefused));
    let put_off = timeout(HANG, connection.send(&to(&["full"]), b"x")).await.unwrap().unwrap_err();
    assert_eq!((put_off.kind, put_off.code), (FaultKind::Temporary, FaultCode::SmtpRefused));
    assert!(put_off.public.contains("452 4.3.1 No room"), "{}", put_off.public);
    timeout(HANG, connection.send(&to(&["b"]), b"after all that")).await.unwrap().unwrap();
    connection.quit().await;
    assert_eq!(book.mails().len(), 21);
    assert_eq!(book.mails()[19].bytes, b"Subject: 20\r\n\r\n.dot\r\nno end\r\n");
    assert_eq!(book.mails()[0].envelope, to(&["b", "e"]));
    assert_eq!(book.mails()[0].client.ip.as_deref(), Some("127.0.0.1"));
    assert!(!book.mails()[0].client.hello.is_empty());
}

#[tokio::test]
async fn a_large_mail_arrives_whole() {
    let (target, book, _) = serving(settings()).await;
    let raw = b"..line\r\n.\r\nx\r\n".repeat(400_000);
    send(&target, &to(&["b"]), &raw).await.unwrap();
    assert!(book.mails()[0].bytes == raw);
}

#[tokio::test]
async fn what_the_server_cannot_take_is_not_sent() {
    let (target, book, _) = serving(Settings { size_bytes_max: 100, ..settings() }).await;
    let fault = send(&target, &to(&["b"]), &[b'x'; 101]).await.unwrap_err();
    assert!(fault.kind == FaultKind::Permanent && fault.detail.starts_with("552 5.3.4 "), "{fault:?}");
    let utf8 = Envelope { mail_from: None, rcpt_to: vec!["jörg@d.example".to_owned()], client: None };
    send(&target, &utf8, "é".as_bytes()).await.unwrap();
    assert_eq!(book.mails()[0].envelope, utf8);
    assert!(book.mails()[0].received.contains("UTF8SMTP"));
}

#[tokio::test]
async fn sec_09_an_address_cannot_become_a_command() {
    let (target, _, _) = serving(settings()).await;
    for address in ["b@d>\r\nRCPT TO:<evil@d", "b\n@d", "b>@d", "", "b\u{2028}@d"] {
        let envelope = Envelope { mail_from: None, rcpt_to: vec![address.to_owned()], client: None };
        let fault = send(&target, &envelope, b"x").await.unwrap_err();
        assert_eq!((fault.kind, fault.code), (FaultKind::Permanent, FaultCode::SmtpRefused), "{address:?}");
    }
    let fault = send(&target, &to(&[]), b"x").await.unwrap_err();
    assert_eq!((fault.kind, fault.code), (FaultKind::Permanent, FaultCode::SmtpRefused), "nobody to write to");
}

/// A server that answers each line that starts with a verb as the script says, then hangs up.
async fn scripted(script: &'static [(&'static str, &'static str)]) -> Target {
    let socket = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = socket.local_addr().unwrap().port();
    tokio::spawn(async move {
        let (stream, _) = socket.accept().await.unwrap();
        let mut stream = BufReader::new(stream);
        stream.write_all(b"220 odd\r\n").await.unwrap();
        let mut line = String::new();
        for (verb, answer) in script {
            while !line.starts_with(verb) {
                line.clear();
                if stream.read_line(&mut line).await.unwrap_or(0) == 0 {
                    return;
                }
            }
            stream.write_all(answer.as_bytes()).await.unwrap();
            line.clear();
        }
    });
    Target::smtp("127.0.0.1", port)
}

#[tokio::test]
async fn fault_20_an_answer_lost_after_the_final_dot_is_unknown() {
    let target = scripted(&[
        ("EHLO", "250 odd\r\n"),
        ("MAIL", "250 ok\r\n"),
        ("RCPT", "250 ok\r\n"),
        ("DATA", "354 go\r\n"),
        (".", ""),
    ])
    .await;
    let fault = send(&target, &to(&["b"]), b"x").await.unwrap_err();
    assert_eq!((fault.kind, fault.code), (FaultKind::Unknown, FaultCode::SmtpUnreachable));
}

#[tokio::test]
async fn a_connection_lost_before_the_final_dot_is_temporary() {
    let target = scripted(&[("EHLO", "250 odd\r\n"), ("MAIL", "250 ok\r\n")]).await;
    let fault = send(&target, &to(&["b"]), b"x").await.unwrap_err();
    assert_eq!((fault.kind, fault.code), (FaultKind::Temporary, FaultCode::SmtpUnreachable));
    let closed = TcpListener::bind("127.0.0.1:0").await.unwrap().local_addr().unwrap();
    let nobody = Target::smtp("127.0.0.1", closed.port());
    assert_eq!(send(&nobody, &to(&["b"]), b"x").await.unwrap_err().code, FaultCode::SmtpUnreachable);
}

#[tokio::test]
async fn sec_51_an_answer_injected_behind_starttls_is_noticed() {
    let target = scripted(&[("EHLO", "250-odd\r\n250 STARTTLS\r\n"), ("STARTTLS", "220 go\r\n250 injected\r\n")]).await;
    let target = Target { security: Security::StartTls, ..target };
    let fault = send(&target, &to(&["b"]), b"x").await.unwrap_err();
    assert!(fault.detail.contains("injected"), "{fault:?}");
}

#[tokio::test]
async fn sec_60_nonsense_from_a_server_is_a_fault() {
    for greeting in ["hello\r\n", "999999999\r\n", "\u{0}\u{0}\r\n"] {
        let socket = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let target = Target::smtp("127.0.0.1", socket.local_addr().unwrap().port());
        tokio::spawn(async move {
            let (mut stream, _) = socket.accept().await.unwrap();
            let _ = stream.write_all(greeting.as_bytes()).await;
            let _ = stream.write_all(&[b'x'; 100_000]).await;
        });
        let fault = send(&target, &to(&["b"]), b"x").await.unwrap_err();
        assert!(matches!(fault.code, FaultCode::SmtpUnreachable | FaultCode::SmtpRefused), "{fault:?}");
    }
}

#[tokio::test]
async fn a_no_in_the_middle_of_a_mail_counts_although_the_server_hangs_up() {
    let target = scripted(&[
        ("EHLO", "250 odd\r\n"),
        ("MAIL", "250 ok\r\n"),
        ("RCPT", "250 ok\r\n"),
        ("DATA", "354 go\r\n"),
        ("line", "552 5.3.4 too large\r\n"),
    ])
    .await;
    let fault = send(&target, &to(&["b"]), "line of a large mail\r\n".repeat(1_000_000).as_bytes()).await.unwrap_err();
    assert_eq!((fault.kind, fault.code), (FaultKind::Permanent, FaultCode::SmtpRefused), "{fault:?}");
    assert!(fault.detail.starts_with("552 5.3.4"), "{}", fault.detail);
}
