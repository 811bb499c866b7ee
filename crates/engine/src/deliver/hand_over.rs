//! Hands the bytes of one letter to a server: what was composed, and what of it is stored, streamed and never whole in memory unless it is sealed.

use super::cleared::clear;
use super::graph;
use super::sent::Sent;
use super::shelf::Turn;
use crate::gateway::Shared;
use crate::held::Held;
use crate::sealing::letters::LetterNature;
use crate::site::Site;
use bytes::Bytes;
use courier::submit::Shape;
use mail::Envelope;
use mail::compose::Composed;
use policy::{Fault, FaultCode, FaultKind};
use store::ContentReader;
use tokio::sync::mpsc;

/// Pieces of at most 64 KiB that wait for the server.
const PIECES_WAITING: usize = 4;

/// A letter's bytes.
pub(crate) struct Content {
    /// What stands around the stored part, or all there is.
    pub(crate) composed: Composed,
    /// The stored part and its size.
    pub(crate) stored: Option<(ContentReader, u64)>,
    /// Without octets above 127. Where that is not known without reading it twice, 8BITMIME is asked for where it is offered.
    pub(crate) is_ascii: bool,
}

impl Content {
    pub(super) fn shape(&self) -> Shape {
        let around = (self.composed.before.len() + self.composed.after.len()) as u64;
        let stored = self.stored.as_ref().map_or(0, |(_, size_bytes)| *size_bytes);
        Shape { size_bytes: around + stored, is_ascii: self.is_ascii, utf8: false }
    }

    /// All of it, for whoever cannot take pieces; its size has to be looked at before.
    pub(super) async fn whole(self) -> Result<Vec<u8>, Fault> {
        let (mut pieces, pouring) = self.pour();
        let collecting = async move {
            let mut whole = Vec::new();
            while let Some(piece) = pieces.recv().await {
                whole.extend_from_slice(&piece);
            }
            whole
        };
        let (poured, whole) = tokio::join!(pouring, collecting);
        poured.map(|()| whole)
    }

    /// Its pieces, and the work that pours them; to be waited for beside the sending.
    fn pour(self) -> (mpsc::Receiver<Bytes>, impl Future<Output = Result<(), Fault>>) {
        let (sender, receiver) = mpsc::channel(PIECES_WAITING);
        let Content { composed, stored, .. } = self;
        let pouring = async move {
            let gone = |_| Fault::temporary(FaultCode::PostUnreachable, "the connection ended while the mail was sent");
            sender.send(composed.before.into()).await.map_err(gone)?;
            if let Some((mut stored, _)) = stored {
                while let Some(piece) = stored.next().await? {
                    sender.send(piece.into()).await.map_err(gone)?;
                }
            }
            sender.send(composed.after.into()).await.map_err(gone)
        };
        (receiver, pouring)
    }
}

/// Sends one letter to its recipient, sealed as the rules of its site say.
pub(crate) async fn hand_over(
    shared: &Shared,
    of: (&Site, &LetterNature),
    turn: &Turn<'_>,
    held: &Held,
    envelope: &Envelope,
    content: Content,
) -> Result<Sent, Fault> {
    let cleared = clear(shared, of, turn, held, envelope, content).await?;
    if let Some(server) = turn.graph() {
        return graph::hand_over(turn, server, held, envelope, cleared).await;
    }
    let lent = turn.offer(held, envelope, cleared.ticket()).await?;
    let size_bytes = cleared.shape().size_bytes;
    let (content, sealing) = cleared.into_parts();
    let (pieces, pouring) = content.pour();
    let (poured, sent) = tokio::join!(pouring, lent.hand_over(held, size_bytes, pieces));
    match (poured, sent) {
        // What is stored could not be read, and the connection was broken off before the final dot.
        (Err(fault), Err(sent)) if sent.kind == FaultKind::Temporary => Err(fault),
        (_, sent) => sent.map(|sent| sent.sealed(sealing)),
    }
}
