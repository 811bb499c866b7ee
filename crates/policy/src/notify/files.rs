//! Which files of an issue go along with a letter, which are linked, and why.

use super::Notification;
use super::letter::{About, of_event};
use crate::event::{Event, EventKind};
use crate::expression::{Expression, Scene, Value};
use crate::outbound::{FILE_NAMES, FilesWay, Format};
use crate::template::view::{File, Said};
use crate::template::{SafeHtml, Shown};
use serde::{Deserialize, Serialize};
use std::collections::HashSet;

/// The field under which trackers tell of files that were added or removed.
const ATTACHMENT: &str = "attachment";
/// Files and pictures of one letter.
pub const FILES_ALONG_MAX: usize = 50;
/// Small pictures of files in one letter.
pub const THUMBNAILS_MAX: usize = 10;
/// Bytes of a small picture; a larger one is left out.
pub const THUMBNAIL_BYTES_MAX: u64 = 100_000;
/// What mail programs show inside a page.
const PICTURES: [&str; 4] = ["image/png", "image/jpeg", "image/gif", "image/webp"];

/// A file of an issue, as the tracker tells of it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct FileSaid {
    pub id: String,
    pub name: String,
    pub size_bytes: u64,
    /// Such as `image/png`; empty where the tracker does not tell.
    pub content_type: String,
    /// Where people get it who have an account.
    pub link: Option<String>,
    /// By which paths comments show or link it.
    pub paths: Vec<String>,
    /// The tracker has a small picture of it.
    pub has_thumbnail: bool,
    /// Who added it; `None` where that is not told, or where it was the gateway, which adds what others write.
    pub added_by: Option<String>,
    /// When, by the tracker's clock, in milliseconds since 1970.
    pub added_ms: Option<i64>,
}

/// What a mapping says of files.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct FileRule {
    pub way: FilesWay,
    /// Of all files and pictures of a letter together.
    pub bytes_max: u64,
    pub thumbnails: bool,
    /// The condition that each has to meet; it was read with the mappings.
    pub when: String,
    /// What was added so many seconds before an event counts as added by it.
    #[serde(default)]
    pub recent_s: u32,
}

/// What becomes of a file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Fate {
    /// It is shown where the words of a comment show it.
    Shown,
    Along,
    /// It stays behind, for this reason; whoever can follow links has one.
    Stays(String),
}

/// A file that a letter is about.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Going {
    pub id: String,
    pub name: String,
    pub fate: Fate,
    pub has_thumbnail: bool,
}

/// What becomes of the files of one letter, each once, first those that its words show.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Files(pub Vec<Going>);

/// The content id of a picture that stands in a comment.
pub fn picture_id(file: &str) -> String {
    format!("file-{}@sealpost", plain(file))
}

/// The content id of the small picture of a file.
pub fn thumbnail_id(file: &str) -> String {
    format!("thumbnail-{}@sealpost", plain(file))
}

fn plain(id: &str) -> String {
    id.chars().filter(char::is_ascii_alphanumeric).collect()
}

impl FileSaid {
    fn is_picture(&self) -> bool {
        PICTURES.iter().any(|kind| self.content_type.eq_ignore_ascii_case(kind))
    }

    fn is_named_by(&self, html: &SafeHtml) -> bool {
        self.paths.iter().any(|path| html.names(path))
    }

    /// Whether it can stand in the page where the words show it.
    fn is_shown_by(&self, html: &SafeHtml) -> bool {
        self.is_picture() && self.paths.iter().any(|path| html.shows(path))
    }
}

impl Files {
    /// Those that have to be at hand when the letter is sent.
    pub fn needed(&self) -> impl Iterator<Item = &str> {
        self.0.iter().filter(|going| !matches!(going.fate, Fate::Stays(_))).map(|going| going.id.as_str())
    }

    /// Those of which the letter has a small picture.
    pub fn thumbnails(&self) -> impl Iterator<Item = &str> {
        let listed = self.0.iter().filter(|going| going.has_thumbnail && going.fate != Fate::Shown);
        listed.take(THUMBNAILS_MAX).map(|going| going.id.as_str())
    }

    /// The same for a letter that goes without them: none goes along, for this reason, and there is no small picture of any. `None` where none
    /// would go along anyway.
    pub fn without(&self, why: &str) -> Option<Files> {
        self.needed().next()?;
        let stay = |going: &Going| Going {
            fate: match &going.fate {
                Fate::Stays(why) => Fate::Stays(why.clone()),
                Fate::Shown | Fate::Along => Fate::Stays(why.to_owned()),
            },
            has_thumbnail: false,
            ..going.clone()
        };
        Some(Files(self.0.iter().map(stay).collect()))
    }

    pub(super) fn fate(&self, id: &str) -> Option<&Fate> {
        self.0.iter().find(|going| going.id == id).map(|going| &going.fate)
    }

    /// The pictures that comments show, at the tracker's addresses of them.
    pub(super) fn shown(&self, files: &[FileSaid]) -> Vec<Shown> {
        let is_shown = |file: &&FileSaid| self.fate(&file.id) == Some(&Fate::Shown);
        let shown = files.iter().filter(is_shown);
        shown.map(|file| Shown { paths: file.paths.clone(), content_id: picture_id(&file.id) }).collect()
    }
}

impl Notification {
    /// What becomes of the files that its letter is about. `missing` are those that could not be had of the tracker.
    ///
    /// Customers and people without an account are told of files that the words name which they read and that whoever wrote those words
    /// added himself, and of no others: a portal shows them no more either, and anybody can write the name of a file that he may not see.
    pub fn files(&self, about: &About<'_>, missing: &HashSet<String>) -> Files {
        let rule = &self.style.files;
        if rule.way == FilesWay::None || self.style.withheld {
            return Files::default();
        }
        let mut room = Room { bytes: rule.bytes_max, files: FILES_ALONG_MAX };
        let (meets, outsider) = (self.condition(), self.recipient.outsider);
        let decide = |(file, is_shown): (&FileSaid, bool)| {
            let fate = match () {
                () if rule.way == FilesWay::Link => Fate::Stays("the mapping says so (files)".to_owned()),
                () if missing.contains(&file.id) => Fate::Stays("the tracker did not give it".to_owned()),
                () => match meets(file, is_shown).and_then(|()| room.takes(file)) {
                    Err(why) => Fate::Stays(why),
                    Ok(()) if is_shown => Fate::Shown,
                    Ok(()) => Fate::Along,
                },
            };
            // A small picture of what may not leave may not leave either.
            let may_leave = !outsider && meets(file, is_shown).is_ok() || fate == Fate::Along;
            let has_thumbnail = rule.thumbnails && file.has_thumbnail && may_leave && !missing.contains(&file.id);
            Going { id: file.id.clone(), name: file.name.clone(), fate, has_thumbnail }
        };
        Files(self.concerned(about).into_iter().map(decide).collect())
    }

    /// The files that its events are about, and whether they are pictures within the words.
    fn concerned<'a>(&self, about: &About<'a>) -> Vec<(&'a FileSaid, bool)> {
        let mut found: Vec<(&FileSaid, bool)> = Vec::new();
        let is_page = self.style.format == Format::Html;
        let shown = |file: &FileSaid, event| said(event, about).is_some_and(|said| file.is_shown_by(&said.html));
        let outsider = self.recipient.outsider;
        let named = self.events.iter().flat_map(|event| {
            named(event, about, outsider).into_iter().map(move |file| (file, is_page && shown(file, event)))
        });
        let added = self.events.iter().flat_map(|event| self.added(event, about));
        for (file, is_shown) in named.chain(added.map(|file| (file, false))) {
            if found.iter().all(|(known, _)| known.id != file.id) {
                found.push((file, is_shown));
            }
        }
        // What is part of the words comes before what only goes with them.
        found.sort_by_key(|(_, is_shown)| !is_shown);
        found
    }

    /// What the event added, and what was added shortly before it.
    fn added<'a>(&self, event: &Event, about: &About<'a>) -> Vec<&'a FileSaid> {
        let outsider = self.recipient.outsider;
        let mut files = added(event, about, outsider);
        let recent_ms = i64::from(self.style.files.recent_s) * 1000;
        if recent_ms == 0 || outsider || event.kind == EventKind::Written {
            return files;
        }
        let is_recent = |file: &&FileSaid| {
            file.added_ms.is_some_and(|at| (event.at_ms.saturating_sub(recent_ms)..=event.at_ms).contains(&at))
        };
        files.extend(about.said.files.iter().filter(is_recent));
        files
    }

    fn condition(&self) -> impl Fn(&FileSaid, bool) -> Result<(), String> + use<> {
        let source = &self.style.files.when;
        let read = (!source.is_empty()).then(|| Expression::read(source, &FILE_NAMES.map(|(name, _)| name)));
        let outsider = self.recipient.outsider;
        move |file, is_shown| match &read {
            None => Ok(()),
            Some(Err(why)) => Err(format!("files_when cannot be read: {why}")),
            Some(Ok(condition)) => match condition.holds(&scene(file, is_shown, outsider)) {
                Ok(true) => Ok(()),
                Ok(false) => Err("files_when does not hold".to_owned()),
                Err(why) => Err(format!("files_when has no value: {why}")),
            },
        }
    }

    /// The files that stand below each of its events, each file once: the change that added it and the comment that names it are two.
    pub(super) fn lists(&self, about: &About<'_>, files: &Files) -> Vec<Vec<File>> {
        let outsider = self.recipient.outsider;
        let has_links = self.recipient.is_at_home && !outsider;
        let pictured: HashSet<&str> = files.thumbnails().collect();
        let mut seen = HashSet::new();
        let mut list = |event: &Event| {
            let all = self.added(event, about).into_iter().chain(named(event, about, outsider));
            let here = all.filter(|file| seen.insert(file.id.as_str()));
            let told = here.filter_map(|file| match files.fate(&file.id)? {
                Fate::Shown => None,
                fate => Some((file, *fate == Fate::Along)),
            });
            let told = told.map(|(file, along)| File {
                name: file.name.clone(),
                size_bytes: file.size_bytes,
                link: file.link.clone().filter(|_| !along && has_links),
                along,
                picture: pictured.contains(file.id.as_str()).then(|| thumbnail_id(&file.id)),
            });
            told.collect()
        };
        self.events.iter().map(|event| list(event)).collect()
    }
}

/// What a letter still has room for.
struct Room {
    bytes: u64,
    files: usize,
}

impl Room {
    fn takes(&mut self, file: &FileSaid) -> Result<(), String> {
        if self.files == 0 {
            return Err(format!("there are {FILES_ALONG_MAX} already"));
        }
        if file.size_bytes > self.bytes {
            return Err("it is too large for this letter (files_max_bytes)".to_owned());
        }
        self.files -= 1;
        self.bytes -= file.size_bytes;
        Ok(())
    }
}

/// The files that the event added and that are still there; of several of one name the last. With a new issue come all that it has. Outsiders
/// get none of them, whatever they are told of changes: nobody says who may see them.
fn added<'a>(event: &Event, about: &About<'a>, outsider: bool) -> Vec<&'a FileSaid> {
    let files = &about.said.files;
    if event.kind == EventKind::Written {
        // Whoever wrote the letter chose them one by one, for whomever it goes to.
        let ids: Vec<&str> = event.changes.iter().filter_map(|change| change.to.as_deref()).collect();
        return files.iter().filter(|file| ids.contains(&file.id.as_str())).collect();
    }
    if outsider {
        return Vec::new();
    }
    if event.kind == EventKind::Created {
        return files.iter().collect();
    }
    let changes = event.changes.iter().filter(|change| change.field.eq_ignore_ascii_case(ATTACHMENT));
    let names = changes.filter_map(|change| change.to.as_deref());
    names.filter_map(|name| files.iter().rev().find(|file| file.name == name)).collect()
}

/// The files that the words name which the event tells; for outsiders those alone that whoever wrote them added.
fn named<'a>(event: &Event, about: &About<'a>, outsider: bool) -> Vec<&'a FileSaid> {
    let Some(said) = said(event, about) else { return Vec::new() };
    let writer = event.actor.as_ref().map(|actor| actor.id.as_str());
    let is_his = |file: &FileSaid| writer.is_some() && file.added_by.as_deref() == writer;
    about.said.files.iter().filter(|file| file.is_named_by(&said.html) && (!outsider || is_his(file))).collect()
}

/// What somebody wrote of which the event tells.
fn said<'a>(event: &Event, about: &About<'a>) -> Option<&'a Said> {
    match event.kind {
        EventKind::Created => about.said.description.as_ref(),
        _ => of_event(event, about.entries).map(|entry| &entry.said),
    }
}

fn scene(file: &FileSaid, shown: bool, outsider: bool) -> Scene {
    let extension = file.name.rsplit_once('.').map_or("", |(_, extension)| extension).to_ascii_lowercase();
    let size = i64::try_from(file.size_bytes).unwrap_or(i64::MAX);
    Scene(vec![
        ("name", Value::text(&file.name)),
        ("extension", Value::text(&extension)),
        ("type", Value::text(&file.content_type.to_ascii_lowercase())),
        ("size_bytes", Value::Number(size)),
        ("shown", Value::Truth(shown)),
        ("outsider", Value::Truth(outsider)),
    ])
}

#[cfg(test)]
#[path = "files_tests.rs"]
mod tests;
