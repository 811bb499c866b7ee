//! Which of several certificates of one address is taken.

use super::anchors::Anchors;
use super::certificate::Parsed;
use super::judge::judge;
use super::settings::{Asked, Revocation, Settings};
use super::verdict::Verdict;
use crate::smime::PublicKey;
use serde::Serialize;
use std::cmp::Reverse;

/// Certificates of one address that are looked at.
const CANDIDATES_MAX: usize = 64;

/// What became of one candidate.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Outcome {
    /// It is the one.
    Taken,
    /// It is trusted too; the other one is newer.
    Older,
    /// It is trusted too and as new; the other one's key is stronger.
    Weaker,
    /// It is trusted too, and neither newer nor stronger.
    Equal,
    /// It is the same certificate as one before it.
    Twice,
    /// The verdict says why not.
    Refused,
    /// It was not looked at, because there were too many before it.
    TooMany,
}

/// One candidate, and what became of it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Considered {
    pub outcome: Outcome,
    /// `None` for one that was not looked at.
    pub verdict: Option<Verdict>,
}

/// What was chosen, and why.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Choice {
    /// The place of the one that is taken among the candidates.
    pub taken: Option<usize>,
    /// In the order of the candidates.
    pub considered: Vec<Considered>,
}

/// The best certificate for what is asked among `candidates` in DER: of those that are trusted the newest, and of several as new the
/// strongest. One that is not trusted is never taken, an expired one least of all.
pub fn choose(
    candidates: &[&[u8]],
    intermediates: &[&[u8]],
    anchors: &Anchors,
    asked: &Asked<'_>,
    settings: &Settings,
    known: &Revocation<'_>,
) -> Choice {
    let mut considered: Vec<Considered> = Vec::new();
    for (at, candidate) in candidates.iter().enumerate() {
        considered.push(if candidates[..at].contains(candidate) {
            Considered { outcome: Outcome::Twice, verdict: None }
        } else if at >= CANDIDATES_MAX {
            Considered { outcome: Outcome::TooMany, verdict: None }
        } else {
            let verdict = judge(candidate, intermediates, anchors, asked, settings, known);
            Considered { outcome: Outcome::Refused, verdict: Some(verdict) }
        });
    }
    let ranks: Vec<Option<Rank>> = considered
        .iter()
        .zip(candidates)
        .map(|(one, der)| if one.verdict.as_ref().is_some_and(Verdict::is_trusted) { rank(der) } else { None })
        .collect();
    let taken = (0..ranks.len()).filter(|at| ranks[*at].is_some()).max_by_key(|at| (&ranks[*at], Reverse(*at)));
    if let Some(best) = taken.and_then(|taken| ranks[taken].as_ref()) {
        for (at, rank) in ranks.iter().enumerate() {
            considered[at].outcome = match rank {
                None => continue,
                _ if Some(at) == taken => Outcome::Taken,
                Some(rank) if rank.since < best.since => Outcome::Older,
                Some(rank) if rank.strength < best.strength => Outcome::Weaker,
                Some(_) => Outcome::Equal,
            };
        }
    }
    Choice { taken, considered }
}

/// By what one is better than another, the first thing first.
#[derive(PartialEq, Eq, PartialOrd, Ord)]
struct Rank {
    since: u64,
    strength: usize,
    until: u64,
}

fn rank(der: &[u8]) -> Option<Rank> {
    let parsed = Parsed::read(der).ok()?;
    let (since, until) = parsed.valid();
    Some(Rank { since, strength: strength(parsed.key().ok()?), until })
}

/// The bits of a symmetric key that is about as strong (NIST SP 800-57, part 1, table 2).
fn strength(key: &PublicKey) -> usize {
    use crate::key::{Curve, Kem};
    match key {
        PublicKey::Rsa { bits, .. } => match bits {
            0..3072 => 112,
            3072..7680 => 128,
            _ => 192,
        },
        PublicKey::Ec { curve: Curve::P256 | Curve::X25519, .. } | PublicKey::Ed25519(_) => 128,
        PublicKey::Ec { curve: Curve::P384, .. } => 192,
        PublicKey::Ec { curve: Curve::P521, .. } => 256,
        // FIPS 203, section 8.
        PublicKey::MlKem { kem: Kem::MlKem512, .. } => 128,
        PublicKey::MlKem { kem: Kem::MlKem768, .. } => 192,
        PublicKey::MlKem { kem: Kem::MlKem1024, .. } => 256,
    }
}
