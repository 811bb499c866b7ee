//! The client as the engine's voice to a site.

use crate::cell::Source;
use crate::speak::speaker::Speaker;
use crate::{Go, Voice};
use bytes::Bytes;
use futures_util::future::BoxFuture;
use policy::Fault;
use tokio::sync::mpsc;
use tracker::{Request, Response};

impl Voice for Speaker {
    fn is_parked(&self) -> bool {
        self.parked().is_err()
    }

    fn say<'a>(&'a self, request: &'a Request) -> BoxFuture<'a, Result<Response, Fault>> {
        Box::pin(Speaker::say(self, request))
    }

    fn say_if<'a>(&'a self, request: &'a Request, go: Go<'a>) -> BoxFuture<'a, Result<Response, Fault>> {
        Box::pin(Speaker::say_if(self, request, go))
    }

    fn say_for_file<'a>(
        &'a self,
        request: &'a Request,
        bytes_max: u64,
        pieces: mpsc::Sender<Bytes>,
    ) -> BoxFuture<'a, Result<Response, Fault>> {
        Box::pin(Speaker::say_for_file(self, request, bytes_max, pieces))
    }

    fn say_with_file<'a>(
        &'a self,
        request: &'a Request,
        size_bytes: u64,
        pieces: mpsc::Receiver<Bytes>,
        go: Go<'a>,
    ) -> BoxFuture<'a, Result<Response, Fault>> {
        Box::pin(Speaker::say_with_file(self, request, size_bytes, Received(pieces), go))
    }
}

/// Pieces that another task hands over; why they end early is that task's to say.
struct Received(mpsc::Receiver<Bytes>);

impl Source for Received {
    async fn next(&mut self) -> Result<Option<Bytes>, Fault> {
        Ok(self.0.recv().await)
    }
}
