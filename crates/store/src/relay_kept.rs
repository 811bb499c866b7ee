//! Relayed mails that wait for a key and were taken in: stored, sealed, each with the job that tries again. A relay that keeps nothing, as
//! all do that are not told otherwise, has none.

mod by_hand;

pub use by_hand::{KEPT_PAGE_MAX, KeptFilter, KeptOfRelay, NotByHand, RelayedLine};

use crate::Store;
use crate::content::erased;
use crate::database::{execute, one};
use crate::dialect;
use crate::job::{check_lease, end};
use crate::relayed::{NOTE, RelayedMail};
use crate::rows::{Lease, Micros};
use crate::sealed::{self, job_place};
use crate::segment::{ContentReader, Kept, SegmentReader, SegmentWriter, Whereabouts};
use crate::vault::seal::Place;
use policy::Fault;
use serde::Serialize;
use serde::de::DeserializeOwned;
use std::sync::Arc;
use uuid::Uuid;

const TABLE: &str = "relay_kept";
const SECOND: Micros = 1_000_000;

/// A mail that is to be kept.
#[derive(Debug)]
pub struct NewKept<'a, T> {
    /// By what the relay knows it again when its client asks once more.
    pub mail: RelayedMail<'a>,
    /// Who waits. From now on they count as those who have it.
    pub recipients: &'a [String],
    /// What is to be known of it beside its bytes.
    pub told: &'a T,
    /// What keeps it.
    pub why: &'a Fault,
    /// It is tried again after so long, and given up after so long.
    pub again_s: i64,
    pub ends_s: i64,
}

/// A mail that is kept.
pub struct KeptRelayed<T> {
    /// The name of its relay.
    pub relay: String,
    pub kept_at: Micros,
    /// When it is given up.
    pub ends_at: Micros,
    pub told: T,
    /// Its bytes.
    pub content: ContentReader,
}

fn told_place<'a>(site: &'a str, id: &'a str) -> Place<'a> {
    Place { site, table: TABLE, row: id, field: "sealed_told" }
}

fn whereabouts(site: &str, id: &str) -> Whereabouts {
    Whereabouts { site: site.to_owned(), table: TABLE, row: id.to_owned() }
}

fn job_id(id: &str) -> String {
    format!("relayed:{id}")
}

impl Store {
    /// Keeps a mail, with a job that tries again, and notes those who wait for it: all of it or nothing, and durable when it returns. The id
    /// under which it is stored.
    ///
    /// # Errors
    /// `DiskFull` when there is not enough room, and those of the store.
    pub async fn keep_relayed<T: Serialize + Sync>(&self, new: NewKept<'_, T>, bytes: &[u8]) -> Result<String, Fault> {
        const ROW: &str =
            "INSERT INTO relay_kept (id, site, relay, kept_at, ends_at, recipients, size_bytes, key_id, wrapped_key,
                sealed_told, sealed_inline, blob) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)";
        // It waits for a key from the beginning.
        const JOB: &str =
            "INSERT INTO jobs (id, kind, site, subject, position, state, due, created_at, aside, sealed_fault)
            VALUES ($1, 'relayed', $2, $3, 0, 'waiting', $4, $5, 3, $6)";
        self.inner.room.check()?;
        let NewKept { mail, recipients, told, why, again_s, ends_s } = new;
        let id = Uuid::now_v7().simple().to_string();
        let (site, relay) = (mail.site.to_owned(), mail.relay.to_owned());
        let key = self.inner.vault.new_message_key(&site, &id, dialect::this_clock()).await?;
        let sealed = sealed::seal(&key.key, told_place(&site, &id), told)?;
        let fault = sealed::seal(&key.key, job_place(&site, &job_id(&id)), why)?;
        let hashes = mail.hashes(self, recipients).await?;
        let number = i64::try_from(recipients.len()).unwrap_or(i64::MAX);
        let mut segments = SegmentWriter::new(Arc::clone(&self.inner), whereabouts(&site, &id), Arc::clone(&key.key));
        segments.write(bytes).await?;
        let (kept, size_bytes) = segments.finish().await?;
        let (inline, blob) = match kept {
            Kept::Inline(sealed) => (Some(sealed), None),
            Kept::Blob(name) => (None, Some(name)),
        };
        let size = i64::try_from(size_bytes).unwrap_or(i64::MAX);
        let stored = id.clone();
        let work = self.inner.db.unit(move |conn| {
            Box::pin(async move {
                let now = dialect::now(conn).await?;
                let (ends_at, due) = (now + ends_s * SECOND, now + again_s * SECOND);
                let (key_id, wrapped) = (&key.wrapped_by, &key.wrapped);
                execute!(
                    conn,
                    ROW,
                    &id,
                    &site,
                    &relay,
                    now,
                    ends_at,
                    number,
                    size,
                    key_id,
                    wrapped,
                    &sealed,
                    inline.as_deref(),
                    blob.as_deref()
                )?;
                execute!(conn, JOB, &job_id(&id), &site, &id, due, now, &fault)?;
                for hash in &hashes {
                    execute!(conn, NOTE, &site, hash, now)?;
                }
                Ok(())
            })
        });
        work.await?;
        self.inner.bell.ring();
        Ok(stored)
    }

    /// The mail of this job; `None` when it is kept no more.
    pub async fn kept_relayed<T: DeserializeOwned>(&self, lease: &Lease) -> Result<Option<KeptRelayed<T>>, Fault> {
        type Row = (String, i64, i64, i64, Vec<u8>, Vec<u8>, Option<String>, Option<Vec<u8>>);
        const SQL: &str = "SELECT relay, kept_at, ends_at, size_bytes, wrapped_key, sealed_told, blob, sealed_inline
            FROM relay_kept WHERE id = $1 AND site = $2";
        let (id, site) = (lease.subject.clone(), lease.site.clone());
        let row = self.inner.db.read(move |conn| Box::pin(async move { one!(conn, Row, SQL, &id, &site) })).await?;
        let Some((relay, kept_at, ends_at, size_bytes, wrapped, sealed, blob, inline)) = row else { return Ok(None) };
        let (site, id) = (lease.site.as_str(), lease.subject.as_str());
        let key = self.inner.vault.message_key(site, id, &wrapped).await?;
        let told = sealed::open(&key, told_place(site, id), &sealed)?;
        let content = SegmentReader::open(&self.inner, whereabouts(site, id), key, size_bytes, (blob, inline));
        let content = ContentReader::of_file(content.await?.ok_or_else(erased)?);
        Ok(Some(KeptRelayed { relay, kept_at, ends_at, told, content }))
    }

    /// Some of those who waited have the mail, or never will (`done`, by `mail`): that, and what is to be known of it from now on, together.
    pub async fn keep_on_relayed<T: Serialize + Sync>(
        &self,
        lease: &Lease,
        told: &T,
        recipients: usize,
        (mail, done): (RelayedMail<'_>, &[String]),
    ) -> Result<(), Fault> {
        const SQL: &str = "UPDATE relay_kept SET sealed_told = $1, recipients = $2 WHERE id = $3";
        let key = self.inner.key_for(lease).await?.ok_or_else(erased)?;
        let sealed = sealed::seal(&key, told_place(&lease.site, &lease.subject), told)?;
        let (site, hashes) = (mail.site.to_owned(), mail.hashes(self, done).await?);
        let (lease, number) = (lease.clone(), i64::try_from(recipients).unwrap_or(i64::MAX));
        let work = self.inner.db.unit(move |conn| {
            Box::pin(async move {
                check_lease(conn, &lease).await?;
                execute!(conn, SQL, &sealed, number, &lease.subject)?;
                let now = dialect::now(conn).await?;
                for hash in &hashes {
                    execute!(conn, NOTE, &site, hash, now)?;
                }
                Ok(())
            })
        });
        work.await
    }

    /// Nobody waits for the mail any more: it is erased, and its job is done.
    pub async fn end_kept_relayed(&self, lease: &Lease) -> Result<(), Fault> {
        const GONE: &str = "DELETE FROM relay_kept WHERE id = $1 RETURNING blob";
        let ended = lease.clone();
        let work = self.inner.db.unit(move |conn| {
            Box::pin(async move {
                let now = dialect::now(conn).await?;
                end(conn, &ended, now).await?;
                one!(conn, (Option<String>,), GONE, &ended.subject)
            })
        });
        let gone = work.await?;
        self.kept_is_gone(&lease.subject, gone.and_then(|(blob,)| blob)).await;
        Ok(())
    }

    /// Its row is erased: its key is forgotten, and its blob removed.
    async fn kept_is_gone(&self, id: &str, blob: Option<String>) {
        self.inner.vault.forget_message_key(id);
        if let Some(name) = blob
            && let Err(fault) = self.inner.blobs.remove(&name).await
        {
            // Its key is gone already, and it is an orphan for a later sweep.
            tracing::warn!(code = %fault.code, "an erased blob could not be removed yet");
        }
    }
}
