//! The attributes of a TNEF stream ([MS-OXTNEF], section 2.1.3): a level, a number, bytes and a sum over them.

use super::cursor::Cursor;
use super::note;
use std::ops::Range;

/// The first four bytes of every stream, little-endian.
const SIGNATURE: [u8; 4] = 0x223E_9F78_u32.to_le_bytes();

/// Bytes before the first attribute: the signature and a key that nothing needs.
const HEAD_BYTES: usize = 6;

/// A level, an id and a length.
const ATTRIBUTE_HEAD_BYTES: usize = 9;

const CUT_SHORT: &str = "winmail.dat is cut short";

/// Ids of the attributes that are read: the kind of value above, a number below.
pub(super) mod id {
    pub const FROM: u32 = 0x0000_8000;
    pub const SUBJECT: u32 = 0x0001_8004;
    pub const MESSAGE_CLASS: u32 = 0x0007_8008;
    pub const BODY: u32 = 0x0002_800C;
    pub const ATTACH_DATA: u32 = 0x0006_800F;
    pub const ATTACH_TITLE: u32 = 0x0001_8010;
    pub const ATTACH_TRANSPORT_NAME: u32 = 0x0006_9001;
    pub const ATTACH_RENDERING: u32 = 0x0006_9002;
    pub const MESSAGE_PROPERTIES: u32 = 0x0006_9003;
    pub const RECIPIENTS: u32 = 0x0006_9004;
    pub const ATTACHMENT: u32 = 0x0006_9005;
    pub const OEM_CODEPAGE: u32 = 0x0006_9007;
}

/// Whether bytes begin as a stream does.
pub(crate) fn is_stream(bytes: &[u8]) -> bool {
    bytes.starts_with(&SIGNATURE)
}

/// One attribute; `data` counts within the bytes of the stream.
#[derive(Debug)]
pub(super) struct Attribute {
    pub id: u32,
    pub data: Range<usize>,
}

/// Calls `take` with each attribute in order; what was wrong goes into `faults`.
///
/// Linear. A stream that is cut gives what is there of its last attribute; at bytes that begin no attribute it ends.
pub(super) fn each(bytes: &[u8], faults: &mut Vec<&'static str>, mut take: impl FnMut(Attribute)) {
    let mut cursor = Cursor::new(bytes, HEAD_BYTES..bytes.len());
    while cursor.left() > 0 {
        // Line breaks and NULs come from transport and mean nothing.
        if cursor.rest().iter().all(|b| matches!(b, 0 | b'\r' | b'\n' | b' ' | b'\t')) {
            return;
        }
        let before_bytes = cursor.left();
        let Some((attribute, length)) = head(&mut cursor) else {
            let is_cut = before_bytes < ATTRIBUTE_HEAD_BYTES;
            note(faults, if is_cut { CUT_SHORT } else { "winmail.dat holds bytes that cannot be read" });
            return;
        };
        let data = cursor.take_at_most(length);
        let Some(sum) = cursor.u16() else {
            note(faults, CUT_SHORT);
            take(Attribute { data, ..attribute });
            return;
        };
        // The class is exempt: old writers got its sum wrong ([MS-OXTNEF], section 2.3.3.4).
        if sum != sum_of(&bytes[data.clone()]) && attribute.id != id::MESSAGE_CLASS {
            note(faults, "a checksum in winmail.dat is wrong");
        }
        take(Attribute { data, ..attribute });
    }
}

/// Level, id and length; `None` where no attribute begins.
fn head(cursor: &mut Cursor) -> Option<(Attribute, usize)> {
    const KINDS_MAX: u32 = 9;
    let level = cursor.u8()?;
    let id = cursor.u32()?;
    let length = cursor.length()?;
    let is_known = matches!(level, 1 | 2) && id >> 16 <= KINDS_MAX;
    is_known.then_some((Attribute { id, data: 0..0 }, length))
}

/// The bytes added up, in sixteen bits.
fn sum_of(data: &[u8]) -> u16 {
    // Pieces so short that the sum cannot run over; 32 bits add up many times faster than wrapping 16 bits do.
    let pieces = data.chunks(1 << 16).map(|piece| piece.iter().map(|&b| u32::from(b)).sum::<u32>());
    pieces.fold(0u16, |sum, piece| sum.wrapping_add((piece & 0xffff) as u16))
}
