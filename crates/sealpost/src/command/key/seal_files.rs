//! `sealpost key seal-files`: files with private keys become ones that the vault seals, one line of JSON each.

use super::super::{Failure, print};
use super::generate::Chance;
use super::keep::{SEALED, opened};
use super::{Keys, fault};
use engine::keys::{KeyFolder, Openers};
use seal::keyfile::{Found, Item, Password, pem, read};
use seal::pgp::relocked;
use seal::smime::PublicKey;
use serde_json::{Value, json};
use std::collections::BTreeSet;
use std::fs;
use std::io::Write;
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};
use store::KeyFiles;
use zeroize::Zeroizing;

/// # Errors
/// When no vault is at hand, or a file could not be sealed; the others were, and a file that was not stays as it is.
pub fn run(keys: &Keys, openers: &Openers) -> Result<(), Failure> {
    let vault = openers.vault.as_ref().ok_or_else(|| {
        Failure::new("it is the vault that seals files; name the settings of the gateway by --config FILE")
    })?;
    let passwords = keys.passwords()?;
    let folder = keys.read(openers)?;
    let mut is_wrong = folder.faults().any(|trouble| trouble.why != engine::keys::Why::Alone);
    for file in in_other_forms(&folder) {
        let path = keys.folder.join(&file);
        let mut line = json!({ "file": file });
        match seal(&path, vault, &passwords) {
            Ok(sealed) => line["sealed"] = json!(sealed.strip_prefix(&keys.folder).unwrap_or(&sealed)),
            Err(failure) => {
                is_wrong = true;
                line["error"] = json!(failure.text);
            }
        }
        print(&format!("{line}\n"))?;
    }
    if is_wrong { Err(Failure::told()) } else { Ok(()) }
}

/// The files with private keys that open and that the vault did not seal.
fn in_other_forms(folder: &KeyFolder) -> BTreeSet<PathBuf> {
    let own = folder.own.iter().map(|own| &own.key_file);
    let alone = folder.alone.iter().map(|(_, origin)| &origin.file);
    let pgp = folder.own_pgp.iter().map(|(_, origin)| &origin.file);
    own.chain(alone)
        .chain(pgp)
        .filter(|file| !folder.sealed.contains(*file) && !folder.in_tokens.contains(*file))
        .cloned()
        .collect()
}

/// The new file is whole, on the disk, and reads back as what the old one held, before the old one goes.
fn seal(path: &Path, vault: &KeyFiles, passwords: &[Password]) -> Result<PathBuf, Failure> {
    let said = |what: &str, error: std::io::Error| Failure::new(format!("{}: {what}: {error}", path.display()));
    let bytes = Zeroizing::new(fs::read(path).map_err(|error| said("cannot be read", error))?);
    let before = read(&bytes, passwords);
    if let Some(first) = before.faults.first() {
        return Err(Failure::new(format!("something in it cannot be used, so it stays: {}", fault(first))));
    }
    let plain = without_passwords(&bytes, &before, passwords)?;
    let mut name = path.file_name().unwrap_or_default().to_owned();
    name.push(format!(".{SEALED}"));
    let to = path.with_file_name(name);
    write_new(&to, &vault.seal(&plain)?)?;
    let kept = Zeroizing::new(fs::read(&to).map_err(|error| said("what was written cannot be read again", error))?);
    let after = read(&opened(kept, Some(vault))?, &[]);
    if !after.faults.is_empty() || told(&after) != told(&before) {
        return Err(Failure::new(format!("{} does not hold the same keys, so both files stay", to.display())));
    }
    fs::remove_file(path).map_err(|error| said("is sealed, but cannot be removed", error))?;
    synced(path)?;
    Ok(to)
}

/// What is in a file, without its private parts' form.
fn told(found: &Found) -> Vec<Value> {
    let public = |key: &PublicKey| seal::verdict::algorithm(key) + &super::fingerprint_of_key(key);
    let mut told: Vec<Value> = Vec::new();
    for item in &found.items {
        told.push(match item {
            Item::Certificate(one) => json!(["certificate", seal::verdict::fingerprint(one)]),
            Item::PrivateKey(key) => json!(["private key", public(&key.public)]),
            Item::RevocationList(der) => json!(["list", super::sha256(der)]),
            Item::PgpPublic(one) => json!(["public", one.fingerprint, one.addresses]),
            Item::PgpSecret(one) => json!(["private", one.fingerprint, one.addresses]),
        });
    }
    told.sort_by_key(Value::to_string);
    told
}

/// The same content, with nothing in it under a password: nobody would have one at hand for it.
fn without_passwords(bytes: &[u8], found: &Found, passwords: &[Password]) -> Result<Zeroizing<Vec<u8>>, Failure> {
    let mut plain = Zeroizing::new(Vec::with_capacity(bytes.len()));
    let is_pgp = |item: &Item| matches!(item, Item::PgpPublic(_) | Item::PgpSecret(_));
    if found.items.iter().any(is_pgp) && !found.items.iter().all(is_pgp) {
        return Err(Failure::new("it holds keys of both schemes, so it stays; take it apart first"));
    }
    let passwords: Vec<&[u8]> = passwords.iter().map(|password| password.as_bytes()).collect();
    for item in &found.items {
        match item {
            Item::Certificate(one) => plain.extend_from_slice(pem("CERTIFICATE", one.der()).as_bytes()),
            Item::PrivateKey(key) => plain.extend_from_slice(pem("PRIVATE KEY", &key.pkcs8).as_bytes()),
            Item::RevocationList(der) => plain.extend_from_slice(pem("X509 CRL", der).as_bytes()),
            Item::PgpPublic(one) => plain.extend_from_slice(&one.bytes),
            Item::PgpSecret(one) => {
                let open = relocked(&one.bytes, &passwords, None, &mut Chance);
                plain.extend_from_slice(&open.map_err(|_| {
                    Failure::new(
                        "a private key of OpenPGP in it does not open, so it stays; name its password by --password",
                    )
                })?);
            }
        }
    }
    Ok(plain)
}

/// Whole or not at all, and never over another.
fn write_new(path: &Path, bytes: &[u8]) -> Result<(), Failure> {
    let cannot = |error: std::io::Error| Failure::new(format!("{}: cannot be written: {error}", path.display()));
    // A name that begins with a full stop is never read as a key.
    let beside = path.with_file_name(format!(".{}.new", uuid::Uuid::now_v7()));
    let written = fs::OpenOptions::new().write(true).create_new(true).mode(0o600).open(&beside).and_then(|mut file| {
        file.write_all(bytes)?;
        file.sync_all()?;
        fs::hard_link(&beside, path)
    });
    let removed = fs::remove_file(&beside);
    written.map_err(cannot)?;
    removed.map_err(cannot)?;
    synced(path)
}

fn synced(path: &Path) -> Result<(), Failure> {
    let folder = path.parent().unwrap_or(Path::new("."));
    let synced = fs::File::open(folder).and_then(|folder| folder.sync_all());
    synced.map_err(|error| Failure::new(format!("{}: cannot be synced: {error}", folder.display())))
}
