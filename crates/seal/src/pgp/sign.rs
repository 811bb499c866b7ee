//! Signatures of ours over content (RFC 9580, section 5.2).

use super::cert::{Certificate, shown};
use super::key::{Key, Part};
use super::packets::{literal, written};
use super::policy::Policy;
use super::timestamp;
use super::verify::SIGNATURES_MAX;
use crate::entity::with_crlf;
use crate::{Random, Trouble};
use pgp::crypto::hash::HashAlgorithm;
use pgp::packet::{OnePassSignature, Signature, SignatureConfig, SignatureType, Subpacket, SubpacketData};
use pgp::types::{Fingerprint, KeyDetails, KeyVersion, Password, SigningKey};

/// What is said of content by signing it.
pub(super) struct Saying<'a> {
    pub(super) kind: SignatureType,
    pub(super) now: u64,
    /// For whom the signed mail is encrypted, so that none of them can send it on to somebody else as if it were for him.
    pub(super) meant_for: &'a [&'a Certificate],
    pub(super) policy: &'a Policy,
}

impl Key<'_> {
    /// The key that signs at `now`: the newest below the first one that may, else the first one itself.
    pub(super) fn signing_part(&self, policy: &Policy, now: u64) -> Result<&Part<'_>, Trouble> {
        let standing = self.certificate().standing(policy, now);
        let mut able: Vec<_> = standing.keys.iter().enumerate().filter(|(_, key)| key.may_sign.is_ok()).collect();
        able.sort_by_key(|(at, key)| (*at > 0, key.made));
        let part = |print: &str| self.parts.iter().find(|part| shown(&part.fingerprint()) == print);
        able.iter().rev().find_map(|(_, key)| part(&key.fingerprint)).ok_or(Trouble::KeyRefused)
    }
}

/// A signature over content that stands elsewhere, and its hash as `micalg` of a mail names it.
///
/// # Errors
/// [`Trouble::KeyRefused`] when none of the key's parts may sign now, or one does not.
pub fn sign(
    content: &[u8],
    key: &Key<'_>,
    policy: &Policy,
    now: u64,
    random: &mut dyn Random,
) -> Result<(Vec<u8>, &'static str), Trouble> {
    beside(content, key, &Saying { kind: SignatureType::Binary, now, meant_for: &[], policy }, random)
}

/// The same over a text, whose lines may end otherwise when it is looked at again.
///
/// # Errors
/// Those of [`sign`].
pub fn sign_text(
    text: &str,
    key: &Key<'_>,
    policy: &Policy,
    now: u64,
    random: &mut dyn Random,
) -> Result<(Vec<u8>, &'static str), Trouble> {
    beside(text.as_bytes(), key, &Saying { kind: SignatureType::Text, now, meant_for: &[], policy }, random)
}

fn beside(
    content: &[u8],
    key: &Key<'_>,
    saying: &Saying<'_>,
    random: &mut dyn Random,
) -> Result<(Vec<u8>, &'static str), Trouble> {
    let signature = signature(content, key.signing_part(saying.policy, saying.now)?, saying, random)?;
    let micalg = super::algorithm::micalg(signature.hash_alg().unwrap_or(HashAlgorithm::None));
    Ok((written(&signature)?, micalg))
}

/// Content that nobody signed, as a message that can be encrypted.
///
/// # Errors
/// [`Trouble::Unsupported`] for content of more than 4 GiB.
pub fn unsigned_message(content: &[u8]) -> Result<Vec<u8>, Trouble> {
    literal(content)
}

/// Content within a signature.
///
/// # Errors
/// Those of [`sign`].
pub fn signed_message(
    content: &[u8],
    key: &Key<'_>,
    meant_for: &[&Certificate],
    policy: &Policy,
    now: u64,
    random: &mut dyn Random,
) -> Result<Vec<u8>, Trouble> {
    signed_by_all(content, std::slice::from_ref(key), meant_for, policy, now, random)
}

/// Content within a signature of each of the keys.
///
/// # Errors
/// Those of [`sign`]; [`Trouble::Unsupported`] when there are more than 16 of them, or none.
pub fn signed_by_all(
    content: &[u8],
    keys: &[Key<'_>],
    meant_for: &[&Certificate],
    policy: &Policy,
    now: u64,
    random: &mut dyn Random,
) -> Result<Vec<u8>, Trouble> {
    around(content, keys, &Saying { kind: SignatureType::Binary, now, meant_for, policy }, random)
}

/// The same with a text, whose lines end in CRLF from then on: a text is signed so, and GnuPG takes what stands in the message as it is.
///
/// # Errors
/// Those of [`signed_by_all`].
pub fn text_signed_by_all(
    text: &str,
    keys: &[Key<'_>],
    meant_for: &[&Certificate],
    policy: &Policy,
    now: u64,
    random: &mut dyn Random,
) -> Result<Vec<u8>, Trouble> {
    around(&with_crlf(text.as_bytes()), keys, &Saying { kind: SignatureType::Text, now, meant_for, policy }, random)
}

fn around(content: &[u8], keys: &[Key<'_>], saying: &Saying<'_>, random: &mut dyn Random) -> Result<Vec<u8>, Trouble> {
    let (mut out, mut behind) = (Vec::new(), Vec::new());
    for (at, (part, signature)) in signatures(content, keys, saying, random)?.iter().enumerate() {
        let mut announced = written(&announced(part, signature)?)?;
        // All but the last say that another one follows (RFC 9580, section 5.4); rPGP writes each as if it were the last.
        if let Some(is_last) = announced.last_mut().filter(|_| at + 1 < keys.len()) {
            *is_last = 0;
        }
        out.extend(announced);
        // Like brackets: what was announced first comes last.
        behind.insert(0, written(signature)?);
    }
    out.extend(literal(content)?);
    out.extend(behind.concat());
    Ok(out)
}

fn announced(part: &Part<'_>, signature: &Signature) -> Result<OnePassSignature, Trouble> {
    let config = signature.config().ok_or(Trouble::KeyRefused)?;
    Ok(match (&config.version_specific, part.fingerprint()) {
        (pgp::packet::SignatureVersionSpecific::V6 { salt }, Fingerprint::V6(print)) => {
            OnePassSignature::v6(config.typ, config.hash_alg, config.pub_alg, salt.clone(), print)
        }
        _ => OnePassSignature::v3(config.typ, config.hash_alg, config.pub_alg, part.legacy_key_id()),
    })
}

/// One of each key over the same content, with the part that made it; as many as are read again.
pub(super) fn signatures<'k>(
    content: &[u8],
    keys: &'k [Key<'k>],
    saying: &Saying<'_>,
    random: &mut dyn Random,
) -> Result<Vec<(&'k Part<'k>, Signature)>, Trouble> {
    if !(1..=SIGNATURES_MAX).contains(&keys.len()) {
        return Err(Trouble::Unsupported("more than 16 signatures, or none"));
    }
    let signed = keys.iter().map(|key| {
        let part = key.signing_part(saying.policy, saying.now)?;
        Ok((part, signature(content, part, saying, random)?))
    });
    signed.collect()
}

fn signature(
    content: &[u8],
    part: &Part<'_>,
    saying: &Saying<'_>,
    random: &mut dyn Random,
) -> Result<Signature, Trouble> {
    const REFUSED: Trouble = Trouble::KeyRefused;
    let standings: Vec<_> = saying.meant_for.iter().map(|one| one.standing(saying.policy, saying.now)).collect();
    let reads = |hash: HashAlgorithm| {
        standings.iter().all(|one| one.preferences.hashes.is_empty() || one.preferences.hashes.contains(&hash))
    };
    let own = part.hash_alg();
    let choices = [own, HashAlgorithm::Sha512, HashAlgorithm::Sha384];
    let hash = choices.into_iter().find(|hash| part.takes_any_hash() && reads(*hash)).unwrap_or(own);
    let mut config = config(part, saying.kind, hash, saying.now, random)?;
    for certificate in saying.meant_for {
        let print = SubpacketData::IntendedRecipientFingerprint(certificate.primary.fingerprint());
        config.hashed_subpackets.push(Subpacket::regular(print).map_err(|_| REFUSED)?);
    }
    config.sign(part, &Password::empty(), content).map_err(|_| REFUSED)
}

/// What every signature says: when, and by whom.
pub(super) fn config(
    part: &Part<'_>,
    kind: SignatureType,
    hash: HashAlgorithm,
    now: u64,
    random: &mut dyn Random,
) -> Result<SignatureConfig, Trouble> {
    const REFUSED: Trouble = Trouble::KeyRefused;
    let mut config = match part.version() {
        KeyVersion::V6 => {
            let mut salt = vec![0; hash.salt_len().ok_or(REFUSED)?];
            random.fill(&mut salt);
            SignatureConfig::v6_with_salt(kind, part.algorithm(), hash, salt)
        }
        _ => SignatureConfig::v4(kind, part.algorithm(), hash),
    };
    let subpacket = |data| Subpacket::regular(data).map_err(|_| REFUSED);
    config.hashed_subpackets = vec![
        subpacket(SubpacketData::SignatureCreationTime(timestamp(now)?))?,
        subpacket(SubpacketData::IssuerFingerprint(part.fingerprint()))?,
    ];
    if part.version() == KeyVersion::V4 {
        config.unhashed_subpackets = vec![subpacket(SubpacketData::IssuerKeyId(part.legacy_key_id()))?];
    }
    Ok(config)
}
