//! The cells as the engine's reader of stored mails, which opens those that came sealed to a mailbox with keys.

use crate::cell::harvest::Gathered;
use crate::cell::pool::Cells;
use crate::cell::source::Source;
use crate::opening::{Opener, Openings, Peeked};
use crate::{Past, Reader};
use bytes::Bytes;
use futures_util::future::BoxFuture;
use policy::{Fault, FaultCode};
use store::ContentReader;
use tokio::sync::mpsc;

/// Everybody who reads a stored mail does so by this: what it says, its parts and its reply are those of the opened mail, for all alike.
#[derive(Clone)]
pub struct MailReader {
    cells: Cells,
    openings: Openings,
}

impl MailReader {
    pub fn new(cells: Cells, openings: Openings) -> MailReader {
        MailReader { cells, openings }
    }

    /// With what this mail is opened, and its bytes once more; nothing where its mailbox has no keys.
    async fn opener(
        &self,
        raw: ContentReader,
        limits: &mail::Limits,
    ) -> Result<(Option<Opener>, Peeked<ContentReader>), Fault> {
        let keyring = raw.mailbox().and_then(|mailbox| self.openings.of(mailbox));
        let Some(keyring) = keyring else { return Ok((None, Peeked::untouched(raw))) };
        let (head, raw) = Peeked::head_of(raw, limits.header_bytes_max).await?;
        let headers = self.cells.read(head.as_slice(), limits).await?.message.headers;
        let people = headers.from.iter().chain(&headers.sender).map(|one| one.address.as_str()).collect::<Vec<_>>();
        Ok((Some(keyring.opener(&people).await?), raw))
    }
}

impl Reader for MailReader {
    fn read<'a>(&'a self, raw: ContentReader, limits: &'a mail::Limits) -> BoxFuture<'a, Result<mail::Reading, Fault>> {
        Box::pin(async move {
            let (opener, raw) = self.opener(raw, limits).await?;
            let reading = self.cells.read_opened(raw, limits, opener.as_ref()).await?;
            if let (Some(opener), Some(opened)) = (&opener, &reading.message.opened) {
                opener.check(opened)?;
            }
            Ok(reading)
        })
    }

    fn harvest<'a>(
        &'a self,
        raw: ContentReader,
        limits: &'a mail::Limits,
        author: (&'a str, u64),
    ) -> BoxFuture<'a, Result<Gathered, Fault>> {
        Box::pin(async move {
            let (opener, raw) = self.opener(raw, limits).await?;
            self.cells.harvest(raw, limits, author, opener.as_ref()).await
        })
    }

    fn reply_after<'a>(
        &'a self,
        raw: ContentReader,
        limits: &'a mail::Limits,
        past: &'a Past,
    ) -> BoxFuture<'a, Result<Option<mail::Reply>, Fault>> {
        Box::pin(async move {
            let (opener, raw) = self.opener(raw, limits).await?;
            self.cells.reply_after_opened(raw, limits, past, opener.as_ref()).await
        })
    }

    fn part<'a>(
        &'a self,
        raw: ContentReader,
        limits: &'a mail::Limits,
        path: &'a str,
        pieces: mpsc::Sender<Bytes>,
    ) -> BoxFuture<'a, Result<u64, Fault>> {
        Box::pin(async move {
            let (opener, raw) = self.opener(raw, limits).await?;
            let part = self.cells.open_part_opened(raw, limits, path, opener.as_ref()).await?;
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
