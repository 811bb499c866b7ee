//! Certificates beyond those of the folder: of the register, and looked for outside where neither has one that may be used.

use super::asked;
use super::keys::{of_pgp_found, of_smime_found};
use super::table::{Subject, Table};
use super::{ByRules, State, people, standing};
use crate::outside::{Discovered, Found, News, SmimeFound};
use crate::register::OfPerson;
use policy::Told;
use policy::sealing::{Key, KeyRule, MailFacts, Question, Scheme};
use seal::pgp;
use std::collections::HashMap;
use std::sync::Arc;

/// Keys beyond those of the folder that a decision may have taken, kept until the mail is sealed. Fingerprints are in small hex.
#[derive(Default)]
pub struct Beyond {
    /// With all that is known of them.
    pub(super) pgp: HashMap<String, pgp::Certificate>,
    pub(super) smime: HashMap<String, SmimeFound>,
    /// Under which ids the register has each.
    pub(super) kept: HashMap<String, Vec<String>>,
    /// What the register has for an address, once it was asked.
    pub(super) person: Option<(String, Arc<OfPerson>)>,
}

impl Beyond {
    fn add(&mut self, fingerprint: &str, certificate: Found) {
        match certificate {
            Found::Pgp(one) => drop(self.pgp.insert(fingerprint.to_owned(), *one)),
            Found::Smime(one) => drop(self.smime.insert(fingerprint.to_owned(), *one)),
        }
    }
}

impl ByRules {
    /// Keys from outside for one recipient and scheme; nobody is asked where the folder has a key of any scheme that the rules let be used.
    pub(super) async fn found_outside(
        &self,
        state: &State,
        mail: &MailFacts,
        (recipient, scheme): (u32, Scheme),
        beyond: &mut Beyond,
    ) -> Told<Vec<Key>> {
        let nothing = Told::Known(Vec::new());
        let (Some(rule), Some(address)) = (KeyRule::of(mail, &state.rules, recipient), state.address(mail, recipient))
        else {
            return nothing;
        };
        let mut looking = self.inner.outside.keys.looking(address, scheme, |origin| rule.takes(origin));
        if looking.is_over() || self.we_suffice(state, mail, (recipient, &rule), beyond).await {
            return nothing;
        }
        let person = match self.person(mail, address, beyond).await {
            Told::Known(person) => person,
            Told::Untold(why) => return Told::Untold(why),
        };
        let now = mail.now_s.unsigned_abs();
        let mut keys = Vec::new();
        while let Some(told) = looking.next().await {
            let found = match told {
                Told::Known(found) => found,
                Told::Untold(why) => return Told::Untold(why),
            };
            let mut is_enough = false;
            for one in found {
                match judged((&state.table, &person), self.inner.outside.news.as_ref(), one, address, now).await {
                    Told::Known(Some((key, certificate))) => {
                        is_enough |= rule.refusal(&key, mail.now_s).is_none();
                        beyond.add(&key.fingerprint, certificate);
                        keys.push(key);
                    }
                    Told::Known(None) => {}
                    Told::Untold(why) => return Told::Untold(why),
                }
            }
            if is_enough {
                break;
            }
        }
        Told::Known(keys)
    }

    /// Whether folder or register have a key for this recipient, of whatever scheme the rules name, that they let be used.
    async fn we_suffice(
        &self,
        state: &State,
        mail: &MailFacts,
        (recipient, rule): (u32, &KeyRule),
        beyond: &mut Beyond,
    ) -> bool {
        for scheme in rule.schemes() {
            let question = Question::RecipientKeys { recipient, scheme: *scheme };
            let told = self.told_by_us(state, mail, &question, beyond).await;
            let Told::Known(keys) = told else { continue };
            if keys.iter().any(|key| rule.refusal(key, mail.now_s).is_none()) {
                return true;
            }
        }
        false
    }

    /// What folder and register have, where certificates were asked about of whom it says so.
    pub(super) async fn told_by_us(
        &self,
        state: &State,
        mail: &MailFacts,
        question: &Question,
        beyond: &mut Beyond,
    ) -> Told<Vec<Key>> {
        let Question::RecipientKeys { recipient, scheme } = *question else {
            return asked::answer(&state.table, state.is_partial, mail, question);
        };
        let Some(address) = state.address(mail, recipient) else { return Told::Known(Vec::new()) };
        let person = match self.person(mail, address, beyond).await {
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
        match people::add(&person, &state.table, (address, scheme), now, &mut keys, beyond) {
            Some(()) => Told::Known(keys),
            None => Told::Untold("a certificate of the register could not be judged".to_owned()),
        }
    }
}

/// What a certificate from outside is as a key, and the certificate with what folder and register know of it; nothing where it is not for this
/// address, and untold where it could not be judged.
pub(super) async fn judged(
    (table, person): (&Arc<Table>, &OfPerson),
    news: Option<&News>,
    one: Discovered,
    address: &str,
    now: u64,
) -> Told<Option<(Key, Found)>> {
    match &one.certificate {
        Found::Pgp(certificate) => {
            // What folder and register know of the same key counts too, such as that it was revoked.
            let mut certificate = certificate.as_ref().clone();
            table.teach(&mut certificate);
            person.teach(&mut certificate);
            let key = of_pgp_found(&certificate, &one, address, now);
            Told::Known(key.map(|key| (key, Found::Pgp(Box::new(certificate)))))
        }
        Found::Smime(found) => match standing::of_stranger(table, news, Subject::of_stranger(found), now).await {
            Some(trust) => Told::Known(Some((of_smime_found(found, &one, trust), one.certificate.clone()))),
            None => Told::Untold("a certificate from outside could not be judged".to_owned()),
        },
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use crate::keys::KeyFolder;
    use crate::sealing::table::Choice;
    use policy::sealing::{Distrust, Origin, Suite, Trust};
    use seal::Random;
    use seal::keyfile::issue::{Kind, Subject as Named, generated, self_signed};
    use seal::order::With;
    use seal::smime::{Capabilities, Certificate, ContentCipher};
    use seal::verdict::fingerprint;

    struct Chance;

    impl Random for Chance {
        fn fill(&mut self, bytes: &mut [u8]) {
            aws_lc_rs::rand::fill(bytes).unwrap();
        }
    }

    const NOW: u64 = 1_800_000_000;

    fn found(capabilities: Option<Capabilities>) -> SmimeFound {
        let pkcs8 = generated(Kind::P256).unwrap();
        let subject = Named { name: "Ann", addresses: &["ann@a.example"] };
        let der = self_signed(&pkcs8, subject, (1_700_000_000, 1_900_000_000), &mut Chance).unwrap();
        let certificate = Certificate::from_der(&der).unwrap();
        SmimeFound { certificate, authorities: Arc::default(), capabilities }
    }

    fn discovered(is_vouched: bool) -> Discovered {
        Discovered { certificate: Found::Smime(Box::new(found(None))), origin: Origin::Dns, is_vouched }
    }

    #[test]
    fn what_came_along_with_a_certificate_chooses_the_cipher() {
        let gcm = Capabilities { ciphers: vec![ContentCipher::Aes128Gcm], ..Capabilities::default() };
        let table = Table::new(KeyFolder::default());
        for (capabilities, expected) in [(Some(gcm), ContentCipher::Aes128Gcm), (None, ContentCipher::Aes256Cbc)] {
            let (one, mut beyond) = (found(capabilities), Beyond::default());
            let print = fingerprint(&one.certificate);
            beyond.add(&print, Found::Smime(Box::new(one)));
            let choice = Choice {
                scheme: Scheme::Smime,
                sign: None,
                encrypt_to: std::slice::from_ref(&print),
                suite: Suite::default(),
                is_opaque: false,
            };
            let with = table.with_beyond(&beyond, &choice);
            let Some((With::Smime { cipher, recipients, .. }, _)) = with else { panic!("no order") };
            assert_eq!((cipher, recipients.len()), (expected, 1));
            assert!(table.with(&choice).is_none(), "the folder does not know it");
        }
    }

    #[tokio::test]
    async fn anchors_vouch_for_strangers_unless_their_source_does() {
        let table = Arc::new(Table::new(KeyFolder::default()));
        for (is_vouched, expected) in [(false, Trust::Untrusted(Distrust::UnknownIssuer)), (true, Trust::Trusted)] {
            let told = judged((&table, &OfPerson::default()), None, discovered(is_vouched), "ann@a.example", NOW).await;
            let Told::Known(Some((key, _))) = told else { panic!("no key") };
            assert_eq!((key.trust, key.origin), (expected, Origin::Dns));
        }
    }
}
