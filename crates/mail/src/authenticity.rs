//! Whether a mail is from whom it says: the verdict's form, the rule that reaches it, and the author it is about.

mod author;
mod results;

pub use author::{Author, author};
pub use results::{Trust, from_results};

pub use crate::field::HEAD_BYTES_MAX;

use crate::field::Block;
use serde::{Deserialize, Serialize};
use std::fmt;

/// Fields that are looked at; a mail with more is refused later anyway.
const FIELDS_MAX: usize = 10_000;

/// Whether the domain in From vouches for the mail (DMARC's question, RFC 9989).
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Verdict {
    /// It does: the mail is from somebody whom that domain lets write in its name.
    Authentic,
    /// Nothing that was checked vouches for it. That alone is no proof of a forgery.
    NotAuthentic,
    /// It could not be found out; neither a pass nor a fail.
    #[default]
    Unknown,
}

/// A way to vouch for a mail.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Mechanism {
    /// RFC 6376.
    Dkim,
    /// RFC 7208.
    Spf,
    /// RFC 9989, formerly RFC 7489.
    Dmarc,
    /// RFC 8617. It tells what others found, so it is shown and never counts.
    Arc,
}

/// What one check came to. Results that are neither (`neutral`, `softfail`, `policy`, `permerror`) count as `Fail`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Outcome {
    Pass,
    Fail,
    /// There was nothing to check.
    None,
    /// It could not be checked now (`temperror`).
    Unknown,
}

/// One check.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Check {
    pub mechanism: Mechanism,
    pub outcome: Outcome,
    /// The domain that was checked, in lower case; empty when none was told.
    pub domain: String,
    /// That domain speaks for the author's domain.
    pub aligned: bool,
    /// The result in a few words, for example `softfail`, or why it failed.
    pub detail: String,
}

/// The verdict on one mail, and how it came about.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Authenticity {
    pub verdict: Verdict,
    /// The normalised address that the verdict is about; `None` when the mail names no author, several, or one that can
    /// be read in two ways (SEC-03). A verdict on one address says nothing of another.
    pub address: Option<String>,
    /// One sentence for people.
    pub why: String,
    pub checks: Vec<Check>,
    /// What was left out of account, and why.
    pub notes: Vec<String>,
}

impl Mechanism {
    /// As RFC 8601 writes it.
    pub fn word(self) -> &'static str {
        match self {
            Mechanism::Dkim => "dkim",
            Mechanism::Spf => "spf",
            Mechanism::Dmarc => "dmarc",
            Mechanism::Arc => "arc",
        }
    }
}

impl Authenticity {
    /// A verdict that rests on no check.
    pub fn without_checks(verdict: Verdict, why: impl Into<String>) -> Authenticity {
        Authenticity { verdict, why: why.into(), ..Authenticity::default() }
    }

    /// The verdict to which checks add up.
    ///
    /// A DMARC failure is final, since it is the author's domain that says so. Otherwise one aligned pass of DMARC, DKIM or
    /// SPF is enough; without any, an aligned check that could not be made leaves it unknown.
    pub fn of_checks(author: &Author, checks: Vec<Check>, notes: Vec<String>) -> Authenticity {
        let counts = |check: &&Check| check.aligned && check.mechanism != Mechanism::Arc;
        let with = |outcome| checks.iter().filter(counts).find(move |check| check.outcome == outcome);
        let domain = author.domain();
        let refused = checks.iter().find(|check| check.mechanism == Mechanism::Dmarc && check.outcome == Outcome::Fail);
        let (verdict, why) = match (refused, with(Outcome::Pass), with(Outcome::Unknown)) {
            (Some(refused), _, _) => (Verdict::NotAuthentic, format!("{refused}")),
            (None, Some(passed), _) => (Verdict::Authentic, format!("{passed}")),
            (None, None, Some(open)) => (Verdict::Unknown, format!("{open}")),
            (None, None, None) => (Verdict::NotAuthentic, format!("nothing vouches for {domain}")),
        };
        Authenticity { verdict, address: Some(author.address.clone()), why, checks, notes }
    }

    /// Whether it proves that this normalised address is the author's.
    pub fn proves(&self, address: &str) -> bool {
        self.verdict == Verdict::Authentic && self.address.as_deref() == Some(address)
    }
}

/// For example `dkim of example.com passes`.
impl fmt::Display for Check {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.mechanism.word())?;
        if !self.domain.is_empty() {
            write!(f, " of {}", self.domain)?;
        }
        match self.outcome {
            Outcome::Pass => f.write_str(" passes")?,
            Outcome::Fail => f.write_str(" fails")?,
            Outcome::None => f.write_str(" is not there")?,
            Outcome::Unknown => f.write_str(" could not be checked")?,
        }
        if self.detail.is_empty() { Ok(()) } else { write!(f, " ({})", self.detail) }
    }
}

/// The header of a mail, cut into its fields.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fields<'a> {
    /// Each field's name, and all that stands behind its colon, its last line break included.
    pub fields: Vec<(&'a [u8], &'a [u8])>,
    /// Where the body begins.
    pub body_offset: usize,
}

/// The header fields of a mail; `None` when they are larger than 256 KiB or more than 10,000.
///
/// Signatures are verified over these fields, so that there is one reader of headers and not two that disagree (SEC-03).
pub fn fields(head: &[u8]) -> Option<Fields<'_>> {
    let block = Block::read(head, HEAD_BYTES_MAX, FIELDS_MAX);
    let fields = block.fields.iter().map(|field| (field.name, field.value)).collect();
    block.overrun.is_none().then_some(Fields { fields, body_offset: block.body_offset })
}

/// Whether `domain` may vouch for `author_domain` without a DMARC record that says so: it is the same, or one above it of
/// at least two labels. Whoever holds a domain holds those below it; siblings and domains below prove nothing.
pub fn speaks_for(domain: &str, author_domain: &str) -> bool {
    let above = author_domain.strip_suffix(domain).is_some_and(|below| below.is_empty() || below.ends_with('.'));
    above && domain.split('.').filter(|label| !label.is_empty()).count() >= 2
}

/// A domain as it is compared: lower case, without the dot of the root.
pub fn comparable(domain: &str) -> String {
    domain.trim().trim_end_matches('.').to_lowercase()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    fn check(mechanism: Mechanism, outcome: Outcome, aligned: bool) -> Check {
        Check { mechanism, outcome, domain: "corp.example".into(), aligned, detail: String::new() }
    }

    /// SEC-01: DKIM, SPF and DMARC each pass, fail, are missing or unknown, aligned or not; the whole table against the rule
    /// in one sentence.
    #[test]
    fn sec_01_a_proof_is_an_aligned_pass_that_dmarc_does_not_deny() {
        let author = author(b"From: agent@corp.example\r\n\r\n").unwrap();
        let outcomes = [Outcome::Pass, Outcome::Fail, Outcome::None, Outcome::Unknown];
        let mut rows = 0;
        for dkim in outcomes {
            for spf in outcomes {
                for dmarc in outcomes {
                    for (dkim_aligned, spf_aligned) in [(true, true), (true, false), (false, true), (false, false)] {
                        rows += 1;
                        let checks = vec![
                            check(Mechanism::Dkim, dkim, dkim_aligned),
                            check(Mechanism::Spf, spf, spf_aligned),
                            check(Mechanism::Dmarc, dmarc, true),
                            check(Mechanism::Arc, Outcome::Pass, true),
                        ];
                        let found = Authenticity::of_checks(&author, checks, Vec::new());
                        let any = |outcome| {
                            (dkim_aligned && dkim == outcome) || (spf_aligned && spf == outcome) || dmarc == outcome
                        };
                        let wanted = match dmarc {
                            Outcome::Fail => Verdict::NotAuthentic,
                            _ if any(Outcome::Pass) => Verdict::Authentic,
                            _ if any(Outcome::Unknown) => Verdict::Unknown,
                            _ => Verdict::NotAuthentic,
                        };
                        assert_eq!(found.verdict, wanted, "{dkim:?} {dkim_aligned} {spf:?} {spf_aligned} {dmarc:?}");
                        assert_eq!(found.proves("agent@corp.example"), wanted == Verdict::Authentic);
                        assert!(!found.proves("boss@corp.example"));
                    }
                }
            }
        }
        assert_eq!(rows, 256);
    }

    #[test]
    fn a_domain_speaks_for_itself_and_what_lies_below() {
        assert!(speaks_for("corp.example", "corp.example") && speaks_for("corp.example", "news.corp.example"));
        for other in ["example", "", ".", ".example", "orp.example", "news.corp.example", "evil.example"] {
            assert!(!speaks_for(other, "corp.example"), "{other}");
        }
    }

    #[test]
    fn a_check_reads_as_a_sentence() {
        let mut check = check(Mechanism::Spf, Outcome::Fail, true);
        check.detail = "softfail".into();
        assert_eq!(check.to_string(), "spf of corp.example fails (softfail)");
    }
}
