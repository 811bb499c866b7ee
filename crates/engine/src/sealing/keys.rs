//! Keys of the folder as facts to decide by.

use crate::keys::same_address;
use crate::outside::{Discovered, SmimeFound};
use policy::sealing::{Algorithm, Distrust, Key, Origin, Trust};
use seal::key::Curve;
use seal::pgp;
use seal::smime::{Certificate, PublicKey};
use seal::trust::{Note, Reason, Verdict};
use seal::verdict::fingerprint;

const DAY_S: u64 = 24 * 60 * 60;

/// A certificate with what was found about it. All of the folder count as from a file.
pub(super) fn of_smime(certificate: &Certificate, trust: Trust) -> Key {
    let (from, until) = certificate.validity();
    let (algorithm, bits) = kind(certificate.key());
    Key {
        fingerprint: fingerprint(certificate),
        origin: Origin::File,
        algorithm,
        bits,
        beside: Vec::new(),
        version: None,
        reads_seipd_v2: false,
        not_before_s: i64::try_from(from).ok(),
        not_after_s: i64::try_from(until).ok(),
        signs: certificate.may_sign(),
        encrypts: certificate.may_encrypt(),
        trust,
    }
}

fn kind(key: &PublicKey) -> (Algorithm, u32) {
    match key {
        PublicKey::Rsa { bits, .. } => (Algorithm::Rsa, u32::try_from(*bits).unwrap_or(u32::MAX)),
        PublicKey::Ec { curve: Curve::P256, .. } => (Algorithm::P256, 256),
        PublicKey::Ec { curve: Curve::P384, .. } => (Algorithm::P384, 384),
        PublicKey::Ec { curve: Curve::P521, .. } => (Algorithm::P521, 521),
        PublicKey::Ec { curve: Curve::X25519, .. } | PublicKey::Ed25519(_) => (Algorithm::Curve25519, 255),
        PublicKey::MlKem { .. } => (Algorithm::PostQuantum, 0),
    }
}

/// What a judgement means for decisions. `now` is in seconds since 1970.
pub(super) fn trust(verdict: &Verdict, now: u64) -> Trust {
    if verdict.has(|reason| matches!(reason, Reason::Revoked { .. })) {
        return Trust::Revoked;
    }
    // Whether it is valid now, and strong enough, the rules see for themselves.
    let by_rules = |reason: &Reason| {
        matches!(reason, Reason::Expired { .. } | Reason::NotYetValid { .. } | Reason::WeakKey { .. })
    };
    let mut against = verdict.refusals.iter().filter(|refusal| !by_rules(&refusal.reason) || refusal.of > 0);
    // That nobody vouches for it is told only where that is all: rules may be content without.
    if let Some(refusal) = against.clone().find(|one| one.reason != Reason::NoPath).or(against.next()) {
        return Trust::Untrusted(distrust(&refusal.reason));
    }
    // An authority that does not offer to tell is not unknown: that is its own word (DECISIONS 252).
    let unknown = verdict.notes.iter().filter_map(|note| match note {
        Note::RevocationUnknown { .. } => Some(None),
        Note::RevocationStale { since, .. } => Some(u32::try_from(now.saturating_sub(*since) / DAY_S).ok()),
        _ => None,
    });
    // The one about which the least is known.
    match unknown.max_by_key(|days| days.unwrap_or(u32::MAX)) {
        Some(good_days) => Trust::Unknown { good_days },
        None => Trust::Trusted,
    }
}

fn distrust(reason: &Reason) -> Distrust {
    match reason {
        Reason::WrongAddress => Distrust::OtherAddress,
        Reason::NoPath => Distrust::UnknownIssuer,
        Reason::WeakSignature => Distrust::WeakSignature,
        Reason::Malformed(_) => Distrust::Malformed,
        Reason::WrongSignature
        | Reason::NameConstraint
        | Reason::PathTooLong
        | Reason::NotAnAuthority
        | Reason::Policy
        | Reason::UnknownExtension => Distrust::Path,
        _ => Distrust::Other,
    }
}

/// A certificate of OpenPGP at a time, for an address; `None` where none of its names that still count has it. Whoever put it into the
/// folder vouches for it; whether it counts is the certificate's own word.
pub(super) fn of_pgp(certificate: &pgp::Certificate, address: &str, now: u64) -> Option<Key> {
    let standing = certificate.standing(&pgp::Policy::default(), now);
    if !standing.addresses().any(|own| same_address(own, address)) {
        return None;
    }
    let able = standing.encryption_keys();
    let used = able.first().copied().or(standing.keys.first());
    let name = used.map(|key| key.algorithm.as_str()).unwrap_or_default();
    let (algorithm, bits) = kind_of(name);
    let beside = able.iter().skip(1).map(|key| kind_of(&key.algorithm)).collect();
    let ends = [standing.expires, used.and_then(|key| key.expires)].into_iter().flatten().min();
    Some(Key {
        fingerprint: certificate.fingerprint().to_ascii_lowercase(),
        origin: Origin::File,
        algorithm,
        bits,
        beside,
        version: Some(certificate.version()),
        reads_seipd_v2: standing.preferences.reads_seipd_v2,
        not_before_s: used.and_then(|key| i64::try_from(key.made).ok()),
        not_after_s: ends.and_then(|ends| i64::try_from(ends).ok()),
        signs: standing.may_sign().is_ok(),
        encrypts: standing.may_encrypt().is_ok(),
        trust: match standing.is {
            Err(pgp::Unfit::Revoked { .. } | pgp::Unfit::Compromised { .. }) => Trust::Revoked,
            Err(pgp::Unfit::Expired { .. } | pgp::Unfit::NotYetMade) | Ok(()) => Trust::Trusted,
            Err(pgp::Unfit::WeakBinding) => Trust::Untrusted(Distrust::WeakSignature),
            Err(_) => Trust::Untrusted(Distrust::Other),
        },
    })
}

/// A certificate of OpenPGP that a source had for an address, as [`of_pgp`]. Where nobody vouches for it, it is not trusted.
pub(super) fn of_pgp_found(certificate: &pgp::Certificate, from: &Discovered, address: &str, now: u64) -> Option<Key> {
    let key = of_pgp(certificate, address, now)?;
    let trust = match key.trust {
        Trust::Trusted if !from.is_vouched => Trust::Untrusted(Distrust::NotVouched),
        trust => trust,
    };
    Some(Key { origin: from.origin, trust, ..key })
}

/// A certificate of S/MIME that a source had, with what was found about it. Where the source makes sure of it, it needs no authority.
pub(super) fn of_smime_found(one: &SmimeFound, from: &Discovered, trust: Trust) -> Key {
    let trust = match trust {
        Trust::Untrusted(Distrust::UnknownIssuer) if from.is_vouched => Trust::Trusted,
        trust => trust,
    };
    Key { origin: from.origin, ..of_smime(&one.certificate, trust) }
}

/// From the name that [`pgp::KeyStanding`] has.
fn kind_of(name: &str) -> (Algorithm, u32) {
    if let Some(bits) = name.strip_prefix("RSA-") {
        return (Algorithm::Rsa, bits.parse().unwrap_or(0));
    }
    match name {
        "ECDH P-256" | "ECDSA P-256" => (Algorithm::P256, 256),
        "ECDH P-384" | "ECDSA P-384" => (Algorithm::P384, 384),
        "ECDH P-521" | "ECDSA P-521" => (Algorithm::P521, 521),
        "X25519" | "Ed25519" => (Algorithm::Curve25519, 255),
        "X448" | "Ed448" => (Algorithm::Curve448, 448),
        name if ["ML-", "SLH-"].iter().any(|kind| name.starts_with(kind)) => (Algorithm::PostQuantum, 0),
        _ => (Algorithm::Other, 0),
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use seal::Random;
    use seal::pgp::{NewKey, Reads, generate_for};

    struct Chance;

    impl Random for Chance {
        fn fill(&mut self, bytes: &mut [u8]) {
            aws_lc_rs::rand::fill(bytes).unwrap();
        }
    }

    #[test]
    fn of_a_key_of_openpgp_its_version_and_what_its_owner_reads_are_told() {
        const NOW: u64 = 1_800_000_000;
        for (kind, reads, expected) in [
            (NewKey::Version6, Reads::Rfc9580, (Some(6), true)),
            (NewKey::Curve25519, Reads::Rfc9580, (Some(4), true)),
            (NewKey::Curve25519, Reads::Rfc4880, (Some(4), false)),
        ] {
            let names = ["Ann <ann@a.example>"];
            let private = generate_for(kind, reads, &names, NOW - 10, None, None, &mut Chance).unwrap();
            let public = pgp::Certificate::of_private(private.as_bytes()).unwrap().remove(0);
            let key = of_pgp(&public, "ann@a.example", NOW).unwrap();
            assert_eq!((key.version, key.reads_seipd_v2), expected, "{kind:?} {reads:?}");
        }
    }
}
