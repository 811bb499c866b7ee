//! IMAP against Dovecot: every way to log in, mails byte for byte, folders, and what becomes of mails that were taken in.

use std::time::Duration;

use courier::fetch::{Account, Imap, MailSource, Offer, Security, Settling, Watch};
use policy::fault::{FaultCode, FaultKind};
use rig::dovecot::PASSWORD;

use crate::Server;

const MAIL: &[u8] =
    b"Subject: one\r\n\r\n.dot\r\n* 1 FETCH (UID 7)\r\ns3 OK\r\n{5}\r\nend without a line end: \xe4\xff";

fn ways(server: &Server) -> [Account; 3] {
    [
        server.account(server.dovecot.imap.port(), Security::None),
        server.account(server.dovecot.imap.port(), Security::StartTls),
        server.account(server.dovecot.imaps.port(), Security::Implicit),
    ]
}

async fn mail(mailbox: &mut Imap, offer: &Offer) -> Vec<u8> {
    let mut mail = Vec::new();
    assert_eq!(mailbox.fetch(offer, &mut mail).await.unwrap(), mail.len() as u64);
    mail
}

/// The folder's mails as another session sees them.
async fn seen_by_others(server: &Server, folder: &str) -> usize {
    let account = server.account(server.dovecot.imap.port(), Security::None);
    usize::try_from(Imap::look(&account, folder).await.unwrap().mails).unwrap()
}

#[tokio::test]
async fn mails_come_byte_for_byte_singly_and_together_and_stay() {
    let server = Server::start("");
    let large: Vec<u8> = [b"Subject: large\r\n\r\n".as_slice(), &b"0123456789abcde\n".repeat(40_000)].concat();
    let mails = [MAIL.to_vec(), b"Subject: two\r\n\r\n".to_vec(), large, Vec::new()];
    mails.iter().for_each(|mail| drop(server.dovecot.put("desk", mail)));
    for account in ways(&server) {
        for announced in [false, true] {
            let mut mailbox = Imap::open(&account, "INBOX").await.unwrap();
            let offers = mailbox.list(1).await.unwrap();
            let place = mailbox.place();
            assert_eq!((place.mails, place.uid_next, offers.len()), (4, Some(5), 4));
            if announced {
                mailbox.announce(&offers);
            }
            for (offer, expected) in offers.iter().zip(&mails) {
                let fetched = mail(&mut mailbox, offer).await;
                // Dovecot gives line ends as the RFC wants them.
                let bare = |mail: &[u8]| mail.iter().copied().filter(|byte| *byte != b'\r').collect::<Vec<_>>();
                assert_eq!(bare(&fetched), bare(expected), "{announced}");
            }
            assert_eq!(mail(&mut mailbox, &offers[0]).await, MAIL);
            drop(mailbox);
        }
    }
    assert_eq!(seen_by_others(&server, "INBOX").await, 4, "nothing is deleted that was not settled");
    assert_eq!(server.dovecot.flags("desk"), [""; 4], "looking leaves no mark");
}

#[tokio::test]
async fn only_what_came_later_is_listed_and_names_stay() {
    let server = Server::start("");
    let account = server.account(server.dovecot.imaps.port(), Security::Implicit);
    let mut empty = Imap::open(&account, "INBOX").await.unwrap();
    assert_eq!((empty.list(1).await.unwrap(), empty.place().mails), (Vec::new(), 0));
    server.dovecot.put("desk", b"Subject: old\r\n\r\n");
    let next = Imap::open(&account, "INBOX").await.unwrap().place().uid_next.unwrap();
    let mut mailbox = Imap::open(&account, "INBOX").await.unwrap();
    assert_eq!(mailbox.list(next).await.unwrap(), Vec::new(), "the last mail is part of every range");
    server.dovecot.put("desk", b"Subject: new\r\n\r\n");
    let mut mailbox = Imap::open(&account, "INBOX").await.unwrap();
    let new = mailbox.list_with_times(next).await.unwrap();
    assert_eq!(new.len(), 1);
    assert_eq!(new[0].handle, format!("{}:{}", mailbox.place().uid_validity, new[0].number));
    assert!(new[0].arrived_at.is_some());
}

#[tokio::test]
async fn what_was_taken_in_is_marked_moved_or_deleted_and_nothing_else() {
    for without in ["", "imap_capability = IMAP4rev1 SASL-IR UIDPLUS\n"] {
        let server = Server::start(without);
        for number in 0..5 {
            server.dovecot.put("desk", format!("Subject: {number}\r\n\r\n").as_bytes());
        }
        let account = server.account(server.dovecot.imap.port(), Security::None);
        let mut mailbox = Imap::open(&account, "INBOX").await.unwrap();
        let offers = mailbox.list(1).await.unwrap();
        let settling = Settling {
            mark_seen: &offers[..2],
            move_to: Some("Erledigt & más"),
            moved: &offers[1..3],
            delete: &offers[3..4],
        };
        mailbox.settle(settling).await.unwrap();
        assert_eq!(server.dovecot.flags("desk"), ["", "S"], "{without}");
        let mut moved = Imap::open(&account, "Erledigt & más").await.unwrap();
        let there = moved.list(1).await.unwrap();
        assert_eq!(there.len(), 2, "{without}");
        assert_eq!(mail(&mut moved, &there[0]).await, b"Subject: 1\r\n\r\n");
        let mut mailbox = Imap::open(&account, "INBOX").await.unwrap();
        let left = mailbox.list(1).await.unwrap();
        assert_eq!(left.iter().map(|offer| offer.number).collect::<Vec<_>>(), [1, 5]);
        // Settling again what is settled already harms nobody.
        mailbox.settle(Settling { mark_seen: &offers, delete: &offers[3..4], ..Settling::default() }).await.unwrap();
        assert_eq!(seen_by_others(&server, "INBOX").await, 2);
    }
}

#[tokio::test]
async fn without_uidplus_nobody_elses_deleted_mails_go() {
    let server = Server::start("imap_capability = IMAP4rev1\n");
    server.dovecot.put("desk", b"Subject: one\r\n\r\n");
    let account = server.account(server.dovecot.imap.port(), Security::None);
    let mut mailbox = Imap::open(&account, "INBOX").await.unwrap();
    let offers = mailbox.list(1).await.unwrap();
    mailbox.settle(Settling { delete: &offers, ..Settling::default() }).await.unwrap();
    assert_eq!(server.dovecot.flags("desk"), ["T"], "it is marked, and goes when its owner wants");
}

#[tokio::test]
async fn a_mail_that_is_too_large_or_gone_stays_away_and_the_others_come() {
    let server = Server::start("");
    server.dovecot.put("desk", &[b"Subject: large\r\n\r\n".as_slice(), &[b'x'; 10_000]].concat());
    let gone = server.dovecot.put("desk", b"Subject: gone\r\n\r\n");
    server.dovecot.put("desk", b"Subject: small\r\n\r\n");
    let account = server.account(server.dovecot.imap.port(), Security::None);
    let account = Account { mail_bytes_max: 5_000, ..account };
    let mut mailbox = Imap::open(&account, "INBOX").await.unwrap();
    let offers = mailbox.list(1).await.unwrap();
    server.dovecot.remove("desk", &gone);
    mailbox.announce(&offers);
    let fault = mailbox.fetch(&offers[0], &mut Vec::new()).await.unwrap_err();
    assert_eq!((fault.code, fault.kind), (FaultCode::TooComplex, FaultKind::Permanent));
    let fault = mailbox.fetch(&offers[1], &mut Vec::new()).await.unwrap_err();
    assert_eq!(fault.code, FaultCode::MailboxRefused);
    let mut mailbox = Imap::open(&account, "INBOX").await.unwrap();
    assert_eq!(mail(&mut mailbox, &offers[2]).await, b"Subject: small\r\n\r\n");
}

#[tokio::test]
async fn a_wrong_password_is_permanent_and_never_told() {
    let server = Server::start("auth_failure_delay = 0\n");
    for way in ways(&server) {
        let wrong = Account { secret: crate::password("planted"), ..way.clone() };
        let fault = Imap::open(&wrong, "INBOX").await.err().unwrap();
        assert_eq!((fault.code, fault.kind), (FaultCode::MailboxRefused, FaultKind::Permanent));
        assert!(!format!("{fault:?}").contains("planted"));
    }
    let account = server.account(server.dovecot.imaps.port(), Security::Implicit);
    let injected = Account { secret: crate::password("x\r\ns9 DELETE INBOX"), ..account.clone() };
    assert_eq!(Imap::open(&injected, "INBOX").await.err().unwrap().code, FaultCode::SettingsWrong);
    assert_eq!(Imap::open(&account, "not there").await.err().unwrap().code, FaultCode::MailboxRefused);
}

#[tokio::test]
async fn passwords_of_any_kind_are_taken_with_and_without_sasl() {
    let server = Server::start("auth_failure_delay = 0\nimap_capability = +X\n");
    let account = server.account(server.dovecot.imaps.port(), Security::Implicit);
    drop(Imap::open(&account, "INBOX").await.unwrap());
    let says = ["* OK\n", "* CAPABILITY IMAP4rev1\ns1 OK\n", "s2 OK\n", "* CAPABILITY IMAP4rev1\ns3 OK\n"];
    let says = [says.as_slice(), &["* 0 EXISTS\n* OK [UIDVALIDITY 9]\n* OK [UIDNEXT 1]\ns4 OK\n"]].concat();
    let (port, heard) = crate::script::hearing_server(crate::script::lines(&says)).await;
    let account = Account { secret: crate::password("a \"b\" \\c"), ..crate::account(port) };
    drop(Imap::open(&account, "INBOX").await.unwrap());
    let heard = heard.await.unwrap();
    assert_eq!(heard[1], r#"s2 LOGIN "desk" "a \"b\" \\c""#);
    let says =
        ["* OK\n", "* CAPABILITY AUTH=PLAIN\ns1 OK\n", "+ \n", "s2 OK\n", "s3 OK\n", "* OK [UIDVALIDITY 9]\ns4 OK\n"];
    let (port, heard) = crate::script::hearing_server(crate::script::lines(&says)).await;
    drop(Imap::open(&crate::account(port), "INBOX").await.unwrap());
    let secret = data_encoding::BASE64.encode(format!("\0desk\0{PASSWORD}").as_bytes());
    assert_eq!(heard.await.unwrap()[1..3], ["s2 AUTHENTICATE PLAIN", &secret]);
}

#[tokio::test]
async fn sec_51_a_certificate_that_is_not_trusted_or_bears_another_name_is_refused() {
    let server = Server::start("");
    let stranger = Server::start("");
    for (port, security) in
        [(server.dovecot.imaps.port(), Security::Implicit), (server.dovecot.imap.port(), Security::StartTls)]
    {
        let account = server.account(port, security);
        for wrong in [
            Account { authorities: Some(stranger.authorities()), ..account.clone() },
            Account { host: "127.0.0.1".to_owned(), ..account.clone() },
        ] {
            let fault = Imap::open(&wrong, "INBOX").await.err().unwrap();
            assert_eq!((fault.code, fault.kind), (FaultCode::MailboxUnreachable, FaultKind::Temporary));
            assert!(fault.detail.starts_with("TLS: "), "{}", fault.detail);
        }
    }
}

#[tokio::test]
async fn a_watch_tells_of_mail_at_once() {
    let server = Server::start("mailbox_idle_check_interval = 1s\n");
    let account = server.account(server.dovecot.imaps.port(), Security::Implicit);
    let mut watch = Watch::open(&account, "INBOX").await.unwrap().unwrap();
    assert_eq!(watch.place().uid_next, Some(1));
    let waiting = tokio::spawn(async move {
        watch.wait().await.unwrap();
        watch
    });
    tokio::time::sleep(Duration::from_millis(200)).await;
    assert!(!waiting.is_finished());
    for _ in 0..2 {
        server.dovecot.put("desk", b"Subject: new\r\n\r\n");
    }
    let mut watch = tokio::time::timeout(Duration::from_secs(20), waiting).await.unwrap().unwrap();
    server.dovecot.put("desk", b"Subject: newer\r\n\r\n");
    tokio::time::timeout(Duration::from_secs(20), watch.wait()).await.unwrap().unwrap();
    let server = Server::start("imap_capability = IMAP4rev1\n");
    let account = server.account(server.dovecot.imap.port(), Security::None);
    assert!(Watch::open(&account, "INBOX").await.unwrap().is_none());
}
