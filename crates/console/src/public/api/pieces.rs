//! The mail in a request, piece by piece, within the limits of size, silence and time.

use super::line_ends::LineEnds;
use super::{Limits, Problem, request};
use axum::body::{Body, BodyDataStream};
use futures_util::StreamExt;
use policy::FaultCode;
use std::time::Instant;

/// A mail that is arriving.
pub(super) struct Pieces<'l> {
    body: BodyDataStream,
    line_ends: LineEnds,
    /// The piece that was given out last.
    piece: Vec<u8>,
    size_bytes: u64,
    begun: Instant,
    limits: &'l Limits,
}

impl<'l> Pieces<'l> {
    pub(super) fn of(body: Body, limits: &'l Limits) -> Pieces<'l> {
        let (body, line_ends, begun) = (body.into_data_stream(), LineEnds::default(), Instant::now());
        Pieces { body, line_ends, piece: Vec::new(), size_bytes: 0, begun, limits }
    }

    /// The next piece, with the line ends of mail; `None` at the end. A request without a mail in it is refused there.
    pub(super) async fn take(&mut self) -> Result<Option<&[u8]>, Problem> {
        let left = self.limits.mail_timeout.saturating_sub(self.begun.elapsed()).min(self.limits.silence_max);
        let piece = match tokio::time::timeout(left, self.body.next()).await {
            Err(_) => return Err(Problem::of(FaultCode::RequestSlow)),
            Ok(None) if self.size_bytes == 0 => return Err(request::nothing()),
            Ok(None) => return Ok(None),
            Ok(Some(Err(_))) => return Err(Problem::wrong("The mail broke off.")),
            Ok(Some(Ok(piece))) => piece,
        };
        self.piece.clear();
        self.line_ends.push(&piece, &mut self.piece);
        self.size_bytes += self.piece.len() as u64;
        match self.size_bytes > self.limits.size_bytes_max {
            true => Err(Problem::of(FaultCode::MailTooLarge)),
            false => Ok(Some(self.piece.as_slice())),
        }
    }
}
