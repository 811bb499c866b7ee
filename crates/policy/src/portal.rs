//! What somebody without an account does about his keys, and what becomes of it, as pages say it and the engine does it.

use crate::sealing::Scheme;

/// What a link in a letter proves.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Proves {
    Address,
    Key { scheme: Scheme, fingerprint: String },
}

/// What became of a link that was followed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Followed {
    /// The address is proved: what opens its keys for a while, to be kept by its visitor alone.
    Visit(String),
    /// The key was proved, and is used from now on.
    Used { site: String },
    /// It was proved, and the address has as many keys as it may: one has to go first. The link is still good.
    TooMany { site: String },
}

/// What a file of keys came to. Each key is named by its scheme and its fingerprint in small hex.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Brought {
    /// It holds a private key or something under a password: nothing of it was taken, and the key has to be taken for known to others.
    pub holds_private: bool,
    /// It holds no certificate at all.
    pub holds_nothing: bool,
    /// How many are for other addresses.
    pub others: u32,
    /// Those to which a letter goes.
    pub taken: Vec<(Scheme, String)>,
    /// Those that no mail can be encrypted to, with why.
    pub unusable: Vec<(Scheme, String, String)>,
    /// So many were brought of late that one more has to wait.
    pub too_many: bool,
}
