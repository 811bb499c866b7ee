//! Ways from a certificate to an anchor (RFC 4158): by names, and only over signatures that are right.

use super::anchors::{Anchor, Anchors};
use super::certificate::Parsed;
use super::verdict::Reason;
use crate::smime::issued::Made;
use certval::compare_names;
use std::collections::HashMap;

/// Authorities between a certificate and an anchor.
const DEPTH_MAX: usize = 10;
/// Ways that are judged.
const PATHS_MAX: usize = 16;
/// Signatures that are checked to find them: a stranger chooses the certificates that come along.
const SIGNATURES_MAX: usize = 256;
/// Certificates that are stood before on the way.
const STEPS_MAX: usize = 1024;

/// A way from a certificate to an anchor.
pub(super) struct Path<'a> {
    /// The certificate first, then its issuer, and so on; the anchor is not among them.
    pub(super) certificates: Vec<&'a Parsed>,
    pub(super) anchor: &'a Anchor,
}

impl<'a> Path<'a> {
    /// All, the anchor last.
    pub(super) fn all(&self) -> impl Iterator<Item = &'a Parsed> {
        self.certificates.iter().copied().chain(std::iter::once(&self.anchor.parsed))
    }
}

struct Search<'a> {
    pool: &'a [Parsed],
    anchors: &'a Anchors,
    /// By who signed and who was signed, as they lie in memory.
    edges: HashMap<(*const Parsed, *const Parsed), Edge>,
    steps: usize,
    found: Vec<Path<'a>>,
    /// Why it goes on nowhere.
    dead_end: Option<Reason>,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Edge {
    /// It may be followed: it is signed, or the path is refused for that anyway.
    Open,
    Closed(Reason),
}

/// All ways from `leaf` to an anchor, or why there are none.
pub(super) fn paths<'a>(
    leaf: &'a Parsed,
    pool: &'a [Parsed],
    anchors: &'a Anchors,
    bits_min: usize,
) -> Result<Vec<Path<'a>>, Reason> {
    let mut search = Search { pool, anchors, edges: HashMap::new(), steps: 0, found: Vec::new(), dead_end: None };
    search.walk(&mut vec![leaf], bits_min);
    if search.found.is_empty() { Err(search.dead_end.unwrap_or(Reason::NoPath)) } else { Ok(search.found) }
}

impl<'a> Search<'a> {
    fn walk(&mut self, way: &mut Vec<&'a Parsed>, bits_min: usize) {
        let Some(last) = way.last().copied() else { return };
        self.steps += 1;
        let (pool, anchors) = (self.pool, self.anchors);
        for anchor in anchors.all() {
            if compare_names(last.issuer(), anchor.parsed.subject()) && self.may_go(last, &anchor.parsed, bits_min) {
                self.found.push(Path { certificates: way.clone(), anchor });
            }
            if self.found.len() >= PATHS_MAX {
                return;
            }
        }
        let mut issuers: Vec<&Parsed> = pool
            .iter()
            .filter(|one| compare_names(last.issuer(), one.subject()))
            .filter(|one| way.iter().all(|passed| !is_same_authority(passed, one)))
            .collect();
        issuers.sort_by_key(|one| !last.names_key_of(one));
        if !issuers.is_empty() && way.len() > DEPTH_MAX {
            self.dead_end = Some(Reason::PathTooLong);
            return;
        }
        for issuer in issuers {
            if self.found.len() >= PATHS_MAX || self.steps >= STEPS_MAX {
                return;
            }
            if self.may_go(last, issuer, bits_min) {
                way.push(issuer);
                self.walk(way, bits_min);
                way.pop();
            }
        }
    }

    fn may_go(&mut self, from: &Parsed, to: &Parsed, bits_min: usize) -> bool {
        let key = (std::ptr::from_ref(from), std::ptr::from_ref(to));
        let edge = match self.edges.get(&key) {
            Some(edge) => *edge,
            None if self.edges.len() >= SIGNATURES_MAX => Edge::Closed(Reason::PathTooLong),
            None => {
                let edge = edge(from, to, bits_min);
                self.edges.insert(key, edge);
                edge
            }
        };
        if let Edge::Closed(reason) = edge {
            self.dead_end.get_or_insert(reason);
        }
        edge == Edge::Open
    }
}

/// Two certificates of one name and key are the same authority: nobody goes in circles, however many of them come along.
fn is_same_authority(one: &Parsed, other: &Parsed) -> bool {
    compare_names(one.subject(), other.subject())
        && one.tbs().subject_public_key_info() == other.tbs().subject_public_key_info()
}

fn edge(from: &Parsed, to: &Parsed, bits_min: usize) -> Edge {
    if from.made == Made::Weakly || to.weak_bits(bits_min).is_some() {
        return Edge::Open;
    }
    match from.is_signed_by(to) {
        Some(true) => Edge::Open,
        Some(false) => Edge::Closed(Reason::WrongSignature),
        None => Edge::Closed(Reason::Unsupported("its signature, or the key of its issuer")),
    }
}
