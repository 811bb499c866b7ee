//! Which platform, project, space or repository a mail is about, by what stands in its header.
//!
//! Sources, as far as they are known:
//! - Jira writes `X-JIRA-FingerPrint` into every mail (`com.atlassian.jira.mail.Email`), and names issues in `Message-ID` and `In-Reply-To` as
//!   `JIRA.ID.CREATED…@HOST` (`com.atlassian.jira.mail.threading.EmailHeaderBuilders`). The id is not the key: the key stands in the subject alone,
//!   by default in round brackets before the summary, for customers of a service desk at its beginning.
//! - Confluence writes `X-ATLASSIAN-NOTIFICATIONS-VERSION` into notifications (`ConfluenceSystemMailServer`), and into subjects the name of the
//!   space, not its key: `[Confluence] Space > Page`; newer ones leave it out.
//! - Bitbucket is not known to write a field of its own; `PROJECT/repository` at the beginning of a subject is taken.
//! - `X-JIRA-Project` and `X-JIRA-Issue`, `X-Confluence-Space`, `X-Bitbucket-Repository` are written by none of them. They are taken because a
//!   gateway or an app before us can write them. GitLab writes `X-GitLab-Project-Path`, Redmine `X-Redmine-Project`.
//! - `List-Id` (RFC 2919) is taken as it is, without what stands before the brackets.

use super::words::Platform;
use crate::profile::{Pattern, is_project_key};
use serde::{Deserialize, Serialize};

/// The longest key that is taken out of a mail, in bytes.
const KEY_BYTES_MAX: usize = 255;
/// The most places that are taken out of one subject.
const PLACES_MAX: usize = 100;

/// What told it. Whoever writes an issue can write into the subject.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Source {
    Header,
    ListId,
    Sender,
    Subject,
}

impl Source {
    pub(super) fn word(self) -> &'static str {
        match self {
            Source::Header => "a header field",
            Source::ListId => "List-Id",
            Source::Sender => "From",
            Source::Subject => "the subject",
        }
    }
}

/// What a mail is about.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Place {
    /// A key such as `HR`, a repository such as `HR/payroll`, or the id of a list; empty where only a name is known.
    pub key: String,
    /// The name of a space; empty where it is not told.
    pub name: String,
    /// The key of the issue.
    pub issue: Option<String>,
    pub source: Source,
}

/// All that the header tells.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Signs {
    pub platform: Option<Platform>,
    /// The strongest first.
    pub places: Vec<Place>,
}

impl Place {
    /// The key of the project that a repository belongs to; the key itself for anything else.
    pub fn project(&self) -> &str {
        self.key.split('/').next().unwrap_or_default()
    }

    pub(super) fn is_repository(&self) -> bool {
        self.source != Source::ListId && self.key.contains('/')
    }
}

/// Fields in which a key stands, with the platform that they tell of.
const FIELDS: [(&str, Option<Platform>, bool); 7] = [
    ("x-jira-issue", Some(Platform::Jira), true),
    ("x-jira-issue-key", Some(Platform::Jira), true),
    ("x-jira-project", Some(Platform::Jira), false),
    ("x-confluence-space", Some(Platform::Confluence), false),
    ("x-bitbucket-repository", Some(Platform::Bitbucket), false),
    ("x-gitlab-project-path", Some(Platform::Other), false),
    ("x-redmine-project", Some(Platform::Other), false),
];

/// Looks at the header alone.
pub fn recognise(headers: &mail::Headers) -> Signs {
    let platform = platform(headers);
    let mut places = Vec::new();
    for (name, _, is_issue) in FIELDS {
        let Some(value) = single(headers, name) else { continue };
        let key = if is_issue { value.rsplit_once('-').map(|(key, _)| key) } else { Some(value) };
        let issue = is_issue.then(|| value.to_owned()).filter(|issue| is_issue_key(issue));
        if let Some(key) = key.filter(|key| is_key(key) && (!is_issue || issue.is_some())) {
            places.push(Place { key: key.to_owned(), name: String::new(), issue, source: Source::Header });
        }
    }
    if let Some(list) = single(headers, "list-id").and_then(list_id).filter(|list| is_key(list)) {
        places.push(Place { key: list.to_owned(), name: String::new(), issue: None, source: Source::ListId });
    }
    places.extend(of_subject(&headers.subject, platform));
    Signs { platform, places }
}

/// The value of a field that stands there once; one that stands there twice tells nothing, because one of the two may be forged.
fn single<'h>(headers: &'h mail::Headers, name: &str) -> Option<&'h str> {
    let mut found = headers.other.iter().filter(|field| field.name == name);
    let first = found.next()?;
    found.next().is_none().then(|| first.value.trim())
}

fn has(headers: &mail::Headers, name: &str) -> bool {
    headers.other.iter().any(|field| field.name == name)
}

fn platform(headers: &mail::Headers) -> Option<Platform> {
    if has_fingerprint(headers) || names_issue(headers) {
        return Some(Platform::Jira);
    }
    if is_notification(headers) {
        return Some(Platform::Confluence);
    }
    let told = FIELDS.iter().find(|(name, _, _)| has(headers, name)).and_then(|(_, platform, _)| *platform);
    told.or_else(|| {
        let id = headers.message_id.as_deref().unwrap_or_default().to_lowercase();
        let by = |user: &str| id.contains(&format!(".javamail.{user}@"));
        match () {
            () if by("confluence") => Some(Platform::Confluence),
            () if by("jira") => Some(Platform::Jira),
            () if by("bitbucket") || by("atlbitbucket") || by("stash") => Some(Platform::Bitbucket),
            () => None,
        }
    })
}

/// Whether Jira wrote it about an issue.
pub(super) fn names_issue(headers: &mail::Headers) -> bool {
    let of_issue = |id: &str| {
        let mut pieces = id.split(['.', '@']);
        let number = |piece: Option<&str>| {
            piece.is_some_and(|piece| !piece.is_empty() && piece.bytes().all(|b| b.is_ascii_digit()))
        };
        pieces.next().is_some_and(|first| first.eq_ignore_ascii_case("JIRA"))
            && number(pieces.next())
            && number(pieces.next())
    };
    let ids = headers.message_id.iter().chain(&headers.in_reply_to).chain(&headers.references);
    ids.into_iter().any(|id| of_issue(id))
}

/// Whether Confluence's notifications wrote it.
pub(super) fn is_notification(headers: &mail::Headers) -> bool {
    has(headers, "x-atlassian-notifications-version")
}

/// Whether Jira wrote it, about whatever.
pub(super) fn has_fingerprint(headers: &mail::Headers) -> bool {
    has(headers, "x-jira-fingerprint")
}

fn is_key(key: &str) -> bool {
    !key.is_empty() && key.len() <= KEY_BYTES_MAX && !key.chars().any(|c| c.is_control() || c.is_whitespace())
}

fn is_issue_key(word: &str) -> bool {
    word.rsplit_once('-').is_some_and(|(key, number)| {
        is_project_key(key) && !number.is_empty() && number.len() <= 12 && number.bytes().all(|b| b.is_ascii_digit())
    })
}

/// `hr.lists.example` of `People <hr.lists.example>`.
fn list_id(value: &str) -> Option<&str> {
    match value.rsplit_once('<') {
        Some((_, rest)) => rest.split('>').next(),
        None => Some(value),
    }
}

/// The places that a subject names: first the one that stands where platforms write it, then all others. What stands further back, or where a
/// name stands, may be words of people; they can add a key and not take away the true one.
fn of_subject(subject: &str, platform: Option<Platform>) -> Vec<Place> {
    let of = |key: &str, name: &str, issue: Option<String>| Place {
        key: key.to_owned(),
        name: name.to_owned(),
        issue,
        source: Source::Subject,
    };
    let rest = without_answers(subject);
    let mut places: Vec<Place> = Vec::new();
    if platform == Some(Platform::Confluence) {
        let space = behind_brackets(rest).split_once(" > ").map(|(space, _)| space.trim());
        return space.filter(|space| !space.is_empty()).map(|space| of("", space, None)).into_iter().collect();
    }
    places.extend(repository(rest).map(|repository| of(repository, "", None)));
    let in_brackets = subject.split('(').skip(1).filter_map(|piece| piece.split_once(')')).map(|(inside, _)| inside);
    let first = behind_brackets(rest).split([' ', ':']).next().unwrap_or_default();
    let within = rest.strip_prefix('[').and_then(|rest| rest.split_once(']')).map(|(inside, _)| inside);
    let anywhere = subject.split(|c: char| !(c.is_ascii_alphanumeric() || c == '_' || c == '-'));
    let words = std::iter::once(first).chain(within).chain(in_brackets).chain(anywhere);
    for issue in words.filter(|word| is_issue_key(word)) {
        let Some((key, _)) = issue.rsplit_once('-') else { continue };
        if places.len() < PLACES_MAX && !places.iter().any(|place| place.key == key) {
            places.push(of(key, "", Some(issue.to_owned())));
        }
    }
    places
}

/// `HR/payroll` at the beginning, with or without square brackets.
fn repository(rest: &str) -> Option<&str> {
    let word = rest.trim_start_matches('[').split([']', ' ', ':']).next()?;
    let (project, slug) = word.split_once('/')?;
    let good = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_' | b'.');
    let is_slug = !slug.is_empty() && slug.len() <= KEY_BYTES_MAX && slug.bytes().all(good);
    (is_project_key(project) && is_slug).then_some(word)
}

/// A subject without `Re:` and its like, which programs write in Latin letters.
fn without_answers(subject: &str) -> &str {
    let mut rest = subject.trim_start();
    for _ in 0..8 {
        match rest.split_once(':') {
            Some((word, behind)) if (2..=3).contains(&word.len()) && word.bytes().all(|b| b.is_ascii_alphabetic()) => {
                rest = behind.trim_start();
            }
            _ => break,
        }
    }
    rest
}

/// What stands behind `[JIRA]`, `[Confluence]` and whatever else there is in square brackets.
fn behind_brackets(rest: &str) -> &str {
    let mut rest = rest.trim_start();
    for _ in 0..8 {
        match rest.strip_prefix('[').and_then(|inside| inside.split_once(']')) {
            Some((_, behind)) => rest = behind.trim_start(),
            None => break,
        }
    }
    rest
}

/// Whether a field stands there that one of the patterns matches. Each that has the name has to match, because one of two may be forged.
pub(super) fn field_matches(pattern: &Pattern, fields: &[mail::OtherField]) -> bool {
    let name = field_name(pattern.source()).to_lowercase();
    let mut named = fields.iter().filter(|field| field.name == name).peekable();
    named.peek().is_some() && named.all(|field| pattern.matches(&format!("{}: {}", field.name, field.value.trim())))
}

/// The name in `Name: value`; empty where there is none.
pub(super) fn field_name(source: &str) -> &str {
    source.split_once(": ").map_or("", |(name, _)| name)
}

#[cfg(test)]
#[path = "place_tests.rs"]
mod tests;
