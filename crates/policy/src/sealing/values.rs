//! What sites, places, domains and recipients may say otherwise, and what holds for a recipient of a mail in the end.

use super::plan::Suite;
use super::words::{Cipher, Demand, Fallback, LookupFailed, NoSigningKey, Priority, Revocation, RsaPadding};
use crate::profile::Word;
use crate::profile::reader::{Reader, Section};
use crate::profile::values::{Inherited, levels};

levels! {
    /// The values that one level says: `[default]`, a site, a place, a domain or a recipient.
    Values,
    /// How mail is sealed: the values that hold for a recipient.
    Held {
        scheme: Priority = word,
        encrypt: Demand = word,
        sign: Demand = word,
        fallback: Fallback = word,
        no_signing_key: NoSigningKey = word,
        lookup_failed: LookupFailed = word,
        encrypt_to_self: bool = truth,
        encrypt_to_classic: bool = truth,
        cipher_min: Cipher = word,
        rsa_padding: RsaPadding = word,
        protect_header: bool = truth,
        outer_subject: String = text,
        opaque: bool = truth,
        footer: bool = truth,
        /// Of [`super::words::Algorithm`].
        algorithms: Vec<String> = texts,
        rsa_bits_min: u32 = number,
        /// Of [`super::words::Origin`].
        origins: Vec<String> = texts,
        /// Of [`super::words::Origin`]: those whose own proof of the address suffices.
        proof_suffices: Vec<String> = texts,
        revocation: Revocation = word,
        revocation_stale_days: u32 = number,
        expiring_days: u32 = number,
        language: String = text,
        link: String = text,
    }
}

/// One level by the name that traces show, such as `place[2]`.
#[derive(Debug, Clone)]
pub(super) struct Level<'r> {
    pub(super) name: String,
    pub(super) values: &'r Values,
    pub(super) say: Say,
}

/// What a level has a say in. A place that nothing but the subject names may demand more and never less.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Say {
    All,
    /// In all, but it demands no less: of the place whose key stands where platforms write it.
    NoLess,
    /// In what demands more alone: of places that are named elsewhere in the subject.
    More,
}

/// What levels changed that may not demand less.
struct Tightening<'l, 'r> {
    /// The most specific first.
    by: Vec<&'l Level<'r>>,
    before: Held,
    after: Held,
}

/// What holds, and which level says so.
#[derive(Debug, Clone)]
pub(super) struct Holding {
    pub(super) held: Held,
    /// The setting, its value, and the level that says it.
    pub(super) said: Vec<(&'static str, String, String)>,
}

impl Holding {
    /// What holds when these levels have their say, each list the most specific first: those of the recipient, those of places, those of the site.
    ///
    /// A place that may not demand less has its say as if it stood before all other places, and nowhere where that is less than what holds
    /// without it. What it says of keys counts only where a mail without a key does not leave readable: else fewer keys would be less. Nor does
    /// it where an exemption spares encryption (`is_spared`).
    pub(super) fn of<'r>(
        recipient: &[Level<'r>],
        places: &[Level<'r>],
        site: &[Level<'r>],
        is_spared: bool,
    ) -> Holding {
        let say = |say: Say| places.iter().filter(|level| level.say == say).collect::<Vec<_>>();
        let sure = values_of(&say(Say::All));
        let with = |tightening: &[&'r Values]| {
            let mut levels: Vec<&'r Values> = recipient.iter().map(|level| level.values).collect();
            levels.extend_from_slice(tightening);
            levels.extend_from_slice(&sure);
            levels.extend(site.iter().map(|level| level.values));
            Held::of("", &levels)
        };
        let without = with(&[]);
        let first = say(Say::NoLess);
        let mut held = with(&values_of(&first)).tightened(&without);
        let mut steps = vec![Tightening { by: first, before: without.clone(), after: held.clone() }];
        for level in say(Say::More) {
            let before = held;
            held = before.clone().tightened(&with(&[level.values]));
            steps.push(Tightening { by: vec![level], before, after: held.clone() });
        }
        if is_spared || held.encrypt != Demand::Always || held.fallback.is_readable() {
            held = held.with_keys_of(without.clone());
        }
        let certain = places.iter().filter(|level| level.say == Say::All);
        let all: Vec<&Level<'_>> = recipient.iter().chain(places).chain(site).collect();
        let certain: Vec<&Level<'_>> = recipient.iter().chain(certain).chain(site).collect();
        let said = said(&held, &Levels { without: &without, steps: &steps, all: &all, sure: &certain });
        Holding { held, said }
    }

    /// A setting with its value and the level that says it, as traces show it.
    pub(super) fn shown(&self, setting: &str) -> String {
        let said = self.said.iter().find(|(name, _, _)| *name == setting);
        said.map_or_else(|| setting.to_owned(), |(name, value, level)| format!("{name} = {value} ({level})"))
    }
}

impl Held {
    /// These values, except where they demand less than `floor`.
    fn tightened(self, floor: &Held) -> Held {
        let stale_days = match self.revocation.cmp(&floor.revocation) {
            std::cmp::Ordering::Less => floor.revocation_stale_days,
            std::cmp::Ordering::Equal => self.revocation_stale_days.min(floor.revocation_stale_days),
            std::cmp::Ordering::Greater => self.revocation_stale_days,
        };
        let is_weaker = self.fallback.strictness() < floor.fallback.strictness();
        let sends_unsigned = self.no_signing_key == NoSigningKey::Send && floor.no_signing_key != NoSigningKey::Send;
        let common = |these: &[String], others: &[String]| -> Vec<String> {
            these.iter().filter(|one| others.contains(one)).cloned().collect()
        };
        Held {
            encrypt: self.encrypt.max(floor.encrypt),
            sign: self.sign.max(floor.sign),
            fallback: if is_weaker { floor.fallback } else { self.fallback },
            no_signing_key: if sends_unsigned { floor.no_signing_key } else { self.no_signing_key },
            lookup_failed: self.lookup_failed.min(floor.lookup_failed),
            protect_header: self.protect_header || floor.protect_header,
            outer_subject: if self.protect_header { self.outer_subject } else { floor.outer_subject.clone() },
            rsa_bits_min: self.rsa_bits_min.max(floor.rsa_bits_min),
            revocation: self.revocation.max(floor.revocation),
            revocation_stale_days: stale_days,
            algorithms: common(&self.algorithms, &floor.algorithms),
            origins: common(&self.origins, &floor.origins),
            proof_suffices: common(&self.proof_suffices, &floor.proof_suffices),
            encrypt_to_self: self.encrypt_to_self && floor.encrypt_to_self,
            encrypt_to_classic: self.encrypt_to_classic && floor.encrypt_to_classic,
            cipher_min: self.cipher_min.stricter(floor.cipher_min),
            rsa_padding: self.rsa_padding.stricter(floor.rsa_padding),
            ..self
        }
    }

    /// What they say of algorithms beside those of keys.
    pub(super) fn suite(&self) -> Suite {
        Suite { cipher_min: self.cipher_min, rsa_padding: self.rsa_padding }
    }
}

impl Held {
    /// These values, with what the others say of the keys that may be used.
    fn with_keys_of(self, other: Held) -> Held {
        Held {
            scheme: other.scheme,
            algorithms: other.algorithms,
            rsa_bits_min: other.rsa_bits_min,
            origins: other.origins,
            proof_suffices: other.proof_suffices,
            revocation: other.revocation,
            revocation_stale_days: other.revocation_stale_days,
            ..self
        }
    }
}

/// All that have a say, the most specific first.
struct Levels<'o, 'l, 'r> {
    /// What holds without those that may not demand less.
    without: &'o Held,
    steps: &'o [Tightening<'l, 'r>],
    all: &'o [&'l Level<'r>],
    /// Without those that may not demand less.
    sure: &'o [&'l Level<'r>],
}

fn values_of<'r>(levels: &[&Level<'r>]) -> Vec<&'r Values> {
    levels.iter().map(|level| level.values).collect()
}

/// What decides, with the most specific level that says just this; where none does, with all that say it together.
fn said(held: &Held, levels: &Levels<'_, '_, '_>) -> Vec<(&'static str, String, String)> {
    macro_rules! said {
        ($($setting:ident $shown:expr,)*) => {
            vec![$({
                let says = |level: &&&Level<'_>| level.values.$setting.is_some();
                let is_taken = |level: &&&Level<'_>| level.values.$setting.as_ref() == Some(&held.$setting);
                let sure = levels.sure.iter().find(says).map_or("default", |level| level.name.as_str());
                let level = match levels.all.iter().find(is_taken) {
                    Some(level) => level.name.clone(),
                    None if held.$setting == levels.without.$setting => sure.to_owned(),
                    None => {
                        let changed = levels.steps.iter().filter(|step| step.before.$setting != step.after.$setting);
                        let by = changed.filter_map(|step| step.by.iter().find(says));
                        by.map(|level| level.name.as_str()).chain([sure]).collect::<Vec<_>>().join(" and ")
                    }
                };
                (stringify!($setting), $shown(&held.$setting), level)
            },)*]
        };
    }
    fn word<T: Word>(value: &T) -> String {
        value.word().to_owned()
    }
    let words = |values: &Vec<String>| values.join(" ");
    said![
        scheme word,
        encrypt word,
        sign word,
        fallback word,
        no_signing_key word,
        lookup_failed word,
        encrypt_to_self bool::to_string,
        protect_header bool::to_string,
        algorithms words,
        rsa_bits_min u32::to_string,
        origins words,
        revocation word,
        revocation_stale_days u32::to_string,
        proof_suffices words,
        encrypt_to_classic bool::to_string,
        cipher_min word,
        rsa_padding word,
    ]
}
