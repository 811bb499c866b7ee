//! SEC-60: a server that lies, injects, never ends or never answers costs one fault and bounded memory.

use std::time::Duration;

use courier::fetch::{Account, MailSource, Pop3, Security};
use policy::fault::{Fault, FaultCode};

use crate::script::{lines, server};

const LOGGED_IN: [&str; 4] = ["+OK hello\n", "-ERR no CAPA\n", "+OK\n", "+OK\n"];

/// What a mailbox says about itself when its server goes on like this after the login.
async fn offers(says: &[&str]) -> Result<usize, Fault> {
    let port = server(lines(&[&LOGGED_IN, says].concat())).await;
    let account = Account { answer_timeout: Duration::from_millis(500), ..crate::account(port) };
    let mut mailbox = Pop3::open(&account).await.unwrap();
    mailbox.offers().await.map(|offers| offers.len())
}

async fn fetched(says: &[&[u8]]) -> Result<Vec<u8>, Fault> {
    let mut all = lines(&LOGGED_IN);
    all.extend(lines(&["+OK\n1 a\n.\n", "+OK\n1 10\n.\n"]));
    all.extend(says.iter().map(|say| say.to_vec()));
    let port = server(all).await;
    let account = Account {
        answer_timeout: Duration::from_millis(500),
        mail_timeout: Duration::from_secs(2),
        mail_bytes_max: 1000,
        ..crate::account(port)
    };
    let mut mailbox = Pop3::open(&account).await.unwrap();
    let offers = mailbox.offers().await.unwrap();
    let mut mail = Vec::new();
    mailbox.fetch(&offers[0], &mut mail).await?;
    Ok(mail)
}

#[tokio::test]
async fn sec_60_greetings_that_make_no_sense() {
    for greeting in ["* OK IMAP\n", "220 smtp\n", "\n", "+OKAY\n", "-ERR [SYS/TEMP] busy\n"] {
        let port = server(lines(&[greeting])).await;
        let fault = Pop3::open(&crate::account(port)).await.err().unwrap();
        assert!(matches!(fault.code, FaultCode::MailboxUnreachable | FaultCode::MailboxRefused), "{greeting}");
    }
    let long = "+OK ".to_owned() + &"x".repeat(100_000) + "\n";
    let port = server(lines(&[&long])).await;
    assert_eq!(Pop3::open(&crate::account(port)).await.err().unwrap().detail, "the answer makes no sense");
}

#[tokio::test]
async fn sec_51_tls_that_is_demanded_is_never_done_without() {
    for says in [["+OK\n", "+OK\nUSER\n.\n"], ["+OK\n", "+OK\nSTLS\n.\n"]] {
        let mut says = lines(&says);
        says.push(b"+OK begin\r\n+OK injected\r\n".to_vec());
        let port = server(says).await;
        let account = Account { security: Security::StartTls, ..crate::account(port) };
        let fault = Pop3::open(&account).await.err().unwrap();
        assert_eq!(fault.code, FaultCode::MailboxUnreachable);
        assert!(fault.detail.contains("STLS"), "{}", fault.detail);
    }
}

#[tokio::test]
async fn fault_13_mails_without_names_cannot_be_known_again() {
    let fault = offers(&["-ERR unknown command\n"]).await.unwrap_err();
    assert_eq!((fault.code, fault.detail.starts_with("UIDL is refused")), (FaultCode::MailboxRefused, true));
}

#[tokio::test]
async fn sec_60_listings_that_lie() {
    let odd = "+OK\n1 a\n2\nx y\n99999999999 b\n3 \n4 c\n..5 d\n.\n";
    assert_eq!(offers(&[odd, "+OK\n1 -5\n4 99999999999999999999999\n.\n"]).await.unwrap(), 2);
    let name = format!("+OK\n1 {}\n.\n", "n".repeat(300));
    assert_eq!(offers(&[&name, "+OK\n.\n"]).await.unwrap(), 0);
    assert!(offers(&["+OK\n1 a\n"]).await.unwrap_err().detail.contains("in time"));
    assert!(offers(&["+OK\n1 a\r2 b\n.\n"]).await.unwrap_err().detail.contains("no sense"));
}

#[tokio::test]
async fn sec_60_mails_that_never_end_are_given_up() {
    assert_eq!(fetched(&[b"+OK\r\nx\r\n.\r\n"]).await.unwrap(), b"x\r\n");
    assert_eq!(fetched(&[b"+OK\r\nx\n.\ny\r\n.\r\n"]).await.unwrap(), b"x\n.\ny\r\n");
    assert!(fetched(&[b"+OK\r\nx\r\n"]).await.unwrap_err().detail.contains("in time"));
    let endless = [b"+OK\r\n".as_slice(), &vec![b'x'; 1_000_000]].concat();
    assert_eq!(fetched(&[&endless]).await.unwrap_err().code, FaultCode::TooComplex);
    assert_eq!(fetched(&[b"-ERR no such message\r\n"]).await.unwrap_err().code, FaultCode::MailboxRefused);
}
