//! A letter as it is sent: its bytes, with the files of its decision in their places, never whole in memory.

use super::{LetterAbout, LetterGap, file};
use crate::segment::SegmentReader;
use crate::store::Inner;
use mail::compose::Base64Lines;
use policy::{Fault, FaultCode};
use std::collections::VecDeque;
use std::sync::Arc;

/// Reads a letter piece by piece.
pub(crate) struct LetterReader {
    inner: Arc<Inner>,
    site: String,
    letter: SegmentReader,
    /// How many bytes of the letter were read, and those of them that are not handed out yet.
    read_bytes: u64,
    waiting: Vec<u8>,
    /// The places that are still to come, in their order, with the size of each file.
    gaps: VecDeque<(LetterGap, u64)>,
    file: Option<Filling>,
}

/// A file that is being put in.
struct Filling {
    content: SegmentReader,
    lines: Base64Lines,
    bytes_left: u64,
}

impl LetterReader {
    pub(super) fn of(inner: Arc<Inner>, site: &str, letter: SegmentReader, about: &LetterAbout) -> LetterReader {
        let gaps = about.files.iter().filter_map(|file| Some((file.gap.clone()?, file.size_bytes)));
        let mut gaps: Vec<(LetterGap, u64)> = gaps.collect();
        gaps.sort_by_key(|(gap, _)| gap.at);
        let (site, gaps) = (site.to_owned(), gaps.into());
        LetterReader { inner, site, letter, read_bytes: 0, waiting: Vec::new(), gaps, file: None }
    }

    /// How many bytes the files take in the letter.
    pub(super) fn files_bytes(&self) -> u64 {
        self.gaps.iter().map(|(_, size_bytes)| Base64Lines::encoded_length(*size_bytes)).sum()
    }

    /// The next bytes, about 90 KiB at most; `None` at the end.
    ///
    /// # Errors
    /// `KeyUnavailable` when a file was erased, `StoreCorrupt` when it is not what was kept.
    pub(crate) async fn next(&mut self) -> Result<Option<Vec<u8>>, Fault> {
        loop {
            if let Some(piece) = self.of_file().await? {
                return Ok(Some(piece));
            }
            let before = self.gaps.front().map(|(gap, _)| gap.at);
            let given = self.read_bytes - self.waiting.len() as u64;
            if !self.waiting.is_empty() && before.is_none_or(|before| before > given) {
                let fits = before.map_or(self.waiting.len(), |before| {
                    usize::try_from(before - given).unwrap_or(usize::MAX).min(self.waiting.len())
                });
                let later = self.waiting.split_off(fits);
                return Ok(Some(std::mem::replace(&mut self.waiting, later)));
            }
            match self.gaps.pop_front_if(|(gap, _)| gap.at <= given) {
                Some((gap, bytes_left)) => {
                    let content = file::opened(&self.inner, &self.site, &gap.file).await?;
                    self.file = Some(Filling { content, lines: Base64Lines::default(), bytes_left });
                }
                None => match self.letter.next().await? {
                    Some(piece) => {
                        self.read_bytes += piece.len() as u64;
                        self.waiting = piece;
                    }
                    None if self.gaps.is_empty() => return Ok(None),
                    None => return Err(corrupt("a letter that ends before the place of a file")),
                },
            }
        }
    }

    /// The next bytes of the file that is being put in; `None` when it is in, or none is.
    async fn of_file(&mut self) -> Result<Option<Vec<u8>>, Fault> {
        while let Some(mut filling) = self.file.take() {
            let piece = match filling.content.next().await? {
                Some(bytes) => {
                    let left = filling.bytes_left.checked_sub(bytes.len() as u64);
                    filling.bytes_left =
                        left.ok_or_else(|| corrupt("a file of a letter that is longer than was said"))?;
                    let piece = filling.lines.push(&bytes);
                    self.file = Some(filling);
                    piece
                }
                None if filling.bytes_left > 0 => {
                    return Err(corrupt("a file of a letter that is shorter than was said"));
                }
                None => filling.lines.finish(),
            };
            if !piece.is_empty() {
                return Ok(Some(piece));
            }
        }
        Ok(None)
    }
}

fn corrupt(what: &str) -> Fault {
    Fault::permanent(FaultCode::StoreCorrupt, what)
}
