//! Own keys that are given to everybody who asks: of OpenPGP by the Web Key Directory, of S/MIME as certificates.

use super::{KeyFolder, stamp};
use crate::outside::wkd;
use crate::sealing::SealingSettings;
use mail::normalised;
use policy::sealing::SealingRules;
use seal::keyfile::pem;
use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

/// How often the folder is looked at for changes.
const LOOK_EVERY: Duration = Duration::from_secs(30);

/// What of a folder everybody may have: public parts of own keys alone.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct PublishedKeys {
    /// By domain, and by what names the local part in a Web Key Directory: the local part and its certificates as packets, each with
    /// the names of this address alone.
    pgp: HashMap<String, HashMap<String, (String, Vec<u8>)>>,
    /// By address: certificates in PEM, each with those between it and an anchor.
    certificates: HashMap<String, String>,
}

impl PublishedKeys {
    /// Those of a folder whose addresses the rules name.
    fn of(folder: &KeyFolder, rules: &SealingRules) -> PublishedKeys {
        let mut published = PublishedKeys::default();
        for own in &folder.pgp_keys {
            let standing = own.certificate.standing(&seal::pgp::Policy::default(), now_s());
            let mut addresses: Vec<String> = standing.users.into_iter().filter_map(|user| user.address).collect();
            addresses.sort();
            addresses.dedup();
            for address in addresses.into_iter().filter(|address| rules.publishes(address)) {
                let Some((local, domain)) = wkd::parted(&address) else { continue };
                let (Some(hash), Ok(bytes)) = (wkd::hash(local), own.certificate.with_names_of(&address).to_bytes())
                else {
                    continue;
                };
                let of_domain = published.pgp.entry(domain).or_default();
                of_domain.entry(hash).or_insert_with(|| (local.to_owned(), Vec::new())).1.extend(bytes);
            }
        }
        for own in &folder.own {
            let chain = std::iter::once(&own.certificate).chain(&own.chain);
            let text: String = chain.map(|one| pem("CERTIFICATE", one.der()).as_str().to_owned()).collect();
            for address in own.certificate.addresses().iter().filter(|address| rules.publishes(address)) {
                published.certificates.entry(normalised(address)).or_default().push_str(&text);
            }
        }
        published
    }

    /// Whether any own key of OpenPGP has an address of this domain, which is in small ASCII letters.
    pub fn has_domain(&self, domain: &str) -> bool {
        self.pgp.contains_key(domain)
    }

    /// The certificates that a Web Key Directory has for this domain and hash; `local` is what the request says of the local part, which has to
    /// be the one that is hashed.
    pub fn key(&self, domain: &str, hash: &str, local: Option<&str>) -> Option<&[u8]> {
        let (known, bytes) = self.pgp.get(domain)?.get(hash)?;
        local.is_none_or(|local| local.eq_ignore_ascii_case(known)).then_some(bytes)
    }

    /// Own certificates for an address, in PEM.
    pub fn certificates(&self, address: &str) -> Option<&str> {
        self.certificates.get(&normalised(address)).map(String::as_str)
    }
}

/// A folder of keys and the rules beside it, read again when they changed.
pub struct PublishedFolder {
    settings: SealingSettings,
    read: Mutex<Option<Read>>,
}

struct Read {
    stamps: (Vec<u8>, Vec<u8>),
    at: Instant,
    keys: Arc<PublishedKeys>,
}

impl PublishedFolder {
    pub fn new(settings: SealingSettings) -> PublishedFolder {
        PublishedFolder { settings, read: Mutex::default() }
    }

    /// What is published now; changes are seen after half a minute at the latest. It blocks while files are read. With rules that are wrong
    /// nothing is.
    pub fn keys(&self) -> Arc<PublishedKeys> {
        let mut read = self.read.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(known) = read.as_mut() {
            if known.at.elapsed() < LOOK_EVERY {
                return known.keys.clone();
            }
            known.at = Instant::now();
        }
        let SealingSettings { rules, keys: folder, passwords, openers, .. } = &self.settings;
        let stamps = (stamp(rules), stamp(folder));
        if let Some(known) = read.as_ref().filter(|known| known.stamps == stamps) {
            return known.keys.clone();
        }
        let rules = std::fs::read_to_string(rules).ok().and_then(|text| SealingRules::from_toml(&text, "").ok());
        let keys = rules.filter(SealingRules::publishes_any).map(|rules| {
            // Only for them is the folder read once more.
            PublishedKeys::of(&KeyFolder::read_with(folder, passwords, openers), &rules)
        });
        let keys = Arc::new(keys.unwrap_or_default());
        *read = Some(Read { stamps, at: Instant::now(), keys: keys.clone() });
        keys
    }
}

fn now_s() -> u64 {
    jiff::Timestamp::now().as_second().unsigned_abs()
}
