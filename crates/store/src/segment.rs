//! Long sealed content: cut into segments on the way in, inline when small and a blob when large, and verified piece by piece on
//! the way out.

use crate::blob::{BlobReader, BlobWriter};
use crate::outbox::LetterReader;
use crate::store::Inner;
use crate::vault::seal::{OVERHEAD_BYTES, Place, SEGMENT_BYTES, SealingKey};
use policy::{Fault, FaultCode};
use std::sync::Arc;

/// Which row the content belongs to; it opens nowhere else.
#[derive(Clone)]
pub(crate) struct Whereabouts {
    pub(crate) site: String,
    pub(crate) table: &'static str,
    pub(crate) row: String,
}

impl Whereabouts {
    fn place(&self) -> Place<'_> {
        Place { site: &self.site, table: self.table, row: &self.row, field: "content" }
    }
}

/// Where sealed content stands.
pub(crate) enum Kept {
    Inline(Vec<u8>),
    Blob(String),
}

/// Takes content while it arrives; up to 64 KiB stay in memory, more is streamed, sealed, to the blob store.
pub(crate) struct SegmentWriter {
    store: Arc<Inner>,
    of: Whereabouts,
    key: Arc<SealingKey>,
    /// Bytes that are not sealed yet; the last segment stays here until it is known to be the last.
    pending: Vec<u8>,
    segments: u64,
    blob: Option<BlobWriter>,
    size_bytes: u64,
}

impl SegmentWriter {
    pub(crate) fn new(store: Arc<Inner>, of: Whereabouts, key: Arc<SealingKey>) -> SegmentWriter {
        SegmentWriter { store, of, key, pending: Vec::new(), segments: 0, blob: None, size_bytes: 0 }
    }

    /// Any number of bytes; what does not fit into memory is sealed and handed to the blob store before this returns.
    pub(crate) async fn write(&mut self, mut bytes: &[u8]) -> Result<(), Fault> {
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

    pub(crate) fn size_bytes(&self) -> u64 {
        self.size_bytes
    }

    async fn put_segment(&mut self, end: bool) -> Result<(), Fault> {
        // Asked again while the content grows: many large ones may have begun when there was still room.
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
        let sealed = self.key.seal_segment(self.of.place(), self.segments, end, &self.pending)?;
        self.pending.clear();
        self.segments += 1;
        Ok(sealed)
    }

    /// The content and its size. Durable when it returns, for content that went to the blob store; smaller content becomes durable
    /// with its row.
    pub(crate) async fn finish(mut self) -> Result<(Kept, u64), Fault> {
        if self.blob.is_none() {
            return Ok((Kept::Inline(self.seal_pending(true)?), self.size_bytes));
        }
        self.put_segment(true).await?;
        match self.blob.take() {
            Some(blob) => Ok((Kept::Blob(blob.finish().await?), self.size_bytes)),
            None => Err(Fault::permanent(FaultCode::Internal, "a blob went away while it was written")),
        }
    }
}

/// Gives content back in pieces of at most 64 KiB, of a letter with files about 90 KiB, each verified before it is handed out.
pub struct ContentReader {
    content: Content,
    /// By which mailbox a mail came.
    mailbox: Option<String>,
}

enum Content {
    Kept(SegmentReader),
    /// A letter with the files that go along.
    Letter(Box<LetterReader>),
}

/// The same of content that stands in one place.
pub(crate) struct SegmentReader {
    of: Whereabouts,
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

impl ContentReader {
    /// `None` when the row names no content.
    pub(crate) async fn open(
        store: &Inner,
        of: Whereabouts,
        key: Arc<SealingKey>,
        size_bytes: i64,
        place: (Option<String>, Option<Vec<u8>>),
    ) -> Result<Option<ContentReader>, Fault> {
        let opened = SegmentReader::open(store, of, key, size_bytes, place).await?;
        Ok(opened.map(|opened| ContentReader { content: Content::Kept(opened), mailbox: None }))
    }

    pub(crate) fn of_mailbox(self, mailbox: String) -> ContentReader {
        ContentReader { mailbox: Some(mailbox), ..self }
    }

    /// By which mailbox it came, where it is a mail that was taken in: whose keys open it.
    pub fn mailbox(&self) -> Option<&str> {
        self.mailbox.as_deref()
    }

    pub(crate) fn of_file(file: SegmentReader) -> ContentReader {
        ContentReader { content: Content::Kept(file), mailbox: None }
    }

    pub(crate) fn of_letter(letter: LetterReader) -> ContentReader {
        ContentReader { content: Content::Letter(Box::new(letter)), mailbox: None }
    }

    /// `None` at the verified end. Content that was changed, swapped, reordered or cut is `StoreCorrupt`; a letter whose files were erased
    /// `KeyUnavailable`.
    pub async fn next(&mut self) -> Result<Option<Vec<u8>>, Fault> {
        match &mut self.content {
            Content::Kept(content) => content.next().await,
            Content::Letter(letter) => letter.next().await,
        }
    }
}

impl SegmentReader {
    pub(crate) async fn open(
        store: &Inner,
        of: Whereabouts,
        key: Arc<SealingKey>,
        size_bytes: i64,
        (blob, inline): (Option<String>, Option<Vec<u8>>),
    ) -> Result<Option<SegmentReader>, Fault> {
        let source = match (inline, blob) {
            (Some(sealed), _) => Source::Inline(sealed),
            (None, Some(name)) => Source::Blob(store.blobs.read(&name).await?),
            (None, None) => return Ok(None),
        };
        let missing_bytes = u64::try_from(size_bytes).unwrap_or(0);
        Ok(Some(SegmentReader { of, key, source, segments: 0, missing_bytes }))
    }

    pub(crate) async fn next(&mut self) -> Result<Option<Vec<u8>>, Fault> {
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
        let plain = match self.key.open_segment(self.of.place(), self.segments, end, &sealed) {
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
