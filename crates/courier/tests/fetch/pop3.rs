//! POP3 against Dovecot: every way to log in, mails byte for byte, and deletion only when asked.

use std::time::Duration;

use courier::fetch::{Account, MailSource, Pop3, Security, Settling};
use policy::fault::{FaultCode, FaultKind};
use rig::dovecot::PASSWORD;

use crate::Server;

const MAIL: &[u8] = b"Subject: one\r\n\r\n.dot at the start\r\n..two\r\n.\r\nend without a line end: \xe4\xff";

fn ways(server: &Server) -> [Account; 3] {
    [
        server.account(server.dovecot.pop3.port(), Security::None),
        server.account(server.dovecot.pop3.port(), Security::StartTls),
        server.account(server.dovecot.pop3s.port(), Security::Implicit),
    ]
}

#[tokio::test]
async fn mails_come_byte_for_byte_and_stay() {
    let server = Server::start("");
    server.dovecot.put("desk", MAIL);
    server.dovecot.put("desk", b"Subject: two\r\n\r\n");
    for account in ways(&server) {
        let mut mailbox = Pop3::open(&account).await.unwrap();
        let offers = mailbox.offers().await.unwrap();
        assert_eq!(offers.len(), 2);
        assert_ne!(offers[0].handle, offers[1].handle);
        let mut mails = Vec::new();
        for offer in &offers {
            let mut mail = Vec::new();
            assert_eq!(mailbox.fetch(offer, &mut mail).await.unwrap(), mail.len() as u64);
            mails.push(mail);
        }
        // POP3 ends every mail with a line end, whether it had one or not.
        assert_eq!(mails[0], [MAIL, b"\r\n"].concat());
        assert_eq!(mails[1], b"Subject: two\r\n\r\n");
        drop(mailbox);
        assert_eq!(server.dovecot.count("desk"), 2, "nothing is deleted that was not settled");
    }
}

#[tokio::test]
async fn what_is_settled_is_gone_and_the_rest_keeps_its_name() {
    let server = Server::start("");
    for number in 0..3 {
        server.dovecot.put("desk", format!("Subject: {number}\r\n\r\n").as_bytes());
    }
    let account = server.account(server.dovecot.pop3s.port(), Security::Implicit);
    let mut mailbox = Pop3::open(&account).await.unwrap();
    let before = mailbox.offers().await.unwrap();
    mailbox.settle(Settling { delete: &before[..2], ..Settling::default() }).await.unwrap();
    assert_eq!(server.dovecot.count("desk"), 1);
    let mut mailbox = Pop3::open(&account).await.unwrap();
    let after = mailbox.offers().await.unwrap();
    assert_eq!(after.iter().map(|offer| &offer.handle).collect::<Vec<_>>(), [&before[2].handle]);
}

#[tokio::test]
async fn sasl_is_used_where_names_and_passwords_are_not_taken() {
    let says = ["+OK\n", "+OK\nSASL LOGIN PLAIN\nUIDL\n.\n", "+ \n", "+OK\n", "+OK\n"];
    let (port, heard) = crate::script::hearing_server(crate::script::lines(&says)).await;
    drop(Pop3::open(&crate::account(port)).await.unwrap());
    let secret = data_encoding::BASE64.encode(format!("\0desk\0{PASSWORD}").as_bytes());
    assert_eq!(heard.await.unwrap(), ["CAPA", "AUTH PLAIN", &secret]);
}

#[tokio::test]
async fn a_wrong_password_is_permanent_and_never_told() {
    let server = Server::start("auth_failure_delay = 0\n");
    let account = server.account(server.dovecot.pop3s.port(), Security::Implicit);
    let wrong = Account { secret: crate::password("planted"), ..account.clone() };
    let fault = Pop3::open(&wrong).await.err().unwrap();
    assert_eq!((fault.code, fault.kind), (FaultCode::MailboxRefused, FaultKind::Permanent));
    assert!(!format!("{fault:?}").contains("planted"));
    let injected = Account { secret: crate::password("x\r\nDELE 1"), ..account };
    assert_eq!(Pop3::open(&injected).await.err().unwrap().code, FaultCode::SettingsWrong);
}

#[tokio::test]
async fn sec_51_a_certificate_that_is_not_trusted_or_bears_another_name_is_refused() {
    let server = Server::start("");
    let account = server.account(server.dovecot.pop3s.port(), Security::Implicit);
    let stranger = Server::start("");
    for wrong in [
        Account { authorities: Some(stranger.authorities()), ..account.clone() },
        Account { host: "127.0.0.1".to_owned(), ..account.clone() },
    ] {
        let fault = Pop3::open(&wrong).await.err().unwrap();
        assert_eq!((fault.code, fault.kind), (FaultCode::MailboxUnreachable, FaultKind::Temporary));
        assert!(fault.detail.starts_with("TLS: "), "{}", fault.detail);
    }
}

#[tokio::test]
async fn a_mail_that_is_too_large_stays_and_the_next_one_comes() {
    let server = Server::start("");
    server.dovecot.put("desk", &[b"Subject: large\r\n\r\n".as_slice(), &[b'x'; 10_000]].concat());
    server.dovecot.put("desk", b"Subject: small\r\n\r\n");
    let account = server.account(server.dovecot.pop3.port(), Security::None);
    let mut mailbox = Pop3::open(&Account { mail_bytes_max: 5_000, ..account }).await.unwrap();
    let offers = mailbox.offers().await.unwrap();
    let fault = mailbox.fetch(&offers[0], &mut Vec::new()).await.unwrap_err();
    assert_eq!((fault.code, fault.kind), (FaultCode::TooComplex, FaultKind::Permanent));
    assert_eq!(mailbox.fetch(&offers[1], &mut Vec::new()).await.unwrap(), 18);
}

#[tokio::test]
async fn nobody_answers() {
    let closed = rig::port::free().port();
    let fault = Pop3::open(&crate::account(closed)).await.err().unwrap();
    assert_eq!((fault.code, fault.kind), (FaultCode::MailboxUnreachable, FaultKind::Temporary));
    let silent = crate::script::server(Vec::new()).await;
    let account = Account { answer_timeout: Duration::from_millis(200), ..crate::account(silent) };
    let fault = Pop3::open(&account).await.err().unwrap();
    assert_eq!(fault.detail, "the server did not answer in time");
}

#[tokio::test]
async fn mails_that_were_announced_come_in_order_and_a_round_may_end_before_them() {
    let server = Server::start("");
    let mails: Vec<Vec<u8>> = (0..100).map(|number| format!("Subject: {number}\r\n\r\n.\r\n").into_bytes()).collect();
    mails.iter().for_each(|mail| drop(server.dovecot.put("desk", mail)));
    let account = server.account(server.dovecot.pop3.port(), Security::None);
    let mut mailbox = Pop3::open(&account).await.unwrap();
    let offers = mailbox.offers().await.unwrap();
    mailbox.announce(&offers);
    for (offer, mail) in offers[..50].iter().zip(&mails) {
        let mut fetched = Vec::new();
        mailbox.fetch(offer, &mut fetched).await.unwrap();
        assert_eq!(&fetched, mail);
    }
    assert!(mailbox.is_asked_for_several());
    mailbox.settle(Settling { delete: &offers[..50], ..Settling::default() }).await.unwrap();
    assert_eq!(server.dovecot.count("desk"), 50);
}
