//! How many people of a site can be reached by encrypted mail, by its rules and all keys that are known of them.

use super::beyond::Beyond;
use super::letters::LettersByRules;
use super::{ByRules, asked, people};
use policy::sealing::{Coverage, KeyReach, MailFacts, Person, Question, Reach, Scheme};
use policy::{Fault, FaultCode, SealingRules, Told};
use std::sync::Arc;

/// Some people with all keys that are known of them, and the rules by which is judged who of them can be reached.
pub struct Covering {
    rules: Arc<SealingRules>,
    site: String,
    people: Vec<Person>,
    now_s: i64,
}

impl Covering {
    /// Of these of the people, by their numbers, for letters about a project; an empty project is the site as a whole.
    pub fn coverage(&self, project: &str, of: impl IntoIterator<Item = u32>) -> Coverage {
        let people = of.into_iter().filter_map(|number| self.person(number));
        self.rules.coverage(&self.site, None, project, people, self.now_s)
    }

    /// How each of these stands, with all his keys.
    pub fn each<'c>(
        &'c self,
        project: &str,
        of: impl IntoIterator<Item = u32>,
    ) -> Vec<(&'c str, Reach, Vec<KeyReach<'c>>)> {
        let covered = self.rules.covered(&self.site, None, project, self.now_s);
        let people = of.into_iter().filter_map(|number| self.person(number));
        let stands = |person: &'c Person| {
            let (reach, keys) = covered.reach(person);
            (person.address.as_str(), reach, keys)
        };
        people.map(stands).collect()
    }

    fn person(&self, number: u32) -> Option<&Person> {
        self.people.get(usize::try_from(number).ok()?)
    }
}

impl LettersByRules {
    /// Of these addresses, for letters about a project of a site; an empty project is the site as a whole. Nobody outside is asked.
    ///
    /// # Errors
    /// Those of [`LettersByRules::covering`].
    pub async fn coverage(&self, site: &str, project: &str, addresses: &[String]) -> Result<Coverage, Fault> {
        let number = u32::try_from(addresses.len()).unwrap_or(u32::MAX);
        Ok(self.covering(site, addresses).await?.coverage(project, 0..number))
    }

    /// What is known of these addresses, for any project of the site. Nobody outside is asked.
    ///
    /// # Errors
    /// Those of reading rules and keys, and of the store; temporary `Internal` while some files of keys cannot be read, because nobody
    /// could say who is without a key.
    pub async fn covering(&self, site: &str, addresses: &[String]) -> Result<Covering, Fault> {
        self.read().await?.covering(site, addresses).await
    }
}

impl ByRules {
    async fn covering(&self, site: &str, addresses: &[String]) -> Result<Covering, Fault> {
        let mut people = Vec::with_capacity(addresses.len());
        for address in addresses {
            people.push(self.person_with_keys(site, address).await?);
        }
        Ok(Covering { rules: self.state().rules.clone(), site: site.to_owned(), people, now_s: super::now_s() })
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
