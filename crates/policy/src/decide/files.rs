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
    going_along(evidence, false).len()
}

/// The parts that become files.
fn going_along<'a>(evidence: &Evidence<'a>, whole_text: bool) -> Vec<&'a Part> {
    let mut along = pieces(evidence);
    along.retain(|part| (whole_text || !part.body) && why_left_out(evidence, part).is_none());
    along
}

/// What a mail is made of: its leaves, and attached messages whole, because who wrote them, when and about what stands in
/// their header alone. Of the message that the text shows, and of one that a report is about, the leaves stand in its place.
fn pieces<'a>(evidence: &Evidence<'a>) -> Vec<&'a Part> {
    let message = evidence.message;
    let is_below = |part: &Part, outer: Option<&str>| outer.is_some_and(|outer| is_below(part, outer));
    let mut shown = message.forward.as_ref().filter(|forward| forward.before == message.text).map(|_| ());
    let (mut unpacked, mut whole): (Option<&str>, Option<&str>) = (None, None);
    let mut containers: Vec<&Part> = Vec::new();
    let mut pieces = Vec::new();
    for part in &message.parts {
        if is_below(part, whole) {
            continue;
        }
        while containers.pop_if(|outer| !is_below(part, Some(&outer.path))).is_some() {}
        let around = containers.last().map_or("", |outer| outer.content_type.as_str());
        if part.leaf {
            pieces.push(part);
        } else if !part.content_type.starts_with("message/") || part.sha256.is_empty() {
            containers.push(part);
        } else if !is_below(part, unpacked)
            && (around == "multipart/report" || around != "multipart/digest" && shown.take().is_some())
        {
            unpacked = Some(&part.path);
            containers.push(part);
        } else {
            whole = Some(&part.path);
            pieces.push(part);
        }
    }
    pieces
}

/// Whether a part stands inside of the one with this path.
fn is_below(part: &Part, outer: &str) -> bool {
    part.path.strip_prefix(outer).is_some_and(|rest| rest.starts_with(['.', '/']))
}

/// How many messages are inside one another, the mail itself not counted.
pub(super) fn messages_deep(evidence: &Evidence) -> usize {
    let messages = || evidence.message.parts.iter().filter(|part| part.content_type == "message/rfc822");
    let around = |part: &Part| messages().filter(|outer| is_below(part, &outer.path)).count() + 1;
    messages().map(around).max().unwrap_or(0)
}

/// The parts that do not go along; those inside of a message that goes along whole are none.
fn left_out<'a>(evidence: &Evidence<'a>) -> Vec<&'a Part> {
    let mut left_out = pieces(evidence);
    left_out.retain(|part| why_left_out(evidence, part).is_some());
    left_out
}

/// Why a part does not go along: the profile says so, or it is nothing that a person sent along (a picture that nobody can
/// see, the proof of the mail itself, or a wrapper whose files go along in its place). What is less certain goes along.
fn why_left_out(evidence: &Evidence, part: &Part) -> Option<String> {
    if part.body {
        return None;
    }
    let is_nothing = matches!(part.class, PartClass::TrackingPixel | PartClass::Signature | PartClass::Unpacked);
    if part.leaf && is_nothing {
        return Some(part.why.clone().unwrap_or_else(|| "it is no file of the sender".to_owned()));
    }
    let exclusion = evidence.profile.exclusions.iter().find(|exclusion| exclusion.means(part))?;
    let name = part.name.as_deref().map(|name| format!(" {name:?}")).unwrap_or_default();
    Some(format!("the exclusion {:?} means it{name}", exclusion.name))
}

/// Says which parts do not go along, and why; a line for each, a last one for those beyond ten.
pub(super) fn note_left_out(evidence: &Evidence, trace: &mut Trace) {
    const NOTED_MAX: usize = 10;
    const QUESTION: &str = "Does every file go along?";
    let left_out = left_out(evidence);
    for part in left_out.iter().take(NOTED_MAX) {
        let why = why_left_out(evidence, part).unwrap_or_default();
        trace.note(QUESTION, format!("part {} does not, {why}", part.path), "it stays in the mail");
    }
    if let Some(more) = left_out.len().checked_sub(NOTED_MAX).filter(|more| *more > 0) {
        trace.note(QUESTION, format!("{more} more parts of these kinds do not"), "they stay in the mail");
    }
}

/// The Content-IDs of pictures that do not go along, which no text can show then.
pub(super) fn unseen_pictures<'a>(evidence: &Evidence<'a>) -> Vec<&'a str> {
    left_out(evidence).into_iter().filter_map(|part| part.content_id.as_deref()).collect()
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
    let attached = |(number, part): (usize, &'a Part)| Attached {
        file: file(part, number, &mut taken),
        reason: reason(part),
        content_id: part.content_id.as_deref(),
    };
    (1..).zip(going_along(evidence, whole_text)).map(attached).collect()
}

/// The Content-ID and the file name of each picture that the text can show.
pub(super) fn pictures<'f>(attached: &'f [Attached]) -> Vec<(&'f str, &'f str)> {
    attached.iter().filter_map(|attached| Some((attached.content_id?, attached.file.name.as_str()))).collect()
}

fn reason(part: &Part) -> &'static str {
    match (part.body, &part.content_id) {
        _ if !part.leaf => "a message that was attached, with all that is in it",
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
        let ending = if part.leaf || given.to_lowercase().ends_with(".eml") { "" } else { ".eml" };
        return mail::safe_name(&format!("{}{ending}", given.trim_end()), number);
    }
    let stem = if part.body { "text".to_owned() } else { mail::safe_name("", number) };
    if !part.leaf {
        return format!("{stem}.eml");
    }
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
