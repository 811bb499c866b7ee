//! What a message says: bytes in, values out; no I/O, no clock, no randomness of its own.

mod address;
mod anonymous;
mod attachment;
pub mod authenticity;
mod automatic;
mod body;
mod bounce;
mod calendar;
mod charset;
mod codepage;
pub mod compose;
mod data_picture;
mod date;
pub mod document;
mod encoded;
mod escape;
mod field;
mod flowed;
mod forward;
mod header_value;
mod history;
mod html;
mod identity;
pub mod letter_mark;
mod link;
mod markup;
pub mod message;
mod name;
mod opened;
mod other_fields;
mod page;
mod parameter;
mod parse;
mod picture;
mod pretence;
mod reply;
mod report;
mod rtf;
mod scan;
mod sealed;
mod style;
mod tag;
mod thread;
mod tnef;
mod transfer;
mod uuencode;

pub use anonymous::{
    Anonymous, StandIns, addresses_in, anonymous, documented_ipv4, documented_ipv6, plain_ending, resembles_host,
};
pub use bounce::{is_refused_for_good, refusal};
pub use calendar::shown as calendar_shown;
pub use document::Document;
pub use escape::escaped;
pub use header_value::{HeaderValue, HeaderValueRefused};
pub use history::{History, HistoryKey, SHINGLES_MAX};
pub use html::{sanitize, sanitize_at, sanitize_with};
pub use identity::{Identity, identity, sent_at};
pub use message::{
    Address, Attendee, Autocrypt, Automatic, AutomaticKind, Bounce, BounceCause, BouncedRecipient, Calendar, Client,
    Envelope, Feedback, Forward, FoundMark, Headers, Hidden, HiddenKind, Message, OtherField, Part, PartClass, Pixels,
    Receipt, Reply, SealForm, SealScheme, Sealed, normalised,
};
pub use name::{is_direction_mark, is_unseen, safe_name};
pub use opened::{Opened, SignatureFound, Signed, Unopened, Worth};
pub use other_fields::FIELDS_MAX as OTHER_FIELDS_MAX;
pub use parse::{part, read, reply_after};
pub use picture::pixels;
pub use pretence::{Pretence, pretence};
pub use reply::{Format, new_text, new_text_after};

/// Bounds on what reading a mail may cost; each is a named setting (SEC-20 to SEC-22).
///
/// A mail that oversteps one of them is still read as far as its header goes, and its [`Reading`] says which. The one
/// exception is `addresses_max`: addresses beyond it are left unread with a fault, because a mail to a whole company
/// is long, not hostile.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Limits {
    /// Bytes of one header block, that of the mail or of any part.
    pub header_bytes_max: usize,
    /// Fields of one header block.
    pub header_fields_max: usize,
    /// Addresses that are taken from all header fields together.
    pub addresses_max: usize,
    /// Containers (multipart and message/rfc822) inside one another.
    pub depth_max: usize,
    /// Nodes of the MIME tree, containers included.
    pub parts_max: usize,
}

impl Default for Limits {
    fn default() -> Limits {
        Limits {
            header_bytes_max: 256 * 1024,
            header_fields_max: 1000,
            addresses_max: 1000,
            depth_max: 20,
            parts_max: 1000,
        }
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
