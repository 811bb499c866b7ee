//! Where files of keys are put, and how: whole or not at all, and never over another.

use super::super::Failure;
use std::fs;
use std::io::Write;
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

/// Where something belongs in the folder of keys.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub enum Shelf {
    /// Ours, with private keys.
    Own,
    /// Of people to whom we write.
    People,
    /// Anchors of trust.
    Trusted,
}

impl Shelf {
    pub fn folder(self) -> &'static str {
        match self {
            Shelf::Own => engine::keys::OWN,
            Shelf::People => engine::keys::PEOPLE,
            Shelf::Trusted => engine::keys::TRUSTED,
        }
    }
}

/// Who may read a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Readers {
    /// Nobody but its owner: it holds a private key.
    Owner,
    Everybody,
}

/// What came of writing a file.
#[derive(Debug, PartialEq, Eq)]
pub enum Written {
    /// Its name below the folder of keys.
    New(PathBuf),
    /// A file of this name is there.
    Taken(PathBuf),
}

/// Writes a file of this name onto a shelf. A file that is there stays.
///
/// # Errors
/// When the folder takes no file.
pub fn put(folder: &Path, shelf: Shelf, name: &str, bytes: &[u8], readers: Readers) -> Result<Written, Failure> {
    let below = Path::new(shelf.folder());
    let cannot = |error: std::io::Error| {
        Failure::new(format!("{}: cannot write a key there: {error}", folder.join(below).display()))
    };
    let mode = if shelf == Shelf::Own { 0o700 } else { 0o755 };
    fs::DirBuilder::new().recursive(true).mode(mode).create(folder.join(below)).map_err(cannot)?;
    let name = below.join(name);
    let path = folder.join(&name);
    // A name that begins with a full stop is never read as a key.
    let beside = path.with_file_name(format!(".{}.new", uuid::Uuid::now_v7()));
    let written = write(&beside, bytes, readers).and_then(|()| match fs::hard_link(&beside, &path) {
        Err(error) if error.kind() == std::io::ErrorKind::AlreadyExists => Ok(Written::Taken(name.clone())),
        linked => linked.map(|()| Written::New(name.clone())),
    });
    let removed = fs::remove_file(&beside);
    let written = written.map_err(cannot)?;
    removed.map_err(cannot)?;
    fs::File::open(folder.join(below)).and_then(|dir| dir.sync_all()).map_err(cannot)?;
    Ok(written)
}

fn write(path: &Path, bytes: &[u8], readers: Readers) -> std::io::Result<()> {
    let mode = if readers == Readers::Owner { 0o600 } else { 0o644 };
    let mut file = fs::OpenOptions::new().write(true).create_new(true).mode(mode).open(path)?;
    file.write_all(bytes)?;
    file.sync_all()
}
