//! Content for others: the strongest form that all of them say they read (RFC 9580, sections 5.1 and 5.13).

use super::Chance;
use super::by_password;
use super::cert::{Certificate, shown};
use super::content_key::ContentKey;
use super::packets::written;
use super::policy::Policy;
use super::quick::Quick;
use super::standing::Standing;
use crate::{Random, Trouble};
use pgp::composed::RawSessionKey;
use pgp::crypto::aead::{AeadAlgorithm, ChunkSize};
use pgp::crypto::sym::SymmetricKeyAlgorithm;
use pgp::packet::{PublicKeyEncryptedSessionKey, SymEncryptedProtectedData};
use pgp::types::{EncryptionKey, KeyDetails};
use std::fmt;
use zeroize::Zeroizing;

/// How content is encrypted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Suite {
    cipher: SymmetricKeyAlgorithm,
    /// Each piece is proved by itself; else the whole by a hash within.
    aead: Option<AeadAlgorithm>,
}

impl fmt::Display for Suite {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let cipher = match self.cipher {
            SymmetricKeyAlgorithm::AES128 => "AES-128",
            SymmetricKeyAlgorithm::AES192 => "AES-192",
            SymmetricKeyAlgorithm::AES256 => "AES-256",
            SymmetricKeyAlgorithm::Twofish => "Twofish",
            SymmetricKeyAlgorithm::Camellia128 => "Camellia-128",
            SymmetricKeyAlgorithm::Camellia192 => "Camellia-192",
            SymmetricKeyAlgorithm::Camellia256 => "Camellia-256",
            _ => "an unknown cipher",
        };
        match self.aead {
            None => write!(f, "{cipher} with MDC"),
            Some(AeadAlgorithm::Eax) => write!(f, "{cipher}-EAX"),
            Some(AeadAlgorithm::Gcm) => write!(f, "{cipher}-GCM"),
            Some(_) => write!(f, "{cipher}-OCB"),
        }
    }
}

impl Suite {
    pub(super) fn of(cipher: SymmetricKeyAlgorithm, aead: Option<AeadAlgorithm>) -> Suite {
        Suite { cipher, aead }
    }

    pub(super) fn cipher(self) -> SymmetricKeyAlgorithm {
        self.cipher
    }

    pub(super) fn aead(self) -> Option<AeadAlgorithm> {
        self.aead
    }

    /// The strongest that all of them read and the form allows. Who says nothing reads AES-256, as every program of today does; where lists have nothing in
    /// common, it is AES-128, which is in all of them whether written or not (RFC 9580, section 9.3); where that has too few bits for the policy, AES-256.
    pub(super) fn for_all(recipients: &[Standing], sealed_as: SealedAs, policy: &Policy) -> Suite {
        use SymmetricKeyAlgorithm::{AES128, AES192, AES256};
        let is_enough = |cipher: SymmetricKeyAlgorithm| cipher.key_size() * 8 >= usize::from(policy.cipher_bits_min);
        let least = if is_enough(AES128) { AES128 } else { AES256 };
        let is_new = match sealed_as {
            SealedAs::AllRead => !recipients.is_empty(),
            SealedAs::Rfc4880 => false,
            SealedAs::Rfc9580 => true,
        };
        if is_new && recipients.iter().all(|one| one.preferences.reads_seipd_v2) {
            let choices = [(AES256, AeadAlgorithm::Ocb), (AES256, AeadAlgorithm::Gcm), (AES256, AeadAlgorithm::Eax)];
            let reads = |suite| recipients.iter().all(|one| one.preferences.suites.contains(&suite));
            let (cipher, aead) = choices.into_iter().find(|suite| reads(*suite)).unwrap_or((least, AeadAlgorithm::Ocb));
            return Suite { cipher, aead: Some(aead) };
        }
        let reads = |cipher| {
            recipients.iter().all(|one| {
                let ciphers = &one.preferences.ciphers;
                ciphers.is_empty() || ciphers.contains(&cipher)
            })
        };
        let read = [AES256, AES192].into_iter().find(|cipher| is_enough(*cipher) && reads(*cipher));
        Suite { cipher: read.unwrap_or(least), aead: None }
    }
}

/// The form in which mail is encrypted for all of them, as [`encrypt`] does it.
pub fn suite_for_all(recipients: &[&Certificate], policy: &Policy, now: u64) -> Suite {
    let standings: Vec<Standing> = recipients.iter().map(|one| one.standing(policy, now)).collect();
    Suite::for_all(&standings, SealedAs::AllRead, policy)
}

/// In which form a message is encrypted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SealedAs {
    /// The strongest that all certificates say is read; where there are passwords alone, what every program reads.
    AllRead,
    /// What every program reads: the whole is proved by a hash within, and passwords are hardened by repetition.
    Rfc4880,
    /// Each piece is proved by itself, and passwords are hardened by memory (Argon2). Where a certificate does not say that this is read, it
    /// is [`SealedAs::AllRead`].
    Rfc9580,
}

/// For whom a message is encrypted.
#[derive(Clone, Copy)]
pub struct Whom<'a> {
    pub recipients: &'a [&'a Certificate],
    /// Whoever knows one of these opens it.
    pub passwords: &'a [&'a [u8]],
    pub sealed_as: SealedAs,
}

/// Packets, encrypted for all of them: for each of the keys that its owner's programs may have.
///
/// A certificate that has a key against computers of quanta is encrypted to with none but such keys.
///
/// # Errors
/// [`Trouble::Unsupported`] when one of them has no key that may be encrypted to now, or nobody is named; nothing is encrypted then.
pub fn encrypt(
    packets: &[u8],
    recipients: &[&Certificate],
    policy: &Policy,
    now: u64,
    random: &mut dyn Random,
) -> Result<Vec<u8>, Trouble> {
    let whom = Whom { recipients, passwords: &[], sealed_as: SealedAs::AllRead };
    Ok(encrypt_for(packets, &whom, policy, now, random)?.0)
}

/// The same where some may have no certificate and a password in its place; with the key of its content, which opens it by itself.
///
/// # Errors
/// Those of [`encrypt`]; [`Trouble::Unsupported`] for an empty password.
pub fn encrypt_for(
    packets: &[u8],
    whom: &Whom<'_>,
    policy: &Policy,
    now: u64,
    random: &mut dyn Random,
) -> Result<(Vec<u8>, ContentKey), Trouble> {
    let Whom { recipients, passwords, sealed_as } = *whom;
    if recipients.is_empty() && passwords.is_empty() {
        return Err(Trouble::Unsupported("encryption for nobody"));
    }
    if passwords.iter().any(|password| password.is_empty()) {
        return Err(Trouble::Unsupported("encryption under an empty password"));
    }
    let standings: Vec<Standing> = recipients.iter().map(|one| one.standing(policy, now)).collect();
    let suite = Suite::for_all(&standings, sealed_as, policy);
    let mut key = Zeroizing::new(vec![0; suite.cipher.key_size()]);
    random.fill(&mut key);
    let session = RawSessionKey::from(&key[..]);
    let mut out = Vec::with_capacity(packets.len() + 2_048);
    for (certificate, standing) in recipients.iter().zip(&standings) {
        out.extend(for_one(&session, suite, (certificate, standing), random)?);
    }
    for password in passwords {
        out.extend(by_password::wrapped(&session, suite, password, random)?);
    }
    const FAILED: Trouble = Trouble::Unsupported("content of this size");
    let mut chance = Chance(random);
    let sealed = match suite.aead {
        Some(aead) => SymEncryptedProtectedData::encrypt_seipdv2(
            &mut chance,
            suite.cipher,
            aead,
            ChunkSize::C64KiB,
            &key,
            packets,
        ),
        None => SymEncryptedProtectedData::encrypt_seipdv1(&mut chance, suite.cipher, &key, packets),
    };
    out.extend(written(&sealed.map_err(|_| FAILED)?)?);
    Ok((out, ContentKey::of(suite.cipher, key)))
}

/// The key of content for each key of a certificate.
fn for_one(
    session: &RawSessionKey,
    suite: Suite,
    (certificate, standing): (&Certificate, &Standing),
    random: &mut dyn Random,
) -> Result<Vec<u8>, Trouble> {
    let able = standing.encryption_keys();
    if able.is_empty() {
        return Err(Trouble::Unsupported("a recipient's certificate to which nothing may be encrypted"));
    }
    let (mut out, mut chance) = (Vec::new(), Chance(random));
    for one in able {
        let subkey = certificate.subkeys.iter().find(|subkey| shown(&subkey.key.fingerprint()) == one.fingerprint);
        out.extend(match subkey {
            Some(subkey) => wrapped(session, suite, &Quick(&subkey.key), &mut chance)?,
            None => wrapped(session, suite, &Quick(&certificate.primary), &mut chance)?,
        });
    }
    Ok(out)
}

fn wrapped(
    session: &RawSessionKey,
    suite: Suite,
    key: &impl EncryptionKey,
    chance: &mut Chance<'_>,
) -> Result<Vec<u8>, Trouble> {
    let packet = match suite.aead {
        Some(_) => PublicKeyEncryptedSessionKey::from_session_key_v6(chance, session, key),
        None => PublicKeyEncryptedSessionKey::from_session_key_v3(chance, session, suite.cipher, key),
    };
    written(&packet.map_err(|_| Trouble::Unsupported("a recipient's key"))?)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::pgp::standing::Preferences;

    fn reads(ciphers: &[SymmetricKeyAlgorithm], reads_seipd_v2: bool) -> Standing {
        let preferences = Preferences { ciphers: ciphers.to_vec(), reads_seipd_v2, ..Preferences::default() };
        Standing { is: Ok(()), expires: None, users: Vec::new(), keys: Vec::new(), preferences }
    }

    #[test]
    fn a_policy_raises_the_bits_and_leaves_the_form_to_certificates() {
        use SymmetricKeyAlgorithm::{AES128, AES192};
        for (ciphers, is_new, cipher_bits_min, expected) in [
            (vec![AES128], false, 0, "AES-128 with MDC"),
            (vec![AES192, AES128], false, 128, "AES-192 with MDC"),
            (vec![AES192, AES128], false, 256, "AES-256 with MDC"),
            (vec![], false, 256, "AES-256 with MDC"),
            (vec![AES128], true, 0, "AES-128-OCB"),
            (vec![AES128], true, 256, "AES-256-OCB"),
        ] {
            let policy = Policy { cipher_bits_min, ..Policy::default() };
            let suite = Suite::for_all(&[reads(&ciphers, is_new)], SealedAs::AllRead, &policy);
            assert_eq!(suite.to_string(), expected);
        }
    }
}
