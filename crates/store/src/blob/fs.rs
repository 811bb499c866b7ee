//! Blobs in a folder, written with fsync of file and folder.

use object_store::ObjectStore;
use object_store::local::LocalFileSystem;
use policy::{Fault, FaultCode};
use std::error::Error;
use std::io;
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

/// Linux and BSD: no space left; over quota (errno(3)).
const ENOSPC: i32 = 28;
const EDQUOT: i32 = 122;

/// A folder of blobs, two levels deep.
pub(crate) struct Folder {
    root: PathBuf,
    store: LocalFileSystem,
}

impl Folder {
    pub(crate) fn open(root: &Path) -> Result<Folder, Fault> {
        crate::dialect::create_folder(root)?;
        let store = LocalFileSystem::new_with_prefix(root)
            .map_err(|error| Fault::temporary(FaultCode::BlobUnavailable, error.to_string()))?
            // Off by default there; without it an acknowledged mail could be lost with the power.
            .with_fsync(true);
        Ok(Folder { root: root.to_owned(), store })
    }

    pub(crate) fn store(&self) -> &dyn ObjectStore {
        &self.store
    }

    /// Listed by ourselves: the store's own list leaves out files that a crash broke off.
    pub(crate) async fn older_than(&self, age: Duration) -> Result<Vec<String>, Fault> {
        let root = self.root.clone();
        let listed = tokio::task::spawn_blocking(move || list(&root, age)).await;
        let listed = listed.map_err(|_| Fault::temporary(FaultCode::BlobUnavailable, "listing was broken off"))?;
        listed.map_err(|error| Fault::temporary(FaultCode::BlobUnavailable, error.to_string()))
    }

    pub(crate) fn remove_leftover(&self, name: &str) -> Result<(), Fault> {
        match std::fs::remove_file(self.root.join(name)) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => {
                Err(Fault::temporary(FaultCode::BlobUnavailable, error.to_string()))
            }
            _ => Ok(()),
        }
    }
}

/// Files of the second level that were last changed longer ago than `age`.
fn list(root: &Path, age: Duration) -> io::Result<Vec<String>> {
    let now = SystemTime::now();
    let mut names = Vec::new();
    for folder in std::fs::read_dir(root)? {
        let folder = folder?;
        if !folder.file_type()?.is_dir() {
            continue;
        }
        for file in std::fs::read_dir(folder.path())? {
            let file = file?;
            let Ok(meta) = file.metadata() else { continue };
            let old = now.duration_since(meta.modified()?).is_ok_and(|past| past > age);
            if meta.is_file() && old {
                names.push(format!("{}/{}", folder.file_name().to_string_lossy(), file.file_name().to_string_lossy()));
            }
        }
    }
    Ok(names)
}

/// Looks for the operating system's word below the layers of the blob store.
pub(crate) fn is_disk_full(error: &object_store::Error) -> bool {
    let mut cause: Option<&dyn Error> = Some(error);
    while let Some(error) = cause {
        if let Some(io) = error.downcast_ref::<io::Error>() {
            return matches!(io.raw_os_error(), Some(ENOSPC | EDQUOT));
        }
        cause = error.source();
    }
    false
}
