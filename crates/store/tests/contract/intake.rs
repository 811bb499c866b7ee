//! Line 1: what was taken in is there, once.

use crate::home::*;
use policy::FaultCode;
use std::collections::HashSet;
use store::{Arrival, Handle, MessageFilter, Store, Taken};

pub async fn a_mail_is_there_after_take_in(home: Home) {
    let store = home.open().await;
    let message = take(&store, arrival("one")).await;
    let other = home.open().await;
    let stored = other.message(&message).await.unwrap().unwrap();
    assert_eq!((stored.site.as_str(), stored.mailbox.as_str(), stored.size_bytes), (SITE, MAILBOX, 25));
    assert_eq!((stored.envelope, stored.digest), (arrival("one").envelope, arrival("one").digest));
    assert_eq!(read_all(&other, &message).await.unwrap(), b"Subject: hello\r\n\r\nhello\r\n");
    let lease = claim_one(&other, DECIDE).await;
    assert_eq!((lease.subject, lease.site.as_str(), lease.tries), (message, SITE, 1));
}

pub async fn fault_12_the_same_mail_by_the_same_way_is_known(home: Home) {
    let store = home.open().await;
    let first = take(&store, arrival("one")).await;
    let again = take_bytes(&store, arrival("one"), &vec![7; 200_000]).await;
    assert_eq!(again, Taken::Known { message: first.clone() });
    assert_eq!(home.blob_files().len(), 0, "the content of a known mail is not kept");
    assert_eq!(home.number("SELECT COUNT(*) FROM jobs WHERE kind = 'decide'").await, 1);
    let elsewhere = [
        Arrival { mailbox: "sales".into(), ..arrival("one") },
        Arrival { handle: Handle::FiveDays("one".into()), ..arrival("one") },
        Arrival { site: "south".into(), ..arrival("one") },
    ];
    for arrival in elsewhere {
        assert_ne!(take(&store, arrival).await, first);
    }
}

pub async fn a_handle_of_five_days_is_forgotten_after_them(home: Home) {
    let store = home.open().await;
    let days = |days: i64| Arrival {
        handle: Handle::FiveDays("same".into()),
        received_at: 1_000_000 * 86_400 * days,
        ..arrival("one")
    };
    let first = take(&store, days(100)).await;
    assert_eq!(take_bytes(&store, days(105), b"x").await, Taken::Known { message: first.clone() });
    let second = take(&store, days(106)).await;
    assert_ne!(second, first);
    assert_eq!(take_bytes(&store, days(107), b"x").await, Taken::Known { message: second });
}

pub async fn many_at_once_are_all_there(home: Home) {
    let (one, other) = (home.open().await, home.open().await);
    let mut tasks = Vec::new();
    for number in 0..200 {
        // Each mail is offered to both handles; which of them takes it is open, but only one does.
        for store in [one.clone(), other.clone()] {
            tasks.push(tokio::spawn(async move { take_bytes(&store, arrival(&format!("mail-{number}")), b"x").await }));
        }
    }
    let (mut new, mut known) = (HashSet::new(), HashSet::new());
    for task in tasks {
        match task.await.unwrap() {
            Taken::New { message } => assert!(new.insert(message)),
            Taken::Known { message } => assert!(known.insert(message)),
        }
    }
    assert_eq!(new.len(), 200);
    assert_eq!(new, known);
    let listed = listed(&one, MessageFilter { limit: 200, ..MessageFilter::default() }).await;
    assert_eq!(listed.into_iter().map(|line| line.id).collect::<HashSet<_>>(), new);
}

pub async fn content_of_every_size_comes_back(home: Home) {
    let store = home.open().await;
    let segment = 64 * 1024;
    for size in [0, 1, segment - 1, segment, segment + 1, 2 * segment, 9 * segment, 9 * segment + 77, 1_500_000] {
        let bytes: Vec<u8> = (0..size).map(|at| (at % 251) as u8).collect();
        let mut content = store.content(SITE).await.unwrap();
        for piece in bytes.chunks(10_007) {
            content.write(piece).await.unwrap();
        }
        let content = content.finish().await.unwrap();
        assert_eq!(content.size_bytes, size as u64);
        let taken = store.take_in(arrival(&format!("size-{size}")), content).await.unwrap();
        let Taken::New { message } = taken else { panic!("known") };
        assert!(read_all(&store, &message).await.unwrap() == bytes, "content of {size} bytes differs");
    }
    let names = home.blob_files();
    assert_eq!(names.len(), 5, "content above 64 KiB is a file, smaller is not");
    for name in names {
        let name = name.strip_prefix(&home.settings.blobs).unwrap().to_str().unwrap().to_owned();
        assert!(name.bytes().all(|byte| b"0123456789abcdef/".contains(&byte)), "{name}");
    }
}

pub async fn content_of_another_site_is_refused(home: Home) {
    let store = home.open().await;
    let content = store.content("south").await.unwrap().finish().await.unwrap();
    assert_eq!(code(store.take_in(arrival("one"), content).await), FaultCode::Internal);
}

pub async fn fault_06_no_room_no_intake(home: Home) {
    let settings = store::Settings { free_bytes_min: u64::MAX, ..home.settings.clone() };
    let store = Store::open(&settings).await.unwrap();
    assert_eq!(code(store.content(SITE).await), FaultCode::DiskFull);
    assert_eq!(code(store.check().await), FaultCode::DiskFull);
    home.open().await.check().await.unwrap();
}

pub async fn a_dropped_writer_leaves_nothing_behind(home: Home) {
    let store = home.open().await;
    let mut content = store.content(SITE).await.unwrap();
    content.write(&vec![1; 1_000_000]).await.unwrap();
    drop(content);
    assert_eq!(home.number("SELECT COUNT(*) FROM messages").await, 0);
    let whole = home.blob_files().into_iter().filter(|path| !path.to_string_lossy().contains('#'));
    assert_eq!(whole.count(), 0, "a broken-off upload must never have a blob's name");
}
