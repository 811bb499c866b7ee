//! Kept files: what a tracker would not take, sealed under a key of its own each, and what is left of one that went.

use crate::Store;
use crate::audit::{self, Entry};
use crate::database::{Conn, all, execute, one};
use crate::dialect;
use crate::job::{check_lease, come_again};
use crate::rows::{KeptAbout, KeptLine, Lease, Micros, NewFile};
use crate::sealed;
use crate::segment::{ContentReader, Kept, SegmentWriter, Whereabouts};
use crate::vault::seal::Place;
use policy::{Fault, FaultCode, FaultKind};
use std::sync::Arc;

/// Files of one page.
const PAGE_MAX: u32 = 200;
/// Keys of files that went which are destroyed before the next ones are looked for.
const KEYS_AT_ONCE: i64 = 100;

pub(crate) const GONE_WITH_A_KEY: &str =
    "SELECT id, key_id FROM kept_files WHERE gone_at IS NOT NULL AND key_id <> '' LIMIT $1";

/// A row as stored: id, site, mailbox, message, issue_id, key_id, size_bytes, sealed_about, kept_at, over_since, looked_at, gone_at,
/// gone_why.
type Row = (
    String,
    String,
    String,
    String,
    Option<String>,
    String,
    i64,
    Option<Vec<u8>>,
    i64,
    Option<i64>,
    i64,
    Option<i64>,
    Option<String>,
);

/// A query for whole rows.
macro_rules! rows {
    ($rest:literal) => {
        concat!(
            "SELECT id, site, mailbox, message, issue_id, key_id, size_bytes, sealed_about, kept_at, over_since, looked_at,
                gone_at, gone_why FROM kept_files ",
            $rest
        )
    };
}

pub(crate) const NEWEST: &str = rows!("WHERE (kept_at, id) < ($1, $2) ORDER BY kept_at DESC, id DESC LIMIT $3");

/// Takes the bytes of one file while they arrive. Dropped without [`FileWriter::finish`] it leaves at most an orphan that the
/// sweep removes, and a key that opens nothing.
pub struct FileWriter {
    site: String,
    id: String,
    key_id: String,
    segments: SegmentWriter,
}

/// A sealed file that is not yet referred to by a row.
pub struct FileContent {
    pub size_bytes: u64,
    site: String,
    id: String,
    key_id: String,
    kept: Kept,
}

fn whereabouts(site: &str, id: &str) -> Whereabouts {
    Whereabouts { site: site.to_owned(), table: "kept_files", row: id.to_owned() }
}

fn about_place<'a>(site: &'a str, id: &'a str) -> Place<'a> {
    Place { site, table: "kept_files", row: id, field: "sealed_about" }
}

impl FileWriter {
    /// Any number of bytes; what does not fit into memory is sealed and handed to the blob store before this returns.
    pub async fn write(&mut self, bytes: &[u8]) -> Result<(), Fault> {
        self.segments.write(bytes).await
    }

    pub fn size_bytes(&self) -> u64 {
        self.segments.size_bytes()
    }

    /// Durable when it returns, for what went to the blob store.
    pub async fn finish(self) -> Result<FileContent, Fault> {
        let FileWriter { site, id, key_id, segments } = self;
        let (kept, size_bytes) = segments.finish().await?;
        Ok(FileContent { size_bytes, site, id, key_id, kept })
    }
}

impl Store {
    /// A writer for a file that will be kept under this id (see [`policy::kept_id`]). `DiskFull` when there is not enough room.
    pub async fn file_writer(&self, site: &str, id: &str) -> Result<FileWriter, Fault> {
        self.inner.room.check()?;
        let (key_id, key) = self.inner.vault.new_file_key(site).await?;
        let segments = SegmentWriter::new(Arc::clone(&self.inner), whereabouts(site, id), key);
        Ok(FileWriter { site: site.to_owned(), id: id.to_owned(), key_id, segments })
    }

    /// Keeps a file for an issue; what is kept under this id already stays as it is.
    pub async fn keep_file(&self, lease: &Lease, file: NewFile, content: FileContent) -> Result<(), Fault> {
        let row = self.row_of(&file, content).await?;
        let lease = lease.clone();
        let work = self.inner.db.unit(move |conn| {
            Box::pin(async move {
                check_lease(conn, &lease).await?;
                insert(conn, &row).await
            })
        });
        work.await
    }

    pub(crate) async fn row_of(&self, file: &NewFile, content: FileContent) -> Result<NewRow, Fault> {
        if content.site != file.site || content.id != file.id {
            return Err(Fault::permanent(FaultCode::Internal, "a file's content was made for another place"));
        }
        let key = self.inner.vault.file_key(&content.key_id).await?;
        let sealed_about = sealed::seal(&key, about_place(&file.site, &file.id), &file.about)?;
        let (blob, inline) = match content.kept {
            Kept::Inline(sealed) => (None, Some(sealed)),
            Kept::Blob(name) => (Some(name), None),
        };
        Ok(NewRow {
            file: file.clone(),
            key_id: content.key_id,
            size_bytes: i64::try_from(content.size_bytes).unwrap_or(i64::MAX),
            sealed_about,
            blob,
            inline,
        })
    }

    /// A kept file, or what is left of it; `None` when none was ever kept under this id.
    pub async fn kept_file(&self, id: &str) -> Result<Option<KeptLine>, Fault> {
        const SQL: &str = rows!("WHERE id = $1");
        let id = id.to_owned();
        let row = self.inner.db.read(move |conn| Box::pin(async move { one!(conn, Row, SQL, &id) })).await?;
        match row {
            Some(row) => self.line_of(row).await.map(Some),
            None => Ok(None),
        }
    }

    /// The bytes of a kept file; `None` when it is not there or went.
    pub async fn kept_content(&self, id: &str) -> Result<Option<ContentReader>, Fault> {
        type Content = (String, String, i64, Option<String>, Option<Vec<u8>>);
        const SQL: &str = "SELECT site, key_id, size_bytes, blob, sealed_inline FROM kept_files
            WHERE id = $1 AND gone_at IS NULL";
        let asked = id.to_owned();
        let row = self.inner.db.read(move |conn| Box::pin(async move { one!(conn, Content, SQL, &asked) })).await?;
        let Some((site, key_id, size_bytes, blob, inline)) = row else { return Ok(None) };
        let key = self.inner.vault.file_key(&key_id).await?;
        ContentReader::open(&self.inner, whereabouts(&site, id), key, size_bytes, (blob, inline)).await
    }

    /// The files of a site that nobody looked at since then, those that waited longest first, at most 200.
    pub async fn files_to_look_at(&self, site: &str, since: Micros) -> Result<Vec<KeptLine>, Fault> {
        const SQL: &str = rows!(
            "WHERE site = $1 AND looked_at < $2 AND gone_at IS NULL AND issue_id IS NOT NULL ORDER BY looked_at, id LIMIT $3"
        );
        let (site, limit) = (site.to_owned(), i64::from(PAGE_MAX));
        let rows = self.inner.db.read(move |conn| Box::pin(async move { all!(conn, Row, SQL, &site, since, limit) }));
        self.lines_of(rows.await?).await
    }

    /// The files of a message, tombstones too, for whoever tells its story.
    pub async fn files_of(&self, message: &str) -> Result<Vec<KeptLine>, Fault> {
        const SQL: &str = rows!("WHERE message = $1 ORDER BY kept_at, id");
        let message = message.to_owned();
        let rows = self.inner.db.read(move |conn| Box::pin(async move { all!(conn, Row, SQL, &message) }));
        self.lines_of(rows.await?).await
    }

    /// Kept files, newest first, tombstones too; at most 200, and those before this one.
    pub async fn kept_files(&self, before: Option<(Micros, String)>) -> Result<Vec<KeptLine>, Fault> {
        let (at, id) = before.unwrap_or((i64::MAX, String::new()));
        let limit = i64::from(PAGE_MAX);
        let rows = self.inner.db.read(move |conn| Box::pin(async move { all!(conn, Row, NEWEST, at, &id, limit) }));
        self.lines_of(rows.await?).await
    }

    /// How many files are there, and their bytes.
    pub(crate) async fn kept_total(&self) -> Result<(u64, u64), Fault> {
        const SQL: &str = "SELECT COUNT(*), CAST(COALESCE(SUM(size_bytes), 0) AS BIGINT) FROM kept_files
            WHERE gone_at IS NULL";
        let total = self.inner.db.read(|conn| Box::pin(async move { one!(conn, (i64, i64), SQL) })).await?;
        let (files, bytes) = total.unwrap_or_default();
        Ok((u64::try_from(files).unwrap_or(0), u64::try_from(bytes).unwrap_or(0)))
    }

    async fn lines_of(&self, rows: Vec<Row>) -> Result<Vec<KeptLine>, Fault> {
        let mut lines = Vec::with_capacity(rows.len());
        for row in rows {
            lines.push(self.line_of(row).await?);
        }
        Ok(lines)
    }

    async fn line_of(&self, row: Row) -> Result<KeptLine, Fault> {
        let (
            id,
            site,
            mailbox,
            message,
            issue_id,
            key_id,
            size_bytes,
            about,
            kept_at,
            over_since,
            looked_at,
            gone_at,
            why,
        ) = row;
        let about = match about.filter(|_| gone_at.is_none()) {
            Some(about) => self.about_of(&site, &id, &key_id, &about).await?,
            None => None,
        };
        let size_bytes = u64::try_from(size_bytes).unwrap_or(0);
        let gone = gone_at.map(|at| (at, why.unwrap_or_default()));
        Ok(KeptLine { id, site, mailbox, message, issue_id, size_bytes, about, kept_at, over_since, looked_at, gone })
    }

    /// `None` when its key was destroyed: one such file must not hide all others from those who list them.
    async fn about_of(&self, site: &str, id: &str, key_id: &str, sealed: &[u8]) -> Result<Option<KeptAbout>, Fault> {
        let key = match self.inner.vault.file_key(key_id).await {
            Ok(key) => key,
            Err(Fault { kind: FaultKind::Permanent, code: FaultCode::KeyUnavailable, .. }) => return Ok(None),
            Err(fault) => return Err(fault),
        };
        sealed::open(&key, about_place(site, id), sealed).map(Some)
    }

    /// Notes that the issue of a file was looked at, and since when it is over.
    pub async fn looked_at_file(&self, id: &str, over_since: Option<Micros>) -> Result<(), Fault> {
        const SQL: &str = "UPDATE kept_files SET looked_at = $1, over_since = $2 WHERE id = $3 AND gone_at IS NULL";
        let id = id.to_owned();
        let work = self.inner.db.unit(move |conn| {
            Box::pin(async move {
                let now = dialect::now(conn).await?;
                execute!(conn, SQL, now, over_since, &id).map(|_| ())
            })
        });
        work.await
    }

    /// Deletes a file for good, with an audit row that says why: its key, then its bytes. A row without content or name stays, so
    /// that its story can say where it went. `false` when it was not there.
    pub async fn delete_file(&self, id: &str, why: &'static str) -> Result<bool, Fault> {
        self.delete_files(vec![id.to_owned()], why, None).await.map(|gone| gone > 0)
    }

    /// A person's word: as [`Store::delete_file`], with who said it.
    pub async fn delete_file_by(&self, id: &str, who: &str) -> Result<bool, Fault> {
        self.delete_files(vec![id.to_owned()], "person", Some(who)).await.map(|gone| gone > 0)
    }

    pub(crate) async fn delete_files(
        &self,
        ids: Vec<String>,
        why: &'static str,
        who: Option<&str>,
    ) -> Result<u64, Fault> {
        let mut gone = 0;
        for id in ids {
            let Some(line) = self.kept_file(&id).await?.filter(|line| line.gone.is_none()) else { continue };
            let receipt = serde_json::json!({ "why": why, "size_bytes": line.size_bytes }).to_string();
            let entry = match who {
                Some(who) => Entry::by_person(&self.inner.vault, &line.site, "file_deleted", &id, who).await?,
                None => Entry::by_program(&self.inner.vault, &line.site, "file_deleted", &id, None).await?,
            };
            let entry = entry.with_receipt(Some(receipt));
            let asked = id.clone();
            let work = self.inner.db.unit(move |conn| Box::pin(async move { bury(conn, &asked, why, &entry).await }));
            let Some((key_id, blob)) = work.await? else { continue };
            self.destroy_file_key(id, key_id).await?;
            if let Some(name) = blob {
                // Its key is gone already; should this fail, the blob is an orphan for the sweep.
                if let Err(fault) = self.inner.blobs.remove(&name).await {
                    tracing::warn!(code = %fault.code, "a deleted file's blob could not be removed yet");
                }
            }
            gone += 1;
        }
        Ok(gone)
    }

    /// Its row names no key any more once it is destroyed, so that the sweep knows what is left to do.
    async fn destroy_file_key(&self, id: String, key_id: String) -> Result<(), Fault> {
        const CLEAR: &str = "UPDATE kept_files SET key_id = '' WHERE id = $1 AND gone_at IS NOT NULL";
        self.inner.vault.book().destroy(key_id.clone()).await?;
        self.inner.vault.forget_book_key(&key_id);
        self.inner.db.unit(move |conn| Box::pin(async move { execute!(conn, CLEAR, &id).map(|_| ()) })).await
    }

    /// Destroys the keys of files that went when the process died before it could: until then a backup of the main database opens
    /// them.
    pub(crate) async fn destroy_keys_of_gone_files(&self) -> Result<(), Fault> {
        loop {
            let work = self
                .inner
                .db
                .read(|conn| Box::pin(async move { all!(conn, (String, String), GONE_WITH_A_KEY, KEYS_AT_ONCE) }));
            let left = work.await?;
            let number = left.len() as i64;
            for (id, key_id) in left {
                self.destroy_file_key(id, key_id).await?;
            }
            if number < KEYS_AT_ONCE {
                return Ok(());
            }
        }
    }

    /// Notes in the audit trail that a file was handed out by a link.
    pub async fn file_was_fetched(&self, site: &str, id: &str) -> Result<(), Fault> {
        let entry = Entry::by_program(&self.inner.vault, site, "file_fetched", id, None).await?;
        let work = self.inner.db.unit(move |conn| {
            Box::pin(async move {
                let now = dialect::now(conn).await?;
                audit::write(conn, &entry, now).await
            })
        });
        work.await
    }

    /// The files of a site were looked at: their job comes again after so many microseconds.
    pub async fn looked_at_files(&self, lease: &Lease, again_after: Micros) -> Result<(), Fault> {
        let lease = lease.clone();
        let work = self.inner.db.unit(move |conn| {
            Box::pin(async move {
                check_lease(conn, &lease).await?;
                let now = dialect::now(conn).await?;
                come_again(conn, &lease, now.saturating_add(again_after)).await
            })
        });
        work.await
    }

    /// Makes the job that looks after the kept files of a site, when there is none.
    pub async fn ensure_retain(&self, site: &str) -> Result<(), Fault> {
        const SQL: &str = "INSERT INTO jobs (id, kind, site, subject, position, state, due, created_at)
            VALUES ($1, 'retain', $2, '', 0, 'ready', $3, $3) ON CONFLICT (id) DO NOTHING";
        let (id, site) = (format!("retain:{site}"), site.to_owned());
        let work = self.inner.db.unit(move |conn| {
            Box::pin(async move {
                let now = dialect::now(conn).await?;
                execute!(conn, SQL, &id, &site, now).map(|_| ())
            })
        });
        work.await
    }
}

/// A file, sealed, ready to be written.
pub(crate) struct NewRow {
    file: NewFile,
    key_id: String,
    size_bytes: i64,
    sealed_about: Vec<u8>,
    blob: Option<String>,
    inline: Option<Vec<u8>>,
}

pub(crate) async fn insert(conn: &mut Conn, row: &NewRow) -> Result<(), Fault> {
    const SQL: &str =
        "INSERT INTO kept_files (id, site, mailbox, message, issue_id, key_id, size_bytes, sealed_about, blob,
            sealed_inline, kept_at, looked_at)
        VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $11) ON CONFLICT (id) DO NOTHING";
    let now = dialect::now(conn).await?;
    let file = &row.file;
    execute!(
        conn,
        SQL,
        &file.id,
        &file.site,
        &file.mailbox,
        &file.message,
        file.issue_id.as_deref(),
        &row.key_id,
        row.size_bytes,
        &row.sealed_about,
        row.blob.as_deref(),
        row.inline.as_deref(),
        now,
    )?;
    Ok(())
}

/// Turns a row into a tombstone; its key and blob, or `None` when it was one.
async fn bury(
    conn: &mut Conn,
    id: &str,
    why: &'static str,
    entry: &Entry,
) -> Result<Option<(String, Option<String>)>, Fault> {
    const CONTENT: &str = "SELECT key_id, blob FROM kept_files WHERE id = $1 AND gone_at IS NULL";
    const BURY: &str =
        "UPDATE kept_files SET gone_at = $1, gone_why = $2, sealed_about = NULL, blob = NULL, sealed_inline = NULL
        WHERE id = $3 AND gone_at IS NULL";
    let now = dialect::now(conn).await?;
    let content = one!(conn, (String, Option<String>), CONTENT, id)?;
    if content.is_none() || execute!(conn, BURY, now, why, id)? == 0 {
        return Ok(None);
    }
    audit::write(conn, entry, now).await?;
    Ok(content)
}
