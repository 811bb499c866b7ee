//! `sealpost key remove`: the files of one key go.

use super::super::{Failure, print_object};
use super::Keys;
use super::inventory::{Held, held, named};
use super::keep::opened;
use engine::keys::{KeyFolder, KeyUri, Openers};
use seal::keyfile::{Item, Password, read};
use seal::verdict::fingerprint;
use serde_json::json;
use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use store::KeyFiles;
use zeroize::Zeroizing;

/// # Errors
/// When there is no such key, or its file holds others, too.
pub fn run(keys: &Keys, openers: &Openers, written: &str) -> Result<(), Failure> {
    let passwords = keys.passwords()?;
    let mut folder = keys.read(openers)?;
    let name = named(&folder, written)?.fingerprint();
    let mut removed = BTreeSet::new();
    // The same certificate may stand in several files, of which the folder tells the first.
    while let Some(held) = held(&folder).into_iter().find(|held| held.fingerprint() == name) {
        let files = files(&folder, &held);
        for file in &files {
            if holds_others(&keys.folder.join(file), openers.vault.as_ref(), &passwords, &held)? {
                let file = keys.folder.join(file);
                return Err(Failure::new(format!(
                    "{} holds other keys, too, and stays; take it apart first",
                    file.display()
                )));
            }
        }
        for file in files {
            let path = keys.folder.join(&file);
            fs::remove_file(&path)
                .map_err(|error| Failure::new(format!("{}: cannot be removed: {error}", path.display())))?;
            removed.insert(file);
        }
        folder = KeyFolder::read_with(&keys.folder, &passwords, openers);
    }
    print_object(&json!({ "fingerprint": name, "removed": removed }))
}

/// Where it stands: a certificate may have its private key in a file of its own.
fn files(folder: &KeyFolder, held: &Held<'_>) -> BTreeSet<PathBuf> {
    let mut files = BTreeSet::new();
    match held {
        Held::Pgp { origin, .. } => {
            files.insert(origin.file.clone());
        }
        Held::Certificate { certificate, origin, .. } => {
            files.insert(origin.file.clone());
            let of_it = |own: &&engine::keys::OwnKey| own.certificate.der() == certificate.der();
            let is_shared = |own: &engine::keys::OwnKey| {
                folder
                    .own
                    .iter()
                    .any(|other| other.key_file == own.key_file && other.certificate.der() != certificate.der())
            };
            // A key that another certificate needs stays.
            files.extend(folder.own.iter().filter(of_it).filter(|own| !is_shared(own)).map(|own| own.key_file.clone()));
        }
    }
    files
}

fn holds_others(
    path: &Path,
    vault: Option<&KeyFiles>,
    passwords: &[Password],
    held: &Held<'_>,
) -> Result<bool, Failure> {
    let bytes = fs::read(path).map_err(|error| Failure::new(format!("{}: cannot be read: {error}", path.display())))?;
    // What the token keeps stays there.
    if KeyUri::is_one(&bytes) {
        return Ok(false);
    }
    let found = read(&opened(Zeroizing::new(bytes), vault)?, passwords);
    let is_other = |item: &Item| match (item, held) {
        (Item::Certificate(one), Held::Certificate { certificate, .. }) => fingerprint(one) != fingerprint(certificate),
        (Item::PrivateKey(key), Held::Certificate { certificate, .. }) => key.public != *certificate.key(),
        (Item::PgpPublic(one) | Item::PgpSecret(one), Held::Pgp { certificate, .. }) => {
            one.fingerprint != certificate.fingerprint
        }
        _ => true,
    };
    // What cannot be used may still be needed by somebody.
    Ok(!found.faults.is_empty() || found.items.iter().any(is_other))
}
