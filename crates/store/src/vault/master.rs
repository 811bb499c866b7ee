//! The master key: where it comes from, and why one that others could read is refused.

use super::seal::{KEY_BYTES, KeyId, SealingKey, new_key};
use aws_lc_rs::hmac;
use data_encoding::HEXLOWER_PERMISSIVE;
use policy::{Fault, FaultCode};
use std::fs::{File, OpenOptions};
use std::io::{Read, Write};
use std::os::unix::fs::{OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};
use zeroize::Zeroizing;

/// Permission bits of group and others.
const OTHERS: u32 = 0o077;
/// Permission to write of group and others.
const WRITE_OF_OTHERS: u32 = 0o022;
/// A key file is one line; anything longer is the wrong file.
const FILE_BYTES_MAX: u64 = 256;

/// Where the master key comes from. A new provider is one variant here and its arm in [`KeyProvider::master`].
#[derive(Debug, Clone)]
pub(crate) enum KeyProvider {
    /// 32 bytes as hex in a file that only its owner can read.
    File(PathBuf),
}

impl KeyProvider {
    /// The key that wraps the key book's keys. Its id is derived from it, so another key is noticed before it is used.
    pub(crate) async fn master(&self) -> Result<SealingKey, Fault> {
        match self {
            KeyProvider::File(path) => {
                let bytes = read(path)?;
                SealingKey::new(id_of(bytes.as_slice()), bytes.as_slice())
            }
        }
    }
}

/// Writes a new master key, 32 random bytes as hex, to a file with mode 0600 that must not exist yet; missing folders are
/// created. Durable when it returns: what is sealed under a key that is lost is lost too.
pub fn create_master_key(path: &Path) -> Result<(), Fault> {
    let failed = |error: std::io::Error| {
        Fault::permanent(
            FaultCode::KeyUnavailable,
            format!("creating the master key's file {}: {error}", path.display()),
        )
    };
    let folder = match path.parent() {
        Some(folder) if !folder.as_os_str().is_empty() => folder,
        _ => Path::new("."),
    };
    crate::dialect::create_folder(folder)?;
    let mut line = Zeroizing::new(HEXLOWER_PERMISSIVE.encode(new_key()?.as_slice()));
    line.push('\n');
    let mut file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(path).map_err(failed)?;
    file.write_all(line.as_bytes()).map_err(failed)?;
    file.sync_all().map_err(failed)?;
    File::open(folder).and_then(|folder| folder.sync_all()).map_err(failed)
}

fn read(path: &Path) -> Result<Zeroizing<Vec<u8>>, Fault> {
    let refused = |public: String, detail: String| {
        Err(Fault::permanent(FaultCode::KeyUnavailable, format!("{}: {detail}", path.display())).with_public(public))
    };
    let file = match File::open(path) {
        Ok(file) => file,
        Err(error) => {
            let why = "The master key's file cannot be opened. Restore it from where it is kept apart, or create one for a \
                       new, empty store.";
            return refused(why.into(), error.to_string());
        }
    };
    // Asked of the open file, not of the path, so that it cannot be exchanged in between.
    let mode = match file.metadata() {
        Ok(meta) => meta.permissions().mode() & 0o7777,
        Err(error) => {
            return refused("The master key's file cannot be examined.".into(), error.to_string());
        }
    };
    if mode & OTHERS != 0 {
        let why = format!(
            "The master key's file can be read or changed by others (mode {mode:04o}). Run `chmod 600` on it, and \
             consider whether somebody has read it."
        );
        return refused(why, format!("mode {mode:04o}"));
    }
    if let Some(mode) = folder_open_to_others(path) {
        let why = format!(
            "Others could put another file in the place of the master key's: its folder has mode {mode:04o}. Run \
             `chmod go-w` on the folder."
        );
        return refused(why, format!("folder of mode {mode:04o}"));
    }
    let mut text = Zeroizing::new(String::new());
    if let Err(error) = file.take(FILE_BYTES_MAX).read_to_string(&mut text) {
        return refused("The master key's file cannot be read.".into(), error.kind().to_string());
    }
    match HEXLOWER_PERMISSIVE.decode(text.trim().as_bytes()) {
        Ok(bytes) if bytes.len() == KEY_BYTES => Ok(Zeroizing::new(bytes)),
        _ => refused("The master key's file must hold 32 bytes as 64 hex digits.".into(), "wrong form".into()),
    }
}

/// The mode of the file's folder when others may exchange what is in it. A sticky folder, as secrets are mounted in, lets
/// only the owner do that.
fn folder_open_to_others(path: &Path) -> Option<u32> {
    const STICKY: u32 = 0o1000;
    let folder = path.canonicalize().ok()?.parent()?.to_owned();
    let mode = std::fs::metadata(folder).ok()?.permissions().mode() & 0o7777;
    (mode & WRITE_OF_OTHERS != 0 && mode & STICKY == 0).then_some(mode)
}

fn id_of(key: &[u8]) -> KeyId {
    let tag = hmac::sign(&hmac::Key::new(hmac::HMAC_SHA256, key), b"sealpost master key id");
    let mut id = KeyId::default();
    let length = id.len();
    id.copy_from_slice(&tag.as_ref()[..length]);
    id
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[tokio::test]
    async fn sec_50_the_master_key_must_be_private_and_whole() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("new/master.key");
        create_master_key(&path).unwrap();
        assert_eq!(std::fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
        assert!(create_master_key(&path).is_err(), "a key must never be overwritten");
        let provider = KeyProvider::File(path.clone());
        let id = provider.master().await.unwrap().id();
        assert_eq!(provider.master().await.unwrap().id(), id);
        for mode in [0o640, 0o604, 0o620, 0o602, 0o610, 0o601, 0o660, 0o666, 0o644] {
            std::fs::set_permissions(&path, std::fs::Permissions::from_mode(mode)).unwrap();
            let Err(fault) = provider.master().await else { panic!("mode {mode:o} was accepted") };
            assert_eq!(fault.code, FaultCode::KeyUnavailable);
            assert!(fault.public.contains("chmod 600"), "{}", fault.public);
        }
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o600)).unwrap();
        for wrong in ["", "00", "zz", &"0".repeat(63), &"0".repeat(66), &"g".repeat(64)] {
            std::fs::write(&path, wrong).unwrap();
            assert!(provider.master().await.is_err(), "{wrong:?} was accepted");
        }
        std::fs::write(&path, "0".repeat(64)).unwrap();
        let folder_mode = |mode| {
            std::fs::set_permissions(path.parent().unwrap(), std::fs::Permissions::from_mode(mode)).unwrap();
        };
        for mode in [0o720, 0o702, 0o777] {
            folder_mode(mode);
            let Err(fault) = provider.master().await else { panic!("a folder of mode {mode:o} was accepted") };
            assert!(fault.public.contains("chmod go-w"), "{}", fault.public);
        }
        for mode in [0o1777, 0o755, 0o700] {
            folder_mode(mode);
            assert!(provider.master().await.is_ok(), "a folder of mode {mode:o} was refused");
        }
        std::fs::remove_file(&path).unwrap();
        let Err(fault) = provider.master().await else { panic!("a missing key was accepted") };
        assert!(fault.detail.contains("master.key"), "{}", fault.detail);
        assert!(!fault.public.contains("master.key"), "paths do not belong in public texts");
    }
}
