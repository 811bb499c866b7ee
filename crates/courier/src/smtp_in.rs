//! Our own SMTP and LMTP listener: 250 is said only after the gate has made the mail durable.

use mail::Envelope;
use std::future::Future;

/// A reply that refuses something: `code` (RFC 5321, section 4.2), enhanced status (RFC 3463) and a text without secrets.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refusal {
    pub code: u16,
    pub status: &'static str,
    pub text: String,
}

/// What the listener hands mail to.
pub trait Gate: Send + Sync + 'static {
    type Intake: Intake;

    /// May this recipient be written to? Asked at `RCPT TO`.
    fn recipient(&self, address: &str) -> impl Future<Output = Result<(), Refusal>> + Send;

    /// A mail is about to come: somewhere to put it, or a refusal (452 when there is no room).
    fn open(&self, envelope: Envelope) -> impl Future<Output = Result<Self::Intake, Refusal>> + Send;
}

/// One mail that is arriving. Dropped without `finish` it never was.
pub trait Intake: Send {
    /// A piece of the mail's bytes: dot-unstuffed, with CRLF line ends.
    fn write(&mut self, bytes: &[u8]) -> impl Future<Output = Result<(), Refusal>> + Send;

    /// The mail is complete: returns once it is durable, with a short id for the reply text.
    fn finish(self) -> impl Future<Output = Result<String, Refusal>> + Send;
}
