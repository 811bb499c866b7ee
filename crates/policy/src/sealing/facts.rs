//! What a decision about sealing is made from: the mail's envelope and header, and the keys that were found.

use super::words::{Algorithm, Origin, Scheme};
use crate::Told;
use serde::{Deserialize, Serialize};

/// What is known of a mail. Its body is not among it, so nothing that stands there can decide.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct MailFacts {
    /// The time, in seconds since 1970.
    pub now_s: i64,
    /// The name of the site; empty for none.
    pub site: String,
    /// `MAIL FROM`; `None` for the null reverse-path.
    pub envelope_from: Option<String>,
    /// The account by which it was submitted, proved.
    pub account: Option<String>,
    pub headers: mail::Headers,
    /// `RCPT TO`, in order. Plans and traces know them by their numbers, from 0.
    pub recipients: Vec<String>,
    /// What it tells came encrypted to us (SEC-15).
    pub came_sealed: bool,
    /// Keys of further projects of which it tells for certain, such as those of a summary. Their tables only tighten.
    pub projects: Vec<String>,
}

impl MailFacts {
    /// The address in From; `None` where there is none, or several.
    pub fn from(&self) -> Option<&str> {
        match self.headers.from.as_slice() {
            [one] => Some(one.address.as_str()),
            _ => None,
        }
    }
}

/// What has to be found out before something can be decided.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(tag = "question", rename_all = "snake_case")]
pub enum Question {
    /// Every key of this recipient, good or not.
    RecipientKeys { recipient: u32, scheme: Scheme },
    /// Every key of ours for the address in From.
    OwnKeys { scheme: Scheme },
}

/// A key as it was found. It has been looked at for the address: one that is not for it is [`Trust::Untrusted`].
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Key {
    /// Hexadecimal digits; the name by which the caller knows the key again.
    pub fingerprint: String,
    pub origin: Origin,
    /// Of the part that would be used: for OpenPGP of the subkey.
    pub algorithm: Algorithm,
    pub bits: u32,
    /// Of each further part to which the same mail is encrypted, and each of them opens it: of OpenPGP the other subkeys.
    #[serde(default)]
    pub beside: Vec<(Algorithm, u32)>,
    /// Of OpenPGP, 4 or 6; where it is not known it counts as 4.
    #[serde(default)]
    pub version: Option<u8>,
    /// Of OpenPGP: its owner says that his programs read SEIPDv2 (RFC 9580).
    #[serde(default)]
    pub reads_seipd_v2: bool,
    /// Seconds since 1970; so is the next.
    #[serde(default)]
    pub not_before_s: Option<i64>,
    #[serde(default)]
    pub not_after_s: Option<i64>,
    /// Whether it may sign, and whether it may be encrypted to, by its own words.
    pub signs: bool,
    pub encrypts: bool,
    pub trust: Trust,
}

impl Key {
    /// The algorithm and bits of all that would be encrypted to.
    pub(super) fn parts(&self) -> impl Iterator<Item = (Algorithm, u32)> {
        std::iter::once((self.algorithm, self.bits)).chain(self.beside.iter().copied())
    }
}

/// What was found out about a key.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Trust {
    Trusted,
    Untrusted(Distrust),
    Revoked,
    /// Everything is well, but whether it was revoked could not be learned; how many days ago it was last known to be good.
    Unknown {
        good_days: Option<u32>,
    },
}

/// Why a key is not trusted. Words of the certificate are none of it, because traces show it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Distrust {
    /// It is for other addresses.
    OtherAddress,
    UnknownIssuer,
    SelfSigned,
    /// A certificate on the way to an authority is not good, or forbids it.
    Path,
    /// A signature on the way is made with an algorithm that proves nothing.
    WeakSignature,
    /// Another key was pinned before it, and nobody has decided between them.
    Conflict,
    /// Nobody has vouched for it.
    NotVouched,
    Malformed,
    Other,
}

impl Distrust {
    pub(super) fn why(self) -> &'static str {
        match self {
            Distrust::OtherAddress => "it is for other addresses",
            Distrust::UnknownIssuer => "its issuer is not trusted",
            Distrust::SelfSigned => "it is signed by nobody but itself",
            Distrust::Path => "its path to an authority is not good",
            Distrust::WeakSignature => "it is signed with an algorithm that proves nothing",
            Distrust::Conflict => "another key was known before it, and nobody has decided between them",
            Distrust::NotVouched => "nobody has vouched for it",
            Distrust::Malformed => "it is malformed",
            Distrust::Other => "it is not trusted",
        }
    }
}

/// What was found of one recipient.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RecipientKeys {
    pub recipient: u32,
    pub scheme: Scheme,
    pub keys: Told<Vec<Key>>,
}

/// What was found of ours.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct OwnKeys {
    pub scheme: Scheme,
    pub keys: Told<Vec<Key>>,
}

/// The answers so far. [`Told::Untold`] says that a source that may have a key could not be asked; its reason stands in no trace.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct KeyFacts {
    pub recipients: Vec<RecipientKeys>,
    pub own: Vec<OwnKeys>,
}

impl KeyFacts {
    /// Takes in an answer.
    pub fn answer(&mut self, question: &Question, keys: Told<Vec<Key>>) {
        match *question {
            Question::RecipientKeys { recipient, scheme } => {
                self.recipients.push(RecipientKeys { recipient, scheme, keys });
            }
            Question::OwnKeys { scheme } => self.own.push(OwnKeys { scheme, keys }),
        }
    }

    /// Answers that there is no such key.
    pub fn answer_with_nothing(&mut self, question: &Question) {
        self.answer(question, Told::Known(Vec::new()));
    }

    /// The answer; `None` where it was not asked.
    pub fn told(&self, question: &Question) -> Option<&Told<Vec<Key>>> {
        match *question {
            Question::RecipientKeys { recipient, scheme } => {
                let found = self.recipients.iter().find(|told| told.recipient == recipient && told.scheme == scheme);
                found.map(|told| &told.keys)
            }
            Question::OwnKeys { scheme } => self.own.iter().find(|told| told.scheme == scheme).map(|told| &told.keys),
        }
    }
}
