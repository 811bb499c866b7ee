//! Content: the raw bytes of a message, sealed in segments, inline when small and as a blob when large.

use crate::Store;
use crate::blob::{BlobReader, BlobWriter};
use crate::database::one;
use crate::dialect;
use crate::store::Inner;
use crate::vault::NewMessageKey;
use crate::vault::seal::{OVERHEAD_BYTES, Place, SEGMENT_BYTES, SealingKey};
use policy::{Fault, FaultCode};
use std::sync::Arc;
use uuid::Uuid;

/// The size of each piece that [`ContentReader::next`] hands out but the last.
pub const PIECE_BYTES: u64 = SEGMENT_BYTES as u64;

/// Takes the bytes of one message while they arrive; up to 64 KiB stay in memory, more is streamed, sealed, to the blob
/// store. Dropped without [`ContentWriter::finish`] it leaves at most an orphan that the sweep removes.
pub struct ContentWriter {
    store: Arc<Inner>,
    site: String,
    message: String,
    key: NewMessageKey,
    /// Bytes that are not sealed yet; the last segment stays here until it is known to be the last.
    pending: Vec<u8>,
    segments: u64,
    blob: Option<BlobWriter>,
    size_bytes: u64,
}

/// Sealed content that is not yet referred to by a row.
pub struct Content {
    pub size_bytes: u64,
    pub(crate) site: String,
    /// The id that the message's row will have.
    pub(crate) message: String,
    pub(crate) key: NewMessageKey,
    pub(crate) kept: Kept,
}

/// Where sealed content stands.
pub(crate) enum Kept {
    Inline(Vec<u8>),
    Blob(String),
}

/// Gives back the bytes of one message, in pieces of at most 64 KiB, each verified before it is handed out.
pub struct ContentReader {
    site: String,
    message: String,
    key: Arc<SealingKey>,
    source: Source,
    segments: u64,
    /// Bytes that the row says are still to come.
    missing_bytes: u64,
}

enum Source {
    Inline(Vec<u8>),
    Blob(BlobReader),
    End,
}

fn place<'a>(site: &'a str, message: &'a str) -> Place<'a> {
    Place { site, table: "contents", row: message, field: "content" }
}

impl ContentWriter {
    /// Any number of bytes; what does not fit into memory is sealed and handed to the blob store before this returns.
    pub async fn write(&mut self, mut bytes: &[u8]) -> Result<(), Fault> {
        while !bytes.is_empty() {
            if self.pending.len() == SEGMENT_BYTES {
                self.put_segment(false).await?;
            }
            let (now, later) = bytes.split_at(bytes.len().min(SEGMENT_BYTES - self.pending.len()));
            self.pending.extend_from_slice(now);
            self.size_bytes += now.len() as u64;
            bytes = later;
        }
        Ok(())
    }

    async fn put_segment(&mut self, end: bool) -> Result<(), Fault> {
        // Asked again while the mail grows: many large ones may have begun when there was still room.
        self.store.room.check()?;
        let sealed = self.seal_pending(end)?;
        if self.blob.is_none() {
            self.blob = Some(self.store.blobs.create().await?);
        }
        match &mut self.blob {
            Some(blob) => blob.write(&sealed).await,
            None => Ok(()),
        }
    }

    fn seal_pending(&mut self, end: bool) -> Result<Vec<u8>, Fault> {
        let sealed = self.key.key.seal_segment(place(&self.site, &self.message), self.segments, end, &self.pending)?;
        self.pending.clear();
        self.segments += 1;
        Ok(sealed)
    }

    /// Durable when it returns, for content that went to the blob store; smaller content becomes durable with its row.
    pub async fn finish(mut self) -> Result<Content, Fault> {
        let kept = if self.blob.is_none() {
            Kept::Inline(self.seal_pending(true)?)
        } else {
            self.put_segment(true).await?;
            match self.blob.take() {
                Some(blob) => Kept::Blob(blob.finish().await?),
                None => {
                    return Err(Fault::permanent(FaultCode::Internal, "a blob went away while it was written"));
                }
            }
        };
        let ContentWriter { site, message, key, size_bytes, .. } = self;
        Ok(Content { size_bytes, site, message, key, kept })
    }
}

impl ContentReader {
    /// `None` at the verified end. Content that was changed, swapped, reordered or cut is `StoreCorrupt`.
    pub async fn next(&mut self) -> Result<Option<Vec<u8>>, Fault> {
        let (sealed, end) = match std::mem::replace(&mut self.source, Source::End) {
            Source::End => return Ok(None),
            Source::Inline(sealed) => (sealed, true),
            Source::Blob(mut blob) => {
                let (sealed, end) = blob.next(SEGMENT_BYTES + OVERHEAD_BYTES).await?;
                if !end {
                    self.source = Source::Blob(blob);
                }
                (sealed, end)
            }
        };
        let plain = match self.key.open_segment(place(&self.site, &self.message), self.segments, end, &sealed) {
            Ok(plain) => plain,
            Err(fault) => {
                self.source = Source::End;
                return Err(fault);
            }
        };
        self.segments += 1;
        let left = self.missing_bytes.checked_sub(plain.len() as u64);
        match left {
            Some(left) if left == 0 || !end => self.missing_bytes = left,
            _ => {
                return Err(Fault::permanent(FaultCode::StoreCorrupt, "content has another size than its row says"));
            }
        }
        Ok(Some(plain).filter(|plain| !plain.is_empty()))
    }
}

impl Store {
    /// A writer for the content of a message of this site. `DiskFull` when there is not enough room.
    pub async fn content(&self, site: &str) -> Result<ContentWriter, Fault> {
        self.inner.room.check()?;
        let message = Uuid::now_v7().simple().to_string();
        let key = self.inner.vault.new_message_key(site, &message, dialect::this_clock()).await?;
        Ok(ContentWriter {
            store: Arc::clone(&self.inner),
            site: site.to_owned(),
            message,
            key,
            pending: Vec::new(),
            segments: 0,
            blob: None,
            size_bytes: 0,
        })
    }

    /// The raw bytes of a message. `KeyUnavailable` when they were erased.
    pub async fn raw(&self, message: &str) -> Result<ContentReader, Fault> {
        type Row = (String, i64, Option<Vec<u8>>, Option<String>, Option<Vec<u8>>);
        const SQL: &str = "SELECT m.site, m.size_bytes, m.wrapped_key, c.blob, c.sealed_inline
            FROM messages m LEFT JOIN contents c ON c.message = m.id WHERE m.id = $1";
        let id = message.to_owned();
        let row = self.inner.db.read(move |conn| Box::pin(async move { one!(conn, Row, SQL, &id) })).await?;
        let Some((site, size_bytes, wrapped, blob, inline)) = row else {
            return Err(Fault::permanent(FaultCode::Internal, "there is no such message"));
        };
        let Some(wrapped) = wrapped else {
            return Err(erased());
        };
        let key = self.inner.vault.message_key(&site, message, &wrapped).await?;
        let source = match (inline, blob) {
            (Some(sealed), _) => Source::Inline(sealed),
            (None, Some(name)) => Source::Blob(self.inner.blobs.read(&name).await?),
            (None, None) => return Err(erased()),
        };
        let missing_bytes = u64::try_from(size_bytes).unwrap_or(0);
        Ok(ContentReader { site, message: message.to_owned(), key, source, segments: 0, missing_bytes })
    }
}

pub(crate) fn erased() -> Fault {
    let why = "The content of this message was erased as the retention rules say.";
    Fault::permanent(FaultCode::KeyUnavailable, why).with_public(why)
}
