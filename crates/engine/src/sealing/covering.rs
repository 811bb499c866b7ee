//! How many people of a site can be reached by encrypted mail, by its rules and all keys that are known of them.

use super::beyond::Beyond;
use super::letters::LettersByRules;
use super::{ByRules, asked, people};
use policy::sealing::{Coverage, MailFacts, Person, Question, Scheme};
use policy::{Fault, FaultCode, Told};

impl LettersByRules {
    /// Of these addresses, for letters about a project of a site; an empty project is the site as a whole. Nobody outside is asked.
    ///
    /// # Errors
    /// Those of reading rules and keys, and of the store; temporary `Internal` while some files of keys cannot be read, because nobody
    /// could say who is without a key.
    pub async fn coverage(&self, site: &str, project: &str, addresses: &[String]) -> Result<Coverage, Fault> {
        self.read().await?.coverage(site, project, addresses).await
    }
}

impl ByRules {
    async fn coverage(&self, site: &str, project: &str, addresses: &[String]) -> Result<Coverage, Fault> {
        let mut people = Vec::with_capacity(addresses.len());
        for address in addresses {
            people.push(self.person_with_keys(site, address).await?);
        }
        Ok(self.state().rules.coverage(site, None, project, &people, super::now_s()))
    }

    async fn person_with_keys(&self, site: &str, address: &str) -> Result<Person, Fault> {
        let state = self.state();
        let mail = MailFacts {
            now_s: super::now_s(),
            site: site.to_owned(),
            recipients: vec![address.to_owned()],
            ..MailFacts::default()
        };
        let untold = |why: String| Fault::temporary(FaultCode::Internal, why);
        let mut found = Beyond::default();
        let person = match self.person(&mail, address, &mut found).await {
            Told::Known(person) => person,
            Told::Untold(why) => return Err(untold(why)),
        };
        let mut all = Vec::new();
        for scheme in [Scheme::Smime, Scheme::Pgp] {
            let question = Question::RecipientKeys { recipient: 0, scheme };
            let mut keys = match asked::answer(&state.table, state.is_partial, &mail, &question) {
                Told::Known(keys) => keys,
                Told::Untold(why) => return Err(untold(why)),
            };
            let now = mail.now_s.unsigned_abs();
            people::add(&person, &state.table, (address, scheme), now, &mut keys, &mut found)
                .ok_or_else(|| untold("a certificate of the register could not be judged".to_owned()))?;
            all.extend(keys.into_iter().map(|key| (scheme, key)));
        }
        Ok(Person { address: address.to_owned(), keys: all })
    }
}
