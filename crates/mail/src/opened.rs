//! What was found where a mail came sealed, as a value to decide by and to show.

use crate::SealScheme;
use serde::{Deserialize, Serialize};

/// What opening a mail has shown. A mail that was not sealed has none, nor has one that nobody tried to open.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Opened {
    /// In which scheme it was encrypted; `None` where it was not.
    pub encrypted: Option<SealScheme>,
    /// Why it could not be opened. Then the message is what anybody on its way could read.
    pub unopened: Option<Unopened>,
    /// Those right around the content. What stands further out is left out: anybody can sign what he found.
    pub signatures: Vec<SignatureFound>,
    /// Nobody can say that the content was not changed on its way, so nothing but its text was taken (EFAIL).
    pub is_text_only: bool,
    /// Fields stood within what is sealed (RFC 9788), and those are what the message has.
    pub has_fields_within: bool,
    /// Names, in small letters, of fields that somebody on the way changed outside.
    pub changed_fields: Vec<String>,
    /// Within, the mail says that it is from somebody else.
    pub other_author: bool,
}

/// Why a mail stays closed. Whatever is wrong inside what is encrypted, it is [`Unopened::DoesNotOpen`]: a sender learns no more (SEC-14).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Unopened {
    /// It is encrypted for none of our keys.
    ForOthers,
    DoesNotOpen,
    /// What is sealed does not have the form that it says it has.
    Malformed,
    /// An algorithm or a size that is not done.
    Unsupported,
}

/// One signature.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SignatureFound {
    pub scheme: SealScheme,
    /// Of the signer's certificate, in small hex; empty where that is not had.
    pub fingerprint: String,
    pub worth: Worth,
}

/// What a signature is worth.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Worth {
    /// It holds, its certificate speaks for the author, and is trusted: by the authority of this name, or, where that is empty, because it is
    /// in the folder of keys.
    Trusted { by: String },
    /// It holds, and nobody vouches that it is the author's: why.
    Untrusted { why: String },
    /// The key that it was made with is not had, so it cannot be checked. It counts for as little as one that is wrong.
    Unknown,
    /// It does not hold, or cannot be checked: why, as a word.
    Wrong { why: String },
}

/// What all signatures of a mail together are worth: as much as the best of them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default)]
pub enum Signed {
    #[default]
    Not,
    Wrong,
    Untrusted,
    Trusted,
}

impl Opened {
    /// What it said inside was read here and by nobody on its way.
    pub fn came_sealed(&self) -> bool {
        self.encrypted.is_some() && self.unopened.is_none()
    }

    pub fn signed(&self) -> Signed {
        self.best().map_or(Signed::Not, |best| Signed::from(&best.worth))
    }

    /// The signature that is worth the most.
    pub fn best(&self) -> Option<&SignatureFound> {
        self.signatures.iter().max_by_key(|one| Signed::from(&one.worth))
    }
}

impl From<&Worth> for Signed {
    fn from(worth: &Worth) -> Signed {
        match worth {
            Worth::Trusted { .. } => Signed::Trusted,
            Worth::Untrusted { .. } => Signed::Untrusted,
            Worth::Unknown | Worth::Wrong { .. } => Signed::Wrong,
        }
    }
}

impl Signed {
    /// As conditions call it.
    pub fn word(self) -> &'static str {
        match self {
            Signed::Not => "no",
            Signed::Wrong => "wrong",
            Signed::Untrusted => "untrusted",
            Signed::Trusted => "trusted",
        }
    }
}

impl SealScheme {
    /// As people call it.
    pub fn name(self) -> &'static str {
        match self {
            SealScheme::Smime => "S/MIME",
            SealScheme::OpenPgp => "OpenPGP",
        }
    }

    /// As conditions call it.
    pub fn word(self) -> &'static str {
        match self {
            SealScheme::Smime => "smime",
            SealScheme::OpenPgp => "openpgp",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_mail_is_worth_its_best_signature_and_one_that_stayed_closed_did_not_come_sealed() {
        let one = |worth| SignatureFound { scheme: SealScheme::Smime, fingerprint: String::new(), worth };
        let mut opened = Opened::default();
        assert_eq!((opened.signed(), opened.came_sealed()), (Signed::Not, false));
        opened.signatures.push(one(Worth::Untrusted { why: String::new() }));
        opened.signatures.push(one(Worth::Wrong { why: String::new() }));
        assert_eq!(opened.signed(), Signed::Untrusted);
        opened.signatures.insert(0, one(Worth::Trusted { by: String::new() }));
        assert_eq!(opened.signed(), Signed::Trusted);
        opened.encrypted = Some(SealScheme::OpenPgp);
        assert!(opened.came_sealed());
        opened.unopened = Some(Unopened::ForOthers);
        assert!(!opened.came_sealed());
    }
}
