//! The words that rules of sealing choose from, as values.

use crate::profile::Word;
use crate::profile::values::Inherited;
use serde::{Deserialize, Serialize};

/// Enumerations whose first variant is what holds where nothing is said.
macro_rules! choices {
    ($(#[$doc:meta])* $name:ident {
        $(#[$first_doc:meta])* $first:ident = $first_word:literal,
        $($(#[$variant_doc:meta])* $variant:ident = $word:literal,)*
    }) => {
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        pub enum $name {
            $(#[$first_doc])* #[default] #[serde(rename = $first_word)] $first,
            $($(#[$variant_doc])* #[serde(rename = $word)] $variant,)*
        }

        impl Word for $name {
            const WORDS: &'static [(&'static str, $name)] =
                &[($first_word, $name::$first), $(($word, $name::$variant)),*];
        }

        impl Inherited for $name {}

        impl $name {
            /// The words, in the order of the values.
            #[allow(dead_code, reason = "no setting chooses among schemes")]
            pub(super) const CHOICES: &'static [&'static str] = &[$first_word, $($word),*];
        }

        impl std::fmt::Display for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str(self.word())
            }
        }
    };
}

choices! {
    /// How a mail is sealed.
    Scheme {
        Smime = "smime",
        Pgp = "pgp",
    }
}

choices! {
    /// Which schemes may be used, the first before the other.
    Priority {
        SmimePreferred = "smime_preferred",
        SmimeOnly = "smime_only",
        PgpPreferred = "pgp_preferred",
        PgpOnly = "pgp_only",
    }
}

impl Priority {
    /// In the order in which they are tried.
    pub fn schemes(self) -> &'static [Scheme] {
        match self {
            Priority::SmimePreferred => &[Scheme::Smime, Scheme::Pgp],
            Priority::SmimeOnly => &[Scheme::Smime],
            Priority::PgpPreferred => &[Scheme::Pgp, Scheme::Smime],
            Priority::PgpOnly => &[Scheme::Pgp],
        }
    }
}

choices! {
    /// Whether something is done to a mail; each demands more than the one before.
    Demand {
        Never = "never",
        /// Where a key may be used for it; else the mail goes without.
        WhenPossible = "when_possible",
        /// Or the mail does not go as it is.
        Always = "always",
    }
}

choices! {
    /// What becomes of a mail that has to be encrypted and for which no key may be used.
    Fallback {
        /// A notice says that there was a mail that could not be sealed.
        ProblemReport = "problem_report",
        SendPlain = "send_plain",
        /// It goes readable, and signed.
        SignOnly = "sign_only",
        /// A notice says where to look.
        LinkOnly = "link_only",
        /// It waits until a key appears.
        Hold = "hold",
        DoNotSend = "do_not_send",
    }
}

impl Fallback {
    /// Whether the content leaves so that others can read it.
    pub fn is_readable(self) -> bool {
        matches!(self, Fallback::SendPlain | Fallback::SignOnly)
    }

    /// How little leaves: the more, the less others learn.
    pub(super) fn strictness(self) -> u8 {
        match self {
            Fallback::SendPlain => 0,
            Fallback::SignOnly => 1,
            Fallback::LinkOnly | Fallback::ProblemReport | Fallback::Hold | Fallback::DoNotSend => 2,
        }
    }
}

choices! {
    /// What becomes of a mail that has to be signed and for which no key of ours may be used.
    NoSigningKey {
        Hold = "hold",
        DoNotSend = "do_not_send",
        /// It goes without a signature.
        Send = "send",
    }
}

choices! {
    /// What is done when keys could not be looked up.
    LookupFailed {
        Hold = "hold",
        /// As if there were none.
        AsWithoutKey = "as_without_key",
    }
}

choices! {
    /// When a key may be used of which nobody could say whether it was revoked; each is stricter than the one before.
    Revocation {
        /// It may.
        Soft = "soft",
        /// When it was known to be good so many days ago.
        Stale = "stale",
        /// It may not.
        Hard = "hard",
    }
}

choices! {
    /// What a place may say that nothing but the subject names.
    BySubject {
        /// What demands no less than would hold without it.
        Tighten = "tighten",
        Any = "any",
    }
}

choices! {
    /// Of what an exemption spares a mail.
    Spares {
        Encrypt = "encrypt",
        Sign = "sign",
        Both = "both",
        /// Of encryption where its recipient has no key; with one it is encrypted all the same.
        WithoutKey = "without_key",
    }
}

choices! {
    /// What goes in place of a mail.
    NoticeKind {
        /// There was a mail that could not be sealed.
        ProblemReport = "problem_report",
        /// Where to look.
        LinkOnly = "link_only",
    }
}

choices! {
    /// Where mail was made.
    Platform {
        Jira = "jira",
        Confluence = "confluence",
        Bitbucket = "bitbucket",
        Other = "other",
    }
}

choices! {
    /// What is known of the mails that a platform writes about accounts.
    Preset {
        Jira = "jira_account_mail",
        Confluence = "confluence_account_mail",
        Bitbucket = "bitbucket_account_mail",
    }
}

choices! {
    /// Whence a key of a person came, in the order in which they are taken.
    Origin {
        /// The person brought it.
        Upload = "upload",
        Administrator = "administrator",
        /// Out of a mail of the person that was proved.
        Harvested = "harvested",
        /// A bundle or key ring.
        File = "file",
        /// LDAP.
        Directory = "directory",
        /// Web Key Directory.
        Wkd = "wkd",
        /// HKP or VKS.
        KeyServer = "key_server",
        Autocrypt = "autocrypt",
        /// OPENPGPKEY (RFC 7929) or SMIMEA (RFC 8162).
        Dns = "dns",
    }
}

choices! {
    /// The kind of a key.
    Algorithm {
        Rsa = "rsa",
        P256 = "p256",
        P384 = "p384",
        P521 = "p521",
        /// Ed25519 and X25519.
        Curve25519 = "curve25519",
        /// Ed448 and X448.
        Curve448 = "curve448",
        /// ML-KEM and ML-DSA, alone or beside a curve.
        PostQuantum = "post_quantum",
        /// DSA, ElGamal and whatever else there is; refused always.
        Other = "other",
    }
}

choices! {
    /// The weakest cipher that content of S/MIME may be encrypted with. Two are compared by the bits of their keys and by whether they prove that the
    /// content was not changed, so of some neither is the stricter one.
    Cipher {
        Aes128Cbc = "aes-128-cbc",
        Aes256Cbc = "aes-256-cbc",
        Aes128Gcm = "aes-128-gcm",
        Aes256Gcm = "aes-256-gcm",
    }
}

impl Cipher {
    /// Of its key.
    pub fn bits(self) -> u16 {
        match self {
            Cipher::Aes128Cbc | Cipher::Aes128Gcm => 128,
            Cipher::Aes256Cbc | Cipher::Aes256Gcm => 256,
        }
    }

    /// Whether it proves that its content was not changed.
    pub fn is_authenticated(self) -> bool {
        matches!(self, Cipher::Aes128Gcm | Cipher::Aes256Gcm)
    }

    /// The weakest that is no weaker than either.
    pub(super) fn stricter(self, other: Cipher) -> Cipher {
        match (self.bits().max(other.bits()) > 128, self.is_authenticated() || other.is_authenticated()) {
            (false, false) => Cipher::Aes128Cbc,
            (true, false) => Cipher::Aes256Cbc,
            (false, true) => Cipher::Aes128Gcm,
            (true, true) => Cipher::Aes256Gcm,
        }
    }
}

choices! {
    /// The form in which keys of RSA encrypt and sign (RFC 8017).
    RsaPadding {
        /// OAEP for whose program says that it opens it, else PKCS#1 v1.5; signatures with PKCS#1 v1.5.
        Auto = "auto",
        /// PKCS#1 v1.5 always.
        Pkcs1 = "pkcs1",
        /// OAEP and PSS always.
        Modern = "modern",
    }
}

impl RsaPadding {
    /// The stricter of two: the more of it is provably safe.
    pub(super) fn stricter(self, other: RsaPadding) -> RsaPadding {
        let strictness = |one: RsaPadding| match one {
            RsaPadding::Pkcs1 => 0,
            RsaPadding::Auto => 1,
            RsaPadding::Modern => 2,
        };
        if strictness(self) < strictness(other) { other } else { self }
    }
}

impl Origin {
    /// The word that stands in rules and in the store.
    pub fn of_word(word: &str) -> Option<Origin> {
        Origin::from_word(word)
    }
}

impl Scheme {
    /// The word that stands in rules and in the store.
    pub fn of_word(word: &str) -> Option<Scheme> {
        Scheme::from_word(word)
    }

    /// As people write it.
    pub fn title(self) -> &'static str {
        match self {
            Scheme::Smime => "S/MIME",
            Scheme::Pgp => "OpenPGP",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_stricter_of_two_is_no_weaker_than_either() {
        use Cipher::{Aes128Cbc, Aes128Gcm, Aes256Cbc, Aes256Gcm};
        for (one, other, expected) in [
            (Aes128Cbc, Aes128Cbc, Aes128Cbc),
            (Aes128Cbc, Aes256Cbc, Aes256Cbc),
            (Aes128Cbc, Aes128Gcm, Aes128Gcm),
            (Aes256Cbc, Aes128Gcm, Aes256Gcm),
            (Aes128Cbc, Aes256Gcm, Aes256Gcm),
        ] {
            assert_eq!((one.stricter(other), other.stricter(one)), (expected, expected));
        }
        let paddings = [RsaPadding::Pkcs1, RsaPadding::Auto, RsaPadding::Modern];
        for (at, one) in paddings.iter().enumerate() {
            for (beside, other) in paddings.iter().enumerate() {
                assert_eq!(one.stricter(*other), paddings[at.max(beside)]);
            }
        }
    }
}
