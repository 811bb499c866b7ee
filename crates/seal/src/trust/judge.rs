//! The judgement of one certificate.

use super::anchors::Anchors;
use super::certificate::Parsed;
use super::evidence::Evidence;
use super::path::{Path, paths};
use super::settings::{Asked, Revocation, Settings};
use super::verdict::{Note, Reason, Refusal, Verdict};
use super::{check, revocation};

/// Certificates that may stand between a certificate and an anchor, of which a stranger brings some along.
const INTERMEDIATES_MAX: usize = 256;

/// Whether a certificate is trusted for what is asked, with all that speaks against it.
///
/// `certificate` and `intermediates` are in DER; the order of the latter does not matter, and what cannot be read among them is
/// noted. A certificate that is itself among the anchors needs no path: who put it there vouches for it.
pub fn judge(
    certificate: &[u8],
    intermediates: &[&[u8]],
    anchors: &Anchors,
    asked: &Asked<'_>,
    settings: &Settings,
    known: &Revocation<'_>,
) -> Verdict {
    let leaf = match Parsed::read(certificate) {
        Ok(leaf) => leaf,
        Err(trouble) => {
            let refusals = vec![Refusal { reason: trouble.into(), of: 0 }];
            return Verdict { chain: Vec::new(), refusals, notes: Vec::new(), questions: Vec::new() };
        }
    };
    let of_leaf = check::of_leaf(&leaf, asked, settings);
    let alone = |more: Option<Reason>, notes| {
        let mut refusals = Vec::new();
        for reason in more.into_iter().chain(check::of_any(&leaf, asked.now, settings)).chain(of_leaf.iter().copied()) {
            push(&mut refusals, Refusal { reason, of: 0 });
        }
        Verdict { chain: vec![leaf.link()], refusals, notes, questions: Vec::new() }
    };
    if anchors.holds(&leaf) {
        return alone(None, Vec::new());
    }
    let (pool, notes) = pool(intermediates, &leaf);
    let found = match paths(&leaf, &pool, anchors, settings.rsa_bits_min) {
        Ok(found) => found,
        Err(reason) => return alone(Some(reason), notes),
    };
    let evidence = Evidence::read(known);
    let mut best: Option<Verdict> = None;
    for path in &found {
        let mut verdict = of_path(path, &of_leaf, asked, settings, &evidence);
        verdict.notes.extend(notes.iter().chain(&evidence.unreadable));
        if verdict.is_trusted() {
            return verdict;
        }
        if best.as_ref().is_none_or(|best| verdict.refusals.len() < best.refusals.len()) {
            best = Some(verdict);
        }
    }
    best.unwrap_or_else(|| alone(Some(Reason::NoPath), notes))
}

fn push(refusals: &mut Vec<Refusal>, refusal: Refusal) {
    if !refusals.contains(&refusal) {
        refusals.push(refusal);
    }
}

fn of_path(
    path: &Path<'_>,
    of_leaf: &[Reason],
    asked: &Asked<'_>,
    settings: &Settings,
    evidence: &Evidence<'_>,
) -> Verdict {
    let mut refusals = Vec::new();
    let rules = check::of_path(path, asked, settings);
    for refusal in rules.into_iter().chain(of_leaf.iter().map(|reason| Refusal { reason: *reason, of: 0 })) {
        push(&mut refusals, refusal);
    }
    let found = revocation::of_path(path, asked.now, settings, evidence);
    // Nobody is asked about what is refused for something else anyway.
    let is_worth_asking =
        refusals.is_empty() && !found.refusals.iter().any(|one| matches!(one.reason, Reason::Revoked { .. }));
    refusals.extend(found.refusals);
    Verdict {
        chain: path.all().map(Parsed::link).collect(),
        refusals,
        notes: found.notes,
        questions: if is_worth_asking { found.questions } else { Vec::new() },
    }
}

/// The certificates that may lie on the way, each once.
fn pool(intermediates: &[&[u8]], leaf: &Parsed) -> (Vec<Parsed>, Vec<Note>) {
    let (mut pool, mut notes) = (Vec::<Parsed>::new(), Vec::new());
    for (intermediate, der) in intermediates.iter().enumerate() {
        if *der == leaf.der() || pool.iter().any(|one| one.der() == *der) {
            continue;
        }
        match Parsed::read(der) {
            Ok(parsed) if pool.len() < INTERMEDIATES_MAX => pool.push(parsed),
            _ => notes.push(Note::IntermediateIgnored { intermediate }),
        }
    }
    (pool, notes)
}
