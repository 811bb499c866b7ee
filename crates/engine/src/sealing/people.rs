//! Keys of the register as answers to what rules ask, beside those of the folder.

use super::beyond::Beyond;
use super::keys::{of_pgp, of_smime};
use super::table::{Subject, Table};
use super::{ByRules, State, gone};
use crate::keys::same_address;
use crate::register::{KeptCertificate, KeptPgp, OfPerson};
use policy::sealing::{Distrust, Key, MailFacts, Origin, Scheme, Trust};
use policy::{Fault, Told};
use seal::verdict::fingerprint;
use std::sync::Arc;

impl ByRules {
    /// What the register has for somebody, asked once for a mail. That it cannot be asked is not that there is nothing.
    pub(super) async fn person(&self, mail: &MailFacts, address: &str, found: &mut Beyond) -> Told<Arc<OfPerson>> {
        if let Some((_, person)) = found.person.as_ref().filter(|(of, _)| of == address) {
            return Told::Known(person.clone());
        }
        let person = match &self.inner.settings.people {
            Some(people) => people.of(&mail.site, address).await,
            None => Ok(OfPerson::default()),
        };
        match person {
            Ok(person) => {
                let person = Arc::new(person);
                found.person = Some((address.to_owned(), person.clone()));
                Told::Known(person)
            }
            Err(fault) => {
                tracing::warn!(code = %fault.code, detail = fault.logged(), "the keys of people could not be read");
                Told::Untold("the keys of people could not be read".to_owned())
            }
        }
    }

    /// A key that was taken away after it was chosen seals nothing any more.
    ///
    /// # Errors
    /// Temporary `Internal` when one of them is gone, and those of the store.
    pub(super) async fn still_kept(
        &self,
        state: &State,
        site: &str,
        found: &Beyond,
        encrypt_to: &[String],
    ) -> Result<(), Fault> {
        let Some(people) = &self.inner.settings.people else { return Ok(()) };
        for print in encrypt_to.iter().filter(|print| !state.table.has(print)) {
            let Some(ids) = found.kept.get(print) else { continue };
            let mut stands = false;
            for id in ids {
                stands = stands || people.stands(site, id).await?;
            }
            if !stands {
                return Err(gone());
            }
        }
        Ok(())
    }
}

/// Adds the keys of a person to those that the folder has for him, and what each knows of the same key to the other; `None` where one of them
/// could not be judged.
pub(super) fn add(
    person: &OfPerson,
    table: &Table,
    (address, scheme): (&str, Scheme),
    now: u64,
    keys: &mut Vec<Key>,
    found: &mut Beyond,
) -> Option<()> {
    match scheme {
        Scheme::Smime => {
            for kept in &person.smime {
                let print = fingerprint(&kept.found.certificate);
                found.kept.entry(print.clone()).or_default().push(kept.id.clone());
                keys.push(certificate(kept, table, address, now)?);
                // Of several that say the same, one says what its owner's program can do.
                let known = found.smime.entry(print).or_insert_with(|| kept.found.clone());
                if known.capabilities.is_none() {
                    known.capabilities.clone_from(&kept.found.capabilities);
                }
            }
        }
        Scheme::Pgp => {
            taught(person, table, address, now, keys, found);
            for kept in &person.pgp {
                keys.extend(pgp_key(kept, person, table, address, now, found));
            }
        }
    }
    Some(())
}

fn certificate(kept: &KeptCertificate, table: &Table, address: &str, now: u64) -> Option<Key> {
    let one = &kept.found.certificate;
    let trust = match one.addresses().iter().any(|own| same_address(own, address)) {
        true => table.judge_by_folder(&Subject::of_stranger(&kept.found), now)?,
        false => Trust::Untrusted(Distrust::OtherAddress),
    };
    Some(Key { origin: kept.origin, ..of_smime(one, trust) })
}

/// Keys of the folder of which the register knows more, such as that they were revoked.
fn taught(person: &OfPerson, table: &Table, address: &str, now: u64, keys: &mut Vec<Key>, found: &mut Beyond) {
    let mut told = Vec::with_capacity(keys.len());
    for key in keys.drain(..) {
        let mut learned = table.pgp(&key.fingerprint).cloned();
        if let Some(certificate) = &mut learned {
            person.teach(certificate);
        }
        match learned.filter(|learned| Some(learned) != table.pgp(&key.fingerprint)) {
            // A name that was taken back counts no more.
            Some(learned) => {
                told.extend(of_pgp(&learned, address, now));
                found.pgp.insert(key.fingerprint, learned);
            }
            None => told.push(key),
        }
    }
    *keys = told;
}

fn pgp_key(
    kept: &KeptPgp,
    person: &OfPerson,
    table: &Table,
    address: &str,
    now: u64,
    found: &mut Beyond,
) -> Option<Key> {
    let mut certificate = kept.certificate.clone();
    person.teach(&mut certificate);
    table.teach(&mut certificate);
    let key = of_pgp(&certificate, address, now)?;
    found.kept.entry(key.fingerprint.clone()).or_default().push(kept.id.clone());
    found.pgp.insert(key.fingerprint.clone(), certificate);
    let trust = match (key.trust, kept.origin) {
        // What proved the mail proved its header; nobody says that whoever wrote it holds the key.
        (Trust::Trusted, Origin::Autocrypt) => Trust::Untrusted(Distrust::NotVouched),
        (trust, _) => trust,
    };
    Some(Key { origin: kept.origin, trust, ..key })
}
