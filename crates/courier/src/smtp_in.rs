//! Our own SMTP and LMTP listener: 250 is said only after the gate has made the mail durable.

mod auth;
mod command;
mod data;
mod guesses;
mod limits;
mod listener;
mod refusals;
mod reply;
mod session;
mod settings;
mod trace;
mod transaction;

pub use crate::certificate::CertificateFiles;
pub use listener::{Counts, Listener};
pub use refusals::Refusals;
pub use settings::{Endpoint, Protocol, Settings, Tls};

use mail::{Client, Envelope};
use std::future::Future;
use std::net::IpAddr;

/// A reply that refuses something: `code` (RFC 5321, section 4.2), enhanced status (RFC 3463) and a text without secrets.
///
/// The listener makes it safe to send: control characters become spaces, and a code outside 400 to 599 becomes 451.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refusal {
    pub code: u16,
    pub status: &'static str,
    pub text: String,
}

impl Refusal {
    pub(crate) fn new(code: u16, status: &'static str, text: impl Into<String>) -> Refusal {
        Refusal { code, status, text: text.into() }
    }
}

/// A mail that is announced by `MAIL FROM`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Opening {
    /// None is the null sender.
    pub mail_from: Option<String>,
    pub client: Client,
    /// Who signed in by `AUTH`.
    pub account: Option<String>,
    /// Announced octets, 0 when not announced.
    pub size_bytes: u64,
    /// It comes under SMTPUTF8 (RFC 6531).
    pub utf8: bool,
}

/// What a client may be told at `EHLO` that not every gate can keep: who passes mail on takes no more than the next hop does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Extensions {
    /// RFC 6152.
    pub eight_bit_mime: bool,
    /// RFC 6531.
    pub smtp_utf8: bool,
}

impl Extensions {
    pub const ALL: Extensions = Extensions { eight_bit_mime: true, smtp_utf8: true };
}

/// What the listener hands mail to.
pub trait Gate: Send + Sync + 'static {
    type Intake: Intake;

    /// What is kept of a mail between `MAIL` and `DATA`. Dropped before `open` the mail never was.
    type Begun: Send;

    /// May a client of this address speak at all? None is a local socket. Everybody by default.
    fn admits(&self, ip: Option<IpAddr>) -> bool {
        let _ = ip;
        true
    }

    /// What is offered to clients at this moment. All by default.
    fn extensions(&self) -> Extensions {
        Extensions::ALL
    }

    /// A mail is announced.
    fn begin(&self, opening: Opening) -> impl Future<Output = Result<Self::Begun, Refusal>> + Send;

    /// May this recipient be written to? Asked at `RCPT TO`.
    fn recipient(&self, begun: &mut Self::Begun, address: &str) -> impl Future<Output = Result<(), Refusal>> + Send;

    /// A mail is about to come: somewhere to put it, or a refusal (452 when there is no room).
    fn open(
        &self,
        begun: Self::Begun,
        envelope: Envelope,
    ) -> impl Future<Output = Result<Self::Intake, Refusal>> + Send;

    /// Is this the password of that account? Asked at `AUTH`, only over TLS or from this machine. Nobody by default.
    fn authenticate(&self, user: &str, password: &str) -> impl Future<Output = bool> + Send {
        let _ = (user, password);
        async { false }
    }
}

/// One mail that is arriving. Dropped without `finish` it never was.
pub trait Intake: Send {
    /// Letters and digits by which this mail will be known in answers and logs, where that is known before it comes: it stands in our
    /// `Received`, too. The listener makes one up otherwise.
    fn id(&self) -> Option<&str> {
        None
    }

    /// Our own `Received` header field for this mail: complete, folded, with its final CRLF. Called once, before the
    /// first `write`. It belongs before the mail, but not into the digest by which a mail is known again.
    fn received(&mut self, line: &str);

    /// A piece of the mail's bytes: dot-unstuffed, with CRLF line ends.
    fn write(&mut self, bytes: &[u8]) -> impl Future<Output = Result<(), Refusal>> + Send;

    /// The mail is complete: returns once it is durable, with a short id for the reply text.
    fn finish(self) -> impl Future<Output = Result<String, Refusal>> + Send;
}
