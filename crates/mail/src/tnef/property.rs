//! MAPI properties as a TNEF stream writes them ([MS-OXTNEF], section 2.1.3.4; numbers from [MS-OXPROPS]).

use super::cursor::Cursor;
use super::note;
use crate::charset;
use encoding_rs::UTF_16LE;
use std::ops::Range;

/// Properties of one block that are read; programs write about a hundred.
const PROPERTIES_MAX: usize = 10_000;

/// Bytes of a text that is a name, a subject or an address; longer ones are cut.
const TEXT_BYTES_MAX: usize = 32 * 1024;

/// Kinds of values ([MS-OXCDATA], section 2.11.1).
mod kind {
    pub const UNSPECIFIED: u16 = 0x0000;
    pub const NULL: u16 = 0x0001;
    pub const SHORT: u16 = 0x0002;
    pub const LONG: u16 = 0x0003;
    pub const FLOAT: u16 = 0x0004;
    pub const DOUBLE: u16 = 0x0005;
    pub const CURRENCY: u16 = 0x0006;
    pub const APPLICATION_TIME: u16 = 0x0007;
    pub const ERROR: u16 = 0x000A;
    pub const BOOLEAN: u16 = 0x000B;
    pub const OBJECT: u16 = 0x000D;
    pub const LONG_LONG: u16 = 0x0014;
    pub const STRING8: u16 = 0x001E;
    pub const UNICODE: u16 = 0x001F;
    pub const TIME: u16 = 0x0040;
    pub const GUID: u16 = 0x0048;
    pub const BINARY: u16 = 0x0102;
    pub const MULTIPLE: u16 = 0x1000;
}

/// Numbers of the properties that are read.
pub(super) mod id {
    pub const MESSAGE_CLASS: u16 = 0x001A;
    pub const SUBJECT: u16 = 0x0037;
    pub const CLIENT_SUBMIT_TIME: u16 = 0x0039;
    pub const SENT_REPRESENTING_NAME: u16 = 0x0042;
    pub const START_DATE: u16 = 0x0060;
    pub const END_DATE: u16 = 0x0061;
    pub const SENT_REPRESENTING_KIND: u16 = 0x0064;
    pub const SENT_REPRESENTING_ADDRESS: u16 = 0x0065;
    pub const SENDER_NAME: u16 = 0x0C1A;
    pub const SENDER_KIND: u16 = 0x0C1E;
    pub const SENDER_ADDRESS: u16 = 0x0C1F;
    pub const RECIPIENT_TYPE: u16 = 0x0C15;
    pub const BODY: u16 = 0x1000;
    pub const RTF: u16 = 0x1009;
    pub const HTML: u16 = 0x1013;
    pub const DISPLAY_NAME: u16 = 0x3001;
    pub const ADDRESS_KIND: u16 = 0x3002;
    pub const ADDRESS: u16 = 0x3003;
    pub const ATTACH_DATA: u16 = 0x3701;
    pub const ATTACH_FILE_NAME: u16 = 0x3704;
    pub const ATTACH_METHOD: u16 = 0x3705;
    pub const ATTACH_LONG_FILE_NAME: u16 = 0x3707;
    pub const ATTACH_MIME_TAG: u16 = 0x370E;
    pub const ATTACH_CONTENT_ID: u16 = 0x3712;
    pub const ATTACH_FLAGS: u16 = 0x3714;
    pub const SMTP_ADDRESS: u16 = 0x39FE;
    pub const INTERNET_CODEPAGE: u16 = 0x3FDE;
    pub const SENDER_SMTP: u16 = 0x5D01;
    pub const SENT_REPRESENTING_SMTP: u16 = 0x5D02;

    /// All of the above; others are passed over.
    pub const READ: &[u16] = &[
        MESSAGE_CLASS,
        SUBJECT,
        CLIENT_SUBMIT_TIME,
        SENT_REPRESENTING_NAME,
        START_DATE,
        END_DATE,
        SENT_REPRESENTING_KIND,
        SENT_REPRESENTING_ADDRESS,
        SENDER_NAME,
        SENDER_KIND,
        SENDER_ADDRESS,
        RECIPIENT_TYPE,
        BODY,
        RTF,
        HTML,
        DISPLAY_NAME,
        ADDRESS_KIND,
        ADDRESS,
        SMTP_ADDRESS,
        ATTACH_DATA,
        ATTACH_FILE_NAME,
        ATTACH_METHOD,
        ATTACH_LONG_FILE_NAME,
        ATTACH_MIME_TAG,
        ATTACH_CONTENT_ID,
        ATTACH_FLAGS,
        INTERNET_CODEPAGE,
        SENDER_SMTP,
        SENT_REPRESENTING_SMTP,
    ];
}

/// What a property is called: a number that means the same everywhere, or one within a set.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Name {
    Tag(u16),
    /// The first four bytes of the set's GUID, which tell apart all sets in use, and the number in it.
    InSet([u8; 4], u32),
}

impl From<u16> for Name {
    fn from(tag: u16) -> Name {
        Name::Tag(tag)
    }
}

/// A property with its first value; `value` counts within the bytes of the stream.
#[derive(Debug, Clone)]
pub(super) struct Property {
    pub name: Name,
    kind: u16,
    pub value: Range<usize>,
}

impl Property {
    /// Whether the value is an object that begins with the id of its interface.
    pub fn is_object(&self) -> bool {
        self.kind == kind::OBJECT
    }

    pub fn is_unicode(&self) -> bool {
        self.kind == kind::UNICODE
    }

    pub fn is_text(&self) -> bool {
        matches!(self.kind, kind::STRING8 | kind::UNICODE)
    }
}

/// The properties of one message or attachment that matter.
#[derive(Debug, Default)]
pub(super) struct Properties {
    found: Vec<Property>,
}

impl Properties {
    /// Adds those of a block; what was wrong goes into `faults`.
    ///
    /// Linear, at most 10,000 properties. Where a value runs over the end of the block, what is there of it counts.
    pub fn read(&mut self, bytes: &[u8], block: Range<usize>, faults: &mut Vec<&'static str>) {
        self.read_next(&mut Cursor::new(bytes, block), faults);
    }

    /// [`Properties::read`] at a cursor, which then stands behind the block; `false` where it cannot.
    pub fn read_next(&mut self, cursor: &mut Cursor, faults: &mut Vec<&'static str>) -> bool {
        let Some(count) = cursor.length() else {
            note(faults, "the properties in winmail.dat are cut short");
            return false;
        };
        if count > PROPERTIES_MAX {
            note(faults, "winmail.dat has more properties than the limit: the rest was not read");
        }
        for _ in 0..count.min(PROPERTIES_MAX) {
            match next(cursor) {
                Ok(property) => self.keep(property),
                Err(Broken { fault, property }) => {
                    note(faults, fault);
                    property.into_iter().for_each(|p| self.keep(p));
                    return false;
                }
            }
        }
        count <= PROPERTIES_MAX
    }

    fn keep(&mut self, property: Property) {
        let is_read = match property.name {
            Name::Tag(tag) => id::READ.contains(&tag),
            Name::InSet(..) => super::meeting::READ.contains(&property.name),
        };
        if is_read && self.get(property.name).is_none() {
            self.found.push(property);
        }
    }

    pub fn get(&self, name: Name) -> Option<&Property> {
        self.found.iter().find(|p| p.name == name)
    }

    pub fn tag(&self, tag: u16) -> Option<&Property> {
        self.get(Name::Tag(tag))
    }

    /// A property as text without NUL; `None` when it is none, or empty.
    pub fn text(&self, bytes: &[u8], name: Name, charset: Option<&str>) -> Option<String> {
        let property = self.get(name).filter(|p| p.is_text())?;
        let value = &bytes[property.value.clone()];
        let text = if property.is_unicode() { utf16(value) } else { string8(value, charset) };
        Some(text).filter(|t| !t.trim().is_empty())
    }

    /// A property that is a number of 32 bits.
    pub fn number(&self, bytes: &[u8], name: impl Into<Name>) -> Option<u32> {
        let property = self.get(name.into()).filter(|p| p.kind == kind::LONG)?;
        Cursor::new(bytes, property.value.clone()).u32()
    }

    /// Whether a property is there and true.
    pub fn is_true(&self, bytes: &[u8], name: Name) -> bool {
        let property = self.get(name).filter(|p| p.kind == kind::BOOLEAN);
        property.and_then(|p| Cursor::new(bytes, p.value.clone()).u16()).is_some_and(|value| value != 0)
    }

    /// A property that is a time, as RFC 3339 in UTC.
    pub fn time(&self, bytes: &[u8], name: Name) -> Option<String> {
        let property = self.get(name).filter(|p| p.kind == kind::TIME)?;
        let mut cursor = Cursor::new(bytes, property.value.clone());
        let (low, high) = (cursor.u32()?, cursor.u32()?);
        file_time(u64::from(high) << 32 | u64::from(low))
    }
}

/// Text of one byte per character or more, up to its NUL.
pub(super) fn string8(value: &[u8], charset: Option<&str>) -> String {
    let end = value.iter().position(|&b| b == 0).unwrap_or(value.len()).min(TEXT_BYTES_MAX);
    charset::decode(&value[..end], charset).text
}

fn utf16(value: &[u8]) -> String {
    let pairs = value.chunks_exact(2).take(TEXT_BYTES_MAX / 2);
    let length = pairs.take_while(|pair| *pair != [0, 0]).count() * 2;
    UTF_16LE.decode_without_bom_handling(&value[..length]).0.into_owned()
}

/// Steps of 100 nanoseconds since 1601 ([MS-DTYP], section 2.3.3); zero and what no calendar holds is no time.
fn file_time(steps: u64) -> Option<String> {
    const STEPS_PER_S: u64 = 10_000_000;
    const UNIX_EPOCH_S: i64 = 11_644_473_600;
    let since_1601_s = i64::try_from(steps / STEPS_PER_S).ok().filter(|&s| s > 0)?;
    jiff::Timestamp::from_second(since_1601_s - UNIX_EPOCH_S).ok().map(|t| t.to_string())
}

/// A property that cannot be read, after which nothing in its block can be; with what is there of it.
struct Broken {
    fault: &'static str,
    property: Option<Property>,
}

impl Broken {
    fn cut() -> Broken {
        Broken { fault: "the properties in winmail.dat are cut short", property: None }
    }
}

fn next(cursor: &mut Cursor) -> Result<Property, Broken> {
    let kind = cursor.u16().ok_or_else(Broken::cut)?;
    let name = name(cursor).ok_or_else(Broken::cut)?;
    let one = kind & !kind::MULTIPLE;
    let is_multiple = kind != one;
    let Some(fixed) = fixed_bytes(one) else {
        if !matches!(one, kind::STRING8 | kind::UNICODE | kind::BINARY | kind::OBJECT) {
            return Err(Broken { fault: "winmail.dat has a property of an unknown kind", property: None });
        }
        return variable(cursor, Property { name, kind, value: 0..0 });
    };
    let count = if is_multiple { cursor.length().ok_or_else(Broken::cut)? } else { 1 };
    let bytes = count.checked_mul(padded(fixed)).ok_or_else(Broken::cut)?;
    let values = cursor.take(bytes).ok_or_else(Broken::cut)?;
    Ok(Property { name, kind, value: values.start..values.start + fixed.min(bytes) })
}

/// Values with a length of their own: a count, then each with its length, filled up to four bytes.
fn variable(cursor: &mut Cursor, mut property: Property) -> Result<Property, Broken> {
    let count = cursor.length().ok_or_else(Broken::cut)?;
    // Each value takes at least the four bytes of its length, so a count that lies ends with the bytes.
    for n in 0..count {
        let length = cursor.length().ok_or_else(Broken::cut)?;
        let value = cursor.take_at_most(length);
        let is_cut = value.len() < length;
        if n == 0 {
            property.value = value;
        }
        if is_cut {
            return Err(Broken { property: Some(property), ..Broken::cut() });
        }
        // The last value of a block may stand without its filling.
        cursor.take_at_most(padded(length) - length);
    }
    Ok(property)
}

fn name(cursor: &mut Cursor) -> Option<Name> {
    const NAMED_FROM: u16 = 0x8000;
    const GUID_BYTES: usize = 16;
    let tag = cursor.u16()?;
    if tag < NAMED_FROM {
        return Some(Name::Tag(tag));
    }
    let set = cursor.take(GUID_BYTES)?;
    let bytes = cursor.bytes;
    let set: [u8; 4] = bytes[set.start..set.start + 4].try_into().ok()?;
    let is_number = cursor.u32()? == 0;
    if is_number {
        return Some(Name::InSet(set, cursor.u32()?));
    }
    let length = cursor.length()?;
    cursor.take(length)?;
    cursor.take_at_most(padded(length) - length);
    // Properties that are named in words are not read; this is the number of none.
    Some(Name::InSet(set, u32::MAX))
}

/// Up to the next multiple of four; saturating, because the result is only compared with what is left.
fn padded(length: usize) -> usize {
    length.checked_next_multiple_of(4).unwrap_or(usize::MAX)
}

fn fixed_bytes(kind: u16) -> Option<usize> {
    Some(match kind {
        kind::UNSPECIFIED | kind::NULL => 0,
        kind::SHORT | kind::BOOLEAN => 2,
        kind::LONG | kind::FLOAT | kind::ERROR => 4,
        kind::DOUBLE | kind::CURRENCY | kind::APPLICATION_TIME | kind::LONG_LONG | kind::TIME => 8,
        kind::GUID => 16,
        _ => return None,
    })
}
