//! With what the mail of each mailbox is opened.

use super::Lasting;
use crate::command::Failure;
use crate::settings::{Opening, Settings};
use engine::cell::{Cells, MailReader};
use engine::keys::Openers;
use engine::opening::{Keyring, OpeningSettings};
use engine::outside::News;
use seal::keyfile::Password;
use std::collections::HashMap;
use std::sync::Arc;
use store::Store;

/// What reads stored mails, with the keys that the settings name.
pub(super) async fn reader(
    settings: &Settings,
    store: &Store,
    cells: &Cells,
    lasting: &Lasting,
) -> Result<MailReader, Failure> {
    lasting.openings.swap(all(settings, (store, lasting), cells).await?);
    Ok(shared(cells, lasting))
}

/// The same with the keys that are in place, also later.
pub(super) fn shared(cells: &Cells, lasting: &Lasting) -> MailReader {
    MailReader::new(cells.clone(), lasting.openings.clone())
}

/// The keys of each mailbox that has some. A folder is read once, however many mailboxes it is for.
///
/// # Errors
/// Those of [`Keyring::start`], and when nobody can be asked about revocation as they say.
pub(super) async fn all(
    settings: &Settings,
    (store, lasting): (&Store, &Lasting),
    cells: &Cells,
) -> Result<HashMap<String, Arc<Keyring>>, Failure> {
    let mut read: Vec<(&Opening, Arc<Keyring>)> = Vec::new();
    let openers = super::openers(settings, store).await?;
    let mut all = HashMap::new();
    for mailbox in &settings.mailboxes {
        let Some(opening) = &mailbox.opening else { continue };
        let known = read.iter().find(|(of, _)| *of == opening).map(|(_, keyring)| keyring.clone());
        let keys = match known {
            Some(known) => known,
            None => {
                let news = lasting.outsiders.news(opening.news.as_ref(), cells)?;
                keyring(opening, openers.clone(), news).await?
            }
        };
        read.push((opening, keys.clone()));
        all.insert(mailbox.name.clone(), keys);
    }
    Ok(all)
}

/// Reading a folder blocks, and passwords take their time. `news`: who is asked about revocation.
pub(super) async fn keyring(of: &Opening, openers: Openers, news: Option<News>) -> Result<Arc<Keyring>, Failure> {
    let settings = OpeningSettings {
        keys: of.keys.clone(),
        passwords: of.password.iter().map(|password| Password::new(password.0.clone())).collect(),
        openers,
        opens_legacy: of.opens_legacy,
        trusts_unknown: of.trusts_unknown,
        stale_days_max: of.stale_days_max,
        trusts_system: of.trusts_system,
        news,
    };
    let read = tokio::task::spawn_blocking(move || Keyring::start(settings)).await;
    let read = read.map_err(|error| Failure::new(format!("the folder of keys cannot be read: {error}")))?;
    Ok(Arc::new(read?))
}
