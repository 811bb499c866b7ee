//! What mail hides and proves: S/MIME (RFC 8551 on CMS, RFC 5652) and OpenPGP (RFC 9580, RFC 3156).
//!
//! Pure: bytes in, values out. It reads no clock and no file; keys of its own stay behind [`key::PrivateKey`], and what is drawn by
//! chance comes from a [`Random`] that is handed in (the inner randomness of a primitive, such as the padding of RSA, is its own).

#![forbid(unsafe_code)]

pub mod entity;
pub mod header_protection;
pub mod key;
pub mod keyfile;
pub mod order;
pub mod pgp;
pub mod smime;
pub mod texts;
pub mod trust;
pub mod verdict;

use std::fmt;

/// Where keys, nonces and boundaries come from.
pub trait Random {
    /// Fills all of `bytes` with what nobody can foretell.
    fn fill(&mut self, bytes: &mut [u8]);
}

/// Why something cannot be sealed or opened.
///
/// What a stranger could learn from stays one word: whatever is wrong inside an encrypted mail, it is [`Trouble::CannotOpen`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Trouble {
    /// It does not have the form that it says it has; which rule it breaks.
    Malformed(&'static str),
    /// No key that we have is among those for whom it was encrypted.
    NotForUs,
    /// It is encrypted for a key of ours, and does not open.
    CannotOpen,
    /// An algorithm, a key or a size that we do not do.
    Unsupported(&'static str),
    /// A key did not do what it was asked for.
    KeyRefused,
}

/// The trouble as it may be told: of what was opened only that it does not open.
pub(crate) fn uniform(trouble: Trouble, was_encrypted: bool) -> Trouble {
    if was_encrypted { Trouble::CannotOpen } else { trouble }
}

impl fmt::Display for Trouble {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Trouble::Malformed(what) => write!(f, "it is malformed: {what}"),
            Trouble::NotForUs => f.write_str("it is encrypted for none of our keys"),
            Trouble::CannotOpen => f.write_str("it does not open"),
            Trouble::Unsupported(what) => write!(f, "it is not supported: {what}"),
            Trouble::KeyRefused => f.write_str("the key did not do what it was asked for"),
        }
    }
}

impl std::error::Error for Trouble {}
