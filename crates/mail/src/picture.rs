//! How many pixels a picture has, from the first bytes of PNG, GIF, JPEG, WebP and BMP files; nothing is decoded.

use crate::message::Pixels;

/// Segments of a JPEG that are walked to its frame; cameras write some dozen before it.
const SEGMENTS_MAX: usize = 200;

/// The size that the file says it has; `None` for other formats and broken heads. Total, and at most two hundred steps.
pub fn pixels(content: &[u8]) -> Option<Pixels> {
    png(content).or_else(|| gif(content)).or_else(|| webp(content)).or_else(|| bmp(content)).or_else(|| jpeg(content))
}

fn be16(bytes: &[u8], at: usize) -> Option<u32> {
    bytes.get(at..at + 2).map(|b| u32::from(b[0]) << 8 | u32::from(b[1]))
}

fn le16(bytes: &[u8], at: usize) -> Option<u32> {
    bytes.get(at..at + 2).map(|b| u32::from(b[1]) << 8 | u32::from(b[0]))
}

/// The header chunk comes first (PNG, section 11.2.2).
fn png(bytes: &[u8]) -> Option<Pixels> {
    let head = bytes.strip_prefix(b"\x89PNG\r\n\x1a\n")?;
    let is_header = head.get(4..8)? == b"IHDR";
    let number = |at| Some(be16(head, at)? << 16 | be16(head, at + 2)?);
    is_header.then(|| Some(Pixels { width: number(8)?, height: number(12)? }))?
}

/// The logical screen (GIF89a, section 18).
fn gif(bytes: &[u8]) -> Option<Pixels> {
    let is_gif = bytes.starts_with(b"GIF87a") || bytes.starts_with(b"GIF89a");
    is_gif.then(|| Some(Pixels { width: le16(bytes, 6)?, height: le16(bytes, 8)? }))?
}

/// The three kinds of first chunk (RFC 9649, section 2).
fn webp(bytes: &[u8]) -> Option<Pixels> {
    if !bytes.starts_with(b"RIFF") || bytes.get(8..12)? != b"WEBP" {
        return None;
    }
    let le24 = |at| Some(le16(bytes, at)? | u32::from(*bytes.get(at + 2)?) << 16);
    match bytes.get(12..16)? {
        b"VP8 " => Some(Pixels { width: le16(bytes, 26)? & 0x3fff, height: le16(bytes, 28)? & 0x3fff }),
        b"VP8L" => {
            let bits = le16(bytes, 21)? | le16(bytes, 23)? << 16;
            Some(Pixels { width: (bits & 0x3fff) + 1, height: (bits >> 14 & 0x3fff) + 1 })
        }
        b"VP8X" => Some(Pixels { width: le24(24)? + 1, height: le24(27)? + 1 }),
        _ => None,
    }
}

/// The info header; a negative height only turns the picture over.
fn bmp(bytes: &[u8]) -> Option<Pixels> {
    let is_bmp = bytes.starts_with(b"BM") && bytes.get(14..18)? == [40, 0, 0, 0];
    let number = |at| Some(le16(bytes, at)? | le16(bytes, at + 2)? << 16);
    is_bmp.then(|| Some(Pixels { width: number(18)?, height: (number(22)? as i32).unsigned_abs() }))?
}

/// The first frame header (ITU-T T.81, section B.2.2).
fn jpeg(bytes: &[u8]) -> Option<Pixels> {
    if !bytes.starts_with(b"\xff\xd8") {
        return None;
    }
    let mut at = 2;
    for _ in 0..SEGMENTS_MAX {
        if *bytes.get(at)? != 0xff {
            return None;
        }
        match *bytes.get(at + 1)? {
            // Fill bytes, and markers that stand alone.
            0xff => at += 1,
            0x01 | 0xd0..=0xd8 => at += 2,
            0xc4 | 0xc8 | 0xcc => at += 2 + be16(bytes, at + 2)? as usize,
            0xc0..=0xcf => return Some(Pixels { width: be16(bytes, at + 7)?, height: be16(bytes, at + 5)? }),
            // The picture itself, or its end: no frame stands behind it.
            0xd9 | 0xda => return None,
            _ => at += 2 + be16(bytes, at + 2)? as usize,
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    fn size(bytes: &[u8]) -> Option<(u32, u32)> {
        pixels(bytes).map(|p| (p.width, p.height))
    }

    #[test]
    fn each_format() {
        assert_eq!(size(b"\x89PNG\r\n\x1a\n\0\0\0\x0dIHDR\0\0\x01\x02\0\0\0\x03"), Some((258, 3)));
        assert_eq!(size(b"GIF89a\x01\0\x02\0"), Some((1, 2)));
        assert_eq!(size(b"\xff\xd8\xff\xe0\0\x04ab\xff\xff\xc2\0\x11\x08\x00\x10\x01\x00"), Some((256, 16)));
        assert_eq!(size(b"RIFF....WEBPVP8X\x0a\0\0\0\0\0\0\0\x63\0\0\x31\0\0"), Some((100, 50)));
        assert_eq!(size(b"RIFF....WEBPVP8 \0\0\0\0\0\0\0\x9d\x01\x2a\x10\0\x20\0"), Some((16, 32)));
        assert_eq!(size(b"RIFF....WEBPVP8L\0\0\0\0\x2f\x0f\xc0\x07\0"), Some((16, 32)));
        assert_eq!(size(b"BM............\x28\0\0\0\x02\0\0\0\xff\xff\xff\xff"), Some((2, 1)));
    }

    #[test]
    fn broken_heads_have_no_size() {
        for head in [
            &b""[..],
            b"GIF89a\x01",
            b"\x89PNG\r\n\x1a\n\0\0\0\x0dIHDR\0\0",
            b"\xff\xd8\xff\xda\0\x04ab",
            b"\xff\xd8\xff\xe0\0\0\xff\xe0",
            b"RIFF....WEBPVP8?",
            b"RIFF",
            b"BM",
        ] {
            assert_eq!(size(head), None);
        }
        let endless = [&b"\xff\xd8"[..], &b"\xff\xe0\0\x02".repeat(100_000)].concat();
        assert_eq!(size(&endless), None);
    }
}
