//! What rules ask about a mail, answered from the folder of keys and the register and, where these have no key that may be used, from outside.

use super::found::Found;
use super::keys::of_discovered;
use super::{ByRules, State, asked, people, standing};
use crate::outside::Discovered;
use crate::register::OfPerson;
use policy::sealing::{self, Key, KeyFacts, KeyRule, MailFacts, Question, ROUNDS_MAX, RecipientPlan, Scheme};
use policy::{Fault, FaultCode, Told};

impl ByRules {
    /// Asks and finds out until nothing is open, then decides.
    pub(super) async fn decided(&self, state: &State, mail: &MailFacts) -> Result<(RecipientPlan, Found), Fault> {
        let (mut facts, mut found) = (KeyFacts::default(), Found::new());
        for _ in 0..ROUNDS_MAX {
            let open = sealing::ask(mail, &state.rules, &facts);
            if open.is_empty() {
                break;
            }
            for question in open {
                let told = self.told(state, mail, &question, &mut found).await;
                facts.answer(&question, told);
            }
        }
        let plan = sealing::decide(mail, &state.rules, &facts);
        let of_recipient = plan.recipients.into_iter().next();
        let plan =
            of_recipient.ok_or_else(|| Fault::permanent(FaultCode::Internal, "a decision left the recipient out"))?;
        Ok((plan, found))
    }

    async fn told(&self, state: &State, mail: &MailFacts, question: &Question, found: &mut Found) -> Told<Vec<Key>> {
        let Question::RecipientKeys { recipient, scheme } = *question else {
            return asked::answer(&state.table, state.is_partial, mail, question);
        };
        let Some(address) = state.address(mail, recipient) else { return Told::Known(Vec::new()) };
        let person = match self.person(mail, address, found).await {
            Told::Known(person) => person,
            Told::Untold(why) => return Told::Untold(why),
        };
        let now = mail.now_s.unsigned_abs();
        if let (Scheme::Smime, Some(news)) = (scheme, &self.inner.outside.news) {
            standing::find_out(&state.table, news, (address, &person), now).await;
        }
        let mut keys = match asked::answer(&state.table, state.is_partial, mail, question) {
            Told::Known(keys) => keys,
            untold => return untold,
        };
        people::add(&person, &state.table, (address, scheme), now, &mut keys, found);
        if scheme == Scheme::Pgp
            && let Some(rule) = KeyRule::of(mail, &state.rules, recipient)
        {
            match self.found_outside(state, mail, (address, &person), &rule, &keys, found).await {
                Told::Known(more) => keys.extend(more),
                untold => return untold,
            }
        }
        Told::Known(keys)
    }

    /// Keys of OpenPGP from outside; nobody is asked where folder or register have one that may be used.
    async fn found_outside(
        &self,
        state: &State,
        mail: &MailFacts,
        (address, person): (&str, &OfPerson),
        rule: &KeyRule,
        known: &[Key],
        found: &mut Found,
    ) -> Told<Vec<Key>> {
        let (sources, now) = (&self.inner.outside.keys, mail.now_s.unsigned_abs());
        let may_be_used = |key: &Key| rule.refusal(key, mail.now_s).is_none();
        let takes = |origin| rule.takes(origin);
        if known.iter().any(may_be_used) || sources.is_nobody(address, takes) {
            return Told::Known(Vec::new());
        }
        // What folder and register know of the same key counts too, such as that it was revoked.
        let taught = |one: &Discovered| {
            let mut one = one.clone();
            state.table.teach(&mut one.certificate);
            person.teach(&mut one.certificate);
            one
        };
        let is_enough =
            |one: &Discovered| of_discovered(&taught(one), address, now).is_some_and(|key| may_be_used(&key));
        let discovered = match sources.find(address, takes, is_enough).await {
            Told::Known(discovered) => discovered,
            Told::Untold(why) => return Told::Untold(why),
        };
        let mut keys = Vec::new();
        for one in discovered.iter().map(taught) {
            if let Some(key) = of_discovered(&one, address, now) {
                found.pgp.insert(key.fingerprint.clone(), one.certificate);
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
