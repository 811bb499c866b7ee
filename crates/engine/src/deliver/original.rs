//! The original mail inside a letter that hands it on: streamed, never whole in memory.

use bytes::Bytes;
use mail::compose::Composed;
use policy::{Fault, FaultCode};
use store::ContentReader;
use tokio::sync::mpsc;

/// Pieces of at most 64 KiB that wait for the server.
const PIECES_WAITING: usize = 4;

/// The pieces of a letter with its original, and the work that pours them; to be waited for beside the sending.
pub(super) fn pour(
    mut raw: ContentReader,
    composed: Composed,
) -> (mpsc::Receiver<Bytes>, impl Future<Output = Result<(), Fault>>) {
    let (sender, receiver) = mpsc::channel(PIECES_WAITING);
    let pouring = async move {
        let gone = |_| Fault::temporary(FaultCode::PostUnreachable, "the connection ended while the mail was sent");
        sender.send(composed.before.into()).await.map_err(gone)?;
        while let Some(piece) = raw.next().await? {
            sender.send(piece.into()).await.map_err(gone)?;
        }
        sender.send(composed.after.into()).await.map_err(gone)
    };
    (receiver, pouring)
}
