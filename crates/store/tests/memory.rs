//! Large content must not fill the memory: 50 MB go in and come out in a few MiB (LOAD-12).

#![allow(clippy::unwrap_used)]

use rig::memory::{peak, reset_peak};
use store::{Arrival, Handle, Settings, Store, Taken};

const CONTENT_BYTES: usize = 50 * 1024 * 1024;
/// Buffers of one part, one segment and the database's caches; far below the content.
const GROWTH_BYTES_MAX: u64 = 8 * 1024 * 1024;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn load_12_content_of_50_mb_streams_through_a_few_mib() {
    let folder = tempfile::tempdir().unwrap();
    let settings = Settings::in_folder(folder.path());
    store::create_master_key(&settings.master_key).unwrap();
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
    let grown = peak().saturating_sub(before);
    assert!(grown < GROWTH_BYTES_MAX, "writing took {grown} bytes of memory");
    let Taken::New { message } = taken else { panic!("an empty store knew the mail") };
    let before = reset_peak();
    let mut reader = store.raw(&message).await.unwrap();
    let mut read = 0;
    while let Some(piece) = reader.next().await.unwrap() {
        read += piece.len();
    }
    let grown = peak().saturating_sub(before);
    assert_eq!(read, CONTENT_BYTES);
    assert!(grown < GROWTH_BYTES_MAX, "reading took {grown} bytes of memory");
}
