//! What was found about a certificate, to be shown and explained.

use der::DateTime;
use serde::Serialize;
use std::fmt::{self, Display, Formatter};
use std::time::Duration;

/// One certificate of a chain.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Link {
    pub subject: String,
    pub issuer: String,
    /// SHA-256 over the certificate, in lower-case hexadecimal.
    pub fingerprint: String,
    /// Seconds since 1970, both included.
    pub valid: (u64, u64),
}

/// Why a certificate was revoked (RFC 5280, section 5.3.1).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum RevocationReason {
    Unspecified,
    KeyCompromised,
    AuthorityCompromised,
    AffiliationChanged,
    Superseded,
    OutOfUse,
    OnHold,
    PrivilegeWithdrawn,
}

/// Why a certificate is not trusted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Reason {
    /// No issuer leads to an anchor.
    NoPath,
    /// An issuer of the right name did not sign it.
    WrongSignature,
    Expired {
        since: u64,
    },
    NotYetValid {
        until: u64,
    },
    Revoked {
        at: u64,
        reason: RevocationReason,
    },
    /// Nobody says whether it was revoked, and the rules ask for that.
    RevocationUnknown,
    /// Its key may not be used for this.
    WrongUsage,
    /// It does not speak for the address.
    WrongAddress,
    WeakKey {
        bits: usize,
    },
    /// It was signed with SHA-1 or something weaker.
    WeakSignature,
    /// Its issuer may not issue for this name.
    NameConstraint,
    /// More certificates than an issuer allows, or than are looked at.
    PathTooLong,
    /// It issued a certificate, and may issue none.
    NotAnAuthority,
    /// The policies of the path are not those that are asked for.
    Policy,
    /// It has an extension that must be understood, and is not.
    UnknownExtension,
    /// An algorithm or a key that we do not do.
    Unsupported(&'static str),
    Malformed(&'static str),
}

/// A reason, and the certificate that it is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct Refusal {
    pub reason: Reason,
    /// Its place in [`Verdict::chain`].
    pub of: usize,
}

/// What is said of a certificate without being a reason against it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Note {
    /// Nobody says whether this one of the chain was revoked, though it names somebody who would, or something that was handed in ought to.
    RevocationUnknown { of: usize },
    /// This one of the chain names nobody who would say whether it was revoked, and nothing that was handed in is about it or cannot be
    /// read: its authority does not tell, which is the authority's own word.
    RevocationNotOffered { of: usize },
    /// That this one of the chain was not revoked is said only by what ought to have been renewed at that time.
    RevocationStale { of: usize, since: u64 },
    /// This one of the answers cannot be read.
    AnswerUnreadable { answer: usize },
    /// This one of the answers is about this certificate of the chain, and cannot be believed.
    AnswerRefused { of: usize, answer: usize },
    /// This one of the intermediates cannot be read, or is one too many.
    IntermediateIgnored { intermediate: usize },
}

/// What would have to be known of one certificate of the chain. Each URL is another way to the same answer.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Question {
    /// A list of revoked certificates, by GET.
    Crl { of: usize, urls: Vec<String> },
    /// An answer to `request`, by POST as `application/ocsp-request`.
    Ocsp { of: usize, urls: Vec<String>, request: Vec<u8> },
}

/// What was found about a certificate.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Verdict {
    /// From the certificate to the anchor; only the certificate where no path was found, nothing where it is none.
    pub chain: Vec<Link>,
    /// All reasons against it; none means that it is trusted.
    pub refusals: Vec<Refusal>,
    pub notes: Vec<Note>,
    /// What could still be found out, where only that is missing.
    pub questions: Vec<Question>,
}

impl Verdict {
    pub fn is_trusted(&self) -> bool {
        self.refusals.is_empty()
    }

    /// Whether this reason, of whatever detail, is among those against it.
    pub fn has(&self, reason: impl Fn(&Reason) -> bool) -> bool {
        self.refusals.iter().any(|refusal| reason(&refusal.reason))
    }
}

/// A time as everybody reads it.
struct At(u64);

impl Display for At {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        match DateTime::from_unix_duration(Duration::from_secs(self.0)) {
            Ok(at) => write!(f, "{at}"),
            Err(_) => write!(f, "{} s after 1970", self.0),
        }
    }
}

impl Display for RevocationReason {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            RevocationReason::Unspecified => "no reason was given",
            RevocationReason::KeyCompromised => "its key came into other hands",
            RevocationReason::AuthorityCompromised => "its issuer's key came into other hands",
            RevocationReason::AffiliationChanged => "its holder is with somebody else",
            RevocationReason::Superseded => "another one took its place",
            RevocationReason::OutOfUse => "it is no longer used",
            RevocationReason::OnHold => "it is on hold",
            RevocationReason::PrivilegeWithdrawn => "its holder may no longer use it",
        })
    }
}

impl Display for Reason {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        match self {
            Reason::NoPath => f.write_str("no issuer leads to an authority that is trusted"),
            Reason::WrongSignature => f.write_str("it was not signed by the issuer that it names"),
            Reason::Expired { since } => write!(f, "it expired at {}", At(*since)),
            Reason::NotYetValid { until } => write!(f, "it is not valid before {}", At(*until)),
            Reason::Revoked { at, reason } => write!(f, "it was revoked at {}: {reason}", At(*at)),
            Reason::RevocationUnknown => f.write_str("nobody says whether it was revoked"),
            Reason::WrongUsage => f.write_str("it may not be used for this"),
            Reason::WrongAddress => f.write_str("it does not speak for the address"),
            Reason::WeakKey { bits } => write!(f, "its RSA key has only {bits} bits"),
            Reason::WeakSignature => f.write_str("it was signed with SHA-1 or something weaker"),
            Reason::NameConstraint => f.write_str("an authority above it may not issue for its name"),
            Reason::PathTooLong => f.write_str("more authorities stand above it than may"),
            Reason::NotAnAuthority => f.write_str("it issued a certificate and may issue none"),
            Reason::Policy => f.write_str("it was not issued under a policy that is asked for"),
            Reason::UnknownExtension => f.write_str("it demands that an extension be understood which is not"),
            Reason::Unsupported(what) => write!(f, "it is not supported: {what}"),
            Reason::Malformed(what) => write!(f, "it is malformed: {what}"),
        }
    }
}

impl Display for Note {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        match self {
            Note::RevocationUnknown { of } => {
                write!(f, "nobody says whether certificate {} of the chain was revoked", of + 1)
            }
            Note::RevocationNotOffered { of } => {
                write!(f, "the authority of certificate {} of the chain tells nobody of revocations", of + 1)
            }
            Note::RevocationStale { of, since } => {
                write!(f, "that certificate {} of the chain was not revoked is known only as of {}", of + 1, At(*since))
            }
            Note::AnswerUnreadable { answer } => write!(f, "answer {} about revocation cannot be read", answer + 1),
            Note::AnswerRefused { of, answer } => write!(
                f,
                "answer {} about the revocation of certificate {} of the chain cannot be believed",
                answer + 1,
                of + 1
            ),
            Note::IntermediateIgnored { intermediate } => {
                write!(f, "intermediate certificate {} cannot be read, or is one too many", intermediate + 1)
            }
        }
    }
}

impl Display for Link {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        write!(f, "{} (SHA-256 {})", self.subject, self.fingerprint)
    }
}

impl Display for Verdict {
    /// A line each: the outcome, the chain, the reasons, the notes.
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        f.write_str(if self.is_trusted() { "trusted" } else { "not trusted" })?;
        for (at, link) in self.chain.iter().enumerate() {
            write!(f, "\n  {}: {link}", at + 1)?;
        }
        for refusal in &self.refusals {
            write!(f, "\n  certificate {}: {}", refusal.of + 1, refusal.reason)?;
        }
        for note in &self.notes {
            write!(f, "\n  note: {note}")?;
        }
        Ok(())
    }
}
