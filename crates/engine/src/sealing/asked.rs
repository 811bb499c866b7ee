//! The folder of keys, asked without a relay: by commands that show what it holds and what rules would find there.

use super::beyond;
use super::table::Table;
use crate::keys::KeyFolder;
use crate::outside::{Discovered, Found};
use crate::register::OfPerson;
use policy::Told;
use policy::sealing::{Key, MailFacts, Question, Trust};
use seal::smime::Certificate;
use std::sync::Arc;

/// Keys of a folder as answers, the same as a relay has.
pub struct AskedFolder {
    table: Arc<Table>,
    is_partial: bool,
}

impl AskedFolder {
    pub fn new(folder: KeyFolder) -> AskedFolder {
        let is_partial = is_partial(&folder);
        AskedFolder { table: Arc::new(Table::new(folder)), is_partial }
    }

    pub fn folder(&self) -> &KeyFolder {
        self.table.folder()
    }

    /// What the folder knows of it.
    pub fn answer(&self, mail: &MailFacts, question: &Question) -> Told<Vec<Key>> {
        answer(&self.table, self.is_partial, mail, question)
    }

    /// Whether a certificate is believed by the anchors and lists of the folder. `now` is in seconds since 1970.
    pub fn trust(&self, certificate: &Certificate, now: u64) -> Trust {
        self.table.judge(certificate, now).unwrap_or(Trust::Unknown { good_days: None })
    }

    /// What a certificate from outside is as a key for this address, by what the folder knows, and that certificate; `None` where it is not for
    /// this address, or could not be judged.
    pub async fn discovered(&self, one: Discovered, address: &str, now: u64) -> Option<(Key, Found)> {
        match beyond::judged((&self.table, &OfPerson::default()), None, one, address, now).await {
            Told::Known(judged) => judged,
            Told::Untold(_) => None,
        }
    }
}

/// Whether some files could not be read, so that a key that is not found may be there all the same.
pub(super) fn is_partial(folder: &KeyFolder) -> bool {
    folder.troubles.iter().any(|one| one.why.may_pass())
}

pub(super) fn answer(table: &Table, is_partial: bool, mail: &MailFacts, question: &Question) -> Told<Vec<Key>> {
    let now = mail.now_s.unsigned_abs();
    let keys = match *question {
        Question::RecipientKeys { recipient, scheme } => {
            let address = usize::try_from(recipient).ok().and_then(|number| mail.recipients.get(number));
            address.map_or_else(|| Some(Vec::new()), |address| table.of_people(address, scheme, now))
        }
        Question::OwnKeys { scheme } => {
            mail.from().map_or_else(|| Some(Vec::new()), |address| table.of_ours(address, scheme, now))
        }
    };
    let Some(keys) = keys else { return Told::Untold("a certificate could not be judged".to_owned()) };
    // Beside a key that nobody may use there may be a good one, or the authority that it lacks.
    match is_partial && !keys.iter().any(|key| is_good(key, question, mail.now_s)) {
        true => Told::Untold("some files of keys cannot be read".to_owned()),
        false => Told::Known(keys),
    }
}

/// Whether a key is as it should be, whatever the rules say of it.
fn is_good(key: &Key, question: &Question, now_s: i64) -> bool {
    let is_for = match question {
        Question::RecipientKeys { .. } => key.encrypts,
        Question::OwnKeys { .. } => key.signs,
    };
    let is_of_today =
        key.not_before_s.is_none_or(|from| from <= now_s) && key.not_after_s.is_none_or(|until| now_s <= until);
    is_for && is_of_today && matches!(key.trust, Trust::Trusted | Trust::Unknown { .. })
}
