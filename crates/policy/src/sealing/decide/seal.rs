//! How a mail is encrypted or signed, as far as keys go, and what becomes of it when they do not.

use super::{Case, Found, Signing};
use crate::sealing::facts::{Key, Question};
use crate::sealing::judge;
use crate::sealing::plan::{Fate, Notice, Purpose, Seal};
use crate::sealing::report;
use crate::sealing::words::{Algorithm, Demand, LookupFailed, NoSigningKey, NoticeKind, Scheme};

impl Case<'_> {
    /// Encrypted by the first scheme for which there is a key; where it has to be signed as well, by the first for which there are both.
    pub(super) fn encrypted(&mut self) -> Fate {
        let (mut unsigned, mut failed, mut own_failed) = (None, false, false);
        for scheme in self.held().scheme.schemes() {
            let keys = match self.look_up(&Question::RecipientKeys { recipient: self.number, scheme: *scheme }) {
                Found::Keys(keys) => keys,
                Found::Open => return self.not_asked(),
                Found::Failed => {
                    self.note(format!("{scheme}: keys of the recipient could not be looked up"));
                    failed = true;
                    continue;
                }
            };
            let Some(key) = self.choose(keys, Purpose::Encrypt, *scheme) else {
                // A key that may be good is not the same as none, where mail without one leaves readable.
                let is_unknown = keys.iter().any(|key| judge::is_unknown(key, self.held(), self.mail.now_s));
                if is_unknown && (self.encrypt == Demand::WhenPossible || self.held().fallback.is_readable()) {
                    self.note(format!("{scheme}: whether a key of the recipient was revoked could not be learned"));
                    failed = true;
                    continue;
                }
                let why = if keys.is_empty() { "there is no key" } else { "no key may be used" };
                self.note(format!("{scheme}: {why} of the recipient"));
                continue;
            };
            if self.sign == Demand::Never {
                return self.sealed(*scheme, key, None);
            }
            match self.signing(*scheme) {
                Signing::Open => return self.not_asked(),
                Signing::With(own) => return self.sealed(*scheme, key, Some(own)),
                Signing::Failed => own_failed = true,
                Signing::Without => {}
            }
            unsigned.get_or_insert((*scheme, key));
            if self.sign == Demand::WhenPossible {
                break;
            }
        }
        match unsigned {
            Some((scheme, key)) => match self.without_signature(own_failed) {
                Some(fate) => fate,
                None => self.sealed(scheme, key, None),
            },
            None if failed && self.held().lookup_failed == LookupFailed::Hold => {
                let shown = self.holding.shown("lookup_failed");
                Fate::Hold { why: format!("keys of the recipient could not be looked up; {shown}") }
            }
            None if self.encrypt == Demand::Always => self.fallen_back(),
            None => {
                let why = format!("no key may be used: {}", self.encrypt_by);
                self.readable(&why)
            }
        }
    }

    /// What becomes of a mail for which no key of ours signs; nothing where it goes without a signature.
    fn without_signature(&mut self, failed: bool) -> Option<Fate> {
        if failed && self.held().lookup_failed == LookupFailed::Hold {
            let shown = self.holding.shown("lookup_failed");
            return Some(Fate::Hold { why: format!("keys of ours could not be looked up; {shown}") });
        }
        if self.sign != Demand::Always {
            return None;
        }
        let why = format!(
            "no key of ours may be used, and it has to be signed: {}; {}",
            self.sign_by,
            self.holding.shown("no_signing_key")
        );
        match self.held().no_signing_key {
            NoSigningKey::Hold => Some(Fate::Hold { why }),
            NoSigningKey::DoNotSend => Some(Fate::Refuse { why }),
            NoSigningKey::Send => {
                self.note(why);
                None
            }
        }
    }

    fn sealed(&mut self, scheme: Scheme, key: String, sign: Option<String>) -> Fate {
        let classic = self.classic_beside(scheme, &key);
        let mut encrypt_to: Vec<String> = std::iter::once(key).chain(classic).collect();
        if self.held().encrypt_to_self && self.mail.from().is_some() {
            match self.look_up(&Question::OwnKeys { scheme }) {
                Found::Open => return self.not_asked(),
                Found::Failed => {
                    self.note("keys of ours could not be looked up, so it is not encrypted to self".to_owned())
                }
                Found::Keys(keys) => match self.choose(keys, Purpose::EncryptToSelf, scheme) {
                    Some(own) if !encrypt_to.contains(&own) => encrypt_to.push(own),
                    Some(_) => {}
                    None => self.note("no key of ours may be encrypted to".to_owned()),
                },
            }
        }
        let held = self.held();
        let protect_header = held.protect_header;
        let outer_subject = protect_header.then(|| held.outer_subject.clone());
        let by = if self.encrypt == Demand::Always { "it has to be encrypted" } else { "it can be encrypted" };
        let why = format!("{by}: {}; {}", self.encrypt_by, self.holding.shown("scheme"));
        let (suite, opaque, footer) = (held.suite(), false, None);
        self.footed(Seal { scheme, sign, encrypt_to, suite, protect_header, outer_subject, opaque, footer, why })
    }

    /// The best certificate of the recipient for programs that know no ML-KEM, where the one that is taken is of that kind and rules want both.
    fn classic_beside(&mut self, scheme: Scheme, taken: &str) -> Option<String> {
        if !self.held().encrypt_to_classic || scheme != Scheme::Smime {
            return None;
        }
        let question = Question::RecipientKeys { recipient: self.number, scheme };
        let Found::Keys(keys) = self.look_up(&question) else { return None };
        let is_classic = |key: &Key| key.algorithm != Algorithm::PostQuantum;
        if keys.iter().any(|key| key.fingerprint == taken && is_classic(key)) {
            return None;
        }
        let (held, now_s) = (self.held(), self.mail.now_s);
        let may = |key: &Key| is_classic(key) && judge::refusal(key, Purpose::Encrypt, held, now_s).is_none();
        let of_kind = keys.iter().enumerate().filter(|(_, key)| may(key));
        let classic = judge::best(of_kind, scheme, Purpose::Encrypt).map(|(_, key)| key.fingerprint.clone());
        let shown = self.holding.shown("encrypt_to_classic");
        match &classic {
            Some(key) => self.taken_for.push((key.clone(), format!("it is taken beside one of ML-KEM: {shown}"))),
            None => self.note(format!("there is no other key beside that of ML-KEM: {shown}")),
        }
        classic
    }

    /// As it came, signed as the rule demands.
    pub(super) fn readable(&mut self, why: &str) -> Fate {
        if self.sign == Demand::Never {
            return Fate::Plain { why: format!("{why}; it is not signed: {}", self.sign_by) };
        }
        match self.first_signing() {
            Ok((scheme, key)) => self.signed(scheme, key, why),
            Err(Signing::Open) => self.not_asked(),
            Err(other) => match self.without_signature(matches!(other, Signing::Failed)) {
                Some(fate) => fate,
                None => Fate::Plain { why: format!("{why}; no key of ours signs: {}", self.sign_by) },
            },
        }
    }

    /// Signed, or not at all.
    pub(super) fn signed_or_nothing(&mut self, why: &str) -> Fate {
        match self.first_signing() {
            Ok((scheme, key)) => self.signed(scheme, key, why),
            Err(Signing::Open) => self.not_asked(),
            Err(_) => {
                let why = format!("{why}, and no key of ours may be used; {}", self.holding.shown("no_signing_key"));
                match self.held().no_signing_key {
                    NoSigningKey::DoNotSend => Fate::Refuse { why },
                    NoSigningKey::Hold | NoSigningKey::Send => Fate::Hold { why },
                }
            }
        }
    }

    fn signed(&self, scheme: Scheme, key: String, why: &str) -> Fate {
        let held = self.held();
        self.footed(Seal {
            scheme,
            sign: Some(key),
            encrypt_to: Vec::new(),
            suite: held.suite(),
            protect_header: held.protect_header,
            outer_subject: None,
            opaque: held.opaque && scheme == Scheme::Smime,
            footer: None,
            why: format!("{why}; it is signed: {}", self.sign_by),
        })
    }

    /// With the line below its text that the rule demands.
    fn footed(&self, seal: Seal) -> Fate {
        let held = self.held();
        Fate::Seal(Seal { footer: held.footer.then(|| report::footer(&seal, &held.language)), ..seal })
    }

    /// The first scheme by which a key of ours signs; else how the last look-up went, the worst of them.
    fn first_signing(&mut self) -> Result<(Scheme, String), Signing> {
        let mut worst = Signing::Without;
        for scheme in self.held().scheme.schemes() {
            match self.signing(*scheme) {
                Signing::With(key) => return Ok((*scheme, key)),
                Signing::Open => return Err(Signing::Open),
                Signing::Failed => worst = Signing::Failed,
                Signing::Without => {}
            }
        }
        Err(worst)
    }

    /// A notice goes unsigned where no key of ours signs: it says nothing that anybody would forge for.
    pub(super) fn notice(&mut self, kind: NoticeKind, why: String) -> Fate {
        let sign = match self.sign {
            Demand::Never => None,
            Demand::WhenPossible | Demand::Always => match self.first_signing() {
                Ok(signing) => Some(signing),
                Err(Signing::Open) => return self.not_asked(),
                Err(_) => None,
            },
        };
        let held = self.held();
        let place = self.belonging.place.as_ref();
        let (subject, mut text) = report::text(&self.rules.reports, kind, &held.language, place);
        if let Some(link) = report::link(&held.link, place) {
            text = format!("{}\n\n{link}", text.trim_end());
        }
        let (language, suite) = (held.language.clone(), held.suite());
        Fate::Notice(Notice { kind, language, subject, text, sign, suite, why })
    }

    /// A question that nobody has answered yet.
    fn not_asked(&self) -> Fate {
        Fate::Hold { why: format!("not everything is known yet; {}", self.encrypt_by) }
    }
}
