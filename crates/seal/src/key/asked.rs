//! Keys that somebody else holds: a private operation as words that travel, and a key that asks for it.

use super::{Curve, Kem, PrivateKey, Secret};
use crate::Trouble;
use crate::smime::{Scheme, Transport};
use serde::{Deserialize, Serialize};

/// One private operation, ordered by whoever does not hold the key.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum Operation {
    Sign { scheme: Scheme, message: Vec<u8> },
    SignDigest { scheme: Scheme, digest: Vec<u8> },
    Decrypt { transport: Transport, encrypted: Vec<u8> },
    Agree { curve: Curve, other: Vec<u8> },
    Decapsulate { kem: Kem, ciphertext: Vec<u8> },
}

impl Operation {
    /// Does it with a key that is held.
    ///
    /// # Errors
    /// [`Trouble::KeyRefused`], as [`PrivateKey`] has it.
    pub fn with(&self, key: &dyn PrivateKey) -> Result<Secret, Trouble> {
        match self {
            Operation::Sign { scheme, message } => key.sign(*scheme, message).map(Secret::new),
            Operation::SignDigest { scheme, digest } => key.sign_digest(*scheme, digest).map(Secret::new),
            Operation::Decrypt { transport, encrypted } => key.decrypt(*transport, encrypted),
            Operation::Agree { curve, other } => key.agree(*curve, other),
            Operation::Decapsulate { kem, ciphertext } => key.decapsulate(*kem, ciphertext),
        }
    }

    /// Whether it opens mail; otherwise it signs.
    pub fn opens(&self) -> bool {
        !matches!(self, Operation::Sign { .. } | Operation::SignDigest { .. })
    }
}

/// Whoever holds the keys: does an operation with the one of this number.
pub type Holder<'a> = dyn Fn(usize, Operation) -> Result<Secret, Trouble> + 'a;

/// A key that somebody else holds.
pub struct AskedKey<'a> {
    number: usize,
    holder: &'a Holder<'a>,
}

impl<'a> AskedKey<'a> {
    pub fn new(number: usize, holder: &'a Holder<'a>) -> AskedKey<'a> {
        AskedKey { number, holder }
    }
}

impl PrivateKey for AskedKey<'_> {
    fn sign(&self, scheme: Scheme, message: &[u8]) -> Result<Vec<u8>, Trouble> {
        (self.holder)(self.number, Operation::Sign { scheme, message: message.to_vec() }).map(|made| made.to_vec())
    }

    fn sign_digest(&self, scheme: Scheme, digest: &[u8]) -> Result<Vec<u8>, Trouble> {
        (self.holder)(self.number, Operation::SignDigest { scheme, digest: digest.to_vec() }).map(|made| made.to_vec())
    }

    fn decrypt(&self, transport: Transport, encrypted: &[u8]) -> Result<Secret, Trouble> {
        (self.holder)(self.number, Operation::Decrypt { transport, encrypted: encrypted.to_vec() })
    }

    fn agree(&self, curve: Curve, other: &[u8]) -> Result<Secret, Trouble> {
        (self.holder)(self.number, Operation::Agree { curve, other: other.to_vec() })
    }

    fn decapsulate(&self, kem: Kem, ciphertext: &[u8]) -> Result<Secret, Trouble> {
        (self.holder)(self.number, Operation::Decapsulate { kem, ciphertext: ciphertext.to_vec() })
    }
}
