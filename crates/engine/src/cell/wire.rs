//! What parent and cell say to each other: frames of one kind byte, a 32-bit little-endian length and a payload.
//!
//! A call is one `Call` frame, then the source in `Bytes` frames, then `End`. The answer is `Value` frames that together hold
//! one postcard value, for a part followed by its content in `Bytes` frames, and then `Done`; or `Failed`. A cell that
//! seals or opens a mail may ask for a private operation before its answer, with `Ask`, and waits for `Told`. Neither side
//! speaks while the other does, so the two pipes cannot fill up against each other.

use crate::cell::settings::{Sandbox, SandboxState};
use crate::past::Form;
use mail::letter_mark::LetterKey;
use seal::key::asked::Operation;
use serde::{Deserialize, Serialize};
use zeroize::Zeroize;

/// Upper bound of a frame's payload; a longer one is nonsense and ends the cell.
pub(super) const FRAME_BYTES_MAX: usize = 64 * 1024;
/// Kind and length.
pub(super) const HEAD_BYTES: usize = 5;

/// What a frame holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u8)]
pub(super) enum Kind {
    Hello = 1,
    Greeting = 2,
    Call = 3,
    Bytes = 4,
    End = 5,
    Value = 6,
    Done = 7,
    Failed = 8,
    Ask = 9,
    Told = 10,
}

impl Kind {
    fn from_byte(byte: u8) -> Option<Kind> {
        const ALL: [Kind; 10] = [
            Kind::Hello,
            Kind::Greeting,
            Kind::Call,
            Kind::Bytes,
            Kind::End,
            Kind::Value,
            Kind::Done,
            Kind::Failed,
            Kind::Ask,
            Kind::Told,
        ];
        ALL.into_iter().find(|kind| *kind as u8 == byte)
    }
}

/// Kind and payload length of a frame; `None` when either is out of bounds.
pub(super) fn head(bytes: [u8; HEAD_BYTES]) -> Option<(Kind, usize)> {
    let [kind, a, b, c, d] = bytes;
    let length = usize::try_from(u32::from_le_bytes([a, b, c, d])).ok()?;
    Some((Kind::from_byte(kind)?, length)).filter(|(_, length)| *length <= FRAME_BYTES_MAX)
}

/// Appends one frame. The payload is at most [`FRAME_BYTES_MAX`] long; [`put_pieces`] cuts longer ones.
pub(super) fn put_frame(out: &mut Vec<u8>, kind: Kind, payload: &[u8]) {
    debug_assert!(payload.len() <= FRAME_BYTES_MAX);
    out.push(kind as u8);
    out.extend_from_slice(&(payload.len() as u32).to_le_bytes());
    out.extend_from_slice(payload);
}

/// Appends as many frames of this kind as the payload needs, none for an empty one.
pub(super) fn put_pieces(out: &mut Vec<u8>, kind: Kind, payload: &[u8]) {
    for piece in payload.chunks(FRAME_BYTES_MAX) {
        put_frame(out, kind, piece);
    }
}

/// Appends one frame that holds a value, or says that the value is too long for one.
pub(super) fn put_value(out: &mut Vec<u8>, kind: Kind, value: &impl Serialize) -> Result<(), postcard::Error> {
    let payload = postcard::to_stdvec(value)?;
    if payload.len() > FRAME_BYTES_MAX {
        return Err(postcard::Error::SerializeBufferFull);
    }
    put_frame(out, kind, &payload);
    Ok(())
}

/// The first thing a cell hears: its limits.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct Hello {
    pub memory_bytes_max: u64,
    pub stack_bytes: u64,
    pub cpu_s_first: u64,
    pub cpu_s_max: u64,
    pub source_bytes_max: u64,
    pub answer_bytes_max: u64,
    pub part_bytes_max: u64,
    pub sandbox: Sandbox,
}

/// The first thing a cell says.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) enum Greeting {
    Ready(SandboxState),
    /// The kernel does not offer what [`Sandbox::Full`] demands.
    Refused(String),
}

/// What a text is, for [`Call::NewText`].
#[derive(Debug, Clone, Copy, Serialize, Deserialize)]
pub(super) enum TextFormat {
    Mail,
    Text,
    Html,
}

/// What was said before: the sizes of the texts, in the order in which they stand in the source.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub(super) struct Before {
    /// The key of the shingles, good for this one call.
    pub key: mail::HistoryKey,
    pub said: Vec<(Form, u32)>,
    pub letter_keys: Vec<LetterKey>,
}

/// What a cell is asked; the bytes in question follow as the source.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) enum Call {
    /// The encoded `MailOrder`, of so many bytes, comes first in the source, and the mail is opened by it; none when it is 0. So it is with
    /// `Part` and `ReplyAfter`. The answer is the reading with the doubts about its signers, as it is with what `Harvest` and `OpenWhole` tell.
    Read {
        limits: mail::Limits,
        order_bytes: u32,
    },
    /// Several mails one behind the other; their sizes in bytes.
    ReadMany {
        limits: mail::Limits,
        sizes: Vec<u32>,
    },
    Part {
        limits: mail::Limits,
        order_bytes: u32,
        path: String,
    },
    /// The texts of the past come first in the source, then the text in question.
    NewText {
        format: TextFormat,
        past: Before,
    },
    /// The reply of a mail; the source as with `NewText`, behind the order.
    ReplyAfter {
        limits: mail::Limits,
        order_bytes: u32,
        past: Before,
    },
    Sanitize,
    /// A mail with stand-ins for people, but for these addresses.
    Anonymous {
        limits: mail::Limits,
        kept: Vec<String>,
    },
    /// A letter; the source is the encoded order. It may take so much CPU time.
    Letter {
        cpu_ms_max: u32,
    },
    /// A mail to open; the encoded [`seal::order::OpenOrder`] comes first in the source.
    Open {
        order_bytes: u32,
    },
    /// A mail that is handed on opened; the encoded `MailOrder` comes first in the source.
    OpenWhole {
        limits: mail::Limits,
        order_bytes: u32,
    },
    /// A mail to seal, behind its encoded [`seal::order::SealOrder`].
    Seal {
        order_bytes: u32,
    },
    /// A list of revoked certificates, or an answer about one: whether it can be read.
    Revocation {
        is_list: bool,
    },
    /// The keys that a mail brings of its author, as [`Call::Read`] opens it; signatures are checked also without an order.
    Harvest {
        limits: mail::Limits,
        order_bytes: u32,
        author: String,
        now: u64,
    },
    /// A file of keys that a stranger serves; what of it is for this address at this time.
    Keys {
        address: String,
        now: u64,
    },
    /// A file of keys that somebody brings; what of it is for this address, with what has to be known before it is kept.
    Brought {
        address: String,
        now: u64,
    },
    #[cfg(feature = "misbehave")]
    Misbehave(crate::cell::misbehave::Misbehaviour),
}

/// What a cell asks for in the middle of a call: an operation on the key of this number.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct Asked {
    pub key: u32,
    pub operation: Operation,
}

/// What came of it; nothing when the key refused.
#[derive(Serialize, Deserialize)]
pub(super) struct Told {
    pub made: Option<Vec<u8>>,
}

impl Drop for Told {
    fn drop(&mut self) {
        self.made.zeroize();
    }
}

/// The end of an answer.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct Done {
    /// CPU time of the cell since its start.
    pub cpu_us: u64,
}

/// Why there is no answer. Holds nothing of the content.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) enum Failure {
    /// A bug of ours; `at` is the place in the source code.
    Panicked {
        at: String,
    },
    AnswerTooLarge,
    PartTooLarge,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_frame_longer_than_the_limit_is_nonsense() {
        let length = |n: u32| {
            let [a, b, c, d] = n.to_le_bytes();
            head([Kind::Bytes as u8, a, b, c, d])
        };
        assert_eq!(length(0), Some((Kind::Bytes, 0)));
        assert_eq!(length(FRAME_BYTES_MAX as u32), Some((Kind::Bytes, FRAME_BYTES_MAX)));
        assert_eq!(length(FRAME_BYTES_MAX as u32 + 1), None);
        assert_eq!(length(u32::MAX), None);
    }

    #[test]
    fn an_unknown_kind_is_nonsense() {
        for byte in (11..=255).chain([0]) {
            assert_eq!(head([byte, 0, 0, 0, 0]), None, "kind {byte}");
        }
    }

    #[test]
    fn a_long_payload_is_cut_into_frames_within_the_limit() {
        let mut out = Vec::new();
        put_pieces(&mut out, Kind::Value, &vec![7; 2 * FRAME_BYTES_MAX + 1]);
        assert_eq!(out.len(), 3 * HEAD_BYTES + 2 * FRAME_BYTES_MAX + 1);
    }
}
