//! What the engine needs of whatever reads mails and makes letters: the cells in a gateway.

use crate::Past;
use crate::cell::Gathered;
use bytes::Bytes;
use futures_util::future::BoxFuture;
use policy::Fault;
use policy::template::{Order, Rendered};
use store::ContentReader;
use tokio::sync::mpsc;

/// Makes letters of what they say. A template that is of no use gives way to its theme, and the letter says so.
pub trait LetterMaker: Send + Sync + 'static {
    /// # Errors
    /// Temporary when nothing can be made now; permanent `Internal` when the theme itself is wrong.
    fn render(&self, order: Order) -> BoxFuture<'_, Result<Rendered, Fault>>;
}

/// Reads stored mails. A mail that kills its reader yields a temporary fault `CellDied`; everything else is a reading.
pub trait Reader: Send + Sync + 'static {
    /// Reads a mail from its raw bytes.
    fn read<'a>(&'a self, raw: ContentReader, limits: &'a mail::Limits) -> BoxFuture<'a, Result<mail::Reading, Fault>>;

    /// The keys that a stored mail brings of its author, at this time in seconds since 1970; nothing where keys are not looked for.
    fn harvest<'a>(
        &'a self,
        _: ContentReader,
        _: &'a mail::Limits,
        _: (&'a str, u64),
    ) -> BoxFuture<'a, Result<Gathered, Fault>> {
        Box::pin(async { Ok(Gathered::default()) })
    }

    /// The reply of a stored mail, read anew in the light of what was said before; `None` for a mail over its limits.
    fn reply_after<'a>(
        &'a self,
        raw: ContentReader,
        limits: &'a mail::Limits,
        past: &'a Past,
    ) -> BoxFuture<'a, Result<Option<mail::Reply>, Fault>>;

    /// Streams the transfer-decoded content of one part into `pieces`, each at most 64 KiB; the number of bytes.
    ///
    /// When the receiver goes away the reading stops, and the number of bytes handed over so far is returned: why it
    /// went away is the receiver's to say.
    fn part<'a>(
        &'a self,
        raw: ContentReader,
        limits: &'a mail::Limits,
        path: &'a str,
        pieces: mpsc::Sender<Bytes>,
    ) -> BoxFuture<'a, Result<u64, Fault>>;
}
