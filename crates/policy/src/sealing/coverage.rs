//! How many of some people can be reached by encrypted mail of a place, and what is wrong with the keys of the others.

use super::facts::{Key, Trust};
use super::plan::Purpose;
use super::values::Held;
use super::words::Scheme;
use super::{Belonging, MailFacts, Place, Platform, SealingRules, Signs, Source, judge};
use serde::{Deserialize, Serialize};

/// Somebody with all keys that are known of him.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Person {
    pub address: String,
    pub keys: Vec<(Scheme, Key)>,
}

/// How somebody stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Reach {
    Reachable,
    /// Reachable, and no key that may be used is good for `expiring_days` more.
    Expiring,
    /// Not reachable, and a key was revoked.
    Revoked,
    /// Not reachable, and a key is weak.
    Weak,
    /// Not reachable because of something else that the keys are.
    Unusable,
    WithoutKey,
}

/// Why a key of somebody may be encrypted to, or not.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KeyReach<'k> {
    pub scheme: Scheme,
    pub key: &'k Key,
    /// `None` where it may.
    pub why_not: Option<String>,
}

/// The numbers of people, from 0, as they were handed in. Whoever is reachable may be expiring; nobody else is two things.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Coverage {
    pub reachable: Vec<u32>,
    /// Of those the [`Reach::Expiring`].
    pub expiring: Vec<u32>,
    pub revoked: Vec<u32>,
    pub weak: Vec<u32>,
    pub unusable: Vec<u32>,
    pub without_key: Vec<u32>,
}

impl Coverage {
    /// How many of all people are reachable, from 0 to 100, rounded down; `None` of nobody.
    pub fn percent(&self) -> Option<u32> {
        u32::try_from((self.reachable.len() * 100).checked_div(self.people())?).ok()
    }

    /// How many people were handed in.
    pub fn people(&self) -> usize {
        let others = [&self.revoked, &self.weak, &self.unusable, &self.without_key];
        self.reachable.len() + others.iter().map(|people| people.len()).sum::<usize>()
    }

    fn add(&mut self, number: u32, reach: Reach) {
        let of = match reach {
            Reach::Reachable => &mut self.reachable,
            Reach::Expiring => {
                self.expiring.push(number);
                &mut self.reachable
            }
            Reach::Revoked => &mut self.revoked,
            Reach::Weak => &mut self.weak,
            Reach::Unusable => &mut self.unusable,
            Reach::WithoutKey => &mut self.without_key,
        };
        of.push(number);
    }
}

/// A key that is kept in several places is told once: as one that may be used where it is, else as the first by origin.
fn each_once(keys: Vec<KeyReach<'_>>) -> Vec<KeyReach<'_>> {
    let numbered: Vec<(usize, KeyReach<'_>)> = keys.into_iter().enumerate().collect();
    let same = |(_, one): &(usize, KeyReach<'_>), (_, other): &(usize, KeyReach<'_>)| {
        (one.scheme, &one.key.fingerprint) == (other.scheme, &other.key.fingerprint)
    };
    let place = |(number, one): &(usize, KeyReach<'_>)| {
        (one.why_not.is_some(), judge::rank(one.key.origin, one.scheme), *number)
    };
    let firsts = numbered.iter().filter(|one| judge::first_before(*one, &numbered, same, place).is_none());
    firsts.map(|(_, one)| one.clone()).collect()
}

/// What rules say of people in one place: of a project, space or repository of a site.
pub struct Covered<'r> {
    rules: &'r SealingRules,
    site: &'r str,
    belonging: Belonging,
    now_s: i64,
}

impl SealingRules {
    /// Who of these people can be reached by encrypted mail of this project, space or repository of a site; an empty key for the site as a whole.
    pub fn coverage<'p>(
        &self,
        site: &str,
        platform: Option<Platform>,
        key: &str,
        people: impl IntoIterator<Item = &'p Person>,
        now_s: i64,
    ) -> Coverage {
        let covered = self.covered(site, platform, key, now_s);
        let mut coverage = Coverage::default();
        for (person, number) in people.into_iter().zip(0u32..) {
            coverage.add(number, covered.reach(person).0);
        }
        coverage
    }

    /// The same for one person after the other.
    pub fn covered<'r>(&'r self, site: &'r str, platform: Option<Platform>, key: &str, now_s: i64) -> Covered<'r> {
        let place = Place { key: key.to_owned(), name: String::new(), issue: None, source: Source::Header };
        let signs = Signs { platform, places: if key.is_empty() { Vec::new() } else { vec![place] } };
        let mail = MailFacts { site: site.to_owned(), ..MailFacts::default() };
        Covered { rules: self, site, belonging: self.belonging(&mail, &signs), now_s }
    }
}

impl Covered<'_> {
    /// How a person stands here, and each key with why it may not be used.
    pub fn reach<'k>(&self, person: &'k Person) -> (Reach, Vec<KeyReach<'k>>) {
        let held = self.rules.holding(self.site, &self.belonging, &person.address, false).held;
        let keys: Vec<KeyReach<'_>> = person.keys.iter().map(|(scheme, key)| self.key(*scheme, key, &held)).collect();
        (self.standing(person, &held), each_once(keys))
    }

    fn key<'k>(&self, scheme: Scheme, key: &'k Key, held: &Held) -> KeyReach<'k> {
        let why_not = match held.scheme.schemes().contains(&scheme) {
            true => judge::refusal(key, Purpose::Encrypt, held, self.now_s),
            false => Some("the rules take no key of its scheme".to_owned()),
        };
        KeyReach { scheme, key, why_not }
    }

    fn standing(&self, person: &Person, held: &Held) -> Reach {
        let of_schemes = person.keys.iter().filter(|(scheme, _)| held.scheme.schemes().contains(scheme));
        let keys: Vec<&Key> = of_schemes.map(|(_, key)| key).collect();
        let usable = |key: &&&Key| judge::refusal(key, Purpose::Encrypt, held, self.now_s).is_none();
        let mut may = keys.iter().filter(usable).peekable();
        match () {
            () if may.peek().is_some() => match may.all(|key| judge::ends_soon(key, held, self.now_s)) {
                true => Reach::Expiring,
                false => Reach::Reachable,
            },
            () if keys.iter().any(|key| key.trust == Trust::Revoked) => Reach::Revoked,
            () if keys.iter().any(|key| judge::is_weak(key, held)) => Reach::Weak,
            () if keys.is_empty() => Reach::WithoutKey,
            () => Reach::Unusable,
        }
    }
}
