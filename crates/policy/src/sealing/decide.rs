//! From what is known of a mail and of keys to what becomes of it for each recipient.

mod seal;

use super::exemption;
use super::facts::{Key, KeyFacts, MailFacts, Question};
use super::place::{Signs, recognise};
use super::plan::{Fate, KeyTrace, Purpose, RecipientPlan, RuleTrace, SealingPlan, Trace};
use super::values::{Held, Holding};
use super::words::{Demand, Fallback, Scheme};
use super::{Belonging, SealingRules, judge};
use crate::Told;

/// Rounds of [`ask`] after which nothing is open any more: keys of each scheme of the recipient, and ours for it.
pub const ROUNDS_MAX: usize = 5;

/// What is said of a key that may be used, until it is known whether it is.
const USABLE: &str = "it may be used";

/// The questions that have to be answered before something can be decided, each once; none where everything is known. Keys are asked for when they are
/// needed alone: who gets mail plain by a rule is looked up nowhere.
pub fn ask(mail: &MailFacts, rules: &SealingRules, facts: &KeyFacts) -> Vec<Question> {
    let mut open: Vec<Question> = Vec::new();
    let signs = recognise(&mail.headers);
    let belonging = rules.belonging(mail, &signs);
    for case in Case::all(mail, rules, facts, &belonging) {
        for question in case.run().1 {
            if !open.contains(&question) {
                open.push(question);
            }
        }
    }
    open
}

/// What becomes of the mail for each recipient. A question that is still open holds it.
pub fn decide(mail: &MailFacts, rules: &SealingRules, facts: &KeyFacts) -> SealingPlan {
    let signs = recognise(&mail.headers);
    let belonging = rules.belonging(mail, &signs);
    let recipients = Case::all(mail, rules, facts, &belonging).map(|case| case.run().0).collect();
    let Signs { platform, .. } = signs;
    SealingPlan { rules_version: rules.version, platform, place: belonging.place, recipients }
}

/// Whether what a mail says may be told by a way that seals nothing, such as a chat. Who reads along there has no address, so the tables of
/// recipients and domains have no say.
pub fn may_be_told(mail: &MailFacts, rules: &SealingRules) -> bool {
    let (mail, facts) = (MailFacts { recipients: vec![String::new()], ..mail.clone() }, KeyFacts::default());
    let belonging = rules.belonging(&mail, &recognise(&mail.headers));
    Case::all(&mail, rules, &facts, &belonging)
        .all(|case| case.encrypt != Demand::Always || !mail.came_sealed && case.held().fallback == Fallback::SendPlain)
}

/// The decision about one recipient, as far as it has come.
struct Case<'c> {
    mail: &'c MailFacts,
    rules: &'c SealingRules,
    facts: &'c KeyFacts,
    belonging: &'c Belonging,
    number: u32,
    holding: Holding,
    encrypt: Demand,
    sign: Demand,
    /// The sentences that say who demands or spares it.
    encrypt_by: String,
    sign_by: String,
    trace: Trace,
    open: Vec<Question>,
    /// Keys that are not taken for being the newest of the first origin, by fingerprint, with the sentence that says why.
    taken_for: Vec<(String, String)>,
}

/// What a look-up found.
enum Found<'c> {
    Keys(&'c [Key]),
    /// A source could not be asked.
    Failed,
    /// Nobody has asked yet.
    Open,
}

/// A key of ours for a signature.
enum Signing {
    With(String),
    Without,
    Failed,
    Open,
}

impl<'c> Case<'c> {
    fn all(
        mail: &'c MailFacts,
        rules: &'c SealingRules,
        facts: &'c KeyFacts,
        belonging: &'c Belonging,
    ) -> impl Iterator<Item = Case<'c>> {
        let each = mail.recipients.iter().zip(0u32..);
        each.map(move |(address, number)| Case::of(mail, rules, facts, belonging, (address, number)))
    }

    fn of(
        mail: &'c MailFacts,
        rules: &'c SealingRules,
        facts: &'c KeyFacts,
        belonging: &'c Belonging,
        (address, number): (&str, u32),
    ) -> Case<'c> {
        let (exemptions, left) = exemption::look(&rules.exemptions, mail, address);
        let holding = rules.holding(&mail.site, belonging, address, left.encrypt != Demand::Always);
        let spared = || {
            let of = exemptions.iter().find(|exemption| exemption.holds);
            of.map_or_else(String::new, |of| format!("exemption {:?} (exemption[{}])", of.name, of.number))
        };
        let (encrypt, encrypt_by) = match () {
            () if mail.came_sealed => (Demand::Always, "the mail came in sealed".to_owned()),
            () if left.encrypt == Demand::Never => (Demand::Never, spared()),
            () if left.encrypt < holding.held.encrypt => (left.encrypt, format!("{} spares who has no key", spared())),
            () => (holding.held.encrypt, holding.shown("encrypt")),
        };
        let (sign, sign_by) = match left.sign == Demand::Never {
            true => (Demand::Never, spared()),
            false => (holding.held.sign, holding.shown("sign")),
        };
        let rule = |(setting, value, level): &(&'static str, String, String)| RuleTrace {
            setting: (*setting).to_owned(),
            value: value.clone(),
            level: level.clone(),
        };
        let rules_said = holding.said.iter().map(rule).collect();
        let place_by = belonging.place.as_ref().map(|place| place.source);
        let trace =
            Trace { place_by, came_sealed: mail.came_sealed, rules: rules_said, exemptions, ..Trace::default() };
        let (open, taken_for) = (Vec::new(), Vec::new());
        Case {
            mail,
            rules,
            facts,
            belonging,
            number,
            holding,
            encrypt,
            sign,
            encrypt_by,
            sign_by,
            trace,
            open,
            taken_for,
        }
    }

    /// The plan, and what would have to be asked for a better one.
    fn run(mut self) -> (RecipientPlan, Vec<Question>) {
        match &self.belonging.place {
            Some(place) => self.note(format!("what the mail is about is told by {}", place.source.word())),
            None => self.note("nothing tells what the mail is about; the site's rule holds".to_owned()),
        }
        let fate = match self.encrypt {
            Demand::Never => {
                let why = format!("it is not encrypted: {}", self.encrypt_by);
                self.readable(&why)
            }
            Demand::WhenPossible | Demand::Always => self.encrypted(),
        };
        let fate = self.closed(fate);
        self.mark_taken(&fate);
        self.trace.steps.push(fate.why().to_owned());
        (RecipientPlan { recipient: self.number, fate, trace: self.trace }, self.open)
    }

    /// The last door, which asks nothing of all the others: what may not be readable is held. Nothing is known to reach it.
    fn closed(&self, fate: Fate) -> Fate {
        let may = match (self.mail.came_sealed, self.encrypt) {
            (true, _) => false,
            (false, Demand::Always) => self.held().fallback.is_readable(),
            (false, Demand::Never | Demand::WhenPossible) => true,
        };
        if fate.is_readable() && !may {
            return Fate::Hold {
                why: format!("it would have left readable and has to be encrypted: {}; it is held", self.encrypt_by),
            };
        }
        fate
    }

    fn held(&self) -> &Held {
        &self.holding.held
    }

    fn note(&mut self, step: String) {
        if !self.trace.steps.contains(&step) {
            self.trace.steps.push(step);
        }
    }

    fn look_up(&mut self, question: &Question) -> Found<'c> {
        let facts: &'c KeyFacts = self.facts;
        match facts.told(question) {
            Some(Told::Known(keys)) => Found::Keys(keys),
            Some(Told::Untold(_)) => Found::Failed,
            None => {
                self.open.push(question.clone());
                Found::Open
            }
        }
    }

    /// The best key for this among them; each is noted with why it may be used or not.
    fn choose(&mut self, keys: &'c [Key], purpose: Purpose, scheme: Scheme) -> Option<String> {
        let mut usable = Vec::new();
        for (at, key) in keys.iter().enumerate() {
            let refusal = judge::refusal(key, purpose, self.held(), self.mail.now_s);
            if refusal.is_none() {
                usable.push((at, key));
            }
            let seen = KeyTrace {
                purpose,
                scheme,
                number: u32::try_from(at + 1).unwrap_or(u32::MAX),
                origin: key.origin,
                algorithm: key.algorithm,
                bits: key.bits,
                fingerprint: key.fingerprint.clone(),
                ends_soon: refusal.is_none() && judge::ends_soon(key, self.held(), self.mail.now_s),
                taken: false,
                why: refusal.unwrap_or_else(|| USABLE.to_owned()),
            };
            if !self.trace.keys.iter().any(|known| known.is_same(&seen)) {
                self.trace.keys.push(seen);
            }
        }
        let (_, best) = judge::best(usable.iter().copied(), scheme, purpose)?;
        let is_of_other_version = |key: &Key| {
            judge::rank(key.origin, scheme) == judge::rank(best.origin, scheme)
                && judge::version_rank(key) > judge::version_rank(best)
        };
        if purpose != Purpose::Sign && usable.iter().any(|(_, key)| is_of_other_version(key)) {
            let why = match judge::version_rank(best) {
                0 => "it is taken: the first by origin, and of version 6, which its owner's programs read",
                _ => "it is taken: the first by origin, before one of version 6 that does not say that it is read",
            };
            self.taken_for.push((best.fingerprint.clone(), why.to_owned()));
        }
        Some(best.fingerprint.clone())
    }

    /// A key of ours that signs by this scheme.
    fn signing(&mut self, scheme: Scheme) -> Signing {
        if self.mail.from().is_none() {
            self.note("From does not name one address, so there is no key of ours for it".to_owned());
            return Signing::Without;
        }
        match self.look_up(&Question::OwnKeys { scheme }) {
            Found::Open => Signing::Open,
            Found::Failed => Signing::Failed,
            Found::Keys(keys) => match self.choose(keys, Purpose::Sign, scheme) {
                Some(key) => Signing::With(key),
                None => {
                    self.note(format!("{scheme}: no key of ours may sign"));
                    Signing::Without
                }
            },
        }
    }

    /// What the fallback of the rule says. What came in sealed does not leave readable, whatever it says.
    fn fallen_back(&mut self) -> Fate {
        let fallback = match self.held().fallback {
            readable if readable.is_readable() && self.mail.came_sealed => {
                self.note(format!(
                    "the mail came in sealed, so {} counts as link_only",
                    self.holding.shown("fallback")
                ));
                Fallback::LinkOnly
            }
            fallback => fallback,
        };
        let shown = self.holding.shown("fallback");
        let why = format!("no key may be used, and it has to be encrypted: {}; {shown}", self.encrypt_by);
        match fallback {
            Fallback::SendPlain => self.readable(&why),
            Fallback::SignOnly => self.signed_or_nothing(&why),
            Fallback::ProblemReport => self.notice(super::NoticeKind::ProblemReport, why),
            Fallback::LinkOnly => self.notice(super::NoticeKind::LinkOnly, why),
            Fallback::Hold => Fate::Hold { why },
            Fallback::DoNotSend => Fate::Refuse { why },
        }
    }

    /// Notes which keys the fate uses, and why those do not count that could have been.
    fn mark_taken(&mut self, fate: &Fate) {
        for key in &mut self.trace.keys {
            let fingerprint = &key.fingerprint;
            let named = |other: &String| other == fingerprint;
            key.taken = key.why == USABLE
                && match (fate, key.purpose) {
                    (Fate::Seal(seal), Purpose::Sign) => seal.scheme == key.scheme && seal.sign.iter().any(named),
                    (Fate::Seal(seal), _) => seal.scheme == key.scheme && seal.encrypt_to.iter().any(named),
                    (Fate::Notice(notice), Purpose::Sign) => {
                        notice.sign.iter().any(|(scheme, sign)| *scheme == key.scheme && named(sign))
                    }
                    _ => false,
                };
            if key.why == USABLE {
                let special = self.taken_for.iter().find(|(other, _)| named(other) && key.purpose != Purpose::Sign);
                key.why = match (key.taken, special) {
                    (true, Some((_, why))) => why.clone(),
                    (true, None) => "it is taken: the first by origin, the newest of it".to_owned(),
                    (false, _) => "it may be used, and is not needed".to_owned(),
                };
            }
        }
        self.mark_once();
    }

    /// A key that is kept in several places is taken from the first by origin.
    fn mark_once(&mut self) {
        let taken: Vec<KeyTrace> = self.trace.keys.iter().filter(|key| key.taken).cloned().collect();
        let same =
            |one: &KeyTrace, other: &KeyTrace| (one.purpose, &one.fingerprint) == (other.purpose, &other.fingerprint);
        let place = |key: &KeyTrace| (judge::rank(key.origin, key.scheme), key.number);
        for key in self.trace.keys.iter_mut().filter(|key| key.taken) {
            if let Some(first) = judge::first_before(key, &taken, same, place) {
                key.taken = false;
                key.why = format!("the same key is taken, as number {} has it", first.number);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    /// What the last door makes of a fate that would leave readable, whatever came before it.
    fn door(rules: &str, came_sealed: bool) -> Fate {
        let rules = SealingRules::from_toml(&format!("version = 1\n{rules}"), "s.toml").unwrap();
        let mail = MailFacts { recipients: vec!["a@b.example".into()], came_sealed, ..MailFacts::default() };
        let (facts, belonging) = (KeyFacts::default(), Belonging::default());
        let case = Case::all(&mail, &rules, &facts, &belonging).next().unwrap();
        case.closed(Fate::Plain { why: "by mistake".into() })
    }

    #[test]
    fn the_last_door_holds_what_may_not_be_readable() {
        let always = "[default]\nencrypt = \"always\"\n";
        for (rules, came_sealed) in
            [(always, false), (always, true), ("", true), ("[default]\nencrypt = \"never\"\n", true)]
        {
            assert!(matches!(door(rules, came_sealed), Fate::Hold { .. }), "{rules}{came_sealed}");
        }
        let plain = "[default]\nencrypt = \"always\"\nfallback = \"send_plain\"\n";
        assert!(matches!(door(plain, true), Fate::Hold { .. }));
        for rules in ["", "[default]\nencrypt = \"never\"\n", plain] {
            assert!(matches!(door(rules, false), Fate::Plain { .. }), "{rules}");
        }
    }
}
