//! Webhooks: what a tracker tells us by itself, read into events.
//!
//! Cloud and Data Center differ in what they leave out (comment events of Data Center have no issue, entries of work have only its
//! id), and old ones tell of a comment as of a change of its issue. What is told twice is one deed.

mod last;
mod proof;

pub use proof::{Headers, Secret, Unproved, prove};

use policy::event::{Actor, Change, EVENT_CHANGES_MAX, EVENT_VALUE_CHARS_MAX, Event, EventKind, Last};
use policy::{Fault, FaultCode};
use serde::{Deserialize, Serialize, Serializer};
use serde_json::Value;

/// The names of everything that is looked at, as webhooks are registered for them.
pub const EVENT_NAMES: [&str; 9] = [
    "jira:issue_created",
    "jira:issue_updated",
    "jira:issue_deleted",
    "comment_created",
    "comment_updated",
    "comment_deleted",
    "worklog_created",
    "worklog_updated",
    "worklog_deleted",
];

/// What webhooks of an app can tell of among that: nothing of work.
pub fn app_event_names() -> &'static [&'static str] {
    EVENT_NAMES.split_at(EVENT_NAMES.len() - 3).0
}

/// A secret on its way to a tracker: shown nowhere, and written down nowhere.
#[derive(Clone, PartialEq, Eq, Deserialize)]
#[serde(transparent)]
pub struct Hidden(pub String);

impl std::fmt::Debug for Hidden {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("(hidden)")
    }
}

impl Serialize for Hidden {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str("(hidden)")
    }
}

/// What one webhook says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Told {
    /// As the tracker calls it, such as `jira:issue_updated`; cut after 100 characters.
    pub name: String,
    /// When it happened by the tracker's clock, in milliseconds since 1970.
    pub at_ms: i64,
    /// Each deed in it; none where it is about no issue, or about something that is not looked at.
    pub events: Vec<Event>,
}

/// The keys that are read; whatever else stands there is passed over.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Body {
    timestamp: i64,
    webhook_event: String,
    #[serde(rename = "issue_event_type_name")]
    type_name: Option<String>,
    user: Option<User>,
    issue: Option<Issue>,
    changelog: Option<Changelog>,
    comment: Option<Comment>,
    worklog: Option<Worklog>,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct User {
    account_id: Option<String>,
    name: Option<String>,
    key: Option<String>,
    display_name: Option<String>,
}

#[derive(Deserialize)]
struct Issue {
    id: Value,
    key: Option<String>,
    /// Read by [`of_a_deleted_issue`].
    #[serde(skip)]
    fields: Value,
}

#[derive(Deserialize)]
struct Changelog {
    id: Option<Value>,
    #[serde(default)]
    items: Vec<Item>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Item {
    field: Option<String>,
    field_id: Option<String>,
    from: Option<Value>,
    to: Option<Value>,
    from_string: Option<Value>,
    #[serde(rename = "toString")]
    to_text: Option<Value>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Comment {
    id: Value,
    #[serde(rename = "self")]
    address: Option<String>,
    author: Option<User>,
    update_author: Option<User>,
    updated: Option<String>,
    #[serde(default)]
    visibility: Value,
    jsd_public: Option<bool>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Worklog {
    id: Value,
    issue_id: Option<Value>,
    author: Option<User>,
    update_author: Option<User>,
    updated: Option<String>,
    #[serde(default)]
    visibility: Value,
}

/// Reads the body of a webhook, whose origin was proved before.
///
/// # Errors
/// `RequestWrong` for what is no JSON of a webhook.
pub fn read(body: &[u8]) -> Result<Told, Fault> {
    let mut told: Body = read_as(body)?;
    if told.webhook_event == "jira:issue_deleted" {
        told.issue = of_a_deleted_issue(told.issue, body)?;
    }
    let body = told;
    let name = cut(&body.webhook_event, 100);
    Ok(Told { name, at_ms: body.timestamp, events: events(&body) })
}

fn read_as<T: serde::de::DeserializeOwned>(body: &[u8]) -> Result<T, Fault> {
    serde_json::from_slice(body).map_err(|error| {
        let (line, column) = (error.line(), error.column());
        Fault::permanent(FaultCode::RequestWrong, format!("no webhook, at line {line}, column {column}"))
    })
}

/// With its fields, which are most of a webhook, and which nobody needs of an issue that the tracker can be asked about.
fn of_a_deleted_issue(issue: Option<Issue>, body: &[u8]) -> Result<Option<Issue>, Fault> {
    #[derive(Deserialize)]
    struct WithFields {
        issue: Option<Fields>,
    }
    #[derive(Deserialize)]
    struct Fields {
        #[serde(default)]
        fields: Value,
    }
    let fields = read_as::<WithFields>(body)?.issue.map(|issue| issue.fields).unwrap_or_default();
    Ok(issue.map(|issue| Issue { fields, ..issue }))
}

fn events(body: &Body) -> Vec<Event> {
    match body.webhook_event.as_str() {
        "jira:issue_created" => body.about_issue(EventKind::Created).into_iter().collect(),
        "jira:issue_deleted" => body.deleted().into_iter().collect(),
        "jira:issue_updated" => body.updated(),
        "comment_created" => body.about_comment(EventKind::Commented).into_iter().collect(),
        "comment_updated" => body.about_comment(EventKind::CommentEdited).into_iter().collect(),
        "comment_deleted" => body.about_comment(EventKind::CommentDeleted).into_iter().collect(),
        "worklog_created" => body.about_work(EventKind::Worked).into_iter().collect(),
        "worklog_updated" => body.about_work(EventKind::WorkEdited).into_iter().collect(),
        "worklog_deleted" => body.about_work(EventKind::WorkDeleted).into_iter().collect(),
        _ => Vec::new(),
    }
}

impl Body {
    fn event(&self, kind: EventKind, issue_id: String) -> Event {
        Event {
            kind,
            issue_id,
            issue_key: self.issue.as_ref().and_then(|issue| issue.key.as_deref()).map(|key| cut(key, 255)),
            at_ms: self.timestamp,
            actor: self.user.as_ref().and_then(actor),
            part: None,
            changes: Vec::new(),
            last: None,
        }
    }

    fn about_issue(&self, kind: EventKind) -> Option<Event> {
        Some(self.event(kind, id(&self.issue.as_ref()?.id)?))
    }

    /// The tracker cannot be asked about it any more, so what it says of the issue now is all that is known.
    fn deleted(&self) -> Option<Event> {
        let issue = self.issue.as_ref()?;
        let last = last::issue(issue.key.as_deref().unwrap_or_default(), &issue.fields);
        Some(Event { last: last.map(|issue| Last::Issue(Box::new(issue))), ..self.about_issue(EventKind::Deleted)? })
    }

    /// A change of the issue; old trackers tell of a comment in the same words, and of both at once.
    fn updated(&self) -> Vec<Event> {
        let comment = self.comment.as_ref().and_then(|_| {
            self.about_comment(match self.type_name.as_deref() {
                Some("issue_comment_edited") => EventKind::CommentEdited,
                Some("issue_comment_deleted") => EventKind::CommentDeleted,
                _ => EventKind::Commented,
            })
        });
        let items = self.changelog.as_ref().map_or(0, |log| log.items.len());
        let changed = match comment.is_some() && items == 0 {
            true => None,
            false => self.about_issue(EventKind::Updated).map(|event| Event {
                part: self.changelog.as_ref().and_then(|log| id(log.id.as_ref()?)),
                changes: self.changes(),
                ..event
            }),
        };
        changed.into_iter().chain(comment).collect()
    }

    fn changes(&self) -> Vec<Change> {
        let items = self.changelog.iter().flat_map(|log| &log.items);
        items.filter_map(change).take(EVENT_CHANGES_MAX).collect()
    }

    fn about_comment(&self, kind: EventKind) -> Option<Event> {
        let comment = self.comment.as_ref()?;
        let by_address = || issue_in(comment.address.as_deref()?);
        let issue_id = self.issue.as_ref().and_then(|issue| id(&issue.id)).or_else(by_address)?;
        // Who deleted it is told in no webhook without a user; whoever edited it last need not have.
        let by = match kind {
            EventKind::Commented => &comment.author,
            EventKind::CommentEdited => &comment.update_author,
            _ => &None,
        };
        let for_few = !comment.visibility.is_null() || comment.jsd_public == Some(false);
        let edited_at = (kind == EventKind::CommentEdited).then(|| moment_ms(comment.updated.as_deref()?)).flatten();
        let event = self.event(kind, issue_id);
        Some(Event {
            part: Some(id(&comment.id)?),
            at_ms: edited_at.unwrap_or(event.at_ms),
            actor: event.actor.or_else(|| by.as_ref().and_then(actor)),
            last: (kind == EventKind::CommentDeleted && for_few).then_some(Last::ForFew),
            ..event
        })
    }

    fn about_work(&self, kind: EventKind) -> Option<Event> {
        let work = self.worklog.as_ref()?;
        let of_issue = || id(&self.issue.as_ref()?.id);
        let issue_id = work.issue_id.as_ref().and_then(id).or_else(of_issue)?;
        let by = match kind {
            EventKind::Worked => &work.author,
            EventKind::WorkEdited => &work.update_author,
            _ => &None,
        };
        let edited_at = (kind == EventKind::WorkEdited).then(|| moment_ms(work.updated.as_deref()?)).flatten();
        let event = self.event(kind, issue_id);
        Some(Event {
            part: Some(id(&work.id)?),
            at_ms: edited_at.unwrap_or(event.at_ms),
            actor: event.actor.or_else(|| by.as_ref().and_then(actor)),
            last: (kind == EventKind::WorkDeleted && !work.visibility.is_null()).then_some(Last::ForFew),
            ..event
        })
    }
}

/// An id, which some trackers write as a number.
pub(crate) fn id(value: &Value) -> Option<String> {
    let text = match value {
        Value::String(text) => text.clone(),
        Value::Number(number) => number.to_string(),
        _ => return None,
    };
    let is_id = !text.is_empty() && text.len() <= 20 && text.bytes().all(|byte| byte.is_ascii_digit());
    is_id.then_some(text)
}

/// The issue's id out of `https://…/rest/api/2/issue/10013/comment/10082`.
fn issue_in(address: &str) -> Option<String> {
    let (_, rest) = address.split_once("/issue/")?;
    id(&Value::from(rest.split('/').next()?))
}

pub(crate) fn actor(user: &User) -> Option<Actor> {
    let id = user.account_id.as_ref().or(user.name.as_ref()).or(user.key.as_ref())?;
    let name = user.display_name.as_ref().unwrap_or(id);
    Some(Actor { id: cut(id, 255), name: cut(&on_one_line(name), 255) })
}

pub(crate) fn change(item: &Item) -> Option<Change> {
    let name = item.field.as_deref().or(item.field_id.as_deref())?;
    let field = item.field_id.clone().unwrap_or_else(|| name.to_lowercase());
    let value = |shown: &Option<Value>, plain: &Option<Value>| {
        shown.as_ref().and_then(text).or_else(|| plain.as_ref().and_then(text))
    };
    Some(Change {
        field: cut(&field, 255),
        name: cut(name, 255),
        from: value(&item.from_string, &item.from),
        to: value(&item.to_text, &item.to),
    })
}

/// A value as people see it; `None` for none.
fn text(value: &Value) -> Option<String> {
    match value {
        Value::Null => None,
        Value::String(text) if text.is_empty() => None,
        Value::String(text) => Some(cut(text, EVENT_VALUE_CHARS_MAX)),
        other => Some(cut(&other.to_string(), EVENT_VALUE_CHARS_MAX)),
    }
}

/// `2019-02-15T19:12:08.432-0800`: Jira writes an offset without a colon.
pub(crate) fn moment(text: &str) -> Option<jiff::Timestamp> {
    let parsed = jiff::fmt::strtime::parse("%Y-%m-%dT%H:%M:%S%.f%z", text).and_then(|time| time.to_timestamp());
    parsed.or_else(|_| text.parse::<jiff::Timestamp>()).ok()
}

/// The same in milliseconds since 1970.
pub(crate) fn moment_ms(text: &str) -> Option<i64> {
    moment(text).map(jiff::Timestamp::as_millisecond)
}

/// A name without control characters and what else ends lines: it stands in the middle of texts.
pub(crate) fn on_one_line(name: &str) -> String {
    let is_sign = |c: char| c.is_control() || matches!(c, '\u{2028}' | '\u{2029}');
    name.split(|c: char| is_sign(c) || c.is_whitespace()).filter(|word| !word.is_empty()).collect::<Vec<_>>().join(" ")
}

pub(crate) fn cut(text: &str, chars_max: usize) -> String {
    text.chars().take(chars_max).collect()
}

#[cfg(test)]
mod tests {
    use super::{User, actor};

    #[test]
    fn a_name_stands_on_one_line() {
        let display_name = Some("Ev\r\nBcc: x@y \u{2028}\u{7} Il".to_owned());
        let user = User { account_id: Some("e".into()), display_name, ..User::default() };
        assert_eq!(actor(&user).map(|actor| actor.name), Some("Ev Bcc: x@y Il".to_owned()));
    }
}
