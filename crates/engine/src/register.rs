//! The register: public keys that the store keeps for people of a site, for whoever seals for them.

mod readers;

pub use readers::{Readers, readers, readers_by_project};

use crate::outside::SmimeFound;
use policy::sealing::{Origin, Scheme, recognise};
use policy::{Fault, FaultCode};
use seal::pgp;
use seal::smime::{Capabilities, Certificate};
use std::collections::BTreeSet;
use std::sync::Arc;
use store::{KeyStanding, Micros, OfferedKey, PersonKey, Store};

/// Issues of one mail that are looked up.
const ISSUES_MAX: usize = 32;

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
    /// Temporary ones of the database, and `StoreCorrupt`, also for a key that can no longer be read: whoever asks has to hold back what he
    /// would have sealed.
    pub async fn of(&self, site: &str, address: &str) -> Result<OfPerson, Fault> {
        let mut found = OfPerson::default();
        if site.is_empty() {
            return Ok(found);
        }
        for one in self.store.keys_of_person(site, address).await? {
            found.add(one)?;
        }
        Ok(found)
    }

    /// Whether a mail of a tracker of this site is about an issue that got something of a mail that came encrypted (SEC-15). Issues are known by
    /// the ids that Jira writes into Message-ID and its like, and by keys in fields and in the subject that the store has. That somebody else
    /// wrote them there only tightens; a mail that names more issues than are looked up counts as one.
    ///
    /// # Errors
    /// Those of the database.
    pub(crate) async fn tells_of_sealed(&self, site: &str, headers: &mail::Headers) -> Result<bool, Fault> {
        if site.is_empty() {
            return Ok(false);
        }
        let ids = headers.message_id.iter().chain(&headers.in_reply_to).chain(&headers.references);
        let mut issues: BTreeSet<String> = ids.filter_map(|id| jira_issue(id)).map(str::to_owned).collect();
        let keys: BTreeSet<String> = recognise(headers).places.into_iter().filter_map(|place| place.issue).collect();
        // Nothing that a tracker writes names so many, and each is a question to the database for each recipient.
        if issues.len() + keys.len() > ISSUES_MAX {
            return Ok(true);
        }
        for key in keys {
            issues.extend(self.store.issue_named(site, &key).await?);
        }
        for issue in issues {
            if self.store.issue_came_sealed(site, &issue).await? {
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// Whether a key that was found still may be used.
    pub(crate) async fn stands(&self, site: &str, id: &str) -> Result<bool, Fault> {
        let kept = self.store.person_key(site, id).await?;
        Ok(kept.is_some_and(|kept| kept.standing == KeyStanding::Used))
    }
}

/// The id of the issue in a Message-ID of Jira, `JIRA.10100.1700000000000…@host`.
fn jira_issue(id: &str) -> Option<&str> {
    let mut pieces = id.trim_start_matches('<').split(['.', '@']);
    pieces.next().filter(|first| first.eq_ignore_ascii_case("JIRA"))?;
    pieces.next().filter(|number| !number.is_empty() && number.bytes().all(|byte| byte.is_ascii_digit()))
}

impl OfPerson {
    /// Whatever was kept was read in a cell first. That it cannot be read any more is not that there is none.
    ///
    /// # Errors
    /// Permanent `StoreCorrupt` for a key that is none, with the id of its row.
    fn add(&mut self, kept: PersonKey) -> Result<(), Fault> {
        let PersonKey { id, key, standing, .. } = kept;
        let is_used = standing == KeyStanding::Used;
        let unreadable = || Fault::permanent(FaultCode::StoreCorrupt, format!("the kept key {id} cannot be read"));
        match key.scheme {
            Scheme::Smime if is_used => {
                let certificate = Certificate::from_der(&key.bytes).map_err(|_| unreadable())?;
                let capabilities = key.capabilities.and_then(|der| Capabilities::read(&der).ok());
                let found = SmimeFound { certificate, authorities: Arc::new(key.chain), capabilities };
                self.smime.push(KeptCertificate { id, origin: key.origin, found });
            }
            Scheme::Smime => {}
            Scheme::Pgp => {
                let all = pgp::Certificate::read_all(&key.bytes).unwrap_or_default();
                if all.is_empty() {
                    return Err(unreadable());
                }
                let all = all.into_iter();
                match is_used {
                    true => {
                        let kept = |certificate| KeptPgp { id: id.clone(), origin: key.origin, certificate };
                        self.pgp.extend(all.map(kept));
                    }
                    false => self.waiting.extend(all),
                }
            }
        }
        Ok(())
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

/// What both say: what is known is never less afterwards, so one that was revoked stays so. What its owner's program can do changes only by
/// the word of somebody who is known to be him, because a mail that he signed once can be sent again (`is_proved`).
pub fn joined(known: &OfferedKey, new: &OfferedKey, is_proved: bool, now: Micros) -> OfferedKey {
    let mut joined = known.clone();
    match known.scheme {
        Scheme::Smime => {
            if !new.chain.is_empty() {
                joined.chain.clone_from(&new.chain);
            }
            joined.capabilities = match is_proved {
                true => new.capabilities.clone().or(joined.capabilities),
                false => joined.capabilities.or_else(|| new.capabilities.clone()),
            };
        }
        Scheme::Pgp => {
            if let Some((bytes, ends_at)) = both(&known.bytes, &new.bytes, now) {
                (joined.bytes, joined.ends_at) = (bytes, ends_at);
            }
        }
    }
    joined
}

/// Two states of one certificate of OpenPGP as one, and when it ends; `None` where they are none, or could not be read again together.
fn both(known: &[u8], new: &[u8], now: Micros) -> Option<(Vec<u8>, Option<Micros>)> {
    let mut certificate = one(known)?;
    certificate.learn(&one(new)?).ok()?;
    let standing = certificate.standing(&pgp::Policy::default(), now.div_euclid(1_000_000).unsigned_abs());
    let bytes = certificate.to_bytes().ok()?;
    one(&bytes)?;
    Some((bytes, standing.expires.and_then(micros)))
}

fn one(bytes: &[u8]) -> Option<pgp::Certificate> {
    pgp::Certificate::read_all(bytes).ok()?.pop()
}

/// Seconds since 1970 as the store has times.
pub fn micros(seconds: u64) -> Option<Micros> {
    i64::try_from(seconds).ok()?.checked_mul(1_000_000)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sec_15_an_issue_is_known_by_the_ids_that_jira_writes() {
        assert_eq!(jira_issue("JIRA.10100.1700000000000@tracker.example"), Some("10100"));
        assert_eq!(jira_issue("<jira.7.8.9@x>"), Some("7"));
        for other in ["10100.7@x", "JIRA.x.7@x", "JIRA@x", ""] {
            assert_eq!(jira_issue(other), None, "{other}");
        }
    }
}
