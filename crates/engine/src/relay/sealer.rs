//! The seam to sealing: what becomes of a mail that is relayed, asked for each recipient.

use super::memory::{CopyRoom, Memory};
use super::opens::OpenedCopy;
use bytes::Bytes;
use futures_util::future::BoxFuture;
use mail::{Client, Headers};
use policy::Fault;
use std::sync::Arc;
use tokio::sync::OnceCell;

/// A mail as it was handed in.
#[derive(Debug, Clone)]
pub struct Submitted {
    /// By which the log knows it.
    pub id: String,
    /// [`store::NO_SITE`] where the relay is of no site.
    pub site: String,
    /// The name of the relay.
    pub relay: String,
    /// As the client sent it: dots undone, lines end with CRLF, without our own `Received`.
    pub bytes: Bytes,
    /// None is the null sender.
    pub envelope_from: Option<String>,
    /// Who signed in.
    pub account: Option<String>,
    pub client: Client,
    /// How many recipients the client named: each is asked for by itself.
    pub recipients: usize,
    /// Its header once somebody has read it, for all recipients.
    pub headers: Arc<OnceCell<Headers>>,
    /// Without what it was sealed in, once somebody has opened it, for all recipients.
    pub(super) opened: Arc<OnceCell<OpenedCopy>>,
    /// Where copies take their room.
    pub(super) memory: Arc<Memory>,
}

impl Submitted {
    /// Room for a copy of about so many bytes, which is taken before the copy is made: so many recipients need no more than there is.
    ///
    /// # Errors
    /// Temporary `QueueFull` when there is no such room now; the client is told 452.
    pub fn room_for(&self, bytes: usize) -> Result<CopyRoom, Fault> {
        CopyRoom::take(&self.memory, bytes)
    }
}

/// What was done to a copy; counted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Sealing {
    /// Nothing, as a rule said.
    Plain,
    Signed,
    Encrypted,
    SignedAndEncrypted,
    /// It came sealed, and was opened.
    Opened,
    /// The same, and nothing proves its content, so its text alone is left.
    CutToText,
    /// It came sealed and stays closed.
    Unopened,
}

/// What becomes of a mail for one recipient. A `why` is said to the client or in the log: it is one line, without content, addresses or secrets.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Fate {
    /// This copy is handed on: a whole mail, without our own `Received`. Copies that share bytes share a transaction. Each that is not the
    /// mail itself has its room by [`Submitted::room_for`].
    HandOn { copy: Bytes, sealing: Sealing },
    /// A problem report or a notice that is only a link goes in its place; the client hears 250 all the same.
    Replace { copy: Bytes, why: String },
    /// Not now: the client hears 451 and tries again. The others get theirs meanwhile.
    Hold { why: String },
    /// Not at all: 550, or a report to the sender where others got theirs.
    Refuse { why: String },
}

/// Decides and seals. Whatever goes wrong in it, a panic included, is 451 for the whole mail: nothing leaves plain by an error.
pub trait Sealer: Send + Sync + 'static {
    /// Looks up what others have to be asked for, before there is a turn to seal: whoever answers slowly keeps nobody from his turn.
    /// What is not found out by it is looked up while it is sealed.
    fn look_up<'a>(&'a self, _mail: &'a Submitted, _recipient: &'a str) -> BoxFuture<'a, ()> {
        Box::pin(std::future::ready(()))
    }

    /// Whether what rules held back may be given to it: only whoever asks rules anew lets it go as they say.
    fn may_release_held(&self) -> bool {
        false
    }

    /// What becomes of the mail for this recipient. It is dropped where it takes longer than the client waits.
    ///
    /// # Errors
    /// Of any kind; none of them is told to the client but by its code.
    fn seal<'a>(&'a self, mail: &'a Submitted, recipient: &'a str) -> BoxFuture<'a, Result<Fate, Fault>>;
}

/// Seals nothing: each mail is handed on as it came, because the settings say so.
#[derive(Debug, Clone, Copy, Default)]
pub struct Unsealed;

impl Sealer for Unsealed {
    fn seal<'a>(&'a self, mail: &'a Submitted, _recipient: &'a str) -> BoxFuture<'a, Result<Fate, Fault>> {
        let fate = Fate::HandOn { copy: mail.bytes.clone(), sealing: Sealing::Plain };
        Box::pin(std::future::ready(Ok(fate)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_seals_nothing_releases_nothing_that_was_held() {
        assert!(!Unsealed.may_release_held());
    }
}
