//! Files that are kept for issues: sealed under keys of their own, handed out by signed links, gone for good when they go.

use crate::home::*;
use policy::{Excluded, FaultCode};
use store::{ContentReader, JobKind, KeptAbout, Lease, LinkUse, NewFile, Retention, Store};

const DAY: i64 = 86_400_000_000;
const ID: &str = "0123456789abcdef0123456789abcdef";
const OTHER: &str = "ffffffffffffffffffffffffffffffff";
const HELD: &str = "eeeeeeeeeeeeeeeeeeeeeeeeeeeeeeee";
/// File keys that open something, in the key book.
const ALIVE: &str = "SELECT COUNT(*) FROM keys WHERE kind = 'file' AND wrapped_key IS NOT NULL";
/// Rows that name a key.
const NAMED: &str = "SELECT COUNT(*) FROM kept_files WHERE key_id <> ''";

pub fn file(id: &str, message: &str, issue_id: Option<&str>) -> NewFile {
    NewFile {
        id: id.into(),
        site: SITE.into(),
        mailbox: MAILBOX.into(),
        message: message.into(),
        issue_id: issue_id.map(str::to_owned),
        about: KeptAbout {
            name: "planted-name.bin".into(),
            content_type: "application/octet-stream".into(),
            sha256: "aa".into(),
            mapping: "default".into(),
            rule: None,
            uploaded: false,
        },
    }
}

/// Keeps a file of so many bytes with a mail that is carried out.
async fn keep(store: &Store, id: &str, issue_id: Option<&str>, bytes: usize) -> (Lease, String) {
    let (lease, message) = begin(store, id, issue_id, bytes).await;
    carry(store, &lease, "10").await;
    (lease, message)
}

/// The same with a mail that is still being carried out.
async fn begin(store: &Store, id: &str, issue_id: Option<&str>, bytes: usize) -> (Lease, String) {
    let message = take(store, arrival(id)).await;
    decide_next(store, Some("10")).await;
    let lease = claim_one(store, CARRY).await;
    let mut writer = store.file_writer(SITE, id).await.unwrap();
    writer.write(&vec![b'k'; bytes]).await.unwrap();
    assert_eq!(writer.size_bytes(), bytes as u64);
    let content = writer.finish().await.unwrap();
    store.keep_file(&lease, file(id, &message, issue_id), content).await.unwrap();
    (lease, message)
}

async fn bytes_of(mut reader: ContentReader) -> usize {
    let mut read = 0;
    while let Some(piece) = reader.next().await.unwrap() {
        assert!(piece.len() <= 64 * 1024 && piece.iter().all(|byte| *byte == b'k'));
        read += piece.len();
    }
    read
}

pub async fn a_file_is_kept_under_its_own_key_and_comes_back(home: Home) {
    let store = home.open().await;
    for (id, size) in [(ID, 200_000), (OTHER, 5)] {
        keep(&store, id, Some("10"), size).await;
        let line = home.open().await.kept_file(id).await.unwrap().unwrap();
        assert_eq!((line.size_bytes, line.issue_id.as_deref(), line.gone), (size as u64, Some("10"), None));
        assert_eq!(line.about.unwrap().name, "planted-name.bin");
        let reader = home.open().await.kept_content(id).await.unwrap().unwrap();
        assert_eq!(bytes_of(reader).await, size);
    }
    assert_eq!(home.key_number("SELECT COUNT(*) FROM keys WHERE kind = 'file'").await, 2);
    assert!(store.kept_file("00").await.unwrap().is_none() && store.kept_content("00").await.unwrap().is_none());
    let figures = store.figures().await.unwrap();
    assert_eq!(figures.kept_files, (2, 200_005));
    let newest = store.kept_files(None).await.unwrap();
    assert_eq!(newest.iter().map(|line| line.id.as_str()).collect::<Vec<_>>(), [OTHER, ID]);
    let older = store.kept_files(Some((newest[0].kept_at, newest[0].id.clone()))).await.unwrap();
    assert_eq!(older.len(), 1);
}

pub async fn priv_11_a_deleted_file_leaves_a_tombstone_and_a_receipt(home: Home) {
    let store = home.open().await;
    let (_, message) = keep(&store, ID, Some("10"), 200_000).await;
    assert_eq!(home.blob_files().len(), 1);
    assert!(store.delete_file(ID, "resolved").await.unwrap());
    assert!(!store.delete_file(ID, "resolved").await.unwrap(), "it goes once");
    assert_eq!(home.blob_files().len(), 0);
    let line = store.kept_file(ID).await.unwrap().unwrap();
    assert_eq!((line.about, line.gone.map(|(_, why)| why)), (None, Some("resolved".to_owned())));
    assert!(store.kept_content(ID).await.unwrap().is_none());
    let left = "SELECT COUNT(*) FROM kept_files WHERE sealed_about IS NOT NULL OR blob IS NOT NULL OR sealed_inline IS NOT NULL";
    assert_eq!(home.number(left).await, 0);
    assert_eq!(home.key_number(ALIVE).await, 0, "no backup of the main database opens it any more");
    assert_eq!(home.number(NAMED).await, 0, "nothing is left to do");
    let receipts = "SELECT COUNT(*) FROM audit WHERE kind = 'file_deleted' AND receipt LIKE '%\"why\":\"resolved\"%'";
    assert_eq!(home.number(receipts).await, 1);
    assert_eq!(store.files_of(&message).await.unwrap().len(), 1, "its story still knows of it");
    store.sweep().await.unwrap();
    assert_eq!(store.verify_audit().await.unwrap().wrong, None);
}

pub async fn a_key_that_outlived_its_file_goes_with_the_next_sweep(home: Home) {
    let store = home.open().await;
    keep(&store, ID, Some("10"), 5).await;
    keep(&store, OTHER, Some("10"), 5).await;
    // As a process leaves it that dies between the tombstone and the key.
    let bury = "UPDATE kept_files SET gone_at = 1, gone_why = 'resolved', sealed_about = NULL, sealed_inline = NULL";
    home.sql(&format!("{bury} WHERE id = '{ID}'")).await;
    assert_eq!((home.key_number(ALIVE).await, home.number(NAMED).await), (2, 2));
    store.sweep().await.unwrap();
    assert_eq!((home.key_number(ALIVE).await, home.number(NAMED).await), (1, 1));
    assert_eq!(bytes_of(store.kept_content(OTHER).await.unwrap().unwrap()).await, 5);
}

pub async fn a_file_whose_key_was_destroyed_does_not_hide_the_others(home: Home) {
    let store = home.open().await;
    let (_, message) = keep(&store, ID, Some("10"), 5).await;
    keep(&store, OTHER, Some("10"), 5).await;
    home.key_sql("UPDATE keys SET wrapped_key = NULL, destroyed_at = 1 WHERE kind = 'file' AND seq = 1").await;
    let store = home.open().await;
    let shown: Vec<bool> = store.kept_files(None).await.unwrap().iter().map(|line| line.about.is_some()).collect();
    assert_eq!(shown, [true, false]);
    assert_eq!(store.files_of(&message).await.unwrap()[0].about, None);
    let due = store.files_to_look_at(SITE, store.now().await.unwrap() + DAY).await.unwrap();
    assert_eq!(due.len(), 2);
    assert_eq!(code(store.kept_content(ID).await), FaultCode::KeyUnavailable);
    assert!(store.delete_file(ID, "resolved").await.unwrap());
}

pub async fn erasing_a_mail_erases_its_files_and_old_age_does_not(home: Home) {
    let store = home.open().await;
    let (_, message) = keep(&store, ID, Some("10"), 200_000).await;
    let now = store.now().await.unwrap();
    home.sql(&format!("UPDATE messages SET received_at = {}", now - 31 * DAY)).await;
    assert_eq!(swept(&store).await, (1, 0));
    assert_eq!(bytes_of(store.kept_content(ID).await.unwrap().unwrap()).await, 200_000);
    assert_eq!(store.erase(&message, "somebody").await.unwrap(), None);
    assert!(store.kept_content(ID).await.unwrap().is_none());
    assert_eq!(store.kept_file(ID).await.unwrap().unwrap().gone.unwrap().1, "mail_erased");
    let receipts = "SELECT COUNT(*) FROM audit WHERE kind = 'file_deleted' AND sealed_who IS NOT NULL
        AND receipt LIKE '%\"why\":\"mail_erased\"%' AND receipt LIKE '%\"size_bytes\":200000%'";
    assert_eq!(home.number(receipts).await, 1, "who it was, why, and how much");
}

pub async fn a_file_stays_as_long_as_its_mail_waits_for_a_person(home: Home) {
    let store = home.open().await;
    let by_site = [(SITE.to_owned(), 0)].into();
    store.keep(&Retention { keep_content_days: 30, by_site, ..Retention::default() }, "ann").await.unwrap();
    let (_, message) = keep(&store, ID, None, 5).await;
    let now = store.now().await.unwrap();
    let came = |days: i64| {
        format!("UPDATE messages SET outcome = 'quarantine', received_at = {} WHERE id = '{message}'", now - days * DAY)
    };
    home.sql(&format!("UPDATE kept_files SET kept_at = {}", now - 20 * DAY)).await;
    home.sql(&came(20)).await;
    assert_eq!(swept(&store).await, (0, 0));
    assert!(store.kept_file(ID).await.unwrap().unwrap().gone.is_none());
    home.sql(&came(31)).await;
    assert_eq!(swept(&store).await, (2, 0), "its mail, and then the file");
    assert_eq!(store.kept_file(ID).await.unwrap().unwrap().gone.unwrap().1, "no_issue");
}

pub async fn a_file_that_came_to_no_issue_goes_with_the_content(home: Home) {
    let store = home.open().await;
    keep(&store, ID, None, 200_000).await;
    keep(&store, OTHER, Some("10"), 200_000).await;
    let (held, _) = begin(&store, HELD, None, 5).await;
    store.hold(&held, &temporary()).await.unwrap();
    // The mails of these checks are old; what came with them is not.
    assert_eq!(swept(&store).await, (2, 0));
    let now = store.now().await.unwrap();
    home.sql(&format!("UPDATE kept_files SET kept_at = {}", now - 31 * DAY)).await;
    assert_eq!(swept(&store).await, (1, 0));
    assert_eq!(store.kept_file(ID).await.unwrap().unwrap().gone.unwrap().1, "no_issue");
    assert!(store.kept_file(HELD).await.unwrap().unwrap().gone.is_none(), "its mail may still come to an issue");
    home.sql("UPDATE jobs SET state = 'dead' WHERE state = 'held'").await;
    assert_eq!(swept(&store).await, (2, 0), "given up: the mail and its file");
    assert!(store.kept_file(HELD).await.unwrap().unwrap().gone.is_some());
    assert!(store.kept_file(OTHER).await.unwrap().unwrap().gone.is_none());
    let since = store.now().await.unwrap() + DAY;
    let due = store.files_to_look_at(SITE, since).await.unwrap();
    assert_eq!(due.iter().map(|line| line.id.as_str()).collect::<Vec<_>>(), [OTHER]);
    store.looked_at_file(OTHER, Some(7)).await.unwrap();
    assert_eq!(store.kept_file(OTHER).await.unwrap().unwrap().over_since, Some(7));
    assert!(store.files_to_look_at(SITE, now).await.unwrap().is_empty(), "it was looked at just now");
}

pub async fn a_link_is_good_for_one_use_one_site_and_its_time(home: Home) {
    let store = home.open().await;
    let sites = [SITE.to_owned(), "south".to_owned()];
    let token = store.sign_link(SITE, LinkUse::Fetch, ID, 60).await.unwrap().unwrap();
    let good = Some((SITE.to_owned(), ID.to_owned()));
    assert_eq!(home.open().await.verify_link(&sites, LinkUse::Fetch, &token).await.unwrap(), good);
    let check = async |sites: &[String], of, token: &str| store.verify_link(sites, of, token).await.unwrap();
    assert_eq!(check(&sites, LinkUse::Upload, &token).await, None);
    assert_eq!(check(&sites[1..], LinkUse::Fetch, &token).await, None);
    let over = store.sign_link(SITE, LinkUse::Fetch, ID, 0).await.unwrap().unwrap();
    assert_eq!(check(&sites, LinkUse::Fetch, &over).await, None);
    for at in 0..token.len() {
        let mut other = token.clone().into_bytes();
        other[at] = if other[at] == b'A' { b'B' } else { b'A' };
        let other = String::from_utf8(other).unwrap();
        // The last letter has bits to spare, which have to be zero.
        assert_eq!(check(&sites, LinkUse::Fetch, &other).await, None, "letter {at}");
    }
    for wrong in ["", "x", &token[1..], &format!("{token}A")] {
        assert_eq!(check(&sites, LinkUse::Fetch, wrong).await, None);
    }
    assert_eq!(store.sign_link(SITE, LinkUse::Fetch, "no id", 60).await.unwrap(), None);
}

pub async fn the_job_for_files_is_one_and_comes_again(home: Home) {
    let store = home.open().await;
    store.ensure_retain(SITE).await.unwrap();
    store.ensure_retain(SITE).await.unwrap();
    let lease = claim_one(&store, &[JobKind::Retain]).await;
    assert_eq!((lease.site.as_str(), lease.subject.as_str()), (SITE, ""));
    store.park(&lease, &temporary(), 0).await.unwrap();
    let lease = claim_one(&store, &[JobKind::Retain]).await;
    store.looked_at_files(&lease, DAY).await.unwrap();
    store.ensure_retain(SITE).await.unwrap();
    assert!(store.claim("worker", &[JobKind::Retain], 1, LEASE_S).await.unwrap().is_empty());
    home.sql(&format!("UPDATE jobs SET due = due - {DAY} WHERE kind = 'retain'")).await;
    assert_eq!(claim_one(&store, &[JobKind::Retain]).await.tries, 1);
}

pub async fn exclusions_are_counted_once(home: Home) {
    let store = home.open().await;
    for name in ["one", "two"] {
        let message = take(&store, arrival(name)).await;
        let lease = claim_one(&store, DECIDE).await;
        let mut decision = decision(&message, None);
        let excluded = |exclusion: &str, times| Excluded { exclusion: exclusion.into(), times };
        decision.plan.excluded = vec![excluded("small pictures", 3), excluded("films", 1)];
        store.write_down(&lease, &decision).await.unwrap();
        assert_eq!(code(store.write_down(&lease, &decision).await), FaultCode::LeaseLost);
    }
    let lines = home.open().await.exclusions().await.unwrap();
    let counted: Vec<(&str, u64)> = lines.iter().map(|line| (line.name.as_str(), line.times)).collect();
    assert_eq!(counted, [("films", 2), ("small pictures", 6)]);
    assert!(lines.iter().all(|line| line.site == SITE && line.profile == "support" && line.last_seen_at > 0));
    assert_eq!(store.figures().await.unwrap().exclusions, lines);
}
