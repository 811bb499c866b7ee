//! Content: the raw bytes of a message, sealed in segments under the message's own key.

use crate::Store;
use crate::database::one;
use crate::dialect;
use crate::segment::{ContentReader, Kept, SegmentWriter, Whereabouts};
use crate::vault::NewMessageKey;
use crate::vault::seal::SEGMENT_BYTES;
use policy::{Fault, FaultCode};
use std::sync::Arc;
use uuid::Uuid;

/// The size of each piece that [`ContentReader::next`] hands out but the last.
pub const PIECE_BYTES: u64 = SEGMENT_BYTES as u64;

/// Takes the bytes of one message while they arrive; up to 64 KiB stay in memory, more is streamed, sealed, to the blob
/// store. Dropped without [`ContentWriter::finish`] it leaves at most an orphan that the sweep removes.
pub struct ContentWriter {
    site: String,
    message: String,
    key: NewMessageKey,
    segments: SegmentWriter,
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

fn whereabouts(site: &str, message: &str) -> Whereabouts {
    Whereabouts { site: site.to_owned(), table: "contents", row: message.to_owned() }
}

impl ContentWriter {
    /// Any number of bytes; what does not fit into memory is sealed and handed to the blob store before this returns.
    pub async fn write(&mut self, bytes: &[u8]) -> Result<(), Fault> {
        self.segments.write(bytes).await
    }

    /// The id that the message will have.
    pub fn message(&self) -> &str {
        &self.message
    }

    /// Durable when it returns, for content that went to the blob store; smaller content becomes durable with its row.
    pub async fn finish(self) -> Result<Content, Fault> {
        let ContentWriter { site, message, key, segments } = self;
        let (kept, size_bytes) = segments.finish().await?;
        Ok(Content { size_bytes, site, message, key, kept })
    }
}

impl Store {
    /// A writer for the content of a message of this site. `DiskFull` when there is not enough room.
    pub async fn content(&self, site: &str) -> Result<ContentWriter, Fault> {
        self.inner.room.check()?;
        let message = Uuid::now_v7().simple().to_string();
        let key = self.inner.vault.new_message_key(site, &message, dialect::this_clock()).await?;
        let segments = SegmentWriter::new(Arc::clone(&self.inner), whereabouts(site, &message), Arc::clone(&key.key));
        Ok(ContentWriter { site: site.to_owned(), message, key, segments })
    }

    /// The raw bytes of a message. `KeyUnavailable` when they were erased.
    pub async fn raw(&self, message: &str) -> Result<ContentReader, Fault> {
        type Row = (String, String, i64, Option<Vec<u8>>, Option<String>, Option<Vec<u8>>);
        const SQL: &str = "SELECT m.site, m.mailbox, m.size_bytes, m.wrapped_key, c.blob, c.sealed_inline
            FROM messages m LEFT JOIN contents c ON c.message = m.id WHERE m.id = $1";
        let id = message.to_owned();
        let row = self.inner.db.read(move |conn| Box::pin(async move { one!(conn, Row, SQL, &id) })).await?;
        let Some((site, mailbox, size_bytes, wrapped, blob, inline)) = row else {
            return Err(Fault::permanent(FaultCode::Internal, "there is no such message"));
        };
        let Some(wrapped) = wrapped else {
            return Err(erased());
        };
        let key = self.inner.vault.message_key(&site, message, &wrapped).await?;
        let of = whereabouts(&site, message);
        let opened = ContentReader::open(&self.inner, of, key, size_bytes, (blob, inline)).await?;
        Ok(opened.ok_or_else(erased)?.of_mailbox(mailbox))
    }
}

pub(crate) fn erased() -> Fault {
    let why = "What it said was erased, by a person or as the retention rules say; the audit trail tells which.";
    Fault::permanent(FaultCode::KeyUnavailable, why).with_public(why)
}
