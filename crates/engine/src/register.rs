//! The register: public keys that the store keeps for people of a site, for whoever seals for them.

mod readers;

pub use readers::{Readers, readers, readers_by_project};

use crate::outside::SmimeFound;
use policy::Fault;
use policy::sealing::{Origin, Scheme};
use seal::pgp;
use seal::smime::{Capabilities, Certificate};
use std::sync::Arc;
use store::{KeyStanding, Micros, OfferedKey, PersonKey, Store};

/// The keys of people, asked for by site and address. Cheap to clone.
#[derive(Clone)]
pub struct PeopleKeys {
    store: Store,
}

/// What the register has for one person. What is in quarantine is none of his keys.
#[derive(Debug, Default)]
pub struct OfPerson {
    pub(crate) smime: Vec<KeptCertificate>,
    pub(crate) pgp: Vec<KeptPgp>,
    /// Certificates of OpenPGP that wait for a word: what they say of themselves, such as that they were revoked, counts all the same.
    pub(crate) waiting: Vec<pgp::Certificate>,
}

/// A certificate of S/MIME that is used.
#[derive(Debug, Clone)]
pub(crate) struct KeptCertificate {
    /// Of its row.
    pub(crate) id: String,
    pub(crate) origin: Origin,
    /// With what came with it; what its owner's program can do, by a mail that he signed.
    pub(crate) found: SmimeFound,
}

/// A certificate of OpenPGP that is used.
#[derive(Debug, Clone)]
pub(crate) struct KeptPgp {
    /// Of its row.
    pub(crate) id: String,
    pub(crate) origin: Origin,
    pub(crate) certificate: pgp::Certificate,
}

impl PeopleKeys {
    pub fn new(store: Store) -> PeopleKeys {
        PeopleKeys { store }
    }

    /// What is kept for an address of a site; nothing where there is no site.
    ///
    /// # Errors
    /// Temporary ones of the database, and `StoreCorrupt`: whoever asks has to hold back what he would have sealed.
    pub async fn of(&self, site: &str, address: &str) -> Result<OfPerson, Fault> {
        let mut found = OfPerson::default();
        if site.is_empty() {
            return Ok(found);
        }
        for one in self.store.keys_of_person(site, address).await? {
            found.add(one);
        }
        Ok(found)
    }

    /// Whether a key that was found still may be used.
    pub(crate) async fn stands(&self, site: &str, id: &str) -> Result<bool, Fault> {
        let kept = self.store.person_key(site, id).await?;
        Ok(kept.is_some_and(|kept| kept.standing == KeyStanding::Used))
    }
}

impl OfPerson {
    /// Whatever was kept was read in a cell first, so what cannot be read any more is left out.
    fn add(&mut self, kept: PersonKey) {
        let PersonKey { id, key, standing, .. } = kept;
        let is_used = standing == KeyStanding::Used;
        match key.scheme {
            Scheme::Smime if is_used => {
                let Ok(certificate) = Certificate::from_der(&key.bytes) else { return };
                let capabilities = key.capabilities.and_then(|der| Capabilities::read(&der).ok());
                let found = SmimeFound { certificate, authorities: Arc::new(key.chain), capabilities };
                self.smime.push(KeptCertificate { id, origin: key.origin, found });
            }
            Scheme::Smime => {}
            Scheme::Pgp => {
                let all = pgp::Certificate::read_all(&key.bytes).unwrap_or_default().into_iter();
                match is_used {
                    true => {
                        let kept = |certificate| KeptPgp { id: id.clone(), origin: key.origin, certificate };
                        self.pgp.extend(all.map(kept));
                    }
                    false => self.waiting.extend(all),
                }
            }
        }
    }

    /// Adds what the register knows of the same certificate, and of no other.
    pub(crate) fn teach(&self, certificate: &mut pgp::Certificate) {
        let print = certificate.fingerprint();
        let known = self.pgp.iter().map(|kept| &kept.certificate).chain(&self.waiting);
        for known in known.filter(|known| known.fingerprint() == print) {
            // It has the same fingerprint, and whatever cannot be joined adds nothing.
            let _ = certificate.learn(known);
        }
    }
}

/// What both say: what is known is never less afterwards, so one that was revoked stays so.
pub fn joined(known: &OfferedKey, new: &OfferedKey, now: Micros) -> OfferedKey {
    let mut joined = known.clone();
    match known.scheme {
        Scheme::Smime => {
            if !new.chain.is_empty() {
                joined.chain.clone_from(&new.chain);
            }
            joined.capabilities = new.capabilities.clone().or(joined.capabilities);
        }
        Scheme::Pgp => {
            if let Some((bytes, ends_at)) = both(&known.bytes, &new.bytes, now) {
                (joined.bytes, joined.ends_at) = (bytes, ends_at);
            }
        }
    }
    joined
}

/// Two states of one certificate of OpenPGP as one, and when it ends; `None` where they are none.
fn both(known: &[u8], new: &[u8], now: Micros) -> Option<(Vec<u8>, Option<Micros>)> {
    let mut certificate = one(known)?;
    certificate.learn(&one(new)?).ok()?;
    let standing = certificate.standing(&pgp::Policy::default(), now.div_euclid(1_000_000).unsigned_abs());
    Some((certificate.to_bytes().ok()?, standing.expires.and_then(micros)))
}

fn one(bytes: &[u8]) -> Option<pgp::Certificate> {
    pgp::Certificate::read_all(bytes).ok()?.pop()
}

/// Seconds since 1970 as the store has times.
pub fn micros(seconds: u64) -> Option<Micros> {
    i64::try_from(seconds).ok()?.checked_mul(1_000_000)
}
