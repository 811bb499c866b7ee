//! Reading mails in the test's own process, and mails that kill their reader.

use bytes::Bytes;
use engine::{LetterMaker, Past, Reader};
use futures_util::future::BoxFuture;
use mail::{Limits, Reading, Reply};
use policy::template::{Order, Rendered};
use policy::{Fault, FaultCode};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use store::ContentReader;
use tokio::sync::{Semaphore, mpsc};

/// Reads without cells. A mail with `X-Test: die` dies each time, one with `X-Test: panic` panics the first time.
#[derive(Default)]
pub struct Direct {
    pub reads: AtomicU64,
    panicked: AtomicBool,
}

impl Reader for Direct {
    fn read<'a>(&'a self, raw: ContentReader, limits: &'a Limits) -> BoxFuture<'a, Result<Reading, Fault>> {
        Box::pin(async move {
            self.reads.fetch_add(1, Ordering::SeqCst);
            let raw = whole(raw).await?;
            let has = |what: &str| String::from_utf8_lossy(&raw).contains(&format!("X-Test: {what}"));
            if has("die") {
                return Err(Fault::temporary(FaultCode::CellDied, "killed by the test"));
            }
            assert!(!has("panic") || self.panicked.swap(true, Ordering::SeqCst), "a panic that the test wants");
            Ok(mail::read(&raw, limits))
        })
    }

    fn reply_after<'a>(
        &'a self,
        raw: ContentReader,
        limits: &'a Limits,
        past: &'a Past,
    ) -> BoxFuture<'a, Result<Option<Reply>, Fault>> {
        Box::pin(async move { Ok(mail::reply_after(&whole(raw).await?, limits, &past.to_history([9; 16]))) })
    }

    fn part<'a>(
        &'a self,
        raw: ContentReader,
        limits: &'a Limits,
        path: &'a str,
        pieces: mpsc::Sender<Bytes>,
    ) -> BoxFuture<'a, Result<u64, Fault>> {
        Box::pin(async move {
            let part = mail::part(&whole(raw).await?, limits, path);
            let part = part.ok_or_else(|| Fault::permanent(FaultCode::TooComplex, "no such part"))?;
            let mut sent = 0;
            for piece in part.chunks(64 * 1024) {
                if pieces.send(Bytes::copy_from_slice(piece)).await.is_err() {
                    break;
                }
                sent += piece.len() as u64;
            }
            Ok(sent)
        })
    }
}

/// Reads only when it is let: a message stays undecided until then.
pub struct Gated {
    pub inner: Direct,
    pub gate: Semaphore,
}

impl Default for Gated {
    fn default() -> Gated {
        Gated { inner: Direct::default(), gate: Semaphore::new(0) }
    }
}

impl Reader for Gated {
    fn read<'a>(&'a self, raw: ContentReader, limits: &'a Limits) -> BoxFuture<'a, Result<Reading, Fault>> {
        Box::pin(async move {
            let _permit = self.gate.acquire().await;
            self.inner.read(raw, limits).await
        })
    }

    fn reply_after<'a>(
        &'a self,
        raw: ContentReader,
        limits: &'a Limits,
        past: &'a Past,
    ) -> BoxFuture<'a, Result<Option<Reply>, Fault>> {
        self.inner.reply_after(raw, limits, past)
    }

    fn part<'a>(
        &'a self,
        raw: ContentReader,
        limits: &'a Limits,
        path: &'a str,
        pieces: mpsc::Sender<Bytes>,
    ) -> BoxFuture<'a, Result<u64, Fault>> {
        self.inner.part(raw, limits, path, pieces)
    }
}

/// The whole stored mail, our own Received field included.
pub async fn whole(mut raw: ContentReader) -> Result<Vec<u8>, Fault> {
    let mut whole = Vec::new();
    while let Some(piece) = raw.next().await? {
        whole.extend_from_slice(&piece);
    }
    Ok(whole)
}

/// Makes letters without cells.
pub struct Themes;

impl LetterMaker for Themes {
    fn render(&self, order: Order) -> BoxFuture<'_, Result<Rendered, Fault>> {
        Box::pin(async move { Ok(policy::template::render(order).unwrap()) })
    }
}
