//! Ciphers of old that nobody should write with any more, read where a setting allows it: 3DES and RC2 (RFC 3370, section 5).

use crate::Trouble;
use crate::asn1::tlv::{Algorithm, INTEGER, OCTETS, SEQUENCE};
use cbc::Decryptor;
use cbc::cipher::block_padding::Pkcs7;
use cbc::cipher::{BlockDecryptMut, InnerIvInit, KeyInit};

const BLOCK_BYTES: usize = 8;

/// Whether mail in ciphers of old is opened.
///
/// Each of them can be broken with some patience, and nothing proves what they hold. Old archives are full of them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Legacy {
    #[default]
    Refused,
    Opened,
}

/// The effective bits of RC2 by the number that stands for them (RFC 2268, section 6), and its nonce.
pub(super) fn rc2<'a>(algorithm: &Algorithm<'a>) -> Result<(u16, &'a [u8]), Trouble> {
    const NONE: Trouble = Trouble::Malformed("a cipher has no nonce");
    let parameters = algorithm.parameters.filter(|parameters| parameters.tag == SEQUENCE).ok_or(NONE)?;
    let mut inner = parameters.elements();
    let version = inner.optional(INTEGER)?.map(|number| number.content);
    let bits = match version {
        Some([58]) => 128,
        Some([120]) => 64,
        // As one byte it would be negative, and some write it so.
        Some([0, 160] | [160]) => 40,
        _ => return Err(Trouble::Unsupported("RC2 with another size of key than 40, 64 or 128 bits")),
    };
    Ok((bits, inner.expect(OCTETS)?.content))
}

/// The content of 3DES in CBC, or [`Trouble::CannotOpen`] for whatever reason.
pub(super) fn triple_des(key: &[u8], nonce: &[u8], content: &mut [u8]) -> Result<Vec<u8>, Trouble> {
    let cipher = des::TdesEde3::new_from_slice(key).map_err(|_| Trouble::CannotOpen)?;
    opened(Decryptor::inner_iv_init(cipher, &nonce_of(nonce)?.into()), content)
}

/// The content of RC2 in CBC; as many bits of the key count as it has.
pub(super) fn rc2_content(key: &[u8], nonce: &[u8], content: &mut [u8]) -> Result<Vec<u8>, Trouble> {
    let cipher = rc2::Rc2::new_with_eff_key_len(key, key.len() * 8);
    opened(Decryptor::inner_iv_init(cipher, &nonce_of(nonce)?.into()), content)
}

fn nonce_of(bytes: &[u8]) -> Result<[u8; BLOCK_BYTES], Trouble> {
    bytes.try_into().map_err(|_| Trouble::Malformed("a cipher has no nonce"))
}

fn opened(cipher: impl BlockDecryptMut, content: &mut [u8]) -> Result<Vec<u8>, Trouble> {
    let opened = cipher.decrypt_padded_mut::<Pkcs7>(content).map_err(|_| Trouble::CannotOpen)?;
    Ok(opened.to_vec())
}
