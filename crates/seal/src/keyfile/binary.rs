//! Numbers and strings of a length that stands before them, as formats have them that are no ASN.1.

use super::Problem;
use crate::Trouble;

pub(super) const NO_KEY_FILE: Trouble = Trouble::Malformed("it is no file of keys that we know");
const ENDS: Problem = Problem::Trouble(Trouble::Malformed("the file ends too early"));

/// What is still to be read.
#[derive(Debug, Clone, Copy)]
pub(super) struct Bytes<'a>(pub(super) &'a [u8]);

impl<'a> Bytes<'a> {
    pub(super) fn take(&mut self, len: usize) -> Result<&'a [u8], Problem> {
        let (taken, rest) = self.0.split_at_checked(len).ok_or(ENDS)?;
        self.0 = rest;
        Ok(taken)
    }

    pub(super) fn byte(&mut self) -> Result<u8, Problem> {
        Ok(self.take(1)?[0])
    }

    pub(super) fn u16(&mut self) -> Result<u16, Problem> {
        let bytes = self.take(2)?;
        Ok(u16::from_be_bytes([bytes[0], bytes[1]]))
    }

    pub(super) fn u32(&mut self) -> Result<u32, Problem> {
        let bytes = self.take(4)?;
        Ok(u32::from_be_bytes([bytes[0], bytes[1], bytes[2], bytes[3]]))
    }

    /// As many bytes as the four before them say.
    pub(super) fn long(&mut self) -> Result<&'a [u8], Problem> {
        let len = usize::try_from(self.u32()?).map_err(|_| ENDS)?;
        self.take(len)
    }

    /// As many bytes as the two before them say; Java's strings.
    pub(super) fn short(&mut self) -> Result<&'a [u8], Problem> {
        let len = self.u16()?;
        self.take(len.into())
    }
}
