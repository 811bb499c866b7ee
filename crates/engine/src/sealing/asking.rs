//! What rules ask about a mail, answered from the folder of keys and the register and, where these have no key that may be used, from outside.

use super::asked::answer;
use super::beyond::Beyond;
use super::table::Choice;
use super::{ByRules, State};
use crate::cell::OwnKey;
use policy::sealing::{
    self, Fate, Key, KeyFacts, KeyRule, MailFacts, Notice, Question, ROUNDS_MAX, RecipientPlan, Scheme, SealingPlan,
};
use policy::{Fault, FaultCode, Told};
use seal::order::With;

/// An order that signs and encrypts to nobody, with the keys that it may ask for.
pub type SignOrder = (With, Vec<OwnKey>);

impl ByRules {
    /// The key of ours that signs a mail to its first recipient by this scheme, whatever becomes of the mail; `None` where there is none that
    /// the rules let sign.
    ///
    /// # Errors
    /// Temporary `KeyUnavailable` where it cannot be told, because files of keys cannot be read.
    pub(super) fn signer(&self, mail: &MailFacts, scheme: Scheme) -> Result<Option<SignOrder>, Fault> {
        let state = self.state();
        let told = answer(&state.table, state.is_partial, mail, &Question::OwnKeys { scheme });
        let Told::Known(keys) = told else {
            return Err(Fault::temporary(FaultCode::KeyUnavailable, "whether a key of ours signs cannot be told"));
        };
        let rule = KeyRule::of(mail, &state.rules, 0);
        let signer = rule.and_then(|rule| Some((rule.signer(&keys, scheme, mail.now_s)?, rule.suite())));
        Ok(signer.and_then(|(key, suite)| state.table.with(&Choice::signature(scheme, &key.fingerprint, suite))))
    }

    /// Asks and finds out until nothing is open, then decides.
    pub(super) async fn decided(&self, state: &State, mail: &MailFacts) -> Result<(RecipientPlan, Beyond), Fault> {
        let (facts, beyond, _) = self.find_out(state, mail).await;
        let plan = sealing::decide(mail, &state.rules, &facts);
        let of_recipient = plan.recipients.into_iter().next();
        let plan =
            of_recipient.ok_or_else(|| Fault::permanent(FaultCode::Internal, "a decision left the recipient out"))?;
        Ok((plan, beyond))
    }

    /// What would become of a mail for each of its recipients, and what was asked for that, in order; nothing is sealed.
    pub async fn explained(&self, mail: &MailFacts) -> (Vec<Question>, SealingPlan) {
        let state = self.state();
        let (facts, beyond, questions) = self.find_out(&state, mail).await;
        let mut plan = sealing::decide(mail, &state.rules, &facts);
        for of_recipient in &mut plan.recipients {
            state.note_algorithms(of_recipient, &beyond, mail.now_s);
        }
        (questions, plan)
    }

    async fn find_out(&self, state: &State, mail: &MailFacts) -> (KeyFacts, Beyond, Vec<Question>) {
        let (mut facts, mut beyond, mut questions) = (KeyFacts::default(), Beyond::default(), Vec::new());
        for _ in 0..ROUNDS_MAX {
            let open = sealing::ask(mail, &state.rules, &facts);
            if open.is_empty() {
                break;
            }
            for question in open {
                let told = self.told(state, mail, &question, &mut beyond).await;
                facts.answer(&question, told);
                questions.push(question);
            }
        }
        (facts, beyond, questions)
    }

    async fn told(&self, state: &State, mail: &MailFacts, question: &Question, beyond: &mut Beyond) -> Told<Vec<Key>> {
        let mut keys = match self.told_by_us(state, mail, question, beyond).await {
            Told::Known(keys) => keys,
            untold => return untold,
        };
        if let Question::RecipientKeys { recipient, scheme } = *question {
            match self.found_outside(state, mail, (recipient, scheme), beyond).await {
                Told::Known(more) => keys.extend(more),
                untold => return untold,
            }
        }
        Told::Known(keys)
    }
}

impl State {
    /// Notes with which algorithms a mail is sealed: capabilities of keys are looked at here, and rules do not know them.
    pub(super) fn note_algorithms(&self, plan: &mut RecipientPlan, beyond: &Beyond, now_s: i64) {
        let choice = match &plan.fate {
            Fate::Seal(seal) => Choice::of(seal),
            Fate::Notice(Notice { sign: Some((scheme, sign)), suite, .. }) => Choice::signature(*scheme, sign, *suite),
            _ => return,
        };
        if let Some(said) = self.table.algorithms(beyond, &choice, now_s.unsigned_abs()) {
            plan.trace.note(format!("{}: {said}", choice.scheme));
        }
    }

    pub(super) fn address<'m>(&self, mail: &'m MailFacts, recipient: u32) -> Option<&'m str> {
        usize::try_from(recipient).ok().and_then(|number| mail.recipients.get(number)).map(String::as_str)
    }
}
