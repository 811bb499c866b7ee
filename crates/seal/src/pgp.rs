//! OpenPGP: mail signed and encrypted with keys that people make themselves (RFC 9580, RFC 3156).
//!
//! Packets and the mathematics of public keys are rPGP's. What it leaves open is decided here: which certificate counts when, which
//! packets make a message, what may be read before it is proved, and how much of it. Private keys of the usual kinds stay behind
//! [`crate::key::PrivateKey`] and are aws-lc's.

mod algorithm;
pub mod armor;
mod autocrypt;
mod by_password;
mod cert;
mod cleartext;
mod content_key;
mod encrypt;
mod generate;
mod held;
mod key;
mod message;
mod packets;
mod password;
mod policy;
mod quick;
mod revoke;
mod sign;
mod standing;
mod verify;
mod whole;

pub use autocrypt::{Autocrypt, autocrypt, autocrypt_field};
pub use cert::Certificate;
pub use cleartext::{Clearsigned, clearsigned, read_clearsigned};
pub use content_key::ContentKey;
pub use encrypt::{SealedAs, Suite, Whom, encrypt, encrypt_for, suite_for_all};
pub use generate::{NewKey, Reads, generate, generate_for};
pub use key::{Behind, Key, OwnKey};
pub use message::{By, Content, Decrypted, Encryption, Message, Openers, decrypt, read};
pub use password::relocked;
pub use policy::{Policy, SHA1_CUT_OFF, Unfit};
pub use revoke::revocation;
pub use sign::{sign, sign_text, signed_by_all, signed_message, text_signed_by_all, unsigned_message};
pub use standing::{KeyStanding, Preferences, Standing, UserStanding};
pub use verify::{Flaw, Signature, verify, verify_detached};
pub use whole::{Layer, Means, OpenedMail, Orders, open, seal};

use crate::{Random, Trouble};
use rand_core::{CryptoRng, RngCore};

/// The randomness that was handed in, in the words of rPGP.
pub(crate) struct Chance<'a>(pub(crate) &'a mut dyn Random);

impl RngCore for Chance<'_> {
    fn next_u32(&mut self) -> u32 {
        let mut bytes = [0; 4];
        self.0.fill(&mut bytes);
        u32::from_le_bytes(bytes)
    }

    fn next_u64(&mut self) -> u64 {
        let mut bytes = [0; 8];
        self.0.fill(&mut bytes);
        u64::from_le_bytes(bytes)
    }

    fn fill_bytes(&mut self, bytes: &mut [u8]) {
        self.0.fill(bytes);
    }

    fn try_fill_bytes(&mut self, bytes: &mut [u8]) -> Result<(), rand_core::Error> {
        self.0.fill(bytes);
        Ok(())
    }
}

impl CryptoRng for Chance<'_> {}

/// OpenPGP counts seconds in 32 bits.
fn timestamp(seconds: u64) -> Result<pgp::types::Timestamp, Trouble> {
    let seconds = u32::try_from(seconds).map_err(|_| Trouble::Unsupported("a time after the year 2106"))?;
    Ok(pgp::types::Timestamp::from_secs(seconds))
}
