//! The cells as the engine's reader of stored mails.

use crate::cell::pool::Cells;
use crate::cell::source::Source;
use crate::{Past, Reader};
use bytes::Bytes;
use futures_util::future::BoxFuture;
use policy::{Fault, FaultCode};
use store::ContentReader;
use tokio::sync::mpsc;

impl Reader for Cells {
    fn read<'a>(&'a self, raw: ContentReader, limits: &'a mail::Limits) -> BoxFuture<'a, Result<mail::Reading, Fault>> {
        Box::pin(Cells::read(self, raw, limits))
    }

    fn reply_after<'a>(
        &'a self,
        raw: ContentReader,
        limits: &'a mail::Limits,
        past: &'a Past,
    ) -> BoxFuture<'a, Result<Option<mail::Reply>, Fault>> {
        Box::pin(Cells::reply_after(self, raw, limits, past))
    }

    fn part<'a>(
        &'a self,
        raw: ContentReader,
        limits: &'a mail::Limits,
        path: &'a str,
        pieces: mpsc::Sender<Bytes>,
    ) -> BoxFuture<'a, Result<u64, Fault>> {
        Box::pin(async move {
            let part = self.open_part(raw, limits, path).await?;
            let no_part = || Fault::permanent(FaultCode::TooComplex, "the mail has no such part");
            let mut part = part.ok_or_else(no_part)?;
            let mut handed_over = 0;
            while let Some(piece) = part.next().await? {
                let length = piece.len() as u64;
                if pieces.send(piece).await.is_err() {
                    break;
                }
                handed_over += length;
            }
            Ok(handed_over)
        })
    }
}
