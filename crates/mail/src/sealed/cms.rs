//! The kind of a CMS object by its first bytes (RFC 5652, section 3): nothing is opened.

use crate::message::SealForm;
use data_encoding::BASE64;

/// Bytes that are enough to tell; also of base64.
pub(crate) const HEAD_BYTES: usize = 64;

/// The content types of RFC 5652 (1.2.840.113549.1.7).
const PKCS7: &[u8] = &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x07];
/// Those that came later (1.2.840.113549.1.9.16.1; RFC 3274, RFC 5083).
const SMIME: &[u8] = &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x09, 0x10, 0x01];

/// What the object is: its outermost type, in DER or BER.
pub(crate) fn form(content: &[u8]) -> Option<SealForm> {
    let rest = content.strip_prefix(&[0x30])?;
    let length = *rest.first()?;
    // Indefinite and short lengths take one byte, long ones say how many follow.
    let skipped = if length > 0x80 { usize::from(length & 0x7f) + 1 } else { 1 };
    let id = rest.get(skipped..)?.strip_prefix(&[0x06])?;
    let id = id.get(1..1 + usize::from(*id.first()?))?;
    let (last, arc) = id.split_last()?;
    match (arc, last) {
        (PKCS7, 2) => Some(SealForm::OpaqueSigned),
        (PKCS7, 3 | 6) => Some(SealForm::Encrypted),
        (SMIME, 9) => Some(SealForm::Compressed),
        (SMIME, 23) => Some(SealForm::AuthEncrypted),
        _ => None,
    }
}

/// Whether signed data holds what was signed (RFC 5652, section 5.1), as far as its head can be read: then it is a message
/// and no mere signature.
pub(super) fn holds_content(content: &[u8]) -> bool {
    let head = &content[..content.len().min(4096)];
    encapsulated(head).is_some()
}

/// What stands behind the type of the encapsulated content; `None` where nothing does.
fn encapsulated(head: &[u8]) -> Option<()> {
    // ContentInfo, its type, the explicit tag, SignedData, its version and its digests.
    let rest = skip(enter(head, 0x30)?.0, 0x06)?;
    let rest = skip(enter(enter(rest, 0xa0)?.0, 0x30)?.0, 0x02)?;
    let rest = skip(rest, 0x31)?;
    let (inner, length) = enter(rest, 0x30)?;
    let behind = skip(inner, 0x06)?;
    let is_inside = length.is_none_or(|length| inner.len() - behind.len() < length);
    (is_inside && behind.first() == Some(&0xa0)).then_some(())
}

/// The content of the element at the start and its length; `None` for the length where only an end mark tells it.
fn enter(bytes: &[u8], tag: u8) -> Option<(&[u8], Option<usize>)> {
    let rest = bytes.strip_prefix(&[tag])?;
    let (first, rest) = rest.split_first()?;
    match usize::from(*first) {
        0x80 => Some((rest, None)),
        short if short < 0x80 => Some((rest, Some(short))),
        long => {
            let (digits, rest) = rest.split_at_checked(long & 0x7f).filter(|(digits, _)| digits.len() <= 4)?;
            let length = digits.iter().fold(0_usize, |length, &digit| length << 8 | usize::from(digit));
            Some((rest, Some(length)))
        }
    }
}

/// What follows the element at the start; one without a length ends with the first end mark, because sets of algorithms
/// hold no other.
fn skip(bytes: &[u8], tag: u8) -> Option<&[u8]> {
    match enter(bytes, tag)? {
        (content, Some(length)) => content.get(length..),
        (content, None) => {
            let mut rest = content;
            while !rest.starts_with(&[0, 0]) {
                let (inner, length) = enter(rest, *rest.first()?)?;
                rest = inner.get(length?..)?;
            }
            rest.get(2..)
        }
    }
}

/// The same of base64 whose transfer encoding is no longer told.
pub(crate) fn form_of_base64(content: &[u8]) -> Option<SealForm> {
    let lead = content.iter().copied().filter(|b| !b.is_ascii_whitespace()).take(HEAD_BYTES).collect::<Vec<u8>>();
    let whole = lead.get(..lead.len() / 4 * 4)?;
    form(&BASE64.decode(whole).ok()?)
}

/// What the smime-type parameter says (RFC 8551, section 3.2.2).
pub(crate) fn declared(smime_type: &str) -> Option<SealForm> {
    match smime_type.trim().to_ascii_lowercase().as_str() {
        "enveloped-data" => Some(SealForm::Encrypted),
        "authenveloped-data" => Some(SealForm::AuthEncrypted),
        "signed-data" | "signed-receipt" => Some(SealForm::OpaqueSigned),
        "certs-only" => Some(SealForm::Certificates),
        "compressed-data" => Some(SealForm::Compressed),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn signed_data_with_and_without_what_was_signed() {
        let wrap = |tag: u8, content: &[u8]| [&[tag, u8::try_from(content.len()).unwrap_or(0)], content].concat();
        let open = |tag: u8, content: &[u8]| [&[tag, 0x80], content, &[0, 0]].concat();
        let id = |last: u8| wrap(0x06, &[PKCS7, &[last]].concat());
        for element in [&wrap as &dyn Fn(u8, &[u8]) -> Vec<u8>, &open] {
            let object = |encapsulated: &[u8]| {
                let digests = element(0x31, &wrap(0x30, &id(5)));
                let data = [wrap(0x02, &[1]), digests, element(0x30, encapsulated), element(0x31, &[])].concat();
                element(0x30, &[id(2), element(0xa0, &element(0x30, &data))].concat())
            };
            assert!(!holds_content(&object(&id(1))));
            assert!(holds_content(&object(&[id(1), element(0xa0, &wrap(0x04, b"Pay."))].concat())));
        }
        assert!(!holds_content(b""));
        assert!(!holds_content(b"0\x80\x06\xff"));
    }

    #[test]
    fn kinds_in_every_length_form() {
        let object = |length: &[u8], arc: &[u8], last: u8| {
            let id = [&[0x06, arc.len() as u8 + 1], arc, &[last]].concat();
            [&[0x30], length, id.as_slice(), &[0xa0, 0x80]].concat()
        };
        assert_eq!(form(&object(&[0x80], PKCS7, 3)), Some(SealForm::Encrypted));
        assert_eq!(form(&object(&[0x82, 1, 2], PKCS7, 2)), Some(SealForm::OpaqueSigned));
        assert_eq!(form(&object(&[0x40], SMIME, 23)), Some(SealForm::AuthEncrypted));
        assert_eq!(form(&object(&[0x84, 0, 0, 1, 2], SMIME, 9)), Some(SealForm::Compressed));
        assert_eq!(form_of_base64(b"MIAGCSqGSIb3\r\nDQEHA6CAMIACAQ\r\n"), Some(SealForm::Encrypted));
        for bad in [
            &b""[..],
            &[0x30],
            &[0x30, 0xff, 6],
            &object(&[0x80], PKCS7, 9),
            &object(&[0x80], b"x", 3),
            b"0\x80\x06\xff",
        ] {
            assert_eq!(form(bad), None, "{bad:?}");
        }
    }
}
