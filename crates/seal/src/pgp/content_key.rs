//! The key of a message's content by itself, which the standards call its session key: whoever has it reads this one message.

use super::key::SessionKey;
use crate::Trouble;
use crate::key::Secret;
use data_encoding::{HEXUPPER, HEXUPPER_PERMISSIVE};
use pgp::crypto::sym::SymmetricKeyAlgorithm;
use std::fmt;
use zeroize::Zeroizing;

/// A key of content with its cipher.
pub struct ContentKey {
    cipher: SymmetricKeyAlgorithm,
    key: Secret,
}

impl ContentKey {
    pub(super) fn of(cipher: SymmetricKeyAlgorithm, key: Secret) -> ContentKey {
        ContentKey { cipher, key }
    }

    /// As Stateless OpenPGP writes one (draft-dkg-openpgp-stateless-cli, "SESSIONKEY"): the number of the cipher (RFC 9580, section 9.3), a
    /// colon, and the key in hexadecimal, with small or large letters.
    ///
    /// # Errors
    /// [`Trouble::Malformed`] when it is not of this form, or the key has another length than its cipher.
    pub fn from_text(text: &str) -> Result<ContentKey, Trouble> {
        const FORM: Trouble =
            Trouble::Malformed("a session key is a number of a cipher, a colon and hexadecimal digits");
        let (cipher, digits) = text.trim().split_once(':').ok_or(FORM)?;
        let cipher = SymmetricKeyAlgorithm::from(cipher.parse::<u8>().map_err(|_| FORM)?);
        let key = Zeroizing::new(HEXUPPER_PERMISSIVE.decode(digits.as_bytes()).map_err(|_| FORM)?);
        if key.is_empty() || key.len() != cipher.key_size() {
            return Err(Trouble::Malformed("a session key has another length than its cipher"));
        }
        Ok(ContentKey { cipher, key })
    }

    /// The same form, with large letters.
    pub fn to_text(&self) -> Zeroizing<String> {
        let digits = Zeroizing::new(HEXUPPER.encode(&self.key));
        Zeroizing::new(format!("{}:{}", u8::from(self.cipher), &*digits))
    }

    /// For content of this version of packet; `cipher` is what the content itself says of that, where it does.
    pub(super) fn for_content(&self, cipher: Option<SymmetricKeyAlgorithm>) -> Option<SessionKey> {
        let key = self.key.clone();
        match cipher {
            None => Some(SessionKey { cipher: Some(self.cipher), key }),
            Some(own) if own == self.cipher => Some(SessionKey { cipher: None, key }),
            Some(_) => None,
        }
    }
}

impl fmt::Debug for ContentKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "ContentKey({:?})", self.cipher)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_is_read_as_it_is_written_and_nothing_else_is() {
        let text = "9:FCA4BEAF687F48059CACC14FB019125CD57392BAB7037C707835925CBF9F7BCD";
        let key = ContentKey::from_text(text).expect("its form");
        assert_eq!(*key.to_text(), text);
        let small = ContentKey::from_text(&format!("{}\r\n", text.to_lowercase())).expect("its form");
        assert_eq!(*small.to_text(), text);
        assert!(!format!("{key:?}").contains("FCA4"), "it is no text of logs");
        for wrong in ["", "9", "9:", "7:FCA4", "9:FC A4", "256:00", "0:", "99:FCA4", &text[2..], &text[..60], "x:00"] {
            assert!(ContentKey::from_text(wrong).is_err(), "{wrong}");
        }
    }
}
