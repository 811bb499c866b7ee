//! A large kept file goes in and out through a few MiB: 200 MB stand for the gigabytes that memory must not follow (LOAD-12).

#![allow(clippy::unwrap_used)]

use console::public::{Public, file};
use console::{Listener, Settings};
use mail::Envelope;
use rig::memory::{peak, reset_peak};
use std::io::{Read, Write};
use std::sync::Arc;
use store::{Arrival, Handle, JobKind, KeptAbout, LinkUse, NewFile, Store};

const FILE_BYTES: usize = 200 * 1000 * 1000;
/// Buffers of the blob store, the database's caches, and one connection.
const GROWTH_BYTES_MAX: u64 = 24 * 1024 * 1024;
const ID: &str = "0123456789abcdef0123456789abcdef";
const SITE: &str = "north";

async fn store(folder: &std::path::Path) -> Store {
    let settings = store::Settings::in_folder(folder);
    store::create_master_key(&settings.master_key).unwrap();
    Store::open(&settings).await.unwrap()
}

async fn keep(store: &Store) {
    let arrival = Arrival {
        site: SITE.into(),
        mailbox: "support".into(),
        handle: Handle::Lasting("one".into()),
        envelope: Envelope::default(),
        digest: [1; 32],
        message_id: None,
        refers_to: vec![],
        received_at: 0,
        shadow: false,
    };
    store.take_in(arrival, store.content(SITE).await.unwrap().finish().await.unwrap()).await.unwrap();
    let lease = store.claim("worker", &[JobKind::Decide], 1, 600).await.unwrap().pop().unwrap();
    let mut writer = store.file_writer(SITE, ID).await.unwrap();
    let piece = vec![b'x'; 50_000];
    for _ in 0..FILE_BYTES / piece.len() {
        writer.write(&piece).await.unwrap();
    }
    let about = KeptAbout {
        name: "disk image.iso".into(),
        content_type: "application/octet-stream".into(),
        sha256: String::new(),
        mapping: "default".into(),
        rule: None,
        uploaded: false,
    };
    let (message, mailbox, issue_id) = (lease.subject.clone(), "support".into(), Some("10".into()));
    let new = NewFile { id: ID.into(), site: SITE.into(), mailbox, message, issue_id, about };
    store.keep_file(&lease, new, writer.finish().await.unwrap()).await.unwrap();
}

/// Reads an answer to its end without keeping it; the bytes behind its head.
fn fetch(origin: &str, path: &str) -> usize {
    let host = origin.strip_prefix("http://").unwrap();
    let mut stream = std::net::TcpStream::connect(host).unwrap();
    write!(stream, "GET {path} HTTP/1.0\r\nHost: {host}\r\n\r\n").unwrap();
    let (mut buffer, mut head, mut bytes) = (vec![0; 64 * 1024], Vec::new(), 0);
    loop {
        let read = stream.read(&mut buffer).unwrap();
        if read == 0 {
            return bytes;
        }
        match bytes {
            0 => {
                head.extend_from_slice(&buffer[..read]);
                if let Some(end) = head.windows(4).position(|four| four == b"\r\n\r\n") {
                    assert!(head.starts_with(b"HTTP/1.0 200"), "{}", String::from_utf8_lossy(&head[..end]));
                    bytes = head.len() - end - 4;
                }
            }
            _ => bytes += read,
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn load_12_a_kept_file_of_200_mb_streams_through_a_few_mib() {
    let folder = tempfile::tempdir().unwrap();
    let store = store(folder.path()).await;
    let before = reset_peak();
    keep(&store).await;
    let grown = peak().saturating_sub(before);
    assert!(grown < GROWTH_BYTES_MAX, "keeping it took {grown} bytes of memory");
    let listener = Listener::bind(Settings::new("127.0.0.1:0".parse().unwrap(), None)).await.unwrap();
    let origin = format!("http://{}", listener.local_addr().unwrap());
    let router = Public::new(&origin, 1000).router(vec![file::room(store.clone(), Arc::new(|| vec![SITE.into()]))]);
    tokio::spawn(listener.serve(router, std::future::pending()));
    let token = store.sign_link(SITE, LinkUse::Fetch, ID, 60).await.unwrap().unwrap();
    let before = reset_peak();
    let fetched = tokio::task::spawn_blocking(move || fetch(&origin, &format!("/f/{token}"))).await.unwrap();
    assert_eq!(fetched, FILE_BYTES);
    let grown = peak().saturating_sub(before);
    assert!(grown < GROWTH_BYTES_MAX, "fetching it took {grown} bytes of memory");
}
