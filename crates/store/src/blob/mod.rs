//! Blobs: sealed content that is too large for the database, under random names; the row that names one is the commit.

mod fs;

use futures_util::StreamExt;
use futures_util::stream::BoxStream;
use object_store::path::Path as BlobPath;
use object_store::{MultipartUpload, ObjectStore, ObjectStoreExt, PutPayload};
use policy::{Fault, FaultCode};
use std::path::Path;
use std::time::Duration;

pub(crate) use fs::Folder;

/// Sealed bytes gathered before they are handed to the blob store; with one part under way this bounds the memory.
const PART_BYTES: usize = 512 * 1024;
/// Random bytes in a name: nobody guesses one, and none ever comes twice.
const NAME_BYTES: usize = 20;

/// Where blobs are. A new place is one variant here and its arms below.
pub(crate) enum Blobs {
    Folder(Folder),
}

/// A blob that is being written. Dropped without `finish` it leaves at most an orphan.
pub(crate) struct BlobWriter {
    name: String,
    upload: Box<dyn MultipartUpload>,
    part: Vec<u8>,
}

/// A blob that is being read, in pieces as large as asked for.
pub(crate) struct BlobReader {
    stream: BoxStream<'static, object_store::Result<bytes::Bytes>>,
    pending: bytes::BytesMut,
}

impl Blobs {
    pub(crate) fn open(folder: &Path) -> Result<Blobs, Fault> {
        Folder::open(folder).map(Blobs::Folder)
    }

    fn store(&self) -> &dyn ObjectStore {
        match self {
            Blobs::Folder(folder) => folder.store(),
        }
    }

    /// Begins a blob of a new name: hex digits below a folder of the first two.
    pub(crate) async fn create(&self) -> Result<BlobWriter, Fault> {
        let mut random = [0; NAME_BYTES];
        aws_lc_rs::rand::fill(&mut random).map_err(|_| crate::vault::seal::no_randomness())?;
        let hex = data_encoding::HEXLOWER.encode(&random);
        let name = format!("{}/{}", &hex[..2], &hex[2..]);
        let upload = self.store().put_multipart(&BlobPath::from(name.as_str())).await.map_err(fault)?;
        Ok(BlobWriter { name, upload, part: Vec::with_capacity(PART_BYTES) })
    }

    pub(crate) async fn read(&self, name: &str) -> Result<BlobReader, Fault> {
        let found = self.store().get(&BlobPath::from(name)).await.map_err(fault)?;
        Ok(BlobReader { stream: found.into_stream(), pending: bytes::BytesMut::new() })
    }

    /// Removes a blob; one that is gone already is as good.
    pub(crate) async fn remove(&self, name: &str) -> Result<(), Fault> {
        match self.store().delete(&BlobPath::from(name)).await {
            Ok(()) | Err(object_store::Error::NotFound { .. }) => Ok(()),
            Err(error) => Err(fault(error)),
        }
    }

    /// Names of blobs, whole and broken off, that were last written longer ago than this.
    pub(crate) async fn older_than(&self, age: Duration) -> Result<Vec<String>, Fault> {
        match self {
            Blobs::Folder(folder) => folder.older_than(age).await,
        }
    }

    /// Removes what a crash left of a blob that was never finished.
    pub(crate) async fn remove_leftover(&self, name: &str) -> Result<(), Fault> {
        match self {
            Blobs::Folder(folder) => folder.remove_leftover(name),
        }
    }

    /// Can it be written and removed again?
    pub(crate) async fn check(&self) -> Result<(), Fault> {
        let mut probe = self.create().await?;
        probe.write(b"probe").await?;
        let name = probe.finish().await?;
        self.remove(&name).await
    }
}

impl BlobWriter {
    pub(crate) async fn write(&mut self, sealed: &[u8]) -> Result<(), Fault> {
        self.part.extend_from_slice(sealed);
        if self.part.len() >= PART_BYTES { self.put().await } else { Ok(()) }
    }

    async fn put(&mut self) -> Result<(), Fault> {
        let part = std::mem::replace(&mut self.part, Vec::with_capacity(PART_BYTES));
        self.upload.put_part(PutPayload::from(part)).await.map_err(fault)
    }

    /// The blob's name; file and folder are on the disk when it returns.
    pub(crate) async fn finish(mut self) -> Result<String, Fault> {
        if !self.part.is_empty() {
            self.put().await?;
        }
        self.upload.complete().await.map_err(fault)?;
        Ok(self.name)
    }
}

impl BlobReader {
    /// The next `size` bytes, fewer only at the end; with whether the end was reached.
    pub(crate) async fn next(&mut self, size: usize) -> Result<(Vec<u8>, bool), Fault> {
        while self.pending.len() <= size {
            match self.stream.next().await {
                Some(bytes) => self.pending.extend_from_slice(&bytes.map_err(fault)?),
                None => return Ok((std::mem::take(&mut self.pending).to_vec(), true)),
            }
        }
        Ok((self.pending.split_to(size).to_vec(), false))
    }
}

/// What an error of the blob store means for the work.
fn fault(error: object_store::Error) -> Fault {
    if matches!(error, object_store::Error::NotFound { .. }) {
        return Fault::permanent(FaultCode::StoreCorrupt, "a blob that a row names is not there");
    }
    if fs::is_disk_full(&error) {
        return Fault::temporary(FaultCode::DiskFull, error.to_string());
    }
    Fault::temporary(FaultCode::BlobUnavailable, error.to_string())
}
