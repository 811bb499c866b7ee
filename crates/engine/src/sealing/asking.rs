//! What rules ask about a mail, answered from the folder of keys and, where that has no key that may be used, from outside.

use super::keys::of_discovered;
use super::{ByRules, State, asked, standing};
use policy::sealing::{self, Key, KeyFacts, KeyRule, MailFacts, Question, ROUNDS_MAX, RecipientPlan, Scheme};
use policy::{Fault, FaultCode, Told};
use seal::pgp;
use std::collections::HashMap;

/// Certificates from outside that a decision may have taken, by fingerprint in small hex.
pub(super) type Strangers = HashMap<String, pgp::Certificate>;

impl ByRules {
    /// Asks and finds out until nothing is open, then decides; where nobody outside is asked, by the folder alone.
    pub(super) async fn decided(&self, state: &State, mail: &MailFacts) -> Result<(RecipientPlan, Strangers), Fault> {
        let (mut facts, mut strangers) = (KeyFacts::default(), Strangers::new());
        if self.inner.outside.is_nobody() {
            return Ok((state.plan(mail)?, strangers));
        }
        for _ in 0..ROUNDS_MAX {
            let open = sealing::ask(mail, &state.rules, &facts);
            if open.is_empty() {
                break;
            }
            for question in open {
                let told = self.told(state, mail, &question, &mut strangers).await;
                facts.answer(&question, told);
            }
        }
        let plan = sealing::decide(mail, &state.rules, &facts);
        let of_recipient = plan.recipients.into_iter().next();
        let plan =
            of_recipient.ok_or_else(|| Fault::permanent(FaultCode::Internal, "a decision left the recipient out"))?;
        Ok((plan, strangers))
    }

    async fn told(
        &self,
        state: &State,
        mail: &MailFacts,
        question: &Question,
        strangers: &mut Strangers,
    ) -> Told<Vec<Key>> {
        if let Question::RecipientKeys { recipient, scheme: Scheme::Smime } = *question
            && let Some(news) = &self.inner.outside.news
            && let Some(address) = state.address(mail, recipient)
        {
            standing::find_out(&state.table, news, address, mail.now_s.unsigned_abs()).await;
        }
        let mut keys = match asked::answer(&state.table, state.is_partial, mail, question) {
            Told::Known(keys) => keys,
            untold => return untold,
        };
        if let Question::RecipientKeys { recipient, scheme: Scheme::Pgp } = *question
            && let Some(rule) = KeyRule::of(mail, &state.rules, recipient)
            && let Some(address) = state.address(mail, recipient)
        {
            match self.found_outside(state, mail, address, &rule, &keys, strangers).await {
                Told::Known(more) => keys.extend(more),
                untold => return untold,
            }
        }
        Told::Known(keys)
    }

    /// Keys of OpenPGP from outside; nobody is asked where the folder has one that may be used.
    async fn found_outside(
        &self,
        state: &State,
        mail: &MailFacts,
        address: &str,
        rule: &KeyRule,
        known: &[Key],
        strangers: &mut Strangers,
    ) -> Told<Vec<Key>> {
        let (sources, now) = (&self.inner.outside.keys, mail.now_s.unsigned_abs());
        let may_be_used = |key: &Key| rule.refusal(key, mail.now_s).is_none();
        let takes = |origin| rule.takes(origin);
        if known.iter().any(may_be_used) || sources.is_nobody(address, takes) {
            return Told::Known(Vec::new());
        }
        let is_enough = |one: &_| of_discovered(one, address, now).is_some_and(|key| may_be_used(&key));
        // What the folder knows of the same key counts too, such as that it was revoked.
        let is_enough = |one: &crate::outside::Discovered| is_enough(&state.table.with_what_is_known(one));
        let found = match sources.find(address, takes, is_enough).await {
            Told::Known(found) => found,
            Told::Untold(why) => return Told::Untold(why),
        };
        let mut keys = Vec::new();
        for one in found.iter().map(|one| state.table.with_what_is_known(one)) {
            if let Some(key) = of_discovered(&one, address, now) {
                strangers.insert(key.fingerprint.clone(), one.certificate);
                keys.push(key);
            }
        }
        Told::Known(keys)
    }
}

impl State {
    fn address<'m>(&self, mail: &'m MailFacts, recipient: u32) -> Option<&'m str> {
        usize::try_from(recipient).ok().and_then(|number| mail.recipients.get(number)).map(String::as_str)
    }
}
