//! Writes TNEF streams for tests, and says as little as a reader needs.

use data_encoding::BASE64_MIME;

pub const FROM_OLD_PROGRAMS: &[u8] = b"IPM.Microsoft Mail.Note\0";
/// The id before the bytes of an embedded message, IID_IMessage.
pub const MESSAGE_INTERFACE: &[u8] = b"\x07\x03\x02\0\0\0\0\0\xc0\0\0\0\0\0\0\x46";

pub mod id {
    pub const FROM: u32 = 0x0000_8000;
    pub const SUBJECT: u32 = 0x0001_8004;
    pub const CODEPAGE: u32 = 0x0006_9007;
    pub const TRANSPORT_NAME: u32 = 0x0006_9001;
    pub const BODY: u32 = 0x0002_800C;
    pub const CLASS: u32 = 0x0007_8008;
    pub const DATA: u32 = 0x0006_800F;
    pub const TITLE: u32 = 0x0001_8010;
    pub const RENDERING: u32 = 0x0006_9002;
    pub const PROPERTIES: u32 = 0x0006_9003;
    pub const ATTACHMENT: u32 = 0x0006_9005;
}

/// Kinds of properties.
pub mod kind {
    pub const LONG: u16 = 0x0003;
    pub const STRING8: u16 = 0x001E;
    pub const OBJECT: u16 = 0x000D;
    pub const UNICODE: u16 = 0x001F;
    pub const BINARY: u16 = 0x0102;
}

/// Numbers of properties.
pub mod tag {
    pub const SENDER_KIND: u16 = 0x0C1E;
    pub const SENDER_ADDRESS: u16 = 0x0C1F;
    pub const SENDER_NAME: u16 = 0x0C1A;
    pub const SENDER_SMTP: u16 = 0x5D01;
    pub const SHORT_NAME: u16 = 0x3704;
    pub const MIME_TAG: u16 = 0x370E;
    pub const CONTENT_ID: u16 = 0x3712;
    pub const FLAGS: u16 = 0x3714;
    pub const RTF: u16 = 0x1009;
    pub const HTML: u16 = 0x1013;
    pub const DISPLAY_NAME: u16 = 0x3001;
    pub const ATTACH_DATA: u16 = 0x3701;
    pub const ATTACH_METHOD: u16 = 0x3705;
    pub const LONG_NAME: u16 = 0x3707;
}

/// A stream that is being written.
#[derive(Clone)]
pub struct Stream(pub Vec<u8>);

impl Stream {
    pub fn new() -> Stream {
        Stream(b"\x78\x9f\x3e\x22\x01\0".to_vec())
    }

    pub fn attribute(self, level: u8, id: u32, data: &[u8]) -> Stream {
        let sum = data.iter().fold(0u16, |sum, &b| sum.wrapping_add(u16::from(b)));
        self.attribute_with_sum(level, id, data, sum)
    }

    pub fn attribute_with_sum(mut self, level: u8, id: u32, data: &[u8], sum: u16) -> Stream {
        self.0.push(level);
        self.0.extend(id.to_le_bytes());
        self.0.extend(u32::try_from(data.len()).unwrap().to_le_bytes());
        self.0.extend(data);
        self.0.extend(sum.to_le_bytes());
        self
    }

    /// An attachment with its name and data.
    pub fn file(self, name: &str, data: &[u8]) -> Stream {
        self.attribute(2, id::RENDERING, &[0; 14])
            .attribute(2, id::TITLE, &[name.as_bytes(), b"\0"].concat())
            .attribute(2, id::DATA, data)
    }

    /// An attachment that is a message, beside the sentence for programs that cannot read one.
    pub fn message(self, name: &str, inner: &Stream) -> Stream {
        let object = [MESSAGE_INTERFACE, &inner.0].concat();
        let properties = [
            variable(tag::DISPLAY_NAME, kind::UNICODE, &utf16(name)),
            number(tag::ATTACH_METHOD, 5),
            variable(tag::ATTACH_DATA, kind::OBJECT, &object),
        ];
        self.attribute(2, id::RENDERING, &[0; 14]).attribute(2, id::DATA, b"cannot be read").attribute(
            2,
            id::ATTACHMENT,
            &block(&properties),
        )
    }

    pub fn properties(self, properties: &[Vec<u8>]) -> Stream {
        self.attribute(1, id::PROPERTIES, &block(properties))
    }
}

pub fn utf16(text: &str) -> Vec<u8> {
    text.encode_utf16().chain([0]).flat_map(u16::to_le_bytes).collect()
}

pub fn number(tag: u16, value: u32) -> Vec<u8> {
    [&kind::LONG.to_le_bytes()[..], &tag.to_le_bytes(), &value.to_le_bytes()].concat()
}

/// A property with one value of its own length.
pub fn variable(tag: u16, kind: u16, value: &[u8]) -> Vec<u8> {
    let length = u32::try_from(value.len()).unwrap().to_le_bytes();
    let filling = vec![0; value.len().next_multiple_of(4) - value.len()];
    [&kind.to_le_bytes()[..], &tag.to_le_bytes(), &1u32.to_le_bytes(), &length, value, &filling].concat()
}

/// Properties with their count before them.
pub fn block(properties: &[Vec<u8>]) -> Vec<u8> {
    [u32::try_from(properties.len()).unwrap().to_le_bytes().to_vec(), properties.concat()].concat()
}

/// RTF in the wrapping of compressed RTF, but not compressed.
pub fn stored(rtf: &[u8]) -> Vec<u8> {
    let length = u32::try_from(rtf.len()).unwrap();
    [&(length + 12).to_le_bytes()[..], &length.to_le_bytes(), b"MELA", &[0; 4], rtf].concat()
}

/// A mail that is nothing but the stream.
pub fn alone(stream: &[u8]) -> Vec<u8> {
    let head = "From: a@example.org\r\nContent-Type: application/ms-tnef\r\nContent-Transfer-Encoding: base64\r\n\r\n";
    format!("{head}{}", BASE64_MIME.encode(stream)).into_bytes()
}

/// The stream as the second part of a mail with a text, the way it mostly travels.
pub fn beside_text(stream: &[u8]) -> Vec<u8> {
    let body = BASE64_MIME.encode(stream);
    let head = "From: a@example.org\r\nContent-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\n\r\nsee below\r\n--b\r\n\
                Content-Type: application/ms-tnef; name=winmail.dat\r\nContent-Transfer-Encoding: base64\r\n\r\n";
    format!("{head}{body}\r\n--b--\r\n").into_bytes()
}
