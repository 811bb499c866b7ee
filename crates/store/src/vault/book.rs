//! The key book: a database of its own that holds every wrapping and hashing key, each wrapped by the master key.

use super::seal::{KeyId, Place, SealingKey, new_key};
use crate::Micros;
use crate::database::{Conn, Db, all, execute, one};
use crate::dialect;
use policy::{Fault, FaultCode};
use uuid::Uuid;
use zeroize::Zeroizing;

/// A sealing key is used at most so often: far below the 2^32 random nonces at which AES-GCM becomes weak.
pub(crate) const KEY_USES_MAX: i64 = 1 << 31;
/// Uses that a process reserves at once, so that the book is written once in so many seals. A crash wastes at most these.
pub(crate) const USES_RESERVED: i64 = 1 << 16;

/// A key of the book, unwrapped.
pub(crate) struct BookKey {
    pub id: KeyId,
    /// Counts the keys of one site, kind and day, from 1.
    pub seq: i64,
    pub bytes: Zeroizing<Vec<u8>>,
    pub retired_at: Option<Micros>,
}

/// A row as stored.
type Row = (String, String, String, i64, Option<Vec<u8>>, i64, Option<i64>);

pub(crate) struct Book {
    db: Db,
    master: SealingKey,
}

impl Book {
    /// Opens the book; refuses a master key other than the one that it was begun with.
    pub(crate) async fn open(db: Db, master: SealingKey) -> Result<Book, Fault> {
        let id = name(master.id());
        let known = db.unit(move |conn| {
            Box::pin(async move {
                if let Some((known,)) = one!(conn, (String,), "SELECT id FROM master_keys")? {
                    return Ok(known);
                }
                let since = dialect::now(conn).await?;
                execute!(conn, "INSERT INTO master_keys (id, since) VALUES ($1, $2)", &id, since)?;
                Ok(id)
            })
        });
        if known.await? != name(master.id()) {
            let why = "This is not the master key under which the key book was written.";
            return Err(Fault::permanent(FaultCode::KeyUnavailable, why).with_public(why));
        }
        Ok(Book { db, master })
    }

    /// The newest key of this site, kind and day with [`USES_RESERVED`] uses set aside for the caller; created when there
    /// is none or when the newest is nearly used up.
    pub(crate) async fn reserve(&self, site: &str, kind: &'static str, day: i64) -> Result<BookKey, Fault> {
        let fresh = self.wrap_new(site, kind)?;
        let owned = site.to_owned();
        let row = self.db.unit(move |conn| Box::pin(async move { reserve(conn, &owned, kind, day, fresh).await }));
        self.unwrap(row.await?)
    }

    /// A key that nobody has had before.
    pub(crate) async fn new_key(&self, site: &str, kind: &'static str) -> Result<BookKey, Fault> {
        let fresh = self.wrap_new(site, kind)?;
        let owned = site.to_owned();
        let row = self.db.unit(move |conn| Box::pin(async move { add(conn, &owned, kind, fresh).await }));
        self.unwrap(row.await?)
    }

    /// The key with this id, whatever its kind.
    pub(crate) async fn key(&self, id: KeyId) -> Result<BookKey, Fault> {
        let id = name(id);
        let sql = "SELECT id, site, kind, seq, wrapped_key, uses, retired_at FROM keys WHERE id = $1";
        let row = self.db.read(move |conn| Box::pin(async move { one!(conn, Row, sql, &id) })).await?;
        let row = row.ok_or_else(|| Fault::permanent(FaultCode::KeyUnavailable, "the key book has no such key"))?;
        self.unwrap(row)
    }

    /// Whether the book has ever held a key, destroyed or not.
    pub(crate) async fn has_keys(&self) -> Result<bool, Fault> {
        let sql = "SELECT id FROM keys LIMIT 1";
        let found = self.db.read(move |conn| Box::pin(async move { one!(conn, (String,), sql) })).await?;
        Ok(found.is_some())
    }

    /// Whether the book has ever held this key, destroyed or not.
    pub(crate) async fn knows(&self, id: String) -> Result<bool, Fault> {
        let sql = "SELECT id FROM keys WHERE id = $1";
        let found = self.db.read(move |conn| Box::pin(async move { one!(conn, (String,), sql, &id) })).await?;
        Ok(found.is_some())
    }

    /// Every key of a site and kind that is not destroyed, newest first.
    pub(crate) async fn keys(&self, site: &str, kind: &'static str) -> Result<Vec<BookKey>, Fault> {
        let site = site.to_owned();
        let sql = "SELECT id, site, kind, seq, wrapped_key, uses, retired_at FROM keys
                   WHERE site = $1 AND kind = $2 AND destroyed_at IS NULL ORDER BY seq DESC";
        let rows = self.db.read(move |conn| Box::pin(async move { all!(conn, Row, sql, &site, kind) })).await?;
        rows.into_iter().map(|row| self.unwrap(row)).collect()
    }

    /// Sites that have a key of this kind.
    pub(crate) async fn sites(&self, kind: &'static str) -> Result<Vec<String>, Fault> {
        let sql = "SELECT DISTINCT site FROM keys WHERE kind = $1";
        let rows = self.db.read(move |conn| Box::pin(async move { all!(conn, (String,), sql, kind) })).await?;
        Ok(rows.into_iter().map(|(site,)| site).collect())
    }

    /// Ids of a site's keys of this kind of days before this one that still exist, at most `limit`.
    pub(crate) async fn days_before(
        &self,
        site: &str,
        kind: &'static str,
        day: i64,
        limit: i64,
    ) -> Result<Vec<String>, Fault> {
        let sql = "SELECT id FROM keys WHERE site = $1 AND kind = $2 AND day < $3 AND destroyed_at IS NULL
                   ORDER BY day LIMIT $4";
        let site = site.to_owned();
        let rows = self
            .db
            .read(move |conn| Box::pin(async move { all!(conn, (String,), sql, &site, kind, day, limit) }))
            .await?;
        Ok(rows.into_iter().map(|(id,)| id).collect())
    }

    /// Forgets a key for good: what it wrapped can be opened by nobody any more, in no copy of the main database.
    pub(crate) async fn destroy(&self, id: String) -> Result<(), Fault> {
        self.db
            .unit(move |conn| {
                Box::pin(async move {
                    let now = dialect::now(conn).await?;
                    let sql = "UPDATE keys SET wrapped_key = NULL, destroyed_at = $1
                        WHERE id = $2 AND destroyed_at IS NULL";
                    execute!(conn, sql, now, &id).map(|_| ())
                })
            })
            .await
    }

    /// Can it be read and written?
    pub(crate) async fn check(&self) -> Result<(), Fault> {
        self.db
            .unit(|conn| Box::pin(async move { execute!(conn, "UPDATE master_keys SET since = since").map(|_| ()) }))
            .await
    }

    pub(crate) async fn stopped(&self) -> Fault {
        self.db.stopped().await
    }

    pub(crate) async fn close(&self) {
        self.db.close().await;
    }

    /// A new key's id and wrapped bytes.
    fn wrap_new(&self, site: &str, kind: &'static str) -> Result<(String, Vec<u8>), Fault> {
        let id = name(Uuid::now_v7().into_bytes());
        let wrapped = self.master.seal(place(site, &id, kind), new_key()?.as_slice())?;
        Ok((id, wrapped))
    }

    fn unwrap(&self, (id, site, kind, seq, wrapped, _, retired_at): Row) -> Result<BookKey, Fault> {
        let Some(wrapped) = wrapped else {
            let why = "The key of this content was destroyed; the content is erased.";
            return Err(Fault::permanent(FaultCode::KeyUnavailable, why).with_public(why));
        };
        let bytes = Zeroizing::new(self.master.open(place(&site, &id, word_of(&kind)?), &wrapped)?);
        let id = Uuid::parse_str(&id).map_err(|_| Fault::permanent(FaultCode::StoreCorrupt, "a key's id is no id"))?;
        Ok(BookKey { id: id.into_bytes(), seq, bytes, retired_at })
    }
}

/// How a key's id is written in tables.
pub(crate) fn name(id: KeyId) -> String {
    Uuid::from_bytes(id).simple().to_string()
}

fn place<'a>(site: &'a str, id: &'a str, kind: &'static str) -> Place<'a> {
    Place { site, table: "keys", row: id, field: kind }
}

/// The kinds there are; any other in the table was not written by us.
fn word_of(kind: &str) -> Result<&'static str, Fault> {
    let known = [
        super::MESSAGE_DAY,
        super::EVENT_DAY,
        "standing",
        "reply",
        "link",
        "file",
        "key_file",
        "audit",
        "hash_address",
        "hash_message_id",
        "hash_digest",
        "hash_handle",
    ];
    let word = known.into_iter().find(|word| *word == kind);
    word.ok_or_else(|| Fault::permanent(FaultCode::StoreCorrupt, "the key book has a key of an unknown kind"))
}

async fn reserve(
    conn: &mut Conn,
    site: &str,
    kind: &'static str,
    day: i64,
    fresh: (String, Vec<u8>),
) -> Result<Row, Fault> {
    const NEWEST: &str = "SELECT id, site, kind, seq, wrapped_key, uses, retired_at FROM keys
        WHERE site = $1 AND kind = $2 AND day = $3 AND destroyed_at IS NULL ORDER BY seq DESC LIMIT 1";
    const NEW: &str = "INSERT INTO keys (id, site, kind, day, seq, wrapped_key, uses, created_at)
        VALUES ($1, $2, $3, $4, $5, $6, 0, $7) ON CONFLICT (site, kind, day, seq) DO NOTHING";
    let found = one!(conn, Row, NEWEST, site, kind, day)?;
    let row = match found {
        Some(row) if row.5 + USES_RESERVED <= KEY_USES_MAX => row,
        other => {
            let seq = other.map_or(1, |row| row.3 + 1);
            let now = dialect::now(conn).await?;
            // Another node may make the same key at this moment; then its row is taken instead of ours.
            execute!(conn, NEW, &fresh.0, site, kind, day, seq, &fresh.1, now)?;
            let row = one!(conn, Row, NEWEST, site, kind, day)?;
            row.ok_or_else(|| Fault::temporary(FaultCode::KeyUnavailable, "a new key was destroyed at once"))?
        }
    };
    execute!(conn, "UPDATE keys SET uses = uses + $1 WHERE id = $2", USES_RESERVED, &row.0)?;
    Ok(row)
}

/// Adds a key after all of its kind. Another node may take the same number at this moment; then the next one is tried.
async fn add(conn: &mut Conn, site: &str, kind: &'static str, fresh: (String, Vec<u8>)) -> Result<Row, Fault> {
    const TRIES: usize = 20;
    const NEW: &str = "INSERT INTO keys (id, site, kind, day, seq, wrapped_key, uses, created_at)
        SELECT $1, $2, $3, 0, (SELECT COALESCE(MAX(seq), 0) + 1 FROM keys WHERE site = $2 AND kind = $3 AND day = 0), $4, $5, $6
        WHERE TRUE ON CONFLICT (site, kind, day, seq) DO NOTHING";
    const MADE: &str = "SELECT id, site, kind, seq, wrapped_key, uses, retired_at FROM keys WHERE id = $1";
    let now = dialect::now(conn).await?;
    for _ in 0..TRIES {
        if execute!(conn, NEW, &fresh.0, site, kind, &fresh.1, USES_RESERVED, now)? == 1 {
            let made = one!(conn, Row, MADE, &fresh.0)?;
            return made.ok_or_else(|| Fault::temporary(FaultCode::KeyUnavailable, "a new key was destroyed at once"));
        }
    }
    Err(Fault::temporary(FaultCode::KeyUnavailable, "other nodes make keys at this moment"))
}
