//! The demo's folder: claimed by one process at a time, never one that holds other things, and filled with settings and keys.

use crate::command::Failure;
use crate::settings::{self, Settings};
use std::fs::{self, DirBuilder, File, OpenOptions, TryLockError};
use std::net::SocketAddr;
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

pub const PROFILE: &str = include_str!("../../../../../examples/profile.toml");

/// The account that the demo's gateway has at the desk.
pub const ACCOUNT: &str = "gateway@desk.example";

/// Where its token stands in the folder.
pub const DESK_TOKEN: &str = "keys/desk.token";

/// Names the files of a demo folder. The first says that the folder is a demo, and is locked while one runs in it.
const OURS: &str = "this-is-a-sealpost-demo";
const SETTINGS: &str = "sealpost.toml";
const FED: &str = "samples-fed";

/// A demo folder that is ours as long as this value lives.
pub struct Home {
    folder: PathBuf,
    /// Locked; the lock ends with the process, however it ends.
    _mark: File,
}

impl Home {
    /// Claims the folder, made when it is missing. Refused when it holds something else than a demo, or when a demo is
    /// running in it: two would write over each other's files.
    pub fn claim(folder: &Path) -> Result<Home, Failure> {
        // For the owner's eyes only: the desk keeps in clear what was mailed.
        let made = DirBuilder::new().recursive(true).mode(0o700).create(folder);
        made.map_err(|error| cannot("make", folder, &error))?;
        let folder = folder.canonicalize().map_err(|error| cannot("use", folder, &error))?;
        let mark = mark(&folder)?;
        match mark.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => {
                return Err(Failure::new(format!(
                    "a demo is running in {}; stop it first, or name another folder with --data",
                    folder.display()
                )));
            }
            Err(TryLockError::Error(error)) => return Err(cannot("lock", &folder.join(OURS), &error)),
        }
        let keys = folder.join("keys");
        let made = DirBuilder::new().recursive(true).mode(0o700).create(&keys);
        made.map_err(|error| cannot("make", &keys, &error))?;
        Ok(Home { folder, _mark: mark })
    }

    /// Removes what an earlier demo left, and nothing that a demo did not make.
    pub fn clear(&self) -> Result<(), Failure> {
        const FILES: [&str; 9] = [
            SETTINGS,
            "profile.toml",
            FED,
            "sealpost.db",
            "sealpost.db-wal",
            "sealpost.db-shm",
            "desk.db",
            "desk.db-wal",
            "desk.db-shm",
        ];
        // The master key last: without it what is left of an earlier demo could not be started.
        const KEYS: [&str; 5] = ["desk.token", "book.db", "book.db-wal", "book.db-shm", "master.key"];
        let keys = self.folder.join("keys");
        let files = FILES.iter().map(|name| self.folder.join(name)).chain(KEYS.iter().map(|name| keys.join(name)));
        let removed = files.map(|file| (fs::remove_file(&file), file));
        let folders = ["blobs", "desk-files"].map(|name| self.folder.join(name));
        let removed = removed.chain(folders.map(|folder| (fs::remove_dir_all(&folder), folder)));
        for (done, path) in removed {
            match done {
                Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
                    return Err(cannot("remove", &path, &error));
                }
                _ => {}
            }
        }
        Ok(())
    }

    pub fn file(&self, name: &str) -> PathBuf {
        self.folder.join(name)
    }

    pub fn settings_file(&self) -> PathBuf {
        self.file(SETTINGS)
    }

    /// Whether the sample mails went through this demo already.
    pub fn is_fed(&self) -> bool {
        self.file(FED).exists()
    }

    /// The samples are not sent again, or not at all.
    pub fn set_fed(&self) -> Result<(), Failure> {
        fs::write(self.file(FED), "").map_err(|error| cannot("write", &self.file(FED), &error))
    }

    /// The desk's token, made on the first start.
    pub fn desk_token(&self) -> Result<String, Failure> {
        let file = self.secret(DESK_TOKEN)?;
        fs::read_to_string(&file).map(|text| text.trim().to_string()).map_err(|error| cannot("read", &file, &error))
    }

    /// A file with a random secret and mode 0600.
    fn secret(&self, name: &str) -> Result<PathBuf, Failure> {
        let file = self.file(name);
        if !file.exists() {
            store::create_master_key(&file)?;
        }
        Ok(file)
    }

    /// Writes the settings file, so that every other command works on the demo too, and reads it like any other.
    pub fn settings(&self, desk: SocketAddr, places: &Places) -> Result<Settings, Failure> {
        self.secret("keys/master.key")?;
        let file = self.settings_file();
        fs::write(&file, settings_text(desk, places)).map_err(|error| cannot("write", &file, &error))?;
        let profile = self.file("profile.toml");
        if !profile.exists() {
            let text = PROFILE.replace("example.com", "desk.example");
            fs::write(&profile, text).map_err(|error| cannot("write", &profile, &error))?;
        }
        Ok(settings::load(&file)?)
    }
}

/// Where the demo's gateway listens.
pub struct Places {
    pub smtp: SocketAddr,
    pub console: SocketAddr,
    pub operations: SocketAddr,
}

fn settings_text(desk: SocketAddr, places: &Places) -> String {
    let Places { smtp, console, operations } = places;
    format!(
        "# Written by `sealpost demo` at each start.\n\
         [store]\ndatabase = \"sqlite:sealpost.db\"\nblobs = \"blobs\"\nkey_book = \"sqlite:keys/book.db\"\nmaster_key = \"file:keys/master.key\"\nfree_mib_min = 64\n\n\
         [console]\nlisten = \"{console}\"\n\n[operations]\nlisten = \"{operations}\"\n\n\
         [log]\nlevel = \"warn\"\nformat = \"text\"\n\n[cells]\nsandbox = \"reduced\"\n\n\
         [[site]]\nname = \"demo\"\napi_base = \"http://{desk}\"\nbrowse_base = \"http://{desk}\"\naccount = \"{ACCOUNT}\"\ntoken = \"file:keys/desk.token\"\nallow_private = true\nrequests_per_s = 0\n\n\
         [[mailbox]]\nname = \"support\"\nsite = \"demo\"\nlisten = \"{smtp}\"\nprofile = \"support\"\n\n\
         [[profile]]\nname = \"support\"\nfile = \"profile.toml\"\n"
    )
}

/// The file that marks the folder as a demo's; made only in an empty folder.
fn mark(folder: &Path) -> Result<File, Failure> {
    let path = folder.join(OURS);
    let mut options = OpenOptions::new();
    options.write(true).mode(0o600);
    match options.open(&path) {
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => {}
        opened => return opened.map_err(|error| cannot("open", &path, &error)),
    }
    let mut entries = fs::read_dir(folder).map_err(|error| cannot("read", folder, &error))?;
    if entries.next().is_some() {
        return Err(Failure::new(format!(
            "{} holds something else than a demo; name another folder with --data",
            folder.display()
        )));
    }
    options.create(true).open(&path).map_err(|error| cannot("write", &path, &error))
}

fn cannot(what: &str, path: &Path, error: &std::io::Error) -> Failure {
    Failure::new(format!("cannot {what} {}: {error}", path.display()))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    fn told(refused: Result<Home, Failure>) -> String {
        refused.err().map(|failure| failure.text).unwrap_or_default()
    }

    #[test]
    fn a_folder_that_holds_other_things_is_refused_and_left_as_it_was() {
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join("thesis.txt"), "years of work").unwrap();
        assert!(told(Home::claim(folder.path())).contains("something else than a demo"));
        let names: Vec<_> = fs::read_dir(folder.path()).unwrap().map(|entry| entry.unwrap().file_name()).collect();
        assert_eq!(names, ["thesis.txt"]);
    }

    #[test]
    fn one_demo_at_a_time_runs_in_a_folder() {
        let folder = tempfile::tempdir().unwrap();
        let first = Home::claim(&folder.path().join("demo")).unwrap();
        assert!(told(Home::claim(&folder.path().join("demo"))).contains("a demo is running"));
        drop(first);
        Home::claim(&folder.path().join("demo")).unwrap();
    }

    #[test]
    fn clearing_removes_what_a_demo_made_and_nothing_else() {
        let folder = tempfile::tempdir().unwrap();
        let home = Home::claim(&folder.path().join("demo")).unwrap();
        home.set_fed().unwrap();
        home.desk_token().unwrap();
        fs::create_dir_all(home.file("blobs/00")).unwrap();
        fs::write(home.file("blobs/00/blob"), "sealed").unwrap();
        fs::write(home.file("notes.txt"), "mine").unwrap();
        home.clear().unwrap();
        assert!(!home.is_fed() && !home.file("blobs").exists() && !home.file("keys/desk.token").exists());
        assert!(home.file("notes.txt").exists() && home.file(OURS).exists());
    }
}
