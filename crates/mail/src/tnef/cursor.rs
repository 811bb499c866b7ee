//! Reading forward through bytes of a stranger: every step may find the end, none goes past it.

use std::ops::Range;

/// A place in the bytes of a stream and the end up to which reading may go; ranges count within those bytes.
#[derive(Debug, Clone)]
pub(super) struct Cursor<'a> {
    pub bytes: &'a [u8],
    pub at: usize,
    end: usize,
}

impl<'a> Cursor<'a> {
    /// A cursor at the start of a range, which is made to fit the bytes.
    pub fn new(bytes: &'a [u8], range: Range<usize>) -> Cursor<'a> {
        let end = range.end.min(bytes.len());
        Cursor { bytes, at: range.start.min(end), end }
    }

    pub fn left(&self) -> usize {
        self.end - self.at
    }

    /// What has not been read.
    pub fn rest(&self) -> &'a [u8] {
        &self.bytes[self.at..self.end]
    }

    /// The next `n` bytes; `None` when there are fewer.
    pub fn take(&mut self, n: usize) -> Option<Range<usize>> {
        (n <= self.left()).then(|| self.take_at_most(n))
    }

    /// The next `n` bytes or those that are left.
    pub fn take_at_most(&mut self, n: usize) -> Range<usize> {
        let start = self.at;
        self.at += n.min(self.left());
        start..self.at
    }

    pub fn u8(&mut self) -> Option<u8> {
        self.take(1).map(|r| self.bytes[r.start])
    }

    pub fn u16(&mut self) -> Option<u16> {
        let range = self.take(2)?;
        self.bytes[range].try_into().ok().map(u16::from_le_bytes)
    }

    pub fn u32(&mut self) -> Option<u32> {
        let range = self.take(4)?;
        self.bytes[range].try_into().ok().map(u32::from_le_bytes)
    }

    /// A length or count; one that no address could hold is longer than what is left, too.
    pub fn length(&mut self) -> Option<usize> {
        self.u32().map(|n| usize::try_from(n).unwrap_or(usize::MAX))
    }
}
