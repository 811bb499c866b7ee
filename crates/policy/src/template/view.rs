//! What a letter about events says, as a value: the decision fills it in, templates read it.

use super::html::SafeHtml;
use crate::event::{Change, EventKind};
use crate::outbound::Column;
use serde::{Deserialize, Serialize};

/// Everything that one letter to one person says. Nothing in it is a template, whatever signs it holds.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct View {
    pub site: Site,
    pub issue: Issue,
    /// What happened, oldest first. Whoever fills it in has asked what the recipient may see.
    pub happenings: Vec<Happening>,
    /// The issues that a summary tells of; a letter that is one tells of nothing else.
    pub summary: Option<Summary>,
    /// What was said before, newest first; stands below what happened.
    pub earlier: Vec<Earlier>,
    pub recipient: Recipient,
    pub reason: Reason,
    pub links: Links,
    /// What it offers to do by one click.
    pub offers: Vec<Offer>,
    pub brand: Brand,
    /// The content ids of pictures that go along where what people wrote shows them.
    pub pictures: Vec<String>,
    /// Stands before the subject, such as `[Support]`; empty for none.
    pub subject_prefix: String,
    /// What whoever wrote the letter gave it as a subject; empty for the issue's summary.
    pub subject: String,
    /// The mark of the letter, as [`mail::letter_mark::LetterKey::mark`] makes it.
    pub mark: Option<String>,
    /// Texts beside HTML are made of that in the cell: what a tracker tells as text has signs of markup left.
    pub texts_of_html: bool,
    /// Nothing that a person wrote may stand in it, because it goes by mail that is not sealed; it leads to the issue instead.
    pub withheld: bool,
    /// What does not fit into a letter is counted here.
    pub left_out: usize,
}

/// The tracker that the issue is in.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Site {
    /// As people call it.
    pub name: String,
    /// Where it is; empty where the recipient has no access.
    pub url: String,
}

/// The issue as it is now.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Issue {
    pub key: String,
    pub summary: String,
    /// Its type, such as `Bug`.
    pub kind: String,
    pub status: String,
    pub priority: Option<String>,
    /// The project's name.
    pub project: String,
    pub reporter: Option<String>,
    pub assignee: Option<String>,
    pub description: Option<Said>,
}

/// What a person wrote, in both forms that a letter has.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Said {
    pub html: SafeHtml,
    pub text: String,
}

/// One deed of somebody.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Happening {
    pub kind: EventKind,
    /// Who did it, as people see the name; empty where the tracker does not tell.
    #[serde(default)]
    pub who: String,
    /// In milliseconds since 1970.
    #[serde(default)]
    pub at_ms: i64,
    #[serde(default)]
    pub changes: Vec<Change>,
    #[serde(default)]
    pub comment: Option<Comment>,
    #[serde(default)]
    pub work: Option<Work>,
    /// Files that were added.
    #[serde(default)]
    pub files: Vec<File>,
}

/// A comment.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Comment {
    pub said: Said,
    /// Customers do not see it; the letter says so to those who do.
    pub internal: bool,
}

/// An entry of work.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Work {
    /// How long, as the tracker writes it: `2h 30m`.
    pub spent: String,
    pub said: Option<Said>,
}

/// A file of the issue.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct File {
    pub name: String,
    pub size_bytes: u64,
    /// Where it can be had; `None` where it goes along with the letter, or cannot be had at all.
    pub link: Option<String>,
    /// It goes along with the letter.
    pub along: bool,
    /// The content id of a small picture of it that goes along.
    pub picture: Option<String>,
}

/// A comment from before.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Earlier {
    pub who: String,
    pub at_ms: i64,
    pub said: Said,
    pub internal: bool,
}

/// To whom the letter goes.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Recipient {
    pub name: String,
    /// A tag such as `de` or `de-AT` (RFC 5646); one without words of ours reads English.
    pub language: String,
    /// A zone of IANA's, such as `Europe/Berlin`; one that is not known reads UTC.
    pub zone: String,
}

/// Why somebody gets a letter.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Reason {
    Reporter,
    Assignee,
    #[default]
    Watcher,
    /// Takes part in the request.
    Participant,
    Organisation,
    Approver,
    ProjectLead,
    ComponentLead,
    /// Has this role in the project.
    Role(String),
    /// Belongs to this group.
    Group(String),
    /// Is named by this field.
    Field(String),
    /// Is named by whoever set the letters up.
    Named,
    /// This person wrote it to him on purpose.
    Written(String),
    /// He did what a letter was to tell that did not arrive, or wrote it.
    Author,
}

/// Where links of the letter lead. What is neither `https:`, `http:` nor `mailto:` is left out.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Links {
    /// The issue, as the recipient may see it: in the tracker, or in the portal of its service desk.
    pub browse: Option<String>,
    /// No more letters about this issue.
    pub unsubscribe: Option<String>,
    /// Where to complain about a letter; often `mailto:`.
    pub complain: Option<String>,
}

/// Something that the recipient may have done by one click on a link of his own.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Offer {
    /// Of the directive set, by which templates know it.
    pub name: String,
    /// The words on its button.
    pub label: String,
    /// What the page asks that the link opens.
    pub question: String,
    pub link: String,
}

/// In whose name the letter is written.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Brand {
    /// Such as `Example Support`; empty for the site's name.
    pub name: String,
    pub logo: Option<Logo>,
}

/// A picture that stands for the brand; its bytes are a [`super::Resource`].
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Logo {
    pub content_id: String,
    pub alt: String,
    /// As it is shown, in CSS pixels.
    pub width: u32,
    pub height: u32,
}

/// What a summary tells.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Summary {
    pub title: String,
    pub issues: Vec<SummaryIssue>,
    /// How many more there are, and whether there may be others that were not looked at.
    pub further: u32,
    pub perhaps_more: bool,
}

/// An issue of a summary.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct SummaryIssue {
    pub key: String,
    pub summary: String,
    /// Its page; `None` where the recipient has no access to it.
    pub link: Option<String>,
    pub facts: Vec<Fact>,
    /// Begins a mail whose words become a comment; `None` where no address takes such.
    pub answer: Option<String>,
    pub actions: Vec<ActionLink>,
}

/// What stands in a column.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Fact {
    pub column: Column,
    /// Empty where it has no value.
    #[serde(default)]
    pub value: String,
    /// Of a time, in milliseconds since 1970; it stands in the place of the value.
    #[serde(default)]
    pub at_ms: Option<i64>,
}

/// A link that begins a mail which does something.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct ActionLink {
    pub label: String,
    pub link: String,
}

/// The kind of a letter that is a summary.
pub const SUMMARY: &str = "summary";

/// Every kind, first what counts most of several things that happened: it decides which template a letter is made of.
pub const WEIGHTIEST_FIRST: [EventKind; 11] = [
    EventKind::Returned,
    EventKind::Written,
    EventKind::Deleted,
    EventKind::Created,
    EventKind::Commented,
    EventKind::CommentEdited,
    EventKind::Updated,
    EventKind::Worked,
    EventKind::CommentDeleted,
    EventKind::WorkEdited,
    EventKind::WorkDeleted,
];

impl View {
    /// The kind of the letter as a word: [`SUMMARY`], or that of [`View::kind`].
    pub fn word(&self) -> &'static str {
        if self.summary.is_some() { SUMMARY } else { self.kind().word() }
    }

    /// The kind of the letter: that of the weightiest thing that happened.
    pub fn kind(&self) -> EventKind {
        let happened = |kind: &EventKind| self.happenings.iter().any(|happening| happening.kind == *kind);
        WEIGHTIEST_FIRST.into_iter().find(happened).unwrap_or(EventKind::Updated)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_weightiest_deed_names_the_letter() {
        let of = |kinds: &[EventKind]| {
            let happening = |kind: &EventKind| Happening {
                kind: *kind,
                who: String::new(),
                at_ms: 0,
                changes: vec![],
                comment: None,
                work: None,
                files: vec![],
            };
            View { happenings: kinds.iter().map(happening).collect(), ..View::default() }.kind()
        };
        assert_eq!(of(&[EventKind::Updated, EventKind::Commented]), EventKind::Commented);
        assert_eq!(of(&[EventKind::Commented, EventKind::Deleted]), EventKind::Deleted);
        assert_eq!(of(&[EventKind::Worked]), EventKind::Worked);
        assert_eq!(of(&[]), EventKind::Updated);
        assert!(EventKind::ALL.iter().all(|kind| WEIGHTIEST_FIRST.contains(kind)));
    }
}
