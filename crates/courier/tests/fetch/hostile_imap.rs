//! SEC-60 for IMAP: a server that lies, injects, floods, never ends or never answers costs one fault and bounded memory.

use std::time::{Duration, Instant};

use courier::fetch::{Account, Imap, MailSource, Offer, Security, Settling, Watch};
use policy::fault::{Fault, FaultCode};

use crate::script::{hearing_server, lines, server};

const LOGGED_IN: [&str; 4] =
    ["* OK hello\n", "* CAPABILITY IMAP4rev1 IDLE\ns1 OK\n", "s2 OK\n", "* CAPABILITY IMAP4rev1 IDLE\ns3 OK\n"];
const OPENED: &str = "* 3 EXISTS\n* OK [UIDVALIDITY 9] x\n* OK [UIDNEXT 8] x\ns4 OK\n";

fn impatient(port: u16) -> Account {
    Account {
        answer_timeout: Duration::from_millis(500),
        mail_timeout: Duration::from_secs(2),
        mail_bytes_max: 1000,
        ..crate::account(port)
    }
}

async fn opened(says: Vec<Vec<u8>>) -> Imap {
    let all = [lines(&LOGGED_IN), lines(&[OPENED]), says].concat();
    Imap::open(&impatient(server(all).await), "INBOX").await.unwrap()
}

async fn listed(says: &[u8]) -> Result<Vec<(u32, u64)>, Fault> {
    let mut mailbox = opened(vec![says.to_vec()]).await;
    let offers = mailbox.list(5).await?;
    Ok(offers.into_iter().map(|offer| (offer.number, offer.size_bytes)).collect())
}

fn offer(uid: u32) -> Offer {
    Offer { number: uid, handle: format!("9:{uid}"), size_bytes: 10, arrived_at: None }
}

async fn fetched(says: &[&[u8]]) -> Result<Vec<u8>, Fault> {
    let mut mailbox = opened(says.iter().map(|say| say.to_vec()).collect()).await;
    let mut mail = Vec::new();
    mailbox.fetch(&offer(5), &mut mail).await?;
    Ok(mail)
}

async fn refused_at_opening(says: Vec<Vec<u8>>) -> Fault {
    Imap::open(&impatient(server(says).await), "INBOX").await.err().unwrap()
}

#[tokio::test]
async fn sec_60_greetings_that_make_no_sense() {
    for greeting in ["+OK POP3\n", "220 smtp\n", "\n", "* BYE busy\n", "* 5 EXISTS\n", "x OK\n", "* OK\r\r\n"] {
        let fault = refused_at_opening(lines(&[greeting])).await;
        assert!(matches!(fault.code, FaultCode::MailboxUnreachable | FaultCode::MailboxRefused), "{greeting}");
    }
    let endless = [b"* OK ".as_slice(), &vec![b'x'; 1_000_000]].concat();
    assert_eq!(refused_at_opening(vec![endless]).await.detail, "the answer makes no sense");
    let flood = b"* OK [ALERT] hello\r\n".repeat(100_000);
    assert_eq!(refused_at_opening(vec![flood]).await.detail, "the server says more than it was asked for");
    let huge = b"* OK {4294967296}\r\n".to_vec();
    assert_eq!(refused_at_opening(vec![huge]).await.detail, "the server says more than it was asked for");
    assert_eq!(refused_at_opening(Vec::new()).await.detail, "the server did not answer in time");
}

#[tokio::test]
async fn sec_51_tls_that_is_demanded_is_never_done_without() {
    let injected = ["* OK\n", "* CAPABILITY STARTTLS\ns1 OK\n", "s2 OK begin\n* CAPABILITY AUTH=PLAIN\n"];
    let stripped = ["* OK\n", "* CAPABILITY IMAP4rev1\ns1 OK\n"];
    let in_already = ["* PREAUTH welcome\n"];
    for says in [injected.as_slice(), &stripped, &in_already] {
        let (port, heard) = crate::script::hearing_server(lines(says)).await;
        let account = Account { security: Security::StartTls, ..impatient(port) };
        let fault = Imap::open(&account, "INBOX").await.err().unwrap();
        assert_eq!(fault.code, FaultCode::MailboxUnreachable, "{says:?}");
        assert!(heard.await.unwrap().iter().all(|line| !line.contains("LOGIN") && !line.contains("AUTH")));
    }
}

#[tokio::test]
async fn sec_60_folders_that_make_no_sense() {
    for (says, words) in [
        ("* 3 EXISTS\ns4 OK\n", "no lasting names"),
        ("* OK [UIDVALIDITY 0]\ns4 OK\n", "no lasting names"),
        ("* OK [UIDVALIDITY 99999999999]\ns4 OK\n", "no lasting names"),
        ("s5 OK\n", "what it was not asked"),
        ("s3 OK\n", "what it was not asked"),
        ("s4 NO [NONEXISTENT] no\n", "NONEXISTENT"),
        ("* BYE away\n", "ended the session: away"),
    ] {
        let fault = refused_at_opening([lines(&LOGGED_IN), lines(&[says])].concat()).await;
        assert!(fault.detail.contains(words), "{says}: {}", fault.detail);
    }
    let place = opened(Vec::new()).await.place();
    assert_eq!((place.uid_validity, place.uid_next, place.mails), (9, Some(8), 3));
}

#[tokio::test]
async fn sec_60_listings_that_lie() {
    let odd = b"* 1 FETCH (UID 5 RFC822.SIZE 10)\r\n* 1 EXPUNGE\r\n* 9 EXISTS\r\n* 2 FETCH (FLAGS (\\Seen))\r\n\
        * 2 FETCH (UID 0 RFC822.SIZE 10)\r\n* 3 FETCH (RFC822.SIZE 30 UID 7)\r\n* 3 FETCH (UID 7 RFC822.SIZE 31)\r\n\
        * 4 FETCH (UID 4 RFC822.SIZE 9)\r\n* 4 FETCH (UID 99999999999 RFC822.SIZE 9)\r\n* FOO bar\r\n* 5 FETCH (UID 6\r\ns5 OK\r\n";
    assert_eq!(listed(odd).await.unwrap(), [(5, 10), (7, 31)]);
    assert!(listed(b"* 1 FETCH (UID 5 RFC8").await.unwrap_err().detail.contains("in time"));
    assert!(listed(b"* 1 FETCH (UID 5\nx)\r\ns5 OK\r\n").await.unwrap_err().detail.contains("no sense"));
    assert!(listed(b"s5 BAD no\r\n").await.unwrap_err().code == FaultCode::MailboxRefused);
    let nested = [b"* 1 FETCH (X ".as_slice(), &[b'('; 7000], b"\r\ns5 OK\r\n"].concat();
    assert_eq!(listed(&nested).await.unwrap(), []);
}

#[tokio::test]
async fn sec_60_a_server_that_never_stops_talking_is_given_up() {
    let begun = Instant::now();
    let endless = b"* 1 FETCH (FLAGS ())\r\n".repeat(200_000);
    let says = [b"* 1 FETCH (UID 5 BODY[]<0> {3}\r\nabc)\r\n".as_slice(), &endless].concat();
    assert_eq!(fetched(&[&says]).await.unwrap_err().detail, "the server says more than it was asked for");
    assert!(begun.elapsed() < Duration::from_secs(5));
}

#[tokio::test]
async fn sec_60_mails_that_lie_about_their_size_are_given_up() {
    assert_eq!(fetched(&[b"* 1 FETCH (UID 5 BODY[]<0> {3}\r\nabc)\r\ns5 OK\r\n"]).await.unwrap(), b"abc");
    assert_eq!(fetched(&[b"* 1 FETCH (BODY[]<0> \"abc\" UID 5)\r\ns5 OK\r\n"]).await.unwrap(), b"abc");
    let huge = fetched(&[b"* 1 FETCH (UID 5 BODY[]<0> {4294967296}\r\n"]).await.unwrap_err();
    assert_eq!(huge.detail, "the server says more than it was asked for");
    let too_large = [b"* 1 FETCH (UID 5 BODY[]<0> {2000}\r\n".as_slice(), &[b'x'; 2000], b")\r\ns5 OK\r\n"].concat();
    assert_eq!(fetched(&[&too_large]).await.unwrap_err().code, FaultCode::TooComplex);
    let half = fetched(&[b"* 1 FETCH (UID 5 BODY[]<0> {300}\r\nabc"]).await.unwrap_err();
    assert!(half.detail.contains("in time"), "{}", half.detail);
}

#[tokio::test]
async fn sec_60_mails_that_nobody_asked_for_are_not_taken_for_others() {
    for says in [
        b"* 1 FETCH (UID 6 BODY[]<0> {3}\r\nabc)\r\ns5 OK\r\n".as_slice(),
        b"* 1 FETCH (BODY[]<0> {3}\r\nabc)\r\ns5 OK\r\n",
        b"* 1 FETCH (UID 5 BODY[]<7> {3}\r\nabc)\r\ns5 OK\r\n",
        b"* 1 FETCH (UID 5 BODY[] NIL)\r\ns5 OK\r\n",
        b"s5 OK\r\n",
        b"s5 NO [EXPUNGEISSUED] gone\r\n",
    ] {
        let fault = fetched(&[says]).await.unwrap_err();
        assert_eq!(fault.code, FaultCode::MailboxRefused, "{}", String::from_utf8_lossy(says));
    }
}

#[tokio::test]
async fn several_mails_come_in_any_order_and_one_that_is_missing_is_asked_for_alone() {
    let together = b"* 3 FETCH (UID 7 BODY[] {1}\r\nc)\r\n* 1 FETCH (UID 5 BODY[] {1}\r\na)\r\n* 9 FETCH (UID 8 BODY[] {1}\r\nx)\r\ns5 OK\r\n";
    let alone = b"* 2 FETCH (UID 6 BODY[]<0> {1}\r\nb)\r\ns6 OK\r\n";
    let mut mailbox = opened(vec![together.to_vec(), alone.to_vec()]).await;
    let offers = [offer(5), offer(6), offer(7)];
    mailbox.announce(&offers);
    for (offer, text) in offers.iter().zip(["a", "b", "c"]) {
        let mut mail = Vec::new();
        mailbox.fetch(offer, &mut mail).await.unwrap();
        assert_eq!(mail, text.as_bytes());
    }
    let mut mailbox = opened(vec![b"* 1 FETCH (UID 5 BODY[] {9000000}\r\n".to_vec()]).await;
    mailbox.announce(&offers);
    let fault = mailbox.fetch(&offers[0], &mut Vec::new()).await.unwrap_err();
    assert_eq!(fault.code, FaultCode::MailboxUnreachable);
    assert!(mailbox.is_asked_for_several(), "it may be another one's fault");
}

/// Mails with these UIDs, as the answer to the command with this tag.
fn mails(tag: &str, uids: impl Iterator<Item = u32>) -> Vec<u8> {
    let mails = uids.map(|uid| format!("* {uid} FETCH (UID {uid} BODY[] {{4}}\r\n{uid:4})\r\n"));
    (mails.collect::<String>() + tag + " OK\r\n").into_bytes()
}

#[tokio::test]
async fn the_next_mails_are_asked_for_before_the_last_ones_are_stored() {
    let says = [
        lines(&LOGGED_IN),
        lines(&[OPENED]),
        vec![mails("s5", (1..=100).filter(|uid| *uid != 7))],
        vec![b"s6 NO one of them is damaged\r\n".to_vec()],
        vec![b"* 7 FETCH (UID 7 BODY[]<0> {4}\r\n   7)\r\ns7 OK\r\n".to_vec()],
        vec![b"* 101 FETCH (UID 101 BODY[]<0> {4}\r\n 101)\r\ns8 OK\r\n".to_vec()],
        vec![b"s9 NO it is damaged\r\n".to_vec()],
        vec![b"s10 OK\r\n".to_vec()],
    ];
    let (port, heard) = hearing_server(says.concat()).await;
    let mut mailbox = Imap::open(&impatient(port), "INBOX").await.unwrap();
    let offers: Vec<Offer> = (1..=102).map(offer).collect();
    mailbox.announce(&offers);
    for (uid, offer) in (1..=101).zip(&offers) {
        let mut mail = Vec::new();
        mailbox.fetch(offer, &mut mail).await.unwrap();
        assert_eq!(mail, format!("{uid:4}").as_bytes());
    }
    assert_eq!(mailbox.fetch(&offers[101], &mut Vec::new()).await.unwrap_err().code, FaultCode::MailboxRefused);
    mailbox.settle(Settling::default()).await.unwrap();
    let heard = heard.await.unwrap()[4..].join("\n");
    let asked = "s5 UID FETCH 1:100 (UID BODY.PEEK[])\ns6 UID FETCH 101:102 (UID BODY.PEEK[])\ns7 UID FETCH 7 ";
    assert!(heard.starts_with(asked), "{heard}");
}

#[tokio::test]
async fn a_round_may_end_while_mails_are_on_their_way() {
    let says = [
        lines(&LOGGED_IN),
        lines(&[OPENED]),
        vec![mails("s5", 1..=100)],
        vec![mails("s6", 101..=150)],
        lines(&["s7 OK\n", "s8 OK\n"]),
    ];
    let (port, heard) = hearing_server(says.concat()).await;
    let mut mailbox = Imap::open(&impatient(port), "INBOX").await.unwrap();
    let offers: Vec<Offer> = (1..=150).map(offer).collect();
    mailbox.announce(&offers);
    mailbox.fetch(&offers[0], &mut Vec::new()).await.unwrap();
    mailbox.settle(Settling { mark_seen: &offers[..1], ..Settling::default() }).await.unwrap();
    assert_eq!(heard.await.unwrap()[6], "s7 UID STORE 1 +FLAGS.SILENT (\\Seen)");
}

#[tokio::test]
async fn sec_60_a_watch_ends_with_its_server() {
    for (says, words) in [
        ("+ idling\n* BYE away\n", "ended the session"),
        ("s5 BAD what\n", "what"),
        ("", "in time"),
        ("* 1 FETCH (FLAGS ())\n", ""),
    ] {
        let says = says.replace("* 1 F", &"* 1 FETCH (FLAGS ())\n".repeat(20_000));
        let port = server([lines(&LOGGED_IN), lines(&[OPENED, &says])].concat()).await;
        let mut watch = Watch::open(&impatient(port), "INBOX").await.unwrap().unwrap();
        let waited = tokio::time::timeout(Duration::from_secs(10), watch.wait()).await.unwrap();
        assert!(waited.unwrap_err().detail.contains(words), "{words}");
    }
}
