//! Compressed RTF undone ([MS-OXRTFCP]): a sliding dictionary of 4,096 bytes that begins with the words of most letters.

/// RTF and what was wrong with it; what could be read is there in any case.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Decompressed {
    pub rtf: Vec<u8>,
    pub fault: Option<&'static str>,
}

const DICTIONARY_BYTES: usize = 4096;

/// What the dictionary holds before the first byte (section 2.1.2.1).
const PREFILL: &[u8; 207] = b"{\\rtf1\\ansi\\mac\\deff0\\deftab720{\\fonttbl;}{\\f0\\fnil \\froman \\fswiss \
\\fmodern \\fscript \\fdecor MS Sans SerifSymbolArialTimes New RomanCourier{\\colortbl\\red0\\green0\\blue0\r\n\\par \
\\pard\\plain\\f0\\fs20\\b\\i\\u\\tab\\tx";

/// Two sizes, the kind and a sum (section 2.1.3.1.1), each of four bytes.
const HEADER_BYTES: usize = 16;

/// Undoes the compression, up to `bytes_max` bytes of RTF. Total and linear: sixteen bytes become at most a hundred and
/// forty, and the sizes in the header are never believed.
pub(crate) fn decompress(bytes: &[u8], bytes_max: usize) -> Decompressed {
    let Some((header, body)) = bytes.split_at_checked(HEADER_BYTES) else {
        return Decompressed { rtf: Vec::new(), fault: Some("compressed RTF is cut short") };
    };
    let number = |at: usize| header[at..at + 4].iter().rev().fold(0u32, |n, &b| n << 8 | u32::from(b));
    // The first size counts what follows it: three more numbers and the body.
    let said_bytes = usize::try_from(number(0)).unwrap_or(usize::MAX).saturating_sub(HEADER_BYTES - 4);
    let body = &body[..body.len().min(said_bytes)];
    match &header[8..12] {
        b"LZFu" => {
            let mut found = expand(body, bytes_max);
            if found.fault.is_none() && crc(body) != number(12) {
                found.fault = Some("the checksum of compressed RTF is wrong");
            }
            found
        }
        b"MELA" => {
            let kept = body.len().min(bytes_max);
            let fault = if kept < body.len() { Some(TOO_LONG) } else { None };
            Decompressed { rtf: body[..kept].to_vec(), fault }
        }
        _ => Decompressed { rtf: Vec::new(), fault: Some("compressed RTF is of an unknown kind") },
    }
}

const TOO_LONG: &str = "RTF is longer than the limit: the rest was not read";

/// Runs of a byte of eight flags and eight items: a byte as it is, or a place in the dictionary and a length; the
/// place where the next byte goes ends the text (section 2.2.2).
fn expand(body: &[u8], bytes_max: usize) -> Decompressed {
    let mut dictionary = [0u8; DICTIONARY_BYTES];
    dictionary[..PREFILL.len()].copy_from_slice(PREFILL);
    let mut at = PREFILL.len();
    let mut rtf = Vec::new();
    let mut bytes = body.iter().copied();
    let mut put = |byte: u8, at: &mut usize, dictionary: &mut [u8; DICTIONARY_BYTES]| {
        rtf.push(byte);
        dictionary[*at] = byte;
        *at = (*at + 1) % DICTIONARY_BYTES;
        rtf.len()
    };
    let mut length = 0;
    let fault = 'ended: loop {
        let Some(flags) = bytes.next() else { break Some("compressed RTF is cut short") };
        for bit in 0..8 {
            if length > bytes_max {
                break 'ended Some(TOO_LONG);
            }
            let Some(first) = bytes.next() else { break 'ended Some("compressed RTF is cut short") };
            if flags & 1 << bit == 0 {
                length = put(first, &mut at, &mut dictionary);
                continue;
            }
            let Some(second) = bytes.next() else { break 'ended Some("compressed RTF is cut short") };
            let from = usize::from(first) << 4 | usize::from(second) >> 4;
            if from == at {
                break 'ended None;
            }
            for n in 0..usize::from(second & 0xf) + 2 {
                let byte = dictionary[(from + n) % DICTIONARY_BYTES];
                length = put(byte, &mut at, &mut dictionary);
            }
        }
    };
    rtf.truncate(bytes_max);
    Decompressed { rtf, fault }
}

/// The sum over the body (section 2.1.3.2): the usual polynomial, but nothing inverted before or after.
fn crc(bytes: &[u8]) -> u32 {
    bytes.iter().fold(0, |crc, &b| CRC_TABLE[usize::from((crc as u8) ^ b)] ^ crc >> 8)
}

const CRC_TABLE: [u32; 256] = {
    let mut table = [0u32; 256];
    let mut n = 0;
    while n < 256 {
        let mut value = n as u32;
        let mut bit = 0;
        while bit < 8 {
            value = if value & 1 == 1 { 0xEDB8_8320 ^ value >> 1 } else { value >> 1 };
            bit += 1;
        }
        table[n] = value;
        n += 1;
    }
    table
};

#[cfg(test)]
mod tests {
    use super::*;

    /// The first example of [MS-OXRTFCP], section 4.1.
    const HELLO: [u8; 49] = [
        0x2d, 0x00, 0x00, 0x00, 0x2b, 0x00, 0x00, 0x00, 0x4c, 0x5a, 0x46, 0x75, 0xf1, 0xc5, 0xc7, 0xa7, 0x03, 0x00,
        0x0a, 0x00, 0x72, 0x63, 0x70, 0x67, 0x31, 0x32, 0x35, 0x42, 0x32, 0x0a, 0xf3, 0x20, 0x68, 0x65, 0x6c, 0x09,
        0x00, 0x20, 0x62, 0x77, 0x05, 0xb0, 0x6c, 0x64, 0x7d, 0x0a, 0x80, 0x0f, 0xa0,
    ];
    const PLENTY: usize = 1 << 20;

    #[test]
    fn the_example_of_the_specification() {
        let found = decompress(&HELLO, PLENTY);
        assert_eq!(String::from_utf8_lossy(&found.rtf), "{\\rtf1\\ansi\\ansicpg1252\\pard hello world}\r\n");
        assert_eq!(found.fault, None);
    }

    #[test]
    fn a_copy_may_read_what_it_writes() {
        // The second example, section 4.2: the copy of "WXYZ" runs on over its own end.
        let body = [
            0x1a, 0x00, 0x00, 0x00, 0x1c, 0x00, 0x00, 0x00, 0x4c, 0x5a, 0x46, 0x75, 0xe2, 0xd4, 0x4b, 0x51, 0x41, 0x00,
            0x04, 0x20, 0x57, 0x58, 0x59, 0x5a, 0x0d, 0x6e, 0x7d, 0x01, 0x0e, 0xb0,
        ];
        let found = decompress(&body, PLENTY);
        assert_eq!(String::from_utf8_lossy(&found.rtf), "{\\rtf1 WXYZWXYZWXYZWXYZWXYZ}");
        assert_eq!(found.fault, None);
    }

    #[test]
    fn cut_and_damaged_bytes_give_what_can_be_read() {
        for end in 0..HELLO.len() {
            let found = decompress(&HELLO[..end], PLENTY);
            assert!(found.fault.is_some(), "{end}");
        }
        for at in 0..HELLO.len() {
            let mut damaged = HELLO;
            damaged[at] ^= 0x55;
            assert!(decompress(&damaged, PLENTY).rtf.len() < 200);
        }
    }

    #[test]
    fn a_bomb_ends_at_the_limit() {
        let mut bomb = b"\xff\xff\xff\xff\xff\xff\xff\xffLZFu\0\0\0\0".to_vec();
        for _ in 0..10_000 {
            bomb.push(0xff);
            bomb.extend([0x00, 0x0f].repeat(8));
        }
        let found = decompress(&bomb, 5_000);
        assert_eq!((found.rtf.len(), found.fault), (5_000, Some(TOO_LONG)));
    }
}
