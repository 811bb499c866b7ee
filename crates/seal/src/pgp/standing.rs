//! What of a certificate counts at a given time: names, keys, and what its owner's programs can read.

use super::algorithm::{Ability, ability, name};
use super::cert::{Certificate, Subkey, bound_back, made, shown};
use super::policy::{Policy, Unfit};
use pgp::crypto::aead::AeadAlgorithm;
use pgp::crypto::hash::HashAlgorithm;
use pgp::crypto::sym::SymmetricKeyAlgorithm;
use pgp::packet::{RevocationCode, Signature, SignatureType, SubpacketData};
use pgp::types::KeyDetails;

/// A certificate at one time.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Standing {
    /// Whether it counts at all.
    pub is: Result<(), Unfit>,
    /// Seconds since 1970.
    pub expires: Option<u64>,
    pub users: Vec<UserStanding>,
    /// The first one first.
    pub keys: Vec<KeyStanding>,
    pub preferences: Preferences,
}

/// A name on a certificate.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UserStanding {
    pub name: String,
    /// The mail address in it, in small letters.
    pub address: Option<String>,
    pub is: Result<(), Unfit>,
}

/// A key of a certificate.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KeyStanding {
    pub fingerprint: String,
    /// With its length or curve.
    pub algorithm: String,
    pub is_post_quantum: bool,
    pub made: u64,
    pub expires: Option<u64>,
    pub may_sign: Result<(), Unfit>,
    pub may_encrypt: Result<(), Unfit>,
}

/// What its owner's programs say that they read, the best first.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Preferences {
    pub(super) ciphers: Vec<SymmetricKeyAlgorithm>,
    pub(super) hashes: Vec<HashAlgorithm>,
    pub(super) suites: Vec<(SymmetricKeyAlgorithm, AeadAlgorithm)>,
    /// They read what RFC 9580 encrypts: each piece proved by itself.
    pub reads_seipd_v2: bool,
}

impl Standing {
    /// The mail addresses that its owner signed and that still count.
    pub fn addresses(&self) -> impl Iterator<Item = &str> {
        self.users.iter().filter(|user| user.is.is_ok()).filter_map(|user| user.address.as_deref())
    }

    /// Whether mail to it can be encrypted; else why not, from the key that comes nearest.
    ///
    /// # Errors
    /// Why not.
    pub fn may_encrypt(&self) -> Result<(), Unfit> {
        self.is?;
        nearest(self.keys.iter().map(|key| key.may_encrypt))
    }

    /// Those to which a mail is encrypted, each of them: one of its owner's programs may have any. Where some are against computers of quanta,
    /// they are those alone. None where nothing may be encrypted to it.
    pub fn encryption_keys(&self) -> Vec<&KeyStanding> {
        if self.is.is_err() {
            return Vec::new();
        }
        let mut able: Vec<&KeyStanding> = self.keys.iter().filter(|one| one.may_encrypt.is_ok()).collect();
        if able.iter().any(|one| one.is_post_quantum) {
            able.retain(|one| one.is_post_quantum);
        }
        able
    }

    /// Whether it can have signed, or sign; else why not.
    ///
    /// # Errors
    /// Why not.
    pub fn may_sign(&self) -> Result<(), Unfit> {
        self.is?;
        nearest(self.keys.iter().map(|key| key.may_sign))
    }
}

/// Good if one is; else the reason that is not just that a key is for something else.
fn nearest(all: impl Iterator<Item = Result<(), Unfit>>) -> Result<(), Unfit> {
    let mut reason = Unfit::NotForThis;
    for one in all {
        match one {
            Ok(()) => return Ok(()),
            Err(Unfit::NotForThis) => {}
            Err(other) => reason = other,
        }
    }
    Err(reason)
}

impl Certificate {
    /// What of it counts at `now`, in seconds since 1970.
    pub fn standing(&self, policy: &Policy, now: u64) -> Standing {
        self.standing_then(policy, now, now)
    }

    /// What of it counted at a time before `now`, as is known at `now`.
    ///
    /// Whoever makes a key live longer signs for it anew, and GnuPG throws the older signature away. So where nothing of that time is left,
    /// the next word of its owner counts for it.
    pub(super) fn standing_then(&self, policy: &Policy, then: u64, now: u64) -> Standing {
        let when = When { then, known: now };
        let on_key = newest(&self.signatures, &[SignatureType::Key], policy, when);
        let users: Vec<_> = self.users.iter().map(|user| (user, user_binding(user, policy, when))).collect();
        let by_name = users
            .iter()
            .filter_map(|(_, binding)| binding.ok())
            .max_by_key(|binding| (binding.is_primary(), made(binding)));
        let (first, second) = (on_key.ok(), by_name);
        let both = || first.into_iter().chain(second);
        let expires = both().find_map(|one| expiry(one, u64::from(self.primary.created_at().as_secs())));
        let is = self.primary_standing(policy, when, expires, both().next().is_some(), on_key.err());
        let mut keys = vec![self.primary_key(policy, expires, is, both().find(|one| has_flags(one)))];
        keys.extend(self.subkeys.iter().map(|subkey| self.subkey(subkey, policy, when, is, expires)));
        let users = users
            .into_iter()
            .map(|(user, binding)| UserStanding {
                name: String::from_utf8_lossy(user.id.id()).into_owned(),
                address: address(user.id.id()),
                is: binding.map(|_| ()).and(is),
            })
            .collect();
        // Those of a name come before those of the whole, but for version 6, which has them at the whole (RFC 9580, section 10.1.1).
        let told: Vec<&Signature> =
            if self.version() == 6 { both().collect() } else { second.into_iter().chain(first).collect() };
        Standing { is, expires, users, keys, preferences: preferences(&told) }
    }

    fn primary_standing(
        &self,
        policy: &Policy,
        when: When,
        expires: Option<u64>,
        is_bound: bool,
        why_not: Option<Unfit>,
    ) -> Result<(), Unfit> {
        revoked(&self.signatures, SignatureType::KeyRevocation, when.then)?;
        ability(&self.primary, policy)?;
        if u64::from(self.primary.created_at().as_secs()) > when.then {
            return Err(Unfit::NotYetMade);
        }
        if !is_bound {
            let users = self.users.iter().map(|user| user_binding(user, policy, when).map(|_| ()));
            let weak = users.chain(why_not.map(Err)).any(|one| one == Err(Unfit::WeakBinding));
            return Err(if weak { Unfit::WeakBinding } else { Unfit::NotBound });
        }
        expired(expires, when.then)
    }

    fn primary_key(
        &self,
        policy: &Policy,
        expires: Option<u64>,
        is: Result<(), Unfit>,
        flags: Option<&Signature>,
    ) -> KeyStanding {
        let flags = flags.map(Signature::key_flags);
        let ability = ability(&self.primary, policy).ok();
        let allowed = |can: bool, flagged: bool| -> Result<(), Unfit> {
            is?;
            if can && flagged { Ok(()) } else { Err(Unfit::NotForThis) }
        };
        let can = |which: fn(&Ability) -> bool| ability.as_ref().is_some_and(which);
        KeyStanding {
            fingerprint: self.fingerprint(),
            algorithm: name(&self.primary),
            is_post_quantum: can(|one| one.is_post_quantum),
            made: u64::from(self.primary.created_at().as_secs()),
            expires,
            may_sign: allowed(can(|one| one.signs), flags.as_ref().is_some_and(|flags| flags.sign())),
            may_encrypt: allowed(
                can(|one| one.encrypts),
                flags.as_ref().is_some_and(|flags| flags.encrypt_comms() || flags.encrypt_storage()),
            ),
        }
    }

    fn subkey(
        &self,
        subkey: &Subkey,
        policy: &Policy,
        when: When,
        whole: Result<(), Unfit>,
        whole_expires: Option<u64>,
    ) -> KeyStanding {
        let made_at = u64::from(subkey.key.created_at().as_secs());
        let binding = newest(&subkey.signatures, &[SignatureType::SubkeyBinding], policy, when);
        let own_expiry = binding.ok().and_then(|one| expiry(one, made_at));
        let expires = own_expiry.into_iter().chain(whole_expires).min();
        let ability = ability(&subkey.key, policy);
        let is = || -> Result<&Signature, Unfit> {
            whole?;
            revoked(&subkey.signatures, SignatureType::SubkeyRevocation, when.then)?;
            ability.as_ref().map_err(|unfit| *unfit)?;
            if made_at > when.then {
                return Err(Unfit::NotYetMade);
            }
            expired(own_expiry, when.then)?;
            binding
        };
        let may_encrypt = is().and_then(|binding| {
            let flags = binding.key_flags();
            let is_meant = flags.encrypt_comms() || flags.encrypt_storage();
            let can = ability.as_ref().is_ok_and(|one| one.encrypts);
            if is_meant && can { Ok(()) } else { Err(Unfit::NotForThis) }
        });
        let may_sign = is().and_then(|binding| {
            if !binding.key_flags().sign() || !ability.as_ref().is_ok_and(|one| one.signs) {
                return Err(Unfit::NotForThis);
            }
            let back = bound_back(binding).ok_or(Unfit::NotBoundBack)?;
            policy.binds(back)
        });
        KeyStanding {
            fingerprint: shown(&subkey.key.fingerprint()),
            algorithm: name(&subkey.key),
            is_post_quantum: ability.as_ref().is_ok_and(|one| one.is_post_quantum),
            made: made_at,
            expires,
            may_sign,
            may_encrypt,
        }
    }
}

/// A time, and the time at which it is asked about it.
#[derive(Clone, Copy)]
struct When {
    then: u64,
    known: u64,
}

type Dated<'a> = Option<(u64, &'a Signature)>;

/// The newest of these kinds that counts, or the first one after that time; else why none does.
fn newest<'a>(
    all: &'a [Signature],
    kinds: &[SignatureType],
    policy: &Policy,
    when: When,
) -> Result<&'a Signature, Unfit> {
    let mut why = Unfit::NotBound;
    let (mut before, mut after): (Dated<'_>, Dated<'_>) = (None, None);
    for one in all.iter().filter(|one| one.typ().is_some_and(|kind| kinds.contains(&kind))) {
        let Some(at) = made(one).filter(|at| *at <= when.known) else { continue };
        if let Err(unfit) = policy.binds(one) {
            why = unfit;
            continue;
        }
        let lives = one.signature_expiration_time().map(|time| u64::from(time.as_secs())).filter(|time| *time > 0);
        if lives.is_some_and(|lives| at + lives <= when.then) {
            continue;
        }
        if at > when.then {
            after = Some(after.filter(|(other, _)| *other <= at).unwrap_or((at, one)));
        } else {
            before = Some(before.filter(|(other, _)| *other > at).unwrap_or((at, one)));
        }
    }
    before.or(after).map(|(_, one)| one).ok_or(why)
}

/// What binds a name, unless it was taken back later.
fn user_binding<'a>(user: &'a super::cert::User, policy: &Policy, when: When) -> Result<&'a Signature, Unfit> {
    const CERTIFICATIONS: [SignatureType; 4] = [
        SignatureType::CertGeneric,
        SignatureType::CertPersona,
        SignatureType::CertCasual,
        SignatureType::CertPositive,
    ];
    let binding = newest(&user.signatures, &CERTIFICATIONS, policy, when)?;
    let back = user.signatures.iter().filter(|one| one.typ() == Some(SignatureType::CertRevocation));
    let back = back.filter_map(made).filter(|at| *at <= when.then).max();
    // Somebody who binds it again later means it.
    match back.filter(|at| Some(*at) >= made(binding)) {
        Some(since) => Err(Unfit::Revoked { since }),
        None => Ok(binding),
    }
}

/// Revocations count whatever their hash: a wrong one keeps mail back, a missed one gives it away.
fn revoked(all: &[Signature], kind: SignatureType, now: u64) -> Result<(), Unfit> {
    let mut soft = None;
    for one in all.iter().filter(|one| one.typ() == Some(kind)) {
        let since = made(one).unwrap_or_default();
        match one.revocation_reason_code() {
            Some(RevocationCode::KeySuperseded | RevocationCode::KeyRetired | RevocationCode::CertUserIdInvalid) => {
                if since <= now {
                    soft = Some(soft.map_or(since, |other: u64| other.min(since)));
                }
            }
            // No reason, a reason that we do not know, or the worst: as if it had always been so.
            _ => return Err(Unfit::Compromised { since }),
        }
    }
    soft.map_or(Ok(()), |since| Err(Unfit::Revoked { since }))
}

fn has_flags(signature: &Signature) -> bool {
    signature
        .config()
        .is_some_and(|config| config.hashed_subpackets().any(|one| matches!(one.data, SubpacketData::KeyFlags(_))))
}

/// `made` is when the key was made, from when the time is counted.
fn expiry(binding: &Signature, made: u64) -> Option<u64> {
    let after = u64::from(binding.key_expiration_time()?.as_secs());
    Some(made + after).filter(|_| after > 0)
}

fn expired(expires: Option<u64>, now: u64) -> Result<(), Unfit> {
    match expires.filter(|at| *at <= now) {
        Some(since) => Err(Unfit::Expired { since }),
        None => Ok(()),
    }
}

fn preferences(told: &[&Signature]) -> Preferences {
    let first = |has: fn(&Signature) -> bool| told.iter().find(|one| has(one));
    Preferences {
        ciphers: first(|one| !one.preferred_symmetric_algs().is_empty())
            .map(|one| one.preferred_symmetric_algs().to_vec())
            .unwrap_or_default(),
        hashes: first(|one| !one.preferred_hash_algs().is_empty())
            .map(|one| one.preferred_hash_algs().to_vec())
            .unwrap_or_default(),
        suites: first(|one| !one.preferred_aead_algs().is_empty())
            .map(|one| one.preferred_aead_algs().to_vec())
            .unwrap_or_default(),
        reads_seipd_v2: first(|one| one.features().is_some())
            .and_then(|one| one.features())
            .is_some_and(|features| features.seipd_v2()),
    }
}

/// The address within the last angle brackets, or a name that is nothing but one.
pub(super) fn address(name: &[u8]) -> Option<String> {
    let name = std::str::from_utf8(name).ok()?.trim();
    let inner = match name.strip_suffix('>') {
        Some(open) => open.rsplit_once('<')?.1,
        None => name,
    };
    let (local, domain) = inner.rsplit_once('@')?;
    let is_one = !local.is_empty()
        && !domain.is_empty()
        && !inner.chars().any(|letter| letter.is_whitespace() || letter.is_control() || "<>()\",;".contains(letter))
        && !local.contains('@');
    is_one.then(|| inner.to_lowercase())
}

#[cfg(test)]
mod tests {
    use super::address;

    #[test]
    fn an_address_is_read_from_a_name_or_is_none() {
        for (name, expected) in [
            ("Ann <Ann@Example.com>", Some("ann@example.com")),
            ("ann@example.com", Some("ann@example.com")),
            ("<ann@example.com>", Some("ann@example.com")),
            ("Ann (ann@other.example) <ann@example.com>", Some("ann@example.com")),
            ("Ann", None),
            ("ann@example.com is me", None),
            ("Ann <ann@example.com> b", None),
            ("a@b@example.com", None),
            ("Ann <@example.com>", None),
        ] {
            assert_eq!(address(name.as_bytes()).as_deref(), expected, "{name}");
        }
        assert_eq!(address(b"\xff <ann@example.com>"), None);
    }
}
