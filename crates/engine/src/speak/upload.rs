//! A file as `multipart/form-data` (RFC 7578) of known length, streamed from its source.

use crate::cell::Source;
use bytes::Bytes;
use futures_util::stream::{self, Stream, StreamExt, TryStreamExt};
use policy::{Fault, FaultCode};

/// Random bytes of a boundary; enough that no file contains it by chance or design.
const BOUNDARY_BYTES: usize = 16;

/// The frame around a file.
pub(super) struct Upload {
    boundary: String,
    head: String,
    tail: String,
}

impl Upload {
    /// `name` is data from a stranger's mail: it cannot leave its quotes.
    pub(super) fn new(name: &str, content_type: &str) -> Result<Upload, Fault> {
        let mut random = [0; BOUNDARY_BYTES];
        aws_lc_rs::rand::fill(&mut random)
            .map_err(|_| Fault::temporary(FaultCode::Internal, "no random bytes for a boundary"))?;
        let boundary = format!("sealpost-{}", data_encoding::HEXLOWER.encode(&random));
        let head = format!(
            "--{boundary}\r\nContent-Disposition: form-data; name=\"file\"; filename=\"{}\"\r\nContent-Type: {}\r\n\r\n",
            quoted(name),
            media_type(content_type),
        );
        let tail = format!("\r\n--{boundary}--\r\n");
        Ok(Upload { boundary, head, tail })
    }

    pub(super) fn content_type(&self) -> String {
        format!("multipart/form-data; boundary={}", self.boundary)
    }

    /// The length of the whole body around a file of this size.
    pub(super) fn length(&self, size_bytes: u64) -> u64 {
        size_bytes + (self.head.len() + self.tail.len()) as u64
    }

    /// The body. A source that fails, ends early or gives too much breaks it off before its end, so that with the announced
    /// length no server can take it for whole.
    pub(super) fn body(
        self,
        size_bytes: u64,
        source: impl Source + 'static,
    ) -> impl Stream<Item = Result<Bytes, Fault>> + Send + 'static {
        let head = stream::iter([Ok(Bytes::from(self.head))]);
        let tail = stream::iter([Ok(Bytes::from(self.tail))]);
        let pieces = stream::try_unfold((source, size_bytes), |(mut source, left)| async move {
            let piece = source.next().await?;
            let length = piece.as_ref().map_or(0, |piece| piece.len() as u64);
            match piece {
                None if left == 0 => Ok(None),
                None => Err(broken_off("the file ended before its announced size")),
                Some(_) if length > left => Err(broken_off("the file is longer than its announced size")),
                Some(piece) => Ok(Some((piece, (source, left - length)))),
            }
        });
        head.chain(pieces.into_stream()).chain(tail)
    }
}

/// Temporary: half a file has no effect.
fn broken_off(detail: &str) -> Fault {
    Fault::temporary(FaultCode::TrackerUnclear, detail)
}

/// As browsers write it, and as servers therefore read it: UTF-8 with the three dangerous characters escaped.
fn quoted(name: &str) -> String {
    name.replace('"', "%22").replace('\r', "%0D").replace('\n', "%0A")
}

/// What does not look like a media type is one of unknown bytes.
fn media_type(text: &str) -> &str {
    let harmless = |byte: u8| byte.is_ascii_graphic() || byte == b' ';
    if text.contains('/') && text.bytes().all(harmless) { text } else { "application/octet-stream" }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    async fn body(size_bytes: u64, content: &'static [u8]) -> Result<Vec<u8>, Fault> {
        let upload = Upload::new("a \"b\"\r\nX-Evil: 1.pdf", "text/plain\r\nX-Evil: 1").unwrap();
        let length = upload.length(size_bytes);
        let pieces: Vec<Bytes> = upload.body(size_bytes, content).try_collect().await?;
        assert_eq!(pieces.iter().map(|piece| piece.len() as u64).sum::<u64>(), length);
        Ok(pieces.concat())
    }

    #[tokio::test]
    async fn sec_09_a_file_name_cannot_leave_its_quotes_nor_a_type_its_line() {
        let text = String::from_utf8(body(5, b"hello").await.unwrap()).unwrap();
        let (head, content) = text.split_once("\r\n\r\n").unwrap();
        assert_eq!(head.lines().count(), 3, "{head}");
        assert!(head.contains(r#"filename="a %22b%22%0D%0AX-Evil: 1.pdf""#), "{head}");
        assert!(head.ends_with("Content-Type: application/octet-stream"));
        assert!(content.starts_with("hello\r\n--sealpost-"));
    }

    #[tokio::test]
    async fn fault_40_a_file_of_another_size_than_announced_is_broken_off() {
        assert!(body(0, b"").await.is_ok());
        for size_bytes in [0, 4, 6] {
            assert_eq!(body(size_bytes, b"hello").await.unwrap_err().kind, policy::FaultKind::Temporary);
        }
    }
}
