//! Files that go along with the letters of one decision: kept once, sealed under a key of their own each.

use crate::Store;
use crate::content::erased;
use crate::database::{Conn, all, execute, one};
use crate::dialect;
use crate::job::check_lease;
use crate::rows::Lease;
use crate::segment::{ContentReader, Kept, SegmentReader, SegmentWriter, Whereabouts};
use crate::store::Inner;
use crate::vault::NewMessageKey;
use policy::Fault;
use std::sync::Arc;
use uuid::Uuid;

/// A file of which no letter is left, nor any that may still be drafted, goes after so many days.
const KEPT_DAYS: i64 = 1;
/// Files that one sweep erases at once.
const ERASED_AT_ONCE: i64 = 100;

/// Takes the bytes of one file while they arrive. Dropped without [`LetterFileWriter::finish`] it leaves at most an orphan that the sweep
/// removes.
pub struct LetterFileWriter {
    inner: Arc<Inner>,
    site: String,
    /// Of the job that decides; `None` for a file that somebody gives along before anything is decided.
    lease: Option<Lease>,
    notice: String,
    id: String,
    key: NewMessageKey,
    segments: SegmentWriter,
}

/// A file that the letters of its decision can name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoredLetterFile {
    pub id: String,
    pub size_bytes: u64,
}

fn whereabouts(site: &str, id: &str) -> Whereabouts {
    Whereabouts { site: site.to_owned(), table: "outbox_files", row: id.to_owned() }
}

impl LetterFileWriter {
    /// Any number of bytes; what does not fit into memory is sealed and handed to the blob store before this returns.
    pub async fn write(&mut self, bytes: &[u8]) -> Result<(), Fault> {
        self.segments.write(bytes).await
    }

    /// Durable when it returns. It goes when no letter of its decision is kept any more.
    pub async fn finish(self) -> Result<StoredLetterFile, Fault> {
        const SQL: &str =
            "INSERT INTO outbox_files (id, site, notice, size_bytes, kept_at, key_id, wrapped_key, sealed_inline, blob)
            VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)";
        let LetterFileWriter { inner, site, lease, notice, id, key, segments } = self;
        let (kept, size_bytes) = segments.finish().await?;
        let (inline, blob) = match kept {
            Kept::Inline(sealed) => (Some(sealed), None),
            Kept::Blob(name) => (None, Some(name)),
        };
        let (row, size) = (id.clone(), i64::try_from(size_bytes).unwrap_or(i64::MAX));
        let work = inner.db.unit(move |conn| {
            Box::pin(async move {
                if let Some(lease) = &lease {
                    check_lease(conn, lease).await?;
                }
                let now = dialect::now(conn).await?;
                let (key_id, wrapped) = (&key.wrapped_by, &key.wrapped);
                execute!(
                    conn,
                    SQL,
                    &row,
                    &site,
                    &notice,
                    size,
                    now,
                    key_id,
                    wrapped,
                    inline.as_deref(),
                    blob.as_deref()
                )
                .map(|_| ())
            })
        });
        work.await?;
        Ok(StoredLetterFile { id, size_bytes })
    }
}

impl Store {
    /// A writer for a file that goes along with letters of the decision `notice`. `DiskFull` when there is not enough room.
    pub async fn letter_file(&self, lease: &Lease, notice: &str) -> Result<LetterFileWriter, Fault> {
        self.letter_file_writer(&lease.site, Some(lease.clone()), notice).await
    }

    /// A writer for a file that somebody gives along with the letter that he writes, `written` its id. `DiskFull` as there.
    pub async fn written_file(&self, site: &str, written: &str) -> Result<LetterFileWriter, Fault> {
        self.letter_file_writer(site, None, written).await
    }

    async fn letter_file_writer(
        &self,
        site: &str,
        lease: Option<Lease>,
        notice: &str,
    ) -> Result<LetterFileWriter, Fault> {
        self.inner.room.check()?;
        let id = Uuid::now_v7().simple().to_string();
        let key = self.inner.vault.new_message_key(site, &id, dialect::this_clock()).await?;
        let inner = Arc::clone(&self.inner);
        let segments = SegmentWriter::new(Arc::clone(&inner), whereabouts(site, &id), Arc::clone(&key.key));
        Ok(LetterFileWriter { inner, site: site.to_owned(), lease, notice: notice.to_owned(), id, key, segments })
    }

    /// The bytes of a file that is kept for the letters of a decision.
    ///
    /// # Errors
    /// `KeyUnavailable` when it was erased.
    pub async fn letter_file_content(&self, site: &str, id: &str) -> Result<ContentReader, Fault> {
        Ok(ContentReader::of_file(opened(&self.inner, site, id).await?))
    }

    /// Erases the files of which no letter is left; how many. Those of a decision that is not written down yet have a day.
    pub(crate) async fn erase_old_letter_files(&self) -> Result<u64, Fault> {
        const OLD: &str = "SELECT f.id, f.blob FROM outbox_files f WHERE (f.kept_at < $1
                    OR EXISTS (SELECT 1 FROM outbox o WHERE o.notice = f.notice AND o.posted_at IS NOT NULL))
                AND NOT EXISTS (SELECT 1 FROM outbox o WHERE o.notice = f.notice AND o.wrapped_key IS NOT NULL)
                AND NOT EXISTS (SELECT 1 FROM written w WHERE w.id = f.notice AND w.state = 'asked'
                    AND w.wrapped_key IS NOT NULL)
            ORDER BY f.kept_at LIMIT $2";
        let mut erased = 0;
        loop {
            let work = self.inner.db.unit(|conn| {
                Box::pin(async move {
                    let before = dialect::now(conn).await? - KEPT_DAYS * 86_400_000_000;
                    let old = all!(conn, (String, Option<String>), OLD, before, ERASED_AT_ONCE)?;
                    erase(conn, &old).await?;
                    Ok(old)
                })
            });
            let gone = work.await?;
            self.forget_files(&gone).await;
            erased += gone.len() as u64;
            if (gone.len() as i64) < ERASED_AT_ONCE {
                return Ok(erased);
            }
        }
    }

    /// Erases the files of a decision unless one of its letters is kept.
    pub(crate) async fn erase_files_of(&self, notice: &str) -> Result<(), Fault> {
        const OF_NOTICE: &str = "SELECT f.id, f.blob FROM outbox_files f WHERE f.notice = $1
            AND NOT EXISTS (SELECT 1 FROM outbox o WHERE o.notice = f.notice AND o.wrapped_key IS NOT NULL)";
        let notice = notice.to_owned();
        let work = self.inner.db.unit(move |conn| {
            Box::pin(async move {
                let all = all!(conn, (String, Option<String>), OF_NOTICE, &notice)?;
                erase(conn, &all).await?;
                Ok(all)
            })
        });
        let gone = work.await?;
        self.forget_files(&gone).await;
        Ok(())
    }

    pub(super) async fn forget_files(&self, gone: &[(String, Option<String>)]) {
        for (id, blob) in gone {
            self.inner.vault.forget_message_key(id);
            let Some(name) = blob else { continue };
            // Its key is gone already; should this fail, it is an orphan for a later sweep.
            if let Err(fault) = self.inner.blobs.remove(name).await {
                tracing::warn!(code = %fault.code, "an erased blob could not be removed yet");
            }
        }
    }
}

/// Erases the files of a letter that is about to be erased, unless another letter that is kept takes them along.
pub(super) async fn erase_with(conn: &mut Conn, letter: &str) -> Result<Vec<(String, Option<String>)>, Fault> {
    const OWN: &str = "SELECT f.id, f.blob FROM outbox_files f JOIN outbox_parts p ON p.file = f.id WHERE p.letter = $1
        AND NOT EXISTS (SELECT 1 FROM outbox_parts q JOIN outbox o ON o.id = q.letter
            WHERE q.file = f.id AND o.id <> $1 AND o.wrapped_key IS NOT NULL)";
    let own = all!(conn, (String, Option<String>), OWN, letter)?;
    erase(conn, &own).await?;
    Ok(own)
}

async fn erase(conn: &mut Conn, files: &[(String, Option<String>)]) -> Result<(), Fault> {
    const ERASE: [&str; 2] = ["DELETE FROM outbox_files WHERE id = $1", "DELETE FROM outbox_parts WHERE file = $1"];
    for (id, _) in files {
        for sql in ERASE {
            execute!(conn, sql, id)?;
        }
    }
    Ok(())
}

/// The bytes of a file of a letter.
pub(super) async fn opened(inner: &Arc<Inner>, site: &str, id: &str) -> Result<SegmentReader, Fault> {
    type Row = (i64, Vec<u8>, Option<String>, Option<Vec<u8>>);
    const SQL: &str =
        "SELECT size_bytes, wrapped_key, blob, sealed_inline FROM outbox_files WHERE id = $1 AND site = $2";
    let asked = (id.to_owned(), site.to_owned());
    let row = inner.db.read(move |conn| Box::pin(async move { one!(conn, Row, SQL, &asked.0, &asked.1) })).await?;
    let (size_bytes, wrapped, blob, inline) = row.ok_or_else(erased)?;
    let key = inner.vault.message_key(site, id, &wrapped).await?;
    let content = SegmentReader::open(inner, whereabouts(site, id), key, size_bytes, (blob, inline));
    content.await?.ok_or_else(erased)
}
