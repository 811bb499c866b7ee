//! FAULT-21 and FAULT-22: which server is asked next, what is never said to any, and how a failure is told.

use std::sync::{Arc, Mutex};

use courier::submit::{Connection, Host, Secret, Security, Stage, Target};
use mail::Envelope;
use policy::fault::{FaultCode, FaultKind};
use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader};
use tokio::net::TcpListener;
use tokio::time::timeout;

use crate::book::HANG;

/// What clients said to a server.
type Heard = Arc<Mutex<Vec<String>>>;

/// A server without TLS that offers these extensions and answers AUTH so.
async fn server(greeting: &'static str, offers: &'static str, to_auth: &'static str) -> (Host, Heard) {
    let socket = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let host = Host::Tcp { name: "127.0.0.1".to_owned(), port: socket.local_addr().unwrap().port() };
    let heard = Heard::default();
    let noted = heard.clone();
    tokio::spawn(async move {
        loop {
            let (stream, _) = socket.accept().await.unwrap();
            let mut stream = BufReader::new(stream);
            stream.write_all(greeting.as_bytes()).await.unwrap();
            let mut line = String::new();
            while stream.read_line(&mut line).await.unwrap_or(0) > 0 {
                let verb = line.get(..4).unwrap_or_default().to_owned();
                noted.lock().unwrap().push(verb.clone());
                let answer = match verb.as_str() {
                    "EHLO" => offers,
                    "AUTH" => to_auth,
                    "DATA" => "354 go\r\n",
                    _ => "250 ok\r\n",
                };
                // A client that has hung up needs no answer.
                let _ = stream.write_all(answer.as_bytes()).await;
                line.clear();
            }
        }
    });
    (host, heard)
}

const HELLO: &str = "220 here\r\n";
const PLAIN: &str = "250-here\r\n250 AUTH PLAIN\r\n";

fn target(hosts: &[&Host]) -> Target {
    let credentials = Some(("ann".to_owned(), Secret::Password("open sesame".to_owned().into())));
    let others = hosts[1..].iter().map(|host| (*host).clone()).collect();
    Target { host: hosts[0].clone(), others, credentials, ..Target::smtp("", 0) }
}

async fn stage(target: &Target) -> Stage {
    let unopened = timeout(HANG, Connection::reach(target)).await.unwrap().map(|_| ()).unwrap_err();
    assert_ne!(unopened.fault.kind, FaultKind::Unknown);
    unopened.stage
}

#[tokio::test]
async fn fault_22_who_is_away_or_in_trouble_gives_way_to_the_next() {
    let closed = TcpListener::bind("127.0.0.1:0").await.unwrap().local_addr().unwrap().port();
    let down = Host::Tcp { name: "127.0.0.1".to_owned(), port: closed };
    let (busy, to_busy) = server("421 4.3.2 too much to do\r\n", "", "").await;
    let (good, to_good) = server(HELLO, PLAIN, "235 welcome\r\n").await;
    let mut connection = timeout(HANG, Connection::open(&target(&[&down, &busy, &good]))).await.unwrap().unwrap();
    assert!(connection.is_quiet().await);
    assert_eq!(to_busy.lock().unwrap().len(), 0, "nothing is said to who greets with a no");
    assert_eq!(*to_good.lock().unwrap(), ["EHLO", "AUTH"]);
    assert_eq!(stage(&target(&[&down, &busy])).await, Stage::Reaching);
}

#[tokio::test]
async fn fault_21_a_password_that_one_does_not_take_is_told_to_no_other() {
    let (no, to_no) = server(HELLO, PLAIN, "535 5.7.8 not good\r\n").await;
    let (other, to_other) = server(HELLO, PLAIN, "235 welcome\r\n").await;
    assert_eq!(stage(&target(&[&no, &other])).await, Stage::SigningIn);
    assert_eq!((to_no.lock().unwrap().len(), to_other.lock().unwrap().len()), (2, 0));
    // What it says for now may be otherwise soon, and is no word about the password.
    let (later, _) = server(HELLO, PLAIN, "454 4.7.0 too many at a time\r\n").await;
    assert_eq!(stage(&target(&[&later])).await, Stage::Reaching);
}

#[tokio::test]
async fn fault_22_encryption_that_is_demanded_is_given_up_for_no_host() {
    let (bare, to_bare) = server(HELLO, PLAIN, "235 welcome\r\n").await;
    let (liar, to_liar) = server(HELLO, "250-here\r\n250-AUTH PLAIN\r\n250 STARTTLS\r\n", "235 welcome\r\n").await;
    for security in [Security::StartTls, Security::Implicit] {
        let mut target = Target { security, ..target(&[&bare, &liar, &bare]) };
        // Nobody waits for a server that answers nothing that TLS would.
        target.connect_timeout_s = 1;
        assert_eq!(stage(&target).await, Stage::Reaching);
        let envelope = Envelope { mail_from: None, rcpt_to: vec!["b@d.example".to_owned()], client: None };
        let fault = timeout(HANG, courier::submit::submit(&target, &envelope, b"x")).await.unwrap().unwrap_err();
        assert_eq!((fault.kind, fault.code), (FaultKind::Temporary, FaultCode::SmtpUnreachable));
    }
    for heard in [to_bare, to_liar] {
        let heard = heard.lock().unwrap();
        let said_in_clear = heard.iter().find(|verb| ["AUTH", "MAIL", "DATA"].contains(&verb.as_str()));
        assert_eq!(said_in_clear, None, "{heard:?}");
    }
}
