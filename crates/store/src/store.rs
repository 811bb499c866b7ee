//! The store as a whole: settings, opening, health, closing.

use crate::blob::Blobs;
use crate::database::{Db, execute};
use crate::footing::Footing;
use crate::migrate;
use crate::retention::Retention;
use crate::room::Room;
use crate::vault::Vault;
use crate::vault::belonging;
use crate::vault::book::Book;
use crate::vault::master::KeyProvider;
use crate::wake::{Bell, Looked};
use crate::{Micros, dialect, job, meter};
use policy::{Fault, FaultCode};
use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::atomic::AtomicI64;
use std::sync::{Arc, RwLock};

/// Where things are kept; every path is created when it is missing, but for the master key.
#[derive(Clone)]
pub struct Settings {
    /// `sqlite:PATH` or `postgres://…`.
    pub database: String,
    /// The folder for content above 64 KiB.
    pub blobs: PathBuf,
    /// The key book: `sqlite:PATH` or `postgres://…`, never the main database.
    pub key_book: String,
    /// The file that holds the master key, 32 bytes as hex; must not be readable by others.
    pub master_key: PathBuf,
    /// Retention of content, in days, until [`Store::keep`] says otherwise.
    pub keep_content_days: u32,
    /// New content is refused below this many free bytes in the blob folder.
    pub free_bytes_min: u64,
}

impl Settings {
    /// Everything on files below one folder, with no limit on its room; the master key is still to be made.
    pub fn in_folder(folder: &Path) -> Settings {
        let database = |name: &str| format!("sqlite:{}", folder.join(name).display());
        Settings {
            database: database("sealpost.db"),
            blobs: folder.join("blobs"),
            key_book: database("keys/book.db"),
            master_key: folder.join("keys/master.key"),
            keep_content_days: 30,
            free_bytes_min: 0,
        }
    }
}

/// By hand, because the URLs of databases may carry passwords.
impl fmt::Debug for Settings {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let kind = |url: &str| url.split(':').next().unwrap_or_default().to_owned();
        f.debug_struct("Settings")
            .field("database", &kind(&self.database))
            .field("key_book", &kind(&self.key_book))
            .field("blobs", &self.blobs)
            .finish_non_exhaustive()
    }
}

/// The one door to everything that is remembered. Cheap to clone. A worker that claims jobs keeps a clone of its own, so
/// that [`Store::work_waits`] knows what this worker has looked at.
#[derive(Clone)]
pub struct Store {
    pub(crate) inner: Arc<Inner>,
    pub(crate) looked: Looked,
}

/// What all clones share.
pub(crate) struct Inner {
    pub(crate) db: Db,
    pub(crate) vault: Vault,
    pub(crate) blobs: Blobs,
    pub(crate) room: Room,
    pub(crate) bell: Bell,
    pub(crate) retention: RwLock<Retention>,
    /// When this process swept all of it; 0 when it did not yet.
    pub(crate) swept_at: AtomicI64,
    /// Into which rows the intake of this process counts.
    pub(crate) meter_part: i64,
}

impl Store {
    /// Opens (and on an empty database creates) everything; migrates under a lock; refuses a schema newer than known.
    ///
    /// Errors: `KeyUnavailable` when the master key is missing, wrong or readable by others, or the key book is not the
    /// one that the database was written with; `StoreSchema` when the schema
    /// is newer; `SettingsWrong` when key book and database are the same.
    pub async fn open(settings: &Settings) -> Result<Store, Fault> {
        if settings.database == settings.key_book {
            return Err(kept_together());
        }
        // First the key: without it nothing may be created that could not be opened again.
        let master = KeyProvider::File(settings.master_key.clone()).master().await?;
        let book = Db::open(&settings.key_book, &migrate::KEY_BOOK, Footing::default()).await?;
        // What is sealed under keys of a book that is gone is lost, so the database stands on the book's files too.
        let footing = book.footing();
        let book = Book::open(book, master).await?;
        if same_file(&settings.database, &settings.key_book) {
            return Err(kept_together());
        }
        if dialect::is_missing(&settings.database) && book.has_keys().await? {
            return Err(database_missing());
        }
        let db = Db::open(&settings.database, &migrate::MAIN, footing).await?;
        belonging::check(&db, &book).await?;
        let blobs = Blobs::open(&settings.blobs)?;
        let mut folders = vec![settings.blobs.clone()];
        if let Some(path) = settings.database.strip_prefix("sqlite:") {
            folders.extend(Path::new(path).parent().filter(|folder| folder.is_dir()).map(Path::to_owned));
        }
        let room = Room::new(folders, settings.free_bytes_min);
        let bell = Bell::hang();
        if let Some(pool) = db.postgres() {
            bell.connect(pool);
        }
        let retention = Retention { keep_content_days: settings.keep_content_days, ..Retention::default() };
        let (vault, retention, meter_part) = (Vault::new(book), RwLock::new(retention), meter::part_of_intake());
        let swept_at = AtomicI64::new(0);
        let inner = Inner { db, vault, blobs, room, bell, retention, swept_at, meter_part };
        let store = Store { inner: Arc::new(inner), looked: Looked::nothing_yet() };
        job::ensure_sweep(&store.inner.db).await?;
        Ok(store)
    }

    /// Answers when database, blob store and key book can be read and written, and the disk has room.
    pub async fn check(&self) -> Result<(), Fault> {
        self.inner.room.check()?;
        let probe = "UPDATE audit_head SET place = place WHERE only_one = 1";
        self.inner.db.unit(move |conn| Box::pin(async move { execute!(conn, probe).map(|_| ()) })).await?;
        self.inner.vault.book().check().await?;
        self.inner.blobs.check().await
    }

    /// Returns when nothing more can be written until the process starts anew, with the reason: the disk failed at a commit
    /// (FAULT-07), or a database file was removed or replaced while it was open (FAULT-11). Otherwise never.
    pub async fn stopped(&self) -> Fault {
        tokio::select! {
            fault = self.inner.db.stopped() => fault,
            fault = self.inner.vault.book().stopped() => fault,
        }
    }

    /// Finishes the queued units of work and closes the files.
    pub async fn close(&self) {
        self.inner.bell.take_down();
        self.inner.db.close().await;
        self.inner.vault.book().close().await;
    }

    /// The database's clock; leases and waits are measured by it.
    pub async fn now(&self) -> Result<Micros, Fault> {
        self.inner.db.read(|conn| Box::pin(dialect::now(conn))).await
    }
}

/// A new database beside a used key book would take every mail that is sent again for a new one.
fn database_missing() -> Fault {
    let why = "The key book holds the keys of a database, but the database itself is missing. Put it back or restore a \
               backup; to begin anew, move the key book away as well.";
    Fault::permanent(FaultCode::StoreUnavailable, "a key book without its database").with_public(why)
}

fn kept_together() -> Fault {
    let why = "The key book must not be in the main database: a backup of one would hold the keys of the other.";
    Fault::permanent(FaultCode::SettingsWrong, why).with_public(why)
}

/// Whether two SQLite databases are one file, however their paths are written.
fn same_file(one: &str, other: &str) -> bool {
    let file = |url: &str| dialect::sqlite_path(url.strip_prefix("sqlite:")?).canonicalize().ok();
    file(one).is_some_and(|one| file(other) == Some(one))
}
