//! Keyed hashes: equal values can be found again, and nobody without the key can try out what was hashed.

use aws_lc_rs::hmac;

/// HMAC-SHA-256 cut to 128 bits.
const HASH_BYTES: usize = 16;

/// What a hash is for; each use has its own key per site, so hashes of different columns cannot be matched.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum HashUse {
    Address,
    MessageId,
    Digest,
    Handle,
}

impl HashUse {
    pub(crate) const ALL: [HashUse; 4] = [HashUse::Address, HashUse::MessageId, HashUse::Digest, HashUse::Handle];

    /// The kind of its key in the key book.
    pub(crate) fn kind(self) -> &'static str {
        match self {
            HashUse::Address => "hash_address",
            HashUse::MessageId => "hash_message_id",
            HashUse::Digest => "hash_digest",
            HashUse::Handle => "hash_handle",
        }
    }
}

/// The hash keys of one site, in the order of [`HashUse::ALL`], each with its number.
pub(crate) struct Hasher {
    keys: Vec<(u8, hmac::Key)>,
}

impl Hasher {
    /// Keys in the order of [`HashUse::ALL`].
    pub(crate) fn new(keys: Vec<(u8, hmac::Key)>) -> Hasher {
        debug_assert_eq!(keys.len(), HashUse::ALL.len());
        Hasher { keys }
    }

    /// An address, its letters' case ignored.
    pub(crate) fn address(&self, address: &str) -> Vec<u8> {
        self.hash(HashUse::Address, address.trim().to_lowercase().as_bytes())
    }

    /// A Message-ID without angle brackets. Case counts (RFC 5322, section 3.6.4).
    pub(crate) fn message_id(&self, id: &str) -> Vec<u8> {
        self.hash(HashUse::MessageId, id.trim().as_bytes())
    }

    /// The digest of a message's bytes.
    pub(crate) fn digest(&self, digest: &[u8; 32]) -> Vec<u8> {
        self.hash(HashUse::Digest, digest)
    }

    /// Server and user of a fetched mailbox.
    pub(crate) fn account(&self, account: &str) -> Vec<u8> {
        self.hash(HashUse::Handle, format!("account:{account}").as_bytes())
    }

    /// A handle that is known for ever.
    pub(crate) fn lasting(&self, handle: &str) -> Vec<u8> {
        self.handle(&format!("lasting:{handle}"))
    }

    /// A deed in a tracker.
    pub(crate) fn deed(&self, deed: &str) -> Vec<u8> {
        self.handle(&format!("deed:{deed}"))
    }

    /// A courier's handle.
    pub(crate) fn handle(&self, handle: &str) -> Vec<u8> {
        self.hash(HashUse::Handle, handle.as_bytes())
    }

    /// The key's number, then the hash: 17 bytes.
    fn hash(&self, of: HashUse, value: &[u8]) -> Vec<u8> {
        let (number, key) = &self.keys[of as usize];
        let tag = hmac::sign(key, value);
        let mut hash = Vec::with_capacity(1 + HASH_BYTES);
        hash.push(*number);
        hash.extend_from_slice(&tag.as_ref()[..HASH_BYTES]);
        hash
    }
}
