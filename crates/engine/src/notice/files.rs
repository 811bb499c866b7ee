//! Files of an issue that go along with letters: had of the tracker once for all letters of a decision, sealed, and named by each letter.

use super::letters::Making;
use crate::site::Site;
use crate::stop::Stop;
use bytes::Bytes;
use mail::compose::{Content, File, Gap, Picture};
use policy::notify::{About, Fate, FileSaid, Files, Going, THUMBNAIL_BYTES_MAX, picture_id, thumbnail_id};
use policy::{Fault, FaultCode, FaultKind, Notification};
use std::collections::{HashMap, HashSet};
use store::{LetterFile, LetterGap, StoredLetterFile};
use tokio::sync::mpsc;
use tracker::{Operation, StoredFile};
use url::Url;

/// Pieces that wait for the store: a file is never whole in memory.
const PIECES_WAITING: usize = 4;

/// A file that the tracker fails to give at so many tries of the decision stays behind.
const TRIES_MAX: u32 = 5;

/// What was had of the tracker for the letters of one decision, by the ids of files there.
#[derive(Default)]
pub(super) struct AtHand {
    files: HashMap<String, StoredLetterFile>,
    /// `None` where there is no small picture after all.
    thumbnails: HashMap<String, Option<Thumbnail>>,
    missing: HashSet<String>,
}

struct Thumbnail {
    content_type: &'static str,
    bytes: Vec<u8>,
}

/// What a letter has beside its words, ready to be composed: where a part is a file of the decision it comes later, by its place in `later`.
pub(super) struct Parts<'h> {
    pub(super) pictures: Vec<Picture<'h>>,
    pub(super) files: Vec<File<'h>>,
    later: Vec<&'h str>,
}

/// A file as it is told of in letters; `gateway` is our own account.
pub(super) fn said(file: &StoredFile, site: &Site, gateway: &str) -> FileSaid {
    let base = Url::parse(&site.browse_base).ok();
    let link = || {
        let mut url = base.clone()?;
        url.path_segments_mut().ok()?.pop_if_empty().extend(["secure", "attachment", &file.id, &file.name]);
        Some(url.into())
    };
    let below = base.as_ref().map(|base| base.path().trim_end_matches('/')).unwrap_or_default();
    FileSaid {
        id: file.id.clone(),
        name: file.name.clone(),
        size_bytes: file.size_bytes,
        content_type: file.content_type.clone(),
        link: link(),
        paths: site.dialect().file_paths(&file.id).iter().map(|path| format!("{below}{path}")).collect(),
        has_thumbnail: file.has_thumbnail,
        added_ms: file.added_ms,
        added_by: Some(file.author_id.clone()).filter(|id| !id.is_empty() && id != gateway),
    }
}

impl Making<'_> {
    /// What becomes of the files of this letter; what goes along is at hand then.
    pub(super) async fn files(
        &self,
        notification: &Notification,
        about: &About<'_>,
        at_hand: &mut AtHand,
    ) -> Result<Files, Stop> {
        loop {
            let mut files = notification.files(about, &at_hand.missing);
            let said = |id: &str| about.said.files.iter().find(|file| file.id == id);
            let Some(file) = files.needed().find(|id| !at_hand.files.contains_key(*id)).and_then(said) else {
                self.have_thumbnails(&mut files, at_hand).await;
                return Ok(files);
            };
            // Without it there may be room for another one.
            match self.have(file).await {
                Ok(stored) => drop(at_hand.files.insert(file.id.clone(), stored)),
                Err(fault) if self.goes_without(&fault) => {
                    tracing::warn!(job = self.held.lease.job, code = %fault.code, "a file stays behind: the tracker does not give it");
                    at_hand.missing.insert(file.id.clone());
                }
                Err(fault) => return Err(fault.into()),
            }
        }
    }

    /// Letters wait for no single file: what the tracker refuses stays behind, and so does what it fails to give again and again. Where it asks
    /// for quiet, or nothing is asked of it at present, nothing is known of the file.
    fn goes_without(&self, fault: &Fault) -> bool {
        let is_of_tracker = fault.code.number() / 100 == FaultCode::TrackerRefused.number() / 100;
        let is_asked_later = fault.retry_after_s.is_some();
        let is_tried = fault.kind == FaultKind::Permanent || (!is_asked_later && self.held.lease.tries >= TRIES_MAX);
        is_of_tracker && is_tried
    }

    async fn have(&self, file: &FileSaid) -> Result<StoredLetterFile, Fault> {
        let (id, name, content_type) = (file.id.clone(), file.name.clone(), file.content_type.clone());
        let operation = Operation::ReadFile { id, name, content_type };
        let mut writer = self.shared.store.letter_file(&self.held.lease, self.notice).await?;
        let (sender, mut pieces) = mpsc::channel::<Bytes>(PIECES_WAITING);
        let reading = self.site.read_file(&operation, file.size_bytes, sender);
        // It owns the pieces, so that the reading ends when the writing fails.
        let writing = async move {
            while let Some(piece) = pieces.recv().await {
                writer.write(&piece).await?;
            }
            Ok::<_, Fault>(writer)
        };
        match tokio::join!(reading, writing) {
            (_, Err(fault)) | (Err(fault), _) => Err(fault),
            (Ok(()), Ok(writer)) => {
                let stored = writer.finish().await?;
                // An answer that ended early, or came from something before the tracker, is not the file.
                match stored.size_bytes == file.size_bytes {
                    true => Ok(stored),
                    false => Err(Fault::temporary(FaultCode::TrackerUnclear, "a file of another size than was said")),
                }
            }
        }
    }

    /// A letter without a small picture is a letter: whatever goes wrong, it stays away.
    async fn have_thumbnails(&self, files: &mut Files, at_hand: &mut AtHand) {
        loop {
            files
                .0
                .iter_mut()
                .for_each(|going| going.has_thumbnail &= !matches!(at_hand.thumbnails.get(&going.id), Some(None)));
            let unknown = files.thumbnails().find(|id| !at_hand.thumbnails.contains_key(*id)).map(str::to_owned);
            let Some(id) = unknown else { return };
            let thumbnail = self.thumbnail(&id).await;
            at_hand.thumbnails.insert(id, thumbnail);
        }
    }

    async fn thumbnail(&self, file: &str) -> Option<Thumbnail> {
        let (sender, mut pieces) = mpsc::channel::<Bytes>(PIECES_WAITING);
        let operation = Operation::ReadThumbnail { id: file.to_owned() };
        let reading = self.site.read_file(&operation, THUMBNAIL_BYTES_MAX, sender);
        let taking = async move {
            let mut bytes = Vec::new();
            while let Some(piece) = pieces.recv().await {
                bytes.extend_from_slice(&piece);
            }
            bytes
        };
        let (read, bytes) = tokio::join!(reading, taking);
        let content_type = picture_type(&bytes).filter(|_| read.is_ok())?;
        Some(Thumbnail { content_type, bytes })
    }
}

impl AtHand {
    /// With files that were had before.
    pub(super) fn with(files: HashMap<String, StoredLetterFile>) -> AtHand {
        AtHand { files, ..AtHand::default() }
    }

    /// What the letter has beside its words, of which the page shows the pictures with these content ids. What it does not show goes along
    /// as a file.
    pub(super) fn parts<'h>(&'h self, files: &'h Files, about: &'h About<'_>, ids: &'h [String]) -> Parts<'h> {
        let mut parts = Parts { pictures: Vec::new(), files: Vec::new(), later: Vec::new() };
        let shown = |id: &str| ids.iter().find(|shown| *shown == id);
        for going in &files.0 {
            let content_type =
                about.said.files.iter().find(|file| file.id == going.id).map(|file| file.content_type.as_str());
            let content_type = content_type.unwrap_or_default();
            if !matches!(going.fate, Fate::Stays(_)) {
                let content = Content::Later(parts.later.len());
                match shown(&picture_id(&going.id)).filter(|_| going.fate == Fate::Shown) {
                    Some(content_id) => parts.pictures.push(Picture { content_id, content_type, content }),
                    None => parts.files.push(File { name: &going.name, content_type, content }),
                }
                parts.later.push(&going.id);
            }
            let thumbnail = self.thumbnails.get(&going.id).and_then(Option::as_ref);
            if let (Some(thumbnail), Some(content_id)) = (thumbnail, shown(&thumbnail_id(&going.id))) {
                let content = Content::Bytes(&thumbnail.bytes);
                parts.pictures.push(Picture { content_id, content_type: thumbnail.content_type, content });
            }
        }
        parts
    }

    /// What fills a gap of a letter.
    pub(super) fn stored(&self, parts: &Parts<'_>, gap: &Gap) -> Option<&StoredLetterFile> {
        self.files.get(*parts.later.get(gap.number)?)
    }

    /// What is written down of the files of a letter with these gaps.
    pub(super) fn told(&self, files: &Files, parts: &Parts<'_>, gaps: &[Gap]) -> Vec<LetterFile> {
        let told = |going: &Going| {
            let gap = gaps.iter().find(|gap| parts.later.get(gap.number) == Some(&going.id.as_str()));
            let stored = gap.and_then(|gap| self.stored(parts, gap));
            LetterFile {
                name: going.name.clone(),
                size_bytes: stored.map_or(0, |stored| stored.size_bytes),
                why_not: match &going.fate {
                    Fate::Stays(why) => Some(why.clone()),
                    Fate::Shown | Fate::Along => None,
                },
                gap: stored.zip(gap).map(|(stored, gap)| LetterGap { file: stored.id.clone(), at: gap.at as u64 }),
            }
        };
        files.0.iter().map(told).collect()
    }
}

/// The kinds in which trackers have small pictures, by how they begin.
fn picture_type(bytes: &[u8]) -> Option<&'static str> {
    match bytes {
        [0x89, b'P', b'N', b'G', ..] => Some("image/png"),
        [0xff, 0xd8, 0xff, ..] => Some("image/jpeg"),
        [b'G', b'I', b'F', b'8', ..] => Some("image/gif"),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_no_picture_is_not_shown() {
        assert_eq!(picture_type(b"\x89PNG\r\n\x1a\n"), Some("image/png"));
        assert_eq!(picture_type(b"\xff\xd8\xff\xe0"), Some("image/jpeg"));
        assert_eq!(picture_type(b"<svg onload=x>"), None);
    }
}
