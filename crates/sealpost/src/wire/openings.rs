//! With what the mail of each mailbox is opened.

use super::Lasting;
use crate::command::Failure;
use crate::settings::{Opening, Settings};
use engine::cell::{Cells, MailReader};
use engine::keys::Openers;
use engine::opening::{Keyring, OpeningSettings};
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
    lasting.openings.swap(all(settings, store).await?);
    Ok(shared(cells, lasting))
}

/// The same with the keys that are in place, also later.
pub(super) fn shared(cells: &Cells, lasting: &Lasting) -> MailReader {
    MailReader::new(cells.clone(), lasting.openings.clone())
}

/// The keys of each mailbox that has some. A folder is read once, however many mailboxes it is for.
///
/// # Errors
/// Those of [`Keyring::start`].
pub(super) async fn all(settings: &Settings, store: &Store) -> Result<HashMap<String, Arc<Keyring>>, Failure> {
    let mut read: Vec<(&Opening, Arc<Keyring>)> = Vec::new();
    let openers = super::openers(settings, store).await?;
    let mut all = HashMap::new();
    for mailbox in &settings.mailboxes {
        let Some(opening) = &mailbox.opening else { continue };
        let known = read.iter().find(|(of, _)| *of == opening).map(|(_, keyring)| keyring.clone());
        let keys = match known {
            Some(known) => known,
            None => keyring(opening, openers.clone()).await?,
        };
        read.push((opening, keys.clone()));
        all.insert(mailbox.name.clone(), keys);
    }
    Ok(all)
}

/// Reading a folder blocks, and passwords take their time.
pub(super) async fn keyring(of: &Opening, openers: Openers) -> Result<Arc<Keyring>, Failure> {
    let settings = OpeningSettings {
        keys: of.keys.clone(),
        passwords: of.password.iter().map(|password| Password::new(password.0.clone())).collect(),
        openers,
        opens_legacy: of.opens_legacy,
        trusts_unknown: of.trusts_unknown,
    };
    let read = tokio::task::spawn_blocking(move || Keyring::start(settings)).await;
    let read = read.map_err(|error| Failure::new(format!("the folder of keys cannot be read: {error}")))?;
    Ok(Arc::new(read?))
}
