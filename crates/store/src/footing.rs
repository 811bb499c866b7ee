//! Whether the files that are open are still those that their paths lead to.

use policy::{Fault, FaultCode};
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

/// Device and inode: what a file is, whatever it is called.
type Identity = (u64, u64);

/// Open files by path, each with what it was when it was opened. A file that is removed or replaced under an open
/// database takes every later commit with it, although each of them succeeds.
#[derive(Debug, Clone, Default)]
pub(crate) struct Footing {
    files: Vec<(PathBuf, Identity)>,
}

impl Footing {
    /// Of these files, those that exist. SQLite's log and its index are there as long as one connection is open.
    pub(crate) fn of<'a>(paths: impl IntoIterator<Item = &'a Path>) -> Footing {
        let files = paths.into_iter().filter_map(|path| Some((path.to_owned(), identity(path)?)));
        Footing { files: files.collect() }
    }

    pub(crate) fn with(mut self, other: Footing) -> Footing {
        self.files.extend(other.files);
        self
    }

    /// Are all of them still there?
    pub(crate) fn check(&self) -> Result<(), Fault> {
        match self.files.iter().find(|(path, known)| identity(path) != Some(*known)) {
            None => Ok(()),
            Some((path, _)) => {
                let why = "A database file was removed or replaced while it was open, so the store takes nothing more. \
                           Put all files of the database back as they were before anything is started on it; once \
                           something was, an old log does harm: then restore a backup.";
                Err(Fault::temporary(FaultCode::StoreUnavailable, path.display().to_string()).with_public(why))
            }
        }
    }
}

fn identity(path: &Path) -> Option<Identity> {
    std::fs::metadata(path).ok().map(|file| (file.dev(), file.ino()))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn fault_11_a_file_that_was_removed_or_replaced_is_noticed() {
        let folder = tempfile::tempdir().unwrap();
        let [one, other, never] = ["one", "other", "never"].map(|name| folder.path().join(name));
        std::fs::write(&one, "1").unwrap();
        std::fs::write(&other, "2").unwrap();
        let footing = Footing::of([one.as_path(), &never]).with(Footing::of([other.as_path()]));
        footing.check().unwrap();
        std::fs::write(&one, "written to").unwrap();
        footing.check().unwrap();
        std::fs::rename(&other, folder.path().join("away")).unwrap();
        assert_eq!(footing.check().unwrap_err().code, FaultCode::StoreUnavailable);
        std::fs::write(&other, "2").unwrap();
        assert!(footing.check().is_err(), "another file of the same name is not the same file");
        std::fs::rename(folder.path().join("away"), &other).unwrap();
        footing.check().unwrap();
    }
}
