//! What is decided about a mail for each recipient, with how it came to that.

use super::place::{Place, Source};
use super::words::{Algorithm, Cipher, NoticeKind, Origin, Platform, RsaPadding, Scheme};
use serde::{Deserialize, Serialize};

/// What becomes of a mail. It names keys and the place; what is kept as the audit record is each [`Trace`].
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SealingPlan {
    /// Of the rules that decided.
    pub rules_version: u32,
    pub platform: Option<Platform>,
    pub place: Option<Place>,
    /// One for each recipient, in their order.
    pub recipients: Vec<RecipientPlan>,
}

/// What becomes of the copy for one recipient.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RecipientPlan {
    /// His number among the recipients, from 0.
    pub recipient: u32,
    pub fate: Fate,
    pub trace: Trace,
}

/// What becomes of a copy. Each has one sentence that says why and names the rule.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "fate", rename_all = "snake_case")]
pub enum Fate {
    /// It is encrypted, signed or both.
    Seal(Seal),
    /// It goes as it came.
    Plain { why: String },
    /// It does not go; this goes in its place.
    Notice(Notice),
    /// It waits. A relay answers 4xx, and whoever submitted it tries again.
    Hold { why: String },
    /// It does not go, and nothing in its place.
    Refuse { why: String },
}

/// How it is sealed. Keys are named by their fingerprints.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Seal {
    pub scheme: Scheme,
    /// A key of ours; `None` for no signature.
    pub sign: Option<String>,
    /// The recipient's, a classic one of his beside it, and ours when it is encrypted to ourselves; empty where it is signed alone, and readable.
    pub encrypt_to: Vec<String>,
    #[serde(default, skip_serializing_if = "Suite::is_default")]
    pub suite: Suite,
    /// Whether header fields stand inside as well (RFC 9788).
    pub protect_header: bool,
    /// What stands outside in place of the subject; `None` for the subject.
    pub outer_subject: Option<String>,
    /// Whether a signature without encryption holds the content.
    pub opaque: bool,
    /// A line below the text that says how it was sealed; `None` for none.
    pub footer: Option<String>,
    pub why: String,
}

/// What rules say of the algorithms that are used with the keys.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Suite {
    /// Content is encrypted with no weaker cipher; for OpenPGP its bits count alone.
    pub cipher_min: Cipher,
    pub rsa_padding: RsaPadding,
}

impl Suite {
    fn is_default(&self) -> bool {
        *self == Suite::default()
    }
}

/// What goes in its place: nothing of the mail's content.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Notice {
    pub kind: NoticeKind,
    pub language: String,
    pub subject: String,
    /// With the link, where there is one.
    pub text: String,
    /// A key of ours that signs it.
    pub sign: Option<(Scheme, String)>,
    #[serde(default, skip_serializing_if = "Suite::is_default")]
    pub suite: Suite,
    pub why: String,
}

impl Fate {
    /// Whether the content leaves so that others can read it on its way.
    pub fn is_readable(&self) -> bool {
        match self {
            Fate::Plain { .. } => true,
            Fate::Seal(seal) => seal.encrypt_to.is_empty(),
            Fate::Notice(_) | Fate::Hold { .. } | Fate::Refuse { .. } => false,
        }
    }

    /// What became of it, in a sentence for people, with the reason.
    pub fn in_words(&self) -> String {
        let what = match self {
            Fate::Seal(Seal { scheme, sign, encrypt_to, .. }) => {
                let done = match (sign, encrypt_to.first()) {
                    (Some(own), Some(key)) => format!("encrypted for the key {key} and signed with ours, {own}"),
                    (None, Some(key)) => format!("encrypted for the key {key}, not signed"),
                    (Some(own), None) => format!("readable, signed with our key {own}"),
                    (None, None) => "readable".to_owned(),
                };
                format!("by {}, {done}", scheme.title())
            }
            Fate::Plain { .. } => "readable".to_owned(),
            Fate::Notice(Notice { kind: NoticeKind::LinkOnly, .. }) => {
                "without its content: in its place it said where to look".to_owned()
            }
            Fate::Notice(Notice { kind: NoticeKind::ProblemReport, .. }) => {
                "without its content: in its place it said that it could not be encrypted".to_owned()
            }
            Fate::Hold { .. } => "not at all yet: it waits".to_owned(),
            Fate::Refuse { .. } => "not at all".to_owned(),
        };
        format!("{what}; {}", self.why())
    }

    /// The sentence that says why.
    pub fn why(&self) -> &str {
        match self {
            Fate::Seal(Seal { why, .. }) | Fate::Notice(Notice { why, .. }) => why,
            Fate::Plain { why } | Fate::Hold { why } | Fate::Refuse { why } => why,
        }
    }
}

/// How a fate came about: the audit record.
///
/// It holds nothing of the mail: no subject, no address, no key of a project (a personal space is named after its owner). Recipients are numbers
/// that mean something beside the mail's row alone, tables of rules are numbers that mean something beside the rules' version. What leads to a person
/// all the same is the fingerprint of a key, since keys are public: so a trace is kept sealed, and no longer than what the letter says.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Trace {
    /// What told the place; `None` where nothing did.
    pub place_by: Option<Source>,
    pub came_sealed: bool,
    pub rules: Vec<RuleTrace>,
    pub exemptions: Vec<ExemptionTrace>,
    pub keys: Vec<KeyTrace>,
    /// What followed from what, in order; the last is the fate.
    pub steps: Vec<String>,
}

impl Trace {
    /// Adds a step before the last, which is the fate: what is known only where the order to seal is made.
    pub fn note(&mut self, step: String) {
        self.steps.insert(self.steps.len().saturating_sub(1), step);
    }
}

/// A setting that holds, and the level that says so: `recipient[2]`, `domain[1]`, `place[3]`, `site[1]` or `default`. What no level says alone
/// has all that say it together: `place[3] and site[1]`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RuleTrace {
    pub setting: String,
    pub value: String,
    pub level: String,
}

/// An exemption, and whether it spared the mail.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ExemptionTrace {
    /// From 1, as `exemption[2]`.
    pub number: u32,
    pub name: String,
    pub holds: bool,
    pub why: String,
}

/// What a key would be used for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Purpose {
    /// The recipient's.
    Encrypt,
    /// Ours; so is the next.
    Sign,
    EncryptToSelf,
}

/// A key that was considered.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct KeyTrace {
    pub purpose: Purpose,
    pub scheme: Scheme,
    /// Its number among those that were found, from 1.
    pub number: u32,
    pub origin: Origin,
    pub algorithm: Algorithm,
    pub bits: u32,
    pub fingerprint: String,
    /// Whether it may be used and ends within `expiring_days`.
    pub ends_soon: bool,
    pub taken: bool,
    pub why: String,
}

impl KeyTrace {
    /// Whether it is the same look at the same key.
    pub(super) fn is_same(&self, other: &KeyTrace) -> bool {
        (self.purpose, self.scheme, self.number) == (other.purpose, other.scheme, other.number)
    }
}
