//! What holds for all rules, mails and keys: nothing that has to be sealed leaves readable, as a reader of the rules would say who knows nothing of the code.
#![allow(clippy::unwrap_used)]

mod sealing_stage;
mod sealing_world;

use policy::sealing::{Algorithm, Fate, Key, KeyFacts, MailFacts, Question, RecipientPlan, Scheme, Trust, ask, decide};
use policy::{SealingRules, Told};
use proptest::prelude::*;
use sealing_world::{File, Letter, PLACES, Table, file, key, letter, questions, world};
use std::sync::atomic::{AtomicUsize, Ordering};

/// A reader of the rules: for one recipient the value of a setting, said by whom comes first. `stricter` says which of two demands more.
struct Oracle<'o> {
    file: &'o File,
    letter: &'o Letter,
    recipient: usize,
}

impl Oracle<'_> {
    fn tables(&self) -> (Vec<&Table>, Vec<&Table>, Vec<&Table>, Vec<&Table>) {
        let file = self.file;
        let of_recipient = match self.recipient {
            0 => vec![&file.recipient, &file.domains[1]],
            1 => vec![&file.domains[0]],
            _ => vec![],
        };
        let table = |key: &str| PLACES.iter().position(|known| *known == key).map(|at| &file.places[at]);
        let (mut sure, mut tighten) = (Vec::new(), Vec::new());
        if let Some(key) = self.letter.field {
            sure.extend(table(key));
            sure.extend(key.split_once('/').and_then(|(project, _)| table(project)));
        } else {
            for (number, key) in self.letter.subject.iter().enumerate() {
                match table(key) {
                    Some(place) if place.any && number == 0 => sure.push(place),
                    Some(place) => tighten.push(place),
                    None => {}
                }
            }
        }
        (of_recipient, sure, tighten, vec![&file.site, &file.default])
    }

    /// The rank of a setting, where a higher one demands more.
    fn rank(&self, rank: &dyn Fn(&Table) -> Option<u32>, otherwise: u32) -> u32 {
        let (of_recipient, sure, tighten, site) = self.tables();
        if let Some(said) = of_recipient.iter().find_map(|table| rank(table)) {
            return said;
        }
        let said = sure.iter().chain(&site).find_map(|table| rank(table)).unwrap_or(otherwise);
        tighten.iter().filter_map(|table| rank(table)).fold(said, u32::max)
    }

    fn demand(word: &str) -> u32 {
        ["never", "when_possible", "always"].iter().position(|known| *known == word).unwrap() as u32
    }

    fn encrypt(&self) -> u32 {
        self.rank(&|table| table.encrypt.map(Oracle::demand), 1)
    }

    fn sign(&self) -> u32 {
        self.rank(&|table| table.sign.map(Oracle::demand), 1)
    }

    fn fallback_is_readable(&self) -> bool {
        self.rank(&|table| table.fallback.map(|word| u32::from(!["send_plain", "sign_only"].contains(&word))), 1) == 0
    }

    fn failure_holds(&self) -> bool {
        self.rank(&|table| table.lookup_failed.map(|word| u32::from(word == "hold")), 1) == 1
    }

    fn unsigned_may_go(&self) -> bool {
        self.rank(&|table| table.no_signing_key.map(|word| u32::from(word != "send")), 1) == 0
    }

    /// Whether a place that only the subject names has a say in which keys may be used: fewer keys must not mean more readable mail. Mail that
    /// is spared encryption is readable anyway.
    fn keys_tighten(&self) -> bool {
        self.encrypt() == 2 && !self.fallback_is_readable() && !self.spared().0
    }

    fn bits(&self) -> u32 {
        let bits = |table: &Table| table.rsa_bits_min;
        if self.keys_tighten() {
            return self.rank(&bits, 2048);
        }
        let (of_recipient, sure, _, site) = self.tables();
        of_recipient.iter().chain(&sure).chain(&site).find_map(|table| bits(table)).unwrap_or(2048)
    }

    /// The scheme that is allowed in any case; both where both are.
    fn schemes(&self) -> Vec<Scheme> {
        let (of_recipient, sure, tighten, site) = self.tables();
        let first = self.letter.subject.first().filter(|_| self.letter.field.is_none() && sure.is_empty());
        let leads = self.keys_tighten() && first.is_some_and(|key| PLACES.contains(key));
        let lead = tighten.iter().take(usize::from(leads));
        let all = of_recipient.iter().chain(lead).chain(&sure).chain(&site);
        match all.copied().find_map(|table| table.scheme).unwrap_or("smime_preferred") {
            "smime_only" => vec![Scheme::Smime],
            "pgp_only" => vec![Scheme::Pgp],
            _ => vec![Scheme::Smime, Scheme::Pgp],
        }
    }

    fn spared(&self) -> (bool, bool) {
        let Some((account, envelope, field, spares)) = self.file.exemption else { return (false, false) };
        let fits = |named: Option<&str>, is: Option<&str>| named.is_none() || named == is;
        let template = self.letter.template.map(|value| format!("X-Template: {value}"));
        let holds = fits(account, self.letter.account)
            && fits(envelope, self.letter.envelope)
            && fits(field, template.as_deref())
            && !self.letter.came_sealed;
        (holds && spares != "sign", holds && spares != "encrypt")
    }
}

/// Whether anybody may use the key for this, by the rules' words.
fn is_usable(key: &Key, sign: bool, bits: u32) -> bool {
    let long_enough = if key.algorithm == Algorithm::Rsa {
        key.bits >= bits
    } else {
        key.algorithm == Algorithm::P256 && key.bits == 256
    };
    let in_time = key.not_before_s.is_none_or(|at| at <= 1_000) && key.not_after_s.is_none_or(|at| at >= 1_000);
    let known = matches!(key.trust, Trust::Trusted | Trust::Unknown { good_days: Some(0..=7) });
    let trusted = if sign { key.trust != Trust::Revoked } else { known };
    long_enough && in_time && trusted && if sign { key.signs } else { key.encrypts }
}

fn keys_of(world: &KeyFacts, question: Question) -> Option<Vec<Key>> {
    world.told(&question).unwrap().known().cloned()
}

/// What the reader of the rules demands of one fate.
fn check(oracle: &Oracle, world: &KeyFacts, plan: &RecipientPlan) -> Result<(), TestCaseError> {
    let recipient = u32::try_from(oracle.recipient).unwrap();
    let (unencrypted, unsigned) = oracle.spared();
    let sealed_in = oracle.letter.came_sealed;
    let encrypt = if sealed_in {
        2
    } else if unencrypted {
        0
    } else {
        oracle.encrypt()
    };
    let sign = if unsigned { 0 } else { oracle.sign() };
    let found: Vec<_> = oracle
        .schemes()
        .iter()
        .map(|scheme| keys_of(world, Question::RecipientKeys { recipient, scheme: *scheme }))
        .collect();
    let has_key = found.iter().flatten().flatten().any(|key| is_usable(key, false, oracle.bits()));
    let failed = found.iter().any(Option::is_none);
    let readable = plan.fate.is_readable();
    if encrypt == 2 && (sealed_in || !oracle.fallback_is_readable()) {
        prop_assert!(!readable, "it has to be sealed");
    }
    if encrypt > 0 && has_key {
        prop_assert!(!readable && !matches!(plan.fate, Fate::Notice(_)), "there is a key");
    }
    if encrypt > 0 && failed && oracle.failure_holds() {
        prop_assert!(!readable && !matches!(plan.fate, Fate::Notice(_)), "nobody knows whether there is a key");
    }
    if encrypt == 0 {
        prop_assert!(!matches!(&plan.fate, Fate::Seal(seal) if !seal.encrypt_to.is_empty()), "nobody asked for it");
    }
    let unsigned_leaves = match &plan.fate {
        Fate::Plain { .. } => true,
        Fate::Seal(seal) => seal.sign.is_none(),
        _ => false,
    };
    if sign == 2 && !oracle.unsigned_may_go() {
        prop_assert!(!unsigned_leaves, "it has to be signed");
    }
    if let Fate::Seal(seal) = &plan.fate {
        let keys = keys_of(world, Question::RecipientKeys { recipient, scheme: seal.scheme }).unwrap_or_default();
        let own = keys_of(world, Question::OwnKeys { scheme: seal.scheme }).unwrap_or_default();
        let good = |keys: &[Key], name: &str, sign| {
            keys.iter().any(|key| key.fingerprint == name && is_usable(key, sign, oracle.bits()))
        };
        prop_assert!(seal.encrypt_to.iter().all(|name| good(&keys, name, false)), "a key that may not be used");
        prop_assert!(seal.sign.iter().all(|name| good(&own, name, true)), "a key of ours that may not be used");
        prop_assert!(seal.sign.is_some() || !seal.encrypt_to.is_empty(), "sealed by nothing");
        prop_assert!(oracle.schemes().contains(&seal.scheme));
    }
    Ok(())
}

/// How weak a fate is: readable and unsigned, readable and signed, not as it came, encrypted, encrypted and signed.
fn strength(fate: &Fate) -> u8 {
    match fate {
        Fate::Plain { .. } => 0,
        Fate::Seal(seal) if seal.encrypt_to.is_empty() => 1,
        Fate::Notice(_) | Fate::Hold { .. } | Fate::Refuse { .. } => 2,
        Fate::Seal(seal) => 3 + u8::from(seal.sign.is_some()),
    }
}

static SEALED: AtomicUsize = AtomicUsize::new(0);
static READABLE: AtomicUsize = AtomicUsize::new(0);
static STOPPED: AtomicUsize = AtomicUsize::new(0);

proptest! {
    #![proptest_config(ProptestConfig { cases: 1_500, failure_persistence: None, ..ProptestConfig::default() })]

    fn no_mail_that_must_be_sealed_leaves_readable(file in file(), letter in letter(), world in world()) {
        let rules = SealingRules::from_toml(&file.toml(), "s.toml").unwrap();
        let mail = letter.mail();
        let (_, known) = sealing_stage::question(&mail, &rules, &world);
        let plan = decide(&mail, &rules, &known);
        prop_assert_eq!(plan.recipients.len(), 3);
        for (recipient, one) in plan.recipients.iter().enumerate() {
            check(&Oracle { file: &file, letter: &letter, recipient }, &world, one)?;
            let last = one.trace.steps.last().unwrap();
            let names_rule = ["default)", "site[", "place[", "domain[", "recipient[", "exemption[", "came in sealed"];
            prop_assert!(names_rule.iter().any(|name| last.contains(name)), "no rule is named: {}", last);
            let kept = serde_json::to_string(&one.trace).unwrap();
            for word in ["example", "HR", "PUB", "OTHER"] {
                prop_assert!(!kept.contains(word), "{} stands in {}", word, kept);
            }
            let counter = match strength(&one.fate) { 0 | 1 => &READABLE, 2 => &STOPPED, _ => &SEALED };
            counter.fetch_add(1, Ordering::Relaxed);
        }
        // Whoever forgets to ask gets nothing readable that asking would have sealed.
        for one in &decide(&mail, &rules, &KeyFacts::default()).recipients {
            prop_assert!(!one.fate.is_readable() || one.trace.keys.is_empty());
            let asked = ask(&mail, &rules, &KeyFacts::default());
            let of_him = |question: &Question| matches!(question, Question::RecipientKeys { recipient, .. } if *recipient == one.recipient);
            prop_assert!(!one.fate.is_readable() || !asked.iter().any(of_him));
        }
    }

    #[test]
    fn what_a_mail_says_spares_it_from_nothing(file in file(), letter in letter(), subject in "\\PC{0,40}", world in world()) {
        let rules = SealingRules::from_toml(&file.toml(), "s.toml").unwrap();
        let mail = letter.mail();
        let mut other = mail.clone();
        other.headers.subject = subject;
        let exemptions = |mail: &MailFacts| {
            let plan = decide(mail, &rules, &world);
            plan.recipients.into_iter().map(|one| one.trace.exemptions).collect::<Vec<_>>()
        };
        prop_assert_eq!(exemptions(&mail), exemptions(&other));
    }

    /// Words that somebody adds to a subject make no fate weaker, where no rule lets subjects demand less.
    #[test]
    fn a_subject_never_loosens(mut file in file(), letter in letter(), more in "\\PC{0,20}", world in world()) {
        file.places.iter_mut().for_each(|place| place.any = false);
        let rules = SealingRules::from_toml(&file.toml(), "s.toml").unwrap();
        let nothing = Letter { subject: Vec::new(), ..letter.clone() };
        for subject in [letter.mail().headers.subject, more] {
            let mut mail = letter.mail();
            mail.headers.subject = subject;
            let plain = decide(&nothing.mail(), &rules, &world);
            let with = decide(&mail, &rules, &world);
            for (without, with) in plain.recipients.iter().zip(&with.recipients) {
                prop_assert!(with.fate.is_readable() <= without.fate.is_readable(), "{:?} was {:?}", with.fate, without.fate);
                let rule = |plan: &RecipientPlan, name: &str| plan.trace.rules.iter().find(|rule| rule.setting == name).map(|rule| rule.value.clone()).unwrap();
                for setting in ["encrypt", "sign"] {
                    prop_assert!(Oracle::demand(&rule(with, setting)) >= Oracle::demand(&rule(without, setting)));
                }
            }
        }
    }

    #[test]
    fn a_key_that_may_not_be_used_makes_no_fate_weaker(file in file(), letter in letter(), world in world(), bad in key(), at in 0usize..8, first in any::<bool>()) {
        let rules = SealingRules::from_toml(&file.toml(), "s.toml").unwrap();
        let bad = Key { trust: Trust::Revoked, ..bad };
        let mut more = KeyFacts::default();
        for (number, question) in questions().enumerate() {
            let mut told = world.told(&question).unwrap().clone();
            if let (Told::Known(keys), true) = (&mut told, number == at) {
                keys.insert(if first { 0 } else { keys.len() }, bad.clone());
            }
            more.answer(&question, told);
        }
        let mail = letter.mail();
        let before = decide(&mail, &rules, &world);
        let after = decide(&mail, &rules, &more);
        for (before, after) in before.recipients.iter().zip(&after.recipients) {
            prop_assert_eq!(&before.fate, &after.fate);
        }
    }

    /// Of a good key the fate gets better or stays; the demand alone says what leaves when there is none.
    #[test]
    fn what_came_in_sealed_leaves_sealed_or_not_as_it_came(file in file(), letter in letter(), world in world()) {
        let rules = SealingRules::from_toml(&file.toml(), "s.toml").unwrap();
        let mail = Letter { came_sealed: true, ..letter }.mail();
        for one in decide(&mail, &rules, &world).recipients {
            prop_assert!(strength(&one.fate) >= 2, "{:?}", one.fate);
        }
    }
}

/// The property is worth something: each kind of fate comes about often.
#[test]
fn the_worlds_of_the_property_lead_everywhere() {
    no_mail_that_must_be_sealed_leaves_readable();
    let counts = [&SEALED, &READABLE, &STOPPED].map(|counter| counter.load(Ordering::Relaxed));
    assert!(counts.iter().all(|count| *count > 200), "{counts:?}");
}
