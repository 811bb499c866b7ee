//! Bytes on their way in pieces, so that no mail and no attachment is ever whole in the parent.

use bytes::Bytes;
use policy::Fault;
use std::future::Future;

/// Upper bound of one piece, in bytes.
pub const PIECE_BYTES_MAX: usize = 64 * 1024;

/// Where bytes come from.
pub trait Source: Send {
    /// The next piece, at most [`PIECE_BYTES_MAX`] long and never empty; `None` at the end.
    fn next(&mut self) -> impl Future<Output = Result<Option<Bytes>, Fault>> + Send;
}

/// Where bytes go.
pub trait Sink: Send {
    /// Takes one piece; the producer waits until this returns, which is how a slow sink slows it down.
    fn put(&mut self, piece: Bytes) -> impl Future<Output = Result<(), Fault>> + Send;
}

impl Source for store::ContentReader {
    async fn next(&mut self) -> Result<Option<Bytes>, Fault> {
        Ok(store::ContentReader::next(self).await?.map(Bytes::from))
    }
}

impl Source for &[u8] {
    async fn next(&mut self) -> Result<Option<Bytes>, Fault> {
        if self.is_empty() {
            return Ok(None);
        }
        let (piece, rest) = self.split_at(self.len().min(PIECE_BYTES_MAX));
        *self = rest;
        Ok(Some(Bytes::copy_from_slice(piece)))
    }
}

impl<S: Source + ?Sized> Source for &mut S {
    async fn next(&mut self) -> Result<Option<Bytes>, Fault> {
        (**self).next().await
    }
}

impl Sink for Vec<u8> {
    async fn put(&mut self, piece: Bytes) -> Result<(), Fault> {
        self.extend_from_slice(&piece);
        Ok(())
    }
}

impl<S: Sink + ?Sized> Sink for &mut S {
    async fn put(&mut self, piece: Bytes) -> Result<(), Fault> {
        (**self).put(piece).await
    }
}
