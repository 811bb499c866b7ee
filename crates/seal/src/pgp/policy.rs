//! What counts: hashes, lengths of keys, and why a key does not do.

use super::algorithm::is_weak;
use pgp::crypto::hash::HashAlgorithm;
use pgp::packet::{Signature, SignatureVersion, SubpacketData};
use serde::{Deserialize, Serialize};
use std::fmt;

/// The first of February 2023, from when on the large programs take no binding with SHA-1 any more.
pub const SHA1_CUT_OFF: u64 = 1_675_209_600;

/// What is asked of keys and of what binds them together.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Policy {
    /// Bindings with SHA-1 that say that they were made before this time still count; `None`: none do. Seconds since 1970.
    ///
    /// Off at first: the time in a binding is what its maker says, and two keys with one hash cost some thousand euros since 2020.
    /// Somebody who has to write to people with keys of the years before sets [`SHA1_CUT_OFF`]. Whatever it is, signatures over mail
    /// with SHA-1 never count.
    pub sha1_bindings_before: Option<u64>,
    pub rsa_bits_min: u16,
    /// Content is encrypted with a cipher of at least so many bits, whatever certificates say that their owners read; 0 for their word alone, and at most 256.
    pub cipher_bits_min: u16,
}

impl Default for Policy {
    fn default() -> Policy {
        Policy { sha1_bindings_before: None, rsa_bits_min: 2_048, cipher_bits_min: 0 }
    }
}

/// Why a key, or a name on it, is of no use for something.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Unfit {
    /// Its certificate's owner did not bind it, or took the binding's time back.
    NotBound,
    /// What binds it has a hash that proves nothing any more.
    WeakBinding,
    /// From the beginning of time: somebody else may have it. `since` is when that was said.
    Compromised {
        since: u64,
    },
    /// Taken back for a reason that leaves what was done before as it is.
    Revoked {
        since: u64,
    },
    Expired {
        since: u64,
    },
    NotYetMade,
    /// Its owner did not say that it is for this.
    NotForThis,
    /// A key that signs did not say itself that it belongs to this certificate.
    NotBoundBack,
    TooShort {
        bits: u16,
    },
    /// Its algorithm is too weak, or one that we do not do.
    Algorithm,
}

impl fmt::Display for Unfit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Unfit::NotBound => f.write_str("the owner of the certificate did not bind it"),
            Unfit::WeakBinding => f.write_str("it is bound with a hash that proves nothing any more"),
            Unfit::Compromised { .. } => f.write_str("it was revoked, for all times"),
            Unfit::Revoked { .. } => f.write_str("it was revoked"),
            Unfit::Expired { .. } => f.write_str("it has expired"),
            Unfit::NotYetMade => f.write_str("it was made later than that"),
            Unfit::NotForThis => f.write_str("it is not meant for this"),
            Unfit::NotBoundBack => f.write_str("it did not sign that it belongs to its certificate"),
            Unfit::TooShort { bits } => write!(f, "its key has {bits} bits, which is too short"),
            Unfit::Algorithm => f.write_str("its algorithm is too weak, or unknown"),
        }
    }
}

impl Policy {
    /// Whether a binding counts; revocations are not asked, for they count with any hash.
    pub(super) fn binds(&self, binding: &Signature) -> Result<(), Unfit> {
        if !is_understood(binding) {
            return Err(Unfit::NotBound);
        }
        let hash = binding.hash_alg().unwrap_or(HashAlgorithm::None);
        let made = binding.created().map_or(u64::MAX, |time| u64::from(time.as_secs()));
        let is_old = hash == HashAlgorithm::Sha1 && self.sha1_bindings_before.is_some_and(|before| made < before);
        if is_weak(hash) && !is_old { Err(Unfit::WeakBinding) } else { Ok(()) }
    }
}

/// Whether nothing stands in it of which its maker says that it must be understood, and is not (RFC 9580, section 5.2.3.7).
pub(super) fn is_understood(signature: &Signature) -> bool {
    let Some(config) = signature.config() else { return false };
    matches!(signature.version(), SignatureVersion::V4 | SignatureVersion::V6)
        && !config.hashed_subpackets().filter(|one| one.is_critical).any(|one| {
            matches!(
                one.data,
                SubpacketData::Experimental(..)
                    | SubpacketData::Other(..)
                    | SubpacketData::Notation(_)
                    | SubpacketData::SignatureTarget(..)
                    | SubpacketData::RegularExpression(_)
                    | SubpacketData::TrustSignature(..)
            )
        })
}
