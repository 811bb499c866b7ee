//! Whether a key may be used for something, and which of several is taken.

use super::SealingRules;
use super::facts::{Distrust, Key, MailFacts, Trust};
use super::place::recognise;
use super::plan::{Purpose, Suite};
use super::settings::RSA_BITS_LEAST;
use super::values::Held;
use super::words::{Algorithm, Demand, Origin, Revocation, Scheme};
use crate::profile::Word;

/// The least bits of a key over a curve; fewer are a mistake in what was found.
const CURVE_BITS_LEAST: u32 = 224;

const DAY_S: i64 = 86_400;

/// What rules say of the keys of one recipient: by it is seen who need not be asked for any, and when enough was found.
#[derive(Debug, Clone)]
pub struct KeyRule {
    held: Held,
}

impl KeyRule {
    /// What holds for this recipient of a mail, by his number; `None` where the mail has no such recipient.
    pub fn of(mail: &MailFacts, rules: &SealingRules, recipient: u32) -> Option<KeyRule> {
        let address = mail.recipients.get(usize::try_from(recipient).ok()?)?;
        let belonging = rules.belonging(mail, &recognise(&mail.headers));
        Some(KeyRule { held: rules.holding(&mail.site, &belonging, address, false).held })
    }

    /// Whence a key may come.
    pub fn takes(&self, origin: Origin) -> bool {
        self.held.origins.iter().any(|allowed| allowed == origin.word())
    }

    /// The schemes that may be used, the first before the other.
    pub fn schemes(&self) -> &'static [Scheme] {
        self.held.scheme.schemes()
    }

    /// Why mail may not be encrypted with the key; nothing where it may.
    pub fn refusal(&self, key: &Key, now_s: i64) -> Option<String> {
        refusal(key, Purpose::Encrypt, &self.held, now_s)
    }

    /// Which of these keys of ours signs by this scheme; `None` where none may, or where rules say `sign = "never"`.
    pub fn signer<'k>(&self, keys: &'k [Key], scheme: Scheme, now_s: i64) -> Option<&'k Key> {
        let may =
            |key: &Key| self.held.sign != Demand::Never && refusal(key, Purpose::Sign, &self.held, now_s).is_none();
        best(keys.iter().enumerate().filter(|(_, key)| may(key)), scheme, Purpose::Sign).map(|(_, key)| key)
    }

    /// The algorithms that are used with it.
    pub fn suite(&self) -> Suite {
        self.held.suite()
    }
}

/// Why the key may not be used; nothing where it may. Keys of ours need nobody who vouches for them.
pub(super) fn refusal(key: &Key, purpose: Purpose, held: &Held, now_s: i64) -> Option<String> {
    let own = purpose != Purpose::Encrypt;
    let fits = if purpose == Purpose::Sign { key.signs } else { key.encrypts };
    let unfit = unfit_part(key, purpose, held);
    let why = match () {
        () if key.trust == Trust::Revoked => "it is revoked",
        () if key.not_before_s.is_some_and(|start| now_s < start) => "it is not good yet",
        () if key.not_after_s.is_some_and(|end| now_s > end) => "it has expired",
        () if !fits => "it is not made for this",
        () if unfit.is_some() => return unfit,
        () if own => return None,
        () if !held.origins.iter().any(|allowed| allowed == key.origin.word()) => {
            return Some(format!("it comes by {}, which is not among origins", key.origin));
        }
        () => return trust(key, held),
    };
    Some(why.to_owned())
}

/// Whether nothing is known against it, and nothing speaks for it but that nobody could say whether it was revoked.
pub(super) fn is_unknown(key: &Key, held: &Held, now_s: i64) -> bool {
    let trusted = Key { trust: Trust::Trusted, ..key.clone() };
    matches!(key.trust, Trust::Unknown { .. })
        && refusal(key, Purpose::Encrypt, held, now_s).is_some()
        && refusal(&trusted, Purpose::Encrypt, held, now_s).is_none()
}

/// Why a part of it may not be used. Who breaks one of several that a mail is encrypted to reads it, so each has to be fit.
fn unfit_part(key: &Key, purpose: Purpose, held: &Held) -> Option<String> {
    let parts: Vec<_> = key.parts().take(if purpose == Purpose::Sign { 1 } else { usize::MAX }).collect();
    let allows = |kind: Algorithm| held.algorithms.iter().any(|allowed| allowed == kind.word());
    if let Some((kind, _)) = parts.iter().find(|(kind, _)| !allows(*kind)) {
        return Some(format!("its kind, {kind}, is not among algorithms"));
    }
    let (kind, bits) = parts.iter().find(|part| is_weak_part(**part, held))?;
    Some(format!("it is weak: {kind} with {bits} bits"))
}

/// Whether a part of it has too few bits, or is of a kind that is never used.
pub(super) fn is_weak(key: &Key, held: &Held) -> bool {
    key.parts().any(|part| is_weak_part(part, held))
}

fn is_weak_part((kind, bits): (Algorithm, u32), held: &Held) -> bool {
    match kind {
        Algorithm::Rsa => bits < held.rsa_bits_min.max(RSA_BITS_LEAST),
        Algorithm::Other => true,
        // Its kinds are told apart by no number of bits, and none of those that are read is weak.
        Algorithm::PostQuantum => false,
        _ => bits < CURVE_BITS_LEAST,
    }
}

/// Whether it is good for fewer days than `expiring_days`.
pub(super) fn ends_soon(key: &Key, held: &Held, now_s: i64) -> bool {
    let soon = now_s.saturating_add(i64::from(held.expiring_days) * DAY_S);
    key.not_after_s.is_some_and(|end| end <= soon)
}

fn trust(key: &Key, held: &Held) -> Option<String> {
    let days_max = held.revocation_stale_days;
    match (key.trust, held.revocation) {
        (Trust::Trusted, _) | (Trust::Unknown { .. }, Revocation::Soft) => None,
        (Trust::Revoked, _) => Some("it is revoked".to_owned()),
        (Trust::Untrusted(why), _) if proof_suffices(key.origin, why, held) => None,
        (Trust::Untrusted(why), _) => Some(Distrust::why(why).to_owned()),
        (Trust::Unknown { .. }, Revocation::Hard) => {
            Some("whether it was revoked could not be learned (revocation = hard)".to_owned())
        }
        (Trust::Unknown { good_days }, Revocation::Stale) => match good_days {
            Some(days) if days <= days_max => None,
            _ => Some(format!("it was not known to be good within {days_max} days (revocation = stale)")),
        },
    }
}

/// Whether nothing is against it but that nobody vouches for it beyond what proved its address, and the rules are content with that.
fn proof_suffices(origin: Origin, why: Distrust, held: &Held) -> bool {
    let lacks_a_voucher = match origin {
        Origin::Upload | Origin::Administrator | Origin::Harvested => {
            matches!(why, Distrust::UnknownIssuer | Distrust::SelfSigned)
        }
        Origin::Autocrypt => why == Distrust::NotVouched,
        _ => false,
    };
    lacks_a_voucher && held.proof_suffices.iter().any(|word| word == origin.word())
}

/// How early a key is taken, by whence it came. Nobody vouches for a key of OpenPGP that came with a mail but that mail, so it goes behind one
/// that somebody put into the folder.
pub(super) fn rank(origin: Origin, scheme: Scheme) -> (Origin, bool) {
    match (origin, scheme) {
        (Origin::Harvested, Scheme::Pgp) => (Origin::File, true),
        (origin, _) => (origin, false),
    }
}

/// The one that is told of a key that is kept in several places, where that is not this one: of all that are the `same`, the one whose `place` is first.
pub(super) fn first_before<'a, T, P: Ord>(
    one: &T,
    all: &'a [T],
    same: impl Fn(&T, &T) -> bool,
    place: impl Fn(&T) -> P,
) -> Option<&'a T> {
    let first = all.iter().filter(|other| same(one, other)).min_by_key(|other| place(other))?;
    (place(first) < place(one)).then_some(first)
}

/// How early a key of OpenPGP is encrypted to among those of one origin, as `Certificate::best` has it in the crate `seal`: one of version 6 goes first where its
/// owner's programs read what goes with it, and last where they do not say so, since GnuPG reads none but version 4.
pub(super) fn version_rank(key: &Key) -> u8 {
    match (key.version, key.reads_seipd_v2) {
        (Some(6..), true) => 0,
        (Some(6..), false) => 2,
        _ => 1,
    }
}

/// The one that is taken of those that may be used: the first by origin, of several by the version of OpenPGP where it is encrypted to, then the newest, of several
/// as new the one that is good for longer.
pub(super) fn best<'k>(
    keys: impl Iterator<Item = (usize, &'k Key)>,
    scheme: Scheme,
    purpose: Purpose,
) -> Option<(usize, &'k Key)> {
    keys.min_by_key(|(_, key)| {
        let version = if purpose == Purpose::Sign { 0 } else { version_rank(key) };
        let newest = std::cmp::Reverse(key.not_before_s.unwrap_or(i64::MIN));
        let longest = std::cmp::Reverse(key.not_after_s.unwrap_or(i64::MAX));
        (rank(key.origin, scheme), version, newest, longest, key.fingerprint.clone())
    })
}
