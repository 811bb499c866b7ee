//! Stands where a test needs neither cells nor what they do.

use engine::{LetterMaker, Past, Reader};
use futures_util::future::BoxFuture;
use mail::{Limits, Reading, Reply};
use policy::template::{Order, Rendered};
use policy::{Fault, FaultCode};
use store::ContentReader;
use tokio::sync::mpsc;

/// Neither reads nor renders: for a process that only takes in.
pub struct Nobody;

fn unread<T>() -> BoxFuture<'static, Result<T, Fault>> {
    Box::pin(async { Err(Fault::permanent(FaultCode::CellUnavailable, "nothing is read here")) })
}

impl LetterMaker for Nobody {
    fn render(&self, _: Order) -> BoxFuture<'_, Result<Rendered, Fault>> {
        unread()
    }
}

impl Reader for Nobody {
    fn read<'a>(&'a self, _: ContentReader, _: &'a Limits) -> BoxFuture<'a, Result<Reading, Fault>> {
        unread()
    }

    fn reply_after<'a>(
        &'a self,
        _: ContentReader,
        _: &'a Limits,
        _: &'a Past,
    ) -> BoxFuture<'a, Result<Option<Reply>, Fault>> {
        unread()
    }

    fn part<'a>(
        &'a self,
        _: ContentReader,
        _: &'a Limits,
        _: &'a str,
        _: mpsc::Sender<bytes::Bytes>,
    ) -> BoxFuture<'a, Result<u64, Fault>> {
        unread()
    }
}
