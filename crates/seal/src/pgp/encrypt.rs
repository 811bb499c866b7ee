//! Content for others: the strongest form that all of them say they read (RFC 9580, sections 5.1 and 5.13).

use super::Chance;
use super::cert::{Certificate, shown};
use super::packets::written;
use super::policy::Policy;
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

    /// The strongest that all of them read. Who says nothing reads AES-256, as every program of today does; where lists have nothing in
    /// common, it is AES-128, which is in all of them whether written or not (RFC 9580, section 9.3).
    pub(super) fn for_all(recipients: &[Standing]) -> Suite {
        use SymmetricKeyAlgorithm::{AES128, AES192, AES256};
        if !recipients.is_empty() && recipients.iter().all(|one| one.preferences.reads_seipd_v2) {
            let choices = [(AES256, AeadAlgorithm::Ocb), (AES256, AeadAlgorithm::Gcm), (AES256, AeadAlgorithm::Eax)];
            let reads = |suite| recipients.iter().all(|one| one.preferences.suites.contains(&suite));
            let (cipher, aead) =
                choices.into_iter().find(|suite| reads(*suite)).unwrap_or((AES128, AeadAlgorithm::Ocb));
            return Suite { cipher, aead: Some(aead) };
        }
        let reads = |cipher| {
            recipients.iter().all(|one| {
                let ciphers = &one.preferences.ciphers;
                ciphers.is_empty() || ciphers.contains(&cipher)
            })
        };
        Suite { cipher: [AES256, AES192].into_iter().find(|cipher| reads(*cipher)).unwrap_or(AES128), aead: None }
    }
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
    if recipients.is_empty() {
        return Err(Trouble::Unsupported("encryption for nobody"));
    }
    let standings: Vec<Standing> = recipients.iter().map(|one| one.standing(policy, now)).collect();
    let suite = Suite::for_all(&standings);
    let mut key = Zeroizing::new(vec![0; suite.cipher.key_size()]);
    random.fill(&mut key);
    let session = RawSessionKey::from(&key[..]);
    let mut chance = Chance(random);
    let mut out = Vec::with_capacity(packets.len() + 2_048);
    for (certificate, standing) in recipients.iter().zip(&standings) {
        let able = standing.encryption_keys();
        if able.is_empty() {
            return Err(Trouble::Unsupported("a recipient's certificate to which nothing may be encrypted"));
        }
        for one in able {
            let subkey = certificate.subkeys.iter().find(|subkey| shown(&subkey.key.fingerprint()) == one.fingerprint);
            out.extend(match subkey {
                Some(subkey) => wrapped(&session, suite, &subkey.key, &mut chance)?,
                None => wrapped(&session, suite, &certificate.primary, &mut chance)?,
            });
        }
    }
    const FAILED: Trouble = Trouble::Unsupported("content of this size");
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
