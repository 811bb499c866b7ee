//! How many of some people can be reached by encrypted mail of a place, and what is wrong with the keys of the others.

use super::facts::{Key, Trust};
use super::plan::Purpose;
use super::words::Scheme;
use super::{MailFacts, Signs, Source, judge};
use super::{Place, Platform, SealingRules};
use serde::{Deserialize, Serialize};

/// Somebody with all keys that are known of him.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Person {
    pub address: String,
    pub keys: Vec<(Scheme, Key)>,
}

/// The numbers of people, from 0, as they were handed in. Whoever is reachable may be expiring; nobody else is two things.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Coverage {
    pub reachable: Vec<u32>,
    /// Reachable, and no key that may be used is good for `expiring_days` more.
    pub expiring: Vec<u32>,
    /// Not reachable, and a key was revoked.
    pub revoked: Vec<u32>,
    /// Not reachable, and a key is weak.
    pub weak: Vec<u32>,
    /// Not reachable because of something else that the keys are.
    pub unusable: Vec<u32>,
    pub without_key: Vec<u32>,
}

impl Coverage {
    /// How many of all people are reachable, from 0 to 100, rounded down; `None` of nobody.
    pub fn percent(&self) -> Option<u32> {
        let others = [&self.revoked, &self.weak, &self.unusable, &self.without_key];
        let all = self.reachable.len() + others.iter().map(|people| people.len()).sum::<usize>();
        u32::try_from((self.reachable.len() * 100).checked_div(all)?).ok()
    }
}

impl SealingRules {
    /// Who of these people can be reached by encrypted mail of this project, space or repository of a site; an empty key for the site as a whole.
    pub fn coverage(
        &self,
        site: &str,
        platform: Option<Platform>,
        key: &str,
        people: &[Person],
        now_s: i64,
    ) -> Coverage {
        let place = Place { key: key.to_owned(), name: String::new(), issue: None, source: Source::Header };
        let signs = Signs { platform, places: if key.is_empty() { Vec::new() } else { vec![place] } };
        let mail = MailFacts { site: site.to_owned(), ..MailFacts::default() };
        let belonging = self.belonging(&mail, &signs);
        let mut coverage = Coverage::default();
        for (person, number) in people.iter().zip(0u32..) {
            let held = self.holding(site, &belonging, &person.address, false).held;
            let of_schemes = person.keys.iter().filter(|(scheme, _)| held.scheme.schemes().contains(scheme));
            let keys: Vec<&Key> = of_schemes.map(|(_, key)| key).collect();
            let usable = |key: &&&Key| judge::refusal(key, Purpose::Encrypt, &held, now_s).is_none();
            if keys.iter().any(|key| usable(&key)) {
                coverage.reachable.push(number);
                if keys.iter().filter(usable).all(|key| judge::ends_soon(key, &held, now_s)) {
                    coverage.expiring.push(number);
                }
            } else if keys.iter().any(|key| key.trust == Trust::Revoked) {
                coverage.revoked.push(number);
            } else if keys.iter().any(|key| judge::is_weak(key, &held)) {
                coverage.weak.push(number);
            } else if keys.is_empty() {
                coverage.without_key.push(number);
            } else {
                coverage.unusable.push(number);
            }
        }
        coverage
    }
}
