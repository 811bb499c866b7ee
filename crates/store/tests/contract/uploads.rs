//! Invitations to add files to an issue, and files that come by them.

use crate::home::*;
use crate::kept_files::file;
use policy::{Click, FaultCode};
use store::{Arrival, FileContent, Handle, Invitation, Store, Taken};

const DAY: i64 = 86_400_000_000;
const SMALL: &str = "0123456789abcdef0123456789abcdef";
const LARGE: &str = "ffffffffffffffffffffffffffffffff";

fn of() -> Invitation {
    Invitation {
        site: SITE.into(),
        mailbox: MAILBOX.into(),
        issue_id: "10".into(),
        address: "planted-guest@people.example".into(),
    }
}

async fn content(store: &Store, id: &str, bytes: &[u8]) -> FileContent {
    let mut writer = store.file_writer(SITE, id).await.unwrap();
    writer.write(bytes).await.unwrap();
    writer.finish().await.unwrap()
}

/// Hands in two files with a message of their own, one kept in its row and one as a blob; the message.
pub async fn hand_in(store: &Store) -> String {
    let mut writer = store.content(SITE).await.unwrap();
    let message = writer.message().to_owned();
    writer.write(b"Subject: planted-subject\r\n\r\nplanted-note\r\n").await.unwrap();
    let (small, large) = (b"planted-small ".to_vec(), b"planted-large ".repeat(20_000));
    let files = vec![
        (file(SMALL, &message, None), content(store, SMALL, &small).await),
        (file(LARGE, &message, None), content(store, LARGE, &large).await),
    ];
    let arrival = Arrival { handle: Handle::Lasting(format!("upload:{message}")), ..arrival("planted-upload") };
    store.keep_uploaded(SITE, &message, files).await.unwrap();
    let taken = store.take_in_own(arrival, writer.finish().await.unwrap()).await.unwrap();
    assert_eq!(taken, Taken::New { message: message.clone() });
    message
}

pub async fn an_invitation_is_the_same_at_each_try_and_ends(home: Home) {
    let store = home.open().await;
    let by_person = store.invite(&of(), 7, "planted-ann").await.unwrap();
    let until = store.now().await.unwrap() + DAY;
    for _ in 0..2 {
        store.invite_by_letter(&of(), SMALL, until).await.unwrap();
    }
    let other = home.open().await;
    for id in [by_person.as_str(), SMALL] {
        assert_eq!(other.invitation(id).await.unwrap(), Some(of()));
    }
    assert_eq!(other.invitation("00").await.unwrap(), None);
    let audited = "SELECT COUNT(*) FROM audit WHERE kind = 'upload_invited'";
    assert_eq!(home.number(audited).await, 2);
    assert_eq!(home.number(&format!("{audited} AND sealed_who IS NOT NULL")).await, 1, "a person's word has a name");
    home.sql("UPDATE upload_links SET until = 1").await;
    for id in [by_person.as_str(), SMALL] {
        assert_eq!(store.invitation(id).await.unwrap(), None);
    }
    store.sweep().await.unwrap();
    assert_eq!(home.number("SELECT COUNT(*) FROM upload_links").await, 0);
}

pub async fn an_issue_is_named_by_its_key_in_its_site(home: Home) {
    let store = home.open().await;
    home.sql("INSERT INTO issues (site, issue_id, issue_key) VALUES ('north', '10', 'NORTH-1')").await;
    assert_eq!(store.issue_named(SITE, "NORTH-1").await.unwrap().as_deref(), Some("10"));
    assert_eq!(store.issue_named("south", "NORTH-1").await.unwrap(), None);
    assert_eq!(store.issue_named(SITE, "NORTH-2").await.unwrap(), None);
}

pub async fn files_belong_to_the_issue_that_their_message_came_to_last(home: Home) {
    let store = home.open().await;
    let message = hand_in(&store).await;
    let files = store.files_of(&message).await.unwrap();
    assert_eq!(files.iter().map(|line| line.size_bytes).sum::<u64>(), 280_014);
    assert!(files.iter().all(|line| line.issue_id.is_none() && line.about.is_some()));
    let receipt = r#"'%"files":2,"size_bytes":280014%'"#;
    let audited = format!("SELECT COUNT(*) FROM audit WHERE kind = 'files_uploaded' AND receipt LIKE {receipt}");
    assert_eq!(home.number(&audited).await, 1);
    assert_eq!(decide_next(&store, Some("10")).await, message);
    let lease = claim_one(&store, CARRY).await;
    for id in [SMALL, LARGE] {
        store.tie_file(&lease, id, "10").await.unwrap();
    }
    assert_eq!(store.kept_file(SMALL).await.unwrap().unwrap().issue_id.as_deref(), Some("10"));
    // A replay may lead elsewhere; that the issue before is over says nothing of this one.
    store.looked_at_file(SMALL, Some(7)).await.unwrap();
    assert!(store.delete_file(LARGE, "resolved").await.unwrap());
    for id in [SMALL, LARGE] {
        store.tie_file(&lease, id, "20").await.unwrap();
    }
    let line = store.kept_file(SMALL).await.unwrap().unwrap();
    assert_eq!((line.issue_id.as_deref(), line.over_since), (Some("20"), None));
    assert_eq!(store.kept_file(LARGE).await.unwrap().unwrap().issue_id.as_deref(), Some("10"), "it went with that one");
    carry(&store, &lease, "20").await;
    assert_eq!(code(store.tie_file(&lease, SMALL, "30").await), FaultCode::LeaseLost);
}

pub async fn a_person_deletes_a_file_under_their_name(home: Home) {
    let store = home.open().await;
    hand_in(&store).await;
    assert!(store.delete_file_by(SMALL, "planted-ann").await.unwrap());
    assert!(!store.delete_file_by(SMALL, "planted-ann").await.unwrap());
    assert!(store.kept_content(SMALL).await.unwrap().is_none());
    assert_eq!(store.kept_file(SMALL).await.unwrap().unwrap().gone.unwrap().1, "person");
    let receipts = r#"SELECT COUNT(*) FROM audit WHERE kind = 'file_deleted' AND sealed_who IS NOT NULL
        AND receipt LIKE '%"size_bytes":14%' AND receipt LIKE '%"why":"person"%'"#;
    assert_eq!(home.number(receipts).await, 1);
    assert_eq!(store.verify_audit().await.unwrap().wrong, None);
}

pub async fn clicks_and_uploads_are_no_sign_that_mail_comes_in(home: Home) {
    let store = home.open().await;
    hand_in(&store).await;
    let click = Click { set: "close".into(), issue_id: "10".into(), person: String::new(), letter: "l".into() };
    let content = store.content(SITE).await.unwrap().finish().await.unwrap();
    let click = Arrival { handle: Handle::Click { link: "x".into(), click }, ..arrival("click") };
    assert!(matches!(store.take_in_own(click, content).await.unwrap(), Taken::New { .. }));
    assert_eq!(store.mailbox_signs(SITE, MAILBOX).await.unwrap().mail_at, None);
    take(&store, Arrival { received_at: NOON - 1, ..arrival("mail") }).await;
    assert_eq!(store.mailbox_signs(SITE, MAILBOX).await.unwrap().mail_at, Some(NOON - 1));
}
