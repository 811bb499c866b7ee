//! What rules ask about a mail, answered from the folder of keys and the register and, where these have no key that may be used, from outside.

use super::beyond::Beyond;
use super::{ByRules, State};
use policy::sealing::{self, Key, KeyFacts, MailFacts, Question, ROUNDS_MAX, RecipientPlan, SealingPlan};
use policy::{Fault, FaultCode, Told};

impl ByRules {
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
        let (facts, _, questions) = self.find_out(&state, mail).await;
        (questions, sealing::decide(mail, &state.rules, &facts))
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
    pub(super) fn address<'m>(&self, mail: &'m MailFacts, recipient: u32) -> Option<&'m str> {
        usize::try_from(recipient).ok().and_then(|number| mail.recipients.get(number)).map(String::as_str)
    }
}
