//! Large content must not fill the memory: 50 MB go in and come out in a few MiB (LOAD-12).

#![allow(clippy::unwrap_used)]

use store::{Arrival, Handle, Settings, Store, Taken};

const CONTENT_BYTES: usize = 50 * 1024 * 1024;
/// Buffers of one part, one segment and the database's caches; far below the content.
const GROWTH_BYTES_MAX: u64 = 8 * 1024 * 1024;

/// A line of /proc/self/status, in bytes.
fn status(name: &str) -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap();
    let line = status.lines().find(|line| line.starts_with(name)).unwrap();
    line.split_whitespace().nth(1).unwrap().parse::<u64>().unwrap() * 1024
}

/// Sets the peak to what is used now (proc(5), clear_refs).
fn reset_peak() -> u64 {
    std::fs::write("/proc/self/clear_refs", "5").unwrap();
    status("VmRSS:")
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn load_12_content_of_50_mb_streams_through_a_few_mib() {
    let folder = tempfile::tempdir().unwrap();
    let master_key = folder.path().join("master.key");
    store::create_master_key(&master_key).unwrap();
    let settings = Settings {
        database: format!("sqlite:{}", folder.path().join("main.db").display()),
        key_book: format!("sqlite:{}", folder.path().join("keys.db").display()),
        blobs: folder.path().join("blobs"),
        master_key,
        keep_content_days: 30,
        free_bytes_min: 0,
    };
    let store = Store::open(&settings).await.unwrap();
    let piece = vec![b'x'; 16 * 1024];
    let before = reset_peak();
    let mut content = store.content("north").await.unwrap();
    for _ in 0..CONTENT_BYTES / piece.len() {
        content.write(&piece).await.unwrap();
    }
    let arrival = Arrival {
        site: "north".into(),
        mailbox: "support".into(),
        handle: Handle::Lasting("one".into()),
        envelope: mail::Envelope::default(),
        digest: [1; 32],
        message_id: None,
        refers_to: vec![],
        received_at: 0,
        shadow: false,
    };
    let taken = store.take_in(arrival, content.finish().await.unwrap()).await.unwrap();
    let grown = status("VmHWM:").saturating_sub(before);
    assert!(grown < GROWTH_BYTES_MAX, "writing took {grown} bytes of memory");
    let Taken::New { message } = taken else { panic!("an empty store knew the mail") };
    let before = reset_peak();
    let mut reader = store.raw(&message).await.unwrap();
    let mut read = 0;
    while let Some(piece) = reader.next().await.unwrap() {
        read += piece.len();
    }
    let grown = status("VmHWM:").saturating_sub(before);
    assert_eq!(read, CONTENT_BYTES);
    assert!(grown < GROWTH_BYTES_MAX, "reading took {grown} bytes of memory");
}
