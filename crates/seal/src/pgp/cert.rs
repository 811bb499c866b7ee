//! Certificates: a person's public keys, names, and what binds them together (RFC 9580, section 10.1).
//!
//! Only what the owner signed is kept: whatever anybody else attached to it says nothing here, and could be a million signatures.

use super::armor::{self, Kind, unarmored};
use super::packets::{packets, written};
use super::policy::Policy;
use super::quick::Quick;
use super::standing::address;
use crate::Trouble;
use pgp::packet::{
    Packet, PublicKey, PublicSubkey, SecretKey, SecretSubkey, Signature, SignatureType, SubpacketData, UserId,
};
use pgp::types::{Fingerprint, KeyDetails, KeyVersion, Tag};

/// Bytes of one file of certificates.
const FILE_BYTES_MAX: usize = 16 << 20;
const PACKETS_MAX: usize = 100_000;
const CERTIFICATES_MAX: usize = 2_000;
/// Names, and keys below the first, of one certificate.
const COMPONENTS_MAX: usize = 100;
/// What the owner signed about one of them.
const SIGNATURES_MAX: usize = 100;
/// Signatures of one certificate that are checked: somebody may write his own as often as he likes under another's name.
const CHECKS_MAX: usize = 500;

/// A certificate. All of its signatures are its owner's and good; whether they still count says [`Certificate::standing`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Certificate {
    pub(super) primary: PublicKey,
    /// About the key as a whole.
    pub(super) signatures: Vec<Signature>,
    pub(super) users: Vec<User>,
    pub(super) subkeys: Vec<Subkey>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct User {
    pub(super) id: UserId,
    pub(super) signatures: Vec<Signature>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Subkey {
    pub(super) key: PublicSubkey,
    pub(super) signatures: Vec<Signature>,
}

/// A private key as a file keeps it.
pub(super) enum Locked {
    Primary(Box<SecretKey>),
    Subkey(Box<SecretSubkey>),
}

/// A certificate with the private keys that stood in its place.
pub(super) struct Gathered {
    pub(super) certificate: Certificate,
    pub(super) locked: Vec<Locked>,
    checked: usize,
}

impl Certificate {
    /// All certificates of a file, which may be armored.
    ///
    /// # Errors
    /// [`Trouble::Malformed`] when there is none; [`Trouble::Unsupported`] when a private key is among them, which nobody should ever
    /// have sent, or when there are more than anybody has.
    pub fn read_all(file: &[u8]) -> Result<Vec<Certificate>, Trouble> {
        let all = gathered(file)?;
        if all.iter().any(|one| !one.locked.is_empty()) {
            return Err(Trouble::Unsupported("a private key where a certificate belongs"));
        }
        Ok(all.into_iter().map(|one| one.certificate).collect())
    }

    /// The certificates to the private keys of a file; what is private stays locked and is thrown away.
    ///
    /// # Errors
    /// Those of [`Certificate::read_all`], but for private keys.
    pub fn of_private(file: &[u8]) -> Result<Vec<Certificate>, Trouble> {
        let all: Vec<Gathered> = gathered(file)?.into_iter().filter(|one| !one.locked.is_empty()).collect();
        if all.is_empty() {
            return Err(Trouble::Malformed("no private key of OpenPGP"));
        }
        Ok(all.into_iter().map(|one| one.certificate).collect())
    }

    /// The one of several for an address to which mail is best encrypted at `now`; `None` when there is none.
    ///
    /// One of version 6 goes first if its owner's programs read what goes with it. If they do not say so, one of version 4 goes first:
    /// GnuPG reads no others. Among equals it is the newest.
    pub fn best<'a>(all: &'a [Certificate], address: &str, policy: &Policy, now: u64) -> Option<&'a Certificate> {
        let address = address.to_lowercase();
        let rank = |one: &Certificate| {
            let standing = one.standing(policy, now);
            let is_for = standing.may_encrypt().is_ok() && standing.addresses().any(|other| other == address);
            is_for.then_some(match (one.version(), standing.preferences.reads_seipd_v2) {
                (4, _) => 1,
                (_, true) => 2,
                _ => 0,
            })
        };
        let ranked = all.iter().filter_map(|one| Some((rank(one)?, one.primary.created_at().as_secs(), one)));
        ranked.max_by_key(|(rank, made, _)| (*rank, *made)).map(|(_, _, one)| one)
    }

    /// In hexadecimal, with large letters.
    pub fn fingerprint(&self) -> String {
        shown(&self.primary.fingerprint())
    }

    /// Of all its keys, the first one first.
    pub fn fingerprints(&self) -> Vec<String> {
        let subkeys = self.subkeys.iter().map(|one| shown(&one.key.fingerprint()));
        std::iter::once(self.fingerprint()).chain(subkeys).collect()
    }

    /// 4, or 6 since RFC 9580.
    pub fn version(&self) -> u8 {
        self.primary.version().into()
    }

    /// Its packets, without what others signed.
    ///
    /// # Errors
    /// [`Trouble::Unsupported`] when one is too large to be written.
    pub fn to_bytes(&self) -> Result<Vec<u8>, Trouble> {
        let mut out = written(&self.primary)?;
        let add = |signatures: &[Signature], out: &mut Vec<u8>| -> Result<(), Trouble> {
            for one in signatures {
                out.extend(written(one)?);
            }
            Ok(())
        };
        add(&self.signatures, &mut out)?;
        for user in &self.users {
            out.extend(written(&user.id)?);
            add(&user.signatures, &mut out)?;
        }
        for subkey in &self.subkeys {
            out.extend(written(&subkey.key)?);
            add(&subkey.signatures, &mut out)?;
        }
        Ok(out)
    }

    /// The same with those names alone that have this address, which may be none: what a Web Key Directory gives out
    /// (draft-koch-openpgp-webkey-service, section 3.1).
    #[must_use]
    pub fn with_names_of(&self, mail_address: &str) -> Certificate {
        let wanted = mail_address.to_lowercase();
        self.with_names(|own| own == wanted)
    }

    /// The same with those names alone that have an address which is wanted.
    #[must_use]
    pub fn with_names(&self, is_wanted: impl Fn(&str) -> bool) -> Certificate {
        let mut one = self.clone();
        one.users.retain(|user| address(user.id.id()).is_some_and(|own| is_wanted(&own)));
        one
    }

    /// # Errors
    /// Those of [`Certificate::to_bytes`].
    pub fn to_armor(&self) -> Result<String, Trouble> {
        Ok(armor::armored(Kind::PublicKey, &self.to_bytes()?))
    }

    /// What another copy of the same certificate knows more: a longer validity, another name, a revocation. Nothing is ever lost by it.
    ///
    /// # Errors
    /// [`Trouble::Unsupported`] when it is another certificate.
    pub fn learn(&mut self, other: &Certificate) -> Result<(), Trouble> {
        if self.primary.fingerprint() != other.primary.fingerprint() {
            return Err(Trouble::Unsupported("two certificates as one"));
        }
        add_new(&mut self.signatures, &other.signatures);
        for user in &other.users {
            match self.users.iter_mut().find(|own| own.id.id() == user.id.id()) {
                Some(own) => add_new(&mut own.signatures, &user.signatures),
                None => self.users.push(user.clone()),
            }
        }
        for subkey in &other.subkeys {
            match self.subkeys.iter_mut().find(|own| own.key.fingerprint() == subkey.key.fingerprint()) {
                Some(own) => add_new(&mut own.signatures, &subkey.signatures),
                None => self.subkeys.push(subkey.clone()),
            }
        }
        self.users.truncate(COMPONENTS_MAX);
        self.subkeys.truncate(COMPONENTS_MAX);
        Ok(())
    }

    fn of(primary: PublicKey) -> Certificate {
        Certificate { primary, signatures: Vec::new(), users: Vec::new(), subkeys: Vec::new() }
    }

    fn is_own(&self, signature: &Signature) -> bool {
        let (prints, ids) = (signature.issuer_fingerprint(), signature.issuer_key_id());
        let by_print = prints.iter().any(|one| **one == self.primary.fingerprint());
        let by_id = ids.iter().any(|one| **one == self.primary.legacy_key_id());
        if prints.is_empty() { by_id || ids.is_empty() } else { by_print }
    }
}

fn add_new(own: &mut Vec<Signature>, others: &[Signature]) {
    for one in others {
        put(own, one.clone());
    }
}

pub(super) fn shown(fingerprint: &Fingerprint) -> String {
    format!("{fingerprint:X}")
}

/// The time at which a signature says that it was made; one that does not say it was made at no time.
pub(super) fn made(signature: &Signature) -> Option<u64> {
    signature.created().map(|time| u64::from(time.as_secs()))
}

/// What the next signature is about.
#[derive(Clone, Copy)]
enum About {
    Key,
    User,
    Subkey,
    /// Something that is left out.
    Nothing,
    /// A certificate that is left out.
    Nobody,
}

/// Certificates of a file, with the private keys among them.
pub(super) fn gathered(file: &[u8]) -> Result<Vec<Gathered>, Trouble> {
    if file.len() > FILE_BYTES_MAX {
        return Err(Trouble::Unsupported("a file of keys of more than 16 MiB"));
    }
    let (mut all, mut about) = (Vec::<Gathered>::new(), About::Nobody);
    for read in packets(&unarmored(file)?, PACKETS_MAX)? {
        let primary = match &read.packet {
            Some(Packet::PublicKey(key)) => Some((key.clone(), None)),
            Some(Packet::SecretKey(key)) => {
                Some((key.public_key().clone(), Some(Locked::Primary(Box::new(key.clone())))))
            }
            _ => None,
        };
        if let Some((key, locked)) = primary {
            about = About::Nobody;
            if matches!(key.version(), KeyVersion::V4 | KeyVersion::V6) {
                if all.len() == CERTIFICATES_MAX {
                    return Err(Trouble::Unsupported("a file of more than 2,000 certificates"));
                }
                about = About::Key;
                all.push(Gathered {
                    certificate: Certificate::of(key),
                    locked: locked.into_iter().collect(),
                    checked: 0,
                });
            }
        } else if read.tag == Tag::PublicKey || read.tag == Tag::SecretKey {
            about = About::Nobody;
        } else if let Some(last) = all.last_mut() {
            about = add(last, read.tag, read.packet, about)?;
        }
    }
    if all.is_empty() {
        return Err(Trouble::Malformed("no certificate of OpenPGP"));
    }
    Ok(all)
}

/// Adds what follows a key, and says what the signatures behind it are about.
fn add(to: &mut Gathered, tag: Tag, packet: Option<Packet>, about: About) -> Result<About, Trouble> {
    const TOO_MANY: Trouble = Trouble::Unsupported("a certificate with more than 100 names or keys");
    if matches!(about, About::Nobody) {
        return Ok(about);
    }
    let certificate = &mut to.certificate;
    Ok(match packet {
        Some(Packet::Signature(signature)) => {
            // To go on without the others could be to go on without a revocation.
            to.checked += usize::from(keep(certificate, signature, about));
            if to.checked > CHECKS_MAX {
                return Err(Trouble::Unsupported("a certificate with more than 500 signatures"));
            }
            about
        }
        Some(Packet::UserId(id)) => {
            if certificate.users.len() == COMPONENTS_MAX {
                return Err(TOO_MANY);
            }
            certificate.users.push(User { id, signatures: Vec::new() });
            About::User
        }
        Some(Packet::PublicSubkey(key)) => add_subkey(certificate, key).ok_or(TOO_MANY)?,
        Some(Packet::SecretSubkey(key)) => {
            let about = add_subkey(certificate, key.public_key().clone()).ok_or(TOO_MANY)?;
            if matches!(about, About::Subkey) {
                to.locked.push(Locked::Subkey(Box::new(key)));
            }
            about
        }
        _ if matches!(tag, Tag::Signature | Tag::Trust | Tag::Marker | Tag::Padding) => about,
        _ => About::Nothing,
    })
}

fn add_subkey(certificate: &mut Certificate, key: PublicSubkey) -> Option<About> {
    // Keys of one certificate are of one version (RFC 9580, section 10.1.1).
    if key.version() != certificate.primary.version() {
        return Some(About::Nothing);
    }
    if certificate.subkeys.len() == COMPONENTS_MAX {
        return None;
    }
    certificate.subkeys.push(Subkey { key, signatures: Vec::new() });
    Some(About::Subkey)
}

/// Keeps a signature if the owner made it, and it is good. Says whether that had to be computed.
fn keep(certificate: &mut Certificate, signature: Signature, about: About) -> bool {
    if !certificate.is_own(&signature) || made(&signature).is_none() {
        return false;
    }
    let primary = certificate.primary.clone();
    let kind = signature.typ();
    let (signatures, is_good) = match about {
        About::Nothing | About::Nobody => return false,
        About::Key => (&mut certificate.signatures, signature.verify_key(&Quick(&primary)).is_ok()),
        About::User => {
            let Some(user) = certificate.users.last_mut() else { return false };
            let is_good = signature.verify_certification(&Quick(&primary), Tag::UserId, &user.id).is_ok();
            (&mut user.signatures, is_good)
        }
        About::Subkey => {
            let Some(subkey) = certificate.subkeys.last_mut() else { return false };
            let mut is_good = signature.verify_subkey_binding(&Quick(&primary), &subkey.key).is_ok();
            if is_good && kind == Some(SignatureType::SubkeyBinding) && signature.key_flags().sign() {
                // One without its counterpart is kept: it says why the key may not sign.
                is_good = bound_back(&signature)
                    .is_none_or(|back| back.verify_primary_key_binding(&Quick(&subkey.key), &primary).is_ok());
            }
            (&mut subkey.signatures, is_good)
        }
    };
    if is_good {
        put(signatures, signature);
    }
    true
}

/// Puts a signature to its like. Copies of one with other things beside what is signed must not crowd out a revocation, so there is one
/// of each, and revocations come first.
fn put(signatures: &mut Vec<Signature>, signature: Signature) {
    if signatures.iter().any(|other| other.signature() == signature.signature()) {
        return;
    }
    let takes_back = matches!(
        signature.typ(),
        Some(SignatureType::KeyRevocation | SignatureType::SubkeyRevocation | SignatureType::CertRevocation)
    );
    signatures.insert(if takes_back { 0 } else { signatures.len() }, signature);
    signatures.truncate(SIGNATURES_MAX);
}

/// The word of a signing subkey within its binding, wherever in it: it proves itself.
pub(super) fn bound_back(binding: &Signature) -> Option<&Signature> {
    let config = binding.config()?;
    config.hashed_subpackets().chain(config.unhashed_subpackets()).find_map(|one| match &one.data {
        SubpacketData::EmbeddedSignature(back) => Some(&**back),
        _ => None,
    })
}
