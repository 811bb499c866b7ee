//! The demo's folder: claimed by one process at a time, never one that holds other things, and filled with settings and keys.

use crate::command::Failure;
use crate::settings::{self, Settings};
use std::fs::{self, DirBuilder, File, OpenOptions, TryLockError};
use std::io::Write;
use std::net::SocketAddr;
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

pub const PROFILE: &str = include_str!("../../../../../examples/profile.toml");

/// The account that the demo's gateway has at the desk.
pub const ACCOUNT: &str = "gateway@desk.example";

/// Whom the samples are written to, and who answers.
pub const SUPPORT: &str = "support@desk.example";

/// The site's name.
pub const SITE: &str = "demo";

/// Where its token stands in the folder.
pub const DESK_TOKEN: &str = "keys/desk.token";

/// Fields of the desk in which the demo's profile wants people without an account, and whether each has several lines.
pub const FIELDS: [(&str, bool); 3] =
    [("Mail sender address", false), ("Mail sender name", false), ("Mail participants", true)];

/// Who is told of what happens in the desk.
const MAPPINGS_TEXT: &str = r#"# Who gets a letter about what happens in the desk; written by `sealpost demo` once, and yours to change.
# A running demo reads it again on SIGHUP. docs/outbound.md says what there is.
[default]
urgent = true                  # at once; without it what happens within a minute goes into one letter
subject_prefix = ""

[[mapping]]
name = "customers"
events = ["commented", "comment_edited", "resolved"]
audience = ["reporter", "assignee", "watchers", "mail_people"]
"#;

/// Names the files of such a folder. The first says that the folder is ours and what runs in it, and is locked as long as that does.
const OURS: &str = "this-is-a-sealpost-demo";
const SETTINGS: &str = "sealpost.toml";
const MAPPINGS: &str = "mappings.toml";
const FED: &str = "samples-fed";
/// What came into the demo's mailbox.
pub const MAILBOX: &str = "mailbox";

/// What runs in a folder.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Tenant {
    Demo,
    Desk,
}

impl Tenant {
    /// As it stands in the file that marks the folder, and in sentences.
    fn word(self) -> &'static str {
        match self {
            Tenant::Demo => "demo",
            Tenant::Desk => "desk",
        }
    }
}

/// A demo folder that is ours as long as this value lives.
pub struct Home {
    folder: PathBuf,
    /// Locked; the lock ends with the process, however it ends.
    _mark: File,
}

impl Home {
    /// Claims the folder, made when it is missing. Refused when it holds something else than a demo or a desk, or when one is
    /// running in it: two would write over each other's files.
    pub fn claim(given: &Path, tenant: Tenant) -> Result<Home, Failure> {
        // For the owner's eyes only: the desk keeps in clear what was mailed.
        let made = DirBuilder::new().recursive(true).mode(0o700).create(given);
        made.map_err(|error| cannot("make", given, &error))?;
        let folder = given.canonicalize().map_err(|error| cannot("use", given, &error))?;
        let mut mark = mark(given, &folder)?;
        match mark.try_lock() {
            Ok(()) => {
                let written = mark.set_len(0).and_then(|()| mark.write_all(tenant.word().as_bytes()));
                written.map_err(|error| cannot("write", &folder.join(OURS), &error))?;
            }
            Err(TryLockError::WouldBlock) => return Err(taken(given, &folder)),
            Err(TryLockError::Error(error)) => return Err(cannot("lock", &folder.join(OURS), &error)),
        }
        let keys = folder.join("keys");
        let made = DirBuilder::new().recursive(true).mode(0o700).create(&keys);
        made.map_err(|error| cannot("make", &keys, &error))?;
        Ok(Home { folder, _mark: mark })
    }

    /// Removes what an earlier demo left, and nothing that a demo did not make.
    pub fn clear(&self) -> Result<(), Failure> {
        const FILES: [&str; 10] = [
            SETTINGS,
            "profile.toml",
            MAPPINGS,
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
        let folders = ["blobs", "desk-files", MAILBOX].map(|name| self.folder.join(name));
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
        for (name, text) in [("profile.toml", profile_text()), (MAPPINGS, MAPPINGS_TEXT.to_owned())] {
            let file = self.file(name);
            if !file.exists() {
                fs::write(&file, text).map_err(|error| cannot("write", &file, &error))?;
            }
        }
        Ok(settings::load(&file)?)
    }
}

/// Where the demo's gateway listens.
pub struct Places {
    pub smtp: SocketAddr,
    pub console: SocketAddr,
    pub operations: SocketAddr,
    /// Where its letters go: the demo's mailbox.
    pub mailbox: SocketAddr,
    /// What happens in the desk is not read.
    pub inbound_only: bool,
}

/// The example's profile for the desk's domain, with fields for people who have no account.
fn profile_text() -> String {
    let [address, name, participants] = FIELDS.map(|(field, _)| field);
    let fields = format!(
        "[default]\nsender_address_field = \"{address}\"\nsender_name_field = \"{name}\"\nparticipants_field = \"{participants}\"\n"
    );
    PROFILE.replace("example.com", "desk.example").replacen("[default]\n", &fields, 1)
}

fn settings_text(desk: SocketAddr, places: &Places) -> String {
    let Places { smtp, console, operations, mailbox, inbound_only } = places;
    let poll_s = u8::from(!inbound_only);
    let port = mailbox.port();
    format!(
        "# Written by `sealpost demo` at each start.\n\
         [store]\ndatabase = \"sqlite:sealpost.db\"\nblobs = \"blobs\"\nkey_book = \"sqlite:keys/book.db\"\nmaster_key = \"file:keys/master.key\"\nfree_mib_min = 64\n\n\
         [console]\nlisten = \"{console}\"\n\n[operations]\nlisten = \"{operations}\"\n\n\
         [log]\nlevel = \"warn\"\nformat = \"text\"\n\n[cells]\nsandbox = \"reduced\"\n\n\
         [[site]]\nname = \"{SITE}\"\napi_base = \"http://{desk}\"\nbrowse_base = \"http://{desk}\"\naccount = \"{ACCOUNT}\"\ntoken = \"file:keys/desk.token\"\nallow_private = true\nrequests_per_s = 0\n\
         history_poll_s = {poll_s}\nmappings = \"{MAPPINGS}\"\ndead_end = false\noutgoing = \"mailbox\"\nfrom = \"Support <{SUPPORT}>\"\n\n\
         [[outgoing]]\nname = \"mailbox\"\nhost = \"127.0.0.1\"\nport = {port}\ntls = \"none\"\n\n\
         [[mailbox]]\nname = \"support\"\nsite = \"{SITE}\"\nlisten = \"{smtp}\"\nprofile = \"support\"\n\n\
         [[profile]]\nname = \"support\"\nfile = \"profile.toml\"\n"
    )
}

/// Somebody is in the folder: what, it wrote into its mark.
fn taken(given: &Path, folder: &Path) -> Failure {
    let word = fs::read_to_string(folder.join(OURS)).unwrap_or_default();
    let who = if word.trim() == Tenant::Desk.word() { "the desk (`sealpost desk`)" } else { "a demo" };
    Failure::new(format!("{who} is running in {}; stop it first, or name another folder with --data", given.display()))
}

/// The file that marks the folder as ours; made only in an empty folder.
fn mark(given: &Path, folder: &Path) -> Result<File, Failure> {
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
            "{} holds something else than a demo or a desk; name another folder with --data",
            given.display()
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
        assert!(told(Home::claim(folder.path(), Tenant::Demo)).contains("something else than a demo or a desk"));
        let names: Vec<_> = fs::read_dir(folder.path()).unwrap().map(|entry| entry.unwrap().file_name()).collect();
        assert_eq!(names, ["thesis.txt"]);
    }

    #[test]
    fn one_demo_at_a_time_runs_in_a_folder() {
        let folder = tempfile::tempdir().unwrap();
        let first = Home::claim(&folder.path().join("demo"), Tenant::Demo).unwrap();
        assert!(told(Home::claim(&folder.path().join("demo"), Tenant::Demo)).contains("a demo is running"));
        drop(first);
        let desk = Home::claim(&folder.path().join("demo"), Tenant::Desk).unwrap();
        let refused = told(Home::claim(&folder.path().join("demo"), Tenant::Demo));
        assert!(refused.starts_with("the desk (`sealpost desk`) is running in "), "what runs there is said: {refused}");
        drop(desk);
        Home::claim(&folder.path().join("demo"), Tenant::Demo).unwrap();
    }

    #[test]
    fn clearing_removes_what_a_demo_made_and_nothing_else() {
        let folder = tempfile::tempdir().unwrap();
        let home = Home::claim(&folder.path().join("demo"), Tenant::Demo).unwrap();
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
