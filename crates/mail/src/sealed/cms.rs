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
