//! The keys that a mail brings of its author: what signed it, what is attached for that, and what its head offers.
//!
//! Whatever comes out was read here and written anew. Whether any of it is kept is decided elsewhere.

use crate::cell::child::Pipes;
use crate::cell::opened::{of_path, open_naming_signers, path};
use crate::cell::wire::Failure;
use crate::keys::same_address;
use crate::opening::{Doubt, MailOrder};
use mail::{Limits, SealScheme, Worth};
use policy::harvest::Unkept;
use policy::sealing::{Origin, Scheme};
use seal::keyfile::{Item, Refused, public_only};
use seal::order::Signers;
use seal::pgp::{self, Policy};
use seal::smime::Certificate;
use seal::verdict::{fingerprint, fingerprint_of};
use serde::{Deserialize, Serialize};

/// Keys of one mail; people have fewer.
const KEYS_MAX: usize = 4;
/// Bytes of one of them, and of what it comes in.
const KEY_BYTES_MAX: usize = 64 << 10;
/// Certificates that lead from a signer's towards an anchor.
const CHAIN_MAX: usize = 6;
/// The kind of part in which keys are sent (RFC 3156, section 7).
const KEYS_PART: &str = "application/pgp-keys";

/// A public key of a mail's author.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct GatheredKey {
    pub scheme: Scheme,
    pub origin: Origin,
    /// In small hex.
    pub fingerprint: String,
    /// A certificate in DER, or the packets of one of OpenPGP.
    pub bytes: Vec<u8>,
    /// Certificates of authorities in DER that came along and lead to an anchor of the folder.
    pub chain: Vec<Vec<u8>>,
    /// `SMIMECapabilities` in DER, signed by the key itself.
    pub capabilities: Option<Vec<u8>>,
    /// Seconds since 1970.
    pub ends_s: Option<u64>,
    /// Mail can be encrypted with it now.
    pub is_fit: bool,
    /// It signed the mail, and an authority of the folder says whose it is.
    pub is_vouched: bool,
}

/// What a mail brings.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Gathered {
    pub keys: Vec<GatheredKey>,
    /// What is not taken, each with how it came.
    pub refused: Vec<(Origin, Unkept)>,
}

impl Gathered {
    /// What authorities say of a signer's certificate takes the place of what was known of it.
    pub(crate) fn settle(&mut self, doubt: &Doubt, worth: &Worth) {
        let print = fingerprint_of(&doubt.certificate);
        for key in self.keys.iter_mut().filter(|key| key.scheme == Scheme::Smime && key.fingerprint == print) {
            key.is_vouched = matches!(worth, Worth::Trusted { .. });
            key.chain = match key.is_vouched {
                true => doubt.along.iter().take(CHAIN_MAX).cloned().collect(),
                false => Vec::new(),
            };
        }
    }
}

/// All of it, for an author as a decision knows him, at a time in seconds since 1970; and signers of whose revocation authorities could say
/// more.
pub(super) fn gather(
    order: &[u8],
    mail: &[u8],
    limits: &Limits,
    (author, now): (&str, u64),
    pipes: &mut Pipes,
) -> Result<(Gathered, Vec<Doubt>), Failure> {
    let mut order: MailOrder = match order.is_empty() {
        true => MailOrder::default(),
        false => postcard::from_bytes(order).map_err(|_| Failure::AnswerTooLarge)?,
    };
    order.open.now = now;
    let (found, signers) = open_naming_signers(&order, mail, limits, pipes);
    let mut gathering = Gathering { author, now, gathered: Gathered::default() };
    let signatures = found.opened.iter().flat_map(|opened| &opened.signatures).enumerate();
    for (at, one) in signatures.filter(|(_, one)| one.scheme == SealScheme::Smime) {
        match &one.worth {
            Worth::Trusted { .. } => gathering.signer(&order, &signers, at, true),
            Worth::Untrusted { .. } => gathering.signer(&order, &signers, at, false),
            Worth::Unknown | Worth::Wrong { .. } => {}
        }
    }
    let reading = ::mail::read(&found.mail, limits);
    let parts = &reading.message.parts;
    let of_others = |path: &str| parts.iter().any(|part| is_message(part) && is_within(path, &part.path));
    let keys = parts.iter().filter(|part| part.leaf && part.content_type == KEYS_PART);
    // What stands in a mail that he hands on is another's word.
    for part in keys.filter(|part| reading.message.forward.is_none() && !of_others(&part.path)) {
        match part.size_bytes <= KEY_BYTES_MAX as u64 {
            true => gathering.file(&::mail::part(&found.mail, limits, &part.path).unwrap_or_default()),
            false => gathering.refuse(Origin::Harvested, Unkept::TooLarge),
        }
    }
    // It stands outside, where servers vouch for the head.
    match pgp::autocrypt(mail, author) {
        Some(said) => gathering.pgp(Origin::Autocrypt, &said.certificate),
        None if ::mail::read(mail, limits).message.autocrypt.is_some() => {
            gathering.refuse(Origin::Autocrypt, Unkept::Unreadable);
        }
        None => {}
    }
    Ok((gathering.gathered, found.doubts))
}

fn is_message(part: &::mail::Part) -> bool {
    part.content_type.starts_with("message/")
}

/// Whether a part stands within another; paths are numbers with full stops between them.
fn is_within(path: &str, outer: &str) -> bool {
    path.strip_prefix(outer).is_some_and(|rest| rest.starts_with('.'))
}

struct Gathering<'a> {
    author: &'a str,
    now: u64,
    gathered: Gathered,
}

impl Gathering<'_> {
    fn refuse(&mut self, origin: Origin, why: Unkept) {
        if self.gathered.refused.len() < KEYS_MAX && !self.gathered.refused.contains(&(origin, why)) {
            self.gathered.refused.push((origin, why));
        }
    }

    fn add(&mut self, key: GatheredKey) {
        let all = &mut self.gathered.keys;
        // Of a key that is attached the head says nothing more.
        if let Some(known) = all.iter_mut().find(|known| known.fingerprint == key.fingerprint) {
            known.is_vouched |= key.is_vouched;
            return;
        }
        let bytes = key.bytes.len() + key.chain.iter().map(Vec::len).sum::<usize>();
        match (bytes > KEY_BYTES_MAX, all.len() < KEYS_MAX) {
            (true, _) => self.refuse(key.origin, Unkept::TooLarge),
            (false, true) => all.push(key),
            (false, false) => self.refuse(key.origin, Unkept::TooMany),
        }
    }

    /// Whoever made this signature, which holds.
    fn signer(&mut self, order: &MailOrder, signers: &Signers, at: usize, is_vouched: bool) {
        let der = signers.certificates.get(at).and_then(Option::as_ref);
        let Some(certificate) = der.and_then(|der| Certificate::from_der(der).ok()) else {
            return self.refuse(Origin::Harvested, Unkept::Unreadable);
        };
        if !certificate.addresses().iter().any(|own| same_address(own, self.author)) {
            return self.refuse(Origin::Harvested, Unkept::OtherAddress);
        }
        if !certificate.may_encrypt() || !certificate.is_valid_at(self.now) {
            return self.refuse(Origin::Harvested, Unkept::Unfit);
        }
        // Nobody signed what came along beside it, so nothing of that is kept but what its path to an anchor goes over.
        let verdict = path(order, signers, certificate.der(), self.author);
        let authorities = of_path(signers, &verdict).filter(|_| is_vouched);
        self.add(GatheredKey {
            scheme: Scheme::Smime,
            origin: Origin::Harvested,
            fingerprint: fingerprint(&certificate),
            bytes: certificate.der().to_vec(),
            chain: authorities.take(CHAIN_MAX).cloned().collect(),
            capabilities: signers.capabilities.get(at).cloned().flatten(),
            ends_s: Some(certificate.validity().1),
            is_fit: true,
            is_vouched,
        });
    }

    /// A file of keys that is attached.
    fn file(&mut self, file: &[u8]) {
        let found = match public_only(file) {
            Ok(found) => found,
            Err(Refused::HoldsPrivate) => return self.refuse(Origin::Harvested, Unkept::HoldsPrivate),
            Err(Refused::Nothing(_)) => return self.refuse(Origin::Harvested, Unkept::Unreadable),
        };
        for item in found.items {
            let Item::PgpPublic(one) = item else { continue };
            match pgp::Certificate::read_all(&one.bytes) {
                Ok(all) => all.iter().for_each(|one| self.pgp(Origin::Harvested, one)),
                Err(_) => self.refuse(Origin::Harvested, Unkept::Unreadable),
            }
        }
    }

    fn pgp(&mut self, origin: Origin, certificate: &pgp::Certificate) {
        let standing = certificate.standing(&Policy::default(), self.now);
        let has = |address: Option<&str>| address.is_some_and(|own| same_address(own, self.author));
        // Of one that is revoked no name counts any more, and that it is revoked has to be known.
        let is_dead = standing.is.is_err() && standing.users.iter().any(|user| has(user.address.as_deref()));
        if !is_dead && !standing.addresses().any(|own| has(Some(own))) {
            return self.refuse(origin, Unkept::OtherAddress);
        }
        let Ok(bytes) = certificate.to_bytes() else { return self.refuse(origin, Unkept::Unreadable) };
        self.add(GatheredKey {
            scheme: Scheme::Pgp,
            origin,
            fingerprint: certificate.fingerprint().to_ascii_lowercase(),
            bytes,
            chain: Vec::new(),
            capabilities: None,
            ends_s: standing.expires,
            is_fit: standing.may_encrypt().is_ok(),
            is_vouched: false,
        });
    }
}
