//! What files of keys hold: certificates, private keys, OpenPGP certificates and lists of what was revoked.
//!
//! A file is recognised by its content, never by its name: PEM and armor, DER and BER, PKCS#7 (p7b), PKCS#12 (p12, pfx), JKS and BKS of
//! Java, rings of OpenPGP and GnuPG's keybox. One bad thing in it is told by its number and does not stop the rest.

mod binary;
mod block;
mod bundle;
mod chain;
mod finding;
mod java;
mod keybox;
mod list;
mod password;
mod pkcs12;
mod private;
mod ring;

pub mod issue;

pub use block::{armored, pem};
pub use bundle::bundle;
pub use chain::{Issuers, names_in_words};
pub use list::{RevocationList, revocation_list};
pub use password::encrypted_pkcs8;
pub use ring::public_parts;

use crate::Trouble;
use crate::key::Secret;
use crate::smime::{Certificate, PublicKey};
use finding::{Finding, Look};
use std::fmt;
use zeroize::Zeroizing;

/// Bytes of a file that is read.
pub const FILE_BYTES_MAX: usize = 16 << 20;
/// Things in one file.
const ITEMS_MAX: usize = 100_000;
/// Private keys in one file.
const PRIVATE_KEYS_MAX: usize = 1_000;

/// Opens what is kept under one; wiped when it is no longer needed.
pub type Password = Zeroizing<String>;

/// What a file holds, in its order.
#[derive(Debug, Default)]
pub struct Found {
    pub items: Vec<Item>,
    pub faults: Vec<Fault>,
}

/// One thing in a file.
#[derive(Debug)]
pub enum Item {
    Certificate(Certificate),
    PrivateKey(FoundKey),
    /// A list of certificates that were revoked, in DER.
    RevocationList(Vec<u8>),
    PgpPublic(PgpCertificate),
    /// A certificate of OpenPGP with the private parts of its keys, under a password or not.
    PgpSecret(PgpCertificate),
}

/// A private key as a file held it, no longer under a password.
pub struct FoundKey {
    /// RFC 5958, version 1 or 2.
    pub pkcs8: Secret,
    /// The public key that it makes.
    pub public: PublicKey,
    /// Its certificate, by its place among the items of the same file.
    pub certificate: Option<usize>,
}

// Written by hand so that no log line can ever show it.
impl fmt::Debug for FoundKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("FoundKey").field("certificate", &self.certificate).finish_non_exhaustive()
    }
}

/// One certificate of OpenPGP (a transferable key, RFC 9580, section 10), byte for byte but for marks that are of its holder's own use.
#[derive(Clone, PartialEq, Eq)]
pub struct PgpCertificate {
    pub bytes: Zeroizing<Vec<u8>>,
    /// Lower-case hex: 40 digits of version 4, 64 of version 6.
    pub fingerprint: String,
    /// Of its user ids, as they are written. Whether they are signed is not looked at here.
    pub addresses: Vec<String>,
}

impl fmt::Debug for PgpCertificate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PgpCertificate").field("fingerprint", &self.fingerprint).finish_non_exhaustive()
    }
}

/// Something in a file that cannot be used.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Fault {
    /// Which of the things in the file it is, from 1; 0 for the file as a whole.
    pub number: usize,
    pub why: Problem,
}

/// Why something in a file cannot be used. It says nothing of what stands there.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Problem {
    /// Its form, or an algorithm that we do not do.
    Trouble(Trouble),
    /// It is under a password, and none was given.
    NoPassword,
    /// None of the passwords opens it.
    WrongPassword,
    /// To try a password on it takes more work than a file may ask for.
    Costly,
    /// The file is larger than 16 MiB.
    TooLarge,
    /// The file holds more than 100,000 things, or more than 1,000 private keys.
    TooMany,
}

impl From<Trouble> for Problem {
    fn from(trouble: Trouble) -> Problem {
        Problem::Trouble(trouble)
    }
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Problem::Trouble(trouble) => trouble.fmt(f),
            Problem::NoPassword => f.write_str("it is under a password; give it, by reference"),
            Problem::WrongPassword => f.write_str("none of the passwords opens it"),
            Problem::Costly => f.write_str("to try a password on it takes more work than a file may ask for"),
            Problem::TooLarge => write!(f, "the file is larger than {} MiB", FILE_BYTES_MAX >> 20),
            Problem::TooMany => {
                write!(f, "the file holds more than {ITEMS_MAX} things or {PRIVATE_KEYS_MAX} private keys")
            }
        }
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.number {
            0 => self.why.fmt(f),
            number => write!(f, "item {number}: {}", self.why),
        }
    }
}

/// Why a file that somebody hands in is not taken.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Refused {
    /// It holds a private key, or something under a password, which may be one.
    HoldsPrivate,
    /// There is nothing in it that could be used; what is wrong with it.
    Nothing(Vec<Fault>),
}

impl fmt::Display for Refused {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Refused::HoldsPrivate => f.write_str(
                "it holds a private key, or something under a password, and nothing of it was kept; hand in the certificate alone",
            ),
            Refused::Nothing(faults) => match faults.first() {
                Some(fault) => write!(f, "it holds no certificate that can be used: {fault}"),
                None => f.write_str("it holds no certificate"),
            },
        }
    }
}

/// Everything that a file holds. What stands under a password is tried with each of these, and with an empty one.
///
/// Total: what cannot be used is among the faults. A private key goes with the certificate of the same public key.
pub fn read(bytes: &[u8], passwords: &[Password]) -> Found {
    let mut finding = Finding::new(Look::Everything, passwords);
    finding.file(bytes);
    finding.done().0
}

/// What a file holds that a person hands in.
///
/// # Errors
/// [`Refused::HoldsPrivate`] when any private key is in it, in whatever form and whether it can be read or not, or anything under a
/// password; then nothing of it is kept. [`Refused::Nothing`] when it holds no certificate.
pub fn public_only(bytes: &[u8]) -> Result<Found, Refused> {
    let mut finding = Finding::new(Look::PublicOnly, &[]);
    finding.file(bytes);
    let (found, holds_private) = finding.done();
    if holds_private {
        return Err(Refused::HoldsPrivate);
    }
    let is_certificate = |item: &Item| matches!(item, Item::Certificate(_) | Item::PgpPublic(_));
    if !found.items.iter().any(is_certificate) {
        return Err(Refused::Nothing(found.faults));
    }
    Ok(found)
}
