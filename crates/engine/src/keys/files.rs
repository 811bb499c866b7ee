//! The files of a folder and those below it, in the order of their names.

use super::{PEOPLE, TRUSTED, Trouble, Why};
use seal::keyfile::FILE_BYTES_MAX;
use std::fs;
use std::io::Read;
use std::path::{Path, PathBuf};
use zeroize::Zeroizing;

/// Folders within folders.
const DEPTH_MAX: usize = 8;
const FILES_MAX: usize = 100_000;

pub(super) struct File {
    /// Below the folder of keys.
    pub(super) name: PathBuf,
    pub(super) bytes: Result<Zeroizing<Vec<u8>>, Why>,
    /// The bits of its mode that say who may read it.
    pub(super) mode: u32,
}

impl File {
    pub(super) fn is_trusted(&self) -> bool {
        self.name.starts_with(TRUSTED)
    }

    pub(super) fn is_of_people(&self) -> bool {
        self.name.starts_with(PEOPLE)
    }
}

/// Each file, read when it is asked for; and what was in the way of finding all of them.
pub(super) fn files(dir: &Path) -> (impl Iterator<Item = File>, Vec<Trouble>) {
    let mut names = Vec::new();
    let mut troubles = Vec::new();
    walk(dir, Path::new(""), 0, &mut names, &mut troubles);
    let dir = dir.to_owned();
    (names.into_iter().map(move |name| read(&dir, name)), troubles)
}

/// What changes when a file of the folder does, or the file itself where it is one: names, sizes and times of all of them.
pub fn stamp(path: &Path) -> Vec<u8> {
    let mut names = Vec::new();
    match path.is_dir() {
        true => walk(path, Path::new(""), 0, &mut names, &mut Vec::new()),
        false => names.push(PathBuf::new()),
    }
    let mut stamp = Vec::new();
    for name in names {
        let place = if name.as_os_str().is_empty() { path.to_owned() } else { path.join(&name) };
        stamp.extend_from_slice(name.as_os_str().as_encoded_bytes());
        if let Ok(about) = fs::metadata(place) {
            let changed = about.modified().ok().and_then(|at| at.duration_since(std::time::UNIX_EPOCH).ok());
            stamp.extend_from_slice(&about.len().to_le_bytes());
            stamp.extend_from_slice(&changed.unwrap_or_default().as_nanos().to_le_bytes());
        }
    }
    stamp
}

fn walk(dir: &Path, below: &Path, depth: usize, names: &mut Vec<PathBuf>, troubles: &mut Vec<Trouble>) {
    let mut trouble = |why: Why| troubles.push(Trouble { file: below.to_owned(), why });
    if depth > DEPTH_MAX {
        return trouble(Why::TooMany);
    }
    let listed = fs::read_dir(dir.join(below)).and_then(|all| all.collect::<Result<Vec<_>, _>>());
    let mut listed = match listed {
        Ok(listed) => listed,
        Err(error) => return trouble(Why::Unreadable(error.to_string())),
    };
    listed.sort_by_key(fs::DirEntry::file_name);
    for entry in listed {
        if entry.file_name().as_encoded_bytes().starts_with(b".") {
            continue;
        }
        if names.len() >= FILES_MAX {
            return troubles.push(Trouble { file: below.to_owned(), why: Why::TooMany });
        }
        let name = below.join(entry.file_name());
        match entry.file_type() {
            Ok(kind) if kind.is_dir() => walk(dir, &name, depth + 1, names, troubles),
            // A link to a file is followed, one to a folder is not: it could lead in a circle.
            Ok(kind) if kind.is_symlink() && dir.join(&name).is_dir() => {}
            Ok(_) => names.push(name),
            Err(error) => troubles.push(Trouble { file: name, why: Why::Unreadable(error.to_string()) }),
        }
    }
}

fn read(dir: &Path, name: PathBuf) -> File {
    let path = dir.join(&name);
    match bytes_and_mode(&path) {
        Ok((bytes, mode)) => File { name, bytes: Ok(bytes), mode },
        Err(error) => File { name, bytes: Err(Why::Unreadable(error.to_string())), mode: 0 },
    }
}

fn bytes_and_mode(path: &Path) -> std::io::Result<(Zeroizing<Vec<u8>>, u32)> {
    // A pipe would wait for ever.
    if !fs::metadata(path)?.is_file() {
        return Err(std::io::Error::other("it is no file"));
    }
    let mut file = fs::File::open(path)?;
    let about = file.metadata()?;
    // One byte more shows that it is too large.
    let most = u64::try_from(FILE_BYTES_MAX).unwrap_or(u64::MAX) + 1;
    let mut bytes = Zeroizing::new(Vec::with_capacity(usize::try_from(about.len().min(most)).unwrap_or(0)));
    (&mut file).take(most).read_to_end(&mut bytes)?;
    Ok((bytes, mode(&about)))
}

#[cfg(unix)]
fn mode(about: &fs::Metadata) -> u32 {
    use std::os::unix::fs::PermissionsExt;
    about.permissions().mode() & 0o777
}

#[cfg(not(unix))]
fn mode(_about: &fs::Metadata) -> u32 {
    0
}
