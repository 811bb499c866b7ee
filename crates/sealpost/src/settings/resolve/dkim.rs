//! The `[[dkim]]` sections: the keys that sign letters of our own domains.

use super::super::written::{Section, Written};
use super::super::{DkimKey, Site};
use super::Reader;
use courier::dkim::Key;
use std::collections::HashSet;
use std::sync::Arc;

impl Reader {
    /// The keys; what is wrong with one is told without it.
    pub(super) fn dkim(&mut self, written: &Written, sites: &[Site]) -> Vec<DkimKey> {
        let keys: Vec<Option<Key>> = self.each(written, "dkim[]", Reader::dkim_key);
        let mut known = HashSet::new();
        let mut of_sites = Vec::new();
        for (key, section) in keys.iter().zip(written.all("dkim[]")) {
            let named = self.texts(section, "sites");
            for site in named.iter().filter(|named| !sites.iter().any(|site| site.name == **named)) {
                let why = format!("names the site {site:?}, which is not there");
                self.wrong(section, "sites", &why, "name some of the [[site]] sections");
            }
            of_sites.push(named);
            if let Some(key) = key
                && !known.insert(key.record_name())
            {
                self.wrong(section, "selector", "stands there twice for this domain", "give each key one of its own");
            }
        }
        let keys = keys.into_iter().zip(of_sites);
        keys.filter_map(|(key, sites)| Some(DkimKey { key: Arc::new(key?), sites })).collect()
    }

    fn dkim_key(&mut self, section: &Section) -> Option<Key> {
        let (domain, selector) = (self.text(section, "domain"), self.text(section, "selector"));
        for (setting, name) in [("domain", &domain), ("selector", &selector)] {
            if !is_name(name) {
                self.wrong(
                    section,
                    setting,
                    "is no name in DNS",
                    "write letters, digits and hyphens, with dots between",
                );
            }
        }
        let key = self.secret(section, "key")?;
        match Key::from_pem(&domain, &selector, &key.0) {
            Ok(key) => Some(key),
            Err(unusable) => {
                self.wrong(section, "key", unusable.why, unusable.remedy);
                None
            }
        }
    }
}

/// Labels of letters, digits and hyphens (RFC 1035, section 2.3.1).
fn is_name(name: &str) -> bool {
    let is_label = |label: &str| {
        (1..=63).contains(&label.len())
            && label.chars().all(|c| c.is_ascii_alphanumeric() || c == '-')
            && !label.starts_with('-')
            && !label.ends_with('-')
    };
    name.len() <= 253 && name.split('.').all(is_label)
}
