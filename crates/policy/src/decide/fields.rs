//! The fields of issues: what a profile and a mail wish to stand in them, and what of that the tracker takes.

use super::directives;
use super::evidence::Evidence;
use super::verdict::Trace;
use crate::field::{self, Allowed, FieldMeta};
use crate::profile::Mapping;
use crate::{FieldKind, FieldSetting, FieldValue, How, Question, RequestType, Told};
use std::borrow::Cow;

const QUESTION: &str = "Can the field be set?";

/// Stands in a wish for the field of request types, whatever the tracker calls it.
pub(super) const REQUEST_TYPE: &str = "request_type";

/// A field and the words that shall stand in it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Wish {
    /// A name or the tracker's own id.
    pub(super) field: String,
    pub(super) words: String,
    pub(super) how: How,
    /// The words are what the mail says of itself.
    pub(super) from_mail: bool,
    /// A directive of the sender wishes it, and not the profile.
    pub(super) by_sender: bool,
}

impl Wish {
    pub(super) fn set(field: &str, words: impl Into<String>) -> Wish {
        Wish { field: field.to_owned(), words: words.into(), how: How::Set, from_mail: false, by_sender: false }
    }
}

/// What came of wishes.
#[derive(Debug, Default)]
pub(super) struct Granted {
    pub(super) set: Vec<FieldSetting>,
    /// Of each wish that could not be granted the field and why.
    pub(super) refused: Vec<(String, String)>,
    /// Why the security level could not, whatever the tracker calls that field.
    pub(super) level_refused: Option<String>,
}

/// The fields that every tracker has, for when it does not say which there are.
const ALWAYS: &[(&str, &str, FieldKind)] = &[
    (field::SUMMARY, "Summary", FieldKind::Text),
    (field::DESCRIPTION, "Description", FieldKind::LongText),
    ("priority", "Priority", FieldKind::Priority),
    ("labels", "Labels", FieldKind::Labels),
    ("components", "Components", FieldKind::Components),
    ("security", "Security Level", FieldKind::SecurityLevel),
    ("duedate", "Due date", FieldKind::Date),
    ("assignee", "Assignee", FieldKind::User),
    ("reporter", "Reporter", FieldKind::User),
    ("environment", "Environment", FieldKind::LongText),
    ("timetracking", "Time tracking", FieldKind::TimeEstimate),
    ("parent", "Parent", FieldKind::Parent),
];

/// The values that the wishes mean in this project, against what the tracker says of the fields. Each field is set once, by the last
/// wish that names it; wishes that add to a list are joined. Senders have no say in fields that the profile keeps from them. It fails
/// with the accounts, or the service desk, that have to be asked for.
pub(super) fn grant(
    evidence: &Evidence,
    mapping: &Mapping,
    project: &str,
    known: &Told<Vec<FieldMeta>>,
    wishes: &[Wish],
    trace: &mut Trace,
) -> Result<Granted, Vec<Question>> {
    let always = || ALWAYS.iter().map(|(id, name, kind)| always(id, name, kind)).collect::<Vec<_>>();
    let metas = match known {
        Told::Known(metas) => Cow::Borrowed(metas),
        Told::Untold(_) => Cow::Owned(always()),
    };
    let mut granted = Granted::default();
    let mut open = Vec::new();
    for wish in wishes {
        let meta = match wished(&metas, wish) {
            Ok(meta) => meta,
            Err(why) => {
                granted.refused.push((wish.field.clone(), why));
                continue;
            }
        };
        if let Some(why) = withheld(evidence, mapping, &granted.set, wish, meta) {
            trace.note(QUESTION, format!("{:?} cannot by a directive, {why}", wish.field), "it is ignored");
            continue;
        }
        // A reporter, watcher or approver sees and does things: nobody becomes one by writing a name into a mail (SEC-01, SEC-05).
        if wish.from_mail && names_people(&meta.kind) && !evidence.is_authentic() {
            let why = "it names people, the mail names them, and nobody vouches for its author".to_owned();
            granted.refused.push((wish.field.clone(), why));
            continue;
        }
        match value(evidence, project, meta, wish) {
            Err(questions) => open.extend(questions.into_iter().filter(|one| !open.contains(one)).collect::<Vec<_>>()),
            Ok(Ok(value)) => put(&mut granted.set, meta, wish.how, value),
            Ok(Err(why)) => {
                if meta.kind == FieldKind::SecurityLevel {
                    granted.level_refused = Some(why.clone());
                }
                granted.refused.push((wish.field.clone(), why));
            }
        }
    }
    if !open.is_empty() {
        return Err(open);
    }
    for (field, why) in &granted.refused {
        trace.note(QUESTION, format!("{field:?} cannot, {why}"), "it is left out");
    }
    Ok(granted)
}

/// The field that a wish means.
fn wished<'m>(metas: &'m [FieldMeta], wish: &Wish) -> Result<&'m FieldMeta, String> {
    if wish.field != REQUEST_TYPE {
        return field::find(metas, &wish.field);
    }
    let found = metas.iter().find(|meta| meta.kind == FieldKind::RequestType);
    found.ok_or_else(|| "no field of request types is on the screen of this kind of issue".to_owned())
}

/// The value that a wish means for the field, or why it means none. It fails with the accounts and service desks that nobody has asked
/// for yet.
fn value(
    evidence: &Evidence,
    project: &str,
    meta: &FieldMeta,
    wish: &Wish,
) -> Result<Result<FieldValue, String>, Vec<Question>> {
    let accounts = &evidence.facts.accounts;
    let named = field::accounts_named(meta, &wish.words).into_iter().map(|name| name.to_lowercase());
    let unasked = named.filter(|name| !accounts.iter().any(|(asked, _)| asked == name));
    let open: Vec<Question> = unasked.map(|address| Question::Account { address }).collect();
    if !open.is_empty() {
        return Err(open);
    }
    let meta = with_request_types(evidence, project, meta).map_err(|question| vec![question])?;
    Ok(meta.and_then(|meta| field::read(&meta, &wish.words, accounts)))
}

/// The field with what it allows. No tracker says with its fields which request types there are, so for those the service desk of the
/// project is asked; the inner error says why it cannot tell.
fn with_request_types<'m>(
    evidence: &Evidence,
    project: &str,
    meta: &'m FieldMeta,
) -> Result<Result<Cow<'m, FieldMeta>, String>, Question> {
    if meta.kind != FieldKind::RequestType || !meta.allowed.is_empty() {
        return Ok(Ok(Cow::Borrowed(meta)));
    }
    let mut known = evidence.facts.service_desks.iter();
    match known.find(|(asked, _)| asked == project) {
        None => Err(Question::ServiceDesk { project: project.to_owned() }),
        Some((_, Told::Known(Some(desk)))) => {
            let allowed =
                |one: &RequestType| Allowed { id: one.id.clone(), name: one.name.clone(), children: Vec::new() };
            let allowed = desk.request_types.iter().map(allowed).collect();
            Ok(Ok(Cow::Owned(FieldMeta { allowed, allowed_all: true, ..meta.clone() })))
        }
        Some((_, Told::Known(None))) => Ok(Err(format!("{project} has no service desk, and so no request types"))),
        // What is written as the field holds it can be judged by the tracker; a name cannot.
        Some((_, Told::Untold(_))) => Ok(Ok(Cow::Owned(FieldMeta { allowed_all: false, ..meta.clone() }))),
    }
}

/// Why a sender has no say in a field, whatever he calls it: it says where the issue is made, the profile blocks it, or sets the
/// security level itself.
fn withheld(
    evidence: &Evidence,
    mapping: &Mapping,
    set: &[FieldSetting],
    wish: &Wish,
    meta: &FieldMeta,
) -> Option<String> {
    if !wish.by_sender {
        return None;
    }
    // Under another name, such as that of another language, they would pass by what the profile says of projects.
    if matches!(meta.kind, FieldKind::Project | FieldKind::IssueType)
        || ["project", "issuetype"].contains(&meta.id.as_str())
    {
        return Some("the keys project and issueType are for that".to_owned());
    }
    if let Some(key) = directives::block_of(evidence, meta) {
        return Some(format!("directives.block names it as {key:?}"));
    }
    let is_set = !mapping.security_level.is_empty() || set.iter().any(|setting| setting.id == meta.id);
    (meta.kind == FieldKind::SecurityLevel && is_set).then(|| "the profile sets the security level".to_owned())
}

fn names_people(kind: &FieldKind) -> bool {
    matches!(kind, FieldKind::User | FieldKind::Users | FieldKind::Group | FieldKind::Groups)
}

fn always(id: &str, name: &str, kind: &FieldKind) -> FieldMeta {
    FieldMeta {
        id: id.to_owned(),
        name: name.to_owned(),
        kind: kind.clone(),
        required: false,
        has_default: false,
        allowed: Vec::new(),
        allowed_all: false,
    }
}

fn put(settings: &mut Vec<FieldSetting>, meta: &FieldMeta, how: How, value: FieldValue) {
    let how = if meta.kind.is_list() { how } else { How::Set };
    let earlier = settings.iter_mut().find(|setting| setting.id == meta.id);
    match earlier {
        Some(earlier) if how == How::Add => join(&mut earlier.value, value),
        Some(earlier) => (earlier.how, earlier.value) = (how, value),
        None => settings.push(FieldSetting { id: meta.id.clone(), name: meta.name.clone(), how, value, must: false }),
    }
}

/// Adds the entries of one list to another of the same kind.
fn join(earlier: &mut FieldValue, more: FieldValue) {
    fn joined<T: PartialEq>(earlier: &mut Vec<T>, more: Vec<T>) {
        for one in more {
            if !earlier.contains(&one) {
                earlier.push(one);
            }
        }
    }
    match (earlier, more) {
        (FieldValue::Labels(earlier), FieldValue::Labels(more)) => joined(earlier, more),
        (FieldValue::Groups(earlier), FieldValue::Groups(more)) => joined(earlier, more),
        (FieldValue::Organisations(earlier), FieldValue::Organisations(more)) => joined(earlier, more),
        (FieldValue::Users(earlier), FieldValue::Users(more)) => joined(earlier, more),
        (FieldValue::Options(earlier), FieldValue::Options(more))
        | (FieldValue::Components(earlier), FieldValue::Components(more))
        | (FieldValue::Versions(earlier), FieldValue::Versions(more)) => joined(earlier, more),
        (earlier, more) => *earlier = more,
    }
}
