//! Events: what happened to an issue in a tracker, however we were told of it.

use crate::notify::IssueNow;
use serde::{Deserialize, Serialize};

/// The most characters that are kept of a value; the issue itself is read again.
pub const EVENT_VALUE_CHARS_MAX: usize = 2_000;
/// The most changes that are kept of one event.
pub const EVENT_CHANGES_MAX: usize = 200;

/// What was done.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum EventKind {
    Created,
    /// Fields of the issue changed, its status among them.
    Updated,
    Deleted,
    Commented,
    CommentEdited,
    CommentDeleted,
    Worked,
    WorkEdited,
    WorkDeleted,
    /// Somebody wrote a letter about the issue, by us: no tracker tells of it, and no mapping does.
    Written,
    /// A letter about the issue did not arrive: told to whoever waits for an answer to it, and by no mapping.
    Returned,
}

impl EventKind {
    /// Every kind.
    pub const ALL: [EventKind; 11] = [
        EventKind::Created,
        EventKind::Updated,
        EventKind::Deleted,
        EventKind::Commented,
        EventKind::CommentEdited,
        EventKind::CommentDeleted,
        EventKind::Worked,
        EventKind::WorkEdited,
        EventKind::WorkDeleted,
        EventKind::Written,
        EventKind::Returned,
    ];

    /// The word that stands in tables, JSON and the database.
    pub fn word(self) -> &'static str {
        match self {
            EventKind::Created => "created",
            EventKind::Updated => "updated",
            EventKind::Deleted => "deleted",
            EventKind::Commented => "commented",
            EventKind::CommentEdited => "comment_edited",
            EventKind::CommentDeleted => "comment_deleted",
            EventKind::Worked => "worked",
            EventKind::WorkEdited => "work_edited",
            EventKind::WorkDeleted => "work_deleted",
            EventKind::Written => "written",
            EventKind::Returned => "returned",
        }
    }

    /// Whether it is a letter of ours, and nothing that was done in a tracker.
    pub fn is_letter(self) -> bool {
        matches!(self, EventKind::Written | EventKind::Returned)
    }

    /// The kind of this word.
    pub fn from_word(word: &str) -> Option<EventKind> {
        EventKind::ALL.into_iter().find(|kind| kind.word() == word)
    }
}

/// One deed of somebody on one issue.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Event {
    pub kind: EventKind,
    /// The issue's numeric id, which a move does not change.
    pub issue_id: String,
    /// Its key at that time, such as `NORTH-41`, where we were told.
    pub issue_key: Option<String>,
    /// By the tracker's clock, in milliseconds since 1970.
    pub at_ms: i64,
    pub actor: Option<Actor>,
    /// The id of the comment or of the entry of work that it is about, or of the changes in the issue's history.
    pub part: Option<String>,
    pub changes: Vec<Change>,
    /// Of what was deleted: what the tracker said of it once more.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last: Option<Last>,
}

/// What a tracker says of a thing when it tells that it was deleted, and cannot be asked any more. None of its words are among it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Last {
    /// The issue as it was.
    Issue(Box<IssueNow>),
    /// The comment or the work was not for everybody who sees the issue.
    ForFew,
}

/// Who did it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Actor {
    /// Cloud: the accountId; Data Center: the user name.
    pub id: String,
    /// As people see it.
    pub name: String,
}

/// A field that has another value now.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Change {
    /// The field's id, such as `status` or `customfield_10070`; its name in lower case where an old tracker tells no id.
    pub field: String,
    /// Its name as people see it.
    pub name: String,
    /// Before and after, as people see it; `None` for no value.
    pub from: Option<String>,
    pub to: Option<String>,
}

impl Event {
    /// What makes it this deed and no other, within its site: the same for a webhook that comes again under another identifier,
    /// for two webhooks that tell of one comment, and for the history that is read.
    pub fn deed(&self) -> String {
        let (issue, at) = (&self.issue_id, self.at_ms);
        let who = self.actor.as_ref().map_or("", |actor| actor.id.as_str());
        let part = self.part.as_deref();
        match (self.kind, part) {
            (EventKind::Created | EventKind::Deleted, _) => format!("{issue}/{}", self.kind.word()),
            (
                EventKind::Commented
                | EventKind::CommentDeleted
                | EventKind::Worked
                | EventKind::WorkDeleted
                | EventKind::Written
                | EventKind::Returned,
                Some(part),
            ) => {
                format!("{issue}/{}/{part}", self.kind.word())
            }
            (EventKind::CommentEdited | EventKind::WorkEdited, Some(part)) => {
                format!("{issue}/{}/{part}/{at}", self.kind.word())
            }
            (EventKind::Updated, Some(part)) => format!("{issue}/updated/{part}"),
            (kind, None) => format!("{issue}/{}/{at}/{who}", kind.word()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn event(kind: EventKind, part: Option<&str>) -> Event {
        let actor = Some(Actor { id: "ann".into(), name: "Ann".into() });
        let issue_key = Some("NORTH-1".into());
        Event {
            kind,
            issue_id: "10".into(),
            issue_key,
            at_ms: 5,
            actor,
            part: part.map(Into::into),
            changes: vec![],
            last: None,
        }
    }

    #[test]
    fn a_deed_is_known_by_what_was_done_and_not_by_who_told_of_it() {
        let told_later = |event: &Event| Event { at_ms: 6, issue_key: None, actor: None, ..event.clone() };
        for (kind, part, deed) in [
            (EventKind::Created, None, "10/created"),
            (EventKind::Commented, Some("7"), "10/commented/7"),
            (EventKind::CommentDeleted, Some("7"), "10/comment_deleted/7"),
            (EventKind::Updated, Some("900"), "10/updated/900"),
            (EventKind::Worked, Some("3"), "10/worked/3"),
        ] {
            let event = event(kind, part);
            assert_eq!((event.deed().as_str(), told_later(&event).deed().as_str()), (deed, deed));
        }
        let edited = event(EventKind::CommentEdited, Some("7"));
        assert_eq!(edited.deed(), "10/comment_edited/7/5");
        assert_ne!(told_later(&edited).deed(), edited.deed(), "edited twice");
        assert_eq!(event(EventKind::Updated, None).deed(), "10/updated/5/ann");
    }

    #[test]
    fn every_kind_has_a_word_of_its_own() {
        assert!(EventKind::ALL.iter().all(|kind| EventKind::from_word(kind.word()) == Some(*kind)));
        assert_eq!(EventKind::from_word("moved"), None);
    }
}
