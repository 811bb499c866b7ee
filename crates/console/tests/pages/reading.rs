//! Reading mails in the test's own process; what a cell does to a hostile one is the engine's to test.

use console::reader::{Answer, BODY, Bytes, Part, Reader, View};
use policy::{Fault, FaultCode};
use store::ContentReader;
use tokio::sync::mpsc;

pub struct Direct;

impl Reader for Direct {
    fn view(&self, raw: ContentReader) -> Answer<'_, View> {
        Box::pin(async move {
            let raw = whole(raw).await?;
            if raw.starts_with(b"X-Test: die") {
                return Err(Fault::temporary(FaultCode::CellDied, "private-detail"));
            }
            let message = mail::read(&raw, &mail::Limits::default()).message;
            let parts = message.parts.into_iter().filter(|part| part.leaf).map(|part| Part {
                path: part.path,
                class: if part.name.is_none() { BODY.into() } else { "file".into() },
                name: part.name,
                content_type: part.content_type,
                true_type: part.true_type,
                content_id: part.content_id,
                size_bytes: part.size_bytes,
            });
            let from = message.headers.from.iter().map(|from| from.address.clone()).collect();
            Ok(View { from, text: message.text, html: message.html, parts: parts.collect() })
        })
    }

    fn part<'a>(&'a self, raw: ContentReader, path: &'a str, pieces: mpsc::Sender<Bytes>) -> Answer<'a, u64> {
        Box::pin(async move {
            let part = mail::part(&whole(raw).await?, &mail::Limits::default(), path);
            let part = part.ok_or_else(|| Fault::permanent(FaultCode::TooComplex, "no such part"))?;
            for piece in part.chunks(64 * 1024) {
                if pieces.send(Bytes::copy_from_slice(piece)).await.is_err() {
                    break;
                }
            }
            Ok(part.len() as u64)
        })
    }
}

async fn whole(mut raw: ContentReader) -> Result<Vec<u8>, Fault> {
    let mut bytes = Vec::new();
    while let Some(piece) = raw.next().await? {
        bytes.extend_from_slice(&piece);
    }
    Ok(bytes)
}
