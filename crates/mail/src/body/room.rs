//! How much of a body is read: what is read of a text stands in memory about ten times until it is told.

use crate::charset::{self, Decoded};

/// Bytes of text that are read of one mail's body, before and after its charset is undone. Of a longer one the start is
/// shown and the part goes along, so nothing is lost; trackers take some ten thousand characters.
const TEXT_BYTES_MAX: usize = 2_500_000;

pub(super) const TOO_LONG: &str = "the text is longer than is read: the part that holds all of it goes along";

/// What may still be read.
pub(super) struct Room {
    bytes: usize,
}

impl Room {
    pub fn new() -> Room {
        Room { bytes: TEXT_BYTES_MAX }
    }

    /// How many bytes may still be read.
    pub fn bytes(&self) -> usize {
        self.bytes
    }

    /// The start of a text without its charset, and whether that is all of it.
    pub fn decode(&mut self, bytes: &[u8], label: Option<&str>) -> (Decoded, bool) {
        let room = self.bytes;
        let start = start(bytes, room);
        let mut decoded = charset::decode(start, label);
        let is_whole = self.cut(&mut decoded.text) && start.len() == bytes.len();
        self.bytes = if is_whole { room - bytes.len().max(decoded.text.len()) } else { 0 };
        (decoded, is_whole)
    }

    /// Keeps as much of a text as there is room for; whether that is all of it.
    pub fn cut(&mut self, text: &mut String) -> bool {
        let is_whole = text.len() <= self.bytes;
        text.truncate(text.floor_char_boundary(self.bytes));
        self.bytes -= text.len();
        is_whole
    }
}

/// At most `bytes_max` bytes of the start of a text, cut after a line where one ends near.
fn start(bytes: &[u8], bytes_max: usize) -> &[u8] {
    const LINE_BYTES_MAX: usize = 4096;
    // No unit of a charset is longer.
    const UNIT_BYTES_MAX: usize = 4;
    if bytes.len() <= bytes_max {
        return bytes;
    }
    // UTF-16 has a NUL beside the line break, and is cut between its units; UTF-8 is cut between its characters.
    if bytes[..bytes_max.min(64)].contains(&0) {
        return &bytes[..bytes_max - bytes_max % UNIT_BYTES_MAX];
    }
    let near = bytes_max.saturating_sub(LINE_BYTES_MAX);
    let mut end = memchr::memrchr(b'\n', &bytes[near..bytes_max]).map_or(bytes_max, |end| near + end + 1);
    while end > 0 && bytes[end] & 0xc0 == 0x80 && bytes_max - end < UNIT_BYTES_MAX {
        end -= 1;
    }
    &bytes[..end]
}
