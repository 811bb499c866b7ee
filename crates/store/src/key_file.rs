//! Files of private keys that the vault seals: they stand in a folder, and a copy of the folder alone opens nothing.

use crate::Store;
use crate::vault::seal::{Place, SealingKey, key_of};
use policy::{Fault, FaultCode};
use std::sync::Arc;
use zeroize::Zeroizing;

/// What every such file begins with; a number, the version of what follows, and the end of the line stand behind it.
const MARK: &[u8] = b"sealpost key file ";
/// A piece of the vault: its version, the id of its key, the nonce, the ciphertext and the proof.
const VERSION_1: &[u8] = b"1\n";
/// So that nothing else that the vault sealed opens as such a file, nor such a file as something else.
const PLACE: Place<'_> = Place { site: "", table: "key_files", row: "", field: "private" };

/// The keys of the key book that seal and open files of private keys. Cheap to clone; it asks no database.
#[derive(Clone)]
pub struct KeyFiles {
    /// The newest first, by which new files are sealed; there is at least one.
    keys: Arc<Vec<Arc<SealingKey>>>,
}

impl KeyFiles {
    /// Whether a file says of itself that the vault sealed it.
    pub fn is_one(file: &[u8]) -> bool {
        file.starts_with(MARK)
    }

    /// The bytes of a file that holds `plain`.
    ///
    /// # Errors
    /// When the system gives no random numbers.
    pub fn seal(&self, plain: &[u8]) -> Result<Vec<u8>, Fault> {
        let newest = self.keys.first();
        let newest = newest
            .ok_or_else(|| Fault::permanent(FaultCode::KeyUnavailable, "the key book has no key for files of keys"))?;
        Ok([MARK, VERSION_1, &newest.seal(PLACE, plain)?].concat())
    }

    /// What a file holds.
    ///
    /// # Errors
    /// Permanent `KeyUnavailable` when this vault did not seal it, and permanent `StoreCorrupt` when it was changed.
    pub fn open(&self, file: &[u8]) -> Result<Zeroizing<Vec<u8>>, Fault> {
        const OTHER: &str = "a file of keys is of another version or was sealed by another vault";
        let other = || Fault::permanent(FaultCode::KeyUnavailable, OTHER);
        let piece = file.strip_prefix(MARK).and_then(|rest| rest.strip_prefix(VERSION_1)).ok_or_else(other)?;
        let id = key_of(piece).ok_or_else(other)?;
        let key = self.keys.iter().find(|key| key.id() == id).ok_or_else(other)?;
        key.open(PLACE, piece).map(Zeroizing::new)
    }
}

impl Store {
    /// What seals and opens files of private keys. The key book gets a key for that when it has none.
    ///
    /// # Errors
    /// When the key book cannot be read or written.
    pub async fn key_files(&self) -> Result<KeyFiles, Fault> {
        Ok(KeyFiles { keys: Arc::new(self.inner.vault.key_file_keys().await?) })
    }
}
