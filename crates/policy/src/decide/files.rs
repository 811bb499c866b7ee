//! The files that go along: attachments and the images shown in the text, under safe names that differ from each other.

use super::association;
use super::evidence::Evidence;
use super::lookups;
use super::verdict::{Place, Trace};
use crate::profile::Mapping;
use crate::{Excluded, File, kept};
use mail::{Part, PartClass};
use std::collections::{BTreeMap, HashMap, HashSet};

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

/// How the Content-IDs of pictures begin that Jira puts into its notifications.
const JIRA_PICTURES: &str = "jira-generated-image-";

/// Where a mail goes: which exclusions count hangs on it.
#[derive(Clone, Copy)]
pub(super) struct Scope<'a> {
    pub(super) mapping: &'a str,
    pub(super) project: &'a str,
}

impl<'a> Scope<'a> {
    pub(super) fn of(mapping: &'a Mapping, place: &'a Place) -> Scope<'a> {
        let project = match place {
            Place::NewIssue { project, .. } => project,
            Place::Comment(issue) => association::project(issue),
            Place::Nowhere(_) => "",
        };
        Scope { mapping: &mapping.name, project }
    }
}

/// The parts of a mail by what becomes of them, in its order.
pub(super) struct Sorted<'a> {
    /// Those that hold the text stand here, too; they become files only where the whole text does.
    along: Vec<&'a Part>,
    left_out: Vec<LeftOut<'a>>,
}

/// A part that does not go along.
struct LeftOut<'a> {
    part: &'a Part,
    why: String,
    /// The name of the exclusion that means it.
    exclusion: Option<&'a str>,
    /// The part with the same bytes that goes along in its place.
    twin: Option<&'a Part>,
}

/// How many files go along, long texts aside.
pub(super) fn count(sorted: &Sorted) -> usize {
    sorted.along.iter().filter(|part| !part.body).count()
}

/// Looks at every part with every exclusion, so it is done once for a place (`Route::sorted`).
pub(super) fn sort<'a>(evidence: &Evidence<'a>, scope: Scope) -> Sorted<'a> {
    let mut sorted = Sorted { along: Vec::new(), left_out: Vec::new() };
    let mut first_of: HashMap<(&str, u64), &Part> = HashMap::new();
    for part in pieces(evidence).into_iter().chain(&evidence.facts.uploaded) {
        if part.body {
            sorted.along.push(part);
            continue;
        }
        if let Some((why, exclusion)) = why_left_out(evidence, scope, part) {
            sorted.left_out.push(LeftOut { part, why, exclusion, twin: None });
            continue;
        }
        let bytes = (part.sha256.as_str(), part.size_bytes);
        match first_of.get(&bytes).copied().filter(|_| !part.sha256.is_empty()) {
            Some(twin) => {
                let why = format!("it has the same bytes as part {}{}", twin.path, named(part));
                sorted.left_out.push(LeftOut { part, why, exclusion: None, twin: Some(twin) });
            }
            None => {
                first_of.insert(bytes, part);
                sorted.along.push(part);
            }
        }
    }
    sorted
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

/// Why a part does not go along, and by which exclusion: the profile says so, or it is nothing that a person sent along (a picture
/// that nobody can see, the proof of the mail itself, or a wrapper whose files go along in its place). What is less certain goes
/// along.
fn why_left_out<'a>(evidence: &Evidence<'a>, scope: Scope, part: &Part) -> Option<(String, Option<&'a str>)> {
    let is_nothing = matches!(part.class, PartClass::TrackingPixel | PartClass::Signature | PartClass::Unpacked);
    if part.leaf && is_nothing {
        return Some((part.why.clone().unwrap_or_else(|| "it is no file of the sender".to_owned()), None));
    }
    if lookups::holds_a_limited_letter(evidence, &part.path) {
        let why = format!("it holds a letter of ours that is not for everybody{}", named(part));
        return Some((why, None));
    }
    let is_of_jira = part.content_id.as_deref().is_some_and(|id| id.starts_with(JIRA_PICTURES));
    if is_of_jira && !evidence.profile.jira_pictures {
        return Some(("Jira put it into a notification of its own (jira_pictures = false)".to_owned(), None));
    }
    let mut exclusions = evidence.profile.exclusions.iter();
    let exclusion = exclusions.find(|exclusion| exclusion.means(part, scope.mapping, scope.project))?;
    let why = format!("the exclusion {:?} means it{}", exclusion.name, named(part));
    Some((why, Some(&exclusion.name)))
}

fn named(part: &Part) -> String {
    part.name.as_deref().map(|name| format!(" {name:?}")).unwrap_or_default()
}

/// Says which parts do not go along, and why; a line for each, a last one for those beyond ten.
pub(super) fn note_left_out(Sorted { left_out, .. }: &Sorted, trace: &mut Trace) {
    const NOTED_MAX: usize = 10;
    const QUESTION: &str = "Does every file go along?";
    for LeftOut { part, why, .. } in left_out.iter().take(NOTED_MAX) {
        let rest =
            if came_beside(part) { "it is deleted with the content of its mail" } else { "it stays in the mail" };
        trace.note(QUESTION, format!("part {} does not, {why}", part.path), rest);
    }
    if let Some(more) = left_out.len().checked_sub(NOTED_MAX).filter(|more| *more > 0) {
        trace.note(QUESTION, format!("{more} more parts of these kinds do not"), "they are left out, too");
    }
}

/// The Content-IDs of pictures that do not go along, which no text can show then.
pub(super) fn unseen_pictures<'a>(sorted: &Sorted<'a>) -> Vec<&'a str> {
    let left_out = &sorted.left_out;
    left_out.iter().filter(|one| one.twin.is_none()).filter_map(|one| one.part.content_id.as_deref()).collect()
}

/// How many parts each exclusion kept back; `pictures` names the exclusions that left out pictures on other servers, once for each.
pub(super) fn excluded(sorted: &Sorted, pictures: &[&str]) -> Vec<Excluded> {
    let files = sorted.left_out.iter().filter_map(|one| one.exclusion);
    let mut times: BTreeMap<&str, u32> = BTreeMap::new();
    for name in files.chain(pictures.iter().copied()) {
        *times.entry(name).or_default() += 1;
    }
    times.into_iter().map(|(exclusion, times)| Excluded { exclusion: exclusion.to_owned(), times }).collect()
}

/// A file that goes along, and why.
pub(super) struct Attached<'a> {
    pub(super) file: File,
    pub(super) reason: &'static str,
    /// Its own, and those of its copies.
    content_ids: Vec<&'a str>,
}

/// The files, in the order of the mail; `whole_text` adds the parts that hold the text.
pub(super) fn of<'a>(sorted: &Sorted<'a>, whole_text: bool) -> Vec<Attached<'a>> {
    let mut taken = HashSet::new();
    let along = sorted.along.iter().copied().filter(|part| whole_text || !part.body);
    let attached = |(number, part): (usize, &'a Part)| Attached {
        file: file(part, number, &mut taken),
        reason: reason(part),
        content_ids: part.content_id.as_deref().into_iter().collect(),
    };
    let mut attached: Vec<Attached> = (1..).zip(along).map(attached).collect();
    for copy in &sorted.left_out {
        let (Some(twin), Some(content_id)) = (copy.twin, copy.part.content_id.as_deref()) else { continue };
        if let Some(first) = attached.iter_mut().find(|first| first.file.part == twin.path) {
            first.content_ids.push(content_id);
        }
    }
    attached
}

/// The Content-ID and the file name of each picture that the text can show.
pub(super) fn pictures<'f>(attached: &'f [Attached]) -> Vec<(&'f str, &'f str)> {
    let named = |one: &'f Attached| one.content_ids.iter().map(|id| (*id, one.file.name.as_str()));
    attached.iter().flat_map(named).collect()
}

/// Whether it was handed in beside the message rather than in it.
fn came_beside(part: &Part) -> bool {
    kept::id_of(&part.path).is_some()
}

fn reason(part: &Part) -> &'static str {
    match (part.body, &part.content_id) {
        _ if !part.leaf => "a message that was attached, with all that is in it",
        _ if came_beside(part) => "a file that was added by the upload page",
        (true, _) => "the whole text, of which less is shown",
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
