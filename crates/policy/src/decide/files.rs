//! The files that go along: attachments and the images shown in the text, under safe names that differ from each other.

use super::evidence::Evidence;
use super::verdict::Trace;
use crate::File;
use mail::{Part, PartClass};
use std::collections::HashSet;

/// The longest name, in bytes (SEC-16).
const NAME_BYTES_MAX: usize = 255;

/// Endings for parts that came without a name, by content type.
const ENDINGS: &[(&str, &str)] = &[
    ("text/plain", "txt"),
    ("text/html", "html"),
    ("text/rtf", "rtf"),
    ("text/calendar", "ics"),
    ("image/png", "png"),
    ("image/jpeg", "jpg"),
    ("image/gif", "gif"),
    ("image/webp", "webp"),
    ("application/pdf", "pdf"),
    ("message/rfc822", "eml"),
];

/// How many files go along, long texts aside.
pub(super) fn count(evidence: &Evidence) -> usize {
    evidence.message.parts.iter().filter(|part| part.leaf && !part.body && !is_left_out(part)).count()
}

/// Whether a part is nothing that a person sent along: a picture that nobody can see, the proof of the mail itself, or a
/// wrapper whose files go along in its place. What is less certain, such as a logo, goes along.
fn is_left_out(part: &Part) -> bool {
    let is_nothing = matches!(part.class, PartClass::TrackingPixel | PartClass::Signature | PartClass::Unpacked);
    part.leaf && !part.body && is_nothing
}

/// Says which parts do not go along, and why; a line for each, a last one for those beyond ten.
pub(super) fn note_left_out(evidence: &Evidence, trace: &mut Trace) {
    const NOTED_MAX: usize = 10;
    const QUESTION: &str = "Does every file go along?";
    let left_out: Vec<&Part> = evidence.message.parts.iter().filter(|part| is_left_out(part)).collect();
    for part in left_out.iter().take(NOTED_MAX) {
        let why = part.why.as_deref().unwrap_or("it is no file of the sender");
        trace.note(QUESTION, format!("part {} does not, {why}", part.path), "it stays in the mail");
    }
    if let Some(more) = left_out.len().checked_sub(NOTED_MAX).filter(|more| *more > 0) {
        trace.note(QUESTION, format!("{more} more parts of these kinds do not"), "they stay in the mail");
    }
}

/// The Content-IDs of pictures that do not go along, which no text can show then.
pub(super) fn unseen_pictures<'a>(evidence: &Evidence<'a>) -> Vec<&'a str> {
    evidence
        .message
        .parts
        .iter()
        .filter(|part| is_left_out(part))
        .filter_map(|part| part.content_id.as_deref())
        .collect()
}

/// A file that goes along, and why.
pub(super) struct Attached<'a> {
    pub(super) file: File,
    pub(super) reason: &'static str,
    content_id: Option<&'a str>,
}

/// The files, in the order of the mail; `whole_text` adds the parts that hold the text.
pub(super) fn of<'a>(evidence: &Evidence<'a>, whole_text: bool) -> Vec<Attached<'a>> {
    let mut taken = HashSet::new();
    let leaves =
        evidence.message.parts.iter().filter(|part| part.leaf && (whole_text || !part.body) && !is_left_out(part));
    let attached = |(number, part): (usize, &'a Part)| Attached {
        file: file(part, number, &mut taken),
        reason: reason(part),
        content_id: part.content_id.as_deref(),
    };
    (1..).zip(leaves).map(attached).collect()
}

/// The Content-ID and the file name of each picture that the text can show.
pub(super) fn pictures<'f>(attached: &'f [Attached]) -> Vec<(&'f str, &'f str)> {
    attached.iter().filter_map(|attached| Some((attached.content_id?, attached.file.name.as_str()))).collect()
}

fn reason(part: &Part) -> &'static str {
    match (part.body, &part.content_id) {
        (true, _) => "the whole text, which is longer than a tracker may show",
        (false, Some(_)) if part.content_type.starts_with("image/") => "an image of the text",
        (false, _) => "an attachment of the mail",
    }
}

fn file(part: &Part, number: usize, taken: &mut HashSet<String>) -> File {
    File {
        part: part.path.clone(),
        name: unique(&name(part, number), taken),
        content_type: part.content_type.clone(),
        size_bytes: part.size_bytes,
        sha256: part.sha256.clone(),
    }
}

/// The name that was sent, made safe; a part without one is called after what it is.
fn name(part: &Part, number: usize) -> String {
    if let Some(given) = part.name.as_deref().filter(|given| !given.trim().is_empty()) {
        return mail::safe_name(given, number);
    }
    let stem = if part.body { "text".to_owned() } else { mail::safe_name("", number) };
    match ENDINGS.iter().find(|(content_type, _)| *content_type == part.content_type) {
        Some((_, ending)) => format!("{stem}.{ending}"),
        None => stem,
    }
}

/// The same name, or one with a number before its extension; trackers and disks may ignore case, so this does, too.
fn unique(name: &str, taken: &mut HashSet<String>) -> String {
    let (stem, extension) = match name.rsplit_once('.') {
        Some((stem, extension)) if !stem.is_empty() && extension.len() <= 16 => (stem, format!(".{extension}")),
        _ => (name, String::new()),
    };
    let numbered = (2u32..).map(|number| {
        let ending = format!(" ({number}){extension}");
        format!("{}{ending}", prefix(stem, NAME_BYTES_MAX.saturating_sub(ending.len())))
    });
    let mut candidates = std::iter::once(name.to_owned()).chain(numbered);
    // There are more numbers than parts, so one of them is free.
    let free = candidates.find(|candidate| taken.insert(candidate.to_lowercase()));
    free.unwrap_or_else(|| name.to_owned())
}

/// The longest prefix of at most so many bytes.
fn prefix(text: &str, bytes_max: usize) -> &str {
    let mut end = bytes_max.min(text.len());
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    text.get(..end).unwrap_or_default()
}
