//! Armor: OpenPGP in letters that travel (RFC 9580, section 6).

use crate::Trouble;
use data_encoding::BASE64;

/// Lines of `Name: value` at the top of one block.
const HEADERS_MAX: usize = 32;
const LINE_LETTERS: usize = 64;

/// What a block says that it holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    Message,
    PublicKey,
    PrivateKey,
    Signature,
}

impl Kind {
    const ALL: [Kind; 4] = [Kind::Message, Kind::PublicKey, Kind::PrivateKey, Kind::Signature];

    fn name(self) -> &'static str {
        match self {
            Kind::Message => "PGP MESSAGE",
            Kind::PublicKey => "PGP PUBLIC KEY BLOCK",
            Kind::PrivateKey => "PGP PRIVATE KEY BLOCK",
            Kind::Signature => "PGP SIGNATURE",
        }
    }
}

/// One block of armor within a text.
#[derive(Debug, PartialEq, Eq)]
pub struct Block {
    pub kind: Kind,
    headers: Vec<(String, String)>,
    pub bytes: Vec<u8>,
    /// Where it begins in the text, and where the line behind it begins.
    pub at: (usize, usize),
}

impl Block {
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(key, _)| key.eq_ignore_ascii_case(name)).map(|(_, value)| value.as_str())
    }
}

/// The first block at or behind `from`; `None` when no line begins one.
///
/// Its checksum is not looked at: it proves nothing, and newer programs leave it out (RFC 9580, section 6.1).
///
/// # Errors
/// [`Trouble::Malformed`] when a block has no end, or holds other letters than armor has.
pub fn next_block(text: &[u8], from: usize) -> Result<Option<Block>, Trouble> {
    let mut at = from;
    let mut lines = text.get(from..).unwrap_or_default().split_inclusive(|byte| *byte == b'\n');
    let kind = loop {
        let Some(line) = lines.next() else { return Ok(None) };
        if let Some(kind) = Kind::ALL.into_iter().find(|kind| is_mark(line, "BEGIN", *kind)) {
            break kind;
        }
        at += line.len();
    };
    let start = at;
    at += text[at..].iter().position(|byte| *byte == b'\n').map_or(text.len() - at, |end| end + 1);
    let mut headers = Vec::new();
    for line in lines.by_ref() {
        at += line.len();
        let line = line.trim_ascii();
        if line.is_empty() {
            break;
        }
        let header = String::from_utf8_lossy(line);
        let Some((name, value)) = header.split_once(':').filter(|_| headers.len() < HEADERS_MAX) else {
            return Err(Trouble::Malformed("armor has no empty line below its head"));
        };
        headers.push((name.to_owned(), value.trim().to_owned()));
    }
    let mut letters = Vec::new();
    for line in lines {
        at += line.len();
        if is_mark(line, "END", kind) {
            let bytes = BASE64.decode(&letters).map_err(|_| Trouble::Malformed("armor holds other letters"))?;
            return Ok(Some(Block { kind, headers, bytes, at: (start, at) }));
        }
        let line = line.trim_ascii();
        if !line.starts_with(b"=") {
            letters.extend_from_slice(line);
        }
    }
    Err(Trouble::Malformed("armor has no end"))
}

fn is_mark(line: &[u8], what: &str, kind: Kind) -> bool {
    line.trim_ascii_end() == format!("-----{what} {}-----", kind.name()).as_bytes()
}

/// The packets of a file that may be armored; those of several blocks one behind the other.
///
/// # Errors
/// [`Trouble::Malformed`] when it is neither armor nor begins like a packet.
pub fn unarmored(file: &[u8]) -> Result<Vec<u8>, Trouble> {
    if file.first().is_some_and(|byte| byte & 0x80 != 0 && !file.starts_with(b"\xef\xbb\xbf")) {
        return Ok(file.to_vec());
    }
    let (mut bytes, mut from) = (Vec::new(), 0);
    while let Some(block) = next_block(file, from)? {
        bytes.extend_from_slice(&block.bytes);
        from = block.at.1;
    }
    if bytes.is_empty() {
        return Err(Trouble::Malformed("it is neither armor nor a packet"));
    }
    Ok(bytes)
}

/// In armor, its lines ended by CRLF.
pub fn armored(kind: Kind, bytes: &[u8]) -> String {
    let mut out = format!("-----BEGIN {}-----\r\n\r\n", kind.name());
    for line in BASE64.encode(bytes).as_bytes().chunks(LINE_LETTERS) {
        out.push_str(&String::from_utf8_lossy(line));
        out.push_str("\r\n");
    }
    // Programs of before RFC 9580 miss the checksum; those that know newer packets are told to do without (section 6.1).
    if !is_new(bytes) {
        out.push_str(&format!("={}\r\n", BASE64.encode(&crc24(bytes).to_be_bytes()[1..])));
    }
    out + &format!("-----END {}-----\r\n", kind.name())
}

/// Whether the first packet is one of RFC 9580: its version is 6.
fn is_new(bytes: &[u8]) -> bool {
    let body = match bytes {
        [first, 0..=191, rest @ ..] if first & 0xc0 == 0xc0 => rest,
        [first, 192..=223, _, rest @ ..] if first & 0xc0 == 0xc0 => rest,
        [first, 255, _, _, _, _, rest @ ..] if first & 0xc0 == 0xc0 => rest,
        _ => return false,
    };
    body.first() == Some(&6)
}

/// RFC 9580, section 6.1.1.
fn crc24(bytes: &[u8]) -> u32 {
    let mut crc = 0x00b7_04ce_u32;
    for byte in bytes {
        crc ^= u32::from(*byte) << 16;
        for _ in 0..8 {
            crc <<= 1;
            if crc & 0x0100_0000 != 0 {
                crc ^= 0x0186_4cfb;
            }
        }
    }
    crc & 0x00ff_ffff
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_block_comes_back_with_what_stands_around_it_told_apart() {
        let text = format!("before\r\n{}behind\r\n", armored(Kind::Signature, &[0xc2, 1, 4]));
        let block = next_block(text.as_bytes(), 0).expect("armor").expect("a block");
        assert_eq!((block.kind, &block.bytes[..]), (Kind::Signature, &[0xc2, 1, 4][..]));
        assert_eq!(&text.as_bytes()[block.at.1..], b"behind\r\n");
        assert_eq!(block.at.0, 8);
    }

    #[test]
    fn the_checksum_is_the_one_of_the_standard() {
        assert_eq!(crc24(b""), 0x00b7_04ce);
        assert_eq!(crc24(b"123456789"), 0x0021_cf02);
    }

    #[test]
    fn a_block_without_end_is_none() {
        let text = armored(Kind::Message, &[7; 100]);
        assert!(next_block(&text.as_bytes()[..text.len() - 30], 0).is_err());
        assert_eq!(next_block(b"nothing here", 0), Ok(None));
    }

    proptest::proptest! {
        #[test]
        fn any_bytes_are_survived(bytes in proptest::collection::vec(0_u8..=255, 0..200)) {
            let _ = unarmored(&bytes);
            let text = armored(Kind::Message, &bytes);
            let block = next_block(text.as_bytes(), 0).expect("armor").expect("a block");
            proptest::prop_assert_eq!(block.bytes, bytes);
        }
    }
}
