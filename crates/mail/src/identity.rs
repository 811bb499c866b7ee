//! The identity of a mail: its own id and the ids it refers to, read from the header block alone.

use crate::date;
use crate::field::{self, Block, HEAD_BYTES_MAX};
use crate::thread;

/// Fields that are looked at; a mail with more is refused later anyway.
const FIELDS_MAX: usize = 10_000;

/// What can be known of a mail from its header block alone, within bounds; safe to call outside a cell.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Identity {
    pub message_id: Option<String>,
    /// `References` then `In-Reply-To`, oldest first, without doubles, at most 20.
    pub refers_to: Vec<String>,
}

/// Scans the header block of a mail (of which `head` is a prefix of at most 256 KiB) for its ids; linear, bounded.
///
/// ```
/// let found = mail::identity(b"Message-ID: <b@x>\r\nIn-Reply-To: <a@x>\r\n\r\nHello");
/// assert_eq!(found.message_id.as_deref(), Some("b@x"));
/// assert_eq!(found.refers_to, ["a@x"]);
/// ```
pub fn identity(head: &[u8]) -> Identity {
    let head = field::with_line_feeds(&head[..head.len().min(HEAD_BYTES_MAX)]);
    let block = Block::read_mail(&head, HEAD_BYTES_MAX, FIELDS_MAX);
    let mut refers_to: Vec<String> = block.all("References").flat_map(thread::ids).collect();
    let answered: Vec<String> = block.all("In-Reply-To").flat_map(thread::ids).collect();
    refers_to.extend(answered);
    Identity { message_id: block.get("Message-ID").and_then(thread::id), refers_to: thread::newest(refers_to) }
}

/// When a mail says that it was written (`Date`), read from its header block as [`identity`] does; RFC 3339, in UTC.
///
/// ```
/// let head = b"Date: Mon, 16 Nov 2026 08:12:44 +0100\r\n\r\n";
/// assert_eq!(mail::sent_at(head).as_deref(), Some("2026-11-16T07:12:44Z"));
/// ```
pub fn sent_at(head: &[u8]) -> Option<String> {
    let head = field::with_line_feeds(&head[..head.len().min(HEAD_BYTES_MAX)]);
    let block = Block::read_mail(&head, HEAD_BYTES_MAX, FIELDS_MAX);
    date::read(&String::from_utf8_lossy(block.get("Date")?)).map(|date| date.moment)
}
