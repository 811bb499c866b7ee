//! Which folders of keys sites, relays and mailboxes name, so that their ends are told.

use crate::command::Failure;
use crate::settings::{Secret, Settings};
use engine::key_ends::{WatchedFolder, WatchedFolders};
use engine::keys::Openers;
use seal::keyfile::Password;
use std::path::Path;
use store::Store;

/// Each once, with all that its sites, relays and mailboxes know of it.
///
/// # Errors
/// When the key book cannot be read.
pub(super) async fn watched(settings: &Settings, store: &Store) -> Result<WatchedFolders, Failure> {
    let sites = settings.sites.iter().filter_map(|site| {
        let sealing = site.sealing.as_ref()?;
        Some((&*sealing.keys, sealing.password.as_ref(), &site.name))
    });
    let relays = settings.relays.iter().filter_map(|relay| {
        let sealing = relay.sealing.as_ref()?;
        Some((&*sealing.keys, sealing.password.as_ref(), &relay.site))
    });
    let opening_relays = settings.relays.iter().filter_map(|relay| {
        let opening = relay.opening.as_ref()?;
        Some((&*opening.keys, opening.password.as_ref(), &relay.site))
    });
    let mailboxes = settings.mailboxes.iter().filter_map(|mailbox| {
        let opening = mailbox.opening.as_ref()?;
        Some((&*opening.keys, opening.password.as_ref(), &mailbox.site))
    });
    let openers = super::openers(settings, store).await?;
    let mut folders: Vec<WatchedFolder> = Vec::new();
    for (keys, password, site) in sites.chain(relays).chain(opening_relays).chain(mailboxes) {
        let known = folders.iter_mut().find(|folder| folder.keys == keys);
        let folder = match known {
            Some(known) => known,
            None => {
                folders.push(new(keys, openers.clone()));
                let last = folders.len() - 1;
                &mut folders[last]
            }
        };
        add(folder, password, site);
    }
    Ok(WatchedFolders::new(folders))
}

fn new(keys: &Path, openers: Openers) -> WatchedFolder {
    WatchedFolder {
        name: keys.file_name().unwrap_or_default().to_string_lossy().into_owned(),
        keys: keys.to_owned(),
        passwords: Vec::new(),
        openers,
        sites: Vec::new(),
    }
}

fn add(folder: &mut WatchedFolder, password: Option<&Secret>, site: &str) {
    folder.passwords.extend(password.map(|password| Password::new(password.0.clone())));
    // A relay may be for no site.
    if !site.is_empty() && folder.sites.iter().all(|known| known != site) {
        folder.sites.push(site.to_owned());
    }
}
