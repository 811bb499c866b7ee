//! What a message says: bytes in, values out; no I/O, no clock, no randomness of its own.

pub mod message;

pub use message::{
    Address, Attendee, Automatic, AutomaticKind, Bounce, BouncedRecipient, Calendar, Envelope, Forward, Headers, Hidden,
    HiddenKind, Message, Part, Reply,
};

/// Bounds on what reading a mail may cost; each is a named setting (SEC-20 to SEC-22).
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Limits {
    pub header_bytes_max: usize,
    pub header_fields_max: usize,
    pub addresses_max: usize,
    pub depth_max: usize,
    pub parts_max: usize,
}

impl Default for Limits {
    fn default() -> Limits {
        Limits { header_bytes_max: 256 * 1024, header_fields_max: 1000, addresses_max: 1000, depth_max: 20, parts_max: 1000 }
    }
}

/// A message together with what its sender newly wrote.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Reading {
    pub message: Message,
    pub reply: Reply,
    /// Set when a limit was overstepped: the message is quarantined with its raw bytes kept.
    pub too_complex: Option<String>,
}

/// What can be known of a mail from its header block alone, within bounds; safe to call outside a cell.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Identity {
    pub message_id: Option<String>,
    /// `References` then `In-Reply-To`, oldest first, without doubles, at most 20.
    pub refers_to: Vec<String>,
}

/// Reads a mail. Total: never fails, never panics; what was wrong stands in `faults`.
pub fn read(raw: &[u8], limits: &Limits) -> Reading {
    let _ = (raw, limits);
    unimplemented!("being written")
}

/// The transfer-decoded content of one part, by its path.
pub fn part(raw: &[u8], limits: &Limits, path: &str) -> Option<Vec<u8>> {
    let _ = (raw, limits, path);
    unimplemented!("being written")
}

/// Scans the header block of a mail (of which `head` is a prefix of at most 256 KiB) for its ids; linear, bounded.
pub fn identity(head: &[u8]) -> Identity {
    let _ = head;
    unimplemented!("being written")
}
