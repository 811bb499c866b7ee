//! What mail hides and proves: S/MIME (RFC 8551 on CMS, RFC 5652) and OpenPGP (RFC 9580, RFC 3156).
//!
//! Pure: bytes in, values out. It reads no clock and no file; keys of its own stay behind [`key::PrivateKey`], and what is drawn by
//! chance comes from a [`Random`] that is handed in (the inner randomness of a primitive, such as the padding of RSA, is its own).

#![forbid(unsafe_code)]

mod asn1;
pub mod entity;
pub mod header_protection;
pub mod key;
pub mod keyfile;
mod layers;
pub mod order;
mod parameters;
pub mod pgp;
pub mod smime;
mod texts;
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
    /// Nobody could ask the key now: what keeps it is away. It says nothing of what the key was asked for.
    KeyAway,
}

impl fmt::Display for Trouble {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        order::Refusal::from(*self).fmt(f)
    }
}

impl std::error::Error for Trouble {}
